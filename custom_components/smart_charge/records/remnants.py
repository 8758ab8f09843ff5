"""Look for what erasing has left (S7.2): in every table, and in the bytes of every file of the database."""

from collections.abc import Iterator
from dataclasses import dataclass
import json
import mmap
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Text, func, or_, select

from .availability import outlet_ids
from .errors import LedgerUnreachable
from .journal import Journal, Record
from .store import Store, files_of
from .tables import Words, as_words, availability, decisions, dsr_events, half_hours, metadata, sales, sessions
from .values import ConditionSeen, DecisionRecord, EventRecord, SessionRecord

OF_PEOPLE: Final = (sessions, half_hours, decisions, dsr_events)
"""The tables that tell of somebody's comings and goings."""

_SHORTEST: Final = 4
"""A shorter word is found in any file by chance."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """Whose data goes: all of some charge points, and some people's tags and names wherever they are."""

    charge_points: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()

    @property
    def words(self) -> frozenset[str]:
        """The tags and names, without blanks around them."""
        return frozenset(word.strip() for word in self.tags | self.names if word.strip())

    def __or__(self, other: Erasure) -> Erasure:
        """Return what either names."""
        return Erasure(
            charge_points=self.charge_points | other.charge_points,
            tags=self.tags | other.tags,
            names=self.names | other.names,
        )

    def is_personal(self, record: Record) -> bool:
        """Whether a record that still waits to be written is part of it."""
        if isinstance(record, SessionRecord):
            said = {(record.tag or "").casefold(), (record.who or "").casefold()}
            has_word = not said.isdisjoint({word.casefold() for word in self.words})
            return has_word or record.outlet.charge_point in self.charge_points
        if isinstance(record, DecisionRecord | EventRecord | ConditionSeen):
            return record.outlet.charge_point in self.charge_points
        return False


@dataclass(frozen=True, kw_only=True, slots=True)
class Remnant:
    """Something that is still there after erasing. ``is_kept_by_law``: in the register of sales (14.1)."""

    where: str
    count: int
    is_kept_by_law: bool = False


def find_remnants(journal: Journal, erasure: Erasure) -> Iterator[Remnant]:
    """Yield every place in which something of an erasure is still found."""
    with journal.store.read() as connection:
        mine = outlet_ids(connection, journal.site, sorted(erasure.charge_points))
        for table in (*OF_PEOPLE, availability):
            wanted = select(func.count()).select_from(table).where(table.c.outlet_id.in_(mine))
            if count := connection.execute(wanted).scalar_one():
                yield Remnant(where=table.name, count=count)
        in_tables = list(_in_tables(connection, erasure.words))
    yield from in_tables
    if journal.store.path is not None:
        is_sold = any(remnant.is_kept_by_law for remnant in in_tables)  # the file holds the register too
        yield from _in_files(journal.store.path, frozenset() if is_sold else erasure.words)


def out_of_reach(store: Store, erasure: Erasure) -> Iterator[str]:
    """Yield what no search of ours can see: ``short_words`` in files, ``database_server`` logs and copies."""
    if store.path is None:
        yield "database_server"
    elif any(len(word) < _SHORTEST for word in erasure.words):
        yield "short_words"


def _in_tables(connection: Connection, words: frozenset[str]) -> Iterator[Remnant]:
    for table in metadata.sorted_tables:
        columns = [column for column in table.columns if isinstance(column.type, Words | Text)]
        if not columns or not words:
            continue
        is_there = or_(*(_holds(column, word) for column in columns for word in words))
        if count := connection.execute(select(func.count()).select_from(table).where(is_there)).scalar_one():
            yield Remnant(where=table.name, count=count, is_kept_by_law=table is sales)


def _holds(column: Column[Any], word: str) -> ColumnElement[bool]:
    """Whether a column holds a word, in any of the spellings that it may have there."""
    if len(word) < _SHORTEST:
        return or_(*(column == spelling for spelling in _spellings(word)))
    return or_(*(column.contains(spelling, autoescape=True) for spelling in _spellings(word)))


def _spellings(word: str) -> list[str]:
    plain = as_words(word)
    cases = {plain, plain.lower(), plain.upper(), plain.casefold()}
    return sorted(cases | {json.dumps(case)[1:-1] for case in cases})


def _in_files(path: Path, words: frozenset[str]) -> Iterator[Remnant]:
    """Yield the files that hold a word anywhere, and those that were set aside as damaged."""
    needles = [spelling.encode() for word in words if len(word) >= _SHORTEST for spelling in _spellings(word)]
    for file in files_of(path):
        if file.name.endswith("-shm"):  # numbers of pages only, and to close it would let go of SQLite's locks
            continue
        if ".damaged-" in file.name or _has_any(file, needles):
            yield Remnant(where=file.name, count=1)


def _has_any(file: Path, needles: list[bytes]) -> bool:
    try:
        if not needles or file.stat().st_size == 0:
            return False
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return any(content.find(needle) >= 0 for needle in needles)
    except OSError as err:
        raise LedgerUnreachable(f"A file of the records cannot be searched: {err.strerror}") from err
