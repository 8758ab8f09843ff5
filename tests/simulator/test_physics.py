import asyncio
from datetime import timedelta

import pytest

from simulator import ChargePoint, Fault, PilotState, Vehicle, WorldClock


@pytest.mark.parametrize(
    ("rated_cable_setpoint_car", "offered_drawn"),
    [
        ((32, 32, 32, 32), (32, 32)),
        ((16, 32, 32, 32), (16, 16)),
        ((32, 13, 32, 32), (13, 13)),
        ((32, 20, 16, 32), (16, 16)),
        ((32, 32, 32, 16), (32, 16)),
        ((32, None, 20, 32), (20, 20)),
        ((32, 32, 6, 32), (6, 6)),
        ((32, 32, 5.9, 32), (0, 0)),
        ((32, 32, 0, 32), (0, 0)),
    ],
)
async def test_the_lowest_ceiling_is_offered_and_the_car_takes_what_it_can(
    clock, rated_cable_setpoint_car, offered_drawn
):
    rated_a, cable_a, setpoint_a, car_max_a = rated_cable_setpoint_car
    box = ChargePoint(clock, rated_a=rated_a)
    box.limiters.append(lambda now: setpoint_a)
    box.plug_in(Vehicle(max_a=car_max_a), cable_a)
    await clock.advance(20)
    box.catch_up()
    assert (box.offered_a, box.drawn_a) == offered_drawn


@pytest.mark.parametrize(("box_phases", "car_phases", "live"), [(1, 1, 1), (1, 3, 1), (3, 1, 1), (3, 3, 3)])
async def test_power_flows_in_the_phases_that_both_have(clock, box_phases, car_phases, live):
    box = ChargePoint(clock, phases=box_phases, noise=0.0)
    box.plug_in(Vehicle(phases=car_phases, max_a=16))
    await clock.advance(20)
    shown = box.measure()
    assert shown.power_w == pytest.approx(16 * 230 * live)
    assert [value for value in shown.current_a if value] == [pytest.approx(16)] * live
    assert sum(value is not None for value in shown.current_a) == box_phases


async def test_a_charge_that_is_looked_at_once_is_the_same_as_one_looked_at_each_second(clock):
    looked_at, left_alone = ChargePoint(clock), ChargePoint(clock)
    until_at = clock.now() + timedelta(seconds=3333)
    for box in (looked_at, left_alone):
        box.limiters.append(lambda now: 20.0 if now < until_at else 0.0)
        box.plug_in(Vehicle(battery_wh=30_000, soc=0.9, taper_from_soc=0.95))
    for _ in range(4000):
        await clock.advance(1)
        looked_at.catch_up()
    left_alone.catch_up()
    assert left_alone.truth.energy_wh == pytest.approx(looked_at.truth.energy_wh)
    assert [at for at, _ in left_alone.truth.power] == [at for at, _ in looked_at.truth.power]
    assert left_alone.temperature_c == pytest.approx(looked_at.temperature_c, abs=0.1)


async def test_the_ramp_to_full_current_takes_some_seconds_and_less_than_five(clock, box):
    box.plug_in(Vehicle())
    seen = []
    for _ in range(8):
        await clock.advance(1)
        box.catch_up()
        seen.append(box.drawn_a)
    rising = [value for value in seen if 0 < value < 32]
    assert rising == sorted(rising)
    assert 1 <= len(rising) < 5
    assert seen[-1] == 32


async def test_the_pilot_goes_through_its_states(clock, box):
    allowed = {"a": 0.0}
    box.limiters.append(lambda now: allowed["a"])
    states = [box.pilot]
    box.plug_in(Vehicle())
    states.append(box.pilot)
    allowed["a"] = 16.0
    box.settle()
    states.append(box.pilot)
    await clock.advance(5)
    box.catch_up()
    states.append(box.pilot)
    allowed["a"] = 0.0
    box.settle()
    states.append(box.pilot)
    await clock.advance(5)
    box.catch_up()
    states.append(box.pilot)
    box.unplug()
    states.append(box.pilot)
    assert [state.value for state in states] == ["A", "B1", "B2", "C2", "C1", "B1", "A"]


async def test_current_dies_within_three_seconds_of_the_offer(clock, box):
    allowed = {"a": 32.0}
    box.limiters.append(lambda now: allowed["a"])
    box.plug_in(Vehicle())
    await clock.advance(10)
    box.catch_up()
    allowed["a"] = 0.0
    await clock.advance(3)
    box.catch_up()
    assert box.drawn_a == 0
    assert not box.is_contactor_closed


async def test_a_car_that_ignores_the_end_of_the_offer_is_cut_off_under_load(clock, box):
    allowed = {"a": 32.0}
    box.limiters.append(lambda now: allowed["a"])
    box.plug_in(Vehicle(ramp_down_a_per_s=0.1, stop_delay_s=60))
    await clock.advance(10)
    box.catch_up()
    allowed["a"] = 0.0
    await clock.advance(4)
    box.catch_up()
    assert box.drawn_a > 30
    await clock.advance(4)
    box.catch_up()
    assert box.drawn_a == 0


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (Fault.RCD, PilotState.F),
        (Fault.OVER_TEMPERATURE, PilotState.F),
        (Fault.GROUND, PilotState.F),
        (Fault.PILOT_SHORT, PilotState.E),
    ],
)
async def test_a_fault_stops_the_current_at_once_until_it_is_mended(clock, box, fault, state):
    box.plug_in(Vehicle())
    await clock.advance(10)
    box.raise_fault(fault)
    assert (box.pilot, box.drawn_a, box.offered_a) == (state, 0, 0)
    box.clear_fault(fault)
    await clock.advance(10)
    box.catch_up()
    assert box.drawn_a == 32


