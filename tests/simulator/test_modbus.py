import asyncio
import math
import struct

from pymodbus.client import AsyncModbusTcpClient
import pytest

from simulator import Fault, ModbusCharger, ModbusManners, Vehicle


class Client:
    """A second, independent Modbus client."""

    def __init__(self, port):
        self.wire = AsyncModbusTcpClient("127.0.0.1", port=port, timeout=1, retries=0, reconnect_delay=0)

    async def read(self, address, layout, unit):
        count = struct.calcsize(f">{layout}") // 2
        answer = await self.wire.read_holding_registers(address, count=count, device_id=unit)
        assert not answer.isError(), answer
        return struct.unpack(f">{layout}", struct.pack(f">{count}H", *answer.registers))[0]

    async def code(self, request):
        answer = await request
        return answer.exception_code if answer.isError() else 0

    async def write_float(self, address, value, unit=1):
        words = list(struct.unpack(">2H", struct.pack(">f", value)))
        return await self.code(self.wire.write_registers(address, words, device_id=unit))


@pytest.fixture
async def alfen(clock):
    async with ModbusCharger("alfen_eve", clock=clock, idle_timeout_s=None) as charger:
        yield charger


@pytest.fixture
async def bender(clock):
    async with ModbusCharger("bender_cc612", clock=clock) as charger:
        yield charger


@pytest.fixture
async def connect():
    clients = []

    async def dial(charger):
        client = Client(charger.port)
        clients.append(client)
        assert await client.wire.connect()
        return client

    yield dial
    for client in clients:
        client.wire.close()


async def live(charger, seconds):
    await charger.clock.advance(seconds)
    charger.charge_point.catch_up()


# Alfen Eve


async def test_an_alfen_tells_its_identity_on_unit_200(alfen, connect):
    client = await connect(alfen)
    assert (await client.read(117, "10s", 200)).rstrip(b"\0") == b"Alfen NV"
    assert (await client.read(157, "22s", 200)).rstrip(b"\0") == b"ACE0123456"
    assert (await client.read(140, "34s", 200)).startswith(b"NG910")
    assert await client.read(1100, "f", 200) == 32.0


async def test_an_alfen_obeys_a_setpoint_and_meters_what_flows(alfen, connect):
    client = await connect(alfen)
    alfen.plug_in(Vehicle())
    assert await client.write_float(1210, 16.5) == 0
    await live(alfen, 20)
    assert (await client.read(1201, "10s", 1)).rstrip(b"\0") == b"C2"
    assert await client.read(320, "f", 1) == pytest.approx(16.5, rel=0.01)
    assert await client.read(344, "f", 1) == pytest.approx(16.5 * 230, rel=0.011)
    assert await client.read(1206, "f", 1) == 16.5
    assert await client.read(1208, "I", 1) == 40
    assert await client.read(1214, "H", 1) == 1
    before_wh = await client.read(374, "d", 1)
    await live(alfen, 20)
    await client.write_float(1210, 16.5)
    await live(alfen, 30)
    assert await client.read(374, "d", 1) - before_wh == pytest.approx(16.5 * 230 * 50 / 3600, abs=1.5)


async def test_an_alfen_falls_back_to_the_safe_current_when_the_setpoint_expires(alfen, connect):
    client = await connect(alfen)
    alfen.plug_in(Vehicle())
    await client.write_float(1210, 0.0)
    await live(alfen, 59)
    assert alfen.charge_point.offered_a == 0
    await client.read(1201, "10s", 1)
    await live(alfen, 2)
    assert alfen.charge_point.offered_a == 6
    assert await client.read(1208, "I", 1) == 0
    assert await client.read(1206, "f", 1) == await client.read(1212, "f", 1) == 6
    await client.write_float(1210, 10.0)
    assert alfen.charge_point.offered_a == 10


async def test_an_alfen_keeps_a_setpoint_that_is_written_again_in_time(alfen, connect):
    client = await connect(alfen)
    alfen.plug_in(Vehicle())
    for _ in range(4):
        await client.write_float(1210, 20.0)
        await live(alfen, 40)
    assert alfen.charge_point.offered_a == 20
    assert [write.is_accepted for write in alfen.device.writes] == [True] * 4


