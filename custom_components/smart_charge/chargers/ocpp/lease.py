"""The setpoint as a lease: said, renewed, looked at, and said another way when it is not followed (A6)."""

import asyncio
from collections.abc import Callable
import logging
from typing import Any

from ..charger import ChargerError, ChargerMisunderstood, ChargerRefused, ChargerUnreachable
from .bench import Bench
from .connection import Connection
from .ladder import Ladder
from .looking import Look, Said
from .memory import Memory
from .misreading import Misreading
from .rungs import Rung
from .saying import Saying
from .snapshot import Snapshot
from .timings import Timings

LOGGER = logging.getLogger(__name__)

WORN_LEASE_S = 4 * 3600.0
"""For a charge point that wears out by writing (quirk Q51)."""
SOON_S = 1800.0
"""A lease no longer than this may be left to end by itself when we go."""


class Lease:
    """Keeps one wanted setpoint in force."""

    def __init__(
        self,
        bench: Bench,
        snapshot: Snapshot,
        memory: Memory,
        saying: Saying,
        misreading: Misreading,
        *,
        timings: Timings,
        count: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self.wanted_a: float | None = None
        self.has_stopped = False
        self._bench = bench
        self._timings = timings
        self._count = count
        self._changed = changed
        self._saying = saying
        self._ladder = Ladder(bench, memory)
        self._look = Look(
            bench,
            snapshot,
            memory,
            ladder=self._ladder,
            saying=saying,
            misreading=misreading,
            timings=timings,
            count=count,
        )
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._said: Said | None = None
        self._retry_at = 0.0
        self._lingers = saying.lingers
        self._refusal: str | None = None

    @property
    def rung(self) -> Rung:
        """Where on the ladder this charge point was found to listen."""
        return self._ladder.current

    @property
    def is_followed(self) -> bool | None:
        """Whether the charge point does what was said; None until that is known."""
        return self._look.is_followed

    @property
    def is_blocked(self) -> bool:
        """Whether a current was taken, and the charge point allows none all the same."""
        return self._look.is_blocked

    def poke(self) -> None:
        """Something changed: look again what is to be said."""
        self._retry_at = 0.0
        self._wake.set()

    def forget(self) -> None:
        """Forget what was said: it does not hold any more: the link, the boot or the transaction is another."""
        self._said = self._refusal = None
        self._look.forget()
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
            self._saying.may_stop_again()
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
        return self._saying.profile(self.rung, self.wanted_a, None, lease_s=self._lease_s)

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
            await self._look_if_due()

    async def _look_if_due(self) -> None:
        said = self._said
        if said is None or not self._look.is_due(said):
            return
        was_blocked = self.is_blocked
        if await self._look.finds_fault(said, self._is_in_force):
            await self._say_again(said)
        if was_blocked != self.is_blocked:
            self._changed()

    def _is_in_force(self, said: Said) -> bool:
        return self._said is said

    async def _say_again(self, said: Said) -> None:
        """Say it anew soon; when no way is left that was not tried, end a transaction that takes too much (rung 10)."""
        self._said = None
        if self._look.has_tried_all:
            self._retry_at = self._now() + self._renew_s
            if said.setpoint_a == 0 or self._look.is_overdrawn:
                await self._stop()
        self._wake.set()

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
        is_over = not said.rung.is_key and now - said.at >= self._renew_s
        if said.transaction_id != self._bench.transaction_id or is_over:
            return True
        change = abs(self.wanted_a - said.setpoint_a)
        if change == 0:
            return False
        least = 2.0 if self._bench.wears_out or said.rung.is_key else 1.0
        return change >= least or self.wanted_a == 0 or now - said.at >= self._timings.smooth_s

    async def _say(self) -> None:
        """Go down the ladder from the remembered rung until one is accepted."""
        refusal: ChargerError | None = None
        for rung in self._ladder.in_turn:
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
                await self._saying.say(connection, rung, wanted_a, transaction_id, lease_s=self._lease_s)
            except (ChargerRefused, ChargerMisunderstood) as err:
                self._count(f"rung_refused_{rung.name}")
                refusal = err
                continue
            await self._said_so(Said(wanted_a, rung, transaction_id, connection, self._now()))
            return
        refusal = refusal or ChargerRefused("no way to say a setpoint is left")
        if self.wanted_a != 0 or not await self._stop():
            self._refusal = str(refusal)
            raise refusal

    async def _stop(self) -> bool:
        """End the transaction, as the last way to end a charge; whether the charge point agreed (rung 10)."""
        self.has_stopped = True  # the end may be heard before the answer is taken up
        agreed = False
        try:
            agreed = await self._saying.stop()
        finally:
            self.has_stopped = agreed
        if not agreed:
            return False
        self._retry_at = self._now() + self._timings.follow_s
        return True

    def _is_young(self) -> bool:
        """Tell whether a refusal may come from a transaction that is over already, or not yet begun inside."""
        return self._bench.transaction_age_s < self._timings.queue_drain_s

    async def _said_so(self, said: Said) -> None:
        is_new = self._said is None or self._said.setpoint_a != said.setpoint_a or self._said.rung != said.rung
        self._said = said
        self._refusal = None
        self.has_stopped = False
        self._lingers = self._lingers or said.rung.outlives_transaction
        if is_new:
            self._look.begin()
            self._wake.set()
        if not said.rung.outlives_transaction:
            await self._ladder.remember(said.rung)

    # Ending it

    async def _clear_leftovers(self) -> None:
        """Clear a lease that would bind the next vehicle goes when the transaction has."""
        connection = self._bench.connection
        if self._lingers and self._bench.transaction_id is None and connection is not None:
            await self._saying.clear(connection)
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
                await self._saying.clear(connection)
                self._lingers = False
        except ChargerError, TimeoutError:
            self._count("hand_back_failed")

    async def withdraw(self, connection: Connection) -> None:
        """Take back what is said, however soon it ends.

        Raises:
            ChargerError: it was refused, or not answered.
        """
        await self._saying.clear(connection)

    def _ends_soon(self, rung: Rung) -> bool:
        return rung.has_duration and not rung.outlives_transaction and self._lease_s <= SOON_S
