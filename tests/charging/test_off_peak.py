"""The default charging hours and what the owner chose about them."""

from datetime import time

import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.model import Limit, Mode, Reason, Source, WeeklyHours, Window
from custom_components.smart_charge.charging.off_peak import (
    default_hours_limit,
    off_limit,
    preset_hours,
    windows_from_list,
    windows_to_list,
)

from .facts import CLOSED, LEFT, LONDON, OPEN, situation

NIGHT = {"days": ["mon", "sun"], "start": "22:00:00", "end": "08:00:00"}


@pytest.mark.requirement("10.1")
def test_preset_hours_are_three_windows():
    assert windows_to_list(preset_hours(LONDON).windows) == [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "11:00:00", "end": "16:00:00"},
        {"days": ["mon", "tue", "wed", "thu", "fri", "sun"], "start": "22:00:00", "end": "08:00:00"},
        {"days": ["sat", "sun"], "start": "00:00:00", "end": "00:00:00"},
    ]


@pytest.mark.requirement("10.1")
def test_closed_hours_hold_charging_until_they_open():
    assert default_hours_limit(situation(now=CLOSED)) == Limit(max_a=0.0, source=Source.DEFAULT_HOURS, until_at=LEFT)


@pytest.mark.requirement("10.2")
@pytest.mark.parametrize(
    "chosen",
    [
        {"default_hours": None},
        {"default_hours": WeeklyHours(windows=(), time_zone=LONDON)},
        {"mode": Mode.ALWAYS},
        {"mode": Mode.OFF},
    ],
)
def test_hours_the_owner_removed_or_does_not_follow_say_nothing(chosen):
    assert default_hours_limit(situation(now=CLOSED, **chosen)) is None


def test_open_hours_say_nothing():
    assert default_hours_limit(situation(now=OPEN)) is None


@pytest.mark.requirement("10.3")
def test_changed_hours_hold_from_the_next_decision():
    later = WeeklyHours(windows=(Window(days=frozenset({1}), start=time(23, 30), end=time(5)),), time_zone=LONDON)
    decision = decide(situation(now=OPEN, default_hours=later))
    assert decision.reason is Reason.WAITING_FOR_DEFAULT_HOURS
    assert decision.until_at == OPEN.replace(minute=30)


@pytest.mark.parametrize(("mode", "speaks"), [(Mode.OFF, True), (Mode.ALWAYS, False), (Mode.DEFAULT_HOURS, False)])
def test_only_mode_off_holds_charging_altogether(mode, speaks):
    assert (off_limit(situation(mode=mode)) is not None) is speaks


def test_stored_windows_come_back_as_they_were():
    stored = [NIGHT, {"days": ["sat"], "start": "00:00:00", "end": "00:00:00"}]
    assert windows_to_list(windows_from_list(stored)) == stored


def test_times_may_be_stored_without_seconds():
    (window,) = windows_from_list([NIGHT | {"start": "22:30"}])
    assert window == Window(days=frozenset({6, 0}), start=time(22, 30), end=time(8))


def test_no_windows_are_no_windows():
    assert windows_from_list([]) == ()


@pytest.mark.parametrize(
    ("stored", "complaint"),
    [
        ("22:00-08:00", "Window 1 is no mapping of days, start and end, but '22:00-08:00'"),
        ({"mon": "22:00"}, "Window 1 needs at least one day of mon, tue"),
        (None, "Window 1 is no mapping"),
        ([NIGHT, 7], "Window 2 is no mapping"),
        ([{}], "Window 1 is no mapping"),
        ([NIGHT | {"days": []}], "Window 1 needs at least one day"),
        ([NIGHT | {"days": "mon"}], "Window 1 needs at least one day"),
        ([NIGHT | {"days": ["mon", "mo"]}], "Window 1 names a day that is none of mon, .*: 'mo'"),
        ([NIGHT | {"days": [["mon"]]}], "Window 1 names a day"),
        ([NIGHT | {"start": None}], "Window 1 needs a local time such as 22:00 or 22:00:00, not None"),
        ([NIGHT | {"start": 22}], "Window 1 needs a local time"),
        ([NIGHT, NIGHT | {"end": "25:00"}], "Window 2 needs a local time .* not '25:00'"),
        ([NIGHT | {"end": "08:00+01:00"}], "Window 1 needs a local time"),
        ([NIGHT | {"end": "08:00:00.5"}], "Window 1 needs a local time"),
        ([{"days": ["mon"], "start": "22:00"}], "Window 1 needs a local time .* not None"),
    ],
)
def test_nonsense_is_refused_with_its_place_and_what_is_wrong(stored, complaint):
    with pytest.raises(ValueError, match=complaint):
        windows_from_list(stored)
