"""What the meter says that the charge point does not: too much current, or current where there should be none.

Both are seen on samples of the meter that are newer than what was asked for, one after the other and long
enough; a lone value, a stale one, a meter that averages and a vehicle that ramps down raise nothing. An alarm
stands until somebody has looked (reg 8, 8.1 to 8.3).
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .alarms import Alarm, Danger, acknowledged
from .model import MIN_CURRENT_A, NOMINAL_V, Reading

TOLERANCE = 0.10
NOISE_A = 0.5
OVER_FOR = timedelta(seconds=7)
"""How far and how long a vehicle may draw too much: the defaults of EVerest's EvseManager (``soft_over_current_*``)."""

FOLLOWS_WITHIN = timedelta(seconds=15)
"""After the current offered has fallen, a vehicle (5 s, IEC 61851-1 table A.6) and a slow meter may take so long."""

LAGS_WITHIN = timedelta(seconds=90)
"""Some charge points put the time of sending on what their meter showed a minute ago, and a value may be missed.

So long a vehicle may draw what was offered before, where circuit and cable carry it; and a contactor behind which
current ends within this time was not welded.
"""

OPENS_WITHIN = timedelta(seconds=6)
"""A contactor opens under load so long after the offer has ended (IEC 61851-1 table A.6, sequence 9.2)."""

WELDED_FOR = timedelta(seconds=10)
"""Current that still flows so long after 0 A was offered goes through a contactor that does not open."""

FLOWS_A = 1.0
"""From here current flows. Below it are noise, the charge point's own use and vehicles that are asleep."""

MOST_A = 250.0
"""More is a fault of the wire or the meter's scale, not a current (largest fuse of ours: 125 A)."""

_STEADY = 0.95
"""A meter that shows an average falls for a while after current has ended: that is not flowing on."""

_STEADY_FOR = timedelta(seconds=4)
_LONGEST_GAP = timedelta(minutes=3)
"""Samples further apart than this tell nothing of the time between them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Streak:
    """Samples in a row that all show the same wrong."""

    began_at: datetime
    began_a: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Guard:
    """What one sample leaves to the next.

    Attributes:
        allowed_a, fell_at: the ceiling, and when it last fell.
        carried_a: what circuit and cable carry, whatever is offered.
        off_since: since when the charge point has said that it offers nothing.
        still_since: since when nothing has flowed with a vehicle there that is offered nothing.
    """

    sampled_at: datetime | None = None
    allowed_a: float | None = None
    carried_a: float | None = None
    fell_at: datetime | None = None
    off_since: datetime | None = None
    still_since: datetime | None = None
    over: Streak | None = None
    flowing: Streak | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the charge point was asked for, and since when; what it and its circuit may carry, and its phases."""

    setpoint_a: float
    since_at: datetime
    rated_a: float
    phases: int | None = None


def watch(guard: Guard, sample: Reading, asked: Asked) -> tuple[Guard, Alarm | None]:
    """Return the guard after a sample of the meter, and the alarm that it raises, if any."""
    at, drawn_a = sample.measured_at, drawn(sample, asked.phases)
    if guard.sampled_at is not None and guard.sampled_at > sample.taken_at:
        guard = Guard()  # the clock was set back
    if at is None or at <= asked.since_at or (guard.sampled_at is not None and at <= guard.sampled_at):
        return guard, None
    if drawn_a is None or (guard.sampled_at is not None and at - guard.sampled_at > _LONGEST_GAP):
        return Guard(sampled_at=at), None
    guard = _ceiling(replace(guard, sampled_at=at), sample, asked, at)
    is_still = guard.off_since is not None and drawn_a < FLOWS_A and sample.is_plugged_in is not False
    guard = replace(
        guard,
        over=_over(guard, drawn_a, at),
        flowing=_flowing(guard, drawn_a, at),
        still_since=(guard.still_since or at) if is_still else None,
    )
    return guard, _alarm(guard, drawn_a, at)


def believed(alarms: tuple[Alarm, ...], guard: Guard) -> tuple[Alarm, ...]:
    """Return the alarms without a welded contactor behind which current has ended soon: the meter lagged."""
    still_since, at = guard.still_since, guard.sampled_at
    if still_since is None or at is None or at - still_since < WELDED_FOR:
        return alarms
    return tuple(
        alarm
        for alarm in alarms
        if alarm.danger is not Danger.CONTACTOR_WELDED
        or not timedelta(0) <= still_since - alarm.raised_at <= LAGS_WITHIN
    )


