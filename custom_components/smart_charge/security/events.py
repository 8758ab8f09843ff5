"""The security events there are, what each carries, and how many of a kind are written one by one (S10.1, S10.2)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final


class Kind(StrEnum):
    """What may be found in the security log."""

    # Calls of strangers
    UNKNOWN_CHARGE_POINT = "unknown_charge_point"
    WRONG_PASSWORD = "wrong_password"  # noqa: S105  what happened, not a password
    NO_SUBPROTOCOL = "no_subprotocol"
    BAD_HANDSHAKE = "bad_handshake"
    ID_CONFLICT = "id_conflict"
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    # What a charge point says
    CHARGE_POINT_REPORT = "charge_point_report"
    TAMPERING = "tampering"
    TAG_REFUSED = "tag_refused"
    # What the meter shows
    METER_ALARM = "meter_alarm"
    # What people do
    METER_ALARM_SEEN_TO = "meter_alarm_seen_to"
    ACTION_REFUSED = "action_refused"
    OVERRIDE_REFUSED = "override_refused"
    SETTINGS_CHANGED = "settings_changed"
    CHARGE_POINT_ADDED = "charge_point_added"
    CHARGE_POINT_REMOVED = "charge_point_removed"
    PASSWORD_RENEWED = "password_renewed"  # noqa: S105  what happened, not a password
    SAFETY_LOCK = "safety_lock"
    TAG_LISTED = "tag_listed"
    TAG_REMOVED = "tag_removed"
    DIRECT_COMMAND = "direct_command"
    DATA_EXPORTED = "data_exported"
    DATA_DELETED = "data_deleted"
    # What befalls the records themselves
    RECORDS_SET_ASIDE = "records_set_aside"
    LOG_BROKEN = "log_broken"
    LOG_ACCEPTED = "log_accepted"
    CLOCK_WENT_BACK = "clock_went_back"
    REPEATED = "repeated"


_CALL: Final = frozenset({"charge_point", "charge_point_id", "address", "port", "version", "said"})

CARRIES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.UNKNOWN_CHARGE_POINT: _CALL,
    Kind.WRONG_PASSWORD: _CALL,
    Kind.NO_SUBPROTOCOL: _CALL,
    Kind.BAD_HANDSHAKE: _CALL,
    Kind.ID_CONFLICT: _CALL,
    Kind.TOO_MANY_ATTEMPTS: _CALL,
    Kind.CHARGE_POINT_REPORT: frozenset({"charge_point", "type"}),
    Kind.TAMPERING: frozenset({"charge_point", "type"}),
    Kind.TAG_REFUSED: frozenset({"charge_point", "tag", "status"}),
    Kind.METER_ALARM: frozenset({"charge_point", "danger", "drawn_a", "allowed_a"}),
    Kind.METER_ALARM_SEEN_TO: frozenset({"user_id", "charge_point", "danger"}),
    Kind.ACTION_REFUSED: frozenset({"user_id", "action"}),
    Kind.OVERRIDE_REFUSED: frozenset({"user_id", "charge_point", "reason"}),
    Kind.SETTINGS_CHANGED: frozenset({"user_id", "charge_point", "settings"}),
    Kind.CHARGE_POINT_ADDED: frozenset({"user_id", "charge_point", "protocol"}),
    Kind.CHARGE_POINT_REMOVED: frozenset({"user_id", "charge_point", "protocol"}),
    Kind.PASSWORD_RENEWED: frozenset({"user_id", "charge_point"}),
    Kind.SAFETY_LOCK: frozenset({"user_id", "charge_point", "is_on"}),
    Kind.TAG_LISTED: frozenset({"user_id", "tag", "status", "expires_at"}),
    Kind.TAG_REMOVED: frozenset({"user_id", "tag"}),
    Kind.DIRECT_COMMAND: frozenset({"user_id", "charge_point", "action", "outcome"}),
    Kind.DATA_EXPORTED: frozenset({"user_id", "what", "since", "until"}),
    Kind.DATA_DELETED: frozenset({"user_id", "charge_points", "everything", "rows", "left"}),
    Kind.RECORDS_SET_ASIDE: frozenset({"last_number", "last_digest"}),
    Kind.LOG_BROKEN: frozenset({"at_number", "reason"}),
    Kind.LOG_ACCEPTED: frozenset({"user_id", "up_to_number"}),
    Kind.CLOCK_WENT_BACK: frozenset({"seconds", "last_seen_at"}),
    Kind.REPEATED: frozenset({"what", "count", "first_at", "last_at"}),
}
"""The details of each kind. Names of people, tags and addresses among them are written as pseudonyms."""

CAUSED_OUTSIDE: Final = frozenset({
    Kind.UNKNOWN_CHARGE_POINT, Kind.WRONG_PASSWORD, Kind.NO_SUBPROTOCOL, Kind.BAD_HANDSHAKE, Kind.ID_CONFLICT,
    Kind.TOO_MANY_ATTEMPTS, Kind.CHARGE_POINT_REPORT, Kind.TAMPERING, Kind.TAG_REFUSED,
})  # fmt: skip
"""Kinds that somebody who is not of the household can cause as often as they like."""

WINDOW: Final = timedelta(hours=1)
MOST_FROM_OUTSIDE: Final = 10
MOST_FROM_INSIDE: Final = 60
"""So many of one kind are written one by one within a `WINDOW`; what comes on top is counted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Happening:
    """One thing to write down. ``at`` is aware UTC.

    Raises:
        ValueError: it carries a detail that its kind does not have, or its instant is not UTC.
    """

    kind: Kind
    at: datetime
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if unknown := self.detail.keys() - CARRIES[self.kind]:
            raise ValueError(f"{self.kind} does not carry {sorted(unknown)}")
        if self.at.tzinfo is not UTC:
            raise ValueError(f"{self.kind} is not told in UTC")


