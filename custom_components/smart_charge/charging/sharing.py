"""Divide what the supply can carry between the house and the charge points (reg 8, 8.1 to 8.3).

A ceiling falls at once when the house needs the current, and rises only to what the house has
left free for a while (`Supply.hold_off_s`), or, for who asks by hand, for a few readings (`proof`).
Who begins behind a random delay is promised its share, and the others come down for it just before
the delay ends. A supply limit is kept by what is asked for, always:
that a fuse bears an overload for minutes is nowhere made use of.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from .ceiling import Ceiling, SharingCause
from .claims import SETTLING_S, Claim, Supply, is_ignoring
from .grid_meter import STALE_AFTER_S, GridReading, is_fresh
from .house_load import Counted, Facts, Loads, at_worst, counted, loads, spare_a
from .model import MIN_CURRENT_A, PerPhase
from .next_sharing import next_sharing
from .places import WAKES_S, Phases, Place, Request, Trail, has_passed
from .proof import House, has_rested, heard_by, proven_at, room_a
from .shares import fair_shares, stepped
from .turns import SWAP_EVERY_S, TURN_S, Spare, Turns, take_turns

type Standing = tuple[House, Mapping[str, Place]]
"""What the house draws, and where each charge point stands, when everything has been divided."""

LEAST_RISE_A = 1.0
"""A smaller rise is not worth a message to the charge point, unless it is the last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SharingCarry:
    """What one step leaves to the next. Losing it costs one hold-off and nobody's safety."""

    loads: Loads = (None, None, None)
    places: Mapping[str, Place] = field(default_factory=dict)
    swapped_at: datetime | None = None
    counted: Counted | None = None
    shared_at: datetime | None = None


def carried_over(carry: SharingCarry, *, is_house_known: bool, is_meter_new: bool) -> SharingCarry:
    """Return what still holds when the premises are described anew: another limit is no news of the house.

    A new meter has as long to speak as after a start, and what charges goes on meanwhile.
    """
    places = {key: place.begun_anew() for key, place in carry.places.items()} if is_meter_new else carry.places
    if is_house_known:
        return replace(carry, places=places)
    return SharingCarry(places=places, swapped_at=carry.swapped_at)


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
    wanting = [c for c in claims if c.phases and set(c.phases) <= {0, 1, 2} and c.wants_a > 0]
    before = {claim.key: _found(claim, carry.places.get(claim.key), carry.shared_at, now) for claim in wanting}
    obedient = [
        claim
        for claim in wanting
        if not is_ignoring(claim, before[claim.key], now) and not _is_new(before[claim.key], meter, supply, now)
    ]
    heard = counted(supply, meter, obedient, carry.counted, now)
    facts = Facts(supply=supply, heard=heard, claims=obedient, places=before, loads=carry.loads, counted=carry.counted)
    house = loads(facts, now)
    spare = Spare(
        most_a=spare_a(supply, house, 0.0),
        aim_a=spare_a(supply, house, supply.margin_a),
        join_a=spare_a(supply, [at_worst(load, now) for load in house], supply.margin_a),
    )
    requests = [_request(claim, before[claim.key], now, is_alone=len(wanting) == 1) for claim in obedient]
    turns = take_turns(requests, spare, carry.swapped_at, now)
    places = _left_behind(carry.places, before, now, supply.hold_off_s)
    places |= _fallen(turns, spare, now, supply.hold_off_s)
    for claim in wanting:
        if claim not in obedient:
            places[claim.key] = _held(before[claim.key], spare.most_a, now, supply.hold_off_s)
    is_blind = heard is not None and heard.meter.is_interrupted
    if not is_blind:
        _rise(supply, turns.served, (house, spare.aim_a), places, now)
    promised = fair_shares(turns.served, spare.aim_a)
    for request in requests:
        places[request.key] = _promised(request, places[request.key], promised, places.values(), now)
    ceilings = {claim.key: _ceiling(supply, claim, (house, places), turns, now) for claim in wanting}
    return Sharing(
        ceilings={c.key: _not_above(ceilings[c.key], c.in_force_a) if is_blind else ceilings[c.key] for c in wanting},
        house_a=_per_phase([load.house_a for load in house]),
        carry=SharingCarry(loads=house, places=places, swapped_at=turns.swapped_at, counted=heard, shared_at=now),
        review_at=next_sharing(supply, meter, claims, (house, places.values(), turns.swapped_at), now),
    )


