"""The supply limit, kept at the speed of the meter, and shared fairly."""

from dataclasses import replace
from datetime import timedelta
import itertools
import math

from hypothesis import example, given, settings as effort, strategies as st
import pytest

from custom_components.smart_charge.charging.claims import SETTLING_S
from custom_components.smart_charge.charging.sharing import SharingCarry, SharingCause, share
from custom_components.smart_charge.charging.turns import TURN_S

from .premises import START, THREE_PHASES, Premises, ceilings, claim, metered, supply

pytestmark = pytest.mark.requirement("8.1")


def later(seconds: float):
    return START + timedelta(seconds=seconds)


def test_a_ceiling_falls_at_once_when_the_house_needs_the_current():
    home = Premises(supply(40.0), {"a": 32.0})
    assert ceilings(home.settle((5.0, 0, 0))) == {"a": 32.0}
    assert ceilings(home.step((25.0, 0, 0))) == {"a": 13.0}


def test_a_ceiling_rises_only_to_what_was_free_for_the_whole_hold_off():
    home = Premises(supply(40.0), {"a": 32.0})
    home.settle((5.0, 0, 0))
    home.step((25.0, 0, 0))
    seen = [ceilings(sharing)["a"] for sharing in home.run(70, lambda second: (10.0 if second < 30 else 5.0, 0, 0))]
    assert seen[:59] == [13.0] * 59
    assert seen[59:61] == [13.0, 28.0] or seen[59] == 28.0
    assert max(seen) == 28.0


def test_the_house_may_use_the_margin_without_a_change():
    home = Premises(supply(40.0, margin_a=2.0), {"a": 32.0})
    assert ceilings(home.settle((20.0, 0, 0))) == {"a": 18.0}
    assert ceilings(home.step((22.0, 0, 0))) == {"a": 18.0}
    assert ceilings(home.step((22.1, 0, 0))) == {"a": 15.9}


def test_below_six_amperes_nothing_is_left():
    home = Premises(supply(40.0), {"a": 32.0})
    home.settle((20.0, 0, 0))
    sharing = home.step((34.5, 0, 0))
    assert ceilings(sharing) == {"a": 0.0}
    assert sharing.ceilings["a"].cause is SharingCause.SUPPLY


def test_an_overloaded_house_alone_leaves_nothing():
    home = Premises(supply(25.0), {"a": 32.0, "b": 16.0})
    assert ceilings(home.settle((60.0, 0, 0))) == {"a": 0.0, "b": 0.0}


def test_export_is_not_counted_on():
    home = Premises(supply(16.0), {"a": 32.0})
    assert ceilings(home.settle((-20.0, 0, 0))) == {"a": 14.0}


def test_the_fullest_phase_decides_for_a_three_phase_charge_point():
    home = Premises(supply(25.0, 3), {"a": 32.0}, {"a": THREE_PHASES})
    assert ceilings(home.settle((2.0, 12.0, 5.0))) == {"a": 11.0}


def test_a_rotated_charge_point_is_charged_to_its_own_phases():
    spread = claim(phases=(1, 2, 0), drawn_a=None, in_force_a=16.0)
    skewed = [10.0, 6.0, 8.0]
    facts = spread.__class__(**{name: getattr(spread, name) for name in spread.__slots__} | {"drawn_a": tuple(skewed)})
    sharing = share(supply(25.0, 3), metered(20.0, 20.0, 20.0), [facts], SharingCarry(), START)
    assert sharing.house_a == (12.0, 10.0, 14.0)


def test_two_charge_points_on_different_phases_do_not_share():
    home = Premises(supply(25.0, 3), {"a": 32.0, "b": 32.0}, {"a": (0,), "b": (2,)})
    assert ceilings(home.settle((5.0, 0.0, 10.0))) == {"a": 18.0, "b": 13.0}


def test_what_one_does_not_want_the_others_get():
    home = Premises(supply(60.0), {"a": 32.0, "b": 10.0, "c": 32.0})
    assert ceilings(home.settle((8.0, 0, 0), 600)) == {"a": 20.0, "b": 10.0, "c": 20.0}


def test_a_phase_that_is_not_there_carries_nothing():
    home = Premises(supply(60.0, 1), {"a": 32.0}, {"a": (1,)})
    assert ceilings(home.settle()) == {"a": 0.0}


@pytest.mark.parametrize("limit_a", [float("nan"), 0.0, -5.0])
def test_a_limit_that_is_none_carries_nothing(limit_a):
    home = Premises(supply(limit_a), {"a": 32.0})
    assert ceilings(home.settle()) == {"a": 0.0}


