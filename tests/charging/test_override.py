"""Charge now: what it lifts, when it ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.model import (
    Carry,
    ConnectorStatus,
    Fault,
    Mode,
    Override,
    PilotState,
    Reason,
    Source,
)
from custom_components.smart_charge.charging.override import begin_charge_now, end_charge_now

from .facts import CHARGING, CLOSED, OPEN, PLUGGED, SILENT, UNPLUGGED, in_force, reading, situation

WAITING = Override(made_at=CLOSED)
STANDING = Override(made_at=CLOSED, has_seen_vehicle=True)
FAULTED = reading(fault=Fault(code="OverTemperature"))


def test_a_tap_is_kept_with_its_time():
    assert begin_charge_now(Carry(), CLOSED) == Carry(override=WAITING)


def test_a_second_tap_changes_nothing():
    standing = in_force(32.0, override=STANDING)
    assert begin_charge_now(standing, CLOSED + timedelta(minutes=5)) == standing


def test_ending_it_leaves_the_rest():
    assert end_charge_now(in_force(32.0, override=STANDING, last_draw_s=7)) == in_force(32.0, last_draw_s=7)


@pytest.mark.requirement("10.4")
@pytest.mark.parametrize(("mode", "lifted"), [(Mode.DEFAULT_HOURS, Source.DEFAULT_HOURS), (Mode.OFF, Source.OFF)])
def test_charge_now_lifts_closed_hours_or_off(mode, lifted):
    closed = situation(now=CLOSED, mode=mode)
    assert decide(closed).binding.source is lifted
    decision = decide(replace(closed, carry=begin_charge_now(closed.carry, CLOSED), skip_delay=True))
    assert decision.setpoint_a == 32.0
    assert decision.reason is Reason.CHARGING_NOW
    assert decision.until_at is None
    assert decision.lifted_by is Source.CHARGE_NOW
    assert lifted not in {limit.source for limit in decision.limits}


def test_in_open_hours_it_sets_nothing_aside_but_is_the_reason():
    decision = decide(situation(now=OPEN, carry=in_force(32.0, override=STANDING)))
    assert (decision.lifted_by, decision.reason, decision.until_at) == (None, Reason.CHARGING_NOW, None)


@pytest.mark.requirement("11.5")
def test_the_step_in_which_it_meets_its_vehicle_acts_at_once():
    decision = decide(situation(now=CLOSED, carry=in_force(0.0, override=WAITING)))
    assert (decision.setpoint_a, decision.carry.hold, decision.carry.override) == (32.0, None, STANDING)


@pytest.mark.requirement("11.5")
def test_made_before_plugging_in_it_waits_for_the_vehicle():
    carry = begin_charge_now(Carry(), CLOSED)
    waiting = decide(situation(now=CLOSED, reading=UNPLUGGED, carry=carry, skip_delay=True))
    assert (waiting.setpoint_a, waiting.reason) == (0.0, Reason.NOT_PLUGGED_IN)
    assert waiting.carry.override == WAITING
    later = decide(situation(now=CLOSED + timedelta(hours=1), reading=PLUGGED, carry=waiting.carry))
    assert (later.setpoint_a, later.reason) == (32.0, Reason.CHARGING_NOW)


@pytest.mark.requirement("11.5")
def test_a_vehicle_that_it_waited_for_starts_at_once_in_open_hours_too():
    decision = decide(situation(now=OPEN, carry=in_force(0.0, override=WAITING)))
    assert (decision.setpoint_a, decision.carry.hold) == (32.0, None)


@pytest.mark.requirement("10.4")
def test_it_ends_when_that_vehicle_leaves():
    gone = decide(situation(now=CLOSED, reading=UNPLUGGED, carry=in_force(32.0, override=STANDING)))
    assert (gone.setpoint_a, gone.carry.override, gone.carry.hold) == (0.0, None, None)
    back = decide(situation(now=CLOSED, reading=PLUGGED, carry=gone.carry))
    assert (back.setpoint_a, back.reason) == (0.0, Reason.WAITING_FOR_DEFAULT_HOURS)


@pytest.mark.parametrize(
    "vague", [SILENT, reading(status=ConnectorStatus.UNAVAILABLE), reading(status=None, pilot=PilotState.F), None]
)
@pytest.mark.parametrize("override", [WAITING, STANDING])
def test_a_reading_that_does_not_tell_of_the_cable_keeps_it(vague, override):
    decision = decide(situation(now=CLOSED, reading=vague, carry=in_force(32.0, override=override)))
    assert (decision.setpoint_a, decision.carry.override) == (32.0, override)


@pytest.mark.requirement("11.5")
def test_ending_it_by_hand_stops_at_once():
    carry = end_charge_now(in_force(32.0, override=STANDING))
    decision = decide(situation(now=CLOSED, reading=CHARGING, carry=carry, skip_delay=True))
    assert (decision.setpoint_a, decision.carry.hold) == (0.0, None)


@pytest.mark.requirement("8.1")
@pytest.mark.requirement("11.8")
def test_charging_again_after_a_fault_waits_although_it_stands():
    stopped = decide(situation(now=CLOSED, reading=FAULTED, carry=in_force(32.0, override=STANDING)))
    assert (stopped.setpoint_a, stopped.carry.override) == (0.0, STANDING)
    again = decide(situation(now=CLOSED, reading=PLUGGED, carry=stopped.carry))
    assert (again.setpoint_a, again.wish_a, again.reason) == (0.0, 32.0, Reason.DELAYED_START)


@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("override", [WAITING, STANDING])
def test_power_that_returns_waits_although_it_stands(override):
    decision = decide(situation(now=CLOSED, carry=in_force(32.0, override=override), power_returned=True))
    assert (decision.setpoint_a, decision.reason) == (0.0, Reason.DELAYED_START)
    assert decision.carry.override == STANDING
