"""Where the records are kept: opened when they are needed, let go, and what is wrong with it told once.

What was left in another database, as the owner has named a new one since, is fetched: `ledger/left.py`.
"""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
import secrets
from typing import Any, Final

from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store as PrivateFile
from homeassistant.requirements import RequirementsNotFound, async_process_requirements
from homeassistant.util import dt as dt_util

from ..const import CONF_RECORDS, DOMAIN, KIND_SITE, LOGGER
from ..records.buffer import Buffer, Flushed
from ..records.errors import (
    LedgerDamaged,
    LedgerError,
    LedgerMisaddressed,
    LedgerReadOnly,
    LedgerShared,
    LedgerUnreachable,
)
from ..records.journal import Journal
from ..records.pseudonyms import Pseudonyms
from ..records.remnants import Erasure
from ..records.retention import Erased
from ..records.sales import Register
from ..records.security_log import SecurityLog
from ..records.store import Store, set_aside
from .lease import Lease
from .left import Place, asked, erased_in, fetched, place_from, plain_places
from .repairs import async_clear_issue, async_raise_issue, async_show_left

FILE_NAME: Final = f"{DOMAIN}.db"
VERSION: Final = 1

POSTGRESQL: Final = "psycopg[binary]==3.3.9"
"""Fetched only where a URL is set: it is large, and few homes need it."""


