"""Split what a session gained between two checkpoints over the half-hours of the clock (9.1, O5). Exact."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Final

HALF_HOUR: Final = timedelta(minutes=30)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def half_hour_of(instant: datetime) -> datetime:
    """Return the start of the half-hour (UTC) that an instant is in."""
    return instant - (instant - _EPOCH) % HALF_HOUR


def half_hours_between(since: datetime, until: datetime) -> list[datetime]:
    """Return the starts of the half-hours that a period touches; the one of ``since`` if it is empty."""
    found = [half_hour_of(since)]
    while found[-1] + HALF_HOUR < until:
        found.append(found[-1] + HALF_HOUR)
    return found


def spread(gain: int, since: datetime, until: datetime) -> Iterator[tuple[datetime, int]]:
    """Yield each half-hour's share of a gain, by time. The shares are whole and add up to ``gain``."""
    starts = half_hours_between(since, until)
    length = until - since
    if len(starts) == 1 or gain == 0:
        yield starts[-1], gain
        return
    ends = [start + HALF_HOUR for start in starts[:-1]] + [until]
    reached = [0, *(gain * ((end - since) // timedelta.resolution) // (length // timedelta.resolution) for end in ends)]
    for start, (before, after) in zip(starts, pairwise(reached), strict=True):
        yield start, after - before


def is_longer_than_a_half_hour(since: datetime, until: datetime) -> bool:
    """Whether a gap between readings is too long for its split to count as read (O5)."""
    return until - since > HALF_HOUR
