"""One timer, set anew each time to the earliest of the instants at which time alone changes something."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

_SOONEST: Final = timedelta(seconds=1)


class Wake:
    """Calls ``woken`` once for each time it is set, a second from now at the soonest."""

    def __init__(self, hass: HomeAssistant, woken: Callable[[], None]) -> None:
        self._hass = hass
        self._woken = woken
        self._forget: CALLBACK_TYPE | None = None

    @callback
    def at(self, now: datetime, *times: datetime | None) -> None:
        """Wake at the first of ``times``, or at local midnight: what is shown of a day begins anew then."""
        self.cancel()
        midnight = dt_util.as_utc(dt_util.start_of_local_day(dt_util.as_local(now).date() + timedelta(days=1)))
        due_at = min(at for at in (midnight, *times) if at is not None)
        self._forget = async_track_point_in_utc_time(self._hass, self._on_time, max(due_at, now + _SOONEST))

    @callback
    def cancel(self) -> None:
        """Wake no more."""
        if self._forget is not None:
            self._forget()
            self._forget = None

    @callback
    def _on_time(self, _now: datetime) -> None:
        self._forget = None
        self._woken()
