from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
import sqlite3
from threading import Thread
from typing import Any
from unittest.mock import patch

import pytest

from custom_components.smart_charge.records.buffer import Buffer, thinned
from custom_components.smart_charge.records.errors import LedgerLocked
from custom_components.smart_charge.records.journal import Journal, Record
from custom_components.smart_charge.records.security_log import SecurityEvent
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import Condition, ConditionSeen

from .ledger import NOON, a_session, new_journal, new_outlet

EVER = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
MINUTE = timedelta(minutes=1)


def an_event(number: int) -> SecurityEvent:
    return SecurityEvent(at=NOON, kind="tried", detail={"n": number})


def kinds(journal: Journal) -> list[str]:
    return [entry.detail for entry in journal.security.entries()]


def test_what_waits_is_written_in_order(journal: Journal) -> None:
    buffer = Buffer()
    buffer.add(*(an_event(number) for number in range(450)))
    flushed = buffer.flush(journal)
    assert (flushed.written, flushed.waiting, flushed.error) == (450, 0, None)
    assert kinds(journal) == [f'{{"n":{number}}}' for number in range(450)]
    assert buffer.flush(journal).written == 0


@pytest.fixture
def lockable(tmp_path: Path) -> Store:
    return Store.at_path(tmp_path / "records.db", busy_s=0.02)


def test_what_cannot_be_written_is_written_later_once(lockable: Store) -> None:
    journal, buffer, outlet = new_journal(lockable), Buffer(), new_outlet()
    other = sqlite3.connect(str(lockable.path), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for minute in range(10):
        buffer.add(a_session(outlet, minutes=minute, import_wh=minute * 100), an_event(minute))
        flushed = buffer.flush(journal)
        assert isinstance(flushed.error, LedgerLocked)
        assert (flushed.written, flushed.waiting) == (0, 2 * minute + 2)
    other.execute("ROLLBACK")
    other.close()
    assert buffer.flush(journal).waiting == 0
    assert journal.usage(*EVER).import_wh == 900
    assert len(kinds(journal)) == 10
    lockable.close()


class Unsure(Journal):
    """A journal whose database is lost just after it wrote: nobody knows whether it did."""

    def write(self, *records: Record) -> int:
        super().write(*records)
        raise LedgerLocked("the answer was lost")


def test_a_write_of_unknown_outcome_is_repeated_without_harm(store: Store) -> None:
    journal, outlet = new_journal(store), new_outlet()
    unsure = Unsure(store, journal.site, journal.security, journal.register)
    buffer = Buffer()
    buffer.add(a_session(outlet, minutes=5, import_wh=300), an_event(1))
    buffer.add(ConditionSeen(outlet=outlet, at=NOON, condition=Condition.SERVICEABLE))
    assert buffer.flush(unsure).waiting == 3
    assert buffer.flush(journal).written == 1  # a session may always be written again
    assert journal.usage(*EVER).import_wh == 300
    assert len(kinds(journal)) == 1


def test_one_record_that_no_database_takes_does_not_hold_up_the_others(journal: Journal) -> None:
    buffer = Buffer()
    impossible = a_session(new_outlet(), import_wh=2**90)
    buffer.add(an_event(1), an_event(2), impossible, an_event(3))
    flushed = buffer.flush(journal)
    assert (flushed.waiting, len(flushed.rejected), flushed.error) == (0, 1, None)
    assert kinds(journal) == ['{"n":1}', '{"n":2}', '{"n":3}']


@pytest.mark.parametrize("wrong", ["x", None, [], object(), float("inf"), Decimal("NaN"), 2**70])
@pytest.mark.parametrize("name", ["import_wh", "cost", "plugged_in_at", "charge_ended_at", "tag"])
def test_a_record_of_the_wrong_kind_does_not_hold_up_the_others(journal: Journal, name: str, wrong: Any) -> None:
    buffer, good = Buffer(), a_session(new_outlet())
    buffer.add(replace(a_session(new_outlet()), **{name: wrong}), good)
    flushed = buffer.flush(journal)
    assert (flushed.error, flushed.waiting) == (None, 0)
    assert good in journal.open_sessions()


def test_what_fails_unheard_of_loses_nothing(journal: Journal) -> None:
    buffer = Buffer()
    buffer.add(a_session(new_outlet()), a_session(new_outlet()))
    with patch.object(Journal, "write", side_effect=MemoryError), pytest.raises(MemoryError):
        buffer.flush(journal)
    assert buffer.flush(journal).written == 2


def test_a_long_absence_costs_detail_before_it_costs_records(journal: Journal) -> None:
    buffer, outlet = Buffer(most_records=30), new_outlet()
    for minute in range(600):
        at = NOON + minute * MINUTE
        buffer.add(
            a_session(outlet, minutes=minute, import_wh=minute * 10),
            ConditionSeen(outlet=outlet, at=at, condition=Condition.SERVICEABLE),
        )
        assert len(buffer) <= 30
    assert buffer.lost == 0
    buffer.flush(journal)
    assert journal.usage(*EVER).import_wh == 5_990
    assert len(journal.half_hours(*EVER)) == 20
    seen = journal.availability(outlet, NOON, NOON + 599 * MINUTE)
    assert (seen.serviceable_s, seen.unknown_s) == (599 * 60, 0)


def test_what_there_is_no_room_for_is_counted() -> None:
    buffer = Buffer(most_records=3)
    buffer.add(*(an_event(number) for number in range(5)))
    assert (len(buffer), buffer.lost) == (3, 2)


def test_conditions_are_not_joined_over_a_time_when_nobody_looked() -> None:
    outlet = new_outlet()
    minutes_and_conditions = [(0, "serviceable"), (1, "serviceable"), (2, "faulted"), (60, "faulted"), (61, "faulted")]
    seen = [
        ConditionSeen(outlet=outlet, at=NOON + minute * MINUTE, condition=Condition(condition))
        for minute, condition in minutes_and_conditions
    ]
    left = [record for record in thinned(seen) if isinstance(record, ConditionSeen)]
    assert [(record.since_at, record.at) for record in left] == [
        (NOON, NOON + MINUTE),
        (None, NOON + 2 * MINUTE),
        (NOON + 60 * MINUTE, NOON + 61 * MINUTE),
    ]


def test_what_is_to_be_forgotten_is_not_written_later(journal: Journal) -> None:
    buffer, outlet = Buffer(), new_outlet()
    buffer.add(a_session(outlet), an_event(1))
    assert buffer.forget(lambda record: not isinstance(record, SecurityEvent)) == 1
    buffer.flush(journal)
    assert journal.session(outlet, NOON) is None


def test_records_may_be_added_while_others_are_written(journal: Journal) -> None:
    buffer = Buffer()
    threads = [
        Thread(target=lambda first=first: [buffer.add(an_event(first + each)) for each in range(50)])
        for first in (0, 100, 200)
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads) or len(buffer):
        assert buffer.flush(journal).error is None
    assert len(set(kinds(journal))) == 150
