"""Tags that start a charge, and what may be done with them."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from hashlib import sha256

MAX_LENGTH = 20
"""An idToken in OCPP 1.6 has at most this many characters."""


class TagStatus(StrEnum):
    """What we know of a tag."""

    ACCEPTED = "accepted"
    BLOCKED = "blocked"
    EXPIRED = "expired"
    INVALID = "invalid"


def fold(tag: str) -> str:
    """Return the form in which tags are compared: some charge points pad them or change their case (quirk Q60)."""
    return tag.strip(" \t\r\n\x00").casefold()


def local_list(own: Iterable[str], known: Mapping[str, TagStatus], limit: int | None) -> dict[str, TagStatus]:
    """Say what the charge point shall know without us: our own tags first, then the known ones that fit."""
    entries = dict.fromkeys(sorted(own), TagStatus.ACCEPTED)
    ours = {fold(tag) for tag in entries}
    entries |= {
        tag: status for tag, status in sorted(known.items()) if fold(tag) not in ours and len(tag) <= MAX_LENGTH
    }
    return dict(list(entries.items())[: max(1, limit)]) if limit is not None else entries


def digest(entries: Iterable[tuple[str, TagStatus]]) -> str:
    """Tells one list from another without keeping the tags."""
    return sha256(repr(list(entries)).encode()).hexdigest()[:16]
