"""What the meter shows that the charge point does not say, and what then becomes of charging."""

from datetime import timedelta

from homeassistant.components.persistent_notification import DOMAIN as NOTIFICATIONS
from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.meter.live import DATA_LIVE
from tests.waiting import until

from .test_accidents import NIGHT, charging_at_night
from .world import ALFEN, KINDS, OCPP, World

AT_THE_LATEST = 60


async def each_second(world: World, seconds: int) -> None:
    for _ in range(seconds):
        await world.wait(seconds=1)


async def alarms_within(world: World, key: str, seconds: int = AT_THE_LATEST) -> int:
    """Live until the repair is there, and say how long that took."""
    for second in range(seconds):
        if issue(world, key) is not None:
            return second
        await world.wait(seconds=1)
    raise AssertionError(f"no {key} within {seconds} s; why: {world.shown('why')}")


def issue(world: World, key: str) -> ir.IssueEntry | None:
    return ir.async_get(world.hass).async_get_issue(DOMAIN, f"{key}_{world.entry.entry_id}")


def notified(world: World, key: str) -> str | None:
    found = world.hass.data[NOTIFICATIONS].get(f"{key}_{world.entry.entry_id}")
    return found and found["message"]


@NIGHT
@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_current_behind_a_welded_contactor_is_told_and_stays_at_nothing(world: World) -> None:
    await charging_at_night(world)
    defects = world.sim.charge_point.defects
    defects.welded, defects.overdraw_a = True, 16.0
    await world.charge_now(is_on=False)
    await world.hass.services.async_call(
        "switch", "turn_on", {"entity_id": world.entity_id("safety_lock")}, blocking=True
    )
    await world.offers(0)
    await alarms_within(world, "contactor_welded")
    assert world.power_w > 3000
    await world.sees("problem", "on")
    await until(lambda: notified(world, "contactor_welded") is not None)
    assert "breaker" in notified(world, "contactor_welded")
    await world.hass.services.async_call(
        "switch", "turn_off", {"entity_id": world.entity_id("safety_lock")}, blocking=True
    )
    await world.sees("why", "contactor_welded")
    with pytest.raises(ServiceValidationError) as refused:
        await world.charge_now()
    assert refused.value.translation_key == "alarm_contactor_welded"
    await world.offers(0)


@NIGHT
@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_a_vehicle_that_draws_too_much_is_stopped_until_it_leaves(world: World) -> None:
    await world.rated_at(16)
    await world.plug_in(battery_wh=200_000, soc=0.1)
    await world.wait_until(world.delay_ends_at)
    await world.offers(16)
    await each_second(world, 20)
    assert issue(world, "over_current") is None
    world.sim.charge_point.defects.overdraw_a = 24.0
    await alarms_within(world, "over_current")
    await world.sees("why", "over_current")
    await world.offers(0)
    await each_second(world, 15)
    assert world.power_w == 0
    world.sim.charge_point.defects.overdraw_a = 0.0
    await world.unplug()
    await world.wait(seconds=1)
    await world.sees("why", "not_plugged_in")
    assert issue(world, "over_current") is None
    assert notified(world, "over_current") is None
    await world.sees("problem", "off")


@NIGHT
@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("world", [ALFEN, OCPP], indirect=True)
async def test_a_hot_charge_point_charges_slowly_then_not_at_all(world: World) -> None:
    await charging_at_night(world)
    box = world.sim.charge_point
    box.temperature_c = box.defects.ambient_c = 67.0
    await until_it_is(world, "slowed_by_heat")
    await world.offers(16)
    box.temperature_c = box.defects.ambient_c = 75.0
    await until_it_is(world, "too_hot")
    await world.offers(0)
    await world.sees("problem", "on")
    with pytest.raises(ServiceValidationError) as refused:
        await world.charge_now()
    assert refused.value.translation_key == "too_hot"
    box.temperature_c = box.defects.ambient_c = 20.0
    await until_it_is(world, "delayed_start")


async def until_it_is(world: World, why: str) -> None:
    for _ in range(3 * AT_THE_LATEST):
        if world.shown("why") == why:
            return
        await world.wait(seconds=1)
    raise AssertionError(f"why is {world.shown('why')}, not {why}")


@NIGHT
@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_who_has_seen_to_it_lets_the_rules_hold_again(world: World, hass_client: ClientSessionGenerator) -> None:
    assert await async_setup_component(world.hass, REPAIRS, {})
    await charging_at_night(world)
    world.sim.charge_point.defects.overdraw_a = 40.0
    await alarms_within(world, "over_current")
    world.sim.charge_point.defects.overdraw_a = 0.0
    client = await hass_client()
    flow = {"handler": DOMAIN, "issue_id": f"over_current_{world.entry.entry_id}"}
    begun = await (await client.post("/api/repairs/issues/fix", json=flow)).json()
    assert begun["step_id"] == "confirm"
    done = await (await client.post(f"/api/repairs/issues/fix/{begun['flow_id']}", json={})).json()
    assert done["type"] == "create_entry"
    await until_it_is(world, "delayed_start")
    assert issue(world, "over_current") is None


@NIGHT
@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_a_restart_forgets_no_alarm(world: World) -> None:
    await charging_at_night(world)
    world.sim.charge_point.defects.overdraw_a = 40.0
    await alarms_within(world, "over_current")
    world.sim.charge_point.defects.overdraw_a = 0.0
    assert await world.hass.config_entries.async_reload(world.entry.entry_id)
    await world.is_back()
    assert world.shown("why") == "over_current"
    assert issue(world, "over_current") is not None
    await world.offers(0)


@pytest.mark.usefixtures("all_enabled")
@NIGHT
@pytest.mark.requirement("9.5")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_a_meter_that_is_off_by_twelve_per_cent_is_told_after_the_charge(world: World) -> None:
    await charging_at_night(world)
    world.sim.charge_point.defects.power_error = 0.14
    began_at = dt_util.utcnow()
    while dt_util.utcnow() < began_at + timedelta(minutes=20):
        await world.wait(seconds=10)
    assert issue(world, "meter_error") is None
    await world.unplug()
    await world.wait(seconds=1)
    told = issue(world, "meter_error")
    assert told is not None
    assert 12 < float(told.translation_placeholders["error"]) < 16
    assert 12 < float(world.shown("meter_error")) < 16


@pytest.mark.usefixtures("all_enabled")
@NIGHT
@pytest.mark.requirement("9.4")
@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_an_ocpp_charge_point_is_set_to_a_value_each_second_and_its_rate_is_shown(world: World) -> None:
    await charging_at_night(world)
    assert world.ocpp.configuration.get("MeterValueSampleInterval") == "1"
    await each_second(world, 25)
    assert 0.9 <= float(world.shown("sample_interval")) <= 2.1
    feed = world.hass.data[DATA_LIVE][world.entry.entry_id]
    recent = [sample.power_w for sample in feed.ring.since(dt_util.utcnow().timestamp() - 20)]
    assert len(recent) >= 10
    assert min(recent) > 7000
