"""What a sum of costs covers: energy whose price nobody knew is not free (9.3, U4)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from custom_components.smart_charge.charging.slots import Slot
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.migrations import STEPS, migrate
from custom_components.smart_charge.records.tab import Tab, priced

from .ledger import NOON, a_session, new_outlet, whole_session

HOUR = timedelta(hours=1)
DAY = (NOON - 12 * HOUR, NOON + 12 * HOUR)
FIRST_HOUR_AT_20P = [Slot(start_at=NOON, end_at=NOON + HOUR, price_per_kwh=Decimal("0.20"))]


def tab(**more: object) -> Tab:
    return Tab(**{"plugged_in_at": NOON, "priced_at": NOON} | more)  # type: ignore[arg-type]


@pytest.mark.requirement("9.3")
def test_what_was_used_beyond_the_known_prices_is_told_apart() -> None:
    whole = priced(tab(), 14_000, NOON + 2 * HOUR, FIRST_HOUR_AT_20P)
    assert (whole.covered_wh, whole.unpriced_wh) == (7_000, 7_000)
    assert (whole.cost, whole.whole_cost) == (Decimal("1.4"), None)


def test_energy_that_costs_nothing_is_not_without_a_price() -> None:
    free = [Slot(start_at=NOON, end_at=NOON + HOUR, price_per_kwh=Decimal(0))]
    assert priced(tab(), 7_000, NOON + HOUR, free).whole_cost == 0


def test_a_correction_downward_takes_back_no_more_than_there_was() -> None:
    without = priced(tab(), 5_000, NOON + HOUR, [])
    assert priced(without, 4_000, NOON + HOUR, []).unpriced_wh == 4_000
    assert priced(without, 0, NOON + HOUR, []).unpriced_wh == 0


def test_a_tab_of_the_first_version_without_a_price_goes_on_without_one() -> None:
    on = priced(tab(priced_wh=6_000, cost_micro=None), 7_000, NOON + HOUR, FIRST_HOUR_AT_20P)
    assert (on.unpriced_wh, on.covered_wh, on.cost, on.whole_cost) == (6_000, 1_000, Decimal("0.2"), None)


@pytest.mark.requirement("9.3")
def test_a_sum_says_how_much_energy_it_leaves_out(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(
        whole_session(outlet, NOON - 9 * HOUR, NOON - 8 * HOUR, import_wh=7_000, cost=Decimal("1.4"), priced_wh=7_000),
        whole_session(outlet, NOON - 6 * HOUR, NOON - 5 * HOUR, import_wh=5_000),
        a_session(outlet, minutes=60, import_wh=3_000, cost=Decimal("0.2"), priced_wh=1_000),
    )
    usage = journal.usage(*DAY)
    assert (usage.import_wh, usage.priced_wh, usage.unpriced_wh) == (15_000, 8_000, 7_000)
    assert usage.known_cost == Decimal("1.6")


def test_a_period_in_which_nothing_had_a_price_has_no_cost(journal: Journal) -> None:
    assert journal.usage(*DAY).known_cost == 0
    journal.write(whole_session(new_outlet(), NOON, NOON + HOUR))
    assert journal.usage(*DAY).known_cost is None


def test_a_price_that_becomes_known_is_a_correction(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(a_session(outlet, minutes=60, import_wh=7_000))
    journal.write(a_session(outlet, minutes=61, import_wh=7_000, cost=Decimal("1.4"), priced_wh=7_000))
    assert journal.usage(*DAY).unpriced_wh == 0
    journal.write(a_session(outlet, minutes=62, import_wh=7_000, cost=Decimal("0.7"), priced_wh=3_500))
    usage = journal.usage(*DAY)
    assert (usage.priced_wh, usage.cost) == (3_500, Decimal("0.7"))


@pytest.mark.requirement("9.3")
def test_records_of_an_earlier_version_are_priced_where_their_session_was(journal: Journal) -> None:
    dear, free, unknown = new_outlet(), new_outlet(), new_outlet()
    journal.write(
        whole_session(dear, NOON, NOON + 2 * HOUR, import_wh=7_000, cost=Decimal("1.4"), priced_wh=7_000),
        whole_session(free, NOON, NOON + 2 * HOUR, import_wh=6_000, cost=Decimal(0), priced_wh=6_000),
        whole_session(unknown, NOON, NOON + 2 * HOUR, import_wh=5_000),
        whole_session(unknown, NOON + 4 * HOUR, NOON + 6 * HOUR, import_wh=4_000),
    )
    before = {outlet: journal.usage(*DAY, [outlet.charge_point]) for outlet in (dear, free, unknown)}
    with journal.store.write() as connection:
        for table, column in (("sessions", "priced_wh"), ("half_hours", "priced_wh"), ("sessions", "compared_wh"),
                              ("sessions", "doubt_wh"), ("sessions", "may_be_several")):  # fmt: skip
            connection.execute(text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        connection.execute(text("UPDATE smart_charge_version SET version = 3"))
        assert migrate(connection) == 3
    assert {outlet: journal.usage(*DAY, [outlet.charge_point]) for outlet in before} == before
    assert [each.unpriced_wh for each in journal.sessions(*DAY, [unknown.charge_point])] == [5_000, 4_000]
    assert max(STEPS) >= 5


@pytest.mark.requirement("9.6")
def test_how_true_the_meter_was_is_kept_with_the_session(journal: Journal) -> None:
    outlet = new_outlet()
    seen = a_session(outlet, minutes=60, import_wh=7_000, integrated_wh=7_700, compared_wh=7_000, doubt_wh=70)
    journal.write(seen)
    assert journal.session(outlet, NOON) == seen
    assert seen.meter_error == pytest.approx(0.1)
    assert seen.meter_doubt == pytest.approx(0.01)


def test_an_end_that_nobody_saw_leaves_what_the_meter_told_before(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(a_session(outlet, minutes=60, import_wh=7_000, integrated_wh=7_700, compared_wh=7_000, doubt_wh=70))
    journal.write(whole_session(outlet, NOON, NOON + 3 * HOUR, import_wh=9_000, is_recovered=True))
    ended = journal.session(outlet, NOON)
    assert ended is not None
    assert (ended.import_wh, ended.compared_wh) == (9_000, 7_000)
