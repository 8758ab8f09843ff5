"""Charges that the charge point bracketed itself and tells late, folded into what was recorded of them.

A transaction is found again by its instants: the stay in which it ran. What was seen live is left as it is;
what ended while nobody looked is put right; what nobody saw at all becomes a record of its own.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from ..chargers.charger import PastTransaction
from ..charging.absence import LEAST_WH, handed_over
from ..charging.metering import Meter, read
from ..charging.session import Session, State, StayEnd
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


def is_rather_of(session: Session, known: SessionRecord | None, transaction: PastTransaction) -> bool:
    """Whether a transaction is part of the stay that we carry, and no more of another one that is on record."""
    shared = _shared(session.plugged_in_at, session.unplugged_at, transaction)
    if is_behind(session, transaction):
        return False
    if shared <= timedelta(0) or known is None:
        return shared > timedelta(0)
    return not _is_own(known, transaction) and shared >= _shared(known.plugged_in_at, _end_of(known), transaction)


def is_behind(session: Session, transaction: PastTransaction) -> bool:
    """Whether a transaction is of the next vehicle: it began after this one left, where the register stood then."""
    start_wh, meter, left_at = transaction.meter_start_wh, session.imported, session.unplugged_at
    if start_wh is None or meter.last_wh is None or left_at is None or meter.counted_wh == 0:
        return False
    return began_at(transaction) >= left_at and start_wh >= meter.last_wh


def _shared(since: datetime, until: datetime | None, transaction: PastTransaction) -> timedelta:
    """Return for how long a transaction ran within a stay; none at all where one ended before the other began.

    One whose beginning or end we saw is of a stay that we saw, though our clocks may differ a little. Where nobody saw
    either, the next vehicle may have come as fast as a cable changes hands.
    """
    slack = _SLACK if transaction.began_live or transaction.ended_live else timedelta(0)
    return _overlap(since - slack, until and until + slack, transaction)


def _overlap(since: datetime, until: datetime | None, transaction: PastTransaction) -> timedelta:
    ended_at = max(transaction.ended_at, began_at(transaction) + timedelta.resolution)
    return (ended_at if until is None else min(ended_at, until)) - max(began_at(transaction), since)


def amended(session: Session, transaction: PastTransaction) -> tuple[Session | None, Session]:
    """Put right a stay whose transaction has ended: the vehicle that left unseen, if another came, and the one that is.

    Its end is counted by the register that it told: the message may come behind the one that the vehicle has left, and
    what was seen as it happened may not have been on disk before a kill. Where the vehicle left unseen and nobody is
    there any more, what was counted behind the end is taken from the stay: other transactions tell of it.
    """
    stop_wh, is_over = transaction.meter_stop_wh, session.state is State.FINISHED
    if stop_wh is None:
        return None, session
    before, session = session, _told_of(_begun(session, transaction), stop_wh, transaction)
    is_seen_behind = is_over or session.seen_at > transaction.ended_at
    if not _left_unseen(transaction) or not is_seen_behind or transaction.ended_at <= session.plugged_in_at:
        return None, _ended_unseen(before, session, transaction) if is_over else _gone(session, transaction)
    behind_wh = min((session.imported.last_wh or stop_wh) - stop_wh, session.energy_wh)
    left, came = handed_over(session, transaction.ended_at, session.energy_wh - max(0, behind_wh))
    if left.imported.last_wh is not None:
        left = replace(left, imported=replace(left.imported, last_wh=stop_wh, changed_at=transaction.ended_at))
    return (None, left) if is_over else (left, came)


def _begun(session: Session, transaction: PastTransaction) -> Session:
    """Let a stay whose beginning nobody saw begin when its first transaction did."""
    told_at = transaction.began_at
    if not session.is_begin_unseen or told_at is None or transaction.began_live or told_at == session.plugged_in_at:
        return session
    later_s = (told_at - session.plugged_in_at).total_seconds()
    has_charged = session.charge_started_at is not None
    return replace(
        session,
        plugged_in_at=told_at,
        charge_started_at=told_at if has_charged else None,
        charging_s=max(0.0, session.charging_s - later_s) if has_charged else session.charging_s,
        is_begin_unseen=False,
        is_recovered=True,
        instead_of=session.plugged_in_at,
    )


def parted(session: Session, transaction: PastTransaction) -> tuple[Session | None, Session]:
    """Part a stay in two where one transaction ended as the vehicle left, and this one began behind it."""
    gone_at, gone_wh = session.gone_at, session.gone_wh
    if gone_at is None or gone_wh is None or transaction.began_at is None or transaction.began_at < gone_at:
        return None, session
    behind_wh = min(max(0, (session.imported.last_wh or gone_wh) - gone_wh), session.energy_wh)
    left, came = handed_over(session, gone_at, session.energy_wh - behind_wh)
    began_at, is_told = transaction.began_at, not transaction.began_live
    return left, replace(came, plugged_in_at=began_at, charge_started_at=began_at, is_begin_unseen=is_told)


def _left_unseen(transaction: PastTransaction) -> bool:
    """Whether the vehicle left with the end of it, and nobody saw that."""
    return transaction.reason == UNPLUGGED and not transaction.ended_live


def _metered(session: Session, stop_wh: int, transaction: PastTransaction) -> Meter:
    """Count up to the end of a transaction. Where that is all of a stay, its registers say what was calculated."""
    taken_wh = energy_wh(transaction)
    is_all = _is_all_of(session.charge_started_at or session.plugged_in_at, session.charge_ended_at, transaction)
    is_anew = _has_begun_anew(session.from_wh, transaction)
    if taken_wh and is_all and (is_anew or not session.is_metered):
        return Meter(counted_wh=taken_wh, last_wh=stop_wh, changed_at=transaction.ended_at)
    return _counted_until(session.imported, stop_wh, transaction)


def _is_all_of(since: datetime, until: datetime | None, transaction: PastTransaction) -> bool:
    """Whether a transaction began and ended with a stay's charging, or ended it though nobody saw that."""
    is_end = until is None or transaction.ended_at >= until - _SLACK or _left_unseen(transaction)
    return is_end and began_at(transaction) <= since + _SLACK


