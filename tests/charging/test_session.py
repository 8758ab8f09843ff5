"""Plug-in to unplug."""

from dataclasses import replace
from datetime import timedelta
from itertools import product

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.model import ConnectorStatus, PilotState, Reading
from custom_components.smart_charge.charging.session import (
    AFTER_UNPLUGGING,
    TRANSITIONS,
    Event,
    State,
    advance,
    event_of,
)

from .facts import OPEN

AVAILABLE = {"status": ConnectorStatus.AVAILABLE}
PREPARING = {"status": ConnectorStatus.PREPARING}
CHARGING = {"status": ConnectorStatus.CHARGING}
PAUSED = {"status": ConnectorStatus.SUSPENDED_EVSE}
ASLEEP = {"status": ConnectorStatus.SUSPENDED_EV}
UNAVAILABLE = {"status": ConnectorStatus.UNAVAILABLE}
SILENT = {}


def at(minutes):
    return OPEN + timedelta(minutes=minutes)


def lived(*readings, session=None):
    """The session after readings given as (minute, facts)."""
    for minute, facts in readings:
        session = advance(session, Reading(taken_at=at(minute), **facts))
    return session


@pytest.mark.requirement("9.2")
def test_a_session_has_its_four_times():
    session = lived((0, AVAILABLE), (1, PREPARING), (5, CHARGING), (65, ASLEEP), (90, AVAILABLE))
    assert session.plugged_in_at == at(1)
    assert session.charge_started_at == at(5)
    assert session.charge_ended_at == at(65)
    assert session.unplugged_at == at(90)
    assert session.charging_s == 3600
    assert session.state is State.FINISHED


@pytest.mark.requirement("9.2")
def test_pauses_are_no_time_charging():
    session = lived((0, CHARGING), (10, PAUSED), (40, CHARGING), (45, PAUSED))
    assert (session.charging_s, session.charge_started_at, session.charge_ended_at) == (900, at(0), at(45))


def test_while_it_charges_again_it_has_not_ended():
    assert lived((0, CHARGING), (10, PAUSED), (40, CHARGING)).charge_ended_at is None


def test_unplugging_while_charging_ends_both():
    session = lived((0, CHARGING), (10, AVAILABLE))
    assert (session.charge_ended_at, session.unplugged_at, session.charging_s) == (at(10), at(10), 600)


def test_a_stay_without_charging_has_no_charging_times():
    session = lived((0, PREPARING), (10, AVAILABLE))
    assert (session.charge_started_at, session.charge_ended_at, session.charging_s) == (None, None, 0)


@pytest.mark.parametrize("nothing", [AVAILABLE, SILENT, UNAVAILABLE, {"status": ConnectorStatus.FAULTED}])
def test_without_a_vehicle_there_is_no_session(nothing):
    assert lived((0, nothing), (1, nothing)) is None


def test_a_finished_session_stays_until_the_next_one():
    finished = lived((0, CHARGING), (10, AVAILABLE))
    assert lived((20, AVAILABLE), (30, SILENT), (40, UNAVAILABLE), session=finished) == finished
    assert lived((50, PREPARING), session=finished).plugged_in_at == at(50)


def test_power_alone_begins_a_session():
    assert lived((0, {"power_w": 7000.0})).state is State.CHARGING


@pytest.mark.requirement("9.2")
@pytest.mark.parametrize("vague", [SILENT, UNAVAILABLE, {"status": ConnectorStatus.FAULTED}, {"pilot": PilotState.F}])
def test_a_reading_that_does_not_tell_of_the_cable_ends_no_session(vague):
    session = lived((0, CHARGING), (10, vague), (11, vague), (12, CHARGING))
    assert (session.plugged_in_at, session.unplugged_at, session.state) == (at(0), None, State.CHARGING)


def test_a_fault_pauses_the_time_charging():
    session = lived((0, CHARGING), (10, {"status": ConnectorStatus.FAULTED}), (20, CHARGING), (30, CHARGING))
    assert session.charging_s == 1200


def test_flapping_between_charging_and_not_is_one_session():
    flaps = [(minute, CHARGING if minute % 2 else PAUSED) for minute in range(1, 20)]
    session = lived((0, PREPARING), *flaps)
    assert (session.plugged_in_at, session.charge_started_at, session.charging_s) == (at(0), at(1), 540)


def test_the_pilot_is_believed_at_once():
    session = lived((0, {"pilot": PilotState.C}), (5, {"pilot": PilotState.A}), (6, {"pilot": PilotState.B}))
    assert (session.plugged_in_at, session.state) == (at(6), State.WAITING)


@pytest.mark.requirement("9.1")
def test_energy_is_the_difference_of_the_register_in_whole_wh():
    session = lived(
        (0, PREPARING | {"import_wh": 1_000_000}),
        (5, CHARGING | {"import_wh": 1_000_000}),
        (65, CHARGING | {"import_wh": 1_007_200, "power_w": 7200.0}),
        (70, AVAILABLE | {"import_wh": 1_007_212, "power_w": 0.0}),
    )
    assert (session.energy_wh, session.export_wh, session.is_metered) == (7212, 0, True)


@pytest.mark.requirement("9.1")
def test_export_is_counted_by_itself():
    session = lived(
        (0, CHARGING | {"import_wh": 1_000_000, "export_wh": 50_000}),
        (60, CHARGING | {"import_wh": 1_000_100, "export_wh": 53_000}),
    )
    assert (session.energy_wh, session.export_wh) == (100, 3000)


