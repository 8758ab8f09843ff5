"""Whether a setpoint that was said is followed, by the charge point's own schedule and by its meter (A6)."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...charging.model import Reading
from ..charger import ChargerError, ChargerRefused
from .bench import Bench
from .calls import Priority
from .connection import Connection
from .fields import number, objects
from .ladder import Ladder
from .memory import Memory
from .profiles import VOLTS, permitted
from .rungs import Rung
from .said import TransactionId
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
        ladder: Ladder,
        *,
        timings: Timings,
        count: Callable[[str], None],
    ) -> None:
        self.is_followed: bool | None = None
        self._bench = bench
        self._snapshot = snapshot
        self._memory = memory
        self._ladder = ladder
        self._timings = timings
        self._count = count
        self._misses = 0

    def begin(self) -> None:
        """Hear that something new was said."""
        self.is_followed = None

    def forget(self) -> None:
        """Hear that the link, the boot or the transaction is another."""
        self.is_followed = None
        self._misses = 0

    @property
    def has_tried_all(self) -> bool:
        """Whether every rung was accepted and followed by nothing, twice."""
        return self._misses > 2 * len(self._ladder.rungs)

    def is_due(self, said: Said) -> bool:
        """Whether it is time to look."""
        return self.is_followed is None and _age_s(said) >= self._timings.look_s

    async def finds_fault(self, said: Said, is_in_force: Callable[[Said], bool]) -> bool:
        """Compare what was said with the charge point's schedule and its meter (quirks Q32, Q42).

        True when it must be said again; the second time, another way.
        """
        connection = self._bench.connection
        if connection is None or said.connection is not connection:
            return False
        held_a = await self._held(connection)
        if not is_in_force(said):
            return False
        if held_a is not None:
            self._snapshot.holds(held_a if held_a != float("inf") else None)
        followed = judge(permitted(said.setpoint_a, is_whole=said.rung.is_whole), held_a, self._snapshot.reading)
        if followed is not False:
            await self._no_fault(said, followed=followed)
            return False
        if _age_s(said) < self._timings.follow_s:
            return False
        await self._fault(said)
        return True

    async def _no_fault(self, said: Said, *, followed: bool | None) -> None:
        self._misses = 0
        if followed:
            self.is_followed = True
            await self._ladder.remember(said.rung)
        elif _age_s(said) >= self._timings.follow_s:
            self.is_followed = True

    async def _fault(self, said: Said) -> None:
        self._count("not_followed")
        self.is_followed = False
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
        return composite_limit(answer, self._bench.smart.phases)


def _age_s(said: Said) -> float:
    return asyncio.get_running_loop().time() - said.at


def composite_limit(answer: dict[str, Any], phases: int | None) -> float | None:
    """Return the first limit of a composite schedule, in ampere; infinite for "no limit", None for no answer."""
    schedule = answer.get("chargingSchedule")
    if not isinstance(schedule, dict) or str(answer.get("status")).casefold() != "accepted":
        return None
    periods = objects(schedule.get("chargingSchedulePeriod"))
    if not periods or (limit := number(periods[0].get("limit"))) is None:
        return None
    if limit < 0:
        return float("inf")
    return round(limit / VOLTS / (phases or 1), 2) if schedule.get("chargingRateUnit") == "W" else limit


def judge(wanted_a: float, held_a: float | None, reading: Reading | None) -> bool | None:
    """Whether a setpoint is followed; None when nobody can tell.

    The meter has the last word when it shows more than was asked for; what is offered, when it says so.
    """
    drawn_a = reading.drawn_a if reading else None
    offered_a = reading.offered_a if reading else None
    if drawn_a is not None and drawn_a > wanted_a + TOLERANCE_A + 0.05 * wanted_a:
        return False
    if offered_a is not None and abs(offered_a - wanted_a) <= TOLERANCE_A:
        return True
    if held_a is None:
        return None if offered_a is None or offered_a <= wanted_a else False
    if held_a > wanted_a + TOLERANCE_A:
        return drawn_a is not None and wanted_a > 0 and drawn_a >= wanted_a - 2 * TOLERANCE_A
    return held_a > 0 or wanted_a == 0
