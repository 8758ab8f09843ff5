"""Sharing over hours, with commands on their way, ramps, random delays, and a meter that is not perfect."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random

from hypothesis import given, settings as effort, strategies as st
import pytest

from custom_components.smart_charge.charging.claims import Claim, Supply
from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.grid_meter import GridReading
from custom_components.smart_charge.charging.model import Carry, ConnectorStatus, Mode, Reading, Settings, Situation
from custom_components.smart_charge.charging.sharing import SharingCarry, share

from .premises import START, claim, metered, supply

pytestmark = pytest.mark.requirement("8.1")

COMMAND_S, RAMP_A_PER_S = 2, 6.4
REACTS_WITHIN_S = 10 + 10 + COMMAND_S + 5
"""A silent meter is noticed in 10 s; our own change may hide the house for 10 s; then the way there and the ramp."""


@dataclass
class Point:
    """A vehicle that obeys late, behind the decisions of its own loop."""

    key: str
    carry: Carry = field(default_factory=Carry)
    drawn_a: float = 0.0
    orders: list[tuple[int, float]] = field(default_factory=list)
    energy_as: float = 0.0

    def step(self, second: int) -> None:
        due = [amperes for at, amperes in self.orders if at <= second]
        target_a = due[-1] if due else 0.0
        self.drawn_a += min(max(target_a - self.drawn_a, -RAMP_A_PER_S), RAMP_A_PER_S)
        self.energy_as += self.drawn_a

    def decide(self, second: int, now: datetime, ceiling, dice: float) -> None:
        settings = Settings(rated_a=32.0, mode=Mode.ALWAYS)
        reading = Reading(taken_at=now, status=ConnectorStatus.CHARGING)
        facts = Situation(now=now, dice=dice, settings=settings, reading=reading, carry=self.carry, supply=ceiling)
        decision = decide(facts)
        assert decision.setpoint_a == 0 or 6 <= decision.setpoint_a <= ceiling.max_a
        if decision.setpoint_a != self.carry.in_force_a:
            self.orders = [*self.orders[-3:], (second + COMMAND_S, decision.setpoint_a)]
        self.carry = decision.carry


@dataclass
class Street:
    """One phase, its house and its meter, whose words may be lost, said twice or come late."""

    supply: Supply
    points: list[Point]
    random: Random
    carry: SharingCarry = field(default_factory=SharingCarry)
    words: list[GridReading] = field(default_factory=list)

    def live(self, second: int, house_a: float, *, says: str = "now", is_told: bool = True) -> float:
        """Let a second pass; return what flows."""
        now = START + timedelta(seconds=second)
        for point in self.points:
            point.step(second)
        total_a = house_a + sum(point.drawn_a for point in self.points)
        if not is_told:
            return total_a
        self.words = [*self.words[-9:], metered(total_a, at=now)]
        match says:
            case "now":
                meter = self.words[-1]
            case "late":
                meter = self.words[-min(4, len(self.words))]
            case _:
                meter = None if says == "nothing" else self.words[0]
        told = [self._claim(point, now) for point in self.points]
        sharing = share(self.supply, meter, told, self.carry, now)
        again = share(self.supply, meter, told, sharing.carry, now)
        assert again.ceilings == sharing.ceilings, "asked twice, it says two things"
        self.carry = sharing.carry
        for point in self.points:
            point.decide(second, now, sharing.ceilings[point.key], self.random.random())
        return total_a

    def _claim(self, point: Point, now: datetime) -> Claim:
        facts = claim(point.key, drawn_a=point.drawn_a, taken_at=now, in_force_a=point.carry.in_force_a)
        return replace(facts, rises_at=point.carry.rises_at)


def street(count: int, limit_a: float, seed: int = 1) -> Street:
    return Street(supply=supply(limit_a), points=[Point(str(index)) for index in range(count)], random=Random(seed))


@effort(max_examples=5)
@given(
    st.lists(
        st.tuples(
            st.integers(20, 100), st.floats(-10, 22), st.sampled_from(["now", "now", "late", "twice", "nothing"])
        ),
        min_size=2,
        max_size=5,
    ),
    st.integers(1, 3),
    st.sampled_from([25.0, 40.0]),
    st.integers(0, 1000),
)
def test_what_flows_is_above_the_limit_only_while_a_step_of_the_house_is_answered(house, count, limit_a, seed):
    home = street(count, limit_a, seed)
    second = rose_at = 0
    before_a = -100.0
    for lasts_s, house_a, says in house:
        rose_at = second if house_a > before_a else rose_at
        before_a = house_a
        for _ in range(lasts_s):
            flows_a = home.live(second, house_a, says=says)
            assert flows_a <= limit_a + 1e-6 or second - rose_at <= REACTS_WITHIN_S
            second += 1


def test_with_random_delays_two_get_about_as_much():
    home = street(2, 25.0)
    for second in range(6600):
        home.live(second, 14.0 if second % 1500 < 1400 else 22.0, is_told=second % 5 == 0)
    energies = [point.energy_as / 3600 for point in home.points]
    assert min(energies) >= 0.6 * max(energies)
    assert sum(energies) >= 0.6 * 9.0 * 6600 / 3600