@pytest.mark.requirement("9.1")
def test_without_a_register_energy_is_calculated_and_says_so():
    session = lived(*((minute, CHARGING | {"power_w": 6000.0}) for minute in range(61)))
    assert (session.energy_wh, session.export_wh, session.is_metered) == (6000, 0, False)


def test_a_negative_power_without_registers_is_export():
    session = lived(*((minute, CHARGING | {"power_w": -3000.0}) for minute in range(61)))
    assert (session.energy_wh, session.export_wh) == (0, 3000)


def test_an_hour_without_a_link_is_filled_in_while_it_charges_on():
    session = lived((0, CHARGING | {"power_w": 7000.0}), (60, CHARGING | {"power_w": 7000.0}))
    assert (session.energy_wh, session.charging_s) == (7000, 3600)


@pytest.mark.requirement("9.1")
def test_values_that_were_queued_and_come_all_at_once_count_by_their_own_times():
    session = lived((0, CHARGING | {"import_wh": 1000}))
    for minute, register_wh in ((60, 23_000), (120, 45_000), (180, 67_000)):
        said = Reading(taken_at=at(180), measured_at=at(minute), import_wh=register_wh, **CHARGING)
        session = advance(session, said)
    assert (session.energy_wh, session.is_metered) == (66_000, True)


def test_a_register_of_before_the_session_that_is_told_late_covers_what_was_guessed():
    drawn = CHARGING | {"power_w": 7200.0}
    told = drawn | {"import_wh": 100_000, "measured_at": at(-1)}
    later = drawn | {"import_wh": 100_600, "measured_at": at(5)}
    session = lived((0, drawn), (1, drawn), (2, told), (5, later))
    assert (session.energy_wh, session.is_metered) == (600, True)


def test_a_day_without_readings_is_not_guessed():
    session = lived((0, CHARGING | {"power_w": 7000.0}), (1440, PAUSED | {"power_w": 0.0}))
    assert (session.energy_wh, session.charging_s) == (0, 0)


@pytest.mark.parametrize("nonsense_w", [float("nan"), float("inf"), 3e306, -3e306])
def test_a_power_that_cannot_be_is_no_power(nonsense_w):
    session = lived((0, CHARGING | {"power_w": nonsense_w}), (60, CHARGING | {"power_w": 7000.0}))
    assert session.energy_wh == 7000


def test_a_clock_that_goes_back_takes_no_time_away():
    session = lived((0, CHARGING), (10, CHARGING), (-5, CHARGING), (5, AVAILABLE))
    assert (session.charging_s, session.unplugged_at) == (1200, at(5))


def test_a_clock_that_went_back_further_does_not_unplug_before_plugging_in():
    session = lived((0, CHARGING), (-60, AVAILABLE))
    assert session.unplugged_at == at(0)


@pytest.mark.parametrize(("status", "pilot"), product([None, *ConnectorStatus], [None, *PilotState]))
def test_the_same_reading_twice_changes_nothing(status, pilot):
    facts = {"status": status, "pilot": pilot, "power_w": 7000.0, "import_wh": 1_000_500}
    once = lived((0, CHARGING | {"import_wh": 1_000_000}), (5, facts))
    assert lived((5, facts), session=once) == once


def test_every_state_and_event_is_answered_by_the_tables():
    assert set(TRANSITIONS) == set(State)
    assert set(AFTER_UNPLUGGING) == {Event.RESTS, Event.DRAWS}
    for state in (State.WAITING, State.CHARGING, State.PAUSED):
        assert TRANSITIONS[state][Event.UNPLUGGED] is State.FINISHED
        assert TRANSITIONS[state].get(Event.DRAWS, state) is State.CHARGING


@pytest.mark.parametrize(
    ("facts", "event"),
    [
        (AVAILABLE, Event.UNPLUGGED),
        ({"status": ConnectorStatus.CHARGING, "pilot": PilotState.A}, Event.UNPLUGGED),
        (PREPARING, Event.RESTS),
        (CHARGING, Event.DRAWS),
        (UNAVAILABLE, Event.STOPS),
        ({"power_w": 7000.0}, Event.DRAWS),
        (SILENT, Event.SILENT),
    ],
)
def test_what_a_reading_says(facts, event):
    assert event_of(Reading(taken_at=OPEN, **facts)) is event


READINGS = st.builds(
    dict,
    status=st.none() | st.sampled_from(ConnectorStatus),
    pilot=st.none() | st.sampled_from(PilotState),
    power_w=st.none() | st.floats(allow_nan=True),
    import_wh=st.none() | st.integers(-5, 2**40),
    export_wh=st.none() | st.integers(0, 2**40),
)


@pytest.mark.requirement("9.2")
@given(st.lists(st.tuples(st.integers(-5, 3000), READINGS), max_size=25))
def test_any_stream_of_readings_makes_sessions_whose_times_are_in_order(stream):
    session, minute = None, 0
    for minutes, facts in stream:
        minute += minutes
        before, session = session, advance(session, Reading(taken_at=at(minute), **facts))
        if session is None:
            continue
        times = (session.plugged_in_at, session.charge_started_at, session.charge_ended_at, session.unplugged_at)
        assert (session.unplugged_at is not None) is (session.state is State.FINISHED)
        assert all(session.plugged_in_at <= known for known in times if known is not None)
        if before is not None and before.plugged_in_at == session.plugged_in_at and before.state is not State.FINISHED:
            assert session.charging_s >= before.charging_s
            assert replace(session.imported, guessed_wh=0.0).total_wh >= before.imported.counted_wh