def _found(claim: Claim, place: Place | None, shared_at: datetime | None, now: datetime) -> Place:
    """Return where a charge point stands, with what it is asked for now, and has been since the last sharing."""
    in_force_a = claim.in_force_a if claim.in_force_a >= MIN_CURRENT_A else 0.0
    if place is None:
        begun = Trail(now_a=in_force_a, highest_a=in_force_a, lowest_a=in_force_a)
        is_held = claim.rises_at is not None and claim.rises_at > now  # since before a restart
        place = Place(
            phases=claim.phases,
            ceiling=begun,
            asked=begun,
            turn_at=now if is_held else None,
            promised_a=MIN_CURRENT_A if is_held else 0.0,
        )
    asked_at = now if shared_at is None or shared_at > now else shared_at
    asked = place.asked.changed(in_force_a, asked_at, SETTLING_S)
    heard_at = place.heard_at or (None if claim.taken_at is None else now)
    word = place.word.followed_by(claim.taken_at, claim.told_a)
    return replace(place, phases=claim.phases, asked=asked, word=word, heard_at=heard_at)


def _is_new(place: Place, meter: GridReading | None, supply: Supply, now: datetime) -> bool:
    """Whether it is too early to take from a charge point what it had when we started.

    It has not spoken yet, and cannot be told anything. Or it has, and the meter has had no time to do so.
    """
    if place.heard_at is None:
        return True
    is_meter_due = supply.has_meter and not is_fresh(meter, now, supply.meter_interval_s)
    has_any = place.ceiling_a > 0 and place.ceiling.changed_at is None
    return is_meter_due and has_any and not has_passed(place.heard_at, STALE_AFTER_S, now)


def _left_behind(
    places: Mapping[str, Place], wanting: Mapping[str, Place], now: datetime, keep_s: float
) -> dict[str, Place]:
    """Keep what a charge point had that has left, until it has surely come down."""
    left = {key: place.allowed(0.0, now, keep_s) for key, place in places.items() if key not in wanting}
    return {
        key: Place(phases=place.phases, ceiling=place.ceiling, asked=place.asked)
        for key, place in left.items()
        if not place.ceiling.has_rested(now, keep_s)
    }


def _request(claim: Claim, place: Place, now: datetime, *, is_alone: bool) -> Request:
    """Ask for the floor alone where a vehicle that had time to wake leaves what others could use."""
    is_waking = claim.in_force_a > 0 and not has_passed(place.begun_at, WAKES_S, now)
    is_taking = claim.is_taking or is_waking
    return Request(
        key=claim.key,
        wish_a=claim.wants_a if is_taking or is_alone else MIN_CURRENT_A,
        place=place,
        is_taking=is_taking,
        in_force_a=claim.in_force_a,
        rises_at=claim.rises_at,
        is_by_hand=claim.is_by_hand,
        is_at_once=claim.is_at_once,
    )


def _promised(
    request: Request, place: Place, shares: Mapping[str, float], places: Iterable[Place], now: datetime
) -> Place:
    """Let a charge point wait behind a random delay for what it has not got just now.

    Who is to take another's place gets it when its delay ends; who joins others will have its share of theirs;
    and who waits already goes on waiting while the house takes the current for a moment.
    """
    if place.relieves is not None:
        return place.promised(MIN_CURRENT_A, now)
    if request.key in shares and not request.is_under_way and _takes_from_others(place, places):
        return place.promised(stepped(shares[request.key], request.wish_a), now)
    if request.is_held(now) and place.turn_at is not None:
        return place.promised(min(place.promised_a, request.wish_a), now)
    return place.promised(0.0, now)


def _takes_from_others(place: Place, places: Iterable[Place]) -> bool:
    return any(other is not place and other.ceiling_a > 0 and set(other.phases) & set(place.phases) for other in places)


def _held(place: Place, most_a: Phases, now: datetime, settling_s: float) -> Place:
    """Leave a charge point that does not listen, or not yet, what it was allowed, unless a phase is overloaded."""
    is_overloaded = any(most_a[phase] < 0 for phase in place.phases)
    return place.allowed(0.0 if is_overloaded else place.ceiling_a, now, settling_s)


