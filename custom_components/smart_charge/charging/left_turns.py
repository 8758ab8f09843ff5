"""Charge points that share too small a supply by the time of day, each by its own schedule (reg 7, 7.1, 7.2).

Nobody is there to speak to them, so a turn is the same every day, at the same time on the clock on the wall: whatever
a charge point makes of the days of a week, it never charges in another's turn. A turn ends early enough for the last
of its moved edges to lie before the next turn begins.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from itertools import pairwise

from .hours import WeeklyHours, Window

DAY_S = 86_400
CLOCKS_S = 120
"""Clocks of charge points that nobody sets may differ by so much."""

_WEEK = range(7)
_WHOLE = (3600, 7200), (900, 1800)
"""Turns begin at whole hours while each lasts two hours or more, at quarters while each lasts half an hour."""
_ENDS_AT_S = 300

type Span = tuple[int, int]
"""From one second of the day up to another; the second may lie on the next day."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Taker:
    """Who takes turns: the supply's phases behind its own, its hours, and how far their edges may be moved."""

    phases: tuple[int, ...]
    hours: WeeklyHours | None
    delay_max_s: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """When a charge point may charge: its part of its own hours. ``edge_s`` is how far the edges may be moved."""

    windows: tuple[Window, ...]
    edge_s: int


def take_turns_by_the_clock(takers: Mapping[str, Taker], places: Sequence[int]) -> dict[str, Turn]:
    """Return the turns of those that cannot charge at all times of theirs; ``places`` are there on each phase.

    At a time of day when not all whose hours are open can charge at once, each has an equal part of it. Each must
    fit alone.
    """
    if _fits(takers, list(takers), places):
        return {}
    parts = _divided(takers, places)
    runs = {key: _joined(spans) for key, spans in parts.items()}
    turns = {key: _turn(key, takers, parts[key], runs, places) for key in takers}
    return {key: turn for key, turn in turns.items() if turn is not None}


def _fits(takers: Mapping[str, Taker], keys: Sequence[str], places: Sequence[int]) -> bool:
    return all(sum(phase in takers[key].phases for key in keys) <= places[phase] for phase in range(3))


def _divided(takers: Mapping[str, Taker], places: Sequence[int]) -> dict[str, list[Span]]:
    """Return the times of day of each. Every second time it goes backwards, so that who was last goes on."""
    found: dict[str, list[Span]] = {key: [] for key in takers}
    is_backwards = False
    for begin, length, wanting in _times(takers):
        teams = _teams(takers, wanting, places)
        if len(teams) > 1:
            teams = teams[::-1] if is_backwards else teams
            is_backwards = not is_backwards
        for team, span in zip(teams, _slices(begin, length, len(teams)), strict=True):
            for key in team:
                found[key].append(span)
    return found


def _times(takers: Mapping[str, Taker]) -> Iterator[tuple[int, int, list[str]]]:
    """Yield times of day at which the same are open on the same days: begin, length and who is open on any."""
    edges = sorted({edge for one in takers.values() for edge in _edges(one.hours)}) or [0]
    patterns = {edge: tuple(_open_days(one.hours, edge) for one in takers.values()) for edge in edges}
    begins = [edge for before, edge in pairwise([edges[-1], *edges]) if patterns[before] != patterns[edge]] or [0]
    for begin, end in pairwise([*begins, begins[0] + DAY_S]):
        pattern = patterns[begin] if begin in patterns else patterns[edges[0]]
        wanting = [key for key, days in zip(takers, pattern, strict=True) if days]
        if wanting:
            yield begin, end - begin, wanting


def _edges(hours: WeeklyHours | None) -> set[int]:
    windows = () if hours is None else hours.windows
    return {_second(edge) for window in windows for edge in (window.start, window.end)}


def _open_days(hours: WeeklyHours | None, second: int) -> frozenset[int]:
    if hours is None:
        return frozenset(_WEEK)
    at = _time(second)
    return frozenset(day for day in _WEEK if any(window.shows(day, at) for window in hours.windows))


def _teams(takers: Mapping[str, Taker], keys: Sequence[str], places: Sequence[int]) -> list[list[str]]:
    """Return who charges together: each in the first team that has a place, and again in others that have one left."""
    teams: list[list[str]] = []
    for key in keys:
        team = next((team for team in teams if _fits(takers, [*team, key], places)), None)
        if team is None:
            teams.append([key])
        else:
            team.append(key)
    for team in teams:
        last = keys.index(team[-1]) + 1
        for key in [*keys[last:], *keys[:last]]:
            if key not in team and _fits(takers, [*team, key], places):
                team.append(key)
    return teams


