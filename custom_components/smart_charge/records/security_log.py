"""The security log: append-only, hash-chained, UTC, without personal data (S10.1, S10.2, S7.2).

A changed, missing, added or moved entry breaks the chain; `head` may be kept elsewhere, so that even a chain
rewritten from the start, or cut short, is found out. When the log is full its oldest entries go, and
an entry says how many.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
import json
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, delete, func, insert, select, update

from .chain import GENESIS, Entry, Head, Verdict, canonical, digest_of, iso, verify_chain
from .pseudonyms import Pseudonyms
from .store import Store, upsert
from .tables import as_words, security_heads, security_log

MOST_BYTES: Final = 4_000_000
"""When the details of a site's entries exceed this, the oldest half goes."""

_LONGEST_DETAIL: Final = 4_000
_ROTATED: Final = "log_rotated"


@dataclass(frozen=True, kw_only=True, slots=True)
class SecurityEvent:
    """Something that somebody may one day have to explain. ``event_id`` lets it be written once only.

    ``names_nobody``: its details are pseudonyms already, and would be others if they were made such again.
    """

    at: datetime
    kind: str
    detail: Mapping[str, Any] = field(default_factory=dict)
    event_id: str = field(default_factory=lambda: str(uuid4()))
    names_nobody: bool = False


def nameless(event: SecurityEvent, pseudonyms: Pseudonyms) -> SecurityEvent:
    """Return an event as it may be written anywhere: whom it tells of, under the pseudonyms that the log uses."""
    if event.names_nobody:
        return event
    kind, detail = as_words(pseudonyms.in_text(event.kind))[:64], pseudonyms.cleaned(event.detail)
    return replace(event, kind=kind, detail=detail, names_nobody=True)


