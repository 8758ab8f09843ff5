"""Whether a setpoint that was said is followed, by the charge point's own schedule and by its meter (A6)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from ...charging.model import Reading
from ..charger import ChargerError, ChargerRefused
from .bench import Bench
from .calls import Priority
from .composite import limits
from .connection import Connection
from .ladder import Ladder
from .memory import Memory
from .misreading import Misreading
from .profiles import permitted
from .rungs import Rung
from .said import TransactionId
from .saying import Saying
from .snapshot import Snapshot
from .timings import Timings

TOLERANCE_A = 1.0


@dataclass(frozen=True, slots=True)
class Said:
    """A setpoint that was accepted, and when, by the event loop's clock."""

    setpoint_a: float
    rung: Rung
    transaction_id: TransactionId
    connection: Connection
    at: float


class Look:
    """Looks a while after something was said, until it is known to be followed, or not to be."""

    def __init__(
        self,
        bench: Bench,
        snapshot: Snapshot,
        memory: Memory,
        *,
        ladder: Ladder,
        saying: Saying,
        misreading: Misreading,
        timings: Timings,
        count: Callable[[str], None],
    ) -> None:
        self.is_followed: bool | None = None
        self.is_blocked = False
        self.is_overdrawn = False
        self._bench = bench
        self._snapshot = snapshot
        self._memory = memory
        self._ladder = ladder
        self._saying = saying
        self._misreading = misreading
        self._timings = timings
        self._count = count
        self._misses = 0
        self._has_cleared = False
        self._over_since: float | None = None

    def begin(self) -> None:
        """Hear that something new was said."""
        self.is_followed = self._over_since = None

    def forget(self) -> None:
        """Hear that the link, the boot or the transaction is another."""
        self.is_followed = None
        self._misses = 0
        self._has_cleared = False
        self._misreading.start_over()

    @property
    def has_tried_all(self) -> bool:
        """Whether every rung was accepted and followed by nothing, twice."""
        return self._misses > 2 * len(self._ladder.rungs)

    def is_due(self, said: Said) -> bool:
        """Whether it is time to look: a while after it was said, and again when the meter shows that it is not kept."""
        if self.is_followed:
            self._watch(said)
        return self.is_followed is None and _age_s(said) >= self._timings.look_s

    def _watch(self, said: Said) -> None:
        """See whether more flows than was said, for longer than a vehicle takes to come down (quirk Q42)."""
        now = asyncio.get_running_loop().time()
        if not overdraws(permitted(said.setpoint_a, is_whole=said.rung.is_whole), self._snapshot.reading):
            self._over_since = None
        elif self._over_since is None:
            self._over_since = now
        elif now - self._over_since >= self._timings.follow_s:
            self._over_since = self.is_followed = None

    async def finds_fault(self, said: Said, is_in_force: Callable[[Said], bool]) -> bool:
        """Compare what was said with the charge point's schedule and its meter (quirks Q32, Q42).

        True when it must be said again; the second time, another way.
        """
        connection = self._bench.connection
        if connection is None or said.connection is not connection:
            return False
        held_a = None if said.rung.is_key else await self._held(connection)
        if not is_in_force(said):
            return False
        if held_a is not None:
            self._snapshot.holds(held_a if held_a != float("inf") else None)
        wanted_a = permitted(said.setpoint_a, is_whole=said.rung.is_whole)
        followed = judge(wanted_a, held_a, self._snapshot.reading)
        self.is_overdrawn = overdraws(wanted_a, self._snapshot.reading)
        self.is_blocked = self._has_cleared and wanted_a > 0 and held_a == 0 and not followed
        if followed is not False:
            await self._no_fault(said, followed=followed)
            return False
        if _age_s(said) < self._timings.follow_s:
            return False
        self._count("not_followed")
        self.is_followed = False
        if held_a is None or is_met(wanted_a, held_a) or not await self._explain(said):
            await self._miss(said)
        return True

    async def _no_fault(self, said: Said, *, followed: bool | None) -> None:
        self._misses = 0
        if followed:
            self.is_followed = True
            await self._ladder.remember(said.rung)
            await self._misreading.confirm()
        elif _age_s(said) >= self._timings.follow_s:
            self.is_followed = True

    async def _explain(self, said: Said) -> bool:
        """Look for what makes an accepted profile not hold; true when there is reason to say it once more."""
        if said.rung.outlives_transaction:
            return False
        if not self._has_cleared:
            self._has_cleared = True
            await self._saying.clear_others(said.connection)
            return True
        return self._misreading.try_another()

    async def _miss(self, said: Said) -> None:
        self._misses += 1
        if self._misses % 2 == 0:
            await self._ladder.remember(self._ladder.next_to(said.rung))

    async def _held(self, connection: Connection) -> float | None:
        """Return the limit that the charge point says is in force; None if it does not say, infinite if none is."""
        if self._memory.section("lease").get("has_no_composite"):
            return None
        payload = {"connectorId": self._bench.connector_id, "duration": 60}
        try:
            answer = await connection.call("GetCompositeSchedule", payload, priority=Priority.SETTINGS)
        except ChargerRefused:
            self._memory.section("lease")["has_no_composite"] = True
            return None
        except ChargerError:
            self._count("composite_failed")
            return None
        found = limits(answer, self._bench.smart.phases)
        return found[0][1] if found else None


def _age_s(said: Said) -> float:
    return asyncio.get_running_loop().time() - said.at


def is_met(wanted_a: float, held_a: float) -> bool:
    """Whether a schedule holds what was wanted: not more, and not nothing."""
    return held_a <= wanted_a + TOLERANCE_A and (held_a > 0 or wanted_a == 0)


def overdraws(wanted_a: float, reading: Reading | None) -> bool:
    """Whether the meter shows more than was asked for."""
    drawn_a = reading.drawn_a if reading else None
    return drawn_a is not None and drawn_a > wanted_a + TOLERANCE_A + 0.05 * wanted_a


def judge(wanted_a: float, held_a: float | None, reading: Reading | None) -> bool | None:
    """Whether a setpoint is followed; None when nobody can tell.

    The meter has the last word when it shows more than was asked for; what is offered, when it says so.
    """
    drawn_a = reading.drawn_a if reading else None
    offered_a = reading.offered_a if reading else None
    if overdraws(wanted_a, reading):
        return False
    if offered_a is not None and abs(offered_a - wanted_a) <= TOLERANCE_A:
        return True
    if held_a is None:
        return None if offered_a is None or offered_a <= wanted_a else False
    if held_a > wanted_a + TOLERANCE_A:
        return drawn_a is not None and wanted_a > 0 and drawn_a >= wanted_a - 2 * TOLERANCE_A
    return held_a > 0 or wanted_a == 0
