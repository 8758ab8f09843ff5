"""What the scheme asks to be known of an outlet: its class (O7), and how long it could be used (O9)."""

from datetime import datetime, timedelta
from functools import partial
from typing import Final, override
from zoneinfo import ZoneInfo

from homeassistant.components.sensor import SensorDeviceClass, SensorEntity, SensorStateClass
from homeassistant.const import EntityCategory, Platform, UnitOfRatio
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util

from .const import CONF_CONNECTOR_ID
from .coordinator import SmartChargeConfigEntry
from .entity import async_remove_entity, device_info
from .keeping.usage_reports import SIGNAL_OUTLETS, scheme_of
from .ledger import DATA_LEDGER
from .records.availability import Availability
from .records.equipment import EquipmentClass, classed
from .records.journal import Journal
from .records.outlets import Outlets
from .records.periods import month_edges
from .records.values import Outlet, OutletKey
from .settings import local_zone
from .site import DATA_SITE

LOOK_EVERY: Final = timedelta(hours=1)
EQUIPMENT_CLASS: Final = "equipment_class"
AVAILABILITY: Final = "availability"


@callback
def async_add_outlet_sensors(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add them now, or as soon as the site takes part in the scheme; they go when the site does no more."""
    added = False

    @callback
    def follow() -> None:
        nonlocal added
        before, added = added, scheme_of(hass) is not None
        if not added:
            for key in (EQUIPMENT_CLASS, AVAILABILITY):
                async_remove_entity(hass, Platform.SENSOR, _unique_id(entry, key))
        elif not before:
            async_add_entities([EquipmentClassSensor(entry), AvailabilitySensor(entry)], update_before_add=True)

    follow()
    entry.async_on_unload(hass.data[DATA_SITE].listen(follow))


def _unique_id(entry: SmartChargeConfigEntry, key: str | None) -> str:
    return f"{entry.unique_id or entry.entry_id}_{key}"


class _OutletSensor(SensorEntity):
    """Asks the records, now and then and whenever somebody has described the outlet."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    _attr_entity_category = EntityCategory.DIAGNOSTIC

    def __init__(self, entry: SmartChargeConfigEntry) -> None:
        self._attr_unique_id = _unique_id(entry, self._attr_translation_key)
        self._attr_device_info = device_info(entry)
        self._outlet = OutletKey(charge_point=entry.entry_id, connector=entry.data.get(CONF_CONNECTOR_ID, 1))

    @override
    async def async_added_to_hass(self) -> None:
        """Look again when there may be something new."""
        self.async_on_remove(async_dispatcher_connect(self.hass, SIGNAL_OUTLETS, self._look_again))
        self.async_on_remove(async_track_time_interval(self.hass, self._look_again, LOOK_EVERY))

    @callback
    def _look_again(self, _now: datetime | None = None) -> None:
        self.async_schedule_update_ha_state(force_refresh=True)

    async def async_update(self) -> None:
        """Ask. Records that cannot be read now make it unavailable; the ledger tells why."""
        try:
            await self._async_ask()
        except HomeAssistantError:
            self._attr_available = False
        else:
            self._attr_available = True

    async def _async_ask(self) -> None:
        raise NotImplementedError


class EquipmentClassSensor(_OutletSensor):
    """What the scheme calls it, and whether it pays for one (O7)."""

    _attr_translation_key = EQUIPMENT_CLASS
    _attr_device_class = SensorDeviceClass.ENUM
    _attr_options = [each.value for each in EquipmentClass]  # noqa: RUF012  as Home Assistant has it

    @override
    async def _async_ask(self) -> None:
        scheme = scheme_of(self.hass)
        outlet = await self.hass.data[DATA_LEDGER].async_ask(partial(_outlet_of, key=self._outlet))
        if outlet is None or outlet.rated_w is None:
            self._attr_native_value = None
            self._attr_extra_state_attributes = {}
            return
        is_residents_only = scheme is not None and scheme.is_residents_only
        found = classed(outlet.rated_w, is_dc=outlet.is_dc, is_residents_only=is_residents_only)
        self._attr_native_value = found.equipment_class.value
        self._attr_extra_state_attributes = {"is_permitted": found.is_permitted, "public_id": outlet.public_id}


class AvailabilitySensor(_OutletSensor):
    """The share of this month in which it was neither faulted nor offline, and that of the eleven before (O9)."""

    _attr_translation_key = AVAILABILITY
    _attr_native_unit_of_measurement = UnitOfRatio.PERCENTAGE
    _attr_state_class = SensorStateClass.MEASUREMENT
    _attr_suggested_display_precision = 1
    _unrecorded_attributes = frozenset({"months"})

    @override
    async def _async_ask(self) -> None:
        zone = local_zone()
        now = dt_util.utcnow()
        spans = await self.hass.data[DATA_LEDGER].async_ask(
            partial(_availability, key=self._outlet, now=now, zone=zone)
        )
        begins = [edge.astimezone(zone).strftime("%Y-%m") for edge in month_edges(now, zone)[:-1]]
        shares = [None if each.share is None else round(each.share * 100, 1) for each in spans]
        self._attr_native_value = shares[-1]
        self._attr_extra_state_attributes = {"months": dict(zip(begins, shares, strict=True))}


def _outlet_of(journal: Journal, *, key: OutletKey) -> Outlet | None:
    return next((each for each in Outlets(journal.store, journal.site).all() if each.key == key), None)


def _availability(journal: Journal, *, key: OutletKey, now: datetime, zone: ZoneInfo) -> list[Availability]:
    return journal.availability_by_month(key, now, zone)
