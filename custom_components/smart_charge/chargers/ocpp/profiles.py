"""Charging profiles: a setpoint, or default hours to leave behind, in the words of smart charging. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
import math
from typing import Any

from ...charging.model import MIN_CURRENT_A, WeeklyHours
from .wire_time import write

VOLTS = 230
HOURS_ID, OVERLAY_ID, LEASE_ID = 1, 2, 4
"""Small, fixed, one for each slot; 3 was a ceiling's and stays free. Those of the first connector: see ``id_on``."""

IDS_PER_CONNECTOR = 10

DAY_S, WEEK_S = 86_400, 604_800
BEFORE = timedelta(seconds=60)
"""Schedules begin a minute ago: one that begins in the future never does on some (OCPP notes A6)."""

type Period = tuple[int, float]
"""Seconds from the schedule's start, and the limit in ampere per phase from then on."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """One way to say a setpoint. The ladder is the order in which they are tried."""

    name: str
    purpose: str = "TxProfile"
    unit: str = "A"
    at_top_level: bool = True
    has_duration: bool = True
    is_whole: bool = False
    on_connector_zero: bool = False

    @property
    def outlives_transaction(self) -> bool:
        """Whether it would bind the next vehicle too, unless it is cleared."""
        return self.purpose != "TxProfile"


_FIRST = Rung(name="tx_a")

LADDER: tuple[Rung, ...] = (
    _FIRST,
    replace(_FIRST, name="tx_w", unit="W"),
    replace(_FIRST, name="tx_a_level_0", at_top_level=False),
    replace(_FIRST, name="tx_w_level_0", unit="W", at_top_level=False),
    replace(_FIRST, name="tx_a_no_duration", at_top_level=False, has_duration=False),
    replace(_FIRST, name="tx_a_whole", at_top_level=False, is_whole=True),
    replace(_FIRST, name="default_a", purpose="TxDefaultProfile", is_whole=True),
    replace(_FIRST, name="default_w", purpose="TxDefaultProfile", unit="W", is_whole=True),
    replace(_FIRST, name="default_a_unit", purpose="TxDefaultProfile", is_whole=True, on_connector_zero=True),
    replace(_FIRST, name="max_a", purpose="ChargePointMaxProfile", is_whole=True, on_connector_zero=True),
    replace(_FIRST, name="max_w", purpose="ChargePointMaxProfile", unit="W", is_whole=True, on_connector_zero=True),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SmartCharging:
    """What a charge point says of its own smart charging; None where it does not say.

    ``is_shared``: other connectors are set up too, so that nothing may be said to the whole unit.
    """

    units: frozenset[str] = frozenset({"A", "W"})
    max_level: int | None = None
    max_periods: int | None = None
    max_profiles: int | None = None
    phases: int | None = None
    is_shared: bool = False

    @property
    def top_level(self) -> int:
        """The highest stack level that is sure to exist."""
        return 0 if self.max_level is None else max(0, self.max_level)


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


def rungs(smart: SmartCharging) -> tuple[Rung, ...]:
    """Return the ladder, without the rungs whose unit this charge point does not know."""
    ladder = tuple(rung for rung in LADDER if not (smart.is_shared and rung.on_connector_zero))
    return tuple(rung for rung in ladder if rung.unit in smart.units) or ladder


def amount(limit_a: float, unit: str, phases: int | None) -> float | int:
    """Return a limit in the schedule's unit: ampere per phase, or watt for all phases."""
    if unit == "W":
        return math.floor(limit_a * VOLTS * (phases or 1))
    return int(limit_a) if float(limit_a).is_integer() else round(limit_a, 1)


def _schedule(
    start: datetime, duration: int | None, unit: str, periods: Sequence[Period], phases: int | None
) -> dict[str, Any]:
    schedule: dict[str, Any] = {
        "startSchedule": write(start, whole_seconds=True),
        "chargingRateUnit": unit,
        "chargingSchedulePeriod": [
            {"startPeriod": second, "limit": amount(limit_a, unit, phases)} for second, limit_a in periods
        ],
    }
    return schedule if duration is None else schedule | {"duration": duration}


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
        "chargingSchedule": _schedule(
            now - BEFORE, duration, rung.unit, [(0, permitted(setpoint_a, is_whole=rung.is_whole))], smart.phases
        ),
    }
    if rung.purpose == "TxProfile" and transaction_id is not None:
        profile["transactionId"] = transaction_id
    return profile


