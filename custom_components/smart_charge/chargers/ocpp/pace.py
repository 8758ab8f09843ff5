"""Charge points that hang up when a start is answered at once are answered a second later (quirk Q52)."""

import asyncio
from collections.abc import Callable
from typing import Final

from .memory import Memory
from .timings import Timings

LOSSES: Final = 2
"""So many links in a row lost behind an answer, and it is the answer's haste."""


class Pace:
    """Learns whether one charge point needs time before the answer to StartTransaction."""

    def __init__(self, memory: Memory, timings: Timings, count: Callable[[str], None]) -> None:
        self._memory = memory
        self._timings = timings
        self._count = count
        self._answered_at: float | None = None
        self._losses = 0

    async def wait(self) -> None:
        """Wait as long as this charge point needs."""
        if self._memory.section("pace").get("is_slow"):
            await asyncio.sleep(self._timings.start_answer_s)
        self._answered_at = asyncio.get_running_loop().time()

    def heard(self) -> None:
        """Hear anything else: the answer was survived."""
        if self._answered_at is not None:
            self._answered_at, self._losses = None, 0

    def link_lost(self) -> None:
        """Hear that the link is gone; it is stored with whatever is stored next."""
        answered_at, self._answered_at = self._answered_at, None
        if answered_at is None or asyncio.get_running_loop().time() - answered_at > self._timings.follow_s:
            return
        self._losses += 1
        if self._losses >= LOSSES:
            self._losses = 0
            self._count("starts_answered_slowly")
            self._memory.section("pace")["is_slow"] = True
