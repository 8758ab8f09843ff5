"""A supply limit and the random delay: down at once, up only after a delay (11.8), and a delay that is not lost."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.model import (
    Carry,
    Ceiling,
    DsrEvent,
    DsrKind,
    Hold,
    Mode,
    Override,
    Reason,
    SharingCause,
    Source,
)

from .facts import CHARGING, OPEN, PLUGGED, holding, in_force, situation


def share_of(max_a: float, promised_a: float = 0.0, cause=SharingCause.SUPPLY) -> Ceiling:
    return Ceiling(max_a=max_a, cause=cause, promised_a=max(max_a, promised_a))


def held(decision):
    hold = decision.carry.hold
    return decision.setpoint_a, hold and hold.target_a, hold and (hold.ends_at - OPEN).total_seconds()


@pytest.mark.requirement("11.8")
def test_a_fall_to_keep_the_supply_limit_is_at_once():
    decision = decide(situation(reading=CHARGING, carry=in_force(32.0), supply=share_of(10.0)))
    assert held(decision) == (10.0, None, None)
    assert decision.reason is Reason.SUPPLY_LIMIT


@pytest.mark.requirement("11.8")
def test_a_rise_after_a_supply_limit_waits():
    decision = decide(situation(reading=CHARGING, carry=in_force(10.0), supply=share_of(16.0)))
    assert held(decision) == (10.0, 16.0, 300)


def test_a_brief_peak_of_the_house_does_not_lose_the_delay():
    decision = decide(situation(carry=holding(0, 16), supply=share_of(0.0, promised_a=16.0)))
    assert held(decision) == (0.0, 16.0, 200)
    assert decision.reason is Reason.DELAYED_START


def test_a_peak_that_takes_some_of_what_is_drawn_does_not_lose_the_delay_either():
    decision = decide(situation(reading=CHARGING, carry=holding(10, 16), supply=share_of(8.0, promised_a=16.0)))
    assert held(decision) == (8.0, 16.0, 200)


@pytest.mark.requirement("8.3")
def test_a_delay_that_ends_in_a_peak_gives_nothing():
    decision = decide(situation(carry=holding(0, 16, left_s=0), supply=share_of(0.0, promised_a=16.0)))
    assert held(decision) == (0.0, None, None)
    assert decision.reason is Reason.SUPPLY_LIMIT


def test_a_delay_that_ends_gives_what_is_there_then():
    decision = decide(situation(carry=holding(0, 16, left_s=0), supply=share_of(9.0, promised_a=16.0)))
    assert held(decision) == (9.0, None, None)


def test_the_rise_after_a_delay_that_led_to_nothing_waits_anew():
    before = decide(situation(carry=holding(0, 16, left_s=0), supply=share_of(0.0, promised_a=16.0)))
    decision = decide(situation(carry=before.carry, supply=share_of(16.0)))
    assert held(decision)[:2] == (0.0, 16.0)
    assert decision.carry.last_draw_s not in (None, before.carry.last_draw_s)


def test_a_promise_ends_where_another_rule_allows_nothing():
    decision = decide(situation(carry=holding(0, 16), supply=share_of(0.0, promised_a=16.0), mode=Mode.OFF))
    assert held(decision) == (0.0, None, None)


def test_a_promise_is_no_more_than_the_rating():
    decision = decide(situation(supply=share_of(0.0, promised_a=60.0), rated_a=20.0))
    assert held(decision)[:2] == (0.0, 20.0)


@pytest.mark.parametrize("promised_a", [float("nan"), float("inf"), -6.0, 5.9])
def test_a_promise_that_makes_no_sense_is_none(promised_a):
    ceiling = Ceiling(max_a=0.0, cause=SharingCause.TURN, promised_a=promised_a)
    assert held(decide(situation(supply=ceiling))) == (0.0, None, None)


@pytest.mark.requirement("8.3")
@pytest.mark.requirement("11.5")
def test_skipping_the_delay_takes_only_what_is_there():
    carry = holding(0, 16)
    decision = decide(situation(carry=carry, supply=share_of(7.0, promised_a=16.0), skip_delay=True))
    assert held(decision) == (7.0, None, None)
    assert held(decide(situation(carry=carry, supply=share_of(0.0, promised_a=16.0), skip_delay=True)))[0] == 0.0


@pytest.mark.requirement("8.1")
def test_charge_now_takes_only_what_is_there():
    override = Override(made_at=OPEN, has_seen_vehicle=False)
    carry = Carry(override=override)
    decision = decide(situation(carry=carry, supply=share_of(8.0)))
    assert decision.setpoint_a <= 8.0
    assert (
        held(decide(situation(reading=CHARGING, carry=replace(carry, in_force_a=32.0), supply=share_of(0.0))))[0] == 0
    )


@pytest.mark.requirement("8.2")
def test_a_response_service_stays_within_the_supply():
    event = DsrEvent(
        event_id="r",
        kind=DsrKind.RESPONSE,
        start_at=OPEN - timedelta(minutes=1),
        end_at=OPEN + timedelta(hours=1),
        limit_a=20.0,
    )
    decision = decide(situation(reading=CHARGING, carry=in_force(20.0, events=(event,)), supply=share_of(9.0)))
    assert decision.setpoint_a == 9.0
    assert decision.binding.source is Source.SUPPLY


@pytest.mark.requirement("11.9")
def test_a_delay_survives_a_restart_though_nobody_knows_yet_what_the_house_draws():
    start = decide(situation(reading=None, carry=holding(0, 16), supply=share_of(0.0, cause=SharingCause.METER_LOST)))
    assert held(start) == (0.0, 16.0, 200)
    decision = decide(situation(carry=start.carry, supply=share_of(0.0, promised_a=6.0)))
    assert held(decision) == (0.0, 6.0, 200)


AMPERES = st.one_of(st.just(0.0), st.floats(6, 60))


@pytest.mark.requirement("8.1")
@given(
    in_force_a=st.one_of(st.just(0.0), st.floats(6, 32)),
    target_a=st.one_of(st.none(), AMPERES),
    left_s=st.integers(-5, 600),
    max_a=AMPERES,
    more_a=st.floats(0, 60),
    skip=st.booleans(),
    is_charging=st.booleans(),
    dice=st.floats(0, 1, exclude_max=True),
)
def test_nothing_in_force_is_ever_above_the_share(
    *, in_force_a, target_a, left_s, max_a, more_a, skip, is_charging, dice
):
    hold = target_a is not None and Hold(
        target_a=target_a, began_at=OPEN - timedelta(seconds=60), ends_at=OPEN + timedelta(seconds=left_s)
    )
    facts = situation(
        dice=dice,
        reading=CHARGING if is_charging else PLUGGED,
        carry=in_force(in_force_a, hold=hold or None),
        supply=share_of(max_a, promised_a=max_a + more_a),
        skip_delay=skip,
        mode=Mode.ALWAYS,
    )
    decision = decide(facts)
    assert decision.setpoint_a == 0 or 6 <= decision.setpoint_a <= max_a
