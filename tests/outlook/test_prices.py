"""Other integrations' price lists, as slots."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.slots import Slot
from custom_components.smart_charge.outlook.entities import read_entities
from custom_components.smart_charge.outlook.prices import (
    PricesNotUnderstood,
    merged,
    read_attributes,
    read_records,
    repeated,
    scale,
)

OSLO = ZoneInfo("Europe/Oslo")
NOW = datetime(2027, 1, 12, 12, tzinfo=UTC)


def at(hour: float) -> datetime:
    return datetime(2027, 1, 12, tzinfo=UTC) + timedelta(hours=hour)


def read(attributes, unit="EUR/kWh", today=NOW):
    prices = read_attributes(attributes, unit, OSLO, today)
    return [(slot.start_at, slot.end_at, slot.price_per_kwh) for slot in prices.slots]


@pytest.mark.parametrize(
    ("unit", "factor", "currency"),
    [
        ("GBP/kWh", "1", "GBP"),
        ("£/kWh", "1", "GBP"),
        ("p/kWh", "0.01", "GBP"),
        ("GBp/kWh", "0.01", "GBP"),
        ("€/MWh", "0.001", "EUR"),
        ("EUR/MWh", "0.001", "EUR"),
        ("ct/kWh", "0.01", "EUR"),
        ("c/kWh", "0.01", None),
        ("¢/kWh", "0.01", None),
        ("öre/kWh", "0.01", "SEK"),
        ("NOK / kWh", "1", "NOK"),
        ("EUR/Wh", "1000", "EUR"),
        ("Cent/kWh", "0.01", None),
        ("kr/kWh", "1", None),
        ("zł/kWh", "1", "PLN"),
        ("Kč/MWh", "0.001", "CZK"),
        ("sek/kWh", "1", "SEK"),
        ("eurocent/kWh", "0.01", "EUR"),
        ("Rp./kWh", "0.01", "CHF"),
        ("ÖRE / kWh", "0.01", "SEK"),
        ("Euro per kWh", "1", "EUR"),
    ],
)
def test_units_become_whole_money_for_a_kilowatt_hour(unit, factor, currency):
    assert scale(unit) == (Decimal(factor), currency)


@pytest.mark.parametrize(
    ("unit", "key"),
    [
        (None, "no_unit"),
        ("", "no_unit"),
        ("kWh", "unknown_unit"),
        ("EUR/m³", "unknown_unit"),
        ("£", "unknown_unit"),
        ("pounds/kWh", "unknown_unit"),
        ("EUR/day", "unknown_unit"),
        ("EUR/kWh/month", "unknown_unit"),
    ],
)
def test_a_unit_that_is_none_is_refused(unit, key):
    with pytest.raises(PricesNotUnderstood) as refused:
        scale(unit)
    assert refused.value.key == key


TWO = [(at(0), at(1), Decimal("0.1")), (at(1), at(2), Decimal("-0.2"))]
ISO = ["2027-01-12T01:00:00+01:00", "2027-01-12T02:00:00+01:00", "2027-01-12T03:00:00+01:00"]


def rows(start, value, end=None, scaled=1):
    return [
        {start: ISO[index], value: price * scaled} | ({end: ISO[index + 1]} if end else {})
        for index, price in enumerate((0.1, -0.2))
    ]


@pytest.mark.parametrize(
    ("attributes", "unit"),
    [
        ({"raw_today": rows("start", "value", "end"), "raw_tomorrow": []}, "EUR/kWh"),
        ({"raw_today": rows("start", "value", "end", 1000), "raw_tomorrow": None}, "EUR/MWh"),
        (
            {"raw_today": rows("start", "value", "end")[:1], "raw_tomorrow": rows("start", "value", "end")[1:]},
            "EUR/kWh",
        ),
        ({"raw_today": rows("hour", "price")}, "EUR/kWh"),
        ({"raw_today": rows("time", "price")}, "EUR/kWh"),
        ({"rates": rows("start", "value_inc_vat", "end")}, None),
        ({"rates": rows("valid_from", "value_inc_vat", "valid_to", 100)}, None),
        ({"prices_today": rows("time", "price"), "prices_tomorrow": []}, "EUR/kWh"),
        ({"prices": rows("from", "price", "till", 100)}, "ct/kWh"),
        ({"prices": rows("start_time", "price")}, "EUR/kWh"),
        ({"prices": rows("timestamp", "price")}, "EUR/kWh"),
        ({"data": rows("start_time", "price_per_kwh", "end_time")}, "EUR/kWh"),
        ({"data": rows("start_time", "price_ct_per_kwh", "end_time", 100)}, "ct/kWh"),
        ({"data": rows("start_time", "price_eur_per_mwh", "end_time", 1000)}, "EUR/MWh"),
        ({"forecasts": rows("start_time", "per_kwh", "end_time")}, None),
        ({"slots": rows("start", "price", "end")}, "EUR/kWh"),
        ({"forecast": rows("start", "value", "end")}, "EUR/kWh"),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else str(value),
)
def test_every_known_layout_reads_the_same(attributes, unit):
    assert read(attributes, unit) == TWO


def test_bare_numbers_divide_the_local_day():
    slots = read({"today": [0.1] * 24, "tomorrow": [0.2] * 96})
    assert (slots[0][0], slots[24][0], slots[24][1]) == (at(-1), at(23), at(23.25))
    assert len(slots) == 120


@pytest.mark.parametrize(("day", "hours"), [((2027, 3, 28), 23), ((2027, 10, 31), 25)])
def test_bare_numbers_know_both_clock_changes(day, hours):
    noon = datetime(*day, 12, tzinfo=UTC)
    slots = read({"today": list(range(hours))}, today=noon)
    assert slots[-1][1] - slots[0][0] == timedelta(hours=hours)


@pytest.mark.parametrize("values", [[0.1] * 23, [0.1], [0.1] * 1000])
def test_bare_numbers_that_do_not_fill_the_day_are_no_list(values):
    with pytest.raises(PricesNotUnderstood):
        read({"today": values})


def test_totals_of_tibber_are_read():
    assert len(read({"today": [{"total": 0.3}] * 24})) == 24


def test_a_bare_entry_that_is_no_number_is_a_gap():
    assert len(read({"today": [0.3, "?", *[0.1] * 22]})) == 23


def test_a_missing_hour_stays_a_gap():
    hours = [{"hour": at(hour).isoformat(), "price": 0.1} for hour in (0, 1, 2, 5, 6)]
    assert [slot[:2] for slot in read({"raw_today": hours})][2:4] == [(at(2), at(3)), (at(5), at(6))]


def test_a_lonely_entry_lasts_an_hour():
    assert read({"raw_today": [{"hour": at(0), "price": "0.1"}]}) == TWO[:1]


def test_local_time_without_a_zone_is_the_sites():
    assert read({"prices_today": [{"time": "2027-01-12 01:00:00", "price": 0.1}]}) == TWO[:1]


@pytest.mark.parametrize("has_end", [False, True])
def test_the_hour_that_local_time_without_a_zone_has_twice_has_two_prices(has_end):
    midnight = datetime(2026, 10, 24, 22, tzinfo=UTC)
    local = [(midnight + timedelta(hours=hour)).astimezone(OSLO).replace(tzinfo=None) for hour in range(26)]
    rows = [
        {"start": local[hour].isoformat(), "value" if has_end else "price": hour}
        | ({"end": local[hour + 1].isoformat()} if has_end else {})
        for hour in range(25)
    ]
    expected = [(midnight + timedelta(hours=hour), midnight + timedelta(hours=hour + 1), hour) for hour in range(25)]
    assert read({"raw_today": rows}) == expected


def test_a_price_that_is_said_to_hold_for_ever_is_repeated_for_a_day():
    ever = Slot(start_at=at(0), end_at=datetime.max.replace(tzinfo=UTC), price_per_kwh=Decimal(1))
    assert [slot.price_per_kwh for slot in repeated([ever], at(8))][:1] == [1]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=8), st.lists(st.integers(0, 12)))
def test_what_is_new_lies_over_what_is_known_wherever_it_is(new, known):
    over = [Slot(start_at=at(start), end_at=at(start + lasts), price_per_kwh=Decimal(2)) for start, lasts in new]
    before = [Slot(start_at=at(4 * n), end_at=at(4 * n + 4), price_per_kwh=Decimal(1)) for n in sorted(set(known))]
    left = merged(before, over, at(-1))
    for hour in range(60):
        prices = {slot.price_per_kwh for slot in left if slot.start_at <= at(hour) < slot.end_at}
        is_new = any(slot.start_at <= at(hour) < slot.end_at for slot in over)
        assert prices == ({2} if is_new else {1} if hour // 4 in known else set())


def test_nonsense_among_the_entries_is_left_out():
    bad = [7, None, {}, {"start": "soon", "value": 1}, {"start": ISO[2], "value": "nan"}, {"start": 5, "value": 5}]
    bad += [{"start": ISO[2], "value": True}, {"start": ISO[2], "value": "free"}, {"start": ISO[2], "value": 1e12}]
    bad += [{"start": ISO[2], "end": ISO[0], "value": 1}, {"start": "0001-01-01T00:00:00+14:00", "value": 1}]
    assert read({"raw_today": [*bad, *rows("start", "value", "end")]}) == TWO


@pytest.mark.parametrize("attributes", [{}, {"raw_today": []}, {"raw_today": "x"}, {"rates": [{"a": 1}]}])
def test_an_entity_without_a_list_is_refused(attributes):
    with pytest.raises(PricesNotUnderstood) as refused:
        read(attributes)
    assert refused.value.key == "no_price_list"


def test_a_list_without_a_unit_is_refused():
    with pytest.raises(PricesNotUnderstood, match="no_unit"):
        read({"raw_today": rows("start", "value", "end")}, None)


def test_an_actions_answer_is_read():
    answer = [{"start": ISO[0], "end": ISO[1], "price": 100.0}]
    prices = read_records(answer, "EUR/MWh", OSLO)
    assert [(slot.start_at, slot.end_at, slot.price_per_kwh) for slot in prices.slots] == TWO[:1]
    with pytest.raises(PricesNotUnderstood):
        read_records([1, 2], "EUR/MWh", OSLO)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["start", "end", "value", "hour", "price", "total"]), inner, max_size=4)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["raw_today", "today", "prices", "rates", "data"]), JSON))
def test_whatever_an_entity_holds_it_is_read_or_refused(attributes):
    try:
        slots = read(attributes)
    except PricesNotUnderstood:
        return
    assert all(start < end and price.is_finite() for start, end, price in slots)


async def test_todays_with_tomorrows_entity_make_one_list(hass):
    rates = rows("start", "value_inc_vat", "end")
    hass.states.async_set("event.current_day", "now", {"rates": rates[:1]})
    hass.states.async_set("event.next_day", "unknown", {"rates": rates[1:]})
    hass.states.async_set("event.later", "unknown", {})
    prices = read_entities(hass, ["event.next_day", "event.later", "event.current_day", "event.missing"], NOW)
    assert [(slot.start_at, slot.end_at, slot.price_per_kwh) for slot in prices.slots] == TWO
    assert prices.currency == "GBP"


@pytest.mark.parametrize(
    ("entity_ids", "key"), [(["sensor.none"], "no_entity"), ([], "no_entity"), (["sensor.bare"], "no_price_list")]
)
async def test_without_a_list_the_reason_is_told(hass, entity_ids, key):
    hass.states.async_set("sensor.bare", "0.3", {"unit_of_measurement": "GBP/kWh"})
    with pytest.raises(PricesNotUnderstood) as refused:
        read_entities(hass, entity_ids, NOW)
    assert refused.value.key == key


async def test_two_currencies_are_refused(hass):
    for name, unit in (("one", "EUR/kWh"), ("two", "GBP/kWh"), ("three", "c/kWh")):
        raw = rows("start", "value", "end")
        hass.states.async_set(f"sensor.{name}", "0.3", {"raw_today": raw, "unit_of_measurement": unit})
    with pytest.raises(PricesNotUnderstood, match="currencies_differ"):
        read_entities(hass, ["sensor.one", "sensor.two", "sensor.three"], NOW)
    assert read_entities(hass, ["sensor.three"], NOW).currency is None
