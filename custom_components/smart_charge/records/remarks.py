"""What may be wrong with a charging event, so that no report papers it over (O1, O5, O7)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from .equipment import classed
from .periods import UK, Quarter
from .values import Outlet, SessionRecord

_MARGIN: Final = 1.1  # meter and rating may each be 5 % off before energy counts as impossible


class Remark(StrEnum):
    """What is wrong with an event, or why it is not in the report."""

    NO_ID = "no_chargepoint_id"
    NO_UNPLUG_TIME = "no_unplug_time"
    NO_CHARGE_START = "no_charge_start_time"
    NO_CHARGE_END = "no_charge_end_time"
    OUT_OF_ORDER = "times_out_of_order"
    OVERLAPS = "overlaps_the_event_before_on_this_outlet"
    TOO_MUCH_ENERGY = "more_energy_than_the_outlet_can_give"
    MAY_BE_SEVERAL = "may_be_more_than_one_event"
    CALCULATED = "energy_calculated_not_metered"
    CLOCK_WENT_BACK = "clock_went_back_during_the_event"
    NOT_PERMITTED = "outlet_class_not_permitted"
    STILL_PLUGGED_IN = "left_out_still_plugged_in"
    NOTHING_CHARGED = "left_out_nothing_charged"


MISSING: Final = frozenset({Remark.NO_ID, Remark.NO_UNPLUG_TIME, Remark.NO_CHARGE_START, Remark.NO_CHARGE_END})
"""These take a data point away."""


def faults_of(
    session: SessionRecord, outlet: Outlet | None, before: SessionRecord | None, *, is_residents_only: bool
) -> Iterator[Remark]:
    """Yield all that is wrong with an event; ``before`` is the one before it on the same outlet."""
    checks: tuple[tuple[Remark, Callable[[], bool]], ...] = (
        (Remark.NO_ID, lambda: outlet is None or outlet.public_id is None),
        (Remark.NO_UNPLUG_TIME, lambda: session.unplugged_at is None),
        (Remark.NO_CHARGE_START, lambda: session.charge_started_at is None),
        (Remark.NO_CHARGE_END, lambda: session.charge_ended_at is None),
        (Remark.OUT_OF_ORDER, lambda: _is_out_of_order(_instants(session))),
        (Remark.OVERLAPS, lambda: before is not None and end_of(before) > session.plugged_in_at),
        (Remark.TOO_MUCH_ENERGY, lambda: _is_too_much(session, outlet)),
        (Remark.MAY_BE_SEVERAL, lambda: session.may_be_several),
        (Remark.CALCULATED, lambda: not session.is_metered),
        (Remark.CLOCK_WENT_BACK, lambda: _seems_to_go_back(_instants(session))),
        (Remark.NOT_PERMITTED, lambda: _is_not_permitted(outlet, is_residents_only)),
    )
    return (remark for remark, is_so in checks if is_so())


def _instants(session: SessionRecord) -> list[datetime]:
    all_four = (session.plugged_in_at, session.charge_started_at, session.charge_ended_at, session.unplugged_at)
    return [instant for instant in all_four if instant is not None]


def end_of(session: SessionRecord) -> datetime:
    """Return when the vehicle left, or was last seen."""
    return session.unplugged_at or session.seen_at


def _is_out_of_order(instants: list[datetime]) -> bool:
    return instants != sorted(instants)


def _seems_to_go_back(instants: list[datetime]) -> bool:
    local = [to_minute(instant).replace(tzinfo=None) for instant in instants]
    return not _is_out_of_order(instants) and local != sorted(local)


def _is_too_much(session: SessionRecord, outlet: Outlet | None) -> bool:
    if outlet is None or outlet.rated_w is None:
        return False
    hours = (end_of(session) - session.plugged_in_at) / timedelta(hours=1)
    return max(session.import_wh, session.export_wh) > outlet.rated_w * hours * _MARGIN


def _is_not_permitted(outlet: Outlet | None, is_residents_only: bool) -> bool:
    if outlet is None or outlet.rated_w is None:
        return False
    return not classed(outlet.rated_w, is_dc=outlet.is_dc, is_residents_only=is_residents_only).is_permitted


def belongs(session: SessionRecord, quarter: Quarter) -> bool:
    """Whether an event is complete in a quarter: its vehicle left in it, or was last seen in it."""
    return quarter.starts_at <= end_of(session) < quarter.ends_at


def why_left_out(session: SessionRecord, quarter: Quarter) -> Remark | None:
    """Return why an event that reaches into the quarter is not in its report, if it should be said."""
    if session.plugged_in_at >= quarter.ends_at:
        return None
    if session.is_open or end_of(session) >= quarter.ends_at:
        return Remark.STILL_PLUGGED_IN
    is_empty = session.import_wh == 0 == session.export_wh and session.charge_started_at is None
    return Remark.NOTHING_CHARGED if is_empty and belongs(session, quarter) else None


def to_minute(instant: datetime) -> datetime:
    """Return UK local time to the nearest minute."""
    nearest = instant + timedelta(seconds=30)
    return nearest.replace(second=0, microsecond=0).astimezone(UK)
