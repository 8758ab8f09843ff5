"""A chain of entries in which no single one can be changed, lost, added or moved unseen (S10.1).

Each entry's digest is SHA-256 over the previous digest and the entry as canonical JSON.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
import hashlib
import json
from typing import Any, Final

GENESIS: Final = "0" * 64


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An event as it stands in the log."""

    number: int
    at: datetime
    kind: str
    detail: str
    event_id: str
    previous: str
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """The last entry's number and digest: what to keep elsewhere as an anchor."""

    number: int
    digest: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a check of the chain found. ``broken_at`` is the first number that is not as it was written."""

    count: int
    broken_at: int | None = None
    reason: str | None = None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed."""
        return self.broken_at is None


def verify_chain(site: str, entries: Iterable[Entry], first: int | None = None, previous: str | None = None) -> Verdict:
    """Check entries in order; they must begin with the number ``first`` and follow the digest ``previous``."""
    count, expected = 0, first
    for entry in entries:
        if expected is not None and entry.number != expected:
            return Verdict(count=count, broken_at=expected, reason="an entry is missing")
        if entry.previous != (previous if previous is not None else GENESIS if entry.number == 1 else entry.previous):
            return Verdict(count=count, broken_at=entry.number, reason="it does not follow the one before")
        if entry.digest != _digest_again(site, entry):
            return Verdict(count=count, broken_at=entry.number, reason="it was changed")
        count, expected, previous = count + 1, entry.number + 1, entry.digest
    return Verdict(count=count)


def read_export(text: str) -> Iterator[Entry]:
    """Yield the entries of an export, so that it can be checked without the database."""
    for line in filter(None, text.split("\n")):
        plain = json.loads(line)
        yield Entry(**plain | {"at": datetime.fromisoformat(plain["at"]), "detail": canonical(plain["detail"])})


def digest_of(site: str, previous: str, *, number: int, at: datetime, kind: str, detail: str, event_id: str) -> str:
    """Return an entry's digest."""
    said = {"site": site, "number": number, "at": iso(at), "kind": kind, "detail": detail, "event_id": event_id}
    return hashlib.sha256((previous + canonical(said)).encode()).hexdigest()


def _digest_again(site: str, entry: Entry) -> str:
    return digest_of(
        site,
        entry.previous,
        number=entry.number,
        at=entry.at,
        kind=entry.kind,
        detail=entry.detail,
        event_id=entry.event_id,
    )


def canonical(value: Any) -> str:
    """JSON with sorted names, no blanks and nothing but ASCII: one text for one value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def iso(at: datetime) -> str:
    """Return an instant as the chain spells it: UTC, to the microsecond."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
