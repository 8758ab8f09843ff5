"""Who may charge when there is not enough for all, and how much each of them may take.

Nobody can charge with less than 6 A. So where the floor does not fit for all, some wait and the
longest served makes room for the longest waiting, once in 15 minutes at most.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
import math

from .model import MIN_CURRENT_A

SWAP_EVERY_S = 900.0
"""A charge point is asked to make room for another no more often than this."""

LEAST_RISE_A = 1.0
"""A smaller rise is not worth a message to the charge point, unless it is the last."""

JOIN_AFTER_S = 300.0
"""Who would take from others begins only with what has been free for so long (seen in replays: else a
busy house lets it begin, and takes it back, so often that the random delays leave nobody anything)."""

_STEPS_PER_A = 10
_BARELY_A = 1e-6

type Phases = tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one charge point stands: its ceiling, its turn, and what it may still be drawing.

    Attributes:
        ceiling_a: 0, or at least 6.
        highest_a: the highest ceiling of the last while; until it has come down it may draw that.
        changed_at: when the ceiling last changed.
        turn_at: since when it is its turn, even if there is nothing to have for the moment.
        waiting_at: since when it has been left out.
        phases: the supply's phases behind its own.
    """

    phases: tuple[int, ...]
    ceiling_a: float = 0.0
    highest_a: float = 0.0
    changed_at: datetime | None = None
    turn_at: datetime | None = None
    waiting_at: datetime | None = None

    def has_rested(self, now: datetime, for_s: float) -> bool:
        """Whether the ceiling has not changed for so long; a clock set back counts as rested."""
        if self.changed_at is None:
            return True
        return not 0 <= (now - self.changed_at).total_seconds() < for_s

    def may_draw_a(self, now: datetime, settling_s: float) -> float:
        """Return the most it can be drawing if it does as it is told."""
        return self.ceiling_a if self.has_rested(now, settling_s) else max(self.ceiling_a, self.highest_a)

    def changed(self, ceiling_a: float, now: datetime, settling_s: float) -> Place:
        """Return the place with a ceiling of its own step, or as it was if that is none."""
        if ceiling_a == self.ceiling_a:
            return self
        highest_a = max(self.may_draw_a(now, settling_s), ceiling_a)
        return replace(self, ceiling_a=ceiling_a, highest_a=highest_a, changed_at=now)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A charge point that wants current: at most ``wish_a`` on each of ``phases``, and at least 6 A or nothing."""

    key: str
    wish_a: float
    place: Place
    is_taking: bool = True
    in_force_a: float = 0.0

    @property
    def is_under_way(self) -> bool:
        """Whether it may and does charge, rather than wait for a random delay to do so."""
        return self.place.ceiling_a > 0 and self.in_force_a > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Spare:
    """What each phase has left for charging.

    Attributes:
        most_a: up to the limit: who charges already goes on while it fits in.
        aim_a: less the margin: who takes from nobody begins within it.
        join_a: what has been free for `JOIN_AFTER_S`: who takes from others begins within it.
    """

    most_a: Phases
    aim_a: Phases
    join_a: Phases


@dataclass(frozen=True, kw_only=True, slots=True)
class Turns:
    """Who is served, everybody's place, and when one last made room for another."""

    served: tuple[Request, ...]
    places: Mapping[str, Place]
    swapped_at: datetime | None


def stepped(value_a: float, wish_a: float) -> float:
    """Round down to a tenth of an ampere, but not below what is wished for; under 6 A it is 0."""
    if value_a >= wish_a - _BARELY_A:
        return wish_a
    rounded_a = math.floor(value_a * _STEPS_PER_A + _BARELY_A) / _STEPS_PER_A
    return rounded_a if rounded_a >= MIN_CURRENT_A else 0.0


