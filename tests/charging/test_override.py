"""Charge now and Stop: what they lift and hold, when they end."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.model import (
    Carry,
    ConnectorStatus,
    Fault,
    Mode,
    Override,
    OverrideKind,
    PilotState,
    Reason,
    Source,
)
from custom_components.smart_charge.charging.override import (
    begin_charge_now,
    begin_stop,
    end_override,
    is_spent,
    left_wh,
    next_showing,
)

from .facts import CHARGING, CLOSED, LONDON, OPEN, PLUGGED, SILENT, UNPLUGGED, in_force, london, reading, situation

WAITING = Override(made_at=CLOSED)
STANDING = Override(made_at=CLOSED, has_seen_vehicle=True)
FAULTED = reading(fault=Fault(code="OverTemperature"))


def test_a_tap_is_kept_with_its_time():
    assert begin_charge_now(Carry(), CLOSED) == Carry(override=WAITING)


def test_a_second_tap_changes_nothing():
    standing = in_force(32.0, override=STANDING)
    assert begin_charge_now(standing, CLOSED + timedelta(minutes=5)) == standing


def test_ending_it_leaves_the_rest():
    assert end_override(in_force(32.0, override=STANDING, last_draw_s=7)) == in_force(32.0, last_draw_s=7)


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
    carry = end_override(in_force(32.0, override=STANDING))
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


# Until a time, or an amount


IN_AN_HOUR = CLOSED + timedelta(hours=1)


def charged_now(**terms):
    """Charge now with ``terms`` at peak, after the step that met the vehicle."""
    carry = begin_charge_now(Carry(), CLOSED, **terms)
    return decide(situation(now=CLOSED, carry=carry, session_wh=1_000))


@pytest.mark.requirement("10.4")
def test_until_a_time_it_is_reviewed_then_and_says_so():
    decision = charged_now(ends_at=IN_AN_HOUR)
    assert (decision.setpoint_a, decision.reason, decision.until_at) == (32.0, Reason.CHARGING_NOW, IN_AN_HOUR)
    assert decision.review_at == IN_AN_HOUR


@pytest.mark.requirement("11.1")
def test_at_its_time_it_ends_and_that_waits_because_nobody_did_it_by_hand():
    ended = decide(situation(now=IN_AN_HOUR, reading=CHARGING, carry=charged_now(ends_at=IN_AN_HOUR).carry))
    assert (ended.setpoint_a, ended.reason, ended.carry.override) == (32.0, Reason.DELAYED_STOP, None)


@pytest.mark.requirement("10.4")
def test_to_an_amount_it_counts_from_where_the_session_stands():
    decision = charged_now(energy_wh=5_000)
    assert decision.carry.override.from_wh == 1_000
    assert (decision.reason, decision.until_at) == (Reason.CHARGING_TO_ENERGY, None)
    short = decide(situation(now=IN_AN_HOUR, reading=CHARGING, carry=decision.carry, session_wh=5_999))
    assert (short.setpoint_a, short.reason) == (32.0, Reason.CHARGING_TO_ENERGY)
    assert left_wh(short.carry.override, 5_999) == 1
    assert not is_spent(short.carry.override, 5_999)
    assert is_spent(short.carry.override, 6_000)
    ended = decide(situation(now=IN_AN_HOUR, reading=CHARGING, carry=short.carry, session_wh=6_000))
    assert (ended.setpoint_a, ended.reason, ended.carry.override) == (32.0, Reason.DELAYED_STOP, None)


def test_an_amount_asked_for_before_plugging_in_is_counted_from_there():
    carry = begin_charge_now(Carry(), CLOSED, energy_wh=5_000)
    waiting = decide(situation(now=CLOSED, reading=UNPLUGGED, carry=carry))
    assert (waiting.carry.override.from_wh, left_wh(waiting.carry.override, None)) == (None, 5_000)
    met = decide(situation(now=CLOSED, carry=waiting.carry, session_wh=0))
    assert met.carry.override.from_wh == 0


def test_a_session_that_began_anew_is_counted_from_its_beginning():
    carry = charged_now(energy_wh=5_000).carry
    fresh = decide(situation(now=CLOSED, reading=CHARGING, carry=carry, session_wh=200))
    assert (fresh.carry.override.from_wh, left_wh(fresh.carry.override, 1_200)) == (200, 4_000)


def test_an_energy_that_is_not_known_ends_nothing():
    carry = charged_now(energy_wh=5_000).carry
    assert decide(situation(now=CLOSED, reading=CHARGING, carry=carry)).carry == carry


@pytest.mark.requirement("10.4")
@pytest.mark.parametrize("terms", [{"ends_at": IN_AN_HOUR}, {"energy_wh": 5_000}])
def test_it_ends_with_its_vehicle_if_that_leaves_first(terms):
    gone = decide(situation(now=CLOSED, reading=UNPLUGGED, carry=charged_now(**terms).carry))
    assert gone.carry.override is None


def test_a_tap_with_other_terms_replaces_what_stands():
    carry = begin_charge_now(charged_now(ends_at=IN_AN_HOUR).carry, OPEN, energy_wh=2_000)
    assert carry.override == Override(made_at=OPEN, energy_wh=2_000)


@pytest.mark.requirement("11.5")
def test_a_tap_with_other_terms_ends_a_delay_too():
    stopped = decide(situation(now=CLOSED, reading=FAULTED, carry=in_force(32.0, override=STANDING)))
    held = decide(situation(now=CLOSED, carry=stopped.carry))
    tapped = decide(situation(now=CLOSED, carry=begin_charge_now(held.carry, CLOSED, ends_at=IN_AN_HOUR)))
    assert (held.setpoint_a, tapped.setpoint_a, tapped.carry.hold) == (0.0, 32.0, None)


# Stop


@pytest.mark.requirement("11.5")
def test_stop_is_at_once_in_open_hours():
    decision = decide(situation(reading=CHARGING, carry=begin_stop(in_force(32.0), OPEN)))
    assert (decision.setpoint_a, decision.carry.hold) == (0.0, None)
    assert (decision.reason, decision.until_at) == (Reason.STOPPED, None)
    assert decision.binding.source is Source.STOP


def test_stop_ends_a_delayed_start():
    held = decide(situation(carry=in_force(0.0)))
    stopped = decide(situation(carry=begin_stop(held.carry, OPEN)))
    assert (held.reason, stopped.reason, stopped.carry.hold) == (Reason.DELAYED_START, Reason.STOPPED, None)


def test_stop_outlives_the_vehicle():
    stopped = decide(situation(carry=begin_stop(Carry(), OPEN)))
    gone = decide(situation(reading=UNPLUGGED, carry=stopped.carry))
    back = decide(situation(carry=gone.carry))
    assert (gone.reason, back.reason) == (Reason.NOT_PLUGGED_IN, Reason.STOPPED)


def test_stop_until_unplugged_ends_with_the_vehicle():
    stopped = decide(situation(carry=begin_stop(Carry(), OPEN, ends_with_vehicle=True)))
    assert decide(situation(reading=UNPLUGGED, carry=stopped.carry)).carry.override is None


@pytest.mark.requirement("11.1")
def test_a_stop_that_ends_by_time_is_followed_by_a_delay():
    until = OPEN + timedelta(hours=2)
    stopped = decide(situation(reading=CHARGING, carry=begin_stop(in_force(32.0), OPEN, ends_at=until)))
    assert (stopped.reason, stopped.until_at, stopped.review_at) == (Reason.STOPPED, until, until)
    again = decide(situation(now=until, carry=stopped.carry))
    assert (again.setpoint_a, again.reason, again.carry.override) == (0.0, Reason.DELAYED_START, None)


@pytest.mark.requirement("11.5")
def test_a_stop_ended_by_hand_is_over_at_once():
    stopped = decide(situation(carry=begin_stop(Carry(), OPEN)))
    again = decide(situation(carry=end_override(stopped.carry), skip_delay=True))
    assert (again.setpoint_a, again.reason) == (32.0, Reason.IN_DEFAULT_HOURS)


@pytest.mark.requirement("10.4")
def test_the_newest_of_the_two_stands():
    stopped = decide(situation(now=CLOSED, reading=CHARGING, carry=begin_stop(charged_now().carry, CLOSED)))
    assert (stopped.setpoint_a, stopped.reason) == (0.0, Reason.STOPPED)
    again = decide(situation(now=CLOSED, carry=begin_charge_now(stopped.carry, CLOSED)))
    assert (again.setpoint_a, again.reason, again.carry.hold) == (32.0, Reason.CHARGING_NOW, None)


@pytest.mark.parametrize("kind", OverrideKind)
def test_ending_one_kind_leaves_the_other(kind):
    standing = in_force(0.0, override=Override(made_at=OPEN, kind=kind))
    for ended in OverrideKind:
        assert end_override(standing, ended) == (in_force(0.0) if ended is kind else standing)
    assert end_override(standing) == end_override(in_force(0.0)) == in_force(0.0)


@pytest.mark.requirement("8.1")
def test_a_fault_is_the_reason_before_the_stop():
    assert decide(situation(reading=FAULTED, carry=begin_stop(Carry(), OPEN))).reason is Reason.CHARGER_FAULT


# When clocks show a time


@pytest.mark.parametrize(
    ("at", "now", "shown"),
    [
        (time(7, 30), london("2027-01-19T18:00"), london("2027-01-20T07:30")),
        (time(18, 1), london("2027-01-19T18:00"), london("2027-01-19T18:01")),
        (time(18, 0), london("2027-01-19T18:00"), london("2027-01-20T18:00")),
        (time(1, 30), london("2026-10-25T00:30"), london("2026-10-25T01:30")),
        (time(1, 30), london("2026-10-25T01:45"), london("2026-10-25T01:30", fold=1)),
        (time(7, 0), london("2026-10-24T23:00"), london("2026-10-25T07:00")),
        (time(1, 30), london("2027-03-28T00:30"), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),  # shown as 02:30
    ],
)
def test_until_a_time_is_when_clocks_next_show_it(at, now, shown):
    assert next_showing(at, LONDON, now) == shown


START_OF_2026 = datetime(2026, 1, 1, tzinfo=UTC)
ZONES = ("Europe/London", "Asia/Beirut", "Pacific/Apia", "Australia/Lord_Howe")


@given(st.times(), st.integers(0, 2 * 366 * 86_400), st.sampled_from(ZONES))
def test_any_time_is_shown_within_two_days_and_not_earlier_than_asked(at, second, zone):
    now = START_OF_2026 + timedelta(seconds=second)
    moment = next_showing(at, ZoneInfo(zone), now)
    assert timedelta(0) < moment - now <= timedelta(hours=26)
    assert moment.astimezone(ZoneInfo(zone)).time() >= at.replace(fold=0)
