"""The one sentence the owner reads: why the vehicle gets what it gets, and until when."""

from collections.abc import Sequence
from datetime import datetime

from .cheapest import active_plan, why_charging, why_waiting
from .demand_response import turn_up
from .model import (
    MIN_CURRENT_A,
    ConnectorStatus,
    Hold,
    Limit,
    OverrideKind,
    Reading,
    Reason,
    SharingCause,
    Situation,
    Source,
)
from .off_peak import active_hours

_NOTHING_BECAUSE: dict[Source, Reason] = {
    Source.CHARGER_FAULT: Reason.CHARGER_FAULT,
    Source.SAFETY_LOCK: Reason.SAFETY_LOCK,
    Source.CONTACTOR_WELDED: Reason.CONTACTOR_WELDED,
    Source.OVER_CURRENT: Reason.OVER_CURRENT,
    Source.TEMPERATURE: Reason.TOO_HOT,
    Source.CHARGE_POINT_RATING: Reason.RATING_TOO_LOW,
    Source.CABLE_RATING: Reason.CABLE_LIMIT,
    Source.NOT_PLUGGED_IN: Reason.NOT_PLUGGED_IN,
    Source.NO_TAG: Reason.WAITING_FOR_TAG,
    Source.STOP: Reason.STOPPED,
    Source.RESPONSE_DSR: Reason.RESPONSE_DSR,
    Source.DSR: Reason.DEMAND_RESPONSE,
    Source.DSR_DELAYED_BEFORE: Reason.DEMAND_RESPONSE,
    Source.OFF: Reason.OFF,
    Source.DEFAULT_HOURS: Reason.WAITING_FOR_DEFAULT_HOURS,
}
"""Why there is nothing, by the limit that allows nothing."""


_LESS_BECAUSE: dict[Source, Reason] = {
    Source.TEMPERATURE: Reason.SLOWED_BY_HEAT,
    Source.CABLE_RATING: Reason.CABLE_LIMIT,
    Source.RESPONSE_DSR: Reason.RESPONSE_DSR,
    Source.DSR: Reason.DEMAND_RESPONSE,
    Source.DSR_DELAYED_BEFORE: Reason.DEMAND_RESPONSE,
}
"""Why there is less than the charge point's rating, by the limit that allows less."""


_SHARE_BECAUSE: dict[SharingCause, Reason] = {
    SharingCause.SUPPLY: Reason.SUPPLY_LIMIT,
    SharingCause.METER_LOST: Reason.METER_LOST,
    SharingCause.WATCHED: Reason.WAITING_FOR_SUPPLY,
    SharingCause.TURN: Reason.WAITING_FOR_TURN,
}
"""Why the share of the supply is no more, for nothing and for less alike."""


def explain(
    situation: Situation, limits: Sequence[Limit], lifted_by: Source | None, hours_change_at: datetime | None
) -> tuple[Reason, datetime | None]:
    """Return the reason and until when it holds, None if that is not known.

    The situation is as this step leaves it, the first of ``limits`` binds, ``lifted_by`` set others
    aside, and ``hours_change_at`` is when the default hours that the mode follows next open or close.

    A running delay comes first; then whoever allows nothing; then, while charging is allowed, what
    keeps the vehicle from it or makes it an exception, and last what allows it.
    """
    carry, binding = situation.carry, limits[0]
    if carry.hold is not None:
        return _delayed(carry.in_force_a, carry.hold)
    if carry.in_force_a == 0 and binding.source is Source.PLAN:
        return why_waiting(situation), binding.until_at
    if carry.in_force_a == 0:
        return _share_reason(situation, binding) or _NOTHING_BECAUSE[binding.source], binding.until_at
    if situation.reading is not None and is_not_taking(situation.reading):
        return Reason.VEHICLE_NOT_TAKING, None
    return _charging(situation, binding, lifted_by, hours_change_at)


def _charging(
    situation: Situation, binding: Limit, lifted_by: Source | None, hours_change_at: datetime | None
) -> tuple[Reason, datetime | None]:
    if (reason := _share_reason(situation, binding)) is not None:
        return reason, binding.until_at
    override = situation.carry.override
    if override is not None and override.kind is OverrideKind.CHARGE_NOW:
        has_amount = override.energy_wh is not None
        return Reason.CHARGING_TO_ENERGY if has_amount else Reason.CHARGING_NOW, override.ends_at
    if binding.source in _LESS_BECAUSE:
        return _LESS_BECAUSE[binding.source], binding.until_at or hours_change_at
    asked = turn_up(situation)
    if lifted_by is Source.TURN_UP and asked is not None:
        return Reason.TURNED_UP, asked.until_at
    if (plan := active_plan(situation)) is not None and lifted_by is None:
        return why_charging(plan), plan.next_change(situation.now)
    has_hours = active_hours(situation) is not None
    return Reason.IN_DEFAULT_HOURS if has_hours else Reason.WHENEVER_PLUGGED_IN, hours_change_at


def _share_reason(situation: Situation, binding: Limit) -> Reason | None:
    if binding.source is not Source.SUPPLY or situation.supply is None:
        return None
    return _SHARE_BECAUSE[situation.supply.cause]


def _delayed(in_force_a: float, hold: Hold) -> tuple[Reason, datetime]:
    if in_force_a == 0:
        return Reason.DELAYED_START, hold.ends_at
    return (Reason.DELAYED_STOP if hold.target_a == 0 else Reason.DELAYED_CHANGE), hold.ends_at


def is_not_taking(reading: Reading) -> bool:
    """Offered, but the vehicle does not draw: full, asleep, or on a timer of its own."""
    offers = reading.offered_a is None or reading.offered_a >= MIN_CURRENT_A
    return offers and reading.status is ConnectorStatus.SUSPENDED_EV
