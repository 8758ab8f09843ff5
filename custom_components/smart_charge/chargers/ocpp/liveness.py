"""Whether a link is still alive: anything heard is life; a ping only when it is silent (quirks Q8, Q9)."""

import asyncio
from collections.abc import Awaitable, Callable

from .timings import Timings


class Liveness:
    """Watches one link. A missing pong counts only against one that has sent one before."""

    def __init__(
        self,
        ping: Callable[[], Awaitable[None]],
        give_up: Callable[[], None],
        *,
        timings: Timings,
        count: Callable[[str], None],
    ) -> None:
        self._ping = ping
        self._give_up = give_up
        self._timings = timings
        self._count = count
        self._loop = asyncio.get_running_loop()
        self._heard_at = self._loop.time()
        self._pings = False
        self._has_ponged = False

    def heard(self) -> None:
        """Hear anything at all."""
        self._heard_at = self._loop.time()

    def ponged(self) -> None:
        """Hear the answer to a ping."""
        self._has_ponged = True
        self._pings = False

    async def keep(self) -> None:
        """Ping when nothing comes, and give the link up when nothing comes of that; until cancelled."""
        dead_s = max(3 * self._timings.heartbeat_s, self._timings.silence_s)
        ping_s = dead_s / 2
        while True:
            silent = self._loop.time() - self._heard_at
            if silent >= dead_s or (self._pings and self._has_ponged and silent >= ping_s + self._timings.pong_s):
                self._count("closed_as_silent")
                self._give_up()
                return
            if silent >= ping_s and not self._pings:
                self._pings = True
                await self._ping()
            if silent < ping_s:
                self._pings = False
            due = ping_s if silent < ping_s else min(dead_s, ping_s + self._timings.pong_s)
            await asyncio.sleep(max(0.01, due - silent if due > silent else dead_s - silent))
