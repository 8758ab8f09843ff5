"""What electricity costs at an instant, and when it is cheap next."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from ..charging.slots import Slot, line

CHEAP_SHARE = Decimal("0.25")
"""Cheap is what lies in the lowest quarter between the least and the highest price known."""


def price_at(slots: Iterable[Slot], instant: datetime) -> Decimal | None:
    """Return what a kilowatt-hour costs at an instant; None where nobody knows."""
    return line(slots, instant, instant + timedelta.resolution)[0].price_per_kwh


def next_cheap(slots: Sequence[Slot], now: datetime, within: timedelta = timedelta(hours=24)) -> Slot | None:
    """Return the cheap time that lasts or comes next, with its average price; None where no price is known.

    It begins before ``now`` if it has begun.
    """
    priced = [(slot, price) for slot in slots if (price := slot.price_per_kwh) is not None]
    ahead = [price for slot, price in priced if slot.end_at > now and slot.start_at < now + within]
    if not ahead:
        return None
    most = min(ahead) + (max(ahead) - min(ahead)) * CHEAP_SHARE
    runs: list[list[tuple[Slot, Decimal]]] = []
    for slot, price in sorted(priced, key=lambda one: one[0].start_at):
        if price > most:
            continue
        if runs and runs[-1][-1][0].end_at == slot.start_at:
            runs[-1].append((slot, price))
        else:
            runs.append([(slot, price)])
    run = next(run for run in runs if run[-1][0].end_at > now)
    seconds = [Decimal((slot.end_at - slot.start_at).total_seconds()) for slot, _ in run]
    average = sum((price * lasts for (_, price), lasts in zip(run, seconds, strict=True)), Decimal(0)) / sum(seconds)
    return Slot(start_at=run[0][0].start_at, end_at=run[-1][0].end_at, price_per_kwh=average)
