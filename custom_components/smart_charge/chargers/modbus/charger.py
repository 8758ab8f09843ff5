"""One charge point over Modbus: polled, commanded and kept awake, as its register map says."""

import asyncio
from collections.abc import Callable, Iterable
import dataclasses
from datetime import UTC, datetime
import math
from typing import Any, Final, override

from modbus_connection import ModbusError, ModbusExceptionError

from ...charging.model import Reading
from ..charger import (
    Capabilities,
    Charger,
    ChargerError,
    ChargerMisunderstood,
    ChargerNotPermitted,
    ChargerRefused,
    Clock,
    Identity,
    Kept,
    LeaveBehind,
    Listener,
    PastTransaction,
    SampleListener,
)
from ..listeners import Listeners
from .facts import failsafe_current
from .failsafe import Failsafe
from .identity import capabilities_of
from .interruption import Alone
from .lease import Lease
from .link import Link, Units, named
from .map_model import KeepAliveKind, RegisterMap
from .poller import Poller
from .register import Table
from .watch import Watch

POLL_S: Final = 1.0
HAND_BACK_S: Final = 4.0
_NO_TIME: Final = datetime.min.replace(tzinfo=UTC)
MAX_REGISTERS: Final = 125
MAX_BITS: Final = 2000


class ModbusCharger(Charger):
    """A charge point with a register map. See ``Charger`` for what can be asked of it."""

    def __init__(
        self,
        units: Units,
        register_map: RegisterMap,
        *,
        unit_id: int,
        identity: Identity,
        clock: Clock,
        poll_s: float | None = None,
        connector: int = 1,
        seen_at: datetime | None = None,
    ) -> None:
        self._map = register_map.for_connector(connector)
        self._unit_id = unit_id
        self._poll_s = poll_s or register_map.limits.poll_s or POLL_S
        self._link = Link(units, self._map.limits)
        self._poller = Poller(self._link, self._map, unit_id, identity.firmware)
        self._wire = asyncio.Lock()
        self._lease = Lease(self._link, self._map, unit_id, self._poller, self._wire)
        self._failsafe = Failsafe(self._map, self._poller, self._lease)
        self._watch = Watch(
            self._link,
            self._map,
            self._poller,
            identity=identity,
            clock=clock,
            poll_s=self._poll_s,
            alone=self._left_alone,
            seen_at=seen_at,
        )
        self._listeners = Listeners()
        self._shown: object = None
        self._must_resend = False

    @property
    @override
    def identity(self) -> Identity:
        return self._watch.identity

    @property
    @override
    def reading(self) -> Reading | None:
        return self._watch.reading

    @property
    @override
    def is_online(self) -> bool:
        return self._watch.is_online

    @property
    @override
    def restarts(self) -> int:
        return self._watch.restarts

    @property
    @override
    def capabilities(self) -> Capabilities:
        return capabilities_of(self._map, self._poller.values)

    @property
    @override
    def sample_interval_s(self) -> float | None:
        return self._watch.interval_s

    @property
    @override
    def keeps_transactions(self) -> bool:
        return False

    @property
    @override
    def past_transactions(self) -> tuple[PastTransaction, ...]:
        return ()

    @override
    async def acknowledge(self, transactions: Iterable[PastTransaction]) -> None:
        """Do nothing: registers know no transactions."""

    @override
    async def forget_people(self) -> frozenset[Kept]:
        """Nothing was kept: tags are read, where a map has them, and never written."""
        return frozenset()

    @override
    def listen(self, listener: Listener) -> Callable[[], None]:
        return self._listeners.listen(listener)

    @override
    def listen_samples(self, listener: SampleListener) -> Callable[[], None]:
        return self._listeners.listen_samples(listener)

    @override
    def admit(self, *, is_admitted: bool) -> None:
        """Do nothing: over Modbus no tag is asked for."""

    @override
    def attend(self, *, is_watched: bool) -> None:
        self._watch.pace.is_watched = is_watched
        if is_watched:
            self._watch.wake()

    @override
    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._poll_for_ever())
                tasks.create_task(self._keep_alive_for_ever())
        finally:
            self._link.close()

    @override
    async def apply(self, setpoint_a: float) -> None:
        if not math.isfinite(setpoint_a) or setpoint_a < 0:
            raise ValueError(f"{setpoint_a} A is no setpoint")
        number = self._lease.want(setpoint_a)
        self._watch.hurry()
        try:
            with named():
                await self._deliver(number)
        except ChargerRefused, ChargerNotPermitted:
            self._must_resend = False
            raise
        except ChargerError:
            self._must_resend = True
            raise
        finally:
            self._renew_reading()
        self._must_resend = False

    async def _deliver(self, number: int) -> None:
        """Write, once more if the connection failed; over a new connection only after reading."""
        try:
            await self._read_first()
            await self._lease.deliver(number)
        except ModbusExceptionError:
            raise
        except ModbusError:
            self._watch.note_cut()
            await self._read_first()
            await self._lease.deliver(number)

    async def _read_first(self) -> None:
        async with self._wire:
            if self._watch.reading is None or self._watch.was_cut:
                await self._poll()

    @override
    async def leave_behind(self, plan: LeaveBehind) -> None:
        self._failsafe.mean(plan.max_a)
        with named():
            await self._read_first()
            async with self._wire:
                await self._failsafe.leave(plan.max_a)
        self._publish()

    @override
    async def hand_back(self) -> None:
        """Leave a vehicle able to charge without us.

        A setpoint with a life time is left to run out: nothing switches at once, and a quick return of
        Home Assistant finds all as it was. Any other stays, or caps what the failsafe allows ("maximum
        current under communication loss", Mennekes ECU), so a pause would strand the vehicle in its hours
        too: it gives way to the failsafe current, or to what was to be left behind where there is none.

        That costs a few amperes outside the hours while Home Assistant restarts. The other way costs a vehicle
        that stays at 0 for good where the failsafe is a cap, and no register tells which it is (7.2).
        """
        paused = self._lease.wanted_a is not None and self._lease.quantise(self._lease.wanted_a) == 0
        self._lease.drop()
        self._must_resend = False
        if not paused or self._lease.runs_out:
            return
        number = self._lease.want(self._failsafe.current_to_leave(self.capabilities.max_a))
        try:
            async with asyncio.timeout(HAND_BACK_S):
                await self._lease.deliver(number)
        except ModbusError, ChargerError, TimeoutError:
            self._link.counters["hand_backs_failed"] += 1
        finally:
            self._lease.drop()
            self._renew_reading()

    async def read_registers(self, kind: str, address: int, count: int, unit_id: int | None) -> list[int]:
        """Read any registers, or bits as 0 and 1, for an installer. ``unit_id`` None is the connector's.

        Raises:
            ValueError: there is no such kind, address, count or unit.
            ChargerError: the charge point did not answer, or refused.
        """
        table = Table(kind)
        most = MAX_BITS if table in (Table.COIL, Table.DISCRETE) else MAX_REGISTERS
        if not 1 <= count <= most:
            raise ValueError(f"from 1 to {most} at once, not {count}")
        if address < 0 or address + count > 0x10000:
            raise ValueError(f"addresses go from 0 to 65535, not {address} to {address + count - 1}")
        unit = self._unit_id if unit_id is None else unit_id
        if not 0 <= unit <= 255:
            raise ValueError(f"unit ids go from 0 to 255, not {unit}")
        with named():
            return await self._link.read(unit, table, address, count)

    @override
    def diagnostics(self) -> dict[str, Any]:
        registers = self._map.registers
        words = {key: words for key, words in self._poller.words.items() if not registers[key].is_private}
        return {
            "map": self._map.id,
            "unit_id": self._unit_id,
            "is_online": self.is_online,
            "restarts": self.restarts,
            "counters": dict(self._link.counters),
            "implausible_values": dict(self._poller.implausible),
            "registers_missing": self._poller.missing,
            "requests_per_poll": self._poller.requests_per_poll,
            "is_paced_down": self._watch.pace.is_slow,
            "setpoint_wanted_a": self._lease.wanted_a,
            "setpoint_validity_s": self._lease.validity_s,
            "patience_s": self._lease.patience_s,
            "unattended": self.capabilities.unattended,
            "clock": self._poller.values.get("clock"),
            "registers": {key: "".join(f"{word:04x}" for word in held) for key, held in sorted(words.items())},
        }

    def _left_alone(self) -> Alone:
        """Return what it does while it does not hear from us."""
        is_patient = self._map.keep_alive.kind is KeepAliveKind.NONE
        failsafe_a = failsafe_current(self._map, self._poller.values)
        return Alone(patience_s=math.inf if is_patient else self._lease.patience_s, failsafe_a=failsafe_a)

    async def _keep_alive_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            rest = self._lease.renew_at - loop.time()
            if rest > 0 or not self.is_online:
                # Short naps: a new setpoint or a newly learnt validity may bring the time forward.
                await asyncio.sleep(max(0.01, min(rest, self._poll_s / 4)))
                continue
            try:
                await self._lease.keep_alive()
            except ModbusError, ChargerRefused:
                self._link.counters["keep_alives_failed"] += 1
                await asyncio.sleep(min(self._poll_s, self._lease.patience_s / 10))
            self._renew_reading()

    async def _poll_for_ever(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                async with self._wire:
                    await self._poll()
                await self._resend()
            except (ModbusError, ChargerMisunderstood) as err:
                if self._watch.note_failure(err):
                    self._publish()
            await self._watch.rest(began)

    async def _resend(self) -> None:
        """Ask again for what a lost link or a restart may have swept away."""
        if self._watch.has_news_of_restart:
            # Whoever listens may want something else after a power cut, and has until the next poll to say so.
            self._watch.has_news_of_restart = False
        elif self._must_resend:
            self._must_resend = False
            try:
                await self._lease.renew()
            except ModbusExceptionError, ChargerRefused:
                self._link.counters["setpoints_refused"] += 1
            except ModbusError:
                self._must_resend = True
                raise
            self._renew_reading()

    async def _poll(self) -> None:
        is_swept = await self._watch.poll() and self._lease.wanted_a is not None
        if is_swept or (self._watch.has_arrival and self._lease.is_displaced):
            self._must_resend = True  # some models make up a setpoint of their own while there is no vehicle
        self._publish()
        self._listeners.sampled(self.reading)

    def _renew_reading(self) -> None:
        """Show what a command has just read back."""
        if self._watch.renew_reading():
            self._publish()

    def _publish(self) -> None:
        reading = self.reading
        if reading is not None:
            reading = dataclasses.replace(reading, taken_at=_NO_TIME, measured_at=None)
        shown = (reading, self.is_online, self.restarts, self.identity, self.capabilities)
        if shown != self._shown:
            self._shown = shown
            self._listeners.changed()
