"""Facts that are missing, stale or contradictory."""

from dataclasses import replace

import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.fallback import hours_left_behind, is_followed, reconcile
from custom_components.smart_charge.charging.model import Carry, ConnectorStatus, Mode, Override, PilotState, Reason

from .facts import CHARGING, CLOSED, OPEN, PLUGGED, PRESET, UNPLUGGED, holding, in_force, reading, settings, situation

PAUSED = reading(status=ConnectorStatus.SUSPENDED_EVSE)
ASLEEP = reading(status=ConnectorStatus.SUSPENDED_EV)
AWAITING_A_TAG = reading(status=ConnectorStatus.PREPARING)


@pytest.mark.requirement("5.2")
@pytest.mark.parametrize(
    ("setpoint_a", "told", "step_a", "is_taken_up"),
    [
        # read back
        (16.0, replace(CHARGING, setpoint_a=16.0), 1.0, True),
        (16.0, replace(CHARGING, setpoint_a=16.04), 0.1, True),
        (16.7, replace(CHARGING, setpoint_a=16.0), 1.0, True),
        (16.0, replace(CHARGING, setpoint_a=32.0), 1.0, False),
        (16.0, replace(CHARGING, setpoint_a=6.0), 1.0, False),
        (0.0, replace(PAUSED, setpoint_a=6.0), 1.0, False),
        (0.0, replace(PAUSED, setpoint_a=0.0), 1.0, True),
        (16.0, replace(UNPLUGGED, setpoint_a=16.0), 1.0, True),
        (6.0, replace(CHARGING, setpoint_a=6.0), 0.0, True),
        # the meter outweighs it
        (0.0, replace(PAUSED, setpoint_a=0.0, current_a=(15.9, None, None)), 1.0, False),
        (16.0, replace(CHARGING, setpoint_a=16.0, current_a=(8.0, 24.0, 8.0)), 1.0, False),
        (16.0, replace(CHARGING, setpoint_a=16.0, current_a=(16.9, None, None)), 1.0, True),
        (0.0, replace(PAUSED, setpoint_a=0.0, current_a=(0.3, 0.2, 0.2)), 1.0, True),
        # offered
        (16.0, replace(CHARGING, offered_a=16.0), 1.0, True),
        (32.0, replace(CHARGING, offered_a=20.0), 1.0, True),
        (16.0, replace(CHARGING, offered_a=32.0), 1.0, False),
        (16.0, replace(CHARGING, offered_a=0.0), 1.0, False),
        (16.0, replace(ASLEEP, offered_a=16.0), 1.0, True),
        (16.0, replace(AWAITING_A_TAG, offered_a=0.0), 1.0, None),
        (16.0, replace(UNPLUGGED, offered_a=0.0), 1.0, None),
        (0.0, replace(PAUSED, offered_a=0.0), 1.0, True),
        (0.0, replace(CHARGING, offered_a=16.0), 1.0, False),
        # status and meter alone
        (16.0, PAUSED, 1.0, False),
        (0.0, PAUSED, 1.0, True),
        (16.0, replace(CHARGING, current_a=(15.5, None, None)), 1.0, True),
        (16.0, replace(ASLEEP, current_a=(0.0, None, None)), 1.0, None),
        (0.0, replace(CHARGING, current_a=(0.0, None, None)), 1.0, True),
        (0.0, CHARGING, 1.0, None),
        (16.0, CHARGING, 1.0, None),
        (16.0, None, 1.0, None),
    ],
)
def test_a_setpoint_is_taken_up_when_what_it_does_says_so(setpoint_a, told, step_a, is_taken_up):
    assert is_followed(setpoint_a, told, step_a) is is_taken_up


