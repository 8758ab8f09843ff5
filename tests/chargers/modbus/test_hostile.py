"""Charge points that take a command and do something else, and other company at the address."""

import asyncio
from itertools import pairwise

import pytest

from custom_components.smart_charge.chargers.charger import ChargerMisunderstood, ChargerRefused
import simulator
from tests.chargers.modbus.test_charger import BOTH, charging
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("socket_enabled")


async def test_a_setpoint_that_is_clamped_or_ignored_is_said(maps, monkeypatch) -> None:
    async with simulator.ModbusCharger("alfen_eve") as sim, charging(maps, sim) as charger:
        take = sim.device._take_setpoint
        monkeypatch.setattr(sim.device, "_take_setpoint", lambda amps, at: take(min(amps, 16), at))
        with pytest.raises(ChargerRefused, match=r"told 20.0 .* holds 16"):
            await charger.apply(20)
        assert charger.reading.setpoint_a == 16
        await charger.apply(10)
        monkeypatch.setattr(sim.device, "_take_setpoint", lambda amps, at: None)
        with pytest.raises(ChargerRefused, match="holds 10"):
            await charger.apply(20)
        assert charger.is_online


@BOTH
async def test_a_setpoint_that_somebody_else_changes_shows_in_the_reading(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        await charger.apply(13)
        sim.device.set_current_a = 32
        await until(lambda: charger.reading.setpoint_a == 32)
        assert charger.restarts == 0


@pytest.mark.parametrize(
    ("map_id", "options"), [("alfen_eve", {"validity_s": 1}), ("bender_cc612", {"comm_timeout_s": 1})]
)
@pytest.mark.parametrize("answer_after_s", [0, 0.15])
async def test_a_patience_of_one_second_is_met_though_polls_are_slower(maps, map_id, options, answer_after_s) -> None:
    offers: list[float] = []
    async with simulator.ModbusCharger(map_id, **options) as sim, charging(maps, sim, 1, 1) as charger:
        sim.plug_in(simulator.Vehicle())
        await charger.apply(16)
        sim.server.manners.answer_after_s = answer_after_s
        for _ in range(25):
            await asyncio.sleep(0.1)
            sim.charge_point.catch_up()
            offers.append(sim.charge_point.offered_a)
    assert set(offers) == {16}


async def test_another_serial_after_a_cut_gets_no_command_of_ours(maps) -> None:
    async with simulator.ModbusCharger("alfen_eve") as sim, charging(maps, sim) as charger:
        await sim.drop_link()
        await until(lambda: not charger.is_online)
        sim.device.serial = "ACE9999999"
        await sim.restore_link()
        await until(lambda: charger.diagnostics()["counters"].get("other_charge_point"))
        with pytest.raises(ChargerMisunderstood):
            await charger.apply(10)
        assert sim.device.writes == []
        assert not charger.is_online


async def test_a_charge_point_that_takes_one_client_is_kept_by_us(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612", max_clients=1) as sim, charging(maps, sim) as charger:
        reader, writer = await asyncio.open_connection("127.0.0.1", sim.port)
        assert await reader.read() == b""
        writer.close()
        await charger.apply(10)
        assert charger.is_online
        assert charger.diagnostics()["counters"].get("connection_errors", 0) == 0


async def test_answers_slower_than_we_wait_are_one_loss_and_not_a_storm(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612") as sim, charging(maps, sim, 0.05, 0.1) as charger:
        sim.server.manners.answer_after_s = 0.5
        await until(lambda: not charger.is_online)
        began = sim.server.requests
        await asyncio.sleep(1.5)
        assert sim.server.requests - began <= 8
        sim.server.manners.answer_after_s = 0
        await until(lambda: charger.is_online)


async def test_writes_are_never_closer_than_the_renewal_asks(maps) -> None:
    async with simulator.ModbusCharger("alfen_eve", validity_s=5) as sim, charging(maps, sim) as charger:
        await charger.apply(13)
        await asyncio.sleep(2.6)
        at = [write.at for write in sim.device.writes]
        gaps = [(later - earlier).total_seconds() for earlier, later in pairwise(at)]
        assert gaps == pytest.approx([2], abs=0.4)
