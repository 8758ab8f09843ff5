"""Append what happened, and read it back. One call is one transaction, and writing twice changes nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Connection, Integer, Row, Select, cast, func, or_, select

from .availability import Availability, outlet_ids, spans_between, summed, write_condition
from .energy import HALF_HOUR, half_hour_of
from .event_writing import events_between, write_event
from .outlets import known_outlet, outlet_id_of
from .periods import month_edges
from .sales import Register, Sale
from .security_log import SecurityEvent, SecurityLog
from .session_writing import SUMS, write_session
from .store import Store, upsert
from .tables import as_words, decisions, from_micro, half_hours, outlets, sessions
from .values import ConditionSeen, DecisionRecord, EventRecord, OutletKey, SessionRecord, Usage

type Record = SessionRecord | DecisionRecord | EventRecord | ConditionSeen | SecurityEvent | Sale
"""Whatever may be written. Each knows by itself whether it is there already."""


class Journal:
    """The records of one site: ``site`` is the installation's own id, the same for ever."""

    def __init__(self, store: Store, site: str, security: SecurityLog, register: Register) -> None:
        self.store = store
        self.site = site
        self.security = security
        self.register = register

    def write(self, *records: Record) -> int:
        """Write records in their order, all or none; returns how many said something new.

        Raises:
            WriteRejected: one of them can never be written.
            LedgerError: the database cannot be written now.
        """
        with self.store.write() as connection:
            return sum(self._write(connection, record) for record in records)

    def session(self, outlet: OutletKey, plugged_in_at: datetime) -> SessionRecord | None:
        """Return one session; None when there is none of that name."""
        found = self._sessions(
            _sessions_of(self.site, [outlet.charge_point]).where(
                outlets.c.connector == outlet.connector, sessions.c.plugged_in_at == plugged_in_at
            )
        )
        return found[0] if found else None

    def open_sessions(self) -> list[SessionRecord]:
        """Return the sessions that have not ended."""
        return self._sessions(_sessions_of(self.site, None).where(sessions.c.is_open))

    def sessions(
        self,
        since: datetime,
        until: datetime,
        charge_points: Sequence[str] | None = None,
        *,
        every_site: bool = False,
    ) -> list[SessionRecord]:
        """Return the sessions whose stay reaches into a period, in order of plug-in; of one site or of all."""
        is_there = or_(sessions.c.is_open, _known_until > since, sessions.c.plugged_in_at >= since)
        wanted = _sessions_of(None if every_site else self.site, charge_points)
        return self._sessions(wanted.where(sessions.c.plugged_in_at < until, is_there))

    def half_hours(self, since: datetime, until: datetime, charge_points: Sequence[str] | None = None) -> list[Usage]:
        """Return what each half-hour (UTC) used, those without use left out, outlets summed."""
        wanted = _sums_of(since, until).add_columns(half_hours.c.starts_at).group_by(half_hours.c.starts_at)
        with self.store.read() as connection:
            mine = outlet_ids(connection, self.site, charge_points)
            rows = connection.execute(wanted.where(half_hours.c.outlet_id.in_(mine)).order_by(half_hours.c.starts_at))
            return [_to_usage(row, row.starts_at, row.starts_at + HALF_HOUR) for row in rows]

    def usage(self, since: datetime, until: datetime, charge_points: Sequence[str] | None = None) -> Usage:
        """Return the sums of a period; a half-hour that an edge cuts is in it by its share of time."""
        return self.usages([since, until], charge_points)[0]

    def usages(self, edges: Sequence[datetime], charge_points: Sequence[str] | None = None) -> list[Usage]:
        """Return the sums of the periods between these edges, in one reading; those before and after all are free."""
        with self.store.read() as connection:
            mine = half_hours.c.outlet_id.in_(outlet_ids(connection, self.site, charge_points))
            first, last = connection.execute(_ENDS.where(mine)).one()
            cuts = [_before(connection, edge, mine) for edge in edges]
            found = []
            for (since, out), (until, within) in pairwise(zip(edges, cuts, strict=True)):
                if first is None or until <= first or since >= last + HALF_HOUR:
                    found.append(Usage(starts_at=since, ends_at=until))
                    continue
                row = connection.execute(_sums_of(half_hour_of(since), half_hour_of(until)).where(mine)).one()
                found.append(_to_usage(row, since, until, {name: within[name] - out[name] for name in SUMS}))
        return found

    def months(
        self, now: datetime, zone: ZoneInfo, count: int = 12, charge_points: Sequence[str] | None = None
    ) -> list[Usage]:
        """Return the sums of the last ``count`` local months, this one last (9.3)."""
        return self.usages(month_edges(now, zone, count), charge_points)

    def decisions(self, outlet: OutletKey, since: datetime, until: datetime) -> list[DecisionRecord]:
        """Return what was asked of an outlet in a period, in order."""
        wanted = (
            select(decisions)
            .join(outlets, outlets.c.id == decisions.c.outlet_id)
            .where(
                outlets.c.site == self.site,
                outlets.c.charge_point == outlet.charge_point,
                outlets.c.connector == outlet.connector,
                decisions.c.at >= since,
                decisions.c.at < until,
            )
            .order_by(decisions.c.at)
        )
        with self.store.read() as connection:
            rows = connection.execute(wanted).all()
        return [
            DecisionRecord(
                outlet=outlet, at=row.at, setpoint_a=row.setpoint_ma / 1000, reason=row.reason,
                source=row.source, lifted_by=row.lifted_by, until_at=row.until_at,
                event_id=row.event_id,
            )
            for row in rows
        ]  # fmt: skip

    def dsr_events(self, since: datetime, until: datetime, charge_points: Sequence[str]) -> list[EventRecord]:
        """Return the demand response events of a period, what was done in them and what they moved."""
        with self.store.read() as connection:
            return events_between(connection, self.site, since, until, charge_points)

    def availability(
        self, outlet: OutletKey, since: datetime, until: datetime, *, site: str | None = None
    ) -> Availability:
        """Return how long an outlet of ours, or of ``site``, was serviceable, faulted, offline or not watched (O9)."""
        with self.store.read() as connection:
            known = known_outlet(connection, site or self.site, outlet)
            spans = [] if known is None else spans_between(connection, known, since, until)
        return summed(spans, since, until)

    def availability_by_month(self, outlet: OutletKey, now: datetime, zone: ZoneInfo) -> list[Availability]:
        """Return the same for each of the last twelve local months, this one up to now."""
        edges = [*month_edges(now, zone)[:-1], now]
        return [self.availability(outlet, since, until) for since, until in pairwise(edges)]

    def _write(self, connection: Connection, record: Record) -> bool:
        match record:
            case SessionRecord():
                return write_session(connection, self.site, record)
            case DecisionRecord():
                return _write_decision(connection, self.site, record)
            case EventRecord():
                return write_event(connection, self.site, record)
            case ConditionSeen():
                return write_condition(connection, self.site, record)
            case SecurityEvent():
                return self.security.append(connection, record)
            case Sale():
                return self.register.append(connection, record)

    def _sessions(self, wanted: Select[Any]) -> list[SessionRecord]:
        with self.store.read() as connection:
            return [to_session(row) for row in connection.execute(wanted)]


