"""The setpoint that we ask for: written, looked at, and renewed for as long as we mean it."""

import asyncio
from collections.abc import Mapping
import math
from typing import Final

from modbus_connection import ModbusExceptionError

from ..charger import ChargerRefused
from .codec import decode, encode
from .facts import is_plugged_in, max_current, number_of, phases_of, setpoint_of, shown_by
from .link import Link
from .map_model import AMPS, WATTS, KeepAliveKind, RegisterMap, Write
from .poller import Poller
from .register import Cadence, Value, Values

RENEW_AT: Final = 0.4
"""Renewed after this part of the time the charge point gives us, so that one renewal may fail."""

TOLERANCE_A: Final = 0.05
"""A setpoint read back this close is ours: floats and watts do not come back to the last digit."""


class Lease:
    """One charge point's setpoint, from the moment it is first asked for."""

    def __init__(self, link: Link, register_map: RegisterMap, unit_id: int, poller: Poller, wire: asyncio.Lock) -> None:
        self._link = link
        self._map = register_map
        self._unit_id = unit_id
        self._poller = poller
        self._wire = wire
        self._turn = asyncio.Lock()
        self._asked = 0
        self._sent = 0
        self._sent_at = self._wrote_at = -math.inf
        self._beat = 0
        self._beat_at = -math.inf
        self.wanted_a: float | None = None
        self.validity_s: float | None = None

    @property
    def patience_s(self) -> float:
        """How long the charge point waits for us before it falls back, as far as is known."""
        keep_alive = self._map.keep_alive
        told = number_of(keep_alive.timeout_from, self._poller.values)
        return self.validity_s or told or keep_alive.timeout_s

    @property
    def runs_out(self) -> bool:
        """Whether the setpoint ends by itself when it is not renewed: not where the time-out is off."""
        keep_alive = self._map.keep_alive
        is_off = number_of(keep_alive.timeout_from, self._poller.values) == 0
        return keep_alive.kind is KeepAliveKind.REWRITE_SETPOINT and not is_off

    @property
    def is_displaced(self) -> bool:
        """Whether the charge point shows another setpoint than the one asked for."""
        if self.wanted_a is None or setpoint_of(self._map, self._poller.values) is None:
            return False
        return not self._is_held(self.quantise(self.wanted_a))

    def quantise(self, setpoint_a: float) -> float:
        """Return the setpoint as this charge point can take it: down to a step, under its limit, 0 below 6 A."""
        control = self._map.control
        most = min(setpoint_a, max_current(self._map, self._poller.values))
        # The tiny addend keeps 10.1 / 0.1 from becoming 100.
        steps = math.floor(most / control.step_a + 1e-6)
        amps = round(steps * control.step_a, 6)
        return amps if amps >= control.min_a else 0.0

    def want(self, setpoint_a: float) -> int:
        """Mean this setpoint from now on; returns what to ``deliver``."""
        self.wanted_a = setpoint_a
        self._asked += 1
        return self._asked

    async def deliver(self, number: int) -> None:
        """Send the setpoint that was wanted, or the newer one that overtook it while it waited its turn.

        Raises:
            ModbusError: it was not taken, or that is not known.
            ChargerRefused: the charge point shows another value.
        """
        async with self._turn:
            if self._sent < number:
                await self._send()

    async def renew(self) -> None:
        """Send the setpoint last asked for once more. Raises what ``deliver`` raises."""
        async with self._turn:
            if self.wanted_a is not None:
                await self._send()

    def drop(self) -> None:
        """Ask for nothing any more, and let what was asked for run out."""
        self.wanted_a = None

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._wrote_at + self._map.control.min_interval_s - loop.time())
        if self.wanted_a is None:
            return
        # Whoever asked up to here is served by this write: the latest value wins.
        async with self._wire:
            number, amps = self._asked, self.quantise(self.wanted_a)
            self._sent_at = loop.time()
            written = await self._write_all(amps)
            self._sent = number
            await self._look(amps, written)

    async def _write_all(self, amps: float) -> dict[str, Value]:
        """Carry out the steps and return what each register should now hold."""
        control = self._map.control
        if control.wears_flash:
            await self._poller.refresh([shown_by(self._map, control.setpoint).key])
            if self._is_held(amps):
                return {}
        values: dict[str, Value | None] = dict(self._poller.values)
        written: dict[str, Value] = {}
        for step in control.charge if amps else control.pause:
            if all(condition.is_met(values) for condition in step.when):
                value = await self.write_register(step.register, self._number(step, amps, values))
                values[step.register] = written[step.register] = value
                await asyncio.sleep(step.wait_s)
        return written

    def _number(self, step: Write, amps: float, values: Values) -> float:
        if step.value == AMPS:
            return amps
        if step.value == WATTS:
            return amps * self._map.control.volts * phases_of(self._map, values)
        return float(step.value)

    async def write_register(self, key: str, value: float) -> Value:
        """Write one register, and return the value as the register can hold it.

        Raises:
            ModbusError: it was not taken, or that is not known.
            ChargerRefused: the value does not fit.
        """
        register = self._map.registers[key]
        firmware = self._poller.firmware
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._wrote_at + self._map.control.min_interval_s - loop.time())
        try:
            words = encode(register, value, self._poller.words.get(key), firmware)
        except ValueError as err:
            raise ChargerRefused(str(err)) from err
        self._wrote_at = loop.time()
        await self._link.write(self._map.unit_of(register, self._unit_id), register, words)
        held = decode(register, words, firmware).value
        return value if held is None else held

    @property
    def _any_register(self) -> str:
        setpoint = shown_by(self._map, self._map.control.setpoint)
        if setpoint.read is not Cadence.NEVER:
            return setpoint.key
        return next(key for key, register in self._map.registers.items() if register.read is Cadence.FAST)

    async def _look(self, amps: float, written: Mapping[str, Value]) -> None:
        """See what the charge point made of it, and how long it will hold.

        A pause while nothing is plugged in is taken whatever is shown: some models make up a setpoint until a
        vehicle comes, and then it is sent again.
        """
        shown = {key: shown_by(self._map, key) for key in written}
        readable = {key: register.key for key, register in shown.items() if register.read is not Cadence.NEVER}
        remaining = self._map.keep_alive.remaining_from
        for wait_s in (0, self._map.control.settle_s):
            await asyncio.sleep(wait_s)
            try:
                await self._poller.refresh([*readable.values(), *([remaining] if remaining else [])])
            except ModbusExceptionError:
                return  # taken and not shown: the reading's setpoint stays unknown
            self._learn_validity()
            others = [key for key, place in readable.items() if not self._holds(place, written[key])]
            if not others:
                return
        key = others[0]
        held = self._poller.values.get(readable[key])
        if held is not None and (amps or is_plugged_in(self._map, self._poller.values) is not False):
            raise ChargerRefused(f"the charge point was told {written[key]} for {key} and holds {held}")

    def _holds(self, key: str, value: Value) -> bool:
        held = number_of(key, self._poller.values)
        return held is not None and abs(held - float(value)) <= TOLERANCE_A

    def _learn_validity(self) -> None:
        remaining = number_of(self._map.keep_alive.remaining_from, self._poller.values)
        if remaining is not None and remaining >= 1:
            self.validity_s = remaining

    def _is_held(self, amps: float) -> bool:
        held = setpoint_of(self._map, self._poller.values)
        return held is not None and abs(held - amps) <= min(TOLERANCE_A, self._map.control.step_a / 2)

    @property
    def renew_at(self) -> float:
        """When, in the loop's time, the charge point must hear from us again; infinity for never."""
        rest = RENEW_AT * self.patience_s
        match self._map.keep_alive.kind:
            case KeepAliveKind.REWRITE_SETPOINT if self.wanted_a is not None and self._sent:
                return self._sent_at + rest
            case KeepAliveKind.WRITE_VALUE if self.wanted_a is not None:
                return self._beat_at + rest
            case KeepAliveKind.ANY_REQUEST if self._link.answered_at is not None:
                return self._link.answered_at + rest
            case _:
                return math.inf

    async def keep_alive(self) -> None:
        """Let the charge point hear from us, in the way it wants. Raises what ``deliver`` raises."""
        keep_alive = self._map.keep_alive
        if keep_alive.kind is KeepAliveKind.REWRITE_SETPOINT:
            async with self._turn:
                if asyncio.get_running_loop().time() >= self.renew_at:
                    await self._send()
        elif keep_alive.kind is KeepAliveKind.WRITE_VALUE and keep_alive.register is not None:
            value = keep_alive.values[self._beat % len(keep_alive.values)]
            self._beat += 1
            self._beat_at = asyncio.get_running_loop().time()
            await self.write_register(keep_alive.register, value)
        else:
            await self._poller.refresh([self._any_register])
