"""Who writes as a site: one run of one Home Assistant, so that a copy restored from its backup is found out. Blocks.

A backup holds the site's id, and two that have it would end each other's sessions and erase each other's records. Every
run therefore signs in by a word that no other knows; the next run of the same home knows that of the one before.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, select, update

from .errors import LedgerShared
from .store import Store, upsert
from .tables import reports, writers

RIVAL_FOR: Final = timedelta(days=1)
"""One that has not tried to write for so long is no rival any more."""


def sign_in(store: Store, site: str, run: str, known: Collection[str], now: datetime) -> None:
    """Begin to write as a site; ``known`` are the words of this home's earlier runs.

    Raises:
        LedgerShared: another home has signed in since. It is told that somebody tried.
    """
    with store.write() as connection:
        fresh = upsert(connection, writers).values(site=site, run=run, seen_at=now)
        connection.execute(fresh.on_conflict_do_nothing())
        row = connection.execute(select(writers).where(_is(site)).with_for_update()).one()
        is_ours = row.run == run or row.run in known
        _set(connection, _is(site), **({"run": run, "seen_at": now} if is_ours else {"rival_at": now}))
    if not is_ours:
        raise _shared(row.seen_at)


def stay_in(store: Store, site: str, run: str, now: datetime) -> bool:
    """See that nobody else has signed in; returns whether another home tries to.

    Raises:
        LedgerShared: another has. It is told that somebody tried.
    """
    with store.write() as connection:
        row = connection.execute(select(writers).where(_is(site)).with_for_update()).one_or_none()
        if is_ours := row is not None and row.run == run:
            _set(connection, _is(site), seen_at=now)
        else:
            _set(connection, _is(site), rival_at=now)
    if not is_ours:
        raise _shared(now if row is None else row.seen_at)
    return row is not None and _has_rival(row, now)


def require_ours(store: Store, site: str, known: Collection[str], now: datetime) -> None:
    """See that what a site has here is this home's to take away or to erase, though it writes elsewhere by now.

    Raises:
        LedgerShared: another home writes it, or tries to.
    """
    with store.read() as connection:
        row = connection.execute(select(writers).where(_is(site))).one_or_none()
    if row is not None and (row.run not in known or _has_rival(row, now)):
        raise _shared(row.seen_at)


def take_over(store: Store, site: str, run: str, now: datetime) -> None:
    """Be the one that writes as a site: the other has been told to stop, or is no more."""
    with store.write() as connection:
        facts: dict[str, Any] = {"run": run, "seen_at": now, "rival_at": None}
        statement = upsert(connection, writers).values(site=site, **facts)
        connection.execute(statement.on_conflict_do_update(index_elements=["site"], set_=facts))


def part(store: Store, site: str, run: str, own: str) -> None:
    """Leave a site to the other home, and go on under an id of our ``own``, which has reported what that one had."""
    with store.write() as connection:
        connection.execute(delete(writers).where(and_(_is(site), writers.c.run == run)))
        _set(connection, _is(site), rival_at=None)
        columns = [column for column in reports.c if column is not reports.c.site]
        written = connection.execute(select(*columns).where(reports.c.site == site)).mappings().all()
        if written:
            copied = [dict(row) | {"site": own} for row in written]
            connection.execute(upsert(connection, reports).on_conflict_do_nothing(), copied)


def _is(site: str) -> ColumnElement[bool]:
    return writers.c.site == site


def _set(connection: Connection, which: ColumnElement[bool], **facts: Any) -> None:
    connection.execute(update(writers).where(which).values(**facts))


def _has_rival(row: Row[Any], now: datetime) -> bool:
    """Whether another has tried lately. One of its clocks may be wrong, so an instant far ahead is not lately."""
    return row.rival_at is not None and abs(now - row.rival_at) < RIVAL_FOR


def _shared(seen_at: datetime) -> LedgerShared:
    return LedgerShared(f"last seen {seen_at:%Y-%m-%d %H:%M} UTC")
