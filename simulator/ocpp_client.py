"""The OCPP 1.6 half of a charge point: boot, heartbeat, status, and what its profiles allow."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math
import ssl
from typing import Any

from .charge_point import ChargePoint
from .charging_profiles import Abilities, ProfileStore
from .ocpp_behaviour import Behaviour
from .ocpp_commands import Commands
from .ocpp_configuration import Configuration
from .ocpp_link import UNANSWERED, Answer, CallRefused, CallTimedOut, Credentials, NoAnswer, OcppLink, Payload
from .ocpp_metering import Metering
from .ocpp_nameplate import Nameplate, write_instant
from .ocpp_outlets import Outlets
from .ocpp_status import StatusReports
from .ocpp_transactions import Sessions, Transaction
from .vehicle import MIN_CURRENT_A

_BOOT_S = 2.0
_FLUSH_WITHIN_S = 5.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class OcppClient:
    """Speaks for one charge point, and for its first connector; ``outlets`` are all of its connectors."""

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
        self.clock = charge_point.clock
        self.behaviour = behaviour or Behaviour()
        self.nameplate = nameplate or Nameplate()
        self.profiles = ProfileStore(abilities, voltage_v=charge_point.voltage_v, phases=charge_point.phases)
        self.configuration = configuration or Configuration(password=credentials.password)
        self.configuration.describe(self.profiles.abilities)
        if free_vend:
            self.configuration.set("FreeVendEnabled", "true")
        self.outlets = Outlets(self)
        self._make_parts()
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
        self.is_registered = False
        self._must_boot = True
        self._booted_at: datetime | None = None
        self._knows_time = False

    def _make_parts(self) -> None:
        """Make what each connector has of its own."""
        self.sessions = Sessions(self)
        self.metering = Metering(self)
        self.statuses = StatusReports(self)
        self.commands = Commands(self)
        self._was_paused = False
        self._changed = asyncio.Event()
        self._settings_changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self.charge_point.needs_authorisation = True
        self.charge_point.limiters.append(self._limit_at)
        self.charge_point.listen(self.look_again)

    # What others ask of it

    @property
    def is_online(self) -> bool:
        """Whether the central system has accepted us and the link is up."""
        return self.is_registered and self.link.is_open

    @property
    def transaction(self) -> Transaction | None:
        """The running transaction."""
        return self.sessions.running

    @property
    def status(self) -> str:
        """The connector's status, in OCPP's word."""
        return self.statuses.current()[0]

    @property
    def is_held_at_zero(self) -> bool:
        """Whether a working charge point offers nothing to the vehicle in a transaction."""
        box = self.charge_point
        return box.offered_a < MIN_CURRENT_A and box.is_powered and not box.faults and self.transaction is not None

    async def run(self) -> None:
        """Speak until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for loop in self._loops():
                    group.create_task(loop())
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _loops(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        return (self.link.run, self._run_heartbeat, self._run_pings, *self._own_loops())

    def _own_loops(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        """Return what goes on for each connector."""
        return (
            self._follow,
            self.statuses.run,
            self.metering.run_periodic,
            self.metering.run_aligned,
            self.sessions.run_delivery,
        )

    def present_tag(self, tag: str) -> None:
        """Hold a card to the reader."""
        self.spawn(self.sessions.take_tag(tag))

    def look_again(self) -> None:
        """Compare transaction and status with the facts soon."""
        self._changed.set()

    def look_again_in(self, seconds: float) -> None:
        """Do so after some world time, because time alone changes the answer."""

        async def wait() -> None:
            await self.clock.sleep(seconds)
            self.look_again()

        self.spawn(wait())

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside the rest, until the client ends."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def stamp(self, instant: datetime | None = None) -> str:
        """Write an instant as the charge point's clock has it."""
        shown = (instant or self.clock.now()) + timedelta(seconds=self.behaviour.clock_offset_s)
        if self.behaviour.clock_wrong_until_boot and not self._knows_time:
            shown = _EPOCH + (shown - self.charge_point.booted_at)
        return write_instant(shown, self.behaviour.time_style)

    # Power and restarts

    def lose_power(self) -> None:
        """Forget what is only in memory, and go silent."""
        self.link.cut(is_mains=True)
        self.is_registered = False
        self._must_boot = True
        self._knows_time = False
        for outlet in self.outlets:
            outlet.forget_what_is_in_memory()

    def forget_what_is_in_memory(self) -> None:
        """Forget what one connector knows without power."""
        self.sessions.pending_tag = None
        if self.behaviour.forgets_profiles_on_reboot:
            self.profiles.profiles.clear()
        elif self.behaviour.keeps_only_last_profile:
            del self.profiles.profiles[:-1]

    def regain_power(self, reason: str = "PowerLoss") -> None:
        """Boot, and deal with the transaction that was running."""
        self.configuration.reboot()
        for outlet in self.outlets:
            outlet.take_up(reason)
        self.link.restore(is_mains=True)

    def take_up(self, reason: str) -> None:
        """Deal with the transaction that was running on this connector."""
        if self.transaction is not None and self.behaviour.after_power_loss == "stop":
            self.sessions.stop(reason)
        elif self.behaviour.after_power_loss == "nothing":
            self.sessions.forget()
        if self.configuration.is_true("FreeVendEnabled"):
            self.sessions.is_finishing = False
        self.look_again()

    async def restart(self, reason: str) -> None:
        """Reboot, ending a transaction before a soft one and behind any other."""
        if reason == "SoftReset":
            for outlet in self.outlets:
                outlet.sessions.stop(reason)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_FLUSH_WITHIN_S):
                        await outlet.sessions.all_delivered.wait()
        self.outlets.lose_mains()
        self.lose_power()
        await self.clock.sleep(_BOOT_S)
        self.outlets.regain_mains()
        self.regain_power(reason)

    # Conversation

    def _on_call(self, action: str, payload: Payload) -> Answer:
        behaviour = self.behaviour
        early_s = behaviour.reboots_when_called_early_s
        is_early = self._booted_at is not None and self.clock.now() - self._booted_at < timedelta(seconds=early_s)
        if is_early or action in behaviour.reboots_on_actions:
            self.spawn(self.restart("Reboot"))
            raise NoAnswer
        if behaviour.never_answers or action in behaviour.silent_actions:
            raise NoAnswer
        return self.outlets.perform(action, payload)

    async def _on_open(self) -> None:
        if self.link.connections > 1 and self.behaviour.drops_profiles_on_reconnect:
            for outlet in self.outlets:
                outlet.charge_point.catch_up()
                outlet.profiles.end_transaction()
                outlet.charge_point.settle()
        with suppress(*UNANSWERED):
            if (self._must_boot or self.behaviour.boots_on_reconnect) and not self.behaviour.never_boots:
                await self.boot()
            self.is_registered = True
            await self.statuses.report(0)
        for outlet in self.outlets:
            outlet.statuses.start_over()
            outlet.look_again()
            outlet.sessions.wake_delivery()

    def _on_lost(self) -> None:
        self.is_registered = False

    async def boot(self) -> None:
        """Send BootNotification until it is accepted. Raises LinkLost."""
        repeats = self.behaviour.repeats_boot
        while True:
            answer: Payload = {}
            with suppress(CallTimedOut, CallRefused):
                answer = await self.link.call("BootNotification", self._boot_payload())
            interval_s = int(answer.get("interval") or 0)
            self._knows_time = self._knows_time or bool(answer)
            if answer.get("status") == "Accepted":
                self._must_boot = False
                self._booted_at = self.clock.now()
                if interval_s and self.configuration.whole("HeartbeatInterval") != interval_s:
                    self.configuration.set("HeartbeatInterval", str(interval_s))
                    self.settings_changed()
                if not repeats:
                    return
                repeats -= 1
            await self.clock.sleep(interval_s or 60)

    def _boot_payload(self) -> Payload:
        plate = self.nameplate
        payload: Payload = {
            "chargePointVendor": plate.vendor,
            "chargePointModel": plate.model,
            "chargePointSerialNumber": plate.serial,
            "firmwareVersion": plate.firmware,
            "meterType": "Class 1",
        }
        merged = payload | self.behaviour.boot_fields
        return {name: value for name, value in merged.items() if value is not None}

    async def _run_heartbeat(self) -> None:
        while True:
            is_due = await self.rest(max(1, self.configuration.whole("HeartbeatInterval", 300)))
            if is_due and self.is_online:
                with suppress(*UNANSWERED):
                    await self.link.call("Heartbeat", {})

    async def _run_pings(self) -> None:
        while True:
            interval_s = self.configuration.whole("WebSocketPingInterval")
            if await self.rest(interval_s or 3600) and interval_s:
                await self.link.ping()

    def settings_changed(self) -> None:
        """Wake whoever waits by the old settings; a new password counts from the next connection on."""
        password = self.configuration.get("AuthorizationKey")
        if password:
            self.link.credentials = replace(self.link.credentials, password=password)
        for outlet in self.outlets:
            outlet.hear_of_settings()

    def hear_of_settings(self) -> None:
        """Wake those of one connector who wait."""
        waiting, self._settings_changed = self._settings_changed, asyncio.Event()
        waiting.set()

    async def rest(self, seconds: float) -> bool:
        """Sleep in world time; returns False when the settings changed before it was over."""
        changed = self._settings_changed
        waits = [asyncio.ensure_future(self.clock.sleep(seconds)), asyncio.ensure_future(changed.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
        return not changed.is_set()

    async def _follow(self) -> None:
        """Turn changes of the physics into transactions and status reports, waiting for nobody."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self.transaction is None:
                self.statuses.note()
            self.sessions.follow_vehicle()
            self.statuses.note()

    # Charging profiles

    def _limit_at(self, now: datetime) -> float:
        behaviour, transaction = self.behaviour, self.transaction
        if transaction is None:
            self._was_paused = False
        key_a = self.configuration.whole(behaviour.limit_key, 1000) if behaviour.limit_key else math.inf
        if behaviour.ignores_profiles:
            return key_a
        since = None if transaction is None else transaction.started_at
        limit_a = min(key_a, self.profiles.limit_a(now, connector_id=self.connector_id, charging_since=since))
        if limit_a < MIN_CURRENT_A:
            self._was_paused = transaction is not None
        elif self._was_paused and behaviour.ignores_profiles_after_pause:
            return math.inf
        if behaviour.steps_a and math.isfinite(limit_a):
            return max((step for step in behaviour.steps_a if step <= limit_a), default=0.0)
        return limit_a