@pytest.mark.parametrize(
    ("unit_address_count", "code"),
    [
        ((1, 300, 125), 0),
        ((1, 300, 126), 3),
        ((1, 300, 0), 3),
        ((1, 425, 1), 0),
        ((1, 425, 2), 2),
        ((1, 1200, 16), 0),
        ((1, 1200, 17), 2),
        ((200, 99, 1), 2),
        ((200, 300, 1), 2),
        ((1, 100, 1), 2),
        ((2, 1200, 1), 11),
    ],
)
async def test_an_alfen_reads_only_its_areas_and_125_registers_at_most(alfen, unit_address_count, code):
    unit, address, count = unit_address_count
    frame = struct.pack(">HHHBBHH", 7, 0, 6, unit, 3, address, count)
    answer = await _raw(alfen.port, frame)
    assert (answer[8] if answer[7] & 0x80 else 0) == code


async def test_an_alfen_takes_the_setpoint_in_one_fc16_only(alfen, connect):
    client = await connect(alfen)
    code = client.code
    assert await code(client.wire.write_register(1210, 0x4180, device_id=1)) == 2
    assert await code(client.wire.write_registers(1210, [0x4180], device_id=1)) == 2
    assert await code(client.wire.write_registers(1212, [0x4180, 0], device_id=1)) == 2
    assert await client.write_float(1210, math.nan) == 3
    assert await client.write_float(1210, -1.0) == 3
    assert await client.write_float(1210, 33.0) == 3
    assert await code(client.wire.write_register(1215, 3, device_id=1)) == 3
    assert await code(client.wire.write_register(1215, 1, device_id=1)) == 0
    assert await code(client.wire.read_input_registers(1200, count=1, device_id=1)) == 1
    assert [write.is_accepted for write in alfen.device.writes] == [False] * 7 + [True]


async def test_what_an_alfen_does_not_know_reads_as_nan(alfen, connect):
    client = await connect(alfen)
    for address, layout in ((318, "f"), (322, "f"), (346, "f"), (362, "d")):
        assert math.isnan(await client.read(address, layout, 1))


async def test_an_alfen_loses_setpoint_and_uptime_by_a_power_cut_and_keeps_its_register(alfen, connect):
    client = await connect(alfen)
    alfen.plug_in(Vehicle())
    await client.write_float(1210, 32.0)
    await live(alfen, 55)
    before_wh = await client.read(374, "d", 1)
    assert await client.read(174, "Q", 200) == 55_000
    await alfen.power_cut()
    await live(alfen, 30)
    assert not await Client(alfen.port).wire.connect()
    await alfen.power_back()
    client = await connect(alfen)
    assert await client.read(374, "d", 1) == before_wh > 123_456
    assert await client.read(174, "Q", 200) == 0
    assert await client.read(1210, "f", 1) == 6
    await live(alfen, 10)
    assert alfen.charge_point.drawn_a == 6


async def test_a_third_client_finds_no_room_at_an_alfen(alfen, connect):
    for _ in range(2):
        client = await connect(alfen)
        await client.read(1105, "H", 200)
    reader, writer = await asyncio.open_connection("127.0.0.1", alfen.port)
    assert await reader.read() == b""
    writer.close()
    assert alfen.server.refused_clients == 1


async def test_an_idle_connection_is_closed_after_a_minute(clock):
    async with ModbusCharger("alfen_eve", clock=clock) as charger:
        reader, writer = await asyncio.open_connection("127.0.0.1", charger.port)
        await _until(lambda: charger.server.clients == 1)
        await clock.advance(59)
        assert charger.server.clients == 1
        await clock.advance(2)
        async with asyncio.timeout(60):
            assert await reader.read() == b""
        writer.close()


# Bender CC612


async def test_a_bender_answers_any_unit_and_pads_its_texts_on_the_left(bender, connect):
    client = await connect(bender)
    for unit in (1, 100, 255):
        assert await client.read(142, "20s", unit) == b"CC612".rjust(20)
        assert await client.read(100, "4s", unit) == b"5.22"
        assert await client.read(120, "4s", unit) == b" 0.9"


