"""What an event moved: an estimate that owns up to what it does not know."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from custom_components.smart_charge.charging.dsr_account import Account, Habit, Look, follow, learn
from custom_components.smart_charge.charging.model import ConnectorStatus, DsrEvent, DsrKind, Reading, Settings

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
SETTINGS = Settings(rated_a=32.0, phases=1)
HABIT = Habit(drawn_a=30.0, phases=1, plugged_in_at=NOON - HOUR)
EVENT = DsrEvent(event_id="a", kind=DsrKind.TURN_DOWN, start_at=NOON, end_at=NOON + HOUR, limit_a=0.0)


def reading(**facts):
    told = {"status": ConnectorStatus.SUSPENDED_EVSE, "voltage_v": (240.0, None, None), "power_w": 0.0}
    return Reading(**{"taken_at": NOON} | told | facts)


def look(minutes, *, drawn_w=0.0, **facts):
    told = {
        "now": NOON + timedelta(minutes=minutes),
        "settings": SETTINGS,
        "reading": reading(power_w=drawn_w),
        "setpoint_a": 0.0,
        "undisturbed_a": 32.0,
        "is_overridden": False,
        "total_wh": None,
    }
    return Look(**told | facts)


def lived(*looks, events=(EVENT,), habit=HABIT):
    """Return the accounts after these looks; the events are dropped when they are over, as the rules do."""
    accounts: tuple[Account, ...] = ()
    for one in looks:
        accounts = follow(accounts, [event for event in events if event.end_at > one.now], one, habit)
    return accounts


def test_an_hour_without_charging_moves_what_the_vehicle_would_have_drawn():
    (account,) = lived(*(look(minutes) for minutes in (-5, 0, 20, 40, 60)))
    assert account.expected_wh == pytest.approx(30 * 240)
    assert (account.taken_wh, account.moved_wh) == (0.0, pytest.approx(7200))
    assert (account.began_at, account.ended_at) == (NOON, NOON + HOUR)
    assert account.setpoint_a == 0.0


def test_a_vehicle_that_was_never_seen_to_draw_is_reckoned_with_what_was_allowed():
    (account,) = lived(look(0), look(60), habit=None)
    assert account.expected_wh == pytest.approx(32 * 240)


def test_what_the_register_counts_outweighs_power_over_time():
    (account,) = lived(look(0, drawn_w=3000.0, total_wh=1000), look(60, drawn_w=3000.0, total_wh=3400))
    assert account.taken_wh == 2400


def test_power_over_time_counts_without_a_register():
    (account,) = lived(look(0, drawn_w=3000.0), look(30, drawn_w=1000.0), look(60))
    assert account.taken_wh == pytest.approx(1500 + 500)


def test_a_turn_up_takes_more_than_would_have_been():
    event = replace(EVENT, kind=DsrKind.TURN_UP, limit_a=None)
    facts = {"undisturbed_a": 0.0, "setpoint_a": 32.0, "drawn_w": 7000.0}
    (account,) = lived(look(0, **facts), look(60, **facts), events=[event])
    assert account.moved_wh == pytest.approx(-7000)
    assert account.setpoint_a == 32.0


@pytest.mark.parametrize(
    "facts",
    [
        {"status": ConnectorStatus.AVAILABLE},
        {"status": ConnectorStatus.SUSPENDED_EV, "offered_a": 16.0},
        {"status": None},
    ],
    ids=["no vehicle", "a full vehicle", "nothing is known"],
)
def test_nothing_is_expected_where_nothing_would_be_taken(facts):
    (account,) = lived(look(0, reading=reading(**facts)), look(60))
    assert account.expected_wh == 0.0


@pytest.mark.requirement("10.6")
def test_time_after_the_owner_opted_out_counts_in_neither():
    out = replace(EVENT, is_opted_out=True)
    accounts = follow((), [EVENT], look(0), HABIT)
    accounts = follow(accounts, [out], look(15), HABIT)
    accounts = follow(accounts, [out], look(45, drawn_w=7000.0), HABIT)
    (account,) = follow(accounts, [], look(60), HABIT)
    assert account.opted_out_at == NOON + timedelta(minutes=15)
    assert account.expected_wh == pytest.approx(30 * 240 / 4)
    assert account.taken_wh == 0.0


@pytest.mark.requirement("10.6")
def test_an_override_is_remembered_although_it_ended():
    (account,) = lived(look(0), look(10, is_overridden=True, setpoint_a=32.0), look(20), look(60))
    assert account.is_overridden
    assert account.setpoint_a == 0.0


def test_time_in_which_nobody_watched_counts_in_neither():
    (account,) = lived(look(0), look(10), look(40, was_away=True), look(60))
    assert account.unwatched_s == 30 * 60
    assert account.expected_wh == pytest.approx(30 * 240 / 2)


def test_an_event_that_is_ended_early_is_over_then():
    accounts = follow((), [EVENT], look(0), HABIT)
    (account,) = follow(accounts, [], look(20), HABIT)
    assert account.ended_at == NOON + timedelta(minutes=20)
    assert account.expected_wh == pytest.approx(30 * 240 / 3)


def test_an_event_that_never_began_is_ended_without_energy():
    accounts = follow((), [EVENT], look(-30), HABIT)
    (account,) = follow(accounts, [], look(-20), HABIT)
    assert (account.began_at, account.ended_at, account.moved_wh) == (None, NOON - timedelta(minutes=20), 0.0)


def test_a_late_look_counts_no_further_than_the_end():
    (account,) = lived(look(0, drawn_w=1000.0), look(90, drawn_w=7000.0))
    assert account.expected_wh == pytest.approx(30 * 240)
    assert account.ended_at == NOON + HOUR


def test_the_habit_is_the_most_that_the_vehicle_draws_in_its_stay():
    first = learn(None, reading(current_a=(15.0, None, None)), NOON)
    more = learn(first, reading(current_a=(16.0, 16.0, 16.0)), NOON)
    assert more == Habit(drawn_a=16.0, phases=3, plugged_in_at=NOON)
    assert learn(more, reading(current_a=(0.2, 0.0, 0.0)), NOON) == more
    assert learn(more, reading(current_a=(10.0, 0.0, 0.0)), NOON + HOUR) == Habit(
        drawn_a=10.0, phases=1, plugged_in_at=NOON + HOUR
    )
