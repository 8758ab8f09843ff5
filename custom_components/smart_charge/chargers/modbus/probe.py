"""Which charge point is this? A few reads, no writes, and gentle to devices that are none."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from modbus_connection import (
    ModbusConnectionError,
    ModbusError,
    ModbusExceptionError,
    ModbusTimeoutError,
    ServerDeviceBusyError,
)

from ..charger import Capabilities, ChargerMisunderstood, ChargerTimedOut, ChargerUnreachable, Identity
from .codec import decode
from .facts import shown_by, to_reading
from .identity import capabilities_of, is_model, read_identity
from .link import Link, Units
from .map_model import RegisterMap
from .poller import NOT_THERE
from .reads import ReadBlock, plan_registers
from .register import Cadence, Register, Value

SILENCES: Final = 2
"""A unit id that was silent, or busy, to so many maps is not asked for another: each costs a time-out."""

PATIENT_S: Final = 0.5
"""A device that wants so long between two requests takes others for none, or falls silent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Recognised:
    """The charge point that answered.

    Some models have no serial number in any register (Bender CC612): ``identity.serial`` is None, and an
    entry's unique id is then best made of the address: host, port and ``unit_id``.
    """

    map_id: str
    unit_id: int
    identity: Identity
    capabilities: Capabilities


async def probe(
    units: Units, maps: Mapping[str, RegisterMap], unit_id: int | None = None, outlet: int = 1
) -> Recognised:
    """Try each map's identity rules, on ``unit_id`` or the ids that each map knows, at the place of ``outlet``.

    Raises:
        ChargerUnreachable: no connection, or it is closed whenever we ask.
        ChargerTimedOut: a connection, and no answer.
        ChargerMisunderstood: an answer, but no charge point that we know.
    """
    search = _Search(units)
    for register_map in _in_order(maps.values()):
        for candidate in register_map.unit_ids if unit_id is None else (unit_id,):
            found = await search.try_map(register_map, candidate, outlet)
            if found is not None:
                return found
    raise search.verdict()


def _in_order(maps: Iterable[RegisterMap]) -> list[RegisterMap]:
    """Return maps as they are tried: those that others could pass for last.

    A device that needs a pause between requests gets it from its own map only, so that map is the first to ask
    at the unit ids that it shares with others.
    """
    ordered = sorted(maps, key=lambda each: each.identity.is_weak)
    for patient in [each for each in ordered if each.limits.spacing_s >= PATIENT_S]:
        ordered.remove(patient)
        place = next((n for n, each in enumerate(ordered) if _is_hasty_at(each, patient.unit_ids)), len(ordered))
        ordered.insert(place, patient)
    return ordered


def _is_hasty_at(register_map: RegisterMap, unit_ids: Iterable[int]) -> bool:
    return register_map.limits.spacing_s < PATIENT_S and not set(unit_ids).isdisjoint(register_map.unit_ids)


async def count_outlets(units: Units, register_map: RegisterMap, unit_id: int) -> int:
    """Return how many outlets a recognised unit has; one where that cannot be told."""
    rule = register_map.outlets
    if rule is None or (rule.unit_ids and unit_id != rule.unit_ids[0]):
        return 1  # whoever typed the second outlet's unit id meant that one alone
    link = Link(units, register_map.limits)
    try:
        if rule.count_from is not None:
            count = await _Asking(link, register_map, unit_id, 1).value_of(rule.count_from)
            return min(rule.most, max(1, int(count))) if isinstance(count, int | float) else 1
        for number in range(2, rule.most + 1):
            place = register_map.unit_of_outlet(number, unit_id)
            if await _Asking(link, register_map, place, number).recognise() is None:
                return number - 1
    except ModbusError:
        return 1
    finally:
        link.close()
    return rule.most


class _Search:
    """What the peer has shown so far."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._has_answered = False
        self._silences: Counter[int] = Counter()
        self._lost: ModbusConnectionError | None = None

    def verdict(self) -> ChargerMisunderstood | ChargerUnreachable | ChargerTimedOut:
        """Say why nothing was recognised."""
        if self._has_answered:
            return ChargerMisunderstood("it answers, but is no charge point with a known register map")
        if self._lost is not None:
            return ChargerUnreachable(str(self._lost))
        return ChargerTimedOut("it does not answer")

    async def try_map(self, register_map: RegisterMap, unit_id: int, outlet: int) -> Recognised | None:
        """Return the charge point if it is of this map.

        Raises:
            ChargerUnreachable: there is no connection.
        """
        if self._silences[unit_id] >= SILENCES:
            return None
        link = Link(self._units, register_map.limits)
        asking = _Asking(link, register_map, unit_id, outlet)
        try:
            return await asking.recognise()
        except ServerDeviceBusyError:
            self._silences[unit_id] += 1  # each is as long as a silence
        except ModbusExceptionError:
            self._has_answered = True
        except ModbusTimeoutError:
            if link.answered_at is None:
                self._silences[unit_id] += 1  # another may answer
        except ModbusConnectionError as err:
            if isinstance(err.__cause__, TimeoutError):
                raise ChargerUnreachable(str(err)) from err
            # Refused, or hung up on a request it did not like: the next map may ask what it does.
            self._lost = err
        except ModbusError:
            self._has_answered = True
        finally:
            self._has_answered |= link.answered_at is not None
            link.close()
        return None


def _telling(register_map: RegisterMap) -> set[str]:
    """Return the registers that tell what it does and what it can do: no more is read of a stranger."""
    control = register_map.control
    keys = {condition.key for rule in register_map.status for condition in rule.when} | set(control.max_from)
    keys |= {shown_by(register_map, key).key for key in register_map.failsafe.currents}
    if control.phases_from is not None:
        keys.add(control.phases_from)
    return keys


class _Asking:
    """One map tried on one unit id."""

    def __init__(self, link: Link, register_map: RegisterMap, unit_id: int, outlet: int) -> None:
        self._link = link
        self._map = register_map.for_connector(outlet)
        self._unit_id = unit_id
        self._values: dict[str, Value | None] = {}

    async def recognise(self) -> Recognised | None:
        registers, names = self._map.registers, self._map.identity
        await self._read(registers[rule.key] for rule in names.rules)
        if not is_model(self._map, self._values):
            return None
        keys = (names.manufacturer, names.model, names.serial, names.firmware)
        await self._read(registers[key] for key in keys if key is not None)
        await self._read(registers[key] for key in _telling(self._map) if registers[key].read is not Cadence.NEVER)
        reading = to_reading(self._map, self._values, datetime.now(UTC))
        if reading.status is None and reading.pilot is None:
            return None
        return Recognised(
            map_id=self._map.id,
            unit_id=self._unit_id,
            identity=read_identity(self._map, self._values),
            capabilities=capabilities_of(self._map, self._values),
        )

    async def value_of(self, key: str) -> Value | None:
        """Read one register."""
        await self._read([self._map.registers[key]])
        return self._values.get(key)

    async def _read(self, registers: Iterable[Register]) -> None:
        wanted = [register for register in registers if register.key not in self._values]
        for block in plan_registers(self._map, wanted, self._unit_id):
            await self._read_block(block)

    async def _read_block(self, block: ReadBlock) -> None:
        try:
            words = await self._link.read(block.unit_id, block.table, block.address, block.count)
        except NOT_THERE:
            for part in block.halved():
                await self._read_block(part)
            return
        for register in block.registers:
            decoded = decode(register, block.words_of(register, words))
            if not decoded.is_implausible:
                self._values[register.key] = decoded.value
