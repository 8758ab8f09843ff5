"""Erase from Home Assistant's recorder what it keeps of us: states, statistics, and calls of our actions (S7.2).

`recorder.purge_entities` leaves statistics and events, and `recorder.purge` takes the history of everybody. So the
work is one task for the recorder's own thread, with its own functions: nothing is recorded in between, and its
caches know what is gone.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, override

from homeassistant.components.recorder.const import SQLITE_URL_PREFIX
from homeassistant.components.recorder.core import Recorder
from homeassistant.components.recorder.db_schema import (
    EventData,
    Events,
    StateAttributes,
    States,
    StatesMeta,
    Statistics,
    StatisticsMeta,
)
from homeassistant.components.recorder.purge import purge_entity_data
from homeassistant.components.recorder.repack import repack_database
from homeassistant.components.recorder.statistics import clear_statistics
from homeassistant.components.recorder.tasks import RecorderTask
from homeassistant.components.recorder.util import periodic_db_cleanups
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance, session_scope
from homeassistant.util import dt as dt_util
from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ..const import DOMAIN

LONGEST_S: Final = 1800.0
"""Giving space back may take minutes where the history is large and the disk slow."""

_AT_ONCE: Final = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class History:
    """What of the recorder is ours. ``words`` are looked for in events and attributes, case aside."""

    entity_ids: frozenset[str]
    device_ids: frozenset[str] = frozenset()
    statistic_ids: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()


class HistoryOutOfReach(Exception):
    """The recorder does not answer, or its database refuses."""


async def async_erase_history(hass: HomeAssistant, history: History) -> dict[str, int]:
    """Erase it, and return how many entities, statistics and events that were. Empty without a recorder.

    Raises:
        HistoryOutOfReach: it could not be done, or is not done yet.
    """
    if (recorder := _running(hass)) is None:
        return {}
    outcome: Future[dict[str, int]] = Future()
    until = dt_util.utcnow() + timedelta(seconds=1)  # what is shown at this very instant goes too
    recorder.queue_task(_Erase(history=history, until=until, outcome=outcome))
    try:
        async with asyncio.timeout(LONGEST_S):
            return await asyncio.wrap_future(outcome)
    except (TimeoutError, SQLAlchemyError) as err:
        raise HistoryOutOfReach(type(err).__name__) from err


async def async_find_history(hass: HomeAssistant, history: History, until: datetime) -> dict[str, int]:
    """Return what is left of it from before ``until``, by kind; nothing at all is an empty answer.

    Raises:
        HistoryOutOfReach: the database cannot be read.
    """
    if (recorder := _running(hass)) is None:
        return {}
    try:
        return await recorder.async_add_executor_job(_find, recorder, history, until)
    except SQLAlchemyError as err:
        raise HistoryOutOfReach(type(err).__name__) from err


async def async_statistic_ids(hass: HomeAssistant, wanted: frozenset[str], prefixes: tuple[str, ...]) -> frozenset[str]:
    """Return the ids under which there are statistics: those wanted, and those of ours with one of the prefixes."""
    if (recorder := _running(hass)) is None:
        return frozenset()
    return await recorder.async_add_executor_job(_statistic_ids, recorder, wanted, prefixes)


def history_files(hass: HomeAssistant) -> tuple[Path, ...]:
    """Return the recorder's files, which need not be in the configuration folder; none of a database server's."""
    recorder = _running(hass)
    if recorder is None or not recorder.db_url.startswith(SQLITE_URL_PREFIX):
        return ()
    path = recorder.db_url.removeprefix(SQLITE_URL_PREFIX).removeprefix("/")
    return tuple(Path(f"{path}{ending}") for ending in ("", "-wal", "-journal"))


def _running(hass: HomeAssistant) -> Recorder | None:
    if "recorder" not in hass.config.components:
        return None
    recorder = get_instance(hass)
    return recorder if recorder.is_alive() else None


@dataclass(slots=True)
class _Erase(RecorderTask):
    """Run on the recorder's thread."""

    history: History
    until: datetime
    outcome: Future[dict[str, int]]
    _counts: dict[str, int] = field(default_factory=dict)

    @override
    def run(self, instance: Recorder) -> None:
        """Erase, then write the database anew without what was erased."""
        try:
            self._erase(instance)
            repack_database(instance)
            periodic_db_cleanups(instance)
        except SQLAlchemyError as err:
            self.outcome.set_exception(err)
            raise  # the recorder has its own means for a database that does not work
        self.outcome.set_result(self._counts)

    def _erase(self, instance: Recorder) -> None:
        history = self.history
        self._counts = {
            "entities": _known_entities(instance, history),
            "statistics": len(history.statistic_ids),
            "events": _erase_events(instance, history),
        }
        while not purge_entity_data(instance, history.entity_ids.__contains__, self.until):
            pass
        clear_statistics(instance, sorted(history.statistic_ids))