@pytest.mark.requirement("7.2")
@pytest.mark.parametrize(
    ("found", "in_force_a"),
    [
        (replace(CHARGING, offered_a=20.0), 20.0),
        (replace(CHARGING, offered_a=20.0, setpoint_a=32.0), 20.0),
        (replace(CHARGING, setpoint_a=32.0), 32.0),
        (replace(CHARGING, offered_a=9.4), 10.0),
        (replace(CHARGING, offered_a=float("nan"), setpoint_a=32.0), 32.0),
        (replace(PAUSED, setpoint_a=32.0), 0.0),
        (replace(AWAITING_A_TAG, offered_a=32.0), 0.0),
        (replace(ASLEEP, offered_a=3.0), 0.0),
        (replace(CHARGING, current_a=(16.2, None, None)), 16.2),
        (replace(CHARGING, current_a=(2.0, None, None)), 6.0),
        (CHARGING, 10.0),
        (replace(ASLEEP, current_a=(0.0, None, None)), 10.0),
        (UNPLUGGED, 10.0),
        (reading(status=ConnectorStatus.UNAVAILABLE, offered_a=32.0), 10.0),
    ],
)
def test_what_is_found_in_force_is_in_force(found, in_force_a):
    carry = replace(holding(10.0, 32.0), override=Override(made_at=OPEN))
    assert reconcile(carry, found) == replace(carry, in_force_a=in_force_a)


@pytest.mark.requirement("7.2")
def test_a_vehicle_that_began_by_itself_while_we_were_away_is_not_stopped():
    found = replace(CHARGING, offered_a=32.0)
    decision = decide(situation(reading=found, carry=reconcile(Carry(), found)))
    assert (decision.setpoint_a, decision.reason) == (32.0, Reason.IN_DEFAULT_HOURS)


@pytest.mark.requirement("7.2")
def test_a_vehicle_that_stopped_by_itself_while_we_were_away_is_not_started_to_be_stopped():
    decision = decide(situation(now=CLOSED, reading=PLUGGED, carry=reconcile(in_force(32.0), PLUGGED)))
    assert (decision.setpoint_a, decision.carry.hold) == (0.0, None)


@pytest.mark.requirement("7.1")
@pytest.mark.parametrize(
    ("mode", "hours", "left"),
    [
        (Mode.DEFAULT_HOURS, PRESET, PRESET),
        (Mode.DEFAULT_HOURS, None, None),
        (Mode.ALWAYS, PRESET, None),
        (Mode.OFF, PRESET, PRESET),
        (Mode.OFF, None, None),
    ],
)
def test_default_hours_or_charging_are_left_behind_never_nothing(mode, hours, left):
    assert hours_left_behind(settings(mode=mode, default_hours=hours)) == left


@pytest.mark.parametrize(
    ("pilot", "is_plugged_in"),
    [(PilotState.A, False), (PilotState.B, True), (PilotState.C, True), (PilotState.E, None)],
)
def test_the_pilot_tells_of_the_cable_before_the_status(pilot, is_plugged_in):
    assert reading(pilot=pilot, status=None).is_plugged_in is is_plugged_in


@pytest.mark.parametrize(
    ("told", "is_charging"),
    [
        ({"status": ConnectorStatus.CHARGING}, True),
        ({"status": ConnectorStatus.SUSPENDED_EV, "pilot": PilotState.C}, False),
        ({"pilot": PilotState.C}, True),
        ({"pilot": PilotState.B}, False),
        ({"power_w": 2300.0}, True),
        ({"power_w": 3.0}, False),
        ({}, None),
    ],
)
def test_charging_is_the_charge_points_word_or_else_the_meters(told, is_charging):
    assert reading(**{"status": None} | told).is_charging is is_charging


@pytest.mark.parametrize(
    ("current_a", "drawn_a"), [((None, None, None), None), ((7.0, None, None), 7.0), ((7.0, 9.0, 8.0), 9.0)]
)
def test_drawn_current_is_that_of_the_busiest_phase(current_a, drawn_a):
    assert reading(current_a=current_a).drawn_a == drawn_a
