"""The world's clock: real time, faster than real time, stepped by a test, or somebody else's."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import heapq
from itertools import count

_FOLLOW_EVERY_S = 0.02
_TURNS_AFTER_A_STEP = 5


class WorldClock:
    """Tells the world's time and lets its inhabitants sleep by it. Instants are aware UTC.

    ``speed`` world seconds pass in one real second; at 0 time stands until :meth:`advance` is called.
    ``source`` makes the world follow another clock, such as a test's frozen one; speed and steps
    then have no meaning.
    """

    def __init__(
        self,
        start_at: datetime | None = None,
        speed: float = 1.0,
        source: Callable[[], datetime] | None = None,
    ) -> None:
        if speed < 0:
            raise ValueError(f"time cannot run backwards: speed {speed}")
        self._source = source
        self._speed = speed
        self._base_at = (start_at or datetime.now(UTC)).astimezone(UTC)
        self._real_base_s: float | None = None
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def speed(self) -> float:
        """World seconds in one real second."""
        return self._speed

    def now(self) -> datetime:
        """Return the present instant."""
        if self._source is not None:
            return self._source().astimezone(UTC)
        try:
            real_s = asyncio.get_running_loop().time()
        except RuntimeError:
            return self._base_at
        if self._real_base_s is None:
            self._real_base_s = real_s
        return self._base_at + timedelta(seconds=(real_s - self._real_base_s) * self._speed)

    def set_speed(self, speed: float) -> None:
        """Go on from the present instant at another speed."""
        if speed < 0:
            raise ValueError(f"time cannot run backwards: speed {speed}")
        self._rebase(self.now())
        self._speed = speed
        self._schedule()

    async def sleep(self, seconds: float) -> None:
        """Return when that many world seconds have passed."""
        await self.sleep_until(self.now() + timedelta(seconds=max(0.0, seconds)))

    async def sleep_until(self, instant: datetime) -> None:
        """Return when the world has reached ``instant``."""
        if instant <= self.now():
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (instant, next(self._numbers), future))
        self._schedule()
        try:
            await future
        except asyncio.CancelledError:
            self._sleepers = [sleeper for sleeper in self._sleepers if sleeper[2] is not future]
            heapq.heapify(self._sleepers)
            self._schedule()
            raise

    async def advance(self, seconds: float) -> None:
        """Let that many seconds pass at once; whoever sleeps is woken at its own time and in order."""
        if self._source is not None:
            raise ValueError("this clock follows another one: step that one")
        target_at = self.now() + timedelta(seconds=seconds)
        while self._sleepers and self._sleepers[0][0] <= target_at:
            self._rebase(max(self.now(), self._sleepers[0][0]))
            self._wake_due()
            await self._let_others_run()
        self._rebase(max(self.now(), target_at))
        self._schedule()
        await self._let_others_run()

    async def _let_others_run(self) -> None:
        for _ in range(_TURNS_AFTER_A_STEP):
            await asyncio.sleep(0)

    def _rebase(self, now: datetime) -> None:
        self._base_at = now
        self._real_base_s = None

    def _wake_due(self) -> None:
        now = self.now()
        while self._sleepers and self._sleepers[0][0] <= now:
            _, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._sleepers:
            return
        if self._source is not None:
            delay_s = _FOLLOW_EVERY_S
        elif self._speed == 0:
            return
        else:
            delay_s = (self._sleepers[0][0] - self.now()).total_seconds() / self._speed
        self._timer = asyncio.get_running_loop().call_later(max(0.0, delay_s), self._ring)

    def _ring(self) -> None:
        self._timer = None
        self._wake_due()
        self._schedule()
