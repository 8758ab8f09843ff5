"""Polling devices in memory that refuse parts, come and go, and talk nonsense."""

import asyncio
from contextlib import suppress
from dataclasses import replace
import math

from hypothesis import given, settings, strategies as st
from modbus_connection import (
    IllegalDataAddressError,
    ModbusConnectionError,
    ModbusTimeoutError,
    ServerDeviceBusyError,
    ServerDeviceFailureError,
)
from modbus_connection.mock import MockModbusConnection
import pytest

from custom_components.smart_charge.chargers.charger import (
    ChargerError,
    ChargerMisunderstood,
    ChargerRefused,
    ChargerTimedOut,
    ChargerUnreachable,
    Identity,
)
from custom_components.smart_charge.chargers.modbus.register_map import load_maps
from tests.chargers.modbus.conftest import made_charger, running, small_map
from tests.waiting import until

PAIR = {
    "limits": {"max_gap": 5},
    "registers": {
        "power": {"address": 12, "type": "uint16", "quantity": "power"},
        "amps": {"address": 14, "type": "uint16", "quantity": "current"},
    },
    "reading": {"power_w": "power", "current_a": ["amps", None, None]},
}


@pytest.fixture
def unit(mock):
    unit = mock.for_unit(1)
    unit.holding.update({12: 2300, 14: 10})
    return unit


async def polls(charger, count=2) -> None:
    """Let this many polls pass."""
    polled = charger._poller._polls
    await until(lambda: charger._poller._polls >= polled + count)


async def test_identity_is_read_once_and_the_rest_in_one_request(mock, unit) -> None:
    charger = made_charger(mock, small_map(**PAIR))
    async with running(charger):
        await polls(charger, 4)
    reads = [(event.address, event.count) for event in unit.read_events]
    assert reads[0] == (0, 1)
    assert (0, 1) not in reads[1:]
    assert set(reads[1:]) == {(10, 11)}


async def test_a_register_the_device_lacks_makes_only_that_part_unknown(mock, unit) -> None:
    unit.fail_read(14, IllegalDataAddressError())
    charger = made_charger(mock, small_map(**PAIR))
    async with running(charger):
        await polls(charger, 3)
        refusals = charger.diagnostics()["counters"]["exceptions_2"]
        await polls(charger, 5)
    assert charger.is_online
    assert charger.reading.power_w == 2300
    assert charger.reading.current_a[0] is None
    assert charger.diagnostics()["registers_missing"] == ["amps"]
    assert charger.diagnostics()["counters"]["exceptions_2"] == refusals


@pytest.mark.parametrize("error", [ServerDeviceBusyError, ServerDeviceFailureError])
async def test_an_exception_reply_is_proof_of_life(mock, unit, error) -> None:
    charger = made_charger(mock, small_map(**PAIR))
    async with running(charger):
        await polls(charger)
        unit.fail_requests(error())
        await polls(charger, 5)
        assert charger.is_online
        assert charger.reading.power_w is None
        unit.fail_requests(None)
        await until(lambda: charger.reading.power_w == 2300)
        assert charger.reading.power_w == 2300


async def test_a_slow_register_that_was_busy_is_asked_at_the_next_poll(mock, unit) -> None:
    unit.holding[90] = 21
    register_map = small_map(
        registers={"warmth": {"address": 90, "type": "int16", "quantity": "temperature", "read": "slow"}},
        reading={"temperature_c": "warmth"},
    )
    unit.fail_read(90, ServerDeviceBusyError())
    charger = made_charger(mock, register_map)
    async with running(charger):
        await polls(charger, 2)
        unit.fail_read(90, None)
        await polls(charger, 2)
        assert charger._poller._polls < 10
        assert charger.reading.temperature_c == 21


