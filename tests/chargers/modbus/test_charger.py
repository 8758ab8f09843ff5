"""The charger against simulated charge points, over real sockets, as Home Assistant lends them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import pairwise

import pytest

from custom_components.smart_charge.chargers.charger import ChargerRefused, LeaveBehind
from custom_components.smart_charge.chargers.modbus import link
from custom_components.smart_charge.chargers.modbus.charger import ModbusCharger
from custom_components.smart_charge.chargers.modbus.probe import probe
import simulator
from tests.chargers.modbus.conftest import dialled, now, running
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("socket_enabled")

BOTH = pytest.mark.parametrize("map_id", ["alfen_eve", "bender_cc612"])


@asynccontextmanager
async def charging(maps, sim, poll_s: float = 0.05, timeout_s: float = 0.3) -> AsyncIterator[ModbusCharger]:
    """Our charger, recognised by probing, running against the simulated one."""
    async with dialled(sim.port) as connection:
        found = await probe(connection.for_unit, maps)
    register_map = maps[found.map_id]
    async with dialled(sim.port) as connection:
        charger = ModbusCharger(
            connection.for_unit,
            replace(register_map, limits=replace(register_map.limits, timeout_s=timeout_s)),
            unit_id=found.unit_id,
            identity=found.identity,
            clock=now,
            poll_s=poll_s,
        )
        async with running(charger):
            await until(lambda: charger.is_online)
            yield charger


def leave(max_a: float = 16) -> LeaveBehind:
    return LeaveBehind(hours=None, max_a=max_a, draw_s=lambda: 0)


@BOTH
async def test_a_vehicle_draws_what_was_asked_for_and_all_agree_on_it(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        sim.plug_in(simulator.Vehicle(phases=1, max_a=32, soc=0.4))
        await charger.apply(10)
        assert sim.charge_point.offered_a == pytest.approx(10)
        await until(lambda: (charger.reading.drawn_a or 0) > 9)
        await until(lambda: charger.reading.is_charging)
        reading = charger.reading
        assert reading.setpoint_a == 10
        assert reading.offered_a == pytest.approx(10)
        assert reading.power_w == pytest.approx(230 * reading.drawn_a, rel=0.1)
        assert reading.voltage_v[0] == pytest.approx(230, abs=15)
        assert reading.import_wh == pytest.approx(sim.charge_point.measure().register_wh, abs=2)
        assert reading.is_plugged_in


@BOTH
async def test_zero_pauses_and_a_current_resumes(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        sim.plug_in(simulator.Vehicle(phases=1, max_a=32, soc=0.4))
        await charger.apply(0)
        assert sim.charge_point.offered_a == 0
        await until(lambda: charger.reading.status == "suspended_evse")
        assert charger.reading.is_plugged_in
        await charger.apply(16)
        assert sim.charge_point.offered_a == pytest.approx(16)


async def test_an_alfen_setpoint_outlives_its_validity_while_we_run(maps) -> None:
    async with (
        simulator.ModbusCharger("alfen_eve", validity_s=2, safe_current_a=6.0) as sim,
        charging(maps, sim) as charger,
    ):
        await charger.apply(13)
        await asyncio.sleep(3)
        assert charger.reading.offered_a == pytest.approx(13)
        at = [write.at for write in sim.device.writes]
        assert max((later - earlier).total_seconds() for earlier, later in pairwise(at)) <= 1


async def test_an_alfen_lease_runs_out_after_it_was_handed_back(maps) -> None:
    async with (
        simulator.ModbusCharger("alfen_eve", validity_s=1, safe_current_a=8.0) as sim,
        charging(maps, sim) as charger,
    ):
        await charger.apply(0)
        await charger.hand_back()
        assert sim.charge_point.offered_a == 0
        await until(lambda: charger.reading.offered_a == pytest.approx(8))
        assert charger.capabilities.unattended == "failsafe_current"


async def test_an_alfen_that_would_stay_off_without_us_says_so(maps) -> None:
    async with simulator.ModbusCharger("alfen_eve", safe_current_a=0.0) as sim, charging(maps, sim) as charger:
        assert charger.capabilities.unattended == "stays_off"
        with pytest.raises(ChargerRefused, match="installer"):
            await charger.leave_behind(leave())


async def test_an_alfen_with_a_safe_current_needs_nothing_written(maps) -> None:
    async with simulator.ModbusCharger("alfen_eve", safe_current_a=8.0) as sim, charging(maps, sim) as charger:
        await charger.leave_behind(leave())
        assert sim.device.writes == []


async def test_a_bender_without_failsafe_current_gets_one_once(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612", safe_current_a=0) as sim, charging(maps, sim) as charger:
        await until(lambda: charger.capabilities.unattended == "stays_off")
        await charger.leave_behind(leave(16.7))
        assert [(write.address, write.values) for write in sim.device.writes] == [(131, (16,))]
        assert charger.capabilities.unattended == "failsafe_current"
        await charger.leave_behind(leave(16.7))
        assert len(sim.device.writes) == 1


async def test_a_setting_that_does_not_last_is_not_written_in_a_loop(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612", safe_current_a=0) as sim, charging(maps, sim) as charger:
        await charger.leave_behind(leave())
        sim.device.safe_current_a = 0
        with pytest.raises(ChargerRefused, match="did not keep"):
            await charger.leave_behind(leave())
        assert len(sim.device.writes) == 1


async def test_what_shall_be_left_may_change_while_we_run(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612", safe_current_a=10) as sim, charging(maps, sim) as charger:
        for amps in (0, 6, 0):
            await charger.leave_behind(leave(amps))
            assert sim.device.safe_current_a == amps
        assert len(sim.device.writes) == 3


async def test_a_failsafe_current_above_the_circuit_is_lowered(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612", safe_current_a=32) as sim, charging(maps, sim) as charger:
        await charger.leave_behind(leave(16))
        assert sim.device.safe_current_a == 16


async def test_a_bender_is_not_left_paused(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612", safe_current_a=10) as sim, charging(maps, sim) as charger:
        await charger.apply(0)
        await charger.hand_back()
        assert sim.device.set_current_a == 10
        assert charger.reading.setpoint_a == 10


async def test_a_bender_that_was_charging_is_left_to_its_watchdog(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612") as sim, charging(maps, sim) as charger:
        await charger.apply(20)
        written = len(sim.device.writes)
        await charger.hand_back()
        assert len(sim.device.writes) == written


async def test_handing_back_what_was_never_asked_writes_nothing(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612") as sim, charging(maps, sim) as charger:
        await charger.hand_back()
        assert sim.device.writes == []


async def test_handing_back_to_a_charge_point_that_is_gone_ends_soon(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612") as sim, charging(maps, sim) as charger:
        await charger.apply(0)
        sim.server.manners.is_silent = True
        async with asyncio.timeout(30):
            await charger.hand_back()


@BOTH
async def test_the_setpoint_holds_again_after_a_power_cut_that_is_noticed(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        await charger.apply(13)
        await asyncio.sleep(0.6)
        await sim.power_cut()
        await until(lambda: not charger.is_online)
        assert charger.reading.setpoint_a == 13
        await sim.power_back()
        await until(lambda: charger.is_online)
        assert charger.restarts == 1
        await until(lambda: sim.device.set_current_a == 13)


@BOTH
async def test_a_lost_link_is_no_restart(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        await charger.apply(13)
        await sim.drop_link()
        await until(lambda: not charger.is_online)
        await sim.restore_link()
        await until(lambda: charger.is_online)
        assert charger.restarts == 0


async def test_after_a_restart_a_listener_may_ask_for_something_else_first(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612") as sim, charging(maps, sim, 0.2) as charger:
        await charger.apply(13)
        await sim.power_cut()
        await until(lambda: not charger.is_online)
        written = len(sim.device.writes)
        tasks: list[asyncio.Task[None]] = []

        def hold() -> None:
            if charger.restarts and not tasks:
                tasks.append(asyncio.ensure_future(charger.apply(0)))

        charger.listen(hold)
        await sim.power_back()
        await until(lambda: tasks and tasks[0].done())
        await asyncio.sleep(0.5)
        assert [write.values for write in sim.device.writes[written:]] == [(0,)]


@pytest.mark.parametrize(
    ("map_id", "bad"),
    [
        ("alfen_eve", "cut_short"),
        ("bender_cc612", "wrong_transaction"),
        ("alfen_eve", "drop_on_request"),
        ("bender_cc612", "is_silent"),
    ],
)
async def test_bad_manners_end_and_all_goes_on(maps, map_id, bad) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        await charger.apply(13)
        setattr(sim.server.manners, bad, True)
        await asyncio.sleep(0.8)
        sim.server.manners = simulator.ModbusManners()
        await until(lambda: charger.is_online)
        await charger.apply(9)
        assert sim.device.set_current_a == 9


@BOTH
@pytest.mark.parametrize("word", [0xFFFF, 0x0000, 0x7FC0, 0x8000])
async def test_garbage_in_every_register_moves_no_setpoint(maps, map_id, word) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        await charger.apply(13)
        written = len(sim.device.writes)
        sim.server.manners.garbage = (word,)
        await asyncio.sleep(0.4)
        assert len(sim.device.writes) == written
        assert charger.reading.voltage_v[0] is None or charger.reading.voltage_v[0] <= 500
        sim.server.manners.garbage = None
        await until(lambda: charger.reading.setpoint_a == 13)


async def test_a_charge_point_that_is_busy_for_a_moment_is_asked_again(maps) -> None:
    async with simulator.ModbusCharger("bender_cc612") as sim, charging(maps, sim, 1, 1) as charger:
        sim.server.manners = simulator.ModbusManners(refuse_with=6, only_next=2)
        await charger.apply(13)
        assert sim.device.set_current_a == 13


async def test_a_charge_point_that_stays_busy_is_alive_and_refuses(maps, monkeypatch) -> None:
    monkeypatch.setattr(link, "GRACE_S", 0.1)
    async with simulator.ModbusCharger("bender_cc612") as sim, charging(maps, sim) as charger:
        await charger.apply(10)
        sim.server.manners.refuse_with = 6
        with pytest.raises(ChargerRefused):
            await charger.apply(13)
        assert charger.is_online


async def test_nothing_is_left_running(maps) -> None:
    before = asyncio.all_tasks()
    async with simulator.ModbusCharger("alfen_eve") as sim, charging(maps, sim) as charger:
        await charger.apply(13)
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before


@pytest.mark.requirement("7.2")
async def test_a_setting_that_still_waits_for_its_turn_is_written_by_the_next_plan(maps) -> None:
    bender = maps["bender_cc612"]
    slow = {"bender_cc612": replace(bender, control=replace(bender.control, min_interval_s=1))}
    async with simulator.ModbusCharger("bender_cc612", safe_current_a=0) as sim, charging(slow, sim) as charger:
        await charger.apply(10)
        first = asyncio.create_task(charger.leave_behind(leave()))
        await asyncio.sleep(0.3)  # it has to wait for a second
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        assert sim.device.safe_current_a == 0
        await charger.leave_behind(leave())
        assert sim.device.safe_current_a == 16
