"""Move a site's records from one database to another: all of them, and none twice. Blocks.

The security log stays where it is: a chain of entries cannot be joined to another, and it holds no personal data.
A move that was cut short is begun again: what is there already is not counted a second time.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, RowMapping, Table, delete, insert, select, update

from .availability import outlet_ids
from .energy import half_hour_of
from .journal import Journal
from .outlets import outlet_id_of
from .session_writing import SUMS, take_back
from .store import upsert
from .tables import availability, decisions, dsr_events, half_hours, outlets, reports, sales, sessions, to_micro
from .values import OutletKey

_OF_OUTLETS: Final = (sessions, half_hours, decisions, dsr_events, availability)
_OF_SITE: Final = (sales, reports)

type Rows = list[dict[str, Any]]


def move(source: Journal, target: Journal) -> dict[str, int]:
    """Move everything but the security log; returns rows by table. Nothing, where both are one database.

    Raises:
        LedgerError: one of them cannot be read or written now; what was there is still there.
    """
    if source.store.place() == target.store.place():
        return {}
    with source.store.read() as connection:
        found = _read(connection, source.site)
    if not any(found.values()):
        return {}
    with target.store.write() as connection:
        _write(connection, target.site, found)
    with source.store.write() as connection:
        _delete(connection, source.site)
    source.store.give_back_space(*_OF_OUTLETS, *_OF_SITE)
    return {name: len(rows) for name, rows in found.items()}


def _read(connection: Connection, site: str) -> dict[str, Rows]:
    mine = outlet_ids(connection, site)
    wanted: dict[Table, ColumnElement[bool]] = {table: table.c.outlet_id.in_(mine) for table in _OF_OUTLETS}
    wanted |= {table: table.c.site == site for table in (outlets, *_OF_SITE)}
    return {
        table.name: [dict(row) for row in connection.execute(select(table).where(which)).mappings()]
        for table, which in wanted.items()
    }


def _delete(connection: Connection, site: str) -> None:
    mine = outlet_ids(connection, site)
    for table in _OF_OUTLETS:
        connection.execute(delete(table).where(table.c.outlet_id.in_(mine)))
    for table in (*_OF_SITE, outlets):
        connection.execute(delete(table).where(table.c.site == site))


def _write(connection: Connection, site: str, found: Mapping[str, Rows]) -> None:
    ids = {row["id"]: _outlet(connection, site, row) for row in found[outlets.name]}
    moved = {table: [row | {"outlet_id": ids[row["outlet_id"]]} for row in found[table.name]] for table in _OF_OUTLETS}
    halves = {(row["outlet_id"], row["starts_at"]): row for row in moved[half_hours]}
    _put_sessions(connection, moved[sessions], halves)
    _add_up(connection, halves.values())
    for table in (decisions, dsr_events, availability):
        _put(connection, table, moved[table])
    _put(connection, reports, found[reports.name])
    _put_sales(connection, site, found[sales.name])


def _outlet(connection: Connection, site: str, row: Mapping[str, Any]) -> int:
    """Return the number that an outlet has here, with what is known of it."""
    outlet_id = outlet_id_of(connection, site, OutletKey(charge_point=row["charge_point"], connector=row["connector"]))
    known = connection.execute(select(outlets).where(outlets.c.id == outlet_id)).mappings().one()
    facts = {name: row[name] for name in ("public_id", "rated_w", "operational_at") if known[name] is None}
    if known["rated_w"] is None:
        facts["is_dc"] = row["is_dc"]
    if facts:
        connection.execute(update(outlets).where(outlets.c.id == outlet_id).values(**facts))
    return outlet_id


def _put(connection: Connection, table: Table, rows: Rows) -> None:
    """Write rows; one that is there already stays as it is."""
    if rows:
        connection.execute(upsert(connection, table).on_conflict_do_nothing(), rows)


# Energy: the half-hours add up to the sessions, before and after


def _put_sessions(connection: Connection, rows: Rows, halves: dict[tuple[int, datetime], dict[str, Any]]) -> None:
    """Write sessions. Of one that both know the later state stays, and the energy of the other is taken back."""
    known = _known_sessions(connection, rows)
    fresh = []
    for row in rows:
        there = known.get((row["outlet_id"], row["plugged_in_at"]))
        if there is not None and there["seen_at"] >= row["seen_at"]:
            _take_out(halves, row)
            continue
        if there is not None:
            _take_back_all(connection, there)
            connection.execute(delete(sessions).where(
                sessions.c.outlet_id == row["outlet_id"], sessions.c.plugged_in_at == row["plugged_in_at"]
            ))  # fmt: skip
        fresh.append(row)
    _put(connection, sessions, fresh)


def _known_sessions(connection: Connection, rows: Rows) -> dict[tuple[int, datetime], RowMapping]:
    wanted = select(sessions).where(sessions.c.outlet_id.in_({row["outlet_id"] for row in rows}))
    return {(row["outlet_id"], row["plugged_in_at"]): row for row in connection.execute(wanted).mappings()}


def _take_back_all(connection: Connection, row: RowMapping) -> None:
    for name, excess in _totals(row).items():
        if excess > 0:
            take_back(connection, row["outlet_id"], name, excess, row["seen_at"])


def _take_out(halves: dict[tuple[int, datetime], dict[str, Any]], session: Mapping[str, Any]) -> None:
    """Take a session's energy out of half-hours that are not written yet, the newest first."""
    until = half_hour_of(session["seen_at"])
    mine = sorted(key for key in halves if key[0] == session["outlet_id"] and key[1] <= until)
    for name, excess in _totals(session).items():
        rest = excess
        for key in reversed(mine):
            taken = min(halves[key][name], rest)
            halves[key][name] -= taken
            rest -= taken


def _totals(session: Mapping[str, Any] | RowMapping) -> dict[str, int]:
    cost = 0 if session["cost"] is None else to_micro(session["cost"])
    return {name: cost if name == "cost_micro" else session[name] for name in SUMS}


def _add_up(connection: Connection, halves: Iterable[Mapping[str, Any]]) -> None:
    rows = [dict(row) for row in halves if any(row[name] for name in SUMS)]
    if not rows:
        return
    statement = upsert(connection, half_hours)
    sums: dict[str, Any] = {name: half_hours.c[name] + statement.excluded[name] for name in SUMS}
    either = half_hours.c.is_spread | statement.excluded.is_spread
    connection.execute(
        statement.on_conflict_do_update(index_elements=["outlet_id", "starts_at"], set_=sums | {"is_spread": either}),
        rows,
    )


def _put_sales(connection: Connection, site: str, rows: Rows) -> None:
    """Enter sales behind those that are there; an entry that corrects another is given that one's new number."""
    known = {
        row.entry_id: row.number
        for row in connection.execute(select(sales.c.entry_id, sales.c.number).where(sales.c.site == site))
    }
    last = max(known.values(), default=0)
    numbers: dict[int | None, int] = {}
    for row in sorted(rows, key=lambda each: each["number"]):
        if row["entry_id"] not in known:
            last += 1
            known[row["entry_id"]] = last
            corrects = numbers.get(row["corrects"], row["corrects"])
            connection.execute(insert(sales).values(**row | {"number": last, "corrects": corrects}))
        numbers[row["number"]] = known[row["entry_id"]]
