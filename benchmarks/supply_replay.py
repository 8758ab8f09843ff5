"""One house, one supply and its charge points, lived through second by second.

The charge points are modelled as hardware behaves: a command takes 2 s to arrive, the current then
changes by 6 A/s, what they draw is told every 5 s. The core shares and decides as Home Assistant would
have it do: whenever the meter or a charge point has said something new, and when a review is due.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from random import Random
from typing import Any

from decide import load_core
from supply_traces import NOMINAL_V, Load, Trace

__all__ = ["LIMITS_A", "NOMINAL_V", "Score", "replay"]

START = datetime(2027, 1, 12, tzinfo=UTC)
LIMITS_A = (60.0, 40.0, 25.0)
RATED_A = 32.0
COMMAND_S = 2
RAMP_A_PER_S = 6.0
RAMP_S = 5
TOLD_EVERY_S = 5
BARELY_A = 0.05

core = load_core()
model, decide, claims, grid_meter, sharing = map(core, ("model", "decide", "claims", "grid_meter", "sharing"))
meter_trial = core("meter_trial")

type Words = tuple[float | None, float | None, float | None]
type Lie = Callable[[Words, Load], Words]


@dataclass
class ChargePoint:
    """Hardware that obeys late, ramps, and tells what it drew a while ago; and the decisions in front of it.

    The settings say that it is on ``phases``; the vehicle truly draws from those ``used``.
    """

    key: str
    phases: tuple[int, ...]
    used: tuple[int, ...]
    settings: Any
    carry: Any = field(default_factory=model.Carry)
    review_at: datetime | None = None
    drawn_a: float = 0.0
    told_a: float = 0.0
    told_at: datetime = START
    underway: list[tuple[int, float]] = field(default_factory=list)
    is_there: bool = True
    energy_as: float = 0.0
    commands: int = 0
    starts: int = 0

    def step(self, second: int) -> bool:
        """Let one second go by; return whether there is anything new."""
        while len(self.underway) > 1 and self.underway[1][0] <= second:
            self.underway.pop(0)
        target_a = self.underway[0][1] if self.underway and self.underway[0][0] <= second else self.drawn_a
        before_a = self.drawn_a
        self.drawn_a += min(max(target_a - self.drawn_a, -RAMP_A_PER_S), RAMP_A_PER_S)
        self.energy_as += self.drawn_a * len(self.used)
        is_news = self.drawn_a != before_a
        if (second + int(self.key)) % TOLD_EVERY_S == 0:
            is_news |= self.told_a != self.drawn_a
            self.told_a, self.told_at = self.drawn_a, at(second)
        return is_news

    def claim(self) -> Any:
        """Say what it wants of the supply, all day."""
        return claims.Claim(
            key=self.key,
            wish_a=RATED_A if self.is_there else 0.0,
            phases=self.phases,
            drawn_a=tuple(self.told_a * (own < len(self.used)) if own < len(self.phases) else None for own in range(3)),
            taken_at=self.told_at,
            in_force_a=self.carry.in_force_a,
            rises_at=self.carry.rises_at,
        )

    def decide(self, second: int, ceiling: Any, dice: float) -> bool:
        """Take a step with this share of the supply; return whether another current is in force."""
        status = model.ConnectorStatus.CHARGING if self.is_there else model.ConnectorStatus.AVAILABLE
        reading = model.Reading(taken_at=at(second), status=status)
        situation = model.Situation(
            now=at(second), dice=dice, settings=self.settings, reading=reading, carry=self.carry, supply=ceiling
        )
        before_a = self.carry.in_force_a
        decision = decide.decide(situation)
        self.carry, self.review_at = decision.carry, decision.review_at
        if decision.setpoint_a == before_a:
            return False
        self.underway.append((second + COMMAND_S, decision.setpoint_a))
        self.commands += 1
        self.starts += before_a == 0
        return True


@dataclass
class Score:
    """What one replay came to. Seconds count only while charging contributes to them."""

    above_s: int = 0
    ours_s: int = 0
    longest_s: int = 0
    worst_a: float = 0.0
    house_alone_s: int = 0
    given_as: float = 0.0
    oracle_as: float = 0.0
    commands: int = 0
    starts: int = 0
    doubts: dict[int, tuple[str, int]] = field(default_factory=dict)
    _run_s: int = 0
    _lately: deque[Load] = field(default_factory=lambda: deque(maxlen=COMMAND_S + RAMP_S + 1))

    @property
    def given_up(self) -> float:
        """The share of the oracle's energy that was not given."""
        return 1 - self.given_as / self.oracle_as if self.oracle_as else 0.0

    def count(self, load: Load, drawn_a: Sequence[float], limit_a: float) -> None:
        """Count one second."""
        self._lately.append(load)
        self.house_alone_s += max(load) > limit_a
        over = [
            house_a + own_a - limit_a if own_a > BARELY_A else 0.0 for house_a, own_a in zip(load, drawn_a, strict=True)
        ]
        if max(over) <= BARELY_A:
            self._run_s = 0
            return
        self.above_s += 1
        self.ours_s += any(
            over_a > BARELY_A and not self._is_house_to_blame(phase, over_a) for phase, over_a in enumerate(over)
        )
        self._run_s += 1
        self.longest_s = max(self.longest_s, self._run_s)
        self.worst_a = max(self.worst_a, *over)

    def _is_house_to_blame(self, phase: int, over_a: float) -> bool:
        """Whether the house has added as much within the time in which a charge point can have come down."""
        within_s = COMMAND_S + min(ceil(over_a / RAMP_A_PER_S), RAMP_S)
        lately = [load[phase] for load in self._lately][-within_s - 1 :]
        return over_a <= lately[-1] - min(lately) + BARELY_A


