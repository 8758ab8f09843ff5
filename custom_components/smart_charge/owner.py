"""What the owner asks for by hand: charge now, stop, resume, skip the delay (10.4, 10.6, 11.5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from .by_whom import who
from .chargers.charger import ChargerRefused, ChargerUnreachable
from .charging.model import Carry, OverrideKind
from .charging.override import begin_charge_now, begin_stop, end_override
from .const import CONF_SAFETY_LOCK
from .coordinator import SmartChargeCoordinator
from .errors import invalid, no_delay_runs, not_safe, translated
from .guard import note
from .security.events import Kind


@contextmanager
def _refusals_noted(coordinator: SmartChargeCoordinator) -> Iterator[None]:
    """Let automations hear of a refusal as well as the person."""
    try:
        yield
    except HomeAssistantError as err:
        coordinator.override_refused(err.translation_key)
        raise


async def async_charge_now(
    coordinator: SmartChargeCoordinator, *, ends_at: datetime | None = None, energy_wh: int | None = None
) -> None:
    """Charge now, until unplugged, a time, or an amount of energy (10.4). What the charge point refuses is undone.

    Where it charges all the same, with less or at a rate of its own, the override stands, and the problem
    sensor and the reason tell.

    Raises:
        ServiceValidationError: it is not safe, or the supply has nothing to spare (8.1, 8.2).
        HomeAssistantError: the charge point cannot be reached, refuses, or did not answer.
    """
    with _refusals_noted(coordinator):
        await _async_charge_now(coordinator, ends_at, energy_wh)


async def _async_charge_now(
    coordinator: SmartChargeCoordinator, ends_at: datetime | None, energy_wh: int | None
) -> None:
    _require_safe(coordinator)
    _require_link(coordinator)
    before, now = coordinator.memory.carry, dt_util.utcnow()
    begun = begin_charge_now(before, now, ends_at=ends_at, energy_wh=energy_wh)
    error = await coordinator.async_change(lambda _: begun)
    if error is None and coordinator.data.is_out_of_supply:
        _undo(coordinator, before, now)
        raise invalid("no_supply", name=coordinator.name)
    if error is None or (isinstance(error, ChargerRefused) and await coordinator.async_charges_anyway()):
        return
    _undo(coordinator, before, now)
    raise translated(error, coordinator.name)


def _undo(coordinator: SmartChargeCoordinator, before: Carry, now: datetime) -> None:
    """Take an override back that was made at ``now``, unless another has replaced it; one that stood before stays."""
    stands = coordinator.memory.carry.override
    if stands is not None and stands.made_at == now:
        coordinator.change(lambda _: before)


async def async_stop(
    coordinator: SmartChargeCoordinator, *, ends_at: datetime | None = None, ends_with_vehicle: bool = False
) -> None:
    """Stop until resumed, or unplugged, or a time. It stands even if the charge point does not hear of it now.

    Raises:
        HomeAssistantError: the charge point cannot be reached, refuses, or did not answer.
    """
    now = dt_util.utcnow()
    error = await coordinator.async_change(
        lambda carry: begin_stop(carry, now, ends_at=ends_at, ends_with_vehicle=ends_with_vehicle)
    )
    if not coordinator.charger.is_online:
        raise invalid("stops_later", name=coordinator.name)
    with _refusals_noted(coordinator):
        if error is not None:
            raise translated(error, coordinator.name)


async def async_resume(coordinator: SmartChargeCoordinator, kind: OverrideKind | None = None) -> None:
    """Go back to the owner's mode at once, from an override of ``kind`` or from whichever stands.

    Raises:
        HomeAssistantError: the charge point cannot be reached, refuses, or did not answer.
    """
    stands = coordinator.memory.carry.override
    if stands is None or kind not in (None, stands.kind):
        return
    error = await coordinator.async_change(lambda carry: end_override(carry, kind), skip_delay=True)
    if error is not None:
        raise translated(error, coordinator.name)


async def async_skip_delay(coordinator: SmartChargeCoordinator) -> None:
    """Let what the random delay holds back happen now (11.5).

    Raises:
        ServiceValidationError: it is not safe (8.3), or no delay runs.
        HomeAssistantError: the charge point cannot be reached, refuses, or did not answer.
    """
    with _refusals_noted(coordinator):
        _require_safe(coordinator)
        if coordinator.memory.carry.hold is None:
            raise no_delay_runs()
        _require_link(coordinator)
        error = await coordinator.async_change(lambda carry: carry, skip_delay=True)
        if error is not None:
            raise translated(error, coordinator.name)


async def async_lock(coordinator: SmartChargeCoordinator, *, is_on: bool) -> None:
    """Let nothing charge from now on, or let the rules hold again (8.1).

    Raises:
        HomeAssistantError: the charge point cannot be reached, refuses, or did not answer. The lock is on anyway.
    """
    error = await coordinator.async_change_options({CONF_SAFETY_LOCK: is_on})
    if error is not None and is_on:
        raise translated(error, coordinator.name)


def _require_safe(coordinator: SmartChargeCoordinator) -> None:
    alarms, heat = coordinator.memory.carry.alarms, coordinator.heat
    if (error := not_safe(coordinator.charger.reading, coordinator.settings, alarms, heat)) is not None:
        key, entry = error.translation_key, coordinator.config_entry
        note(coordinator.hass, Kind.OVERRIDE_REFUSED, charge_point=entry.entry_id, reason=key, user_id=who())
        raise error


def _require_link(coordinator: SmartChargeCoordinator) -> None:
    if not coordinator.charger.is_online:
        raise translated(ChargerUnreachable(), coordinator.name)
