"""A hot charge point: half the current, then none, and all again only when it has cooled."""

from datetime import timedelta

import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.model import Mode, Override, Reason, Source
from custom_components.smart_charge.charging.thermal import Heat, Thermal, cools_at, felt, heat_at

from .facts import CHARGING, OPEN, in_force, situation


def felt_each_second(*temperatures, thermal=None):
    """What holds after these temperatures, one each second."""
    thermal, began_at = thermal or Thermal(), OPEN
    if thermal.measured_at is not None:
        began_at = thermal.measured_at + timedelta(seconds=1)
    return felt_from(began_at, *temperatures, thermal=thermal)


def felt_from(began_at, *temperatures, thermal):
    for second, temperature_c in enumerate(temperatures):
        at = began_at + timedelta(seconds=second)
        thermal = felt(thermal, temperature_c, at, at)
    return thermal


@pytest.mark.requirement("8.1")
def test_heat_is_felt_after_the_clock_was_set_back():
    an_hour_ago = OPEN - timedelta(hours=1)
    assert felt_from(an_hour_ago, *[75] * 12, thermal=felt_each_second(*[30] * 5)).heat is Heat.HOT


def test_heat_of_a_time_to_come_holds_nothing():
    hot = felt_each_second(*[75] * 12)
    assert heat_at(hot, OPEN - timedelta(days=366)) is Heat.NORMAL


def test_a_temperature_that_was_queued_changes_nothing():
    cool = felt_each_second(*[30] * 60)
    for second in range(30):
        cool = felt(cool, 90, OPEN + timedelta(seconds=second), OPEN + timedelta(seconds=60))
    assert cool.heat is Heat.NORMAL


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize(
    ("temperature_c", "heat"),
    [(64.9, Heat.NORMAL), (65.0, Heat.WARM), (70.9, Heat.WARM), (71.0, Heat.HOT), (120.0, Heat.HOT)],
)
def test_a_temperature_that_lasts_holds(temperature_c, heat):
    assert felt_each_second(*[temperature_c] * 12).heat is heat


@pytest.mark.parametrize(
    ("from_c", "to_c", "heat"),
    [
        (66, 63, Heat.WARM),
        (66, 62, Heat.NORMAL),
        (75, 66, Heat.HOT),
        (75, 63, Heat.HOT),
        (75, 61, Heat.NORMAL),
        (66, 72, Heat.HOT),
    ],
)
def test_only_a_charge_point_that_has_cooled_charges_as_before(from_c, to_c, heat):
    assert felt_each_second(*[to_c] * 12, thermal=felt_each_second(*[from_c] * 12)).heat is heat


def test_a_lone_wrong_value_changes_nothing():
    assert felt_each_second(30, 85, 85, 30, 85, 30).heat is Heat.NORMAL


def test_a_charge_point_on_the_edge_switches_once_only():
    thermal, changes = Thermal(), 0
    for second in range(600):
        at = OPEN + timedelta(seconds=second)
        after = felt(thermal, 65.0 + (-1) ** (second // 20), at, at)
        changes, thermal = changes + (after.heat is not thermal.heat), after
    assert changes == 1


def test_an_old_temperature_limits_nothing():
    hot = felt_each_second(*[80] * 12)
    assert heat_at(hot, hot.measured_at) is Heat.HOT
    assert heat_at(hot, cools_at(hot)) is Heat.NORMAL
    assert cools_at(felt_each_second(20)) is None


def test_a_temperature_that_was_not_measured_changes_nothing():
    hot = felt_each_second(*[80] * 12)
    assert felt(hot, None, OPEN + timedelta(hours=1), OPEN + timedelta(hours=1)) == hot


@pytest.mark.requirement("8.1")
def test_a_warm_charge_point_gives_half_at_once():
    decision = decide(situation(reading=CHARGING, carry=in_force(32), heat=Heat.WARM))
    assert (decision.setpoint_a, decision.binding.source) == (16, Source.TEMPERATURE)
    assert decision.reason is Reason.SLOWED_BY_HEAT


def test_half_of_little_is_still_enough_to_charge():
    assert decide(situation(reading=CHARGING, carry=in_force(10), heat=Heat.WARM, rated_a=10.0)).setpoint_a == 6


@pytest.mark.requirement("8.1", "8.3")
@pytest.mark.parametrize("override", [None, Override(made_at=OPEN)])
def test_a_hot_charge_point_gives_nothing_to_anybody(override):
    carry = in_force(32, override=override)
    decision = decide(situation(reading=CHARGING, carry=carry, heat=Heat.HOT, mode=Mode.ALWAYS, skip_delay=True))
    assert (decision.setpoint_a, decision.reason) == (0, Reason.TOO_HOT)


def test_a_charge_point_that_has_cooled_waits_for_its_delay():
    decision = decide(situation(reading=CHARGING, carry=in_force(16)))
    assert (decision.setpoint_a, decision.wish_a) == (16, 32)
    assert decision.reason is Reason.DELAYED_CHANGE
