"""No current is taken away for nothing, however charge point and meter are made: fast, slow, late, or sparing.

Nor on any phase: a vehicle of fewer phases than its charge point, a rotated charge point, one that tells a total.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
import itertools
import math

import pytest

from custom_components.smart_charge.charging.claims import Claim
from custom_components.smart_charge.charging.model import NOMINAL_V
from custom_components.smart_charge.charging.sharing import SharingCarry, share

from .premises import ONE_PHASE, START, THREE_PHASES, metered, supply

pytestmark = pytest.mark.requirement("8.1")

TICK_S = 0.1
HOUSE_A = [(0, 5.0), (120, 25.0), (240, 5.0), (400, 29.0), (520, 5.0)]
CALM_A = 3.0
VOLTAGE_V = 241.0
LIMIT_A, WISH_A, ENDS_S = 40.0, 30.0, 640


@dataclass(frozen=True)
class Hardware:
    """A vehicle on a charge point, and the meter at the supply.

    ``way_s`` is how long a command takes to arrive; ``word_s`` the time between two words of the charge point, of
    which each is ``word_old_s`` old; ``meter_s`` and ``meter_old_s`` the same of the meter. The vehicle takes ``takes``
    of what it is offered, and begins ``wakes_s`` after it is first offered anything. ``wired`` are the supply's phases
    behind those of the charge point, of which the vehicle uses the first ``uses``; the house is busy on ``busy``.
    It ``tells`` what it draws on each phase, in total, on the first, or both of these.
    """

    way_s: float = 0.2
    a_per_s: float = 60.0
    word_s: float = 5.0
    word_old_s: float = 0.0
    meter_s: float = 1.0
    meter_old_s: float = 0.0
    takes: float = 1.0
    rounds_down: bool = False
    wakes_s: float = 0.0
    word_offset_s: float = 0.0
    wired: tuple[int, ...] = ONE_PHASE
    uses: int = 1
    busy: int = 0
    tells: str = "each"

    def house_a(self, second: float) -> tuple[float, float, float]:
        """Return what the house draws on each phase."""
        busy_a = next(amps for at, amps in reversed(HOUSE_A) if at <= second)
        a, b, c = (busy_a if phase == self.busy else CALM_A for phase in range(3))
        return a, b, c

    def flows_a(self, drawn_a: float, second: float) -> tuple[float, ...]:
        """Return what flows on each phase of the supply."""
        used = self.wired[: self.uses]
        return tuple(house_a + drawn_a * (phase in used) for phase, house_a in enumerate(self.house_a(second)))

    def says(self, drawn_a: float, taken_at: datetime, asked_a: float) -> Claim:
        """Return what the charge point claims, in its own words."""
        facts = {"key": "a", "wish_a": WISH_A, "phases": self.wired, "taken_at": taken_at, "in_force_a": asked_a}
        if self.tells != "each":
            total_a = drawn_a * self.uses * VOLTAGE_V / NOMINAL_V
            first_a = None if self.tells == "total" else drawn_a
            return Claim(**facts, drawn_a=(first_a, None, None), total_a=total_a if "total" in self.tells else None)
        a, b, c = (drawn_a * (own < self.uses) if own < len(self.wired) else None for own in range(3))
        return Claim(**facts, drawn_a=(a, b, c))


def lived(hardware: Hardware) -> tuple[Sequence[float], float]:
    """Return the ceilings in their order, and for how many seconds more flowed than the supply carries."""
    carry, drawn, flows = SharingCarry(), [0.0], [hardware.flows_a(0.0, 0.0)]
    phases = max(hardware.wired) + 1
    orders, asked_a, word_a, word_at, meter = [(0.0, 0.0)], 0.0, 0.0, START, None
    ceilings, above_s, woken_s = [], 0.0, math.inf
    for tick in range(int(ENDS_S / TICK_S)):
        second = tick * TICK_S
        now = START + timedelta(seconds=second)
        target_a = next(amps for at, amps in reversed(orders) if at <= second + 1e-9)
        woken_s = min(woken_s, second) if target_a else math.inf
        target_a = target_a * hardware.takes if second >= woken_s + hardware.wakes_s else 0.0
        target_a = math.floor(target_a) if hardware.rounds_down else target_a
        step_a = hardware.a_per_s * TICK_S
        drawn.append(drawn[-1] + min(max(target_a - drawn[-1], -step_a), step_a))
        flows.append(hardware.flows_a(drawn[-1], second))
        above_s += (max(flows[-1]) > LIMIT_A + 0.01) * TICK_S
        is_word = tick % round(hardware.word_s / TICK_S) == round(hardware.word_offset_s / TICK_S)
        is_meter = tick % round(hardware.meter_s / TICK_S) == 0
        if is_word:
            word_a, word_at = drawn[max(0, len(drawn) - 1 - round(hardware.word_old_s / TICK_S))], now
        if is_meter:
            seen_a = flows[max(1, len(flows) - 1 - round(hardware.meter_old_s / TICK_S))]
            meter = metered(*seen_a[:phases], at=now)
        if not (is_word or is_meter):
            continue
        sharing = share(
            supply(LIMIT_A, phases, meter_interval_s=hardware.meter_s),
            meter,
            [hardware.says(word_a, word_at, asked_a)],
            carry,
            now,
        )
        carry = sharing.carry
        if (ceiling_a := sharing.ceilings["a"].max_a) != asked_a:
            asked_a = ceiling_a
            orders.append((second + hardware.way_s, asked_a))
            ceilings.append(asked_a)
    return ceilings, above_s


def answered_s(hardware: Hardware) -> float:
    """Return how long the house's step can last before the vehicle has come down for it."""
    return hardware.way_s + WISH_A / hardware.a_per_s + hardware.meter_s + hardware.meter_old_s


