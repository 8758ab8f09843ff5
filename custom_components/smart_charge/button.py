"""Things to press: skip the random delay (11.5), ask for personal data to be deleted (S7.2)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from .entity import SmartChargeEntity, SmartChargeEntityDescription
from .forgetting.request import async_ask_first
from .owner import async_skip_delay

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SmartChargeButtonDescription(SmartChargeEntityDescription, ButtonEntityDescription):
    """A button. ``press_fn`` does what a press asks for."""

    press_fn: Callable[[SmartChargeCoordinator], Awaitable[None]]


DESCRIPTIONS: Final[tuple[SmartChargeButtonDescription, ...]] = (
    SmartChargeButtonDescription(
        key="skip_delay",
        translation_key="skip_delay",
        needs_link=False,
        press_fn=async_skip_delay,
    ),
    SmartChargeButtonDescription(
        key="delete_personal_data",
        translation_key="delete_personal_data",
        entity_category=EntityCategory.CONFIG,
        needs_link=False,
        press_fn=async_ask_first,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
    async_add_entities(SmartChargeButton(entry, description) for description in DESCRIPTIONS)


class SmartChargeButton(SmartChargeEntity, ButtonEntity):
    """A thing to press."""

    entity_description: SmartChargeButtonDescription

    @override
    async def async_press(self) -> None:
        """As the description says."""
        await self.entity_description.press_fn(self.coordinator)
