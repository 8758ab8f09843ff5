"""What happened while nobody looked: we were restarted, or the link was lost. The register tells (9.1, 9.2).

Energy is never lost: what the register gained belongs to the stay that goes on, to the one that has begun
meanwhile, or to one that began and ended unseen. Instants that nobody saw are the bounds of the absence,
and the stay says so.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from .metering import Meter, read
from .model import Reading
from .session import Event, Session, State, advance, event_of

LEAST_WH: Final = 10
"""Less than this has not charged a vehicle: a register rounds, and some count what the charge point itself uses."""

_COUNTER_SLACK_WH: Final = 100


ROOM_FOR_ANOTHER: Final = timedelta(minutes=10)
"""In a shorter absence no vehicle is taken to have left, and another to have come and charged."""

_MOST_OF_IT: Final = 0.9
"""A vehicle that has drawn this much of what it would have, without a pause, was there all the time."""


def after_absence(
    session: Session | None, total: Meter, seen_at: datetime, reading: Reading
) -> tuple[Session | None, Session | None]:
    """Return the stay that ended unseen, if there was one, and the session after the first reading.

    Args:
        session: as it was before the absence.
        total: the register's running total, as it was then.
        seen_at: when the charge point was last seen.
    """
    is_idle = session is None or session.state is State.FINISHED
    if not is_idle:
        return _with_other_vehicle(session, seen_at, reading)  # type: ignore[arg-type]
    after = advance(session, reading)
    if after is session:
        return (_unseen_stay(total, seen_at, reading) if event_of(reading) is Event.UNPLUGGED else None), session
    begun = _begun_unseen(after, total, seen_at, reading)  # type: ignore[arg-type]
    left, begun = _parted(begun, reading) if session is not None and _follows(session) else (None, begun)
    has_room = reading.taken_at - seen_at >= ROOM_FOR_ANOTHER
    if left is not None:
        return replace(left, may_be_several=has_room), begun
    return None, replace(begun, may_be_several=has_room and _is_unaccounted(begun.energy_wh, reading))


def _is_unaccounted(gained_wh: int, reading: Reading) -> bool:
    """Whether energy was taken in an absence that no counter of one session shows."""
    counter_wh = reading.session_wh
    return gained_wh >= LEAST_WH and (counter_wh is None or abs(gained_wh - counter_wh) > _COUNTER_SLACK_WH)


def _unseen_stay(total: Meter, seen_at: datetime, reading: Reading) -> Session | None:
    """Return the stay that began and ended unseen: nobody was there before or is now, and yet energy flowed."""
    meter = _gained(total, reading)
    if meter.total_wh < LEAST_WH:
        return None
    at = reading.taken_at
    return Session(
        state=State.FINISHED,
        plugged_in_at=seen_at,
        seen_at=at,
        charge_started_at=seen_at,
        charge_ended_at=at,
        unplugged_at=at,
        charging_s=(at - seen_at).total_seconds(),
        imported=meter,
        is_recovered=True,
        may_be_several=at - seen_at >= ROOM_FOR_ANOTHER and _is_unaccounted(meter.total_wh, reading),
    )


def _begun_unseen(session: Session, total: Meter, seen_at: datetime, reading: Reading) -> Session:
    """Let a session that has begun unseen count from where the register stood when it was last seen."""
    meter = _gained(total, reading)
    from_wh = session.from_wh if total.last_wh is None else total.last_wh
    session = replace(session, imported=meter, from_wh=from_wh, is_begin_unseen=True)
    if meter.total_wh < LEAST_WH:
        return session
    has_paused = session.state is State.WAITING
    return replace(
        session,
        state=State.PAUSED if has_paused else session.state,
        plugged_in_at=seen_at,
        charge_started_at=seen_at,
        charge_ended_at=reading.taken_at if has_paused else None,
        charging_s=(reading.taken_at - seen_at).total_seconds(),
        is_recovered=True,
    )


def _gained(total: Meter, reading: Reading) -> Meter:
    meter = Meter() if total.last_wh is None else Meter(last_wh=total.last_wh, changed_at=total.changed_at)
    return meter if reading.import_wh is None else read(meter, reading.import_wh, reading.metered_at)


def _with_other_vehicle(session: Session, seen_at: datetime, reading: Reading) -> tuple[Session | None, Session | None]:
    """Tell a stay that goes on from other vehicles', where the charge point's own counter has begun again."""
    after = advance(session, reading)
    counter_wh, before_wh = reading.session_wh, session.counter_wh
    if after is None:
        return None, None
    if counter_wh is None or before_wh is None or not _follows(session):
        return None, _doubted(session, after, seen_at, reading)
    if after.state is State.FINISHED and counter_wh < LEAST_WH:
        return None, _doubted(session, after, seen_at, reading)  # many show nothing once the vehicle has left
    lag_wh = max(0, session.energy_wh - before_wh)
    left, after = _parted(after, reading, lag_wh, has_begun_again=counter_wh < before_wh)
    return None if left is None else _doubted(session, left, seen_at, reading), after


def _doubted(before: Session, after: Session, seen_at: datetime, reading: Reading) -> Session:
    """Mark a stay that took energy in an absence long enough for another vehicle to have taken some of it."""
    passed, gained_wh = reading.taken_at - seen_at, after.energy_wh - before.energy_wh
    if passed < ROOM_FOR_ANOTHER or gained_wh < LEAST_WH:
        return after
    drew_throughout = (
        before.state is State.CHARGING is after.state
        and before.power_w is not None
        and gained_wh >= _MOST_OF_IT * before.power_w * passed / timedelta(hours=1)
    )
    return after if drew_throughout else replace(after, may_be_several=True)


def _follows(session: Session) -> bool:
    """Whether the charge point's counter has shown what the session took."""
    if session.counter_wh is None:
        return False  # one that is ahead is of a stay before this one, or began before we did
    return session.energy_wh - _COUNTER_SLACK_WH <= session.counter_wh <= session.energy_wh + LEAST_WH


