"""What a register map must keep beyond the shape of its file: names that exist, and parts that fit each other."""

from collections.abc import Iterator
from itertools import pairwise

from .codec import FLOATS, INTEGERS
from .map_model import AMPS, WATTS, Condition, KeepAliveKind, MapError, Origin, RegisterMap, Sum
from .register import CONNECTOR, Cadence, Register, Table


def check(register_map: RegisterMap) -> RegisterMap:
    """Return the map if it adds up.

    Raises:
        MapError: naming every contradiction found.
    """
    complaints = [*_registers(register_map), *_references(register_map)]
    if not complaints:
        complaints = [*_commands(register_map), *_keep_alive(register_map), *_identity(register_map)]
    if complaints:
        raise MapError("; ".join(complaints))
    return register_map


def _registers(register_map: RegisterMap) -> Iterator[str]:
    for key, register in register_map.registers.items():
        for complaint in (*_place(register, register_map), *_value(register), *_access(register)):
            yield f"registers.{key}: {complaint}"
    yield from _overlaps(register_map)


def _overlaps(register_map: RegisterMap) -> Iterator[str]:
    """Two values may share their registers, as parts of one that is packed, but not cut into each other."""
    places: dict[tuple[str, str | None, Table], list[Register]] = {}
    for register in register_map.registers.values():
        places.setdefault((register.unit, register.block, register.table), []).append(register)
    for members in places.values():
        members.sort(key=lambda register: (register.address, register.count))
        for first, second in pairwise(members):
            is_same = (first.address, first.count) == (second.address, second.count)
            if not is_same and second.address < first.address + first.count:
                yield f"registers.{second.key}: overlaps {first.key}"


def _place(register: Register, register_map: RegisterMap) -> Iterator[str]:
    last = register.address + register.count - 1
    if register.block is not None:
        block = register_map.blocks.get(register.block)
        if block is None:
            yield f"there is no block {register.block}"
            return
        last += block.base + block.stride * (block.connectors - 1)
    if last > 65535:
        yield "ends beyond address 65535"
    if register.unit != CONNECTOR and register.unit not in register_map.units:
        yield f"there is no unit {register.unit}"
    if register.count > register_map.limits.max_registers:
        yield "is longer than the device can be asked for at once"


def _value(register: Register) -> Iterator[str]:
    is_bit = register.table in (Table.COIL, Table.DISCRETE)
    if is_bit and (register.type != "bool" or register.none or register.mask is not None):
        yield "a coil or discrete input is a plain bool"
    is_number = register.type in INTEGERS or register.type in FLOATS
    if not is_number and (register.scale != 1 or register.offset or register.scales or register.high is not None):
        yield "only a number has scale, offset, quantity or range"
    if register.type in ("string", "clock") and register.none:
        yield "only a number has values that mean none"
    if register.low is not None and register.high is not None and register.low > register.high:
        yield "range is upside down"
    yield from _packing(register)


def _packing(register: Register) -> Iterator[str]:
    if register.mask is None:
        if register.shift:
            yield "shift without mask"
        return
    if register.type not in INTEGERS and register.type != "bool":
        yield "only an integer or bool has a mask"
    elif register.mask >= 1 << 16 * register.count:
        yield "mask is wider than the register"
    elif not register.mask >> register.shift:
        yield "shift is beyond the mask"


def _access(register: Register) -> Iterator[str]:
    if register.read is Cadence.NEVER and register.write is None:
        yield "neither read nor written"
    if register.readback is not None and register.write is None:
        yield "readback without write"
    if register.write is None:
        return
    if register.table in (Table.INPUT, Table.DISCRETE):
        yield f"{register.table} cannot be written"
    if register.type in ("string", "clock"):
        yield f"a {register.type} cannot be written"
    if register.write == "fc6" and register.count > 1:
        yield "FC6 writes one register"
    if register.table is Table.COIL and register.write != "any":
        yield "a coil is written with FC5: write is any"
    if register.mask is not None and register.read is Cadence.NEVER:
        yield "a packed register must be readable to be written"


def _references(register_map: RegisterMap) -> Iterator[str]:
    for where, key in _named(register_map):
        register = register_map.registers.get(key)
        if register is None:
            yield f"{where}: there is no register {key}"
        elif register.read is Cadence.NEVER and not _may_be_unread(where, register):
            yield f"{where}: register {key} is never read"


def _may_be_unread(where: str, register: Register) -> bool:
    if where.startswith("failsafe."):
        return register.readback is not None
    return where in ("control.setpoint", "write", "keep_alive.register")


