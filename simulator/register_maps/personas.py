"""How each model with a register table behaves: what it says of itself, obeys, and does when nobody speaks to it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from ..charge_point import Fault
from .states import Settings
from .tables import Value


@dataclass(frozen=True, kw_only=True)
class Persona:
    """One model's ways.

    Attributes:
        says: what it says of itself, and what never changes.
        starts_with: the settings after a start.
        keeps: of these, what survives a power cut.
        allows: the current that its settings allow, in A.
        fed_by: what its watchdog wants to see: any request, any write, or writes to these registers.
        patience_s: how long it waits, by its settings; None for ever.
        falls_to: the current that it allows when nobody speaks to it.
        shows: settings by the register in which they can be read.
        wears: registers that are stored, so that each write costs.
        faults: the register and the value that tell of a fault.
    """

    says: Mapping[str, Value] = field(default_factory=dict)
    starts_with: Mapping[str, float]
    keeps: frozenset[str] = frozenset()
    allows: Callable[[Settings], float] = lambda settings: settings["set_current"]
    fed_by: frozenset[str] = frozenset()
    patience_s: Callable[[Settings], float | None] = lambda _: None
    falls_to: Callable[[Settings], float] = lambda _: 0.0
    shows: Mapping[str, str] = field(default_factory=dict)
    wears: frozenset[str] = frozenset()
    faults: Mapping[Fault, Mapping[str, float]] = field(default_factory=dict)


ANY_REQUEST: Final = frozenset({"any request"})
ANY_WRITE: Final = frozenset({"any write"})


def _started(settings: Settings) -> float:
    return settings["set_current"] if settings["enable"] else 0.0


_HEIDELBERG: Final = Persona(
    says={"layout_version": 0x0107},
    starts_with={"set_current": 16, "watchdog_timeout": 15, "failsafe_current": 6, "remote_lock": 1},
    fed_by=ANY_REQUEST,
    patience_s=lambda settings: settings["watchdog_timeout"] or None,
    falls_to=lambda settings: settings["failsafe_current"],
)

PERSONAS: Final[dict[str, Persona]] = {
    "abb_terra_ac": Persona(
        says={"serial": (0x4707, 0x1234, 0x2023, 0x0042), "firmware": (0x0102, 0x1300)},
        starts_with={"set_current": 32, "comm_timeout_set": 60, "fallback_current_set": 255},
        keeps=frozenset({"comm_timeout_set", "fallback_current_set"}),
        fed_by=ANY_REQUEST,
        patience_s=lambda settings: settings["comm_timeout_set"],
        falls_to=lambda settings: 0 if settings["fallback_current_set"] > 32 else settings["fallback_current_set"],
        shows={
            "set_current_readback": "set_current",
            "comm_timeout": "comm_timeout_set",
            "fallback_current": "fallback_current_set",
        },
        wears=frozenset({"comm_timeout_set", "fallback_current_set"}),
        faults={Fault.RCD: {"error_code": 2}, Fault.OVER_TEMPERATURE: {"error_code": 128}},
    ),
    "vestel_evc04": Persona(
        says={"serial": "7301000000", "manufacturer": "Vestel", "model": "EVC04", "firmware": "v3.187.0"},
        starts_with={"set_current": 32, "failsafe_current": 0, "failsafe_timeout": 20, "keepalive": 0},
        keeps=frozenset({"failsafe_current", "failsafe_timeout"}),
        fed_by=frozenset({"keepalive"}),
        patience_s=lambda settings: settings["failsafe_timeout"],
        falls_to=lambda settings: settings["failsafe_current"],
        wears=frozenset({"failsafe_current", "failsafe_timeout"}),
    ),
    "webasto_next": Persona(
        says={"limit_min": 6},
        starts_with={"set_current": 16, "failsafe_current": 6, "failsafe_timeout": 60, "keepalive": 0},
        keeps=frozenset({"failsafe_current", "failsafe_timeout"}),
        fed_by=frozenset({"keepalive"}),
        patience_s=lambda settings: settings["failsafe_timeout"],
        falls_to=lambda settings: settings["failsafe_current"],
        wears=frozenset({"failsafe_current", "failsafe_timeout"}),
        faults={Fault.RCD: {"error_code": 16}, Fault.OVER_TEMPERATURE: {"error_code": 10}},
    ),
    "keba_p30": Persona(
        says={"serial": 17619300, "product": 314021, "firmware": 0x030A1000},
        starts_with={"set_current": 32, "enable": 1, "failsafe_current_set": 0, "failsafe_timeout_set": 0},
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
        fed_by=ANY_REQUEST,
        patience_s=lambda settings: settings["failsafe_timeout_set"] or None,
        falls_to=lambda settings: settings["failsafe_current_set"],
        shows={"failsafe_current": "failsafe_current_set", "failsafe_timeout": "failsafe_timeout_set"},
    ),
    "mennekes_hcc3": Persona(
        says={"serial": 1384000, "name": "AMTRON Xtra"},
        starts_with={"set_current": 32},
        faults={Fault.OVER_TEMPERATURE: {"error_code": 13}, Fault.CONTACTOR_WELDED: {"error_code": 14}},
    ),
    "phoenix_charx": Persona(
        says={"name": "CHARX SEC-3150", "firmware": "1.6.0", "serial": "A1B2C3"},
        starts_with={"set_current": 32, "fallback_current": 6, "watchdog_timeout": 65535, "availability": 1},
        keeps=frozenset({"fallback_current", "watchdog_timeout"}),
        fed_by=frozenset({"watchdog_timeout"}),
        patience_s=lambda settings: None if settings["watchdog_timeout"] == 65535 else settings["watchdog_timeout"],
        falls_to=lambda settings: settings["fallback_current"],
        faults={Fault.RCD: {"error_code": 4}},
    ),
    "victron_evcs": Persona(
        says={"product_id": 0xC023, "serial": "HQ2201ABCDEF", "firmware": (0x0001, 0x2501)},
        starts_with={"set_current": 32, "enable": 1, "mode": 1},
        keeps=frozenset({"mode", "enable", "set_current"}),
        allows=_started,
    ),
    "peblar": Persona(
        says={"serial": "23-45-A4O-MOF", "model": "6004-2300-8002", "firmware": "1.6.1+1+WL-1.2"},
        starts_with={"set_current": 32},
        faults={Fault.RCD: {"error_1": 7}},
    ),
    "givenergy_evc": Persona(
        says={"serial": "EV2250G123", "clock": (2026, 11, 23, 18, 0, 0)},
        starts_with={"set_current": 32, "start_stop": 1},
        keeps=frozenset({"set_current", "start_stop"}),
        allows=lambda settings: 0 if settings["start_stop"] == 2 else settings["set_current"],
        faults={Fault.RCD: {"error_code": 24}, Fault.OVER_TEMPERATURE: {"error_code": 15}},
    ),
    "schneider_evlink_pro_ac": Persona(
        says={"reference": "EVB3S07N40"},
        starts_with={"set_current": 32, "degraded_one_phase": 0, "degraded_three_phase": 0, "keepalive": 2},
        keeps=frozenset({"degraded_one_phase", "degraded_three_phase"}),
        fed_by=frozenset({"keepalive"}),
        patience_s=lambda settings: None if settings["keepalive"] == 2 else 10,
        falls_to=lambda settings: settings["degraded_one_phase"],
        wears=frozenset({"degraded_one_phase", "degraded_three_phase"}),
        faults={Fault.RCD: {"error_bits": 1}},
    ),
    "heidelberg_energy_control": _HEIDELBERG,
    "amperfied_connect": Persona(
        says={"layout_version": 0x010B},
        starts_with={"set_current": 16, "watchdog_timeout": 15, "failsafe_current": 0, "remote_lock": 1},
        keeps=frozenset({"watchdog_timeout", "failsafe_current", "remote_lock"}),
        fed_by=ANY_REQUEST,
        patience_s=lambda settings: settings["watchdog_timeout"] or None,
        falls_to=lambda settings: settings["failsafe_current"],
        wears=frozenset({"watchdog_timeout", "failsafe_current", "remote_lock"}),
    ),
    "compleo_ebox": Persona(
        says={"serial": "CM-10001234", "manufacturer": "innogy", "model": "eBox prof", "table_version": 6,
              "firmware": "2.0.35"},
        starts_with={f"set_current_l{n}": 32.0 for n in (1, 2, 3)} | {f"fallback_current_l{n}": 0.0 for n in (1, 2, 3)}
        | {"fallback_timer": 60, "availability": 1},
        keeps=frozenset({"fallback_current_l1", "fallback_current_l2", "fallback_current_l3", "fallback_timer"}),
        allows=lambda settings: min(settings[f"set_current_l{n}"] for n in (1, 2, 3)),
        fed_by=frozenset({"set_current_l1", "set_current_l2", "set_current_l3"}),
        patience_s=lambda settings: settings["fallback_timer"] or None,
        falls_to=lambda settings: settings["fallback_current_l1"],
        wears=frozenset({"fallback_current_l1", "fallback_current_l2", "fallback_current_l3", "fallback_timer"}),
    ),
    "sungrow_ac": Persona(
        says={"type_code": 8429},
        starts_with={"set_current": 32, "availability": 1, "start_stop": 0, "work_mode": 6},
        allows=lambda settings: settings["set_current"] * settings["availability"] * (1 - settings["start_stop"]),
    ),
    "kathrein_kwb": Persona(
        says={"header": 1, "device_type": "KWB-AC40", "serial": "KTH0012345"},
        starts_with={"set_current": 32, "ems_control": 0, "ems_timeout": 0, "fallback_current": 6},
        keeps=frozenset({"ems_timeout", "fallback_current"}),
        allows=lambda settings: settings["set_current"] if settings["ems_control"] == 0x8000 else 32,
        fed_by=frozenset({"set_current"}),
        patience_s=lambda settings: settings["ems_timeout"] or None,
        falls_to=lambda settings: settings["fallback_current"],
        wears=frozenset({"ems_timeout", "fallback_current"}),
        faults={Fault.RCD: {"error_bits": 2}, Fault.CONTACTOR_WELDED: {"error_bits": 1}},
    ),
    "esp32_evse": Persona(
        says={"firmware": "v2.1.0"},
        starts_with={"set_current": 32, "enable": 1, "availability": 1},
        allows=_started,
        wears=frozenset({"limit_max", "default_current"}),
        faults={Fault.RCD: {"error_bits": 16}, Fault.OVER_TEMPERATURE: {"error_bits": 64}},
    ),
    "openwb_secondary": Persona(
        says={"serial": "snnnn1234"},
        starts_with={"set_current": 0},
        fed_by=ANY_REQUEST,
        patience_s=lambda _: 80,
    ),
}  # fmt: skip
