"""What is written down of one charge point: energy counted, sessions and events recorded, sums kept up."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from homeassistant.core import HomeAssistant, callback

from ..chargers.charger import Charger
from ..charging.accuracy import error_of
from ..charging.dsr_account import Books
from ..charging.model import Decision, Reading, Settings
from ..ledger import DATA_LEDGER
from ..records.values import OutletKey
from ..storage import Memory
from .consumption import Consumption
from .counting import Counting
from .dsr_book import DsrBook
from .recording import Recording, Scene
from .statistics import PublishedStatistics


class Bookkeeping:
    """The books of one charge point."""

    def __init__(
        self,
        hass: HomeAssistant,
        outlet: OutletKey,
        charger: Charger,
        memory: Memory,
        *,
        name: str,
        run: Callable[[Coroutine[Any, Any, Any], str], object],
        changed: Callable[[datetime], None],
    ) -> None:
        self._charger = charger
        self._memory = memory
        self._ledger = hass.data[DATA_LEDGER]
        self.recording = Recording(self._ledger, outlet)
        self.dsr_book = DsrBook(self._ledger, outlet, memory)
        self.consumption = Consumption(hass, outlet, run, changed)
        self._statistics = PublishedStatistics(hass, outlet, name, run)
        self._counting = Counting(hass, charger, memory, self.recording, run)

    @callback
    def start(self) -> tuple[Callable[[], None], ...]:
        """Follow the records, which write what we carry before themselves; returns what ends that."""
        self._counting.start()
        following = self.consumption.start(), self._statistics.start()
        retrying = self._ledger.listen(self._counting.records_written)
        return self._ledger.prepare(self._memory.async_save_waiting), retrying, *following

    @callback
    def count(self, reading: Reading | None, now: datetime) -> None:
        """Advance the session and the running total."""
        self._counting.count(reading, now)

    @callback
    def note(self, now: datetime, settings: Settings, decision: Decision, undisturbed_a: float) -> None:
        """Write down what is new. ``undisturbed_a`` is what would be wished for without demand response."""
        scene = self._scene(now, settings, decision)
        self.recording.note(scene)
        self.consumption.follow(now)
        self.dsr_book.note(scene, undisturbed_a)

    @callback
    def forget(self) -> None:
        """Forget the running session and what demand response has moved in it (S7.2)."""
        memory = self._memory
        memory.session = memory.tab = None
        memory.over, memory.ends, memory.unclaimed = (), (), memory.unclaimed.settled
        memory.books = Books()
        self.recording.forget()

    @callback
    def close(self, now: datetime, settings: Settings, decision: Decision) -> None:
        """Write down how things are left."""
        self.recording.close(self._scene(now, settings, decision))

    def _scene(self, now: datetime, settings: Settings, decision: Decision) -> Scene:
        session = self._memory.session
        return Scene(
            now=now,
            settings=settings,
            reading=self._charger.reading,
            is_online=self._charger.is_online,
            session=session,
            decision=decision,
            tab=self._memory.tab,
            error=None if session is None else error_of(self._memory.accuracy, session.plugged_in_at),
        )
