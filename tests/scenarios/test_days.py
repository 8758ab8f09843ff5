"""Days as data: every file in ``days`` is lived through, step by step."""

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from custom_components.smart_charge.charging.model import RANDOM_DELAY_DEFAULT_S, Mode, Settings
from custom_components.smart_charge.charging.planning import Errand, Planning

from .home import Home, act, hours_of, instant, tariff_of

DAYS = sorted((Path(__file__).parent / "days").glob("*.yaml"))
KEYS = {"at", "do", "delay_s", "setpoint_a", "why", "until", "energy_kwh", "charging_min", "sessions"}


def params():
    for path in DAYS:
        day = yaml.safe_load(path.read_text(encoding="utf-8"))
        marks = [pytest.mark.requirement(clause) for clause in day["requirements"]]
        yield pytest.param(day, id=path.stem, marks=marks)


@pytest.mark.parametrize("day", params())
def test_a_day_goes_as_its_file_says(day):
    zone = ZoneInfo(day.get("zone", "Europe/London"))
    settings = Settings(
        rated_a=float(day.get("rated_a", 32)),
        mode=Mode(day.get("mode", "default_hours")),
        default_hours=hours_of(day.get("hours", "preset"), zone),
        random_delay_max_s=day.get("random_delay_max_s", RANDOM_DELAY_DEFAULT_S),
    )
    home = Home(settings=settings, now=instant(day["steps"][0]["at"], zone), zone=zone)
    home.tariff = tariff_of(day.get("tariff"), zone)
    home.planning = Planning(errand=Errand(powers_w=tuple(day.get("powers_w", ()))))
    for step in day["steps"]:
        assert set(step) <= KEYS, f"unknown words in {step}"
        home.wait_until(instant(step["at"], zone))
        live(home, step)
        check(home, step, zone)


def live(home, step):
    for words in [step["do"]] if isinstance(step.get("do"), str) else step.get("do", []):
        act(home, words)
    last_s, delay_s = home.carry.last_draw_s, step.get("delay_s")
    home.step(dice=dice_for(delay_s, last_s, home.settings.random_delay_max_s))
    if home.is_running:
        drawn_s = home.carry.last_draw_s if home.carry.last_draw_s != last_s else None
        assert drawn_s == delay_s, f"at {step['at']} the delay drawn was {drawn_s}"


def dice_for(delay_s, last_s, max_s):
    """A dice by which ``delay_s`` is drawn; the middle if the day says nothing of a delay."""
    if delay_s is None:
        return 0.5
    left = [second for second in range(max_s + 1) if second != last_s]
    return (left.index(delay_s) + 0.5) / len(left)


def check(home, step, zone):
    decision = home.decision
    found = {
        "setpoint_a": decision.setpoint_a,
        "why": str(decision.reason),
        "until": decision.until_at,
        "sessions": len(home.sessions),
        "energy_kwh": home.session and round(home.session.energy_wh / 1000, 2),
        "charging_min": home.session and round(home.session.charging_s / 60),
    }
    expected = {key: step[key] for key in found if key in step}
    if expected.get("until") is not None:
        expected["until"] = instant(expected["until"], zone)
    assert {key: found[key] for key in expected} == expected, f"at {step['at']}"


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
