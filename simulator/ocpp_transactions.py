"""Transactions of a charge point, and the queue in which their messages wait for the link."""

import asyncio
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .charging_profiles import Profile, ProfileRefused
from .ocpp_link import UNANSWERED, CallRefused, CallTimedOut, LinkLost, Payload

if TYPE_CHECKING:
    from .ocpp_client import OcppClient

_LONGEST_QUEUE = 5000
SETTLES_WITHIN_S = 10.0
"""How long a new transaction may wait for the vehicle before it counts as suspended by it."""
_UNKNOWN_ID = -1  # what is written before StartTransaction was answered (OCPP 1.6 errata)


@dataclass(kw_only=True)
class Transaction:
    """From StartTransaction to StopTransaction. ``transaction_id`` is None until it is answered."""

    tag: str
    started_at: datetime
    meter_start_wh: int
    transaction_id: int | None = None
    has_charged: bool = False
    written_id: int | str = _UNKNOWN_ID


@dataclass(kw_only=True)
class Message:
    """One message about a transaction, kept until it is delivered. ``transaction`` fills in its id."""

    action: str
    payload: Payload
    transaction: Transaction | None
    attempts: int = 0

    def complete(self) -> Payload:
        """Return the payload with the transaction's id, as far as it is known by now."""
        if self.action == "StartTransaction" or self.transaction is None:
            return self.payload
        return self.payload | {"transactionId": self.transaction.written_id}


