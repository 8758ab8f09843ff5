"""Telling a restart of the charge point from a lost link."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from custom_components.smart_charge.chargers.modbus.interruption import Alone
from custom_components.smart_charge.chargers.modbus.map_model import Restart
from custom_components.smart_charge.chargers.modbus.restarts import RestartWatch
from custom_components.smart_charge.charging.model import PilotState, Reading
from tests.chargers.modbus.conftest import now

ALONE: dict[str, Any] = {"alone": Alone(patience_s=60, failsafe_a=6), "step_wh": 1.0}


def seen(*uptimes: tuple[float, float | None]) -> list[bool]:
    """What a watch makes of uptimes, each read at a time."""
    watch = RestartWatch(Restart(uptime="uptime"))
    reading = Reading(taken_at=now())
    return [
        watch.has_restarted({"uptime": uptime_s}, at, before=reading, after=reading, was_cut=False, **ALONE)
        for at, uptime_s in uptimes
    ]


@pytest.mark.parametrize(
    ("uptimes", "last"),
    [
        ([(0, 500), (10, 510), (20, 520)], False),
        ([(0, 500), (10, 3)], True),
        ([(0, 20), (100, 25)], True),  # two power cuts: longer than before, and much too short
        ([(0, 500), (5, 500), (9, 500), (10, 510)], False),  # read each tenth poll
        ([(0, 500), (3600, 4100)], False),  # an hour without a link
        ([(0, 500), (3600, 4095)], False),  # a clock that is a little slow
        ([(0, 500), (10, None), (20, 520)], False),
        ([(0, 500), (10, None), (20, 4)], True),
    ],
)
def test_an_uptime_that_does_not_grow_with_time_is_of_another_start(uptimes, last) -> None:
    assert seen(*uptimes)[-1] is last


def test_a_restart_is_told_once() -> None:
    told = seen((0, 500), (10, 3), (20, 13), (30, 23))
    assert told == [False, True, False, False]


@pytest.mark.parametrize(
    ("before_a", "after_a", "was_cut", "told"),
    [
        (13, 32, True, True),
        (13, 32, False, False),  # another master
        (13, 13, True, False),
        (13, 16, True, False),
        (32, 32, True, False),  # hidden
        (None, 32, True, False),
    ],
)
def test_without_an_uptime_a_start_value_after_a_cut_tells(before_a, after_a, was_cut, told) -> None:
    watch = RestartWatch(Restart(setpoints=frozenset({32, 6})))
    before, after = (Reading(taken_at=now(), setpoint_a=amps) for amps in (before_a, after_a))
    assert watch.has_restarted({}, 0, before=before, after=after, was_cut=was_cut, **ALONE) is told


def reading(after_s: float, power_w: float | None, import_wh: int | None, **changes: Any) -> Reading:
    facts = {"pilot": PilotState.C, "setpoint_a": 32.0, "session_wh": 500}
    at = now() + timedelta(seconds=after_s)
    return Reading(taken_at=at, measured_at=at, power_w=power_w, import_wh=import_wh, **(facts | changes))


def after_a_cut(before: Reading, *then: Reading, patience_s: float = 60, failsafe_a: float | None = 6, step_wh=1.0):
    """What a watch makes of readings, the first of them after a broken link."""
    options = {"alone": Alone(patience_s=patience_s, failsafe_a=failsafe_a), "step_wh": step_wh}
    return watched([*charging_until(before), before], then, **options)[2:]


def charging_until(before: Reading) -> list[Reading]:
    """What was read before: the register moved on."""
    gained_wh = 2 if before.import_wh is not None else 0
    return [
        replace(
            before,
            measured_at=before.metered_at - timedelta(seconds=ago_s),
            import_wh=None if before.import_wh is None else before.import_wh - ago_s * gained_wh,
        )
        for ago_s in (2, 1)
    ]


def watched(held: list[Reading], *after_cuts: Sequence[Reading], **options: Any) -> list[bool]:
    """What a watch makes of readings: over a link that held, and over one that broke before each of the others."""
    watch = RestartWatch(Restart(setpoints=frozenset({32, 6})))
    told, before = [], held[0]
    for number, readings in enumerate((held[1:], *after_cuts)):
        for place, one in enumerate(readings):
            was_cut = number > 0 and place == 0
            told.append(watch.has_restarted({}, 0, before=before, after=one, was_cut=was_cut, **(ALONE | options)))
            before = one
    return told


FULL_W = 7200.0  # 2 Wh each second


@pytest.mark.requirement("11.9")
@pytest.mark.parametrize(
    ("away_s", "gained_wh", "options", "told"),
    [
        (120, 0, {}, True),  # two minutes without power
        (30, 0, {}, True),
        (10, 0, {}, False),  # what a register may lag behind
        (120, 120 + 22, {}, False),  # a minute as before, then the failsafe current
        (120, 240, {}, False),  # it never noticed that we were away
        (600, 120 + 202, {}, False),
        (600, 120 + 10, {}, True),
        (600, 120, {"failsafe_a": None}, False),  # nobody knows what it does without us
        (600, 0, {"failsafe_a": None}, True),
        (600, 120, {"failsafe_a": 0}, False),
        (600, 1200, {"patience_s": float("inf")}, False),
        (600, 1120, {"patience_s": float("inf")}, False),  # power and register differ a little
        (600, 900, {"patience_s": float("inf")}, True),
        (120, 0, {"step_wh": 100.0}, False),  # a coarse register cannot tell
        (600, 0, {"step_wh": 100.0, "patience_s": float("inf")}, True),
    ],
)
def test_energy_that_is_missing_after_a_cut_tells_that_the_power_was_gone(away_s, gained_wh, options, told) -> None:
    later = reading(away_s, FULL_W, 10_000 + gained_wh)
    assert after_a_cut(reading(0, FULL_W, 10_000), later, **options) == [told]


@pytest.mark.requirement("11.9")
def test_it_is_told_once_and_as_soon_as_the_vehicle_draws_power_again() -> None:
    drawn = [(120, 0), (121, 0), (124, 4000), (127, FULL_W), (130, FULL_W)]
    told = after_a_cut(reading(0, FULL_W, 10_000), *(reading(at, power, 10_000) for at, power in drawn))
    assert told == [False, False, True, False, False]


@pytest.mark.parametrize(
    ("before", "then"),
    [
        (reading(0, FULL_W, 10_000), [reading(600, 1000.0, 10_200), reading(605, 900.0, 10_201)]),  # nearly full
        (reading(0, FULL_W, 10_000), [reading(120, 0.0, 10_000), reading(300, FULL_W, 10_000)]),  # begins much later
        (reading(0, FULL_W, 10_000), [reading(120, FULL_W, 10_000, pilot=PilotState.A)]),  # it left
        (reading(0, FULL_W, 10_000), [reading(120, 0.0, 10_000, setpoint_a=0.0), reading(125, FULL_W, 10_000)]),
        (reading(0, 0.0, 10_000, setpoint_a=0.0), [reading(120, FULL_W, 10_000, setpoint_a=0.0)]),  # held by us
        (reading(0, None, 10_000), [reading(120, FULL_W, 10_000)]),
        (reading(0, FULL_W, None), [reading(120, FULL_W, 10_000)]),
        (reading(0, FULL_W, 10_000), [reading(120, None, None)]),
    ],
)
def test_where_energy_says_nothing_no_restart_is_made_up(before, then) -> None:
    assert not any(after_a_cut(before, *then))


@pytest.mark.requirement("11.9")
@pytest.mark.parametrize(
    ("after", "told"),
    [
        (reading(20, FULL_W, 0), True),  # counts from its start
        (reading(20, FULL_W, 10_040, session_wh=3), True),
        (reading(20, FULL_W, 10_040, session_wh=540), False),
        (reading(20, FULL_W, 10_040, session_wh=None), False),
        (reading(20, 0.0, 10_040, session_wh=0, pilot=PilotState.A), False),
    ],
)
def test_a_counter_that_begins_anew_while_a_vehicle_stays_tells_of_a_restart(after, told) -> None:
    assert after_a_cut(reading(0, FULL_W, 10_000), after) == [told]


REGISTERS: dict[str, Callable[[float], float]] = {
    "counts": lambda wh: wh,
    "stands still": lambda _wh: 10_000,
    "counts in kWh": lambda wh: wh // 1000 * 1000,
    "moves once a minute": lambda wh: wh // 120 * 120,
    "stops counting": lambda wh: min(wh, 10_600),
}


@pytest.mark.parametrize("shown", REGISTERS.values(), ids=REGISTERS)
@pytest.mark.parametrize(("up_s", "away_s"), [(10, 31), (40, 31), (120, 50)])
def test_a_link_that_flaps_for_an_hour_is_no_power_cut_whatever_the_register(shown, up_s, away_s) -> None:
    def at(second: float) -> Reading:
        return reading(second, FULL_W, round(shown(10_000 + 2 * second)))

    period_s = up_s + away_s
    ups = [[at(begin + second) for second in range(up_s)] for begin in range(600, 4200, period_s)]
    told = watched([at(second) for second in range(600 - away_s)], *ups)
    assert sum(told) <= (shown is REGISTERS["stops counting"])


@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("shown", ["counts", "counts in kWh", "moves once a minute"])
def test_a_power_cut_is_told_by_any_register_that_moves_when_it_is_long_enough(shown) -> None:
    before = [reading(second, FULL_W, round(REGISTERS[shown](10_000 + 2 * second))) for second in range(1500)]
    later = replace(reading(1500 + 900, FULL_W, None), import_wh=before[-1].import_wh)
    assert watched(before, [later], alone=Alone(patience_s=float("inf"), failsafe_a=6))[-1]
