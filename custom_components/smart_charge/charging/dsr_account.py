"""What a demand response event moved at one charge point (5.3): taken, against what would have been taken.

The reckoning is an estimate and says so. What would have been taken is the current that the other rules
would have allowed without the event, no more than this vehicle was last seen to draw, times the voltage,
on the phases it was last seen to use; nothing while no vehicle is plugged in or the vehicle takes
nothing. The random delay is not in it. What was taken is the difference of the register where there is
one, else power over time. Time in which nobody watched counts in neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from .model import NOMINAL_V, DsrEvent, Reading, Settings
from .reason import is_not_taking

_FLOWS_A = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """How the vehicle that charged last was seen to charge: amperes on the busiest phase, and on how many phases."""

    drawn_a: float
    phases: int
    plugged_in_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """One event at one charge point, as far as it has gone.

    Attributes:
        began_at, ended_at: when it was first acted in, and when it was over here; None before that.
        opted_out_at: since when the owner takes no part; None while the charge point does.
        is_overridden: the owner's Charge now set it aside, if only for a time (10.6).
        setpoint_a: the least that was asked for in it, or for a turn-up the most.
        taken_wh, expected_wh: with and without it, estimated as said above.
        unwatched_s: for so long of it nothing is known.
        looked_at, total_wh, expected_w: as of the last look.
    """

    event: DsrEvent
    announced_at: datetime
    began_at: datetime | None = None
    ended_at: datetime | None = None
    opted_out_at: datetime | None = None
    is_overridden: bool = False
    setpoint_a: float | None = None
    taken_wh: float = 0.0
    expected_wh: float = 0.0
    unwatched_s: float = 0.0
    looked_at: datetime | None = None
    total_wh: int | None = None
    drawn_w: float | None = None
    expected_w: float = 0.0

    @property
    def moved_wh(self) -> float:
        """Energy not taken because of it; below 0 what was taken on top."""
        return self.expected_wh - self.taken_wh


@dataclass(frozen=True, kw_only=True, slots=True)
class Books:
    """The accounts of events that are not over, and the habit they are reckoned with: kept over a restart."""

    accounts: tuple[Account, ...] = ()
    habit: Habit | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One charge point at one moment, as far as the reckoning needs it.

    Attributes:
        undisturbed_a: what the vehicle might have had without any event.
        is_overridden: the owner's Charge now stands.
        was_away: this is the first look since Home Assistant started, so nobody saw what happened before it.
        total_wh: the running total of the register; None without one.
    """

    now: datetime
    settings: Settings
    reading: Reading | None
    setpoint_a: float
    undisturbed_a: float
    is_overridden: bool
    total_wh: int | None
    was_away: bool = False


def learn(habit: Habit | None, reading: Reading | None, plugged_in_at: datetime | None) -> Habit | None:
    """Return the habit after a reading: the most that the vehicle draws in its stay counts."""
    if reading is None or plugged_in_at is None or (reading.drawn_a or 0.0) <= _FLOWS_A:
        return habit
    drawn_a = reading.drawn_a or 0.0
    phases = sum(amps is not None and amps > _FLOWS_A for amps in reading.current_a)
    if habit is None or habit.plugged_in_at != plugged_in_at:
        return Habit(drawn_a=drawn_a, phases=phases, plugged_in_at=plugged_in_at)
    if drawn_a <= habit.drawn_a and phases <= habit.phases:
        return habit
    return replace(habit, drawn_a=max(drawn_a, habit.drawn_a), phases=max(phases, habit.phases))


def expected_w(look: Look, habit: Habit | None) -> float:
    """Return what would be drawn now without any event."""
    reading = look.reading
    if reading is None or reading.is_plugged_in is not True or is_not_taking(reading):
        return 0.0
    amps = look.undisturbed_a if habit is None else min(look.undisturbed_a, habit.drawn_a)
    volts = next((volt for volt in reading.voltage_v if volt), NOMINAL_V)
    return amps * volts * (habit.phases if habit is not None else look.settings.phases or 1)


def follow(
    accounts: Iterable[Account], events: Iterable[DsrEvent], look: Look, habit: Habit | None
) -> tuple[Account, ...]:
    """Return the accounts after a look: of events that are known, and of those that have just ended."""
    known = {event.event_id: event for event in events}
    kept = {account.event.event_id: account for account in accounts if account.ended_at is None}
    new = (Account(event=event, announced_at=look.now) for name, event in known.items() if name not in kept)
    return tuple(_followed(account, known, look, habit) for account in (*kept.values(), *new))


def _followed(account: Account, known: dict[str, DsrEvent], look: Look, habit: Habit | None) -> Account:
    event = known.get(account.event.event_id)
    if event is None:
        return _ended(account, look)
    account = replace(account, event=event)
    takes_part = not event.is_opted_out and not look.settings.is_dsr_opted_out
    out_at = None if takes_part else account.opted_out_at or look.now
    is_on = event.start_at <= look.now < event.end_at
    if not takes_part or not is_on:
        closed = _counted(account, min(look.now, event.end_at), look)
        return replace(closed, opted_out_at=out_at, looked_at=None)
    return _acted(replace(_counted(account, look.now, look), opted_out_at=out_at), look, habit)


def _acted(account: Account, look: Look, habit: Habit | None) -> Account:
    asked = look.setpoint_a
    most = max if account.event.kind == "turn_up" else min
    reading = look.reading
    return replace(
        account,
        began_at=account.began_at or look.now,
        is_overridden=account.is_overridden or look.is_overridden,
        setpoint_a=asked if account.setpoint_a is None else most(account.setpoint_a, asked),
        looked_at=look.now,
        total_wh=look.total_wh,
        drawn_w=None if reading is None else reading.power_w,
        expected_w=expected_w(look, habit),
    )


def _ended(account: Account, look: Look) -> Account:
    """End it when it was to end, or now if somebody ended it before."""
    end_at = min(look.now, account.event.end_at)
    return replace(_counted(account, end_at, look), ended_at=end_at, looked_at=None)


def _counted(account: Account, until: datetime, look: Look) -> Account:
    """Count the time since the last look."""
    if account.looked_at is None:
        return account
    passed = max(timedelta(0), until - account.looked_at)
    if look.was_away:
        return replace(account, unwatched_s=account.unwatched_s + passed.total_seconds())
    hours = passed / timedelta(hours=1)
    if account.total_wh is not None and look.total_wh is not None:
        taken_wh = float(max(0, look.total_wh - account.total_wh))
    else:
        taken_wh = max(0.0, account.drawn_w or 0.0) * hours
    return replace(
        account,
        taken_wh=account.taken_wh + taken_wh,
        expected_wh=account.expected_wh + account.expected_w * hours,
    )
