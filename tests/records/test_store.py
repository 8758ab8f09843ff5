from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
import os
from pathlib import Path
import signal
import sqlite3
import subprocess
import sys

import pytest
from sqlalchemy import Connection, create_engine, inspect, text

from custom_components.smart_charge.records import errors
from custom_components.smart_charge.records.migrations import STEPS
from custom_components.smart_charge.records.store import Store, files_of, set_aside

from .ledger import NOON, a_session, new_journal, new_outlet

LATER = NOON + timedelta(days=365)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Store]:
    store = Store.at_path(path, busy_s=0.05)
    yield store
    store.close()


@pytest.mark.requirement("S4.1")
def test_only_the_owner_may_read_the_files(opened: Store, path: Path) -> None:
    new_journal(opened).write(a_session(new_outlet()))
    assert {file.name: oct(file.stat().st_mode & 0o777) for file in files_of(path)} == {
        "records.db": "0o600",
        "records.db-wal": "0o600",
        "records.db-shm": "0o600",
    }


def test_a_file_that_others_could_read_is_closed_to_them(path: Path) -> None:
    path.touch(0o644)
    path.chmod(0o644)
    Store.at_path(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_sqlite_is_set_for_power_cuts(opened: Store) -> None:
    with opened.read() as connection:
        told = {name: connection.execute(text(f"PRAGMA {name}")).scalar() for name in ("journal_mode", "synchronous",
                "foreign_keys", "secure_delete")}  # fmt: skip
    assert told == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_what_was_written_is_there_when_opened_again(opened: Store, path: Path) -> None:
    journal, session = new_journal(opened, site="home"), a_session(new_outlet())
    journal.write(session)
    opened.close()
    again = Store.at_path(path)
    assert new_journal(again, site="home").open_sessions() == [session]
    again.close()


def test_a_locked_database_says_so(opened: Store, path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as other, other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.LedgerLocked, match="locked"):
            new_journal(opened).write(a_session(new_outlet()))
        other.execute("ROLLBACK")
    other.close()


def test_a_full_database_says_so(opened: Store) -> None:
    with opened.write() as connection:
        pages = connection.execute(text("PRAGMA page_count")).scalar()
        connection.execute(text(f"PRAGMA max_page_count={pages}"))
    with pytest.raises(errors.LedgerFull):
        new_journal(opened).write(*(a_session(new_outlet(), tag="x" * 250) for _ in range(100)))


def test_a_read_only_database_says_so(opened: Store) -> None:
    with opened.read() as connection:
        connection.execute(text("PRAGMA query_only=ON"))
    with pytest.raises(errors.LedgerReadOnly):
        new_journal(opened).write(a_session(new_outlet()))


def test_a_file_that_is_no_database_says_so(path: Path) -> None:
    path.write_bytes(b"not a database, but long enough to be read as one" * 100)
    with pytest.raises(errors.LedgerDamaged):
        Store.at_path(path)


def test_a_damaged_page_says_so(opened: Store, path: Path) -> None:
    journal = new_journal(opened)
    journal.write(*(a_session(new_outlet(), tag="x" * 200) for _ in range(500)))
    opened.close()
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)  # behind the schema, which opening reads
        file.write(b"\xff" * (size - size // 2))
    again = Store.at_path(path)
    with pytest.raises(errors.LedgerDamaged):
        again.look_over()
    with pytest.raises(errors.LedgerDamaged):
        new_journal(again, site=journal.site).sessions(NOON, LATER)
    again.close()


def test_nothing_is_made_in_the_database_of_another_program(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE states (id INTEGER)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(errors.LedgerDamaged, match="another program"):
        Store.at_path(path)
    with closing(sqlite3.connect(path)) as other, other:
        assert other.execute("SELECT name FROM sqlite_master").fetchall() == [("states",)]
    other.close()
    assert len(path.read_bytes()) == len(before)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DROP TABLE decisions", "the table decisions is missing"),
        ("DELETE FROM smart_charge_version", "its version is missing"),
        ("DELETE FROM smart_charge_place", "its own id is missing"),
        ("ALTER TABLE sessions DROP COLUMN priced_wh", "sessions lacks priced_wh"),
    ],
)
def test_tables_that_somebody_has_taken_a_part_of_say_so(opened: Store, path: Path, statement: str, said: str) -> None:
    opened.close()
    with closing(sqlite3.connect(path)) as other, other:
        other.execute(statement)
    other.close()
    with pytest.raises(errors.LedgerDamaged, match=said):
        Store.at_path(path)


@pytest.mark.parametrize("ending", ["", "-wal"])
def test_a_folder_in_place_of_a_file_can_be_set_aside(path: Path, ending: str) -> None:
    path.with_name(path.name + ending).mkdir()
    with pytest.raises(errors.LedgerDamaged, match="is a folder"):
        Store.at_path(path)
    set_aside(path, NOON)
    Store.at_path(path).close()


def test_whoever_looks_at_the_file_from_outside_leaves_its_log_alone(opened: Store, path: Path) -> None:
    """The last to close a database deletes its log; who asks whether there is another must see that we are here."""
    new_journal(opened).write(a_session(new_outlet()))
    assert opened.is_in_place
    visit = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT 1 FROM sessions'); c.close()"
    subprocess.run([sys.executable, "-c", visit, path], check=True, timeout=30)
    assert opened.is_in_place


def test_a_damaged_database_can_be_set_aside_for_a_new_one(path: Path) -> None:
    path.write_bytes(b"damaged")
    aside = set_aside(path, NOON)
    assert aside.name == "records.db.damaged-20261121T120000Z"
    Store.at_path(path).close()
    assert aside in files_of(path)


def test_what_is_not_there_cannot_be_set_aside(path: Path) -> None:
    with pytest.raises(errors.LedgerUnreachable, match="cannot be moved"):
        set_aside(path, NOON)


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(errors.LedgerUnreachable, match="unable to open"):
        Store.at_path(tmp_path / "nowhere" / "records.db")


@pytest.mark.parametrize("url", ["sqlite:///x", "mysql://u@h/d", "nonsense", "postgresql+psycopg://h:port/d", ""])
def test_a_url_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(errors.LedgerMisaddressed):
        Store.at_url(url)


def test_without_its_driver_postgresql_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(errors.LedgerMisaddressed, match="psycopg"):
        Store.at_url("postgresql+psycopg://u@h/d")


@pytest.mark.requirement("S4.1")
def test_a_server_that_is_away_says_so_without_the_password(postgresql_url: str, tmp_path: Path) -> None:
    with pytest.raises(errors.LedgerUnreachable) as raised:
        Store.at_url(f"postgresql+psycopg://postgres:hunter22@/postgres?host={tmp_path}")
    assert "hunter22" not in str(raised.value)


def test_a_table_that_postgresql_may_only_read_says_so(postgresql_url: str) -> None:
    store = Store.at_url(postgresql_url)
    with pytest.raises(errors.LedgerReadOnly), store.read() as connection:
        connection.execute(text("DELETE FROM sessions"))
    store.close()


def test_the_tables_keep_apart_from_others_on_the_server(postgresql_url: str) -> None:
    for _ in range(2):
        Store.at_url(postgresql_url).close()
    engine = create_engine(postgresql_url)
    with engine.connect() as connection:
        assert inspect(connection).get_table_names(schema="public") == []
        assert "sessions" in inspect(connection).get_table_names(schema="smart_charge")
    engine.dispose()


def test_an_error_names_no_values(store: Store) -> None:
    journal = new_journal(store)
    with pytest.raises(errors.WriteRejected) as raised:
        journal.write(a_session(new_outlet(), import_wh=2**90, tag="04A2B3C4"))
    assert "04A2B3C4" not in str(raised.value)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", errors.LedgerFull),
        ("25006", errors.LedgerReadOnly),
        ("42501", errors.LedgerReadOnly),
        ("55P03", errors.LedgerLocked),
        ("40P01", errors.LedgerLocked),
        ("XX001", errors.LedgerServerFault),
        ("58030", errors.LedgerServerFault),
        ("53200", errors.LedgerServerFault),
        ("3F000", errors.LedgerReadOnly),
        ("23505", errors.WriteRejected),
        ("57P03", errors.LedgerUnreachable),
        (None, errors.LedgerUnreachable),
    ],
)
def test_what_postgresql_says_is_told_apart(state: str | None, kind: type[errors.LedgerError]) -> None:
    class DriverError(Exception):
        sqlstate = state

    assert type(errors.translate(DriverError("why\nDETAIL: Anna"))) is kind
    assert "Anna" not in str(errors.translate(DriverError("why\nDETAIL: Anna")))


