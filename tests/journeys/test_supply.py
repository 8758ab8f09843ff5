"""The main fuse, at the wire: charging gives way to the house at once, and shares what is left."""

import asyncio
from datetime import UTC, datetime

import pytest

from .supply import LONGEST_STEP_S, SharedSupply
from .world import ALFEN, KINDS, OCPP

NIGHT = pytest.mark.begins(datetime(2026, 11, 23, 23, 0, tzinfo=UTC))


async def charging(supply: SharedSupply) -> None:
    """Charge with all there is, as the owner asked, before there is any limit."""
    for world in supply.worlds:
        await world.plug_in(battery_wh=200_000, soc=0.1)
        await world.charge_now()
        await world.offers(32)
    await supply.lives(15)


@pytest.mark.requirement("11.8")
@pytest.mark.parametrize("supply", [[kind] for kind in KINDS], indirect=True)
async def test_the_house_takes_current_and_the_charge_point_gives_way_within_a_second(supply: SharedSupply) -> None:
    await charging(supply)
    await supply.limit()
    await supply.lives(90)
    assert supply.offered_a == [32]
    supply.house_a = 39.75  # whole amperes, rounded down, and the noise of a meter
    clock = asyncio.get_running_loop().time
    began = clock()
    await supply.house.draws(supply.total_a)
    await supply.worlds[0].offers(18)
    assert clock() - began < 1
    assert supply.worlds[0].shown("why") == "supply_limit"
    await supply.lives(15)
    assert supply.total_a <= 60
    supply.house_a = 5.0
    await supply.lives(45)
    assert supply.offered_a == pytest.approx([18], abs=0.5)
    await supply.lives(60)
    assert supply.offered_a == pytest.approx([18], abs=0.5)
    assert supply.worlds[0].shown("why") == "delayed_change"
    await supply.lives_until_delays_end()
    await supply.worlds[0].offers(32)


@pytest.mark.parametrize("supply", [[ALFEN]], indirect=True)
async def test_a_meter_that_goes_silent_leaves_six_ampere_at_the_wire(supply: SharedSupply) -> None:
    await charging(supply)
    await supply.limit()
    await supply.lives(30)
    supply.is_meter_there = False
    await supply.lives(15)
    assert supply.offered_a == [6]
    assert supply.worlds[0].shown("why") == "meter_lost"
    supply.is_meter_there = True
    await supply.lives(90)
    await supply.lives_until_delays_end()
    await supply.worlds[0].offers(32)


@pytest.mark.parametrize("supply", [[ALFEN]], indirect=True)
async def test_a_limit_that_comes_and_goes_while_charging(supply: SharedSupply) -> None:
    await charging(supply)
    supply.house_a = 40.0
    await supply.limit()
    await supply.worlds[0].offers(18)
    await supply.hass.config_entries.async_remove(supply.site.entry_id)
    await supply.lives(6)
    assert supply.offered_a == pytest.approx([18], abs=0.3)
    assert supply.worlds[0].shown("why") == "delayed_change"
    await supply.lives_until_delays_end()
    await supply.worlds[0].offers(32)
    await supply.limit()
    await supply.worlds[0].offers(18)
    assert supply.worlds[0].shown("charge_now") == "on"


@NIGHT
@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("supply", [[*KINDS]], indirect=True)
async def test_three_charge_points_share_sixty_ampere_and_a_power_cut(supply: SharedSupply) -> None:
    await supply.limit()
    for world in supply.worlds:
        await world.plug_in(battery_wh=200_000, soc=0.1)
    for _ in range(6):  # the house has to be known for a while, and each waits for room that is free for a while
        await supply.lives(72, LONGEST_STEP_S)
        await supply.skip_delays()
        if min(supply.offered_a) >= 6:
            break
    assert min(supply.offered_a) >= 6
    assert sum(supply.offered_a) > 40
    assert supply.highest_a <= 60
    for world in supply.worlds:
        await world.sim.power_cut()
        await world.sees("connectivity", "off")
    supply.house.report("unavailable")
    for world in supply.worlds:
        await world.sim.power_back()
        await world.is_back()
    supply.highest_a = 0.0
    await supply.lives(72, LONGEST_STEP_S)
    assert supply.offered_a == [0, 0, 0]
    assert {world.shown("why") for world in supply.worlds} <= {"delayed_start", "waiting_for_turn"}
    for _ in range(60):
        if sum(supply.offered_a) >= 12:
            break
        await supply.lives(LONGEST_STEP_S, LONGEST_STEP_S)
    await supply.lives(LONGEST_STEP_S)
    assert sum(supply.offered_a) >= 12
    assert supply.highest_a <= 60


@pytest.mark.requirement("10.6")
@pytest.mark.parametrize("supply", [[ALFEN, OCPP]], indirect=True)
async def test_charge_now_at_two_charge_points_a_moment_after_the_fuse_was_entered(supply: SharedSupply) -> None:
    for world in supply.worlds:
        await world.plug_in(battery_wh=200_000, soc=0.1)
    await supply.limit()
    for world in supply.worlds:
        await world.charge_now()
        assert world.shown("charge_now") == "on"
        assert world.shown("why") == "waiting_for_supply"
    await supply.lives(45)
    assert min(supply.offered_a) >= 20
    assert supply.highest_a <= 60
