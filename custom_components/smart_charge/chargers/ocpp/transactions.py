"""OCPP's own bracket around a charge: numbered, recognised when repeated, adopted when unknown (1.6, A4)."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, replace
from datetime import datetime

from ..charger import PastTransaction
from .memory import Memory
from .said import Started, Stopped, TransactionId
from .tags import fold
from .transaction import Transaction, is_real, key_of, restored
from .wire_time import write

REMEMBERED = 30
"""So many, though all are on record, so that what comes again is known again."""
MOST = 500
"""A charge point that was away for months may bring so many that are not on record yet."""


class TransactionBook:
    """The transactions of one connector, the newest last. At most one is open.

    Those of a neighbouring connector are numbered and kept beside them, so that their repetitions and
    ends are recognised; they are never the open one.
    """

    def __init__(
        self, memory: Memory, connector_id: int, next_id: Callable[[], Awaitable[int]], count: Callable[[str], None]
    ) -> None:
        self._memory = memory
        self._connector_id = connector_id
        self._next_id = next_id
        self._count = count
        self._entries: list[Transaction] = [
            entry for item in memory.section("transactions").get("entries", []) if (entry := restored(item)) is not None
        ]

    @property
    def open(self) -> Transaction | None:
        """The one that is running."""
        return next((entry for entry in reversed(self._entries) if entry.is_open and self.is_ours(entry)), None)

    def is_ours(self, entry: Transaction) -> bool:
        """Whether it runs on our connector."""
        return entry.connector_id == self._connector_id

    @property
    def past(self) -> tuple[PastTransaction, ...]:
        """Ours that ended and were not acknowledged, the oldest first."""
        waiting = (entry for entry in self._entries if self.is_ours(entry) and not entry.is_acknowledged)
        return tuple(past for entry in waiting if (past := entry.past) is not None)

    async def acknowledge(self, transactions: Iterable[PastTransaction]) -> None:
        """Hear that these are on record, with these values."""
        recorded = set(transactions)
        for index, entry in enumerate(self._entries):
            if entry.past in recorded:
                self._entries[index] = replace(entry, is_acknowledged=True)
        await self._keep()

    async def forget_people(self) -> None:
        """Forget whose tags they were, and put none of them on record that is over.

        That they were is kept, so that a repetition is still told from news.
        """
        self._entries = [replace(entry, id_tag="", is_acknowledged=not entry.is_open) for entry in self._entries]
        await self._keep()

    async def start(self, said: Started, connector_id: int, *, is_live: bool = True) -> int:
        """Hear that a transaction began: its id, the same again if the message is a repetition; stored."""
        repeated = self._repeated(said, connector_id)
        if repeated is not None:
            self._count("repeated_start")
            return repeated
        transaction_id = await self._fresh_id()
        if connector_id == self._connector_id:
            await self.complete(said.meter_start_wh, said.at, is_next=True)
            self._end_open(said.at, said.meter_start_wh, is_live=is_live)
        entry = Transaction(
            key=key_of(transaction_id, said.at),
            began_live=is_live,
            id=transaction_id,
            connector_id=connector_id,
            id_tag=said.id_tag,
            meter_start_wh=said.meter_start_wh,
            started_at=write(said.at),
            stamp=said.stamp,
        )
        await self._add(entry)
        return transaction_id

    async def stop(self, said: Stopped, connector_id: int, *, is_live: bool = True) -> Transaction | None:
        """Hear that a transaction ended: the one that was open and is not any more; None if nothing changed.

        The end of one that we do not know ends what is open here, until meter values show that it goes on.
        """
        entry = self._find(said.transaction_id)
        is_guess = entry is None
        if entry is None and (running := self.open) is not None and self._fits(said, running):
            entry = running
        if entry is None:
            self._count("stop_of_unknown")
            await self._add(
                Transaction(
                    key=key_of(said.transaction_id, said.at),
                    ended_live=is_live,
                    id=said.transaction_id if said.transaction_id is not None else 0,
                    connector_id=connector_id,
                    id_tag=said.id_tag or "",
                    stopped_at=write(said.at),
                    meter_stop_wh=said.meter_stop_wh,
                    reason=said.reason,
                    is_adopted=True,
                    is_reconstructed=True,
                )
            )
            return None
        if not entry.is_open and not entry.is_reconstructed:
            self._count("repeated_stop")
            return None
        was_open = entry.is_open
        ended = replace(
            entry,
            stopped_at=write(said.at),
            meter_stop_wh=said.meter_stop_wh,
            reason=said.reason,
            is_reconstructed=is_guess,
            ended_live=is_live,
            is_acknowledged=False,
        )
        await self._put(entry, ended)
        return ended if was_open else None

    async def complete(self, wh: int | None, at: datetime, *, is_next: bool = False) -> None:
        """Hear what the register shows: it is where the last one ended whose stop was lost, as none has begun since.

        ``is_next``: the next one begins there, which tells more than what was last shown before the end.
        """
        mine = [entry for entry in self._entries if self.is_ours(entry)]
        if not mine or wh is None or mine[-1].is_open:
            return
        last = mine[-1]
        is_known = last.meter_stop_wh is not None and not (is_next and last.is_reconstructed)
        least_wh = last.meter_start_wh if last.meter_stop_wh is None else last.meter_stop_wh + 1
        if not is_known and least_wh is not None and wh >= least_wh and at >= (last.began_at or at):
            await self._put(last, replace(last, meter_stop_wh=wh, is_acknowledged=False))

    def knows(self, transaction_id: TransactionId | None) -> bool:
        """Whether a transaction of our connector has this id."""
        return any(entry.id == transaction_id and self.is_ours(entry) for entry in self._entries)

    def is_neighbours(self, transaction_id: TransactionId | None) -> bool:
        """Whether this is a transaction of another connector."""
        entry = self._find(transaction_id)
        return entry is not None and not self.is_ours(entry)

    async def adopt(
        self, transaction_id: TransactionId | None, connector_id: int, at: datetime, wh: int | None
    ) -> bool:
        """Meter values came for this transaction; true when that shows one to be open that was not.

        A number that is none, such as -1, belongs to whatever is open: the answer that held the real
        one was lost (quirk Q53).
        """
        if transaction_id is None:
            return False
        running = self.open
        entry = self._find(transaction_id)
        if entry is not None and entry.is_open:
            return False
        if entry is None and not is_real(transaction_id):
            return False
        if entry is not None and not entry.is_reconstructed:
            return False  # values that came behind the stop
        if running is not None and (running.began_at or at) > at:
            return False
        if entry is not None:
            self._end_open(at, wh)
            await self._put(
                entry,
                replace(
                    entry,
                    stopped_at=None,
                    meter_stop_wh=None,
                    reason=None,
                    is_reconstructed=False,
                    ended_live=False,
                    is_acknowledged=False,
                ),
            )
            self._count("transaction_reopened")
            return True
        self._count("transaction_adopted")
        self._end_open(at, wh)
        await self._add(
            Transaction(
                key=key_of(transaction_id, at),
                began_live=True,
                id=transaction_id,
                connector_id=connector_id,
                meter_start_wh=wh,
                started_at=write(at),
                is_adopted=True,
            )
        )
        return True

    async def end_without_stop(self, at: datetime, wh: int | None, *, is_live: bool = True) -> bool:
        """Hear that the connector shows that nothing runs any more though no stop came; true if something did."""
        if self.open is None:
            return False
        self._end_open(at, wh, is_live=is_live)
        await self._keep()
        return True

    def _end_open(self, at: datetime, wh: int | None, *, is_live: bool = True) -> None:
        running = self.open
        if running is None:
            return
        self._count("stop_reconstructed")
        ended = replace(
            running,
            stopped_at=write(at),
            meter_stop_wh=wh,
            reason="Other",
            is_reconstructed=True,
            ended_live=is_live,
            is_acknowledged=False,
        )
        self._entries[self._entries.index(running)] = ended

    def _repeated(self, said: Started, connector_id: int) -> int | None:
        for entry in self._entries:
            if (
                entry.stamp == said.stamp
                and entry.connector_id == connector_id
                and (not entry.id_tag or fold(entry.id_tag) == fold(said.id_tag))
                and entry.meter_start_wh == said.meter_start_wh
                and isinstance(entry.id, int)
            ):
                return entry.id
        return None

    def _find(self, transaction_id: TransactionId | None) -> Transaction | None:
        """Return the transaction of this id; for a number that is none, the open one."""
        if transaction_id is None or not is_real(transaction_id):
            return self.open
        return next((entry for entry in reversed(self._entries) if entry.id == transaction_id), None)

    @staticmethod
    def _fits(said: Stopped, running: Transaction) -> bool:
        began_at = running.began_at
        return began_at is None or said.at >= began_at

    async def _fresh_id(self) -> int:
        """Return an id that no transaction here has, adopted ones included."""
        taken = {entry.id for entry in self._entries}
        while (transaction_id := await self._next_id()) in taken:
            self._count("id_taken")
        return transaction_id

    async def _add(self, entry: Transaction) -> None:
        self._entries.append(entry)
        self._drop_oldest()
        await self._keep()

    def _drop_oldest(self) -> None:
        """Forget the oldest that are over and on record; any, when nobody ever asks for the records."""
        spare = [entry for entry in self._entries if not entry.is_open and self._is_spare(entry)]
        for entry in spare[: max(0, len(self._entries) - REMEMBERED)]:
            self._entries.remove(entry)
        if len(self._entries) > MOST:
            self._count("transactions_dropped")
            self._entries = self._entries[-MOST:]

    def _is_spare(self, entry: Transaction) -> bool:
        return entry.is_acknowledged or not self.is_ours(entry)

    async def _put(self, old: Transaction, new: Transaction) -> None:
        self._entries[self._entries.index(old)] = new
        await self._keep()

    async def _keep(self) -> None:
        self._memory.section("transactions")["entries"] = [asdict(entry) for entry in self._entries]
        await self._memory.keep_or_raise()
