"""The database that keeps the records: a SQLite file here, or PostgreSQL by URL (DESIGN section 5).

Everything blocks: run it in an executor. A transaction is all or nothing, and on disk when it returns.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
import os
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from .errors import LedgerDamaged, LedgerMisaddressed, LedgerReadOnly, LedgerUnreachable, translated
from .file_watch import FileWatch
from .migrations import SCHEMA, STEPS, Step, migrate
from .soundness import require_whole_file
from .tables import places

BUSY_S: Final = 5.0
"""How long a statement waits for a lock."""

_POSTGRESQL_OPTIONS: Final = (
    f"-c search_path={SCHEMA} -c statement_timeout=30s -c lock_timeout={BUSY_S:.0f}s -c timezone=UTC"
)
_WRITES: Final = "smart_charge_writes"


class Store:
    """An open database, and transactions on it."""

    def __init__(self, engine: Engine, path: Path | None) -> None:
        self._engine = engine
        self.path = path
        self._watch: FileWatch | None = None

    @classmethod
    def at_path(cls, path: Path, *, busy_s: float = BUSY_S) -> Self:
        """Open or make the SQLite file, for the owner's eyes only.

        Raises:
            LedgerError: it cannot be opened, written, migrated or understood.
        """
        _make_private(path)
        if path.exists() and not os.access(path, os.W_OK):  # SQLite would open it, and find out at the first write
            raise LedgerReadOnly(f"{path.name} may not be written")
        engine = create_engine(
            URL.create("sqlite", database=str(path)),
            connect_args={"timeout": busy_s, "check_same_thread": False},
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        store = cls(engine, path)
        store.migrate()
        store.watch_file()
        return store

    @classmethod
    def at_url(cls, url: str) -> Self:
        """Open the tables on the PostgreSQL server named by a ``postgresql+psycopg`` URL.

        Raises:
            LedgerMisaddressed: the URL is of another kind, or ``psycopg`` is not installed.
            LedgerError: as `at_path`.
        """
        try:
            parsed = make_url(url)
            if parsed.drivername not in {"postgresql", "postgresql+psycopg"}:
                raise LedgerMisaddressed("The URL does not begin with postgresql+psycopg://")
            if "@" in (parsed.host or ""):  # the end of a password, which the driver would say aloud
                raise LedgerMisaddressed("An @ within the name or the password must be written as %40")
            engine = _engine_of_server(parsed)
        except (ArgumentError, ValueError) as err:
            raise LedgerMisaddressed("The URL of the records cannot be understood") from err
        except ImportError as err:
            raise LedgerMisaddressed("psycopg, which speaks to PostgreSQL, is not installed") from err
        store = cls(engine, None)
        store.migrate()
        return store

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still the one that was opened: SQLite would go on writing to one that is no more."""
        if self.path is None:
            return True
        has_log = self.path.with_name(f"{self.path.name}-wal").exists()
        return has_log and self._watch is not None and self._watch.is_in_place

    def watch_file(self) -> None:
        """Know the file again later.

        Raises:
            LedgerUnreachable: it has gone since it was opened.
        """
        if self.path is None:
            return
        try:
            self._watch = FileWatch(self.path)
        except OSError as err:
            self.close()
            raise LedgerUnreachable(f"{self.path.name} cannot be opened: {err.strerror}") from err

    def look_over(self) -> None:
        """See that the file is whole.

        Raises:
            LedgerDamaged: it is not, though some of it can be read and written.
            LedgerError: it cannot be read now.
        """
        with self.read() as connection:
            require_whole_file(connection)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Raise what the driver says as one of ours. SQLite has one word for all that a disk can refuse."""
        try:
            with translated():
                yield
        except LedgerUnreachable as err:
            if (folder := _folder_for_file(self.path)) is not None:
                raise LedgerDamaged(f"{folder.name} is a folder") from err
            if (file := _unwritable(self.path)) is not None:
                raise LedgerReadOnly(f"{file.name or file} may not be written") from err
            raise

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Lend a connection for one transaction: on disk when the block ends, undone when it raises."""
        with self._translated(), self._engine.connect() as connection:
            connection.execution_options(**{_WRITES: True})
            with connection.begin():
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Lend a connection that sees one state of the database throughout."""
        with self._translated(), self._engine.connect() as connection:
            if self.path is None:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            with connection.begin():
                yield connection

    def place(self) -> str:
        """Return the database's own id, which it keeps by whatever address it is reached."""
        with self.read() as connection:
            return str(connection.execute(select(places.c.id)).scalar_one())

    def freeze(self) -> Callable[[], None]:
        """Put all that is written into the one file, which then stays as it is until the returned function is called.

        Meanwhile its log alone grows, so a copy of both is whole. Nothing to do on a server.
        """
        if self.path is None:
            return lambda: None
        with translated():
            reader = self._engine.connect()
            try:
                driver: Any = reader.connection.driver_connection
                driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                reader.execute(select(places.c.id)).scalar_one()  # who reads keeps the log from being written back
            except BaseException:
                reader.close()  # or what it holds would be held until Home Assistant ends
                raise
        return reader.close

    def give_back_space(self, *tables: Table) -> None:
        """Free what was deleted, so that no file keeps it longer than the database must."""
        with translated(), self._engine.connect() as connection:
            if self.path is None:
                connection.execution_options(isolation_level="AUTOCOMMIT")
                for table in tables:
                    connection.exec_driver_sql(f'VACUUM "{table.name}"')
                return
            driver: Any = connection.connection.driver_connection
            driver.execute("VACUUM")
            driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()
        if self._watch is not None:
            self._watch.close()

    def migrate(self, steps: Mapping[int, Step] = STEPS) -> None:
        """Bring the tables up to date, or leave them as they were; closes the database if that fails."""
        try:
            with self.write() as connection:
                migrate(connection, steps)
        except BaseException:
            self.close()
            raise


