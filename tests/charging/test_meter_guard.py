"""Too much current, and current where there should be none, as samples of the meter show it."""

from dataclasses import replace
from datetime import timedelta
import random

import pytest

from custom_components.smart_charge.charging.alarms import Alarm, Danger, acknowledged, raised
from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.meter_guard import Asked, Guard, believed, watch
from custom_components.smart_charge.charging.model import ConnectorStatus, Mode, Override, PilotState, Reason, Source
from custom_components.smart_charge.records.carry import recover, to_plain

from .facts import CHARGING, OPEN, PLUGGED, UNPLUGGED, in_force, reading, situation

ASKED = Asked(setpoint_a=16, since_at=OPEN - timedelta(minutes=5), rated_a=32, phases=1)
PAUSED = replace(ASKED, setpoint_a=0)
OFFERS_16 = {"offered_a": 16.0}
OFFERS_NOTHING = {"offered_a": 0.0}


def sample(second, drawn_a, **facts):
    at = OPEN + timedelta(seconds=second)
    current_a = (drawn_a, None, None)
    return reading(**{"taken_at": at, "measured_at": at, "current_a": current_a, "power_w": None} | facts)


def seen(samples, asked=ASKED, guard=None):
    """The first alarm that these samples raise, and at which second."""
    guard = guard or Guard()
    for each in samples:
        guard, alarm = watch(guard, each, asked)
        if alarm is not None:
            return alarm.danger, (alarm.raised_at - OPEN).total_seconds()
    return None


@pytest.mark.requirement("8.1")
def test_more_than_offered_for_long_enough_is_too_much():
    danger, second = seen(sample(second, 20, **OFFERS_16) for second in range(300))
    assert danger is Danger.OVER_CURRENT
    assert 75 <= second <= 120


@pytest.mark.parametrize("lag_s", [20, 45, 60])
def test_a_meter_that_lags_behind_a_fall_raises_nothing_while_circuit_and_cable_carry_it(lag_s):
    asked = replace(ASKED, setpoint_a=6)
    before = [sample(second, 32, offered_a=32.0) for second in range(30)]
    after = [sample(second, 32 if second < 30 + lag_s else 6, offered_a=6.0) for second in range(30, 300)]
    assert seen([*before, *after], asked) is None


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize(
    ("asked", "drawn_a", "offered_a", "danger"),
    [(ASKED, 20, 16, Danger.OVER_CURRENT), (PAUSED, 10, 0, Danger.CONTACTOR_WELDED)],
)
def test_a_clock_that_was_set_back_blinds_nobody(asked, drawn_a, offered_a, danger):
    guard = Guard()
    for second in range(10):
        guard, _ = watch(guard, sample(second, 0, offered_a=offered_a), asked)
    hour_ago = range(-3600, -3300)
    asked = replace(asked, since_at=OPEN - timedelta(hours=2))
    assert seen((sample(second, drawn_a, offered_a=offered_a) for second in hour_ago), asked, guard)[0] is danger


def test_samples_that_were_queued_raise_nothing_beside_newer_ones():
    now = OPEN + timedelta(seconds=200)
    live = [sample(second, 15, **OFFERS_16) for second in range(200)]
    queued = [sample(second, 25, taken_at=now, **OFFERS_16) for second in range(200)]
    assert seen([*live, *queued]) is None


@pytest.mark.requirement("8.1")
def test_more_than_rated_is_too_much_whatever_the_charge_point_offers():
    asked = replace(ASKED, setpoint_a=32, rated_a=16)
    danger, second = seen((sample(second, 31, offered_a=32.0) for second in range(60)), asked)
    assert danger is Danger.OVER_CURRENT
    assert 7 <= second <= 30


@pytest.mark.requirement("8.1")
def test_more_than_the_cable_carries_is_too_much():
    asked = replace(ASKED, setpoint_a=32)
    assert seen((sample(second, 30, cable_a=20.0) for second in range(60)), asked)[0] is Danger.OVER_CURRENT


