"""The records while a copy of their file is made: it stays as it is, and what happens waits in memory."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from ..const import LOGGER
from ..records.errors import LedgerError
from ..records.journal import Journal

LONGEST: Final = timedelta(hours=2)
"""A copy that has not been finished by then has been forgotten by whoever began it."""


class Copying:
    """Whether a copy is being made."""

    def __init__(self) -> None:
        self._let_go: Callable[[], None] | None = None
        self._began_at: datetime | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether nothing may be written now."""
        if self._began_at is not None and not timedelta(0) <= dt_util.utcnow() - self._began_at < LONGEST:
            self.end()
        return self._let_go is not None

    def begin(self, journal: Journal) -> None:
        """Blocks. Hold the file still. A copy is made even where that cannot be done."""
        self.end()
        try:
            self._let_go = journal.store.freeze()
        except LedgerError as err:
            LOGGER.warning("The records in this backup may not be whole: %s", type(err).__name__)
        else:
            self._began_at = dt_util.utcnow()

    def end(self) -> None:
        """Let go of it."""
        let_go, self._let_go, self._began_at = self._let_go, None, None
        if let_go is not None:
            let_go()