async def test_two_silent_polls_are_forgiven_and_three_are_not(mock, unit) -> None:
    charger = made_charger(mock, small_map(), poll_s=0.1)
    async with running(charger):
        await polls(charger)
        seen: list[bool] = []
        charger.listen(lambda: seen.append(charger.is_online))
        unit.fail_requests(ModbusTimeoutError("silence"))
        await until(lambda: charger._watch.failures == 2)
        assert charger.is_online
        await until(lambda: not charger.is_online)
        unit.fail_requests(None)
        await until(lambda: charger.is_online)
    assert seen == [False, True]


async def test_a_lost_connection_counts_at_once_and_the_last_reading_stays(mock, unit) -> None:
    charger = made_charger(mock, small_map(**PAIR))
    async with running(charger):
        await polls(charger)
        unit.fail_requests(ModbusConnectionError("gone"))
        await until(lambda: not charger.is_online)
        assert charger._watch.failures == 1
        assert charger.reading.power_w == 2300


async def test_polls_grow_rarer_while_nothing_answers(mock, unit) -> None:
    unit.fail_requests(ModbusConnectionError("gone"))
    at: list[float] = []
    charger = made_charger(mock, small_map(), poll_s=0.02)
    charger._poller.start_over = lambda: at.append(asyncio.get_running_loop().time())
    async with running(charger):
        await asyncio.sleep(0.8)
    assert 4 <= charger._watch.failures <= 7
    charger._watch.failures = 50
    assert charger._watch.pause_s == pytest.approx(60 * 0.02)


async def test_a_connection_that_was_dropped_while_idle_is_no_fault(mock, unit) -> None:
    charger = made_charger(mock, small_map())
    async with running(charger):
        await polls(charger)
        seen: list[bool] = []
        charger.listen(lambda: seen.append(charger.is_online))
        unit.fail_requests(ModbusConnectionError("idle"))
        original = charger._poller.start_over

        def mend() -> None:
            unit.fail_requests(None)
            original()

        charger._poller.start_over = mend
        await polls(charger, 3)
    assert seen == []


async def test_the_listener_hears_changes_and_nothing_else(mock, unit) -> None:
    charger = made_charger(mock, small_map(**PAIR))
    heard: list[float] = []
    stop = charger.listen(lambda: heard.append(charger.reading.power_w))
    async with running(charger):
        await polls(charger, 4)
        assert heard == [2300]
        unit.holding[12] = 2400
        await polls(charger, 3)
        assert heard == [2300, 2400]
        stop()
        unit.holding[12] = 2500
        await polls(charger, 3)
    assert heard == [2300, 2400]


async def test_a_value_out_of_range_is_unknown_and_counted(mock, unit) -> None:
    unit.holding[14] = 40_000
    charger = made_charger(mock, small_map(**PAIR))
    async with running(charger):
        await polls(charger, 3)
    assert charger.reading.current_a[0] is None
    assert charger.reading.power_w == 2300
    assert charger.diagnostics()["implausible_values"]["amps"] >= 3


async def test_the_setpoint_is_sent_again_after_the_link_was_lost(mock, unit) -> None:
    charger = made_charger(mock, small_map())
    async with running(charger):
        await charger.apply(10)
        unit.fail_requests(ModbusConnectionError("gone"))
        await until(lambda: not charger.is_online)
        unit.holding[20] = 32
        unit.fail_requests(None)
        await until(lambda: unit.holding[20] == 10)


async def test_a_setpoint_that_did_not_get_through_is_sent_when_the_link_is_back(mock, unit) -> None:
    charger = made_charger(mock, small_map())
    async with running(charger):
        await polls(charger)
        unit.fail_requests(ModbusConnectionError("gone"))
        with pytest.raises(ChargerUnreachable):
            await charger.apply(16)
        unit.fail_requests(None)
        await until(lambda: unit.holding[20] == 16)


