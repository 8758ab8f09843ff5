"""A meter's own words as one reading, and the house behind the charge points."""

from datetime import UTC, datetime, timedelta

import pytest

from custom_components.smart_charge.charging.grid_meter import grid_reading, house_a, is_fresh, peak_a, remembered

NOW = datetime(2027, 1, 12, 18, tzinfo=UTC)
NAN = float("nan")


@pytest.mark.parametrize(
    ("words", "current_a"),
    [
        ({"power_w": (2300.0, None, -460.0)}, (10.0, None, -2.0)),
        ({"power_w": (2400.0, None, None), "voltage_v": (240.0, None, None)}, (10.0, None, None)),
        ({"power_w": (2300.0, None, None), "voltage_v": (0.0, None, None)}, (10.0, None, None)),
        ({"power_w": (2300.0, -460.0, None), "export_is_positive": True}, (-10.0, 2.0, None)),
        ({"current_a": (10.0, -3.0, None)}, (10.0, -3.0, None)),
        ({"current_a": (10.0, None, None), "export_is_positive": True}, (-10.0, None, None)),
        ({"current_a": (12.0, 4.0, None), "power_w": (2300.0, -460.0, None)}, (12.0, -2.0, None)),
        ({"current_a": (NAN, float("inf"), 1.0)}, (None, None, 1.0)),
        ({"power_w": (NAN, 230.0, None), "current_a": (7.0, None, None)}, (7.0, 1.0, None)),
        ({}, (None, None, None)),
    ],
)
def test_power_or_current_become_import_per_phase(words, current_a):
    assert grid_reading(NOW, **words).current_a == current_a


@pytest.mark.parametrize(
    ("age_s", "interval_s", "fresh"),
    [
        (10, None, True),
        (10.1, None, False),
        (-10, None, True),
        (-11, None, False),
        (8, 2.0, True),
        (8.1, 2.0, False),
        (10.1, 30.0, False),
        (10, 0.0, True),
        (10, NAN, True),
        (10.1, -1.0, False),
    ],
)
def test_a_meter_is_stale_after_ten_seconds_or_three_missed_readings(age_s, interval_s, fresh):
    reading = grid_reading(NOW - timedelta(seconds=age_s))
    assert is_fresh(reading, NOW, interval_s) is fresh


def test_no_reading_is_never_fresh():
    assert is_fresh(None, NOW) is False


@pytest.mark.parametrize(
    ("meter_a", "drawn", "before_a", "expected_a"),
    [
        (30.0, [(10.0, 10.0)], None, 20.0),
        (30.0, [(10.0, 10.0)], 5.0, 20.0),
        (30.0, [(6.0, 26.0)], 10.0, 10.0),
        (45.0, [(6.0, 26.0)], 10.0, 19.0),
        (12.0, [(6.0, 26.0)], 10.0, 6.0),
        (30.0, [(6.0, 26.0)], None, 24.0),
        (30.0, [], 5.0, 30.0),
    ],
)
def test_the_house_is_what_the_charge_points_leave(meter_a, drawn, before_a, expected_a):
    assert house_a(meter_a, drawn, before_a) == expected_a


def after(*loads, step_s=10, keep_s=60):
    load = None
    for index, value in enumerate(loads):
        load = remembered(load, NOW + timedelta(seconds=index * step_s), value, keep_s)
    return load, NOW + timedelta(seconds=(len(loads) - 1) * step_s)


def test_the_peak_is_unknown_until_the_house_has_been_known_for_so_long():
    assert peak_a(*after(5.0, 5.0), 60) is None
    assert peak_a(*after(*[5.0] * 7), 60) == 5.0


def test_a_peak_is_forgotten_after_its_time():
    assert peak_a(*after(20.0, 9.0, *[5.0] * 5), 60) == 20.0
    assert peak_a(*after(20.0, 9.0, *[5.0] * 6), 60) == 9.0
    assert peak_a(*after(20.0, 9.0, *[5.0] * 7), 60) == 5.0


def test_little_is_remembered_of_a_rising_house():
    load, _ = after(*range(100))
    assert len(load.peaks) == 1


def test_a_gap_in_the_meter_begins_the_memory_anew():
    assert peak_a(*after(5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, None, 5.0), 60) is None


def test_an_unknown_load_has_no_peak():
    assert peak_a(*after(None, None), 0) is None