_ENDS = select(func.min(half_hours.c.starts_at), func.max(half_hours.c.starts_at))
_known_until = func.coalesce(sessions.c.unplugged_at, sessions.c.seen_at)


def to_session(row: Row[Any]) -> SessionRecord:
    """Return a row of sessions joined with outlets as a value."""
    facts = {
        name: getattr(row, name) for name in SessionRecord.__dataclass_fields__ if name not in ("outlet", "instead_of")
    }
    return SessionRecord(outlet=OutletKey(charge_point=row.charge_point, connector=row.connector), **facts)


def _sessions_of(site: str | None, charge_points: Sequence[str] | None) -> Select[Any]:
    wanted = (
        select(sessions, outlets.c.charge_point, outlets.c.connector)
        .join(outlets, outlets.c.id == sessions.c.outlet_id)
        .order_by(sessions.c.plugged_in_at, sessions.c.outlet_id)
    )
    if site is not None:
        wanted = wanted.where(outlets.c.site == site)
    return wanted if charge_points is None else wanted.where(outlets.c.charge_point.in_(charge_points))


def _write_decision(connection: Connection, site: str, decision: DecisionRecord) -> bool:
    """Write a decision that differs from the one before it."""
    outlet_id = outlet_id_of(connection, site, decision.outlet)
    facts = {
        "setpoint_ma": round(decision.setpoint_a * 1000),
        "reason": as_words(decision.reason),
        "source": as_words(decision.source),
        "lifted_by": None if decision.lifted_by is None else as_words(decision.lifted_by),
        "event_id": None if decision.event_id is None else as_words(decision.event_id)[:64],
    }
    last = connection.execute(
        select(decisions)
        .where(decisions.c.outlet_id == outlet_id, decisions.c.at <= decision.at)
        .order_by(decisions.c.at.desc())
        .limit(1)
    ).one_or_none()
    if last is not None and all(getattr(last, name) == value for name, value in facts.items()):
        return False
    facts_and_end = facts | {"until_at": decision.until_at}
    statement = upsert(connection, decisions).values(outlet_id=outlet_id, at=decision.at, **facts_and_end)
    connection.execute(statement.on_conflict_do_update(index_elements=["outlet_id", "at"], set_=facts_and_end))
    return True


def _before(connection: Connection, edge: datetime, mine: ColumnElement[bool]) -> dict[str, int]:
    """Return what the half-hour that an edge cuts used before it: its share by time, whole for each outlet.

    A month of Asia/Kathmandu begins at a quarter to the hour. Both that end and begin there leave nothing between them.
    """
    begins = half_hour_of(edge)
    if begins == edge:
        return dict.fromkeys(SUMS, 0)
    rows = connection.execute(select(half_hours).where(mine, half_hours.c.starts_at == begins)).all()
    return {name: sum(getattr(row, name) * (edge - begins) // HALF_HOUR for row in rows) for name in SUMS}


def _sums_of(since: datetime, until: datetime) -> Select[Any]:
    summed_columns = [func.coalesce(func.sum(half_hours.c[name]), 0).label(name) for name in SUMS]
    spread_count = func.coalesce(func.sum(cast(half_hours.c.is_spread, Integer)), 0).label("spread_count")
    return select(*summed_columns, spread_count).where(half_hours.c.starts_at >= since, half_hours.c.starts_at < until)


def _to_usage(row: Row[Any], since: datetime, until: datetime, more: Mapping[str, int] | None = None) -> Usage:
    """Return the sums of whole half-hours, with ``more`` for those that the edges cut."""
    sums = {name: int(getattr(row, name)) + (0 if more is None else more[name]) for name in SUMS}
    return Usage(
        starts_at=since,
        ends_at=until,
        cost=from_micro(sums.pop("cost_micro")),
        has_spread=bool(row.spread_count),
        **sums,
    )
