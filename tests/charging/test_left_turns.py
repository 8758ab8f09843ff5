"""Charge points that share too small a supply by the clock: the fuse holds at any second, and nobody is forgotten."""

from collections import Counter
from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings as examples, strategies as st
import pytest

from custom_components.smart_charge.charging.left_to_each import Left, Unwatched, left_to_each
from custom_components.smart_charge.charging.left_turns import CLOCKS_S, Turn
from custom_components.smart_charge.charging.model import WeeklyHours, Window
from custom_components.smart_charge.charging.off_peak import preset_hours

from .premises import supply

pytestmark = [pytest.mark.requirement("7.1"), pytest.mark.requirement("7.2")]

LONDON = ZoneInfo("Europe/London")
WEEK_S = 7 * 86_400
ALL_DAYS = frozenset(range(7))
WORK = frozenset(range(5))
PRESET = preset_hours(LONDON)


def hours(*windows: tuple[str, str], days: frozenset[int] = ALL_DAYS) -> WeeklyHours:
    written = (Window(days=days, start=time.fromisoformat(a), end=time.fromisoformat(b)) for a, b in windows)
    return WeeklyHours(windows=tuple(written), time_zone=LONDON)


def ocpp(phases=(0,), own: WeeklyHours | None = None, delay_max_s: int = 600) -> Unwatched:
    return Unwatched(phases=phases, keeps_hours=True, hours=own, delay_max_s=delay_max_s)


def modbus(*phases: int) -> Unwatched:
    return Unwatched(phases=phases)


def spoken(turn: Turn | None) -> list[str] | None:
    if turn is None:
        return None
    return [
        f"{''.join(map(str, sorted(w.days))) if w.days != ALL_DAYS else '*'} {w.start:%H:%M}-{w.end:%H:%M}"
        for w in turn.windows
    ]


def divided(limit_a: float, *charge_points: Unwatched) -> list[list[str] | float | None]:
    left = left_to_each(supply(limit_a, 3), dict(zip("abcdefgh", charge_points, strict=False)))
    return [each.max_a if each.max_a == 0 else spoken(each.turn) for each in left.values()]


NIGHT = hours(("22:00", "08:00"))


@pytest.mark.parametrize(
    ("limit_a", "charge_points", "expected"),
    [
        (60, (ocpp(), ocpp()), [None, None]),
        (20, (ocpp(),), [None]),
        (20, (ocpp(), ocpp()), [["* 00:00-11:45"], ["* 12:00-23:45"]]),
        (20, (ocpp(), ocpp(), ocpp()), [["* 00:00-07:45"], ["* 08:00-15:45"], ["* 16:00-23:45"]]),
        (20, (ocpp(own=NIGHT), ocpp(own=NIGHT)), [["* 22:00-02:45"], ["* 03:00-08:00"]]),
        (20, (ocpp(own=NIGHT, delay_max_s=1800), ocpp(own=NIGHT)), [["* 22:00-02:25"], ["* 03:00-08:00"]]),
        (24, (ocpp(), ocpp(), ocpp()), [None, ["* 00:00-11:45"], ["* 12:00-23:45"]]),
        (20, (modbus(0), ocpp()), [0, None]),
        (24, (modbus(0), ocpp(), ocpp()), [None, ["* 00:00-11:45"], ["* 12:00-23:45"]]),
        (24, (modbus(0), modbus(0), ocpp()), [None, 0, None]),
        (20, (modbus(0), modbus(0)), [None, 0]),
        (20, (ocpp((0,)), ocpp((1,))), [None, None]),
        (20, (ocpp((0,)), ocpp((1,)), ocpp((0, 1, 2))), [["* 00:00-11:45"], ["* 00:00-11:45"], ["* 12:00-23:45"]]),
        (20, (ocpp(own=hours(("22:00", "06:00"))), ocpp(own=hours(("10:00", "16:00")))), [None, None]),
        (
            20,
            (ocpp(own=hours(("22:00", "06:00"))), ocpp(own=hours(("06:00", "12:00")))),
            [["* 22:00-05:45"], None],
        ),
        (
            20,
            (ocpp(own=PRESET), ocpp(own=PRESET)),
            [
                ["01234 03:00-08:00", "56 03:00-09:15", "01234 14:00-16:00", "56 14:00-18:45"],
                ["56 09:30-13:45", "01234 11:00-13:45", "56 19:00-02:45", "01234 22:00-02:45"],
            ],
        ),
        (20, (ocpp(own=hours(("01:00", "01:20"))),) * 2, [["* 01:00-01:05"], ["* 01:10-01:20"]]),
        (20, (ocpp(), modbus(), ocpp(())), [None, 0, 0]),
        (5, (ocpp(), modbus(0)), [0, 0]),
    ],
)
def test_who_charges_when(limit_a, charge_points, expected):
    assert divided(limit_a, *charge_points) == expected


def test_those_at_once_share_what_the_owner_allows_without_a_meter():
    left = left_to_each(supply(60, without_meter_a=22), dict.fromkeys("abcd", ocpp()))
    assert [each.max_a for each in left.values()] == [7.0] * 4
    assert [each.turn is None for each in left.values()] == [True, True, False, False]


