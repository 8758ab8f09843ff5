"""Telling a restart of the charge point from a lost link."""

import pytest

from custom_components.smart_charge.chargers.modbus.map_model import Restart
from custom_components.smart_charge.chargers.modbus.restarts import RestartWatch
from custom_components.smart_charge.charging.model import Reading
from tests.chargers.modbus.conftest import now


def seen(*uptimes: tuple[float, float | None]) -> list[bool]:
    """What a watch makes of uptimes, each read at a time."""
    watch = RestartWatch(Restart(uptime="uptime"))
    reading = Reading(taken_at=now())
    return [
        watch.has_restarted({"uptime": uptime_s}, at, before=reading, after=reading, was_cut=False)
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
    assert watch.has_restarted({}, 0, before=before, after=after, was_cut=was_cut) is told