def drawn(sample: Reading, phases: int | None) -> float | None:
    """Return the current on the busiest phase; None when it is not known or cannot be believed.

    Without currents it is at least the power spread over all phases. Current and power of one meter that
    contradict each other are a wrong scale or a wrong register, and no reason to leave a vehicle uncharged.
    """
    power_w = None if sample.power_w is None else abs(sample.power_w)
    if sample.drawn_a is None:
        return None if power_w is None else power_w / (NOMINAL_V * (phases or 3))
    flows_a = sample.drawn_a
    if flows_a > MOST_A or (power_w is not None and flows_a > 2 * (power_w / NOMINAL_V + FLOWS_A)):
        return None
    return flows_a


def standing(alarms: tuple[Alarm, ...], reading: Reading | None) -> tuple[Alarm, ...]:
    """Return the alarms that still stand: too much current was the vehicle's doing, and leaves with it."""
    if reading is None or reading.is_plugged_in is not False:
        return alarms
    return acknowledged(alarms, Danger.OVER_CURRENT)


def _ceiling(guard: Guard, sample: Reading, asked: Asked, at: datetime) -> Guard:
    """Note what may be drawn, and since when.

    What is offered counts only where it is more than what was asked for: a charge point that tells less than
    it does, or tells it in watts of another number of phases, must not stop a vehicle that does as it is told.
    """
    carried_a = asked.rated_a if sample.cable_a is None else min(asked.rated_a, sample.cable_a)
    allowed_a = carried_a
    if sample.offered_a is not None:
        allowed_a = min(carried_a, max(sample.offered_a, asked.setpoint_a))
    has_fallen = guard.allowed_a is None or allowed_a < guard.allowed_a
    is_off = asked.setpoint_a < MIN_CURRENT_A and _offers_nothing(sample)
    return replace(
        guard,
        allowed_a=allowed_a,
        carried_a=carried_a,
        fell_at=at if has_fallen else guard.fell_at,
        off_since=max(guard.off_since or at, asked.since_at) if is_off else None,
    )


def _offers_nothing(sample: Reading) -> bool:
    told_a = sample.offered_a if sample.offered_a is not None else sample.setpoint_a
    return told_a is not None and told_a < MIN_CURRENT_A


def _over(guard: Guard, drawn_a: float, at: datetime) -> Streak | None:
    if guard.allowed_a is None or guard.allowed_a < MIN_CURRENT_A or drawn_a <= most_drawn(guard.allowed_a):
        return None
    is_carried = guard.carried_a is not None and drawn_a <= most_drawn(guard.carried_a)
    if guard.fell_at is not None and at < guard.fell_at + (LAGS_WITHIN if is_carried else FOLLOWS_WITHIN):
        return None
    return guard.over or Streak(began_at=at, began_a=drawn_a)


def most_drawn(allowed_a: float) -> float:
    """Return what a vehicle that keeps to ``allowed_a`` may be measured to draw."""
    return allowed_a * (1 + TOLERANCE) + NOISE_A


def _flowing(guard: Guard, drawn_a: float, at: datetime) -> Streak | None:
    if guard.off_since is None or at < guard.off_since + OPENS_WITHIN or drawn_a < FLOWS_A:
        return None
    before = guard.flowing
    is_steady = before is not None and drawn_a >= _STEADY * before.began_a
    return before if is_steady else Streak(began_at=at, began_a=drawn_a)


def _alarm(guard: Guard, drawn_a: float, at: datetime) -> Alarm | None:
    if guard.over is not None and at - guard.over.began_at >= OVER_FOR:
        return Alarm(danger=Danger.OVER_CURRENT, raised_at=at, drawn_a=drawn_a, allowed_a=guard.allowed_a or 0.0)
    if (
        guard.flowing is not None
        and guard.off_since is not None
        and at - guard.off_since >= WELDED_FOR
        and at - guard.flowing.began_at >= _STEADY_FOR
    ):
        return Alarm(danger=Danger.CONTACTOR_WELDED, raised_at=at, drawn_a=drawn_a, allowed_a=0.0)
    return None
