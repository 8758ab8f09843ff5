"""Those who want to hear of one charger, and the counters that support asks for."""

from collections import Counter
from collections.abc import Callable

from ...charging.model import Reading
from ..charger import Listener, SampleListener


class Audience:
    """Tells listeners, each until it wants to hear no more."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._listeners: list[Listener] = []
        self._sample_listeners: list[SampleListener] = []

    def count(self, word: str) -> None:
        """Count something that happened."""
        self.counts[word] += 1

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on every change; returns what stops that."""
        return _join(self._listeners, listener)

    def listen_samples(self, listener: SampleListener) -> Callable[[], None]:
        """Call ``listener`` with each reading that came with values of the meter; returns what stops that."""
        return _join(self._sample_listeners, listener)

    def changed(self) -> None:
        """Tell of a change."""
        for listener in list(self._listeners):
            listener()

    def sampled(self, reading: Reading | None) -> None:
        """Tell of values of the meter."""
        if reading is not None:
            for listener in list(self._sample_listeners):
                listener(reading)


def _join[T](listeners: list[T], listener: T) -> Callable[[], None]:
    listeners.append(listener)

    def stop() -> None:
        if listener in listeners:
            listeners.remove(listener)

    return stop
