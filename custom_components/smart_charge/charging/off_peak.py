"""The default charging hours and the owner's choice about them (reg 10, requirements 10.1 to 10.3)."""

from collections.abc import Mapping, Sequence
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

from .model import Limit, Mode, Situation, Source, WeeklyHours, Window

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Weekdays as they are stored, Monday first."""

_WORKING_DAYS = frozenset(range(5))
_WEEKEND = frozenset({5, 6})
_NIGHTS_BEFORE_WORK = _WORKING_DAYS | {6}


def preset_hours(time_zone: ZoneInfo) -> WeeklyHours:
    """All but the peak hours 08:00 to 11:00 and 16:00 to 22:00, Monday to Friday (10.1, guidance 3.25)."""
    return WeeklyHours(
        windows=(
            Window(days=_WORKING_DAYS, start=time(11), end=time(16)),
            Window(days=_NIGHTS_BEFORE_WORK, start=time(22), end=time(8)),
            Window(days=_WEEKEND, start=time(0), end=time(0)),
        ),
        time_zone=time_zone,
    )


def active_hours(situation: Situation) -> WeeklyHours | None:
    """Return the default hours if they decide anything: the mode follows them and the owner has some.

    Mode "cheapest" follows its plan instead, and the hours only while there is no plan. Hours without a
    single window are no hours: they would keep the vehicle uncharged for ever (7.2).
    """
    settings = situation.settings
    follows = settings.mode is Mode.DEFAULT_HOURS or (settings.mode is Mode.CHEAPEST and situation.plan is None)
    hours = settings.default_hours
    if not follows or hours is None or not hours.windows:
        return None
    return hours


def default_hours_limit(situation: Situation) -> Limit | None:
    """Hold charging while the owner's default charging hours are closed.

    Returns 0 A until the hours next open; None while they are open, and when the owner removed
    them or chose another mode.
    Source: SI 2021/1467 reg 10; requirements 10.1, 10.2.
    """
    hours = active_hours(situation)
    if hours is None or hours.contains(situation.now):
        return None
    return Limit(max_a=0.0, source=Source.DEFAULT_HOURS, until_at=hours.next_opening(situation.now))


def off_limit(situation: Situation) -> Limit | None:
    """Hold charging while the owner has chosen mode "off"."""
    if situation.settings.mode is not Mode.OFF:
        return None
    return Limit(max_a=0.0, source=Source.OFF)


def windows_from_list(stored: Sequence[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Read windows from their stored form, ``{"days": ["mon"], "start": "22:00:00", "end": "08:00:00"}``.

    Raises:
        ValueError: not in that form; the message names the window by its place in the list and what is wrong.
    """
    items = list(stored) if isinstance(stored, list | tuple) else [stored]
    return tuple(_window(item, f"Window {number}") for number, item in enumerate(items, start=1))


def windows_to_list(windows: Sequence[Window]) -> list[dict[str, Any]]:
    """Return the stored form of ``windows``; see `windows_from_list`."""
    return [
        {
            "days": [DAYS[day] for day in sorted(window.days)],
            "start": window.start.isoformat(),
            "end": window.end.isoformat(),
        }
        for window in windows
    ]


def _window(item: object, name: str) -> Window:
    stored = item if isinstance(item, Mapping) else {}
    if not stored:
        raise ValueError(f"{name} is no mapping of days, start and end, but {item!r}")
    return Window(
        days=_days(stored.get("days"), name),
        start=_time(stored.get("start"), name),
        end=_time(stored.get("end"), name),
    )


def _days(value: object, name: str) -> frozenset[int]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError(f"{name} needs at least one day of {', '.join(DAYS)}, not {value!r}")
    unknown = [day for day in value if day not in DAYS]
    if unknown:
        raise ValueError(f"{name} names a day that is none of {', '.join(DAYS)}: {unknown[0]!r}")
    return frozenset(DAYS.index(day) for day in value)


def _time(value: object, name: str) -> time:
    try:
        at = time.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None or at.microsecond:
        raise ValueError(f"{name} needs a local time such as 22:00 or 22:00:00, not {value!r}")
    return at
