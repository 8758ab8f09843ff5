"""Energy and time of one charge point: readings in, the running session and its record out (reg 9).

Readings that come as it happens are counted; what happened while nobody looked is found out from the register,
and from the transactions that the charge point kept for us.
"""

from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback

from ..chargers.charger import Charger
from ..charging.absence import after_absence
from ..charging.metering import Meter, guess, read, total_from
from ..charging.model import Reading
from ..charging.session import Session, State, StayEnd, advance
from ..ledger import DATA_LEDGER
from ..prices import DATA_PRICES
from ..records.tab import opened, priced
from ..storage import Memory
from .recording import Recording, session_record
from .taking_over import Absence, TakingOver

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
        self._ledger = hass.data[DATA_LEDGER]
        self._absence = Absence()
        self._taking_over = TakingOver(hass, charger, memory, recording, self._absence, run=run)
        self._was_away = True
        self._kept_at: datetime | None = None

    @callback
    def start(self) -> None:
        """Hand over again what may not have been on record when we were ended."""
        self._recording.add(*self._memory.over)

    @callback
    def count(self, reading: Reading | None, now: datetime) -> None:
        """Advance the session and the running total."""
        self._taking_over.soon()
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
        absence = self._absence
        memory.unclaimed = memory.unclaimed.waiting(reading.taken_at)
        absence.lost_at, absence.lost_wh, absence.back_at = memory.seen_at, memory.total.last_wh, reading.taken_at
        if memory.seen_at is None:
            memory.session = advance(memory.session, reading)
            return
        unseen, memory.session = after_absence(memory.session, memory.total, memory.seen_at, reading)
        if self._charger.keeps_transactions:  # it will tell
            memory.session = memory.session and replace(memory.session, may_be_several=False)
        elif unseen is not None:
            self._recording.put_down(memory, session_record(self._recording.outlet, unseen, memory.tab))

    def _hold_unclaimed(self, before: Session | None, gained_wh: int, now: datetime) -> None:
        """Keep what the register gained in an absence and no stay of ours counts, until the charge point has told."""
        memory, absence, register_wh = self._memory, self._absence, self._memory.total.last_wh
        is_idle = all(session is None or session.state is State.FINISHED for session in (before, memory.session))
        is_theirs = self._charger.keeps_transactions and is_idle and gained_wh > 0 and absence.is_just_over(now)
        if is_theirs and register_wh is not None:
            span = (register_wh - gained_wh, register_wh)
            since = (absence.lost_at or now) + timedelta.resolution  # a stay that began with the last sight is another
            memory.unclaimed = memory.unclaimed.gaining(span, since, now)
        if memory.unclaimed.is_due(now) and not self._taking_over.is_under_way:
            if (stay := memory.unclaimed.stay) is not None:
                from_wh, to_wh = memory.unclaimed.gained[0][0], memory.unclaimed.gained[-1][1]
                memory.note_end(StayEnd(plugged_in_at=stay.plugged_in_at, register_wh=to_wh, from_wh=from_wh))
                self._recording.put_down(memory, session_record(self._recording.outlet, stay, None))
            memory.unclaimed = memory.unclaimed.settled

    def _keep(self, before: Session | None, now: datetime) -> None:
        memory, session = self._memory, self._memory.session
        is_running = session is not None and session.state is not State.FINISHED
        if _name_of(before) != _name_of(session):
            if session is not None:
                memory.tab = opened(memory.tab, session.plugged_in_at)
            if session is not None and not is_running:
                self._keep_over(session)
            memory.save_at_once()
        elif is_running or self._kept_at is None or abs(now - self._kept_at) >= _REMEMBER:
            self._kept_at = now
            memory.save_soon()

    def _keep_over(self, session: Session) -> None:
        memory, meter = self._memory, session.imported
        memory.keep_over(session_record(self._recording.outlet, session, memory.tab))
        if meter.last_wh is not None:
            memory.note_end(
                StayEnd(
                    plugged_in_at=session.plugged_in_at,
                    register_wh=meter.last_wh,
                    from_wh=session.from_wh,
                    guessed_wh=round(meter.guessed_wh),
                    has_guessed=meter.has_guessed,
                )
            )

    @callback
    def records_written(self) -> None:
        """Hear that records were written: what could not be put on record is tried again."""
        if self._memory.over and self._ledger.has_written_all:
            self._memory.over = ()
            self._memory.save_soon()
        self._taking_over.try_again()


def _with_calculated(total: Meter, before: Session | None, session: Session | None, register_wh: int | None) -> Meter:
    """Count what a session took where there is no register, or one that stands at 0 and may be none."""
    if session is None or register_wh or total.last_wh:
        return total
    is_same = before is not None and before.plugged_in_at == session.plugged_in_at
    gained_wh = session.energy_wh - (before.energy_wh if before is not None and is_same else 0)
    return guess(total, gained_wh) if gained_wh > 0 else total


def _name_of(session: Session | None) -> tuple[datetime, State] | None:
    return None if session is None else (session.plugged_in_at, session.state)
