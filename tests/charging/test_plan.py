"""The least-cost times before the vehicle is wanted."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations, pairwise

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.plan import Need, cheapest_plan
from custom_components.smart_charge.charging.slots import Slot, line

START = datetime(2027, 1, 12, 18, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
POWER_W = 7200.0


def at(half_hours: float) -> datetime:
    return START + half_hours * HALF_HOUR


def slots(*pence) -> list[Slot]:
    """One slot for each half-hour; None is a gap."""
    prices = [None if value is None else Decimal(str(value)) / 100 for value in pence]
    return [
        Slot(start_at=at(index), end_at=at(index + 1), price_per_kwh=price)
        for index, price in enumerate(prices)
        if price is not None
    ]


def need(half_hours: float, ready: float, **more) -> Need:
    facts = {"energy_wh": round(half_hours * 3600), "power_w": POWER_W, "ready_at": at(ready)}
    return Need(**facts | more)


def planned(half_hours, prices, ready=None, **more):
    plan = cheapest_plan(need(half_hours, ready or len(prices), **more), slots(*prices), START)
    return [((start - START) / HALF_HOUR, (end - START) / HALF_HOUR) for start, end in plan.spans]


@pytest.mark.parametrize(
    ("half_hours", "prices", "spans"),
    [
        (1, [30, 10, 20, 30], [(1, 2)]),
        (2, [30, 10, 20, 30], [(1, 3)]),
        (1.5, [30, 10, 20, 30], [(1, 2.5)]),
        (1.5, [30, 20, 10, 30], [(1.5, 3)]),
        (2, [10, 30, 10, 30], [(0, 1), (2, 3)]),
        (1, [20, 20, 20], [(0, 1)]),
        (2, [-5, 30, 30, -5], [(0, 1), (3, 4)]),
        (3, [10, 20, 10, 20, 20, 30], [(0, 3)]),
        (3, [20, 30, 10, 20, 10, 20], [(2, 5)]),
        (2.5, [10, 20, 20, 10], [(0, 1.5), (3, 4)]),
        (1, [20, 30, 20, 20], [(0, 1)]),
        (2, [20, 30, 20, 20], [(2, 4)]),
        (3, [20, 30, 20, 20], [(0, 1), (2, 4)]),
        (2, [20, 10, 20], [(0, 2)]),
        (2, [30, 10, 20], [(1, 3)]),
        (0, [20, 10], []),
        (-3, [20, 10], []),
    ],
    ids=str,
)
def test_the_cheapest_time_is_chosen_with_the_fewest_starts(half_hours, prices, spans):
    assert planned(half_hours, prices) == spans


def test_charging_goes_on_where_stopping_saves_nothing():
    assert planned(1, [20, 10, 20], is_charging=True) == [(1, 2)]
    assert planned(2, [20, 30, 20, 20]) == [(2, 4)]
    assert planned(1.5, [20, 30, 20, 20], is_charging=True) == [(0, 1), (2, 2.5)]
    assert planned(1, [20, 30, 20, 20], is_charging=True) == [(0, 1)]


def test_time_without_a_price_comes_last_but_is_used():
    assert planned(2, [None, 50, None, None]) == [(0, 2)]
    assert planned(1, [None, 50, None, None]) == [(1, 2)]


def test_without_any_price_charging_begins_at_once():
    assert planned(2, [], ready=8) == [(0, 2)]


@pytest.mark.parametrize("ready", [2, 1, 0, -5])
def test_a_vehicle_that_cannot_be_ready_charges_at_once_until_it_is(ready):
    plan = cheapest_plan(need(3, ready), slots(50, 10, 10, 10), START)
    assert plan.spans == ((START, at(3)),)
    assert not plan.is_met


def test_just_enough_time_is_enough():
    plan = cheapest_plan(need(3, 3), slots(50, 10, 10), START)
    assert (plan.spans, plan.is_met) == (((START, at(3)),), True)


@pytest.mark.parametrize("power_w", [0.0, -1.0, float("nan"), float("inf")])
def test_without_power_there_is_no_plan(power_w):
    plan = cheapest_plan(need(1, 4, power_w=power_w), slots(10, 10), START)
    assert (plan.spans, plan.is_met, plan.review_at) == ((), False, None)


def test_a_trickle_of_power_plans_no_further_than_anybody_lives():
    plan = cheapest_plan(need(1, 4, power_w=1e-9), slots(10, 10), START)
    assert not plan.is_met


def test_the_bill_names_what_has_no_price():
    plan = cheapest_plan(need(2, 4), slots(10), START)
    assert plan.cost == Decimal("0.36")
    assert plan.unpriced_wh == 3600


def test_review_comes_with_the_next_edge():
    plan = cheapest_plan(need(1, 4), slots(30, 10, 30, 30), START)
    assert plan.review_at == at(1)
    assert not plan.contains(START)
    assert plan.contains(at(1))
    assert not plan.contains(at(2))


def test_slots_that_overlap_are_put_in_order():
    first = Slot(start_at=at(0), end_at=at(2), price_per_kwh=Decimal(1))
    second = Slot(start_at=at(1), end_at=at(3), price_per_kwh=Decimal(2))
    backwards = Slot(start_at=at(3), end_at=at(2), price_per_kwh=Decimal(9))
    inside = Slot(start_at=at(0.5), end_at=at(1), price_per_kwh=Decimal(5))
    assert line([second, backwards, inside, first], at(0), at(4)) == (
        first,
        Slot(start_at=at(2), end_at=at(3), price_per_kwh=Decimal(2)),
        Slot(start_at=at(3), end_at=at(4), price_per_kwh=None),
    )


def test_neighbours_of_one_price_are_one():
    assert line(slots(10, 10, 20), at(0.5), at(2)) == (
        Slot(start_at=at(0.5), end_at=at(2), price_per_kwh=Decimal("0.1")),
    )


PENCE = st.lists(st.sampled_from([None, -10, 5, 5, 10, 20]), min_size=1, max_size=7)


def feasible(prices, half_hours):
    """Every way to charge in whole slots, with what it costs and how often it starts."""
    for chosen in combinations(range(len(prices)), half_hours):
        unknown = sum(prices[index] is None for index in chosen)
        cost = sum(prices[index] or 0 for index in chosen)
        starts = len(chosen) - sum(b == a + 1 for a, b in pairwise(chosen))
        yield unknown, cost, starts


@given(PENCE, st.integers(1, 7))
def test_no_feasible_plan_is_cheaper_or_starts_less_often_at_that_cost(prices, half_hours):
    half_hours = min(half_hours, len(prices))
    plan = cheapest_plan(need(half_hours, len(prices)), slots(*prices), START)
    assert plan.is_met
    pence = plan.cost * 100 / Decimal("3.6")
    ours = (round(plan.unpriced_wh / 3600), pence, len(plan.spans))
    assert (
        ours <= min(feasible(prices, half_hours))
        if half_hours < len(prices)
        else plan.spans == ((START, at(half_hours)),)
    )


@given(PENCE, st.integers(1, 20_000), st.floats(1400, 22000), st.integers(-1, 9))
def test_the_energy_is_always_planned_and_in_time_if_it_can_be(prices, energy_wh, power_w, ready):
    plan = cheapest_plan(Need(energy_wh=energy_wh, power_w=power_w, ready_at=at(ready)), slots(*prices), START)
    lasts = sum((end - start for start, end in plan.spans), timedelta(0)).total_seconds()
    assert 0 <= lasts - energy_wh * 3600 / power_w < 1.001
    assert plan.is_met == (lasts <= (at(ready) - START).total_seconds())
    assert all(START <= start < end for start, end in plan.spans)
    assert all(before[1] < after[0] for before, after in pairwise(plan.spans))


@given(PENCE, st.integers(1, 9), st.integers(1, 9))
def test_more_energy_never_costs_less_where_no_price_is_negative(prices, less, more):
    prices = [value and abs(value) for value in prices]
    plans = [cheapest_plan(need(amount, 20), slots(*prices), START) for amount in sorted((less, more))]
    assert (plans[0].unpriced_wh, plans[0].cost) <= (plans[1].unpriced_wh, plans[1].cost)


@given(PENCE, st.integers(1, 5), st.integers(5, 9), st.integers(5, 9))
def test_more_time_never_costs_more(prices, half_hours, soon, later):
    plans = [cheapest_plan(need(half_hours, ready), slots(*prices), START) for ready in sorted((soon, later))]
    assert (plans[0].unpriced_wh, plans[0].cost) >= (plans[1].unpriced_wh, plans[1].cost)
