"""No current is taken away for nothing, however charge point and meter are made: fast, slow, late, or sparing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
import itertools
import math

import pytest

from custom_components.smart_charge.charging.sharing import SharingCarry, share

from .premises import START, claim, metered, supply

pytestmark = pytest.mark.requirement("8.1")

TICK_S = 0.1
HOUSE_A = [(0, 5.0), (120, 25.0), (240, 5.0), (400, 29.0), (520, 5.0)]
LIMIT_A, WISH_A, ENDS_S = 40.0, 30.0, 640


@dataclass(frozen=True)
class Hardware:
    """A vehicle on a charge point, and the meter at the supply.

    ``way_s`` is how long a command takes to arrive; ``word_s`` the time between two words of the charge point, of
    which each is ``word_old_s`` old; ``meter_s`` and ``meter_old_s`` the same of the meter. The vehicle takes ``takes``
    of what it is offered, and begins ``wakes_s`` after it is first offered anything.
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


def lived(hardware: Hardware) -> tuple[Sequence[float], float]:
    """Return the ceilings in their order, and for how many seconds more flowed than the supply carries."""
    carry, drawn, flows = SharingCarry(), [0.0], [0.0]
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
        house_a = next(amps for at, amps in reversed(HOUSE_A) if at <= second)
        flows.append(house_a + drawn[-1])
        above_s += (flows[-1] > LIMIT_A + 0.01) * TICK_S
        is_word = tick % round(hardware.word_s / TICK_S) == round(hardware.word_offset_s / TICK_S)
        is_meter = tick % round(hardware.meter_s / TICK_S) == 0
        if is_word:
            word_a, word_at = drawn[max(0, len(drawn) - 1 - round(hardware.word_old_s / TICK_S))], now
        if is_meter:
            seen_a = flows[max(1, len(flows) - 1 - round(hardware.meter_old_s / TICK_S))]
            meter = metered(seen_a, at=now)
        if not (is_word or is_meter):
            continue
        sharing = share(
            supply(LIMIT_A, meter_interval_s=hardware.meter_s),
            meter,
            [claim("a", WISH_A, drawn_a=word_a, taken_at=word_at, in_force_a=asked_a)],
            carry,
            now,
        )
        carry = sharing.carry
        if (ceiling_a := sharing.ceilings["a"].max_a) != asked_a:
            asked_a = ceiling_a
            orders.append((second + hardware.way_s, asked_a))
            ceilings.append(asked_a)
    return ceilings, above_s


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
    ],
    ids=str,
)
def test_it_is_cut_only_when_the_house_takes_the_current(hardware):
    seen, above_s = lived(hardware)
    falls = [(before, after) for before, after in itertools.pairwise(seen) if after < before]
    assert len(falls) == 2, seen
    assert seen[0] == seen[-1] == WISH_A
    answered_s = hardware.way_s + 30 / hardware.a_per_s + hardware.meter_s + hardware.meter_old_s
    assert above_s <= 2 * (answered_s + TICK_S)
