import pytest

from custom_components.smart_charge.chargers.modbus.facts import find_fault, to_reading
from tests.chargers.modbus.conftest import now, small_map


def reading(register_map, **values):
    return to_reading(register_map, values, now())


@pytest.mark.parametrize(
    ("state", "pilot", "status", "is_plugged_in"),
    [
        ("A", "a", "available", False),
        ("B1", "b", "suspended_evse", True),
        ("B2", "b", "suspended_ev", True),
        ("C1", "b", "suspended_evse", True),
        ("C2", "c", "charging", True),
        ("D1", "b", "suspended_evse", True),
        ("D2", "d", "charging", True),
        ("E", "a", "available", False),
        ("F", "f", "unavailable", None),
        ("XX", None, None, None),
    ],
)
def test_alfen_states_are_told_in_our_words(maps, state, pilot, status, is_plugged_in) -> None:
    found = reading(maps["alfen_eve"], mode3_state=state, availability=1)
    assert (found.pilot, found.status, found.is_plugged_in) == (pilot, status, is_plugged_in)


def test_an_alfen_that_is_out_of_service_is_unavailable(maps) -> None:
    assert reading(maps["alfen_eve"], mode3_state="A", availability=0).status == "unavailable"


@pytest.mark.parametrize(
    ("vehicle", "ocpp", "setpoint", "told"),
    [
        (1, 0, 32, ("a", "available")),
        (1, 2, 32, ("a", "reserved")),
        (2, 5, 16, ("b", "preparing")),
        (2, 1, 16, ("b", "suspended_ev")),
        (2, 1, 0, ("b", "suspended_evse")),
        (2, 7, 0, ("b", "suspended_evse")),
        (2, 8, 16, ("b", "suspended_ev")),
        (2, 9, 16, ("b", "finishing")),
        (3, 6, 16, ("c", "charging")),
        (3, 1, 16, ("c", "charging")),
        (3, 7, 0, ("c", "suspended_evse")),
        (4, 6, 16, ("d", "charging")),
        (2, 3, 16, ("b", "unavailable")),
        (5, 4, 16, ("e", "faulted")),
        (3, 4, 16, ("c", "faulted")),
    ],
)
def test_bender_states_are_told_in_our_words(maps, vehicle, ocpp, setpoint, told) -> None:
    found = reading(maps["bender_cc612"], vehicle_state=vehicle, ocpp_status=ocpp, set_current=setpoint)
    assert (found.pilot, found.status) == told


@pytest.mark.parametrize(
    ("map_id", "told", "silent"),
    [
        ("esp32_evse", {"state": "B1", "pending_authorization": 1}, {"state": "B1", "pending_authorization": 0}),
        ("mennekes_hcc3", {"charger_state": 1, "cp_state": 3}, {"charger_state": 2, "cp_state": 3}),
        ("kathrein_kwb", {"charging_state": 2, "cp_state": 1}, {"charging_state": 3, "cp_state": 1}),
        ("esp32_evse", {"state": "B1", "pending_authorization": 1}, {"state": "A", "pending_authorization": 1}),
    ],
)
def test_where_a_register_tells_that_a_tag_is_waited_for_we_know(maps, map_id, told, silent) -> None:
    assert reading(maps[map_id], **told).awaits_tag
    assert not reading(maps[map_id], **silent).awaits_tag


def test_a_grave_error_bit_stops_charging(maps) -> None:
    found = reading(maps["bender_cc612"], vehicle_state=3, ocpp_status=6, error_bits=1 << 5 | 1 << 7)
    assert found.fault.code == "rcd_tripped, backend_disconnected"
    assert found.fault.is_safety
    assert found.status == "faulted"


def test_a_harmless_error_bit_does_not(maps) -> None:
    found = reading(maps["bender_cc612"], vehicle_state=3, ocpp_status=6, error_bits=1 << 7)
    assert not found.fault.is_safety
    assert found.status == "charging"


def test_a_state_can_be_a_fault_without_an_error_bit(maps) -> None:
    assert find_fault(maps["bender_cc612"], {"vehicle_state": 5, "error_bits": 0}).code == "vehicle_state_e"


def test_energy_of_a_bender_without_a_total_is_the_sum_of_its_phases(maps) -> None:
    found = reading(maps["bender_cc612"], energy_l1=100, energy_l2=None, energy_l3=23)
    assert found.import_wh == 123


def test_a_phase_that_was_not_read_leaves_no_false_total(maps) -> None:
    assert reading(maps["bender_cc612"], energy_l1=100, energy_l2=50).import_wh is None


def test_no_phase_at_all_is_no_meter_rather_than_zero(maps) -> None:
    assert reading(maps["bender_cc612"], energy_l1=None, energy_l2=None, energy_l3=None).import_wh is None


def test_energy_is_whole_watt_hours(maps) -> None:
    assert reading(maps["alfen_eve"], energy_total=1234.6).import_wh == 1235


def test_rules_test_bits_bounds_and_exclusions() -> None:
    status = [
        {"when": {"state": {"any_bit": 6}}, "pilot": "c"},
        {"when": {"state": {"not": [0], "min": 0, "max": 8}}, "pilot": "b"},
        {"when": {"state": [0]}, "pilot": "a"},
    ]
    register_map = small_map(status=status)
    assert [reading(register_map, state=state).pilot for state in (4, 8, 0, 9, None)] == ["c", "b", "a", None, None]


def test_a_setpoint_in_watts_is_shown_in_amperes() -> None:
    register_map = small_map(
        registers={"set_current": {"quantity": "power"}, "wires": {"address": 30, "type": "uint16"}},
        control={
            "setpoint_is": "watts",
            "phases_from": "wires",
            "charge": [{"write": "set_current", "value": "watts"}],
        },
    )
    assert reading(register_map, set_current=6900, wires=3).setpoint_a == 10
    assert reading(register_map, set_current=2300, wires=1).setpoint_a == 10


def test_a_charger_paused_by_another_register_has_setpoint_zero() -> None:
    register_map = small_map(
        registers={"enable": {"address": 30, "type": "uint16", "write": "fc6"}},
        control={"pause": [{"write": "enable", "value": 0}], "paused": {"enable": 0}},
    )
    assert reading(register_map, set_current=16, enable=0).setpoint_a == 0
    assert reading(register_map, set_current=16, enable=1).setpoint_a == 16
