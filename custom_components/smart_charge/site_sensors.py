"""What can be seen of the site: the load of the house, what the supply has left, and what is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, override

from homeassistant.components.binary_sensor import BinarySensorEntity, BinarySensorEntityDescription
from homeassistant.components.binary_sensor.const import BinarySensorDeviceClass
from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EntityCategory, UnitOfElectricCurrent

from .entity import Quiet
from .site import Site
from .site.picture import SitePicture
from .site_entity import SiteEntity, SiteEntityDescription


@dataclass(frozen=True, kw_only=True)
class SiteSensorDescription(SiteEntityDescription, SensorEntityDescription):
    """A sensor of the site."""


@dataclass(frozen=True, kw_only=True)
class SiteBinarySensorDescription(SiteEntityDescription, BinarySensorEntityDescription):
    """A binary sensor of the site."""


def _house(phase: int) -> Callable[[SitePicture], float | None]:
    return lambda picture: _rounded(picture.house_a[phase])


def _headroom(phase: int) -> Callable[[SitePicture], float | None]:
    return lambda picture: _rounded(picture.headroom_a(phase))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)


_CURRENT: Final = Quiet(step=0.5, share=0.02)

SENSORS: Final[tuple[SiteSensorDescription, ...]] = tuple(
    SiteSensorDescription(
        key=f"{key}_l{phase + 1}",
        translation_key=f"{key}_l{phase + 1}",
        device_class=SensorDeviceClass.CURRENT,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfElectricCurrent.AMPERE,
        suggested_display_precision=1,
        entity_category=category,
        quiet=_CURRENT,
        phase=phase,
        value_fn=value_of(phase),
    )
    for key, value_of, category in (
        ("house_load", _house, None),
        ("supply_headroom", _headroom, EntityCategory.DIAGNOSTIC),
    )
    for phase in range(3)
)

BINARY_SENSORS: Final[tuple[SiteBinarySensorDescription, ...]] = (
    SiteBinarySensorDescription(
        key="grid_meter_lost",
        translation_key="grid_meter_lost",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda picture: picture.is_meter_lost,
    ),
    SiteBinarySensorDescription(
        key="limited_by_supply",
        translation_key="limited_by_supply",
        value_fn=lambda picture: None if picture.supply is None else bool(picture.limited),
        extra_fn=lambda picture: {"charge_points": list(picture.limited)},
    ),
)


def site_sensors(entry: ConfigEntry[Any]) -> Iterator[SiteSensor]:
    """Yield the sensors that this supply has: none while no limit is set."""
    site: Site = entry.runtime_data
    for description in SENSORS:
        if description.phase in site.picture.phases:
            yield SiteSensor(entry, description)


def site_binary_sensors(entry: ConfigEntry[Any]) -> Iterator[SiteBinarySensor]:
    """Yield the binary sensors."""
    for description in BINARY_SENSORS:
        yield SiteBinarySensor(entry, description)


class SiteSensor(SiteEntity, SensorEntity):
    """A thing to see."""

    entity_description: SiteSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """As last looked at."""
        value: float | None = self._value
        return value


class SiteBinarySensor(SiteEntity, BinarySensorEntity):
    """A thing that is so, or is not."""

    entity_description: SiteBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """As last looked at."""
        value: bool | None = self._value
        return value
