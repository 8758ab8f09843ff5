"""What electricity costs now, and when it is cheap next: sensors of the site."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, override

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorEntityDescription, SensorStateClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import UnitOfEnergy
from homeassistant.core import callback
from homeassistant.helpers.typing import StateType
from homeassistant.util import dt as dt_util

from .charging.slots import Slot
from .const import KIND_SITE
from .outlook.cost import next_cheap
from .prices import SitePrices
from .site.entry import site_device


@dataclass(frozen=True, kw_only=True)
class PriceSensorDescription(SensorEntityDescription):
    """A sensor that follows the site's prices."""

    value_fn: Callable[[SitePrices, datetime], StateType | datetime]
    extra_fn: Callable[[SitePrices, datetime], dict[str, Any]]


def _price(prices: SitePrices, now: datetime) -> StateType:
    price = prices.price_at(now)
    return None if price is None else float(price)


def _known(prices: SitePrices, now: datetime) -> dict[str, Any]:
    ahead = [slot for slot in prices.slots if slot.end_at > now]
    return {
        "source": prices.source,
        "problem": prices.problem,
        "known_until": prices.known_until,
        "standing_charge": None if prices.standing_charge is None else float(prices.standing_charge),
        "prices": _rows(ahead),
    }


def _rows(slots: list[Slot]) -> list[dict[str, Any]]:
    """Write slots in the layout that other integrations use, gaps with no price."""
    return [
        {
            "start": slot.start_at,
            "end": slot.end_at,
            "price": None if slot.price_per_kwh is None else float(slot.price_per_kwh),
        }
        for slot in slots
    ]


def _cheap_start(prices: SitePrices, now: datetime) -> datetime | None:
    cheap = next_cheap(prices.slots, now)
    return None if cheap is None else cheap.start_at


def _cheap(prices: SitePrices, now: datetime) -> dict[str, Any]:
    cheap = next_cheap(prices.slots, now)
    if cheap is None or cheap.price_per_kwh is None:
        return {}
    return {"end": cheap.end_at, "average_price": float(round(cheap.price_per_kwh, 5))}


DESCRIPTIONS: Final[tuple[PriceSensorDescription, ...]] = (
    PriceSensorDescription(
        key="price",
        translation_key="price",
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=4,
        value_fn=_price,
        extra_fn=_known,
    ),
    PriceSensorDescription(
        key="next_cheap_start",
        translation_key="next_cheap_start",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=_cheap_start,
        extra_fn=_cheap,
    ),
)


class PriceSensor(SensorEntity):
    """A thing to see of the site's prices, written when it changes."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _unrecorded_attributes = frozenset({"prices"})
    entity_description: PriceSensorDescription

    def __init__(self, entry: ConfigEntry[Any], prices: SitePrices, description: PriceSensorDescription) -> None:
        self.entity_description = description
        self._prices = prices
        self._attr_unique_id = f"{KIND_SITE}_{description.key}"
        self._attr_device_info = site_device(entry)
        self._shown: object = None
        self._look()

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the prices."""
        self.async_on_remove(self._prices.listen(self._prices_changed))

    @callback
    def _prices_changed(self) -> None:
        if self._look():
            self.async_write_ha_state()

    def _look(self) -> bool:
        """Take what is known now; False when nothing has changed."""
        now, description, before = dt_util.utcnow(), self.entity_description, self._shown
        self._attr_native_value = description.value_fn(self._prices, now)
        self._attr_extra_state_attributes = description.extra_fn(self._prices, now)
        if description.key == "price":
            self._attr_native_unit_of_measurement = f"{self._prices.currency}/{UnitOfEnergy.KILO_WATT_HOUR}"
        self._shown = (self.native_value, self.extra_state_attributes, self.native_unit_of_measurement)
        return self._shown != before


def price_sensors(entry: ConfigEntry[Any], prices: SitePrices) -> list[PriceSensor]:
    """Return all of them."""
    return [PriceSensor(entry, prices, description) for description in DESCRIPTIONS]
