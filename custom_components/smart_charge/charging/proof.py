"""What a supply has had free for long enough to be given out, and when it will have been (reg 8, 10.6).

Whoever begins by a rule waits a minute, so that a busy house does not have it begin again and again. Who was told
by hand to charge now waits for a few readings of the meter: the fuse needs no more, because a ceiling falls at once
when the house wants the current back. So does everyone after a start, of all that has been seen since then: the minute
goes on while the random delay runs.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from .claims import SETTLING_S, Supply
from .grid_meter import STALE_AFTER_S, PhaseLoad, peak_a
from .model import MIN_CURRENT_A
from .places import Place, Request

PROVEN_READINGS = 3
"""A working meter has spoken so often, …"""

PROVEN_S = 5.0
"""… and for at least so long."""

type House = tuple[PhaseLoad, PhaseLoad, PhaseLoad]


def proof_s(supply: Supply, load: PhaseLoad, now: datetime, *, is_at_once: bool) -> float:
    """Return for how long current must have been free on a phase before it is given out."""
    if is_at_once:
        return _shortest_s(supply, load)
    if not load.is_first:
        return supply.hold_off_s
    return min(supply.hold_off_s, max(_shortest_s(supply, load), load.known_s(now)))


def _shortest_s(supply: Supply, load: PhaseLoad) -> float:
    if load.house_a is None:  # the meter may still come; where there is none nothing is proven by waiting
        return min(supply.hold_off_s, STALE_AFTER_S) if supply.has_meter else 0.0
    by_readings_s = STALE_AFTER_S if supply.meter_interval_s is None else PROVEN_READINGS * supply.meter_interval_s
    return min(supply.hold_off_s, max(PROVEN_S, by_readings_s))


def has_rested(supply: Supply, house: House, request: Request, place: Place, now: datetime) -> bool:
    """Whether a ceiling has stood for long enough to rise."""
    return all(
        place.ceiling.has_rested(now, proof_s(supply, house[phase], now, is_at_once=request.is_at_once))
        for phase in place.phases
    )


def room_a(supply: Supply, house: House, request: Request, others: Iterable[Place], now: datetime) -> float:
    """Return what all its phases have had free for long enough, beside all that the others may be drawing."""
    others = tuple(others)
    return min(
        _free_a(supply, phase, house[phase], request, now) - _taken_a(phase, others, now)
        for phase in request.place.phases
    )


def _free_a(supply: Supply, phase: int, load: PhaseLoad, request: Request, now: datetime) -> float:
    limit_a = supply.limit_a[phase] or 0.0
    wait_s = proof_s(supply, load, now, is_at_once=request.is_at_once)
    if load.house_a is None:
        has_lasted = (now - load.since_at).total_seconds() >= wait_s
        return min(supply.without_meter_a, limit_a) if has_lasted else 0.0
    most_a = peak_a(load, now, wait_s)
    return 0.0 if most_a is None else limit_a - supply.margin_a - max(most_a, 0.0)


def _taken_a(phase: int, others: Iterable[Place], now: datetime) -> float:
    """Return what others are allowed, or may still be drawing."""
    return sum(
        max(other.ceiling_a, other.asked.at_most_a(now, SETTLING_S)) for other in others if phase in other.phases
    )


def proven_at(
    supply: Supply, house: House, request: Request, places: Mapping[str, Place], now: datetime
) -> datetime | None:
    """Return when 6 A will have been free for long enough if nothing changes; None where that is now."""
    place = places[request.key]
    others = [other for key, other in places.items() if key != request.key]
    ends = [
        since_at + timedelta(seconds=proof_s(supply, house[phase], now, is_at_once=request.is_at_once))
        for phase in place.phases
        for since_at in (_free_since(supply, phase, house[phase], others), place.ceiling.changed_at)
        if since_at is not None and since_at <= now
    ]
    ends_at = max(ends, default=now)
    return ends_at if ends_at > now else None


def _free_since(supply: Supply, phase: int, load: PhaseLoad, others: Iterable[Place]) -> datetime:
    taken_a = sum(other.ceiling_a for other in others if phase in other.phases)
    most_a = (supply.limit_a[phase] or 0.0) - supply.margin_a - taken_a - MIN_CURRENT_A
    return max([load.since_at, *(at for at, peak_a in load.peaks if peak_a > most_a)])


def heard_by(supply: Supply, house: House, phases: Iterable[int], now: datetime) -> datetime | None:
    """Return until when a meter has time to speak, before what it does not tell counts; None where it had it."""
    silent = [house[phase].since_at for phase in phases if house[phase].house_a is None]
    due_at = max(silent, default=now) + timedelta(seconds=STALE_AFTER_S)
    return due_at if silent and supply.has_meter and due_at > now else None
