"""One session, plug-in to unplug, as a table of states and events (9.1, 9.2, O1).

A restart loses nothing: all that the next reading needs is in the value. The same reading twice
changes nothing. Unplugging is believed at once; a reading that says nothing of the cable never
ends a session, and how often the vehicle or the charge point pauses makes no difference to it.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from .metering import MOST_POWER_W, Meter, guess, read
from .model import Reading

_LONGEST_GUESS_S = 7200.0
"""A gap between readings that is longer than this is not filled in."""


class State(StrEnum):
    """Where a session is."""

    WAITING = "waiting"  # plugged in, has not charged yet
    CHARGING = "charging"
    PAUSED = "paused"  # has charged, does not now
    FINISHED = "finished"  # unplugged


class Event(StrEnum):
    """What a reading says to a session."""

    RESTS = "rests"  # connected, not drawing
    DRAWS = "draws"
    STOPS = "stops"  # not drawing, and nothing known of the cable
    UNPLUGGED = "unplugged"
    SILENT = "silent"  # nothing known of the vehicle


AFTER_UNPLUGGING: dict[Event, State] = {
    Event.RESTS: State.WAITING,
    Event.DRAWS: State.CHARGING,
}
"""How a session begins, where there is none or the last one is finished."""

TRANSITIONS: dict[State, dict[Event, State]] = {
    State.WAITING: {Event.DRAWS: State.CHARGING, Event.UNPLUGGED: State.FINISHED},
    State.CHARGING: {
        Event.RESTS: State.PAUSED,
        Event.STOPS: State.PAUSED,
        Event.UNPLUGGED: State.FINISHED,
    },
    State.PAUSED: {Event.DRAWS: State.CHARGING, Event.UNPLUGGED: State.FINISHED},
    State.FINISHED: {},
}
"""What follows; an event that is not named leaves the state as it is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """A vehicle's stay, so far or as it was.

    Attributes:
        charge_ended_at: the last time that it stopped drawing; None while it draws.
        charging_s: time in which it drew, pauses left out.
        interruptions: how often it went on after a pause.
        is_begin_unseen: ``plugged_in_at`` is a bound, which the charge point may tell better.
        instead_of: what ``plugged_in_at`` was taken to be before it was told.
        is_recovered: it began or ended while nobody looked, so that its instants are bounds.
        may_be_several: an absence in it had room for another vehicle, and nothing tells whether there was one.
        from_wh: where the register stood when it began, as far as was known then; None while that is not known.
        gone_at, gone_wh: when the charge point said that the vehicle left, and the register then, though the cable was
            not seen to be out: who charges next is another one.
        counter_wh: the charge point's own counter of the session, where it has one.
        seen_at, power_w: of the last reading, for the time and energy up to the next one.
    """

    state: State
    plugged_in_at: datetime
    seen_at: datetime
    charge_started_at: datetime | None = None
    charge_ended_at: datetime | None = None
    unplugged_at: datetime | None = None
    charging_s: float = 0.0
    interruptions: int = 0
    is_begin_unseen: bool = False
    instead_of: datetime | None = None
    is_recovered: bool = False
    may_be_several: bool = False
    from_wh: int | None = None
    gone_at: datetime | None = None
    gone_wh: int | None = None
    counter_wh: int | None = None
    power_w: float | None = None
    imported: Meter = field(default_factory=Meter)
    exported: Meter = field(default_factory=Meter)

    @property
    def energy_wh(self) -> int:
        """Energy the vehicle took."""
        return self.imported.total_wh

    @property
    def export_wh(self) -> int:
        """Energy the vehicle gave back."""
        return self.exported.total_wh

    @property
    def is_metered(self) -> bool:
        """Whether the energy is a meter's difference; if not, it is calculated from power and time (9.1)."""
        return self.imported.is_metered


@dataclass(frozen=True, kw_only=True, slots=True)
class StayEnd:
    """Up to where the register was counted for a stay that is over: more may be told of it.

    Attributes:
        from_wh: where it stood when the stay began.
        guessed_wh: what was calculated behind ``register_wh``.
        has_guessed: something was calculated before the register first spoke.
    """

    plugged_in_at: datetime
    register_wh: int
    from_wh: int | None = None
    guessed_wh: int = 0
    has_guessed: bool = False