@pytest.mark.parametrize(
    "hardware",
    [
        Hardware(),
        Hardware(word_s=1.0),
        Hardware(word_s=1.0, word_offset_s=0.3),
        Hardware(word_s=1.0, word_offset_s=0.7, meter_old_s=1.0),
        Hardware(word_s=2.0, meter_old_s=2.0),
        Hardware(way_s=2.0, a_per_s=6.0),
        Hardware(way_s=2.0, a_per_s=6.0, word_s=1.0, word_old_s=1.0),
        Hardware(way_s=1.0, a_per_s=32 / 5, word_s=10.0, word_offset_s=6.3),
        Hardware(way_s=2.0, a_per_s=32 / 30),
        Hardware(way_s=2.0, a_per_s=32 / 30, word_s=10.0),
        Hardware(way_s=2.0, a_per_s=32 / 30, meter_s=5.0),
        Hardware(takes=0.9),
        Hardware(takes=0.5, word_s=10.0),
        Hardware(rounds_down=True, word_s=1.0),
        Hardware(wakes_s=30.0),
        Hardware(wakes_s=25.0, meter_s=5.0, word_offset_s=3.0),
        Hardware(meter_s=5.0, word_offset_s=2.4),
        Hardware(meter_s=5.0, meter_old_s=2.0, word_s=1.0),
        Hardware(meter_s=10.0, word_s=10.0, word_offset_s=4.0),
        Hardware(wired=THREE_PHASES, uses=3),
        *(Hardware(wired=THREE_PHASES, busy=busy, word_s=1.0) for busy in range(3)),
        *(Hardware(wired=(1, 2, 0), uses=uses, busy=busy) for busy in range(3) for uses in (1, 3)),
        *(Hardware(wired=(2, 0, 1), uses=2, busy=busy, way_s=2.0, a_per_s=6.0) for busy in range(3)),
    ],
    ids=str,
)
def test_it_is_cut_only_when_the_house_takes_the_current(hardware):
    seen, above_s = lived(hardware)
    falls = [(before, after) for before, after in itertools.pairwise(seen) if after < before]
    assert len(falls) == 2, seen
    assert seen[0] == seen[-1] == WISH_A
    assert above_s <= 2 * (answered_s(hardware) + TICK_S)


@pytest.mark.parametrize(
    "hardware",
    [
        Hardware(tells="total"),
        Hardware(tells="total", takes=0.7, word_s=1.0),
        Hardware(tells="total", takes=0.5, word_s=1.0),
        *(
            Hardware(wired=THREE_PHASES, uses=uses, busy=busy, tells=tells)
            for uses in (1, 2, 3)
            for busy in (0, 2)
            for tells in ("total", "first", "first and total")
        ),
        Hardware(wired=(1, 2, 0), uses=3, busy=1, tells="total", way_s=2.0, a_per_s=6.0, word_s=1.0),
        Hardware(wired=(1, 2, 0), uses=1, busy=1, tells="total", takes=0.9, word_s=10.0),
    ],
    ids=str,
)
def test_one_that_tells_not_all_of_its_phases_is_cut_no_more_often_nor_left_with_less(hardware):
    seen, above_s = lived(hardware)
    falls = [(before, after) for before, after in itertools.pairwise(seen) if after < before]
    is_clear = hardware.uses != 2 and hardware.takes == 1
    least = 0.8 if hardware.tells == "first" else 1.0 if is_clear else 0.9
    assert len(falls) <= 2, seen
    assert seen[-1] >= WISH_A * least
    assert above_s <= 2 * (answered_s(hardware) + TICK_S)
