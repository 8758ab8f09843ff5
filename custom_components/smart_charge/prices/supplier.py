"""The day on which another supplier's tariff and hours begin (6.1): all that changes on it, and nothing else."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from ..by_whom import done_by
from ..const import DOMAIN, LOGGER
from ..site import Site, is_site
from .tariff_options import begun, next_tariff_of


@callback
def set_hours(hass: HomeAssistant, hours: Mapping[str, Any]) -> None:
    """Give every charge point these default hours; without any, each keeps its own."""
    if not hours:
        return
    for entry in hass.config_entries.async_entries(DOMAIN, include_ignore=False):
        if not is_site(entry):
            hass.config_entries.async_update_entry(entry, options={**entry.options, **hours})


class SupplierChange:
    """Waits for the day, which may have passed while nobody looked."""

    def __init__(self, hass: HomeAssistant, site: Site) -> None:
        self._hass = hass
        self._site = site
        self._forget_timer: CALLBACK_TYPE | None = None

    @callback
    def start(self) -> None:
        """Look now, and whenever the options or the time zone change."""
        self._site.listen(self._look)
        self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._look)
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._forget)
        self._look()

    @callback
    def _look(self, _why: object = None) -> None:
        self._forget()
        coming, entry = next_tariff_of(self._site.options), self._site.entry
        if coming is None or entry is None:
            return
        begins_at = dt_util.as_utc(dt_util.start_of_local_day(coming[0]))
        if begins_at > dt_util.utcnow():
            self._forget_timer = async_track_point_in_utc_time(self._hass, self._look, begins_at + timedelta(seconds=1))
            return
        options, hours = begun(self._site.options)
        LOGGER.info("Another supplier's tariff begins")
        with done_by(None):  # whoever announced it did so long ago
            self._hass.config_entries.async_update_entry(entry, options=options)
            set_hours(self._hass, hours)

    @callback
    def _forget(self, _event: Event | None = None) -> None:
        if self._forget_timer is not None:
            self._forget_timer()
            self._forget_timer = None
