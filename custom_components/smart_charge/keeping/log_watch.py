"""Is the security log still what was written? Checked against its end, kept outside the database (S10.1).

What is written anew is checked against the end before it, which then is the end; all of it every night.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
import hashlib
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER
from ..guard import DATA_GUARD, note
from ..ledger import DATA_LEDGER
from ..records.chain import Head, Verdict
from ..records.journal import Journal
from ..security.events import Kind

ISSUE: Final = "security_log_broken"
VERSION: Final = 1
KEEP_WITHIN_S: Final = 60.0
"""Many entries in a row are one end to keep."""

_HERE: Final = "here"


class LogWatch:
    """Keeps the end of the log, by database: one that is moved begins another log.

    ``anchor`` is the end as it was when the log was last whole; ``accepted`` is where an administrator has looked
    at a broken one, so that from there on it is checked anew.
    """

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._file = Store[dict[str, Any]](hass, VERSION, f"{DOMAIN}.security", private=True, atomic_writes=True)
        self._kept: dict[str, dict[str, Any]] = {}
        self._broken_at: int | None = None
        self._followed = 0
        self._following: asyncio.Task[None] | None = None
        self._is_still = False

    async def async_load(self) -> None:
        """Read what is kept, and compare the clock with what it showed then."""
        stored = await self._file.async_load() or {}
        self._kept = dict(stored.get("logs") or {})
        seen_at = dt_util.parse_datetime(str(stored.get("seen_at", "")))
        if seen_at is not None:
            self._hass.data[DATA_GUARD].clock_showed(seen_at)
        self._hass.data[DATA_LEDGER].listen(self._on_written)

    @contextmanager
    def still(self) -> Iterator[None]:
        """Follow nothing: the log is about to be another, whose end is not that of this one."""
        self._is_still = True
        try:
            yield
        finally:
            self._is_still = False

    @callback
    def _on_written(self) -> None:
        is_news = self._hass.data[DATA_GUARD].noted != self._followed and self._hass.data[DATA_LEDGER].is_started
        if is_news and self._following is None and not self._is_still and self._hass.is_running:
            self._following = self._hass.async_create_task(
                self._async_follow(), "security log: follow", eager_start=False
            )

    async def _async_follow(self) -> None:
        """Check what is new, and keep the new end."""
        ledger, noted = self._hass.data[DATA_LEDGER], self._hass.data[DATA_GUARD].noted
        if ledger.has_written_all:
            self._followed = noted
        mine = self._kept.get(self._place, {})
        anchor, accepted = _head(mine.get("anchor")), _head(mine.get("accepted"))
        try:
            if self._broken_at is not None:
                return
            found = await ledger.async_ask_if_open(partial(_look, anchor=anchor, accepted=anchor or accepted))
            is_of_now = self._hass.is_running and ledger.is_where_asked and not self._is_still
            if found is None or not is_of_now or self._kept.get(self._place, {}) != mine:
                return
            verdict, head = found
            if verdict.is_whole:
                self._kept[self._place] = {"anchor": _plain(head), "accepted": _plain(accepted)}
                self._file.async_delay_save(self._as_stored, KEEP_WITHIN_S)
            else:
                await self.async_check()
        except HomeAssistantError as err:
            LOGGER.debug("The security log is looked at tonight: %s", err)
        finally:
            self._following = None

    async def async_check(self) -> Verdict:
        """Check the log; keep its end if it is whole, raise a repair if not.

        Raises:
            HomeAssistantError: the records cannot be read now.
        """
        ledger = self._hass.data[DATA_LEDGER]
        await ledger.async_flush()
        mine = self._kept.get(self._place, {})
        anchor, accepted = _head(mine.get("anchor")), _head(mine.get("accepted"))
        verdict, head = await ledger.async_ask(partial(_look, anchor=anchor, accepted=accepted))
        if verdict.is_whole:
            ir.async_delete_issue(self._hass, DOMAIN, ISSUE)
            self._broken_at = None
            await self._async_keep(anchor=head, accepted=accepted)
        else:
            self._tell(verdict)
            await self._async_keep(anchor=anchor, accepted=accepted)
        return verdict

    async def async_accept(self, user_id: str | None = None) -> None:
        """Take note that an administrator has seen that it is broken: it is checked from its present end on.

        Raises:
            HomeAssistantError: the records cannot be read now.
        """
        head = await self._hass.data[DATA_LEDGER].async_ask(lambda journal: journal.security.head())
        self._broken_at = None
        await self._async_keep(anchor=head, accepted=head)
        note(self._hass, Kind.LOG_ACCEPTED, up_to_number=0 if head is None else head.number, user_id=user_id)

    async def async_set_aside(self) -> None:
        """Take note that the database was put aside as damaged: another log begins, and names the end of this one."""
        anchor = _head(self._kept.pop(self._place, {}).get("anchor"))
        await self._async_save()
        number, digest = (None, None) if anchor is None else (anchor.number, anchor.digest)
        note(self._hass, Kind.RECORDS_SET_ASIDE, last_number=number, last_digest=digest)

    def _tell(self, verdict: Verdict) -> None:
        if not self._hass.is_running:  # the next start looks anew
            return
        number, reason = verdict.broken_at or 0, verdict.reason or ""
        if self._broken_at is None:  # what is missing may be another entry by the next time
            self._broken_at = number
            LOGGER.error("The security log is not what was written, from entry %s on: %s", number, reason)
            note(self._hass, Kind.LOG_BROKEN, at_number=number, reason=reason)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            ISSUE,
            is_fixable=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key=ISSUE,
            translation_placeholders={"number": str(number), "reason": reason},
        )

    @property
    def _place(self) -> str:
        url = self._hass.data[DATA_LEDGER].url
        return _HERE if url is None else hashlib.sha256(url.encode()).hexdigest()[:16]

    async def _async_keep(self, *, anchor: Head | None, accepted: Head | None) -> None:
        self._kept[self._place] = {"anchor": _plain(anchor), "accepted": _plain(accepted)}
        await self._async_save()

    async def _async_save(self) -> None:
        await self._file.async_save(self._as_stored())

    def _as_stored(self) -> dict[str, Any]:
        return {"logs": self._kept, "seen_at": dt_util.utcnow().isoformat()}


def _look(journal: Journal, *, anchor: Head | None, accepted: Head | None) -> tuple[Verdict, Head | None]:
    """Blocks."""
    return journal.security.verify(anchor, accepted=accepted), journal.security.head()


def _head(plain: Mapping[str, Any] | None) -> Head | None:
    return None if not plain else Head(number=int(plain["number"]), digest=str(plain["digest"]))


def _plain(head: Head | None) -> dict[str, Any] | None:
    return None if head is None else {"number": head.number, "digest": head.digest}


DATA_LOG_WATCH: HassKey[LogWatch] = HassKey(f"{DOMAIN}_log_watch")
