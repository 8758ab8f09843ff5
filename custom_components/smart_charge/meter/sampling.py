"""Follow one charge point's meter, sample by sample: for whoever listens, for safety, and for its accuracy."""

from collections.abc import Callable
from datetime import datetime

from ..chargers.charger import Charger
from ..charging.accuracy import History, SessionError, added, followed
from ..charging.alarms import Alarm
from ..charging.bias import bias_of
from ..charging.meter_guard import Asked, Guard, believed, watch
from ..charging.model import Reading
from ..charging.session import Session, State
from ..charging.thermal import Heat, Thermal, cools_at, felt, heat_at
from ..records.ring import Sample
from ..storage import Memory
from .live import LiveFeed


class Sampling:
    """What one charge point's meter has shown. Only its coordinator may use it."""

    def __init__(self, charger: Charger, memory: Memory, feed: LiveFeed) -> None:
        self._memory = memory
        self._feed = feed
        self._guard = Guard()
        self._thermal = Thermal()
        feed.serve(lambda is_watched: charger.attend(is_watched=is_watched))

    def close(self) -> None:
        """Read the meter for nobody any more."""
        self._feed.serve(None)

    def forget(self) -> None:
        """Forget when and how much was charged: the day's samples, and which sessions were compared (S7.2)."""
        self._feed.ring.clear()
        self._memory.accuracy = History()

    def take(self, sample: Reading, asked: Asked | None) -> Alarm | None:
        """Take up a sample; returns the alarm that it raises, if any. ``asked`` is None before anything was."""
        if sample.measured_at is None:
            return None
        self._feed.add(self._live(sample, sample.measured_at))
        self._thermal = felt(self._thermal, sample.temperature_c, sample.measured_at, sample.taken_at)
        memory = self._memory
        if memory.accuracy.tally.session_at is not None:
            memory.accuracy = History(tally=added(memory.accuracy.tally, sample), errors=memory.accuracy.errors)
        if asked is None:
            return None
        self._guard, alarm = watch(self._guard, sample, asked)
        return alarm

    def believed(self, alarms: tuple[Alarm, ...]) -> tuple[Alarm, ...]:
        """Return the alarms that later samples have not belied."""
        return believed(alarms, self._guard)

    def follow(self, session: Session | None, told: Callable[[], None]) -> None:
        """See which session runs; call ``told`` when one has ended that says how accurate the meter is."""
        session_at = None if session is None or session.state is State.FINISHED else session.plugged_in_at
        before = self._memory.accuracy
        self._memory.accuracy = followed(before, session_at)
        if self._memory.accuracy.errors != before.errors:
            told()

    def heat(self, now: datetime) -> Heat:
        """Return what the charge point's temperature allows."""
        return heat_at(self._thermal, now)

    @property
    def cools_at(self) -> datetime | None:
        """When the last temperature is too old to limit anything."""
        return cools_at(self._thermal)

    @property
    def error(self) -> SessionError | None:
        """How far power was off in the last session that could tell."""
        errors = self._memory.accuracy.errors
        return errors[-1] if errors else None

    @property
    def bias(self) -> float | None:
        """By how much the meter is off over its last sessions, if that is proven."""
        return bias_of([each.error for each in self._memory.accuracy.errors])

    def _live(self, sample: Reading, at: datetime) -> Sample:
        total = self._memory.total
        return Sample(
            at=at.timestamp(),
            power_w=sample.power_w,
            current_a=sample.current_a,
            energy_wh=None if total.last_wh is None else total.counted_wh,
        )
