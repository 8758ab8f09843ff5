"""Charge points that read the times of a schedule as local time are told local time (quirk Q49)."""

from collections.abc import Callable
from datetime import timedelta

from ..charger import Clock
from .memory import Memory
from .wire_time import PeerClock


class Misreading:
    """By how much one charge point reads instants too early, found by trying what would explain it.

    Attributes:
        home: the home's offset from UTC now; None while nobody has said.
    """

    def __init__(self, memory: Memory, times: PeerClock, clock: Clock, count: Callable[[str], None]) -> None:
        self.home: Callable[[], timedelta] | None = None
        self._memory = memory
        self._times = times
        self._clock = clock
        self._count = count
        self._on_trial: timedelta | None = None
        self._tried: set[timedelta] = set()

    @property
    def by(self) -> timedelta:
        """What to add to each instant that is written into a schedule."""
        if self._on_trial is not None:
            return self._on_trial
        return self._likely if self._memory.section("misreading").get("is_local") else timedelta()

    @property
    def _likely(self) -> timedelta:
        """Local time, as the charge point's own messages show it, or as it is at home."""
        if self._times.offset:
            return self._times.offset
        return self.home() if self.home is not None else timedelta()

    def try_another(self) -> bool:
        """Read it another way from now on; false when there is no other way that was not tried."""
        other = timedelta() if self.by else self._likely
        self._tried.add(self.by)
        if other in self._tried:
            self._on_trial = None
            return False
        self._on_trial = other
        self._count("schedule_shifted")
        return True

    async def confirm(self) -> None:
        """Hear that a schedule was understood as it is written now."""
        trial, self._on_trial = self._on_trial, None
        self._tried.clear()
        if trial is not None:
            self._memory.section("misreading")["is_local"] = bool(trial)
            await self._memory.keep()

    def start_over(self) -> None:
        """Forget what was tried without success: the transaction, the boot or the link is another."""
        self._on_trial = None
        self._tried.clear()