@pytest.mark.parametrize(
    ("case", "drawn_a", "facts"),
    [
        ("exactly as offered", 16.0, OFFERS_16),
        ("within the tolerance", 18.0, OFFERS_16),
        ("the charge point tells less than it was asked for", 16.0, {"offered_a": 6.0}),
        ("the charge point does not tell, and does not follow", 30.0, {}),
        ("a current in milliamperes", 16_000.0, OFFERS_16),
        ("a current that the power contradicts", 60.0, OFFERS_16 | {"power_w": 3600.0}),
        ("the sentinel of a register", 655.35, OFFERS_16),
    ],
)
def test_a_vehicle_that_does_as_it_is_told_raises_nothing(case, drawn_a, facts):
    assert seen(sample(second, drawn_a, **facts) for second in range(300)) is None, case


def test_a_vehicle_that_ramps_down_slowly_raises_nothing():
    samples = [sample(second, max(6.0, 32 - 2.0 * second), offered_a=6.0) for second in range(60)]
    assert seen(samples, replace(ASKED, setpoint_a=6)) is None


def test_a_peak_that_passes_raises_nothing():
    samples = [sample(second, 25 if 30 <= second < 36 else 16, **OFFERS_16) for second in range(90)]
    assert seen(samples, replace(ASKED, rated_a=16)) is None


@pytest.mark.parametrize("every_s", [1, 5, 10, 30, 60])
def test_a_meter_that_speaks_seldom_is_believed_at_its_second_word(every_s):
    asked = replace(ASKED, rated_a=16)
    raised_at = seen((sample(second, 25, **OFFERS_16) for second in range(0, 600, every_s)), asked)[1]
    assert raised_at <= 15 + 7 + 2 * every_s


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("drawn_a", [1.5, 6.0, 32.0])
def test_current_ten_seconds_after_the_offer_ended_is_a_welded_contactor(drawn_a):
    alarm, second = seen((sample(second, drawn_a, **OFFERS_NOTHING) for second in range(60)), PAUSED)
    assert alarm is Danger.CONTACTOR_WELDED
    assert 10 <= second <= 12


def test_a_welded_contactor_is_seen_where_the_setpoint_is_read_back_instead():
    samples = [sample(second, 10, setpoint_a=0.0) for second in range(60)]
    assert seen(samples, PAUSED)[0] is Danger.CONTACTOR_WELDED


def test_a_welded_contactor_is_seen_in_the_power_where_there_are_no_currents():
    samples = [sample(second, None, power_w=2300.0, **OFFERS_NOTHING) for second in range(60)]
    assert seen(samples, PAUSED)[0] is Danger.CONTACTOR_WELDED


@pytest.mark.parametrize(
    ("case", "drawn_a", "facts", "asked"),
    [
        ("a vehicle that is asleep", 0.4, OFFERS_NOTHING, PAUSED),
        ("what the charge point uses itself", None, OFFERS_NOTHING | {"power_w": 9.0}, PAUSED),
        ("a charge point that does not follow and says so", 16.0, OFFERS_16, PAUSED),
        ("a charge point that does not tell what it offers", 16.0, {}, PAUSED),
        ("nothing offered, though we ask for current", 3.0, OFFERS_NOTHING, ASKED),
    ],
)
def test_a_contactor_that_may_be_whole_raises_nothing(case, drawn_a, facts, asked):
    assert seen((sample(second, drawn_a, **facts) for second in range(300)), asked) is None, case


@pytest.mark.parametrize("window_s", [5, 10, 20, 30, 60])
def test_a_meter_that_averages_raises_nothing(window_s):
    shown = [32 * max(0.0, 1 - second / window_s) for second in range(300)]
    assert seen((sample(second, a, **OFFERS_NOTHING) for second, a in enumerate(shown)), PAUSED) is None


@pytest.mark.parametrize("seed", range(8))
def test_noise_about_nothing_raises_nothing(seed):
    noise = random.Random(seed)
    samples = (sample(second, abs(noise.gauss(0, 0.25)), **OFFERS_NOTHING) for second in range(3600))
    assert seen(samples, PAUSED) is None


def test_samples_older_than_what_was_asked_for_say_nothing():
    asked = replace(PAUSED, since_at=OPEN + timedelta(minutes=10))
    assert seen((sample(second, 32, **OFFERS_NOTHING) for second in range(600)), asked) is None


def test_the_same_sample_told_again_and_again_raises_nothing():
    samples = [sample(second, 32, **OFFERS_NOTHING) for second in range(9)] + [sample(8, 32, **OFFERS_NOTHING)] * 60
    assert seen(samples, PAUSED) is None


