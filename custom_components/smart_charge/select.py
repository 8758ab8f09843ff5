"""How the owner wants the vehicle charged when nobody intervenes."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.model import Mode
from .const import CONF_MODE
from .coordinator import SmartChargeConfigEntry
from .entity import SmartChargeEntity, SmartChargeEntityDescription

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SmartChargeSelectDescription(SmartChargeEntityDescription, SelectEntityDescription):
    """A choice that is an option of the entry."""

    option: str


DESCRIPTIONS: Final[tuple[SmartChargeSelectDescription, ...]] = (
    SmartChargeSelectDescription(
        key="mode",
        translation_key="mode",
        option=CONF_MODE,
        options=[mode.value for mode in Mode],
        needs_link=False,
        value_fn=lambda picture: picture.settings.mode,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add it."""
    async_add_entities(SmartChargeSelect(entry, description) for description in DESCRIPTIONS)


class SmartChargeSelect(SmartChargeEntity, SelectEntity):
    """A choice to make."""

    entity_description: SmartChargeSelectDescription

    @property
    @override
    def current_option(self) -> str | None:
        """As last looked at."""
        value: str | None = self._value
        return value

    @override
    async def async_select_option(self, option: str) -> None:
        """Keep it."""
        self.coordinator.change_options({self.entity_description.option: option})
