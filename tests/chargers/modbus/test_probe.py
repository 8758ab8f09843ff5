"""Recognising charge points, and telling them from everything else that listens on a port."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
import struct

from modbus_connection import IllegalDataAddressError, ModbusTimeoutError
from modbus_connection.mock import MockModbusConnection
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
import pytest

from custom_components.smart_charge.chargers.charger import (
    ChargerError,
    ChargerMisunderstood,
    ChargerTimedOut,
    ChargerUnreachable,
)
from custom_components.smart_charge.chargers.modbus import link
from custom_components.smart_charge.chargers.modbus.probe import probe
import simulator
from tests.chargers.modbus.conftest import dialled, small_map

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture
def quick(maps):
    """Our maps, with little patience."""
    return {key: replace(each, limits=replace(each.limits, timeout_s=0.2)) for key, each in maps.items()}


@asynccontextmanager
async def peer(answer) -> AsyncIterator[int]:
    """Something else that listens: ``answer`` gets reader and writer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await answer(reader, writer)
        except ConnectionError, asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_an_alfen_is_recognised_with_all_its_names(maps) -> None:
    async with simulator.ModbusCharger("alfen_eve") as sim, dialled(sim.port) as connection:
        found = await probe(connection.for_unit, maps)
        assert (found.map_id, found.unit_id) == ("alfen_eve", 1)
        assert found.identity.manufacturer == "Alfen NV"
        assert found.identity.serial == "ACE0123456"
        assert found.identity.firmware == "6.4.0-4210"
        assert found.capabilities.step_a == 0.1
        assert sim.device.writes == []


async def test_a_bender_is_recognised_and_has_no_serial_number(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612") as sim, dialled(sim.port) as connection:
        found = await probe(connection.for_unit, maps)
        assert (found.map_id, found.unit_id) == ("bender_cc612", 255)
        assert found.identity.model == "CC612"
        assert found.identity.serial is None
        assert sim.device.writes == []


async def test_a_bender_answers_at_the_unit_id_that_was_given(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612") as sim, dialled(sim.port) as connection:
        assert (await probe(connection.for_unit, maps, 7)).unit_id == 7


async def test_an_alfen_has_no_socket_at_another_unit_id(maps) -> None:
    async with simulator.ModbusCharger("alfen_eve") as sim, dialled(sim.port) as connection:
        with pytest.raises(ChargerMisunderstood):
            await probe(connection.for_unit, maps, 99)


async def test_old_bender_firmware_without_the_newer_registers_is_recognised(maps) -> None:
    connection = MockModbusConnection()
    for unit_id in (1, 200, 255):
        unit = connection.for_unit(unit_id)
        unit.holding.update(_bender_registers() | {100: 0x342E, 101: 0x3530})
        for address in (142, 152, 218, 716):
            unit.fail_read(address, IllegalDataAddressError())
    found = await probe(connection.for_unit, maps)
    assert found.map_id == "bender_cc612"
    assert found.identity.model is None
    assert found.identity.firmware == "4.50"


def _bender_registers() -> dict[int, int]:
    return {120: 0x302E, 121: 0x3600, 122: 2, 104: 5, 131: 6, 132: 60}


async def test_a_closed_port_is_unreachable(maps) -> None:
    async with dialled(1) as connection:
        with pytest.raises(ChargerUnreachable):
            await probe(connection.for_unit, maps)


async def test_a_connection_that_never_comes_about_is_unreachable(maps) -> None:
    connection = MockModbusConnection()

    async def connect() -> None:
        raise ModbusTimeoutError("no answer to SYN")

    connection.connect = connect
    with pytest.raises(ChargerUnreachable):
        await probe(connection.for_unit, maps)


async def test_a_silent_peer_times_out(quick) -> None:
    async def say_nothing(reader, writer) -> None:
        await reader.read(-1)

    async with peer(say_nothing) as port, dialled(port) as connection:
        with pytest.raises(ChargerTimedOut):
            await probe(connection.for_unit, quick)


async def test_a_peer_that_hangs_up_is_unreachable(quick) -> None:
    async def hang_up(reader, writer) -> None:
        await reader.read(1)

    async with peer(hang_up) as port, dialled(port) as connection:
        with pytest.raises(ChargerUnreachable):
            await probe(connection.for_unit, quick)


async def test_another_modbus_device_is_answered_for_and_left_alone(quick) -> None:
    device = SimDevice(0, simdata=[SimData(0, count=2000, values=17, datatype=DataType.REGISTERS)])
    server = ModbusTcpServer(device, address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    try:
        port = server.transport.sockets[0].getsockname()[1]
        async with dialled(port) as connection:
            with pytest.raises(ChargerMisunderstood, match="no charge point"):
                await probe(connection.for_unit, quick)
    finally:
        await server.shutdown()


@pytest.mark.parametrize("code", [1, 2, 3, 4, 6, 10, 11, 99])
async def test_exception_replies_mean_an_unknown_device(quick, code, monkeypatch) -> None:
    monkeypatch.setattr(link, "GRACE_S", 0.1)
    async with simulator.ModbusCharger("alfen_eve") as sim, dialled(sim.port) as connection:
        sim.server.manners.refuse_with = code
        with pytest.raises(ChargerMisunderstood):
            await probe(connection.for_unit, quick)


def _frames(body: bytes):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            header = await reader.readexactly(7)
            await reader.readexactly(struct.unpack(">HHHB", header)[2] - 1)
            writer.write(header[:4] + struct.pack(">H", len(body) + 1) + header[6:] + body)
            await writer.drain()

    return answer


def _bytes(raw: bytes):
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(64)
        writer.write(raw)
        await writer.drain()
        await reader.read(-1)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        _frames(b""),
        _frames(b"\x03"),
        _frames(b"\x03\xff\x00"),
        _frames(b"\x03\x00"),
        _frames(b"\x03\x03abc"),
        _frames(b"\x04\x02\x00\x00"),
        _frames(b"\x83"),
        _frames(b"\x03\x88" + b"\xff" * 136),
        _bytes(b"HTTP/1.1 400 Bad Request\r\n\r\n"),
        _bytes(b"SSH-2.0-OpenSSH_9.2\r\n"),
        _bytes(b"\x00" * 300),
        _bytes(b"\xff" * 300),
        _bytes(b"\x00\x01\x00\x00\xff\xff\xff" + b"a" * 400),
    ],
)
async def test_no_answer_of_a_stranger_is_more_than_one_of_our_errors(quick, answer) -> None:
    async with peer(answer) as port, dialled(port) as connection:
        with pytest.raises(ChargerError):
            await probe(connection.for_unit, quick)


async def test_a_map_of_the_owners_is_tried_too(quick) -> None:
    connection = MockModbusConnection()
    connection.for_unit(1).holding.update({0: 7, 10: 1})
    found = await probe(connection.for_unit, quick | {"made_up": small_map()})
    assert (found.map_id, found.identity.manufacturer, found.identity.model) == ("made_up", "Nobody", "7")
