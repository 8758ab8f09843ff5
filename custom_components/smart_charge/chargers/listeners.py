"""Those who want to hear of one charger, whichever protocol it speaks."""

from collections.abc import Callable

from ..charging.model import Reading
from .charger import Listener, SampleListener


class Listeners:
    """Tells listeners, each until it wants to hear no more."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}
        self._sample_listeners: dict[object, SampleListener] = {}

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on every change; returns what stops that."""
        return _join(self._listeners, listener)

    def listen_samples(self, listener: SampleListener) -> Callable[[], None]:
        """Call ``listener`` with each reading that came with values of the meter; returns what stops that."""
        return _join(self._sample_listeners, listener)

    def changed(self) -> None:
        """Tell of a change."""
        for listener in list(self._listeners.values()):
            listener()

    def sampled(self, reading: Reading | None) -> None:
        """Tell of values of the meter."""
        if reading is not None:
            for listener in list(self._sample_listeners.values()):
                listener(reading)


def _join[ListenerT](listeners: dict[object, ListenerT], listener: ListenerT) -> Callable[[], None]:
    listeners[listening := object()] = listener

    def stop() -> None:
        listeners.pop(listening, None)

    return stop
