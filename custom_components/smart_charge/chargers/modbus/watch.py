"""What one charge point last told us: polled at its pace, believed with care, and given up when it is silent."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
import dataclasses
from datetime import datetime
from typing import Final

from modbus_connection import ModbusConnectionError, ModbusError

from ...charging.model import Reading
from ..charger import ChargerMisunderstood, Clock, Identity
from .facts import import_step_wh, to_reading
from .identity import read_identity
from .interruption import Alone
from .link import Link
from .map_model import RegisterMap
from .pace import Pace
from .poller import Poller
from .restarts import RestartWatch

BACK_OFF_MOST: Final = 60
"""While there is no link, a poll is tried after 1, 2, 4 … and at most this many poll intervals."""

FAILED_POLLS: Final = 3
"""So many polls without an answer, one after the other, and the charge point counts as gone."""


class Watch:
    """The last reading, and when to take the next.

    Attributes:
        was_cut: the connection broke since the last poll, so nothing that was known need still be so.
        restarts: how often it has restarted, as far as can be told.
        has_news_of_restart: it restarted at the last poll; whoever acts on that takes the mark away.
        has_arrival: a vehicle was plugged in between the last two polls.
        failures: polls in a row that brought nothing.
    """

    def __init__(
        self,
        link: Link,
        register_map: RegisterMap,
        poller: Poller,
        *,
        identity: Identity,
        clock: Clock,
        poll_s: float,
        alone: Callable[[], Alone],
        seen_at: datetime | None = None,
    ) -> None:
        self._link = link
        self._map = register_map
        self._poller = poller
        self._clock = clock
        self._alone = alone
        self._poll_s = poll_s
        self._woken = asyncio.Event()
        self._restart_watch = RestartWatch(register_map.restart, seen_at)
        self._polled_at: float | None = None
        self._intervals: deque[float] = deque(maxlen=10)
        self.pace = Pace(poll_s)
        self.identity = identity
        self.reading: Reading | None = None
        self.is_online = False
        self.restarts = 0
        self.has_news_of_restart = False
        self.has_arrival = False
        self.failures = 0
        self.was_cut = False

    @property
    def interval_s(self) -> float | None:
        """How far apart polls really come; None before that is known."""
        return sorted(self._intervals)[len(self._intervals) // 2] if len(self._intervals) >= 3 else None

    @property
    def pause_s(self) -> float:
        """How long after the last poll the next is due."""
        if self.is_online or not self.failures:
            return self.pace.interval_s(self.reading, asyncio.get_running_loop().time())
        return self._poll_s * min(BACK_OFF_MOST, 1 << min(self.failures - 1, 10))

    async def rest(self, began: float) -> None:
        """Wait for the next poll, unless a command or somebody who watches brings it forward."""
        rest_s = max(self._poll_s / 10, began + self.pause_s - asyncio.get_running_loop().time())
        with suppress(TimeoutError):
            async with asyncio.timeout(rest_s):
                await self._woken.wait()
        self._woken.clear()

    def wake(self) -> None:
        """Poll at once where the next poll would be a while away because nothing flows."""
        if self.pace.is_slow and self.is_online:
            self._woken.set()

    def hurry(self) -> None:
        """Poll now, and at full pace for a while: something was asked for."""
        self.pace.hurry(asyncio.get_running_loop().time())
        self.wake()

    async def poll(self) -> bool:
        """Read what is due; a connection that the peer has dropped meanwhile is made anew, once.

        Returns whether what was asked for may have been swept away since the last poll.

        Raises:
            ModbusError: it cannot be read.
            ChargerMisunderstood: it is another charge point.
        """
        asked_at, ticks = self._clock(), self.pace.ticks(asyncio.get_running_loop().time())
        was_lost, self._link.was_lost = self._link.was_lost, False
        try:
            await self._poller.poll(ticks)
        except ModbusConnectionError:
            self.note_cut()
            asked_at = self._clock()
            await self._poller.poll()
        self._take_identity()
        return self._take(asked_at, was_lost=was_lost)

    def note_cut(self) -> None:
        """Take note that the connection broke."""
        self.was_cut = True
        self._poller.start_over()

    def note_failure(self, err: ModbusError | ChargerMisunderstood) -> bool:
        """Take note of a poll that brought nothing; tells whether the charge point now counts as gone."""
        self.failures += 1
        is_lost = isinstance(err, ModbusConnectionError | ChargerMisunderstood)
        if self.is_online and self.failures < FAILED_POLLS and not is_lost:
            return False
        self.note_cut()
        self.is_online = False
        return True

    def renew_reading(self) -> bool:
        """Take up what a command has just read back; False while nothing was read before."""
        if self.reading is None:
            return False
        said = to_reading(self._map, self._poller.values, self._clock())
        self.reading = dataclasses.replace(said, measured_at=self.reading.measured_at)
        return True

    def _take_identity(self) -> None:
        """Keep what it says of itself; another serial number means that it is another charge point."""
        seen = read_identity(self._map, self._poller.values)
        if self.identity.serial and seen.serial and seen.serial != self.identity.serial:
            self._link.counters["other_charge_point"] += 1
            raise ChargerMisunderstood("another charge point answers at this address")
        said = {name: value for name, value in dataclasses.asdict(seen).items() if value is not None}
        self.identity = dataclasses.replace(self.identity, **said)

    def _take(self, asked_at: datetime, *, was_lost: bool) -> bool:
        """Take up what a poll has read, whose values are no older than when they were asked for.

        A link that was lost in silence and made anew is only a reason to look for a restart: some charge
        points drop it every half a minute.
        """
        before, was_cut = self.reading, self.was_cut
        said = to_reading(self._map, self._poller.values, self._clock())
        self.reading = dataclasses.replace(said, measured_at=asked_at)
        was_away = before is not None and before.is_plugged_in is False
        self.has_arrival = was_away and self.reading.is_plugged_in is True
        now = asyncio.get_running_loop().time()
        has_restarted = self._restart_watch.has_restarted(
            self._poller.values,
            now,
            before=before,
            after=self.reading,
            was_cut=was_cut or was_lost,
            alone=self._alone(),
            step_wh=import_step_wh(self._map, self._poller.values, self.identity.firmware),
        )
        self.restarts += has_restarted
        self.has_news_of_restart |= has_restarted
        if self._polled_at is not None and not was_cut:
            self._intervals.append(now - self._polled_at)
        self._polled_at = now
        self.was_cut, self.is_online, self.failures = False, True, 0
        return has_restarted or was_cut
