"""Start a transaction for a vehicle that waits for one, without asking for ever (quirk Q40)."""

import asyncio
from collections.abc import Callable
import logging
from typing import Any

from ...charging.model import ConnectorStatus
from ..charger import ChargerError
from .calls import Priority
from .connection import Connection
from .frames import is_accepted
from .timings import Timings

LOGGER = logging.getLogger(__name__)

TRIES = 5
"""For one reason to start. A vehicle that is plugged in anew, or a setpoint that rises from 0, is another."""

WAITING = (ConnectorStatus.PREPARING, ConnectorStatus.SUSPENDED_EV, ConnectorStatus.SUSPENDED_EVSE)
MAYBE = (ConnectorStatus.FINISHING,)


class Starter:
    """Sends RemoteStartTransaction. The vehicle sees a session at once; a pause is made inside it."""

    def __init__(
        self,
        *,
        status: Callable[[], ConnectorStatus | None],
        connection: Callable[[], Connection | None],
        has_transaction: Callable[[], bool],
        request: Callable[[], dict[str, Any] | None],
        timings: Timings,
        count: Callable[[str], None],
    ) -> None:
        self._status = status
        self._connection = connection
        self._has_transaction = has_transaction
        self._request = request
        self._timings = timings
        self._count = count
        self._wake = asyncio.Event()
        self._tries = 0
        self._next_at: float | None = None
        self._finishing_was_tried = False
        self._was_interrupted = False

    def plugged_in(self) -> None:
        """Hear that a vehicle waits: start if nothing else does within a few seconds."""
        self._begin(self._timings.plugged_in_s)

    def interrupted(self) -> None:
        """Hear that a transaction ended because the charge point restarted: it is begun anew."""
        self._was_interrupted = True
        self.waits()

    def waits(self) -> None:
        """Look whether a vehicle waits whose transaction was interrupted; its state may be told later than the end."""
        if self._was_interrupted and self._status() in (*WAITING, *MAYBE):
            self._was_interrupted = False
            self._begin(self._timings.plugged_in_s)

    def unplugged(self) -> None:
        """Nobody waits any more."""
        self._was_interrupted = False
        self._tries = 0
        self._next_at = None
        self._finishing_was_tried = False

    def started(self) -> None:
        """Hear that a transaction has begun: a later end of it is another reason to start."""
        self._was_interrupted = False
        self._tries = 0
        self._next_at = None
        self._finishing_was_tried = False

    def wished(self) -> None:
        """Hear that current is wanted again where none was: a transaction that ended meanwhile is begun anew."""
        if self._status() in WAITING or (self._status() in MAYBE and not self._finishing_was_tried):
            self._begin(self._timings.plugged_in_s)

    def _begin(self, wait_s: float) -> None:
        self._tries = 0
        self._next_at = asyncio.get_running_loop().time() + wait_s
        self._wake.set()

    async def keep(self) -> None:
        """Wait for reasons to start, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._wake.clear()
            wait = None if self._next_at is None else max(0.0, self._next_at - loop.time())
            try:
                async with asyncio.timeout(wait):
                    await self._wake.wait()
            except TimeoutError:
                await self._try()

    async def _try(self) -> None:
        status, connection = self._status(), self._connection()
        if self._has_transaction() or status not in (*WAITING, *MAYBE):
            self._next_at = None
            return
        request = self._request()
        if connection is None or request is None:
            self._next_at = asyncio.get_running_loop().time() + self._timings.plugged_in_s
            return
        self._finishing_was_tried = self._finishing_was_tried or status in MAYBE
        self._tries += 1
        try:
            answer = await connection.call("RemoteStartTransaction", request, priority=Priority.SETPOINT)
            self._count("remote_starts" if is_accepted(answer) else "remote_starts_rejected")
        except (ChargerError, ValueError) as err:
            self._count(f"remote_start_{type(err).__name__}")
            LOGGER.debug("No remote start: %s", err)
        is_last = self._tries >= TRIES or status in MAYBE
        self._next_at = (
            None
            if is_last
            else asyncio.get_running_loop().time() + self._timings.start_retry_s * 2 ** (self._tries - 1)
        )
