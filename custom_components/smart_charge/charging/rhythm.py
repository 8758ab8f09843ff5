"""How often a grid meter speaks, from when it has spoken: what counts as late, and which meter is too slow."""

from dataclasses import dataclass
from datetime import datetime

from .grid_meter import STALE_AFTER_S

_REMEMBERED = 30
_KNOWN_FROM = 10
_SLOW_FROM = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Rhythm:
    """The last times between two reports of one sensor, in seconds, the latest last."""

    heard_at: datetime | None = None
    gaps_s: tuple[float, ...] = ()

    def heard(self, at: datetime) -> Rhythm:
        """Return the rhythm with one more report. A clock that was set back begins anew."""
        if self.heard_at is None or at < self.heard_at:
            return Rhythm(heard_at=at)
        gap_s = (at - self.heard_at).total_seconds()
        return Rhythm(heard_at=at, gaps_s=(*self.gaps_s, gap_s)[-_REMEMBERED:])

    @property
    def interval_s(self) -> float | None:
        """The longest usual time between two reports; None until it is known.

        An outage is no interval. Of an uneven meter the longest gap counts, so that it is not called lost for
        being uneven.
        """
        usual = [gap_s for gap_s in self.gaps_s if gap_s <= STALE_AFTER_S]
        return max(usual) if len(usual) >= _KNOWN_FROM else None

    @property
    def is_too_slow(self) -> bool:
        """Whether it mostly speaks too seldom to guard a supply."""
        slow = sum(gap_s > STALE_AFTER_S for gap_s in self.gaps_s)
        return len(self.gaps_s) >= _SLOW_FROM and slow > len(self.gaps_s) / 2
