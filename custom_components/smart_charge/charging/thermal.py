"""How hot the charge point is, and what that leaves of its current (reg 8, 8.1 to 8.3).

A charge point protects itself; this comes before its own protection trips, so that a vehicle charges slowly
rather than not at all. Thresholds and steps are OpenEVSE's, whose firmware is public (`open_evse.h`,
TEMPERATURE_AMBIENT_*): half the current from 65 degrees in the enclosure, none from 71, all again at 62.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

WARM_C = 65.0
HOT_C = 71.0
COOL_C = 62.0

_CONFIRMED_AFTER = timedelta(seconds=10)
"""A sensor's lone wrong value (85 degrees at power-up is a classic) reduces nothing."""

_OLD_AFTER = timedelta(minutes=15)
"""A charge point that only measures while it charges would otherwise stay hot for ever."""


class Heat(StrEnum):
    """What the temperature allows."""

    NORMAL = "normal"
    WARM = "warm"  # half the current
    HOT = "hot"  # none


@dataclass(frozen=True, kw_only=True, slots=True)
class Thermal:
    """The heat that holds, and the one that may follow once it is seen again.

    Attributes:
        measured_at: of the last temperature.
        next_heat, next_since: what the last values say, where it is not what holds.
    """

    heat: Heat = Heat.NORMAL
    measured_at: datetime | None = None
    next_heat: Heat = Heat.NORMAL
    next_since: datetime | None = None


def felt(thermal: Thermal, temperature_c: float | None, at: datetime, now: datetime) -> Thermal:
    """Return what holds after a temperature that was measured at ``at``; None was not measured.

    After the clock was set back the last one is still to come, and counts no more.
    """
    if thermal.measured_at is not None and thermal.measured_at > now:
        thermal = replace(thermal, measured_at=None, next_since=None)
    if temperature_c is None or (thermal.measured_at is not None and at <= thermal.measured_at):
        return thermal
    says = _says(thermal.heat, temperature_c)
    if says is thermal.heat:
        return Thermal(heat=says, measured_at=at, next_heat=says)
    if says is not thermal.next_heat or thermal.next_since is None:
        return replace(thermal, measured_at=at, next_heat=says, next_since=at)
    if at - thermal.next_since < _CONFIRMED_AFTER:
        return replace(thermal, measured_at=at)
    return Thermal(heat=says, measured_at=at, next_heat=says)


def heat_at(thermal: Thermal, now: datetime) -> Heat:
    """Return what holds now: nothing, once the last temperature is old, or still to come."""
    if thermal.measured_at is None or not timedelta(0) <= now - thermal.measured_at < _OLD_AFTER:
        return Heat.NORMAL
    return thermal.heat


def cools_at(thermal: Thermal) -> datetime | None:
    """Return when the last temperature will be too old to limit anything; None while it limits nothing."""
    if thermal.heat is Heat.NORMAL or thermal.measured_at is None:
        return None
    return thermal.measured_at + _OLD_AFTER


def _says(heat: Heat, temperature_c: float) -> Heat:
    if temperature_c >= HOT_C:
        return Heat.HOT
    if temperature_c <= COOL_C:
        return Heat.NORMAL
    if heat is Heat.NORMAL and temperature_c < WARM_C:
        return Heat.NORMAL
    return Heat.HOT if heat is Heat.HOT else Heat.WARM
