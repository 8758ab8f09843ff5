"""Home Assistant restarted, unloaded, stopped or killed: what is remembered, and what the vehicle gets."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

from homeassistant import loader
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import async_test_home_assistant

from custom_components.smart_charge.storage import Memory
from tests.shell import settle
from tests.waiting import until

from .world import ALFEN, BENDER, KINDS, MAPS, OCPP, World

OPENS = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
LATE = datetime(2026, 11, 23, 10, 50, tzinfo=UTC)


async def reload(world: World, **away: float) -> None:
    """Unload, let time pass, and set up again: the stored part of the memory is all that is left."""
    assert await world.hass.config_entries.async_unload(world.entry.entry_id)
    await world.hass.async_block_till_done()
    await world.jump(dt_util.utcnow() + timedelta(**away))
    assert await world.hass.config_entries.async_setup(world.entry.entry_id)
    await settle(world.hass)
    await world.is_back()


@pytest.mark.begins(LATE)
@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_a_delay_goes_on_over_a_restart(world: World, hass_storage: dict[str, Any]) -> None:
    await world.plug_in()
    await world.rests()
    await world.wait_until(OPENS)
    await world.sees("why", "delayed_start")
    ends_at = world.delay_ends_at
    await reload(world, seconds=20)
    # A Bender is not left at 0 A, so it has meanwhile given the failsafe current.
    await world.sees("why", "delayed_change" if world.kind == BENDER else "delayed_start")
    assert world.delay_ends_at == ends_at
    await world.wait_until(ends_at - timedelta(seconds=1))
    assert world.sim.charge_point.offered_a == (6 if world.kind == BENDER else 0)
    await world.wait_until(ends_at)
    await world.charges()


@pytest.mark.begins(LATE)
@pytest.mark.parametrize("world", MAPS, indirect=True)
async def test_a_charge_goes_on_over_a_restart_and_is_one_session(world: World, hass_storage: dict[str, Any]) -> None:
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    await world.wait(minutes=2)
    began_at = dt_util.utcnow()
    await reload(world, seconds=45)
    assert world.shown("charge_now") == "on"
    assert world.shown("why") == "charging_now"
    await world.wait(minutes=2)
    assert world.sim.truth.energy_between(began_at, dt_util.utcnow()) == pytest.approx(32 * 230 * 170 / 3600, rel=0.02)
    session = world.loop.memory.session
    assert session is not None
    assert session.plugged_in_at < began_at
    assert session.energy_wh == pytest.approx(world.energy_wh, abs=2)


@pytest.mark.begins(LATE)
@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_charge_now_outlives_a_restart_after_which_the_hours_left_behind_held(world: World) -> None:
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    await reload(world, seconds=50)
    assert world.shown("charge_now") == "on"
    if world.shown("why") == "delayed_start":
        await world.wait_until(world.delay_ends_at)
    await world.charges()


@pytest.mark.begins(LATE)
@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_another_home_assistant_on_the_same_storage_goes_on(world: World, hass_storage: dict[str, Any]) -> None:
    """A whole stop, and a start in a new process as far as that can be had within one."""
    await world.plug_in()
    await world.rests()
    await world.wait_until(OPENS)
    await world.sees("why", "delayed_start")
    ends_at = world.delay_ends_at
    entry_id = world.entry.entry_id
    await world.hass.async_stop()
    assert world.hass.state is CoreState.stopped
    requests = world.modbus.server.requests
    await asyncio.sleep(0.2)
    assert world.modbus.server.requests == requests
    assert world.sim.charge_point.offered_a == 0

    async with async_test_home_assistant(config_dir=world.hass.config.config_dir) as second:
        second.data.pop(loader.DATA_CUSTOM_COMPONENTS, None)
        await second.config.async_set_time_zone("Europe/London")
        await second.config_entries.async_initialize()
        entry = second.config_entries.async_get_entry(entry_id)
        assert entry is not None
        world.hass, world.entry = second, entry
        assert await second.config_entries.async_setup(entry_id)
        await settle(second)
        await world.sees("why", "delayed_start")
        assert world.delay_ends_at == ends_at
        await world.wait_until(ends_at)
        await world.charges()
        await world.close()
        await second.async_stop(force=True)


@pytest.mark.requirement("7.2")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_unloading_leaves_nothing_running(world: World) -> None:
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    entry = world.entry
    assert await world.hass.config_entries.async_unload(entry.entry_id)
    await world.hass.async_block_till_done()
    assert not [task for task in asyncio.all_tasks() if entry.title in task.get_name()]
    assert entry.state is ConfigEntryState.NOT_LOADED
    if world.kind == OCPP:
        await until(lambda: not world.ocpp.client.link.is_open)
    else:
        await until(lambda: world.modbus.server.clients == 0)
        requests = world.modbus.server.requests
        await asyncio.sleep(0.2)
        assert world.modbus.server.requests == requests


async def killed(world: World) -> None:
    """End as a killed process ends: sockets close, nothing is written, not on the wire and not to disk."""

    async def nothing(*_: object) -> None:
        return

    kinds = ("modbus.charger.ModbusCharger", "ocpp.charger.OcppCharger")
    chargers = [f"custom_components.smart_charge.chargers.{kind}.hand_back" for kind in kinds]
    with patch(chargers[0], nothing), patch(chargers[1], nothing), patch.object(Memory, "async_save", nothing):
        assert await world.hass.config_entries.async_unload(world.entry.entry_id)
    await asyncio.sleep(0.1)


@pytest.mark.begins(LATE)
@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_a_power_cut_of_the_whole_house_draws_a_new_delay(world: World, hass_storage: dict[str, Any]) -> None:
    await world.plug_in()
    await world.wait_until(OPENS)
    await world.sees("why", "delayed_start")
    await world.wait_until(world.delay_ends_at)
    await world.charges()
    await world.wait(minutes=2)
    await killed(world)
    await world.sim.power_cut()
    await world.jump(dt_util.utcnow() + timedelta(minutes=5))
    await world.sim.power_back()
    await world.jump(dt_util.utcnow() + timedelta(minutes=1))
    assert await world.hass.config_entries.async_setup(world.entry.entry_id)
    await settle(world.hass)
    await world.sees("why", "delayed_start")
    await world.offers(0)
    await world.wait_until(world.delay_ends_at)
    await world.charges()


@pytest.mark.begins(LATE)
@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_a_charge_goes_on_without_a_delay_over_a_restart_of_home_assistant_alone(
    world: World, hass_storage: dict[str, Any]
) -> None:
    await world.plug_in()
    await world.wait_until(OPENS)
    await world.wait_until(world.delay_ends_at)
    await world.charges()
    await world.wait(minutes=2)
    await killed(world)
    await world.jump(dt_util.utcnow() + timedelta(minutes=5))
    assert await world.hass.config_entries.async_setup(world.entry.entry_id)
    await settle(world.hass)
    await world.is_back()
    assert world.shown("why") != "delayed_start"
    await world.charges()


ALFEN_60 = (ALFEN, {"validity_s": 60})
BENDER_60 = (BENDER, {"comm_timeout_s": 60})
CEILING = (BENDER, {"comm_timeout_s": 60, "safe_current_is_ceiling": True})


@pytest.mark.requirement("7.1")
@pytest.mark.parametrize(
    ("world", "least_wh", "most_wh"),
    [
        pytest.param(ALFEN_60, 6 * 230 * 0.95, 6 * 230, id="alfen gives its safe current"),
        pytest.param(BENDER_60, 6 * 230 * 0.95, 6 * 230, id="bender gives its failsafe current"),
        pytest.param((OCPP, {"lease_s": 900.0}), 0, 5, id="ocpp keeps the hours itself"),
    ],
    indirect=["world"],
)
async def test_killed_while_it_held_the_vehicle_at_0(world: World, least_wh: float, most_wh: float) -> None:
    await world.plug_in()
    await world.rests()
    if world.kind == OCPP:
        await until(lambda: "TxDefaultProfile" in str(world.ocpp.client.profiles.profiles))
    await killed(world)
    before_wh = world.energy_wh
    await world.jump(dt_util.utcnow() + timedelta(minutes=25))
    assert least_wh * 25 / 60 <= world.energy_wh - before_wh <= most_wh
    if world.kind == OCPP:
        await world.jump(OPENS + timedelta(minutes=25))
        assert world.power_w > 7000  # by the default hours that were left with it


@pytest.mark.requirement("7.1")
@pytest.mark.parametrize("world", [ALFEN_60, BENDER_60, CEILING], indirect=True)
async def test_killed_while_the_vehicle_charged(world: World) -> None:
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    await killed(world)
    before_wh = world.energy_wh
    await world.jump(dt_util.utcnow() + timedelta(hours=1))
    lease_wh = 32 * 230 * 60 / 3600
    assert world.energy_wh - before_wh == pytest.approx(lease_wh + 6 * 230 * 59 / 60, rel=0.03)


@pytest.mark.requirement("7.2")
@pytest.mark.parametrize("world", [ALFEN_60, BENDER_60, CEILING], indirect=True)
async def test_unloaded_while_it_held_the_vehicle_at_0_strands_nobody(world: World, hass: HomeAssistant) -> None:
    await world.plug_in()
    await world.rests()
    assert await hass.config_entries.async_unload(world.entry.entry_id)
    before_wh = world.energy_wh
    await world.jump(dt_util.utcnow() + timedelta(hours=1))
    assert world.energy_wh - before_wh == pytest.approx(6 * 230, rel=0.05)
