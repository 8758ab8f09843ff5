"""A tariff typed by hand, as slots."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.model import Window
from custom_components.smart_charge.outlook.tariff import Rate, Season, Tariff

LONDON = ZoneInfo("Europe/London")
ALL_DAYS = frozenset(range(7))
WEEKDAYS = frozenset(range(5))

pytestmark = pytest.mark.requirement("6.1")


def rate(start: str, end: str, price: str, days=ALL_DAYS, season=None) -> Rate:
    window = Window(days=days, start=time.fromisoformat(start), end=time.fromisoformat(end))
    return Rate(window=window, price_per_kwh=Decimal(price), season=season)


def tariff(*rates, otherwise: str | None = "0.30", **more) -> Tariff:
    return Tariff(
        time_zone=LONDON, rates=rates, otherwise_per_kwh=None if otherwise is None else Decimal(otherwise), **more
    )


def day(text: str) -> tuple[datetime, datetime]:
    start = datetime.fromisoformat(text).replace(tzinfo=LONDON)
    return start.astimezone(UTC), (start + timedelta(days=1)).astimezone(UTC)


def shown(slots):
    return [(f"{slot.start_at:%H:%M}", f"{slot.end_at:%H:%M}", slot.price_per_kwh) for slot in slots]


NIGHT = rate("00:30", "05:30", "0.07")


def test_a_night_rate_over_one_day():
    assert shown(tariff(NIGHT).slots(*day("2027-01-12"))) == [
        ("00:00", "00:30", Decimal("0.30")),
        ("00:30", "05:30", Decimal("0.07")),
        ("05:30", "00:00", Decimal("0.30")),
    ]


@pytest.mark.parametrize(("text", "hours"), [("2027-03-28", 4), ("2027-10-31", 6), ("2027-06-01", 5)])
def test_a_night_rate_lasts_as_long_as_the_clocks_show_it(text, hours):
    slots = tariff(NIGHT).slots(*day(text))
    cheap = [slot for slot in slots if slot.price_per_kwh == Decimal("0.07")]
    assert sum((slot.end_at - slot.start_at for slot in cheap), timedelta(0)) == timedelta(hours=hours)


def test_an_edge_in_the_hour_shown_twice_comes_both_times():
    slots = tariff(rate("01:30", "02:00", "0.07")).slots(*day("2027-10-31"))
    assert [slot[:2] for slot in shown(slots) if slot[2] == Decimal("0.07")] == [("00:30", "01:00"), ("01:30", "02:00")]


def test_a_rate_inside_the_hour_left_out_is_never_due():
    slots = tariff(rate("01:10", "01:50", "0.07")).slots(*day("2027-03-28"))
    assert [slot.price_per_kwh for slot in slots] == [Decimal("0.30")]


def test_what_was_not_typed_is_a_gap():
    slots = tariff(NIGHT, otherwise=None).slots(*day("2027-01-12"))
    assert [slot.price_per_kwh for slot in slots] == [None, Decimal("0.07"), None]


def test_of_two_rates_the_first_counts():
    slots = tariff(rate("02:00", "03:00", "0.01"), NIGHT, rate("00:00", "00:00", "0.99")).slots(*day("2027-01-12"))
    assert [slot.price_per_kwh for slot in slots] == [
        Decimal(text) for text in ("0.99", "0.07", "0.01", "0.07", "0.99")
    ]


def test_weekends_differ():
    peak = tariff(rate("16:00", "19:00", "0.45", days=WEEKDAYS))
    assert len(peak.slots(*day("2027-01-15"))) == 3
    assert len(peak.slots(*day("2027-01-16"))) == 1


def test_a_window_over_midnight_belongs_to_the_day_it_starts_on():
    friday = tariff(rate("22:00", "06:00", "0.07", days=frozenset({4})))
    assert shown(friday.slots(*day("2027-01-16")))[0] == ("00:00", "06:00", Decimal("0.07"))


@pytest.mark.parametrize(
    ("text", "inside"),
    [("2027-10-31", False), ("2027-11-01", True), ("2028-01-01", True), ("2028-02-29", True), ("2027-03-01", False)],
)
def test_a_season_may_span_new_year(text, inside):
    winter = Season(first=(11, 1), last=(2, 29))
    prices = {slot.price_per_kwh for slot in tariff(rate("00:00", "00:00", "0.40", season=winter)).slots(*day(text))}
    assert prices == {Decimal("0.40") if inside else Decimal("0.30")}


def test_a_season_changes_at_local_midnight():
    summer = tariff(rate("00:00", "00:00", "0.20", season=Season(first=(4, 1), last=(9, 30))))
    start_at = datetime(2027, 3, 31, 12, tzinfo=UTC)
    slots = summer.slots(start_at, start_at + timedelta(days=1))
    assert [slot.start_at for slot in slots] == [start_at, datetime(2027, 3, 31, 23, tzinfo=UTC)]


@pytest.mark.parametrize("wrong", [(2, 30), (13, 1), (0, 5), (4, 31)])
def test_a_season_needs_days_that_there_are(wrong):
    with pytest.raises(ValueError, match=r"day|month"):
        Season(first=wrong, last=(12, 31))


def test_vat_comes_on_top():
    plain = tariff(NIGHT, vat_percent=Decimal(5), standing_per_day=Decimal("0.60"))
    assert plain.price_at(datetime(2027, 1, 12, 1, tzinfo=UTC)) == Decimal("0.0735")
    assert plain.price_at(datetime(2027, 1, 12, 12, tzinfo=UTC)) == Decimal("0.315")
    assert plain.standing_charge == Decimal("0.63")


def test_prices_typed_with_vat_stay():
    assert tariff(standing_per_day=Decimal("0.60")).standing_charge == Decimal("0.60")


@pytest.mark.parametrize("percent", [Decimal(-1), Decimal(101)])
def test_vat_is_between_nothing_and_all(percent):
    with pytest.raises(ValueError, match="VAT"):
        tariff(vat_percent=percent)


@pytest.mark.parametrize("more", [{"otherwise": "NaN"}, {"standing_per_day": Decimal("Infinity")}])
def test_money_is_a_number(more):
    with pytest.raises(ValueError, match="numbers"):
        tariff(**more)


@given(
    st.lists(st.tuples(st.times(), st.times(), st.sets(st.integers(0, 6), min_size=1)), max_size=3),
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001
    st.integers(0, 60),
)
def test_slots_cover_the_time_exactly_with_the_price_at_each_instant(windows, start, hours):
    rates = [
        Rate(
            window=Window(days=frozenset(days), start=begins.replace(microsecond=0), end=ends.replace(microsecond=0)),
            price_per_kwh=Decimal(index),
        )
        for index, (begins, ends, days) in enumerate(windows)
    ]
    start_at = start.replace(tzinfo=UTC)
    end_at = start_at + timedelta(hours=hours)
    typed = tariff(*rates)
    slots = typed.slots(start_at, end_at)
    assert sum((slot.end_at - slot.start_at for slot in slots), timedelta(0)) == end_at - start_at
    assert all(before.end_at == after.start_at for before, after in pairwise(slots))
    for slot in slots:
        for share in (0, 0.5, 0.999):
            assert typed.price_at(slot.start_at + share * (slot.end_at - slot.start_at)) == slot.price_per_kwh
