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

DAY_S = 86_400
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


def horizon_s(answer: Mapping[str, Any]) -> int:
    """Return how far a composite schedule looks: some tell of an hour when they are asked for a day."""
    schedule = answer.get("chargingSchedule")
    told = whole(schedule.get("duration")) if isinstance(schedule, dict) else None
    return DAY_S if told is None else max(0, min(told, DAY_S))


def compare(
    profiles: Sequence[Mapping[str, Any]], found: Sequence[tuple[int, float]], now: datetime, horizon_s: int
) -> Verdict | None:
    """Compare a composite schedule with the recurring profiles that were written; None when it does not tell.

    One period alone may be all that the charge point ever tells: it speaks for the present instant.
    """
    if not found:
        return None
    last_s = min(horizon_s, 0 if len(found) == 1 else DAY_S)
    instants = [second for second in _instants(profiles, now) if second <= last_s]
    meant = [_is_open_at(profiles, now + timedelta(seconds=second)) for second in instants]
    held = [_held_at(found, second) >= MIN_CURRENT_A for second in instants]
    if all(held):
        return Verdict.AGREES if len(found) > 1 and meant == held else Verdict.SILENT
    if meant != held:
        return Verdict.DIFFERS
    return Verdict.AGREES if any(held) else None


def _instants(profiles: Sequence[Mapping[str, Any]], now: datetime) -> list[int]:
    """Seconds from now, of a day, at which nothing changes soon."""
    return [
        second
        for second in range(0, DAY_S - STEP_S, STEP_S)
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
        cycle_s = DAY_S if profile["recurrencyKind"] == "Daily" else 604_800
        if start is None or instant < start:
            continue
        elapsed_s = (instant - start).total_seconds() % cycle_s
        if elapsed_s < schedule["duration"]:
            periods = [period for period in schedule["chargingSchedulePeriod"] if period["startPeriod"] <= elapsed_s]
            return bool(periods[-1]["limit"] > 0)
    return True
