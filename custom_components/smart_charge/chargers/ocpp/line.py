"""The line to one charge point: whether there is one, since when, and whether it may be asked something."""

from collections.abc import Callable
from datetime import datetime

from ..charger import Clock
from .connection import Connection
from .greeting import Greeting
from .timings import Timings
from .wire_time import SLACK


class Line:
    """Holds the link that speaks for one connector, and greets each new one."""

    def __init__(self, clock: Clock, timings: Timings, ready: Callable[[bool], None]) -> None:
        self.link: Connection | None = None
        self.attached_at: datetime = clock()
        self._clock = clock
        self._timings = timings
        self._ready = ready
        self._greeting: Greeting | None = None

    @property
    def is_online(self) -> bool:
        """Whether the charge point is connected."""
        return self.link is not None and self.link.is_open

    @property
    def connection(self) -> Connection | None:
        """The link, once the charge point may be asked something."""
        if self.link is None or not self.link.is_open or self._greeting is None or not self._greeting.is_over:
            return None
        return self.link

    def is_live(self, at: datetime) -> bool:
        """Whether this link was there already; what is older was queued."""
        return at >= self.attached_at - SLACK

    def take(self, connection: Connection) -> None:
        """Speak on this link from now on."""
        self._end_greeting()
        self.link = connection
        self.attached_at = self._clock()
        self._greeting = Greeting(connection, self._timings, self._ready)

    def drop(self, connection: Connection) -> bool:
        """Hear that a link is gone; false when a newer one has its place."""
        if self.link is not connection:
            return False
        self.link = None
        self._end_greeting()
        return True

    def _end_greeting(self) -> None:
        if self._greeting is not None:
            self._greeting.cancel()
            self._greeting = None

    def heard(self, action: str) -> None:
        """Hear that the charge point said something."""
        if self._greeting is not None:
            self._greeting.heard(action)