@dataclass(kw_only=True, slots=True)
class _Window:
    """What one kind has done lately."""

    since: datetime
    room: int
    count: int = 0
    first_at: datetime
    last_at: datetime


class Throttle:
    """Lets few enough happenings through that nobody can push the older ones out of the log by making noise.

    After an hour with too many of a kind the next one begins with room for one, so that noise that lasts
    costs two entries an hour: one as it was, and one that says how many there were.
    """

    def __init__(self) -> None:
        self._windows: dict[Kind, _Window] = {}

    def admit(self, happening: Happening) -> Iterator[Happening]:
        """Yield what shall be written now that this has happened."""
        kind, at = happening.kind, happening.at
        yield from self._ended(kind, at)
        window = self._windows.get(kind)
        if window is None:
            window = self._windows[kind] = _Window(since=at, room=_most(kind), first_at=at, last_at=at)
        if window.room > 0:
            window.room -= 1
            yield happening
            return
        window.first_at = at if window.count == 0 else window.first_at
        window.last_at = at
        window.count += 1

    def due(self, now: datetime) -> Iterator[Happening]:
        """Yield the sums of what was only counted, once their hour is over."""
        for kind in list(self._windows):
            yield from self._ended(kind, now)

    def close(self, now: datetime) -> Iterator[Happening]:
        """Yield all sums, for nothing more will be heard."""
        for kind, window in self._windows.items():
            if window.count:
                yield _sum(kind, window, now)
        self._windows.clear()

    def _ended(self, kind: Kind, now: datetime) -> Iterator[Happening]:
        window = self._windows.get(kind)
        if window is None or timedelta(0) <= now - window.since < WINDOW:
            return
        del self._windows[kind]
        if window.count:
            self._windows[kind] = _Window(since=now, room=1, first_at=now, last_at=now)
            yield _sum(kind, window, now)


def _most(kind: Kind) -> int:
    return MOST_FROM_OUTSIDE if kind in CAUSED_OUTSIDE else MOST_FROM_INSIDE


def _sum(kind: Kind, window: _Window, now: datetime) -> Happening:
    detail = {
        "what": kind.value,
        "count": window.count,
        "first_at": window.first_at.isoformat(timespec="seconds"),
        "last_at": window.last_at.isoformat(timespec="seconds"),
    }
    return Happening(kind=Kind.REPEATED, at=now, detail=detail)
