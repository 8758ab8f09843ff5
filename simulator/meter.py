"""The meter inside the charge point, and the truth that no meter shows."""

from dataclasses import dataclass, field
from datetime import datetime
import math
import random


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """What the meter shows at one instant. Phases without a wire are None."""

    power_w: float
    power_per_phase_w: tuple[float | None, float | None, float | None]
    current_a: tuple[float | None, float | None, float | None]
    voltage_v: tuple[float | None, float | None, float | None]
    register_wh: int
    temperature_c: float
    frequency_hz: float = 50.0


@dataclass(kw_only=True)
class Truth:
    """What really happened, for a test to compare with.

    ``power`` has one (instant, W) entry for each change; the value holds until the next entry.
    ``energy_wh`` is everything ever delivered by this charge point since the world began.
    """

    energy_wh: float = 0.0
    power: list[tuple[datetime, float]] = field(default_factory=list)

    def note_power(self, now: datetime, power_w: float) -> None:
        """Remember a change of power."""
        if not self.power or abs(self.power[-1][1] - power_w) > 0.5:
            self.power.append((now, power_w))

    def energy_between(self, begin_at: datetime, end_at: datetime) -> float:
        """Energy in Wh delivered in the period, from the record of power."""
        total_ws = 0.0
        edges = [*self.power[1:], (end_at, 0.0)]
        for (from_at, power_w), (to_at, _) in zip(self.power, edges, strict=True):
            seconds = (min(to_at, end_at) - max(from_at, begin_at)).total_seconds()
            total_ws += power_w * max(0.0, seconds)
        return total_ws / 3600


class Meter:
    """A class 1 meter: an energy register that keeps its value without power, and noisy live values."""

    def __init__(self, *, register_wh: float, noise: float, seed: int) -> None:
        self.register_wh = register_wh
        self.noise = noise
        self._random = random.Random(seed)

    def count(self, energy_wh: float) -> None:
        """Add delivered energy to the register."""
        self.register_wh += energy_wh

    def noisy(self, value: float, share: float = 1.0) -> float:
        """``value`` as the meter shows it: normally distributed, and never off by more than ``noise``."""
        limit = self.noise * share
        return value * (1 + max(-limit, min(limit, self._random.gauss(0.0, limit / 3))))

    @property
    def shown_wh(self) -> int:
        """The register in whole Wh."""
        return math.floor(self.register_wh)
