"""Each map against a device that plays its model's register table: strict, and with that model's ways."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import pytest

from custom_components.smart_charge.chargers.charger import ChargerRefused, LeaveBehind
from custom_components.smart_charge.chargers.modbus.charger import ModbusCharger
from custom_components.smart_charge.chargers.modbus.map_model import KeepAliveKind
from custom_components.smart_charge.chargers.modbus.probe import probe
from custom_components.smart_charge.chargers.modbus.register_map import Maps, RegisterMap
from custom_components.smart_charge.charging.fallback import is_followed
from custom_components.smart_charge.charging.model import ConnectorStatus
import simulator
from simulator.register_maps import DEVICES, TabledDevice
from simulator.register_maps.personas import PERSONAS
from tests.waiting import until

from .conftest import dialled, made_charger, running

pytestmark = pytest.mark.usefixtures("socket_enabled")

EVERY = pytest.mark.parametrize("map_id", DEVICES)
TABLED = pytest.mark.parametrize("map_id", sorted(PERSONAS))
PLAN = LeaveBehind(hours=None, max_a=16.0, draw_s=lambda: 0)

HAS_TEMPERATURE = ["alfen_eve", "amperfied_connect", "heidelberg_energy_control", "mennekes_hcc3", "victron_evcs"]
TELLS_RESTARTS = ["abb_terra_ac", "alfen_eve", "bender_cc612", "esp32_evse", "peblar"]
NO_POWER = {"compleo_ebox"}
NO_TOTAL = {"abb_terra_ac", "mennekes_hcc3", "esp32_evse"}
NO_CURRENT = {"mennekes_hcc3"}
FAULTS = [(map_id, fault) for map_id, persona in sorted(PERSONAS.items()) for fault in persona.faults]


def hurried(register_map: RegisterMap) -> RegisterMap:
    """The map without the pauses that its model needs: this device needs none."""
    return replace(
        register_map,
        limits=replace(register_map.limits, spacing_s=0),
        control=replace(register_map.control, min_interval_s=0, settle_s=min(register_map.control.settle_s, 0.2)),
    )


@asynccontextmanager
async def charging(
    maps: Maps, sim: simulator.ModbusCharger, *, is_unknown: bool = False, **options: object
) -> AsyncIterator[ModbusCharger]:
    """Meet it, as its map says or as a stranger, and run."""
    map_id = sim.device.map_id
    if isinstance(sim.device, TabledDevice):
        sim.device.insists_on_pauses = False
    async with dialled(sim.port) as connection:
        found = await probe(connection.for_unit, maps if is_unknown else {map_id: maps[map_id]})
        assert found.map_id == map_id
        register_map = hurried(maps[found.map_id])
        charger = made_charger(connection, register_map, unit_id=found.unit_id, identity=found.identity, **options)
        async with running(charger):
            await until(lambda: charger.reading is not None)
            yield charger


@EVERY
async def test_it_is_recognised_among_all_maps(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim, is_unknown=True) as charger:
        assert charger.reading.is_plugged_in is False
        assert charger.reading.fault is None
        assert charger.diagnostics()["registers_missing"] == []
        assert not charger.diagnostics()["implausible_values"]


@asynccontextmanager
async def charging_at(
    maps: Maps, map_id: str, amps: float
) -> AsyncIterator[tuple[simulator.ModbusCharger, ModbusCharger]]:
    """A vehicle that draws what was asked for, five times as fast as in life."""
    async with simulator.ModbusCharger(map_id, clock=simulator.WorldClock(speed=5)) as sim:
        if isinstance(sim.device, TabledDevice):
            sim.device.patience_s = 1e6
        async with charging(maps, sim) as charger:
            await charger.apply(amps)
            sim.plug_in()
            await until(lambda: sim.charge_point.drawn_a == pytest.approx(amps, abs=0.3))
            await until(lambda: charger.reading.is_charging)
            yield sim, charger


@EVERY
async def test_a_vehicle_draws_what_is_asked_for(maps, map_id) -> None:
    async with charging_at(maps, map_id, 16.0) as (sim, charger):
        await until(lambda: charger.reading.setpoint_a in (None, pytest.approx(16)))
        if map_id not in NO_CURRENT:
            await until(lambda: charger.reading.drawn_a == pytest.approx(16, rel=0.05))
        if map_id not in NO_POWER:
            await until(lambda: charger.reading.power_w == pytest.approx(16 * 230, rel=0.05))
        if map_id not in NO_TOTAL:
            await until(lambda: charger.reading.import_wh == pytest.approx(sim.charge_point.meter.register_wh, abs=110))

        await charger.apply(0.0)

        await until(lambda: sim.charge_point.drawn_a == 0)
        await until(lambda: charger.reading.status is ConnectorStatus.SUSPENDED_EVSE)
        assert charger.reading.setpoint_a in (None, 0.0)


@EVERY
async def test_nobody_is_stranded_when_we_hand_back_during_a_pause(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        sim.plug_in()
        await charger.apply(0.0)
        with suppress(ChargerRefused):  # an installer's failsafe current of 0 stays, and is reported
            await charger.leave_behind(PLAN)

        await charger.hand_back()

        if maps[map_id].keep_alive.kind is KeepAliveKind.REWRITE_SETPOINT:
            assert charger.capabilities.unattended == "failsafe_current"  # and the setpoint runs out by itself
        else:
            assert sim.device.set_current_a >= 6


@TABLED
async def test_settings_that_are_stored_are_written_once_at_most(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        for _ in range(5):
            await charger.leave_behind(PLAN)
            await charger.apply(10.0)

        places = {place.address: key for key, place in sim.device.table.places.items() if place.functions}
        written = Counter(places.get(write.address) for write in sim.device.writes)
        assert all(count == 1 for key, count in written.items() if key in PERSONAS[map_id].wears), written
        assert all(write.is_accepted for write in sim.device.writes)


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize(("map_id", "fault"), FAULTS)
async def test_a_fault_that_its_registers_show_ends_charging_for_safety(maps, map_id, fault) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        sim.plug_in()
        sim.charge_point.raise_fault(fault)

        await until(lambda: charger.reading.fault is not None)

        assert charger.reading.fault.is_safety
        assert charger.reading.status is ConnectorStatus.FAULTED
        sim.charge_point.clear_fault(fault)
        await until(lambda: charger.reading.fault is None)


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("map_id", HAS_TEMPERATURE)
async def test_its_temperature_is_read(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        sim.charge_point.temperature_c = 71.0

        await until(lambda: charger.reading.temperature_c == pytest.approx(71, abs=1))


@pytest.mark.parametrize("map_id", ["keba_p30", "kathrein_kwb"])
async def test_a_pause_that_would_never_end_is_ended_by_us(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        sim.plug_in()
        await charger.apply(0.0)

        await charger.hand_back()  # its time-out is off: nothing was left behind

        assert sim.device.set_current_a >= 6


async def test_a_keba_that_goes_on_telling_its_set_current_is_seen_to_pause(maps) -> None:
    async with (
        simulator.ModbusCharger("keba_p30", tells_set_current=1, set_current=16) as sim,
        charging(maps, sim) as charger,
    ):
        sim.plug_in()
        await charger.apply(0.0)
        await until(lambda: charger.reading.status is ConnectorStatus.SUSPENDED_EVSE, 15)
        assert (charger.reading.setpoint_a, charger.reading.offered_a) == (0.0, 0.0)
        assert is_followed(0.0, charger.reading, 0.1)

        await charger.apply(10.0)
        await until(lambda: charger.reading.is_charging, 15)
        await until(lambda: charger.reading.offered_a == 10, 15)
        assert is_followed(10.0, charger.reading, 0.1)


async def test_set_up_asks_a_keba_no_faster_than_it_likes(maps) -> None:
    async with simulator.ModbusCharger("keba_p30", pause_s=0.5) as sim, dialled(sim.port) as connection:
        found = await probe(connection.for_unit, maps)
        assert found.map_id == "keba_p30"
        assert sim.device.reads_in_haste == 0


@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("map_id", TELLS_RESTARTS)
async def test_a_restart_of_a_moment_is_noticed_by_what_it_left(maps, map_id) -> None:
    clock = simulator.WorldClock(speed=20)
    async with simulator.ModbusCharger(map_id, clock=clock) as sim, charging(maps, sim) as charger:
        await charger.apply(16.0)
        await until(lambda: charger.reading.setpoint_a == 16.0)
        await asyncio.sleep(1)  # there is an uptime that can fall

        await sim.power_cut()
        await sim.power_back()

        await until(lambda: charger.restarts == 1)


@pytest.mark.parametrize("map_id", TELLS_RESTARTS)
async def test_a_broken_link_is_no_restart(maps, map_id) -> None:
    async with simulator.ModbusCharger(map_id) as sim, charging(maps, sim) as charger:
        await charger.apply(16.0)
        connections = sim.server.connections

        sim.server.drop_clients()

        await until(lambda: sim.server.connections > connections and charger.is_online)
        taken_at = charger.reading.taken_at
        await until(lambda: charger.reading.taken_at > taken_at)
        assert charger.restarts == 0
