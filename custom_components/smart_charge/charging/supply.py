"""What charge point, circuit and cable can carry, and when nothing may flow (reg 8, 8.1 to 8.3).

Nothing lifts these limits, and none of them waits for a random delay.
"""

from collections.abc import Sequence
import math

from .alarms import Danger
from .model import MIN_CURRENT_A, ConnectorStatus, Limit, PilotState, Reading, Situation, Source
from .thermal import Heat

_ALARMS: dict[Danger, Source] = {
    Danger.CONTACTOR_WELDED: Source.CONTACTOR_WELDED,
    Danger.OVER_CURRENT: Source.OVER_CURRENT,
}


def usable_a(limit_a: float) -> float:
    """Return the setpoint that a ceiling allows: below 6 A there is none (IEC 61851-1), and it is 0."""
    return limit_a if limit_a >= MIN_CURRENT_A else 0.0


def lowest_first(limits: Sequence[Limit]) -> tuple[Limit, ...]:
    """Order ``limits`` with the binding one in front: the lowest setpoint, of equals the first."""
    binding = min(limits, key=lambda limit: usable_a(limit.max_a))
    return binding, *(limit for limit in limits if limit is not binding)


def charger_fault_limit(situation: Situation) -> Limit | None:
    """Stop while the charge point reports a fault that makes charging unsafe.

    Pilot state E counts as one. F does not by itself: it says that the charge point is not
    available, some show it while they are paused, and then 0 A would keep them there.
    """
    reading = situation.reading
    if reading is None or not _is_faulted(reading):
        return None
    return Limit(max_a=0.0, source=Source.CHARGER_FAULT)


def _is_faulted(reading: Reading) -> bool:
    return (
        (reading.fault is not None and reading.fault.is_safety)
        or reading.status is ConnectorStatus.FAULTED
        or reading.pilot is PilotState.E
    )


def safety_lock_limit(situation: Situation) -> Limit | None:
    """Stop while the owner's safety lock is on."""
    return Limit(max_a=0.0, source=Source.SAFETY_LOCK) if situation.settings.is_locked else None


def alarm_limit(situation: Situation) -> Limit | None:
    """Stop while an alarm that the meter raised stands, and go on asking for 0 A."""
    standing = {alarm.danger for alarm in situation.carry.alarms}
    for danger, source in _ALARMS.items():
        if danger in standing:
            return Limit(max_a=0.0, source=source)
    return None


def temperature_limit(situation: Situation) -> Limit | None:
    """Charge with half the current while the charge point is warm, and not at all while it is hot."""
    match situation.heat:
        case Heat.HOT:
            return Limit(max_a=0.0, source=Source.TEMPERATURE)
        case Heat.WARM:
            return Limit(max_a=max(MIN_CURRENT_A, situation.settings.rated_a / 2), source=Source.TEMPERATURE)
        case Heat.NORMAL:
            return None


def charge_point_limit(situation: Situation) -> Limit:
    """Never more than charge point and circuit are rated for. This one always speaks."""
    rated_a = situation.settings.rated_a
    return Limit(max_a=rated_a if math.isfinite(rated_a) else 0.0, source=Source.CHARGE_POINT_RATING)


def cable_limit(situation: Situation) -> Limit | None:
    """Never more than the cable is rated for, where the charge point can tell (proximity pilot)."""
    cable_a = None if situation.reading is None else situation.reading.cable_a
    if cable_a is None or not math.isfinite(cable_a):
        return None
    return Limit(max_a=cable_a, source=Source.CABLE_RATING)


def supply_limit(situation: Situation) -> Limit | None:
    """Never more than this charge point's share of the premises' supply (8.1 to 8.3)."""
    supply = situation.supply
    if supply is None:
        return None
    max_a = supply.max_a if math.isfinite(supply.max_a) else 0.0
    return Limit(max_a=max_a, source=Source.SUPPLY, until_at=supply.until_at)


def promised_a(situation: Situation, limits: Sequence[Limit]) -> float:
    """Return the current to wait for behind a random delay: what the supply promises, within all other ``limits``."""
    promised = 0.0 if situation.supply is None else situation.supply.promised_a
    others = [limit.max_a for limit in limits if limit.source is not Source.SUPPLY]
    return usable_a(min([promised, *others])) if math.isfinite(promised) else 0.0


def not_plugged_in_limit(situation: Situation) -> Limit | None:
    """Ask for nothing without a vehicle, so that plugging in is a charging instance of its own.

    No load changes by it, so it never waits. An unknown plug state counts as plugged in.
    """
    if situation.reading is None or situation.reading.is_plugged_in is not False:
        return None
    return Limit(max_a=0.0, source=Source.NOT_PLUGGED_IN)


def no_tag_limit(situation: Situation) -> Limit | None:
    """Ask for nothing before a tag is held to the charge point, so that holding it is a charging instance (11.1).

    No load changes by it, so it never waits.
    """
    if situation.reading is None or not situation.reading.awaits_tag:
        return None
    return Limit(max_a=0.0, source=Source.NO_TAG)
