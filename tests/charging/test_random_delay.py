"""The random delay of regulation 11: when it runs, for how long, what ends it."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
import math
import random

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.model import Carry, Fault, Hold, Mode, Override, Reason, Settings, Source
from custom_components.smart_charge.charging.random_delay import AT_ONCE, Direction, draw_s, is_instance

from .facts import CHARGING, CLOSED, OPEN, PLUGGED, UNPLUGGED, holding, in_force, reading, settings, situation


def seconds(value: float) -> timedelta:
    return timedelta(seconds=value)


def outcome(decision):
    """In force, held towards, seconds to go."""
    hold = decision.carry.hold
    return decision.setpoint_a, hold and hold.target_a, hold and (hold.ends_at - OPEN).total_seconds()


# Drawing


@pytest.mark.requirement("11.1")
@pytest.mark.parametrize(
    ("dice", "last_s", "drawn_s"),
    [
        (0.0, None, 0),
        (0.5, None, 300),
        (math.nextafter(1.0, 0.0), None, 600),
        (0.0, 0, 1),
        (math.nextafter(1.0, 0.0), 600, 599),
        (math.nextafter(1.0, 0.0), 599, 600),
        (0.5, 300, 301),
        (0.5, 301, 300),
        (0.5, 1200, 300),
        (0.5, -1, 300),
    ],
)
def test_a_draw_is_one_of_the_whole_seconds_up_to_600(dice, last_s, drawn_s):
    assert draw_s(dice, 600, last_s) == drawn_s


@pytest.mark.requirement("11.4")
@pytest.mark.parametrize(
    ("max_s", "longest_s"), [(600, 600), (1800, 1800), (900, 900), (0, 600), (-5, 600), (599, 600), (7200, 1800)]
)
def test_the_upper_end_is_600_to_1800(max_s, longest_s):
    assert draw_s(math.nextafter(1.0, 0.0), max_s, None) == longest_s


@pytest.mark.requirement("11.1")
@pytest.mark.requirement("11.2")
@pytest.mark.requirement("11.3")
@given(st.floats(0, 1, exclude_max=True), st.integers(-10, 4000), st.none() | st.integers(-10, 2000))
def test_any_draw_is_within_bounds_in_whole_seconds_and_not_the_last(dice, max_s, last_s):
    drawn_s = draw_s(dice, max_s, last_s)
    assert type(drawn_s) is int
    assert 0 <= drawn_s <= min(max(max_s, 600), 1800)
    assert drawn_s != last_s


@pytest.mark.requirement("11.1")
@pytest.mark.parametrize("last_s", [None, 0, 123, 600])
def test_every_second_is_drawn_by_an_equal_share_of_the_dice(last_s):
    left = [second for second in range(601) if second != last_s]
    assert [draw_s((place + 0.5) / len(left), 600, last_s) for place in range(len(left))] == left


@pytest.mark.requirement("11.1")
@pytest.mark.requirement("11.3")
def test_many_draws_are_uniform_with_no_equal_neighbours():
    source = random.Random(20260101)
    draws, last_s = [], None
    for _ in range(60_100):
        last_s = draw_s(source.random(), 600, last_s)
        draws.append(last_s)
    assert all(first != second for first, second in pairwise(draws))
    counts = Counter(draws)
    expected = len(draws) / 601
    chi_squared = sum((counts[second] - expected) ** 2 / expected for second in range(601))
    assert chi_squared < 600 + 4 * math.sqrt(2 * 600)


# What an instance is


@pytest.mark.requirement("11.1")
@pytest.mark.parametrize(
    ("in_force_a", "wish_a", "is_one"),
    [
        (0.0, 6.0, True),
        (6.0, 0.0, True),
        (0.0, 0.0, False),
        (16.0, 16.0, False),
        (16.0, 17.0, True),
        (16.0, 15.0, True),
        (16.0, 16.9, False),
        (16.0, 15.1, False),
        (32.0, 33.0, False),  # 5 % of 32 A is 1.6 A
        (32.0, 33.6, True),
        (32.0, 30.5, False),
        (32.0, 30.4, True),
    ],
)
def test_a_charging_instance_is_a_switch_in_load_of_1_a_or_a_twentieth(in_force_a, wish_a, is_one):
    assert is_instance(in_force_a, wish_a) is is_one


@pytest.mark.requirement("11.1")
def test_plugging_in_while_allowed_waits():
    assert outcome(decide(situation(carry=in_force(0.0)))) == (0.0, 32.0, 300)


@pytest.mark.requirement("11.1")
def test_hours_that_close_wait():
    decision = decide(situation(now=CLOSED, reading=CHARGING, carry=in_force(32.0)))
    assert (decision.setpoint_a, decision.wish_a, decision.reason) == (32.0, 0.0, Reason.DELAYED_STOP)
    assert decision.until_at == CLOSED + seconds(300)


@pytest.mark.requirement("11.1")
def test_a_rise_while_charging_waits():
    decision = decide(situation(reading=reading(cable_a=20.0), carry=in_force(16.0)))
    assert outcome(decision) == (16.0, 20.0, 300)
    assert decision.reason is Reason.DELAYED_CHANGE


def test_a_small_change_happens_at_once_without_a_draw():
    decision = decide(situation(rated_a=16.5, carry=in_force(16.0, last_draw_s=7)))
    assert (outcome(decision), decision.carry.last_draw_s) == ((16.5, None, None), 7)


def test_no_change_is_no_instance():
    decision = decide(situation(reading=CHARGING, carry=in_force(32.0, last_draw_s=7)))
    assert decision.carry == in_force(32.0, last_draw_s=7)


@pytest.mark.requirement("11.1")
def test_a_draw_of_nothing_acts_at_once_but_is_remembered():
    decision = decide(situation(dice=0.0))
    assert (outcome(decision), decision.carry.last_draw_s) == ((32.0, None, None), 0)


@pytest.mark.requirement("11.3")
def test_the_same_dice_never_give_the_same_delay_twice_running():
    decision = decide(situation(carry=in_force(0.0, last_draw_s=300)))
    assert (outcome(decision)[2], decision.carry.last_draw_s) == (301, 301)


@pytest.mark.requirement("11.4")
def test_a_raised_upper_end_is_drawn_from():
    assert outcome(decide(situation(random_delay_max_s=1800))) == (0.0, 32.0, 900)


@pytest.mark.requirement("11.4")
def test_an_upper_end_below_the_default_is_not():
    assert outcome(decide(situation(random_delay_max_s=10))) == (0.0, 32.0, 300)


# While it runs


def test_a_running_delay_keeps_its_end_whatever_the_dice():
    carry = holding(0.0, 32.0)
    assert decide(situation(carry=carry, dice=0.9)).carry == carry


def test_at_its_end_what_was_due_happens():
    carry = holding(0.0, 32.0, left_s=0)
    decision = decide(situation(carry=carry))
    assert (outcome(decision), decision.reason) == ((32.0, None, None), Reason.IN_DEFAULT_HOURS)


@pytest.mark.requirement("11.9")
def test_one_whose_end_passed_while_nobody_looked_is_over():
    assert outcome(decide(situation(carry=holding(0.0, 32.0, since_s=7200, left_s=-6900)))) == (32.0, None, None)


@pytest.mark.requirement("11.1")
def test_a_new_wish_the_same_way_replaces_the_target_and_keeps_the_end():
    decision = decide(situation(reading=reading(cable_a=20.0), carry=holding(0.0, 32.0), dice=0.9))
    assert (outcome(decision), decision.carry.last_draw_s) == ((0.0, 20.0, 200), 300)


def test_a_wish_for_what_is_in_force_cancels_it():
    decision = decide(situation(reading=CHARGING, carry=holding(32.0, 0.0)))
    assert outcome(decision) == (32.0, None, None)


@pytest.mark.requirement("11.3")
def test_a_wish_the_other_way_draws_anew():
    carry = holding(20.0, 32.0, now=CLOSED)
    decision = decide(situation(now=CLOSED, reading=CHARGING, carry=carry))
    assert (decision.setpoint_a, decision.carry.hold) == (
        20.0,
        Hold(target_a=0.0, began_at=CLOSED, ends_at=CLOSED + seconds(301)),
    )


def test_a_delay_that_no_clock_could_have_begun_is_drawn_anew():
    decision = decide(situation(carry=holding(0.0, 32.0, left_s=86_400 * 365)))
    assert outcome(decision) == (0.0, 32.0, 300)


def test_a_damaged_hold_that_leads_nowhere_is_drawn_anew():
    assert outcome(decide(situation(carry=holding(0.0, 0.0)))) == (0.0, 32.0, 301)


# What does not wait


@pytest.mark.requirement("8.3")
@pytest.mark.parametrize(
    "unsafe",
    [
        {"reading": reading(fault=Fault(code="GroundFailure"))},
        {"is_locked": True},
        {"rated_a": 0.0},
        {"reading": reading(cable_a=0.0)},
        {"reading": UNPLUGGED},
    ],
)
@pytest.mark.parametrize("carry", [in_force(32.0), holding(32.0, 0.0), holding(0.0, 32.0), holding(16.0, 32.0)])
def test_safety_ratings_and_unplugging_stop_at_once_through_a_hold(unsafe, carry):
    assert outcome(decide(situation(**unsafe, carry=carry))) == (0.0, None, None)


@pytest.mark.requirement("8.3")
def test_a_lower_rating_cuts_what_is_in_force_at_once():
    assert outcome(decide(situation(reading=reading(cable_a=13.0), carry=in_force(32.0)))) == (13.0, None, None)


@pytest.mark.requirement("8.3")
def test_a_hold_that_was_cut_runs_on_to_its_target():
    carry = holding(32.0, 0.0, now=CLOSED)
    decision = decide(situation(now=CLOSED, reading=reading(cable_a=13.0), carry=carry))
    assert decision.setpoint_a == 13.0
    assert decision.carry.hold == carry.hold


@pytest.mark.requirement("11.8")
@pytest.mark.parametrize("cable_a", [None, 20.0])
def test_rising_again_after_a_limit_waits(cable_a):
    decision = decide(situation(reading=reading(cable_a=cable_a), carry=in_force(13.0)))
    assert outcome(decision) == (13.0, cable_a or 32.0, 300)


@pytest.mark.requirement("11.5")
@pytest.mark.parametrize(
    "carry", [holding(0.0, 32.0), in_force(0.0), holding(0.0, 32.0, left_s=86_400 * 365), holding(16.0, 32.0)]
)
def test_skipping_by_hand_does_what_is_due_at_once(carry):
    decision = decide(situation(carry=carry, skip_delay=True))
    assert (outcome(decision), decision.carry.last_draw_s) == ((32.0, None, None), carry.last_draw_s)


@pytest.mark.requirement("11.5")
def test_skipping_a_delayed_stop_stops_at_once():
    decision = decide(situation(now=CLOSED, carry=holding(32.0, 0.0, now=CLOSED), skip_delay=True))
    assert (decision.setpoint_a, decision.carry.hold) == (0.0, None)


@pytest.mark.parametrize("changed", [{"mode": Mode.OFF}, {"mode": Mode.ALWAYS}, {"default_hours": None}])
def test_changing_mode_or_hours_is_no_exemption(changed):
    carry = in_force(32.0) if changed == {"mode": Mode.OFF} else in_force(0.0)
    assert decide(situation(now=CLOSED, carry=carry, **changed)).carry.hold is not None


@pytest.mark.requirement("11.6")
@pytest.mark.parametrize("carry", [in_force(0.0), holding(0.0, 32.0)])
def test_ours_is_off_where_the_charger_delays_by_itself(carry):
    decision = decide(situation(charger_delays_itself=True, carry=carry))
    assert outcome(decision) == (32.0, None, None)


@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("carry", [in_force(32.0), holding(0.0, 32.0), holding(32.0, 0.0)])
def test_power_that_returns_finds_nothing_in_force_and_draws_anew(carry):
    decision = decide(situation(carry=replace(carry, last_draw_s=300), power_returned=True))
    assert outcome(decision) == (0.0, 32.0, 301)


@pytest.mark.requirement("11.9")
def test_power_that_returns_in_closed_hours_is_no_instance():
    decision = decide(situation(now=CLOSED, carry=in_force(32.0, last_draw_s=5), power_returned=True))
    assert (decision.setpoint_a, decision.carry) == (0.0, in_force(0.0, last_draw_s=5))


@pytest.mark.requirement("11.5")
def test_charge_now_by_hand_ends_a_running_delay():
    carry = replace(holding(0.0, 32.0), override=Override(made_at=OPEN, has_seen_vehicle=True))
    assert outcome(decide(situation(carry=carry, skip_delay=True))) == (32.0, None, None)


def test_a_link_that_returns_to_an_unchanged_setpoint_is_no_instance():
    before = decide(situation(carry=in_force(32.0), reading=CHARGING))
    after = decide(situation(now=OPEN + seconds(3600), carry=before.carry, reading=PLUGGED))
    assert (after.setpoint_a, after.carry) == (32.0, before.carry)


def test_only_named_causes_are_exempt_each_in_its_direction():
    assert {source: set(directions) for source, directions in AT_ONCE.items()} == {
        Source.CHARGER_FAULT: {Direction.FALL},
        Source.CONTACTOR_WELDED: {Direction.FALL},
        Source.OVER_CURRENT: {Direction.FALL},
        Source.TEMPERATURE: {Direction.FALL},
        Source.SAFETY_LOCK: {Direction.FALL},
        Source.CHARGE_POINT_RATING: {Direction.FALL},
        Source.CABLE_RATING: {Direction.FALL},
        Source.SUPPLY: {Direction.FALL},
        Source.NOT_PLUGGED_IN: {Direction.FALL},
        Source.NO_TAG: {Direction.FALL},
        Source.CHARGE_NOW: {Direction.RISE},
        Source.STOP: {Direction.FALL},
        Source.RESPONSE_DSR: {Direction.FALL},
        Source.DSR_DELAYED_BEFORE: {Direction.FALL},
    }


def test_a_damaged_setpoint_in_force_is_nothing_in_force():
    for damaged in (3.0, -16.0, float("nan")):
        assert outcome(decide(situation(carry=Carry(in_force_a=damaged)))) == (0.0, 32.0, 300)


def test_without_settings_to_the_contrary_the_delay_is_600_s():
    assert Settings(rated_a=32.0).random_delay_max_s == settings().random_delay_max_s == 600
