"""Things that are so, or are not."""

from dataclasses import dataclass
from typing import Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_SUPPLY
from .coordinator import SmartChargeConfigEntry
from .entity import SmartChargeEntity, SmartChargeEntityDescription
from .entity_adding import async_add_for_site
from .site import is_site
from .site_sensors import site_binary_sensors

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class SmartChargeBinarySensorDescription(SmartChargeEntityDescription, BinarySensorEntityDescription):
    """A binary sensor."""


DESCRIPTIONS: Final[tuple[SmartChargeBinarySensorDescription, ...]] = (
    SmartChargeBinarySensorDescription(
        key="cable_connected",
        translation_key="cable_connected",
        device_class=BinarySensorDeviceClass.PLUG,
        value_fn=lambda picture: picture.reading.is_plugged_in,
    ),
    SmartChargeBinarySensorDescription(
        key="charging",
        translation_key="charging",
        device_class=BinarySensorDeviceClass.BATTERY_CHARGING,
        value_fn=lambda picture: picture.reading.is_charging,
    ),
    SmartChargeBinarySensorDescription(
        key="problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda picture: picture.has_problem,
        extra_fn=lambda picture: {"fault": picture.fault},
    ),
    SmartChargeBinarySensorDescription(
        key="limited_by_supply",
        site_section=CONF_SUPPLY,
        translation_key="limited_by_supply",
        needs_link=False,
        value_fn=lambda picture: picture.is_limited_by_supply,
    ),
    SmartChargeBinarySensorDescription(
        key="connectivity",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        needs_link=False,
        value_fn=lambda picture: picture.is_online,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add what is so of this charge point, or of the site."""
    if is_site(entry):
        async_add_entities(site_binary_sensors(entry))
        return
    async_add_for_site(hass, entry, async_add_entities, DESCRIPTIONS, SmartChargeBinarySensor)


class SmartChargeBinarySensor(SmartChargeEntity, BinarySensorEntity):
    """A thing that is so, or is not."""

    entity_description: SmartChargeBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """As last looked at."""
        value: bool | None = self._value
        return value
