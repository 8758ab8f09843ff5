"""Several charge points on one supply, shared as the site does it: before each decision, with the meter's last word.

The charge points obey at once, so house and charge points together must never be above the limit, not for a
second, as long as the house alone is not.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import Any

from custom_components.smart_charge.charging.claims import Claim, Supply
from custom_components.smart_charge.charging.decide import wish_before_supply_a
from custom_components.smart_charge.charging.grid_meter import GridReading
from custom_components.smart_charge.charging.model import Ceiling, Situation
from custom_components.smart_charge.charging.override import is_charge_now
from custom_components.smart_charge.charging.sharing import Sharing, SharingCarry, share

from .home import Home

ROUNDS = 10
BARELY_A = 1e-6

type Loads = tuple[float, float, float]
type Dice = Callable[[Home], float]


@dataclass
class Premises:
    """The supply, the house behind its meter, and the charge points by name."""

    supply: Supply
    homes: dict[str, Home]
    phases: dict[str, tuple[int, ...]]
    house_a: Loads = (0.0, 0.0, 0.0)
    has_meter: bool = True
    meter: GridReading | None = None
    carry: SharingCarry = field(default_factory=SharingCarry)
    sharing: Sharing | None = None
    is_free: bool = False
    """Whether setpoints may change and delays be drawn where the day's file says nothing."""
    random: Random = field(default_factory=lambda: Random(20270112))

    def __post_init__(self) -> None:
        for name, home in self.homes.items():
            home.share = lambda situation, name=name: self._share_for(name, situation)

    @property
    def now(self) -> datetime:
        return next(iter(self.homes.values())).now

    @property
    def is_running(self) -> bool:
        return any(home.is_running for home in self.homes.values())

    def wait_until(self, at: datetime) -> None:
        """Let time pass, from review to review."""
        while (due_at := self._due_at()) is not None and due_at < at:
            self._pass_to(due_at)
            before = {name: (home.wall.setpoint_a, home.carry.last_draw_s) for name, home in self.homes.items()}
            self.step(lambda _: self.random.random() if self.is_free else 0.5)
            after = {name: (home.wall.setpoint_a, home.carry.last_draw_s) for name, home in self.homes.items()}
            assert self.is_free or before == after, f"unlisted change at {self.now}: {before} to {after}"
        self._pass_to(at)

    def step(self, dice: Dice) -> None:
        """Let the meter and every charge point speak, and all decide until nobody's share changes any more."""
        if not self.is_running:
            return
        decided_on: dict[str, Any] = {}
        for _ in range(ROUNDS):
            self.read_meter()
            due = [name for name, home in self.homes.items() if self._share_of(name) != decided_on.get(name, "nothing")]
            if not due:
                break
            for name in due:
                self.homes[name].step(dice(self.homes[name]))
                decided_on[name] = self._share_of(name)
        else:
            raise AssertionError(f"they never agree at {self.now}: {self.sharing}")
        self._check_limit()

    def start(self) -> None:
        """Home Assistant starts: who has whose turn is forgotten, and the meter has not spoken yet."""
        self.carry, self.sharing, self.meter = SharingCarry(), None, None
        for home in self.homes.values():
            home.start()

    def _share_of(self, name: str) -> Ceiling | None:
        return None if self.sharing is None else self.sharing.ceilings.get(name)

    def _due_at(self) -> datetime | None:
        reviews = [home.decision.review_at for home in self.homes.values() if home.is_running and home.decision]
        if self.is_running and self.sharing is not None:
            reviews.append(self.sharing.review_at)
        return min((at for at in reviews if at is not None and at > self.now), default=None)

    def _pass_to(self, at: datetime) -> None:
        for home in self.homes.values():
            home._pass_to(at)

    def read_meter(self) -> None:
        """Let the meter say what flows, unless it is silent."""
        if self.has_meter:
            words = [None if limit is None else self._total_a(p) for p, limit in enumerate(self.supply.limit_a)]
            self.meter = GridReading(taken_at=self.now, current_a=(words[0], words[1], words[2]))

    def _total_a(self, phase: int) -> float:
        return self.house_a[phase] + self._drawn_a(phase)

    def _drawn_a(self, phase: int) -> float:
        return sum(home.wall.drawn_a for name, home in self.homes.items() if phase in self.phases[name])

    def _share_for(self, asking: str, situation: Situation) -> Ceiling | None:
        self.read_meter()
        claims = [self._claim(name, home, situation if name == asking else None) for name, home in self.homes.items()]
        self.sharing = share(self.supply, self.meter, claims, self.carry, self.now)
        self.carry = self.sharing.carry
        return self.sharing.ceilings.get(asking)

    def _claim(self, name: str, home: Home, situation: Situation | None) -> Claim:
        if situation is not None:
            home.wish_a = wish_before_supply_a(situation)
        wired = len(self.phases[name])
        reading = home.reading
        return Claim(
            key=name,
            wish_a=home.wish_a,
            phases=self.phases[name],
            drawn_a=tuple(home.wall.drawn_a if reading and own < wired else None for own in range(3)),
            taken_at=None if reading is None else reading.taken_at,
            in_force_a=home.carry.in_force_a,
            is_taking=not home.wall.is_full,
            rises_at=home.carry.rises_at,
            is_by_hand=is_charge_now(home.carry),
            is_at_once=home.carry.override is not None and home.carry.override.begins_charging,
        )

    def _check_limit(self) -> None:
        if not self.has_meter:
            return
        for phase, limit_a in enumerate(self.supply.limit_a):
            drawn_a = self._drawn_a(phase)
            assert limit_a is not None or drawn_a == 0, f"nothing is wired to phase {phase + 1}"
            if drawn_a and limit_a is not None:
                assert self._total_a(phase) <= limit_a + BARELY_A, f"above the limit at {self.now}: {self.sharing}"


def loads_of(words: float | list[float]) -> Loads:
    """What the house draws, from a day's file: one number, or one for each phase."""
    if isinstance(words, list):
        return float(words[0]), float(words[1]), float(words[2])
    return float(words), 0.0, 0.0


def supply_of(words: Mapping[str, Any]) -> Supply:
    """The supply, from a day's file: ``limit_a``, ``phases`` (1 if not said), and others as the core calls them."""
    phases = words.get("phases", 1)
    others = {name: value for name, value in words.items() if name not in ("limit_a", "phases")}
    limits = [float(words["limit_a"]) if phase < phases else None for phase in range(3)]
    return Supply(limit_a=(limits[0], limits[1], limits[2]), **others)
