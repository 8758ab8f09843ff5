"""A tariff typed by hand, from its stored form and back to a day that can be read over (5.3, 6.1)."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from zoneinfo import ZoneInfo

from ..charging.off_peak import DAYS, windows_from_list
from ..charging.slots import Slot
from .tariff import Rate, Season, Tariff

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
"""Months as they are stored, January first."""

MOST_RATES: Final = 50

_LAST_DAY: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class NotATariff(ValueError):
    """What is stored cannot be a tariff; ``key`` says why, ``number`` which rate it is, counted from 1."""

    def __init__(self, key: str, number: int | None = None) -> None:
        super().__init__(key if number is None else f"rate {number}: {key}")
        self.key = key
        self.number = number


def tariff_from(stored: Mapping[str, Any], time_zone: ZoneInfo) -> Tariff:
    """Return the tariff.

    ``rates`` are windows (``days``, ``start``, ``end``) with a ``price`` and, for a season, ``from_month``
    and ``to_month``; ``otherwise``, ``vat`` and ``standing`` may be missing.

    Raises:
        NotATariff: a rate is no rate, a number is none, or there is no price at all.
    """
    rows = stored.get("rates") or ()
    if not isinstance(rows, list | tuple) or len(rows) > MOST_RATES:
        raise NotATariff("too_many_rates")
    rates = tuple(_rate(row, number) for number, row in enumerate(rows, start=1))
    otherwise = _optional(stored.get("otherwise"))
    if not rates and otherwise is None:
        raise NotATariff("no_price")
    vat = _optional(stored.get("vat"))
    if vat is not None and not 0 <= vat <= 100:
        raise NotATariff("bad_vat")
    return Tariff(
        time_zone=time_zone,
        rates=rates,
        otherwise_per_kwh=otherwise,
        vat_percent=vat,
        standing_per_day=_optional(stored.get("standing")) or Decimal(0),
    )


def _rate(row: Any, number: int) -> Rate:
    if not isinstance(row, Mapping):
        raise NotATariff("bad_rate", number)
    if not row.get("days"):
        raise NotATariff("no_days", number)
    try:
        (window,) = windows_from_list([row])
    except ValueError as err:
        raise NotATariff("bad_times", number) from err
    price = _optional(row.get("price"))
    if price is None:
        raise NotATariff("no_price", number)
    return Rate(window=window, price_per_kwh=price, season=_season(row, number))


def _season(row: Mapping[str, Any], number: int) -> Season | None:
    first, last = row.get("from_month"), row.get("to_month")
    if not first and not last:
        return None
    if first not in MONTHS or last not in MONTHS:
        raise NotATariff("half_a_season", number)
    first_month, last_month = MONTHS.index(first) + 1, MONTHS.index(last) + 1
    return Season(first=(first_month, 1), last=(last_month, _LAST_DAY[last_month - 1]))


def _optional(value: Any) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation as err:
        raise NotATariff("no_number") from err
    if isinstance(value, bool) or not number.is_finite():
        raise NotATariff("no_number")
    return number


def week(tariff: Tariff, first: date) -> Iterator[tuple[tuple[str, ...], tuple[Slot, ...]]]:
    """Yield the days of the week that begins with ``first``, those that are alike together, with their prices."""
    days: dict[tuple[tuple[time, time, Decimal | None], ...], tuple[list[str], tuple[Slot, ...]]] = {}
    for ahead in range(7):
        day = first + timedelta(days=ahead)
        slots = tariff.slots(_midnight(day, tariff.time_zone), _midnight(day + timedelta(days=1), tariff.time_zone))
        looks = tuple((*_shown(slot, tariff.time_zone), slot.price_per_kwh) for slot in slots)
        days.setdefault(looks, ([], slots))[0].append(DAYS[day.weekday()])
    for names, slots in days.values():
        yield tuple(names), slots


def _midnight(day: date, time_zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), time_zone)


def _shown(slot: Slot, time_zone: ZoneInfo) -> tuple[time, time]:
    return slot.start_at.astimezone(time_zone).time(), slot.end_at.astimezone(time_zone).time()
