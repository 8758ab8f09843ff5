"""A vehicle's stay by mode "cheapest": ready in time whatever happens, and no switching back and forth."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.metering import Meter
from custom_components.smart_charge.charging.model import Basis, Carry, ConnectorStatus, Mode, Reason, Situation
from custom_components.smart_charge.charging.plan_making import Facts
from custom_components.smart_charge.charging.planning import Errand, Planning, follow, power_w
from custom_components.smart_charge.charging.session import Session, State
from custom_components.smart_charge.charging.slots import Slot
from custom_components.smart_charge.records.carry import recover, to_plain

from .facts import LONDON, PRESET, london, reading, settings

EVENING = london("2027-01-12T18:00")
MORNING = london("2027-01-13T07:00")
MIDNIGHT = london("2027-01-13T00:00")
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
WALLBOX_W = 7360


def hourly(*pence, since: datetime = EVENING) -> tuple[Slot, ...]:
    """One price for each hour; None is a gap."""
    return tuple(
        Slot(start_at=since + index * HOUR, end_at=since + (index + 1) * HOUR, price_per_kwh=Decimal(value) / 100)
        for index, value in enumerate(pence)
        if value is not None
    )


NIGHT = hourly(30, 30, 30, 30, 20, 20, 10, 10, 10, 10, 10, 20, 30, 30, 30)
"""10 p from midnight to five."""


@dataclass
class Stay:
    """A vehicle that takes what it is offered, as far as it can, minute by minute."""

    slots: tuple[Slot, ...] = NIGHT
    now: datetime = EVENING
    takes_w: float = WALLBOX_W
    full_wh: float = 1e9
    dice: list[float] = field(default_factory=lambda: [0.5])
    settings: object = field(default_factory=lambda: settings(mode=Mode.CHEAPEST, default_hours=None))
    planning: Planning = field(default_factory=Planning)
    carry: Carry = field(default_factory=Carry)
    took_wh: float = 0.0
    charging_s: float = 0.0
    reason: Reason | None = None
    until_at: datetime | None = None
    starts: int = 0
    paid: Decimal = Decimal(0)
    log: list[tuple[datetime, float]] = field(default_factory=list)

    def __post_init__(self):
        self.since_at = self.now

    @property
    def draws(self) -> bool:
        return self.carry.in_force_a >= 6 and self.took_wh < self.full_wh

    @property
    def plan(self):
        return self.planning.plan

    def step(self) -> None:
        session = Session(
            state=State.CHARGING if self.draws else State.PAUSED,
            plugged_in_at=self.since_at,
            seen_at=self.now,
            charging_s=self.charging_s,
            imported=Meter(counted_wh=int(self.took_wh)),
        )
        facts = Facts(
            now=self.now,
            settings=self.settings,
            time_zone=LONDON,
            slots=self.slots,
            session=session,
            in_force_a=self.carry.in_force_a,
            hold=self.carry.hold,
            drawn=(self.now, self.takes_w if self.draws else 0.0),
        )
        self.planning = follow(self.planning, facts)
        status = ConnectorStatus.CHARGING if self.draws else ConnectorStatus.SUSPENDED_EVSE
        decision = decide(
            Situation(
                now=self.now,
                dice=self.dice[len(self.log) % len(self.dice)],
                settings=self.settings,
                reading=reading(status=status, taken_at=self.now),
                carry=self.carry,
                session_wh=int(self.took_wh),
                plan=self.planning.plan,
            )
        )
        if decision.setpoint_a != self.carry.in_force_a:
            self.log.append((self.now, decision.setpoint_a))
            self.starts += decision.setpoint_a > 0
        self.carry, self.reason, self.until_at = decision.carry, decision.reason, decision.until_at

    def live(self, until: datetime, stride: timedelta = MINUTE) -> Stay:
        while self.now < until:
            self.step()
            stop = min(until, self.now + stride, *(hold.ends_at for hold in [self.carry.hold] if hold))
            passed_s = (stop - self.now).total_seconds()
            if self.draws:
                self.took_wh += self.takes_w * passed_s / 3600
                self.charging_s += passed_s
                self.paid += (self.price or Decimal(0)) * Decimal(self.takes_w * passed_s / 3.6e6)
            self.now = stop
        self.step()
        return self

    @property
    def price(self) -> Decimal | None:
        return next((slot.price_per_kwh for slot in self.slots if slot.start_at <= self.now < slot.end_at), None)

    def set(self, **changes) -> Stay:
        self.settings = replace(self.settings, **changes)
        return self


def begun(**changes) -> Stay:
    """A stay at which what vehicles here take is known."""
    stay = Stay(**changes)
    stay.planning = Planning(errand=Errand(powers_w=(int(stay.takes_w),)))
    stay.step()
    return stay


def test_it_waits_for_the_cheap_hours_and_says_until_when():
    stay = begun()
    assert (stay.carry.in_force_a, stay.reason, stay.until_at) == (0, Reason.WAITING_FOR_CHEAPER_HOURS, MIDNIGHT)


def test_thirty_kwh_are_there_in_time_and_nearly_all_of_them_cheap():
    stay = begun().live(MORNING)
    assert stay.took_wh >= 30_000
    assert stay.reason is Reason.HAS_ENERGY_NEEDED
    assert stay.starts == 1
    assert stay.paid / Decimal(stay.took_wh / 1000) < Decimal("0.105")


def test_what_was_taken_already_counts():
    stay = begun(took_wh=25_000).live(MORNING)
    assert 30_000 <= stay.took_wh < 32_000


def test_having_taken_all_it_waits_no_more():
    stay = begun(took_wh=30_000)
    assert (stay.reason, stay.until_at, stay.plan.spans) == (Reason.HAS_ENERGY_NEEDED, None, ())


def test_a_larger_need_is_planned_for_at_once():
    stay = begun(took_wh=30_000).set(energy_needed_wh=50_000).live(MORNING)
    assert stay.took_wh >= 50_000


def test_an_unknown_need_is_thought_of_as_a_large_battery():
    stay = begun().set(energy_needed_wh=None).live(EVENING + MINUTE)
    assert not stay.plan.is_met
    assert stay.reason is Reason.DELAYED_START


def test_a_vehicle_full_before_its_need_is_left_in_peace():
    stay = begun(full_wh=8_000).live(MORNING + timedelta(days=1))
    assert stay.took_wh == pytest.approx(8_000, abs=130)
    assert stay.starts <= 3


def test_until_a_vehicle_has_been_measured_little_power_is_reckoned_with():
    stay = Stay()
    stay.step()
    assert stay.plan.spans[0][0] < MIDNIGHT
    assert power_w(stay.planning, stay.settings) == 16 * 230
    stay.live(MORNING)
    assert stay.took_wh >= 30_000
    assert stay.planning.errand.powers_w == (pytest.approx(WALLBOX_W, rel=0.01),)


@pytest.mark.parametrize("takes_w", [7360.0, 11_000.0, 22_000.0])
def test_one_that_was_never_seen_is_known_in_two_minutes_and_waits_for_the_cheap_hours(takes_w):
    stay = Stay(takes_w=takes_w).live(MORNING)
    assert stay.took_wh >= 30_000
    assert stay.starts == 2
    begun_at = stay.log[0][0]
    assert next(at for at, amps in stay.log if at > begun_at and amps == 0) <= begun_at + timedelta(minutes=12)
    dear_kwh = takes_w / 1000 * 12 / 60
    assert stay.paid <= Decimal("0.1") * Decimal(stay.took_wh / 1000) + Decimal("0.2") * Decimal(dear_kwh)


def test_what_is_taken_of_less_than_all_there_is_tells_nothing_in_a_minute():
    stay = Stay(slots=())
    stay.step()
    stay.carry = replace(stay.carry, in_force_a=10.0, hold=None)
    facts = Facts(now=EVENING, settings=stay.settings, time_zone=LONDON, in_force_a=10.0)
    planning = stay.planning
    for minute in range(4):
        at = EVENING + minute * MINUTE
        session = Session(state=State.CHARGING, plugged_in_at=EVENING, seen_at=at, imported=Meter())
        planning = follow(planning, replace(facts, now=at, session=session, drawn=(at, 2300.0)))
    assert not planning.errand.has_measured


@pytest.mark.parametrize("told_w", [float("nan"), float("inf"), 73_600.0, 7.36, -7360.0])
def test_a_power_that_cannot_be_meant_is_not_what_it_takes(told_w):
    stay = Stay(slots=())
    stay.step()
    stay.carry = replace(stay.carry, in_force_a=32.0, hold=None)
    for _ in range(4):
        stay.takes_w = told_w
        stay.step()
        stay.now += MINUTE
    assert not stay.planning.errand.has_measured


def test_a_ramp_and_a_lone_low_value_are_not_what_it_takes():
    stay = Stay(slots=(), takes_w=1500.0)
    for takes_w in (1500.0, 4000.0, 11_000.0, 1200.0, 11_000.0, 11_000.0):
        stay.carry = replace(stay.carry, in_force_a=32.0, hold=None)
        stay.takes_w = takes_w
        stay.step()
        stay.now += MINUTE / 2
        assert not stay.planning.errand.has_measured
    stay.now += MINUTE / 2
    stay.step()
    assert power_w(stay.planning, stay.settings) == 11_000


CHEAP_LAST = hourly(*[30] * 9, 10, 10, 10, 10)
"""10 p from three to seven."""


@pytest.mark.parametrize("part", [1.0, 0.8, 0.7])
def test_one_that_takes_less_than_those_before_is_ready_though_the_cheap_hours_are_the_last(part):
    stay = begun(slots=CHEAP_LAST)
    stay.takes_w = WALLBOX_W * part
    stay.live(MORNING)
    assert stay.took_wh >= 30_000


def test_one_that_takes_as_much_as_those_before_pays_little_for_that_care():
    stay = begun(slots=CHEAP_LAST).live(MORNING)
    assert stay.starts <= 2
    assert stay.paid / Decimal(stay.took_wh / 1000) < Decimal("0.13")


def test_the_weakest_of_the_last_vehicles_is_reckoned_with():
    errand = Errand(powers_w=(7200, 3600, 7200))
    assert power_w(Planning(errand=errand), settings()) == 3600
    assert power_w(Planning(errand=replace(errand, has_measured=True)), settings()) == 7200
    assert power_w(Planning(), settings(rated_a=10.0)) == 2300
    assert power_w(Planning(errand=Errand(powers_w=(0,))), settings()) == 1380


def test_a_battery_that_tapers_off_is_remembered_by_the_most_it_took():
    stay = begun().live(MIDNIGHT + HOUR)
    stay.takes_w = 2000
    stay.live(MIDNIGHT + 2 * HOUR)
    assert power_w(stay.planning, stay.settings) == pytest.approx(2000, rel=0.01)
    assert stay.planning.errand.powers_w[-1] == pytest.approx(WALLBOX_W, rel=0.01)


def test_one_that_takes_half_of_what_was_reckoned_with_is_ready():
    stay = begun().set(energy_needed_wh=20_000)
    stay.takes_w = WALLBOX_W / 2
    stay.live(MORNING)
    assert stay.took_wh >= 20_000
    assert stay.starts == 1


def test_a_ready_by_time_that_passed_is_made_good_at_once():
    stay = begun(now=MORNING - HOUR, slots=hourly(*[30] * 8, *[10] * 16, since=MORNING - HOUR))
    assert stay.reason is Reason.DELAYED_START
    stay.live(MORNING + 2 * HOUR)
    assert stay.reason is Reason.CHARGING_TO_BE_READY
    stay.live(MORNING + 5 * HOUR)
    assert stay.took_wh >= 30_000
    assert stay.starts == 1


def test_plugging_in_after_the_ready_by_time_means_the_next_day():
    stay = begun(now=MORNING + MINUTE, slots=hourly(*[30] * 17, *[10] * 5, since=MORNING))
    assert stay.planning.errand.ready_at == MORNING + timedelta(days=1)
    assert stay.until_at == MORNING + 17 * HOUR


def test_a_ready_by_time_that_is_changed_counts_from_now_on():
    stay = begun().set(ready_by=time(23)).live(MORNING - 8 * HOUR)
    assert stay.took_wh >= 30_000


def test_ready_by_is_a_local_time_when_clocks_change():
    eve = london("2027-03-27T20:00")
    stay = begun(now=eve, slots=hourly(*[20] * 30, since=eve))
    assert stay.planning.errand.ready_at == datetime(2027, 3, 28, 6, 0, tzinfo=UTC)


def test_negative_prices_are_sought():
    stay = begun(slots=hourly(10, 10, 10, 10, 10, 10, 10, 10, -5, -5, 10, 10, 10)).set(energy_needed_wh=10_000)
    stay.live(MORNING)
    assert stay.paid < 0


# Prices that are missing


def test_without_any_price_the_default_hours_stand_in():
    stay = begun(slots=()).set(default_hours=PRESET).live(EVENING + MINUTE)
    opens_at = london("2027-01-12T22:00")
    assert (stay.reason, stay.until_at) == (Reason.WAITING_WITHOUT_PRICES, opens_at)
    assert stay.plan.basis is Basis.HOURS
    stay.live(opens_at + HOUR)
    assert stay.reason is Reason.CHARGING_WITHOUT_PRICES
    stay.live(MORNING)
    assert stay.took_wh >= 30_000


def test_without_prices_or_hours_it_charges_at_once():
    stay = begun(slots=()).live(EVENING + HOUR)
    assert stay.reason is Reason.CHARGING_WITHOUT_PRICES
    assert stay.plan.basis is Basis.NOTHING


def test_hours_too_short_to_be_ready_are_exceeded():
    stay = begun(slots=()).set(default_hours=PRESET, ready_by=time(22, 30)).live(london("2027-01-12T22:30"))
    assert stay.took_wh >= 30_000


def test_without_prices_for_the_night_it_waits_where_the_evening_is_dear():
    today = hourly(10, 10, 10, 10, *[35] * 6, *[40] * 6, since=EVENING - 10 * HOUR)
    stay = begun(slots=today)
    assert (stay.reason, stay.until_at) == (Reason.WAITING_FOR_CHEAPER_HOURS, MIDNIGHT)
    assert stay.live(MORNING).took_wh >= 30_000


def test_a_hole_between_prices_is_used_last():
    stay = begun(slots=hourly(30, 30, 30, None, None, None, None, None, None, 30, 30, 30, 30))
    stay.live(MORNING)
    assert stay.took_wh >= 30_000
    assert stay.paid == pytest.approx(Decimal(stay.took_wh / 1000) * Decimal("0.3"), rel=Decimal("0.12"))


def test_with_one_price_all_evening_it_waits_for_what_is_not_known():
    stay = begun(slots=hourly(30, 30, 30, 30, 30, 30))
    assert (stay.reason, stay.until_at) == (Reason.WAITING_FOR_CHEAPER_HOURS, MIDNIGHT)


def test_prices_that_come_late_are_planned_with():
    stay = begun(slots=hourly(35, 35, 30, 30, 20, 20)).live(EVENING + 2 * HOUR)
    stay.slots = NIGHT
    stay.live(MORNING)
    assert stay.took_wh >= 30_000
    assert stay.paid / Decimal(stay.took_wh / 1000) < Decimal("0.105")


# Without flapping


def test_prices_that_tremble_do_not_move_it():
    stay = begun()
    for minutes in range(0, 780, 5):
        trembling = Decimal(minutes % 7) / 10_000
        stay.slots = tuple(replace(slot, price_per_kwh=slot.price_per_kwh + trembling) for slot in NIGHT)
        stay.live(EVENING + (minutes + 5) * MINUTE)
    assert stay.took_wh >= 30_000
    assert stay.starts == 1


def test_a_pause_shorter_than_the_delay_is_charged_through():
    quarters = tuple(
        Slot(start_at=EVENING + index * HOUR / 4, end_at=EVENING + (index + 1) * HOUR / 4, price_per_kwh=price)
        for index, price in enumerate([Decimal("0.1"), Decimal("0.3")] * 26)
    )
    stay = begun(slots=quarters).set(random_delay_max_s=1800).live(MORNING)
    assert stay.took_wh >= 30_000
    assert stay.starts == 1


def test_nothing_that_stays_the_same_makes_another_plan():
    stay = begun()
    plan = stay.plan
    stay.live(EVENING + 5 * HOUR)
    assert stay.plan is plan


def test_another_mode_has_no_plan_and_learns_all_the_same():
    stay = begun(takes_w=3000.0).set(mode=Mode.ALWAYS).live(EVENING + HOUR)
    assert stay.plan is None
    assert stay.planning.errand.powers_w[-1] == pytest.approx(3000, rel=0.02)


def test_the_vehicle_that_leaves_takes_its_plan_along():
    stay = begun()
    facts = Facts(now=EVENING, settings=stay.settings, time_zone=LONDON, slots=NIGHT)
    assert follow(stay.planning, facts) == Planning(errand=Errand(powers_w=(WALLBOX_W,)))


def test_a_promise_survives_a_restart():
    stay = begun(now=MORNING - HOUR, slots=hourly(*[30] * 8, *[10] * 16, since=MORNING - HOUR)).live(MORNING + HOUR)
    errand, lost = recover(Errand, to_plain(stay.planning.errand))
    assert (errand, lost) == (stay.planning.errand, ())
    stay.planning = Planning(errand=errand)
    stay.live(MORNING + 5 * HOUR)
    assert stay.took_wh >= 30_000
    assert stay.starts == 1


PRICES = st.lists(st.sampled_from([None, -3, 5, 10, 10, 11, 25, 40]), min_size=0, max_size=26)


@given(
    prices=PRICES,
    late=st.integers(0, 13),
    dice=st.lists(st.floats(0, 0.999), min_size=1, max_size=5),
    takes_w=st.sampled_from([3700, 7360, 11_000, 22_000]),
    reckoned_w=st.sampled_from([3700, 7360]),
    longest_s=st.sampled_from([600, 1800]),
    hours=st.sampled_from([None, PRESET]),
    needed_wh=st.integers(1, 30_000),
)
def test_whatever_prices_and_dice_do_the_vehicle_is_ready(  # noqa: PLR0917
    prices, late, dice, takes_w, reckoned_w, longest_s, hours, needed_wh
):
    settled = settings(
        mode=Mode.CHEAPEST, default_hours=hours, random_delay_max_s=longest_s, energy_needed_wh=needed_wh
    )
    known = hourly(*prices)
    stay = Stay(slots=known[: len(known) // 2], dice=dice, takes_w=takes_w, settings=settled)
    stay.planning = Planning(errand=Errand(powers_w=(min(reckoned_w, takes_w),)))
    stay.live(EVENING + late * HOUR / 2, 5 * MINUTE)
    stay.slots = known
    stay.live(MORNING, 5 * MINUTE)
    assert stay.took_wh >= needed_wh
    assert all(later - sooner >= timedelta(0) for (sooner, _), (later, _) in pairwise(stay.log))
    assert stay.starts <= 1 + len({slot.price_per_kwh for slot in known}) * 4