def _has_begun_anew(from_wh: int | None, transaction: PastTransaction) -> bool:
    """Whether a register ended no higher than it stood before: it begins at 0 with each transaction."""
    stop_wh = transaction.meter_stop_wh
    return from_wh is not None and stop_wh is not None and stop_wh <= from_wh


def _counted_until(meter: Meter, stop_wh: int, transaction: PastTransaction) -> Meter:
    """Count up to where a transaction ended, if that has not been counted yet and can be."""
    if meter.last_wh is None:
        taken_wh = energy_wh(transaction)
        return Meter(counted_wh=taken_wh, last_wh=stop_wh, changed_at=transaction.ended_at) if taken_wh else meter
    if meter.last_wh >= stop_wh:
        return meter
    counted = read(meter, stop_wh, max(transaction.ended_at, meter.changed_at or transaction.ended_at))
    return counted if counted.last_wh == stop_wh else meter


def _told_of(session: Session, stop_wh: int, transaction: PastTransaction) -> Session:
    """Count up to the end of a transaction; a vehicle that nobody saw draw drew between its beginning and end."""
    counted = replace(session, imported=_metered(session, stop_wh, transaction))
    if counted.charge_started_at is not None or transaction.began_at is None or counted.energy_wh < LEAST_WH:
        return counted
    last_at = transaction.ended_at if session.unplugged_at is None else min(transaction.ended_at, session.unplugged_at)
    began_at = min(max(transaction.began_at, session.plugged_in_at), last_at)
    ended_at = max(began_at, last_at)
    return replace(
        counted, charge_started_at=began_at, charge_ended_at=ended_at, charging_s=(ended_at - began_at).total_seconds()
    )


def _gone(session: Session, transaction: PastTransaction) -> Session:
    """Note that a vehicle left, if a transaction says so; in most cases the next message says the same."""
    if transaction.reason != UNPLUGGED or transaction.ended_at <= session.plugged_in_at:
        return session
    return replace(session, gone_at=transaction.ended_at, gone_wh=transaction.meter_stop_wh)


def _ended_unseen(before: Session, session: Session, transaction: PastTransaction) -> Session:
    """Give a stay that is over its true end of charging, where that was not seen."""
    was_seen = transaction.ended_live or transaction.ended_at < (before.imported.changed_at or transaction.ended_at)
    if was_seen or session.charge_started_at is None:
        return session
    return replace(session, charge_ended_at=transaction.ended_at)