def at(second: int) -> datetime:
    """Return the instant of a trace's second."""
    return START + timedelta(seconds=second)


def truth(words: Words, _load: Load) -> Words:
    """Tell what flows."""
    return words


def replay(
    trace: Trace,
    limit_a: float,
    count: int,
    *,
    has_delay: bool,
    every_s: int = 1,
    lie: Lie = truth,
    away_s: int = 0,
    uses: int = 3,
    wired: tuple[int, ...] | None = None,
    **changes: float,
) -> Score:
    """Run one trace against one limit with ``count`` charge points; ``changes`` are of the supply.

    Each vehicle is away for ``away_s`` of each hour. It draws from as many phases of its charge point as it ``uses``,
    which are ``wired`` to others of the supply than the settings say if that is given. ``lie`` is what the meter makes
    of what flows; `Score.doubts` then says what was found out, and in which second.
    """
    on_phases = range(trace.phases)
    supply = claims.Supply(limit_a=tuple(limit_a if phase in on_phases else None for phase in range(3)), **changes)
    settings = model.Settings(rated_a=RATED_A, mode=model.Mode.ALWAYS, charger_delays_itself=not has_delay)
    used = (wired or tuple(on_phases))[:uses]
    points = [ChargePoint(str(index), tuple(on_phases), used, settings) for index in range(count)]
    carry, score, dice = sharing.SharingCarry(), Score(), Random(7)
    trial = meter_trial.Trial()
    before: Load | None = None
    is_news, due_at = True, START
    for second, load in enumerate(trace.loads):
        for index, point in enumerate(points):
            is_there = (second + 900 * index) % 3600 >= away_s
            is_news |= is_there is not point.is_there
            point.is_there = is_there
        is_news |= sum(point.step(second) for point in points) > 0 or load != before
        before, own_a = load, sum(point.drawn_a for point in points)
        drawn_a = [own_a if phase in used else 0.0 for phase in range(3)]
        score.count(load, drawn_a, limit_a)
        score.oracle_as += oracle_a(load, trace.phases, limit_a, count) * trace.phases
        if second % every_s or not (is_news or at(second) >= due_at):
            continue
        flows = [load[phase] + drawn_a[phase] if phase in on_phases else None for phase in range(3)]
        meter = grid_meter.GridReading(taken_at=at(second), current_a=lie((flows[0], flows[1], flows[2]), load))
        told = [point.claim() for point in points]
        trial = meter_trial.observed(trial, meter, told, at(second))
        for phase, miss in trial.doubts.items():
            seen = miss.doubt if miss.shows_on is None else f"shows on L{miss.shows_on + 1}"
            score.doubts.setdefault(phase, (str(seen), second))
        shared = sharing.share(supply, meter_trial.masked(meter, trial), told, carry, at(second))
        carry = shared.carry
        is_news = sum(point.decide(second, shared.ceilings.get(point.key), dice.random()) for point in points) > 0
        due_at = min(_reviews(shared, points), default=at(second + every_s))
    score.given_as = sum(point.energy_as for point in points)
    score.commands = sum(point.commands for point in points)
    score.starts = sum(point.starts for point in points)
    return score


def _reviews(shared: Any, points: Sequence[ChargePoint]) -> Iterator[datetime]:
    for review_at in (shared.review_at, *(point.review_at for point in points)):
        if review_at is not None:
            yield review_at


def oracle_a(load: Load, phases: int, limit_a: float, count: int) -> float:
    """Return what could be drawn on each phase in this second, with the floor of 6 A for each that charges."""
    spare_a = limit_a - max(0.0, *load[:phases])
    return 0.0 if spare_a < 6 else min(spare_a, count * RATED_A)
