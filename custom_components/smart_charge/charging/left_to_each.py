"""What each charge point may take of a supply that nobody watches any more (reg 7 and 8, 7.1, 8.1)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
import math

from .claims import Supply
from .hours import WeeklyHours
from .left_turns import Taker, Turn, take_turns_by_the_clock
from .model import MIN_CURRENT_A


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwatched:
    """A charge point as it is without us.

    Attributes:
        phases: the supply's phases behind its own.
        keeps_hours: it holds a schedule and can take turns; others know one current at all times.
        hours: when it charges; None for whenever a vehicle is plugged in.
        delay_max_s: its schedule's edges are moved by as much as this.
    """

    phases: tuple[int, ...]
    keeps_hours: bool = False
    hours: WeeklyHours | None = None
    delay_max_s: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What a charge point may take by itself: at least 6 A or nothing, and in its turn only where it has one."""

    max_a: float
    turn: Turn | None = None


NONE = Left(max_a=0.0)


def left_to_each(supply: Supply, all_there_are: Mapping[str, Unwatched]) -> dict[str, Left]:
    """Return what is left to each charge point, in the order in which they are served.

    All together take no more than the owner allows without a meter, and where he has left that as it was, each
    is left 6 A while together they stay within half of the limit. Those that keep hours share what is theirs by the
    time of day where it is not enough for all at once, so none of them is left with nothing; for the others
    there is what remains at all times. One charge point can always charge.
    """
    is_unsaid = supply.without_meter_a == MIN_CURRENT_A
    budget = [_budget_a(supply, phase, is_unsaid=is_unsaid) for phase in range(3)]
    places = [math.floor(budget_a / MIN_CURRENT_A) for budget_a in budget]
    here = {key: one for key, one in all_there_are.items() if one.phases and min(places[p] for p in one.phases) > 0}
    scheduled = {key: one for key, one in here.items() if one.keeps_hours}
    kept_free = {phase for one in scheduled.values() for phase in one.phases}
    room = [number - (phase in kept_free) for phase, number in enumerate(places)]
    constant = _served({key: one.phases for key, one in here.items() if not one.keeps_hours}, room)
    free = [number - users for number, users in zip(places, _users(constant.values()), strict=True)]
    takers = {key: Taker(phases=o.phases, hours=o.hours, delay_max_s=o.delay_max_s) for key, o in scheduled.items()}
    turns = take_turns_by_the_clock(takers, free)
    wired = constant | {key: one.phases for key, one in scheduled.items()}
    users = _users(wired.values())
    at_once = [min(number, place) for number, place in zip(users, places, strict=True)]
    share = _shares(budget, at_once, is_unsaid=is_unsaid)
    return {
        key: Left(max_a=share(wired[key]), turn=turns.get(key)) if key in wired and _has_time(turns.get(key)) else NONE
        for key in all_there_are
    }


def _has_time(turn: Turn | None) -> bool:
    """Whether there is a second of its hours for it: hours without a window would be none, and open always."""
    return turn is None or bool(turn.windows)


def _served(wired: Mapping[str, tuple[int, ...]], room: Sequence[int]) -> dict[str, tuple[int, ...]]:
    """Return those that have a place at all times, the first of them first."""
    served: dict[str, tuple[int, ...]] = {}
    for key, phases in wired.items():
        users = _users(served.values())
        if all(users[phase] < room[phase] for phase in phases):
            served[key] = phases
    return served


def _users(wired: Iterable[tuple[int, ...]]) -> list[int]:
    phases = [phase for each in wired for phase in each]
    return [phases.count(phase) for phase in range(3)]


def _shares(budget: Sequence[float], at_once: Sequence[int], *, is_unsaid: bool) -> Callable[[tuple[int, ...]], float]:
    """Return what a charge point on some phases may take beside as many others as there can be at once."""
    if is_unsaid:
        return lambda _phases: MIN_CURRENT_A
    return lambda phases: float(min(math.floor(budget[phase] / at_once[phase]) for phase in phases))


def needed_without_meter_a(wired: Mapping[str, tuple[int, ...]]) -> float:
    """Return what must be allowed without a meter for all of them to charge at once."""
    return max(sum(phase in phases for phases in wired.values()) for phase in range(3)) * MIN_CURRENT_A


def _budget_a(supply: Supply, phase: int, *, is_unsaid: bool) -> float:
    limit_a = supply.limit_a[phase]
    if limit_a is None:
        return 0.0
    allowed_a = limit_a / 2 if is_unsaid else supply.without_meter_a
    return min(max(allowed_a, MIN_CURRENT_A), limit_a)
