"""What one charge point used today, this month and in the last twelve months, as the records have it (9.3)."""

from collections.abc import Callable, Coroutine
from datetime import date, datetime, tzinfo
from typing import Any, cast
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..ledger import DATA_LEDGER
from ..records.journal import Journal
from ..records.periods import midnight, year_back
from ..records.values import OutletKey, Periods, Usage


class Consumption:
    """Keeps the sums in step with the records."""

    def __init__(
        self,
        hass: HomeAssistant,
        outlet: OutletKey,
        run: Callable[[Coroutine[Any, Any, None], str], object],
        changed: Callable[[datetime], None],
    ) -> None:
        self.periods: Periods | None = None
        self._hass = hass
        self._outlet = outlet
        self._run = run
        self._changed = changed
        self._asked_on: tuple[date, tzinfo] | None = None
        self._is_asking = False
        self._is_outdated = False

    @callback
    def start(self) -> Callable[[], None]:
        """Follow the records; returns what stops that."""
        self.refresh()
        return self._hass.data[DATA_LEDGER].listen(self.refresh)

    @callback
    def follow(self, now: datetime) -> None:
        """See whether a new day has begun, or days begin at another time: the home's time zone was changed."""
        if self._asked_on not in (None, (dt_util.as_local(now).date(), dt_util.get_default_time_zone())):
            self.refresh()

    @callback
    def refresh(self) -> None:
        """Ask the records anew, in a task."""
        self._is_outdated = True
        if not self._is_asking:
            self._is_asking = True
            self._run(self._async_refresh(), "sum up")

    async def _async_refresh(self) -> None:
        try:
            while self._is_outdated:
                self._is_outdated = False
                await self._async_sum_up()
        finally:
            self._is_asking = False

    async def _async_sum_up(self) -> None:
        now, zone = dt_util.utcnow(), cast("ZoneInfo", dt_util.get_default_time_zone())
        today = now.astimezone(zone).date()
        self._asked_on = (today, zone)
        begins = [midnight(day, zone) for day in (today, today.replace(day=1), year_back(today))]
        until = midnight(date.fromordinal(today.toordinal() + 1), zone)

        def sums(journal: Journal) -> list[Usage]:
            return [journal.usage(begin, until, [self._outlet.charge_point]) for begin in begins]

        try:
            day, month, year = await self._hass.data[DATA_LEDGER].async_ask(sums)
        except HomeAssistantError:
            return  # what was known stays; a repair says what is wrong
        if self.periods != (found := Periods(today=day, month=month, year=year)):
            self.periods = found
            self._changed(dt_util.utcnow())
