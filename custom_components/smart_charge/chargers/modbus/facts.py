"""Registers' values to a ``Reading``, as the map says."""

from datetime import datetime

from ...charging.model import ConnectorStatus, Fault, PerPhase, PilotState, Reading
from ...charging.reading import is_connected
from .map_model import WATTS, FaultBit, Origin, RegisterMap, StatusRule, Sum
from .register import Register, Values


def to_reading(register_map: RegisterMap, values: Values, taken_at: datetime) -> Reading:
    """Make a snapshot of what is known."""
    facts = register_map.facts
    fault = find_fault(register_map, values)
    pilot, status = _vehicle(register_map, values, fault)
    return Reading(
        taken_at=taken_at,
        status=status,
        pilot=pilot,
        setpoint_a=setpoint_of(register_map, values),
        offered_a=_offered(register_map, values),
        current_a=_phases(facts.current_a, values),
        voltage_v=_phases(facts.voltage_v, values),
        power_w=find(facts.power_w, values),
        import_wh=_whole(find(facts.import_wh, values)),
        export_wh=_whole(find(facts.export_wh, values)),
        session_wh=_whole(find(facts.session_wh, values)),
        temperature_c=find(facts.temperature_c, values),
        cable_a=find(facts.cable_a, values),
        fault=fault,
        awaits_tag=_awaits_tag(register_map, values),
    )


def is_plugged_in(register_map: RegisterMap, values: Values) -> bool | None:
    """Whether a vehicle is connected; None when the registers do not tell."""
    return is_connected(*_vehicle(register_map, values, find_fault(register_map, values)))


def _vehicle(
    register_map: RegisterMap, values: Values, fault: Fault | None
) -> tuple[PilotState | None, ConnectorStatus | None]:
    pilot = _first(register_map.status, "pilot", values)
    status = _first(register_map.status, "status", values)
    if fault is not None and fault.is_safety:
        status = ConnectorStatus.FAULTED
    return None if pilot is None else PilotState(pilot), None if status is None else ConnectorStatus(status)


def _awaits_tag(register_map: RegisterMap, values: Values) -> bool:
    """Whether the rule that says what the connector does says so too."""
    told = next((rule for rule in register_map.status if rule.status is not None and _is_met(rule, values)), None)
    return told is not None and told.awaits_tag


def find(origin: Origin, values: Values) -> float | None:
    """Return the first of the choices that is known."""
    for choice in origin:
        number = _sum(choice, values) if isinstance(choice, Sum) else number_of(choice, values)
        if number is not None:
            return number
    return None


def import_step_wh(register_map: RegisterMap, values: Values, firmware: str | None) -> float:
    """Return by how much energy moves on at least: the coarsest register that it is read from, and 1 Wh."""
    choice = next((one for one in register_map.facts.import_wh if find((one,), values) is not None), None)
    keys = choice.keys if isinstance(choice, Sum) else () if choice is None else (choice,)
    return max((1.0, *(register_map.registers[key].scale_for(firmware) for key in keys)))


def _sum(choice: Sum, values: Values) -> float | None:
    if any(key not in values for key in choice.keys):
        return None
    known = [number for key in choice.keys if (number := number_of(key, values)) is not None]
    return sum(known) if known else None


def number_of(key: str | None, values: Values) -> float | None:
    """Return a register's value if it is a number and known."""
    value = None if key is None else values.get(key)
    return None if isinstance(value, str) else value


def _whole(number: float | None) -> int | None:
    return None if number is None else round(number)


def _phases(keys: tuple[str | None, ...], values: Values) -> PerPhase:
    l1, l2, l3 = (number_of(key, values) for key in keys)
    return l1, l2, l3


def _first(rules: tuple[StatusRule, ...], fact: str, values: Values) -> str | None:
    for rule in rules:
        said: str | None = getattr(rule, fact)
        if said is not None and _is_met(rule, values):
            return said
    return None


def _is_met(rule: StatusRule, values: Values) -> bool:
    return all(condition.is_met(values) for condition in rule.when)


def find_fault(register_map: RegisterMap, values: Values) -> Fault | None:
    """Return what is wrong: every error bit that is set, the grave ones first, else what the status rules say."""
    bits = [bit for bit in register_map.faults if _is_set(bit, values)]
    if bits:
        bits.sort(key=lambda bit: not bit.is_safety)
        return Fault(code=", ".join(bit.code for bit in bits), is_safety=bits[0].is_safety)
    for rule in register_map.status:
        if rule.fault is not None and _is_met(rule, values):
            return Fault(code=rule.fault, is_safety=rule.is_safety)
    return None


def _is_set(bit: FaultBit, values: Values) -> bool:
    value = values.get(bit.key)
    return isinstance(value, int) and bool(value >> bit.bit & 1)


def _offered(register_map: RegisterMap, values: Values) -> float | None:
    """Return what the vehicle is offered: nothing in a pause, where some models go on telling their set current."""
    offered_a = find(register_map.facts.offered_a, values)
    return 0.0 if offered_a is not None and _is_paused(register_map, values) else offered_a


def _is_paused(register_map: RegisterMap, values: Values) -> bool:
    paused = register_map.control.paused
    return bool(paused) and all(condition.is_met(values) for condition in paused)


def setpoint_of(register_map: RegisterMap, values: Values) -> float | None:
    """Return the setpoint the charge point holds, in ampere per phase."""
    control = register_map.control
    if _is_paused(register_map, values):
        return 0.0
    number = number_of(shown_by(register_map, control.setpoint).key, values)
    if number is None or control.setpoint_is != WATTS:
        return number
    return number / (control.volts * phases_of(register_map, values))


def shown_by(register_map: RegisterMap, key: str) -> Register:
    """Return the register in which to look for what was written to this one."""
    register = register_map.registers[key]
    return register if register.readback is None else register_map.registers[register.readback]


def failsafe_current(register_map: RegisterMap, values: Values) -> float | None:
    """Return the current that the charge point allows without us, the least of them; None when that is not known."""
    rule = register_map.failsafe
    held = [number_of(shown_by(register_map, key).key, values) for key in rule.currents]
    known = [amps for amps in held if amps is not None]
    return min(known) if known else rule.fixed_a


def phases_of(register_map: RegisterMap, values: Values) -> int:
    """Return how many phases a charger that is told watts spreads them over."""
    return known_phases(register_map, values) or 1


def known_phases(register_map: RegisterMap, values: Values) -> int | None:
    """Return 1 or 3, or None when the map and the charge point leave it open."""
    number = number_of(register_map.control.phases_from, values)
    if number in (1, 3):
        return int(number)
    return register_map.control.phases


def max_current(register_map: RegisterMap, values: Values) -> float:
    """Return the most that the charge point may be asked for."""
    limits = [number_of(key, values) for key in register_map.control.max_from]
    return min([register_map.control.max_a, *(limit for limit in limits if limit is not None)])