async def test_a_welded_contactor_stays_closed_though_the_car_lets_go(clock, box):
    box.plug_in(Vehicle())
    await clock.advance(10)
    box.raise_fault(Fault.CONTACTOR_WELDED)
    await clock.advance(10)
    box.catch_up()
    assert box.is_contactor_closed
    assert (box.pilot, box.drawn_a) == (PilotState.F, 0)


async def test_the_battery_tapers_near_full_then_stops_asking(clock, box):
    car = Vehicle(battery_wh=10_000, soc=0.9)
    box.plug_in(car)
    await clock.advance(200)
    box.catch_up()
    early_a = box.drawn_a
    await clock.advance(500)
    box.catch_up()
    assert early_a == 32
    assert 6 <= box.drawn_a < 32
    await clock.advance(3600)
    box.catch_up()
    assert (box.pilot, box.drawn_a, car.is_full) == (PilotState.B2, 0, True)


async def test_a_car_that_paused_itself_is_offered_current_it_does_not_take(clock, box):
    box.plug_in(Vehicle(is_paused=True))
    await clock.advance(30)
    box.catch_up()
    assert (box.pilot, box.offered_a, box.drawn_a) == (PilotState.B2, 32, 0)


@pytest.mark.parametrize(
    ("wakes_after_offers", "offers", "wakes"), [(0, 3, False), (1, 1, True), (2, 1, False), (2, 2, True)]
)
async def test_a_sleeping_car_wakes_by_as_many_fresh_offers_as_it_needs(clock, box, wakes_after_offers, offers, wakes):
    allowed = {"a": 0.0}
    box.limiters.append(lambda now: allowed["a"])
    box.plug_in(Vehicle(sleeps_after_s=600, wakes_after_offers=wakes_after_offers))
    await clock.advance(700)
    for _ in range(offers):
        allowed["a"] = 0.0
        await clock.advance(10)
        box.catch_up()
        allowed["a"] = 16.0
        await clock.advance(10)
        box.catch_up()
    assert (box.drawn_a > 0) is wakes


async def test_plugging_in_again_wakes_any_car(clock, box):
    car = Vehicle()
    box.plug_in(car)
    car.is_asleep = True
    box.unplug()
    box.plug_in(car)
    await clock.advance(10)
    box.catch_up()
    assert box.drawn_a == 32


async def test_the_register_agrees_with_the_true_energy_and_power_over_time(clock, box):
    started_at = clock.now()
    register_wh = box.meter.register_wh
    box.plug_in(Vehicle(max_a=16))
    await clock.advance(1800)
    box.unplug()
    await clock.advance(1800)
    box.catch_up()
    delivered_wh = box.truth.energy_wh
    assert delivered_wh == pytest.approx(16 * 230 / 2, rel=0.01)
    assert box.meter.register_wh - register_wh == pytest.approx(delivered_wh)
    assert box.truth.energy_between(started_at, clock.now()) == pytest.approx(delivered_wh, rel=1e-6)
    assert box.truth.energy_between(started_at, started_at + timedelta(minutes=15)) == pytest.approx(
        delivered_wh / 2, rel=0.02
    )


async def test_shown_power_is_noisy_within_one_percent_and_the_same_for_the_same_seed(clock):
    def series(seed):
        box = ChargePoint(clock, seed=seed)
        box.plug_in(Vehicle())
        return box

    boxes = [series(1), series(1), series(2)]
    await clock.advance(10)
    first, same, other = ([box.measure().power_w for _ in range(50)] for box in boxes)
    assert first == same != other
    assert len(set(first)) > 10
    assert all(abs(value / (32 * 230) - 1) <= 0.01 for value in first)


async def test_a_power_cut_ends_charging_and_keeps_the_register(clock, box):
    box.plug_in(Vehicle())
    await clock.advance(3600)
    box.lose_power()
    kept_wh = box.meter.shown_wh
    await clock.advance(600)
    box.regain_power()
    assert box.meter.shown_wh == kept_wh > 123_456
    assert box.uptime_s == 0
    await clock.advance(10)
    box.catch_up()
    assert box.drawn_a == 32


async def test_a_second_car_cannot_be_plugged_in(box):
    box.plug_in(Vehicle())
    with pytest.raises(ValueError, match="unplug it first"):
        box.plug_in(Vehicle())


async def test_listeners_hear_of_a_change_once(clock, box):
    heard = []
    stop = box.listen(lambda: heard.append(box.pilot.value))
    box.plug_in(Vehicle())
    await clock.advance(10)
    box.catch_up()
    box.catch_up()
    stop()
    box.unplug()
    assert heard == ["B2", "C2"]


async def test_sleepers_wake_in_order_at_their_own_time(clock):
    woken = []

    async def sleep(seconds):
        await clock.sleep(seconds)
        woken.append((seconds, clock.now()))

    began_at = clock.now()
    tasks = [asyncio.create_task(sleep(seconds)) for seconds in (30, 10, 20)]
    await asyncio.sleep(0)
    await clock.advance(25)
    assert woken == [(10, began_at + timedelta(seconds=10)), (20, began_at + timedelta(seconds=20))]
    tasks[0].cancel()


async def test_a_fast_clock_runs_fast():
    clock = WorldClock(speed=1000)
    began_at = clock.now()
    async with asyncio.timeout(60):
        await clock.sleep(100)
    assert clock.now() - began_at >= timedelta(seconds=100)


async def test_a_following_clock_shows_and_waits_for_the_other_ones_time(clock):
    follower = WorldClock(source=clock.now)
    waiting = asyncio.create_task(follower.sleep(60))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await clock.advance(60)
    async with asyncio.timeout(60):
        await waiting
    assert follower.now() == clock.now()