# Default hours


@dataclass(frozen=True, slots=True)
class _Slot:
    """One of our recurring profiles."""

    profile_id: int
    level: int
    recurrence: str

    @property
    def cycle_s(self) -> int:
        """Return after how long it begins anew."""
        return DAY_S if self.recurrence == "Daily" else WEEK_S


_DAILY = _Slot(HOURS_ID, 0, "Daily")
_WEEKLY = _Slot(HOURS_ID, 0, "Weekly")
_OVERLAY = _Slot(OVERLAY_ID, 1, "Weekly")


@dataclass(frozen=True, slots=True)
class _Edge:
    """From this second of the day or week on, open or closed."""

    second: int
    is_open: bool


def _weekly_edges(hours: WeeklyHours) -> list[_Edge]:
    """When the week's state changes, in local seconds from Monday 00:00; the first is second 0."""
    spans = sorted(
        (begin + shift, end + shift)
        for window in hours.windows
        for day in window.days
        for begin, end in [_span(day, window.start, window.end)]
        for shift in (-WEEK_S, 0)
    )
    merged: list[tuple[int, int]] = []
    for first, last in spans:
        begin, end = max(first, 0), min(last, WEEK_S)
        if end <= begin:
            continue
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    edges: list[_Edge] = []
    for begin, end in merged:
        edges += [_Edge(begin, True), *([_Edge(end, False)] if end < WEEK_S else [])]
    return edges if edges and edges[0].second == 0 else [_Edge(0, False), *edges]


def _span(day: int, start: time, end: time) -> tuple[int, int]:
    begin = day * DAY_S + _seconds(start)
    length = (_seconds(end) - _seconds(start)) % DAY_S or DAY_S
    return begin, begin + length