class Sessions:
    """Starts and stops transactions for one client, checks tags, and delivers what is queued."""

    def __init__(self, client: OcppClient) -> None:
        self._client = client
        self.running: Transaction | None = None
        self.finished: list[Transaction] = []
        self.outbox: deque[Message] = deque()
        self.local_list: dict[str, str] = {}
        self.local_list_version = 0
        self.cache: dict[str, str] = {}
        self.pending_tag: str | None = None
        self.is_finishing = False
        self.becomes_inoperative = False
        self._pending_since = client.clock.now()
        self._pending_profile: Profile | None = None
        self.all_delivered = asyncio.Event()
        self._wakes_delivery = asyncio.Event()

    # Beginning and end

    def follow_vehicle(self) -> None:
        """Start or stop as the cable and the settings ask for."""
        box, settings = self._client.charge_point, self._client.configuration
        if not box.is_powered:
            return
        if box.vehicle is None:
            self.is_finishing = False
            if self.running is not None and settings.is_true("StopTransactionOnEVSideDisconnect"):
                self.stop("EVDisconnected")
            self._expire_pending_tag()
            return
        if self.running is None:
            self._start_if_allowed()
            return
        self.running.has_charged |= box.drawn_a > 0
        if self._client.behaviour.ends_transaction_at_zero and self._client.is_held_at_zero:
            self.stop("Other")

    def _start_if_allowed(self) -> None:
        box, settings = self._client.charge_point, self._client.configuration
        if self.is_finishing or box.faults or not box.is_operative:
            return
        if self.pending_tag is not None:
            self.start(self.pending_tag)
        elif settings.is_true("FreeVendEnabled"):
            self.start(settings.get("FreeVendIdTag"))

    def accept_start(self, tag: str, profile: Profile | None = None) -> None:
        """Start now if a vehicle is there, else within ConnectionTimeOut of being plugged in."""
        self._pending_profile = profile
        if self._client.charge_point.vehicle is not None:
            self.is_finishing = False
            self.start(tag)
            return
        self.pending_tag = tag
        self._pending_since = self._client.clock.now()
        self._client.look_again()
        self._client.look_again_in(self._patience_s)

    @property
    def _patience_s(self) -> int:
        return self._client.configuration.whole("ConnectionTimeOut", 120)

    def _expire_pending_tag(self) -> None:
        waited = self._client.clock.now() - self._pending_since
        if self.pending_tag is not None and waited >= timedelta(seconds=self._patience_s):
            self.pending_tag = self._pending_profile = None

    def start(self, tag: str) -> None:
        """Begin a transaction and queue its message."""
        client = self._client
        client.charge_point.catch_up()
        client.metering.begin_session()
        self.running = Transaction(tag=tag, started_at=client.clock.now(), meter_start_wh=client.metering.register_wh)
        self.pending_tag = None
        profile, self._pending_profile = self._pending_profile, None
        if profile is not None:
            with suppress(ProfileRefused):
                client.profiles.install(replace(profile, transaction_id=None), running_transaction=_UNKNOWN_ID)
        payload = {
            "connectorId": client.connector_id,
            "idTag": tag,
            "meterStart": self.running.meter_start_wh,
            "timestamp": client.stamp(),
        }
        self.queue("StartTransaction", payload)
        client.charge_point.authorise(True)
        client.look_again()
        client.look_again_in(SETTLES_WITHIN_S)

    def stop(self, reason: str) -> None:
        """End the running transaction, if there is one, and queue its message."""
        client, transaction = self._client, self.running
        if transaction is None:
            return
        client.charge_point.catch_up()
        payload: Payload = {
            "meterStop": client.metering.register_wh,
            "timestamp": client.stamp(),
            "reason": reason,
            "idTag": transaction.tag,
        }
        wanted = client.configuration.get("StopTxnSampledData")
        if wanted:
            payload["transactionData"] = [client.metering.sample(wanted, "Transaction.End")]
        self.queue("StopTransaction", payload)
        self.finished.append(transaction)
        self.is_finishing = client.charge_point.vehicle is not None
        self.forget()

    def forget(self) -> None:
        """Have no transaction any more, and say nothing about it."""
        client = self._client
        self.running = None
        client.profiles.end_transaction()
        client.charge_point.authorise(False)
        if self.becomes_inoperative:
            self.becomes_inoperative = False
            client.charge_point.set_operative(False)
        client.look_again()

    # Tags

    async def take_tag(self, tag: str) -> None:
        """Somebody holds a card to the reader: start, or stop what it started."""
        if self.running is not None:
            if tag.lower() == self.running.tag.lower():
                self.stop("Local")
        elif await self._is_welcome(tag):
            self.accept_start(tag)

    async def ask_and_start(self, tag: str, profile: Profile | None) -> None:
        """Start if the central system, asked first, agrees (AuthorizeRemoteTxRequests)."""
        if await self._is_welcome(tag):
            self.accept_start(tag, profile)

    async def _is_welcome(self, tag: str) -> bool:
        settings = self._client.configuration
        known = self.local_list.get(tag) or self.cache.get(tag)
        asks = not (known == "Accepted" and settings.is_true("LocalPreAuthorize"))
        if self._client.is_online and asks:
            with suppress(*UNANSWERED):
                answer = await self._client.link.call("Authorize", {"idTag": tag})
                self.cache[tag] = str((answer.get("idTagInfo") or {}).get("status"))
                return self.cache[tag] == "Accepted"
        if known is not None:
            return known == "Accepted" and (self._client.is_online or settings.is_true("LocalAuthorizeOffline"))
        return settings.is_true("AllowOfflineTxForUnknownId")

    # Delivery

    def queue(self, action: str, payload: Payload) -> None:
        """Keep a message until it is delivered. A full queue loses meter values, never starts and stops."""
        copies = 2 if self._client.behaviour.duplicate_messages and action != "MeterValues" else 1
        for _ in range(copies):
            self.outbox.append(Message(action=action, payload=payload, transaction=self.running))
        if len(self.outbox) > _LONGEST_QUEUE:
            spare = next((old for old in self.outbox if old.action == "MeterValues"), None)
            if spare is not None:
                self.outbox.remove(spare)
        self.all_delivered.clear()
        self.wake_delivery()

    def wake_delivery(self) -> None:
        """Try again: the link is back, or there is something new."""
        self._wakes_delivery.set()

    async def run_delivery(self) -> None:
        """Deliver in order, until cancelled."""
        while True:
            await self._wakes_delivery.wait()
            self._wakes_delivery.clear()
            while self.outbox and self._client.is_online:
                message = self.outbox[0]
                if await self._deliver(message) and self.outbox and self.outbox[0] is message:
                    self.outbox.popleft()
            if not self.outbox:
                self.all_delivered.set()

    async def _deliver(self, message: Message) -> bool:
        """Return whether this message is done with."""
        settings = self._client.configuration
        try:
            answer = await self._client.link.call(message.action, message.complete())
        except LinkLost:
            return False
        except CallRefused, CallTimedOut:
            message.attempts += 1
            if message.attempts >= max(1, settings.whole("TransactionMessageAttempts", 3)):
                return True
            await self._client.clock.sleep(settings.whole("TransactionMessageRetryInterval", 30) * message.attempts)
            return False
        if message.action == "StartTransaction" and message.transaction is not None:
            self._on_started(message.transaction, answer)
        return True

    def _on_started(self, transaction: Transaction, answer: dict[str, Any]) -> None:
        behaviour = self._client.behaviour
        number = answer.get("transactionId")
        transaction.transaction_id = number
        if number is not None:
            transaction.written_id = behaviour.lost_id if behaviour.loses_transaction_id else number
        if (answer.get("idTagInfo") or {}).get("status") == "Accepted" or transaction is not self.running:
            return
        if self._client.configuration.is_true("StopTransactionOnInvalidId"):
            self.stop("DeAuthorized")
        else:
            self._client.charge_point.authorise(False)
