"""A night, an evening and an end with each model that has a map, set up as an owner does."""

from datetime import timedelta

import pytest

from simulator.register_maps.personas import PERSONAS
from tests.shell import OPENS

from .world import World

AT_LEISURE = {"givenergy_evc", "keba_p30", "keba_p40"}
"""They are asked so seldom that a day takes minutes; they are tried with the others beside the charger object."""

EACH = pytest.mark.parametrize("world", sorted(set(PERSONAS) - AT_LEISURE), indirect=True)


@EACH
async def test_a_day_with_it_goes_as_its_owner_expects(world: World) -> None:
    await world.plug_in(battery_wh=300_000)
    await world.sees("why", "waiting_for_default_hours")
    await world.rests()

    await world.wait_until(OPENS)
    await world.sees("why", "delayed_start")
    await world.wait_until(world.delay_ends_at + timedelta(seconds=1))
    await _charges(world)

    await world.wait_until(OPENS + timedelta(hours=10))
    await world.sees("why", "delayed_stop")
    await world.wait_until(world.delay_ends_at + timedelta(seconds=1))
    await world.rests()

    await world.charge_now()
    await _charges(world)

    await world.loses_link()
    await world.wait(hours=1)
    await world.finds_link()
    await _charges(world)

    await world.charge_now(is_on=False)
    await world.rests()
    assert all(write.is_accepted for write in world.modbus.device.writes)

    await world.close()
    assert world.modbus.device.set_current_a >= 6 or world.kind in {"kathrein_kwb", "compleo_ebox"}


async def _charges(world: World) -> None:
    """See the vehicle draw all that the model can give."""
    most_a = 16 if world.kind == "heidelberg_energy_control" else 32
    await world.offers(most_a)
    await world.wait(seconds=15)
    assert world.power_w > 0.95 * most_a * 230
    await world.sees("charging", "on")


LIFTING = pytest.mark.parametrize("world", [("vestel_evc04", {"lifts_zero_without_vehicle": True})], indirect=True)


@LIFTING
async def test_a_model_that_lifts_a_pause_without_vehicle_pauses_the_vehicle_that_comes(world: World) -> None:
    await world.wait(minutes=2)

    await world.plug_in()

    await world.rests()
    await world.wait(minutes=5)
    await world.rests()


@LIFTING
async def test_a_model_that_lifts_a_pause_without_vehicle_is_no_problem(world: World) -> None:
    for _ in range(6):
        await world.wait(seconds=30)

        assert world.shown("problem") == "off"
