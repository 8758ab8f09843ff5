"""The decision: reasons, when to look again, and what holds for any situation at all."""

from dataclasses import replace
from datetime import timedelta
import random

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.decide import RULES, decide
from custom_components.smart_charge.charging.demand_response import with_event
from custom_components.smart_charge.charging.model import (
    Carry,
    ConnectorStatus,
    DsrEvent,
    DsrKind,
    Fault,
    Hold,
    Mode,
    Override,
    OverrideKind,
    PilotState,
    Reading,
    Reason,
    Settings,
    Situation,
    Source,
)
from custom_components.smart_charge.charging.override import LIFTS, begin_charge_now, begin_stop, end_override

from .facts import (
    CHARGING,
    CLOSED,
    CLOSES,
    LEFT,
    OPEN,
    PLUGGED,
    PRESET,
    UNPLUGGED,
    holding,
    in_force,
    reading,
    settings,
    situation,
)

STANDING = Override(made_at=OPEN, has_seen_vehicle=True)
UNTOLD = reading(status=ConnectorStatus.PREPARING, awaits_tag=True)
ASLEEP = reading(status=ConnectorStatus.SUSPENDED_EV, offered_a=32.0)


@pytest.mark.requirement("5.2")
@pytest.mark.parametrize(
    ("facts", "setpoint_a", "reason", "until_at"),
    [
        ({"reading": UNPLUGGED}, 0.0, Reason.NOT_PLUGGED_IN, None),
        ({"reading": UNPLUGGED, "now": CLOSED}, 0.0, Reason.NOT_PLUGGED_IN, None),
        ({"now": CLOSED}, 0.0, Reason.WAITING_FOR_DEFAULT_HOURS, LEFT),
        ({"reading": UNTOLD}, 0.0, Reason.WAITING_FOR_TAG, None),
        ({"reading": UNTOLD, "carry": holding(0.0, 32.0)}, 0.0, Reason.WAITING_FOR_TAG, None),
        ({"reading": UNTOLD, "now": CLOSED}, 0.0, Reason.WAITING_FOR_DEFAULT_HOURS, LEFT),
        ({"mode": Mode.OFF}, 0.0, Reason.OFF, None),
        ({}, 0.0, Reason.DELAYED_START, OPEN + timedelta(seconds=300)),
        ({"carry": holding(32.0, 0.0), "mode": Mode.OFF}, 32.0, Reason.DELAYED_STOP, OPEN + timedelta(seconds=200)),
        ({"carry": in_force(16.0)}, 16.0, Reason.DELAYED_CHANGE, OPEN + timedelta(seconds=300)),
        ({"carry": in_force(32.0)}, 32.0, Reason.IN_DEFAULT_HOURS, CLOSES),
        ({"carry": in_force(32.0), "default_hours": None}, 32.0, Reason.WHENEVER_PLUGGED_IN, None),
        ({"carry": in_force(32.0), "mode": Mode.ALWAYS}, 32.0, Reason.WHENEVER_PLUGGED_IN, None),
        ({"carry": in_force(20.0), "reading": reading(cable_a=20.0)}, 20.0, Reason.CABLE_LIMIT, CLOSES),
        ({"carry": in_force(32.0), "reading": reading(cable_a=32.0)}, 32.0, Reason.IN_DEFAULT_HOURS, CLOSES),
        ({"carry": in_force(32.0), "reading": ASLEEP}, 32.0, Reason.VEHICLE_NOT_TAKING, None),
        ({"carry": in_force(32.0), "reading": replace(ASLEEP, offered_a=None)}, 32.0, Reason.VEHICLE_NOT_TAKING, None),
        ({"carry": in_force(32.0), "reading": replace(ASLEEP, offered_a=0.0)}, 32.0, Reason.IN_DEFAULT_HOURS, CLOSES),
        ({"now": CLOSED, "reading": ASLEEP}, 0.0, Reason.WAITING_FOR_DEFAULT_HOURS, LEFT),
        ({"carry": in_force(32.0, override=STANDING), "now": CLOSED}, 32.0, Reason.CHARGING_NOW, None),
    ],
)
def test_the_owner_reads_why_and_until_when(facts, setpoint_a, reason, until_at):
    decision = decide(situation(**facts))
    assert (decision.setpoint_a, decision.reason, decision.until_at) == (setpoint_a, reason, until_at)


def test_an_unknown_plug_state_charges_as_if_plugged_in():
    vague = reading(status=ConnectorStatus.UNAVAILABLE)
    assert decide(situation(reading=vague, carry=in_force(32.0))).setpoint_a == 32.0


# Without a reading


