"""Energy and time of one charge point: readings in, the running session and its record out (reg 9).

Readings that come as it happens are counted; what happened while nobody looked is found out from the register,
and from the transactions that the charge point kept for us.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..chargers.charger import Charger, PastTransaction
from ..chargers.ocpp.tags import fold
from ..charging.absence import after_absence
from ..charging.metering import Meter, guess, read, total_from
from ..charging.model import Reading
from ..charging.session import Session, State, advance
from ..charging.unclaimed import PATIENCE
from ..const import LOGGER
from ..ledger import DATA_LEDGER
from ..prices import DATA_PRICES
from ..records.journal import Journal
from ..records.tab import Tab, priced
from ..records.values import SessionRecord
from ..storage import DATA_HOUSEHOLD, Memory
from .past import amended, began_at, corrected, found_afterwards, is_behind, is_within, record_of, without
from .recording import Recording, session_record

_REMEMBER: Final = timedelta(minutes=15)
"""While nothing happens, it is kept this often that we were there."""


class Counting:
    """What one charge point's readings add up to."""

    def __init__(
        self,
        hass: HomeAssistant,
        charger: Charger,
        memory: Memory,
        recording: Recording,
        run: Callable[[Coroutine[Any, Any, None], str], object],
    ) -> None:
        self._hass = hass
        self._charger = charger
        self._memory = memory
        self._recording = recording
        self._run = run
        self._ledger = hass.data[DATA_LEDGER]
        self._was_away = True
        self._kept_at: datetime | None = None
        self._lost_at: datetime | None = None
        self._lost_wh: int | None = None
        self._back_at: datetime | None = None
        self._is_taking_over = False
        self._tried: tuple[PastTransaction, ...] = ()

    @callback
    def count(self, reading: Reading | None, now: datetime) -> None:
        """Advance the session and the running total."""
        self._take_over_soon()
        if reading is None or not self._charger.is_online:
            self._was_away = self._was_away or not self._charger.is_online
            return
        memory, before = self._memory, self._memory.session
        counted_wh = None if memory.total.last_wh is None else memory.total.total_wh
        if not self._was_away:
            memory.session = advance(before, reading)
        elif memory.seen_at is None or reading.taken_at > memory.seen_at:
            self._return(reading)
        memory.total = _with_calculated(memory.total, before, memory.session, reading.import_wh)
        if reading.import_wh is not None:
            memory.total = read(total_from(memory.total, reading.import_wh), reading.import_wh, reading.metered_at)
        self._hold_unclaimed(before, 0 if counted_wh is None else memory.total.total_wh - counted_wh, now)
        if not self._was_away:
            memory.seen_at = max(now, reading.taken_at)
        self._keep(before, now)
        self._price()

    def _price(self) -> None:
        """Price what was used since the last time, at the prices of then."""
        tab, session = self._memory.tab, self._memory.session
        if tab is not None and session is not None and tab.plugged_in_at == session.plugged_in_at:
            slots = self._hass.data[DATA_PRICES].slots
            self._memory.tab = priced(tab, session.energy_wh, session.seen_at, slots)

    def _return(self, reading: Reading) -> None:
        """Take up the first reading after an absence."""
        memory = self._memory
        self._was_away = False
        self._lost_at, self._lost_wh, self._back_at = memory.seen_at, memory.total.last_wh, reading.taken_at
        if memory.seen_at is None:
            memory.session = advance(memory.session, reading)
            return
        unseen, memory.session = after_absence(memory.session, memory.total, memory.seen_at, reading)
        if self._tells_transactions:
            memory.session = memory.session and replace(memory.session, may_be_several=False)  # it will tell
        elif unseen is not None:
            self._recording.add(session_record(self._recording.outlet, unseen, memory.tab))

    def _hold_unclaimed(self, before: Session | None, gained_wh: int, now: datetime) -> None:
        """Keep what the register gained in an absence and no stay of ours counts, until the charge point has told."""
        memory, register_wh = self._memory, self._memory.total.last_wh
        is_idle = all(session is None or session.state is State.FINISHED for session in (before, memory.session))
        if self._tells_transactions and is_idle and gained_wh > 0 and register_wh is not None and self._is_back(now):
            span = (register_wh - gained_wh, register_wh)
            memory.unclaimed = memory.unclaimed.gaining(span, self._lost_at or now, now)
        if memory.unclaimed.is_due(now) and not self._is_taking_over:
            if (stay := memory.unclaimed.stay) is not None:
                self._recording.add(session_record(self._recording.outlet, stay, None))
            memory.unclaimed = memory.unclaimed.settled

    def _is_back(self, now: datetime) -> bool:
        """Whether we were away not long ago, so that what comes now may be of then."""
        return self._lost_at is not None and self._back_at is not None and now <= self._back_at + PATIENCE

    def _claim(self, transaction: PastTransaction) -> None:
        """Hear from where to where the register moved in a transaction."""
        memory, start_wh, stop_wh = self._memory, transaction.meter_start_wh, transaction.meter_stop_wh
        if start_wh is None or stop_wh is None:
            return
        is_late = self._lost_at is not None and transaction.ended_at >= self._lost_at and not transaction.ended_live
        span, now = (start_wh, stop_wh), dt_util.utcnow()
        memory.unclaimed = memory.unclaimed.telling(span, self._lost_wh, now, is_late=is_late)

    @property
    def _tells_transactions(self) -> bool:
        """Whether the charge point itself says what happened while we were away."""
        return self._charger.keeps_transactions

    def _keep(self, before: Session | None, now: datetime) -> None:
        memory, session = self._memory, self._memory.session
        is_running = session is not None and session.state is not State.FINISHED
        if _name_of(before) != _name_of(session):
            memory.tab = _opened(memory.tab, session)
            memory.save_at_once()
        elif is_running or self._kept_at is None or abs(now - self._kept_at) >= _REMEMBER:
            self._kept_at = now
            memory.save_soon()

    # What the charge point tells late

    def _take_over_soon(self) -> None:
        waiting = self._charger.past_transactions
        is_due = waiting != self._tried and not self._is_taking_over and not self._ledger.is_held
        if waiting and is_due:
            self._is_taking_over = True
            self._run(self._async_take_over(), "take over transactions")

    @callback
    def records_written(self) -> None:
        """Hear that the records can be written: what could not be put on record is tried again."""
        self._tried = ()

    async def _async_take_over(self) -> None:
        """Put on record what the charge point has bracketed, and let it forget that.

        While the records cannot be written, it keeps it.
        """
        waiting = self._charger.past_transactions
        try:
            for transaction in waiting:
                await self._async_record(transaction)
            await self._ledger.async_flush()  # also where a transaction came to nothing, and something else waits
            await self._memory.async_save()
            self._tried = waiting
            if self._ledger.has_written_all:
                await self._charger.acknowledge(waiting)
                self._tried = ()
        except HomeAssistantError:
            self._tried = waiting  # a repair says what is wrong with the records
        finally:
            self._is_taking_over = False
        self._take_over_soon()  # what was told meanwhile

    async def _async_record(self, transaction: PastTransaction) -> None:
        self._claim(transaction)
        record = self._into_session(transaction)
        if record is None:
            record = await self._async_into_records(transaction)
        if record is not None:
            self._recording.add(self._named(record, transaction))
            await self._ledger.async_flush()

    def _into_session(self, transaction: PastTransaction) -> SessionRecord | None:
        """Fold a transaction into the session that we carry, if it is that one's; returns what to record."""
        memory, session = self._memory, self._memory.session
        if session is None:
            return None
        if not is_within(session, transaction):
            memory.session = without(session, transaction)
            return None
        left, memory.session = amended(session, transaction)
        self._price()
        if left is not None:
            return session_record(self._recording.outlet, left, memory.tab)
        if memory.tab is None or memory.tab.plugged_in_at != session.plugged_in_at:
            memory.tab = _opened(None, memory.session)
        tag, who = self._who(transaction)
        if memory.tab is not None and tag is not None:
            memory.tab = replace(memory.tab, tag=tag, who=who)
        return session_record(self._recording.outlet, memory.session, memory.tab)

    async def _async_into_records(self, transaction: PastTransaction) -> SessionRecord | None:
        outlet, now = self._recording.outlet, dt_util.utcnow()
        at, session = began_at(transaction), self._memory.session
        since = session.plugged_in_at if session is not None and is_behind(session, transaction) else None

        def near(journal: Journal) -> list[SessionRecord]:
            day = timedelta(days=1)
            found = journal.sessions(at - day, at + day, [outlet.charge_point])
            ours = (record for record in found if record.outlet == outlet)
            return [record for record in ours if since is None or record.plugged_in_at > since]

        known = record_of(await self._ledger.async_ask(near), transaction)
        if known is not None:
            return corrected(known, transaction, now)
        made = found_afterwards(outlet, transaction, now)
        if made is None and not transaction.began_live:
            LOGGER.warning("A charge that ended at %s cannot be recorded: its register is not known", at.isoformat())
        return made

    def _named(self, record: SessionRecord, transaction: PastTransaction) -> SessionRecord:
        tag, who = self._who(transaction)
        return record if tag is None else replace(record, tag=tag, who=who)

    def _who(self, transaction: PastTransaction) -> tuple[str | None, str | None]:
        """Return whose tag began it, and the name that the owner has given to it; our own tag is nobody's."""
        tag = transaction.id_tag
        if not tag or fold(tag) == fold(self._memory.id_tag):
            return None, None
        return tag, self._hass.data[DATA_HOUSEHOLD].name_of(tag)


def _with_calculated(total: Meter, before: Session | None, session: Session | None, register_wh: int | None) -> Meter:
    """Count what a session took where there is no register, or one that stands at 0 and may be none."""
    if session is None or register_wh or total.last_wh:
        return total
    is_same = before is not None and before.plugged_in_at == session.plugged_in_at
    gained_wh = session.energy_wh - (before.energy_wh if before is not None and is_same else 0)
    return guess(total, gained_wh) if gained_wh > 0 else total


def _name_of(session: Session | None) -> tuple[datetime, State] | None:
    return None if session is None else (session.plugged_in_at, session.state)


def _opened(tab: Tab | None, session: Session | None) -> Tab | None:
    """Return the session's tab: a new one for a new session."""
    if session is None or (tab is not None and tab.plugged_in_at == session.plugged_in_at):
        return tab
    return Tab(plugged_in_at=session.plugged_in_at, priced_at=session.plugged_in_at)
