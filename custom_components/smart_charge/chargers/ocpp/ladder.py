"""Where on the ladder of ways to say a setpoint one charge point was found to listen."""

from .bench import Bench
from .memory import Memory
from .rungs import Rung, rungs


class Ladder:
    """Finds and remembers the rung on which one charge point listens."""

    def __init__(self, bench: Bench, memory: Memory) -> None:
        self._bench = bench
        self._memory = memory

    @property
    def rungs(self) -> tuple[Rung, ...]:
        """The rungs that may be tried."""
        return rungs(self._bench.smart)

    @property
    def current(self) -> Rung:
        """Where this charge point was found to listen; the first until that is known."""
        name = self._memory.section("lease").get("rung")
        ladder = self.rungs
        return next((rung for rung in ladder if rung.name == name), ladder[0])

    @property
    def in_turn(self) -> list[Rung]:
        """The current rung and those behind it, then those before it that leave nothing behind."""
        ladder = self.rungs
        begin = ladder.index(self.current)
        return [*ladder[begin:], *(rung for rung in ladder[:begin] if not rung.outlives_transaction)]

    def next_to(self, rung: Rung) -> Rung:
        """Return the rung behind this one; behind the last comes the first."""
        ladder = self.rungs
        return ladder[(ladder.index(rung) + 1) % len(ladder)]

    async def remember(self, rung: Rung) -> None:
        """Begin with this one from now on."""
        section = self._memory.section("lease")
        if section.get("rung") != rung.name:
            section["rung"] = rung.name
            await self._memory.keep()
