"""The records of this home: one database for all charge points, opened in the background and written by one task.

Whatever is wrong with it, charging goes on: what cannot be written waits in memory, and a repair says why.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
import secrets
from typing import Any, Final

from homeassistant.const import CONF_URL, EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.helpers.storage import Store as PrivateFile
from homeassistant.requirements import RequirementsNotFound, async_process_requirements
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .const import CONF_RECORDS, DOMAIN, KIND_SITE, LOGGER
from .errors import ledger_error
from .ledger_repairs import async_clear_issue, async_raise_issue
from .records.buffer import Buffer, Flushed
from .records.errors import LedgerDamaged, LedgerError, LedgerMisaddressed, LedgerUnreachable
from .records.journal import Journal, Record
from .records.pseudonyms import Pseudonyms
from .records.remnants import Erasure, Remnant
from .records.retention import Erased, erase, together
from .records.sales import Register
from .records.security_log import SecurityLog
from .records.store import Store, set_aside

FILE_NAME: Final = f"{DOMAIN}.db"
VERSION: Final = 1
CHECKPOINT: Final = timedelta(seconds=30)
"""What can wait is on disk after this long (DESIGN section 5); so often it is tried again while it fails."""

POSTGRESQL: Final = "psycopg[binary]==3.3.9"
"""Fetched only where a URL is set: it is large, and few homes need it."""


class Ledger:
    """All that happened here. Adding never blocks and never fails; asking runs in an executor."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.buffer = Buffer()
        self._hass = hass
        self._file = PrivateFile[dict[str, Any]](hass, VERSION, f"{DOMAIN}.ledger", private=True, atomic_writes=True)
        self._site = ""
        self._key = b""
        self._journal: Journal | None = None
        self._opened_at_url: str | None = None
        self._error: LedgerError | None = None
        self._lost = 0
        self._access = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        self._is_more_due = False
        self._timer: CALLBACK_TYPE | None = None
        self._listeners: list[Callable[[], None]] = []
        self._preparations: list[Callable[[], Awaitable[None]]] = []
        self._is_started = False

    @property
    def site(self) -> str:
        """The installation's own id, the same for ever."""
        return self._site

    @property
    def error(self) -> LedgerError | None:
        """Why records cannot be written now; None while they can."""
        return self._error

    @property
    def path(self) -> Path:
        """Where the records are unless a URL says otherwise."""
        return Path(self._hass.config.path(FILE_NAME))

    @property
    def url(self) -> str | None:
        """Of the PostgreSQL database that the owner has named; a secret."""
        entry = self._hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, KIND_SITE)
        return None if entry is None else entry.options.get(CONF_RECORDS, {}).get(CONF_URL) or None

    async def async_load(self) -> None:
        """Know who we are in the records: an id and a key, made once and never changed."""
        stored = await self._file.async_load() or {}
        try:
            self._site, self._key = str(stored["site"]), bytes.fromhex(stored["key"])
        except KeyError, TypeError, ValueError:
            self._site, self._key = secrets.token_hex(16), secrets.token_bytes(32)
            await self._file.async_save({"site": self._site, "key": self._key.hex()})

    @callback
    def start(self) -> None:
        """Open the database soon, and close it with Home Assistant. Safe to call again."""
        if self._is_started:
            return
        self._is_started = True
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_on_stop)
        self.write_soon()

    @callback
    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` whenever records have been written, or others are read; returns what stops that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @callback
    def prepare(self, preparation: Callable[[], Awaitable[None]]) -> Callable[[], None]:
        """Await ``preparation`` before each write; returns what stops that.

        What a restart reads first must be no older than the records, or it would begin a session anew that they have.
        """
        self._preparations.append(preparation)
        return lambda: self._preparations.remove(preparation)

    @callback
    def add(self, *records: Record, at_once: bool = False) -> None:
        """Take records in, to be on disk within half a minute, or ``at_once``."""
        self.buffer.add(*records)
        if at_once:
            self.write_soon()
        else:
            self._arm()

    @callback
    def write_soon(self) -> None:
        """Have the one task that writes write what waits."""
        self._disarm()
        if self._writing is not None:
            self._is_more_due = True
        elif self._is_started:
            self._writing = self._hass.async_create_background_task(self._async_write(), "records: write")

    async def async_flush(self) -> None:
        """Write what waits, as far as the database lets us, before returning."""
        await asyncio.gather(*(prepare() for prepare in self._preparations))
        async with self._access:
            flushed = await self._async_empty()
            if flushed is None:  # the file was deleted or replaced under us, and what we wrote would be nowhere
                await self._async_close()
                flushed = await self._async_empty()
        if flushed is not None:
            self._judge(flushed)
        if len(self.buffer):
            self._arm()

    async def async_ask[AnswerT](self, question: Callable[[Journal], AnswerT]) -> AnswerT:
        """Return what ``question``, run in an executor, makes of the journal.

        Raises:
            HomeAssistantError: the records cannot be read now; a person reads why.
        """
        async with self._access:
            if self._journal is None:
                await self._async_open()
            journal, error = self._journal, self._error
        if journal is None:
            raise ledger_error(error or LedgerError("The records are not open"))
        try:
            return await self._hass.async_add_executor_job(question, journal)
        except LedgerError as err:
            raise ledger_error(err) from err

    async def async_ask_left[AnswerT](self, question: Callable[[Journal], AnswerT]) -> AnswerT | None:
        """Ask the file that was left behind for a database by URL; None where there is none, or it cannot be read."""

        def ask() -> AnswerT | None:
            with self._left_file() as left:
                return None if left is None else question(left)

        try:
            return await self._hass.async_add_executor_job(ask)
        except LedgerError as err:
            LOGGER.warning("The records left in %s cannot be read: %s", self.path.name, type(err).__name__)
            return None

    async def async_erase(self, erasure: Erasure, then: Callable[[], None]) -> Erased:
        """Erase, and look for what is left, while nothing is written; ``then`` is called before anything is again.

        Nobody is told: call `refresh` once what was copied elsewhere is gone too, or it would be corrected there.

        Raises:
            HomeAssistantError: the records cannot be erased now; a person reads why.
        """
        async with self._access:
            if self._journal is None:
                await self._async_open()
            if self._journal is None:
                raise ledger_error(self._error or LedgerError("The records are not open"))
            try:
                erased = await self._hass.async_add_executor_job(self._erase, self._journal, erasure)
            except LedgerError as err:
                raise ledger_error(err) from err
            self.buffer.forget(erasure.is_personal)  # what came in meanwhile; nobody flushes, so it does not wait
            then()
        return erased

    @callback
    def refresh(self) -> None:
        """Have everybody who shows records ask anew."""
        self._tell()

    def _erase(self, journal: Journal, erasure: Erasure) -> Erased:
        self.buffer.forget(erasure.is_personal)
        return together(erase(journal, erasure), self._erase_left(erasure))

    def _erase_left(self, erasure: Erasure) -> Erased:
        try:
            with self._left_file() as left:
                return Erased(rows={}) if left is None else erase(left, erasure)
        except LedgerError as err:
            LOGGER.warning("The records left in %s cannot be erased: %s", self.path.name, type(err).__name__)
            return Erased(rows={}, remnants=[Remnant(where=self.path.name, count=1)])

    @contextmanager
    def _left_file(self) -> Iterator[Journal | None]:
        """Blocks. Lend the file that the records were kept in before the URL was set; None where there is none."""
        if self._opened_at_url is None or not self.path.exists():
            yield None
            return
        store = Store.at_path(self.path)
        try:
            yield self._journal_in(store)
        finally:
            store.close()

    def _journal_in(self, store: Store) -> Journal:
        security = SecurityLog(store, self._site, Pseudonyms(self._key))
        return Journal(store, self._site, security, Register(store, self._site))

    async def async_start_anew(self) -> None:
        """Put a damaged database aside and begin a new one; what waits in memory is written to it.

        Raises:
            HomeAssistantError: it cannot be moved or made.
        """
        async with self._access:
            await self._async_close()
            try:
                aside = await self._hass.async_add_executor_job(set_aside, self.path, dt_util.utcnow())
            except LedgerError as err:
                raise ledger_error(err) from err
            LOGGER.warning("The damaged records were put aside as %s", aside.name)
        await self.async_flush()
        if self._error is not None:
            raise ledger_error(self._error)

    @callback
    def settings_changed(self) -> None:
        """Go where the owner's settings point now, soon."""
        if self._is_started and self.url != self._opened_at_url:
            self._hass.async_create_background_task(self.async_reopen(), "records: reopen")

    async def async_reopen(self) -> None:
        """Go where the owner's settings now point, after writing what waits where they pointed before."""
        if not self._is_started or (self.url == self._opened_at_url and self._journal is not None):
            return
        if self._journal is not None:
            await self.async_flush()
        async with self._access:
            await self._async_close()
        await self.async_flush()

    # Writing

    async def _async_write(self) -> None:
        try:
            self._is_more_due = True
            while self._is_more_due:
                self._is_more_due = False
                await self.async_flush()
        finally:
            self._writing = None

    async def _async_empty(self) -> Flushed | None:
        """Write what waits; None when there is no database, or not any more."""
        if self._journal is None:
            await self._async_open()
        if self._journal is None:
            return None
        flushed = await self._hass.async_add_executor_job(self._flush, self._journal)
        if flushed is not None:
            await self._async_note(flushed.error)
        return flushed

    def _flush(self, journal: Journal) -> Flushed | None:
        return self.buffer.flush(journal) if journal.store.is_in_place else None

    def _judge(self, flushed: Flushed) -> None:
        for rejected in flushed.rejected:
            LOGGER.error("A record was given up, which is a fault of ours: %s", type(rejected.__cause__).__name__)
        if self.buffer.lost > self._lost:
            LOGGER.error("%s records were lost, as there was no room to keep them", self.buffer.lost - self._lost)
            self._lost = self.buffer.lost
        if flushed.written:
            self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _arm(self) -> None:
        if self._timer is None and self._is_started:
            due_at = dt_util.utcnow() + CHECKPOINT
            self._timer = async_track_point_in_utc_time(self._hass, self._on_time, due_at)

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def _on_time(self, _now: datetime) -> None:
        self._timer = None
        self.write_soon()

    # Opening and closing

    async def _async_open(self) -> None:
        await self._async_close()
        url = self.url
        try:
            if url is None:
                store = await self._hass.async_add_executor_job(Store.at_path, self.path)
            else:
                store = await async_store_at(self._hass, url)
        except LedgerError as err:
            await self._async_note(err)
            self._arm()
            return
        self._journal = self._journal_in(store)
        self._opened_at_url = url
        await self._async_note(None)
        self._tell()

    async def _async_close(self) -> None:
        journal, self._journal = self._journal, None
        if journal is not None:
            await self._hass.async_add_executor_job(journal.store.close)

    async def _async_note(self, error: LedgerError | None) -> None:
        """Say once what is wrong, and once when it has passed."""
        before, self._error = self._error, error
        if type(error) is not type(before):
            self._say(error)
        is_server_lost = isinstance(error, LedgerUnreachable) and self._opened_at_url is not None
        if isinstance(error, LedgerDamaged) or is_server_lost:
            await self._async_close()  # so that the next try sees whatever is there then

    def _say(self, error: LedgerError | None) -> None:
        if error is None:
            LOGGER.info("The records can be written again")
            async_clear_issue(self._hass)
            return
        LOGGER.warning("The records cannot be written now and wait in memory: %s", type(error).__name__)
        LOGGER.debug("The records cannot be written now: %s", error)
        async_raise_issue(self._hass, error, self.path)

    async def _async_on_stop(self, _event: Event) -> None:
        """Write the last of it, and let go."""
        if self._writing is not None:
            await asyncio.wait({self._writing})
        await self.async_flush()
        self._disarm()
        self._is_started = False
        async with self._access:
            await self._async_close()


async def async_store_at(hass: HomeAssistant, url: str) -> Store:
    """Open the PostgreSQL database that a URL names, after fetching what speaks to it.

    Raises:
        LedgerError: it cannot be opened, or that cannot be had.
    """
    try:
        await async_process_requirements(hass, DOMAIN, [POSTGRESQL], is_built_in=False)
    except RequirementsNotFound as err:
        raise LedgerMisaddressed("psycopg, which speaks to PostgreSQL, cannot be installed") from err
    return await hass.async_add_executor_job(Store.at_url, url)


DATA_LEDGER: HassKey[Ledger] = HassKey(f"{DOMAIN}.ledger")
