"""Divide what the supply can carry between the house and the charge points (reg 8, 8.1 to 8.3).

A ceiling falls at once when the house needs the current, and rises only to what the house has
left free for a while (`Supply.hold_off_s`). A supply limit is kept by what is asked for, always:
that a fuse bears an overload for minutes is nowhere made use of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
import math

from .ceiling import Ceiling, SharingCause
from .claims import Claim, Supply, drawn_between, is_ignoring
from .grid_meter import GridReading, PhaseLoad, house_a, is_fresh, peak_a, remembered, stale_after_s
from .model import MIN_CURRENT_A, PerPhase
from .turns import (
    JOIN_AFTER_S,
    LEAST_RISE_A,
    SWAP_EVERY_S,
    Phases,
    Place,
    Request,
    Spare,
    Turns,
    fair_shares,
    stepped,
    take_turns,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SharingCarry:
    """What one step leaves to the next. Losing it costs one hold-off and nobody's safety."""

    loads: tuple[PhaseLoad | None, PhaseLoad | None, PhaseLoad | None] = (None, None, None)
    places: Mapping[str, Place] = field(default_factory=dict)
    swapped_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Sharing:
    """What every charge point that wants current may take.

    Attributes:
        ceilings: by `Claim.key`; a charge point that wants nothing has none.
        house_a: what the house draws per phase; None where nobody knows.
        review_at: when to share again although no fact changed.
    """

    ceilings: Mapping[str, Ceiling]
    house_a: PerPhase
    carry: SharingCarry
    review_at: datetime | None


def share(
    supply: Supply, meter: GridReading | None, claims: Sequence[Claim], carry: SharingCarry, now: datetime
) -> Sharing:
    """Say what each charge point may take now. Same facts, same answer; it never raises.

    To be called whenever the meter or a charge point has spoken, and at ``review_at``.
    """
    claims = [claim for claim in claims if claim.phases and set(claim.phases) <= {0, 1, 2}]
    wanting = [claim for claim in claims if claim.wants_a > 0]
    obedient = [claim for claim in wanting if not is_ignoring(claim, carry.places.get(claim.key), now)]
    loads = _loads(supply, meter, obedient, carry, now)
    spare = Spare(
        most_a=_spare(supply, loads, 0.0),
        aim_a=_spare(supply, loads, supply.margin_a),
        join_a=_spare(supply, [_at_worst(load, now) for load in loads], supply.margin_a),
    )
    before: dict[str, Place] = _left_behind(carry.places, {claim.key for claim in wanting}, now, supply.hold_off_s)
    requests = [_request(claim, carry.places, is_alone=len(wanting) == 1) for claim in obedient]
    turns = take_turns(requests, spare, carry.swapped_at, now)
    places = before | _fallen(turns, spare.most_a, spare.aim_a, now, supply.hold_off_s)
    for claim in wanting:
        if claim not in obedient:
            places[claim.key] = _held(carry.places[claim.key], spare.most_a, now, supply.hold_off_s)
    _rise(supply, turns.served, (loads, spare.aim_a), places, now)
    served = {request.key for request in turns.served}
    left = SharingCarry(loads=loads, places=places, swapped_at=turns.swapped_at)
    return Sharing(
        ceilings={claim.key: _ceiling(claim, places[claim.key], loads, served, turns.swapped_at) for claim in wanting},
        house_a=_per_phase([load.house_a for load in loads]),
        carry=left,
        review_at=_review_at(supply, meter, left, now),
    )


def _loads(
    supply: Supply, meter: GridReading | None, claims: Sequence[Claim], carry: SharingCarry, now: datetime
) -> tuple[PhaseLoad, PhaseLoad, PhaseLoad]:
    """Take the charge points' own draw from the meter's word, phase by phase."""
    phases = []
    for phase, load in enumerate(carry.loads):
        meter_a = None
        if meter is not None and is_fresh(meter, now, supply.meter_interval_s):
            meter_a = meter.current_a[phase]
        now_a = None
        if meter is not None and meter_a is not None and math.isfinite(meter_a):
            bounds = [
                drawn_between(claim, own, carry.places.get(claim.key), meter.taken_at, now)
                for claim in claims
                for own, wired in enumerate(claim.phases)
                if wired == phase
            ]
            now_a = house_a(meter_a, bounds, None if load is None else load.house_a)
        phases.append(remembered(load, now, now_a, max(supply.hold_off_s, JOIN_AFTER_S)))
    return phases[0], phases[1], phases[2]


def _spare(supply: Supply, loads: Iterable[PhaseLoad], margin_a: float) -> Phases:
    """Return what each phase has left for charging. Export is not counted on: the sun may go in a second."""
    spare = []
    for limit_a, load in zip(supply.limit_a, loads, strict=True):
        if limit_a is None or not limit_a > 0:
            spare.append(0.0)
        elif load.house_a is None:
            spare.append(min(supply.without_meter_a, limit_a))
        else:
            spare.append(limit_a - max(load.house_a, 0.0) - margin_a)
    return spare[0], spare[1], spare[2]


def _at_worst(load: PhaseLoad, now: datetime) -> PhaseLoad:
    """Return the load as it has been at its highest; infinite while the house is not known for long enough."""
    if load.house_a is None:
        return load
    most_a = peak_a(load, now, JOIN_AFTER_S)
    return replace(load, house_a=math.inf if most_a is None else most_a)