class SecurityLog:
    """One site's log."""

    def __init__(self, store: Store, site: str, pseudonyms: Pseudonyms, *, most_bytes: int = MOST_BYTES) -> None:
        self._store = store
        self._site = site
        self._pseudonyms = pseudonyms
        self._most_bytes = most_bytes

    def append(self, connection: Connection, event: SecurityEvent) -> bool:
        """Write an event within a transaction; False when it is there already."""
        size = self._append(connection, event)
        if size is None:
            return False
        if size > self._most_bytes:
            self._drop_oldest(connection, event.at)
        return True

    def head(self) -> Head | None:
        """Return the anchor; None while the log is empty."""
        with self._store.read() as connection:
            row = connection.execute(select(security_heads).where(security_heads.c.site == self._site)).one_or_none()
        return None if row is None else Head(number=row.number, digest=row.digest)

    def entries(self, since: datetime | None = None, until: datetime | None = None) -> list[Entry]:
        """Return the entries of a period, oldest first."""
        wanted = select(security_log).where(security_log.c.site == self._site).order_by(security_log.c.number)
        if since is not None:
            wanted = wanted.where(security_log.c.at >= since)
        if until is not None:
            wanted = wanted.where(security_log.c.at < until)
        with self._store.read() as connection:
            return [_to_entry(row) for row in connection.execute(wanted)]

    def word_for(self, value: str) -> str:
        """Return the word that stands for a person or an address in this log."""
        return self._pseudonyms.of(value)

    def verify(self, anchor: Head | None = None, *, accepted: Head | None = None) -> Verdict:
        """Find the first entry that is not as it was written.

        ``anchor`` is an earlier `head`, kept elsewhere. ``accepted`` is one behind which nothing is checked any more,
        because somebody has looked at what is broken there.
        """
        with self._store.read() as connection:
            head = connection.execute(select(security_heads).where(security_heads.c.site == self._site)).one_or_none()
            wanted = select(security_log).where(security_log.c.site == self._site).order_by(security_log.c.number)
            if accepted is not None:
                wanted = wanted.where(security_log.c.number > accepted.number)
            rows = connection.execute(wanted)
            entries = [_to_entry(row) for row in rows]
        if head is None:
            is_empty = not entries and anchor is None
            return Verdict(count=0) if is_empty else _broken(entries, 1, "the record of the last entry is missing")
        if not all(isinstance(each, int) for each in (head.first_number, head.number, head.size)):
            return _broken(entries, 1, "the record of the last entry was changed")
        first = head.first_number if accepted is None else max(head.first_number, accepted.number + 1)
        before = None if accepted is None or accepted.number + 1 < first else accepted.digest
        verdict = verify_chain(self._site, entries, first=first, previous=before)
        if not verdict.is_whole:
            return verdict
        if not entries and accepted is not None and (accepted.number, accepted.digest) == (head.number, head.digest):
            return verdict
        last = entries[-1] if entries else None
        if last is None or (last.number, last.digest) != (head.number, head.digest):
            missing = head.first_number if last is None else last.number + 1
            return _broken(entries, missing, "the last entries are missing")
        if first == head.first_number > 1 and not any(_tells_of_rotation(entry, first) for entry in entries):
            return _broken(entries, first, "the entries before it are missing, and none says why")
        return _against_anchor(entries, anchor, first)

    def export(self) -> str:
        """Return the log as JSON lines, with all that another program needs to check the chain."""
        return "".join(
            json.dumps(
                {
                    "number": entry.number,
                    "at": iso(entry.at),
                    "kind": entry.kind,
                    "detail": plain_detail(entry),
                    "event_id": entry.event_id,
                    "previous": entry.previous,
                    "digest": entry.digest,
                },
                ensure_ascii=False,
            )
            + "\n"
            for entry in self.entries()
        )

    def _append(self, connection: Connection, event: SecurityEvent) -> int | None:
        """Write an entry and return the size of the log; None when it is there already."""
        head = self._locked_head(connection)
        is_known = select(security_log.c.number).where(
            security_log.c.site == self._site, security_log.c.event_id == event.event_id
        )
        if connection.execute(is_known).first() is not None:
            return None
        entry = self._chained(event, head.number + 1, head.digest)
        connection.execute(
            insert(security_log).values(
                site=self._site, number=entry.number, event_id=entry.event_id, at=entry.at, kind=entry.kind,
                detail=entry.detail, previous=entry.previous, digest=entry.digest,
            )
        )  # fmt: skip
        size: int = head.size + len(entry.detail)
        self._set_head(connection, number=entry.number, digest=entry.digest, size=size)
        return size

    def _chained(self, event: SecurityEvent, number: int, previous: str) -> Entry:
        event = nameless(event, self._pseudonyms)
        detail, kind = canonical(event.detail), event.kind
        if len(detail) > _LONGEST_DETAIL:
            detail = canonical({"cut_from": len(detail), "begins": detail[:_LONGEST_DETAIL]})
        at = event.at.astimezone(UTC)
        digest = digest_of(
            self._site, previous, number=number, at=at, kind=kind, detail=detail, event_id=event.event_id
        )
        return Entry(
            number=number, at=at, kind=kind, detail=detail, event_id=event.event_id, previous=previous, digest=digest
        )

    def _locked_head(self, connection: Connection) -> Any:
        fresh = {"site": self._site, "first_number": 1, "number": 0, "digest": GENESIS, "size": 0}
        connection.execute(upsert(connection, security_heads).values(**fresh).on_conflict_do_nothing())
        mine = select(security_heads).where(security_heads.c.site == self._site)
        head = connection.execute(mine.with_for_update()).one()
        is_known = isinstance(head.number, int) and head.number > 0 and isinstance(head.size, int)
        return head if is_known else self._head_found(connection) or head

    def _head_found(self, connection: Connection) -> Any:
        """Where the record of the last entry was taken away, go on behind the last entry: none may be refused."""
        entries = security_log.c.site == self._site
        newest = select(security_log).where(entries).order_by(security_log.c.number.desc()).limit(1)
        if (last := connection.execute(newest).one_or_none()) is None:
            return None
        first = connection.execute(select(func.min(security_log.c.number)).where(entries)).scalar_one()
        self._set_head(connection, first_number=first, number=last.number, digest=last.digest, size=0)
        return connection.execute(select(security_heads).where(security_heads.c.site == self._site)).one()

    def _set_head(self, connection: Connection, **facts: Any) -> None:
        connection.execute(update(security_heads).where(security_heads.c.site == self._site).values(**facts))

    def _drop_oldest(self, connection: Connection, at: datetime) -> None:
        """Let the older half go, and say so in the log itself."""
        mine = security_log.c.site == self._site
        numbers = connection.execute(select(security_log.c.number).where(mine).order_by(security_log.c.number))
        kept_from = (found := list(numbers.scalars()))[len(found) // 2]
        connection.execute(delete(security_log).where(mine, security_log.c.number < kept_from))
        size = connection.execute(select(func.sum(func.length(security_log.c.detail))).where(mine)).scalar()
        self._set_head(connection, first_number=kept_from, size=int(size or 0))
        self._append(
            connection,
            SecurityEvent(at=at, kind=_ROTATED, detail={"dropped": len(found) // 2, "first_number": kept_from}),
        )


def plain_detail(entry: Entry) -> dict[str, Any]:
    """Return what an entry tells; the text itself where somebody has made it unreadable."""
    try:
        detail = json.loads(entry.detail)
    except ValueError:
        detail = None
    return detail if isinstance(detail, dict) else {"unreadable": entry.detail}


def _tells_of_rotation(entry: Entry, first: int) -> bool:
    return entry.kind == _ROTATED and plain_detail(entry).get("first_number") == first


def _against_anchor(entries: list[Entry], anchor: Head | None, first: int) -> Verdict:
    if anchor is None or (anchor.number, anchor.digest) == (first - 1, entries[0].previous):
        return Verdict(count=len(entries))
    if anchor.number < first:
        return _broken(entries, first, "the entry that was anchored is missing")
    if anchor.number > entries[-1].number:
        return _broken(entries, entries[-1].number + 1, "entries up to the anchor are missing")
    if entries[anchor.number - first].digest != anchor.digest:
        return _broken(entries, anchor.number, "it is not the entry that was anchored")
    return Verdict(count=len(entries))


def _broken(entries: list[Entry], number: int, reason: str) -> Verdict:
    return Verdict(count=len(entries), broken_at=number, reason=reason)


def _to_entry(row: Any) -> Entry:
    return Entry(
        number=row.number, at=row.at, kind=str(row.kind), detail=str(row.detail),
        event_id=str(row.event_id), previous=str(row.previous), digest=str(row.digest),
    )  # fmt: skip
