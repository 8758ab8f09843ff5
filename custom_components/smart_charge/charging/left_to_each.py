"""What each charge point may take of a supply that nobody watches any more (reg 7 and 8, 7.1, 8.1)."""

from collections.abc import Mapping
import math

from .claims import Supply
from .model import MIN_CURRENT_A


def left_to_each(supply: Supply, wired: Mapping[str, tuple[int, ...]]) -> dict[str, float]:
    """Return what is left to each charge point: at least 6 A, or 0 where that is too much for all at once.

    ``wired`` names all there are, in the order in which they are served, with the supply's phases behind their own.
    All together take no more than the owner allows without a meter, and where he has left that as it was, each
    is left 6 A while together they stay within half of the limit. One of them can always charge.
    """
    is_unsaid = supply.without_meter_a == MIN_CURRENT_A
    budget = [_budget_a(supply, phase, is_unsaid=is_unsaid) for phase in range(3)]
    users = [0, 0, 0]
    served = []
    for key, phases in wired.items():
        if phases and all((users[phase] + 1) * MIN_CURRENT_A <= budget[phase] for phase in phases):
            served.append(key)
            for phase in phases:
                users[phase] += 1
    if is_unsaid:
        return {key: MIN_CURRENT_A if key in served else 0.0 for key in wired}
    return {
        key: float(min(math.floor(budget[phase] / users[phase]) for phase in phases)) if key in served else 0.0
        for key, phases in wired.items()
    }


def needed_without_meter_a(wired: Mapping[str, tuple[int, ...]]) -> float:
    """Return what must be allowed without a meter for all of them to charge at once."""
    return max(sum(phase in phases for phases in wired.values()) for phase in range(3)) * MIN_CURRENT_A


def _budget_a(supply: Supply, phase: int, *, is_unsaid: bool) -> float:
    limit_a = supply.limit_a[phase]
    if limit_a is None:
        return 0.0
    allowed_a = limit_a / 2 if is_unsaid else supply.without_meter_a
    return min(max(allowed_a, MIN_CURRENT_A), limit_a)
