"""What is kept and for how long (O5), and what erasing erases (S7.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, and_, delete, select, update

from .availability import outlet_ids
from .journal import Journal
from .periods import midnight, months_back
from .remnants import OF_PEOPLE, Erasure, Remnant, find_remnants, out_of_reach
from .tables import as_words, availability, decisions, dsr_events, half_hours, sales, sessions

MONTHS_AT_HOME: Final = 13
"""The preceding twelve months are always whole (9.3)."""

MONTHS_FOR_ORCS: Final = 38
"""Three years, and the quarter in which they are reported (O5)."""

MONTHS_OF_AVAILABILITY: Final = 85
"""Seven years and a month (O9). It says nothing of a person."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """What was erased, in rows by table, and what a search found afterwards.

    ``out_of_reach`` names what no search of ours can see: `remnants.out_of_reach`.
    """

    rows: Mapping[str, int]
    remnants: Sequence[Remnant] = ()
    out_of_reach: Sequence[str] = ()

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left but what the law asks to keep."""
        return all(remnant.is_kept_by_law for remnant in self.remnants)


def prune(journal: Journal, now: datetime, months: int = MONTHS_AT_HOME) -> dict[str, int]:
    """Delete what is older than it need be; returns rows by table. Meant for every night."""
    today = now.astimezone(UTC).date()
    oldest = midnight(months_back(today, months), UTC)
    oldest_availability = midnight(months_back(today, MONTHS_OF_AVAILABILITY), UTC)
    with journal.store.write() as connection:
        mine = outlet_ids(connection, journal.site)
        is_old = {
            sessions: and_(~sessions.c.is_open, sessions.c.seen_at < oldest),
            half_hours: half_hours.c.starts_at < oldest,
            decisions: decisions.c.at < oldest,
            dsr_events: dsr_events.c.end_at < oldest,
            availability: availability.c.ended_at < oldest_availability,
        }
        counts = {
            table.name: connection.execute(delete(table).where(table.c.outlet_id.in_(mine), which)).rowcount
            for table, which in is_old.items()
        }
        return counts | {sales.name: journal.register.drop_expired(connection, today)}


def erase(journal: Journal, erasure: Erasure) -> Erased:
    """Erase, give the space back, and search for what is left.

    Of a charge point: its sessions, half-hours, decisions and availability. Of tags and names: the words
    themselves; the energy stays, as nobody's. Untouched: the register of sales, and the security log,
    which holds pseudonyms only. First drop what waits: ``buffer.forget(erasure.is_personal)``.
    """
    with journal.store.write() as connection:
        rows = _erase_charge_points(connection, journal.site, erasure) | _erase_words(connection, journal.site, erasure)
    journal.store.give_back_space(*OF_PEOPLE, availability)
    remnants = tuple(find_remnants(journal, erasure))
    return Erased(rows=rows, remnants=remnants, out_of_reach=tuple(out_of_reach(journal.store, erasure)))


def together(one: Erased, other: Erased) -> Erased:
    """Return what was erased in two databases as one."""
    rows = {name: one.rows.get(name, 0) + other.rows.get(name, 0) for name in {**one.rows, **other.rows}}
    reach = tuple(dict.fromkeys((*one.out_of_reach, *other.out_of_reach)))
    return Erased(rows=rows, remnants=(*one.remnants, *other.remnants), out_of_reach=reach)


def _erase_charge_points(connection: Connection, site: str, erasure: Erasure) -> dict[str, int]:
    mine = outlet_ids(connection, site, sorted(erasure.charge_points))
    return {
        table.name: connection.execute(delete(table).where(table.c.outlet_id.in_(mine))).rowcount
        for table in (*OF_PEOPLE, availability)
    }


def _erase_words(connection: Connection, site: str, erasure: Erasure) -> dict[str, int]:
    """Take tags and names off the sessions of all charge points; a tag goes with its name."""
    folded = {as_words(word).casefold() for word in erasure.words}
    mine = sessions.c.outlet_id.in_(outlet_ids(connection, site))
    count = 0
    for column in (sessions.c.tag, sessions.c.who):
        held = connection.execute(select(column).distinct().where(mine, column.is_not(None))).scalars().all()
        theirs = [value for value in held if value.strip().casefold() in folded]
        done = connection.execute(update(sessions).where(mine, column.in_(theirs)).values(tag=None, who=None))
        count += done.rowcount
    return {"anonymised": count}
