"""How long, until when and how much, as people say it and as speech recognition writes it."""

from datetime import UTC, datetime, time, timedelta

import pytest

from custom_components.smart_charge.voice.spoken import Clock, clock, duration, energy_kwh


@pytest.mark.parametrize(
    ("words", "minutes"),
    [
        ("two hours", 120),
        ("2 hours", 120),
        ("an hour", 60),
        ("An hour and a half.", 90),
        ("two and a half hours", 150),
        ("1 hour 30 minutes", 90),
        ("one hour and thirty minutes", 90),
        ("forty five minutes", 45),
        ("half an hour", 30),
        ("three quarters of an hour", 45),
        ("a couple of hours", 120),
        ("2.5 hours", 150),
        ("2h", 120),
        ("45 min", 45),
    ],
)
def test_how_long_is_understood(words: str, minutes: int) -> None:
    assert duration(words) == timedelta(minutes=minutes)


@pytest.mark.parametrize("words", ["", "banana", "ten kilowatt hours", "one hour and banana minutes", "7"])
def test_what_is_no_length_of_time_is_not_guessed(words: str) -> None:
    assert duration(words) is None


@pytest.mark.parametrize(
    ("words", "kwh"),
    [
        ("10 kWh", 10),
        ("10kwh", 10),
        ("ten kilowatt hours", 10),
        ("seven point five kilowatt-hours", 7.5),
        ("20 units", 20),
    ],
)
def test_how_much_is_understood(words: str, kwh: float) -> None:
    assert energy_kwh(words) == kwh


@pytest.mark.parametrize("words", ["", "kwh", "two hours", "lots of kwh", "ten"])
def test_what_is_no_amount_is_not_guessed(words: str) -> None:
    assert energy_kwh(words) is None


@pytest.mark.parametrize(
    ("words", "at"),
    [
        ("07:00", time(7)),
        ("7 a.m.", time(7)),
        ("7 P.M.", time(19)),
        ("19:30", time(19, 30)),
        ("seven thirty am", time(7, 30)),
        ("seven in the morning", time(7)),
        ("ten past 6 in the evening", time(18, 10)),
        ("quarter to eight tomorrow morning", time(7, 45)),
        ("12 am", time(0)),
        ("12 pm", time(12)),
        ("noon", time(12)),
        ("midnight", time(0)),
        ("00:15", time(0, 15)),
    ],
)
def test_until_when_is_understood(words: str, at: time) -> None:
    assert clock(words) == Clock(at=at)


@pytest.mark.parametrize(
    ("words", "at"), [("7", time(7)), ("seven", time(7)), ("six o'clock", time(6)), ("half past seven", time(7, 30))]
)
@pytest.mark.parametrize("half", [0, 12])
def test_a_bare_hour_is_whichever_comes_first(words: str, at: time, half: int) -> None:
    said = clock(words)
    assert said == Clock(at=at, is_half=True)
    just_before = datetime(2026, 11, 23, at.hour + half, at.minute, tzinfo=UTC) - timedelta(minutes=1)
    assert said.next_after(just_before) == at.replace(hour=at.hour + half)


@pytest.mark.parametrize("words", ["", "banana", "25", "7:75", "the cows come home", "ten kilowatt hours"])
def test_what_is_no_time_of_day_is_not_guessed(words: str) -> None:
    assert clock(words) is None