def _slices(begin: int, length: int, number: int) -> list[Span]:
    whole_s = next((step for step, least in _WHOLE if length >= number * least), 1)
    cuts = [round((begin + length * part / number) / whole_s) * whole_s for part in range(1, number)]
    return list(pairwise([begin, *cuts, begin + length]))


def _joined(spans: Sequence[Span]) -> list[Span]:
    """Join what touches, over midnight too; the whole day is one span of that length."""
    joined: list[Span] = []
    for begin, end in sorted((begin % DAY_S, begin % DAY_S + end - begin) for begin, end in spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    if len(joined) > 1 and joined[-1][1] == joined[0][0] + DAY_S:
        joined[0] = (joined[-1][0] - DAY_S, joined[0][1])
        del joined[-1]
    return joined


def _turn(
    key: str,
    takers: Mapping[str, Taker],
    parts: Sequence[Span],
    runs: Mapping[str, Sequence[Span]],
    places: Sequence[int],
) -> Turn | None:
    """Return when one charges; None where that is at all times of its own hours, to the end."""
    own, edge_s = takers[key], takers[key].delay_max_s
    last_s = {end % DAY_S: end - begin for begin, end in parts}
    kept: list[Span] = []
    for begin, end in runs[key]:
        if end - begin >= DAY_S or not _is_followed(key, end, takers, runs, places):
            kept.append((begin, end))
            continue
        spare_s = _spare_s(last_s[end % DAY_S], own.delay_max_s)
        kept.append((begin, end - spare_s))
        edge_s = min(edge_s, max(0, spare_s - CLOCKS_S))
    windows = _windows(own.hours, kept)
    return None if windows == _windows(own.hours, [(0, DAY_S)]) else Turn(windows=windows, edge_s=edge_s)


def _spare_s(length: int, delay_max_s: int) -> int:
    """Return how long before the next turn one ends: half of its last part, where that is so short.

    Other parts may be of other days, and each day keeps its own.
    """
    wanted_s = -(-(delay_max_s + CLOCKS_S) // _ENDS_AT_S) * _ENDS_AT_S
    return min(wanted_s, length // 2)


def _is_followed(
    key: str, end: int, takers: Mapping[str, Taker], runs: Mapping[str, Sequence[Span]], places: Sequence[int]
) -> bool:
    """Whether others begin there beside whom it cannot charge."""
    soon = (end, end + takers[key].delay_max_s + CLOCKS_S)
    others = [other for other, spans in runs.items() if other != key and any(_meet(span, soon) for span in spans)]
    return not _fits(takers, [*others, key], places)


def _meet(one: Span, other: Span) -> bool:
    return any(one[0] + shift < other[1] and other[0] < one[1] + shift for shift in (-DAY_S, 0, DAY_S, 2 * DAY_S))


def _windows(hours: WeeklyHours | None, spans: Sequence[Span]) -> tuple[Window, ...]:
    """Return the part of weekly hours that lies in these times of day."""
    week_s = len(_WEEK) * DAY_S
    found = [
        (day * DAY_S + begin, day * DAY_S + end)
        for begin, end in _pieces(spans, _edges(hours))
        for day in _open_days(hours, begin)
    ]
    merged: list[Span] = []
    for begin, end in sorted(found):
        if merged and begin == merged[-1][1]:
            merged[-1] = (merged[-1][0], end)
        else:
            merged.append((begin, end))
    if len(merged) > 1 and merged[0][0] == 0 and merged[-1][1] == week_s:
        merged[0] = (merged[-1][0] - week_s, merged[0][1])
        del merged[-1]
    days: dict[Span, set[int]] = {}
    for begin, end in merged:
        for from_s, to_s in _of_a_day(begin, end):
            days.setdefault((from_s % DAY_S, to_s - from_s), set()).add(from_s // DAY_S % 7)
    return tuple(
        Window(days=frozenset(on), start=_time(start), end=_time(start + length))
        for (start, length), on in sorted(days.items())
    )


def _pieces(spans: Sequence[Span], edges: set[int]) -> Iterator[Span]:
    """Cut times of day at midnight and at the hours' own edges."""
    cuts = sorted({edge + shift for edge in {0, *edges} for shift in (-DAY_S, 0, DAY_S)})
    for begin, end in spans:
        inside = [cut for cut in cuts if begin < cut < end]
        for piece, after in pairwise([begin, *inside, end]):
            yield piece % DAY_S, piece % DAY_S + after - piece


def _of_a_day(begin: int, end: int) -> Iterator[Span]:
    """Cut what is longer than a day: no window is."""
    while end - begin > DAY_S:
        yield begin, begin + DAY_S
        begin += DAY_S
    yield begin, end


def _second(moment: time) -> int:
    return moment.hour * 3600 + moment.minute * 60 + moment.second


def _time(second: int) -> time:
    second %= DAY_S
    return time(second // 3600, second // 60 % 60, second % 60)
