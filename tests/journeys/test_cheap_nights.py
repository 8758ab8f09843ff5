"""In the cheapest hours: a tariff typed by hand, prices that come at one o'clock and then are lost, ready in time."""

from datetime import UTC, datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.smart_charge.charging.planning import Errand
from custom_components.smart_charge.const import DOMAIN
from tests.shell import call, settle
from tests.test_site import add, site_entry

from .world import ALFEN, OCPP, World

EVENING = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
CHEAP = datetime(2026, 11, 24, 0, 30, tzinfo=UTC)
DEAR = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
READY = datetime(2026, 11, 24, 7, 0, tzinfo=UTC)
LONGEST = timedelta(seconds=600)

NIGHT_TARIFF = {
    "source": "typed",
    "rates": [
        {
            "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "start": "00:30:00",
            "end": "05:30:00",
            "price": 0.07,
        }
    ],
    "otherwise": 0.25,
}


async def set_entity(world: World, platform: str, key: str, service: str, **data: Any) -> None:
    entity_id = er.async_get(world.hass).async_get_entity_id(platform, DOMAIN, f"{world.entry.unique_id}_{key}")
    assert entity_id is not None
    await call(world.hass, service, entity_id, **data)


async def want(world: World, kwh: int, ready_by: str = "07:00:00") -> None:
    """Choose the mode and the need as the owner does, by entities."""
    await set_entity(world, "number", "energy_needed", "set_value", value=kwh)
    await set_entity(world, "time", "ready_by", "set_value", time=ready_by)
    await set_entity(world, "select", "mode", "select_option", option="cheapest")


async def live_until(world: World, moment: datetime) -> None:
    """Let time pass in strides short enough to measure what the vehicle takes."""
    while (now := dt_util.utcnow()) < moment:
        await world.wait_until(min(moment, now + timedelta(minutes=20)))


@pytest.mark.requirement("5.1")
@pytest.mark.requirement("5.3")
@pytest.mark.begins(EVENING)
@pytest.mark.parametrize("world", [ALFEN, OCPP], indirect=True)
async def test_a_vehicle_charges_at_the_night_rate_and_is_ready(hass: HomeAssistant, world: World) -> None:
    await add(hass, site_entry(tariff=NIGHT_TARIFF))
    await want(world, 15)
    await world.plug_in(battery_wh=100_000, soc=0.1)
    await world.sees("why", "waiting_for_cheaper_hours")
    sentence = hass.states.get(world.entity_id("why")).attributes["sentence"]  # type: ignore[union-attr]
    assert sentence == "Waiting for cheaper hours, starts tomorrow 00:30"
    await world.rests()
    await world.wait_until(CHEAP - timedelta(seconds=1))
    assert world.energy_wh == 0

    await world.wait_until(CHEAP)
    await world.sees("why", "delayed_start")
    starts_at = world.delay_ends_at
    assert CHEAP < starts_at <= CHEAP + LONGEST
    await world.wait_until(starts_at)
    await world.charges()
    await world.sees("why", "in_cheapest_hours")
    await live_until(world, DEAR - timedelta(minutes=30))
    assert world.energy_wh >= 15_000
    await world.sees("why", "has_energy_needed")
    await world.rests()
    taken_wh = world.energy_wh
    await live_until(world, READY + timedelta(hours=1))
    assert world.energy_wh == taken_wh
    await world.unplug()
    await world.sees("why", "not_plugged_in")


def tell(hass: HomeAssistant, prices: dict[int, float]) -> None:
    """A price sensor whose list holds these hours, counted from the midnight before."""
    midnight = datetime(2026, 11, 23, tzinfo=UTC)
    rows = [
        {"start_time": (midnight + timedelta(hours=hour)).isoformat(), "price": price} for hour, price in prices.items()
    ]
    hass.states.async_set("sensor.market", "0.30", {"prices": rows, "unit_of_measurement": "GBP/kWh"})


