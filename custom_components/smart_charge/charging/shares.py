"""How much each may take of what there is: fair, in tenths of an ampere, and never between 0 and 6 A."""

from collections.abc import Sequence
import math

from .model import MIN_CURRENT_A
from .places import Phases, Request

BARELY_A = 1e-6

_STEPS_PER_A = 10


def stepped(value_a: float, wish_a: float) -> float:
    """Round down to a tenth of an ampere, but not below what is wished for; under 6 A it is 0."""
    if value_a >= wish_a - BARELY_A:
        return wish_a
    rounded_a = math.floor((value_a + 2 * BARELY_A) * _STEPS_PER_A) / _STEPS_PER_A  # what barely fits is not nothing
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
    rising = [request for request in served if request.wish_a > MIN_CURRENT_A and _least(left, request) > BARELY_A]
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
            if request.wish_a - shares[request.key] > BARELY_A and _least(left, request) > BARELY_A
        ]
    return shares


def _least(left: Sequence[float], request: Request) -> float:
    return min(left[phase] for phase in request.place.phases)
