"""Charge now, and whether the default hours hold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from .entity import SmartChargeEntity, SmartChargeEntityDescription
from .settings import with_hours_switched

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SmartChargeSwitchDescription(SmartChargeEntityDescription, SwitchEntityDescription):
    """A switch. ``set_fn`` does what a tap asks for."""

    set_fn: Callable[[SmartChargeCoordinator, bool], Awaitable[None]]


async def _async_switch_hours(coordinator: SmartChargeCoordinator, is_on: bool) -> None:
    coordinator.change_options(with_hours_switched(coordinator.config_entry.options, is_on=is_on))


DESCRIPTIONS: Final[tuple[SmartChargeSwitchDescription, ...]] = (
    SmartChargeSwitchDescription(
        key="charge_now",
        translation_key="charge_now",
        needs_link=False,
        value_fn=lambda picture: picture.decision.carry.override is not None,
        set_fn=lambda coordinator, is_on: coordinator.async_charge_now(is_on=is_on),
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
