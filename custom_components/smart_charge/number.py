"""The random delay's upper end (11.4), what the vehicle needs in mode "cheapest", and how "Charge now" ends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.number import NumberDeviceClass, NumberEntity, NumberEntityDescription, NumberMode
from homeassistant.const import EntityCategory, UnitOfEnergy, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.model import MOST_ENERGY_KWH, RANDOM_DELAY_DEFAULT_S, RANDOM_DELAY_HIGHEST_S
from .const import CONF_ENERGY_NEEDED, CONF_RANDOM_DELAY_MAX
from .coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from .endings import async_set_duration, async_set_energy
from .entity import SmartChargeEntity, SmartChargeEntityDescription

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SmartChargeNumberDescription(SmartChargeEntityDescription, NumberEntityDescription):
    """A number to set."""

    set_fn: Callable[[SmartChargeCoordinator, float], Awaitable[None]]


def _option(name: str) -> Callable[[SmartChargeCoordinator, float], Awaitable[None]]:
    """Return what keeps a number as an option of the entry, in whole units."""

    async def keep(coordinator: SmartChargeCoordinator, value: float) -> None:
        coordinator.change_options({name: int(value)})

    return keep


DESCRIPTIONS: Final[tuple[SmartChargeNumberDescription, ...]] = (
    SmartChargeNumberDescription(
        key="random_delay_max",
        translation_key="random_delay_max",
        set_fn=_option(CONF_RANDOM_DELAY_MAX),
        device_class=NumberDeviceClass.DURATION,
        entity_category=EntityCategory.CONFIG,
        native_unit_of_measurement=UnitOfTime.SECONDS,
        native_min_value=RANDOM_DELAY_DEFAULT_S,
        native_max_value=RANDOM_DELAY_HIGHEST_S,
        native_step=1,
        mode=NumberMode.BOX,
        needs_link=False,
        value_fn=lambda picture: picture.settings.random_delay_max_s,
    ),
    SmartChargeNumberDescription(
        key="energy_needed",
        translation_key="energy_needed",
        set_fn=_option(CONF_ENERGY_NEEDED),
        device_class=NumberDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        native_min_value=0,
        native_max_value=MOST_ENERGY_KWH,
        native_step=1,
        mode=NumberMode.BOX,
        needs_link=False,
        value_fn=lambda picture: round((picture.settings.energy_needed_wh or 0) / 1000),
    ),
    SmartChargeNumberDescription(
        key="end_duration",
        translation_key="end_duration",
        set_fn=async_set_duration,
        device_class=NumberDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.HOURS,
        native_min_value=0.25,
        native_max_value=72,
        native_step=0.25,
        mode=NumberMode.BOX,
        needs_link=False,
        value_fn=lambda picture: round(picture.ending.duration_min / 60, 2),
    ),
    SmartChargeNumberDescription(
        key="end_energy",
        translation_key="end_energy",
        set_fn=async_set_energy,
        device_class=NumberDeviceClass.ENERGY,
        native_unit_of_measurement=UnitOfEnergy.KILO_WATT_HOUR,
        native_min_value=0.5,
        native_max_value=MOST_ENERGY_KWH,
        native_step=0.5,
        mode=NumberMode.BOX,
        needs_link=False,
        value_fn=lambda picture: round(picture.ending.energy_wh / 1000, 2),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add it."""
    async_add_entities(SmartChargeNumber(entry, description) for description in DESCRIPTIONS)


class SmartChargeNumber(SmartChargeEntity, NumberEntity):
    """A number to set."""

    entity_description: SmartChargeNumberDescription

    @property
    @override
    def native_value(self) -> float | None:
        """As last looked at."""
        value: float | None = self._value
        return value

    @override
    async def async_set_native_value(self, value: float) -> None:
        """As the description says."""
        await self.entity_description.set_fn(self.coordinator, value)
