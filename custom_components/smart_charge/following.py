"""Whether the charge point does what it was asked for (DESIGN section 4): asked, then offered, then drawn."""

from datetime import datetime, timedelta
from typing import Final

from .const import NOT_FOLLOWED_AFTER

ASK_AGAIN_AFTER: Final = timedelta(minutes=5)
"""How often a charge point that does not follow is asked again once that has been reported."""

_NEXT_LOOK: Final = timedelta(seconds=5)


class Following:
    """One setpoint, from the moment it is asked for. Judged only by what was read long enough after."""

    def __init__(self) -> None:
        self.is_failing = False
        self._asked_at: datetime | None = None
        self._times_asked = 0
        self._is_followed: bool | None = None
        self.is_refused = False

    def begin(self, now: datetime) -> None:
        """Take note that something new is asked for."""
        self.is_failing = self.is_refused = False
        self._times_asked = 0
        self.ask(now)

    def ask(self, now: datetime) -> None:
        """Take note that it is asked for, perhaps again."""
        self._times_asked += 1
        self._asked_at = now
        self._is_followed = None

    def take(self) -> None:
        """Take note that the charge point said yes; whether it follows is still to be seen."""
        self.is_refused = False

    def refuse(self) -> None:
        """Take note that the charge point said no; the second time it counts as not following."""
        self.is_refused = True
        self.is_failing = self.is_failing or self._times_asked > 1

    def report(self) -> None:
        """Count it as not following from now on: somebody waits for an answer."""
        self.is_failing = True

    def judge(self, *, is_followed: bool | None, taken_at: datetime, now: datetime) -> bool:
        """Take note of what a reading says of the setpoint; True when it is time to ask again.

        What was refused is asked again even where the charge point happens to do it.
        """
        if self._asked_at is not None and self._asked_at > now:
            self._asked_at = now  # the clock was set back
        if self._asked_at is None or taken_at <= self._asked_at:
            is_followed = None
        self._is_followed = is_followed
        if is_followed and not self.is_refused:
            self.is_failing = False
            self._times_asked = 1
        if self._asked_at is None or now < self._asked_at + self._patience:
            return False
        if self.is_refused:
            return True
        if is_followed is not False or taken_at < self._asked_at + NOT_FOLLOWED_AFTER:
            return False
        self.is_failing = self.is_failing or self._times_asked > 1
        return True

    def look_at(self, now: datetime) -> datetime | None:
        """When to judge again although nothing new was heard; None when there is no need."""
        if self._asked_at is None or (self._is_followed and not self.is_refused):
            return None
        due_at = self._asked_at + self._patience
        if due_at > now:
            return due_at
        return now + _NEXT_LOOK if self.is_refused or self._is_followed is False else None

    @property
    def _patience(self) -> timedelta:
        return ASK_AGAIN_AFTER if self.is_failing else NOT_FOLLOWED_AFTER
