"""Whether charge points could be used, as spans of time (O9). Between spans nobody was looking."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, select, update

from .outlets import outlet_id_of
from .store import upsert
from .tables import availability, outlets
from .values import Condition, ConditionSeen

LONGEST_SILENCE: Final = timedelta(minutes=5)
"""Two sights of an outlet that are further apart say nothing of the time between."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A time in which an outlet's condition was the same."""

    began_at: datetime
    ended_at: datetime
    condition: Condition


@dataclass(frozen=True, kw_only=True, slots=True)
class Availability:
    """Seconds of a period by condition; ``unknown_s`` is when Home Assistant was not there to see."""

    serviceable_s: float
    faulted_s: float
    offline_s: float
    unknown_s: float

    @property
    def share(self) -> float | None:
        """The share of the known time in which it was neither faulted nor offline; None if none is known."""
        known_s = self.serviceable_s + self.faulted_s + self.offline_s
        return self.serviceable_s / known_s if known_s else None

    @property
    def read_share(self) -> float | None:
        """The share of all time in which it was read, so that nothing could be missed (O5)."""
        length_s = self.serviceable_s + self.faulted_s + self.offline_s + self.unknown_s
        return (self.serviceable_s + self.faulted_s) / length_s if length_s else None


def write_condition(connection: Connection, site: str, seen: ConditionSeen) -> bool:
    """Prolong the latest span or begin the next; False when this says nothing new."""
    outlet_id = outlet_id_of(connection, site, seen.outlet)
    last = connection.execute(
        select(availability)
        .where(availability.c.outlet_id == outlet_id)
        .order_by(availability.c.began_at.desc())
        .limit(1)
        .with_for_update()
    ).one_or_none()
    began_at = seen.since_at or seen.at
    if last is not None and last.ended_at >= seen.at:
        return False
    if last is not None and began_at - last.ended_at <= LONGEST_SILENCE:
        is_same = last.state == seen.condition
        began_at = last.began_at if is_same else max(began_at, last.ended_at)
        ended_at = seen.at if is_same else began_at
        connection.execute(
            update(availability)
            .where(availability.c.outlet_id == outlet_id, availability.c.began_at == last.began_at)
            .values(ended_at=ended_at)
        )
    facts = {"ended_at": seen.at, "state": str(seen.condition)}
    statement = upsert(connection, availability).values(outlet_id=outlet_id, began_at=began_at, **facts)
    connection.execute(statement.on_conflict_do_update(index_elements=["outlet_id", "began_at"], set_=facts))
    return True


def spans_between(connection: Connection, outlet_id: int, since: datetime, until: datetime) -> list[Span]:
    """Return the spans of an outlet that reach into a period, in order."""
    rows = connection.execute(
        select(availability)
        .where(
            availability.c.outlet_id == outlet_id,
            availability.c.began_at < until,
            availability.c.ended_at > since,
        )
        .order_by(availability.c.began_at)
    )
    return [Span(began_at=row.began_at, ended_at=row.ended_at, condition=Condition(row.state)) for row in rows]


def summed(spans: Iterable[Span], since: datetime, until: datetime) -> Availability:
    """Return what the spans say of a period."""
    seconds = dict.fromkeys(Condition, 0.0)
    for span in spans:
        length = min(span.ended_at, until) - max(span.began_at, since)
        seconds[span.condition] += max(0.0, length.total_seconds())
    length_s = max(0.0, (until - since).total_seconds())
    return Availability(
        serviceable_s=seconds[Condition.SERVICEABLE],
        faulted_s=seconds[Condition.FAULTED],
        offline_s=seconds[Condition.OFFLINE],
        unknown_s=max(0.0, length_s - sum(seconds.values())),
    )


def outlet_ids(connection: Connection, site: str, charge_points: Sequence[str] | None = None) -> list[int]:
    """Return the numbers of a site's outlets, or of some of its charge points."""
    wanted = select(outlets.c.id).where(outlets.c.site == site).order_by(outlets.c.id)
    if charge_points is not None:
        wanted = wanted.where(outlets.c.charge_point.in_(charge_points))
    return list(connection.execute(wanted).scalars())
