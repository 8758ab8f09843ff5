"""The transactions that a charge point kept for us: folded into the stays in which they ran, or recorded as stays."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..chargers.charger import Charger, PastTransaction
from ..chargers.ocpp.tags import fold
from ..charging.session import Session, State, StayEnd
from ..charging.unclaimed import PATIENCE
from ..const import LOGGER
from ..ledger import DATA_LEDGER
from ..prices import DATA_PRICES
from ..records.journal import Journal
from ..records.tab import Tab, opened, priced
from ..records.values import SessionRecord
from ..storage import DATA_HOUSEHOLD, Memory
from .past import (
    amended,
    began_at,
    corrected,
    counted_behind_wh,
    found_afterwards,
    is_rather_of,
    parted,
    record_of,
    without,
)
from .recording import Recording, session_record


@dataclass(slots=True)
class Absence:
    """The last one: from when to when nobody looked, and where the register stood before it."""

    lost_at: datetime | None = None
    lost_wh: int | None = None
    back_at: datetime | None = None

    def is_just_over(self, now: datetime) -> bool:
        """Whether we were away not long ago, so that what comes now may be of then."""
        return self.lost_at is not None and self.back_at is not None and now <= self.back_at + PATIENCE


class TakingOver:
    """Puts on record what one charge point has bracketed, and lets it forget that.

    What a transaction changes is on disk before the records are, with what is to be recorded of it: after a kill
    in between, the records are written and the transaction comes again, and changes nothing.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        charger: Charger,
        memory: Memory,
        recording: Recording,
        absence: Absence,
        *,
        run: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        self._hass = hass
        self._charger = charger
        self._memory = memory
        self._recording = recording
        self._run = run
        self._ledger = hass.data[DATA_LEDGER]
        self._absence = absence
        self._tried: tuple[PastTransaction, ...] = ()
        self.is_under_way = False

    @callback
    def soon(self) -> None:
        """Take over what waits, if it was not tried in vain."""
        waiting = self._charger.past_transactions
        is_due = waiting != self._tried and not self.is_under_way and not self._ledger.is_held
        if waiting and is_due:
            self.is_under_way = True
            self._run(self._async_take_over(), "take over transactions")

    @callback
    def try_again(self) -> None:
        """Hear that the records can be written."""
        self._tried = ()

    async def _async_take_over(self) -> None:
        """While the records cannot be written, the charge point's object keeps it."""
        waiting = self._charger.past_transactions
        try:
            await self._ledger.async_flush()  # what was on its way is looked for
            for transaction in waiting:
                await self._async_record(transaction)
            await self._memory.async_save()
            await self._ledger.async_flush()  # also where a transaction came to nothing, and something else waits
            self._tried = waiting
            if self._ledger.has_written_all:
                await self._charger.acknowledge(waiting)
                self._tried = ()
        except HomeAssistantError:
            self._tried = waiting  # a repair says what is wrong with the records
        finally:
            self.is_under_way = False
        self.soon()  # what was told meanwhile

    async def _async_record(self, transaction: PastTransaction) -> None:
        known = await self._async_known(transaction)
        self._claim(transaction)
        record = self._into_session(transaction, known)
        if record is None:
            record = self._into_records(transaction, known)
        if record is not None:
            self._recording.put_down(self._memory, self._named(record, transaction))
        await self._memory.async_save()
        await self._ledger.async_flush()

    async def _async_known(self, transaction: PastTransaction) -> SessionRecord | None:
        """Return the recorded stay that it is of, the running one left out."""
        outlet, memory, at = self._recording.outlet, self._memory, began_at(transaction)

        def near(journal: Journal) -> list[SessionRecord]:
            day = timedelta(days=1)
            return journal.sessions(at - day, at + day, [outlet.charge_point])

        found, before, is_same = list[SessionRecord](), memory.session, False
        while not is_same:  # another vehicle may come meanwhile
            before, found = memory.session, await self._ledger.async_ask(near)
            is_same = _name_of(before) == _name_of(memory.session)
        ours = {record.plugged_in_at: record for record in (*found, *memory.over) if record.outlet == outlet}
        return record_of((record for at, record in ours.items() if at != _name_of(memory.session)), transaction)

    def _claim(self, transaction: PastTransaction) -> None:
        """Hear from where to where the register moved in a transaction."""
        memory, start_wh, stop_wh = self._memory, transaction.meter_start_wh, transaction.meter_stop_wh
        if start_wh is None or stop_wh is None:
            return
        lost_at = self._absence.lost_at
        is_late = lost_at is not None and transaction.ended_at >= lost_at and not transaction.ended_live
        span, now = (start_wh, stop_wh), dt_util.utcnow()
        memory.unclaimed = memory.unclaimed.telling(span, self._absence.lost_wh, now, is_late=is_late)

    def _into_session(self, transaction: PastTransaction, known: SessionRecord | None) -> SessionRecord | None:
        """Fold a transaction into the session that we carry, if it is that one's; returns what to record."""
        memory, session = self._memory, self._memory.session
        if session is None:
            return None
        if not is_rather_of(session, known, transaction):
            memory.session = without(session, transaction)
            if memory.session != session:  # one that is over is not written again by itself
                tab = memory.tab = self._priced(memory.tab, memory.session)
                self._recording.put_down(memory, session_record(self._recording.outlet, memory.session, tab))
            return None
        session = self._without_who_left(session, transaction)
        left, memory.session = amended(session, transaction)
        session = self._renamed(session, left or memory.session)
        self._hold_what_is_behind(session, memory.session, transaction)
        self._note_end(session.plugged_in_at, transaction.meter_stop_wh)
        if left is not None:
            tab, memory.tab = self._priced(memory.tab, left), opened(memory.tab, memory.session.plugged_in_at)
            return session_record(self._recording.outlet, left, tab)
        memory.tab = self._priced(opened(memory.tab, memory.session.plugged_in_at), memory.session)
        tag, who = self._who(transaction)
        if memory.tab is not None and tag is not None:
            memory.tab = replace(memory.tab, tag=tag, who=who)
        return session_record(self._recording.outlet, memory.session, memory.tab)

    def _renamed(self, session: Session, after: Session) -> Session:
        """Go on under the plug-in that a transaction told, with all that is kept by it."""
        memory, told_at = self._memory, after.plugged_in_at
        if told_at == session.plugged_in_at:
            return session
        if memory.tab is not None and memory.tab.plugged_in_at == session.plugged_in_at:
            memory.tab = replace(memory.tab, plugged_in_at=told_at)
        memory.over = tuple(each for each in memory.over if each.plugged_in_at != session.plugged_in_at)
        memory.ends = tuple(each for each in memory.ends if each.plugged_in_at != session.plugged_in_at)
        return replace(session, plugged_in_at=told_at)

    def _hold_what_is_behind(self, before: Session, after: Session, transaction: PastTransaction) -> None:
        """Keep what the register counted behind the end of a stay that is over, until others tell of it."""
        memory, stop_wh, last_wh = self._memory, transaction.meter_stop_wh, before.imported.last_wh
        is_over = after.state is State.FINISHED and after.energy_wh < before.energy_wh
        if is_over and stop_wh is not None and last_wh is not None and stop_wh < last_wh:
            since, now = transaction.ended_at, dt_util.utcnow()
            memory.unclaimed = memory.unclaimed.gaining((stop_wh, last_wh), since, now)
            memory.note_end(StayEnd(plugged_in_at=after.plugged_in_at, register_wh=stop_wh))

    def _without_who_left(self, session: Session, transaction: PastTransaction) -> Session:
        """Record the vehicle that left before this transaction, if one did; returns the stay of who came."""
        memory = self._memory
        left, came = parted(session, transaction)
        if left is not None:
            self._note_end(left.plugged_in_at, session.gone_wh)
            record = session_record(self._recording.outlet, left, self._priced(memory.tab, left))
            self._recording.put_down(memory, record)
            memory.tab = opened(memory.tab, came.plugged_in_at)
        return came

    def _into_records(self, transaction: PastTransaction, known: SessionRecord | None) -> SessionRecord | None:
        now = dt_util.utcnow()
        if known is not None:
            return self._put_right(known, transaction, now)
        made = found_afterwards(self._recording.outlet, transaction, now)
        if made is None and not transaction.began_live:
            at = began_at(transaction).isoformat()
            LOGGER.warning("A charge that ended at %s cannot be recorded: its register is not known", at)
        return made

    def _put_right(self, known: SessionRecord, transaction: PastTransaction, now: datetime) -> SessionRecord:
        memory, stop_wh = self._memory, transaction.meter_stop_wh
        end = memory.end_of(known.plugged_in_at)
        if end is not None and stop_wh is not None and counted_behind_wh(known, end, transaction) > 0:
            memory.unclaimed = memory.unclaimed.gaining((stop_wh, end.register_wh), transaction.ended_at, now)
            memory.note_end(replace(end, register_wh=stop_wh))
        else:
            self._note_end(known.plugged_in_at, stop_wh)
        return corrected(known, end, transaction, now)

    def _note_end(self, plugged_in_at: datetime, register_wh: int | None) -> None:
        known = self._memory.end_of(plugged_in_at)
        if register_wh is not None and (known is None or register_wh >= known.register_wh):
            self._memory.note_end(StayEnd(plugged_in_at=plugged_in_at, register_wh=register_wh))

    def _priced(self, tab: Tab | None, stay: Session) -> Tab | None:
        """Price what a transaction added to a stay, or took from it."""
        if tab is None or tab.plugged_in_at != stay.plugged_in_at:
            return tab
        slots = self._hass.data[DATA_PRICES].slots
        return priced(tab, stay.energy_wh, stay.unplugged_at or stay.seen_at, slots)

    def _named(self, record: SessionRecord, transaction: PastTransaction) -> SessionRecord:
        tag, who = self._who(transaction)
        return record if tag is None else replace(record, tag=tag, who=who)

    def _who(self, transaction: PastTransaction) -> tuple[str | None, str | None]:
        """Return whose tag began it, and the name that the owner has given to it; our own tag is nobody's."""
        tag = transaction.id_tag
        if not tag or fold(tag) == fold(self._memory.id_tag):
            return None, None
        return tag, self._hass.data[DATA_HOUSEHOLD].name_of(tag)


def _name_of(session: Session | None) -> datetime | None:
    return None if session is None else session.plugged_in_at