def test_two_samples_with_an_hour_between_them_raise_nothing():
    samples = [sample(second, 32, **OFFERS_NOTHING) for second in range(0, 7 * 3600, 3600)]
    assert seen(samples, PAUSED) is None


def believed_after(samples):
    """The alarms that stand once these samples were seen behind a contactor that was called welded at 11 s."""
    guard, alarms = Guard(), ()
    for each in samples:
        guard, alarm = watch(guard, each, PAUSED)
        alarms = raised(believed(alarms, guard), alarm) if alarm is not None else believed(alarms, guard)
    return tuple(alarm.danger for alarm in alarms)


@pytest.mark.parametrize("lag_s", [20, 45, 60])
def test_a_meter_that_lagged_leaves_no_contactor_welded(lag_s):
    shown = [32 if second < lag_s else 0 for second in range(180)]
    samples = [sample(second, drawn_a, **OFFERS_NOTHING) for second, drawn_a in enumerate(shown)]
    assert believed_after(samples[:lag_s]) == (Danger.CONTACTOR_WELDED,)
    assert believed_after(samples) == ()


@pytest.mark.parametrize(
    ("case", "ended_at", "facts"),
    [
        ("the vehicle is full hours later", 3600, {}),
        ("somebody has pulled the plug", 40, {"pilot": PilotState.A, "status": ConnectorStatus.AVAILABLE}),
        ("the meter tells nothing", 40, {"current_a": (None, None, None)}),
    ],
)
def test_a_contactor_that_may_be_welded_stays_so(case, ended_at, facts):
    flowing = [sample(second, 16, **OFFERS_NOTHING) for second in range(0, ended_at, 5)]
    ended = [sample(second, 0, **OFFERS_NOTHING | facts) for second in range(ended_at, ended_at + 300, 5)]
    assert believed_after([*flowing, *ended]) == (Danger.CONTACTOR_WELDED,), case


# What an alarm does

WELDED = Alarm(danger=Danger.CONTACTOR_WELDED, raised_at=OPEN, drawn_a=16.0, allowed_a=0.0)
OVER = Alarm(danger=Danger.OVER_CURRENT, raised_at=OPEN, drawn_a=25.0, allowed_a=16.0)


@pytest.mark.requirement("8.1", "8.2", "8.3")
@pytest.mark.parametrize(("alarm", "reason"), [(WELDED, Reason.CONTACTOR_WELDED), (OVER, Reason.OVER_CURRENT)])
@pytest.mark.parametrize("override", [None, Override(made_at=OPEN)])
def test_while_an_alarm_stands_nothing_is_asked_for(alarm, reason, override):
    carry = in_force(32, alarms=(alarm,), override=override)
    decision = decide(situation(reading=CHARGING, carry=carry, mode=Mode.ALWAYS, skip_delay=True))
    assert (decision.setpoint_a, decision.reason) == (0, reason)
    assert decision.carry.alarms == (alarm,)


def test_before_the_first_reading_an_alarm_that_was_kept_stands_too():
    decision = decide(situation(reading=None, carry=in_force(32, alarms=(WELDED,))))
    assert (decision.setpoint_a, decision.reason) == (0, Reason.CONTACTOR_WELDED)


def test_too_much_current_leaves_with_the_vehicle():
    assert decide(situation(reading=UNPLUGGED, carry=in_force(0, alarms=(OVER,)))).carry.alarms == ()


def test_a_welded_contactor_stays_when_the_vehicle_leaves():
    decision = decide(situation(reading=UNPLUGGED, carry=in_force(0, alarms=(WELDED,))))
    assert decision.carry.alarms == (WELDED,)
    assert decision.binding.source is Source.CONTACTOR_WELDED


def test_an_alarm_that_was_seen_to_lets_the_rules_hold_again():
    carry = in_force(0, alarms=acknowledged((WELDED, OVER), Danger.CONTACTOR_WELDED))
    assert carry.alarms == (OVER,)
    assert decide(situation(reading=PLUGGED, carry=in_force(0))).wish_a == 32


def test_an_alarm_is_raised_once():
    assert raised((WELDED,), replace(WELDED, drawn_a=20.0)) == (WELDED,)


def test_a_restart_forgets_no_alarm():
    carry = in_force(0, alarms=(WELDED, OVER))
    assert recover(type(carry), to_plain(carry)) == (carry, ())