def _fallen(turns: Turns, spare: Spare, now: datetime, settling_s: float) -> dict[str, Place]:
    """Bring down at once every ceiling that is too high, and then below the margin as well.

    Who is still coming gets no more than the others leave.
    """
    coming = {one.key for one in turns.served if not one.is_under_way and not one.is_about_to_rise(now)}
    charging = [request for request in turns.served if request.key not in coming]
    most, aim = fair_shares(charging, spare.most_a), fair_shares(charging, spare.aim_a)
    places = dict(turns.places)
    for request in sorted(turns.served, key=lambda one: one.key in coming):
        place = places[request.key]
        most_a, aim_a = most.get(request.key), aim.get(request.key)
        if most_a is None or aim_a is None:
            others = [places[one.key] for one in turns.served if one is not request]
            most_a, aim_a = _beside(place, others, spare.most_a), _beside(place, others, spare.aim_a)
        if place.ceiling_a > most_a:
            ceiling_a = stepped(min(most_a, aim_a), request.wish_a)
            places[request.key] = place.allowed(ceiling_a, now, settling_s)
    served = {request.key for request in turns.served}
    return {key: place if key in served else place.allowed(0.0, now, settling_s) for key, place in places.items()}


def _beside(place: Place, others: Sequence[Place], left_a: Phases) -> float:
    """Return what others leave on every phase."""
    return min(
        left_a[phase] - sum(other.ceiling_a for other in others if phase in other.phases) for phase in place.phases
    )


def _rise(
    supply: Supply,
    served: Sequence[Request],
    given: tuple[House, Phases],
    places: dict[str, Place],
    now: datetime,
) -> None:
    """Let ceilings rise to what has been free for long enough, the lowest first."""
    house, aim_a = given
    aim = fair_shares(served, aim_a)
    for request in sorted(served, key=lambda one: (places[one.key].ceiling_a, one.key)):
        place = places[request.key]
        if not has_rested(supply, house, request, place, now):
            continue
        others = [other for key, other in places.items() if key != request.key]
        ceiling_a = stepped(min(aim[request.key], room_a(supply, house, request, others, now)), request.wish_a)
        is_last = ceiling_a == request.wish_a and ceiling_a > place.ceiling_a
        if is_last or ceiling_a >= place.ceiling_a + LEAST_RISE_A:
            places[request.key] = place.allowed(ceiling_a, now, supply.hold_off_s)


def _ceiling(supply: Supply, claim: Claim, standing: Standing, turns: Turns, now: datetime) -> Ceiling:
    place = standing[1][claim.key]
    cause, until_at = _why_no_more(supply, claim, standing, turns, now)
    return Ceiling(max_a=place.ceiling_a, cause=cause, until_at=until_at, promised_a=place.promised_a)


def _why_no_more(
    supply: Supply, claim: Claim, standing: Standing, turns: Turns, now: datetime
) -> tuple[SharingCause, datetime | None]:
    house, places = standing
    place = places[claim.key]
    request = next((request for request in turns.served if request.key == claim.key), None)
    if place.ceiling_a == 0 and request is not None:
        return SharingCause.WATCHED, proven_at(supply, house, request, places, now)
    if place.ceiling_a == 0 and claim.is_at_once and (due_at := heard_by(supply, house, claim.phases, now)) is not None:
        return SharingCause.WATCHED, due_at
    if request is not None or place.ceiling_a > 0 or not turns.served:
        is_metered = all(house[phase].house_a is not None for phase in claim.phases)
        return SharingCause.SUPPLY if is_metered else SharingCause.METER_LOST, None
    return SharingCause.TURN, claim.rises_at or _next_turn_at(turns, now, is_by_hand=claim.is_by_hand)


def _not_above(ceiling: Ceiling, in_force_a: float) -> Ceiling:
    """Let nothing rise, though what was waited for may still be waited for."""
    return ceiling if ceiling.max_a <= in_force_a else replace(ceiling, max_a=in_force_a)


def _next_turn_at(turns: Turns, now: datetime, *, is_by_hand: bool) -> datetime | None:
    """Return when somebody else's turn can begin at the earliest; None if that is not known, or now.

    Who was told to charge now waits for nobody's turn to end, but for that of another who was.
    """
    ends = [
        one.place.begun_at + timedelta(seconds=0 if is_by_hand and not one.is_by_hand else TURN_S)
        for one in turns.served
        if one.place.begun_at is not None
    ]
    if not ends:
        return None
    again_at = now if turns.swapped_at is None else turns.swapped_at + timedelta(seconds=SWAP_EVERY_S)
    next_at = max(min(ends), again_at)
    return next_at if next_at > now else None


def _per_phase(values: Sequence[float | None]) -> PerPhase:
    return values[0], values[1], values[2]
