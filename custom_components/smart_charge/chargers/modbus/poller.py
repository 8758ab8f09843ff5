"""Keeps what a charge point's registers hold, asking each as often as its map says."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Final

from modbus_connection import (
    IllegalDataAddressError,
    IllegalDataValueError,
    IllegalFunctionError,
    ModbusConnectionError,
    ModbusExceptionError,
)

from .codec import decode
from .link import Link
from .map_model import RegisterMap
from .reads import ReadBlock, ReadPlan, plan_reads, plan_registers
from .register import Cadence, Register, Value

EVERY: Final = {Cadence.FAST: 1, Cadence.SLOW: 10, Cadence.RARE: 60}
"""A register of this cadence is read at each n-th poll."""

NOT_THERE: Final = (IllegalFunctionError, IllegalDataAddressError, IllegalDataValueError)
"""What a device answers when it has no such register, or not in such a request."""


class Poller:
    """The last known values of one charge point.

    Attributes:
        values: by key; a key is missing while its value is not known.
        words: the last words of each register, for packed writes and diagnostics.
        implausible: how often each register held nonsense.
    """

    def __init__(self, link: Link, register_map: RegisterMap, unit_id: int, firmware: str | None) -> None:
        self._link = link
        self._map = register_map
        self._unit_id = unit_id
        self.firmware = firmware
        self.values: dict[str, Value | None] = {}
        self.words: dict[str, list[int]] = {}
        self.implausible: Counter[str] = Counter()
        self._polls = 0
        self._once = plan_reads(register_map, Cadence.ONCE, unit_id)
        self._plans = self._plan()
        self._overdue: list[tuple[ReadPlan, ReadBlock]] = []

    def _plan(self) -> dict[Cadence, ReadPlan]:
        return {cadence: plan_reads(self._map, cadence, self._unit_id, self.firmware) for cadence in EVERY}

    def start_over(self) -> None:
        """Read everything at the next poll: the device may have restarted, or be another one."""
        self._polls = 0

    @property
    def missing(self) -> list[str]:
        """Keys of registers that the device does not have."""
        return sorted(key for plan in (self._once, *self._plans.values()) for key in plan.refused)

    @property
    def requests_per_poll(self) -> dict[str, int]:
        """How many requests each cadence takes at present."""
        return {cadence.value: len(plan.blocks) for cadence, plan in self._plans.items()}

    async def poll(self, ticks: int = 1) -> None:
        """Read what is due, and replace the values together once all has been asked.

        ``ticks`` is how many polls this one stands for, when they are further apart than usual.

        Raises:
            ModbusError: the link failed; nothing is replaced. A refusal only makes its registers unknown.
        """
        answers = _Answers()
        if self._polls == 0:
            await self._read_plan(self._once, answers)
            self._commit(answers)
            self._take_firmware()
            self._overdue = []
        overdue, self._overdue = self._overdue, []
        for plan, block in overdue:
            if block in plan.blocks:
                await self._read_block(plan, block, answers)
        for cadence, plan in self._plans.items():
            if self._polls == 0 or self._polls // EVERY[cadence] > (self._polls - ticks) // EVERY[cadence]:
                await self._read_plan(plan, answers)
        self._polls += ticks
        self._commit(answers)

    async def refresh(self, keys: Iterable[str]) -> None:
        """Read these registers now.

        Raises:
            ModbusError: the link failed, or the device refused.
        """
        answers = _Answers()
        wanted = [self._map.registers[key] for key in dict.fromkeys(keys)]
        for block in plan_registers(self._map, wanted, self._unit_id):
            answers.add(block, await self._ask(block))
        self._commit(answers)

    def _take_firmware(self) -> None:
        key = self._map.identity.firmware
        said = None if key is None else self.values.get(key)
        if said is not None and str(said) != self.firmware:
            self.firmware = str(said)
            self._plans = self._plan()

    async def _read_plan(self, plan: ReadPlan, answers: _Answers) -> None:
        plan.reconsider(_now())
        for block in list(plan.blocks):
            await self._read_block(plan, block, answers)

    async def _read_block(self, plan: ReadPlan, block: ReadBlock, answers: _Answers) -> None:
        was_connected = self._link.is_connected
        try:
            words = await self._ask(block)
        except NOT_THERE:
            answers.lose(block)
            for part in plan.refine(block, _now()):
                await self._read_block(plan, part, answers)
        except ModbusExceptionError:
            answers.lose(block)
            self._overdue.append((plan, block))
        except ModbusConnectionError:
            # Some boards hang up when asked for an address they do not have.
            if was_connected and block.has_gaps:
                plan.refine(block, _now())
            raise
        else:
            answers.add(block, words)

    async def _ask(self, block: ReadBlock) -> list[int]:
        return await self._link.read(block.unit_id, block.table, block.address, block.count)

    def _commit(self, answers: _Answers) -> None:
        for key in answers.lost:
            self.values.pop(key, None)
            self.words.pop(key, None)
        for register, words in answers.found:
            self._keep(register, words)
        answers.lost.clear()
        answers.found.clear()

    def _keep(self, register: Register, words: list[int]) -> None:
        self.words[register.key] = words
        decoded = decode(register, words, self.firmware)
        if decoded.is_implausible:
            self.implausible[register.key] += 1
            self.values.pop(register.key, None)
        else:
            self.values[register.key] = decoded.value


class _Answers:
    """What one round of requests brought, before it counts."""

    def __init__(self) -> None:
        self.found: list[tuple[Register, list[int]]] = []
        self.lost: set[str] = set()

    def add(self, block: ReadBlock, words: list[int]) -> None:
        self.found.extend((register, block.words_of(register, words)) for register in block.registers)

    def lose(self, block: ReadBlock) -> None:
        self.lost |= {register.key for register in block.registers}


def _now() -> float:
    return asyncio.get_running_loop().time()
