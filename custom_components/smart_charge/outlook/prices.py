"""Price lists as other integrations publish them, as slots.

A table says under which names the lists and their fields are found; nothing is known of an
integration beyond that. Money is `Decimal` and a kilowatt-hour is what it is the price of.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from itertools import accumulate, pairwise
import re
from statistics import mode
from typing import Any
from zoneinfo import ZoneInfo

from ..charging.slots import Slot

MOST_SLOTS = 2000
"""A week of quarter-hours and more; what is longer is no price list."""


class PricesNotUnderstood(ValueError):
    """An entity holds no price list that can be read; ``key`` says why, ``detail`` what was found."""

    def __init__(self, key: str, detail: str = "") -> None:
        super().__init__(f"{key}: {detail}" if detail else key)
        self.key = key
        self.detail = detail


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How one kind of price list is laid out.

    Attributes:
        attributes: lists that follow one another, such as today's and tomorrow's.
        start, value: the fields of an entry. ``start`` None: bare numbers that divide a local day.
        end: None where each entry lasts until the next.
        unit: what the numbers are in, where the integration fixes it; None: the entity's own unit.
        seen_in: where this was observed.
    """

    attributes: tuple[str, ...]
    start: str | None
    value: str
    end: str | None = None
    unit: str | None = None
    seen_in: str


SHAPES: tuple[Shape, ...] = (
    Shape(attributes=("raw_today", "raw_tomorrow"), start="start", end="end", value="value", seen_in="Nord Pool"),
    Shape(attributes=("raw_today", "raw_tomorrow"), start="hour", value="price", seen_in="Energi Data Service"),
    Shape(attributes=("raw_today", "raw_tomorrow"), start="time", value="price", seen_in="GE-Spot"),
    Shape(attributes=("raw_today", "raw_tomorrow"), start="start", value="price", seen_in="OMIE template"),
    Shape(
        attributes=("rates",), start="start", end="end", value="value_inc_vat", unit="GBP/kWh", seen_in="Octopus Energy"
    ),
    Shape(
        attributes=("rates",), start="valid_from", end="valid_to", value="value_inc_vat", unit="p/kWh",
        seen_in="Octopus Energy's own interface, REST sensors",
    ),
    Shape(attributes=("prices_today", "prices_tomorrow"), start="time", value="price", seen_in="ENTSO-e"),
    Shape(attributes=("prices",), start="from", end="till", value="price", seen_in="Frank Energie"),
    Shape(attributes=("prices",), start="start_time", value="price", seen_in="Tibber template"),
    Shape(attributes=("prices",), start="timestamp", value="price", seen_in="EnergyZero and easyEnergy template"),
    Shape(attributes=("prices", "data"), start="start", end="end", value="price", seen_in="Nord Pool template"),
    Shape(attributes=("data",), start="start_time", end="end_time", value="price_per_kwh", seen_in="EPEX Spot"),
    Shape(
        attributes=("data",), start="start_time", end="end_time", value="price_ct_per_kwh", unit="ct/kWh",
        seen_in="EPEX Spot 2",
    ),
    Shape(
        attributes=("data",), start="start_time", end="end_time", value="price_eur_per_mwh", unit="EUR/MWh",
        seen_in="EPEX Spot 1",
    ),
    Shape(
        attributes=("forecasts",), start="start_time", end="end_time", value="per_kwh", unit="AUD/kWh",
        seen_in="Amber Electric",
    ),
    Shape(attributes=("forecast", "slots"), start="start", end="end", value="value", seen_in="template"),
    Shape(attributes=("forecast", "slots"), start="start", end="end", value="price", seen_in="template"),
    Shape(attributes=("today", "tomorrow"), start=None, value="total", seen_in="Tibber (HACS), Nord Pool (HACS)"),
)  # fmt: skip
"""In the order in which they are tried; the first that yields a slot counts."""