def columns_of(connection: Connection) -> dict[str, list[str]]:
    inspector = inspect(connection)
    return {table: [str(column) for column in inspector.get_columns(table)] for table in inspector.get_table_names()}


def test_opening_twice_changes_nothing(opened: Store) -> None:
    with opened.read() as connection:
        before = columns_of(connection)
    opened.migrate()
    with opened.read() as connection:
        assert columns_of(connection) == before


NEXT = max(STEPS) + 1


def a_further_step(connection: Connection) -> None:
    connection.execute(text("ALTER TABLE sessions ADD COLUMN colour VARCHAR"))


def test_a_step_is_taken_once(opened: Store) -> None:
    steps = {**STEPS, NEXT: a_further_step}
    opened.migrate(steps)
    opened.migrate(steps)
    with opened.read() as connection:
        assert connection.execute(text("SELECT version FROM smart_charge_version")).all() == [(NEXT,)]


def test_a_step_that_fails_leaves_the_tables_as_they_were(opened: Store, path: Path) -> None:
    def half_a_step(connection: Connection) -> None:
        a_further_step(connection)
        connection.execute(text("ALTER TABLE nowhere ADD COLUMN colour VARCHAR"))

    with pytest.raises(errors.LedgerError):
        opened.migrate({**STEPS, NEXT: half_a_step})
    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert connection.execute(text("SELECT version FROM smart_charge_version")).all() == [(max(STEPS),)]
        assert not any("colour" in column for column in columns_of(connection)["sessions"])
    engine.dispose()


