"""The times at which charging costs least and the vehicle is still ready when it is wanted.

Prices are constant over a slot and so is the power, so the least cost is exact: fill the cheapest
time first. Of plans that cost the same, the one with fewer starts and stops is taken, then the
earlier one. Time without a price is used last, but it is used: no gap leaves a vehicle uncharged.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
import math

from .slots import Slot, line

type Span = tuple[datetime, datetime]

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """What the vehicle should have got, and by when.

    Attributes:
        power_w: what it takes while charging.
        is_charging: it charges now, so that going on is no further start.
    """

    energy_wh: int
    power_w: float
    ready_at: datetime
    is_charging: bool = False


class Basis(StrEnum):
    """What a plan was made on."""

    PRICES = "prices"
    HOURS = "hours"  # no price is known, so the default hours stand in for cheap time
    NOTHING = "nothing"  # neither prices nor hours: at once


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """When to charge.

    Attributes:
        spans: half-open, apart, in order; after the last the energy is there.
        is_met: whether that is in time. If not, charging begins at once and goes on until it is done.
        cost: of the time that has a price; what is charged without one is ``unpriced_wh``.
        review_at: when charging begins or ends next, as seen when it was made; None for never.
    """

    spans: tuple[Span, ...]
    is_met: bool
    cost: Decimal
    unpriced_wh: int
    review_at: datetime | None
    basis: Basis = Basis.PRICES

    def contains(self, instant: datetime) -> bool:
        """Whether to charge at ``instant``."""
        return any(begins_at <= instant < ends_at for begins_at, ends_at in self.spans)

    def next_start(self, instant: datetime) -> datetime | None:
        """Return when charging begins next after ``instant``; None when it does not."""
        return min((begins_at for begins_at, _ in self.spans if begins_at > instant), default=None)

    def next_change(self, instant: datetime) -> datetime | None:
        """Return when charging begins or ends next after ``instant``; None when it does not."""
        return min((at for span in self.spans for at in span if at > instant), default=None)

    def left(self, instant: datetime) -> timedelta:
        """Return how much time for charging lies after ``instant``."""
        spans = ((max(begins_at, instant), ends_at) for begins_at, ends_at in self.spans if ends_at > instant)
        return sum((ends_at - begins_at for begins_at, ends_at in spans), timedelta(0))


def cheapest_plan(need: Need, slots: Iterable[Slot], now: datetime) -> Plan:
    """Choose the times before ``ready_at`` that cost least; never raises.

    To be asked again when prices, the energy still needed, the power or the wish change.
    """
    takes = lasts(need)
    if need.ready_at - now <= takes:
        spans: tuple[Span, ...] = ((now, now + takes),) if takes else ()
    else:
        spans = _joined(_chosen(need, line(slots, now, need.ready_at), takes, now))
    cost, unpriced_wh = bill(need, spans, slots)
    return Plan(
        spans=spans,
        is_met=need.energy_wh <= 0 or (bool(spans) and spans[-1][1] <= need.ready_at),
        cost=cost,
        unpriced_wh=unpriced_wh,
        review_at=min((at for span in spans for at in span if at > now), default=None),
    )


def lasts(need: Need) -> timedelta:
    """Return how long charging takes, in whole seconds rounded up; nothing for what cannot be charged."""
    if need.energy_wh <= 0 or not math.isfinite(need.power_w) or need.power_w <= 0:
        return timedelta(0)
    seconds = math.ceil(need.energy_wh * 3600 / need.power_w)
    return min(seconds, 10**8) * _SECOND


def _chosen(need: Need, slots: Sequence[Slot], takes: timedelta, now: datetime) -> list[Span]:
    """Take whole price levels from the cheapest on, and of the last one what is still needed."""
    chosen: list[Span] = [(now, now)] if need.is_charging else []
    levels = iter(_levels(slots))
    level = next(levels)
    while (length := sum((end - start for start, end in level), timedelta(0))) <= takes:
        chosen += level
        takes -= length
        level = next(levels)  # there is one: all the time there is would be more than enough
    return chosen + _part(level, chosen, takes)


def _levels(slots: Sequence[Slot]) -> list[list[Span]]:
    """Group the time by price, cheapest first; time of unknown price is last."""
    levels: dict[tuple[bool, Decimal], list[Span]] = {}
    for slot in slots:
        price = slot.price_per_kwh
        level = levels.setdefault((price is None, price or Decimal(0)), [])
        level.append((slot.start_at, slot.end_at))
    return [list(_joined(levels[key])) for key in sorted(levels)]


def _part(spans: Sequence[Span], chosen: Sequence[Span], takes: timedelta) -> list[Span]:
    """Take ``takes`` out of equally dear ``spans`` so that charging starts and stops least often.

    What joins two chosen times saves a start, so the shortest of those are filled first. What lies
    beside a chosen time costs no start. Only then is a start spent, on the span that is long enough
    and earliest, or on the longest.
    """
    ends, starts = {end for _, end in chosen}, {start for start, _ in chosen}
    bridges = sorted((span for span in spans if span[0] in ends and span[1] in starts), key=_length)
    part: list[Span] = []
    for span in bridges:
        if _length(span)[0] <= takes:
            part.append(span)
            takes -= _length(span)[0]
    for span in spans:
        if span not in part and (span[0] in ends or span[1] in starts):
            takes -= _cut(part, span, takes, is_late=span[0] not in ends)
    left = [span for span in spans if span not in part and span[0] not in ends and span[1] not in starts]
    while takes:
        enough = [span for span in left if _length(span)[0] >= takes]
        span = enough[0] if enough else max(left, key=lambda one: _length(one)[0])
        left.remove(span)
        takes -= _cut(part, span, takes, is_late=False)
    return part


def _length(span: Span) -> tuple[timedelta, datetime]:
    return span[1] - span[0], span[0]


def _cut(part: list[Span], span: Span, takes: timedelta, *, is_late: bool) -> timedelta:
    """Add what is needed of a span, from its end if ``is_late``, and return how much that is."""
    taken = min(span[1] - span[0], takes)
    if taken:
        part.append((span[1] - taken, span[1]) if is_late else (span[0], span[0] + taken))
    return taken


def _joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Order spans and join those that touch."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and joined[-1][1] == start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return tuple((start, end) for start, end in joined if start < end)


def bill(need: Need, spans: Sequence[Span], slots: Iterable[Slot]) -> tuple[Decimal, int]:
    """Return what the spans cost, and the energy for which no price is known.

    The last second may be only partly needed, and is billed as far as it is.
    """
    cost, unpriced_wh, left_wh = Decimal(0), Decimal(0), Decimal(max(need.energy_wh, 0))
    power_w = Decimal(repr(float(need.power_w))) if spans else Decimal(0)
    known = list(slots)
    for start, end in spans:
        for slot in line(known, start, end):
            seconds = Decimal((slot.end_at - slot.start_at) // timedelta(microseconds=1)) / 1_000_000
            energy_wh = min(power_w * seconds / 3600, left_wh)
            left_wh -= energy_wh
            if slot.price_per_kwh is None:
                unpriced_wh += energy_wh
            else:
                cost += slot.price_per_kwh * energy_wh / 1000
    return cost, round(unpriced_wh)
