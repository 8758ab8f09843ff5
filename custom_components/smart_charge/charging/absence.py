"""What happened while nobody looked: we were restarted, or the link was lost. The register tells (9.1, 9.2).

Energy is never lost: what the register gained belongs to the stay that goes on, to the one that has begun
meanwhile, or to one that began and ended unseen. Instants that nobody saw are the bounds of the absence,
and the stay says so.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from .metering import Meter, read
from .model import Reading
from .session import Event, Session, State, advance, event_of

LEAST_WH: Final = 10
"""Less than this has not charged a vehicle: a register rounds, and some count what the charge point itself uses."""

_COUNTER_SLACK_WH: Final = 100


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
        return _with_other_vehicle(session, reading)  # type: ignore[arg-type]
    after = advance(session, reading)
    if after is session:
        return (_unseen_stay(total, seen_at, reading) if event_of(reading) is Event.UNPLUGGED else None), session
    return None, _begun_unseen(after, total, seen_at, reading)  # type: ignore[arg-type]


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
    )


def _begun_unseen(session: Session, total: Meter, seen_at: datetime, reading: Reading) -> Session:
    """Let a session that has begun unseen count from where the register stood when it was last seen."""
    meter = _gained(total, reading)
    session = replace(session, imported=meter, unseen_from_wh=meter.last_wh if meter.last_wh is None else total.last_wh)
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


def _with_other_vehicle(session: Session, reading: Reading) -> tuple[Session | None, Session | None]:
    """Tell a stay that goes on from another vehicle's, where the charge point's own counter has begun again."""
    after = advance(session, reading)
    counter_wh, before_wh = reading.session_wh, session.counter_wh
    if after is None or counter_wh is None or before_wh is None or reading.import_wh is None:
        return None, after
    has_followed = abs(before_wh - session.energy_wh) <= _COUNTER_SLACK_WH
    if not has_followed or counter_wh >= before_wh or after.state is State.FINISHED or counter_wh > after.energy_wh:
        return None, after
    at = reading.taken_at
    return handed_over(after, at, after.energy_wh - counter_wh)


def handed_over(session: Session, at: datetime, energy_wh: int) -> tuple[Session, Session]:
    """Part a session in two: one vehicle left unseen by ``at`` with ``energy_wh``, another took the rest."""
    rest_wh = session.energy_wh - energy_wh
    meter = session.imported
    left = replace(
        session,
        state=State.FINISHED,
        charge_ended_at=at if session.charge_started_at is not None else None,
        unplugged_at=at,
        imported=replace(meter, counted_wh=energy_wh, guessed_wh=0.0),
        is_recovered=True,
    )
    came = replace(
        session,
        plugged_in_at=at,
        charge_started_at=at if rest_wh >= LEAST_WH or session.state is State.CHARGING else None,
        charge_ended_at=session.charge_ended_at if rest_wh >= LEAST_WH else None,
        charging_s=0.0,
        interruptions=0,
        imported=replace(meter, counted_wh=rest_wh, guessed_wh=0.0),
        exported=replace(session.exported, counted_wh=0, guessed_wh=0.0),
        is_recovered=True,
    )
    return left, came