@pytest.mark.requirement("7.2")
@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("now", [OPEN, CLOSED])
@pytest.mark.parametrize(("from_a", "to_a"), [(32.0, 32.0), (0.0, 0.0), (32.0, 0.0), (0.0, 32.0)])
def test_what_was_in_force_stays_until_the_charge_point_has_spoken(from_a, to_a, now):
    carry = in_force(from_a) if from_a == to_a else holding(from_a, to_a, now=now)
    decision = decide(situation(reading=None, now=now, carry=carry))
    assert (decision.setpoint_a, decision.carry) == (carry.in_force_a, carry)
    assert (decision.reason, decision.until_at, decision.review_at) == (Reason.NO_DATA, None, None)


@pytest.mark.requirement("8.1")
def test_a_rating_caps_what_stays_in_force():
    decision = decide(situation(reading=None, carry=in_force(32.0), rated_a=16.0))
    assert (decision.setpoint_a, decision.reason) == (16.0, Reason.NO_DATA)


def test_a_rating_caps_where_a_delay_leads_to():
    decision = decide(situation(reading=None, carry=holding(0.0, 32.0), rated_a=16.0))
    assert decision.carry == holding(0.0, 16.0)


@pytest.mark.requirement("8.1")
def test_the_safety_lock_holds_before_the_charge_point_has_spoken():
    decision = decide(situation(reading=None, carry=in_force(32.0), is_locked=True))
    assert (decision.setpoint_a, decision.reason) == (0.0, Reason.SAFETY_LOCK)


@pytest.mark.requirement("11.9")
def test_power_that_returned_leaves_nothing_in_force_before_the_charge_point_has_spoken():
    decision = decide(situation(reading=None, carry=holding(32.0, 0.0), power_returned=True))
    assert (decision.setpoint_a, decision.carry.hold) == (0.0, None)


@pytest.mark.requirement("11.9")
def test_a_delay_over_a_restart_ends_when_it_would_have():
    running = holding(0.0, 32.0)
    silent = decide(situation(reading=None, carry=running))
    spoken = decide(situation(now=OPEN + timedelta(seconds=20), carry=silent.carry))
    assert spoken.carry.hold == running.hold


# When to look again


@pytest.mark.parametrize(
    ("facts", "review_at"),
    [
        ({"carry": in_force(32.0)}, CLOSES),
        ({"now": CLOSED}, LEFT),
        ({}, OPEN + timedelta(seconds=300)),
        ({"mode": Mode.ALWAYS, "carry": in_force(32.0)}, None),
        ({"mode": Mode.OFF}, None),
        ({"mode": Mode.ALWAYS}, OPEN + timedelta(seconds=300)),
        ({"now": CLOSES - timedelta(seconds=10)}, CLOSES),
    ],
)
def test_review_is_at_the_next_edge_or_the_end_of_the_delay(facts, review_at):
    assert decide(situation(**facts)).review_at == review_at


# Any situation

AMPERES = st.sampled_from([0.0, 3.0, 5.9, 6.0, 10.0, 13.0, 16.0, 20.0, 31.5, 32.0, 63.0]) | st.floats(-5, 80)
INSTANTS = st.integers(0, 14 * 86_400).map(lambda second: OPEN + timedelta(seconds=second))
HOLDS = st.builds(Hold, target_a=AMPERES, began_at=INSTANTS, ends_at=INSTANTS)
OVERRIDES = st.builds(
    Override,
    made_at=INSTANTS,
    kind=st.sampled_from(OverrideKind),
    ends_at=st.none() | INSTANTS,
    energy_wh=st.none() | st.integers(1, 9_000),
    from_wh=st.none() | st.integers(0, 9_000),
    ends_with_vehicle=st.booleans(),
    has_seen_vehicle=st.booleans(),
)
EVENTS = st.builds(
    DsrEvent,
    event_id=st.sampled_from("abc"),
    kind=st.sampled_from(DsrKind),
    start_at=INSTANTS,
    end_at=INSTANTS,
    limit_a=st.none() | AMPERES | st.just(float("-inf")),
    limit_w=st.none() | st.floats(-100, 25_000) | st.just(float("inf")),
    delay_already_applied=st.booleans(),
    is_opted_out=st.booleans(),
    has_begun=st.booleans(),
)
CARRIES = st.builds(
    Carry,
    in_force_a=AMPERES,
    hold=st.none() | HOLDS,
    last_draw_s=st.none() | st.integers(0, 1800),
    override=st.none() | OVERRIDES,
    events=st.lists(EVENTS, max_size=3).map(tuple),
)
READINGS = st.builds(
    Reading,
    taken_at=INSTANTS,
    status=st.none() | st.sampled_from(ConnectorStatus),
    pilot=st.none() | st.sampled_from(PilotState),
    offered_a=st.none() | AMPERES,
    cable_a=st.none() | AMPERES,
    fault=st.none() | st.builds(Fault, code=st.just("x"), is_safety=st.booleans()),
)
SETTINGS = st.builds(
    Settings,
    rated_a=AMPERES,
    mode=st.sampled_from(Mode),
    default_hours=st.sampled_from([None, PRESET]),
    random_delay_max_s=st.integers(-100, 3000),
    charger_delays_itself=st.booleans(),
    is_locked=st.booleans(),
    phases=st.sampled_from([None, 1, 3]),
    is_dsr_opted_out=st.booleans(),
)
SITUATIONS = st.builds(
    Situation,
    now=INSTANTS,
    dice=st.floats(0, 1, exclude_max=True),
    settings=SETTINGS,
    reading=st.none() | READINGS,
    carry=CARRIES,
    session_wh=st.none() | st.integers(0, 9_000),
    skip_delay=st.booleans(),
    power_returned=st.booleans(),
)


