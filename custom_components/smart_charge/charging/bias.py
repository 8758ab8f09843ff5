"""Whether a meter is off in one direction, told from its last sessions (reg 9, requirement 9.6).

Wilcoxon's signed-rank test, exact, one side at a time, of the sessions' signed errors against what is still
tolerable: it asks for no particular distribution, one wild session cannot sway it, and a meter that is off by
less than is relevant is never reported however sure that is.
"""

from collections.abc import Sequence

SESSIONS = 20
"""So many sessions are looked at, the last ones."""

LEAST_SESSIONS = 10
"""Fewer cannot reach the level: ten errors on one side have a chance of 1 in 1024."""

TOLERABLE = 0.02
"""An error that is nobody's concern: what a class A meter may be off by (EN 50470-3, MID annex V)."""

LEVEL = 0.001
"""The chance of a false warning each time, for a meter that is off by just what is tolerable."""


def bias_of(errors: Sequence[float]) -> float | None:
    """Return by how much the meter is off, as the middle of the last errors; None while that is not proven."""
    recent = list(errors)[-SESSIONS:]
    if len(recent) < LEAST_SESSIONS:
        return None
    is_high = chance_of([error - TOLERABLE for error in recent]) <= LEVEL
    is_low = chance_of([-error - TOLERABLE for error in recent]) <= LEVEL
    return sorted(recent)[len(recent) // 2] if is_high or is_low else None


def chance_of(differences: Sequence[float]) -> float:
    """Return how likely differences this far above 0 are, if they lie around 0 by chance (signed ranks, exact)."""
    known = sorted((value for value in differences if value != 0), key=abs)
    ranks = _ranks([abs(value) for value in known])
    seen = sum(rank for rank, value in zip(ranks, known, strict=True) if value > 0)
    ways = [1] + [0] * sum(ranks)
    for rank in ranks:
        for total in range(len(ways) - 1, rank - 1, -1):
            ways[total] += ways[total - rank]
    return sum(ways[seen:]) / (1 << len(ranks))


def _ranks(sizes: Sequence[float]) -> list[int]:
    """Return twice the rank of each of these ascending sizes; equal ones share theirs."""
    ranks: list[int] = []
    while len(ranks) < len(sizes):
        first = len(ranks)
        alike = sum(size == sizes[first] for size in sizes[first:])
        ranks += [2 * first + alike + 1] * alike
    return ranks
