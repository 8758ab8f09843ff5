"""What is done every night: old records go, the security log is checked, reports that are due are written."""

from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from functools import partial
import secrets
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.event import async_call_later, async_track_time_change
from homeassistant.helpers.start import async_at_started
from homeassistant.util import dt as dt_util

from ..const import CONF_KEEP_MONTHS, CONF_RECORDS, LOGGER
from ..ledger import DATA_LEDGER
from ..records.journal import Journal
from ..records.retention import MONTHS_AT_HOME, MONTHS_FOR_ORCS, prune
from ..site import DATA_SITE
from .log_watch import DATA_LOG_WATCH
from .usage_reports import async_clear_away, async_write_due, scheme_of

QUIET_HOUR: Final = 3
"""Local hour. Clocks that change have changed by then, and the day's last vehicle has been written down."""

CATCH_UP_AFTER: Final = timedelta(minutes=2)
"""After the start: automations that wait for a report are up by then."""


class Keeping:
    """Does what is due, and goes on when a part of it fails: the ledger has told of it."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._forget: list[CALLBACK_TYPE] = []

    @callback
    def start(self) -> None:
        """Come every night until Home Assistant stops, and catch up soon on a day that was missed."""
        hass = self._hass
        minute, second = secrets.randbelow(60), secrets.randbelow(60)  # not every home's server in one second
        self._forget.append(async_track_time_change(hass, self._async_night, QUIET_HOUR, minute, second))
        async_at_started(hass, self._started)
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._stop)

    @callback
    def _started(self, _hass: HomeAssistant) -> None:
        self._forget.append(async_call_later(self._hass, CATCH_UP_AFTER, self._async_catch_up))

    @callback
    def _stop(self, _event: Event) -> None:
        for forget in self._forget:
            forget()
        self._forget.clear()

    async def _async_catch_up(self, _now: datetime) -> None:
        await self._async_try(self._async_check_log, "security log")
        await self._async_try(partial(async_clear_away, self._hass), "unfinished reports")
        await self._async_try(partial(async_write_due, self._hass), "reports")

    async def _async_night(self, _now: datetime) -> None:
        await self._async_try(self._hass.data[DATA_LEDGER].async_fetch_left, "records left elsewhere")
        await self._async_try(self._async_look_over, "look at the file")
        await self._async_try(self._async_prune, "retention")
        await self._async_try(self._async_check_log, "security log")
        await self._async_try(partial(async_write_due, self._hass), "reports")

    async def _async_try(self, work: Callable[[], Coroutine[Any, Any, None]], what: str) -> None:
        try:
            await work()
        except HomeAssistantError as err:
            LOGGER.debug("Tonight's %s is left for tomorrow: %s", what, err)

    async def _async_prune(self) -> None:
        """Delete what is older than it need be (DESIGN section 5): 13 months at home, 38 in the scheme."""
        least = MONTHS_AT_HOME if scheme_of(self._hass) is None else MONTHS_FOR_ORCS
        asked = self._hass.data[DATA_SITE].options.get(CONF_RECORDS, {}).get(CONF_KEEP_MONTHS, least)
        months = max(least, int(asked))
        pruned = await self._hass.data[DATA_LEDGER].async_ask(partial(_prune, months=months))
        if gone := {table: count for table, count in pruned.items() if count}:
            LOGGER.debug("Old records went: %s", gone)

    async def _async_look_over(self) -> None:
        """Find a page that has been damaged before it is needed."""
        await self._hass.data[DATA_LEDGER].async_ask(lambda journal: journal.store.look_over())

    async def _async_check_log(self) -> None:
        await self._hass.data[DATA_LOG_WATCH].async_check()


def _prune(journal: Journal, *, months: int) -> dict[str, int]:
    return prune(journal, dt_util.utcnow(), months)


async def async_start_keeping(hass: HomeAssistant) -> None:
    """Begin, once the integration is there."""
    await hass.data[DATA_LOG_WATCH].async_load()
    Keeping(hass).start()