@pytest.mark.requirement("8.1")
@given(SITUATIONS)
def test_no_setpoint_is_above_any_limit_that_may_not_wait(facts):
    decision = decide(facts)
    hard = [rule for rule in RULES if (limit := rule(facts)) is not None and limit.source not in SOFT]
    ceilings = [rule(facts).max_a for rule in hard] if facts.reading is not None else [facts.settings.rated_a]
    assert decision.setpoint_a == 0.0 or all(decision.setpoint_a <= ceiling for ceiling in ceilings)
    assert all(decision.wish_a <= max(0.0, limit.max_a) for limit in decision.limits) or decision.wish_a == 0.0


SOFT = frozenset.union(*LIFTS.values()) | {Source.STOP}
"""Whose limits somebody lifts, or may end in the step."""


@pytest.mark.requirement("11.7")
@given(SITUATIONS)
def test_what_stands_and_may_not_wait_is_in_force(facts):
    decision = decide(facts)
    for limit in decision.limits:
        if limit.source in (Source.STOP, Source.RESPONSE_DSR, Source.DSR_DELAYED_BEFORE):
            assert decision.setpoint_a <= limit.max_a or decision.setpoint_a == 0.0


@pytest.mark.requirement("10.6")
@given(SITUATIONS)
def test_an_owner_who_opted_out_charges_as_if_there_were_no_events(facts):
    facts = replace(facts, settings=replace(facts.settings, is_dsr_opted_out=True))
    without = decide(replace(facts, carry=replace(facts.carry, events=())))
    decision = decide(facts)
    assert (decision.setpoint_a, decision.limits, decision.reason) == (
        without.setpoint_a,
        without.limits,
        without.reason,
    )


@pytest.mark.requirement("10.6")
@given(SITUATIONS)
def test_charge_now_takes_no_notice_of_events(facts):
    decision = decide(facts)
    override = decision.carry.override
    if facts.reading is not None and override is not None and override.kind is OverrideKind.CHARGE_NOW:
        without = decide(replace(facts, carry=replace(facts.carry, events=())))
        assert (decision.wish_a, decision.limits) == (without.wish_a, without.limits)


@given(SITUATIONS)
def test_no_past_event_is_kept(facts):
    if facts.reading is not None:
        assert all(event.end_at > facts.now for event in decide(facts).carry.events)


@given(SITUATIONS)
def test_no_setpoint_is_between_0_and_6_a(facts):
    decision = decide(facts)
    for amperes in (decision.setpoint_a, decision.wish_a, decision.carry.in_force_a):
        assert amperes == 0.0 or amperes >= 6.0


@given(SITUATIONS)
def test_the_same_situation_gives_the_same_decision(facts):
    assert decide(facts) == decide(replace(facts))


@given(SITUATIONS)
def test_deciding_again_at_once_changes_nothing(facts):
    first = decide(facts)
    again = decide(replace(facts, carry=first.carry, skip_delay=False, power_returned=False, dice=0.123))
    assert (again.setpoint_a, again.carry, again.review_at) == (first.setpoint_a, first.carry, first.review_at)


@pytest.mark.requirement("11.1")
@given(SITUATIONS)
def test_a_delay_is_never_longer_than_it_may_be(facts):
    hold = decide(facts).carry.hold
    if hold is not None and hold != facts.carry.hold and facts.reading is not None:
        assert hold.ends_at - facts.now <= timedelta(seconds=1800)
        if hold.began_at == facts.now and facts.carry.hold is None:
            longest_s = min(max(facts.settings.random_delay_max_s, 600), 1800)
            assert hold.ends_at - hold.began_at <= timedelta(seconds=longest_s)


