"""What to make of facts that are missing or stale, and what to leave behind (reg 7, 7.1, 7.2)."""

from dataclasses import replace
import math

from .model import (
    MIN_CURRENT_A,
    Carry,
    ConnectorStatus,
    Decision,
    Mode,
    Reading,
    Reason,
    Settings,
    Situation,
    Source,
    WeeklyHours,
)
from .random_delay import is_instance, unsettled
from .supply import alarm_limit, charge_point_limit, lowest_first, safety_lock_limit, supply_limit

_METER_MARGIN_A = 1.0
"""Drawn current is believed to exceed a setpoint from here, or from a tenth of it if that is more (reg 9, 9.5)."""

_HOLDS_THE_VEHICLE = frozenset({ConnectorStatus.CHARGING, ConnectorStatus.SUSPENDED_EV, ConnectorStatus.SUSPENDED_EVSE})
"""Where a setpoint above 0 must show in what is offered. Before and after, a tag may be awaited."""

_SUPPLIES_NOTHING = frozenset({ConnectorStatus.PREPARING, ConnectorStatus.SUSPENDED_EVSE, ConnectorStatus.FINISHING})
"""Where a vehicle is connected and gets nothing, whatever current is said to be allowed."""


_WITHOUT_READING = {
    Source.SAFETY_LOCK: Reason.SAFETY_LOCK,
    Source.CONTACTOR_WELDED: Reason.CONTACTOR_WELDED,
    Source.OVER_CURRENT: Reason.OVER_CURRENT,
}


def decide_without_reading(situation: Situation) -> Decision:
    """Decide before the charge point has first spoken: what was in force stays.

    Only the safety lock, alarms, the rating and the supply, which need no reading, cut it. A running delay
    is kept for the first reading, and nothing is reviewed until that comes.
    """
    rules = (safety_lock_limit, alarm_limit, charge_point_limit, supply_limit)
    limits = lowest_first([limit for rule in rules if (limit := rule(situation)) is not None])
    binding = limits[0]
    carry = unsettled(situation, limits)
    return Decision(
        setpoint_a=carry.in_force_a,
        wish_a=carry.in_force_a,
        binding=binding,
        limits=limits,
        lifted_by=None,
        reason=_WITHOUT_READING.get(binding.source, Reason.NO_DATA),
        until_at=None,
        carry=carry,
        review_at=None,
    )


def reconcile(carry: Carry, reading: Reading) -> Carry:
    """Put in force what the charge point is found to do when we come back to it.

    For the first reading after start-up, and after an absence in which our lease may have ended: the
    charge point may have gone over to the default hours left with it. Without this, a vehicle found
    charging would be stopped to wait for a delayed start, or one found waiting would be started to
    wait for a delayed stop. A running delay and the override stay. What cannot be told stays too, and
    so does what is found as good as it was: some charge points round, or convert to watts and back.
    """
    found_a = _found_a(reading)
    if found_a is None or not is_instance(carry.in_force_a, found_a):
        return carry
    return replace(carry, in_force_a=found_a)


def _found_a(reading: Reading) -> float | None:
    """Return the current that the vehicle is allowed, as far as the charge point tells."""
    if reading.is_plugged_in is not True:
        return None
    if reading.status in _SUPPLIES_NOTHING:
        return 0.0
    for told_a in (reading.offered_a, reading.setpoint_a):
        if told_a is not None and math.isfinite(told_a):
            return told_a if told_a >= MIN_CURRENT_A else 0.0
    return max(MIN_CURRENT_A, reading.drawn_a) if reading.is_charging and reading.drawn_a else None


def is_followed(setpoint_a: float, reading: Reading | None, step_a: float) -> bool | None:
    """Whether the charge point has taken up a setpoint; None when it does not tell.

    The meter's word outweighs the charge point's: drawing clearly more than was asked is not following. Then
    comes the setpoint read back, within half of ``step_a`` (setpoints are rounded down to steps), then the
    current offered, which may be lower than asked, for the charge point has limits of its own, but not nothing.
    A pause without a vehicle is one whatever is read back: some models make up a setpoint until one comes.
    """
    if reading is None:
        return None
    asked_a = math.floor(setpoint_a / step_a + 1e-6) * step_a if step_a > 0 else setpoint_a
    if reading.drawn_a is not None and reading.drawn_a > asked_a + max(_METER_MARGIN_A, 0.1 * asked_a):
        return False
    if asked_a == 0 and reading.is_plugged_in is False:
        return True
    if reading.setpoint_a is not None:
        return abs(reading.setpoint_a - asked_a) <= max(step_a / 2, 0.1)
    if reading.offered_a is not None and reading.offered_a > asked_a + max(step_a / 2, 0.1):
        return False
    return _is_paused(reading) if asked_a == 0 else _is_offered(reading)


def is_charged_anyway(reading: Reading | None) -> bool | None:
    """Whether the vehicle is charged and goes on being, whatever was refused just now; None when nobody can tell.

    A current that is held or offered outlasts the meter's word, for a vehicle may draw a little longer
    after it has been taken away.
    """
    if reading is None:
        return None
    if reading.is_plugged_in is False:
        return False
    if reading.setpoint_a is not None:
        return reading.setpoint_a >= MIN_CURRENT_A
    if reading.status is ConnectorStatus.PREPARING:
        return None
    if reading.status in _SUPPLIES_NOTHING:
        return False
    if reading.offered_a is not None:
        return reading.offered_a >= MIN_CURRENT_A
    return True if reading.is_charging else None


def _is_paused(reading: Reading) -> bool | None:
    tells = reading.offered_a is not None or reading.drawn_a is not None
    return True if tells or reading.status is ConnectorStatus.SUSPENDED_EVSE else None


def _is_offered(reading: Reading) -> bool | None:
    if reading.status is ConnectorStatus.SUSPENDED_EVSE:
        return False
    if reading.offered_a is not None and reading.offered_a >= MIN_CURRENT_A:
        return True
    if reading.drawn_a is not None and reading.drawn_a > _METER_MARGIN_A:
        return True
    is_refused = reading.offered_a is not None and reading.status in _HOLDS_THE_VEHICLE
    return False if is_refused else None


def hours_left_behind(settings: Settings) -> WeeklyHours | None:
    """Return the hours the charge point shall keep without us; None to charge whenever plugged in.

    Never nothing at all: mode "off" is kept by us, and when we are gone for good the default hours
    must not leave a car uncharged (7.2).
    """
    return None if settings.mode is Mode.ALWAYS else settings.default_hours
