"""Requests to one charge point over borrowed units: counted, checked, and their failures named."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from modbus_connection import (
    IllegalDataAddressError,
    IllegalFunctionError,
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusProtocolError,
    ModbusTimeoutError,
    ModbusUnit,
    ServerDeviceBusyError,
)

from ..charger import (
    ChargerError,
    ChargerMisunderstood,
    ChargerNotPermitted,
    ChargerRefused,
    ChargerTimedOut,
    ChargerUnreachable,
)
from .map_model import Limits
from .register import Register, Table

type Units = Callable[[int], ModbusUnit]
"""Lends the unit with this id on the charge point's connection."""

GRACE_S: Final = 1.5
"""What one request may take beyond a timeout each to connect and to answer: its turn, and one "busy"."""


class Link:
    """One charge point's units. Raises what ``modbus_connection`` raises; ``named`` turns that into ours.

    ``was_lost``: the connection broke since whoever minds that last set it back.
    """

    def __init__(self, units: Units, limits: Limits) -> None:
        self._lend = units
        self._limits = limits
        self._units: dict[int, ModbusUnit] = {}
        self.counters: Counter[str] = Counter()
        self.answered_at: float | None = None
        self.was_lost = False
        self._stops: list[Callable[[], None]] = []

    def unit(self, unit_id: int) -> ModbusUnit:
        """Return the unit with this id, set up for the device's pace."""
        if unit_id not in self._units:
            unit = self._units[unit_id] = self._lend(unit_id)
            unit.require_timeout(self._limits.timeout_s)
            # Also where it is 0: the last one to borrow the unit, a probe with another map, may have left its own.
            unit.set_message_spacing(self._limits.spacing_s)
            self._stops.append(unit.on_connection_lost(self._note_loss))
        return self._units[unit_id]

    def _note_loss(self) -> None:
        self.was_lost = True  # the library dials again by itself, so that nobody else would hear of it

    def close(self) -> None:
        """Follow the connection no more; it belongs to whoever lent it."""
        while self._stops:
            self._stops.pop()()

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up, as far as it is known."""
        return any(unit.connected for unit in self._units.values())

    async def read(self, unit_id: int, table: Table, address: int, count: int) -> list[int]:
        """Read registers, or bits as 0 and 1."""
        unit = self.unit(unit_id)
        match table:
            case Table.HOLDING:
                words = await self._request(unit, unit.read_holding_registers(address, count))
            case Table.INPUT:
                words = await self._request(unit, unit.read_input_registers(address, count))
            case Table.COIL:
                words = [int(bit) for bit in await self._request(unit, unit.read_coils(address, count))]
            case Table.DISCRETE:
                words = [int(bit) for bit in await self._request(unit, unit.read_discrete_inputs(address, count))]
        if len(words) != count:
            self.counters["malformed_answers"] += 1
            raise ModbusProtocolError(f"asked for {count} registers at {address}, got {len(words)}")
        return words

    async def write(self, unit_id: int, register: Register, words: list[int]) -> None:
        """Write one register's words in one request."""
        unit = self.unit(unit_id)
        self.counters["writes"] += 1
        if register.table is Table.COIL:
            await self._request(unit, unit.write_coil(register.address, bool(words[0])))
        elif register.write == "fc16" or len(words) > 1:
            await self._request(unit, unit.write_registers(register.address, words))
        else:
            await self._request(unit, unit.write_register(register.address, words[0]))

    async def _request[T](self, unit: ModbusUnit, request: Awaitable[T]) -> T:
        """Wait for the answer, and count what came instead of one.

        A connection that never came about is a ``ModbusConnectionError``, however the library puts it. After
        silence or a cut answer the connection is given up: what still comes over it belongs to no request.
        The library asks a device that says "busy" again for up to a minute; we have other things to do.
        """
        self.counters["requests"] += 1
        try:
            answer = await self._bounded(unit, request)
        except ModbusExceptionError as err:
            self.answered_at = asyncio.get_running_loop().time()
            self.counters[f"exceptions_{err.exception_code or 'unknown'}"] += 1
            raise
        except ModbusTimeoutError as err:
            if not unit.connected:
                self.counters["connection_errors"] += 1
                raise ModbusConnectionError("no connection in time") from err
            self.counters["timeouts"] += 1
            await self._hang_up(unit)
            raise
        except ModbusConnectionError:
            self.counters["connection_errors"] += 1
            raise
        except ModbusError:
            self.counters["malformed_answers"] += 1
            await self._hang_up(unit)
            raise
        self.answered_at = asyncio.get_running_loop().time()
        return answer

    async def _bounded[T](self, unit: ModbusUnit, request: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(2 * self._limits.timeout_s + GRACE_S) as bound:
                return await request
        except TimeoutError as err:
            if bound.expired() and unit.connected:
                await self._hang_up(unit)
                raise ServerDeviceBusyError(message="busy for too long") from err
            if bound.expired():
                raise ModbusConnectionError("no connection in time") from err
            raise

    async def _hang_up(self, unit: ModbusUnit) -> None:
        try:
            await unit.disconnect()
        except ModbusError:
            self.counters["errors_closing"] += 1


@contextmanager
def named() -> Iterator[None]:
    """Raise our errors for the library's."""
    try:
        yield
    except ModbusError as err:
        raise name_error(err) from err


def name_error(err: ModbusError) -> ChargerError:
    """Say whose fault it was."""
    match err:
        case IllegalFunctionError() | IllegalDataAddressError():
            return ChargerNotPermitted(f"the charge point does not offer this here: {err}")
        case ModbusExceptionError():
            return ChargerRefused(f"the charge point refused: {err}")
        case ModbusTimeoutError():
            return ChargerTimedOut(str(err))
        case ModbusConnectionError():
            return ChargerUnreachable(str(err))
        case _:
            return ChargerMisunderstood(str(err))