@given(SITUATIONS)
def test_review_is_always_later(facts):
    decision = decide(facts)
    assert decision.review_at is None or decision.review_at > facts.now


@given(SITUATIONS)
def test_every_decision_names_its_limit(facts):
    decision = decide(facts)
    assert decision.binding == decision.limits[0]
    assert decision.carry.in_force_a == decision.setpoint_a
    lifted = LIFTS[decision.lifted_by] if decision.lifted_by is not None else frozenset()
    assert lifted.isdisjoint(limit.source for limit in decision.limits)


# A week, from review to review


@pytest.mark.parametrize("mode", list(Mode))
def test_walking_from_review_to_review_makes_progress(mode):
    facts = situation(now=CLOSED, mode=mode, dice=0.7)
    end_at, steps = CLOSED + timedelta(days=14), 0
    while facts.now < end_at:
        decision = decide(facts)
        if decision.review_at is None:
            break
        facts = replace(facts, now=decision.review_at, carry=decision.carry, dice=(facts.dice + 0.37) % 1)
        steps += 1
    # Two weeks have 46 edges of the pre-set hours, each with one delay at most.
    follows_hours = mode in (Mode.DEFAULT_HOURS, Mode.CHEAPEST)  # without a plan the hours stand in for it
    assert (steps <= 92) if follows_hours else (steps <= 1)


HAPPENINGS = (
    *("plug", "unplug", "vague", "fault", "clear", "now", "end", "stop", "skip", "power", "restart", "mode", "wait"),
    *DsrKind,
)


@pytest.mark.requirement("7.2")
@pytest.mark.requirement("11.1")
@pytest.mark.parametrize("seed", range(20))
def test_a_week_of_anything_never_leaves_a_vehicle_uncharged_that_may_charge(seed):
    """Whenever the rules have allowed a current for as long as the longest delay, it is in force."""
    source = random.Random(seed)
    facts = situation(now=CLOSED, dice=source.random())
    end_at, wished_since, wished_a = CLOSED + timedelta(days=7), None, None
    last_draw_s = None
    while facts.now < end_at:
        decision = decide(facts)
        if (decision.wish_a, facts.power_returned) != (wished_a, False):
            wished_since, wished_a = facts.now, decision.wish_a
        if facts.now - wished_since > timedelta(seconds=600):
            assert decision.setpoint_a == wished_a
        if decision.carry.hold is not None and decision.carry.hold.began_at == facts.now:
            assert decision.carry.last_draw_s != last_draw_s
        last_draw_s = decision.carry.last_draw_s
        event_at = facts.now + timedelta(seconds=source.choice((1, 60, 301, 5000, 40_000)))
        facts = replace(facts, carry=decision.carry, dice=source.random(), skip_delay=False, power_returned=False)
        if decision.review_at is not None and decision.review_at < event_at:
            facts = replace(facts, now=decision.review_at)
        else:
            facts = happen(replace(facts, now=event_at), source.choice(HAPPENINGS))


def happen(facts: Situation, event: str) -> Situation:
    match event:
        case "plug" | "clear":
            return replace(facts, reading=PLUGGED)
        case "unplug":
            return replace(facts, reading=UNPLUGGED)
        case "vague":
            return replace(facts, reading=reading(status=ConnectorStatus.UNAVAILABLE))
        case "fault":
            return replace(facts, reading=reading(fault=Fault(code="GroundFailure")))
        case "now":
            return replace(facts, carry=begin_charge_now(facts.carry, facts.now), skip_delay=True)
        case "end":
            return replace(facts, carry=end_override(facts.carry), skip_delay=True)
        case "stop":
            return replace(facts, carry=begin_stop(facts.carry, facts.now, ends_at=facts.now + timedelta(hours=1)))
        case DsrKind():
            begins_at = facts.now + timedelta(minutes=10)
            asked = DsrEvent(
                event_id=event,
                kind=event,
                start_at=begins_at,
                end_at=begins_at + timedelta(hours=1),
                limit_a=10.0,
                delay_already_applied=facts.dice > 0.5,
            )
            return replace(facts, carry=with_event(facts.carry, asked, facts.now))
        case "skip":
            return replace(facts, skip_delay=True)
        case "power":
            return replace(facts, power_returned=True)
        case "mode":
            modes = list(Mode)
            return replace(facts, settings=settings(mode=modes[(modes.index(facts.settings.mode) + 1) % len(modes)]))
    return facts


def test_a_vehicle_found_charging_is_left_charging():
    assert decide(situation(reading=CHARGING, carry=in_force(32.0))).carry == in_force(32.0)
