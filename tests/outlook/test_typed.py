"""A tariff typed by hand, from its stored form."""

from contextlib import suppress
from datetime import date, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.outlook.tariff import Season
from custom_components.smart_charge.outlook.typed import MONTHS, NotATariff, tariff_from, week

LONDON = ZoneInfo("Europe/London")
NIGHT = {"days": ["mon", "tue"], "start": "00:30:00", "end": "05:30:00", "price": 0.075}


def test_what_is_stored_is_what_is_on_the_bill():
    tariff = tariff_from({"rates": [NIGHT], "otherwise": 0.25, "vat": 5, "standing": 0.6}, LONDON)
    assert tariff.rates[0].price_per_kwh == Decimal("0.075")
    assert (tariff.rates[0].window.days, tariff.rates[0].window.start) == (frozenset({0, 1}), time(0, 30))
    assert (tariff.otherwise_per_kwh, tariff.vat_percent) == (Decimal("0.25"), Decimal(5))
    assert tariff.standing_charge == Decimal("0.63")


def test_one_price_at_all_times_is_a_tariff():
    assert tariff_from({"otherwise": 0.25}, LONDON).otherwise_per_kwh == Decimal("0.25")


@pytest.mark.parametrize(
    ("first", "last", "season"),
    [
        ("apr", "sep", Season(first=(4, 1), last=(9, 30))),
        ("nov", "feb", Season(first=(11, 1), last=(2, 29))),
        ("dec", "dec", Season(first=(12, 1), last=(12, 31))),
    ],
)
def test_months_are_whole(first, last, season):
    tariff = tariff_from({"rates": [NIGHT | {"from_month": first, "to_month": last}]}, LONDON)
    assert tariff.rates[0].season == season


@pytest.mark.parametrize(
    ("stored", "key", "number"),
    [
        ({}, "no_price", None),
        ({"rates": []}, "no_price", None),
        ({"rates": "night"}, "too_many_rates", None),
        ({"rates": ["night"]}, "bad_rate", 1),
        ({"rates": [NIGHT, {**NIGHT, "days": []}]}, "no_days", 2),
        ({"rates": [{**NIGHT, "days": ["someday"]}]}, "bad_times", 1),
        ({"rates": [{**NIGHT, "start": "25:00"}]}, "bad_times", 1),
        ({"rates": [{**NIGHT, "price": None}]}, "no_price", 1),
        ({"rates": [{**NIGHT, "price": "dear"}]}, "no_number", None),
        ({"rates": [{**NIGHT, "to_month": "jun"}]}, "half_a_season", 1),
        ({"rates": [{**NIGHT, "from_month": "jun", "to_month": "never"}]}, "half_a_season", 1),
        ({"otherwise": True}, "no_number", None),
        ({"otherwise": "nan"}, "no_number", None),
        ({"otherwise": 1, "vat": 500}, "bad_vat", None),
        ({"otherwise": 1, "standing": "inf"}, "no_number", None),
    ],
)
def test_what_is_no_tariff_says_why(stored, key, number):
    with pytest.raises(NotATariff) as refused:
        tariff_from(stored, LONDON)
    assert (refused.value.key, refused.value.number) == (key, number)


def test_days_that_are_alike_are_shown_together():
    tariff = tariff_from({"rates": [NIGHT], "otherwise": 0.25}, LONDON)
    days = [(names, len(slots)) for names, slots in week(tariff, date(2027, 1, 13))]
    assert days == [(("wed", "thu", "fri", "sat", "sun"), 1), (("mon", "tue"), 3)]


def test_the_day_clocks_change_looks_like_any_other_by_the_clock():
    tariff = tariff_from({"rates": [NIGHT | {"days": ["sat", "sun", "mon"]}], "otherwise": 0.25}, LONDON)
    days = [names for names, _ in week(tariff, date(2027, 3, 26))]
    assert ("sat", "sun", "mon") in days


@given(
    stored=st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.sampled_from(MONTHS),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["rates", "days", "start", "end", "price", "otherwise", "vat", "standing", "from_month"]
                ),
                inner,
            )
        ),
        max_leaves=12,
    )
)
def test_whatever_is_stored_is_a_tariff_or_none(stored):
    with suppress(NotATariff):
        tariff = tariff_from(stored if isinstance(stored, dict) else {"rates": stored}, LONDON)
        assert tariff.rates or tariff.otherwise_per_kwh is not None