@pytest.mark.requirement("5.3")
@pytest.mark.requirement("6.1")
@pytest.mark.begins(datetime(2026, 11, 23, 12, 30, tzinfo=UTC))
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_prices_that_come_at_one_and_are_lost_at_eight_are_followed(hass: HomeAssistant, world: World) -> None:
    today = dict.fromkeys(range(24), 0.30)
    tell(hass, today)
    await add(hass, site_entry(tariff={"source": "entities", "entities": ["sensor.market"]}))
    await want(world, 11)
    await world.plug_in(battery_wh=100_000, soc=0.1)
    await world.sees("why", "waiting_for_cheaper_hours")
    await world.wait_until(datetime(2026, 11, 23, 13, 0, tzinfo=UTC))
    tell(hass, today | {hour: 0.08 if 26 <= hour < 29 else 0.28 for hour in range(24, 48)})
    await settle(hass)
    await world.wait_until(datetime(2026, 11, 23, 20, 0, tzinfo=UTC))
    hass.states.async_set("sensor.market", "unavailable")
    await settle(hass)
    two = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
    await live_until(world, two)
    assert world.energy_wh == 0
    await world.sees("why", "delayed_start")
    await world.wait_until(world.delay_ends_at)
    await world.charges()
    await live_until(world, READY)
    assert world.energy_wh >= 11_000
    await world.rests()


@pytest.mark.requirement("5.3")
@pytest.mark.begins(EVENING)
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_a_vehicle_that_takes_half_of_what_the_last_one_took_is_ready(hass: HomeAssistant, world: World) -> None:
    await add(hass, site_entry(tariff=NIGHT_TARIFF))
    await want(world, 12)
    world.loop.memory.errand = Errand(powers_w=(7360,))
    await hass.config_entries.async_reload(world.entry.entry_id)
    await world.sees("connectivity", "on")
    assert world.loop.memory.errand.powers_w == (7360,)
    await world.plug_in(battery_wh=100_000, soc=0.1, max_a=10.0)
    await live_until(world, READY)
    assert world.energy_wh >= 12_000


@pytest.mark.begins(EVENING)
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_the_mode_is_changed_by_the_options_while_the_vehicle_waits(hass: HomeAssistant, world: World) -> None:
    await add(hass, site_entry(tariff=NIGHT_TARIFF))
    await want(world, 15)
    await world.plug_in()
    await world.sees("why", "waiting_for_cheaper_hours")
    flow = await hass.config_entries.options.async_init(world.entry.entry_id)
    await hass.config_entries.options.async_configure(flow["flow_id"], {"next_step_id": "settings"})
    await hass.config_entries.options.async_configure(
        flow["flow_id"],
        {"mode": "always", "ready_by": "07:00:00", "energy_needed": 15, "random_delay_max": 600},
    )
    await settle(hass)
    await world.sees("why", "delayed_start")
    await world.wait_until(world.delay_ends_at)
    await world.charges()
    await set_entity(world, "select", "mode", "select_option", option="cheapest")
    await world.sees("why", "delayed_stop")
    await world.wait_until(world.delay_ends_at)
    await world.sees("why", "waiting_for_cheaper_hours")
    await world.rests()


@pytest.mark.begins(EVENING)
@pytest.mark.parametrize("world", [ALFEN], indirect=True)
async def test_a_supplier_is_changed_while_the_vehicle_charges(hass: HomeAssistant, world: World) -> None:
    """Charging goes on, and the charge point hears nothing of it."""
    site = site_entry(tariff=NIGHT_TARIFF)
    await add(hass, site)
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    written = list(world.setpoints_written)
    flow = await hass.config_entries.options.async_init(site.entry_id)
    for way in (
        {"next_step_id": "supplier"}, {}, {"source": "typed"}, {"otherwise": 0.2}, {"is_right": True},
        {"next_step_id": "accept_hours"},
    ):  # fmt: skip
        await hass.config_entries.options.async_configure(flow["flow_id"], way)
    await settle(hass)
    await world.wait(minutes=10)
    assert world.power_w > 7000
    assert world.setpoints_written == written
    await world.sees("why", "charging_now")
