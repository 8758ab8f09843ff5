from datetime import UTC, datetime, timedelta
from pathlib import Path
import sqlite3

import pytest

from custom_components.smart_charge.records.buffer import Buffer
from custom_components.smart_charge.records.errors import LedgerUnreachable
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.remnants import Erasure, find_remnants
from custom_components.smart_charge.records.retention import MONTHS_FOR_ORCS, erase, prune
from custom_components.smart_charge.records.security_log import SecurityEvent
from custom_components.smart_charge.records.store import Store, set_aside
from custom_components.smart_charge.records.values import Condition, ConditionSeen, DecisionRecord, OutletKey

from .ledger import NOON, a_session, new_journal, new_outlet, whole_session
from .test_reports import a_sale

EVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))
HOUR = timedelta(hours=1)


def fill(journal: Journal, outlet: OutletKey, at: datetime = NOON) -> None:
    """Write something of every kind."""
    journal.write(
        whole_session(outlet, at, at + 2 * HOUR, tag="04A2B3C4", who="Ada Lovelace"),
        DecisionRecord(outlet=outlet, at=at, setpoint_a=16.0, reason="charging_now", source="charge_now"),
        ConditionSeen(outlet=outlet, at=at, condition=Condition.SERVICEABLE),
        SecurityEvent(at=at, kind="refused", detail={"tag": "04A2B3C4", "address": "192.168.1.20"}),
    )


def counts(journal: Journal, outlet: OutletKey) -> tuple[int, int, int]:
    return (
        len(journal.sessions(*EVER, [outlet.charge_point])),
        len(journal.half_hours(*EVER, [outlet.charge_point])),
        len(journal.decisions(outlet, *EVER)),
    )


@pytest.mark.requirement("9.3")
@pytest.mark.requirement("O5")
@pytest.mark.parametrize(("months", "kept_from"), [(13, "2025-10-01"), (MONTHS_FOR_ORCS, "2023-09-01")])
def test_what_is_old_enough_goes_at_night(journal: Journal, months: int, kept_from: str) -> None:
    edge = datetime.fromisoformat(kept_from).replace(tzinfo=UTC)
    old, new = new_outlet(), new_outlet()
    fill(journal, old, edge - 3 * HOUR)
    fill(journal, new, edge)
    pruned = prune(journal, NOON, months)
    assert (pruned["sessions"], pruned["half_hours"], pruned["decisions"], pruned["availability"]) == (1, 4, 1, 0)
    assert counts(journal, old) == (0, 0, 0)
    assert counts(journal, new) == (1, 4, 1)


