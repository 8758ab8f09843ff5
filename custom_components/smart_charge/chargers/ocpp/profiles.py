"""Charging profiles: a setpoint in the words of smart charging. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
import math
from typing import Any

from ...charging.model import MIN_CURRENT_A
from .rungs import Rung
from .smart import SmartCharging
from .wire_time import read, write

VOLTS = 230
HOURS_ID, OVERLAY_ID, LEASE_ID = 1, 2, 4
"""Small, fixed, one for each slot; 3 was a ceiling's and stays free. Those of the first connector: see ``id_on``."""

IDS_PER_CONNECTOR = 10

BEFORE = timedelta(seconds=60)
"""Schedules begin a minute ago: one that begins in the future never does on some (OCPP notes A6)."""

type Period = tuple[int, float]
"""Seconds from the schedule's start, and the limit in ampere per phase from then on."""


def id_on(connector_id: int, profile_id: int) -> int:
    """Return a slot's id on a connector: ids are the charge point's, and one connector's would replace another's."""
    return profile_id + IDS_PER_CONNECTOR * (max(1, connector_id) - 1)


def on_connector(profile: dict[str, Any], connector_id: int) -> dict[str, Any]:
    """Return a profile as it is sent to a connector."""
    return profile | {"chargingProfileId": id_on(connector_id, profile["chargingProfileId"])}


def permitted(setpoint_a: float, *, is_whole: bool) -> float:
    """Return the setpoint as it may be said: one decimal or none, rounded down, never between 0 and 6 A."""
    steps = 1 if is_whole else 10
    rounded = math.floor(setpoint_a * steps + 1e-6) / steps
    return 0.0 if rounded < MIN_CURRENT_A else rounded


def amount(limit_a: float, unit: str, phases: int | None) -> float | int:
    """Return a limit in the schedule's unit: ampere per phase, or watt for all phases."""
    if unit == "W":
        return math.floor(limit_a * VOLTS * (phases or 1))
    return int(limit_a) if float(limit_a).is_integer() else round(limit_a, 1)


def schedule(
    start: datetime, duration: int | None, unit: str, periods: Sequence[Period], phases: int | None
) -> dict[str, Any]:
    """Return a ``chargingSchedule``; without ``duration`` it holds until something else does."""
    written: dict[str, Any] = {
        "startSchedule": write(start, whole_seconds=True),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            {"startPeriod": second, "limit": amount(limit_a, unit, phases)} for second, limit_a in periods
        ],
    }
    return written if duration is None else written | {"duration": duration}


def shifted(profile: dict[str, Any], by: timedelta) -> dict[str, Any]:
    """Return a profile with its instants moved, for one that reads them as local time."""
    if not by:
        return profile
    written = dict(profile["chargingSchedule"])
    written["startSchedule"] = _moved(written["startSchedule"], by)
    moved = {name: _moved(profile[name], by) for name in ("validFrom", "validTo") if name in profile}
    return profile | moved | {"chargingSchedule": written}


def _moved(text: str, by: timedelta) -> str:
    instant = read(text)
    return text if instant is None else write(instant + by, whole_seconds=True)


def lease(
    rung: Rung,
    setpoint_a: float,
    *,
    now: datetime,
    lease_s: float,
    smart: SmartCharging,
    transaction_id: int | None,
) -> dict[str, Any]:
    """Return the charging profile that holds ``setpoint_a`` and ends by itself."""
    now = now.astimezone(UTC).replace(microsecond=0)
    duration = int(BEFORE.total_seconds() + lease_s) if rung.has_duration else None
    level = smart.top_level if rung.at_top_level else 0
    if rung.purpose == "TxDefaultProfile":
        level = max(level, 2)  # above the default hours on 0 and 1
    profile: dict[str, Any] = {
        "chargingProfileId": LEASE_ID,
        "stackLevel": level,
        "chargingProfilePurpose": rung.purpose,
        "chargingProfileKind": "Absolute",
        "validTo": write(now + timedelta(seconds=lease_s), whole_seconds=True),
        "chargingSchedule": schedule(
            now - BEFORE, duration, rung.unit, [(0, permitted(setpoint_a, is_whole=rung.is_whole))], smart.phases
        ),
    }
    if rung.purpose == "TxProfile" and transaction_id is not None:
        profile["transactionId"] = transaction_id
    return profile
