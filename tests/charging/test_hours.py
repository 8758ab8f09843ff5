"""Weekly hours against the clock on the wall, in the nights when it jumps too."""

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.model import WeeklyHours, Window

from .facts import LONDON, PRESET, london

ALL_WEEK = frozenset(range(7))
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")  # half an hour forward and back
CAIRO = ZoneInfo("Africa/Cairo")  # forward at midnight, so that some days have no 00:00
KOLKATA = ZoneInfo("Asia/Kolkata")  # no clock changes
NEW_YORK = ZoneInfo("America/New_York")


def hours(*spans, days=ALL_WEEK, zone=LONDON):
    windows = [
        (time.fromisoformat(start), time.fromisoformat(end)) for start, end in (span.split("-") for span in spans)
    ]
    return WeeklyHours(
        windows=tuple(Window(days=frozenset(days), start=start, end=end) for start, end in windows), time_zone=zone
    )


def next_closing(weekly, instant):
    opens_at = instant if weekly.contains(instant) else weekly.next_opening(instant)
    return None if opens_at is None else weekly.next_change(opens_at)


@pytest.mark.requirement("10.1")
@pytest.mark.parametrize(
    ("local", "is_open"),
    [
        ("2027-03-22T07:59:59", True),
        ("2027-03-22T08:00:00", False),
        ("2027-03-22T10:59:59", False),
        ("2027-03-22T11:00:00", True),
        ("2027-03-22T15:59:59", True),
        ("2027-03-22T16:00:00", False),
        ("2027-03-22T21:59:59", False),
        ("2027-03-22T22:00:00", True),
        ("2027-03-26T17:00:00", False),  # Friday
        ("2027-03-26T22:00:00", True),
        ("2027-03-27T09:00:00", True),  # Saturday
        ("2027-03-28T17:00:00", True),  # Sunday
        ("2027-03-29T00:00:00", True),  # Monday
        ("2027-03-29T07:59:59", True),
        ("2027-03-29T08:00:00", False),
        ("2027-07-05T07:59:59", True),  # summer time
        ("2027-07-05T08:00:00", False),
    ],
)
def test_preset_hours_are_all_but_peak_hours(local, is_open):
    assert PRESET.contains(london(local)) is is_open


@pytest.mark.requirement("10.1")
def test_a_weekend_is_one_opening_from_friday_evening_to_monday_morning():
    friday = london("2027-03-26T22:00")
    assert PRESET.next_opening(london("2027-03-26T18:00")) == friday
    assert next_closing(PRESET, friday) == london("2027-03-29T08:00")
    assert PRESET.next_opening(friday) == london("2027-03-29T11:00")


@pytest.mark.requirement("10.1")
@pytest.mark.parametrize(
    ("evening", "opens", "closes", "length_h"),
    [
        ("2026-03-28T21:00", "2026-03-28T22:00+00:00", "2026-03-29T07:00+00:00", 9),
        ("2026-10-24T21:00", "2026-10-24T21:00+00:00", "2026-10-25T08:00+00:00", 11),
        ("2027-03-27T21:00", "2027-03-27T22:00+00:00", "2027-03-28T07:00+00:00", 9),
        ("2027-10-30T21:00", "2027-10-30T21:00+00:00", "2027-10-31T08:00+00:00", 11),
    ],
)
def test_a_night_is_an_hour_shorter_in_march_and_an_hour_longer_in_october(evening, opens, closes, length_h):
    nights = hours("22:00-08:00")
    opens_at = nights.next_opening(london(evening) - timedelta(seconds=1))
    assert opens_at == datetime.fromisoformat(opens)
    closes_at = next_closing(nights, opens_at)
    assert closes_at == datetime.fromisoformat(closes)
    assert closes_at - opens_at == timedelta(hours=length_h)


@pytest.mark.parametrize(
    ("spans", "edges"),
    [
        # 2027-03-28: 00:59:59 is followed by 02:00, at 01:00 UTC.
        (["01:30-05:00"], [(True, "01:00"), (False, "04:00")]),
        (["00:30-01:30"], [(True, "00:30"), (False, "01:00")]),
        (["01:00-02:00"], []),
        (["01:15-01:45", "03:00-04:00"], [(True, "02:00"), (False, "03:00")]),
        (["00:30-05:30"], [(True, "00:30"), (False, "04:30")]),
    ],
)
def test_edges_in_the_hour_left_out_in_march_fall_on_the_change(spans, edges):
    assert list(edges_of(hours(*spans), "2027-03-28T00:00", "2027-03-28T12:00")) == utc_edges("2027-03-28", edges)


@pytest.mark.parametrize(
    ("spans", "edges"),
    [
        # 2026-10-25: 01:00 to 02:00 is shown twice, from 00:00 and from 01:00 UTC.
        (["00:30-01:30"], [(False, "00:30"), (True, "01:00"), (False, "01:30")]),
        (["01:30-05:00"], [(True, "00:30"), (False, "01:00"), (True, "01:30"), (False, "05:00")]),
        (["01:00-02:00"], [(True, "00:00"), (False, "02:00")]),
        (["00:30-05:30"], [(False, "05:30")]),
    ],
)
def test_the_hour_shown_twice_in_october_counts_both_times(spans, edges):
    found = list(edges_of(hours(*spans), "2026-10-25T00:45", "2026-10-25T12:00"))
    assert found == utc_edges("2026-10-25", edges)


