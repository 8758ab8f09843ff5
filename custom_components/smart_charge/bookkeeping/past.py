"""Charges that the charge point bracketed itself and tells late, folded into what was recorded of them.

A transaction is found again by its instants: the stay in which it ran. What was seen live is left as it is;
what ended while nobody looked is put right; what nobody saw at all becomes a record of its own.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..chargers.charger import PastTransaction
from ..charging.absence import handed_over
from ..charging.metering import Meter, read
from ..charging.session import Session, State
from ..records.values import OutletKey, SessionRecord

_SLACK: Final = timedelta(minutes=1)
"""Clocks differ, and a transaction may be told a moment before the cable is, or after it."""

UNPLUGGED: Final = "EVDisconnected"
"""The reason (OCPP 1.6, 7.36) that says that the vehicle left with the transaction."""


def began_at(transaction: PastTransaction) -> datetime:
    """Return when it began; where only its end was told, that."""
    return transaction.began_at or transaction.ended_at


def energy_wh(transaction: PastTransaction) -> int | None:
    """Return what it took by its own register; None where that cannot be told."""
    start_wh, stop_wh = transaction.meter_start_wh, transaction.meter_stop_wh
    return None if start_wh is None or stop_wh is None or stop_wh < start_wh else stop_wh - start_wh


def is_within(session: Session, transaction: PastTransaction) -> bool:
    """Whether a transaction is part of this stay."""
    if is_behind(session, transaction):
        return False
    return _shared(session.plugged_in_at, session.unplugged_at, transaction) > timedelta(0)


def is_behind(session: Session, transaction: PastTransaction) -> bool:
    """Whether a transaction is of the next vehicle: it began after this one left, where the register stood then."""
    start_wh, meter, left_at = transaction.meter_start_wh, session.imported, session.unplugged_at
    if start_wh is None or meter.last_wh is None or left_at is None or meter.counted_wh == 0:
        return False
    return began_at(transaction) >= left_at and start_wh >= meter.last_wh


def _shared(since: datetime, until: datetime | None, transaction: PastTransaction) -> timedelta:
    """Return for how long a transaction ran within a stay; none at all where one ended before the other began.

    One whose beginning or end we saw is of a stay that we saw, though our clocks may differ a little. Two charges that
    nobody saw may be as close to each other as a cable needs to change hands.
    """
    slack = _SLACK if transaction.began_live or transaction.ended_live else timedelta(0)
    ended_at = max(transaction.ended_at, began_at(transaction) + timedelta.resolution)
    ends = ended_at if until is None else min(ended_at, until + slack)
    return ends - max(began_at(transaction), since - slack)


def amended(session: Session, transaction: PastTransaction) -> tuple[Session | None, Session]:
    """Put right a stay whose transaction ended unseen: the vehicle that left, if another came, and the one that is.

    Where nobody is there any more, what was counted behind the end is taken from the stay: other ones tell of it.
    """
    stop_wh, is_over = transaction.meter_stop_wh, session.state is State.FINISHED
    if transaction.ended_live or stop_wh is None:
        return None, _metered(session, transaction)
    if transaction.reason != UNPLUGGED or transaction.ended_at <= session.plugged_in_at:
        return None, _ended_unseen(session, transaction) if is_over else session
    session = replace(session, imported=_counted_until(session.imported, stop_wh, transaction))
    behind_wh = min((session.imported.last_wh or stop_wh) - stop_wh, session.energy_wh)
    left, came = handed_over(session, transaction.ended_at, session.energy_wh - max(0, behind_wh))
    return (None, left) if is_over else (left, came)


def _metered(session: Session, transaction: PastTransaction) -> Session:
    """Let the registers of a transaction say what its stay took, where they say more, or what was calculated."""
    taken_wh, stop_wh, ended_at = energy_wh(transaction), transaction.meter_stop_wh, transaction.ended_at
    if taken_wh is None or stop_wh is None:
        return session
    since, until = session.charge_started_at or session.plugged_in_at, session.charge_ended_at or ended_at
    is_all = began_at(transaction) <= since + _SLACK and ended_at >= until - _SLACK
    if is_all and not session.is_metered:
        return replace(session, imported=Meter(counted_wh=taken_wh, last_wh=stop_wh, changed_at=ended_at))
    return replace(session, imported=_counted_until(session.imported, stop_wh, transaction))


def _counted_until(meter: Meter, stop_wh: int, transaction: PastTransaction) -> Meter:
    """Count up to where a transaction ended, if that has not been counted yet."""
    taken_wh = energy_wh(transaction)
    if meter.last_wh is None and taken_wh is not None:
        return Meter(counted_wh=taken_wh, last_wh=stop_wh, changed_at=transaction.ended_at)
    return (
        meter if meter.last_wh is not None and meter.last_wh >= stop_wh else read(meter, stop_wh, transaction.ended_at)
    )


def _ended_unseen(session: Session, transaction: PastTransaction) -> Session:
    """Give a stay its true end: what its register showed then, and when that was."""
    stop_wh = transaction.meter_stop_wh
    if stop_wh is None or transaction.ended_at < (session.imported.changed_at or transaction.ended_at):
        return session
    return replace(
        session,
        imported=read(session.imported, stop_wh, transaction.ended_at),
        charge_ended_at=transaction.ended_at if session.charge_started_at is not None else None,
    )


def without(session: Session, transaction: PastTransaction) -> Session:
    """Leave to an earlier stay what a session that began unseen counts, or will count, of it."""
    from_wh, stop_wh, last_wh = session.unseen_from_wh, transaction.meter_stop_wh, session.imported.last_wh
    is_earlier = transaction.ended_at <= session.plugged_in_at + _SLACK
    if from_wh is None or stop_wh is None or last_wh is None or stop_wh <= from_wh or not is_earlier:
        return session
    meter = session.imported
    counted_wh = max(0, meter.counted_wh - max(0, min(stop_wh, last_wh) - from_wh))
    changed_at = meter.changed_at if last_wh >= stop_wh else transaction.ended_at
    imported = replace(meter, counted_wh=counted_wh, last_wh=max(last_wh, stop_wh), changed_at=changed_at)
    return replace(session, imported=imported, unseen_from_wh=stop_wh)


def record_of(records: Iterable[SessionRecord], transaction: PastTransaction) -> SessionRecord | None:
    """Find the recorded stay that a transaction is part of: its own record, or the one that it shares most with."""
    best, most = None, timedelta(0)
    for record in records:
        if record.is_recovered and record.plugged_in_at == transaction.began_at:
            return record
        until = None if record.is_open else record.unplugged_at or record.seen_at
        if (shared := _shared(record.plugged_in_at, until, transaction)) > most:
            best, most = record, shared
    return best


def found_afterwards(outlet: OutletKey, transaction: PastTransaction, now: datetime) -> SessionRecord | None:
    """Return a record of a charge that nobody saw; None where what it took cannot be told."""
    taken_wh = energy_wh(transaction)
    if taken_wh is None or transaction.began_at is None:
        return None
    ended_at = max(transaction.began_at, transaction.ended_at)
    return SessionRecord(
        outlet=outlet,
        plugged_in_at=transaction.began_at,
        seen_at=max(now, ended_at),
        charge_started_at=transaction.began_at,
        charge_ended_at=ended_at,
        unplugged_at=ended_at,
        is_open=False,
        import_wh=taken_wh,
        charging_s=round((ended_at - transaction.began_at).total_seconds()),
        is_recovered=True,
    )


def corrected(record: SessionRecord, transaction: PastTransaction, now: datetime) -> SessionRecord:
    """Put right a recorded stay that a transaction tells more of."""
    if record.is_recovered and record.plugged_in_at == transaction.began_at:
        anew = found_afterwards(record.outlet, transaction, now)
        return record if anew is None else replace(anew, tag=record.tag, who=record.who)
    taken_wh = energy_wh(transaction)
    if taken_wh is None or taken_wh <= record.import_wh:
        return record
    return replace(record, import_wh=taken_wh, seen_at=max(now, record.seen_at), charge_ended_at=transaction.ended_at)