@pytest.mark.parametrize("wish_a", [0.0, 5.9, -3.0, float("nan")])
def test_who_wants_nothing_has_no_ceiling(wish_a):
    home = Premises(supply(), {"a": wish_a})
    assert ceilings(home.settle()) == {}


def test_an_endless_wish_gets_what_is_spare():
    home = Premises(supply(60.0), {"a": math.inf})
    assert ceilings(home.settle((10.0, 0, 0))) == {"a": 48.0}


def test_phases_that_make_no_sense_get_nothing():
    home = Premises(supply(60.0), {"a": 32.0, "b": 32.0}, {"a": (), "b": (3,)})
    home._total = lambda phase, house_a: house_a
    assert ceilings(home.settle()) == {}


def test_who_charges_when_we_start_goes_on_charging():
    charging = claim(drawn_a=16.0, in_force_a=16.0)
    sharing = share(supply(40.0), metered(26.0), [charging], SharingCarry(), START)
    assert ceilings(sharing) == {"a": 16.0}
    assert sharing.house_a[0] == 10.0


def test_a_stop_that_is_delayed_keeps_its_share():
    home = Premises(supply(40.0), {"a": 32.0})
    home.settle((5.0, 0, 0))
    stopping = claim(wish_a=0.0, drawn_a=32.0, in_force_a=32.0, taken_at=home.now)
    sharing = share(home.supply, metered(50.0, at=home.now), [stopping], home.carry, home.now)
    assert ceilings(sharing) == {"a": 20.0}


@pytest.mark.parametrize(("of_supply", "proven_s"), [({}, 10), ({"meter_interval_s": 1.0}, 5)])
def test_nothing_is_given_out_after_a_start_before_the_meter_has_proven_itself(of_supply, proven_s):
    home = Premises(supply(60.0, **of_supply), {"a": 32.0})
    seen = [ceilings(sharing)["a"] for sharing in home.run(62)]
    assert seen == [0.0] * proven_s + [32.0] * (62 - proven_s)


def test_all_that_was_seen_since_a_start_counts_for_the_hold_off():
    home = Premises(supply(60.0), {"a": 32.0})
    seen = [ceilings(sharing)["a"] for sharing in home.run(80, lambda second: (50.0 if second < 15 else 5.0, 0.0, 0.0))]
    assert seen == [0.0] * 10 + [8.0] * 65 + [32.0] * 5


def test_after_a_start_two_begin_with_each_other():
    home = Premises(supply(60.0), {"a": 32.0, "b": 32.0})
    seen = [ceilings(sharing) for sharing in home.run(30)]
    assert min(seen[-1].values()) >= 6
    assert sum(seen[-1].values()) <= 58


