"""Demand response events in the ledger: written again as they go on, and read back by period (5.3)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select

from .outlets import outlet_id_of
from .store import upsert
from .tables import as_words, dsr_events, outlets
from .values import EventRecord, OutletKey

_PLAIN: Final = (
    "kind", "start_at", "end_at", "delay_already_applied", "began_at", "ended_at", "opted_out_at",
    "is_overridden", "taken_wh", "expected_wh", "unwatched_s",
)  # fmt: skip
_MILLI: Final = {"limit_a": "limit_ma", "limit_w": "limit_mw", "setpoint_a": "setpoint_ma"}


def write_event(connection: Connection, site: str, event: EventRecord) -> bool:
    """Write how an event stands; what was written of it before is replaced."""
    outlet_id = outlet_id_of(connection, site, event.outlet)
    key = {"outlet_id": outlet_id, "event_id": as_words(event.event_id)[:64], "announced_at": event.announced_at}
    facts: dict[str, Any] = {name: getattr(event, name) for name in _PLAIN}
    facts |= {column: _milli(getattr(event, name)) for name, column in _MILLI.items()}
    facts["source"] = event.source
    statement = upsert(connection, dsr_events).values(**key, **facts)
    connection.execute(statement.on_conflict_do_update(index_elements=list(key), set_=facts))
    return True


def events_between(
    connection: Connection, site: str, since: datetime, until: datetime, charge_points: Sequence[str]
) -> list[EventRecord]:
    """Return the events of a period, in order of their start."""
    rows = connection.execute(
        select(dsr_events, outlets.c.charge_point, outlets.c.connector)
        .join(outlets, outlets.c.id == dsr_events.c.outlet_id)
        .where(
            outlets.c.site == site,
            outlets.c.charge_point.in_(charge_points),
            dsr_events.c.start_at < until,
            func.coalesce(dsr_events.c.ended_at, dsr_events.c.end_at) > since,
        )
        .order_by(dsr_events.c.start_at, dsr_events.c.announced_at)
    )
    return [_to_event(row) for row in rows]


def _milli(value: float | None) -> int | None:
    return None if value is None else round(value * 1000)


def _to_event(row: Row[Any]) -> EventRecord:
    facts = {name: getattr(row, name) for name in (*_PLAIN, "event_id", "announced_at", "source")}
    for name, column in _MILLI.items():
        value = getattr(row, column)
        facts[name] = None if value is None else value / 1000
    return EventRecord(outlet=OutletKey(charge_point=row.charge_point, connector=row.connector), **facts)
