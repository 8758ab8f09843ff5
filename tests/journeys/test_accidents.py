"""What goes wrong between Home Assistant and the charge point, and what the vehicle gets meanwhile."""

from datetime import UTC, datetime, timedelta
import logging
from typing import Any

from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util
import pytest

from tests.waiting import until

from .world import ALFEN, BENDER, KINDS, MAPS, OCPP, World

NIGHT = pytest.mark.begins(datetime(2026, 11, 23, 23, 0, tzinfo=UTC))


async def charging_at_night(world: World) -> None:
    """Plug in while the hours are open, and see the delay out."""
    await world.plug_in(battery_wh=200_000, soc=0.1)
    await world.sees("why", "delayed_start")
    await world.wait_until(world.delay_ends_at)
    await world.charges()


def energy_shown_wh(world: World) -> int:
    """Session energy as it is kept: the entity is written less often."""
    session = world.loop.memory.session
    assert session is not None
    assert session.is_metered
    return session.energy_wh


@NIGHT
@pytest.mark.requirement("9.1")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_an_hour_without_a_link_costs_no_energy_of_the_session(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "custom_components.smart_charge")
    await charging_at_night(world)
    await world.loses_link()
    for key in ("power", "status", "session_energy", "cable_connected", "charging"):
        assert world.shown(key) == "unavailable", key
    assert world.shown("why") == "not_reachable"
    before_wh = world.energy_wh
    await world.wait(hours=1)
    assert world.energy_wh > before_wh + 1300  # 6 A at least, whatever holds without us
    await world.finds_link()
    await world.charges()
    if world.kind == OCPP:
        await world.wait(seconds=65)  # it tells its register each minute at the latest
        minute_wh = 32 * 230 * 61 / 3600
        await until(lambda: -2 <= world.energy_wh - energy_shown_wh(world) < minute_wh)
    else:
        await world.is_heard()
        assert energy_shown_wh(world) == pytest.approx(world.energy_wh, abs=2)
    name = world.loop.name
    assert [record.getMessage() for record in caplog.records].count(f"{name} cannot be reached") == 1
    assert [record.getMessage() for record in caplog.records].count(f"{name} is reached") == 1


@NIGHT
@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_power_that_returns_finds_a_new_delay_and_one_session(world: World) -> None:
    await world.rated_at(20)
    await world.plug_in(battery_wh=200_000, soc=0.1)
    await world.sees("why", "delayed_start")
    await world.wait_until(world.delay_ends_at)
    await world.offers(20)
    await world.wait(minutes=10)
    await world.sim.power_cut()
    await world.sees("connectivity", "off")
    await world.wait(minutes=20)
    before_wh = world.energy_wh
    await world.sim.power_back()
    await world.is_back()
    await world.sees("why", "delayed_start")
    await world.offers(0)
    ends_at = world.delay_ends_at
    await world.wait_until(ends_at - timedelta(seconds=1))
    # Until it was found, a charge point may follow its own mind, which is seconds.
    assert world.energy_wh - before_wh < 60
    await world.wait_until(ends_at)
    await world.offers(20)
    session = world.loop.memory.session
    assert session is not None
    assert session.plugged_in_at < ends_at - timedelta(minutes=20)
    if world.kind in MAPS:
        assert energy_shown_wh(world) == pytest.approx(world.energy_wh, abs=2)


@NIGHT
@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("world", [BENDER], indirect=True)
async def test_power_that_returns_is_told_from_a_link_by_the_energy_that_is_missing(world: World) -> None:
    """At 32 A, its own start value, a Bender looks the same before and after."""
    await charging_at_night(world)
    for minutes in (2, 10):
        await world.loses_link()
        await world.wait(minutes=minutes)
        await world.finds_link()
        await world.wait(seconds=20)
        await world.charges()
        assert world.shown("why") != "delayed_start"
    await world.sim.power_cut()
    await world.sees("connectivity", "off")
    await world.wait(minutes=2)
    await world.sim.power_back()
    await world.is_back()
    await world.wait(seconds=15)
    await world.sees("why", "delayed_start")
    await world.offers(0)
    await world.wait_until(world.delay_ends_at)
    await world.charges()


@NIGHT
@pytest.mark.parametrize("world", [BENDER], indirect=True)
async def test_a_register_that_counts_in_kwh_makes_no_power_cut_of_a_flapping_link(world: World) -> None:
    world.sim.charge_point.defects.register_step_wh = 1000
    await charging_at_night(world)
    for _ in range(3):
        await world.loses_link()
        await world.wait(seconds=30)
        await world.finds_link()
        await world.wait(seconds=20)
        await world.charges()
        assert world.shown("why") != "delayed_start"


@pytest.mark.parametrize("world", MAPS, indirect=True)
async def test_a_reboot_keeps_charge_now_and_waits_its_delay(world: World) -> None:
    await world.rated_at(20)
    await world.plug_in()
    await world.charge_now()
    await world.offers(20)
    await world.wait(minutes=5)
    polls = world.modbus.server.requests + 60
    await until(lambda: world.modbus.server.requests > polls)  # slow registers too
    await world.sim.power_cut()
    await world.sees("connectivity", "off")
    await world.sim.power_back()
    await world.is_back()
    await world.sees("why", "delayed_start")
    assert world.shown("charge_now") == "on"
    await world.wait_until(world.delay_ends_at)
    await world.offers(20)
    await world.wait(seconds=15)
    await world.sees("why", "charging_now")


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("world", MAPS, indirect=True)
async def test_a_charge_point_that_refuses_is_said_to_the_person_and_shown(world: World) -> None:
    await world.plug_in()
    await world.rests()
    world.modbus.server.manners.refuse_with = 4
    with pytest.raises(HomeAssistantError) as raised:
        await world.charge_now()
    assert raised.value.translation_key == "refused"
    assert world.shown("charge_now") == "off"
    world.modbus.server.manners.refuse_with = None
    await world.is_heard()
    assert world.power_w == 0
    await world.charge_now()
    await world.charges()


@pytest.mark.parametrize("world", [ALFEN, BENDER], indirect=True)
async def test_a_flapping_link_neither_stops_the_vehicle_nor_fills_the_log(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    began_at = dt_util.utcnow()
    for _ in range(3):
        await world.loses_link()
        await world.wait(seconds=10)
        await world.finds_link()
    await world.is_heard()
    passed_s = (dt_util.utcnow() - began_at).total_seconds()
    truth = world.sim.truth
    assert truth.energy_between(began_at, dt_util.utcnow()) == pytest.approx(32 * 230 * passed_s / 3600, rel=0.02)
    assert _warnings(caplog) == []


def _warnings(caplog: pytest.LogCaptureFixture) -> list[Any]:
    ours = (record for record in caplog.records if record.name.startswith("custom_components.smart_charge"))
    return [record.getMessage() for record in ours if record.levelno >= logging.WARNING]
