"""What a register that meter values do not tell must be: intervals added up, and what starts and stops say."""

from collections.abc import Iterable
from datetime import datetime

from .measurands import Measurand, Sample, total
from .memory import Memory
from .plausibility import RegisterScale
from .wire_time import read, write


class Registers:
    """One connector's register of what was taken, in Wh, as far as it is known."""

    def __init__(self, memory: Memory, scale: RegisterScale) -> None:
        self._memory = memory
        self._scale = scale
        self._is_news = False

    async def keep(self) -> None:
        """Store what a restart must know."""
        if self._is_news:
            self._is_news = False
            await self._memory.keep()

    def showed(self, wh: int) -> None:
        """Hear what meter values showed, in Wh."""
        self._memory.section("shown")["wh"] = wh

    def in_wh(self, shown: float | None) -> int | None:
        """Return what a message of meter values shows."""
        return None if shown is None else round(shown * self._scale.factor)

    def told(self, shown: int | None) -> int | None:
        """Return what a start or a stop shows: in the unit that brings it closer to what meter values showed."""
        known, factor = self._memory.section("shown").get("wh"), self._scale.factor
        if shown is None or known is None or factor == 1.0:
            return shown
        return min((shown, round(shown * factor)), key=lambda wh: abs(wh - known))

    def added(self, samples: Iterable[Sample], known_wh: int | None) -> int | None:
        """Return the register that intervals add up to; None where these samples hold no new one."""
        stored = self._memory.section("shown")
        last_at = read(stored.get("interval_at"))
        found: dict[datetime, dict[str | None, float]] = {}
        for sample in samples:
            if sample.measurand is Measurand.INTERVAL and (last_at is None or sample.at > last_at):
                found.setdefault(sample.at, {})[sample.phase] = sample.value
        if not found:
            return None
        gained_wh = sum(total(phases) or 0.0 for phases in found.values())
        wh = round((stored.get("wh", 0) if known_wh is None else known_wh) + gained_wh)
        stored.update(wh=wh, interval_at=write(max(found)))
        self._is_news = True
        return wh