def _seconds(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _is_open(edges: Sequence[_Edge], second: int) -> bool:
    return next(edge.is_open for edge in reversed(edges) if edge.second <= second % WEEK_S)


def _day(edges: Sequence[_Edge], day: int) -> tuple[_Edge, ...]:
    """One day's edges, in seconds from its midnight; the first is second 0."""
    begin = day * DAY_S
    inside = [_Edge(edge.second - begin, edge.is_open) for edge in edges if begin < edge.second < begin + DAY_S]
    return (_Edge(0, _is_open(edges, begin)), *inside)


def hours_profiles(
    hours: WeeklyHours | None,
    max_a: float,
    *,
    form: str,
    now: datetime,
    draw_s: Callable[[], int],
    smart: SmartCharging,
    unit: str,
) -> list[dict[str, Any]]:
    """Return the recurring profiles that keep default hours without us.

    ``form`` is "pair" (Daily, and a Weekly laid over the days that differ), "weekly" (one with every
    edge of the week) or "daily" (the most common day, every day). Without hours, or with hours that
    never open, charging is allowed always: nothing of ours may keep a vehicle from charging for good.
    Every edge is moved by a fresh draw, so that many homes do not switch at once (reg 11).
    """
    edges = _weekly_edges(hours) if hours is not None else [_Edge(0, True)]
    zone = hours.time_zone if hours is not None else UTC
    writer = _Writer(zone, max_a, now, draw_s, unit, smart)
    if not any(edge.is_open for edge in edges) or all(edge.is_open for edge in edges):
        return [writer.flat()]
    if form == "weekly":
        return [writer.weekly(edges, 0, WEEK_S, _WEEKLY)]
    days = [_day(edges, day) for day in range(7)]
    common = max(days, key=lambda day: (days.count(day), -days.index(day)))
    profiles = [writer.daily(common)]
    odd = [day for day in range(7) if days[day] != common]
    if form == "pair" and odd:
        first, length = _arc(odd)
        profiles.append(writer.weekly(edges, first * DAY_S, length * DAY_S, _OVERLAY))
    return profiles


def _arc(days: Sequence[int]) -> tuple[int, int]:
    """Return the shortest run of days, over the week's end too, that holds all of ``days``: first day and length."""
    return min(
        ((first, max((day - first) % 7 for day in days) + 1) for first in days), key=lambda candidate: candidate[1]
    )


@dataclass(frozen=True, slots=True)
class _Writer:
    time_zone: tzinfo
    max_a: float
    now: datetime
    draw_s: Callable[[], int]
    unit: str
    smart: SmartCharging

    def daily(self, day: Sequence[_Edge]) -> dict[str, Any]:
        """Every day alike, beginning at the last opening: that saves the period at midnight."""
        changes = [
            edge for before, edge in zip([day[-1], *day[:-1]], day, strict=True) if before.is_open != edge.is_open
        ]
        if not changes:
            return self._write(_DAILY, self._last(0, DAY_S), DAY_S, [(0, self._limit(day[0].is_open))])
        anchor = max((edge.second for edge in changes if edge.is_open), default=changes[0].second)
        turned = sorted(
            (_Edge((edge.second - anchor) % DAY_S, edge.is_open) for edge in changes), key=lambda e: e.second
        )
        return self._profile(_DAILY, anchor, DAY_S, turned)

    def weekly(self, edges: Sequence[_Edge], begin: int, length: int, slot: _Slot) -> dict[str, Any]:
        """Return a part of the week, or all of it, beginning at ``begin``."""
        inside = [_Edge(0, _is_open(edges, begin))]
        turned = sorted((_Edge((edge.second - begin) % WEEK_S, edge.is_open) for edge in edges), key=lambda e: e.second)
        for edge in turned:
            if 0 < edge.second < length and edge.is_open != inside[-1].is_open:
                inside.append(edge)
        return self._profile(slot, begin, length, inside)

    def _profile(self, slot: _Slot, begin: int, length: int, edges: Sequence[_Edge]) -> dict[str, Any]:
        """Move the edges by draws, the first with the schedule's start."""
        first = self.draw_s() if slot.recurrence == "Daily" else 0  # a week's part begins at no edge
        start = self._last(begin, slot.cycle_s, first)
        periods: list[Period] = [(0, self._limit(edges[0].is_open))]
        for edge in edges[1:]:
            second = min(max(edge.second + self.draw_s() - first, periods[-1][0] + 1), length - 1)
            if second > periods[-1][0]:
                periods.append((second, self._limit(edge.is_open)))
        return self._write(slot, start, length, periods)

    def _write(self, slot: _Slot, start: datetime, length: int, periods: Sequence[Period]) -> dict[str, Any]:
        return {
            "chargingProfileId": slot.profile_id,
            "stackLevel": slot.level,
            "chargingProfilePurpose": "TxDefaultProfile",
            "chargingProfileKind": "Recurring",
            "recurrencyKind": slot.recurrence,
            "chargingSchedule": _schedule(start.astimezone(UTC), length, self.unit, periods, self.smart.phases),
        }

    def flat(self) -> dict[str, Any]:
        """Return a profile that allows charging always."""
        return self._write(_DAILY, self.now - BEFORE, DAY_S, [(0, self._limit(True))])

    def _limit(self, is_open: bool) -> float:
        return permitted(self.max_a, is_whole=False) if is_open else 0.0

    def _last(self, local_second: int, cycle: int, draw: int = 0) -> datetime:
        """Return the last time, at least a minute ago, that the local clock showed this second of day or week."""
        local = self.now.astimezone(self.time_zone)
        midnight = local.date() - timedelta(days=local.weekday() if cycle == WEEK_S else 0)
        step = timedelta(days=cycle // DAY_S)
        days, second = divmod(local_second, DAY_S)
        moment = time(second // 3600, second // 60 % 60, second % 60)
        candidate = midnight + timedelta(days=days) + step
        while True:
            instant = datetime.combine(candidate, moment, self.time_zone).astimezone(UTC) + timedelta(seconds=draw)
            if instant <= self.now - BEFORE:
                return instant
            candidate -= step
