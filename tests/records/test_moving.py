"""Records that are moved to another database: all of them, none twice, whatever was there before."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.smart_charge.records.errors import LedgerLocked
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.moving import move
from custom_components.smart_charge.records.outlets import Outlets
from custom_components.smart_charge.records.sales import Sale
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import Condition, ConditionSeen, DecisionRecord, OutletKey

from .ledger import NOON, a_session, new_journal, new_outlet, whole_session

HOUR = timedelta(hours=1)
DAY = (NOON - 12 * HOUR, NOON + 36 * HOUR)
GARAGE = OutletKey(charge_point="garage")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Store]:
    opened = Store.at_path(tmp_path / "elsewhere.db")
    yield opened
    opened.close()


@pytest.fixture(params=["to", "from"])
def both(request: pytest.FixtureRequest, journal: Journal, elsewhere: Store) -> tuple[Journal, Journal]:
    """Where the records are, and where they shall be: a file and, once each way, a file or a server."""
    other = new_journal(elsewhere, site=journal.site)
    return (journal, other) if request.param == "to" else (other, journal)


def live(journal: Journal) -> None:
    """Put something into every table."""
    Outlets(journal.store, journal.site).describe(GARAGE, rated_w=7_400, operational_at=NOON)
    Outlets(journal.store, journal.site).set_public_id(GARAGE, f"UKABC{journal.site[:8]}")
    journal.write(
        whole_session(GARAGE, NOON, NOON + 2 * HOUR, import_wh=7_000, cost=Decimal("1.4"), priced_wh=7_000, tag="04A2"),
        a_session(GARAGE, NOON + 3 * HOUR, minutes=45, import_wh=3_000, export_wh=200, charging_s=2_700),
        DecisionRecord(outlet=GARAGE, at=NOON, setpoint_a=16.0, reason="in_default_hours", source="default_hours"),
        ConditionSeen(outlet=GARAGE, at=NOON + HOUR, since_at=NOON, condition=Condition.SERVICEABLE),
        Sale(recorded_at=NOON, sold_on=date(2026, 11, 20), model="One", serial="S1"),
        Sale(recorded_at=NOON, sold_on=date(2026, 11, 20), model="One", serial="S2", corrects=1),
    )


def picture(journal: Journal) -> list[Any]:
    return [
        journal.sessions(*DAY),
        journal.half_hours(*DAY),
        journal.decisions(GARAGE, *DAY),
        journal.availability(GARAGE, NOON, NOON + HOUR),
        journal.register.entries(),
        Outlets(journal.store, journal.site).all(),
    ]


@pytest.mark.requirement("9.3")
def test_everything_is_there_afterwards_and_gone_from_before(both: tuple[Journal, Journal]) -> None:
    source, target = both
    live(source)
    before = picture(source)
    assert move(source, target)["sessions"] == 2
    assert picture(target) == before
    sessions, halves, asked, watched, sold, outlets = picture(source)
    assert (sessions, halves, asked, watched.serviceable_s, sold, outlets) == ([], [], [], 0, (), ())


def test_there_and_back_is_as_it_was(both: tuple[Journal, Journal]) -> None:
    source, target = both
    live(source)
    before = picture(source)
    move(source, target)
    move(target, source)
    assert picture(source) == before


def test_a_move_that_was_cut_short_counts_nothing_twice(both: tuple[Journal, Journal]) -> None:
    source, target = both
    live(source)
    before = picture(source)

    def refuse(*_: object) -> None:
        raise LedgerLocked("cut short")

    with patch("custom_components.smart_charge.records.moving._delete", refuse), pytest.raises(LedgerLocked):
        move(source, target)
    assert picture(source) == picture(target) == before
    move(source, target)
    assert picture(target) == before


@pytest.mark.requirement("9.1")
@pytest.mark.parametrize("later", ["here", "there"])
def test_a_session_that_both_know_counts_once(both: tuple[Journal, Journal], later: str) -> None:
    source, target = both
    early = a_session(GARAGE, minutes=40, import_wh=4_000, charging_s=2_400)
    late = a_session(GARAGE, minutes=90, import_wh=9_000, charging_s=5_400, cost=Decimal("0.5"), priced_wh=2_000)
    earlier = whole_session(GARAGE, NOON - 2 * HOUR, NOON - HOUR, import_wh=1_000)
    source.write(earlier, late if later == "there" else early)
    target.write(early if later == "there" else late)
    move(source, target)
    assert target.sessions(*DAY) == [earlier, late]
    usage = target.usage(*DAY)
    assert (usage.import_wh, usage.charging_s, usage.cost, usage.priced_wh) == (10_000, 5_400, Decimal("0.5"), 2_000)


def test_sales_are_entered_behind_those_that_are_there(both: tuple[Journal, Journal]) -> None:
    source, target = both
    target.write(Sale(recorded_at=NOON, sold_on=date(2026, 11, 1), model="Two", serial="T1"))
    live(source)
    move(source, target)
    found = [(entry.number, entry.sale.serial, entry.sale.corrects) for entry in target.register.entries()]
    assert found == [(1, "T1", None), (2, "S1", None), (3, "S2", 2)]


def test_another_site_is_left_alone(both: tuple[Journal, Journal]) -> None:
    source, target = both
    neighbour = new_journal(source.store)
    neighbour.write(a_session(new_outlet(), minutes=10, import_wh=500))
    live(source)
    move(source, target)
    assert neighbour.usage(*DAY).import_wh == 500


def test_a_database_by_another_address_is_the_same_one(journal: Journal) -> None:
    live(journal)
    assert move(journal, journal) == {}
    assert len(journal.sessions(*DAY)) == 2


def test_nothing_to_move_moves_nothing(both: tuple[Journal, Journal]) -> None:
    assert move(*both) == {}