def test_tables_of_a_later_version_are_left_alone(opened: Store) -> None:
    opened.migrate({**STEPS, NEXT: a_further_step})
    with pytest.raises(errors.LedgerTooNew, match=f"version {NEXT}"):
        opened.migrate()


KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from datetime import timedelta
from custom_components.smart_charge.records.store import Store
from tests.records.ledger import NOON, a_session, new_journal
from custom_components.smart_charge.records.values import OutletKey
journal = new_journal(Store.at_path(Path(sys.argv[1])), site="home")
outlet = OutletKey(charge_point="cp")
for step in range(100_000):
    journal.write(a_session(outlet, minutes=step, import_wh=step * 100))
    print(step, flush=True)
"""


@pytest.mark.requirement("7.2")
@pytest.mark.parametrize("after", [3, 11, 29])
def test_a_kill_loses_nothing_that_was_written(path: Path, after: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, path, Path(__file__).parents[2]], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if int(line) >= after:
            break
    os.kill(process.pid, signal.SIGKILL)
    rest = process.stdout.read().split()
    process.wait()
    process.stdout.close()
    last_said = int(rest[-1]) if rest and rest[-1].isdigit() else after
    store = Store.at_path(path)
    journal = new_journal(store, site="home")
    (session,) = journal.open_sessions()
    assert session.import_wh in (last_said * 100, (last_said + 1) * 100)  # written, and killed before it could say so
    assert journal.usage(NOON, LATER).import_wh == session.import_wh
    store.close()
