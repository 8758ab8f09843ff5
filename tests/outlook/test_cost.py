"""What electricity costs, and when it is cheap next."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.slots import Slot
from custom_components.smart_charge.outlook.cost import next_cheap, price_at
from custom_components.smart_charge.outlook.prices import merged, read_state, repeated

START = datetime(2027, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def at(hours: float) -> datetime:
    return START + hours * HOUR


def slot(begins: float, ends: float, pence: float | None) -> Slot:
    price = None if pence is None else Decimal(str(pence)) / 100
    return Slot(start_at=at(begins), end_at=at(ends), price_per_kwh=price)


DAY = (slot(0, 5, 10), slot(5, 16, 30), slot(18, 24, 40))


@pytest.mark.parametrize(
    ("hour", "pence"), [(0, 10), (4.999, 10), (5, 30), (16, None), (17, None), (18, 40), (24, None), (-1, None)]
)
def test_the_price_at_an_instant(hour, pence):
    assert price_at(DAY, at(hour)) == (None if pence is None else Decimal(pence) / 100)


def test_cheap_time_that_comes_next_has_its_average_price():
    cheap = next_cheap((slot(0, 2, 30), slot(2, 3, 10), slot(3, 5, 13), slot(5, 9, 30)), at(0))
    assert cheap == Slot(start_at=at(2), end_at=at(5), price_per_kwh=Decimal("0.12"))


def test_cheap_time_that_has_begun_counts():
    assert next_cheap(DAY, at(3)) == slot(0, 5, 10)


def test_what_is_cheap_tomorrow_is_not_missed_today():
    assert next_cheap((slot(0, 12, 30), slot(30, 32, 2)), at(0)) == slot(0, 12, 30)


@pytest.mark.parametrize("slots", [(), (slot(0, 5, None),), (slot(-5, 0, 10),)])
def test_without_prices_nothing_is_cheap(slots):
    assert next_cheap(slots, at(0)) is None


def test_a_list_that_has_shrunk_takes_nothing_back():
    assert merged((slot(0, 5, 10), slot(5, 9, 30)), (slot(4, 6, 20),), at(0)) == (
        slot(0, 4, 10), slot(4, 6, 20), slot(6, 9, 30),
    )  # fmt: skip


def test_what_is_long_over_is_forgotten():
    assert merged((slot(0, 1, 10), slot(1, 2, 20)), (), at(1)) == (slot(1, 2, 20),)


SLOTS = st.lists(
    st.builds(
        lambda begins, lasts, pence: slot(begins / 4, (begins + lasts) / 4, pence),
        st.integers(0, 60), st.integers(1, 12), st.sampled_from([None, 5, 10, 20]),
    ),
    max_size=8,
)  # fmt: skip


@given(before=SLOTS, hour=st.integers(0, 70))
def test_what_is_new_always_counts(before, hour):
    new = (slot(3, 5, 99), slot(9, 10, 98))
    known = merged(before, new, at(-1))
    inside = next((one for one in new if one.start_at <= at(hour / 4) < one.end_at), None)
    if inside is not None:
        assert price_at(known, at(hour / 4)) == inside.price_per_kwh


def test_prices_of_the_present_are_taken_to_come_again():
    seen = (slot(0, 5, 10), slot(5, 20, 30))
    assert repeated(seen, at(20)) == (*seen, slot(24, 29, 10), slot(29, 44, 30))


def test_what_is_told_goes_before_what_is_taken_to_come_again():
    assert price_at(repeated((slot(0, 5, 10), slot(20, 26, 40)), at(20)), at(25)) == Decimal("0.4")


def test_the_present_lasts_to_the_end_of_the_hour():
    prices = read_state("23.5", "p/kWh", at(7.25))
    assert (prices.slots, prices.currency) == ((slot(7.25, 8, 23.5),), "GBP")
