"""A tariff that the owner typed in, as slots (5.3, 6.1).

Rates apply to what the clock on the wall shows, on weekdays and in seasons, so both clock changes
come out as the supplier bills them. Time for which nothing was typed is a gap: it has no price.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from ..charging.model import WeeklyHours, Window
from ..charging.slots import Slot, line

_DAY = timedelta(days=1)
_LEAP_YEAR = 2028


@dataclass(frozen=True, kw_only=True, slots=True)
class Season:
    """Days of every year from ``first`` to ``last``, both inside, as month and day; may span new year.

    ``last`` may be (2, 29): then February is whole in every year. Raises ValueError for a day that there is not.
    """

    first: tuple[int, int]
    last: tuple[int, int]

    def __post_init__(self) -> None:
        """Refuse days that no calendar has."""
        for month, day in (self.first, self.last):
            date(_LEAP_YEAR, month, day)

    def contains(self, day: date) -> bool:
        """Whether a day, in local time, lies in the season."""
        month_and_day = (day.month, day.day)
        if self.first <= self.last:
            return self.first <= month_and_day <= self.last
        return month_and_day >= self.first or month_and_day <= self.last


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """One price of a time-of-use tariff; ``season`` None means all year."""

    window: Window
    price_per_kwh: Decimal
    season: Season | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Tariff:
    """What is on the bill.

    Attributes:
        rates: of several that fit, the first counts.
        otherwise_per_kwh: at all other times; None leaves them without a price.
        vat_percent: added to every price; None when the prices were typed with VAT.
        standing_per_day: due whatever is used, so no plan asks for it and no charge costs it.

    Raises ValueError when a price, VAT or charge is no number.
    """

    time_zone: ZoneInfo
    rates: tuple[Rate, ...] = ()
    otherwise_per_kwh: Decimal | None = None
    vat_percent: Decimal | None = None
    standing_per_day: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        """Refuse what cannot be calculated with."""
        prices = [rate.price_per_kwh for rate in self.rates]
        optional = (self.otherwise_per_kwh, self.vat_percent, self.standing_per_day)
        prices += [value for value in optional if value is not None]
        if not all(price.is_finite() for price in prices):
            raise ValueError("A price, the VAT and the standing charge must be numbers")
        if self.vat_percent is not None and not 0 <= self.vat_percent <= 100:
            raise ValueError("VAT must be between 0 and 100 per cent")

    def price_at(self, instant: datetime) -> Decimal | None:
        """Return what a kilowatt-hour costs at an instant, VAT included; None where nothing was typed."""
        local = instant.astimezone(self.time_zone)
        weekday, day, at = local.weekday(), local.date(), local.time()
        for rate in self.rates:
            if rate.window.shows(weekday, at) and (rate.season is None or rate.season.contains(day)):
                return self._with_vat(rate.price_per_kwh)
        return None if self.otherwise_per_kwh is None else self._with_vat(self.otherwise_per_kwh)

    def slots(self, start_at: datetime, end_at: datetime) -> tuple[Slot, ...]:
        """Return the prices from one instant to another, in UTC and in order; gaps have no price."""
        edges = [start_at.astimezone(UTC), *self._edges(start_at, end_at), end_at.astimezone(UTC)]
        slots = [
            Slot(start_at=begins_at, end_at=ends_at, price_per_kwh=self.price_at(begins_at))
            for begins_at, ends_at in pairwise(edges)
        ]
        return line(slots, edges[0], edges[-1])

    @property
    def standing_charge(self) -> Decimal:
        """What is due for a day, VAT included."""
        return self._with_vat(self.standing_per_day)

    def _edges(self, start_at: datetime, end_at: datetime) -> list[datetime]:
        """Find every instant between, at which a price could change: windows, clock changes, local midnights."""
        edges = set(self._midnights(start_at, end_at))
        for window in {rate.window for rate in self.rates}:
            hours = WeeklyHours(windows=(window,), time_zone=self.time_zone)
            edge = hours.next_change(start_at)
            while edge is not None and edge < end_at:
                edges.add(edge)
                edge = hours.next_change(edge)
        return sorted(edges)

    def _midnights(self, start_at: datetime, end_at: datetime) -> Iterator[datetime]:
        day = start_at.astimezone(self.time_zone).date() + _DAY
        while (midnight := datetime.combine(day, time(0), self.time_zone).astimezone(UTC)) < end_at:
            yield midnight
            day += _DAY

    def _with_vat(self, price: Decimal) -> Decimal:
        return price if self.vat_percent is None else price * (100 + self.vat_percent) / 100
