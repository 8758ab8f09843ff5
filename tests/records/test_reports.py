import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
import io
import json
from zoneinfo import ZoneInfo

import pytest

from custom_components.smart_charge.records.errors import WriteRejected
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.reports import sessions_csv, sessions_json
from custom_components.smart_charge.records.sales import Sale

from .ledger import NOON, a_session, new_outlet, whole_session

LONDON = ZoneInfo("Europe/London")


@pytest.mark.requirement("9.3")
def test_an_owners_export_says_the_same_in_both_forms() -> None:
    outlet = new_outlet()
    whole = whole_session(
        outlet, NOON, NOON + timedelta(hours=5), import_wh=7_123, cost=Decimal("1.23"), priced_wh=7_123, tag="04A2",
        who="Ada", integrated_wh=7_350, compared_wh=7_000, doubt_wh=70,
    )  # fmt: skip
    sessions = [whole, a_session(outlet, NOON + timedelta(hours=6), is_metered=False)]
    rows = list(csv.DictReader(io.StringIO(sessions_csv(sessions, LONDON), newline="")))
    listed = json.loads(sessions_json(sessions, LONDON))
    assert [[("" if value is None else str(value)) for value in each.values()] for each in listed] == [
        list(row.values()) for row in rows
    ]
    assert (listed[0]["plugged_in"], listed[0]["import_kwh"], listed[0]["cost"]) == (
        "2026-11-21T12:00:00+00:00", 7.123, "1.23",
    )  # fmt: skip
    assert listed[1]["obtained"] == "calculated"
    assert (listed[0]["kwh_without_price"], listed[0]["meter_error_percent"], listed[0]["meter_doubt_percent"]) == (
        0, 5, 1,
    )  # fmt: skip


@pytest.mark.requirement("9.3")
def test_a_session_with_a_part_without_a_price_has_no_cost_in_the_export() -> None:
    part = a_session(new_outlet(), import_wh=7_000, cost=Decimal("0.80"), priced_wh=4_000)
    (said,) = json.loads(sessions_json([part], LONDON))
    assert (said["cost"], said["kwh_without_price"]) == (None, 3)


@pytest.mark.parametrize("hostile", ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", "a\r\n=1"])
def test_no_cell_of_an_export_is_a_formula(hostile: str) -> None:
    text = sessions_csv([a_session(new_outlet(), tag=hostile)], LONDON)
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert not row["tag"].startswith(("=", "+", "-", "@", "\t", "\r"))
    assert "\n" not in row["tag"]


def a_sale(number: int = 1, **more: object) -> Sale:
    facts = {"recorded_at": NOON, "sold_on": date(2026, 11, 20), "model": "Pulsar", "serial": f"S{number}"}
    return Sale(**facts | more)  # type: ignore[arg-type]


@pytest.mark.requirement("14.1")
def test_sales_are_kept_in_order_once(journal: Journal) -> None:
    sales = [a_sale(number, buyer="A. Buyer", address="1 High Street") for number in range(3)]
    assert journal.write(*sales) == 3
    assert journal.write(*sales) == 0
    assert [(entry.number, entry.sale) for entry in journal.register.entries()] == list(enumerate(sales, 1))


@pytest.mark.requirement("14.1")
def test_a_mistake_is_put_right_by_another_entry(journal: Journal) -> None:
    journal.write(a_sale(), a_sale(2, corrects=1))
    assert [entry.sale.corrects for entry in journal.register.entries()] == [None, 1]
    with pytest.raises(WriteRejected, match="no entry 9"):
        journal.write(a_sale(3, corrects=9))
    with pytest.raises(WriteRejected, match="serial"):
        journal.write(a_sale(serial=" "))


@pytest.mark.requirement("14.1")
def test_the_register_is_exported_whole(journal: Journal) -> None:
    journal.write(a_sale(note="=1"), a_sale(2, corrects=1))
    rows = list(csv.DictReader(io.StringIO(journal.register.export(), newline="")))
    assert [(row["Entry"], row["Sold on"], row["Serial"], row["Note"], row["Corrects"]) for row in rows] == [
        ("1", "2026-11-20", "S1", "'=1", ""),
        ("2", "2026-11-20", "S2", "", "1"),
    ]


@pytest.mark.requirement("14.1")
@pytest.mark.parametrize(
    ("today", "left"),
    [
        (date(2036, 2, 28), 3),
        (date(2036, 2, 29), 3),
        (date(2036, 3, 1), 2),
        (date(2056, 3, 1), 1),  # the last entry stays, so that no number is given twice
    ],
)
def test_a_sale_is_kept_for_ten_years(journal: Journal, today: date, left: int) -> None:
    days = (date(2026, 2, 28), date(2026, 3, 1), date(2026, 11, 20))
    noons = [datetime(day.year, day.month, day.day, 12, tzinfo=UTC) for day in days]
    entered = enumerate(zip(days, noons, strict=True))
    journal.write(*(a_sale(number, sold_on=day, recorded_at=noon) for number, (day, noon) in entered))
    with journal.store.write() as connection:
        journal.register.drop_expired(connection, today)
    assert len(journal.register.entries()) == left


@pytest.mark.requirement("14.1")
def test_a_sale_of_long_ago_that_was_entered_today_stays(journal: Journal) -> None:
    journal.write(a_sale(sold_on=date(2016, 2, 29)), a_sale(2))
    with journal.store.write() as connection:
        assert journal.register.drop_expired(connection, NOON.date() + timedelta(days=1)) == 0
