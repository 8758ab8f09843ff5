"""Which requests read a map's registers: as few as the device's limits allow, and fewer answers when it objects."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from .map_model import Limits, RegisterMap
from .register import Cadence, Register, Table

RETRY_REFUSED_S: Final = 600
"""After that long a request the device once refused is tried again: firmware may have been updated."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadBlock:
    """One read request and the registers it answers, by address."""

    unit_id: int
    table: Table
    registers: tuple[Register, ...]

    @property
    def address(self) -> int:
        """First address to ask for."""
        return self.registers[0].address

    @property
    def count(self) -> int:
        """How many registers, or bits, to ask for."""
        return max(register.address + register.count for register in self.registers) - self.address

    @property
    def has_gaps(self) -> bool:
        """Whether it asks for addresses that the map does not name."""
        return len(list(_runs(self.registers, Limits(max_gap=0)))) > 1

    def words_of(self, register: Register, words: list[int]) -> list[int]:
        """Cut one register's words out of the answer."""
        start = register.address - self.address
        return words[start : start + register.count]

    def halved(self) -> list[ReadBlock]:
        """Return the same registers in smaller requests: cut at each gap, else one by one; one is left empty."""
        runs = list(_runs(self.registers, Limits(max_gap=0)))
        if len(runs) == 1:
            runs = [(register,) for register in self.registers]
        if len(runs) == 1:
            return []
        return [ReadBlock(unit_id=self.unit_id, table=self.table, registers=run) for run in runs]


@dataclass(slots=True)
class ReadPlan:
    """The requests of one cadence, and what the device made of them."""

    blocks: list[ReadBlock]
    original: list[ReadBlock] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    retry_at: float | None = None

    def __post_init__(self) -> None:
        self.original = list(self.blocks)

    def refine(self, block: ReadBlock, now: float) -> list[ReadBlock]:
        """Ask for a refused block in smaller parts from now on; a single register is left out. Returns the parts."""
        parts = block.halved()
        place = self.blocks.index(block)
        self.blocks[place : place + 1] = parts
        if not parts:
            self.refused |= {register.key for register in block.registers}
        if self.retry_at is None:
            self.retry_at = now + RETRY_REFUSED_S
        return parts

    def reconsider(self, now: float) -> None:
        """Take back every refinement when it is time to try again."""
        if self.retry_at is not None and now >= self.retry_at:
            self.blocks, self.refused, self.retry_at = list(self.original), set(), None


def plan_reads(
    register_map: RegisterMap, cadence: Cadence, connector_unit: int, firmware: str | None = None
) -> ReadPlan:
    """Plan the requests for all registers of one cadence that this firmware has."""
    wanted = (r for r in register_map.registers.values() if r.read is cadence and r.exists_in(firmware))
    return ReadPlan(plan_registers(register_map, wanted, connector_unit))


def plan_registers(register_map: RegisterMap, registers: Iterable[Register], connector_unit: int) -> list[ReadBlock]:
    """Plan the requests for these registers."""
    groups: dict[tuple[int, Table], list[Register]] = {}
    for register in registers:
        groups.setdefault((register_map.unit_of(register, connector_unit), register.table), []).append(register)
    return [
        ReadBlock(unit_id=unit_id, table=table, registers=run)
        for (unit_id, table), members in groups.items()
        for run in _runs(members, register_map.limits)
    ]


def _runs(registers: Iterable[Register], limits: Limits) -> Iterator[tuple[Register, ...]]:
    run: list[Register] = []
    end = 0
    for register in sorted(registers, key=lambda r: (r.address, r.count)):
        stop = register.address + register.count
        too_far = register.address - end > limits.max_gap
        too_long = bool(run) and max(stop, end) - run[0].address > limits.max_registers
        same_place = bool(run) and (register.address, register.count) == (run[-1].address, run[-1].count)
        if run and (too_far or too_long or (limits.one_value and not same_place)):
            yield tuple(run)
            run = []
            end = 0
        run.append(register)
        end = max(end, stop)
    if run:
        yield tuple(run)
