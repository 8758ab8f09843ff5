"""Weekly hours in local time: when are they open, when do they next open or close.

What counts is what the clock on the wall shows. Hours are open at every instant whose local time
lies in a window, so in the night the clocks go back an hour that is shown twice is open, or
closed, both times, and in the night they go forward an edge inside the hour that is left out
falls on the moment of the change.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_LOOK_AHEAD_DAYS = 16
"""Two weeks and the days at both ends: a weekly window may fall wholly into a left-out hour once."""

_MIDNIGHT = time(0)
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """Hours that are open each week: from ``start`` on each of ``days`` up to ``end``, local time.

    ``days`` are weekdays, Monday 0 to Sunday 6, on which the window starts. An ``end`` not after
    ``start`` lies on the following day, so 00:00 to 00:00 is the whole day.
    """

    days: frozenset[int]
    start: time
    end: time

    def shows(self, weekday: int, at: time) -> bool:
        """Whether the window is open when the clock on the wall shows ``at`` on ``weekday``."""
        if self.start < self.end:
            return weekday in self.days and self.start <= at < self.end
        return (weekday in self.days and at >= self.start) or ((weekday - 1) % 7 in self.days and at < self.end)


@dataclass(frozen=True, kw_only=True, slots=True)
class WeeklyHours:
    """The owner's default charging hours: weekly windows in the site's time zone (reg 10).

    Windows may touch or overlap; where one ends inside or at the start of another, nothing closes.
    """

    windows: tuple[Window, ...]
    time_zone: ZoneInfo

    def contains(self, instant: datetime) -> bool:
        """Whether the hours are open at ``instant``; an opening is inside, a closing is not."""
        local = instant.astimezone(self.time_zone)
        weekday, at = local.weekday(), local.time()
        return any(window.shows(weekday, at) for window in self.windows)

    def next_opening(self, instant: datetime) -> datetime | None:
        """Return the first instant after ``instant``, in UTC, at which closed hours open; None if never."""
        return self._next_edge(instant, opens=True)

    def next_change(self, instant: datetime) -> datetime | None:
        """Return the first instant after ``instant``, in UTC, at which the hours open or close; None if never."""
        return self._next_edge(instant, opens=not self.contains(instant))

    def _next_edge(self, instant: datetime, *, opens: bool) -> datetime | None:
        was_open = self.contains(instant)
        for edge in self._possible_edges(instant.astimezone(UTC)):
            is_open = self.contains(edge)
            if is_open is opens and was_open is not opens:
                return edge
            was_open = is_open
        return None

    def _possible_edges(self, instant: datetime) -> Iterator[datetime]:
        """Yield every instant after ``instant`` at which something could change, in order."""
        times = {window.start for window in self.windows} | {window.end for window in self.windows}
        if not times:
            return
        today = instant.astimezone(self.time_zone).date()
        for ahead in range(_LOOK_AHEAD_DAYS):
            day = today + ahead * _DAY
            changes = list(self._clock_changes(day))
            folds = (0, 1) if changes else (0,)
            edges = {self._utc(day, at, fold) for at in times for fold in folds}
            yield from sorted(edge for edge in edges.union(changes) if edge > instant)

    def _utc(self, day: date, at: time, fold: int = 0) -> datetime:
        return datetime.combine(day, at.replace(fold=fold), self.time_zone).astimezone(UTC)

    def _clock_changes(self, day: date) -> Iterator[datetime]:
        """Find the instant on ``day`` at which the clock on the wall jumps, to the second, if it does."""
        before, after = self._utc(day, _MIDNIGHT), self._utc(day + _DAY, _MIDNIGHT)
        offset = before.astimezone(self.time_zone).utcoffset()
        if after.astimezone(self.time_zone).utcoffset() == offset:
            return
        while after - before > _SECOND:
            middle = before + (after - before) // _SECOND // 2 * _SECOND
            if middle.astimezone(self.time_zone).utcoffset() == offset:
                before = middle
            else:
                after = middle
        yield after
