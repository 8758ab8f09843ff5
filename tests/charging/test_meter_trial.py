"""A grid meter whose phases are not those of the settings is found out where a vehicle makes it show."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

import pytest

from custom_components.smart_charge.charging.claims import Claim
from custom_components.smart_charge.charging.meter_trial import Doubt, Miss, Trial, masked, observed

from .premises import START, THREE_PHASES, metered

pytestmark = pytest.mark.requirement("8.1")

STEP_S, EVERY_S = 60, 3
TRUE = THREE_PHASES
SWAPPED = (1, 0, 2)


@dataclass(frozen=True)
class Vehicle:
    """A vehicle that uses the first phases of its charge point, which ``is_on`` others than it is ``said`` to be."""

    uses: int = 1
    said: tuple[int, ...] = THREE_PHASES
    is_on: tuple[int, ...] = THREE_PHASES
    turns: int = 0

    def asked_a(self, step: int) -> float:
        """Charge and pause in turn, each vehicle in its own rhythm."""
        return 16.0 if (step >> self.turns) % 2 else 0.0


def lived(vehicles: Sequence[Vehicle], clamps: tuple[int, ...] = TRUE, steps: int = 10) -> Trial:
    """Return what is known after an evening; ``clamps`` says which phase each phase of the meter measures."""
    trial, random = Trial(), Random(3)
    for second in range(0, steps * STEP_S, EVERY_S):
        now = START + timedelta(seconds=second)
        house = [4.0 + random.random() for _ in range(3)]
        asked = [vehicle.asked_a(second // STEP_S) for vehicle in vehicles]
        drawn = [vehicle.asked_a(max(0, second - EVERY_S) // STEP_S) for vehicle in vehicles]
        flows = [
            house[phase]
            + sum(amps for amps, one in zip(drawn, vehicles, strict=True) if phase in one.is_on[: one.uses])
            for phase in range(3)
        ]
        claims = [
            Claim(
                key=str(index),
                wish_a=16.0,
                phases=one.said,
                drawn_a=(drawn[index], drawn[index] * (one.uses > 1), drawn[index] * (one.uses > 2)),
                taken_at=now,
                in_force_a=asked[index],
            )
            for index, one in enumerate(vehicles)
        ]
        trial = observed(trial, metered(*(flows[clamp] for clamp in clamps), at=now), claims, now)
    return trial


def elsewhere(shows_on: int) -> Miss:
    return Miss(doubt=Doubt.OTHER_PHASE, shows_on=shows_on)


@pytest.mark.parametrize(
    ("vehicle", "clamps", "doubts"),
    [
        (Vehicle(), SWAPPED, {0: elsewhere(1)}),
        (Vehicle(said=(1, 2, 0), is_on=(1, 2, 0)), SWAPPED, {1: elsewhere(0)}),
        (Vehicle(is_on=(1, 2, 0)), TRUE, {0: elsewhere(1)}),
        (Vehicle(is_on=(2, 0, 1)), TRUE, {0: elsewhere(2)}),
        (Vehicle(said=(1,), is_on=(2,)), TRUE, {1: elsewhere(2)}),
        (Vehicle(uses=2, is_on=(1, 2, 0)), TRUE, {0: elsewhere(2)}),
        (Vehicle(uses=2), (2, 1, 0), {0: elsewhere(2)}),
    ],
)
def test_a_load_on_another_phase_is_found_and_the_phase_named(vehicle, clamps, doubts):
    assert lived([vehicle], clamps).doubts == doubts


@pytest.mark.parametrize("uses", [1, 2, 3])
@pytest.mark.parametrize("wiring", [TRUE, (1, 2, 0), (2, 0, 1)])
def test_who_is_wired_as_said_raises_no_doubt(uses, wiring):
    assert lived([Vehicle(uses=uses, said=wiring, is_on=wiring)], steps=20).doubts == {}


def test_a_swap_that_a_vehicle_of_three_phases_cannot_show_raises_none():
    assert lived([Vehicle(uses=3)], SWAPPED).doubts == {}


def test_one_of_two_charge_points_that_is_wired_otherwise_is_found_beside_the_other():
    wrong = Vehicle(said=(0,), is_on=(1,))
    trial = lived([wrong, Vehicle(uses=3, turns=1)], steps=24)
    assert trial.doubts.get(0) == elsewhere(1)


def test_of_a_doubted_phase_alone_nothing_is_known_any_more():
    trial = lived([Vehicle()], SWAPPED)
    reading = metered(20.0, 5.0, 5.0)
    assert masked(reading, trial).current_a == (None, 5.0, 5.0)
