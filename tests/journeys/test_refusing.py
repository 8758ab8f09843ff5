"""A charge point that refuses the rate it is asked for: the vehicle still charges, and the owner is told."""

from datetime import timedelta

from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest

from custom_components.smart_charge.const import DOMAIN
from simulator import Behaviour
from tests.shell import settle
from tests.waiting import until

from .world import KINDS, MAPS, OCPP, World

REFUSES = (OCPP, {"behaviour": Behaviour(refuses_profiles=True)})
ILLEGAL_VALUE = 3


@pytest.mark.requirement("10.4")
@pytest.mark.parametrize("world", [REFUSES], indirect=True)
async def test_charge_now_charges_although_every_profile_is_refused(world: World) -> None:
    await world.plug_in()
    await world.charge_now()
    await until(lambda: world.sim.charge_point.offered_a >= 6)
    await world.wait(seconds=15)
    assert world.power_w > 1000
    assert world.shown("charge_now") == "on"


@pytest.mark.requirement("10.1")
@pytest.mark.parametrize("world", [REFUSES], indirect=True)
async def test_it_is_stopped_at_peak_and_charge_now_starts_it_again(world: World) -> None:
    await world.plug_in()
    await until(lambda: world.sim.charge_point.offered_a == 0 and "stopped_instead" in world.loop.charger.counts)
    await world.wait(seconds=15)
    assert world.power_w == 0
    await world.charge_now()
    await until(lambda: world.sim.charge_point.offered_a >= 6)
    await world.wait(seconds=15)
    assert world.power_w > 1000
    assert world.shown("charge_now") == "on"
    await until(lambda: world.loop.memory.carry.override is not None)
    assert world.shown("why") in ("charging_now", "rate_refused")


@pytest.mark.requirement("10.4")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_charge_now_stands_where_it_charges_at_less_and_takes_no_rate(world: World) -> None:
    await world.plug_in()
    await world.rests()
    await world.hass.services.async_call(DOMAIN, "start_dsr_event", _event(world), blocking=True)
    await settle(world.hass)
    await world.offers(10)
    await world.wait(seconds=30)
    await world.sees("problem", "off")
    _take_no_rate(world, is_so=True)
    await world.charge_now()
    assert world.shown("charge_now") == "on"
    assert (world.shown("problem"), world.shown("why")) == ("on", "rate_refused")
    await world.wait(seconds=60)
    assert 2000 < world.power_w < 2600
    assert (world.shown("charge_now"), world.shown("problem")) == ("on", "on")
    _take_no_rate(world, is_so=False)
    await world.wait(minutes=6)
    await world.offers(32)
    await world.wait(minutes=6)  # asked again, and taken
    await world.wait(seconds=15)
    await world.sees("problem", "off")
    await world.sees("why", "charging_now")


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_charge_now_is_withdrawn_where_a_pause_is_held_and_no_rate_taken(world: World) -> None:
    await world.plug_in()
    await world.rests()
    _take_no_rate(world, is_so=True)
    with pytest.raises(HomeAssistantError) as raised:
        await world.charge_now()
    assert raised.value.translation_key == "refused"
    assert world.shown("charge_now") == "off"
    assert world.power_w == 0


def _take_no_rate(world: World, *, is_so: bool) -> None:
    if world.kind in MAPS:
        world.modbus.server.manners.refuse_writes_with = ILLEGAL_VALUE if is_so else None
    else:
        world.ocpp.behaviour.refuses_profiles = is_so


def _event(world: World) -> dict[str, object]:
    """Ten ampere at peak, at once."""
    devices = dr.async_entries_for_config_entry(dr.async_get(world.hass), world.entry.entry_id)
    return {
        "device_id": [devices[0].id],
        "kind": "turn_up",
        "limit_a": 10.0,
        "end": (dt_util.utcnow() + timedelta(hours=1)).isoformat(),
        "delay_already_applied": True,
    }
