"""When to share the supply again although no fact has changed: the meter goes stale, a hold-off or a turn ends."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from .claims import SETTLING_S, Claim, Supply
from .grid_meter import STALE_AFTER_S, GridReading, PhaseLoad, stale_after_s
from .places import LEAD_S, WAKES_S, Place
from .proof import House, proof_s
from .turns import JOIN_AFTER_S, SWAP_EVERY_S, TURN_S

type Left = tuple[House, Collection[Place], datetime | None]
"""What a sharing leaves: what the house draws, where each charge point stands, and when one last made room."""

_SEEN_S = 1.0
"""So soon is looked again at one that has more in force than it may."""


def next_sharing(
    supply: Supply, meter: GridReading | None, claims: Sequence[Claim], left: Left, now: datetime
) -> datetime | None:
    """Return when something changes by itself; None for never."""
    house, places, swapped_at = left
    has_tapped = any(claim.is_at_once for claim in claims)
    ends = [at for load in house for at in _of_load(supply, load, now, has_tapped=has_tapped)]
    ends += [at for place in places for at in _of_place(supply, place, has_tapped=has_tapped)]
    ends += [at for claim in claims for at in _of_claim(claim)]
    if swapped_at is not None:
        ends.append(swapped_at + timedelta(seconds=SWAP_EVERY_S))
    if any(place.asked.now_a > place.ceiling_a for place in places):
        ends.append(now + timedelta(seconds=_SEEN_S))
    if meter is not None:
        ends.append(meter.taken_at + timedelta(seconds=stale_after_s(supply.meter_interval_s) + 0.001))
    return min((at for at in ends if at > now), default=None)


def _of_load(supply: Supply, load: PhaseLoad, now: datetime, *, has_tapped: bool) -> Iterator[datetime]:
    """Yield when a load, or a peak of it, will have lasted for long enough."""
    for since_at in (load.since_at, *(at for at, _ in load.peaks)):
        for wait_s in (supply.hold_off_s, JOIN_AFTER_S, proof_s(supply, load, now, is_at_once=has_tapped)):
            yield since_at + timedelta(seconds=wait_s)


def _of_place(supply: Supply, place: Place, *, has_tapped: bool) -> Iterator[datetime]:
    """Yield when what a charge point waits for, or has, will have lasted for long enough."""
    waits = (
        (place.ceiling.changed_at, supply.hold_off_s),
        (place.ceiling.changed_at, SETTLING_S if has_tapped else supply.hold_off_s),
        (place.asked.changed_at, SETTLING_S),
        (place.turn_at, TURN_S),
        (place.begun_at, TURN_S),
        (place.begun_at, SWAP_EVERY_S),
        (place.begun_at, WAKES_S),
        (place.promised_at, LEAD_S),
        (place.heard_at, STALE_AFTER_S),
    )
    yield from (at + timedelta(seconds=wait_s) for at, wait_s in waits if at is not None)


def _of_claim(claim: Claim) -> Iterator[datetime]:
    """Yield the end of a random delay, and when others come down for it."""
    if claim.rises_at is not None:
        yield from (claim.rises_at - timedelta(seconds=LEAD_S), claim.rises_at)
