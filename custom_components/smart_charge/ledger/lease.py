"""The right of this home to write as its site on a server that others share: taken first, watched at each write.

A file of our own is nobody else's, so there is nothing to take.
"""

from collections.abc import Sequence
import secrets
from typing import Final

from homeassistant.util import dt as dt_util

from ..records.errors import LedgerShared
from ..records.journal import Journal
from ..records.writers import part, require_ours, sign_in, stay_in, take_over

MOST_WORDS: Final = 500
"""Of earlier runs: each start leaves one more, and a server that was left long ago knows the one of that time only."""


class Lease:
    """What this run says of itself, and what it has been told to do about another that says the same. Blocks."""

    def __init__(self) -> None:
        self.words: tuple[str, ...] = ()
        self.is_contested = False
        self._run = secrets.token_hex(16)
        self._is_to_take_over = False
        self._parts_from: str | None = None

    @property
    def is_signed(self) -> bool:
        """Whether the word of this run is among those that are kept."""
        return self._run in self.words

    def sign(self) -> None:
        """Have the word of this run kept with those before it: it must be on disk before anybody else hears it."""
        self.words = (self._run, *self.words)[:MOST_WORDS]

    def go_by(self, words: Sequence[object]) -> None:
        """Use the newest word on disk where ours is not there: the next run, which would not know it, is no copy."""
        if self._run not in words and words:
            self.recover(words)
            self._run = self.words[0]

    def recover(self, words: Sequence[object]) -> None:
        """Know the words of the runs before this one."""
        self.words = tuple(str(word) for word in words)

    def take(self, journal: Journal) -> None:
        """Sign in, in the way that the owner has chosen where there was a doubt.

        Raises:
            LedgerShared: another home writes as this site.
            LedgerError: the server cannot be written now.
        """
        store, now = journal.store, dt_util.utcnow()
        if store.path is not None:
            self.is_contested = False
            return
        if self._parts_from is not None:
            part(store, self._parts_from, self._run, journal.site)
            self._parts_from = None
        if self._is_to_take_over:
            take_over(store, journal.site, self._run, now)
            self._is_to_take_over = False
        sign_in(store, journal.site, self._run, self.words, now)

    def watch(self, journal: Journal) -> None:
        """See that we still are the one that writes.

        Raises:
            LedgerShared: we are not.
            LedgerError: the server cannot be written now.
        """
        is_on_server = journal.store.path is None
        self.is_contested = is_on_server and stay_in(journal.store, journal.site, self._run, dt_util.utcnow())

    def require(self, journal: Journal) -> None:
        """See that nobody else lays claim to what is about to be erased.

        Raises:
            LedgerShared: somebody does.
            LedgerError: the server cannot be written now.
        """
        self.watch(journal)
        if self.is_contested:
            raise LedgerShared("it tries to write")

    def require_ours(self, journal: Journal) -> None:
        """See that the records in a database that was left are ours to fetch or to erase.

        Raises:
            LedgerShared: another home writes them, or tries to.
            LedgerError: the server cannot be read now.
        """
        if journal.store.path is None:
            require_ours(journal.store, journal.site, self.words, dt_util.utcnow())

    def take_over(self) -> None:
        """Be the one from the next `take` on."""
        self._is_to_take_over = True

    def part_from(self, site: str) -> None:
        """Leave that site to the other at the next `take`."""
        self._parts_from, self._is_to_take_over = site, False
