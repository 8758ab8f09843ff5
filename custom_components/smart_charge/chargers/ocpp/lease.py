"""The setpoint as a lease: said, renewed, looked at, and said another way when it is not followed (A6)."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import logging
from typing import Any, Protocol

from ...charging.model import Reading
from ..charger import ChargerError, ChargerMisunderstood, ChargerRefused, ChargerUnreachable, Clock
from . import profiles
from .connection import Connection, Priority
from .fields import number, objects
from .frames import is_accepted
from .memory import Memory
from .profiles import LEASE_ID, Rung, SmartCharging
from .said import TransactionId
from .snapshot import Snapshot
from .timings import Timings

LOGGER = logging.getLogger(__name__)

TOLERANCE_A = 1.0
STOPS = 3
STOPS_WITHIN_S = 600.0
"""So many stops in so long and no more: it begins anew by itself each time."""
WORN_LEASE_S = 4 * 3600.0
"""For a charge point that wears out by writing (quirk Q51)."""
SOON_S = 1800.0
"""A lease no longer than this may be left to end by itself when we go."""


class Bench(Protocol):
    """What a lease needs of its charger."""

    @property
    def connection(self) -> Connection | None:
        """The link; None while there is none, or the charge point digests its boot."""

    @property
    def is_online(self) -> bool:
        """Whether there is a link at all."""

    @property
    def is_known(self) -> bool:
        """Whether it has been asked what it can do."""

    @property
    def is_late_news(self) -> bool:
        """Whether the running transaction began before the link did, so that its end may be on its way."""

    @property
    def transaction_age_s(self) -> float:
        """How long ago we heard of the running transaction."""

    @property
    def transaction_id(self) -> TransactionId | None:
        """Of the running transaction."""

    @property
    def smart(self) -> SmartCharging:
        """What it can do."""

    @property
    def connector_id(self) -> int:
        """Which connector."""

    @property
    def wears_out(self) -> bool:
        """Whether each write counts."""


@dataclass(frozen=True, slots=True)
class _Said:
    """A lease that was accepted."""

    setpoint_a: float
    rung: Rung
    transaction_id: TransactionId
    connection: Connection
    at: float


class Lease:
    """Keeps one wanted setpoint in force."""

    def __init__(
        self,
        bench: Bench,
        snapshot: Snapshot,
        memory: Memory,
        *,
        clock: Clock,
        timings: Timings,
        count: Callable[[str], None],
    ) -> None:
        self.wanted_a: float | None = None
        self.is_followed: bool | None = None
        self.has_stopped = False
        self._stopped_at: deque[float] = deque(maxlen=STOPS)
        self._bench = bench
        self._snapshot = snapshot
        self._memory = memory
        self._clock = clock
        self._timings = timings
        self._count = count
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._said: _Said | None = None
        self._misses = 0
        self._retry_at = 0.0
        self._lingers = False
        self._refusal: str | None = None

    @property
    def rung(self) -> Rung:
        """Where on the ladder this charge point was found to listen."""
        ladder = profiles.rungs(self._bench.smart)
        name = self._memory.section("lease").get("rung")
        return next((rung for rung in ladder if rung.name == name), ladder[0])

    def poke(self) -> None:
        """Something changed: look again what is to be said."""
        self._retry_at = 0.0
        self._wake.set()

    def forget(self) -> None:
        """Forget what was said: it does not hold any more: the link, the boot or the transaction is another."""
        self._said = self._refusal = None
        self.is_followed = None
        self._misses = 0
        self.poke()

    async def apply(self, setpoint_a: float) -> None:
        """Want this from now on, and say it now if there is a transaction.

        Raises:
            ChargerError: it did not reach the charge point, or every rung was refused.
        """
        if setpoint_a != self.wanted_a:
            self._refusal = None
        self.wanted_a = setpoint_a
        if setpoint_a > 0:
            self._stopped_at.clear()
        self._wake.set()
        if not self._bench.is_online:
            raise ChargerUnreachable("the charge point is not connected")
        if self._bench.connection is not None and self._bench.transaction_id is not None:
            await self._say_if_due()
            if self._refusal is not None:
                raise ChargerRefused(self._refusal)  # a moment ago, and not yet asked again

    def first_profile(self) -> dict[str, Any] | None:
        """Return the lease to send along with a remote start, which has no transaction id yet."""
        if self.wanted_a is None or self.rung.purpose != "TxProfile":
            return None
        return self._profile(self.rung, self.wanted_a, None)

    async def keep(self) -> None:
        """Say, renew and look, until cancelled."""
        while True:
            self._wake.clear()
            try:
                await self._say_if_due()
                await self._clear_leftovers()
            except (ChargerError, ValueError) as err:
                self._count(f"lease_{type(err).__name__}")
                self._retry_at = self._now() + self._timings.follow_s
                LOGGER.debug("The setpoint was not taken: %s", err)
            await self._sleep()
            if self._said is not None and self._is_look_due():
                await self._look()

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(max(0.01, self._next_at() - self._now())):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _next_at(self) -> float:
        now = self._now()
        if self._retry_at > now:
            return self._retry_at
        if self._said is None:
            is_pending = self.wanted_a is not None and self._bench.transaction_id is not None
            return now + (self._timings.queue_drain_s if is_pending else self._timings.tick_s * 12)
        if self.wanted_a is not None and self.wanted_a != self._said.setpoint_a:
            return max(now, self._said.at + self._timings.smooth_s)
        look_at = self._said.at + self._timings.look_s if self.is_followed is None else now + self._timings.follow_s
        return min(look_at, self._said.at + self._renew_s) if look_at > now else now + self._timings.tick_s

    @property
    def _lease_s(self) -> float:
        return WORN_LEASE_S if self._bench.wears_out else self._timings.lease_s

    @property
    def _renew_s(self) -> float:
        return self._lease_s / (2 if self._bench.wears_out else 3)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _say_if_due(self) -> None:
        async with self._lock:
            if self._is_due():
                await self._say()

    def _is_due(self) -> bool:
        """Whether there is something to say and somebody to say it to."""
        if self.wanted_a is None or self._bench.connection is None or self._bench.transaction_id is None:
            return False
        now = self._now()
        if now < self._retry_at:
            return False
        if self._bench.is_late_news and self._bench.transaction_age_s < self._timings.queue_drain_s:
            return False
        said = self._said
        if said is None or said.connection is not self._bench.connection:
            return True
        if said.transaction_id != self._bench.transaction_id or now - said.at >= self._renew_s:
            return True
        change = abs(self.wanted_a - said.setpoint_a)
        if change == 0:
            return False
        least = 2.0 if self._bench.wears_out else 1.0
        return change >= least or self.wanted_a == 0 or now - said.at >= self._timings.smooth_s

    async def _say(self) -> None:
        """Go down the ladder from the remembered rung until one is accepted."""
        ladder = profiles.rungs(self._bench.smart)
        begin = ladder.index(self.rung)
        refusal: ChargerError | None = None
        for rung in [*ladder[begin:], *(rung for rung in ladder[:begin] if not rung.outlives_transaction)]:
            connection, transaction_id, wanted_a = self._bench.connection, self._bench.transaction_id, self.wanted_a
            if connection is None:
                raise ChargerUnreachable("the charge point hung up")
            if transaction_id is None or wanted_a is None:
                return
            if rung.purpose == "TxProfile" and not isinstance(transaction_id, int):
                continue
            if refusal is not None and rung.outlives_transaction and self._is_young():
                self._retry_at = self._now() + self._timings.queue_drain_s
                raise refusal
            try:
                await self._send(connection, rung, wanted_a, transaction_id)
            except (ChargerRefused, ChargerMisunderstood) as err:
                self._count(f"rung_refused_{rung.name}")
                refusal = err
                continue
            await self._said_so(_Said(wanted_a, rung, transaction_id, connection, self._now()))
            return
        refusal = refusal or ChargerRefused("no way to say a setpoint is left")
        if self.wanted_a != 0 or not await self._stop():
            self._refusal = str(refusal)
            raise refusal

    async def _stop(self) -> bool:
        """End the transaction, as the last way to end a charge; whether the charge point agreed (rung 10).

        A setpoint above 0 begins another.
        """
        connection, transaction_id = self._bench.connection, self._bench.transaction_id
        if connection is None or not isinstance(transaction_id, int):
            return False
        now = self._now()
        if len(self._stopped_at) == STOPS and now - self._stopped_at[0] < STOPS_WITHIN_S:
            return False
        answer = await connection.call(
            "RemoteStopTransaction", {"transactionId": transaction_id}, priority=Priority.SETPOINT
        )
        if not is_accepted(answer):
            return False
        self._count("stopped_instead")
        self._stopped_at.append(now)
        self.has_stopped = True
        self._retry_at = now + self._timings.follow_s
        return True

    def _is_young(self) -> bool:
        """Tell whether a refusal may come from a transaction that is over already, or not yet begun inside."""
        return self._bench.transaction_age_s < self._timings.queue_drain_s

    async def _send(self, connection: Connection, rung: Rung, wanted_a: float, transaction_id: TransactionId) -> None:
        connector_id = 0 if rung.on_connector_zero else self._bench.connector_id
        profile = self._profile(rung, wanted_a, transaction_id if isinstance(transaction_id, int) else None)
        payload = {"connectorId": connector_id, "csChargingProfiles": profile}
        answer = await connection.call("SetChargingProfile", payload, priority=Priority.SETPOINT)
        if not is_accepted(answer):
            raise ChargerRefused(f"SetChargingProfile: {str(answer.get('status'))[:40]}")

    def _profile(self, rung: Rung, wanted_a: float, transaction_id: int | None) -> dict[str, Any]:
        profile = profiles.lease(
            rung,
            wanted_a,
            now=self._clock(),
            lease_s=self._lease_s,
            smart=self._bench.smart,
            transaction_id=transaction_id,
        )
        return profiles.on_connector(profile, self._bench.connector_id)

    async def _said_so(self, said: _Said) -> None:
        is_new = self._said is None or self._said.setpoint_a != said.setpoint_a or self._said.rung != said.rung
        self._said = said
        self._refusal = None
        self.has_stopped = False
        self._lingers = self._lingers or said.rung.outlives_transaction
        if is_new:
            self.is_followed = None
            self._wake.set()
        if not said.rung.outlives_transaction:
            await self._remember(said.rung)

    async def _remember(self, rung: Rung) -> None:
        section = self._memory.section("lease")
        if section.get("rung") != rung.name:
            section["rung"] = rung.name
            await self._memory.keep()

    # Looking whether it is followed

    def _is_look_due(self) -> bool:
        said = self._said
        return said is not None and self.is_followed is None and self._now() - said.at >= self._timings.look_s

    async def _look(self) -> None:
        """Compare what was said with the charge point's schedule and its meter (quirks Q32, Q42)."""
        said = self._said
        connection = self._bench.connection
        if said is None or connection is None or said.connection is not connection:
            return
        held_a = await self._held(connection)
        if self._said is not said:
            return
        wanted_a = profiles.permitted(said.setpoint_a, is_whole=said.rung.is_whole)
        if held_a is not None:
            self._snapshot.holds(held_a if held_a != float("inf") else None)
        followed = judge(wanted_a, held_a, self._snapshot.reading)
        if followed is not False:
            self.is_followed = True if followed else self.is_followed
            self._misses = 0
            if followed:
                await self._remember(said.rung)
            if followed is None and self._now() - said.at >= self._timings.follow_s:
                self.is_followed = True
            return
        if self._now() - said.at < self._timings.follow_s:
            return
        await self._not_followed(said)

    async def _not_followed(self, said: _Said) -> None:
        """Say it again; the second time, another way."""
        self._count("not_followed")
        self.is_followed = False
        self._misses += 1
        if self._misses % 2 == 0:
            ladder = profiles.rungs(self._bench.smart)
            await self._remember(ladder[(ladder.index(said.rung) + 1) % len(ladder)])
        self._said = None
        if self._misses > 2 * len(profiles.rungs(self._bench.smart)):
            self._retry_at = self._now() + self._renew_s
            if said.setpoint_a == 0:
                await self._stop()
        self._wake.set()

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

    # Ending it

    async def _clear_leftovers(self) -> None:
        """Clear a lease that would bind the next vehicle goes when the transaction has."""
        connection = self._bench.connection
        if self._lingers and self._bench.transaction_id is None and connection is not None:
            await self._clear(connection)

    async def _clear(self, connection: Connection) -> None:
        await connection.call(
            "ClearChargingProfile",
            {"id": profiles.id_on(self._bench.connector_id, LEASE_ID)},
            priority=Priority.SETPOINT,
        )
        self._lingers = False

    async def end(self) -> None:
        """Want nothing any more. Raises nothing.

        A lease that soon ends by itself is left to: most ends are restarts, and clearing it would switch
        the load, and switch it back when we return, past the random delay (11.9). Any other is taken back.
        """
        self.wanted_a = None
        said, self._said = self._said, None
        connection = self._bench.connection
        if connection is None or (said is not None and self._ends_soon(said.rung)):
            return
        try:
            async with asyncio.timeout(self._timings.hand_back_s):
                await self._clear(connection)
        except ChargerError, TimeoutError:
            self._count("hand_back_failed")

    def _ends_soon(self, rung: Rung) -> bool:
        return rung.has_duration and not rung.outlives_transaction and self._lease_s <= SOON_S


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
    return round(limit / profiles.VOLTS / (phases or 1), 2) if schedule.get("chargingRateUnit") == "W" else limit


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
