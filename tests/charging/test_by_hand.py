"""Charge now waits for what the meter proves, and for no minutes of ours (8.1, 10.6)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from custom_components.smart_charge.charging.claims import Claim
from custom_components.smart_charge.charging.sharing import SharingCarry, SharingCause, share

from .premises import START, ceilings, claim, metered, supply

pytestmark = pytest.mark.requirement("10.6")

BY_HAND = {"is_by_hand": True, "is_at_once": True}


def live(claims: list[Claim], house_a, for_s: int, every_s: float = 1.0, carry=None, **of_supply):
    """Yield each sharing while vehicles draw what they may, at once, and the meter speaks."""
    premises = supply(60.0, meter_interval_s=every_s, **of_supply)
    carry = carry or SharingCarry()
    for step in range(int(for_s / every_s)):
        now = START + timedelta(seconds=step * every_s)
        house = house_a(step * every_s) if callable(house_a) else house_a
        meter = None if house is None else metered(house + sum(one.in_force_a for one in claims), at=now)
        claims = [replace(one, taken_at=now, drawn_a=(one.in_force_a, None, None)) for one in claims]
        sharing = share(premises, meter, claims, carry, now)
        carry = sharing.carry
        yield step * every_s, sharing
        claims = [
            replace(
                one,
                in_force_a=sharing.ceilings[one.key].max_a,
                is_at_once=one.is_at_once and sharing.ceilings[one.key].max_a == 0,
            )
            for one in claims
        ]


def begins_after_s(key: str, steps) -> float:
    return next(at for at, sharing in steps if ceilings(sharing)[key] > 0)


@pytest.mark.parametrize(("every_s", "expected_s"), [(1.0, 5.0), (2.0, 6.0), (10.0, 30.0)])
def test_it_begins_after_a_few_readings_of_the_meter(every_s, expected_s):
    tapped = [claim(**BY_HAND)]
    assert begins_after_s("a", live(tapped, 5.0, 90, every_s)) == expected_s


def test_it_says_until_when_it_waits():
    _, first = next(live([claim(**BY_HAND)], 5.0, 10))
    assert first.ceilings["a"].cause is SharingCause.WATCHED
    assert first.ceilings["a"].until_at == START + timedelta(seconds=5)
    assert first.review_at is not None
    assert first.review_at <= START + timedelta(seconds=5)


def test_who_charges_by_a_rule_waits_no_longer_after_a_start_and_its_minute_when_a_peak_is_over():
    _, first = next(live([claim()], 5.0, 10))
    assert first.ceilings["a"].cause is SharingCause.WATCHED
    assert first.ceilings["a"].until_at == START + timedelta(seconds=5)
    assert begins_after_s("a", live([claim()], 5.0, 90)) == 5
    assert begins_after_s("a", live([claim()], lambda at: 57.0 if at < 90 else 5.0, 200)) == 150


def test_it_joins_one_that_charges_within_seconds():
    charging = claim("a", in_force_a=32.0)
    assert begins_after_s("b", live([charging, claim("b", **BY_HAND)], 5.0, 90)) <= 20


def test_a_peak_of_the_house_is_waited_out():
    def peak(at: float) -> float:
        return 57.0 if at < 20 else 5.0

    assert begins_after_s("a", live([claim(**BY_HAND)], peak, 90)) == 25


def test_what_the_house_takes_is_not_given_and_not_waited_for():
    for _, sharing in live([claim(**BY_HAND)], 57.0, 90):
        assert ceilings(sharing) == {"a": 0.0}
        assert sharing.ceilings["a"].cause is SharingCause.SUPPLY


def test_where_there_is_no_meter_nothing_is_waited_for():
    assert begins_after_s("a", live([claim(**BY_HAND)], None, 90, has_meter=False)) == 0


def test_a_meter_has_time_to_speak_before_the_safe_minimum_counts():
    assert begins_after_s("a", live([claim(**BY_HAND)], None, 90)) == 10


def test_a_safe_minimum_of_nothing_says_so_when_the_meter_has_had_its_time():
    causes = {
        at: sharing.ceilings["a"].cause for at, sharing in live([claim(**BY_HAND)], None, 30, without_meter_a=0.0)
    }
    assert causes[9] is SharingCause.WATCHED
    assert causes[10] is SharingCause.METER_LOST