_CODES = ("AUD", "CHF", "CZK", "DKK", "EUR", "HUF", "NOK", "NZD", "PLN", "RON", "SEK", "USD")
_CURRENCIES = {
    "£": "GBP", "€": "EUR", "euro": "EUR", "euros": "EUR", "$": "USD", "kr": None, "kr.": None, "zł": "PLN",
    "zl": "PLN", "kč": "CZK", "kc": "CZK", "ft": "HUF", "fr": "CHF", "fr.": "CHF", "lei": "RON",
    **{code.lower(): code for code in _CODES},
}  # fmt: skip
"""What is one of which currency, in lower case; None where several countries call theirs so."""
_HUNDREDTHS = {
    "p": "GBP", "gbp": "GBP", "pence": "GBP", "ct": "EUR", "c": None, "cent": None, "cents": None, "snt": "EUR",
    "eurocent": "EUR", "eurocents": "EUR", "euroct": "EUR", "eurct": "EUR", "c€": "EUR", "ct€": "EUR", "€ct": "EUR",
    "öre": "SEK", "øre": None, "ore": None, "gr": "PLN", "grosz": "PLN", "groszy": "PLN", "rp": "CHF", "rp.": "CHF",
    "rappen": "CHF",
}  # fmt: skip
_KWH = {"kwh": Decimal(1), "mwh": Decimal(1000), "wh": Decimal("0.001")}


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """What was read: slots in order, and the currency if the unit named one."""

    slots: tuple[Slot, ...]
    currency: str | None


def scale(unit: str | None) -> tuple[Decimal, str | None]:
    """Return what a number in ``unit`` is multiplied by to be whole money per kilowatt-hour, and the currency.

    Pence and cents, MWh and kWh, symbols and codes are understood. Raises PricesNotUnderstood for
    anything else: a price a hundred times too high would choose the same slots and bill nonsense.
    """
    match = re.fullmatch(r"\s*([^\s/]+)(?:\s*/\s*|\s+per\s+)([A-Za-z]+)\s*", unit or "")
    energy = _KWH.get(match[2].lower()) if match else None
    if match is None or energy is None:
        raise PricesNotUnderstood("no_unit" if not unit else "unknown_unit", unit or "")
    money = match[1]
    if re.fullmatch("[A-Z]{3}", money):
        return 1 / energy, money
    if money.lower() in _CURRENCIES:
        return 1 / energy, _CURRENCIES[money.lower()]
    if money.lower() in _HUNDREDTHS or money == "¢":
        return Decimal("0.01") / energy, _HUNDREDTHS.get(money.lower())
    raise PricesNotUnderstood("unknown_unit", unit or "")


def read_attributes(attributes: Mapping[str, Any], unit: str | None, time_zone: ZoneInfo, today: datetime) -> Prices:
    """Read the price list among an entity's attributes.

    ``today`` is any instant of the local day that bare lists begin with. Entries that make no sense
    are left out and stay gaps. Raises PricesNotUnderstood when there is no list that can be read.
    """
    for shape in SHAPES:
        lists = [attributes[name] for name in shape.attributes if isinstance(attributes.get(name), (list, tuple))]
        if not any(lists):
            continue
        slots = _entries(shape, attributes, time_zone, today)
        if slots:
            factor, currency = scale(shape.unit or unit)
            return Prices(slots=_priced(slots, factor), currency=currency)
    raise PricesNotUnderstood("no_price_list", ", ".join(sorted(map(str, attributes)))[:200])


def read_records(records: Iterable[Any], unit: str | None, time_zone: ZoneInfo) -> Prices:
    """Read a plain list of entries, such as an action's answer, with any of the known field names."""
    entries = list(records)[:MOST_SLOTS]
    factor, currency = scale(unit)
    for shape in SHAPES:
        if shape.start is not None and (slots := _dated(shape, entries, time_zone)):
            return Prices(slots=_priced(slots, factor), currency=currency)
    raise PricesNotUnderstood("no_price_list")


def read_state(state: str, unit: str | None, now: datetime) -> Prices:
    """Read the price of the present, where an entity shows no more, as one slot to the end of the hour."""
    price = _number(state)
    if price is None:
        raise PricesNotUnderstood("no_price_list", state[:40])
    factor, currency = scale(unit)
    end_at = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return Prices(slots=(Slot(start_at=now, end_at=end_at, price_per_kwh=price * factor),), currency=currency)


def merged(before: Iterable[Slot], new: Sequence[Slot], since: datetime) -> tuple[Slot, ...]:
    """Return what is known with what is new over it; what ended by ``since`` is left.

    A list that has shrunk takes nothing back: what was published of a time stays true of it.
    """
    covering = sorted(new, key=lambda slot: slot.start_at)
    starts = [slot.start_at for slot in covering]
    ends = list(accumulate((slot.end_at for slot in covering), max))
    kept: list[Slot] = []
    for slot in before:
        pieces = [slot]
        for over in covering[bisect_right(ends, slot.start_at) : bisect_left(starts, slot.end_at)]:
            pieces = [left for piece in pieces for left in _without(piece, over)]
        kept += pieces
    return tuple(sorted((slot for slot in (*kept, *new) if slot.end_at > since), key=lambda slot: slot.start_at))


