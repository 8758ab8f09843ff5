"""Who a charge point says it is, and what it can do, from its registers."""

from ...charging.model import MIN_CURRENT_A
from ..charger import Capabilities, Identity
from .facts import failsafe_current, known_phases, max_current
from .map_model import KeepAliveKind, RegisterMap
from .register import Values


def read_identity(register_map: RegisterMap, values: Values) -> Identity:
    """Return the names that are known; the manufacturer is the map's where no register holds one."""
    names = register_map.identity
    return Identity(
        manufacturer=_text(names.manufacturer, values) or register_map.manufacturer,
        model=_text(names.model, values),
        serial=_text(names.serial, values),
        firmware=_text(names.firmware, values),
    )


def _text(key: str | None, values: Values) -> str | None:
    value = None if key is None else values.get(key)
    return None if value is None else str(value)


def is_model(register_map: RegisterMap, values: Values) -> bool:
    """Tell whether what was read is what the map's identity rules want."""
    return all(
        (text := _text(rule.key, values)) is not None and rule.pattern.fullmatch(text) is not None
        for rule in register_map.identity.rules
    )


def capabilities_of(register_map: RegisterMap, values: Values) -> Capabilities:
    """Return what this charge point can do, as far as its registers have been read."""
    control = register_map.control
    return Capabilities(
        max_a=max_current(register_map, values),
        min_a=control.min_a,
        step_a=control.step_a,
        phases=known_phases(register_map, values),
        unattended=_unattended(register_map, values),
        failsafe_a=_failsafe_a(register_map, values),
    )


def _unattended(register_map: RegisterMap, values: Values) -> str:
    if register_map.keep_alive.kind is KeepAliveKind.NONE:
        return "stays_as_it_was"
    failsafe_a = _failsafe_a(register_map, values)
    if failsafe_a is None:
        return "unknown"
    return "failsafe_current" if failsafe_a >= MIN_CURRENT_A else "stays_off"


def _failsafe_a(register_map: RegisterMap, values: Values) -> float | None:
    is_patient = register_map.keep_alive.kind is KeepAliveKind.NONE
    return None if is_patient else failsafe_current(register_map, values)
