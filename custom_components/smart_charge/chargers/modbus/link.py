"""Requests to one charge point over borrowed units: counted, checked, and their failures named."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
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
from .map_model import Limits, Register, Table

type Units = Callable[[int], ModbusUnit]
"""Lends the unit with this id on the charge point's connection."""

BUSY_RETRIES: Final = 2
BUSY_WAIT_S: Final = 0.3


class Link:
    """One charge point's units. Raises what ``modbus_connection`` raises; ``named`` turns that into ours."""

    def __init__(self, units: Units, limits: Limits) -> None:
        self._lend = units
        self._limits = limits
        self._units: dict[int, ModbusUnit] = {}
        self.counters: Counter[str] = Counter()
        self.answered_at: float | None = None

    def unit(self, unit_id: int) -> ModbusUnit:
        """Return the unit with this id, set up for the device's pace."""
        if unit_id not in self._units:
            unit = self._units[unit_id] = self._lend(unit_id)
            unit.require_timeout(self._limits.timeout_s)
            if self._limits.spacing_s:
                unit.set_message_spacing(self._limits.spacing_s)
        return self._units[unit_id]

    @property
    def is_connected(self) -> bool:
        """Whether the connection is up, as far as it is known."""
        return any(unit.connected for unit in self._units.values())

    async def read(self, unit_id: int, table: Table, address: int, count: int) -> list[int]:
        """Read registers, or bits as 0 and 1."""
        unit = self.unit(unit_id)
        with self._counted():
            match table:
                case Table.HOLDING:
                    words = await unit.read_holding_registers(address, count)
                case Table.INPUT:
                    words = await unit.read_input_registers(address, count)
                case Table.COIL:
                    words = [int(bit) for bit in await unit.read_coils(address, count)]
                case Table.DISCRETE:
                    words = [int(bit) for bit in await unit.read_discrete_inputs(address, count)]
            if len(words) != count:
                raise ModbusProtocolError(f"asked for {count} registers at {address}, got {len(words)}")
        return words

    async def write(self, unit_id: int, register: Register, words: list[int]) -> None:
        """Write one register's words in one request; a busy device is asked again."""
        for attempt in range(BUSY_RETRIES + 1):
            try:
                return await self._write(unit_id, register, words)
            except ServerDeviceBusyError:
                if attempt == BUSY_RETRIES:
                    raise
                await asyncio.sleep(BUSY_WAIT_S)
        return None

    async def _write(self, unit_id: int, register: Register, words: list[int]) -> None:
        unit = self.unit(unit_id)
        with self._counted():
            self.counters["writes"] += 1
            if register.table is Table.COIL:
                await unit.write_coil(register.address, bool(words[0]))
            elif register.write == "fc16" or len(words) > 1:
                await unit.write_registers(register.address, words)
            else:
                await unit.write_register(register.address, words[0])

    async def recycle(self) -> None:
        """Drop a connection that is open but does not answer; the next request makes a new one."""
        for unit in self._units.values():
            try:
                await unit.disconnect()
            except ModbusError:
                self.counters["errors_closing"] += 1
            return

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.counters["requests"] += 1
        try:
            yield
        except ModbusExceptionError as err:
            self.answered_at = asyncio.get_running_loop().time()
            self.counters[f"exceptions_{err.exception_code or 'unknown'}"] += 1
            raise
        except ModbusTimeoutError:
            self.counters["timeouts"] += 1
            raise
        except ModbusConnectionError:
            self.counters["connection_errors"] += 1
            raise
        except ModbusError:
            self.counters["malformed_answers"] += 1
            raise
        self.answered_at = asyncio.get_running_loop().time()


@contextmanager
def named(link: Link) -> Iterator[None]:
    """Raise our errors for the library's."""
    try:
        yield
    except ModbusError as err:
        raise name_error(err, is_connected=link.is_connected) from err


def name_error(err: ModbusError, *, is_connected: bool) -> ChargerError:
    """Say whose fault it was."""
    match err:
        case IllegalFunctionError() | IllegalDataAddressError():
            return ChargerNotPermitted(f"the charge point does not offer this here: {err}")
        case ModbusExceptionError():
            return ChargerRefused(f"the charge point refused: {err}")
        case ModbusTimeoutError() if is_connected:
            return ChargerTimedOut(str(err))
        case ModbusTimeoutError() | ModbusConnectionError():
            return ChargerUnreachable(str(err))
        case _:
            return ChargerMisunderstood(str(err))
