"""Default hours to leave behind as recurring charging profiles. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from typing import Any

from ...charging.model import WeeklyHours
from .profiles import BEFORE, HOURS_ID, OVERLAY_ID, Period, permitted, schedule
from .smart import SmartCharging

DAY_S, WEEK_S = 86_400, 604_800

ROOM = 3
"""Stack levels for two profiles and a lease above them."""


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


def raised(profiles: list[dict[str, Any]], top_level: int) -> list[dict[str, Any]]:
    """Return the profiles on higher stack levels, above what somebody else may have left; as they are without room.

    The topmost level stays free for a lease.
    """
    if top_level < ROOM:
        return profiles
    return [profile | {"stackLevel": top_level - ROOM + 1 + profile["stackLevel"]} for profile in profiles]


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
            "chargingSchedule": schedule(start.astimezone(UTC), length, self.unit, periods, self.smart.phases),
        }

    def flat(self) -> dict[str, Any]:
        """Return a profile that allows charging always."""
        return self._write(_DAILY, self.now - BEFORE, DAY_S, [(0, self._limit(True))])

    def _limit(self, is_open: bool) -> float:
        return permitted(self.max_a, is_whole=False) if is_open else 0.0

    def _last(self, local_second: int, cycle: int, draw: int = 0) -> datetime:
        """Return the last time, at least a minute ago, of this second of day or week by the clock as it is now.

        A charge point repeats it after so many hours: one that began before the clocks changed would be an hour off,
        and beside another's that did not.
        """
        zone = timezone(self.now.astimezone(self.time_zone).utcoffset() or timedelta())
        local = self.now.astimezone(zone)
        midnight = local.date() - timedelta(days=local.weekday() if cycle == WEEK_S else 0)
        step = timedelta(days=cycle // DAY_S)
        days, second = divmod(local_second, DAY_S)
        moment = time(second // 3600, second // 60 % 60, second % 60)
        candidate = midnight + timedelta(days=days) + step
        while True:
            instant = datetime.combine(candidate, moment, zone).astimezone(UTC) + timedelta(seconds=draw)
            if instant <= self.now - BEFORE:
                return instant
            candidate -= step
