"""How the owner wants the vehicle charged when nobody intervenes, and what ends "Charge now" and "Stop"."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.select import SelectEntity, SelectEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.ending import EndKind
from .charging.model import Mode
from .const import CONF_MODE
from .coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from .endings import async_choose_end
from .entity import SmartChargeEntity, SmartChargeEntityDescription

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SmartChargeSelectDescription(SmartChargeEntityDescription, SelectEntityDescription):
    """A choice. ``set_fn`` does what choosing asks for."""

    set_fn: Callable[[SmartChargeCoordinator, str], Awaitable[None]]


async def _async_set_mode(coordinator: SmartChargeCoordinator, option: str) -> None:
    coordinator.change_options({CONF_MODE: option})


async def _async_set_end(coordinator: SmartChargeCoordinator, option: str) -> None:
    await async_choose_end(coordinator, EndKind(option))


DESCRIPTIONS: Final[tuple[SmartChargeSelectDescription, ...]] = (
    SmartChargeSelectDescription(
        key="mode",
        translation_key="mode",
        set_fn=_async_set_mode,
        options=[mode.value for mode in Mode],
        needs_link=False,
        value_fn=lambda picture: picture.settings.mode,
    ),
    SmartChargeSelectDescription(
        key="end",
        translation_key="end",
        set_fn=_async_set_end,
        options=[kind.value for kind in EndKind],
        needs_link=False,
        value_fn=lambda picture: picture.ending.kind,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them."""
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
        """As the description says."""
        await self.entity_description.set_fn(self.coordinator, option)