def without(session: Session, transaction: PastTransaction) -> Session:
    """Leave to an earlier stay what a session counts, or will count, of it: it began where that one ended."""
    from_wh, stop_wh, meter = session.from_wh, transaction.meter_stop_wh, session.imported
    has_begun_before = began_at(transaction) < session.plugged_in_at
    is_earlier = has_begun_before and transaction.ended_at <= session.plugged_in_at + _SLACK
    if from_wh is None or stop_wh is None or meter.last_wh is None or stop_wh <= from_wh or not is_earlier:
        return session
    if meter.last_wh < stop_wh:
        meter = _counted_until(meter, stop_wh, transaction)
    if meter.last_wh is None or meter.last_wh < stop_wh:
        return session  # it cannot be
    imported = replace(meter, counted_wh=max(0, meter.counted_wh - (stop_wh - from_wh)))
    return replace(session, imported=imported, from_wh=stop_wh)


def record_of(records: Iterable[SessionRecord], transaction: PastTransaction) -> SessionRecord | None:
    """Find the recorded stay that a transaction is part of: its own record, or the one that it shares most with."""
    best, most = None, (timedelta(0), timedelta(0))
    for record in records:
        if _is_own(record, transaction):
            return record
        since, until = record.plugged_in_at, _end_of(record)
        shared = _shared(since, until, transaction)
        share = (max(timedelta(0), _overlap(since, until, transaction)), shared)
        if shared > timedelta(0) and share > most:
            best, most = record, share
    return best


def _is_own(record: SessionRecord, transaction: PastTransaction) -> bool:
    return record.is_recovered and record.plugged_in_at == transaction.began_at


def _end_of(record: SessionRecord) -> datetime | None:
    return None if record.is_open else record.unplugged_at or record.seen_at


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


def corrected(record: SessionRecord, end: StayEnd | None, transaction: PastTransaction, now: datetime) -> SessionRecord:
    """Put right a recorded stay that a transaction tells more of.

    ``end`` is up to where its register was counted; None where that is not remembered.
    """
    if _is_own(record, transaction):
        anew = found_afterwards(record.outlet, transaction, now)
        return record if anew is None else replace(anew, tag=record.tag, who=record.who)
    more_wh = _untold_wh(record, end, transaction) - counted_behind_wh(record, end, transaction)
    left_at = transaction.ended_at if _left_before(record, transaction) else record.unplugged_at
    if more_wh == 0 and left_at == record.unplugged_at:
        return record
    ended_at = transaction.ended_at if not transaction.ended_live else record.charge_ended_at
    return replace(
        record,
        import_wh=max(0, record.import_wh + more_wh),
        charge_ended_at=ended_at if record.charge_started_at is not None else None,
        unplugged_at=left_at,
        is_metered=record.is_metered or (end is not None and not end.has_guessed),
    )


def _left_before(record: SessionRecord, transaction: PastTransaction) -> bool:
    """Whether a vehicle left unseen, before a stay was taken to be over."""
    until = record.unplugged_at
    return _left_unseen(transaction) and until is not None and record.plugged_in_at < transaction.ended_at < until


def counted_behind_wh(record: SessionRecord, end: StayEnd | None, transaction: PastTransaction) -> int:
    """Return what was counted for a stay behind its true end: other transactions tell of it."""
    stop_wh = transaction.meter_stop_wh
    if end is None or stop_wh is None or not _left_before(record, transaction):
        return 0
    return min(max(0, end.register_wh - stop_wh), record.import_wh)


def _untold_wh(record: SessionRecord, end: StayEnd | None, transaction: PastTransaction) -> int:
    """Return what a transaction took that its stay has not, less what was calculated of it.

    Where only its beginning tells, and its end was seen, none.
    """
    stop_wh, taken_wh = transaction.meter_stop_wh, energy_wh(transaction)
    since = record.charge_started_at or record.plugged_in_at
    if end is not None and taken_wh and _has_begun_anew(end.from_wh, transaction):
        return taken_wh - record.import_wh if _is_all_of(since, record.charge_ended_at, transaction) else 0
    if end is not None and stop_wh is not None:
        meter = Meter(last_wh=end.register_wh, changed_at=began_at(transaction))
        counted = _counted_until(meter, stop_wh, transaction)
        return counted.counted_wh - end.guessed_wh if counted.last_wh == stop_wh else 0
    return 0 if taken_wh is None or transaction.ended_live else max(0, taken_wh - record.import_wh)
