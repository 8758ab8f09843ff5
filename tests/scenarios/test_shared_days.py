"""Days of several charge points on one supply: every file in ``days`` with a ``site`` is lived through, step by step.

What one charge point does in a step is under its name; ``house_a`` is what the house draws from then on, and
``site`` what happens to the meter or to Home Assistant.
"""

from zoneinfo import ZoneInfo

import pytest

from .home import instant
from .premises import Premises, loads_of, supply_of
from .steps import KEYS, check, days, dice_for, do, drawn_s, home_of


def meter_falls_silent(premises):
    premises.read_meter()
    premises.has_meter = False


def meter_speaks(premises):
    premises.has_meter = True


def home_assistant_stops(premises):
    for home in premises.homes.values():
        home.is_running = False


def power_is_cut(premises):
    """The street is dark and back: every charge point starts anew, and Home Assistant went on by its battery."""
    for home in premises.homes.values():
        do(home, "charger reboots")


SITE = {
    "meter falls silent": meter_falls_silent,
    "meter speaks": meter_speaks,
    "home assistant stops": home_assistant_stops,
    "home assistant starts": Premises.start,
    "power is cut, and returns": power_is_cut,
}


@pytest.mark.parametrize("day", days(are_shared=True))
def test_a_shared_day_goes_as_its_file_says(day):
    zone = ZoneInfo(day.get("zone", "Europe/London"))
    premises = premises_of(day, zone)
    for step in day["steps"]:
        assert set(step) <= {"at", "house_a", "site", *premises.homes}, f"unknown words in {step}"
        premises.wait_until(instant(step["at"], zone))
        live(premises, step)
        for name in premises.homes:
            check(premises.homes[name], step.get(name, {}), zone, f"{name} at {step['at']}")


def premises_of(day, zone) -> Premises:
    first_at = day["steps"][0]["at"]
    points = {name: point or {} for name, point in day["charge_points"].items()}
    return Premises(
        supply=supply_of(day["site"]),
        homes={name: home_of(day | point, first_at, zone) for name, point in points.items()},
        phases={name: tuple(phase - 1 for phase in point.get("wired_to", [1])) for name, point in points.items()},
        is_free=day.get("setpoints_may_change", False),
    )


def live(premises, step):
    if "house_a" in step:
        premises.house_a = loads_of(step["house_a"])
    for words in [step["site"]] if isinstance(step.get("site"), str) else step.get("site", []):
        SITE[words](premises)
    last_s, wanted_s = {}, {}
    for name, home in premises.homes.items():
        words = step.get(name, {})
        assert set(words) <= KEYS - {"at"}, f"unknown words in {words}"
        do(home, words.get("do"))
        last_s[id(home)], wanted_s[id(home)] = home.carry.last_draw_s, words.get("delay_s")
    premises.step(lambda home: dice_for(wanted_s[id(home)], last_s[id(home)], home.settings.random_delay_max_s))
    for name, home in premises.homes.items():
        drawn = drawn_s(home, last_s[id(home)])
        is_told = drawn == wanted_s[id(home)] or (premises.is_free and wanted_s[id(home)] is None)
        assert is_told or not home.is_running, f"the delay of {name} drawn at {step['at']} was {drawn}"
