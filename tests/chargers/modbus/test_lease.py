"""Commanding small made-up devices in memory: what reaches the wire, and in which order."""

import asyncio
from itertools import pairwise

from modbus_connection import IllegalDataAddressError, IllegalDataValueError
import pytest

from custom_components.smart_charge.chargers.charger import ChargerNotPermitted, ChargerRefused
from tests.chargers.modbus.conftest import made_charger, running, small_map
from tests.waiting import until


@pytest.fixture
def unit(mock):
    return mock.for_unit(1)


@pytest.fixture
def writes(unit) -> list:
    events: list = []
    unit.on_write(lambda event: events.append((event.address, event.values, event.function_code)))
    return events


@pytest.mark.parametrize(("asked", "told"), [(0, 0), (1, 0), (5.99, 0), (6, 6), (10.9, 10), (32, 32), (63, 32)])
async def test_a_setpoint_is_rounded_down_and_never_between_0_and_6(mock, writes, asked, told) -> None:
    await made_charger(mock, small_map()).apply(asked)
    assert writes == [(20, [told], 6)]


@pytest.mark.parametrize(("asked", "told"), [(10.1, 101), (6.05, 60), (13.999, 139)])
async def test_steps_of_a_tenth_are_hit_exactly(mock, writes, asked, told) -> None:
    register_map = small_map(registers={"set_current": {"scale": 0.1}}, control={"step_a": 0.1})
    await made_charger(mock, register_map).apply(asked)
    assert writes == [(20, [told], 6)]


@pytest.mark.parametrize("asked", [float("nan"), float("inf"), -1])
async def test_a_setpoint_that_is_none_is_refused_before_the_wire(mock, writes, asked) -> None:
    with pytest.raises(ValueError, match="no setpoint"):
        await made_charger(mock, small_map()).apply(asked)
    assert writes == []


async def test_the_limit_register_caps_the_setpoint(mock, unit, writes) -> None:
    unit.holding[40] = 13
    register_map = small_map(
        registers={"most": {"address": 40, "type": "uint16", "range": [6, 80]}}, control={"max_from": ["most"]}
    )
    charger = made_charger(mock, register_map)
    await charger.apply(32)
    assert writes == [(20, [13], 6)]
    assert charger.capabilities.max_a == 13


async def test_it_reads_before_it_first_writes(mock, unit, writes) -> None:
    seen: list[int] = []
    unit.on_write(lambda event: seen.append(len(unit.read_events)))
    await made_charger(mock, small_map()).apply(10)
    assert seen[0] > 0


async def test_a_setpoint_that_the_charge_point_alters_is_a_refusal(mock, unit) -> None:
    unit.on_write(lambda event: unit.holding.__setitem__(20, 6))
    charger = made_charger(mock, small_map())
    with pytest.raises(ChargerRefused, match="holds 6"):
        await charger.apply(16)
    assert charger.reading.setpoint_a == 6


async def test_a_setpoint_that_shows_a_moment_later_is_none(mock, unit) -> None:
    unit.on_write(lambda event: unit.holding.__setitem__(20, 0))
    charger = made_charger(mock, small_map(control={"settle_s": 0.1}))
    asyncio.get_running_loop().call_later(0.05, unit.holding.__setitem__, 20, 16)
    await charger.apply(16)
    assert charger.reading.setpoint_a == 16


@pytest.mark.parametrize(
    ("answer", "error"),
    [(IllegalDataValueError(), ChargerRefused), (IllegalDataAddressError(), ChargerNotPermitted)],
)
async def test_an_exception_reply_to_a_write_reaches_whoever_asked(mock, unit, answer, error) -> None:
    unit.fail_write(20, answer)
    charger = made_charger(mock, small_map())
    with pytest.raises(error):
        await charger.apply(16)


async def test_of_values_asked_in_a_burst_the_latest_wins(mock, writes) -> None:
    charger = made_charger(mock, small_map(control={"min_interval_s": 0.2}))
    await charger.apply(10)
    await asyncio.gather(charger.apply(12), charger.apply(14), charger.apply(16))
    assert writes == [(20, [10], 6), (20, [16], 6)]


async def test_two_commands_keep_the_least_time_between_them(mock, unit) -> None:
    at: list[float] = []
    unit.on_write(lambda event: at.append(asyncio.get_running_loop().time()))
    charger = made_charger(mock, small_map(control={"min_interval_s": 0.2}))
    await charger.apply(10)
    await charger.apply(12)
    assert at[1] - at[0] >= 0.19


SEQUENCE = {
    "registers": {
        "mode": {"address": 30, "type": "uint16", "write": "fc6"},
        "enable": {"address": 31, "type": "uint16", "write": "fc16"},
        "command": {"address": 32, "type": "uint16", "read": "never", "write": "any"},
    },
    "control": {
        "charge": [
            {"write": "mode", "value": 1, "when": {"mode": {"not": [1]}}},
            {"write": "set_current", "value": "amps", "wait_s": 0.01},
            {"write": "enable", "value": 1},
        ],
        "pause": [{"write": "enable", "value": 0}, {"write": "command", "value": 1}],
        "paused": {"enable": 0},
    },
}


async def test_writes_come_in_order_with_their_preconditions(mock, writes) -> None:
    charger = made_charger(mock, small_map(**SEQUENCE))
    await charger.apply(16)
    assert writes == [(30, [1], 6), (20, [16], 6), (31, [1], 16)]
    writes.clear()
    await charger.apply(10)
    assert writes == [(20, [10], 6), (31, [1], 16)]