def spans(own: WeeklyHours | None, late_s: int = 0) -> list[tuple[int, int]]:
    """The seconds of the week at which a charge point may charge, closing as late as a draw can make it."""
    if own is None:
        return [(-WEEK_S, 2 * WEEK_S)]
    found = []
    for window in own.windows:
        begin, end = (at.hour * 3600 + at.minute * 60 + at.second for at in (window.start, window.end))
        length = (end - begin) % 86_400 or 86_400
        found += [(day * 86_400 + begin, day * 86_400 + begin + length + late_s) for day in window.days]
    return united([(begin + shift, end + shift) for begin, end in found for shift in (-WEEK_S, 0, WEEK_S)])


def united(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def of_turn(one: Unwatched, left: Left) -> tuple[WeeklyHours | None, int]:
    if left.turn is None:
        return one.hours, one.delay_max_s
    return WeeklyHours(windows=left.turn.windows, time_zone=LONDON), left.turn.edge_s


quarters = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
windows = st.builds(Window, days=st.frozensets(st.integers(0, 6), min_size=1), start=quarters, end=quarters)
weekly = st.lists(windows, min_size=1, max_size=3).map(lambda own: WeeklyHours(windows=tuple(own), time_zone=LONDON))
own_hours = st.one_of(st.none(), st.just(PRESET), weekly)
wiring = st.sampled_from([(0,), (1,), (2,), (0, 1, 2)])
charge_points = st.lists(
    st.builds(
        Unwatched,
        phases=wiring,
        keeps_hours=st.booleans(),
        hours=own_hours,
        delay_max_s=st.sampled_from([0, 600, 1800]),
    ),
    min_size=1,
    max_size=5,
)


@given(limit_a=st.sampled_from([10.0, 20.0, 25.0, 40.0]), every_one=charge_points)
@examples(max_examples=150, deadline=None)
def test_never_more_than_there_are_places_however_the_edges_fall(limit_a, every_one):
    names = dict(zip("abcde", every_one, strict=False))
    left = left_to_each(supply(limit_a, 3), names)
    edges: Counter[tuple[int, int]] = Counter()
    for key, one in names.items():
        if left[key].max_a == 0:
            continue
        own, late_s = of_turn(one, left[key]) if one.keeps_hours else (None, 0)
        for begin, end in spans(own, late_s):
            for phase in one.phases:
                edges[(begin, phase)] += 6
                edges[(end, phase)] -= 6
    for phase in range(3):
        at_once = 0
        for (_, on), change in sorted(edges.items()):
            at_once += change if on == phase else 0
            assert at_once <= max(limit_a / 2, 6)


@given(limit_a=st.sampled_from([10.0, 20.0, 25.0]), every_one=charge_points)
@examples(max_examples=150, deadline=None)
def test_who_keeps_hours_has_time_on_each_day_or_night_that_has_some_and_at_no_other(limit_a, every_one):
    names = dict(zip("abcde", every_one, strict=False))
    left = left_to_each(supply(limit_a, 3), names)
    for key, one in names.items():
        if not one.keeps_hours:
            assert left[key].turn is None
            continue
        assert left[key].max_a >= 6
        own, _ = of_turn(one, left[key])
        turns, mine = spans(own), spans(one.hours)
        for begin, end in mine:  # never a day apart: on the same day, or in the same night
            if 0 <= begin < WEEK_S or one.hours is None:
                assert any(b < end + 86_400 and begin - 86_400 < e for b, e in turns)
        assert of_one_week([*turns, *mine]) == of_one_week(mine)


def of_one_week(found: list[tuple[int, int]]) -> list[tuple[int, int]]:
    return united([(max(begin, 0), min(end, WEEK_S)) for begin, end in found if begin < WEEK_S and end > 0])


@pytest.mark.parametrize("begin", [datetime(2027, 3, 22, tzinfo=UTC), datetime(2026, 10, 19, tzinfo=UTC)])
def test_one_place_is_taken_by_one_at_each_minute_of_the_weeks_in_which_the_clocks_change(begin: datetime):
    names = {"a": ocpp(own=PRESET), "b": ocpp(own=NIGHT), "c": ocpp()}
    left = left_to_each(supply(20), names)
    turns = {key: of_turn(one, left[key])[0] for key, one in names.items()}
    taken: Counter[tuple[str, object]] = Counter()
    for minute in range(14 * 24 * 60):
        now = begin + timedelta(minutes=minute)
        on = [key for key, own in turns.items() if own is not None and own.contains(now)]
        assert len(on) <= 1
        taken.update((key, now.astimezone(LONDON).date()) for key in on)
    for key in names:
        assert all(taken[key, (begin + timedelta(days=day)).date()] >= 120 for day in range(1, 14))


def test_a_turn_ends_before_the_next_by_the_longest_delay_that_can_be_drawn():
    left = left_to_each(supply(20), dict.fromkeys("ab", ocpp(delay_max_s=1800)))
    first, second = (
        spans(WeeklyHours(windows=one.turn.windows, time_zone=LONDON)) for one in left.values() if one.turn
    )
    for (_, end), (begin, _) in pairwise(sorted([*first, *second])):
        assert begin - end >= 1800 + CLOCKS_S


def test_it_depends_on_who_was_first_and_on_nothing_else():
    names = {"a": ocpp(own=PRESET), "b": modbus(0), "c": ocpp(own=NIGHT)}
    assert left_to_each(supply(24), names) == left_to_each(supply(24), dict(names))
    without_last = left_to_each(supply(24), {key: names[key] for key in "ab"})
    assert without_last["a"].turn is None
