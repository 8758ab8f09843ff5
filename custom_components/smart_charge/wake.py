"""When to look again: soon after news, and at the earliest of the instants at which time alone changes something."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

_SOONEST: Final = timedelta(seconds=1)


class Wake:
    """Calls ``on_news`` once however much is told at once, and ``on_time`` once for each time that it is set to."""

    def __init__(self, hass: HomeAssistant, *, on_news: Callable[[], None], on_time: Callable[[], None]) -> None:
        self._hass = hass
        self._on_news = on_news
        self._on_time = on_time
        self._soon: asyncio.Handle | None = None
        self._forget_timer: CALLBACK_TYPE | None = None

    @callback
    def soon(self) -> None:
        """Wake when all that is being told has been told."""
        if self._soon is None:
            self._soon = self._hass.loop.call_soon(self._told)

    @callback
    def at(self, now: datetime, *times: datetime | None) -> None:
        """Wake at the first of ``times``, or at local midnight: what is shown of a day begins anew then.

        A second from now at the soonest; what was set before counts no more.
        """
        self._disarm()
        midnight = dt_util.as_utc(dt_util.start_of_local_day(dt_util.as_local(now).date() + timedelta(days=1)))
        due_at = min(at for at in (midnight, *times) if at is not None)
        self._forget_timer = async_track_point_in_utc_time(self._hass, self._came, max(due_at, now + _SOONEST))

    @callback
    def cancel(self) -> None:
        """Wake no more."""
        self._disarm()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def _disarm(self) -> None:
        if self._forget_timer is not None:
            self._forget_timer()
            self._forget_timer = None

    @callback
    def _told(self) -> None:
        self._soon = None
        self._on_news()

    @callback
    def _came(self, _now: datetime) -> None:
        self._forget_timer = None
        self._on_time()