async def test_a_pause_by_command_is_seen_as_setpoint_zero(mock, writes) -> None:
    charger = made_charger(mock, small_map(**SEQUENCE))
    await charger.apply(16)
    await charger.apply(0)
    assert writes[-2:] == [(31, [0], 16), (32, [1], 6)]
    assert charger.reading.setpoint_a == 0


async def test_a_write_only_setpoint_is_looked_for_where_it_shows(mock, unit, writes) -> None:
    register_map = small_map(
        registers={
            "set_current": {"read": "never", "readback": "shown"},
            "shown": {"address": 50, "type": "uint16", "table": "input", "scale": 0.001, "quantity": "setpoint"},
        }
    )
    unit.input[50] = 9000
    charger = made_charger(mock, register_map)
    with pytest.raises(ChargerRefused, match="holds 9"):
        await charger.apply(16)
    assert charger.reading.setpoint_a == 9


async def test_amperes_become_watts_over_the_phases_in_use(mock, unit, writes) -> None:
    unit.holding[30] = 3
    register_map = small_map(
        registers={
            "set_current": {"type": "uint32", "quantity": "power"},
            "wires": {"address": 30, "type": "uint16"},
        },
        control={
            "setpoint_is": "watts",
            "phases_from": "wires",
            "charge": [{"write": "set_current", "value": "watts"}],
        },
    )
    charger = made_charger(mock, register_map)
    await charger.apply(10)
    assert writes == [(20, [0, 6900], 16)]
    assert charger.reading.setpoint_a == 10


async def test_a_packed_setpoint_keeps_its_neighbours(mock, unit, writes) -> None:
    unit.holding[20] = 0x8000
    register_map = small_map(registers={"set_current": {"mask": 0x00FF}})
    await made_charger(mock, register_map).apply(16)
    assert writes == [(20, [0x8010], 6)]


async def test_a_coil_is_written_as_a_coil(mock, unit, writes) -> None:
    register_map = small_map(
        registers={"release": {"address": 3, "table": "coil", "type": "bool", "write": "any"}},
        control={
            "charge": [{"write": "set_current", "value": "amps"}, {"write": "release", "value": 1}],
            "pause": [{"write": "release", "value": 0}],
        },
    )
    await made_charger(mock, register_map).apply(10)
    assert writes == [(20, [10], 6), (3, [True], 5)]


async def test_a_stored_setpoint_is_not_written_when_it_is_there_already(mock, unit, writes) -> None:
    unit.holding[20] = 16
    charger = made_charger(mock, small_map(control={"wears_flash": True}))
    await charger.apply(16)
    assert writes == []
    await charger.apply(10)
    assert writes == [(20, [10], 6)]


REWRITE = {
    "registers": {"left": {"address": 60, "type": "uint16"}},
    "keep_alive": {"kind": "rewrite_setpoint", "timeout_s": 60, "remaining_from": "left"},
}


async def test_the_setpoint_is_renewed_within_half_of_the_time_it_holds(mock, unit) -> None:
    unit.holding[60] = 1
    at: list[float] = []
    unit.on_write(lambda event: at.append(asyncio.get_running_loop().time()))
    charger = made_charger(mock, small_map(**REWRITE))
    async with running(charger):
        await charger.apply(10)
        await until(lambda: len(at) >= 4)
    assert max(later - earlier for earlier, later in pairwise(at)) <= 0.5
    assert charger.diagnostics()["setpoint_validity_s"] == 1


async def test_nothing_is_renewed_that_nobody_asked_for(mock, unit, writes) -> None:
    unit.holding[60] = 1
    charger = made_charger(mock, small_map(**REWRITE))
    async with running(charger):
        await asyncio.sleep(0.7)
    assert writes == []


async def test_a_heartbeat_is_written_in_turn_while_we_ask_for_something(mock, writes) -> None:
    register_map = small_map(
        registers={"beat": {"address": 70, "type": "uint16", "read": "never", "write": "fc6"}},
        keep_alive={"kind": "write_value", "timeout_s": 0.2, "register": "beat", "values": [1, 0]},
    )
    charger = made_charger(mock, register_map)
    async with running(charger):
        await asyncio.sleep(0.2)
        assert writes == []
        await charger.apply(10)
        await until(lambda: len(writes) >= 5)
    assert (20, [10], 6) in writes[:2]  # a poll that ends just then beats before the setpoint is written
    assert [words for address, words, _ in writes if address == 70][:3] == [[1], [0], [1]]


async def test_a_slow_poll_does_not_starve_a_short_watchdog(mock, unit) -> None:
    unit.holding[60] = 1
    register_map = small_map(
        registers={"patience": {"address": 60, "type": "uint16"}},
        keep_alive={"kind": "any_request", "timeout_from": "patience"},
    )
    charger = made_charger(mock, register_map, poll_s=2)
    async with running(charger):
        await until(lambda: charger.is_online)
        before = len(unit.read_events)
        await asyncio.sleep(1.3)
        assert len(unit.read_events) - before >= 2


async def test_a_keep_alive_that_fails_is_counted_and_tried_again(mock, unit, writes) -> None:
    unit.holding[60] = 1
    charger = made_charger(mock, small_map(**REWRITE))
    async with running(charger):
        await charger.apply(10)
        unit.fail_write(20, IllegalDataValueError())
        await until(lambda: charger.diagnostics()["counters"].get("keep_alives_failed", 0) >= 2)
        unit.fail_write(20, None)
        writes.clear()
        await until(lambda: writes)
