"""Fair shares, and whose turn it is."""

from datetime import UTC, datetime, timedelta

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.places import Place, Request, Trail
from custom_components.smart_charge.charging.shares import fair_shares, stepped
from custom_components.smart_charge.charging.turns import Spare, take_turns

NOW = datetime(2027, 1, 12, 18, tzinfo=UTC)


def ago(minutes: float) -> datetime:
    return NOW - timedelta(minutes=minutes)


def request(key, wish_a=32.0, phases=(0,), ceiling_a=0.0, in_force_a=0.0, **facts) -> Request:
    of_request = {name: facts.pop(name) for name in ("is_taking", "rises_at") if name in facts}
    place = Place(phases=phases, ceiling=Trail(now_a=ceiling_a), **facts)
    return Request(key=key, wish_a=wish_a, place=place, in_force_a=in_force_a, **of_request)


def serving(key, minutes, **more) -> Request:
    """One that has charged in its turn for so long, but just now has nothing: who takes its place costs nobody."""
    return request(key, **{"ceiling_a": 6.0, "turn_at": ago(minutes), "begun_at": ago(minutes)} | more)


def charging(key, minutes, **more) -> Request:
    return serving(key, minutes, in_force_a=6.0, **more)


def room(*most_a, aim_a=None, join_a=None) -> Spare:
    return Spare(most_a=most_a, aim_a=aim_a or most_a, join_a=join_a or aim_a or most_a)


def served(requests, *spare_a, swapped_at=None):
    spare = (*spare_a, 0.0, 0.0, 0.0)[:3]
    turns = take_turns(requests, room(*spare), swapped_at, NOW)
    return {one.key for one in turns.served}, turns.swapped_at


@pytest.mark.parametrize(
    ("value_a", "wish_a", "expected_a"),
    [(10.19, 32.0, 10.1), (10.2, 32.0, 10.2), (5.99, 32.0, 0.0), (-4.0, 32.0, 0.0), (13.34, 13.34, 13.34), (6, 32, 6)],
)
def test_ceilings_come_in_tenths(value_a, wish_a, expected_a):
    assert stepped(value_a, wish_a) == expected_a


def test_shares_rise_together_until_a_wish_is_met():
    shares = fair_shares([request("a", 8.0), request("b"), request("c")], (48.0, 0.0, 0.0))
    assert shares == pytest.approx({"a": 8.0, "b": 20.0, "c": 20.0})


def test_a_full_phase_stops_only_those_on_it():
    shares = fair_shares([request("a", phases=(0, 1, 2)), request("b"), request("c", phases=(2,))], (20.0, 40.0, 40.0))
    assert shares == pytest.approx({"a": 10.0, "b": 10.0, "c": 30.0})


def test_the_floor_is_given_though_it_does_not_fit():
    assert fair_shares([request("a")], (4.0, 0.0, 0.0)) == {"a": 6.0}


def test_nobody_shares_nothing():
    assert fair_shares([], (4.0, 0.0, 0.0)) == {}


@given(st.lists(st.tuples(st.floats(6, 40), st.sets(st.integers(0, 2), min_size=1)), max_size=5), st.data())
def test_nobody_could_have_more_without_somebody_having_less(wanted, data):
    requests = [request(str(index), wish, tuple(phases)) for index, (wish, phases) in enumerate(wanted)]
    floors = [6.0 * sum(phase in phases for _, phases in wanted) for phase in range(3)]
    spare = tuple(data.draw(st.floats(floor, 130)) for floor in floors)
    shares = fair_shares(requests, spare)
    used = [sum(shares[one.key] for one in requests if phase in one.place.phases) for phase in range(3)]
    for one in requests:
        share = shares[one.key]
        assert 6.0 <= share <= one.wish_a + 1e-6
        blocked = [
            phase
            for phase in one.place.phases
            if used[phase] > spare[phase] - 1e-4
            and all(shares[other.key] <= share + 1e-4 for other in requests if phase in other.place.phases)
        ]
        assert share > one.wish_a - 1e-4 or blocked
    assert all(used[phase] <= spare[phase] + 1e-4 for phase in range(3))


def test_who_waits_longest_takes_the_place_of_who_was_served_longest():
    waiting = [request("c", waiting_at=ago(5)), request("d", waiting_at=ago(20))]
    assert served([serving("a", 30), serving("b", 16), *waiting], 12.0) == ({"b", "d"}, NOW)


def test_nobody_makes_room_before_his_time():
    assert served([serving("a", 14), request("b", waiting_at=ago(14))], 6.0) == ({"a"}, None)


def test_nobody_makes_room_within_fifteen_minutes_of_the_last_swap():
    facts = [serving("a", 30), request("b", waiting_at=ago(30))]
    assert served(facts, 6.0, swapped_at=ago(14)) == ({"a"}, ago(14))
    assert served(facts, 6.0, swapped_at=ago(15)) == ({"b"}, NOW)


def test_nobody_makes_room_for_whom_it_would_not_do():
    assert served([serving("a", 30), request("b", phases=(0, 1), waiting_at=ago(30))], 6.0) == ({"a"}, None)


