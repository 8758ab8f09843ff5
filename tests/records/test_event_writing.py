"""Demand response events in the ledger."""

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import inspect, text

from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.migrations import STEPS, migrate
from custom_components.smart_charge.records.remnants import Erasure
from custom_components.smart_charge.records.retention import erase, prune
from custom_components.smart_charge.records.values import EventRecord, OutletKey

from .ledger import NOON, new_outlet

HOUR = timedelta(hours=1)


def an_event(outlet: OutletKey, **more: object) -> EventRecord:
    facts = {"event_id": "a", "announced_at": NOON - HOUR, "kind": "turn_down", "start_at": NOON, "end_at": NOON + HOUR}
    return EventRecord(outlet=outlet, **facts | more)  # type: ignore[arg-type]


def test_an_event_is_read_back_as_it_last_stood(journal: Journal) -> None:
    outlet = new_outlet()
    began = an_event(outlet, limit_a=7.5, source="Who\0asks", began_at=NOON, setpoint_a=7.5)
    over = replace(began, source="Who\ufffdasks", ended_at=NOON + HOUR, taken_wh=1800, expected_wh=7200, unwatched_s=3)
    journal.write(began)
    journal.write(replace(over, source="Who\0asks"))
    assert journal.dsr_events(NOON, NOON + HOUR, [outlet.charge_point]) == [over]


def test_only_events_of_the_period_are_returned_in_order(journal: Journal) -> None:
    outlet = new_outlet()
    days = [
        an_event(
            outlet, event_id=str(day), start_at=NOON + timedelta(days=day), end_at=NOON + timedelta(days=day) + HOUR
        )
        for day in (2, 0, 1)
    ]
    journal.write(*days)
    found = journal.dsr_events(NOON + HOUR, NOON + timedelta(days=2), [outlet.charge_point])
    assert [event.event_id for event in found] == ["1"]
    assert journal.dsr_events(NOON, NOON + timedelta(days=9), [new_outlet().charge_point]) == []


def test_an_event_that_was_ended_early_is_not_of_the_time_after(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(an_event(outlet, ended_at=NOON + timedelta(minutes=10)))
    assert journal.dsr_events(NOON + timedelta(minutes=30), NOON + HOUR, [outlet.charge_point]) == []


def test_an_id_that_comes_again_is_another_event(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(an_event(outlet), an_event(outlet, announced_at=NOON))
    assert len(journal.dsr_events(NOON, NOON + HOUR, [outlet.charge_point])) == 2


def test_old_events_are_deleted_by_night(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(an_event(outlet))
    assert prune(journal, NOON + timedelta(days=30))["dsr_events"] == 0
    assert prune(journal, NOON + timedelta(days=500))["dsr_events"] == 1


def test_a_wipe_takes_the_events_of_a_charge_point(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(an_event(outlet))
    erasure = Erasure(charge_points=frozenset({outlet.charge_point}))
    assert erasure.is_personal(an_event(outlet))
    assert erase(journal, erasure).rows["dsr_events"] == 1
    assert journal.dsr_events(NOON, NOON + HOUR, [outlet.charge_point]) == []


def test_a_database_from_before_events_gets_their_table(journal: Journal) -> None:
    with journal.store.write() as connection:
        connection.execute(text("DROP TABLE dsr_events"))
        connection.execute(text("UPDATE smart_charge_version SET version = 2"))
        migrate(connection, {number: step for number, step in STEPS.items() if number <= 3})
        assert "dsr_events" in inspect(connection).get_table_names()
        connection.execute(text(f"UPDATE smart_charge_version SET version = {max(STEPS)}"))