def test_a_vehicle_that_never_left_keeps_its_session(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(a_session(outlet, NOON - timedelta(days=2_000)))
    prune(journal, NOON)
    assert len(journal.open_sessions()) == 1


@pytest.mark.requirement("O9")
def test_availability_is_kept_for_seven_years(journal: Journal) -> None:
    outlet = new_outlet()
    for years in (8, 6):
        journal.write(ConditionSeen(outlet=outlet, at=NOON - timedelta(days=365 * years), condition=Condition.OFFLINE))
    assert prune(journal, NOON)["availability"] == 1


def test_another_sites_records_are_left_by_pruning(store: Store, journal: Journal) -> None:
    outlet = new_outlet()
    fill(journal, outlet, NOON - timedelta(days=3_000))
    prune(new_journal(store), NOON)
    assert counts(journal, outlet) == (1, 4, 1)


@pytest.mark.requirement("S7.2")
def test_all_of_a_charge_point_is_erased(journal: Journal) -> None:
    outlet, other = new_outlet(), new_outlet()
    fill(journal, outlet)
    fill(journal, other, NOON + 9 * HOUR)
    journal.write(a_sale())
    erased = erase(journal, Erasure(charge_points=frozenset({outlet.charge_point})))
    rows = {"sessions": 1, "half_hours": 4, "decisions": 1, "dsr_events": 0, "availability": 1, "anonymised": 0}
    assert erased.rows == rows
    assert erased.is_complete
    assert counts(journal, outlet) == (0, 0, 0)
    assert counts(journal, other) == (1, 4, 1)
    assert len(journal.register.entries()) == 1
    assert journal.security.verify().count == 2


@pytest.mark.requirement("S7.2")
@pytest.mark.parametrize(
    "erasure", [Erasure(tags=frozenset({" 04a2b3c4"})), Erasure(names=frozenset({"ADA LOVELACE"}))]
)
def test_a_persons_energy_stays_as_nobodys(journal: Journal, erasure: Erasure) -> None:
    outlet, other = new_outlet(), new_outlet()
    fill(journal, outlet)
    journal.write(a_session(other, tag="99999999", who="Charles Babbage"))
    assert erase(journal, erasure).rows["anonymised"] == 1
    left = journal.session(outlet, NOON)
    assert left is not None
    assert (left.tag, left.who, left.import_wh) == (None, None, 7_000)
    kept = journal.session(other, NOON)
    assert kept is not None
    assert (kept.tag, kept.who) == ("99999999", "Charles Babbage")


@pytest.fixture
def alone(tmp_path: Path) -> Journal:
    """A journal with a file of its own."""
    return new_journal(Store.at_path(tmp_path / "records.db"))


PERSON = Erasure(tags=frozenset({"04A2B3C4"}), names=frozenset({"Ada Lovelace", "Émile"}))


@pytest.mark.requirement("S7.2")
def test_no_byte_of_a_person_is_left_in_any_file(alone: Journal) -> None:
    path = alone.store.path
    assert path is not None
    for day in range(200):
        fill(alone, new_outlet(), NOON + timedelta(days=day))
    before = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert b"04A2B3C4" in before
    erased = erase(alone, PERSON)
    after = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert not {word for word in (b"04A2B3C4", b"Ada Lovelace") if word in after}
    assert erased.is_complete
    assert erased.out_of_reach == ()
    alone.store.close()


@pytest.mark.requirement("S7.2")
def test_what_another_connection_put_back_is_found(alone: Journal) -> None:
    outlet = new_outlet()
    fill(alone, outlet)
    whole = Erasure(charge_points=frozenset({outlet.charge_point}), tags=PERSON.tags, names=PERSON.names)
    assert {remnant.where for remnant in find_remnants(alone, whole)} == {
        "sessions", "half_hours", "decisions", "availability", "records.db-wal",
    }  # fmt: skip
    erase(alone, whole)
    journal = new_journal(alone.store)
    journal.write(a_session(new_outlet(), who="Mr Émile Zola"))
    assert "sessions" in {remnant.where for remnant in find_remnants(alone, whole)}
    alone.store.close()


@pytest.mark.requirement("S7.2")
@pytest.mark.requirement("14.1")
def test_the_register_of_sales_is_named_as_kept_by_law(journal: Journal) -> None:
    name = f"Ada {journal.site}"
    journal.write(a_sale(buyer=name), a_session(new_outlet(), who=name))
    erased = erase(journal, Erasure(names=frozenset({name})))
    assert [(remnant.where, remnant.is_kept_by_law) for remnant in erased.remnants] == [("sales", True)]
    assert erased.is_complete


def test_a_damaged_file_set_aside_counts_as_left(alone: Journal, tmp_path: Path) -> None:
    (tmp_path / "other.db").write_bytes(b"")
    alone.store.close()
    assert alone.store.path is not None
    set_aside(alone.store.path, NOON)
    anew = new_journal(Store.at_path(alone.store.path))
    assert not erase(anew, Erasure(charge_points=frozenset({"x"}))).is_complete
    anew.store.close()


def test_a_file_that_cannot_be_searched_says_so(alone: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(LedgerUnreachable, match="Permission denied"):
        list(find_remnants(alone, PERSON))
    alone.store.close()


def test_what_no_search_can_see_is_named(journal: Journal) -> None:
    journal.write(a_session(new_outlet(), tag="A1"), a_session(new_outlet(), tag="XA1X"))
    erased = erase(journal, Erasure(tags=frozenset({"a1", " "})))
    assert erased.rows["anonymised"] == 1
    assert erased.out_of_reach == (("database_server",) if journal.store.path is None else ("short_words",))


@pytest.mark.requirement("S7.2")
def test_what_waits_to_be_written_is_forgotten_too(journal: Journal) -> None:
    outlet, other, buffer = new_outlet(), new_outlet(), Buffer()
    decision = DecisionRecord(outlet=outlet, at=NOON, setpoint_a=6.0, reason="r", source="s")
    kept = SecurityEvent(at=NOON, kind="k")
    buffer.add(a_session(outlet), decision, a_session(other, who="ada lovelace"), a_session(other, NOON + HOUR), kept)
    erasure = Erasure(charge_points=frozenset({outlet.charge_point}), names=PERSON.names)
    assert buffer.forget(erasure.is_personal) == 3
    assert buffer.flush(journal).written == 2


def test_erasing_while_somebody_reads_still_empties_the_file(alone: Journal) -> None:
    fill(alone, new_outlet())
    assert alone.store.path is not None
    reader = sqlite3.connect(alone.store.path)
    reader.execute("SELECT count(*) FROM sessions").fetchone()
    assert erase(alone, PERSON).is_complete
    reader.close()
    alone.store.close()
