"""Charge now, stop, the safety lock, and whether default hours and demand response hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.model import OverrideKind
from .charging.override import left_wh
from .const import DOMAIN
from .coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from .endings import async_begin
from .entity import SmartChargeEntity, SmartChargeEntityDescription
from .grid import async_opt_out
from .owner import async_lock, async_resume
from .picture import Picture
from .settings import with_hours_switched

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SmartChargeSwitchDescription(SmartChargeEntityDescription, SwitchEntityDescription):
    """A switch. ``set_fn`` does what a tap asks for."""

    set_fn: Callable[[SmartChargeCoordinator, bool], Awaitable[None]]


async def _async_charge_now(coordinator: SmartChargeCoordinator, is_on: bool) -> None:
    await (async_begin if is_on else async_resume)(coordinator, OverrideKind.CHARGE_NOW)


async def _async_stop(coordinator: SmartChargeCoordinator, is_on: bool) -> None:
    await (async_begin if is_on else async_resume)(coordinator, OverrideKind.STOP)


async def _async_lock(coordinator: SmartChargeCoordinator, is_on: bool) -> None:
    await async_lock(coordinator, is_on=is_on)


async def _async_opt_out(coordinator: SmartChargeCoordinator, is_on: bool) -> None:
    await async_opt_out(coordinator, is_on=is_on)


async def _async_switch_hours(coordinator: SmartChargeCoordinator, is_on: bool) -> None:
    coordinator.change_options(with_hours_switched(coordinator.config_entry.options, is_on=is_on))


def _charge_now_terms(picture: Picture) -> dict[str, Any]:
    override = picture.override_of(OverrideKind.CHARGE_NOW)
    left = left_wh(override, picture.session_wh)
    return {
        "until": None if override is None else override.ends_at,
        "energy_left": None if left is None else round(left / 1000, 1),
    }


def _stop_terms(picture: Picture) -> dict[str, Any]:
    override = picture.override_of(OverrideKind.STOP)
    return {"until": None if override is None else override.ends_at}


DESCRIPTIONS: Final[tuple[SmartChargeSwitchDescription, ...]] = (
    SmartChargeSwitchDescription(
        key="charge_now",
        translation_key="charge_now",
        needs_link=False,
        value_fn=lambda picture: picture.override_of(OverrideKind.CHARGE_NOW) is not None,
        extra_fn=_charge_now_terms,
        set_fn=_async_charge_now,
    ),
    SmartChargeSwitchDescription(
        key="stop",
        translation_key="stop",
        needs_link=False,
        value_fn=lambda picture: picture.override_of(OverrideKind.STOP) is not None,
        extra_fn=_stop_terms,
        set_fn=_async_stop,
    ),
    SmartChargeSwitchDescription(
        key="safety_lock",
        translation_key="safety_lock",
        entity_category=EntityCategory.CONFIG,
        needs_link=False,
        value_fn=lambda picture: picture.settings.is_locked,
        set_fn=_async_lock,
    ),
    SmartChargeSwitchDescription(
        key="dsr_opt_out",
        translation_key="dsr_opt_out",
        entity_category=EntityCategory.CONFIG,
        needs_link=False,
        value_fn=lambda picture: picture.settings.is_dsr_opted_out,
        set_fn=_async_opt_out,
    ),
    SmartChargeSwitchDescription(
        key="default_hours",
        translation_key="default_hours",
        entity_category=EntityCategory.CONFIG,
        needs_link=False,
        value_fn=lambda picture: picture.settings.default_hours is not None,
        set_fn=_async_switch_hours,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    async_add_entities(SmartChargeSwitch(entry, description) for description in DESCRIPTIONS)


class SmartChargeSwitch(SmartChargeEntity, SwitchEntity):
    """A thing to switch."""

    entity_description: SmartChargeSwitchDescription

    @override
    async def async_added_to_hass(self) -> None:
        """Let "turn on charge now" be enough by voice where there is one charge point."""
        await super().async_added_to_hass()
        if self.coordinator.memory.is_new and self.entity_category is None and isinstance(self.name, str):
            self._answer_to(self.name)

    def _answer_to(self, name: str) -> None:
        """Be known by ``name`` without the charge point's; once, for the owner may take it away again."""
        registry = er.async_get(self.hass)
        mine = registry.async_get(self.entity_id)
        is_taken = any(name in item.aliases for item in registry.entities.values() if item.platform == DOMAIN)
        if mine is not None and mine.aliases == [er.COMPUTED_NAME] and not is_taken:
            registry.async_update_entity(self.entity_id, aliases=[er.COMPUTED_NAME, name])

    @property
    @override
    def is_on(self) -> bool | None:
        """As last looked at."""
        value: bool | None = self._value
        return value

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """As the description says."""
        await self.entity_description.set_fn(self.coordinator, True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """As the description says."""
        await self.entity_description.set_fn(self.coordinator, False)
