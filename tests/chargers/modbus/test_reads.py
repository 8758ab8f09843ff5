import pytest

from custom_components.smart_charge.chargers.modbus.reads import ReadPlan, plan_reads, plan_registers
from custom_components.smart_charge.chargers.modbus.register import Cadence
from tests.chargers.modbus.conftest import small_map


def requests(register_map, *keys) -> list[tuple[int, str, int, int]]:
    registers = [register_map.registers[key] for key in keys or register_map.registers]
    return [(b.unit_id, str(b.table), b.address, b.count) for b in plan_registers(register_map, registers, 1)]


def with_registers(limits=None, **registers):
    return small_map(limits=limits or {}, registers=registers)


def test_neighbours_share_a_request() -> None:
    register_map = with_registers(a={"address": 100, "type": "uint32"}, b={"address": 102, "type": "uint16"})
    assert requests(register_map, "a", "b") == [(1, "holding", 100, 3)]


def test_a_gap_is_read_over_only_where_the_device_allows_it() -> None:
    registers = {"a": {"address": 100, "type": "uint16"}, "b": {"address": 104, "type": "uint16"}}
    assert len(requests(with_registers(**registers), "a", "b")) == 2
    assert requests(with_registers({"max_gap": 3}, **registers), "a", "b") == [(1, "holding", 100, 5)]
    assert len(requests(with_registers({"max_gap": 2}, **registers), "a", "b")) == 2


def test_no_request_is_longer_than_the_device_allows() -> None:
    registers = {f"r{n}": {"address": 300 + 4 * n, "type": "float64"} for n in range(32)}
    found = requests(with_registers({"max_registers": 126 - 1}, **registers), *registers)
    assert [count for *_, count in found] == [124, 4]


def test_a_device_that_wants_one_value_per_request_gets_it() -> None:
    registers = {"a": {"address": 100, "type": "uint16"}, "b": {"address": 101, "type": "uint16"}}
    assert len(requests(with_registers({"one_value": True}, **registers), "a", "b")) == 2


def test_two_parts_of_one_packed_register_are_one_request() -> None:
    registers = {
        "a": {"address": 100, "type": "uint16", "mask": 0xFF},
        "b": {"address": 100, "type": "uint16", "mask": 0xFF00, "shift": 8},
    }
    assert len(requests(with_registers({"one_value": True}, **registers), "a", "b")) == 1


def test_units_and_tables_are_asked_apart() -> None:
    register_map = small_map(
        units={"station": 200},
        registers={
            "a": {"address": 1, "type": "uint16", "unit": "station"},
            "b": {"address": 1, "type": "uint16", "table": "input"},
            "c": {"address": 1, "type": "bool", "table": "coil"},
            "d": {"address": 1, "type": "bool", "table": "discrete"},
        },
    )
    assert requests(register_map, "a", "b", "c", "d") == [
        (200, "holding", 1, 1),
        (1, "input", 1, 1),
        (1, "coil", 1, 1),
        (1, "discrete", 1, 1),
    ]


def test_a_refused_request_is_cut_at_its_gaps_then_to_single_values_then_left_out() -> None:
    registers = {
        "a": {"address": 100, "type": "uint16"},
        "b": {"address": 101, "type": "uint16"},
        "c": {"address": 104, "type": "uint16"},
    }
    register_map = with_registers({"max_gap": 9}, **registers)
    plan = ReadPlan(plan_registers(register_map, [register_map.registers[k] for k in "abc"], 1))
    plan.refine(plan.blocks[0], 0)
    assert [[r.key for r in block.registers] for block in plan.blocks] == [["a", "b"], ["c"]]
    plan.refine(plan.blocks[0], 0)
    plan.refine(plan.blocks[0], 0)
    assert [[r.key for r in block.registers] for block in plan.blocks] == [["b"], ["c"]]
    assert plan.refused == {"a"}


def test_what_was_refused_is_tried_again_after_a_while() -> None:
    register_map = with_registers(a={"address": 100, "type": "uint16"})
    plan = ReadPlan(plan_registers(register_map, [register_map.registers["a"]], 1))
    plan.refine(plan.blocks[0], 0)
    plan.reconsider(599)
    assert plan.blocks == []
    plan.reconsider(600)
    assert len(plan.blocks) == 1
    assert plan.refused == set()


def test_a_register_that_the_firmware_lacks_is_not_asked_for() -> None:
    register_map = with_registers(a={"address": 100, "type": "uint16", "since": "5.22"})
    assert not any(r.key == "a" for b in plan_reads(register_map, Cadence.FAST, 1, "5.9").blocks for r in b.registers)
    assert any(r.key == "a" for b in plan_reads(register_map, Cadence.FAST, 1, "5.22").blocks for r in b.registers)


@pytest.mark.parametrize(("map_id", "fast", "slow"), [("alfen_eve", 2, 2), ("bender_cc612", 3, 2)])
def test_our_maps_take_few_requests(maps, map_id, fast, slow) -> None:
    assert len(plan_reads(maps[map_id], Cadence.FAST, 1).blocks) == fast
    assert len(plan_reads(maps[map_id], Cadence.SLOW, 1).blocks) == slow