def _parted(
    session: Session, reading: Reading, lag_wh: int = 0, *, has_begun_again: bool = False
) -> tuple[Session | None, Session]:
    """Give what the counter does not show to a vehicle that was there before: the register cannot tell them apart.

    ``lag_wh`` is by how much the counter is behind the register, as it is read less often.
    """
    counter_wh = reading.session_wh
    if counter_wh is None or reading.import_wh is None or counter_wh > session.energy_wh:
        return None, session
    others_wh = session.energy_wh - counter_wh
    if not has_begun_again and others_wh - lag_wh < LEAST_WH + _step_wh(reading.import_wh):
        return None, session
    return handed_over(session, reading.taken_at, others_wh)


def _step_wh(register_wh: int) -> int:
    """Return in what steps a register may count, by its last digits."""
    return next(step for step in (1000, 100, 10, 1) if register_wh % step == 0)


def handed_over(session: Session, at: datetime, energy_wh: int) -> tuple[Session, Session]:
    """Part a session in two: one vehicle left unseen by ``at`` with ``energy_wh``, another took the rest."""
    rest_wh = session.energy_wh - energy_wh
    meter = session.imported
    left = replace(
        session,
        state=State.FINISHED,
        charge_ended_at=at if session.charge_started_at is not None else None,
        unplugged_at=at,
        charging_s=min(session.charging_s, max(0.0, (at - (session.charge_started_at or at)).total_seconds())),
        imported=replace(meter, counted_wh=energy_wh, guessed_wh=0.0),
        is_recovered=True,
    )
    came = replace(
        session,
        plugged_in_at=at,
        charge_started_at=at if rest_wh >= LEAST_WH or session.state is State.CHARGING else None,
        charge_ended_at=session.charge_ended_at if rest_wh >= LEAST_WH else None,
        charging_s=(session.seen_at - at).total_seconds() if session.state is State.CHARGING else 0.0,
        interruptions=0,
        is_begin_unseen=True,
        instead_of=None,
        from_wh=None if meter.last_wh is None else meter.last_wh - rest_wh,
        gone_at=None,
        gone_wh=None,
        imported=replace(meter, counted_wh=rest_wh, guessed_wh=0.0),
        exported=replace(session.exported, counted_wh=0, guessed_wh=0.0),
        is_recovered=True,
        may_be_several=False,
    )
    return left, came