def _named(register_map: RegisterMap) -> Iterator[tuple[str, str]]:
    facts, control = register_map.facts, register_map.control
    for rule in register_map.status:
        yield from _condition_keys("status", rule.when)
    yield from (("faults", bit.key) for bit in register_map.faults)
    for name in ("power_w", "import_wh", "export_wh", "session_wh", "offered_a", "temperature_c", "cable_a"):
        yield from ((f"reading.{name}", key) for key in _origin_keys(getattr(facts, name)))
    yield from (("reading.current_a", key) for key in facts.current_a if key is not None)
    yield from (("reading.voltage_v", key) for key in facts.voltage_v if key is not None)
    yield "control.setpoint", control.setpoint
    yield from (("control.max_from", key) for key in control.max_from)
    yield from _condition_keys("control.paused", control.paused)
    for step in (*control.charge, *control.pause):
        yield "write", step.register
        yield from _condition_keys("when", step.when)
    yield from (("readback", r.readback) for r in register_map.registers.values() if r.readback is not None)
    identity = register_map.identity
    yield from (("identity.rules", rule.key) for rule in identity.rules)
    optional = {
        "control.phases_from": control.phases_from,
        "keep_alive.timeout_from": register_map.keep_alive.timeout_from,
        "keep_alive.remaining_from": register_map.keep_alive.remaining_from,
        "keep_alive.register": register_map.keep_alive.register,
        "failsafe.timeout": register_map.failsafe.timeout,
        "restart.uptime": register_map.restart.uptime,
        "identity.manufacturer": identity.manufacturer,
        "identity.model": identity.model,
        "identity.serial": identity.serial,
        "identity.firmware": identity.firmware,
    }
    if register_map.outlets is not None and register_map.outlets.count_from is not None:
        yield "outlets.count_from", register_map.outlets.count_from
    yield from ((where, key) for where, key in optional.items() if key is not None)
    yield from (("failsafe.current", key) for key in register_map.failsafe.currents)


def _condition_keys(where: str, conditions: tuple[Condition, ...]) -> Iterator[tuple[str, str]]:
    return ((where, condition.key) for condition in conditions)


def _origin_keys(origin: Origin) -> Iterator[str]:
    for choice in origin:
        if isinstance(choice, Sum):
            yield from choice.keys
        else:
            yield choice


def _commands(register_map: RegisterMap) -> Iterator[str]:
    control = register_map.control
    for name, steps in (("charge", control.charge), ("pause", control.pause)):
        for step in steps:
            if register_map.registers[step.register].write is None:
                yield f"control.{name}: register {step.register} is not written"
    if not any(step.value in (AMPS, WATTS) for step in control.charge):
        yield "control.charge: no step writes the setpoint"
    if any(step.value in (AMPS, WATTS) for step in control.pause):
        yield "control.pause: writes numbers, not the setpoint"
    setpoint = register_map.registers[control.setpoint]
    if control.wears_flash and setpoint.read is Cadence.NEVER and setpoint.readback is None:
        yield "control: a setpoint that wears flash must be readable"
    if control.min_a > control.max_a:
        yield "control: min_a is above max_a"
    for fact, keys in (("current_a", register_map.facts.current_a), ("voltage_v", register_map.facts.voltage_v)):
        if len(keys) != 3:
            yield f"reading.{fact}: three phases"


def _keep_alive(register_map: RegisterMap) -> Iterator[str]:
    keep_alive = register_map.keep_alive
    is_heartbeat = keep_alive.kind is KeepAliveKind.WRITE_VALUE
    if is_heartbeat != (keep_alive.register is not None):
        yield "keep_alive: a register belongs to kind write_value, and only to it"
    elif keep_alive.register is not None and register_map.registers[keep_alive.register].write is None:
        yield f"keep_alive: register {keep_alive.register} is not written"
    if keep_alive.kind is KeepAliveKind.REWRITE_SETPOINT and register_map.control.wears_flash:
        yield "keep_alive: a setpoint that wears flash cannot be rewritten all the time"
    if keep_alive.remaining_from is not None and keep_alive.kind is not KeepAliveKind.REWRITE_SETPOINT:
        yield "keep_alive: remaining_from belongs to kind rewrite_setpoint"
    if keep_alive.kind is KeepAliveKind.NONE and keep_alive.timeout_from is not None:
        yield "keep_alive: timeout_from needs a kind"


def _identity(register_map: RegisterMap) -> Iterator[str]:
    for name in ("manufacturer", "model", "serial"):
        key = getattr(register_map.identity, name)
        if key is not None and register_map.registers[key].read is not Cadence.ONCE:
            yield f"identity.{name}: register {key} is read once"
    for register in register_map.registers.values():
        if register.readback is not None and register_map.registers[register.readback].readback is not None:
            yield f"registers.{register.key}: readback of a readback"
