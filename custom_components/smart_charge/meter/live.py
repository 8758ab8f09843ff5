"""What the meter shows, second by second, to whoever listens (requirement 9.4)."""

from collections.abc import Callable
from typing import Final

from homeassistant.core import callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..records.ring import Ring, Sample

type LiveListener = Callable[[Sample], None]


class LiveFeed:
    """One charge point's samples. It outlives a reload of its entry, and so do those who listen."""

    def __init__(self) -> None:
        self.ring = Ring()
        self._listeners: dict[object, LiveListener] = {}
        self._attend: Callable[[bool], None] | None = None

    @callback
    def add(self, sample: Sample) -> None:
        """Keep a sample, and hand it on."""
        self.ring.add(sample)
        for listener in list(self._listeners.values()):
            listener(sample)

    @callback
    def listen(self, listener: LiveListener) -> Callable[[], None]:
        """Call ``listener`` with each sample; returns what stops that."""
        self._listeners[key := object()] = listener
        self._tell()

        @callback
        def stop() -> None:
            if self._listeners.pop(key, None) is not None:
                self._tell()

        return stop

    @callback
    def serve(self, attend: Callable[[bool], None] | None) -> None:
        """Have ``attend`` told whether somebody listens, now and whenever that changes; None while unloaded."""
        if self._attend is not None:
            self._attend(False)
        self._attend = attend
        self._tell()

    def _tell(self) -> None:
        if self._attend is not None:
            self._attend(bool(self._listeners))


DATA_LIVE: Final[HassKey[dict[str, LiveFeed]]] = HassKey(f"{DOMAIN}_live")
"""By entry id."""
