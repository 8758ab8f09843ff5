"""What is worth an entry in the security log, and how noise is kept from filling it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest

from custom_components.smart_charge.security.events import (
    CARRIES,
    CAUSED_OUTSIDE,
    MOST_FROM_INSIDE,
    MOST_FROM_OUTSIDE,
    WINDOW,
    Happening,
    Kind,
    Throttle,
)

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def knock(at: datetime = NOON, kind: Kind = Kind.WRONG_PASSWORD) -> Happening:
    return Happening(kind=kind, at=at)


def storm(throttle: Throttle, count: int, since: datetime = NOON) -> Iterator[Happening]:
    for number in range(count):
        yield from throttle.admit(knock(since + number * SECOND))


@pytest.mark.requirement("S10.1")
def test_every_kind_says_what_it_carries() -> None:
    assert set(CARRIES) == set(Kind)


def test_a_detail_that_a_kind_does_not_have_is_a_fault_of_ours() -> None:
    with pytest.raises(ValueError, match="does not carry"):
        Happening(kind=Kind.SAFETY_LOCK, at=NOON, detail={"tag": "04A2B3C4"})


@pytest.mark.requirement("S10.2")
def test_an_instant_in_another_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="UTC"):
        Happening(kind=Kind.SAFETY_LOCK, at=NOON.astimezone(timezone(timedelta(hours=1))))


def test_no_name_is_longer_than_the_log_keeps() -> None:
    assert max(len(kind.value) for kind in Kind) <= 64


@pytest.mark.parametrize("kind", [Kind.WRONG_PASSWORD, Kind.TAG_LISTED])
def test_what_is_rare_is_written_one_by_one(kind: Kind) -> None:
    throttle, most = Throttle(), MOST_FROM_OUTSIDE if kind in CAUSED_OUTSIDE else MOST_FROM_INSIDE
    written = [each for number in range(most) for each in throttle.admit(knock(NOON + number * SECOND, kind))]
    assert len(written) == most
    assert list(throttle.due(NOON + WINDOW)) == []


@pytest.mark.requirement("S10.1")
def test_a_storm_is_counted_to_the_last_knock() -> None:
    throttle = Throttle()
    assert len(list(storm(throttle, 1_000))) == MOST_FROM_OUTSIDE
    assert list(throttle.due(NOON + WINDOW - SECOND)) == []
    (summed,) = throttle.due(NOON + WINDOW)
    assert summed.kind is Kind.REPEATED
    assert summed.detail == {
        "what": "wrong_password",
        "count": 1_000 - MOST_FROM_OUTSIDE,
        "first_at": "2026-11-21T12:00:10+00:00",
        "last_at": "2026-11-21T12:16:39+00:00",
    }


@pytest.mark.requirement("S10.1")
def test_a_storm_that_lasts_costs_two_entries_an_hour() -> None:
    throttle, written, knocks = Throttle(), 0, 0
    for hour in range(24):
        for each in storm(throttle, 3_600, NOON + hour * WINDOW):
            written += 1
            knocks += each.detail.get("count", 1)
    for each in throttle.close(NOON + 24 * WINDOW):
        written += 1
        knocks += each.detail["count"]
    assert knocks == 24 * 3_600
    assert written == MOST_FROM_OUTSIDE + 23 * 2 + 1


def test_after_a_quiet_hour_all_is_heard_again() -> None:
    throttle = Throttle()
    list(storm(throttle, 20))
    assert len(list(throttle.due(NOON + WINDOW))) == 1
    assert list(throttle.due(NOON + 2 * WINDOW)) == []
    assert len(list(storm(throttle, 20, NOON + 2 * WINDOW))) == MOST_FROM_OUTSIDE


def test_one_kind_does_not_drown_another() -> None:
    throttle = Throttle()
    list(storm(throttle, 1_000))
    assert list(throttle.admit(knock(kind=Kind.UNKNOWN_CHARGE_POINT))) != []


def test_a_clock_that_went_back_silences_nothing() -> None:
    throttle = Throttle()
    list(storm(throttle, 1_000))
    written = list(throttle.admit(knock(NOON - timedelta(days=300))))
    assert [each.kind for each in written] == [Kind.REPEATED, Kind.WRONG_PASSWORD]


def test_what_was_only_counted_is_told_at_the_end() -> None:
    throttle = Throttle()
    list(storm(throttle, 15))
    (summed,) = throttle.close(NOON + timedelta(minutes=1))
    assert summed.detail["count"] == 5
    assert list(throttle.close(NOON + timedelta(minutes=1))) == []
