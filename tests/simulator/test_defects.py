"""Hardware that is broken and does not say so."""

import pytest

from simulator import ChargePoint, Vehicle, WorldClock
from simulator.charger import ModbusCharger
from simulator.faults import perform


@pytest.fixture
def clock():
    return WorldClock(speed=0)


@pytest.fixture
def box(clock):
    box = ChargePoint(clock, noise=0.0)
    box.limiters.append(lambda _now: offered[0])
    return box


offered = [16.0]


async def live(clock, box, seconds):
    await clock.advance(seconds)
    box.catch_up()
    box.settle()


async def charging(clock, box, **vehicle):
    offered[0] = 16.0
    box.plug_in(Vehicle(**vehicle))
    await live(clock, box, 30)


async def test_a_vehicle_that_obeys_stops_even_behind_a_welded_contactor(clock, box):
    await charging(clock, box)
    box.defects.welded = True
    offered[0] = 0.0
    await live(clock, box, 30)
    assert (box.drawn_a, box.is_contactor_closed) == (0.0, True)


async def test_one_that_does_not_goes_on_drawing_behind_a_welded_contactor_only(clock, box):
    await charging(clock, box)
    box.defects.overdraw_a = 20.0
    await live(clock, box, 5)
    assert box.drawn_a == 20.0
    offered[0] = 0.0
    await live(clock, box, 30)
    assert box.drawn_a == 0.0
    box.defects.welded = True
    assert box.drawn_a == 20.0
    assert not box.faults


async def test_the_meter_shows_its_error_and_its_steps(clock, box):
    await charging(clock, box)
    box.defects.power_error, box.defects.register_step_wh = 0.12, 1000
    shown = box.measure()
    assert shown.power_w == pytest.approx(1.12 * box.power_w)
    assert shown.register_wh % 1000 == 0


async def test_a_hot_day_warms_the_charge_point(clock, box):
    box.defects.ambient_c = 70.0
    await live(clock, box, 7200)
    assert box.temperature_c == pytest.approx(70, abs=1)


async def test_a_defect_is_made_and_mended_by_name(clock):
    charger = ModbusCharger("alfen_eve", clock=clock)
    await perform(charger, "set:power_error", 0.03)
    assert charger.charge_point.defects.power_error == 0.03
    await perform(charger, "mend")
    assert charger.charge_point.defects.power_error == 0.0
