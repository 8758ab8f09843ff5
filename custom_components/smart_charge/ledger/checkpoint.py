"""When what waits is to be on disk (DESIGN section 5), counted by a clock that nobody can set."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

CHECKPOINT: Final = timedelta(seconds=30)
"""What can wait is on disk after this long; so often it is tried again while it fails."""


class Checkpoint:
    """Calls once, half a minute after it first was due."""

    def __init__(self, hass: HomeAssistant, reached: Callable[[], None]) -> None:
        self._hass = hass
        self._reached = reached
        self._forget: CALLBACK_TYPE | None = None

    @callback
    def be_due(self) -> None:
        """Call in half a minute, or when it is due already."""
        if self._forget is None:
            self._forget = async_call_later(self._hass, CHECKPOINT, self._on_time)

    @callback
    def call_off(self) -> None:
        """Do not call."""
        forget, self._forget = self._forget, None
        if forget is not None:
            forget()

    @callback
    def _on_time(self, _now: datetime) -> None:
        self._forget = None
        self._reached()
