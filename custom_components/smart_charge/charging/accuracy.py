"""Power added up over time against the meter's register, session by session (reg 9, 9.5, 9.6).

The two are compared from one step of the register to a later one, within stretches in which power was sampled
without a gap: so neither a register of whole kWh nor a lost link looks like an error. With the two sums goes how
far they may differ by chance: steps that are noticed late, and power that moved between two samples.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
import math

from .bias import SESSIONS
from .metering import MOST_POWER_W, Meter, read
from .model import Reading

LEAST_WH = 1_000.0
"""A session that compared less than this says nothing."""

MOST_DOUBT = 0.05
"""Nor does one whose sums may differ by more than this by chance."""

WORST_ERROR = 0.10
"""Reg 9(4), requirement 9.5: all figures within 10 %."""

_SURE = 3.0
_GAP_S, _GAP_PACES, _LONGEST_S = 10.0, 3.0, 300.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Sums:
    """Energy by power and by register between the same two instants, and the variance of their difference."""

    power_wh: float = 0.0
    register_wh: float = 0.0
    variance: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A step of the register: what had been counted by then, and by power since the stretch began.

    ``late`` is the variance of the energy that passed between the step and the sample that showed it.
    """

    counted_wh: int
    power_wh: float
    variance: float
    late: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """One session so far.

    Attributes:
        session_at: when the vehicle was plugged in, which tells sessions apart.
        sampled_at, power_w: the last sample.
        pace_s: how far apart samples come of late.
        meter: the register, with its glitches and resets.
        closed: stretches that have ended.
        power_wh, variance: by power since the running stretch began.
        first, last: the running stretch's first and last step of the register.
    """

    session_at: datetime | None = None
    sampled_at: datetime | None = None
    power_w: float | None = None
    pace_s: float = 0.0
    meter: Meter = field(default_factory=Meter)
    closed: Sums = field(default_factory=Sums)
    power_wh: float = 0.0
    variance: float = 0.0
    first: Mark | None = None
    last: Mark | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionError:
    """How far power was off in one session.

    Attributes:
        error: signed and relative; above 0 power added up to more than the register counted.
        doubt: how much of it may be chance (three standard deviations).
        register_wh: the energy that was compared.
        session_at: when the vehicle had been plugged in; None in older files.
    """

    ended_at: datetime
    error: float
    doubt: float
    register_wh: int
    session_at: datetime | None = None

    @property
    def is_beyond(self) -> bool:
        """Whether it is more than the Regulations allow, whatever chance added (9.5)."""
        return abs(self.error) - self.doubt > WORST_ERROR


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """The running session's tally, and the errors of those before it that could tell, the last one last."""

    tally: Tally = field(default_factory=Tally)
    errors: tuple[SessionError, ...] = ()


def followed(history: History, session_at: datetime | None) -> History:
    """Return the history once the session that began at ``session_at`` runs; None while none does."""
    tally = history.tally
    if tally.session_at == session_at:
        return history
    error = None if tally.sampled_at is None else session_error(tally, tally.sampled_at)
    errors = history.errors if error is None else (*history.errors, error)[-SESSIONS:]
    return History(tally=Tally(session_at=session_at), errors=errors)


def error_of(history: History, session_at: datetime) -> SessionError | None:
    """Return what the session that began at ``session_at`` tells, so far or as it was; None while it cannot tell."""
    tally = history.tally
    if tally.session_at == session_at:
        return None if tally.sampled_at is None else session_error(tally, tally.sampled_at)
    return next((error for error in reversed(history.errors) if error.session_at == session_at), None)


