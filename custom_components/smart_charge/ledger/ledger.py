"""The records of this home: one database for all charge points, opened in the background and written by one task.

Whatever is wrong with it, charging goes on: what cannot be written waits in memory, and a repair says why.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER
from ..errors import ledger_error
from ..records.buffer import Buffer, Flushed, thinned
from ..records.errors import LedgerError, LedgerFull, LedgerLocked
from ..records.journal import Journal, Record
from ..records.remnants import Erasure
from ..records.retention import Erased, erase, together
from .checkpoint import Checkpoint
from .copy import Copying
from .database import Database
from .waiting import Waiting, tell_losses


class Ledger:
    """All that happened here. Adding never blocks and never fails; asking runs in an executor."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.buffer = Buffer()
        self._hass = hass
        self._database = Database(hass)
        self._lost = 0
        self._access = asyncio.Lock()
        self._writing: asyncio.Task[None] | None = None
        self._is_more_due = False
        self._checkpoint = Checkpoint(hass, self.write_soon)
        self._listeners: list[Callable[[], None]] = []
        self._preparations: list[Callable[[], Awaitable[None]]] = []
        self._forget_stop: CALLBACK_TYPE | None = None
        self._copying = Copying()
        self._waiting = Waiting(hass)

    @property
    def site(self) -> str:
        """The installation's own id, the same for ever."""
        return self._database.site

    @property
    def error(self) -> LedgerError | None:
        """Why records cannot be written now; None while they can."""
        return self._database.error

    @property
    def has_written_all(self) -> bool:
        """Whether nothing waits in memory."""
        return self.error is None and not len(self.buffer)

    @property
    def is_held(self) -> bool:
        """Whether all that happens waits, as a copy is being made."""
        return self._copying.is_under_way

    @property
    def path(self) -> Path:
        """Where the records are unless a URL says otherwise."""
        return self._database.path

    @property
    def url(self) -> str | None:
        """Of the PostgreSQL database that the owner has named; a secret."""
        return self._database.url

    @property
    def is_where_asked(self) -> bool:
        """Whether it is open, and where the owner's settings point now."""
        return self._database.journal is not None and self._database.opened_at_url == self.url

    async def async_load(self) -> None:
        """Know who we are in the records, and what could not be written before Home Assistant stopped."""
        await self._database.async_load()
        self.buffer.add(*await self._waiting.async_take_up())

    @property
    def is_started(self) -> bool:
        """Whether what is added is written."""
        return self._forget_stop is not None

    @callback
    def start(self) -> None:
        """Open the database soon, and close it with Home Assistant. Safe to call again."""
        if self.is_started:
            return
        self._forget_stop = self._hass.bus.async_listen(EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_on_stop)
        self.write_soon()

    async def async_stop(self) -> None:
        """Write the last of it, and let go: until `start`, nobody is here to keep records of."""
        if self._forget_stop is None:
            return
        if self._writing is not None:
            await asyncio.wait({self._writing})
        self._copying.end()
        await self.async_flush()
        self._checkpoint.call_off()
        self._forget_stop()
        self._forget_stop = None
        async with self._access:
            await self._database.async_close()

    async def _async_on_stop(self, _event: Event) -> None:
        if self.error is not None or self._writing is not None:  # the last try may take longer than it is given
            await self._async_keep_waiting()
        await self.async_stop()
        await self._async_keep_waiting()

    async def _async_keep_waiting(self) -> None:
        if waiting := self.buffer.waiting:
            await self._waiting.async_keep(waiting, self._database.pseudonyms)

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
        self._checkpoint.call_off()
        if self._writing is not None:
            self._is_more_due = True
        elif self.is_started:
            self._writing = self._hass.loop.create_task(self._async_write(), name="records: write")

    async def async_flush(self) -> None:
        """Write what waits, as far as the database lets us, before returning. While it is copied, all waits."""
        if self.is_held:
            self._arm()
            return
        await asyncio.gather(*(prepare() for prepare in self._preparations))
        async with self._access:
            flushed = await self._async_empty()
            if flushed is None:  # the file was deleted or replaced under us, and what we wrote would be nowhere
                await self._database.async_close()
                flushed = await self._async_empty()
            await self._async_keep_or_drop()
        if flushed is not None:
            self._judge(flushed)
        if not self.has_written_all:
            self._arm()
        await self._async_leave()

    async def _async_keep_or_drop(self) -> None:
        """Have what waits on disk too, now and then: nobody but us may know of it when Home Assistant is killed."""
        if self.has_written_all:
            await self._waiting.async_drop()
        elif self._waiting.is_due and (self.url or not isinstance(self.error, LedgerFull)):  # one disk holds both
            await self._waiting.async_keep(thinned(self.buffer.waiting), self._database.pseudonyms)

    async def async_ask[AnswerT](self, question: Callable[[Journal], AnswerT]) -> AnswerT:
        """Return what ``question``, run in an executor, makes of the journal.

        Raises:
            HomeAssistantError: the records cannot be read now; a person reads why.
        """
        async with self._access:
            journal = await self._async_journal()
        try:
            return await self._database.async_ask(question, journal)
        except LedgerError as err:
            raise ledger_error(err) from err
        finally:
            await self._async_leave()

    async def async_ask_if_open[AnswerT](self, question: Callable[[Journal], AnswerT]) -> AnswerT | None:
        """Return the same, but open nothing for it; None where nothing is. Nothing is written or closed meanwhile."""
        async with self._access:
            if (journal := self._database.journal) is None or not self.is_where_asked:
                return None
            try:
                return await self._database.async_ask(question, journal)
            except LedgerError as err:
                raise ledger_error(err) from err

    async def async_ask_left[AnswerT](self, question: Callable[[Journal], AnswerT]) -> list[AnswerT]:
        """Ask the databases in which records were left; those that cannot be read do not answer."""
        return await self._hass.loop.run_in_executor(None, self._database.ask_left, question)

    async def async_erase(self, erasure: Erasure, then: Callable[[], None]) -> Erased:
        """Erase, and look for what is left, while nothing is written; ``then`` is called before anything is again.

        Nobody is told: call `refresh` once what was copied elsewhere is gone too, or it would be corrected there.

        Raises:
            HomeAssistantError: the records cannot be erased now; a person reads why.
        """
        if self.is_held:
            raise ledger_error(LedgerLocked("A backup is being made"))
        async with self._access:
            journal = await self._async_journal()
            try:
                erased = await self._hass.loop.run_in_executor(None, self._erase, journal, erasure)
            except LedgerError as err:
                raise ledger_error(err) from err
            await self._waiting.async_drop()
            self.buffer.forget(erasure.is_personal)  # what came in meanwhile; nobody flushes, so it does not wait
            then()
        return erased

    @callback
    def refresh(self) -> None:
        """Have everybody who shows records ask anew."""
        for listener in list(self._listeners):
            listener()

    def _erase(self, journal: Journal, erasure: Erasure) -> Erased:
        self._database.lease.require(journal)
        self.buffer.forget(erasure.is_personal)
        return together(erase(journal, erasure), self._database.erase_left(erasure))

    async def async_fetch_left(self) -> None:
        """Fetch what was left in another database, where it can be had now."""
        async with self._access:
            if self._database.journal is not None:
                await self._database.async_fetch_left(self._database.journal)
        self.refresh()

    async def async_give_up_left(self) -> None:
        """Look no more for what was left in another database."""
        async with self._access:
            await self._database.async_give_up_left()

    async def async_settle_doubt(self, *, is_copy: bool) -> None:
        """Go on where two homes have one id: as a copy under an id of its own, or as the one, which has moved here.

        Raises:
            HomeAssistantError: the records cannot be written now.
        """
        async with self._access:
            await (self._database.async_be_another() if is_copy else self._database.async_be_the_one())
        await self._async_go_on()

    async def async_start_anew(self) -> None:
        """Put a damaged database aside and begin a new one; what waits in memory is written to it.

        Raises:
            HomeAssistantError: it cannot be moved or made.
        """
        async with self._access:
            try:
                aside = await self._database.async_set_aside()
            except LedgerError as err:
                raise ledger_error(err) from err
            LOGGER.warning("The damaged records were put aside as %s", aside.name)
        await self._async_go_on()

    async def _async_go_on(self) -> None:
        await self.async_flush()
        if self.error is not None:
            raise ledger_error(self.error)

    @callback
    def settings_changed(self) -> None:
        """Go where the owner's settings point now, soon."""
        if self.is_started and self.url != self._database.opened_at_url:
            self._hass.async_create_background_task(self.async_reopen(), "records: reopen")

    async def async_reopen(self) -> None:
        """Go where the owner's settings now point, after writing what waits where they pointed before."""
        database = self._database
        if not self.is_started or (self.url == database.opened_at_url and database.journal is not None):
            return
        if database.journal is not None:
            await self.async_flush()
        async with self._access:
            await database.async_close()
        await self.async_flush()

    async def async_hold(self) -> None:
        """Keep the file as it is, whole, until `async_release`: a copy of it is being made. What happens waits."""
        await self.async_flush()
        async with self._access:
            if self._database.journal is not None:
                await self._hass.loop.run_in_executor(None, self._copying.begin, self._database.journal)

    async def async_release(self) -> None:
        """Write again, what has waited first."""
        self._copying.end()
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

    async def _async_leave(self) -> None:
        """Let go of what was opened for once, while there is nobody to keep records of."""
        if not self.is_started:
            async with self._access:
                await self._database.async_close()

    async def _async_journal(self) -> Journal:
        if (journal := self._database.journal) is not None:
            return journal
        if (journal := await self._async_open()) is None:
            raise ledger_error(self.error or LedgerError("The records are not open"))
        return journal

    async def _async_open(self) -> Journal | None:
        journal = await self._database.async_open()
        (self._arm if journal is None else self.refresh)()
        return journal

    async def _async_empty(self) -> Flushed | None:
        """Write what waits; None when there is no database, or not any more."""
        journal = self._database.journal or await self._async_open()
        if journal is None:
            return None
        flushed = await self._hass.loop.run_in_executor(None, self._database.flush, self.buffer, journal)
        if flushed is not None:
            await self._database.async_note(flushed.error)
        return flushed

    def _judge(self, flushed: Flushed) -> None:
        self._lost = tell_losses(flushed, self.buffer.lost, self._lost)
        if flushed.written:
            self.refresh()

    def _arm(self) -> None:
        if self.is_started:
            self._checkpoint.be_due()


DATA_LEDGER: HassKey[Ledger] = HassKey(f"{DOMAIN}.ledger")
