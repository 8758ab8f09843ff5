"""Write a session as it stands, and its energy by half-hour, so that the halves always add up to it.

One transaction does both: what the session gained since it was last written goes to the half-hours in
between. Writing the same again adds nothing, so a write whose outcome is not known is simply repeated.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from .energy import half_hour_of, is_longer_than_a_half_hour, spread
from .outlets import outlet_id_of
from .store import upsert
from .tables import half_hours, sessions, to_micro
from .values import SessionRecord

_FACTS: Final = tuple(column.name for column in sessions.columns if column.name not in {"outlet_id", "plugged_in_at"})
SUMS: Final = ("import_wh", "export_wh", "charging_s", "cost_micro", "priced_wh")
"""What half-hours hold of the sessions in them."""

_ACCURACY: Final = ("integrated_wh", "compared_wh", "doubt_wh")

type Shares = dict[datetime, dict[str, int]]
"""What half-hours gained, by their start and by the name of the sum."""


def write_session(connection: Connection, site: str, session: SessionRecord) -> bool:
    """Write a session; False when a later state of it is there already."""
    outlet_id = outlet_id_of(connection, site, session.outlet)
    if session.instead_of is not None:
        _move(connection, outlet_id, session.instead_of, session.plugged_in_at)
    before = connection.execute(
        select(sessions)
        .where(sessions.c.outlet_id == outlet_id, sessions.c.plugged_in_at == session.plugged_in_at)
        .with_for_update()
    ).one_or_none()
    if before is not None and before.seen_at > session.seen_at:
        return False
    if before is None:
        _end_earlier_ones(connection, outlet_id, session.plugged_in_at)
    facts = {name: getattr(session, name) for name in _FACTS}
    if before is not None and session.compared_wh is None:  # it ended unseen, which takes nothing from what was seen
        facts |= {name: getattr(before, name) for name in _ACCURACY}
    statement = upsert(connection, sessions).values(outlet_id=outlet_id, plugged_in_at=session.plugged_in_at, **facts)
    connection.execute(statement.on_conflict_do_update(index_elements=["outlet_id", "plugged_in_at"], set_=facts))
    _write_gains(connection, outlet_id, session, before)
    return True


def _move(connection: Connection, outlet_id: int, since: datetime, to: datetime) -> None:
    """Write a stay under the plug-in that was told since, unless it is there already."""
    of_outlet = sessions.c.outlet_id == outlet_id
    if connection.execute(select(sessions.c.seen_at).where(of_outlet, sessions.c.plugged_in_at == to)).first() is None:
        old = update(sessions).where(of_outlet, sessions.c.plugged_in_at == since)
        connection.execute(old.values(plugged_in_at=to))


def _end_earlier_ones(connection: Connection, outlet_id: int, plugged_in_at: datetime) -> None:
    """End what is still open from before: its vehicle has left unseen, so its unplug time stays unknown."""
    connection.execute(
        update(sessions)
        .where(sessions.c.outlet_id == outlet_id, sessions.c.is_open, sessions.c.plugged_in_at < plugged_in_at)
        .values(is_open=False)
    )


def _write_gains(connection: Connection, outlet_id: int, session: SessionRecord, before: Row[Any] | None) -> None:
    now, then = _totals(session), _totals(before)
    since, until = _time_of_gain(session, before)
    gained: Shares = {}
    for name in SUMS:
        gain = now[name] - then[name]
        if gain < 0:
            take_back(connection, outlet_id, name, -gain, max(until, _last_gain(before)))
        elif gain > 0:
            for start, share in spread(gain, since, until):
                gained.setdefault(start, {})[name] = share
    if gained:
        _add(connection, outlet_id, gained, is_spread=is_longer_than_a_half_hour(since, until))


def _totals(session: SessionRecord | Row[Any] | None) -> dict[str, int]:
    if session is None:
        return dict.fromkeys(SUMS, 0)
    plain = {name: getattr(session, name) for name in SUMS if name != "cost_micro"}
    return plain | {"cost_micro": 0 if session.cost is None else to_micro(session.cost)}


def _time_of_gain(session: SessionRecord, before: Row[Any] | None) -> tuple[datetime, datetime]:
    """Return when the gain was made: since the last write, as far as the vehicle was drawing."""
    if before is not None and session.unplugged_at is not None and session.unplugged_at <= before.seen_at:
        return _time_of_correction(session, before)
    since = session.plugged_in_at if before is None else before.seen_at
    if session.charge_started_at is not None:
        since = max(since, session.charge_started_at)
    until = session.seen_at
    if session.charge_ended_at is not None and session.charge_ended_at > since:
        until = min(until, session.charge_ended_at)
    return min(since, until), until


def _last_gain(before: Row[Any] | None) -> datetime:
    """Return until when a stay took what is on record of it; that of none is long ago."""
    return datetime.min.replace(tzinfo=UTC) if before is None else before.charge_ended_at or before.seen_at


def _time_of_correction(session: SessionRecord, before: Row[Any]) -> tuple[datetime, datetime]:
    """Return when a stay that was over before took what is told of it now: in the last part of its charging time."""
    until = session.charge_ended_at or session.unplugged_at or session.seen_at
    since = session.charge_started_at or session.plugged_in_at
    share = max(0, session.import_wh - before.import_wh) / max(1, session.import_wh)
    return until - share * max(timedelta(0), until - since), until


def _add(connection: Connection, outlet_id: int, gained: Shares, *, is_spread: bool) -> None:
    """Add shares to their half-hours: of a year, when a clock was put right, as well as of one."""
    statement = upsert(connection, half_hours)
    sums: dict[str, Any] = {name: half_hours.c[name] + statement.excluded[name] for name in SUMS}
    either = half_hours.c.is_spread | statement.excluded.is_spread
    nothing = dict.fromkeys(SUMS, 0)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["outlet_id", "starts_at"], set_=sums | {"is_spread": either}),
        [
            {**nothing, **shares, "outlet_id": outlet_id, "starts_at": start, "is_spread": is_spread}
            for start, shares in gained.items()
        ],
    )


def take_back(connection: Connection, outlet_id: int, name: str, excess: int, until: datetime) -> None:
    """Lower a sum that a register has since shown to be too high, the newest half-hours first."""
    column = half_hours.c[name]
    rows = connection.execute(
        select(half_hours.c.starts_at, column)
        .where(half_hours.c.outlet_id == outlet_id, column > 0, half_hours.c.starts_at <= half_hour_of(until))
        .order_by(half_hours.c.starts_at.desc())
    ).all()
    for starts_at, held in rows:
        taken = min(held, excess)
        connection.execute(
            update(half_hours)
            .where(half_hours.c.outlet_id == outlet_id, half_hours.c.starts_at == starts_at)
            .values({name: held - taken})
        )
        excess -= taken
        if excess == 0:
            return
