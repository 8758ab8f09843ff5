"""Energy of one direction as the difference of a meter's running total (reg 9, 9.1).

Registers glitch, drop out, reset, roll over, or count each session from 0 (OCPP 1.6 chargers and
many Modbus maps do; `OCPP.md` A5). The rule is: what can be explained by the time that passed is
counted; what cannot is not believed until it is said twice, and then is a new place to count from.
"""

from dataclasses import dataclass, replace
from datetime import datetime

MOST_POWER_W = 52_000
"""Three phases of 63 A with a fifth to spare: no connector of ours moves energy faster."""

LEAST_CALCULATED_WH = 500
"""So much has been calculated before it is taken that there is no register: one may be told a little later."""

_RESOLUTION_WH = 2_000
"""Some registers count whole kWh and are read late, so a step of two is always possible."""

_ROLL_OVERS_WH = (100 * 2**16, 1000 * 2**16, 10**8, 10**9, 2**31, 2**32)
"""Where registers begin again: 16 bits of 0.1 kWh and of kWh, five and six digits of kWh, 31 and 32 bits of Wh."""

_JITTER_WH = 100
"""A register that falls by so little has not begun again: it rounds, or was read in two halves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Meter:
    """Energy counted so far, and where the register stood.

    Attributes:
        counted_wh: counted by register.
        guessed_wh: from power and time, while the register has been silent.
        has_guessed: a part of ``counted_wh`` was once guessed, before the register first spoke.
        last_wh, changed_at: the register when it was last believed, and since when it shows that.
        doubt_wh, doubt_at: a value that cannot be explained yet.
        dropped: counted, register and time as they were before it fell to a lower place, until it
            is clear that it fell for good.
    """

    counted_wh: int = 0
    guessed_wh: float = 0.0
    has_guessed: bool = False
    last_wh: int | None = None
    changed_at: datetime | None = None
    doubt_wh: int | None = None
    doubt_at: datetime | None = None
    dropped: tuple[int, int, datetime] | None = None

    @property
    def total_wh(self) -> int:
        """Energy so far, metered or guessed."""
        return self.counted_wh + round(self.guessed_wh)

    @property
    def is_metered(self) -> bool:
        """Whether all of it comes from a register."""
        return self.last_wh is not None and not self.has_guessed and self.guessed_wh == 0


def guess(meter: Meter, energy_wh: float) -> Meter:
    """Add energy from power and time, while the register says nothing."""
    return replace(meter, guessed_wh=meter.guessed_wh + energy_wh)


def shown_wh(total: Meter) -> int | None:
    """Return what a charge point's running total is; None while it has none, and too little is calculated to be one."""
    if not total.last_wh and total.total_wh >= LEAST_CALCULATED_WH:
        return total.total_wh
    return None if total.last_wh is None else total.counted_wh


def total_from(total: Meter, register_wh: int) -> Meter:
    """Return the running total that a register takes up: of a new one what it shows, unless much was calculated."""
    is_known = total.last_wh is not None or total.total_wh >= LEAST_CALCULATED_WH
    return total if is_known else Meter(counted_wh=max(0, register_wh))


def read(meter: Meter, register_wh: int, at: datetime) -> Meter:
    """Take up what the register shows at ``at``. Never counts down."""
    if register_wh < 0:
        return meter
    if meter.last_wh is None or meter.changed_at is None:
        return _begun(meter, register_wh, at)
    if max(meter.last_wh - _JITTER_WH, meter.last_wh // 2) <= register_wh < meter.last_wh:
        return replace(meter, doubt_wh=None, doubt_at=None)
    if register_wh == meter.last_wh == 0:
        return meter  # it may be none at all
    if meter.dropped is not None and (gain_wh := _gain(*meter.dropped[1:], register_wh, at)) is not None:
        return _believed(meter, register_wh, at, max(meter.counted_wh, meter.dropped[0] + gain_wh))
    gain_wh = _gain(meter.last_wh, meter.changed_at, register_wh, at)
    if gain_wh == 0:
        return replace(meter, guessed_wh=0.0, doubt_wh=None, doubt_at=None)
    if gain_wh is not None:
        return _believed(meter, register_wh, at, meter.counted_wh + gain_wh)
    if meter.doubt_wh is not None and meter.doubt_at is not None and at > meter.doubt_at:
        gain_wh = _gain(meter.doubt_wh, meter.doubt_at, register_wh, at)
        if gain_wh is not None:
            return _moved(meter, register_wh, at, gain_wh)
    return replace(meter, doubt_wh=register_wh, doubt_at=at)


def _begun(meter: Meter, register_wh: int, at: datetime) -> Meter:
    """Count from the first value on; what was guessed before it stays counted.

    One that begins at 0 has counted all that ever was, so what it shows later covers what was guessed.
    """
    if register_wh == 0 and meter.last_wh is None:
        return replace(meter, last_wh=0, changed_at=at)
    has_guessed = meter.has_guessed or meter.guessed_wh > 0
    return replace(_believed(meter, register_wh, at, meter.total_wh), has_guessed=has_guessed)


def _moved(meter: Meter, register_wh: int, at: datetime, gain_wh: int) -> Meter:
    """Believe a place that the register cannot have reached by counting: a reset, or another register.

    After a reset to 0 all that it shows has been counted since; otherwise only what came after
    it was first seen there.
    """
    last_wh, changed_at = meter.last_wh or 0, meter.changed_at or at
    has_fallen = register_wh < last_wh
    is_reset = has_fallen and _is_possible(register_wh, changed_at, at)
    counted_wh = meter.counted_wh + (register_wh if is_reset else gain_wh)
    dropped = (meter.counted_wh, last_wh, changed_at) if has_fallen else None
    return replace(_believed(meter, register_wh, at, counted_wh), dropped=dropped)


def _believed(meter: Meter, register_wh: int, at: datetime, counted_wh: int) -> Meter:
    """Go on from ``register_wh``. It covers what was guessed meanwhile, and ends all doubts."""
    return Meter(counted_wh=counted_wh, has_guessed=meter.has_guessed, last_wh=register_wh, changed_at=at)


def _gain(from_wh: int, since: datetime, to_wh: int, at: datetime) -> int | None:
    """Return the energy between two values of a register, over a roll-over too; None if it cannot be."""
    sizes = (0, *(size for size in _ROLL_OVERS_WH if to_wh < from_wh < size))
    gains = (to_wh - from_wh + size for size in sizes)
    return next((gain for gain in gains if gain >= 0 and _is_possible(gain, since, at)), None)


def _is_possible(energy_wh: int, since: datetime, at: datetime) -> bool:
    seconds = max(0.0, (at - since).total_seconds())
    return energy_wh <= _RESOLUTION_WH + MOST_POWER_W * seconds / 3600