def _left_behind(places: Mapping[str, Place], wanting: set[str], now: datetime, keep_s: float) -> dict[str, Place]:
    """Keep what a charge point had that has left, until it has surely come down."""
    left = {key: place.changed(0.0, now, keep_s) for key, place in places.items() if key not in wanting}
    return {
        key: replace(place, turn_at=None, waiting_at=None)
        for key, place in left.items()
        if not place.has_rested(now, keep_s)
    }


def _request(claim: Claim, places: Mapping[str, Place], *, is_alone: bool) -> Request:
    """Ask for the floor alone where a vehicle leaves what it is offered and others could use it."""
    begun = Place(phases=claim.phases, ceiling_a=claim.in_force_a if claim.in_force_a >= MIN_CURRENT_A else 0.0)
    place = replace(places.get(claim.key, begun), phases=claim.phases)
    wish_a = claim.wants_a if claim.is_taking or is_alone else MIN_CURRENT_A
    return Request(key=claim.key, wish_a=wish_a, place=place, is_taking=claim.is_taking, in_force_a=claim.in_force_a)


def _held(place: Place, most_a: Phases, now: datetime, settling_s: float) -> Place:
    """Leave a charge point that does not listen what it was allowed, unless a phase is overloaded."""
    is_overloaded = any(most_a[phase] < 0 for phase in place.phases)
    return place.changed(0.0 if is_overloaded else place.ceiling_a, now, settling_s)


def _fallen(turns: Turns, most_a: Phases, aim_a: Phases, now: datetime, settling_s: float) -> dict[str, Place]:
    """Bring down at once every ceiling that is too high, and then below the margin as well."""
    most, aim = fair_shares(turns.served, most_a), fair_shares(turns.served, aim_a)
    wishes = {request.key: request.wish_a for request in turns.served}
    fallen = {}
    for key, place in turns.places.items():
        is_too_high = place.ceiling_a > most.get(key, 0.0)
        ceiling_a = stepped(min(most[key], aim[key]), wishes[key]) if key in wishes else 0.0
        fallen[key] = place.changed(ceiling_a, now, settling_s) if is_too_high else place
    return fallen


def _rise(
    supply: Supply,
    served: Sequence[Request],
    given: tuple[tuple[PhaseLoad, PhaseLoad, PhaseLoad], Phases],
    places: dict[str, Place],
    now: datetime,
) -> None:
    """Let ceilings rise to what has been free for the hold-off, the lowest first."""
    loads, aim_a = given
    aim = fair_shares(served, aim_a)
    for request in sorted(served, key=lambda one: (places[one.key].ceiling_a, one.key)):
        place = places[request.key]
        if not place.has_rested(now, supply.hold_off_s):
            continue
        others = [other for key, other in places.items() if key != request.key]
        room_a = min(_room(supply, phase, loads[phase], others, now) for phase in request.place.phases)
        ceiling_a = stepped(min(aim[request.key], room_a), request.wish_a)
        is_last = ceiling_a == request.wish_a and ceiling_a > place.ceiling_a
        if is_last or ceiling_a >= place.ceiling_a + LEAST_RISE_A:
            places[request.key] = place.changed(ceiling_a, now, supply.hold_off_s)


def _room(supply: Supply, phase: int, load: PhaseLoad, others: Iterable[Place], now: datetime) -> float:
    """Return what one phase has had free for the hold-off, beside all that the others may be drawing."""
    limit_a = supply.limit_a[phase] or 0.0
    taken_a = sum(other.may_draw_a(now, supply.hold_off_s) for other in others if phase in other.phases)
    if load.house_a is None:
        has_lasted = (now - load.since_at).total_seconds() >= supply.hold_off_s
        return min(supply.without_meter_a, limit_a) - taken_a if has_lasted else 0.0
    most_a = peak_a(load, now, supply.hold_off_s)
    return 0.0 if most_a is None else limit_a - supply.margin_a - max(most_a, 0.0) - taken_a


def _ceiling(
    claim: Claim, place: Place, loads: Sequence[PhaseLoad], served: set[str], swapped_at: datetime | None
) -> Ceiling:
    is_metered = all(loads[phase].house_a is not None for phase in claim.phases)
    if claim.key in served or place.ceiling_a > 0 or not served:
        cause = SharingCause.SUPPLY if is_metered else SharingCause.METER_LOST
        return Ceiling(max_a=place.ceiling_a, cause=cause)
    until_at = None if swapped_at is None else swapped_at + timedelta(seconds=SWAP_EVERY_S)
    return Ceiling(max_a=place.ceiling_a, cause=SharingCause.TURN, until_at=until_at)


def _per_phase(values: Sequence[float | None]) -> PerPhase:
    return values[0], values[1], values[2]


def _review_at(supply: Supply, meter: GridReading | None, carry: SharingCarry, now: datetime) -> datetime | None:
    """Return when something changes by itself: the meter goes stale, a hold-off or a turn ends."""
    hold_off, turn = timedelta(seconds=supply.hold_off_s), timedelta(seconds=SWAP_EVERY_S)
    join = timedelta(seconds=JOIN_AFTER_S)
    ends = [carry.swapped_at + turn] if carry.swapped_at is not None else []
    for load in filter(None, carry.loads):
        instants = (load.since_at, *(at for at, _ in load.peaks))
        ends += [at + wait for at in instants for wait in (hold_off, join)]
    for place in carry.places.values():
        ends += [at + wait for at, wait in ((place.changed_at, hold_off), (place.turn_at, turn)) if at is not None]
    if meter is not None:
        ends.append(meter.taken_at + timedelta(seconds=stale_after_s(supply.meter_interval_s) + 0.001))
    return min((at for at in ends if at > now), default=None)
