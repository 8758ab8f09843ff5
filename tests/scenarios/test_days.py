"""Days as data: every file in ``days`` is lived through, step by step."""

from zoneinfo import ZoneInfo

import pytest

from .home import instant
from .steps import KEYS, check, days, dice_for, do, drawn_s, home_of


@pytest.mark.parametrize("day", days(are_shared=False))
def test_a_day_goes_as_its_file_says(day):
    zone = ZoneInfo(day.get("zone", "Europe/London"))
    home = home_of(day, day["steps"][0]["at"], zone)
    for step in day["steps"]:
        assert set(step) <= KEYS, f"unknown words in {step}"
        home.wait_until(instant(step["at"], zone))
        live(home, step)
        check(home, step, zone, f"at {step['at']}")


def live(home, step):
    do(home, step.get("do"))
    last_s, delay_s = home.carry.last_draw_s, step.get("delay_s")
    home.step(dice=dice_for(delay_s, last_s, home.settings.random_delay_max_s))
    if home.is_running:
        assert drawn_s(home, last_s) == delay_s, f"at {step['at']} the delay drawn was {drawn_s(home, last_s)}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("Mon 2026-10-25 12:00", "There is no"),
        ("Sun 2026-10-25 01:30", "twice"),
        ("Sun 2026-10-25 12:00 BST", "There is no"),
        ("Sun 2027-03-28 01:30", "never show"),
    ],
)
def test_a_time_that_does_not_exist_or_is_not_clear_is_refused(text, complaint):
    with pytest.raises(ValueError, match=complaint):
        instant(text, ZoneInfo("Europe/London"))


def test_a_time_shown_twice_is_told_by_its_zone():
    london = ZoneInfo("Europe/London")
    first, second = (instant(f"Sun 2026-10-25 01:30 {name}", london) for name in ("BST", "GMT"))
    assert (second - first).total_seconds() == 3600
