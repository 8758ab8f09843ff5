"""Keep what could not be written, and write it later, in order, nothing twice (DESIGN section 5).

`add` never blocks and never fails: the loop may call it. `flush` blocks: run it in an executor. When
the database is away for so long that the buffer fills, sessions lose detail before anything is lost.
"""

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, replace
from threading import Lock
from typing import Final

from .availability import LONGEST_SILENCE
from .energy import half_hour_of
from .errors import LedgerError, WriteRejected
from .journal import Journal, Record
from .values import ConditionSeen, SessionRecord

MOST_RECORDS: Final = 10_000
_AT_ONCE: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Flushed:
    """How a flush went.

    Attributes:
        written, waiting: records put on disk by it, and still in memory.
        error: why some still wait; None when none do.
        rejected: why records were given up that the database would never take.
    """

    written: int
    waiting: int
    error: LedgerError | None = None
    rejected: tuple[WriteRejected, ...] = ()


class Buffer:
    """Records on their way to the database."""

    def __init__(self, *, most_records: int = MOST_RECORDS) -> None:
        self._most_records = most_records
        self._waiting: list[Record] = []
        self._in_flight: list[Record] = []
        self._lock = Lock()
        self._flushing = Lock()
        self._lost = 0

    @property
    def lost(self) -> int:
        """How many records there was no room for since the start."""
        return self._lost

    @property
    def waiting(self) -> list[Record]:
        """What is not written yet, in its order."""
        with self._lock:
            return [*self._in_flight, *self._waiting]

    def __len__(self) -> int:
        return len(self._in_flight) + len(self._waiting)

    def add(self, *records: Record) -> None:
        """Take records in; they are written by the next `flush`."""
        with self._lock:
            self._waiting.extend(records)
            self._make_room()

    def flush(self, journal: Journal) -> Flushed:
        """Write what waits, in order, as far as the database lets us."""
        written, at_once = 0, _AT_ONCE
        rejected: list[WriteRejected] = []
        error: LedgerError | None = None
        with self._flushing:
            while error is None and self._take(at_once):
                try:
                    written += journal.write(*self._in_flight)
                except WriteRejected as err:
                    if len(self._in_flight) == 1:
                        rejected.append(err)
                    else:
                        self._put_back()
                    at_once = 1  # until the one at fault is found
                except LedgerError as err:
                    self._put_back()
                    error = err
                except BaseException:
                    self._put_back()
                    raise
                else:
                    at_once = min(at_once * 2, _AT_ONCE)
                self._in_flight = []
            return Flushed(written=written, waiting=len(self), error=error, rejected=tuple(rejected))

    def forget(self, is_personal: Callable[[Record], bool]) -> int:
        """Drop what must not be written any more; returns how many records that were. Waits for a flush to end."""
        with self._flushing, self._lock:
            kept = [record for record in self._waiting if not is_personal(record)]
            dropped = len(self._waiting) - len(kept)
            self._waiting = kept
        return dropped

    def _take(self, count: int) -> bool:
        with self._lock:
            self._in_flight, self._waiting = self._waiting[:count], self._waiting[count:]
        return bool(self._in_flight)

    def _put_back(self) -> None:
        with self._lock:
            self._waiting = self._in_flight + self._waiting
            self._in_flight = []
            self._make_room()

    def _make_room(self) -> None:
        if len(self._waiting) > self._most_records:
            self._waiting = thinned(self._waiting)
        if (excess := len(self._waiting) - self._most_records) > 0:
            self._lost += excess
            del self._waiting[:excess]


def thinned(records: Collection[Record]) -> list[Record]:
    """Leave out what a later record says again: one state of a session per half-hour, one span per condition.

    The sums stay exact, as a session's state holds all that it has gained.
    """
    kept: dict[Hashable, Record] = {}
    current: dict[Hashable, tuple[Hashable, ConditionSeen]] = {}
    for place, record in enumerate(records):
        if isinstance(record, SessionRecord):
            key: Hashable = (record.outlet, record.plugged_in_at, half_hour_of(record.seen_at))
            kept.pop(key, None)  # the later one takes its own place in the order
            kept[key] = record
        elif isinstance(record, ConditionSeen):
            known = current.get(record.outlet)
            merged = None if known is None else _merged(known[1], record)
            key = place if known is None or merged is None else known[0]
            kept[key] = record if merged is None else merged
            current[record.outlet] = (key, kept[key])  # type: ignore[assignment]
        else:
            kept[place] = record
    return list(kept.values())


def _merged(before: ConditionSeen, after: ConditionSeen) -> ConditionSeen | None:
    """Return both sights of an outlet as one; None when its condition changed or nobody looked in between."""
    began_at = after.since_at or after.at
    if before.condition is not after.condition or began_at - before.at > LONGEST_SILENCE:
        return None
    return replace(after, since_at=before.since_at or before.at)