async def test_a_bender_shows_sentinels_for_absent_phases_and_zero_for_undefined_registers(bender, connect):
    client = await connect(bender)
    assert await client.read(200, "I", 255) == 123_456
    for address in (202, 204, 208, 210, 214, 216, 224, 226):
        assert await client.read(address, "I", 255) == 0xFFFFFFFF
    assert await client.read(300, "H", 255) == await client.read(65_535, "H", 255) == 0


async def test_a_bender_obeys_and_shows_milliamps(bender, connect):
    client = await connect(bender)
    bender.plug_in(Vehicle())
    assert await client.code(client.wire.write_register(1000, 16, device_id=255)) == 0
    await live(bender, 20)
    assert await client.read(122, "H", 255) == 3
    assert await client.read(104, "H", 255) == 6
    assert await client.read(706, "H", 255) == 16
    assert await client.read(212, "I", 255) == pytest.approx(16_000, rel=0.01)
    assert await client.read(220, "I", 255) == pytest.approx(3680, rel=0.011)
    assert await client.code(client.wire.write_registers(1000, [0], device_id=255)) == 0
    await live(bender, 10)
    assert (await client.read(122, "H", 255), await client.read(104, "H", 255)) == (2, 7)


async def test_a_bender_left_alone_falls_to_the_safe_current_and_any_request_ends_that(bender, connect):
    client = await connect(bender)
    bender.plug_in(Vehicle())
    await client.code(client.wire.write_registers(131, [10, 30], device_id=255))
    await client.code(client.wire.write_register(1000, 32, device_id=255))
    for _ in range(4):
        await live(bender, 20)
        await client.read(122, "H", 255)
    assert bender.charge_point.offered_a == 32
    await live(bender, 31)
    assert bender.charge_point.offered_a == 10
    assert await client.code(client.wire.read_input_registers(0, count=1, device_id=255)) == 1
    assert bender.charge_point.offered_a == 32


@pytest.mark.parametrize(("is_ceiling", "offered_a"), [(False, 6), (True, 0)])
async def test_a_paused_bender_left_alone_rises_to_the_safe_current_or_not(clock, connect, is_ceiling, offered_a):
    async with ModbusCharger("bender_cc612", clock=clock, safe_current_is_ceiling=is_ceiling) as bender:
        client = await connect(bender)
        bender.plug_in(Vehicle())
        await client.code(client.wire.write_register(1000, 0, device_id=255))
        await live(bender, 100)
        assert bender.charge_point.offered_a == offered_a


@pytest.mark.parametrize(("fault", "bit"), [(Fault.RCD, 0), (Fault.PILOT_SHORT, 1), (Fault.CONTACTOR_WELDED, 6)])
async def test_a_bender_writes_its_error_bits_low_word_and_low_byte_first(bender, connect, fault, bit):
    client = await connect(bender)
    bender.charge_point.raise_fault(fault)
    swapped = await client.read(111, "4s", 255)
    assert int.from_bytes(swapped, "little") == 1 << bit
    assert await client.read(104, "H", 255) == 4
    assert await client.read(122, "H", 255) == 5


@pytest.mark.parametrize(
    ("address", "value", "code"),
    [(1000, 5, 3), (1000, 33, 3), (131, 33, 3), (132, 0, 3), (132, 301, 3), (124, 2, 3), (100, 1, 2), (1001, 60, 2)],
)
async def test_a_bender_refuses_what_is_out_of_range_or_read_only(bender, connect, address, value, code):
    client = await connect(bender)
    assert await client.code(client.wire.write_register(address, value, device_id=255)) == code


async def test_a_bender_counts_the_session(bender, connect):
    client = await connect(bender)
    await client.code(client.wire.write_register(132, 300, device_id=255))
    bender.plug_in(Vehicle(max_a=10))
    await live(bender, 290)
    delivered_wh = bender.truth.energy_wh
    assert await client.read(716, "I", 255) == pytest.approx(delivered_wh, abs=1)
    assert await client.read(718, "I", 255) == 290
    assert await client.read(707, "I", 255) == 0x120000


