"""Priced time: half-open periods of one price each, and the gaps between them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, kw_only=True, slots=True)
class Slot:
    """From ``start_at`` up to ``end_at`` a kilowatt-hour costs this; None where nobody knows.

    The price is in the site's main currency, whole units (pounds, not pence), taxes included.
    """

    start_at: datetime
    end_at: datetime
    price_per_kwh: Decimal | None


def line(slots: Iterable[Slot], start_at: datetime, end_at: datetime) -> tuple[Slot, ...]:
    """Cover the time from ``start_at`` to ``end_at`` without a hole: gaps become slots without a price.

    Of slots that overlap the one that begins first counts, of two that begin together the later one
    in the list. Neighbours of one price become one.
    """
    line: list[Slot] = []
    for slot in _without_holes(slots, start_at, end_at):
        if line and line[-1].price_per_kwh == slot.price_per_kwh:
            line[-1] = replace(line[-1], end_at=slot.end_at)
        else:
            line.append(slot)
    return tuple(line)


def _without_holes(slots: Iterable[Slot], start_at: datetime, end_at: datetime) -> Iterator[Slot]:
    done_at = start_at
    by_start = {slot.start_at: slot for slot in slots if slot.end_at > slot.start_at}
    for begins_at in sorted(by_start):
        slot = by_start[begins_at]
        if slot.end_at <= done_at or begins_at >= end_at:
            continue
        if begins_at > done_at:
            yield Slot(start_at=done_at, end_at=begins_at, price_per_kwh=None)
            done_at = begins_at
        yield replace(slot, start_at=done_at, end_at=min(slot.end_at, end_at))
        done_at = slot.end_at
    if done_at < end_at:
        yield Slot(start_at=done_at, end_at=end_at, price_per_kwh=None)