def fair_shares(served: Sequence[Request], spare_a: Phases) -> dict[str, float]:
    """Divide what is spare so that nobody gets more while somebody with less could have it.

    Each gets 6 A first, fit or not; the rest rises together on all until a wish is met or a phase is full.
    """
    shares = {request.key: MIN_CURRENT_A for request in served}
    left = list(spare_a)
    for request in served:
        for phase in request.place.phases:
            left[phase] -= MIN_CURRENT_A
    rising = [request for request in served if request.wish_a > MIN_CURRENT_A and _least(left, request) > _BARELY_A]
    while rising:
        users = [sum(phase in request.place.phases for request in rising) for phase in range(3)]
        step_a = min(request.wish_a - shares[request.key] for request in rising)
        step_a = min([step_a, *(left[phase] / users[phase] for phase in range(3) if users[phase])])
        for request in rising:
            shares[request.key] += step_a
        left = [left[phase] - step_a * users[phase] for phase in range(3)]
        rising = [
            request
            for request in rising
            if request.wish_a - shares[request.key] > _BARELY_A and _least(left, request) > _BARELY_A
        ]
    return shares


def _least(left: Sequence[float], request: Request) -> float:
    return min(left[phase] for phase in request.place.phases)


def take_turns(requests: Sequence[Request], spare: Spare, swapped_at: datetime | None, now: datetime) -> Turns:
    """Say who may charge with what the phases have left.

    A turn outlasts an interruption. A vehicle that leaves what it is offered comes last.
    """
    order = sorted(requests, key=_rank)
    served = _fitting(order, spare)
    leaves = None
    if swapped_at is None or not 0 <= (now - swapped_at).total_seconds() < SWAP_EVERY_S:
        leaves, served = _swap(order, served, spare, now)
        swapped_at = swapped_at if leaves is None else now
    keys = {request.key for request in served}
    places = {one.key: _placed(one.place, is_served=one.key in keys, leaves=one is leaves, now=now) for one in requests}
    return Turns(
        served=tuple(replace(request, place=places[request.key]) for request in served),
        places=places,
        swapped_at=swapped_at,
    )


def _rank(request: Request) -> tuple[bool, bool, bool, float, float, str]:
    """Put who charges first, then whose turn began last, then who has waited longest."""
    turn_at, waiting_at = request.place.turn_at, request.place.waiting_at
    return (
        not request.is_taking,
        not request.is_under_way,
        turn_at is None,
        0.0 if turn_at is None else -turn_at.timestamp(),
        math.inf if waiting_at is None else waiting_at.timestamp(),
        request.key,
    )


def _fitting(order: Sequence[Request], spare: Spare) -> list[Request]:
    """Take them in order as long as 6 A fit on each of their phases."""
    taken = [0.0, 0.0, 0.0]
    served = []
    for request in order:
        takes_from_others = any(taken[phase] for phase in request.place.phases)
        begin_a = spare.join_a if takes_from_others else spare.aim_a
        left_a = spare.most_a if request.place.ceiling_a > 0 else begin_a
        fits = all(left_a[phase] - taken[phase] >= MIN_CURRENT_A - _BARELY_A for phase in request.place.phases)
        if fits:
            served.append(request)
            for phase in request.place.phases:
                taken[phase] += MIN_CURRENT_A
    return served


def _swap(
    order: Sequence[Request], served: list[Request], spare: Spare, now: datetime
) -> tuple[Request | None, list[Request]]:
    """Let the first who waits take the place of one that had its time, the longest served if possible.

    Returns who makes room, or None, and who is then served.
    """
    keys = {request.key for request in served}
    waiting = sorted((one for one in order if one.key not in keys and one.is_taking), key=_waited)
    had_its_time = [one for one in reversed(served) if _had_its_time(one.place, now)]
    for comes in waiting:
        for goes in had_its_time:
            stay = [one for one in served if one is not goes]
            swapped = _fitting([*stay, comes], spare)
            if len(swapped) == len(served):
                return goes, swapped
    return None, served


def _waited(request: Request) -> tuple[float, str]:
    waiting_at = request.place.waiting_at
    return (math.inf if waiting_at is None else waiting_at.timestamp(), request.key)


def _had_its_time(place: Place, now: datetime) -> bool:
    return place.turn_at is not None and not 0 <= (now - place.turn_at).total_seconds() < SWAP_EVERY_S


def _placed(place: Place, *, is_served: bool, leaves: bool, now: datetime) -> Place:
    if is_served:
        return replace(place, turn_at=place.turn_at or now, waiting_at=None)
    return replace(place, turn_at=None if leaves else place.turn_at, waiting_at=place.waiting_at or now)
