"""The nouns of a register map: what a model's registers are and how it is commanded, as data.

The files are YAML, one per model family; ``map_schema`` says what they may hold and refuses the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
import re
from typing import Final

from ...charging.model import MIN_CURRENT_A
from .register import CONNECTOR, Register, Value, Values

AMPS: Final = "amps"
WATTS: Final = "watts"


class MapError(ValueError):
    """A register map is not usable; the text says where and why."""


class KeepAliveKind(StrEnum):
    """What keeps the charge point from taking us for gone."""

    REWRITE_SETPOINT = "rewrite_setpoint"
    ANY_REQUEST = "any_request"
    WRITE_VALUE = "write_value"
    NONE = "none"


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """A test of one register. A value that is not known meets no condition, not even a negated one."""

    key: str
    one_of: frozenset[Value] | None = None
    none_of: frozenset[Value] | None = None
    low: float | None = None
    high: float | None = None
    any_bit: int | None = None

    def is_met(self, values: Values) -> bool:
        """Tell whether the register's value passes."""
        value = values.get(self.key)
        if value is None:
            return False
        if self.one_of is not None and value not in self.one_of:
            return False
        if self.none_of is not None and value in self.none_of:
            return False
        if self.any_bit is not None and not (isinstance(value, int) and value & self.any_bit):
            return False
        if self.low is None and self.high is None:
            return True
        return isinstance(value, int | float) and self._is_between(value)

    def _is_between(self, value: float) -> bool:
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusRule:
    """When all conditions hold, the connector is in this state. Each fact comes from the first rule that gives it."""

    when: tuple[Condition, ...]
    pilot: str | None = None
    status: str | None = None
    fault: str | None = None
    is_safety: bool = True
    awaits_tag: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FaultBit:
    """One bit of an error register."""

    key: str
    bit: int
    code: str
    is_safety: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Sum:
    """The sum of registers, leaving out those that say "no value"; not known unless all were read."""

    keys: tuple[str, ...]