def advance(session: Session | None, reading: Reading) -> Session | None:
    """Return the session after a reading: the same, one step on, or the next one.

    None until a vehicle has been seen. A finished session stays until the next one begins.
    """
    event = event_of(reading)
    if session is None or session.state is State.FINISHED:
        begun = AFTER_UNPLUGGING.get(event)
        return session if begun is None else _begun(begun, reading)
    after = TRANSITIONS[session.state].get(event, session.state)
    return _moved(_counted(session, reading, after), reading.taken_at, after)


def event_of(reading: Reading) -> Event:
    """Return what a reading says of the vehicle."""
    match reading.is_plugged_in, reading.is_charging:
        case False, _:
            return Event.UNPLUGGED
        case _, True:
            return Event.DRAWS
        case True, _:
            return Event.RESTS
        case _, False:
            return Event.STOPS
    return Event.SILENT


def _begun(state: State, reading: Reading) -> Session:
    at = reading.taken_at
    return Session(
        state=state,
        plugged_in_at=at,
        seen_at=at,
        charge_started_at=at if state is State.CHARGING else None,
        counter_wh=reading.session_wh,
        power_w=reading.power_w,
        from_wh=reading.import_wh,
        imported=_metered(Meter(), reading.import_wh, 0.0, reading.metered_at),
        exported=_metered(Meter(), reading.export_wh, 0.0, reading.metered_at),
    )


def _counted(session: Session, reading: Reading, after: State) -> Session:
    """Add the time and the energy since the last reading; a clock that went back adds none."""
    at = reading.taken_at
    passed_s = max(0.0, (at - session.seen_at).total_seconds())
    is_gap = passed_s > _LONGEST_GUESS_S
    has_charged = session.state is State.CHARGING and (after is State.CHARGING or not is_gap)
    guessed_wh = 0.0 if is_gap else _mean_w(session.power_w, reading.power_w) * passed_s / 3600
    return replace(
        session,
        seen_at=at,
        counter_wh=reading.session_wh if reading.session_wh is not None else session.counter_wh,
        power_w=reading.power_w,
        from_wh=reading.import_wh if session.imported.last_wh is None else session.from_wh,
        charging_s=session.charging_s + (passed_s if has_charged else 0.0),
        imported=_imported(session, reading, max(0.0, guessed_wh)),
        exported=_metered(session.exported, reading.export_wh, max(0.0, -guessed_wh), reading.metered_at),
    )


def _imported(session: Session, reading: Reading, guessed_wh: float) -> Meter:
    """Add what was imported. A first value from before the session, told late, covers all that was guessed in it."""
    is_first = session.imported.last_wh is None and reading.import_wh is not None
    if is_first and reading.metered_at <= session.plugged_in_at:
        return _metered(Meter(), reading.import_wh, 0.0, reading.metered_at)
    return _metered(session.imported, reading.import_wh, guessed_wh, reading.metered_at)


def _metered(meter: Meter, register_wh: int | None, guessed_wh: float, at: datetime) -> Meter:
    """Believe the register; guess only while there is none, up to and including its first value.

    One that stands at 0 may be none, as OCPP makes everybody tell one. What it shows later covers what was guessed.
    """
    if register_wh is None or meter.last_wh is None or register_wh == meter.last_wh == 0:
        meter = guess(meter, guessed_wh)
    return meter if register_wh is None else read(meter, register_wh, at)


def _mean_w(before_w: float | None, now_w: float | None) -> float:
    known = [power for power in (before_w, now_w) if power is not None and abs(power) <= MOST_POWER_W]
    return sum(known) / len(known) if known else 0.0


def _moved(session: Session, taken_at: datetime, after: State) -> Session:
    at = max(taken_at, session.plugged_in_at)
    if after is session.state:
        return session
    if after is State.CHARGING:
        has_paused = session.state is State.PAUSED
        return replace(
            session,
            state=after,
            charge_started_at=session.charge_started_at or at,
            charge_ended_at=None,
            interruptions=session.interruptions + has_paused,
        )
    has_ended = session.state is State.CHARGING
    return replace(
        session,
        state=after,
        charge_ended_at=at if has_ended else session.charge_ended_at,
        unplugged_at=at if after is State.FINISHED else None,
    )
