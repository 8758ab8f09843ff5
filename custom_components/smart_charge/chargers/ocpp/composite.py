"""What GetCompositeSchedule says is in force, against what was written (OCPP notes A6). Pure."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
import math
from typing import Any

from ...charging.model import MIN_CURRENT_A
from .fields import number, objects, whole
from .profiles import VOLTS
from .wire_time import read

STEP_S = 900
MARGIN_S = 180
"""Instants this near to an edge are not compared: clocks differ, and some schedules are cut to whole minutes."""


class Verdict(Enum):
    """Whether the charge point holds the hours that were written to it."""

    AGREES = "agrees"
    DIFFERS = "differs"
    SILENT = "silent"  # it is always open: some count default profiles inside a transaction only


def limits(answer: Mapping[str, Any], phases: int | None) -> list[tuple[int, float]]:
    """Return (seconds from now, ampere) of a composite schedule; infinite for no limit, empty for no answer."""
    schedule = answer.get("chargingSchedule")
    if not isinstance(schedule, dict) or str(answer.get("status")).casefold() != "accepted":
        return []
    is_watts = schedule.get("chargingRateUnit") == "W"
    found = []
    for period in objects(schedule.get("chargingSchedulePeriod")):
        limit = number(period.get("limit"))
        if limit is not None:
            amps = round(limit / VOLTS / (phases or 1), 2) if is_watts else limit
            found.append((whole(period.get("startPeriod")) or 0, math.inf if limit < 0 else amps))
    return found


def compare(profiles: Sequence[Mapping[str, Any]], found: Sequence[tuple[int, float]], now: datetime) -> Verdict | None:
    """Compare a composite schedule of a day with the recurring profiles that were written; None for an empty one."""
    if not found:
        return None
    meant = [(second, _is_open_at(profiles, now + timedelta(seconds=second))) for second in _instants(profiles, now)]
    held = [_held_at(found, second) >= MIN_CURRENT_A for second, _ in meant]
    if held == [is_open for _, is_open in meant]:
        return Verdict.AGREES
    return Verdict.SILENT if all(held) else Verdict.DIFFERS


def _instants(profiles: Sequence[Mapping[str, Any]], now: datetime) -> list[int]:
    """Seconds from now, of a day, at which nothing changes soon."""
    return [
        second
        for second in range(0, 86_400 - STEP_S, STEP_S)
        if len({_is_open_at(profiles, now + timedelta(seconds=second + margin)) for margin in (-MARGIN_S, 0, MARGIN_S)})
        == 1
    ]


def _held_at(found: Sequence[tuple[int, float]], second: int) -> float:
    index = bisect_right([start for start, _ in found], second) - 1
    return found[max(0, index)][1]


def _is_open_at(profiles: Sequence[Mapping[str, Any]], instant: datetime) -> bool:
    """Whether the topmost of our own recurring profiles allows current then; without one nothing forbids it."""
    for profile in sorted(profiles, key=lambda each: -int(each["stackLevel"])):
        schedule = profile["chargingSchedule"]
        start = read(schedule["startSchedule"])
        cycle_s = 86_400 if profile["recurrencyKind"] == "Daily" else 604_800
        if start is None or instant < start:
            continue
        elapsed_s = (instant - start).total_seconds() % cycle_s
        if elapsed_s < schedule["duration"]:
            periods = [period for period in schedule["chargingSchedulePeriod"] if period["startPeriod"] <= elapsed_s]
            return bool(periods[-1]["limit"] > 0)
    return True