class Database:
    """The one database of this installation. Only the ledger may use it, one task at a time.

    What blocks is given to the loop's executor and not to Home Assistant, which forgets its jobs when it stops: a
    thread would go on writing beside the last that is written, and what it had opened would never be closed.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self.site = ""
        self.journal: Journal | None = None
        self.error: LedgerError | None = None
        self._opening: asyncio.Task[Journal | None] | None = None
        self._told: LedgerError | None = None
        self._damage: LedgerDamaged | None = None
        self.left: tuple[Place, ...] = ()
        self.opened_at_url: str | None = None
        self._hass = hass
        self._file = _private_file(hass, f"{DOMAIN}.ledger")
        self._key = b""
        self.lease = Lease()
        self._kept = Place()

    @property
    def path(self) -> Path:
        """Where the records are unless a URL says otherwise."""
        return Path(self._hass.config.path(FILE_NAME))

    @property
    def url(self) -> str | None:
        """Of the PostgreSQL database that the owner has named; a secret."""
        entry = self._hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, KIND_SITE)
        return None if entry is None else entry.options.get(CONF_RECORDS, {}).get(CONF_URL) or None

    @property
    def pseudonyms(self) -> Pseudonyms:
        """Of this installation."""
        return Pseudonyms(self._key)

    async def async_load(self) -> None:
        """Know who we are in the records: an id and a key, made once and never changed; and where they were."""
        stored = await self._file.async_load() or {}
        self._kept = place_from(stored.get("place"))
        self.left = tuple(place_from(plain) for plain in stored.get("left", ()))
        self.lease.recover(stored.get("runs", ()))
        try:
            self.site, self._key = str(stored["site"]), bytes.fromhex(stored["key"])
        except KeyError, TypeError, ValueError:
            self.site, self._key = secrets.token_hex(16), secrets.token_bytes(32)
            await self._async_save()

    async def async_open(self) -> Journal | None:
        """Open it where the owner's settings point; None, with `error` set, where it cannot be.

        In a task of its own: whoever asks may be cancelled meanwhile, and what was opened is not to be lost sight of.
        """
        if self._opening is None:
            self._opening = self._hass.loop.create_task(self._async_open(), name="records: open")
        try:
            return await asyncio.shield(self._opening)
        finally:
            if self._opening is not None and self._opening.done():
                self._opening = None

    async def _async_open(self) -> Journal | None:
        await self._async_let_go()
        self._damage = None
        url = self.url
        try:
            store = await self._async_store(url)
        except LedgerError as err:
            await self.async_note(err)
            return None
        journal = self.journal_in(store)
        try:
            await self._async_sign_in(journal)
            await self._async_settle(journal, url)
            self._damage = await self._hass.loop.run_in_executor(None, _damage_in, store)
        except LedgerError as err:
            await self._hass.loop.run_in_executor(None, store.close)
            await self.async_note(err)
            return None
        self.journal, self.opened_at_url = journal, url
        self._tell()  # that they can be written again is told when they have been
        return journal

    async def async_close(self) -> None:
        """Let go of it."""
        if (opening := self._opening) is not None:
            await asyncio.wait({opening})
            self._opening = None
        await self._async_let_go()

    async def _async_let_go(self) -> None:
        journal, self.journal = self.journal, None
        if journal is not None:
            await self._hass.loop.run_in_executor(None, journal.store.close)

    async def _async_sign_in(self, journal: Journal) -> None:
        if journal.store.path is None and not self.lease.is_signed:
            self.lease.sign()
            await self._async_save()
            self.lease.go_by(await self._async_words_on_disk())
        await self._hass.loop.run_in_executor(None, self.lease.take, journal)

    async def _async_words_on_disk(self) -> Sequence[object]:
        """Return them as the next run will find them: a full disk is not told of, and at a stop saving has to wait."""
        stored = await _private_file(self._hass, self._file.key).async_load() or {}
        words: Sequence[object] = stored.get("runs", ())
        return words

    def flush(self, buffer: Buffer, journal: Journal) -> Flushed | None:
        """Blocks. Write what waits, if it is still ours to write; None when the file is not there any more."""
        if not journal.store.is_in_place:
            return None
        try:
            self.lease.watch(journal)
        except LedgerError as err:
            return Flushed(written=0, waiting=len(buffer), error=err)
        return buffer.flush(journal)

    async def async_be_the_one(self) -> None:
        """Write as this site from the next opening on: the other home does no more."""
        await self.async_close()
        self.lease.take_over()

    async def async_be_another(self) -> None:
        """Be a site of its own from the next opening on: what is on record stays with the other home."""
        await self.async_close()
        self.lease.part_from(self.site)
        self.site = secrets.token_hex(16)
        await self._async_save()

    async def async_set_aside(self) -> Path:
        """Move a damaged file out of the way, so that a new one can begin; returns where it went.

        Raises:
            LedgerError: it cannot be moved.
        """
        await self.async_close()
        return await self._hass.loop.run_in_executor(None, set_aside, self.path, dt_util.utcnow())

    def journal_in(self, store: Store) -> Journal:
        """Return our journal in a database."""
        security = SecurityLog(store, self.site, self.pseudonyms)
        return Journal(store, self.site, security, Register(store, self.site))

    async def async_note(self, error: LedgerError | None) -> None:
        """Say once what is wrong, and once when it has passed."""
        self.error = error
        self._tell()
        if isinstance(error, LedgerDamaged | LedgerReadOnly | LedgerShared | LedgerUnreachable):
            await self._async_let_go()  # so that the next try sees whatever is there then, and whatever is allowed

    async def async_ask[AnswerT](self, question: Callable[[Journal], AnswerT], journal: Journal) -> AnswerT:
        """Ask, and tell of a file that is found to be damaged: it stays so, though some of it can be written.

        Raises:
            LedgerError: it cannot be read.
        """
        try:
            return await self._hass.loop.run_in_executor(None, question, journal)
        except LedgerDamaged as err:
            if journal is self.journal and journal.store.path is not None:
                self._damage = err
                self._tell()
            raise

    def _tell(self) -> None:
        shared = LedgerShared("it tries to write") if self.lease.is_contested else None
        before, self._told = self._told, self.error or shared or self._damage
        if type(self._told) is not type(before):
            self._say(self._told)

    def _say(self, error: LedgerError | None) -> None:
        if error is None:
            LOGGER.info("The records can be written again")
            async_clear_issue(self._hass)
            return
        if isinstance(error, LedgerDamaged) and self.error is None:
            LOGGER.warning("Some of the records cannot be read: their file is damaged")
        elif self.error is None:
            LOGGER.warning("Another Home Assistant tries to write the records of this one")
        else:
            LOGGER.warning("The records cannot be written now and wait in memory: %s", type(error).__name__)
        LOGGER.debug("The records cannot be written now: %s", error)
        async_raise_issue(self._hass, error, self.path)

    async def _async_store(self, url: str | None) -> Store:
        if url is None:
            return await self._hass.loop.run_in_executor(None, Store.at_path, self.path)
        return await async_store_at(self._hass, url)

    # What is elsewhere

    async def _async_settle(self, journal: Journal, url: str | None) -> None:
        """Note that the records are here now, and fetch what is elsewhere."""
        here = Place(url=url, id=await self._hass.loop.run_in_executor(None, journal.store.place))
        if here == self._kept and not self.left:
            return
        if self._kept.url != url and self._kept.id != here.id:
            self.left = tuple(dict.fromkeys((*self.left, self._kept)))
        self._kept = here
        await self._async_save()  # or a kill now would leave behind what nobody knows of
        await self.async_fetch_left(journal)

    async def async_fetch_left(self, journal: Journal) -> None:
        """Fetch the records that were left in other databases; those that cannot be had now are left for later."""
        if not self.left:
            return
        if any(place.url is not None for place in self.left):
            await async_get_psycopg(self._hass)
        self.left = await self._hass.loop.run_in_executor(
            None, fetched, self.left, journal, self._kept.id, self.path, self._journal_left_in
        )
        await self._async_save()
        async_show_left(self._hass, [place.name for place in self.left])

    def ask_left[AnswerT](self, question: Callable[[Journal], AnswerT]) -> list[AnswerT]:
        """Blocks. Ask the databases in which records may be besides; those that cannot be read do not answer."""
        return asked(self._besides, question, self.path, self._journal_left_in)

    def erase_left(self, erasure: Erasure) -> Erased:
        """Blocks. Erase in them; one that cannot be reached counts as a remnant."""
        return erased_in(self._besides, erasure, self.path, self._journal_left_in)

    def _journal_left_in(self, store: Store) -> Journal:
        """Blocks. Return our journal in a database that was left, unless another home is there under our id."""
        journal = self.journal_in(store)
        self.lease.require_ours(journal)
        return journal

    @property
    def _besides(self) -> tuple[Place, ...]:
        """Where records may be besides: what was left, and the file while they are kept on a server."""
        file = () if self.opened_at_url is None else (Place(),)
        return tuple({place.url: place for place in (*self.left, *file)}.values())

    async def async_give_up_left(self) -> None:
        """Forget where records were left: those databases are gone for good."""
        self.left = ()
        await self._async_save()
        async_show_left(self._hass, [])

    async def _async_save(self) -> None:
        plain: dict[str, Any] = {"site": self.site, "key": self._key.hex(), "runs": list(self.lease.words)}
        plain |= {"place": self._kept.plain, "left": plain_places(self.left)}
        await self._file.async_save(plain)


def _damage_in(store: Store) -> LedgerDamaged | None:
    """Blocks. Return what is wrong with a file of which some can be read and written all the same."""
    try:
        store.look_over()
    except LedgerDamaged as err:
        return err
    return None


def _private_file(hass: HomeAssistant, key: str) -> PrivateFile[dict[str, Any]]:
    return PrivateFile(hass, VERSION, key, private=True, atomic_writes=True)


async def async_store_at(hass: HomeAssistant, url: str) -> Store:
    """Open the PostgreSQL database that a URL names, after fetching what speaks to it.

    Raises:
        LedgerError: it cannot be opened, or that cannot be had.
    """
    await async_get_psycopg(hass)
    return await hass.loop.run_in_executor(None, Store.at_url, url)


async def async_get_psycopg(hass: HomeAssistant) -> None:
    """Fetch what speaks to PostgreSQL.

    Raises:
        LedgerMisaddressed: it cannot be had.
    """
    try:
        await async_process_requirements(hass, DOMAIN, [POSTGRESQL], is_built_in=False)
    except RequirementsNotFound as err:
        raise LedgerMisaddressed("psycopg, which speaks to PostgreSQL, cannot be installed") from err
