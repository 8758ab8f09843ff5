"""Numbers that are a thousand times too large or too small: watts called kilowatts, and the reverse (OCPP notes A5)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from .memory import Memory

THOUSAND: Final = 1000.0

MOST_W: Final = 250_000.0
"""More than any charge point of ours passes: three phases of 250 A are 173 kW."""

APPARENT_W: Final = 1000.0
"""Below this, current times voltage may be a vehicle's filters."""

LOOSE: Final = 2.0
"""A thousand, give or take this factor: no power factor, no phase that is not measured, explains that."""

SURE: Final = 1.01
"""The same register, told twice within seconds."""

ENOUGH_WH: Final = 1000.0
GAP: Final = timedelta(minutes=2)


def _is_thousand(ratio: float, slack: float) -> bool:
    return THOUSAND / slack <= ratio <= THOUSAND * slack


def plausible_power(power_w: float, apparent_w: float | None) -> float | None:
    """Return a power in watt, seen beside current times voltage where those were measured; None for nonsense."""
    size = abs(power_w)
    if apparent_w is not None and apparent_w >= APPARENT_W and size > 0:
        if _is_thousand(size / apparent_w, LOOSE):
            return power_w / THOUSAND
        if _is_thousand(apparent_w / size, LOOSE):
            return power_w * THOUSAND
    if size > MOST_W:
        power_w /= THOUSAND
    return power_w if abs(power_w) <= MOST_W else None


class RegisterScale:
    """By what one charge point's register must be multiplied to be watt-hours; learnt once, and stored.

    Two things show it: the same register told at the beginning of a transaction, which has no unit to
    be wrong about; and what the power adds up to.
    """

    def __init__(self, memory: Memory, count: Callable[[str], None]) -> None:
        self._memory = memory
        self._count = count
        self._started_wh: int | None = None
        self._power_w: float | None = None
        self._base: float | None = None
        self._expected_wh = 0.0
        self._at: datetime | None = None

    @property
    def factor(self) -> float:
        """What to multiply by."""
        factor = self._memory.section("register").get("factor")
        return float(factor) if factor in (THOUSAND, 1 / THOUSAND) else 1.0

    def forget(self) -> None:
        """Hear of another firmware: its mistakes are others."""
        self._memory.section("register").clear()
        self._base = None

    def started(self, meter_start_wh: int | None) -> None:
        """Hear the register at the beginning of a transaction."""
        self._started_wh = meter_start_wh
        self._base = None

    def scaled(self, register: float, power_w: float | None, at: datetime) -> float:
        """Return a register in watt-hours; ``register`` is in what it was said to be in."""
        self._compare_with_start(register)
        self._compare_with_power(register, power_w, at)
        return register * self.factor

    def _compare_with_start(self, register: float) -> None:
        started_wh, self._started_wh = self._started_wh, None
        if not started_wh or started_wh < THOUSAND or register <= 0:
            return
        if _is_thousand(started_wh / (register * self.factor), SURE):
            self._learn(self.factor * THOUSAND)
        elif _is_thousand(register * self.factor / started_wh, SURE):
            self._learn(self.factor / THOUSAND)

    def _compare_with_power(self, register: float, power_w: float | None, at: datetime) -> None:
        before_at, before_w = self._at, self._power_w
        self._at, self._power_w = at, power_w
        if before_at is None or before_w is None or power_w is None or not timedelta() <= at - before_at <= GAP:
            self._base = None
            return
        if self._base is None or register < self._base:
            self._base, self._expected_wh = register, 0.0
            return
        self._expected_wh += (before_w + power_w) / 2 * (at - before_at).total_seconds() / 3600
        if self._expected_wh < ENOUGH_WH or register == self._base:
            return
        counted_wh = (register - self._base) * self.factor
        if _is_thousand(counted_wh / self._expected_wh, LOOSE):
            self._learn(self.factor / THOUSAND)
        elif _is_thousand(self._expected_wh / counted_wh, LOOSE):
            self._learn(self.factor * THOUSAND)
        self._base = None

    def _learn(self, factor: float) -> None:
        self._count("register_scaled")
        self._memory.section("register")["factor"] = factor
