"""A house, its meter and its charge points, followed step by step without a clock."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from custom_components.smart_charge.charging.claims import Claim, Supply
from custom_components.smart_charge.charging.grid_meter import GridReading
from custom_components.smart_charge.charging.sharing import Sharing, SharingCarry, share

START = datetime(2027, 1, 12, 18, tzinfo=UTC)
ONE_PHASE = (0,)
THREE_PHASES = (0, 1, 2)


def supply(limit_a: float = 60.0, phases: int = 1, **changes) -> Supply:
    limits = [limit_a if phase < phases else None for phase in range(3)]
    return Supply(**{"limit_a": tuple(limits)} | changes)


def claim(key: str = "a", wish_a: float = 32.0, phases=ONE_PHASE, drawn_a: float | None = 0.0, **changes) -> Claim:
    drawn = tuple(drawn_a if own < len(phases) else None for own in range(3))
    facts = {"key": key, "wish_a": wish_a, "phases": phases, "drawn_a": drawn, "taken_at": START}
    return Claim(**facts | changes)


def metered(*current_a: float | None, at: datetime = START) -> GridReading:
    return GridReading(taken_at=at, current_a=(*current_a, *([None] * (3 - len(current_a)))))


@dataclass
class Premises:
    """Charge points that draw what they may, at once, and say so at the instant of the meter."""

    supply: Supply
    wishes: dict[str, float]
    phases: dict[str, tuple[int, ...]] = field(default_factory=dict)
    now: datetime = START
    drawn: dict[str, float] = field(default_factory=dict)
    carry: SharingCarry = field(default_factory=SharingCarry)
    is_metered: bool = True

    def step(self, house_a=(0.0, 0.0, 0.0), after_s: float = 1.0) -> Sharing:
        self.now += timedelta(seconds=after_s)
        claims = [
            claim(
                key,
                wish_a,
                self.phases.get(key, ONE_PHASE),
                self.drawn.get(key, 0.0),
                taken_at=self.now,
                in_force_a=self.drawn.get(key, 0.0),
            )
            for key, wish_a in self.wishes.items()
        ]
        meter = metered(*(self._total(phase, house_a[phase]) for phase in range(3)), at=self.now)
        sharing = share(self.supply, meter if self.is_metered else None, claims, self.carry, self.now)
        self.carry = sharing.carry
        self.drawn = {key: ceiling.max_a for key, ceiling in sharing.ceilings.items()}
        return sharing

    def run(self, for_s: int, house_a: Callable[[int], tuple] = lambda _: (0.0, 0.0, 0.0), every_s: int = 1):
        """Yield what each step says."""
        for second in range(0, for_s, every_s):
            yield self.step(house_a(second), every_s)

    def settle(self, house_a=(0.0, 0.0, 0.0), for_s: int = 300) -> Sharing:
        for _ in range(for_s // 5):
            sharing = self.step(house_a, 5)
        return sharing

    def _total(self, phase: int, house_a: float) -> float:
        drawing = (key for key in self.wishes if phase in self.phases.get(key, ONE_PHASE))
        return house_a + sum(self.drawn.get(key, 0.0) for key in drawing)


def ceilings(sharing: Sharing) -> dict[str, float]:
    return {key: ceiling.max_a for key, ceiling in sharing.ceilings.items()}
