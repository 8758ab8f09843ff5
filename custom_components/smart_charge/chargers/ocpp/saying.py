"""How a setpoint is put into words that a charge point takes: a profile, or the end of its transaction (A6, A8)."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any

from ..charger import ChargerRefused, Clock
from . import profiles
from .bench import Bench
from .calls import Priority
from .connection import Connection
from .frames import is_accepted
from .limit_key import LimitKey
from .misreading import Misreading
from .profiles import LEASE_ID
from .rungs import Rung
from .said import TransactionId

STOPS = 3
STOPS_WITHIN_S = 600.0
"""So many stops in so long and no more: it begins anew by itself each time."""


class Saying:
    """Says one setpoint on one rung, and takes it back."""

    def __init__(
        self,
        bench: Bench,
        limit_key: LimitKey,
        misreading: Misreading,
        *,
        clock: Clock,
        count: Callable[[str], None],
    ) -> None:
        self._bench = bench
        self._limit_key = limit_key
        self._misreading = misreading
        self._clock = clock
        self._count = count
        self._stopped_at: deque[float] = deque(maxlen=STOPS)

    async def say(
        self, connection: Connection, rung: Rung, wanted_a: float, transaction_id: TransactionId, *, lease_s: float
    ) -> None:
        """Say it.

        Raises:
            ChargerError: it was refused, or not answered.
        """
        if rung.is_key:
            await self._limit_key.say(connection, profiles.permitted(wanted_a, is_whole=True))
            return
        connector_id = 0 if rung.on_connector_zero else self._bench.connector_id
        known_id = transaction_id if isinstance(transaction_id, int) else None
        profile = self.profile(rung, wanted_a, known_id, lease_s=lease_s)
        payload = {"connectorId": connector_id, "csChargingProfiles": profile}
        answer = await connection.call("SetChargingProfile", payload, priority=Priority.SETPOINT)
        if not is_accepted(answer):
            raise ChargerRefused(f"SetChargingProfile: {str(answer.get('status'))[:40]}")

    def profile(self, rung: Rung, wanted_a: float, transaction_id: int | None, *, lease_s: float) -> dict[str, Any]:
        """Return the charging profile that says it."""
        profile = profiles.lease(
            rung,
            wanted_a,
            now=self._clock(),
            lease_s=lease_s,
            smart=self._bench.smart,
            transaction_id=transaction_id,
        )
        return profiles.on_connector(profiles.shifted(profile, self._misreading.by), self._bench.connector_id)

    @property
    def lingers(self) -> bool:
        """Whether something that we said before we were started holds still."""
        return self._limit_key.is_lowered

    async def clear(self, connection: Connection) -> None:
        """Take back what was said.

        Raises:
            ChargerError: it was refused, or not answered.
        """
        if self._limit_key.is_lowered:
            await self._limit_key.restore(connection)
        await connection.call(
            "ClearChargingProfile",
            {"id": profiles.id_on(self._bench.connector_id, LEASE_ID)},
            priority=Priority.SETPOINT,
        )

    async def clear_others(self, connection: Connection) -> None:
        """Clear whatever else is said of the running transaction: it may outrank us (quirk Q46).

        Raises:
            ChargerError: it was refused, or not answered.
        """
        self._count("others_cleared")
        payload = {"connectorId": self._bench.connector_id, "chargingProfilePurpose": "TxProfile"}
        await connection.call("ClearChargingProfile", payload, priority=Priority.SETPOINT)

    async def stop(self) -> bool:
        """End the running transaction; whether the charge point agreed. False too when it did so too often.

        Raises:
            ChargerError: it was refused, or not answered.
        """
        connection, transaction_id = self._bench.connection, self._bench.transaction_id
        if connection is None or not isinstance(transaction_id, int):
            return False
        now = asyncio.get_running_loop().time()
        if len(self._stopped_at) == STOPS and now - self._stopped_at[0] < STOPS_WITHIN_S:
            return False
        answer = await connection.call(
            "RemoteStopTransaction", {"transactionId": transaction_id}, priority=Priority.SETPOINT
        )
        if not is_accepted(answer):
            return False
        self._count("stopped_instead")
        self._stopped_at.append(now)
        return True

    def may_stop_again(self) -> None:
        """Hear that current is wanted: earlier stops count no more."""
        self._stopped_at.clear()
