"""Instants on the wire: always written the one way, read in whatever way they come (quirks Q23 to Q26)."""

from datetime import UTC, datetime, timedelta
import re

from ..charger import Clock
from .memory import Memory

EARLIEST = datetime(2020, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
SLACK = timedelta(seconds=5)
"""Clocks are corrected, and some messages bear no time: so much out of order is no queue."""

QUARTER = timedelta(minutes=15)
MOST_QUARTERS = 14 * 4
"""No time zone is further from UTC."""

_PATTERN = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?\s*", re.IGNORECASE
)


def write(instant: datetime, *, whole_seconds: bool = False) -> str:
    """UTC with milliseconds and ``Z``: some charge points parse nothing else."""
    text = instant.astimezone(UTC).isoformat(timespec="seconds" if whole_seconds else "milliseconds")
    return text.replace("+00:00", "Z")


def read(text: object) -> datetime | None:
    """Return an instant, aware UTC; None when it cannot be read. No zone means UTC."""
    if not isinstance(text, str) or (found := _PATTERN.fullmatch(text[:64])) is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = found.groups()
    try:
        instant = datetime(
            int(year), int(month), int(day), int(hour), int(minute), min(int(second or 0), 59), tzinfo=UTC
        )
        return instant + timedelta(microseconds=int((fraction or "0")[:6].ljust(6, "0"))) - _offset(zone)
    except ValueError, OverflowError:
        return None


def _offset(zone: str | None) -> timedelta:
    if zone is None or zone in "Zz":
        return timedelta()
    digits = zone[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


class Watermark:
    """Tells news from what was queued: what is older than the newest seen is not live.

    A clock that was set back looks the same, so that a third old message in a row is believed.
    """

    BELIEVED = 3

    def __init__(self) -> None:
        self.newest: datetime | None = None
        self._old_in_a_row = 0

    def is_news(self, at: datetime) -> bool:
        """Whether this may move what is live; then it is the newest."""
        if self.newest is not None and at < self.newest:
            self._old_in_a_row += 1
            if self._old_in_a_row < self.BELIEVED and self.newest - at > SLACK:
                return False
        self._old_in_a_row = 0
        self.newest = at
        return True


class PeerClock:
    """One charge point's clock, which may be unset, or run on local time marked as UTC.

    What was learnt of it is stored: what was queued while we were restarted comes before it can be learnt again.
    """

    AGREE = 3
    """As many live messages in a row must show the same offset before it is believed."""

    def __init__(self, clock: Clock, memory: Memory) -> None:
        self._clock = clock
        self._memory = memory
        quarters = memory.section("clock").get("quarters")
        self.offset = (
            QUARTER * quarters if isinstance(quarters, int) and abs(quarters) <= MOST_QUARTERS else timedelta()
        )
        self.untrusted = 0
        self._seen: timedelta | None = None
        self._times = 0

    def instant(self, text: object) -> datetime:
        """When it was, by our clock; now if what it says cannot be."""
        now = self._clock()
        stated = read(text)
        if stated is None or stated < EARLIEST:
            self.untrusted += 1
            return now
        if stated > now + self.offset + AHEAD:
            self.untrusted += 1
            return now
        return min(stated - self.offset, now)

    def learn(self, text: object) -> None:
        """Compare a live message's time with ours: an offset of whole quarter hours is a time zone."""
        stated = read(text)
        if stated is None or stated < EARLIEST:
            return
        ahead = stated - self._clock()
        offset = QUARTER * round(ahead / QUARTER)
        if abs(offset) > MOST_QUARTERS * QUARTER or abs(ahead - offset) > timedelta(seconds=90):
            self._seen, self._times = None, 0
            return
        self._times = self._times + 1 if offset == self._seen else 1
        self._seen = offset
        if self._times >= self.AGREE:
            self.offset = offset
            self._memory.section("clock")["quarters"] = offset // QUARTER