# Manners


async def test_two_requests_in_one_packet_get_two_answers(alfen):
    first = struct.pack(">HHHBBHH", 1, 0, 6, 200, 3, 1105, 1)
    second = struct.pack(">HHHBBHH", 2, 0, 6, 1, 3, 1200, 1)
    answer = await _raw(alfen.port, first + second, 22)
    assert (answer[1], answer[12]) == (1, 2)


@pytest.mark.parametrize(
    "frame",
    [
        b"\x00\x01\x00\x07\x00\x06\x01\x03\x00\x00\x00\x01",
        b"\x00\x01\x00\x00\xff\xff\x01\x03",
        b"GET / HTTP/1.1\r\n\r\n",
    ],
)
async def test_what_is_not_modbus_is_hung_up_on(alfen, frame):
    reader, writer = await asyncio.open_connection("127.0.0.1", alfen.port)
    writer.write(frame)
    async with asyncio.timeout(60):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("body", [b"\x03\x00", b"\x10\x04\xba\x00\x02\x04\x00", b"\x2b\x0e\x01\x00"])
async def test_a_malformed_request_is_answered_with_an_exception(alfen, body):
    answer = await _raw(alfen.port, struct.pack(">HHHB", 9, 0, len(body) + 1, 1) + body, 9)
    assert answer[7] == body[0] | 0x80


async def test_every_misbehaviour_can_be_switched_on(alfen, connect):
    alfen.server.max_clients = None
    client = await connect(alfen)
    alfen.server.manners = ModbusManners(refuse_with=6, only_next=1)
    assert await client.code(client.wire.read_holding_registers(1200, count=1, device_id=1)) == 6
    alfen.server.manners = ModbusManners(garbage=(0xFFFF,), only_next=1)
    assert math.isnan(await client.read(344, "f", 1))
    alfen.server.manners = ModbusManners(answer_after_s=0.2, only_next=1)
    began = asyncio.get_running_loop().time()
    assert await client.read(1200, "H", 1) == 1
    assert asyncio.get_running_loop().time() - began >= 0.2
    request = struct.pack(">HHHBBHH", 7, 0, 6, 1, 3, 1200, 1)
    alfen.server.manners = ModbusManners(drop_on_request=True, only_next=1)
    assert await _raw(alfen.port, request, None) == b""
    alfen.server.manners = ModbusManners(wrong_transaction=True, only_next=1)
    assert (await _raw(alfen.port, request))[:2] == b"\x00\x08"
    alfen.server.manners = ModbusManners(cut_short=True, only_next=1)
    assert len(await _raw(alfen.port, request, 5)) == 5
    alfen.server.manners = ModbusManners(is_silent=True, only_next=1)
    with pytest.raises(TimeoutError):
        await _raw(alfen.port, request, within_s=0.2)
    assert await client.read(1200, "H", 1) == 1


async def test_a_lost_network_breaks_connections_and_returns_on_the_same_port(alfen, connect):
    await connect(alfen)
    port = alfen.port
    await alfen.drop_link()
    assert not await Client(port).wire.connect()
    await alfen.restore_link()
    assert alfen.port == port
    client = await connect(alfen)
    assert await client.read(1105, "H", 200) == 1


async def test_power_that_returns_without_the_network_leaves_it_unreachable(alfen):
    await alfen.drop_link()
    await alfen.power_cut()
    await alfen.power_back()
    assert not alfen.server.is_listening
    await alfen.restore_link()
    assert alfen.server.is_listening


async def _until(is_true):
    for _ in range(200):
        if is_true():
            return
        await asyncio.sleep(0.01)
    pytest.fail("it did not come true")


async def _raw(port, frame, size=9, within_s=60):
    """Returns ``size`` bytes of the answer; None for everything until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(frame)
        async with asyncio.timeout(within_s):
            return await (reader.read() if size is None else reader.readexactly(size))
    finally:
        writer.close()