@pytest.mark.parametrize(
    ("error", "named"),
    [
        (ModbusConnectionError("x"), ChargerUnreachable),
        (ModbusTimeoutError("x"), ChargerTimedOut),
        (ServerDeviceFailureError("x"), ChargerRefused),
    ],
)
async def test_a_command_that_fails_says_how(mock, unit, error, named) -> None:
    charger = made_charger(mock, small_map())
    await charger.apply(10)
    unit.fail_requests(error)
    with pytest.raises(named):
        await charger.apply(12)


async def test_another_charge_point_at_the_same_address_is_not_commanded(mock, unit) -> None:
    register_map = small_map(
        registers={"serial": {"address": 5, "type": "string", "length": 2, "read": "once", "private": True}},
        identity={"serial": "serial"},
    )
    unit.holding.update({5: 0x4142, 6: 0x4344})
    charger = made_charger(mock, register_map, identity=Identity(serial="WXYZ"))
    with pytest.raises(ChargerMisunderstood, match="another"):
        await charger.apply(16)
    assert unit.holding[20] == 0
    async with running(charger):
        await asyncio.sleep(0.2)
        assert not charger.is_online


async def test_diagnostics_hold_no_serial_number(mock, unit) -> None:
    register_map = small_map(
        registers={"serial": {"address": 5, "type": "string", "length": 2, "read": "once", "private": True}},
        identity={"serial": "serial"},
    )
    unit.holding.update({5: 0x4142, 6: 0x4344})
    charger = made_charger(mock, register_map)
    await charger.apply(10)
    assert charger.identity.serial == "ABCD"
    told = str(charger.diagnostics())
    assert "41424344" not in told
    assert "ABCD" not in told


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (("holding", 0, 0, None), "from 1 to 125"),
        (("holding", 0, 126, None), "from 1 to 125"),
        (("coil", 0, 2001, None), "from 1 to 2000"),
        (("input", 65535, 2, None), "addresses"),
        (("coil", -1, 1, None), "addresses"),
        (("holding", 0, 1, 256), "unit ids"),
        (("file", 0, 1, None), "file"),
    ],
)
async def test_a_read_of_nothing_is_refused_before_the_wire(mock, unit, asked, complaint) -> None:
    with pytest.raises(ValueError, match=complaint):
        await made_charger(mock, small_map()).read_registers(*asked)
    assert unit.read_events == []


async def test_any_registers_can_be_read(mock, unit) -> None:
    mock.for_unit(7).coil[3] = True
    charger = made_charger(mock, small_map())
    assert await charger.read_registers("holding", 12, 3, None) == [2300, 0, 10]
    assert await charger.read_registers("coil", 2, 3, 7) == [0, 1, 0]


MAPS = load_maps()


class _AnyWords(dict):
    """A device whose registers hold whatever the test draws."""

    def __init__(self, words) -> None:
        self._words = words

    def items(self):
        return ((address, self._words[address % len(self._words)]) for address in range(100, 1440))


@pytest.mark.parametrize("map_id", ["alfen_eve", "bender_cc612"])
@settings(max_examples=40)
@given(words=st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=97))
async def test_any_words_end_in_sane_values_or_our_errors(map_id, words) -> None:
    connection = MockModbusConnection()
    for unit_id in (1, 200, 255):
        connection.for_unit(unit_id).holding = _AnyWords(words)
    register_map = replace(MAPS[map_id], control=replace(MAPS[map_id].control, settle_s=0))
    charger = made_charger(connection, register_map, unit_id=register_map.unit_ids[0])
    with suppress(ChargerError):
        await charger.apply(16)
    reading = charger.reading
    assert reading is not None
    numbers = [reading.power_w, reading.setpoint_a, reading.offered_a, *reading.current_a, *reading.voltage_v]
    assert all(number is None or math.isfinite(number) for number in numbers)
    assert reading.setpoint_a is None or 0 <= reading.setpoint_a <= 125
    assert reading.import_wh is None or (isinstance(reading.import_wh, int) and reading.import_wh >= 0)
    assert 6 <= charger.capabilities.max_a <= 125
    assert isinstance(charger.diagnostics(), dict)
