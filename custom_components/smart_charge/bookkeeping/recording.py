"""What one outlet does, as records on their way to the ledger: a session's checkpoints, decisions, condition.

The loop hands over the state of things at every step; what is new in it is found here.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, cast

from ..charging.accuracy import SessionError
from ..charging.demand_response import event_behind
from ..charging.model import ConnectorStatus, Decision, Reading, Settings, Source
from ..charging.session import Session, State
from ..ledger import Ledger
from ..records.energy import half_hour_of
from ..records.tab import Tab
from ..records.values import Condition, ConditionSeen, DecisionRecord, OutletKey, SessionRecord
from ..storage import Memory

CHECKPOINT: Final = timedelta(seconds=25)
"""A running session is written this often, to be on disk within 30 s (DESIGN section 5)."""

WATCH: Final = timedelta(minutes=15)
"""So often it is written that nothing has changed."""

_LONGEST_WATCH: Final = timedelta(minutes=20)
"""We look at least every quarter of an hour; when longer has passed, we were not there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One outlet at one moment, as far as it is recorded."""

    now: datetime
    settings: Settings
    reading: Reading | None
    is_online: bool
    session: Session | None
    decision: Decision
    tab: Tab | None
    error: SessionError | None = None


class Recording:
    """The records of one outlet."""

    def __init__(self, ledger: Ledger, outlet: OutletKey) -> None:
        self.outlet = outlet
        self._ledger = ledger
        self._session: Session | None = None
        self._latest: Scene | None = None
        self._session_at: datetime | None = None
        self._decision: tuple[object, ...] | None = None
        self._condition: ConditionSeen | None = None

    def look_at(self) -> datetime | None:
        """When to be called again although nothing has happened."""
        return None if self._condition is None else self._condition.at + WATCH

    def note(self, scene: Scene) -> None:
        """Hand over what is new."""
        self._note_decision(scene)
        is_checkpoint = self._note_session(scene)
        self._note_condition(scene, is_due=is_checkpoint)

    def forget(self) -> None:
        """Forget what was handed over: all that stands is new again."""
        self._session = self._session_at = self._decision = self._condition = self._latest = None

    def add(self, *records: SessionRecord) -> None:
        """Hand over what was found out otherwise."""
        self._ledger.add(*records, at_once=bool(records))

    def put_down(self, memory: Memory, record: SessionRecord) -> None:
        """Hand over a stay that is not the running one, which a restart would know nothing of until it is on record."""
        memory.keep_over(record)
        self.add(record)

    def close(self, scene: Scene) -> None:
        """Hand over how things stand at the end."""
        self._session_at = None
        self._session = None
        self.note(scene)
        self._note_condition(scene, is_due=True)

    def _note_session(self, scene: Scene) -> bool:
        session, before, latest = scene.session, self._session, self._latest
        self._latest = scene
        if session is None or session == before:
            return False
        if latest is not None and _is_of_earlier_half_hour(latest.session, session) and latest.session != before:
            # What was used up to the edge belongs before it, to the watt-hour: months and prices begin at one.
            self._ledger.add(session_record(self.outlet, cast("Session", latest.session), latest.tab, latest.error))
            is_edge = True
        else:
            is_edge = False
        is_new = before is None or (before.plugged_in_at, before.state) != (session.plugged_in_at, session.state)
        is_due = self._session_at is None or abs(scene.now - self._session_at) >= CHECKPOINT
        if not is_new and not is_due and not is_edge:
            return False
        self._session, self._session_at = session, scene.now
        self._ledger.add(session_record(self.outlet, session, scene.tab, scene.error), at_once=True)
        return True

    def _note_decision(self, scene: Scene) -> None:
        record = decision_record(self.outlet, scene)
        said = (record.setpoint_a, record.reason, record.source, record.lifted_by, record.event_id)
        if said != self._decision and scene.reading is not None:
            self._decision = said
            self._ledger.add(record)

    def _note_condition(self, scene: Scene, *, is_due: bool) -> None:
        condition, before = condition_of(scene), self._condition
        passed = None if before is None else scene.now - before.at
        is_same = before is not None and before.condition is condition
        if is_same and not is_due and passed is not None and passed < WATCH:
            return
        was_watched = passed is not None and timedelta(0) <= passed <= _LONGEST_WATCH
        since_at = before.at if before is not None and is_same and was_watched else None
        self._condition = ConditionSeen(outlet=self.outlet, at=scene.now, condition=condition, since_at=since_at)
        if before is not None and not is_same and was_watched:
            self._ledger.add(replace(before, at=scene.now, since_at=before.at))
        self._ledger.add(self._condition)


def _is_of_earlier_half_hour(before: Session | None, now: Session) -> bool:
    """Whether the same stay was last seen in an earlier half-hour."""
    return (
        before is not None
        and before.plugged_in_at == now.plugged_in_at
        and half_hour_of(before.seen_at) < half_hour_of(now.seen_at)
    )


def session_record(
    outlet: OutletKey, session: Session, tab: Tab | None, error: SessionError | None = None
) -> SessionRecord:
    """Return a session as it is recorded, with whose it is, what it cost and how true its meter was, where known."""
    if tab is not None and tab.plugged_in_at != session.plugged_in_at:
        tab = None
    if error is not None and error.session_at != session.plugged_in_at:
        error = None
    return SessionRecord(
        outlet=outlet,
        plugged_in_at=session.plugged_in_at,
        seen_at=session.seen_at,
        charge_started_at=session.charge_started_at,
        charge_ended_at=session.charge_ended_at,
        unplugged_at=session.unplugged_at,
        is_open=session.state is not State.FINISHED,
        import_wh=session.energy_wh,
        export_wh=session.export_wh,
        charging_s=round(session.charging_s),
        cost=None if tab is None else tab.cost,
        priced_wh=0 if tab is None else tab.covered_wh,
        is_metered=session.is_metered,
        integrated_wh=None if error is None else round(error.register_wh * (1 + error.error)),
        compared_wh=None if error is None else error.register_wh,
        doubt_wh=None if error is None else round(error.register_wh * error.doubt),
        interruptions=session.interruptions,
        is_recovered=session.is_recovered,
        instead_of=session.instead_of,
        may_be_several=session.may_be_several,
        tag=None if tab is None else tab.tag,
        who=None if tab is None else tab.who,
    )


def decision_record(outlet: OutletKey, scene: Scene) -> DecisionRecord:
    """Return what is asked of the charge point and why, with the demand response event behind it if there is one."""
    decision = scene.decision
    source = Source.TURN_UP if decision.lifted_by is Source.TURN_UP else decision.binding.source
    event = event_behind(decision.carry, scene.settings, source, scene.now)
    return DecisionRecord(
        outlet=outlet,
        at=scene.now,
        setpoint_a=decision.setpoint_a,
        reason=decision.reason.value,
        source=decision.binding.source.value,
        lifted_by=None if decision.lifted_by is None else decision.lifted_by.value,
        until_at=decision.until_at,
        event_id=None if event is None else event.event_id,
    )


def condition_of(scene: Scene) -> Condition:
    """Return whether the outlet could be used: faulted when the charge point says so, or that it is out of service."""
    if not scene.is_online:
        return Condition.OFFLINE
    reading = scene.reading
    if reading is None:
        return Condition.SERVICEABLE
    out_of_service = (ConnectorStatus.FAULTED, ConnectorStatus.UNAVAILABLE)
    has_fault = reading.fault is not None and reading.fault.is_safety
    return Condition.FAULTED if has_fault or reading.status in out_of_service else Condition.SERVICEABLE
