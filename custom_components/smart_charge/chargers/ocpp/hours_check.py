"""Whether the default hours that were written are those that the charge point would keep (requirement 7.1)."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from ..charger import ChargerError, Clock
from .bench import Bench
from .calls import Priority
from .composite import DAY_S, Verdict, compare, horizon_s, limits
from .connection import Connection
from .frames import Payload
from .timings import Timings


class HoursCheck:
    """Asks for the coming day as the charge point sees it, while no transaction has profiles of its own."""

    def __init__(self, bench: Bench, *, clock: Clock, timings: Timings, count: Callable[[str], None]) -> None:
        self._bench = bench
        self._clock = clock
        self._timings = timings
        self._count = count

    async def look(self, connection: Connection, written: Sequence[dict[str, Any]]) -> Verdict | None:
        """Compare; None where it does not say. What differs is looked at twice: some take their time (quirk Q50).

        Raises:
            ChargerUnreachable: the link was lost in between.
        """
        verdict = await self._ask(connection, written)
        if verdict is Verdict.DIFFERS:
            await asyncio.sleep(self._timings.follow_s)
            verdict = await self._ask(connection, written)
        if verdict is not None:
            self._count(f"hours_check_{verdict.value}")
        return verdict

    async def _ask(self, connection: Connection, written: Sequence[dict[str, Any]]) -> Verdict | None:
        if self._is_busy():
            return None
        payload = {"connectorId": self._bench.connector_id, "duration": DAY_S}
        now = self._clock()
        try:
            answer = await connection.call("GetCompositeSchedule", payload, priority=Priority.PROBING)
        except ChargerError:
            return None
        return None if self._is_busy() else self._compare(written, answer, now)

    def _compare(self, written: Sequence[dict[str, Any]], answer: Payload, now: datetime) -> Verdict | None:
        return compare(written, limits(answer, self._bench.smart.phases), now, horizon_s(answer))

    def _is_busy(self) -> bool:
        return self._bench.transaction_id is not None
