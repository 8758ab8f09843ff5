"""Whether a vehicle that was being charged went without power while the link was away (11.9).

A charge point that comes back as it was does not say what happened: a cable pulled from a switch, or a power cut. Its
energy register does. Charging on would have brought it forward by what it had been drawing for as long as
the charge point waits for us, and by what it allows without us from then on.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ...charging.model import MIN_CURRENT_A, Reading

LEAST_W: Final = 500.0
"""Less is no vehicle that is being charged at 6 A, and tells nothing when it stops."""

LEAST_S: Final = 15.0
"""A gap as short as this may be the register's own: some are read, or move on, every ten seconds."""

ROUGHLY: Final = 0.1
"""Power and register of one charge point may differ by as much."""

LAGS: Final = 1.5
"""A register that was seen to stand still for some time may do so for this many times as long."""

BEGINS_WITHIN: Final = timedelta(seconds=60)
"""A vehicle goes on so soon after the power is back. One that begins later had its own reasons."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Alone:
    """What a charge point does without us: nothing else for ``patience_s``, then it allows ``failsafe_a``, if known."""

    patience_s: float
    failsafe_a: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Absence:
    """A vehicle was being charged before nobody looked.

    Attributes:
        undisturbed_s: for so long charging on as before would have gone on to gain what it could have.
        gained_wh: what the register gained instead.
        lag_s, lag_wh: for how long, and how much energy, the register stood still at most while it was watched.
    """

    before: Reading
    after: Reading
    undisturbed_s: float
    gained_wh: float
    step_wh: float
    lag_s: float
    lag_wh: float

    def was_without_power(self, now: Reading) -> bool:
        """Tell by what the vehicle draws now: one that is nearly full, and takes less and less, never drew less."""
        drawn_w = min(self.before.power_w or 0.0, now.power_w or 0.0)
        expected_wh = drawn_w * self.undisturbed_s / 3600
        unclear_s = max(LEAST_S, LAGS * self.lag_s)
        unclear_wh = max(2 * self.step_wh, LAGS * self.lag_wh, drawn_w * unclear_s / 3600, ROUGHLY * expected_wh)
        return expected_wh - self.gained_wh > unclear_wh

    def is_over(self, now: Reading) -> bool:
        """Whether what the vehicle does now says nothing any more of what was."""
        is_asked_for_less = now.setpoint_a is not None and now.setpoint_a < MIN_CURRENT_A
        return is_asked_for_less or now.is_plugged_in is False or now.taken_at - self.after.taken_at > BEGINS_WITHIN


@dataclass(frozen=True, kw_only=True, slots=True)
class Movement:
    """How a register moves on while a vehicle is charged: by the second, by the minute or the kWh, or not at all.

    Attributes:
        since: when it last moved, or was first looked at.
        has_moved: it did so over a link that held.
        is_proven: and once more, so that it can be missed when it does not.
        lag_s, lag_wh: how long, and how much energy, it stood still for at most.
    """

    since: Reading | None = None
    has_moved: bool = False
    is_proven: bool = False
    lag_s: float = 0.0
    lag_wh: float = 0.0

    def seen(self, before: Reading, after: Reading, *, was_cut: bool) -> Movement:
        """Return it with one reading more; nothing is known at the next charge."""
        if not (_is_charged(before) and _is_charged(after)) or before.import_wh is None or after.import_wh is None:
            return Movement()
        if before.import_wh == after.import_wh:
            return self._stood(before, after)
        if was_cut:
            return replace(self, since=after, has_moved=False)
        stood = self._stood(before, after)
        return replace(stood, since=after, has_moved=True, is_proven=self.is_proven or self.has_moved)

    def _stood(self, before: Reading, now: Reading) -> Movement:
        since = self.since or before
        stood_s = (now.metered_at - since.metered_at).total_seconds()
        if stood_s <= LEAST_S:
            return replace(self, since=since)
        stood_wh = (now.power_w or 0.0) * stood_s / 3600
        return replace(self, since=since, lag_s=max(self.lag_s, stood_s), lag_wh=max(self.lag_wh, stood_wh))


def absence_between(
    before: Reading, after: Reading, alone: Alone, step_wh: float, movement: Movement
) -> Absence | None:
    """Return what can be told of an absence; None if no vehicle was being charged, or the registers do not say."""
    if not _is_charged(before) or after.is_plugged_in is False or not movement.is_proven:
        return None
    if before.import_wh is None or after.import_wh is None:
        return None
    away_s = ((after.measured_at or after.taken_at) - (before.measured_at or before.taken_at)).total_seconds()
    as_before_s = min(away_s, alone.patience_s)
    return Absence(
        before=before,
        after=after,
        undisturbed_s=as_before_s + _share(before, alone) * (away_s - as_before_s),
        gained_wh=after.import_wh - before.import_wh,
        step_wh=step_wh,
        lag_s=movement.lag_s,
        lag_wh=movement.lag_wh,
    )


def has_begun_anew(before: Reading, after: Reading, step_wh: float) -> bool:
    """Whether a counter that only rises has fallen while a vehicle was being charged, and is there still."""
    if not _is_charged(before) or after.is_plugged_in is False:
        return False
    counters = ((before.import_wh, after.import_wh), (before.session_wh, after.session_wh))
    return any(
        earlier is not None and later is not None and later < earlier - 2 * step_wh for earlier, later in counters
    )


def _is_charged(reading: Reading) -> bool:
    return reading.power_w is not None and reading.power_w >= LEAST_W


def _share(before: Reading, alone: Alone) -> float:
    asked_a = before.setpoint_a or before.offered_a
    if alone.failsafe_a is None or not asked_a or alone.failsafe_a < MIN_CURRENT_A:
        return 0.0
    return min(1.0, alone.failsafe_a / asked_a)
