"""How each model with a register table behaves: what it says of itself, obeys, and does when nobody speaks to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ..charge_point import ChargePoint, Fault, PilotState
from .tables import Value

type Settings = dict[str, float]


@dataclass(frozen=True, kw_only=True)
class Persona:
    """One model's ways.

    Attributes:
        says: what it says of itself, and what never changes.
        starts_with: the settings after a start.
        keeps: of these, what survives a power cut.
        state: the registers that tell what goes on.
        allows: the current that its settings allow, in A.
        fed_by: what its watchdog wants to see: any request, any write, or writes to these registers.
        patience_s: how long it waits, by its settings; None for ever.
        falls_to: the current that it allows when nobody speaks to it.
        shows: settings by the register in which they can be read.
        faults: the register and the value that tell of a fault.
    """

    says: Mapping[str, Value] = field(default_factory=dict)
    starts_with: Mapping[str, float]
    keeps: frozenset[str] = frozenset()
    state: Callable[[ChargePoint, Settings], Mapping[str, Value]]
    allows: Callable[[Settings], float] = lambda settings: settings["set_current"]
    fed_by: frozenset[str] = frozenset()
    patience_s: Callable[[Settings], float | None] = lambda _: None
    falls_to: Callable[[Settings], float] = lambda _: 0.0
    shows: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[Fault, Mapping[str, float]] = field(default_factory=dict)


ANY_REQUEST: Final = frozenset({"any request"})
ANY_WRITE: Final = frozenset({"any write"})


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


def _started(settings: Settings) -> float:
    return settings["set_current"] if settings["enable"] else 0.0


_HEIDELBERG: Final = Persona(
    says={"layout_version": 0x0107},
    starts_with={"set_current": 16, "watchdog_timeout": 15, "failsafe_current": 6, "remote_lock": 1},
    state=_heidelberg,
    fed_by=ANY_REQUEST,
    patience_s=lambda settings: settings["watchdog_timeout"] or None,
    falls_to=lambda settings: settings["failsafe_current"],
)

PERSONAS: Final[dict[str, Persona]] = {
    "abb_terra_ac": Persona(
        says={"serial": (0x4707, 0x1234, 0x2023, 0x0042), "firmware": (0x0102, 0x1300)},
        starts_with={"set_current": 32, "comm_timeout_set": 60, "fallback_current_set": 255},
        keeps=frozenset({"comm_timeout_set", "fallback_current_set"}),
        state=_abb,
        fed_by=ANY_REQUEST,
        patience_s=lambda settings: settings["comm_timeout_set"],
        falls_to=lambda settings: 0 if settings["fallback_current_set"] > 32 else settings["fallback_current_set"],
        shows={
            "set_current_readback": "set_current",
            "comm_timeout": "comm_timeout_set",
            "fallback_current": "fallback_current_set",
        },
        faults={Fault.RCD: {"error_code": 2}, Fault.OVER_TEMPERATURE: {"error_code": 128}},
    ),
    "vestel_evc04": Persona(
        says={"serial": "7301000000", "manufacturer": "Vestel", "model": "EVC04", "firmware": "v3.187.0"},
        starts_with={"set_current": 32, "failsafe_current": 0, "failsafe_timeout": 20, "keepalive": 0},
        keeps=frozenset({"failsafe_current", "failsafe_timeout"}),
        state=_vestel,
        fed_by=frozenset({"keepalive"}),
        patience_s=lambda settings: settings["failsafe_timeout"],
        falls_to=lambda settings: settings["failsafe_current"],
    ),
    "webasto_next": Persona(
        says={"limit_min": 6},
        starts_with={"set_current": 16, "failsafe_current": 6, "failsafe_timeout": 60, "keepalive": 0},
        keeps=frozenset({"failsafe_current", "failsafe_timeout"}),
        state=_webasto,
        fed_by=frozenset({"keepalive"}),
        patience_s=lambda settings: settings["failsafe_timeout"],
        falls_to=lambda settings: settings["failsafe_current"],
        faults={Fault.RCD: {"error_code": 16}, Fault.OVER_TEMPERATURE: {"error_code": 10}},
    ),
    "keba_p30": Persona(
        says={"serial": 17619300, "product": 314021, "firmware": 0x030A1000},
        starts_with={"set_current": 32, "enable": 1, "failsafe_current_set": 0, "failsafe_timeout_set": 0},
        state=_keba_p30,
        allows=_started,
        fed_by=ANY_WRITE,
        patience_s=lambda settings: settings["failsafe_timeout_set"] or None,
        falls_to=lambda settings: settings["failsafe_current_set"],
        shows={"failsafe_current": "failsafe_current_set", "failsafe_timeout": "failsafe_timeout_set"},
    ),
    "keba_p40": Persona(
        says={"serial": 20619300, "product": 4211210, "firmware": 10201},
        starts_with={"set_current": 32, "failsafe_current_set": 0, "failsafe_timeout_set": 0},
        keeps=frozenset({"set_current"}),
        state=_keba,
        fed_by=ANY_REQUEST,
        patience_s=lambda settings: settings["failsafe_timeout_set"] or None,
        falls_to=lambda settings: settings["failsafe_current_set"],
        shows={"failsafe_current": "failsafe_current_set", "failsafe_timeout": "failsafe_timeout_set"},
    ),
    "mennekes_hcc3": Persona(
        says={"serial": 1384000, "name": "AMTRON Xtra"},
        starts_with={"set_current": 32},
        state=_hcc3,
        faults={Fault.OVER_TEMPERATURE: {"error_code": 13}, Fault.CONTACTOR_WELDED: {"error_code": 14}},
    ),
    "phoenix_charx": Persona(
        says={"name": "CHARX SEC-3150", "firmware": "1.6.0", "serial": "A1B2C3"},
        starts_with={"set_current": 32, "fallback_current": 6, "watchdog_timeout": 65535, "availability": 1},
        keeps=frozenset({"fallback_current", "watchdog_timeout"}),
        state=_charx,
        fed_by=frozenset({"watchdog_timeout"}),
        patience_s=lambda settings: None if settings["watchdog_timeout"] == 65535 else settings["watchdog_timeout"],
        falls_to=lambda settings: settings["fallback_current"],
        faults={Fault.RCD: {"error_code": 4}},
    ),
    "victron_evcs": Persona(
        says={"product_id": 0xC023, "serial": "HQ2201ABCDEF", "firmware": (0x0001, 0x2501)},
        starts_with={"set_current": 32, "enable": 1, "mode": 1},
        keeps=frozenset({"mode", "enable", "set_current"}),
        state=_victron,
        allows=_started,
    ),
    "peblar": Persona(
        says={"serial": "23-45-A4O-MOF", "model": "6004-2300-8002", "firmware": "1.6.1+1+WL-1.2"},
        starts_with={"set_current": 32},
        state=_peblar,
        faults={Fault.RCD: {"error_1": 7}},
    ),
    "givenergy_evc": Persona(
        says={"serial": "EV2250G123", "clock": (2026, 11, 23, 18, 0, 0)},
        starts_with={"set_current": 32, "start_stop": 1},
        keeps=frozenset({"set_current", "start_stop"}),
        state=_givenergy,
        allows=lambda settings: 0 if settings["start_stop"] == 2 else settings["set_current"],
        faults={Fault.RCD: {"error_code": 24}, Fault.OVER_TEMPERATURE: {"error_code": 15}},
    ),
    "schneider_evlink_pro_ac": Persona(
        says={"reference": "EVB3S07N40"},
        starts_with={"set_current": 32, "degraded_one_phase": 0, "degraded_three_phase": 0, "keepalive": 2},
        keeps=frozenset({"degraded_one_phase", "degraded_three_phase"}),
        state=_schneider,
        fed_by=frozenset({"keepalive"}),
        patience_s=lambda settings: None if settings["keepalive"] == 2 else 10,
        falls_to=lambda settings: settings["degraded_one_phase"],
        faults={Fault.RCD: {"error_bits": 1}},
    ),
    "heidelberg_energy_control": _HEIDELBERG,
    "amperfied_connect": Persona(
        says={"layout_version": 0x010B},
        starts_with={"set_current": 16, "watchdog_timeout": 15, "failsafe_current": 0, "remote_lock": 1},
        keeps=frozenset({"watchdog_timeout", "failsafe_current", "remote_lock"}),
        state=_heidelberg,
        fed_by=ANY_REQUEST,
        patience_s=lambda settings: settings["watchdog_timeout"] or None,
        falls_to=lambda settings: settings["failsafe_current"],
    ),
    "compleo_ebox": Persona(
        says={"serial": "CM-10001234", "manufacturer": "innogy", "model": "eBox prof", "table_version": 6,
              "firmware": "2.0.35"},
        starts_with={f"set_current_l{n}": 32.0 for n in (1, 2, 3)} | {f"fallback_current_l{n}": 0.0 for n in (1, 2, 3)}
        | {"fallback_timer": 60, "availability": 1},
        keeps=frozenset({"fallback_current_l1", "fallback_current_l2", "fallback_current_l3", "fallback_timer"}),
        state=_compleo,
        allows=lambda settings: min(settings[f"set_current_l{n}"] for n in (1, 2, 3)),
        fed_by=frozenset({"set_current_l1", "set_current_l2", "set_current_l3"}),
        patience_s=lambda settings: settings["fallback_timer"] or None,
        falls_to=lambda settings: settings["fallback_current_l1"],
    ),
    "sungrow_ac": Persona(
        says={"type_code": 8429},
        starts_with={"set_current": 32, "availability": 1, "start_stop": 0, "work_mode": 6},
        state=_sungrow,
        allows=lambda settings: settings["set_current"] * settings["availability"] * (1 - settings["start_stop"]),
    ),
    "kathrein_kwb": Persona(
        says={"header": 1, "device_type": "KWB-AC40", "serial": "KTH0012345"},
        starts_with={"set_current": 32, "ems_control": 0, "ems_timeout": 0, "fallback_current": 6},
        keeps=frozenset({"ems_timeout", "fallback_current"}),
        state=_kathrein,
        allows=lambda settings: settings["set_current"] if settings["ems_control"] == 0x8000 else 32,
        fed_by=frozenset({"set_current"}),
        patience_s=lambda settings: settings["ems_timeout"] or None,
        falls_to=lambda settings: settings["fallback_current"],
        faults={Fault.RCD: {"error_bits": 2}, Fault.CONTACTOR_WELDED: {"error_bits": 1}},
    ),
    "esp32_evse": Persona(
        says={"firmware": "v2.1.0"},
        starts_with={"set_current": 32, "enable": 1, "availability": 1},
        state=_esp32,
        allows=_started,
        faults={Fault.RCD: {"error_bits": 16}, Fault.OVER_TEMPERATURE: {"error_bits": 64}},
    ),
    "openwb_secondary": Persona(
        says={"serial": "snnnn1234"},
        starts_with={"set_current": 0},
        state=_openwb,
        fed_by=ANY_REQUEST,
        patience_s=lambda _: 80,
    ),
}  # fmt: skip
