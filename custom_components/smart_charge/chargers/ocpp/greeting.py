"""When a charge point that has just called may be asked something: not before it has digested its boot (A2)."""

import asyncio
from collections.abc import Callable

from .connection import Connection
from .timings import Timings

_DIGESTED = ("StatusNotification", "StartTransaction")
"""Who says this has taken in that its boot was accepted. A start must not wait: current may flow already."""


class Greeting:
    """Holds our calls back until the boot is over, then says so once for each link and each boot."""

    def __init__(self, connection: Connection, timings: Timings, ready: Callable[[bool], None]) -> None:
        self._connection = connection
        self._timings = timings
        self._ready = ready
        self._has_booted = False
        self._has_spoken = False
        self._waits_until = asyncio.get_running_loop().time() + timings.boot_wait_s
        self._timer = self._later(timings.boot_wait_s)
        self.is_over = False
        connection.open_gate(is_open=False)

    def _later(self, delay_s: float) -> asyncio.TimerHandle:
        loop = asyncio.get_running_loop()
        return loop.call_at(min(loop.time() + delay_s, self._waits_until), self._over)

    def _again(self, delay_s: float) -> None:
        self._timer.cancel()
        self._timer = self._later(delay_s)

    def heard(self, action: str) -> None:
        """Hear that it said something. Queued messages may come before any status, and a boot at any time."""
        if action == "BootNotification":
            self._has_booted, self.is_over = True, False
            self._connection.open_gate(is_open=False)
            self._waits_until = asyncio.get_running_loop().time() + self._timings.boot_wait_s
            self._again(self._timings.settle_s)
        elif not self.is_over and (action in _DIGESTED or not self._has_booted) and not self._has_spoken:
            self._again(self._timings.flush_s)
        if action in (*_DIGESTED, "BootNotification"):
            self._has_spoken = action != "BootNotification"

    def _over(self) -> None:
        self.is_over = True
        has_booted, self._has_booted = self._has_booted, False
        self._connection.open_gate()
        self._ready(has_booted)

    def cancel(self) -> None:
        """Hear that the link is gone."""
        self._timer.cancel()
