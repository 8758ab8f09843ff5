"""What each model with a register table says of what goes on: its words for the pilot, the cable and the current."""

from collections.abc import Callable, Mapping
from typing import Final

from ..charge_point import ChargePoint, Fault, PilotState
from .tables import Value

type Settings = dict[str, float]
type State = Callable[[ChargePoint, Settings], Mapping[str, Value]]
"""The registers that tell what goes on."""


def _is_in(box: ChargePoint) -> bool:
    return box.vehicle is not None


def _pick(box: ChargePoint, *, away: int, waits: int, offered: int, charges: int, out: int) -> int:
    match box.pilot:
        case PilotState.A:
            return away
        case PilotState.C2:
            return charges
        case PilotState.B2:
            return offered
        case PilotState.B1 | PilotState.C1:
            return waits
    return out


def _abb(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    state = _pick(box, away=0, waits=2, offered=2, charges=4, out=5)
    return {
        "status": state << 8,
        "cable_state": 273 if _is_in(box) else 0,
        "current_limit_actual": box.offered_a,
        "limit_max": box.rated_a,
    }


def _vestel(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {
        "status": _pick(box, away=0, waits=3, offered=4, charges=2, out=8),
        "charging": box.pilot is PilotState.C2,
        "equipment_state": 2 if box.faults else 1,
        "cable_state": 3 if _is_in(box) else 0,
        "limit_max": box.rated_a,
        "cable_limit": box.cable_a or 0,
        "keepalive": 0,
    }


def _webasto(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {**_vestel(box, settings), "status": _pick(box, away=0, waits=4, offered=4, charges=3, out=7)}


def _keba(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {
        "status": _pick(box, away=1, waits=5, offered=2, charges=3, out=4),
        "cable_state": 7 if _is_in(box) else 1,
        "limit_session_max": box.offered_a,
        "limit_max": box.rated_a,
    }


def _keba_p30(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    """With ``tells_set_current`` it tells the set current where it should tell what it offers."""
    told = {"limit_session_max": settings["set_current"]} if settings.get("tells_set_current") else {}
    return {**_keba(box, settings), **told}


def _hcc3(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    spelled = {"E": 0, "F": 0, "A": 1, "B1": 3, "B2": 4, "C1": 5, "C2": 6}
    return {
        "cp_state": spelled[box.pilot.value],
        "charger_state": _pick(box, away=0, waits=4, offered=2, charges=3, out=6),
        "limit_max": box.rated_a,
        "limit_rated": box.rated_a,
    }


def _charx(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    spelled = {"A": "A1", "E": "E0", "F": "F0"}
    return {
        "iec_state": spelled.get(box.pilot.value, box.pilot.value),
        "current_signalled": box.offered_a,
        "cable_limit": box.cable_a or 0,
        "limit_max": box.rated_a,
    }


def _victron(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    if Fault.RCD in box.faults:
        status = 11
    elif Fault.OVER_TEMPERATURE in box.faults:
        status = 14
    else:
        status = _pick(box, away=0, waits=6, offered=1, charges=2, out=8)
    return {
        "status": status,
        "current_total": box.drawn_a,
        "uptime": box.uptime_s % 65536,
        "limit_max": box.rated_a,
    }


def _peblar(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {
        "cp_state": ord(box.pilot.letter),
        "current_limit_actual": box.offered_a,
        "uptime": box.uptime_s,
        "phase_count": box.phases,
    }


def _givenergy(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {
        "status": _pick(box, away=1, waits=2, offered=3, charges=4, out=7),
        "cable_state": _is_in(box),
        "charge_control": settings["start_stop"],
        "current_limit_actual": settings["set_current"],
        "limit_max": box.rated_a,
    }


def _schneider(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {
        "status": _pick(box, away=2, waits=3, offered=7, charges=8, out=10),
        "ocpp_status": _pick(box, away=1, waits=5, offered=4, charges=3, out=9),
        "keepalive": 0,
    }


def _heidelberg(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    spelled = {"A": 3, "B1": 4, "B2": 5, "C1": 6, "C2": 7, "E": 9, "F": 11 if box.faults else 10}
    return {"status": spelled[box.pilot.value], "limit_max": box.rated_a, "limit_min": 6, "external_lock": 1}


def _compleo(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    limits: dict[str, Value] = {f"limit_actual_l{phase}": box.offered_a for phase in (1, 2, 3)}
    return limits | {"iec_state": box.pilot.value, "cable_state": 3 if _is_in(box) else 0}


def _sungrow(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {
        "status": _pick(box, away=1, waits=4, offered=2, charges=3, out=9),
        "phases_installed": box.phases,
    }


def _kathrein(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {
        "cp_state": "ABCDEF".index(box.pilot.letter),
        "charging_state": _pick(box, away=0, waits=5, offered=3, charges=4, out=65535),
        "relay_state": 7 if box.is_contactor_closed else 0,
        "current_limit_actual": box.offered_a,
    }


def _esp32(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {"state": box.pilot.value, "uptime": box.uptime_s, "limit_max": box.rated_a}


def _openwb(box: ChargePoint, settings: Settings) -> Mapping[str, Value]:
    return {
        "plug_state": _is_in(box),
        "charge_state": box.pilot is PilotState.C2,
        "current_limit_actual": settings["set_current"],
        "alive": 1,
    }


STATES: Final[dict[str, State]] = {
    "abb_terra_ac": _abb,
    "vestel_evc04": _vestel,
    "webasto_next": _webasto,
    "keba_p30": _keba_p30,
    "keba_p40": _keba,
    "mennekes_hcc3": _hcc3,
    "phoenix_charx": _charx,
    "victron_evcs": _victron,
    "peblar": _peblar,
    "givenergy_evc": _givenergy,
    "schneider_evlink_pro_ac": _schneider,
    "heidelberg_energy_control": _heidelberg,
    "amperfied_connect": _heidelberg,
    "compleo_ebox": _compleo,
    "sungrow_ac": _sungrow,
    "kathrein_kwb": _kathrein,
    "esp32_evse": _esp32,
    "openwb_secondary": _openwb,
}