class TestStaleMeter:
    def test_after_ten_seconds_the_safe_minimum_is_left(self):
        home = Premises(supply(60.0), {"a": 32.0})
        home.settle()
        last = metered(32.0, at=home.now)
        charging = claim(drawn_a=32.0, in_force_a=32.0, taken_at=home.now)
        at = home.now + timedelta(seconds=10)
        assert ceilings(share(home.supply, last, [charging], home.carry, at)) == {"a": 32.0}
        sharing = share(home.supply, last, [charging], home.carry, at + timedelta(seconds=0.1))
        assert ceilings(sharing) == {"a": 6.0}
        assert sharing.ceilings["a"].cause is SharingCause.METER_LOST
        assert sharing.house_a == (None, None, None)

    def test_three_missed_readings_of_a_fast_meter_are_enough(self):
        home = Premises(supply(60.0, meter_interval_s=1.0), {"a": 32.0})
        home.settle((10.0, 0, 0), 600)
        last = metered(42.0, at=home.now)
        charging = claim(drawn_a=32.0, in_force_a=32.0, taken_at=home.now)
        assert ceilings(share(home.supply, last, [charging], home.carry, home.now + timedelta(seconds=4)))["a"] == 32.0
        assert ceilings(share(home.supply, last, [charging], home.carry, home.now + timedelta(seconds=4.1)))["a"] == 6.0

    def test_a_reading_from_the_future_is_stale_too(self):
        home = Premises(supply(60.0), {"a": 32.0})
        home.settle()
        future = metered(10.0, at=home.now + timedelta(seconds=60))
        sharing = share(home.supply, future, [claim(in_force_a=32.0)], home.carry, home.now)
        assert ceilings(sharing) == {"a": 6.0}

    @pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
    def test_a_phase_that_the_meter_does_not_tell_is_as_good_as_lost(self, value):
        charging = claim(phases=THREE_PHASES, drawn_a=16.0, in_force_a=16.0)
        sharing = share(supply(60.0, 3), metered(16.0, value, 16.0), [charging], SharingCarry(), START)
        assert ceilings(sharing) == {"a": 6.0}
        assert sharing.house_a == (0.0, None, 0.0)

    def test_a_charge_point_that_had_nothing_may_begin_after_the_hold_off(self):
        home = Premises(supply(40.0), {"a": 32.0})
        home.settle((39.0, 0, 0))
        home.is_metered = False
        seen = [ceilings(sharing)["a"] for sharing in home.run(62)]
        assert seen == [0.0] * 60 + [6.0] * 2

    def test_the_returning_meter_waits_for_the_hold_off(self):
        home = Premises(supply(40.0), {"a": 32.0})
        home.settle()
        home.is_metered = False
        assert ceilings(home.settle()) == {"a": 6.0}
        home.is_metered = True
        seen = [ceilings(sharing)["a"] for sharing in home.run(62)]
        assert seen == [6.0] * 60 + [32.0] * 2

    def test_together_they_draw_no_more_than_the_safe_minimum(self):
        home = Premises(supply(60.0), {"a": 32.0, "b": 32.0, "c": 32.0})
        home.settle()
        home.is_metered = False
        for sharing in home.run(7200, every_s=10):
            assert sum(ceilings(sharing).values()) <= 6.0

    def test_who_charged_when_we_started_goes_on_until_the_meter_has_had_time_to_speak(self):
        charging = claim(drawn_a=32.0, in_force_a=32.0)
        begun = share(supply(60.0), None, [charging], SharingCarry(), START)
        assert ceilings(begun) == {"a": 32.0}
        assert ceilings(share(supply(60.0), None, [charging], begun.carry, later(9.9))) == {"a": 32.0}
        assert ceilings(share(supply(60.0), None, [charging], begun.carry, later(10))) == {"a": 6.0}

    def test_where_there_is_no_meter_nobody_waits_for_it(self):
        charging = claim(drawn_a=32.0, in_force_a=32.0)
        assert ceilings(share(supply(has_meter=False), None, [charging], SharingCarry(), START)) == {"a": 6.0}

    def test_who_has_not_spoken_since_we_started_keeps_what_it_had_and_nobody_gets_it(self):
        silent = claim("a", drawn_a=None, taken_at=None, in_force_a=20.0)
        other = claim("b")
        carry = SharingCarry()
        for second in range(0, 300, 5):
            words = [silent, replace(other, taken_at=later(second))]
            sharing = share(supply(25.0), metered(22.0, at=later(second)), words, carry, later(second))
            carry = sharing.carry
            assert ceilings(sharing) == {"a": 20.0, "b": 0.0}

    def test_the_owner_may_forbid_charging_without_a_meter(self):
        home = Premises(supply(60.0, without_meter_a=0.0), {"a": 32.0})
        home.settle()
        home.is_metered = False
        assert ceilings(home.step()) == {"a": 0.0}


