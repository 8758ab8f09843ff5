"""Databases that the records were in before the owner named another: fetched from, asked, and erased in. Blocks."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from ..const import LOGGER
from ..records.errors import LedgerError
from ..records.journal import Journal
from ..records.moving import move
from ..records.remnants import Erasure, Remnant
from ..records.retention import Erased, erase, together
from ..records.store import Store

type InStore = Callable[[Store], Journal]
"""What makes our journal of an open database."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A database: the file of this home where ``url`` is None. ``id`` is its own, by whatever address it is reached."""

    url: str | None = None
    id: str | None = None

    @property
    def plain(self) -> dict[str, str | None]:
        """As it is stored."""
        return {"url": self.url, "id": self.id}

    @property
    def name(self) -> str | None:
        """By which a person knows a server's database, without the password; None for the file."""
        if self.url is None:
            return None
        try:
            parsed = make_url(self.url)
        except ArgumentError, ValueError:
            return "PostgreSQL"
        return f"{parsed.host or 'localhost'}/{parsed.database or ''}"


def place_from(plain: Any) -> Place:
    """Return a place from what was stored; what cannot be read is the file."""
    stored = plain if isinstance(plain, dict) else {}
    return Place(url=stored.get("url") or None, id=stored.get("id") or None)


def plain_places(places: Iterable[Place]) -> list[dict[str, str | None]]:
    """Return places as they are stored."""
    return [place.plain for place in places]


@contextmanager
def opened(place: Place, path: Path, in_store: InStore) -> Iterator[Journal | None]:
    """Lend what is at a place; None for a file that is not there.

    Raises:
        LedgerError: it cannot be opened.
    """
    if place.url is None and not path.exists():
        yield None
        return
    store = Store.at_path(path) if place.url is None else Store.at_url(place.url)
    try:
        yield in_store(store)
    finally:
        store.close()


def fetched(
    places: Iterable[Place], here: Journal, here_id: str | None, path: Path, in_store: InStore
) -> tuple[Place, ...]:
    """Move the records from these places to where they are kept now; returns those that cannot be reached."""
    return tuple(place for place in places if not _is_fetched(place, here, here_id, path, in_store))


def _is_fetched(place: Place, here: Journal, here_id: str | None, path: Path, in_store: InStore) -> bool:
    if place.id is not None and place.id == here_id:
        return True
    try:
        with opened(place, path, in_store) as left:
            moved = {} if left is None else move(left, here)
    except LedgerError as err:
        LOGGER.warning("The records left in %s cannot be fetched now: %s", place.name or path.name, type(err).__name__)
        return False
    if any(moved.values()):
        LOGGER.info("Records were fetched from %s: %s", place.name or path.name, moved)
    return True


def asked[AnswerT](
    places: Iterable[Place], question: Callable[[Journal], AnswerT], path: Path, in_store: InStore
) -> list[AnswerT]:
    """Return what the records that were left answer, where they can be read."""
    answers = []
    for place in places:
        try:
            with opened(place, path, in_store) as left:
                if left is not None:
                    answers.append(question(left))
        except LedgerError as err:
            LOGGER.warning("The records left in %s cannot be read: %s", place.name or path.name, type(err).__name__)
    return answers


def erased_in(places: Iterable[Place], erasure: Erasure, path: Path, in_store: InStore) -> Erased:
    """Erase in the databases that were left; one that cannot be reached counts as a remnant."""
    done = Erased(rows={})
    for place in places:
        name = place.name or path.name
        try:
            with opened(place, path, in_store) as left:
                here = Erased(rows={}) if left is None else erase(left, erasure)
        except LedgerError as err:
            LOGGER.warning("The records left in %s cannot be erased: %s", name, type(err).__name__)
            here = Erased(rows={}, remnants=[Remnant(where=name, count=1)])
        done = together(done, here)
    return done
