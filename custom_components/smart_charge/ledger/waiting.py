"""Records that the database cannot take: kept in a file until it does, for a stop or a kill.

While it is away the file is written at a pace that wears out no memory card: about ten megabytes a day at most.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN, LOGGER
from ..records.buffer import Flushed
from ..records.carry import recover, to_plain
from ..records.journal import Record
from ..records.pseudonyms import Pseudonyms
from ..records.sales import Sale
from ..records.security_log import SecurityEvent, nameless
from ..records.values import ConditionSeen, DecisionRecord, EventRecord, SessionRecord

VERSION: Final = 1
FIRST_S: Final = 300.0
"""A database that is away for less, as during another's backup, is waited for in memory."""

_LEAST_S: Final = 900.0
_A_RECORD_S: Final = 6.0
"""One takes some 600 bytes."""

_KINDS: Final[Mapping[str, type[Record]]] = {
    kind.__name__: kind for kind in (SessionRecord, DecisionRecord, EventRecord, ConditionSeen, SecurityEvent, Sale)
}


class Waiting:
    """The file. Each record may be written twice, so it goes only when all that was in it has been."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._file = Store[dict[str, Any]](hass, VERSION, f"{DOMAIN}.waiting", private=True, atomic_writes=True)
        self._is_there = False
        self._due_at: float | None = None

    @property
    def is_due(self) -> bool:
        """Whether what waits should be kept now: some minutes after it began to, and then at a pace."""
        if self._due_at is None:
            self._due_at = self._hass.loop.time() + FIRST_S
        return self._hass.loop.time() >= self._due_at

    async def async_keep(self, records: Sequence[Record], pseudonyms: Pseudonyms) -> None:
        """Keep these, and nothing else; what the security log would not name is not named here."""
        self._is_there = True
        self._due_at = self._hass.loop.time() + max(_LEAST_S, _A_RECORD_S * len(records))
        await self._file.async_save({"records": await self._hass.async_add_executor_job(_plain, records, pseudonyms)})

    async def async_take_up(self) -> list[Record]:
        """Return what was kept, in its order. It stays in the file."""
        stored = await self._file.async_load()
        if stored is None:
            return []
        self._is_there = True
        return await self._hass.async_add_executor_job(_records, stored.get("records", ()))

    async def async_drop(self) -> None:
        """Delete the file, where there is one: what was in it is written, or is to be forgotten."""
        self._due_at = None
        if self._is_there:
            self._is_there = False
            await self._file.async_remove()


def _plain(records: Sequence[Record], pseudonyms: Pseudonyms) -> list[dict[str, Any]]:
    kept = (nameless(each, pseudonyms) if isinstance(each, SecurityEvent) else each for each in records)
    return [{"kind": type(record).__name__, "record": to_plain(record)} for record in kept]


def _records(stored: Sequence[Mapping[str, Any]]) -> list[Record]:
    """Return what can be read."""
    found: list[Record] = []
    for each in stored:
        kind = _KINDS.get(each.get("kind", ""))
        record = None if kind is None else recover(kind, each.get("record"))[0]
        if record is not None:
            found.append(record)
    if lost := len(stored) - len(found):
        LOGGER.error("%s records that waited for the database cannot be read and are lost", lost)
    return found


def tell_losses(flushed: Flushed, lost: int, told: int) -> int:
    """Say which records will never be written; returns of how many there was no room for that has been said."""
    for rejected in flushed.rejected:
        LOGGER.error("A record was given up, which is a fault of ours: %s", type(rejected.__cause__).__name__)
    if lost > told:
        LOGGER.error("%s records were lost, as there was no room to keep them", lost - told)
    return lost
