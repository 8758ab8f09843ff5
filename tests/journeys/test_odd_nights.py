"""Nights that do not go by the book: hours that clocks skip or show twice, more wanted than fits, restarts in a row."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.smart_charge.const import DOMAIN
from tests.premises import add, site_entry
from tests.shell import settle
from tests.waiting import until

from .test_cheap_nights import NIGHT_TARIFF, live_until, want
from .test_without_home_assistant import LATE, OPENS, reload
from .world import ALFEN, MAPS, OCPP, World


@pytest.mark.parametrize("world", [ALFEN], indirect=True)
@pytest.mark.parametrize(
    "ready_at",
    [
        pytest.param(
            datetime(2027, 3, 28, 1, 30, tzinfo=UTC),
            id="half past one is skipped: the first that clocks show behind it",
            marks=pytest.mark.begins(datetime(2027, 3, 27, 20, 0, tzinfo=UTC)),
        ),
        pytest.param(
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            id="half past one is shown twice: the first",
            marks=pytest.mark.begins(datetime(2026, 10, 24, 19, 0, tzinfo=UTC)),
        ),
    ],
)
async def test_a_vehicle_is_ready_by_an_hour_that_clocks_skip_or_show_twice(
    hass: HomeAssistant, world: World, ready_at: datetime
) -> None:
    await add(hass, site_entry(tariff=NIGHT_TARIFF | {"otherwise": 0.05}))  # dear from half past midnight
    await want(world, 10, "01:30:00")
    await world.plug_in(battery_wh=100_000, soc=0.1)
    await live_until(world, ready_at)
    assert world.energy_wh >= 9_900
    await live_until(world, ready_at + timedelta(hours=1))
    assert world.energy_wh < 15_000  # and not for the hour that has passed since


@pytest.mark.requirement("10.4")
@pytest.mark.begins(LATE)
@pytest.mark.parametrize("world", [ALFEN, OCPP], indirect=True)
async def test_more_energy_than_the_vehicle_takes_is_asked_for_until_it_leaves(
    hass: HomeAssistant, world: World
) -> None:
    await world.plug_in(battery_wh=20_000, soc=0.9)
    await hass.services.async_call(
        DOMAIN, "charge_now", {"device_id": device_id(hass, world), "energy_kwh": 50}, blocking=True
    )
    await world.charges()
    await live_until(world, dt_util.utcnow() + timedelta(hours=2))
    assert world.power_w == 0
    assert 1_800 < world.energy_wh < 2_600
    assert world.shown("charge_now") == "on"
    assert world.shown("problem") == "off"
    await world.unplug()
    assert world.shown("charge_now") == "off"
    assert world.shown("why") == "not_plugged_in"


@pytest.mark.requirement("11.9")
@pytest.mark.begins(LATE)
@pytest.mark.parametrize("world", [ALFEN, OCPP], indirect=True)
async def test_two_restarts_within_one_delay_leave_it_as_it_was(world: World, hass_storage: dict[str, Any]) -> None:
    await world.plug_in()
    await world.rests()
    await world.wait_until(OPENS)
    await world.sees("why", "delayed_start")
    ends_at = world.delay_ends_at
    for _ in range(2):
        await reload(world, seconds=20)
        await world.sees("why", "delayed_start")
        assert world.delay_ends_at == ends_at
    await world.wait_until(ends_at - timedelta(seconds=1))
    assert world.sim.charge_point.offered_a == 0
    await world.wait_until(ends_at)
    await world.charges()


@pytest.mark.begins(LATE)
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_an_entity_with_another_name_goes_on_as_before(hass: HomeAssistant, world: World) -> None:
    entities = er.async_get(hass)
    for key, new_id in (("why", "sensor.warum"), ("charge_now", "switch.jetzt_laden")):
        entities.async_update_entity(world.entity_id(key), new_entity_id=new_id)
    await settle(hass)
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    assert world.entity_id("charge_now") == "switch.jetzt_laden"
    assert hass.states.get("sensor.warum").state == "charging_now"  # type: ignore[union-attr]
    await reload(world, seconds=5)
    assert world.entity_id("charge_now") == "switch.jetzt_laden"
    await world.sees("charge_now", "on")


@pytest.mark.requirement("7.2")
@pytest.mark.begins(LATE)
@pytest.mark.parametrize("world", MAPS, indirect=True)
async def test_a_charge_point_removed_while_it_charges_goes_on_at_its_failsafe(
    hass: HomeAssistant, world: World
) -> None:
    await world.plug_in(battery_wh=200_000, soc=0.1)
    await world.charge_now()
    await world.charges()
    await hass.config_entries.async_remove(world.entry.entry_id)
    await settle(hass)
    assert hass.config_entries.async_entries(DOMAIN) == []
    await world.jump(dt_util.utcnow() + timedelta(hours=12))
    assert world.power_w >= 6 * 230 * 0.95


@pytest.mark.requirement("7.2")
@pytest.mark.begins(LATE)
@pytest.mark.parametrize("world", [OCPP], indirect=True)
@pytest.mark.parametrize("is_charging", [True, False])
async def test_a_removed_ocpp_charge_point_keeps_no_limit_of_ours(
    hass: HomeAssistant, world: World, is_charging: bool
) -> None:
    await world.plug_in(battery_wh=200_000, soc=0.1)
    held = world.ocpp.client.profiles
    await until(lambda: "TxDefaultProfile" in {str(item.purpose) for item in held.profiles})
    await world.sees("status", "suspended_evse")
    if is_charging:
        await world.charge_now()
        await world.charges()
    await hass.config_entries.async_remove(world.entry.entry_id)
    await settle(hass)
    assert held.profiles == []
    for hour in (20, 23):
        await world.jump(datetime(2026, 11, 23, hour, 0, tzinfo=UTC))
        assert world.power_w > 1300


@pytest.mark.requirement("7.1")
@pytest.mark.begins(LATE)
@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_a_reloaded_ocpp_charge_point_keeps_its_hours(hass: HomeAssistant, world: World) -> None:
    held = world.ocpp.client.profiles
    await until(lambda: "TxDefaultProfile" in {str(item.purpose) for item in held.profiles})
    await hass.config_entries.async_unload(world.entry.entry_id)
    await settle(hass)
    assert "TxDefaultProfile" in {str(item.purpose) for item in held.profiles}


def device_id(hass: HomeAssistant, world: World) -> str:
    entry = er.async_get(hass).async_get(world.entity_id("why"))
    assert entry is not None
    assert entry.device_id is not None
    return entry.device_id
