"""How often to ask for meter values: each second, unless a charge point has been seen to break of it (9.4).

Many take an interval of a second and then, once a vehicle charges, lose their link or restart every few
minutes: too little memory, or a modem that cannot keep up (OCPP notes A5, quirks Q19, Q34). Three links lost
within an hour, each while values were coming, and the next longer interval is asked for from then on. A flaky
network looks the same, so what was learnt is tried anew after a month, and by a new firmware.
"""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from ..charger import Clock
from .memory import Memory

INTERVALS_S: Final = (1, 5, 10, 30, 60)
SHORTEST_S: Final = INTERVALS_S[0]

LOSSES: Final = 3
WITHIN: Final = timedelta(hours=1)
KEPT: Final = timedelta(days=30)

_STILL_COMING: Final = timedelta(seconds=10)


class SampleRate:
    """The shortest interval that one charge point stands, and that its owner wants (``wanted_s``)."""

    def __init__(self, memory: Memory, clock: Clock, count: Callable[[str], None], wanted_s: int = SHORTEST_S) -> None:
        self._wanted_s = wanted_s
        self._memory = memory
        self._clock = clock
        self._count = count
        self._losses: deque[datetime] = deque(maxlen=LOSSES)
        self._heard_at: datetime | None = None
        self.is_news = False

    @property
    def least_s(self) -> int:
        """The shortest interval to ask for."""
        return max(self._wanted_s, self._learnt_s)

    @property
    def to_try_s(self) -> tuple[int, ...]:
        """The intervals to ask for, the best first."""
        return (self.least_s, *(each for each in INTERVALS_S if each > self.least_s))

    @property
    def _learnt_s(self) -> int:
        learnt = self._memory.section("sampling")
        least_s, until = learnt.get("least_s"), learnt.get("until")
        if least_s not in INTERVALS_S or not isinstance(until, str):
            return SHORTEST_S
        try:
            is_over = datetime.fromisoformat(until) <= self._clock()
        except TypeError, ValueError:
            return SHORTEST_S
        return SHORTEST_S if is_over else int(least_s)

    def forget(self) -> None:
        """Forget what was learnt: another firmware may stand more."""
        self._memory.section("sampling").clear()
        self._losses.clear()

    def heard(self) -> None:
        """Hear that meter values came."""
        self._heard_at = self._clock()

    def link_lost(self, interval_s: int | None) -> None:
        """Hear that the link is gone while this interval was set; None when that is not known."""
        now, heard_at, self._heard_at = self._clock(), self._heard_at, None
        if heard_at is None or not interval_s or interval_s >= INTERVALS_S[-1]:
            return
        if abs(now - heard_at) > max(_STILL_COMING, timedelta(seconds=3 * interval_s)):
            return
        self._losses.append(now)
        if len(self._losses) == LOSSES and abs(now - self._losses[0]) <= WITHIN:
            self._slow_down(interval_s, now)

    def _slow_down(self, interval_s: int, now: datetime) -> None:
        longer_s = next(each for each in INTERVALS_S if each > interval_s)
        self._memory.section("sampling").update(least_s=longer_s, until=(now + KEPT).isoformat())
        self._losses.clear()
        self.is_news = True
        self._count("sampling_slowed")
