"""One step of a day's file: what is done, and what is then to be seen."""

from collections.abc import Iterator
import math
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from custom_components.smart_charge.charging.model import RANDOM_DELAY_DEFAULT_S, Mode, Settings
from custom_components.smart_charge.charging.planning import Errand, Planning

from .home import Home, act, hours_of, instant, tariff_of

DAYS = sorted((Path(__file__).parent / "days").glob("*.yaml"))
_QUICK = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
KEYS = {"at", "do", "delay_s", "setpoint_a", "why", "until", "energy_kwh", "charging_min", "sessions"}


def days(*, are_shared: bool) -> Iterator[object]:
    """The days of one charge point, or of several on one supply, as parameters marked with what they prove."""
    for path in DAYS:
        day = yaml.load(path.read_text(encoding="utf-8"), Loader=_QUICK)
        if ("site" in day) is are_shared:
            marks = [pytest.mark.requirement(clause) for clause in day["requirements"]]
            yield pytest.param(day, id=path.stem, marks=marks)


def home_of(day, first_at: str, zone: ZoneInfo) -> Home:
    """A charge point and its vehicle as a day's file describes them."""
    settings = Settings(
        rated_a=float(day.get("rated_a", 32)),
        mode=Mode(day.get("mode", "default_hours")),
        default_hours=hours_of(day.get("hours", "preset"), zone),
        random_delay_max_s=day.get("random_delay_max_s", RANDOM_DELAY_DEFAULT_S),
    )
    home = Home(settings=settings, now=instant(first_at, zone), zone=zone)
    home.wall.takes_a = float(day.get("takes_a", math.inf))
    home.tariff = tariff_of(day.get("tariff"), zone)
    home.planning = Planning(errand=Errand(powers_w=tuple(day.get("powers_w", ()))))
    return home


def do(target, words) -> None:
    for word in [words] if isinstance(words, str) else words or []:
        act(target, word)


def dice_for(delay_s, last_s, max_s):
    """A dice by which ``delay_s`` is drawn; the middle if the day says nothing of a delay."""
    if delay_s is None:
        return 0.5
    left = [second for second in range(max_s + 1) if second != last_s]
    return (left.index(delay_s) + 0.5) / len(left)


def drawn_s(home: Home, last_s: int | None) -> int | None:
    """The delay that has been drawn since ``last_s`` was."""
    return home.carry.last_draw_s if home.carry.last_draw_s != last_s else None


def check(home, step, zone, where):
    """Compare what is to be seen with what a step says; what it does not say may be anything."""
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
    assert {key: found[key] for key in expected} == expected, where
