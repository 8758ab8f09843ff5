"""Plugged in at peak: the vehicle waits for the hours, the hours plus a delay, and stops as it started."""

from datetime import UTC, datetime, timedelta

import pytest

from simulator import Fault
from tests.waiting import until

from .world import ALFEN, BENDER, KINDS, MAPS, World

OPENS = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
CLOSES = datetime(2026, 11, 23, 16, 0, tzinfo=UTC)
LONGEST = timedelta(seconds=600)


@pytest.mark.requirement("5.1")
@pytest.mark.requirement("10.1")
@pytest.mark.requirement("11.1")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_a_vehicle_plugged_in_at_peak_charges_in_the_hours_and_no_longer(world: World) -> None:
    await world.plug_in(battery_wh=200_000, soc=0.1)
    await world.sees("why", "waiting_for_default_hours")
    await world.rests()
    await world.wait_until(OPENS - timedelta(seconds=1))
    assert world.energy_wh == 0

    await world.wait_until(OPENS)
    await world.sees("why", "delayed_start")
    starts_at = world.delay_ends_at
    assert OPENS < starts_at <= OPENS + LONGEST
    await world.wait_until(starts_at - timedelta(seconds=1))
    assert world.energy_wh == 0
    await world.wait_until(starts_at)
    await world.charges()
    await world.sees("why", "in_default_hours")

    await world.wait_until(CLOSES)
    await world.sees("why", "delayed_stop")
    stops_at = world.delay_ends_at
    assert CLOSES < stops_at <= CLOSES + LONGEST
    assert stops_at - CLOSES != starts_at - OPENS  # drawn anew (11.1)
    await world.wait_until(stops_at - timedelta(seconds=1))
    assert world.power_w > 7000
    await world.wait_until(stops_at)
    await world.sees("why", "waiting_for_default_hours")
    await world.rests()

    expected_wh = 32 * 230 * (stops_at - starts_at).total_seconds() / 3600
    assert world.energy_wh == pytest.approx(expected_wh, rel=0.002)
    shown_wh = 1000 * float(world.shown("session_energy"))
    assert shown_wh == pytest.approx(world.energy_wh, rel=0.01)


@pytest.mark.requirement("11.1")
@pytest.mark.parametrize("world", MAPS, indirect=True)
async def test_each_setpoint_is_written_once_and_none_is_between_0_and_6_a(world: World) -> None:
    await world.plug_in()
    await world.wait_until(OPENS)
    await world.sees("why", "delayed_start")
    await world.wait_until(world.delay_ends_at)
    await world.charges()
    await world.unplug()
    await world.sees("why", "not_plugged_in")
    await until(lambda: world.setpoints_written == [0, 32, 0])


@pytest.mark.requirement("10.1")
@pytest.mark.parametrize(
    ("world", "closes_at"),
    [
        pytest.param(
            ALFEN,
            datetime(2027, 3, 29, 7, 0, tzinfo=UTC),
            marks=pytest.mark.begins(datetime(2027, 3, 28, 0, 30, tzinfo=UTC)),
            id="spring",
        ),
        pytest.param(
            ALFEN,
            datetime(2026, 10, 26, 8, 0, tzinfo=UTC),
            marks=pytest.mark.begins(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
            id="autumn",
        ),
    ],
    indirect=["world"],
)
async def test_hours_that_began_before_a_clock_change_close_by_the_new_time(world: World, closes_at: datetime) -> None:
    await world.plug_in(battery_wh=2_000_000, soc=0.1)
    await world.sees("why", "delayed_start")
    starts_at = world.delay_ends_at
    await world.wait_until(starts_at)
    await world.charges()
    await world.wait_until(closes_at - timedelta(seconds=1))
    assert world.power_w > 7000
    await world.wait_until(closes_at)
    await world.sees("why", "delayed_stop")
    stops_at = world.delay_ends_at
    await world.wait_until(stops_at)
    await world.rests()
    expected_wh = 32 * 230 * (stops_at - starts_at).total_seconds() / 3600
    assert world.energy_wh == pytest.approx(expected_wh, rel=0.002)


@pytest.mark.requirement("5.1")
@pytest.mark.requirement("10.4")
@pytest.mark.parametrize("world", KINDS, indirect=True)
async def test_charge_now_at_peak_gives_7_kw_at_once_until_unplugged(world: World) -> None:
    await world.plug_in()
    await world.rests()
    await world.charge_now()
    await world.offers(32)
    await world.charges()
    await world.sees("why", "charging_now")
    await world.unplug()
    await world.sees("charge_now", "off")
    await world.plug_in()
    await world.sees("why", "waiting_for_default_hours")
    await world.rests()


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("world", [BENDER], indirect=True)
async def test_a_fault_in_the_charge_point_ends_all_and_mending_it_waits(world: World) -> None:
    await world.plug_in()
    await world.charge_now()
    await world.charges()
    world.sim.charge_point.raise_fault(Fault.RCD)
    await world.sees("why", "charger_fault")
    await world.sees("problem", "on")
    await world.wait(seconds=10)
    assert world.power_w == 0
    world.sim.charge_point.clear_fault()
    await world.sees("why", "delayed_start")
    assert world.sim.charge_point.offered_a == 0
    await world.wait_until(world.delay_ends_at)
    await world.charges()
