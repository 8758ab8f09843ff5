"""See that meter values keep coming while something may flow; what an hour ago flowed is not shown as now (A5)."""

import asyncio
from collections.abc import Callable

from ..charger import ChargerError
from .calls import Priority
from .configuration import Configuration
from .connection import Connection
from .frames import is_accepted
from .snapshot import IDLE, Snapshot
from .timings import Timings

LONGEST_INTERVAL_S = 900


class MeterWatch:
    """Asks for meter values that do not come by themselves, and drops those that have grown old.

    It stops asking, until the link is another, at the first question that nothing follows: polling kills
    some charge points, and others say yes and do nothing (quirks Q33, Q34).
    """

    def __init__(
        self,
        snapshot: Snapshot,
        configuration: Configuration,
        *,
        connection: Callable[[], Connection | None],
        connector_id: int,
        timings: Timings,
        count: Callable[[str], None],
    ) -> None:
        self._snapshot = snapshot
        self._configuration = configuration
        self._connection = connection
        self._connector_id = connector_id
        self._timings = timings
        self._count = count
        self._quiet_since = 0.0
        self._values = 0
        self._gave_up_on: Connection | None = None

    async def keep(self) -> None:
        """Look every few seconds, until cancelled."""
        self._quiet_since = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(self._timings.tick_s)
            await self._look()

    async def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._values != self._snapshot.values_heard or self._snapshot.status in (None, *IDLE):
            self._values, self._quiet_since = self._snapshot.values_heard, now
            return
        quiet_s = now - self._quiet_since
        patience_s = max(self._timings.meter_s, 2 * self._interval_s)
        if quiet_s >= patience_s:
            await self._ask()
        if quiet_s >= 4 * patience_s and self._values == self._snapshot.values_heard:
            self._snapshot.measurements_grew_old()

    @property
    def _interval_s(self) -> int:
        """How far apart values are to come, as the charge point has it."""
        return min(self._configuration.whole("MeterValueSampleInterval") or 0, LONGEST_INTERVAL_S)

    async def _ask(self) -> None:
        connection = self._connection()
        if connection is None or connection is self._gave_up_on:
            return
        payload = {"requestedMessage": "MeterValues", "connectorId": self._connector_id}
        try:
            is_taken = is_accepted(await connection.call("TriggerMessage", payload, priority=Priority.PROBING))
        except ChargerError:
            is_taken = False
        if is_taken:
            await asyncio.sleep(self._timings.trigger_s)
        if self._values == self._snapshot.values_heard:
            self._count("meter_trigger_in_vain")
            self._gave_up_on = connection
