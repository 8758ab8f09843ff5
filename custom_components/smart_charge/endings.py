"""Charge now and Stop as the owner has chosen them to end, from the entities (10.4, 10.6, 11.5)."""

from dataclasses import replace
from datetime import time
from typing import Any

from homeassistant.util import dt as dt_util

from .charging.ending import Ending, EndKind, ends_at
from .charging.model import Override, OverrideKind
from .coordinator import SmartChargeCoordinator
from .errors import invalid
from .owner import async_charge_now, async_stop
from .settings import local_zone


async def async_begin(coordinator: SmartChargeCoordinator, kind: OverrideKind) -> None:
    """Charge now, or stop, until the end that is shown.

    Raises:
        ServiceValidationError: it is not safe, or the end makes no sense for it.
        HomeAssistantError: the charge point cannot be reached, refuses, or did not answer.
    """
    await _async_begin(coordinator, kind, coordinator.data.ending)


async def async_choose_end(coordinator: SmartChargeCoordinator, kind: EndKind) -> None:
    """Choose what ends the next override, or the one that stands.

    Raises:
        HomeAssistantError: as for `async_begin`, where one stands.
    """
    await _async_choose(coordinator, replace(coordinator.data.ending, kind=kind), kind)


async def async_set_duration(coordinator: SmartChargeCoordinator, hours: float) -> None:
    """Choose how long; raises as `async_choose_end`."""
    ending = replace(coordinator.data.ending, duration_min=round(hours * 60))
    await _async_choose(coordinator, ending, EndKind.DURATION)


async def async_set_until(coordinator: SmartChargeCoordinator, at: time) -> None:
    """Choose until what time of day; raises as `async_choose_end`."""
    await _async_choose(coordinator, replace(coordinator.data.ending, until_min=at.hour * 60 + at.minute), EndKind.TIME)


async def async_set_energy(coordinator: SmartChargeCoordinator, energy_kwh: float) -> None:
    """Choose up to what amount; raises as `async_choose_end`."""
    ending = replace(coordinator.data.ending, energy_wh=round(energy_kwh * 1000))
    await _async_choose(coordinator, ending, EndKind.ENERGY)


async def _async_choose(coordinator: SmartChargeCoordinator, ending: Ending, touched: EndKind) -> None:
    """Keep a choice. An override that stands follows it where ``touched`` is what ends it."""
    stands = coordinator.memory.carry.override
    if stands is not None and ending.kind is touched:
        await _async_begin(coordinator, stands.kind, ending)
    else:
        _keep(coordinator, ending)


async def _async_begin(coordinator: SmartChargeCoordinator, kind: OverrideKind, ending: Ending) -> None:
    terms = _terms(ending)
    try:
        if kind is OverrideKind.CHARGE_NOW:
            await async_charge_now(coordinator, ends_at=terms["ends_at"], energy_wh=terms["energy_wh"])
        elif ending.kind is EndKind.ENERGY:
            raise invalid("stop_has_no_amount")
        else:
            await async_stop(coordinator, ends_at=terms["ends_at"], ends_with_vehicle=ending.kind is EndKind.UNPLUGGED)
    finally:  # a stop stands even where the charge point has not heard of it
        stands = coordinator.memory.carry.override
        if stands is not None and stands.kind is kind and _is_by(stands, terms):
            _keep(coordinator, replace(ending, made_at=stands.made_at))


def _terms(ending: Ending) -> dict[str, Any]:
    energy_wh = ending.energy_wh if ending.kind is EndKind.ENERGY else None
    return {"ends_at": ends_at(ending, local_zone(), dt_util.utcnow()), "energy_wh": energy_wh}


def _is_by(override: Override, terms: dict[str, Any]) -> bool:
    return all(getattr(override, name) == value for name, value in terms.items())


def _keep(coordinator: SmartChargeCoordinator, ending: Ending) -> None:
    coordinator.memory.ending = ending
    coordinator.memory.save_soon()
    coordinator.async_set_updated_data(replace(coordinator.data, ending=ending))
