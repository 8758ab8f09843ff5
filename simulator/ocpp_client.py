"""The OCPP 1.6 half of a charge point: boot, status, transactions, meter values."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import ssl
from typing import Any

from .charge_point import ChargePoint, Fault
from .charging_profiles import Abilities, Profile, ProfileRefused, ProfileStore
from .clock import WorldClock
from .ocpp_behaviour import Behaviour
from .ocpp_commands import Commands
from .ocpp_configuration import Configuration
from .ocpp_link import Answer, CallRefused, CallTimedOut, Credentials, LinkLost, OcppLink, Payload
from .ocpp_measurands import sampled_values
from .ocpp_transactions import Message, Outbox, Transaction
from .vehicle import MIN_CURRENT_A

_ERROR_CODES = {
    Fault.RCD: "GroundFailure",
    Fault.GROUND: "GroundFailure",
    Fault.OVER_TEMPERATURE: "HighTemperature",
    Fault.CONTACTOR_WELDED: "PowerSwitchFailure",
    Fault.PILOT_SHORT: "EVCommunicationError",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Nameplate:
    """What BootNotification tells."""

    vendor: str = "Loopback Motors"
    model: str = "Wall One"
    serial: str = "LM-0001"
    firmware: str = "1.6.0"


class OcppClient:
    """Speaks for one charge point with one connector."""

    connector_id = 1

    def __init__(
        self,
        charge_point: ChargePoint,
        url: str,
        credentials: Credentials,
        *,
        behaviour: Behaviour | None = None,
        configuration: Configuration | None = None,
        abilities: Abilities | None = None,
        nameplate: Nameplate | None = None,
        ssl_context: ssl.SSLContext | None = None,
        free_vend: bool = False,
    ) -> None:
        self.charge_point = charge_point
        self.clock: WorldClock = charge_point.clock
        self.behaviour = behaviour or Behaviour()
        self.configuration = configuration or Configuration(password=credentials.password)
        self.nameplate = nameplate or Nameplate()
        self.profiles = ProfileStore(abilities, voltage_v=charge_point.voltage_v, phases=charge_point.phases)
        self.commands = Commands(self)
        self.link = OcppLink(
            url,
            credentials,
            clock=self.clock,
            behaviour=self.behaviour,
            on_call=self._on_call,
            on_open=self._on_open,
            on_lost=self._on_lost,
            ssl_context=ssl_context,
        )
        if free_vend:
            self.configuration.set("FreeVendEnabled", "true")
        self.transaction: Transaction | None = None
        self.finished: list[Transaction] = []
        self.outbox = Outbox()
        self.status = "Available"
        self.is_registered = False
        self.local_list: dict[str, str] = {}
        self.local_list_version = 0
        self.cache: dict[str, str] = {}
        self._boots = True
        self._was_connected_before = False
        self._heartbeat_s = 300.0
        self._has_learnt_time = False
        self._pending_tag: str | None = None
        self._pending_since = self.clock.now()
        self._is_finishing = False
        self._session_began_wh = 0.0
        self._reported: tuple[str, str] | None = None
        self.is_operative_after = True
        self._pending_profile: Profile | None = None
        self._changed = asyncio.Event()
        self._queued = asyncio.Event()
        self._settings_changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        charge_point.needs_authorisation = True
        charge_point.limiters.append(self._limit_at)
        charge_point.listen(self._changed.set)

    # Life

    async def run(self) -> None:
        """Speak until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for work in (self.link.run, self._follow, self._beat, self._meter, self._meter_aligned, self._deliver):
                    group.create_task(work())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def is_online(self) -> bool:
        """Whether the central system has accepted us and the link is up."""
        return self.is_registered and self.link.is_open

    def present_tag(self, tag: str) -> None:
        """Hold a card to the reader: starts, or stops what it started."""
        self._spawn(self._on_tag(tag))

    def lose_power(self) -> None:
        """Forget what is only in memory, and go silent."""
        self.link.cut()
        self.is_registered = False
        self._boots = True
        self._pending_tag = None
        if self.behaviour.forgets_profiles_on_reboot:
            self.profiles.profiles.clear()

    def regain_power(self) -> None:
        """Boot."""
        self.configuration.reboot()
        self._reported = None
        if self.transaction is not None and self.behaviour.after_power_loss == "stop":
            self.stop_transaction("PowerLoss")
        elif self.transaction is not None and self.behaviour.after_power_loss == "nothing":
            self.transaction = None
            self.profiles.end_transaction()
            self.charge_point.authorise(False)
        self.link.restore()
        self._changed.set()

    def restart(self, reason: str) -> None:
        """Reboot on command."""
        if self.transaction is not None and reason == "SoftReset":
            self.stop_transaction(reason)
        self.lose_power()
        self.charge_point.regain_power()
        self.regain_power()

    def stamp(self, instant: datetime | None = None) -> str:
        """Write an instant as the charge point's clock has it."""
        shown = instant or self.clock.now()
        if self.behaviour.clock_wrong_until_boot and not self._has_learnt_time:
            shown = _EPOCH + (shown - self.charge_point.booted_at)
        return shown.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def settings_changed(self) -> None:
        """Look at the configuration again."""
        self._settings_changed.set()

    def register_wh(self) -> int:
        """Return the register as this charge point writes it."""
        register = self.charge_point.meter.register_wh
        return int(register - self._session_began_wh if self.behaviour.register_per_session else register)

    # Boot and beat

    def _on_call(self, action: str, payload: Payload) -> Answer:
        return self.commands.perform(action, payload)

    async def _on_open(self) -> None:
        self._reported = None
        if self._was_connected_before and self.behaviour.drops_profiles_on_reconnect:
            self.profiles.end_transaction()
            self.charge_point.catch_up()
        self._was_connected_before = True
        with suppress(LinkLost, CallTimedOut, CallRefused):
            if self._boots or self.behaviour.boots_on_reconnect:
                await self.boot()
            else:
                self.is_registered = True
            await self.report_status(0)
            self._changed.set()

    def _on_lost(self) -> None:
        self.is_registered = False

    async def boot(self) -> None:
        """Send BootNotification until it is accepted."""
        plate = self.nameplate
        while True:
            answer = await self.link.call(
                "BootNotification",
                {
                    "chargePointVendor": plate.vendor,
                    "chargePointModel": plate.model,
                    "chargePointSerialNumber": plate.serial,
                    "firmwareVersion": plate.firmware,
                    "meterType": "Class 1",
                },
            )
            interval_s = float(answer.get("interval") or 0)
            self._has_learnt_time = True
            if answer.get("status") == "Accepted":
                self._boots = False
                self.is_registered = True
                self._heartbeat_s = interval_s or 300.0
                self.configuration.set("HeartbeatInterval", str(int(self._heartbeat_s)))
                self._settings_changed.set()
                return
            await self.clock.sleep(interval_s or 60.0)

    async def _beat(self) -> None:
        while True:
            await self._rest(max(1, self.configuration.whole("HeartbeatInterval", 300)))
            if self.is_online:
                with suppress(LinkLost, CallTimedOut, CallRefused):
                    await self.link.call("Heartbeat", {})

    async def _rest(self, seconds: float) -> None:
        """Sleep in world time, or until the settings change."""
        self._settings_changed.clear()
        waits = [
            asyncio.ensure_future(self.clock.sleep(seconds)),
            asyncio.ensure_future(self._settings_changed.wait()),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    # Status

    def current_status(self) -> tuple[str, str]:
        """Return the connector's status and error code."""
        box = self.charge_point
        if box.faults:
            return "Faulted", _ERROR_CODES[min(box.faults)]
        if not box.is_operative and self.transaction is None:
            return "Unavailable", "NoError"
        if self.transaction is not None:
            return self._status_in_transaction(), "NoError"
        if box.vehicle is None:
            return ("Preparing" if self._pending_tag else "Available"), "NoError"
        return ("Finishing" if self._is_finishing else "Preparing"), "NoError"

    def _status_in_transaction(self) -> str:
        if self.charge_point.offered_a < MIN_CURRENT_A:
            return "SuspendedEVSE"
        return "Charging" if self.charge_point.pilot.value == "C2" else "SuspendedEV"

    async def report_status(self, connector_id: int) -> None:
        """Send StatusNotification for the connector, or the box as a whole (0)."""
        status, error = self.current_status()
        if connector_id == 0 and status not in ("Available", "Unavailable", "Faulted"):
            status = "Available"
        payload = {"connectorId": connector_id, "status": status, "errorCode": error, "timestamp": self.stamp()}
        if self.behaviour.extra_status_info:
            payload["info"] = self.behaviour.extra_status_info
        await self.link.call("StatusNotification", payload)

    async def _follow(self) -> None:
        """Turn changes of the physics into transactions and status messages."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._follow_vehicle()
            now_is = self.current_status()
            self.status = now_is[0]
            if self.is_online and now_is != self._reported:
                with suppress(LinkLost, CallTimedOut, CallRefused):
                    await self.report_status(self.connector_id)
                    self._reported = now_is

    def _follow_vehicle(self) -> None:
        box = self.charge_point
        if box.vehicle is None:
            self._is_finishing = False
            if self.transaction is not None and self.configuration.is_true("StopTransactionOnEVSideDisconnect"):
                self.stop_transaction("EVDisconnected")
            self._expire_pending_tag()
            return
        if self.transaction is None and not self._is_finishing and not box.faults and box.is_powered:
            if self._pending_tag is not None:
                self.start_transaction(self._pending_tag)
            elif self.configuration.is_true("FreeVendEnabled") and box.is_operative:
                self.start_transaction(self.configuration.get("FreeVendIdTag"))
            return
        is_held_at_zero = box.offered_a < MIN_CURRENT_A and not box.faults and box.is_powered
        if is_held_at_zero and self.behaviour.ends_transaction_at_zero:
            self.stop_transaction("Other")

    def _expire_pending_tag(self) -> None:
        if self._pending_tag is None:
            return
        patience = timedelta(seconds=self.configuration.whole("ConnectionTimeOut", 120))
        if self.clock.now() - self._pending_since >= patience:
            self._pending_tag = None

    # Transactions

    def accept_start(self, tag: str, profile: Profile | None = None) -> None:
        """Start now if a vehicle is there, else within ConnectionTimeOut of being plugged in."""
        self._pending_profile = profile
        if self.charge_point.vehicle is not None:
            self._is_finishing = False
            self.start_transaction(tag)
            return
        self._pending_tag = tag
        self._pending_since = self.clock.now()
        self._changed.set()
        self._spawn(self._expire_later())

    async def _expire_later(self) -> None:
        await self.clock.sleep(self.configuration.whole("ConnectionTimeOut", 120))
        self._changed.set()

    def start_transaction(self, tag: str) -> None:
        """Begin a transaction and queue its message."""
        box = self.charge_point
        box.catch_up()
        self._session_began_wh = box.meter.register_wh
        self.transaction = Transaction(tag=tag, started_at=self.clock.now(), meter_start_wh=self.register_wh())
        self._pending_tag = None
        profile, self._pending_profile = self._pending_profile, None
        if profile is not None:
            with suppress(ProfileRefused):
                self.profiles.install(profile, self.transaction.wire_id)
        payload = {
            "connectorId": self.connector_id,
            "idTag": tag,
            "meterStart": self.transaction.meter_start_wh,
            "timestamp": self.stamp(),
        }
        self._queue("StartTransaction", payload)
        box.authorise(True)
        self._changed.set()

    def stop_transaction(self, reason: str) -> None:
        """End the running transaction and queue its message."""
        transaction = self.transaction
        if transaction is None:
            return
        self.charge_point.catch_up()
        payload: Payload = {"meterStop": self.register_wh(), "timestamp": self.stamp(), "reason": reason}
        if reason != "EVDisconnected":
            payload["idTag"] = transaction.tag
        wanted = self.configuration.get("StopTxnSampledData")
        if wanted:
            payload["transactionData"] = [self._meter_value(wanted, "Transaction.End")]
        self._queue("StopTransaction", payload)
        self.transaction = None
        self.finished.append(transaction)
        self._is_finishing = self.charge_point.vehicle is not None
        self.profiles.end_transaction()
        self.charge_point.authorise(False)
        if not self.is_operative_after:
            self.is_operative_after = True
            self.charge_point.set_operative(False)
        self._changed.set()

    async def _on_tag(self, tag: str) -> None:
        if self.transaction is not None:
            if tag.lower() == self.transaction.tag.lower():
                self.stop_transaction("Local")
            return
        if await self._is_welcome(tag):
            self.accept_start(tag)

    async def _is_welcome(self, tag: str) -> bool:
        known = self.local_list.get(tag) or self.cache.get(tag)
        if self.is_online and not (known == "Accepted" and self.configuration.is_true("LocalPreAuthorize")):
            with suppress(LinkLost, CallTimedOut, CallRefused):
                answer = await self.link.call("Authorize", {"idTag": tag})
                status = str(answer.get("idTagInfo", {}).get("status"))
                self.cache[tag] = status
                return status == "Accepted"
        if known is not None and self.configuration.is_true("LocalAuthorizeOffline"):
            return known == "Accepted"
        return known is None and self.configuration.is_true("AllowOfflineTxForUnknownId")

    def authorise_then_start(self, tag: str, profile: Profile | None) -> None:
        """Ask first, as AuthorizeRemoteTxRequests wants it, then start."""

        async def ask() -> None:
            if await self._is_welcome(tag):
                self.accept_start(tag, profile)

        self._spawn(ask())

    def _queue(self, action: str, payload: Payload) -> None:
        copies = 2 if self.behaviour.duplicate_messages and action != "MeterValues" else 1
        for _ in range(copies):
            self.outbox.add(Message(action=action, payload=payload, transaction=self.transaction))
        self._queued.set()

    async def _deliver(self) -> None:
        while True:
            await self._queued.wait()
            self._queued.clear()
            while self.outbox.messages:
                if not self.is_online:
                    await asyncio.sleep(0.02)
                    continue
                await self._deliver_one(self.outbox.messages[0])

    async def _deliver_one(self, message: Message) -> None:
        try:
            answer = await self.link.call(message.action, message.complete())
        except LinkLost:
            return
        except CallRefused, CallTimedOut:
            message.attempts += 1
            if message.attempts < max(1, self.configuration.whole("TransactionMessageAttempts", 3)):
                wait_s = self.configuration.whole("TransactionMessageRetryInterval", 30) * message.attempts
                await self.clock.sleep(wait_s)
                return
        else:
            if message.action == "StartTransaction" and message.transaction is not None:
                self._on_started(message.transaction, answer)
        if self.outbox.messages and self.outbox.messages[0] is message:
            self.outbox.messages.popleft()

    def _on_started(self, transaction: Transaction, answer: Payload) -> None:
        transaction.transaction_id = answer.get("transactionId")
        transaction.is_lost = self.behaviour.loses_transaction_id
        if answer.get("idTagInfo", {}).get("status") == "Accepted" or transaction is not self.transaction:
            return
        transaction.is_invalid = True
        if self.configuration.is_true("StopTransactionOnInvalidId"):
            self.stop_transaction("DeAuthorized")
        else:
            self.charge_point.authorise(False)

    # Meter values

    async def _meter(self) -> None:
        while True:
            interval_s = self.configuration.whole("MeterValueSampleInterval")
            await self._rest(interval_s or 3600)
            if self._settings_changed.is_set() or not interval_s or self.transaction is None:
                continue
            self.queue_meter_values("Sample.Periodic", self.configuration.get("MeterValuesSampledData"))

    async def _meter_aligned(self) -> None:
        while True:
            interval_s = self.configuration.whole("ClockAlignedDataInterval")
            if not interval_s:
                await self._rest(3600)
                continue
            now = self.clock.now()
            past_midnight_s = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
            await self._rest(interval_s - past_midnight_s % interval_s)
            if not self._settings_changed.is_set():
                self.queue_meter_values("Sample.Clock", self.configuration.get("MeterValuesAlignedData"))

    def queue_meter_values(self, context: str, measurands: str) -> None:
        """Sample now and queue the message."""
        if not self.charge_point.is_powered or not measurands:
            return
        payload = {"connectorId": self.connector_id, "meterValue": [self._meter_value(measurands, context)]}
        self._queue("MeterValues", payload)

    def _meter_value(self, measurands: str, context: str) -> Payload:
        samples = sampled_values(
            self.charge_point,
            measurands.split(","),
            context=context,
            register_wh=self.register_wh(),
            behaviour=self.behaviour,
        )
        return {"timestamp": self.stamp(), "sampledValue": samples}

    # Limits

    def _limit_at(self, now: datetime) -> float:
        if self.behaviour.ignores_profiles:
            return float("inf")
        since = None if self.transaction is None else self.transaction.started_at
        return self.profiles.limit_a(now, connector_id=self.connector_id, charging_since=since)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
