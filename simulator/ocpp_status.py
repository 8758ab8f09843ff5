"""StatusNotification: what the connector is doing, told in order and never waited for."""

import asyncio
from collections import deque
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from .charge_point import Fault, PilotState
from .ocpp_link import UNANSWERED
from .ocpp_transactions import SETTLES_WITHIN_S, Transaction
from .vehicle import MIN_CURRENT_A

if TYPE_CHECKING:
    from .ocpp_client import OcppClient

_ERROR_CODES = {
    Fault.RCD: "GroundFailure",
    Fault.GROUND: "GroundFailure",
    Fault.OVER_TEMPERATURE: "HighTemperature",
    Fault.CONTACTOR_WELDED: "PowerSwitchFailure",
    Fault.PILOT_SHORT: "EVCommunicationError",
}

type Status = tuple[str, str]
"""Status and error code, in the words of OCPP 1.6 section 7.6 and 7.7."""


class StatusReports:
    """Notes each change of one client's connector, and sends what was noted while it is online."""

    def __init__(self, client: OcppClient) -> None:
        self._client = client
        self._noted: Status | None = None
        self._waiting: deque[tuple[Status, str]] = deque()
        self._has_more = asyncio.Event()

    def current(self) -> Status:
        """Return what holds now."""
        client, box = self._client, self._client.charge_point
        if box.faults:
            return "Faulted", client.behaviour.error_code or _ERROR_CODES[min(box.faults)]
        if not box.is_operative and client.transaction is None:
            return "Unavailable", "NoError"
        if client.transaction is not None:
            return self._in_transaction(client.transaction), "NoError"
        if box.vehicle is None:
            return ("Preparing" if client.sessions.pending_tag else "Available"), "NoError"
        return ("Finishing" if client.sessions.is_finishing else "Preparing"), "NoError"

    def _in_transaction(self, transaction: Transaction) -> str:
        if self._client.charge_point.offered_a < MIN_CURRENT_A:
            return "SuspendedEVSE"
        if self._client.charge_point.pilot is PilotState.C2:
            return "Charging"
        is_new = self._client.clock.now() - transaction.started_at < timedelta(seconds=SETTLES_WITHIN_S)
        return "Preparing" if is_new and not transaction.has_charged else "SuspendedEV"

    def note(self) -> None:
        """Queue the status if it changed; while offline only the last one will be told."""
        now_is = self.current()
        if now_is == self._noted:
            return
        self._noted = now_is
        if self._client.is_online:
            self._waiting.append((now_is, self._client.stamp()))
            self._has_more.set()

    def start_over(self) -> None:
        """Tell the status again whatever was told before."""
        self._waiting.clear()
        self._noted = None
        self.note()

    async def run(self) -> None:
        """Send until cancelled."""
        while True:
            await self._has_more.wait()
            self._has_more.clear()
            while self._waiting:
                await self._send_next()

    async def _send_next(self) -> None:
        shortest_s = self._client.configuration.whole("MinimumStatusDuration")
        if shortest_s:
            await self._client.clock.sleep(shortest_s)
        if not self._waiting:
            return
        status, stamp = self._waiting.popleft()
        if shortest_s and self._waiting:
            return
        with suppress(*UNANSWERED):
            await self.report(self._client.connector_id, status, stamp)

    async def report(self, connector_id: int, status: Status | None = None, stamp: str | None = None) -> None:
        """Send one StatusNotification, for the connector or for the box as a whole (0)."""
        client = self._client
        word, error = status or self.current()
        if connector_id == 0 and word not in ("Unavailable", "Faulted"):
            word = "Available"
        payload = {
            "connectorId": connector_id,
            "status": word,
            "errorCode": error,
            "timestamp": stamp or client.stamp(),
        }
        if client.behaviour.status_info is not None:
            payload["info"] = client.behaviour.status_info
        await client.link.call("StatusNotification", payload)