def test_a_window_that_a_clock_change_leaves_out_opens_a_week_later():
    sundays = hours("01:00-02:00", days={6})
    assert sundays.next_opening(london("2027-03-21T12:00")) == london("2027-04-04T01:00")


def test_a_zone_that_changes_by_half_an_hour():
    early = hours("01:45-03:00", zone=LORD_HOWE)
    # 2027-04-04 02:00 goes back to 01:30, at 15:00 UTC the day before.
    start = datetime(2027, 4, 3, 14, 0, tzinfo=UTC)
    opens_at = early.next_opening(start)
    assert opens_at == datetime(2027, 4, 3, 14, 45, tzinfo=UTC)
    assert next_closing(early, opens_at) == datetime(2027, 4, 3, 15, 0, tzinfo=UTC)
    assert early.next_opening(opens_at) == datetime(2027, 4, 3, 15, 15, tzinfo=UTC)


def test_a_zone_whose_clock_leaves_out_midnight():
    fridays = hours("00:00-00:00", days={4}, zone=CAIRO)
    # Friday 2027-04-30 begins at 01:00, summer time.
    opens_at = fridays.next_opening(datetime(2027, 4, 28, 12, tzinfo=UTC))
    assert opens_at == datetime(2027, 4, 29, 22, 0, tzinfo=UTC)
    assert next_closing(fridays, opens_at) == datetime(2027, 4, 30, 21, 0, tzinfo=UTC)


def test_a_zone_without_clock_changes_keeps_its_utc_times_all_year():
    nights = hours("22:00-06:00", zone=KOLKATA)
    for month in range(1, 13):
        assert nights.next_opening(datetime(2027, month, 10, tzinfo=UTC)).time() == time(16, 30)


def test_hours_that_never_close_have_no_next_closing():
    always = hours("00:00-00:00")
    now = london("2027-03-27T12:00")
    assert always.contains(now)
    assert (next_closing(always, now), always.next_opening(now), always.next_change(now)) == (None, None, None)


@pytest.mark.parametrize("never", [hours(), hours("10:00-12:00", days=())])
def test_hours_that_never_open_have_no_next_opening(never):
    now = london("2027-03-27T12:00")
    assert not never.contains(now)
    assert (next_closing(never, now), never.next_opening(now), never.next_change(now)) == (None, None, None)


def test_touching_and_overlapping_windows_are_one():
    joined = hours("08:00-12:00", "12:00-14:00", "13:00-15:30")
    now = london("2027-03-23T08:00")
    assert next_closing(joined, now) == london("2027-03-23T15:30")


def test_an_instant_in_another_zone_is_the_same_instant():
    now = london("2027-03-23T18:00")
    opens_at = PRESET.next_opening(now.astimezone(NEW_YORK))
    assert opens_at == PRESET.next_opening(now)
    assert opens_at.tzinfo is UTC


ZONES = [LONDON, LORD_HOWE, CAIRO, KOLKATA, NEW_YORK, ZoneInfo("America/Santiago"), ZoneInfo("UTC")]
QUARTERS = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
WINDOWS = st.builds(Window, days=st.frozensets(st.integers(0, 6), min_size=1), start=QUARTERS, end=QUARTERS)
HOURS = st.builds(
    WeeklyHours, windows=st.lists(WINDOWS, min_size=1, max_size=4).map(tuple), time_zone=st.sampled_from(ZONES)
)
QUARTER = timedelta(minutes=15)
INSTANTS = st.integers(0, 2 * 365 * 96).map(lambda quarter: datetime(2026, 1, 1, tzinfo=UTC) + quarter * QUARTER)


@given(HOURS, INSTANTS)
def test_edges_agree_with_what_the_clock_on_the_wall_shows(weekly, start):
    """Against the slow way: ask every quarter of an hour for three days."""
    quarters = [start + quarter * QUARTER for quarter in range(3 * 96)]
    states = [weekly.contains(at) for at in quarters]
    flips = [at for at, (before, after) in zip(quarters[1:], pairwise(states), strict=True) if before is not after]
    first = flips[0] if flips else None
    found = weekly.next_change(start)
    assert found == first if first is not None else found is None or found > quarters[-1]


@given(HOURS, INSTANTS)
def test_every_edge_is_one(weekly, start):
    at = start
    for _ in range(6):
        opens_at, closes_at = weekly.next_opening(at), next_closing(weekly, at)
        for edge, is_open in ((opens_at, True), (closes_at, False)):
            if edge is not None:
                assert edge > at
                assert weekly.contains(edge) is is_open
                assert weekly.contains(edge - timedelta(microseconds=1)) is not is_open
        edges = [edge for edge in (opens_at, closes_at) if edge is not None]
        assert weekly.next_change(at) == min(edges, default=None)
        if not edges:
            break
        at = min(edges)


def edges_of(weekly, start, end):
    at, end = london(start), london(end)
    while (at := weekly.next_change(at)) is not None and at <= end:
        yield weekly.contains(at), at


def utc_edges(day, edges):
    return [(is_open, datetime.fromisoformat(f"{day}T{at}+00:00")) for is_open, at in edges]
