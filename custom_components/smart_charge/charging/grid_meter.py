"""What the premises draw from the grid, what of it is the house, and for how long that has been so.

Currents are per phase of the supply, import positive. Nothing here knows a charge point's name.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import math

from .model import NO_PHASES, PerPhase

NOMINAL_V = 230.0
"""Taken for the voltage that a meter does not tell (EN 60038)."""

_METERS_DIFFER_BY_W = 200.0

STALE_AFTER_S = 10.0
"""No reading for longer than this, and the meter guards nothing any more."""

MISSED_READINGS = 3
"""The same, counted in readings, for a meter that is known to be faster."""


@dataclass(frozen=True, kw_only=True, slots=True)
class GridReading:
    """What the meter at the supply last said: import positive, None for a phase it did not tell.

    ``is_interrupted`` where it has said something since that is no value: what it said before still keeps the
    limit for a while, but nothing is given out by it.
    """

    taken_at: datetime
    current_a: PerPhase = NO_PHASES
    is_interrupted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class PhaseLoad:
    """What the house draws on one phase, and what is remembered of it.

    Attributes:
        house_a: what the house draws now; None while that is not known. Less than 0 is export.
        since_at: since when it has been known, or not known, without a break.
        peaks: instant and highest load, the loads falling with time, as far as they still matter.
        is_first: it has never been known before, or is not yet: after a start, not after the meter was lost.
    """

    house_a: float | None
    since_at: datetime
    peaks: tuple[tuple[datetime, float], ...] = ()
    is_first: bool = True

    def known_s(self, now: datetime) -> float:
        """Return for how long it has been known, or not known, without a break."""
        return (now - self.since_at).total_seconds()


def grid_reading(
    taken_at: datetime,
    *,
    current_a: PerPhase = NO_PHASES,
    power_w: PerPhase = NO_PHASES,
    voltage_v: PerPhase = NO_PHASES,
    export_is_positive: bool = False,
) -> GridReading:
    """Put a meter's own words into one reading: power where it is told, else current.

    Power has a sign on every meter worth its name, a current often has not: then it counts as
    import, which is the safe way to be wrong. A current that is told beside the power bounds it
    from below while importing, because a fuse carries the reactive part as well.
    """
    sign = -1.0 if export_is_positive else 1.0
    phases = [
        _phase_a(_finite(power), _finite(current), _finite(voltage), sign)
        for power, current, voltage in zip(power_w, current_a, voltage_v, strict=True)
    ]
    return GridReading(taken_at=taken_at, current_a=(phases[0], phases[1], phases[2]))


def _phase_a(power_w: float | None, current_a: float | None, voltage_v: float | None, sign: float) -> float | None:
    if power_w is None:
        return None if current_a is None else sign * current_a
    by_power_a = sign * power_w / (voltage_v if voltage_v is not None and voltage_v > 0 else NOMINAL_V)
    if current_a is None or by_power_a <= 0:
        return by_power_a
    return max(by_power_a, abs(current_a))


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def exports_too_much(grid_w: float | None, solar_w: float | None, battery_w: float | None) -> bool:
    """Whether more leaves the premises than is generated on them: then a sign is the wrong way round.

    Import, generation and discharge are positive; what is not known counts as nothing.
    """
    generated_w = max(solar_w or 0.0, 0.0) + max(battery_w or 0.0, 0.0)
    return grid_w is not None and -grid_w > generated_w + _METERS_DIFFER_BY_W


def is_fresh(reading: GridReading | None, now: datetime, interval_s: float | None = None) -> bool:
    """Whether the meter's last word can still be relied on: 10 s, or three readings missed.

    ``interval_s`` is the time between two readings where it is known. A slower meter than one
    reading in 10 s can guard no supply. A reading from the future is as bad as an old one.
    """
    return reading is not None and abs((now - reading.taken_at).total_seconds()) <= stale_after_s(interval_s)


def stale_after_s(interval_s: float | None) -> float:
    """Return for how long a reading counts, by the time between two of them."""
    if interval_s is None or not interval_s > 0:
        return STALE_AFTER_S
    return min(STALE_AFTER_S, (MISSED_READINGS + 1) * interval_s)


def house_a(meter_a: float, drawn: Iterable[tuple[float, float]], before_a: float | None) -> float:
    """Return the meter's reading without the charge points, each known to draw between two currents.

    While a charge point follows a new setpoint, its own word and the meter's are not of one
    instant. Of all the loads that the facts allow, the one nearest to ``before_a`` is taken, so
    that our own ramps are not mistaken for the house, and if nothing was known before, the highest.
    """
    bounds = list(drawn)
    lowest_a = meter_a - sum(high for _, high in bounds)
    highest_a = meter_a - sum(low for low, _ in bounds)
    return highest_a if before_a is None else min(max(before_a, lowest_a), highest_a)


def remembered(load: PhaseLoad | None, now: datetime, house_now_a: float | None, keep_s: float) -> PhaseLoad:
    """Return the load with what the house draws now, and no memory older than ``keep_s``."""
    if load is None or (load.house_a is None) != (house_now_a is None) or load.since_at > now:
        is_first = load is None or (load.is_first and load.house_a is None)
        load = PhaseLoad(house_a=house_now_a, since_at=now, is_first=is_first)
    if house_now_a is None:
        return load
    oldest_at = now - timedelta(seconds=keep_s)
    peaks = [(at, peak) for at, peak in load.peaks if oldest_at <= at <= now and peak > house_now_a]
    return replace(load, house_a=house_now_a, peaks=(*peaks, (now, house_now_a)))


def peak_a(load: PhaseLoad, now: datetime, over_s: float) -> float | None:
    """Return the most that the house drew in the last ``over_s``; None if it is not known for all of them."""
    if load.house_a is None or load.known_s(now) < over_s:
        return None
    since_at = now - timedelta(seconds=over_s)
    return max([load.house_a, *(peak for at, peak in load.peaks if at >= since_at)])