def upsert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Return an insert that can say what happens when the row is there already."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


def files_of(path: Path) -> list[Path]:
    """Return every file of a SQLite database that exists: itself, its companions, and those set aside."""
    companions = [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm", "-journal")]
    return [each for each in [*companions, *sorted(path.parent.glob(f"{path.name}.damaged-*"))] if each.exists()]


def set_aside(path: Path, at: datetime) -> Path:
    """Move a damaged database out of the way, so that a new one can begin; returns where it went.

    Raises:
        LedgerUnreachable: it cannot be moved.
    """
    aside = path.with_name(f"{path.name}.damaged-{at:%Y%m%dT%H%M%SZ}")
    try:
        path.rename(aside)
        for ending in ("-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                path.with_name(path.name + ending).rename(aside.with_name(aside.name + ending))
    except OSError as err:
        raise LedgerUnreachable(f"The damaged records cannot be moved: {err.strerror}") from err
    return aside


def _engine_of_server(url: URL) -> Engine:
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": 5, "options": _POSTGRESQL_OPTIONS},
        hide_parameters=True,
        pool_pre_ping=True,
    )
    from .patience import OVER_TCP, Patient  # noqa: PLC0415  psycopg is there only where a URL is set

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: list[Any], named: dict[str, Any]) -> Patient:
        return Patient.connect(*arguments, **{**OVER_TCP, **named})

    return engine


def _folder_for_file(path: Path | None) -> Path | None:
    """Return what is a folder, where the database or its log should be a file."""
    if path is None:
        return None
    return next((each for each in (path, path.with_name(f"{path.name}-wal")) if each.is_dir()), None)


def _unwritable(path: Path | None) -> Path | None:
    """Return which file of the database, or which folder, may be read only; None where that is not what is wrong."""
    if path is None:
        return None
    files = [path.with_name(path.name + ending) for ending in ("", "-wal", "-shm")]
    return next((each for each in (*files, path.parent) if each.exists() and not os.access(each, os.W_OK)), None)


def _make_private(path: Path) -> None:
    """Make the file before SQLite does: its companions take over its mode."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return  # SQLite will say what is wrong in its own words, and which of ours that is
    with suppress(OSError):
        os.fchmod(descriptor, 0o600)
    os.close(descriptor)


def _prepare_sqlite(driver: Any, _record: Any) -> None:
    driver.isolation_level = None  # transactions begin where we say: `_begin_sqlite`
    driver.execute("PRAGMA mmap_size=0")  # a page that cannot be read would end the process, not the statement
    driver.execute("PRAGMA journal_mode=WAL")
    driver.execute("PRAGMA synchronous=FULL")
    driver.execute("PRAGMA foreign_keys=ON")
    driver.execute("PRAGMA secure_delete=ON")


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at once where we will write: a reader that turns writer may not wait."""
    is_writer = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writer else "BEGIN")