def test_nobody_makes_room_for_a_vehicle_that_takes_nothing():
    assert served([serving("a", 30), request("b", is_taking=False, waiting_at=ago(30))], 6.0) == ({"a"}, None)


def test_a_vehicle_that_takes_nothing_makes_room_at_once():
    assert served([serving("a", 1, is_taking=False), request("b", waiting_at=ago(1))], 6.0) == ({"b"}, None)


def test_who_charges_may_use_the_margin_but_who_begins_may_not():
    def began(*requests):
        turns = take_turns(requests, room(6.0, 0.0, 0.0, aim_a=(5.0, 0.0, 0.0)), None, NOW)
        return {one.key for one in turns.served}

    assert began(serving("a", 1)) == {"a"}
    assert began(request("a")) == set()


def test_a_turn_is_kept_through_an_interruption_but_lost_in_a_swap():
    turns = take_turns([serving("a", 1)], room(0.0, 0.0, 0.0), None, NOW)
    assert turns.places["a"].turn_at == ago(1)
    turns = take_turns([serving("a", 30), request("b", waiting_at=ago(9))], room(6.0, 0.0, 0.0), None, NOW)
    assert (turns.places["a"].turn_at, turns.places["a"].waiting_at) == (None, NOW)
    assert (turns.places["b"].turn_at, turns.places["b"].waiting_at) == (NOW, None)


def test_who_takes_from_others_needs_what_has_been_free_for_longer():
    turns = take_turns([serving("a", 1), request("b")], room(20.0, 0.0, 0.0, join_a=(11.0, 0.0, 0.0)), None, NOW)
    assert [one.key for one in turns.served] == ["a"]
    turns = take_turns([serving("a", 1), request("b")], room(20.0, 0.0, 0.0, join_a=(12.0, 0.0, 0.0)), None, NOW)
    assert [one.key for one in turns.served] == ["a", "b"]


def test_who_charges_is_not_dropped_for_one_that_waits_for_its_random_delay():
    facts = [charging("a", 10), serving("b", 1)]
    assert served(facts, 6.0) == ({"a"}, None)


class TestSwap:
    """Who makes room charges on until the other's random delay is about to end."""

    def swap(self, minutes=30, **comes):
        facts = [charging("a", minutes), request("b", waiting_at=ago(30), **comes)]
        turns = take_turns(facts, room(6.0, 0.0, 0.0), None, NOW)
        return {one.key for one in turns.served}, turns

    @pytest.mark.parametrize("minutes", [15, 29])
    def test_a_turn_lasts_half_an_hour_from_when_charging_began(self, minutes):
        served, turns = self.swap(minutes)
        assert served == {"a"}
        assert turns.places["b"].relieves is None

    def test_who_comes_is_told_while_the_other_charges_on(self):
        served, turns = self.swap()
        assert (served, turns.swapped_at) == ({"a"}, None)
        assert turns.places["b"].relieves == "a"

    @pytest.mark.parametrize(("left_s", "served"), [(300, {"a"}), (26, {"a"}), (25, {"b"}), (1, {"b"})])
    def test_the_other_comes_down_just_before_the_delay_ends(self, left_s, served):
        rises_at = NOW + timedelta(seconds=left_s)
        assert self.swap(relieves="a", promised_at=ago(5), rises_at=rises_at)[0] == served

    @pytest.mark.parametrize(("ago_s", "served"), [(24, {"a"}), (25, {"b"})])
    def test_who_has_no_delay_comes_a_little_later(self, ago_s, served):
        assert self.swap(relieves="a", promised_at=NOW - timedelta(seconds=ago_s))[0] == served

    def test_the_swap_counts_from_when_room_is_made(self):
        _, turns = self.swap(relieves="a", promised_at=ago(9))
        assert turns.swapped_at == NOW
        assert (turns.places["b"].turn_at, turns.places["b"].begun_at, turns.places["b"].relieves) == (NOW, None, None)
        assert (turns.places["a"].turn_at, turns.places["a"].begun_at) == (None, None)

    def test_who_finds_room_of_its_own_relieves_nobody(self):
        facts = [charging("a", 30), request("b", waiting_at=ago(30), relieves="a", promised_at=ago(2))]
        turns = take_turns(facts, room(12.0, 0.0, 0.0), None, NOW)
        assert {one.key for one in turns.served} == {"a", "b"}
        assert turns.places["b"].relieves is None

    def test_who_was_to_make_room_for_one_that_left_keeps_its_turn(self):
        turns = take_turns([charging("a", 30)], room(6.0, 0.0, 0.0), None, NOW)
        assert turns.places["a"].turn_at == ago(30)

    def test_who_never_got_to_charge_in_its_turn_makes_room_as_well(self):
        facts = [request("a", ceiling_a=6.0, turn_at=ago(30)), request("b", waiting_at=ago(30))]
        assert served(facts, 6.0) == ({"b"}, NOW)

    def test_who_waits_for_its_random_delay_is_given_half_an_hour_for_it(self):
        facts = [request("a", ceiling_a=6.0, turn_at=ago(29)), request("b", waiting_at=ago(60))]
        assert served(facts, 6.0) == ({"a"}, None)
