"""An OCPP charge point that refuses every charging profile: the vehicle still charges, and still stops."""

import pytest

from simulator import Behaviour
from tests.shell import until

from .world import OCPP, World

REFUSES = (OCPP, {"behaviour": Behaviour(refuses_profiles=True)})


@pytest.mark.requirement("10.4")
@pytest.mark.parametrize("world", [REFUSES], indirect=True)
async def test_charge_now_charges_although_every_profile_is_refused(world: World) -> None:
    await world.plug_in()
    await world.charge_now()
    await until(lambda: world.sim.charge_point.offered_a >= 6, within_s=15)
    await world.wait(seconds=15)
    assert world.power_w > 1000
    assert world.shown("charge_now") == "on"


@pytest.mark.requirement("10.1")
@pytest.mark.parametrize("world", [REFUSES], indirect=True)
async def test_it_is_stopped_at_peak_and_charge_now_starts_it_again(world: World) -> None:
    await world.plug_in()
    await until(lambda: world.sim.charge_point.offered_a == 0 and "stopped_instead" in world.loop.charger.counts, 20)
    await world.wait(seconds=15)
    assert world.power_w == 0
    await world.charge_now()
    await until(lambda: world.sim.charge_point.offered_a >= 6)
    await world.wait(seconds=15)
    assert world.power_w > 1000
    assert world.shown("charge_now") == "on"
    await until(lambda: world.loop.memory.carry.override is not None)
    assert world.shown("why") == "charging_now"
