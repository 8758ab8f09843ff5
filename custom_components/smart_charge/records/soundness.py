"""Is a database ours, and whole? Asked when it is opened, and every night. Blocks."""

from sqlalchemy import Connection, inspect, select

from .errors import LedgerDamaged, LedgerError, LedgerServerFault
from .tables import metadata, places, versions


def require_ours(connection: Connection, schema: str | None) -> None:
    """See that a database without a version of ours is empty, so that ours may be made in it.

    Raises:
        LedgerError: there are tables of somebody else's, or of ours without their version.
    """
    if names := inspect(connection).get_table_names(schema=schema):
        whose = "its version is missing" if versions.name in names else "it has the tables of another program"
        raise _fault(connection, whose)


def require_tables(connection: Connection, schema: str | None) -> None:
    """See that all our tables are there, with all their columns.

    Raises:
        LedgerError: something is missing.
    """
    found = {
        name: {column["name"] for column in columns}
        for (_, name), columns in inspect(connection).get_multi_columns(schema=schema).items()
    }
    for table in metadata.sorted_tables:
        if table.name not in found:
            raise _fault(connection, f"the table {table.name} is missing")
        if missing := {column.name for column in table.columns} - found[table.name]:
            raise _fault(connection, f"{table.name} lacks {', '.join(sorted(missing))}")
    if connection.execute(select(places.c.id)).first() is None:
        raise _fault(connection, "its own id is missing")


def require_whole_file(connection: Connection) -> None:
    """See that the pages of a SQLite file fit together. A server keeps watch over its own.

    Raises:
        LedgerDamaged: they do not.
    """
    if connection.dialect.name != "sqlite":
        return
    said = connection.exec_driver_sql("PRAGMA quick_check(1)").scalars().all()
    if said != ["ok"]:
        raise LedgerDamaged(str(said[0]).strip().splitlines()[-1] if said else "it cannot be checked")


def _fault(connection: Connection, reason: str) -> LedgerError:
    return LedgerDamaged(reason) if connection.dialect.name == "sqlite" else LedgerServerFault(reason)
