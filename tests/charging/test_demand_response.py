"""Demand response: less, more, at once; overlapping, opted out, overridden."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.demand_response import amperes, opted_out, with_event, without_event
from custom_components.smart_charge.charging.model import Carry, DsrEvent, DsrKind, Fault, Mode, Reason, Source
from custom_components.smart_charge.charging.override import begin_charge_now, begin_stop, end_override

from .facts import CHARGING, CLOSED, CLOSES, LEFT, OPEN, UNPLUGGED, in_force, reading, settings, situation

HALF_AN_HOUR = timedelta(minutes=30)
DOWN = (DsrKind.TURN_DOWN, DsrKind.SHIFT)


def event(kind=DsrKind.TURN_DOWN, *, start_at=OPEN, event_id="a", **more) -> DsrEvent:
    return DsrEvent(
        **{"event_id": event_id, "kind": kind, "start_at": start_at, "end_at": start_at + HALF_AN_HOUR} | more
    )


def asked(carry, *events, now=OPEN):
    for asked_for in events:
        carry = with_event(carry, asked_for, now)
    return carry


def charging_in(*events, **facts):
    """Decide in the first step of ``events``, with a vehicle charging at 32 A."""
    now = facts.pop("now", OPEN)
    return decide(situation(now=now, reading=CHARGING, carry=asked(in_force(32.0), *events), **facts))


def after(decision, now, **facts):
    """Decide once more, later."""
    return decide(situation(now=now, reading=CHARGING, carry=decision.carry, **facts))


# Less


@pytest.mark.requirement("5.3")
@pytest.mark.parametrize("kind", DOWN)
@pytest.mark.parametrize("limit_a", [0.0, 10.0])
def test_turning_down_or_shifting_waits_for_the_random_delay(kind, limit_a):
    decision = charging_in(event(kind, limit_a=limit_a))
    assert (decision.setpoint_a, decision.wish_a) == (32.0, limit_a)
    assert decision.carry.hold is not None
    assert (decision.binding.source, decision.binding.until_at) == (Source.DSR, OPEN + HALF_AN_HOUR)
    later = after(decision, decision.carry.hold.ends_at)
    assert (later.setpoint_a, later.reason, later.until_at) == (limit_a, Reason.DEMAND_RESPONSE, OPEN + HALF_AN_HOUR)


@pytest.mark.requirement("11.6")
@pytest.mark.parametrize("kind", DOWN)
def test_one_that_was_delayed_already_does_not_wait_at_either_end(kind):
    begun = charging_in(event(kind, limit_a=10.0, delay_already_applied=True))
    assert (begun.setpoint_a, begun.carry.hold, begun.reason) == (10.0, None, Reason.DEMAND_RESPONSE)
    ended = after(begun, OPEN + HALF_AN_HOUR)
    assert (ended.setpoint_a, ended.carry.hold, ended.reason) == (32.0, None, Reason.IN_DEFAULT_HOURS)


@pytest.mark.requirement("11.7")
@pytest.mark.parametrize("limit_a", [0.0, 10.0])
def test_a_service_to_the_grid_is_at_once_at_both_ends(limit_a):
    begun = charging_in(event(DsrKind.RESPONSE, limit_a=limit_a))
    assert (begun.setpoint_a, begun.carry.hold, begun.reason) == (limit_a, None, Reason.RESPONSE_DSR)
    ended = after(begun, OPEN + HALF_AN_HOUR)
    assert (ended.setpoint_a, ended.carry.hold) == (32.0, None)


@pytest.mark.requirement("11.7")
def test_a_service_cuts_through_a_running_delay():
    closing = decide(situation(now=CLOSED, reading=CHARGING, carry=in_force(32.0)))
    carry = asked(closing.carry, event(DsrKind.RESPONSE, start_at=CLOSED, limit_a=10.0))
    decision = decide(situation(now=CLOSED, reading=CHARGING, carry=carry))
    assert (closing.setpoint_a, closing.reason) == (32.0, Reason.DELAYED_STOP)
    assert (decision.setpoint_a, decision.carry.hold) == (10.0, closing.carry.hold)


@pytest.mark.requirement("11.7")
def test_a_service_that_is_ended_early_is_over_at_once():
    begun = charging_in(event(DsrKind.RESPONSE))
    now = OPEN + timedelta(minutes=5)
    ended = decide(situation(now=now, reading=CHARGING, carry=without_event(begun.carry, "a", now)))
    assert (ended.setpoint_a, ended.carry.hold, ended.carry.events) == (32.0, None, ())


@pytest.mark.requirement("11.7")
@pytest.mark.parametrize("limit_a", [6.0, 16.0])
def test_a_service_that_asks_anew_is_followed_at_once_both_ways(limit_a):
    begun = charging_in(event(DsrKind.RESPONSE, limit_a=10.0))
    now = OPEN + timedelta(minutes=5)
    anew = with_event(begun.carry, event(DsrKind.RESPONSE, start_at=now, limit_a=limit_a), now)
    decision = decide(situation(now=now, reading=CHARGING, carry=anew))
    assert (decision.setpoint_a, decision.carry.hold, len(decision.carry.events)) == (limit_a, None, 1)


@pytest.mark.requirement("11.1")
@pytest.mark.parametrize("kind", DOWN)
def test_charging_again_after_a_plain_event_waits(kind):
    begun = charging_in(event(kind, limit_a=0.0), skip_delay=True)
    ended = after(begun, OPEN + HALF_AN_HOUR)
    assert (begun.setpoint_a, ended.setpoint_a, ended.reason) == (0.0, 0.0, Reason.DELAYED_START)


@pytest.mark.requirement("11.1")
def test_hours_that_open_as_a_service_ends_wait_for_their_own_delay():
    """Else every home with the same tariff would switch on at that second."""
    service = event(DsrKind.RESPONSE, start_at=LEFT - HALF_AN_HOUR)
    begun = decide(situation(now=service.start_at, carry=asked(Carry(), service)))
    ended = after(begun, LEFT)
    assert (ended.setpoint_a, ended.reason) == (0.0, Reason.DELAYED_START)


@pytest.mark.requirement("11.9")
def test_power_that_returns_as_a_service_ends_waits():
    begun = charging_in(event(DsrKind.RESPONSE))
    assert after(begun, OPEN + HALF_AN_HOUR, power_returned=True).reason is Reason.DELAYED_START


def test_an_event_to_come_only_sets_when_to_look_again():
    coming = event(start_at=OPEN + timedelta(hours=1))
    decision = charging_in(coming)
    assert (decision.setpoint_a, decision.reason, decision.until_at) == (32.0, Reason.IN_DEFAULT_HOURS, CLOSES)
    assert (decision.review_at, decision.carry.events) == (coming.start_at, (coming,))
    begun = after(decision, coming.start_at)
    assert begun.review_at == begun.carry.hold.ends_at
    assert after(begun, begun.carry.hold.ends_at).review_at == coming.end_at


def test_a_past_event_is_dropped():
    decision = charging_in(event(start_at=OPEN - HALF_AN_HOUR))
    assert (decision.setpoint_a, decision.carry.events) == (32.0, ())


@pytest.mark.requirement("11.9")
def test_events_are_kept_until_the_charge_point_has_spoken():
    carry = asked(in_force(32.0), event(DsrKind.RESPONSE, start_at=OPEN - timedelta(hours=2)))
    assert decide(situation(reading=None, carry=carry)).carry == carry


# Limits


@pytest.mark.parametrize(
    ("limits", "phases", "expected_a"),
    [
        ({}, None, 0.0),
        ({"limit_a": 10.0}, 1, 10.0),
        ({"limit_w": 6_900.0}, 3, 10.0),
        ({"limit_w": 6_900.0}, 1, 30.0),
        ({"limit_w": 6_900.0}, None, 10.0),
        ({"limit_w": 6_900.0, "limit_a": 8.0}, 3, 8.0),
        ({"limit_w": 3_450.0, "limit_a": 8.0}, 3, 5.0),
        ({"limit_a": -3.0}, 1, 0.0),
        ({"limit_a": float("nan")}, 1, 0.0),
        ({"limit_w": float("inf")}, 1, 0.0),
    ],
)
def test_a_limit_in_watts_counts_per_phase(limits, phases, expected_a):
    assert amperes(event(**limits), settings(phases=phases)) == pytest.approx(expected_a)


def test_a_turn_up_without_a_limit_asks_for_all_there_is():
    assert amperes(event(DsrKind.TURN_UP), settings(rated_a=16.0)) == 16.0


@pytest.mark.requirement("5.3")
def test_of_overlapping_events_the_strictest_counts():
    mild = event(limit_a=16.0, event_id="mild")
    strict = event(limit_a=8.0, event_id="strict", end_at=OPEN + timedelta(minutes=10))
    longer = event(limit_a=8.0, event_id="longer", end_at=OPEN + timedelta(minutes=20))
    decision = charging_in(mild, strict, longer, skip_delay=True)
    assert (decision.setpoint_a, decision.until_at) == (8.0, longer.end_at)
    assert after(decision, longer.end_at, skip_delay=True).setpoint_a == 16.0


@pytest.mark.requirement("8.2")
def test_safety_is_the_reason_before_any_event():
    decision = decide(
        situation(reading=reading(fault=Fault(code="x")), carry=asked(in_force(32.0), event(DsrKind.TURN_UP), event()))
    )
    assert (decision.setpoint_a, decision.reason) == (0.0, Reason.CHARGER_FAULT)


# More


@pytest.mark.requirement("5.3")
@pytest.mark.parametrize("mode", [Mode.DEFAULT_HOURS, Mode.OFF])
def test_a_turn_up_sets_the_mode_aside_after_the_delay(mode):
    carry = asked(Carry(), event(DsrKind.TURN_UP, start_at=CLOSED))
    begun = decide(situation(now=CLOSED, mode=mode, carry=carry))
    assert (begun.setpoint_a, begun.wish_a, begun.lifted_by) == (0.0, 32.0, Source.TURN_UP)
    later = after(begun, begun.carry.hold.ends_at, mode=mode)
    assert (later.setpoint_a, later.reason, later.until_at) == (32.0, Reason.TURNED_UP, CLOSED + HALF_AN_HOUR)
    ended = after(later, CLOSED + HALF_AN_HOUR, mode=mode)
    assert (ended.setpoint_a, ended.reason) == (32.0, Reason.DELAYED_STOP)


@pytest.mark.requirement("11.6")
def test_a_turn_up_that_was_delayed_already_does_not_wait_at_either_end():
    carry = asked(Carry(), event(DsrKind.TURN_UP, start_at=CLOSED, delay_already_applied=True))
    begun = decide(situation(now=CLOSED, carry=carry))
    ended = after(begun, CLOSED + HALF_AN_HOUR)
    assert [(step.setpoint_a, step.carry.hold) for step in (begun, ended)] == [(32.0, None), (0.0, None)]


@pytest.mark.requirement("11.1")
def test_hours_that_open_as_a_turn_up_begins_wait_for_their_own_delay():
    carry = asked(Carry(), event(DsrKind.TURN_UP, start_at=LEFT, delay_already_applied=True))
    assert decide(situation(now=LEFT, carry=carry)).reason is Reason.DELAYED_START


@pytest.mark.requirement("11.1")
def test_hours_that_close_as_a_turn_up_ends_wait_for_their_own_delay():
    up = event(DsrKind.TURN_UP, start_at=CLOSES - HALF_AN_HOUR, delay_already_applied=True)
    begun = charging_in(up, now=up.start_at)
    assert after(begun, CLOSES).reason is Reason.DELAYED_STOP


def test_a_turn_up_asks_for_no_more_than_it_says():
    carry = asked(Carry(), event(DsrKind.TURN_UP, start_at=CLOSED, limit_a=16.0))
    decision = decide(situation(now=CLOSED, carry=carry, skip_delay=True))
    assert (decision.setpoint_a, decision.binding.source, decision.reason) == (16.0, Source.TURN_UP, Reason.TURNED_UP)


def test_a_turn_up_takes_nothing_away_in_open_hours():
    decision = charging_in(event(DsrKind.TURN_UP, limit_a=16.0))
    assert (decision.setpoint_a, decision.lifted_by, decision.reason) == (32.0, None, Reason.IN_DEFAULT_HOURS)


def test_a_turn_up_to_less_than_6_a_asks_for_nothing():
    carry = asked(Carry(), event(DsrKind.TURN_UP, start_at=CLOSED, limit_a=5.0))
    assert decide(situation(now=CLOSED, carry=carry)).reason is Reason.WAITING_FOR_DEFAULT_HOURS


@pytest.mark.requirement("5.3")
@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"reading": UNPLUGGED}, Reason.NOT_PLUGGED_IN),
        ({"reading": reading(cable_a=0.0)}, Reason.CABLE_LIMIT),
        ({"is_locked": True}, Reason.SAFETY_LOCK),
    ],
)
def test_a_turn_up_lifts_nothing_above_it(facts, reason):
    carry = asked(Carry(), event(DsrKind.TURN_UP, start_at=CLOSED))
    decision = decide(situation(now=CLOSED, carry=carry, **facts))
    assert (decision.setpoint_a, decision.reason) == (0.0, reason)


def test_a_turn_up_lifts_neither_a_turn_down_nor_a_stop():
    carry = asked(Carry(), event(DsrKind.TURN_UP, start_at=CLOSED), event(start_at=CLOSED, event_id="b"))
    assert decide(situation(now=CLOSED, carry=carry)).reason is Reason.DEMAND_RESPONSE
    stopped = begin_stop(asked(Carry(), event(DsrKind.TURN_UP, start_at=CLOSED)), CLOSED)
    assert decide(situation(now=CLOSED, carry=stopped)).reason is Reason.STOPPED


# The owner


@pytest.mark.requirement("10.6")
@pytest.mark.parametrize("kind", [*DOWN, DsrKind.RESPONSE])
def test_charge_now_beats_demand_response_at_once(kind):
    begun = charging_in(event(kind), skip_delay=True)
    decision = decide(situation(reading=CHARGING, carry=begin_charge_now(begun.carry, OPEN)))
    assert (decision.setpoint_a, decision.reason, decision.lifted_by) == (32.0, Reason.CHARGING_NOW, Source.CHARGE_NOW)


@pytest.mark.requirement("10.6")
def test_an_event_during_charge_now_changes_nothing():
    tapped = decide(situation(reading=CHARGING, carry=begin_charge_now(in_force(32.0), OPEN)))
    carry = with_event(tapped.carry, event(DsrKind.RESPONSE), OPEN)
    assert decide(situation(reading=CHARGING, carry=carry)).setpoint_a == 32.0


def test_an_event_holds_again_when_charge_now_ends():
    ends_at = OPEN + timedelta(minutes=10)
    carry = begin_charge_now(asked(in_force(32.0), event(limit_a=10.0)), OPEN, ends_at=ends_at)
    tapped = decide(situation(reading=CHARGING, carry=carry))
    by_time = after(tapped, ends_at)
    assert (by_time.setpoint_a, by_time.wish_a, by_time.reason) == (32.0, 10.0, Reason.DELAYED_CHANGE)
    by_hand = decide(situation(reading=CHARGING, carry=end_override(tapped.carry), skip_delay=True))
    assert (by_hand.setpoint_a, by_hand.reason) == (10.0, Reason.DEMAND_RESPONSE)


@pytest.mark.requirement("10.6")
def test_the_owner_opts_out_of_one_event():
    begun = charging_in(event(), event(limit_a=16.0, event_id="b"), skip_delay=True)
    carry = opted_out(begun.carry, "a")
    decision = decide(situation(reading=CHARGING, carry=carry, skip_delay=True))
    assert (decision.setpoint_a, [known.is_opted_out for known in decision.carry.events]) == (16.0, [True, False])
    over = decide(situation(now=OPEN + HALF_AN_HOUR, reading=CHARGING, carry=decision.carry))
    assert (over.setpoint_a, over.reason) == (16.0, Reason.DELAYED_CHANGE)


@pytest.mark.requirement("10.6")
@pytest.mark.parametrize("kind", DsrKind)
def test_the_owner_takes_part_in_none(kind):
    decision = charging_in(event(kind), is_dsr_opted_out=True)
    assert (decision.setpoint_a, decision.reason) == (32.0, Reason.IN_DEFAULT_HOURS)


@pytest.mark.requirement("10.6")
def test_the_end_of_an_event_without_us_exempts_nothing():
    begun = charging_in(event(DsrKind.RESPONSE))
    carry = opted_out(replace(begun.carry, in_force_a=0.0), "a")
    assert after(replace(begun, carry=carry), OPEN + HALF_AN_HOUR).reason is Reason.DELAYED_START


# Keeping them


def test_events_are_kept_in_order_of_their_begin():
    late, early = event(event_id="late", start_at=LEFT), event(event_id="early", start_at=CLOSED)
    assert asked(Carry(), late, early).events == (early, late)


def test_an_event_to_come_is_forgotten_when_it_is_ended_or_asked_for_anew():
    carry = asked(Carry(), event(start_at=LEFT))
    assert without_event(carry, "a", CLOSED).events == ()
    assert with_event(carry, event(start_at=OPEN), CLOSED).events == (event(start_at=OPEN),)
    assert without_event(carry, "b", CLOSED) == carry