class TestDamping:
    """The charge point's word and the meter's are rarely of one instant."""

    def risen(self):
        home = Premises(supply(40.0), {"a": 32.0})
        home.settle((30.0, 0, 0))
        for sharing in home.run(90, lambda _: (10.0, 0, 0)):
            if ceilings(sharing)["a"] > 8.0:
                return home
        raise AssertionError("it never rose")

    def test_our_own_rise_is_not_mistaken_for_the_house(self):
        home = self.risen()
        old_word = claim(drawn_a=8.0, taken_at=home.now, in_force_a=28.0)
        at = home.now + timedelta(seconds=2)
        sharing = share(home.supply, metered(38.0, at=at), [old_word], home.carry, at)
        assert ceilings(sharing) == {"a": 28.0}
        assert sharing.house_a[0] == 10.0

    def test_a_real_overload_is_seen_through_the_rise(self):
        home = self.risen()
        at = home.now + timedelta(seconds=2)
        old_word = claim(drawn_a=8.0, taken_at=home.now, in_force_a=28.0)
        sharing = share(home.supply, metered(45.0, at=at), [old_word], home.carry, at)
        assert ceilings(sharing) == {"a": 21.0}

    def test_our_own_fall_is_not_mistaken_for_the_house(self):
        home = Premises(supply(40.0), {"a": 32.0})
        home.settle((5.0, 0, 0))
        home.step((25.0, 0, 0))
        at = home.now + timedelta(seconds=2)
        sharing = share(home.supply, metered(38.0, at=at), [claim(drawn_a=32.0, taken_at=home.now)], home.carry, at)
        assert sharing.house_a[0] == 25.0

    @pytest.mark.parametrize("word", [{"drawn_a": None}, {"taken_at": START - timedelta(hours=1)}])
    def test_a_charge_point_without_a_meter_is_taken_to_draw_what_leaves_the_house_as_it_was(self, word):
        home = self.risen()
        at = home.now + timedelta(seconds=30)
        sharing = share(home.supply, metered(30.0, at=at), [claim(**word, in_force_a=28.0)], home.carry, at)
        assert sharing.house_a[0] == 10.0
        assert ceilings(sharing) == {"a": 28.0}

    def test_a_house_that_flickers_changes_a_ceiling_rarely(self):
        home = Premises(supply(40.0), {"a": 32.0})
        home.settle((5.0, 0, 0))
        seen = [ceilings(s)["a"] for s in home.run(3600, lambda second: (20.0 if second // 20 % 2 else 5.0, 0, 0))]
        assert sum(a != b for a, b in itertools.pairwise(seen)) == 1


class TestStubborn:
    def test_a_charge_point_that_does_not_come_down_counts_as_house(self):
        home = Premises(supply(60.0), {"a": 32.0, "b": 32.0})
        home.settle((5.0, 0, 0), 600)
        home.step((30.0, 0, 0))
        assert home.drawn == {"a": 14.0, "b": 14.0}
        for second in range(1, 18):
            at = home.now + timedelta(seconds=second)
            words = [claim("a", drawn_a=26.5, taken_at=at), claim("b", drawn_a=home.drawn["b"], taken_at=at)]
            total = 30.0 + 26.5 + home.drawn["b"]
            sharing = share(home.supply, metered(total, at=at), words, home.carry, at)
            home.carry = sharing.carry
            home.drawn = ceilings(sharing)
        assert home.drawn == {"a": 14.0, "b": 0.0}

    def test_a_word_from_before_it_was_told_is_held_against_nobody(self):
        home = Premises(supply(60.0), {"a": 32.0, "b": 32.0})
        home.settle((5.0, 0, 0), 600)
        old_word = home.now
        home.step((30.0, 0, 0))
        at = home.now + timedelta(seconds=1)
        words = [claim(key, drawn_a=26.5, taken_at=old_word, in_force_a=14.0) for key in ("a", "b")]
        sharing = share(home.supply, metered(83.0, at=at), words, home.carry, at)
        assert ceilings(sharing) == {"a": 14.0, "b": 14.0}
        assert sharing.house_a[0] == 30.0

    @pytest.mark.parametrize("after_s", [11, 40])
    def test_a_word_from_before_it_came_down_hides_no_overload(self, after_s):
        home = Premises(supply(40.0), {"a": 32.0})
        home.settle((5.0, 0, 0))
        old_word = home.now
        home.step((25.0, 0, 0))
        home.step((25.0, 0, 0))
        at = home.now + timedelta(seconds=after_s)
        word = claim("a", drawn_a=32.0, taken_at=old_word, in_force_a=13.0)
        sharing = share(home.supply, metered(32.0 + 13.0, at=at), [word], home.carry, at)
        assert sharing.house_a[0] == 32.0
        assert ceilings(sharing) == {"a": 6.0}

    def test_it_is_told_to_stop_when_the_supply_is_overloaded(self):
        home = Premises(supply(40.0), {"a": 32.0})
        home.settle((20.0, 0, 0))
        at = home.now + timedelta(seconds=30)
        word = claim("a", drawn_a=32.0, taken_at=at)
        assert ceilings(share(home.supply, metered(52.0, at=at), [word], home.carry, at)) == {"a": 0.0}


class TestTurns:
    def test_who_waits_is_served_after_half_an_hour(self):
        home = Premises(supply(20.0), {"a": 32.0, "b": 32.0})
        served = [
            {key for key, amperes in ceilings(sharing).items() if amperes}
            for sharing in home.run(3600, lambda _: (8.0, 0, 0), every_s=5)
        ]
        assert all(len(keys) <= 1 for keys in served)
        first = next(keys for keys in served if keys)
        assert first == {"a"}
        turned = next(index for index, keys in enumerate(served) if keys == {"b"}) * 5
        assert 1800 <= turned <= 2000

    def test_who_waits_is_told_so(self):
        home = Premises(supply(20.0), {"a": 32.0, "b": 32.0})
        sharing = home.settle((8.0, 0, 0))
        assert sharing.ceilings["b"].cause is SharingCause.TURN
        began_at = sharing.carry.places["a"].begun_at
        assert sharing.ceilings["b"].until_at == began_at + timedelta(seconds=TURN_S)

    def test_a_short_interruption_ends_no_turn(self):
        home = Premises(supply(20.0), {"a": 32.0, "b": 32.0})
        home.settle((8.0, 0, 0))
        home.settle((18.0, 0, 0), 120)
        assert ceilings(home.settle((8.0, 0, 0))) == {"a": 10.0, "b": 0.0}

    def test_a_vehicle_that_leaves_what_it_is_offered_gets_no_more_than_the_floor(self):
        home = Premises(supply(40.0), {"a": 32.0, "b": 32.0})
        home.settle((0.0, 0, 0), 600)
        asleep = claim("a", drawn_a=0.0, taken_at=home.now, is_taking=False, in_force_a=19.0)
        taking = claim("b", drawn_a=19.0, taken_at=home.now, in_force_a=19.0)
        sharing = share(home.supply, metered(19.0, at=home.now), [asleep, taking], home.carry, home.now)
        assert ceilings(sharing) == {"a": 6.0, "b": 19.0}
        for seconds in (1, 61):
            at = home.now + timedelta(seconds=seconds)
            both = [replace(asleep, taken_at=at, in_force_a=6.0), replace(taking, taken_at=at)]
            sharing = share(home.supply, metered(19.0, at=at), both, sharing.carry, at)
        assert ceilings(sharing)["b"] == 32.0

    def test_a_vehicle_alone_keeps_all_while_it_sleeps(self):
        home = Premises(supply(40.0), {"a": 32.0})
        home.settle()
        asleep = claim("a", drawn_a=0.0, taken_at=home.now, is_taking=False)
        assert ceilings(share(home.supply, metered(0.0, at=home.now), [asleep], home.carry, home.now)) == {"a": 32.0}

    def test_what_a_leaving_charge_point_had_is_given_out_after_the_hold_off(self):
        home = Premises(supply(40.0), {"a": 32.0, "b": 32.0})
        home.settle((0.0, 0, 0), 600)
        del home.wishes["a"], home.drawn["a"]
        seen = [ceilings(sharing)["b"] for sharing in home.run(70)]
        assert seen[:60] == [19.0] * 60
        assert seen[-1] == 32.0

    def test_a_clock_set_back_blocks_nothing(self):
        home = Premises(supply(20.0), {"a": 32.0, "b": 32.0})
        home.settle((8.0, 0, 0), 2400)
        home.now -= timedelta(days=1)
        seen = {
            key
            for sharing in home.run(3600, lambda _: (8.0, 0, 0), 5)
            for key, amps in ceilings(sharing).items()
            if amps
        }
        assert seen == {"a", "b"}


class TestPromises:
    """What is waited for behind a random delay."""

    def waiting(self):
        home = Premises(supply(25.0), {"a": 32.0})
        home.settle((5.0, 0, 0))
        home.drawn = {}
        self.shared(home, 5.0)
        self.shared(home, 5.0, after_s=15)
        return home

    def shared(self, home, house_a, after_s=1, **facts):
        home.now += timedelta(seconds=after_s)
        word = claim(taken_at=home.now, **{"rises_at": home.now + timedelta(seconds=200)} | facts)
        sharing = share(home.supply, metered(house_a, at=home.now), [word], home.carry, home.now)
        home.carry = sharing.carry
        return sharing.ceilings["a"]

    def test_a_peak_leaves_nothing_now_but_the_promise(self):
        home = self.waiting()
        assert self.shared(home, 5.0).promised_a == 18.0
        ceiling = self.shared(home, 22.0)
        assert (ceiling.max_a, ceiling.promised_a) == (0.0, 18.0)

    def test_the_promise_ends_with_the_delay(self):
        home = self.waiting()
        self.shared(home, 22.0)
        ceiling = self.shared(home, 22.0, after_s=10, rises_at=home.now + timedelta(seconds=10))
        assert (ceiling.max_a, ceiling.promised_a) == (0.0, 0.0)

    def test_who_waits_for_no_delay_is_promised_no_more_than_there_is(self):
        home = self.waiting()
        ceiling = self.shared(home, 22.0, rises_at=None)
        assert (ceiling.max_a, ceiling.promised_a) == (0.0, 0.0)

    @pytest.mark.requirement("11.9")
    def test_a_delay_from_before_a_restart_is_promised_the_floor(self):
        held = claim(rises_at=later(60))
        for meter in (None, metered(5.0), metered(24.0)):
            ceiling = share(supply(25.0), meter, [held], SharingCarry(), START).ceilings["a"]
            assert (ceiling.max_a, ceiling.promised_a) == (0.0, 6.0)

    def test_who_is_to_relieve_another_is_promised_the_floor_while_that_charges_on(self):
        home = Premises(supply(20.0), {"a": 32.0, "b": 32.0})
        seen = [
            (sharing.ceilings["a"].max_a, sharing.ceilings["b"].max_a, sharing.ceilings["b"].promised_a)
            for sharing in home.run(2400, lambda _: (8.0, 0, 0))
        ]
        begins = seen.index((10.0, 0.0, 6.0))
        assert seen[begins : begins + 25] == [(10.0, 0.0, 6.0)] * 25
        assert seen[begins + 25] == (0.0, 0.0, 0.0)
        assert seen[begins + 36] == (0.0, 10.0, 10.0)


def test_review_comes_when_the_meter_would_be_stale():
    home = Premises(supply(), {"a": 32.0})
    home.settle(for_s=900)
    assert home.step().review_at == home.now + timedelta(seconds=10.001)


def test_without_meter_or_claims_nothing_is_left_to_review_but_the_proof():
    assert share(supply(), None, [], SharingCarry(), START).review_at == later(10)
    idle = share(supply(), None, [], SharingCarry(), START)
    assert share(supply(), None, [], idle.carry, later(3600)).review_at is None


HOUSE = st.lists(st.tuples(*[st.floats(-20, 70)] * 3), min_size=1, max_size=60)
CHARGE_POINTS = st.lists(
    st.tuples(st.sampled_from([6.0, 10.0, 16.0, 32.0]), st.sampled_from([(0,), (1,), (2,), (0, 1, 2), (2, 0, 1)])),
    min_size=1,
    max_size=4,
)


@given(HOUSE, CHARGE_POINTS, st.sampled_from([16.0, 25.0, 40.0, 60.0]), st.sampled_from([1, 7, 30, 65]))
def test_ceilings_with_the_house_never_exceed_the_limit_of_a_fresh_meter(house, charge_points, limit_a, every_s):
    wishes = {str(index): wish_a for index, (wish_a, _) in enumerate(charge_points)}
    phases = {str(index): wired for index, (_, wired) in enumerate(charge_points)}
    home = Premises(supply(limit_a, 3), wishes, phases)
    asked_at, asked = START, {}
    for loads in house:
        sharing = home.step(loads, every_s)
        given_out = ceilings(sharing)
        for key, ceiling_a in given_out.items():
            assert ceiling_a == 0.0 or 6.0 <= ceiling_a <= wishes[key]
        is_settled = (home.now - asked_at).total_seconds() >= SETTLING_S
        for phase in range(3):
            on_phase = sum(amps for key, amps in given_out.items() if phase in phases[key])
            if is_settled:
                assert sharing.house_a[phase] == pytest.approx(loads[phase])
                assert on_phase == 0 or on_phase + loads[phase] <= limit_a + 1e-6
        if given_out != asked:
            asked_at, asked = home.now, given_out


@effort(max_examples=3)
@given(st.integers(2, 4), st.floats(0, 13), st.sampled_from([20.0, 25.0, 32.0]))
@example(count=3, house_a=1.2e-07, limit_a=20.0)  # all but 6 A for the third
def test_over_hours_everybody_gets_as_much(count, house_a, limit_a):
    keys = [str(index) for index in range(count)]
    home = Premises(supply(limit_a), dict.fromkeys(keys, 32.0))
    energy = dict.fromkeys(keys, 0.0)
    swaps, before = [], {}
    for sharing in home.run(count * 3600, lambda _: (house_a, 0, 0), every_s=10):
        now = ceilings(sharing)
        for key in keys:
            energy[key] += now[key] * 10
        if any(before.get(key) and not now[key] for key in keys):
            swaps.append(home.now)
        before = now
    assert all(b - a >= timedelta(minutes=15) for a, b in itertools.pairwise(swaps))
    if limit_a - 2 - house_a >= 6:
        most = max(energy.values())
        assert most - min(energy.values()) <= (limit_a - house_a) * TURN_S + 1