def _known_entities(instance: Recorder, history: History) -> int:
    with session_scope(session=instance.get_session(), read_only=True) as session:
        wanted = select(func.count()).select_from(StatesMeta).where(StatesMeta.entity_id.in_(history.entity_ids))
        return session.execute(wanted).scalar_one()


def _erase_events(instance: Recorder, history: History) -> int:
    """Erase the events in whose data we, or somebody to be forgotten, appear."""
    count = 0
    with session_scope(session=instance.get_session()) as session:
        found = session.execute(select(EventData.data_id).where(_tells(history))).scalars().all()
        for data_ids in _batches(found):
            count += session.execute(delete(Events).where(Events.data_id.in_(data_ids))).rowcount  # type: ignore[attr-defined]
            session.execute(delete(EventData).where(EventData.data_id.in_(data_ids)))
    instance.event_data_manager.evict_purged(set(found))
    return count


def _batches(ids: Any) -> Iterator[list[int]]:
    for start in range(0, len(ids), _AT_ONCE):
        yield list(ids[start : start + _AT_ONCE])


def _tells(history: History) -> ColumnElement[bool]:
    """Whether an event is a call of our actions, or names one of our entities, devices, or one of the words."""
    ids = history.entity_ids | history.device_ids
    needles = {f'"domain":"{DOMAIN}"', *(f'"{each}"' for each in ids), *history.words}
    text = func.lower(EventData.shared_data)
    return or_(*(text.contains(needle.lower(), autoescape=True) for needle in sorted(needles)))


def _find(instance: Recorder, history: History, until: datetime) -> dict[str, int]:
    with session_scope(session=instance.get_session(), read_only=True) as session:
        found = {
            "states": _states_left(session, history, until),
            "statistics": _statistics_left(session, history, until),
            "mentions": _mentions_left(session, history),
        }
    return {kind: count for kind, count in found.items() if count}


def _states_left(session: Session, history: History, until: datetime) -> int:
    wanted = (
        select(func.count())
        .select_from(States)
        .join(StatesMeta, StatesMeta.metadata_id == States.metadata_id)
        .where(StatesMeta.entity_id.in_(history.entity_ids), States.last_updated_ts < until.timestamp())
    )
    return session.execute(wanted).scalar_one()


def _statistics_left(session: Session, history: History, until: datetime) -> int:
    hour = until.replace(minute=0, second=0, microsecond=0).timestamp()
    wanted = (
        select(func.count())
        .select_from(Statistics)
        .join(StatisticsMeta, StatisticsMeta.id == Statistics.metadata_id)
        .where(StatisticsMeta.statistic_id.in_(history.statistic_ids), Statistics.start_ts < hour)
    )
    return session.execute(wanted).scalar_one()


def _mentions_left(session: Session, history: History) -> int:
    """Count the events and the attributes of whomever that still hold one of the words."""
    count = 0
    for column in (EventData.shared_data, StateAttributes.shared_attrs, States.state):
        holds = [func.lower(column).contains(word.lower(), autoescape=True) for word in sorted(history.words)]
        if holds:
            count += session.execute(select(func.count()).where(or_(*holds))).scalar_one()
    return count


def _statistic_ids(instance: Recorder, wanted: frozenset[str], prefixes: tuple[str, ...]) -> frozenset[str]:
    with session_scope(session=instance.get_session(), read_only=True) as session:
        known = session.execute(select(StatisticsMeta.statistic_id)).scalars().all()
    return frozenset(each for each in known if each is not None and (each in wanted or each.startswith(prefixes)))
