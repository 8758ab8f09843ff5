"""Who may charge when there is not enough for all.

Nobody can charge with less than 6 A. So where the floor does not fit for all, some wait, and who has
charged longest makes room for who has waited longest, once in 15 minutes at most. A random delay
before each start would make every swap cost minutes of nobody charging: so who makes room
charges on until the other's delay is about to end. Who was told by hand to charge now comes before
those who charge by a rule, and need not wait for their turns to end; then it has a turn like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
import math

from .model import MIN_CURRENT_A
from .places import Phases, Place, Request, has_passed
from .shares import BARELY_A

SWAP_EVERY_S = 900.0
"""A charge point is asked to make room for another no more often than this."""

TURN_S = 1800.0
"""A turn lasts so long, counted from when charging begins. As long as the longest random delay: whose turn
has not led to anything by then makes room as well."""

JOIN_AFTER_S = 120.0
"""Who would take from others by a rule begins only with what has been free for so long (seen in replays: else a
busy house lets it begin, and takes it back, so often that the random delays leave nobody anything)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spare:
    """What each phase has left for charging.

    Attributes:
        most_a: up to the limit: who charges already goes on while it fits in.
        aim_a: less the margin: who takes from nobody begins within it.
        join_a: what has been free for `JOIN_AFTER_S`: who takes from others by a rule begins within it.
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Swap:
    """One that had its time, one that waits for it, and who is served once they have changed places."""

    goes: Request
    comes: Request
    served: Sequence[Request]

    def is_due(self, now: datetime) -> bool:
        """Whether who comes is about to charge, or nobody loses anything by it."""
        if self.comes.is_at_once:
            return True
        if self.comes.place.relieves == self.goes.key and self.comes.is_about_to_rise(now):
            return True
        return not self.goes.is_under_way and not self.goes.is_held(now)


def take_turns(requests: Sequence[Request], spare: Spare, swapped_at: datetime | None, now: datetime) -> Turns:
    """Say who may charge with what the phases have left.

    A turn outlasts an interruption. A vehicle that leaves what it is offered comes last.
    """
    order = sorted(requests, key=_rank)
    served: Sequence[Request] = _fitting(order, spare)
    swap = _under_way(order, served, spare)
    if swap is None and (swapped_at is None or has_passed(swapped_at, SWAP_EVERY_S, now)):
        swap = _begun(order, served, spare, now)
    is_done = swap is not None and swap.is_due(now)
    if swap is not None and is_done:
        served, swapped_at = swap.served, now
    keys = {request.key for request in served}
    places = {one.key: _placed(one, swap, is_served=one.key in keys, is_done=is_done, now=now) for one in requests}
    return Turns(
        served=tuple(replace(request, place=places[request.key]) for request in served),
        places=places,
        swapped_at=swapped_at,
    )


def _rank(request: Request) -> tuple[bool, bool, bool, bool, bool, float, float, str]:
    """Put who charges first, then who was told to charge now, who is served already, and who has waited longest.

    Asked again about the same facts, it must not give another order: they would never agree.
    """
    turn_at, waiting_at = request.place.turn_at, request.place.waiting_at
    return (
        not request.is_taking,
        not request.is_under_way,
        not request.is_at_once,
        turn_at is None,
        turn_at is not None and waiting_at is not None,
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
        begin_a = spare.join_a if takes_from_others and not request.is_at_once else spare.aim_a
        left_a = spare.most_a if request.place.ceiling_a > 0 else begin_a
        fits = all(left_a[phase] - taken[phase] >= MIN_CURRENT_A - BARELY_A for phase in request.place.phases)
        if fits:
            served.append(request)
            for phase in request.place.phases:
                taken[phase] += MIN_CURRENT_A
    return served


def _under_way(order: Sequence[Request], served: Sequence[Request], spare: Spare) -> Swap | None:
    """Return the swap that has been begun, if it can still be made."""
    for comes in _waiting(order, served):
        goes = next((one for one in served if one.key == comes.place.relieves), None)
        if goes is not None:
            return _swapped(goes, comes, served, spare)
    return None


def _begun(order: Sequence[Request], served: Sequence[Request], spare: Spare, now: datetime) -> Swap | None:
    """Let the first who waits take the place of one that had its time, the longest served if possible."""
    for comes in _waiting(order, served):
        for goes in reversed(served):
            if not _makes_room(goes, comes, now):
                continue
            swap = _swapped(goes, comes, served, spare)
            if swap is not None:
                return swap
    return None


def _swapped(goes: Request, comes: Request, served: Sequence[Request], spare: Spare) -> Swap | None:
    stay = [one for one in served if one is not goes]
    swapped = _fitting([*stay, comes], spare)
    return Swap(goes=goes, comes=comes, served=swapped) if len(swapped) == len(served) else None


def _waiting(order: Sequence[Request], served: Sequence[Request]) -> list[Request]:
    keys = {request.key for request in served}
    return sorted((one for one in order if one.key not in keys and one.is_taking), key=_waited)


def _makes_room(goes: Request, comes: Request, now: datetime) -> bool:
    return (comes.is_by_hand and not goes.is_by_hand) or _had_its_time(goes, now)


def _waited(request: Request) -> tuple[bool, float, str]:
    waiting_at = request.place.waiting_at
    return (not request.is_by_hand, math.inf if waiting_at is None else waiting_at.timestamp(), request.key)


def _had_its_time(request: Request, now: datetime) -> bool:
    place = request.place
    if place.begun_at is None:
        return has_passed(place.turn_at, TURN_S, now)
    return has_passed(place.begun_at, TURN_S if request.is_under_way else SWAP_EVERY_S, now)


def _placed(request: Request, swap: Swap | None, *, is_served: bool, is_done: bool, now: datetime) -> Place:
    place = replace(request.place, relieves=None)
    if is_served and swap is not None and is_done and request is swap.comes:
        return replace(place, turn_at=now, begun_at=None, waiting_at=None)
    if is_served:
        begun_at = place.begun_at or (now if request.is_under_way else None)
        return replace(place, turn_at=place.turn_at or now, begun_at=begun_at, waiting_at=None)
    place = replace(place, waiting_at=place.waiting_at or now)
    if swap is not None and is_done and request is swap.goes:
        return replace(place, turn_at=None, begun_at=None)
    if swap is not None and not is_done and request is swap.comes:
        return replace(place, relieves=swap.goes.key)
    return place
