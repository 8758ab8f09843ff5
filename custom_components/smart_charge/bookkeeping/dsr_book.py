"""The accounts of demand response events at one charge point: kept over restarts, and on their way to the ledger."""

from datetime import datetime, timedelta
from typing import Final

from ..charging.dsr_account import Account, Books, Look, follow, learn
from ..charging.model import OverrideKind
from ..ledger import Ledger
from ..records.values import EventRecord, OutletKey
from ..storage import Memory
from .recording import Scene

CHECKPOINT: Final = timedelta(minutes=5)
"""An event that is on is written this often."""


class DsrBook:
    """What each event did and moved (5.3, 10.6)."""

    def __init__(self, ledger: Ledger, outlet: OutletKey, memory: Memory) -> None:
        self._ledger = ledger
        self._outlet = outlet
        self._memory = memory
        self._is_new_here = True
        self._written: dict[str, tuple[tuple[object, ...], datetime]] = {}

    @property
    def open_records(self) -> list[EventRecord]:
        """The events that are not over, as they stand."""
        return [event_record(self._outlet, account) for account in self._memory.books.accounts]

    def note(self, scene: Scene, undisturbed_a: float) -> None:
        """Reckon what the events that are on have moved since the last look."""
        memory, session = self._memory, scene.session
        plugged_in_at = None if session is None else session.plugged_in_at
        habit = learn(memory.books.habit, scene.reading if scene.is_online else None, plugged_in_at)
        override = scene.decision.carry.override
        look = Look(
            now=scene.now,
            settings=scene.settings,
            reading=scene.reading,
            setpoint_a=scene.decision.setpoint_a,
            undisturbed_a=undisturbed_a,
            is_overridden=override is not None and override.kind is OverrideKind.CHARGE_NOW,
            total_wh=memory.total.counted_wh if memory.total.last_wh is not None else None,
            was_away=self._is_new_here,
        )
        self._is_new_here = False
        accounts = follow(memory.books.accounts, scene.decision.carry.events, look, habit)
        self._write(accounts, scene.now)
        still_open = tuple(account for account in accounts if account.ended_at is None)
        memory.books = Books(accounts=still_open, habit=habit)

    def _write(self, accounts: tuple[Account, ...], now: datetime) -> None:
        for account in accounts:
            name, said = account.event.event_id, _said(account)
            before = self._written.get(name)
            is_due = account.looked_at is not None and (before is None or abs(now - before[1]) >= CHECKPOINT)
            if before is None or before[0] != said or is_due:
                self._written[name] = said, now
                self._ledger.add(event_record(self._outlet, account))
            if account.ended_at is not None:
                self._written.pop(name, None)


def _said(account: Account) -> tuple[object, ...]:
    event = account.event
    terms = event.kind, event.start_at, event.end_at, event.limit_a, event.limit_w
    return terms, account.began_at, account.ended_at, account.opted_out_at, account.is_overridden, account.setpoint_a


def event_record(outlet: OutletKey, account: Account) -> EventRecord:
    """Return an account as it is recorded."""
    event = account.event
    return EventRecord(
        outlet=outlet,
        event_id=event.event_id,
        announced_at=account.announced_at,
        kind=event.kind.value,
        source=event.source,
        start_at=event.start_at,
        end_at=event.end_at,
        limit_a=event.limit_a,
        limit_w=event.limit_w,
        delay_already_applied=event.delay_already_applied,
        began_at=account.began_at,
        ended_at=account.ended_at,
        opted_out_at=account.opted_out_at,
        is_overridden=account.is_overridden,
        setpoint_a=account.setpoint_a,
        taken_wh=round(account.taken_wh),
        expected_wh=round(account.expected_wh),
        unwatched_s=round(account.unwatched_s),
    )
