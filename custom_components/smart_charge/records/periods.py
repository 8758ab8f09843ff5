"""Months, quarters and days of local time as instants: half-open, both clock changes right."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Self
from zoneinfo import ZoneInfo

UK = ZoneInfo("Europe/London")
"""ORCS reports are in UK local time wherever they are made (O2)."""


def midnight(day: date, zone: tzinfo) -> datetime:
    """Return the instant at which a local day begins."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def months_back(day: date, count: int) -> date:
    """Return the first of the month that is ``count`` months before this day's."""
    month = day.year * 12 + day.month - 1 - count
    return date(month // 12, month % 12 + 1, 1)


def year_back(day: date) -> date:
    """Return the same day of the year before; of 29 February, 1 March."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return date(day.year - 1, 3, 1)


def month_starts(since: datetime, until: datetime, zone: ZoneInfo) -> list[datetime]:
    """Return where local months begin within a period, its own edges left out."""
    starts: list[datetime] = []
    start = midnight(months_back(since.astimezone(zone).date(), -1), zone)
    while start < until:
        starts.append(start)
        start = midnight(months_back(start.astimezone(zone).date(), -1), zone)
    return starts


def month_edges(now: datetime, zone: ZoneInfo, count: int = 12) -> list[datetime]:
    """Return where the last ``count`` local months begin, this month being the last, and where it ends."""
    today = now.astimezone(zone).date()
    return [midnight(months_back(today, back), zone) for back in range(count - 1, -2, -1)]


@dataclass(frozen=True, order=True, slots=True)
class Quarter:
    """A calendar quarter of UK local time, as ORCS reports it (O4)."""

    year: int
    number: int

    @classmethod
    def of(cls, day: date) -> Self:
        """Return the quarter that a local day is in."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def first_day(self) -> date:
        """The quarter's first local day."""
        return date(self.year, self.number * 3 - 2, 1)

    @property
    def due_on(self) -> date:
        """When its report is due: 1 April, July, October or January, the day after its end."""
        return months_back(self.first_day, -3)

    @property
    def starts_at(self) -> datetime:
        """The instant at which it begins."""
        return midnight(self.first_day, UK)

    @property
    def ends_at(self) -> datetime:
        """The instant at which it is over."""
        return midnight(self.due_on, UK)

    @property
    def following(self) -> Quarter:
        """The next quarter."""
        return Quarter.of(self.due_on)

    def __str__(self) -> str:
        return f"{self.year}-Q{self.number}"


def quarters_due(now: datetime, operational_at: datetime, written: Sequence[str]) -> tuple[Quarter, ...]:
    """Return the quarters whose report is due or overdue and not yet written, oldest first (O4)."""
    today = now.astimezone(UK).date()
    quarter = Quarter.of(operational_at.astimezone(UK).date())
    due = []
    while quarter.due_on <= today:
        if str(quarter) not in written:
            due.append(quarter)
        quarter = quarter.following
    return tuple(due)


def days_overdue(quarter: Quarter, now: datetime) -> int:
    """Return how many days ago a report was due; 0 on the day itself."""
    return max(timedelta(), now.astimezone(UK).date() - quarter.due_on).days
