"""Energy from registers that count, glitch, drop out, reset and roll over."""

from datetime import UTC, datetime, timedelta
from itertools import accumulate

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.metering import Meter, guess, read

START = datetime(2027, 3, 23, 22, 0, tzinfo=UTC)


def shown(*registers, every_s=60, meter=None):
    """The meter after a register showed these values, one each minute."""
    meter = meter or Meter()
    for number, register in enumerate(registers):
        meter = read(meter, register, START + timedelta(seconds=number * every_s))
    return meter


@pytest.mark.requirement("9.1")
@pytest.mark.parametrize(
    ("case", "registers", "counted_wh"),
    [
        ("lifetime register", (5_000_000, 5_000_120, 5_000_240, 5_000_240), 240),
        ("a first value counts nothing", (5_000_000,), 0),
        ("drop-out to 0 once", (5_000_000, 5_000_120, 0, 5_000_360), 360),
        ("drop-out to 0 for minutes", (5_000_000, 5_000_120, 0, 0, 0, 5_000_600), 600),
        ("glitch upwards", (5_000_000, 4_294_967_295, 5_000_240), 240),
        ("glitch upwards that lasts", (5_000_000, 4_000_000_000, 4_000_000_000, 5_000_240, 5_000_240, 5_000_360), 120),
        ("glitch below", (5_000_000, 5_000_120, 4_999_000, 5_000_240), 240),
        ("reset to 0", (5_000_000, 5_000_120, 0, 120, 240), 360),
        ("reset between two values", (5_000_000, 5_000_120, 60, 180, 300), 420),
        ("session register that still shows the last session", (5200, 5200, 0, 100, 220), 220),
        ("session register that began at 0", (0, 0, 110, 230), 230),
        ("session register that passes where it fell from", (150, 0, 0, 80, 160, 240), 240),
        ("another register for good", (120, 240, 5_000_000, 5_000_100, 5_000_200), 320),
        ("two registers in turn", (5_000_000, 120, 5_000_100, 220, 5_000_200, 320, 5_000_300), 300),
        ("roll-over of 32 bits", (4_294_967_200, 4_294_967_290, 24, 144), 240),
        ("roll-over of six digits", (999_999_900, 20, 140), 240),
        ("whole kWh", (5000_000, 5000_000, 5001_000, 5001_000, 5002_000), 2000),
        ("negative", (5_000_000, -1, 5_000_120), 120),
        ("falls to a place that is no start", (5_000_000, 2_000_000, 2_000_100, 2_000_200), 200),
    ],
)
def test_energy_is_what_the_register_really_counted(case, registers, counted_wh):
    meter = shown(*registers)
    assert meter.total_wh == counted_wh, case
    assert meter.is_metered


def test_a_value_that_lasts_is_only_believed_when_it_is_said_a_second_time():
    meter = shown(5_000_000, 0)
    again = read(meter, 0, START + timedelta(seconds=60))
    assert again == meter


def test_a_register_that_moves_every_quarter_of_an_hour_loses_nothing():
    registers = [5_000_000 + step // 15 * 5500 for step in range(61)]
    assert shown(*registers).total_wh == 22_000


def test_a_day_without_readings_loses_nothing():
    meter = read(shown(5_000_000), 5_060_000, START + timedelta(days=1))
    assert meter.total_wh == 60_000


def test_a_clock_that_goes_back_counts_on():
    meter = read(shown(5_000_000, 5_000_120), 5_000_240, START - timedelta(hours=1))
    assert meter.total_wh == 240


@pytest.mark.requirement("9.1")
def test_without_a_register_energy_is_guessed_and_says_so():
    meter = guess(guess(Meter(), 58.4), 58.4)
    assert (meter.total_wh, meter.is_metered) == (117, False)


def test_a_register_that_comes_late_goes_on_from_the_guess():
    meter = shown(5_000_000, 5_000_120, meter=guess(Meter(), 100.4))
    assert (meter.total_wh, meter.is_metered) == (220, False)


def test_a_register_that_begins_at_0_has_counted_what_was_guessed_before_it():
    meter = read(guess(Meter(), 8.2), 0, START + timedelta(seconds=4))
    assert (meter.total_wh, meter.is_metered) == (8, False)
    meter = read(meter, 86, START + timedelta(seconds=40))
    assert (meter.total_wh, meter.is_metered) == (86, True)


def test_a_register_that_comes_back_covers_what_was_guessed_meanwhile():
    meter = read(guess(shown(5_000_000), 90.0), 5_000_120, START + timedelta(seconds=60))
    assert (meter.total_wh, meter.is_metered) == (120, True)


def test_a_register_that_comes_back_unmoved_was_not_charging():
    meter = read(guess(shown(5_000_000), 90.0), 5_000_000, START + timedelta(seconds=60))
    assert (meter.total_wh, meter.is_metered) == (0, True)


def test_nothing_seen_is_not_metered():
    assert (Meter().total_wh, Meter().is_metered) == (0, False)


@pytest.mark.requirement("9.1")
@given(
    st.lists(st.integers(0, 860), min_size=1, max_size=40),
    st.integers(0, 10**9),
    st.lists(st.integers(1, 1000), max_size=5),
)
def test_a_counting_register_with_lone_glitches_is_counted_to_the_wh(gains, start_wh, glitches):
    true = list(accumulate(gains, initial=start_wh))
    stream = []
    for number, value in enumerate(true):
        stream.append(value)
        if number < len(glitches):
            # Far enough off that time does not explain it, and put right at once.
            stream.append(value + 10_000_000 * glitches[number])
    stream.append(true[-1])
    assert shown(*stream).total_wh == sum(gains)


@given(st.lists(st.integers(-5, 2**33), min_size=1, max_size=30))
def test_no_stream_of_values_counts_down_or_faster_than_current_can_flow(registers):
    meter, totals = Meter(), []
    for number, register in enumerate(registers):
        meter = read(meter, register, START + timedelta(seconds=number * 60))
        totals.append(meter.total_wh)
    assert totals == sorted(totals)
    assert totals[-1] <= len(registers) * (2000 + 52_000 * len(registers) / 60)
