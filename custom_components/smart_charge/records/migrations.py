"""How the tables came to be as they are. Each step says what changed and why.

A new database gets today's tables at once; an older one takes the steps it lacks, all in one
transaction, so that a step that fails leaves what there was. A step is never edited after a release.
"""

from collections.abc import Callable, Mapping
from typing import Final
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, inspect, select

from .errors import LedgerTooNew
from .soundness import require_ours, require_tables
from .tables import claims, dsr_events, metadata, places, versions, writers

SCHEMA: Final = "smart_charge"
"""Our own on PostgreSQL: the names of our tables are too plain to share one with strangers."""

type Step = Callable[[Connection], None]


def _todays_tables(connection: Connection) -> None:
    """Sessions, half-hours, decisions, availability, security log, sales register, reports written."""
    metadata.create_all(connection)
    _own_id(connection)


def _events_behind_decisions(connection: Connection) -> None:
    """Name the demand response event that a decision follows (5.3); tell the sessions that nobody saw begin or end."""
    connection.exec_driver_sql("ALTER TABLE decisions ADD COLUMN event_id VARCHAR(64)")
    connection.exec_driver_sql("ALTER TABLE sessions ADD COLUMN is_recovered BOOLEAN DEFAULT FALSE NOT NULL")


def _dsr_events(connection: Connection) -> None:
    """Demand response events, with what was done in them and the energy they moved (5.3)."""
    dsr_events.create(connection, checkfirst=True)


def _energy_with_a_price(connection: Connection) -> None:
    """Keep how much energy a cost is of: a sum counted energy whose price nobody knew as free.

    A session that has a cost was priced whole until now, and so were its half-hours; one without had none in them.
    """
    for table in ("sessions", "half_hours"):
        connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN priced_wh BIGINT DEFAULT 0 NOT NULL")
    half_hour = "INTERVAL '30 minutes'" if connection.dialect.name == "postgresql" else "1800000000"
    connection.exec_driver_sql("UPDATE sessions SET priced_wh = import_wh WHERE cost IS NOT NULL")
    connection.exec_driver_sql(
        "UPDATE half_hours SET priced_wh = import_wh WHERE EXISTS (SELECT 1 FROM sessions"  # noqa: S608  no value in it
        " WHERE sessions.outlet_id = half_hours.outlet_id AND sessions.cost IS NOT NULL"
        f" AND sessions.plugged_in_at < half_hours.starts_at + {half_hour}"
        " AND COALESCE(sessions.unplugged_at, sessions.seen_at) > half_hours.starts_at)"
    )


def _accuracy(connection: Connection) -> None:
    """Keep with each session how far the meter's power was off against its register, and how sure that is (9.6)."""
    for column in ("compared_wh", "doubt_wh"):
        connection.exec_driver_sql(f"ALTER TABLE sessions ADD COLUMN {column} BIGINT")


def _own_id(connection: Connection) -> None:
    """Give the database an id of its own: records are moved to another one, never to the same by another name."""
    places.create(connection, checkfirst=True)
    if connection.execute(select(places.c.id)).first() is None:
        connection.execute(insert(places).values(id=uuid4().hex))


def _who_writes(connection: Connection) -> None:
    """Tell a site from a copy of it, and who announces a report; mark a stay that may have been several."""
    for table in (claims, writers):
        table.create(connection, checkfirst=True)
    connection.exec_driver_sql("ALTER TABLE sessions ADD COLUMN may_be_several BOOLEAN DEFAULT FALSE NOT NULL")


def _recovered_in_all(connection: Connection) -> None:
    """Tell recovered sessions apart where it was forgotten: the first databases of versions 2 and 3 could not."""
    schema = SCHEMA if connection.dialect.name == "postgresql" else None
    if "is_recovered" not in {column["name"] for column in inspect(connection).get_columns("sessions", schema=schema)}:
        connection.exec_driver_sql("ALTER TABLE sessions ADD COLUMN is_recovered BOOLEAN DEFAULT FALSE NOT NULL")


STEPS: Final[Mapping[int, Step]] = {
    1: _todays_tables,
    2: _events_behind_decisions,
    3: _dsr_events,
    4: _energy_with_a_price,
    5: _accuracy,
    6: _own_id,
    7: _who_writes,
    8: _recovered_in_all,
}
"""By the version that each one leads to."""


def migrate(connection: Connection, steps: Mapping[int, Step] = STEPS) -> int:
    """Bring the tables to the latest version; returns the version found, 0 for a new database.

    Raises:
        LedgerTooNew: the tables are of a version that we do not know.
        LedgerError: they are not ours, or not all there.
    """
    latest = max(steps)
    schema = SCHEMA if connection.dialect.name == "postgresql" else None
    if schema is not None:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7236217)")  # two that start at once take turns
        if not inspect(connection).has_schema(SCHEMA):
            connection.exec_driver_sql(f"CREATE SCHEMA {SCHEMA}")
    found = _version(connection)
    if found > latest:
        raise LedgerTooNew(f"The records are of version {found}, and this integration knows {latest}")
    if found == 0:
        require_ours(connection, schema)
        steps[min(steps)](connection)
    for version in sorted(version for version in steps if version > found > 0):
        steps[version](connection)
    if found < latest:
        connection.execute(delete(versions))
        connection.execute(insert(versions).values(version=latest))
    require_tables(connection, schema)
    return found


def _version(connection: Connection) -> int:
    if not inspect(connection).has_table(versions.name):
        return 0
    return connection.execute(select(func.max(versions.c.version))).scalar() or 0