def _without(slot: Slot, over: Slot) -> Iterator[Slot]:
    if over.end_at <= slot.start_at or over.start_at >= slot.end_at:
        yield slot
        return
    if slot.start_at < over.start_at:
        yield replace(slot, end_at=over.start_at)
    if over.end_at < slot.end_at:
        yield replace(slot, start_at=over.end_at)


def repeated(seen: Sequence[Slot], now: datetime) -> tuple[Slot, ...]:
    """Return what was seen in the last day with the day to come like it, for prices that are not told ahead."""
    day = timedelta(days=1)
    ahead = [
        Slot(start_at=slot.start_at + day, end_at=min(slot.end_at, now + day) + day, price_per_kwh=slot.price_per_kwh)
        for slot in seen
        if slot.end_at > now - day and slot.start_at < now + day
    ]
    return merged(ahead, seen, now - 2 * day)


type _Entry = tuple[datetime, datetime, Decimal]


def _entries(shape: Shape, attributes: Mapping[str, Any], time_zone: ZoneInfo, today: datetime) -> list[_Entry]:
    if shape.start is not None:
        lists = [attributes.get(name) for name in shape.attributes]
        rows = [row for rows in lists if isinstance(rows, (list, tuple)) for row in rows]
        return _dated(shape, rows[:MOST_SLOTS], time_zone)
    day = today.astimezone(time_zone).date()
    return [
        entry
        for ahead, name in enumerate(shape.attributes)
        if isinstance(attributes.get(name), (list, tuple))
        for entry in _divided(shape, attributes[name][:MOST_SLOTS], _midnight(day + timedelta(days=ahead), time_zone),
                              _midnight(day + timedelta(days=ahead + 1), time_zone))
    ]  # fmt: skip


def _midnight(day: date, time_zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), time_zone).astimezone(UTC)


def _divided(shape: Shape, values: Sequence[Any], start_at: datetime, end_at: datetime) -> Iterator[_Entry]:
    """Divide a local day, 23 to 25 hours long, into hours, half-hours or quarters, whichever there are."""
    hours = (end_at - start_at) // timedelta(hours=1)
    if len(values) not in (hours, 2 * hours, 4 * hours):
        return
    lasts = (end_at - start_at) / len(values)
    for index, value in enumerate(values):
        price = _number(value.get(shape.value) if isinstance(value, Mapping) else value)
        if price is not None:
            yield start_at + index * lasts, start_at + (index + 1) * lasts, price


def _dated(shape: Shape, rows: Iterable[Any], time_zone: ZoneInfo) -> list[_Entry]:
    found: dict[datetime, tuple[datetime | None, Decimal]] = {}
    for row in rows:
        if not isinstance(row, Mapping):
            continue
        start_at, price = _instant(row.get(shape.start), time_zone), _number(row.get(shape.value))
        if start_at in found:
            start_at = _instant(row.get(shape.start), time_zone, fold=1)
        if start_at is not None and price is not None:
            found[start_at] = (_end(row.get(shape.end), start_at, time_zone) if shape.end else None, price)
    starts = sorted(found)
    steps = [later - sooner for sooner, later in pairwise(starts)]
    step = mode(steps) if steps else timedelta(hours=1)
    entries = []
    for index, start_at in enumerate(starts):
        end_at, price = found[start_at]
        if end_at is None:
            next_at = starts[index + 1] if index + 1 < len(starts) else start_at + step
            end_at = min(next_at, start_at + step)
        if end_at > start_at:
            entries.append((start_at, end_at, price))
    return entries


def _end(value: Any, start_at: datetime, time_zone: ZoneInfo) -> datetime | None:
    """Read when an entry ends: after it began, of the two moments that local time may mean as clocks go back."""
    end_at = _instant(value, time_zone)
    return end_at if end_at is None or end_at > start_at else _instant(value, time_zone, fold=1)


def _instant(value: Any, time_zone: ZoneInfo, *, fold: int = 0) -> datetime | None:
    """Read a moment as ISO text or as a datetime, local if it names no zone; ``fold`` is 1 for the later of two."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    try:
        return (value if value.tzinfo is not None else value.replace(tzinfo=time_zone, fold=fold)).astimezone(UTC)
    except OverflowError:
        return None


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() and abs(number) < 10**9 else None


def _priced(entries: Iterable[_Entry], factor: Decimal) -> tuple[Slot, ...]:
    return tuple(
        Slot(start_at=start_at, end_at=end_at, price_per_kwh=price * factor) for start_at, end_at, price in entries
    )