def added(tally: Tally, sample: Reading) -> Tally:
    """Return the tally after a sample of the meter. A repeated or older one changes nothing."""
    at = sample.measured_at
    if at is None or (tally.sampled_at is not None and at <= tally.sampled_at):
        return tally
    power_w = _usable(sample.power_w)
    passed_s = 0.0 if tally.sampled_at is None else (at - tally.sampled_at).total_seconds()
    is_gap = power_w is None or tally.power_w is None or not 0 < passed_s <= _patience(tally.pace_s)
    if is_gap:
        tally = replace(_closed(tally), pace_s=min(passed_s, _LONGEST_S))
        return _stepped(replace(tally, sampled_at=at, power_w=power_w), sample, at, passed_s=None)
    pace_s = passed_s if tally.pace_s == 0 else 0.9 * tally.pace_s + 0.1 * passed_s
    tally = _integrated(replace(tally, pace_s=pace_s), power_w or 0.0, passed_s)
    return _stepped(replace(tally, sampled_at=at, power_w=power_w), sample, at, passed_s=passed_s)


def session_error(tally: Tally, ended_at: datetime) -> SessionError | None:
    """Return what the session tells; None when it is too short, too coarse or too restless to tell."""
    sums = _closed(tally).closed
    if sums.register_wh < LEAST_WH:
        return None
    doubt = _SURE * math.sqrt(sums.variance) / sums.register_wh
    if doubt > MOST_DOUBT:
        return None
    error = sums.power_wh / sums.register_wh - 1
    return SessionError(
        ended_at=ended_at, error=error, doubt=doubt, register_wh=round(sums.register_wh), session_at=tally.session_at
    )


def _patience(pace_s: float) -> float:
    """Return how long may pass between two samples; the first two set the pace."""
    return _LONGEST_S if pace_s == 0 else min(_LONGEST_S, _GAP_PACES * pace_s + _GAP_S)


def _usable(power_w: float | None) -> float | None:
    """Return the power that an import register counts; None for what no connector can do."""
    return None if power_w is None or not abs(power_w) <= MOST_POWER_W else max(0.0, power_w)


def _integrated(tally: Tally, power_w: float, passed_s: float) -> Tally:
    """Add one trapezium. Power that moved may have done so at any moment in between."""
    before_w = tally.power_w or 0.0
    energy_wh = (before_w + power_w) / 2 * passed_s / 3600
    off_wh = abs(power_w - before_w) / 2 * passed_s / 3600
    return replace(tally, power_wh=tally.power_wh + energy_wh, variance=tally.variance + off_wh**2 / 3)


def _stepped(tally: Tally, sample: Reading, at: datetime, *, passed_s: float | None) -> Tally:
    """Take up the register; a step within a stretch (``passed_s``) is a mark."""
    if sample.import_wh is None:
        return tally
    before, meter = tally.meter, read(tally.meter, sample.import_wh, at)
    tally = replace(tally, meter=meter)
    has_stepped = before.last_wh is not None and meter.last_wh != before.last_wh
    if passed_s is None or not has_stepped:
        return tally
    if meter.counted_wh == before.counted_wh or (meter.last_wh or 0) < (before.last_wh or 0):
        return _restarted(tally)  # a reset, or another register: what it counted meanwhile is not known
    late_wh = (tally.power_w or 0.0) * passed_s / 3600
    mark = Mark(
        counted_wh=meter.counted_wh, power_wh=tally.power_wh, variance=tally.variance, late=late_wh**2 / 12 + 1 / 6
    )
    return replace(tally, first=tally.first or mark, last=mark)


def _restarted(tally: Tally) -> Tally:
    closed = _closed(tally)
    return replace(closed, sampled_at=tally.sampled_at, power_w=tally.power_w)


def _closed(tally: Tally) -> Tally:
    """End the running stretch and keep what it compared."""
    sums, first, last = tally.closed, tally.first, tally.last
    if first is not None and last is not None and last.counted_wh > first.counted_wh:
        sums = Sums(
            power_wh=sums.power_wh + last.power_wh - first.power_wh,
            register_wh=sums.register_wh + last.counted_wh - first.counted_wh,
            variance=sums.variance + last.variance - first.variance + first.late + last.late,
        )
    return replace(tally, closed=sums, power_wh=0.0, variance=0.0, first=None, last=None)