type Origin = tuple[str | Sum, ...]
"""Where a fact comes from: the first of these that is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """Which registers make up a ``Reading``."""

    power_w: Origin = ()
    import_wh: Origin = ()
    export_wh: Origin = ()
    session_wh: Origin = ()
    offered_a: Origin = ()
    temperature_c: Origin = ()
    cable_a: Origin = ()
    current_a: tuple[str | None, ...] = (None, None, None)
    voltage_v: tuple[str | None, ...] = (None, None, None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One step of a command: a number, or the setpoint as ``AMPS`` or ``WATTS``, to one register.

    Attributes:
        when: preconditions; the step is left out unless all hold.
        wait_s: quiet time after it.
    """

    register: str
    value: float | str
    when: tuple[Condition, ...] = ()
    wait_s: float = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """How a current is asked for.

    Attributes:
        setpoint: the register that shows the setpoint in force, in ``setpoint_is``.
        max_a: rated current unless a register of ``max_from`` says less.
        phases_from: register that holds 1 or 3.
        volts: for chargers that are told watts.
        charge, pause: writes in order, for 6 A or more, and for 0.
        paused: when all of these hold the setpoint in force is 0, whatever ``setpoint`` shows.
        min_interval_s: least time between two writes.
        settle_s: how long the charge point may take to show a new setpoint.
        wears_flash: the setpoint is stored, so it is never written when it is already there.
    """

    setpoint: str
    setpoint_is: str = AMPS
    step_a: float = 1
    min_a: float = MIN_CURRENT_A
    max_a: float = 32
    max_from: tuple[str, ...] = ()
    phases: int | None = None
    phases_from: str | None = None
    volts: float = 230
    charge: tuple[Write, ...]
    pause: tuple[Write, ...]
    paused: tuple[Condition, ...] = ()
    min_interval_s: float = 0
    settle_s: float = 0.5
    wears_flash: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class KeepAlive:
    """How long the charge point waits for us, and what it wants to see.

    Attributes:
        timeout_s: until ``timeout_from`` or ``remaining_from`` tells better.
        timeout_from: register that holds the charge point's patience, in seconds.
        remaining_from: register that counts down after each write, so shows the whole time just after one.
        register, values: for ``WRITE_VALUE``: written in turn.
    """

    kind: KeepAliveKind = KeepAliveKind.NONE
    timeout_s: float = 60
    timeout_from: str | None = None
    remaining_from: str | None = None
    register: str | None = None
    values: tuple[int, ...] = (1,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failsafe:
    """What holds when the charge point takes us for gone.

    Attributes:
        currents: registers that hold the current it then allows: one, or one for each phase or wiring.
        fixed_a: the current it then allows where no register holds it, and nothing changes it.
        timeout: register that holds its patience.
        timeout_s: replaces a timeout that is off.
    """

    currents: tuple[str, ...] = ()
    fixed_a: float | None = None
    timeout: str | None = None
    timeout_s: int = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Restart:
    """How a restart shows: ``uptime`` runs backwards, or the link broke and the setpoint is one of these again."""

    uptime: str | None = None
    setpoints: frozenset[float] = frozenset()


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityRule:
    """A register whose text or number must match ``pattern`` entirely for the model to be this one."""

    key: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class IdentityFacts:
    """How to recognise the model, and where its names are.

    ``manufacturer`` is the map's when no register has it. ``is_weak``: another model's registers could pass for
    this one's, so every other map is tried before.
    """

    rules: tuple[IdentityRule, ...]
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    firmware: str | None = None
    is_weak: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What the device stands. Gaps are addresses between two values that the map does not name.

    ``poll_s`` is the shortest time between two polls where the device cannot stand one each second.
    """

    max_registers: int = 125
    max_gap: int = 0
    one_value: bool = False
    spacing_s: float = 0
    timeout_s: float = 3
    poll_s: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Block:
    """Registers repeated for each connector: the first's begin at ``base``, each next one's ``stride`` further."""

    base: int
    stride: int
    connectors: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlets:
    """How to reach a unit's other outlets: in the map's blocks, each under the unit id it has here, if it has its own.

    Attributes:
        most: no unit of this model has more.
        count_from: register that says how many there are; without one each is tried.
        unit_ids: of each outlet, in their order.
    """

    most: int = 2
    count_from: str | None = None
    unit_ids: tuple[int, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisterMap:
    """Everything we know of one model family.

    Attributes:
        unit_ids: of the connector, the likeliest first.
        units: ids of the device's other units, by name.
    """

    id: str
    manufacturer: str
    models: tuple[str, ...]
    sources: tuple[str, ...]
    unit_ids: tuple[int, ...]
    registers: Mapping[str, Register]
    identity: IdentityFacts
    status: tuple[StatusRule, ...]
    facts: Facts
    control: Control
    units: Mapping[str, int] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    faults: tuple[FaultBit, ...] = ()
    keep_alive: KeepAlive = field(default_factory=KeepAlive)
    failsafe: Failsafe = field(default_factory=Failsafe)
    restart: Restart = field(default_factory=Restart)
    blocks: Mapping[str, Block] = field(default_factory=dict)
    outlets: Outlets | None = None

    def for_connector(self, number: int) -> RegisterMap:
        """Return the map with the repeated blocks at the place of connector ``number``, from 1.

        Raises:
            ValueError: there is no such connector.
        """
        if number < 1 or any(number > block.connectors for block in self.blocks.values()):
            raise ValueError(f"{self.id} has no connector {number}")
        placed = {key: self._placed(register, number) for key, register in self.registers.items()}
        return replace(self, registers=placed)

    def _placed(self, register: Register, number: int) -> Register:
        if register.block is None:
            return register
        block = self.blocks[register.block]
        address = register.address + block.base + (number - 1) * block.stride
        return replace(register, address=address, block=None)

    def unit_of_outlet(self, number: int, first_unit: int) -> int:
        """Return the unit id of outlet ``number``, from 1, of a unit whose first has ``first_unit``."""
        unit_ids = () if self.outlets is None else self.outlets.unit_ids
        return unit_ids[number - 1] if 1 < number <= len(unit_ids) else first_unit

    def unit_of(self, register: Register, connector_unit: int) -> int:
        """Return the unit id to ask for this register."""
        return connector_unit if register.unit == CONNECTOR else self.units[register.unit]
