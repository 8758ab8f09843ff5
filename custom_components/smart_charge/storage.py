"""What must outlive a restart: one file for each charge point, one for all of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
import secrets
from typing import TYPE_CHECKING, Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .chargers.ocpp.tags import TagStatus, fold
from .charging.accuracy import History
from .charging.dsr_account import Books
from .charging.ending import Ending
from .charging.metering import Meter
from .charging.model import Carry
from .charging.planning import Errand
from .charging.session import Session, StayEnd
from .charging.unclaimed import Unclaimed
from .const import DOMAIN, LOGGER
from .records.carry import Unreadable, from_plain, recover, to_plain
from .records.tab import Tab
from .records.values import SessionRecord

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

VERSION: Final = 1
CHECKPOINT_S: Final = 25
"""A change that can wait is on disk after this long: a running session within 30 s (DESIGN section 5)."""

MOST_OVER: Final = 100
"""As many stays wait here for a database that is away; older ones wait in memory."""

MOST_ENDS: Final = 20

_FIRST_TRANSACTION_AFTER: Final = datetime(2026, 1, 1, tzinfo=dt_util.UTC)


class Memory:
    """What one charge point's next start must know: carry, session, meter, and what its charger learnt."""

    def __init__(self, hass: HomeAssistant, entry_id: str) -> None:
        self._store = Store[dict[str, Any]](hass, VERSION, _key(entry_id), private=True, atomic_writes=True)
        self._is_waiting = False
        self.is_new = False
        self.carry = Carry()
        self.session: Session | None = None
        self.tab: Tab | None = None
        self.seen_at: datetime | None = None
        self.total = Meter()
        self.unclaimed = Unclaimed()
        self.over: tuple[SessionRecord, ...] = ()
        self.ends: tuple[StayEnd, ...] = ()
        self.accuracy = History()
        self.errand = Errand()
        self.books = Books()
        self.ending = Ending()
        self.charger: Mapping[str, Any] = {}
        self.id_tag = secrets.token_hex(8).upper()
        self.refused_tags = 0
        self.tag_refused_because: str | None = None
        self.has_to_forget = False  # the tags that the charge point holds: it was away when they were deleted

    async def async_load(self) -> None:
        """Read the file; a part that cannot be read is as if it were new."""
        stored = await self._store.async_load()
        self.is_new = stored is None
        stored = stored or {}
        self.carry = _carry(stored.get("carry"))
        self.session = _part(Session, stored.get("session"))
        self.tab = _part(Tab, stored.get("tab"))
        self.seen_at = dt_util.parse_datetime(str(stored.get("seen_at")))
        self.total = _part(Meter, stored.get("total")) or Meter()
        self.unclaimed = _part(Unclaimed, stored.get("unclaimed")) or Unclaimed()
        self.over = _parts(SessionRecord, stored.get("over"))
        self.ends = _parts(StayEnd, stored.get("ends"))
        self.accuracy = _part(History, stored.get("accuracy")) or History()
        self.errand = _part(Errand, stored.get("errand")) or Errand()
        self.books = _part(Books, stored.get("books")) or Books()
        self.ending = _part(Ending, stored.get("ending")) or Ending()
        self.charger = stored.get("charger") or {}
        self.id_tag = stored.get("id_tag") or self.id_tag
        self.has_to_forget = stored.get("has_to_forget") is True

    @callback
    def keep_over(self, record: SessionRecord) -> None:
        """Keep a stay that is over, or put right, until it is on record: a kill before that must not lose it."""
        others = (each for each in self.over if each.plugged_in_at != record.plugged_in_at)
        self.over = (*others, record)[-MOST_OVER:]
        self.save_soon()

    @callback
    def note_end(self, end: StayEnd) -> None:
        """Remember up to where a stay that is over was counted."""
        others = (each for each in self.ends if each.plugged_in_at != end.plugged_in_at)
        self.ends = (*others, end)[-MOST_ENDS:]
        self.save_soon()

    def end_of(self, plugged_in_at: datetime) -> StayEnd | None:
        """Return up to where a stay that is over was counted; None where nothing tells."""
        return next((end for end in self.ends if end.plugged_in_at == plugged_in_at), None)

    @callback
    def note_tag_refused(self, because: str) -> None:
        """Take note that a tag was refused since we run, and why."""
        self.refused_tags += 1
        self.tag_refused_because = because

    @callback
    def save_soon(self) -> None:
        """Have it on disk within half a minute."""
        if not self._is_waiting:
            self._is_waiting = True
            self._store.async_delay_save(self._plain, CHECKPOINT_S)

    @callback
    def save_at_once(self) -> None:
        """Have it on disk without waiting for more."""
        self._is_waiting = True
        self._store.async_delay_save(self._plain, 0)

    @callback
    def carry_on(self, before: Carry, after: Carry) -> None:
        """Keep what a step leaves to the next; on disk at once where losing it would be noticed."""
        self.carry = after
        kept = (before.hold, before.override, before.events, before.alarms)
        if kept != (after.hold, after.override, after.events, after.alarms):
            self.save_at_once()
        elif before != after:
            self.save_soon()

    async def async_save(self) -> None:
        """Have it on disk when this returns."""
        await self._store.async_save(self._plain())

    async def async_save_waiting(self) -> None:
        """Have on disk what else would wait for a while longer."""
        if self._is_waiting:
            await self.async_save()

    async def async_save_charger(self, learnt: Mapping[str, Any]) -> None:
        """Keep what the charger must remember over a restart."""
        self.charger = learnt
        await self.async_save()

    def _plain(self) -> dict[str, Any]:
        self._is_waiting = False
        return {
            "carry": to_plain(self.carry),
            "session": to_plain(self.session),
            "tab": to_plain(self.tab),
            "seen_at": to_plain(self.seen_at),
            "total": to_plain(self.total),
            "unclaimed": to_plain(self.unclaimed),
            "over": to_plain(self.over),
            "ends": to_plain(self.ends),
            "accuracy": to_plain(self.accuracy),
            "errand": to_plain(self.errand),
            "books": to_plain(self.books),
            "ending": to_plain(self.ending),
            "charger": to_plain(self.charger),
            "id_tag": self.id_tag,
            "has_to_forget": self.has_to_forget,
        }


async def async_forget(hass: HomeAssistant, entry_id: str) -> None:
    """Delete what was kept of a charge point that is gone."""
    await Store[dict[str, Any]](hass, VERSION, _key(entry_id)).async_remove()


def _key(entry_id: str) -> str:
    return f"{DOMAIN}.{entry_id}"


def _carry(plain: Any) -> Carry:
    """Read as much as can be read: a damaged event must not cost the owner's Stop."""
    carry, dropped = recover(Carry, {} if plain is None else plain)
    for what in dropped:
        LOGGER.warning("What was stored cannot be read and starts anew: %s", what)
    return carry or Carry()


def _part[ValueT: DataclassInstance](kind: type[ValueT], plain: Any) -> ValueT | None:
    if plain is None:
        return None
    try:
        return from_plain(kind, plain)
    except Unreadable as err:
        LOGGER.warning("What was stored cannot be read and starts anew: %s", err)
        return None


def _parts[ValueT: DataclassInstance](kind: type[ValueT], plain: Any) -> tuple[ValueT, ...]:
    parts = (_part(kind, each) for each in plain or ())
    return tuple(part for part in parts if part is not None)


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownTag:
    """A tag that the owner has listed."""

    tag: str
    status: TagStatus
    name: str | None = None
    expires_at: datetime | None = None

    def status_at(self, now: datetime) -> TagStatus:
        """Return what it may do at ``now``: an accepted tag expires."""
        if self.status is TagStatus.ACCEPTED and self.expires_at is not None and self.expires_at <= now:
            return TagStatus.EXPIRED
        return self.status


class Household:
    """What all charge points share: the known tags, and one count of OCPP transactions."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._store = Store[dict[str, Any]](hass, VERSION, DOMAIN, private=True, atomic_writes=True)
        self._tags: dict[str, KnownTag] = {}
        self._last_transaction_id = 0

    async def async_load(self) -> None:
        """Read the file; a tag that cannot be read is left out."""
        stored = await self._store.async_load() or {}
        tags = (_part(KnownTag, plain) for plain in stored.get("tags", ()))
        self._tags = {fold(tag.tag): tag for tag in tags if tag is not None}
        self._last_transaction_id = int(stored.get("last_transaction_id", 0))

    @property
    def tags(self) -> tuple[KnownTag, ...]:
        """The known tags, by name of the tag."""
        return tuple(sorted(self._tags.values(), key=lambda tag: fold(tag.tag)))

    def name_of(self, tag: str) -> str | None:
        """Return the name that the owner has given to a tag."""
        known = self._tags.get(fold(tag))
        return None if known is None else known.name

    def statuses(self, now: datetime) -> dict[str, TagStatus]:
        """Return what each known tag may do."""
        return {tag.tag: tag.status_at(now) for tag in self.tags}

    def knows(self, tag: str) -> bool:
        """Whether the tag is on the list, whatever it may do."""
        return fold(tag) in self._tags

    def authorise(self, tag: str, *, is_free: bool) -> TagStatus:
        """Say whether a tag may start a charge.

        A known tag has its own status. An unknown one is accepted only where charging is free
        (``is_free``: plugging in is enough) and no tag has been listed yet.
        """
        known = self._tags.get(fold(tag))
        if known is not None:
            return known.status_at(dt_util.utcnow())
        return TagStatus.ACCEPTED if is_free and not self._tags else TagStatus.INVALID

    async def async_set_tag(self, tag: KnownTag) -> None:
        """Add a tag, or replace what was known of it."""
        self._tags[fold(tag.tag)] = tag
        await self._async_save()

    async def async_remove_tag(self, tag: str) -> bool:
        """Forget a tag; False when it was not known."""
        if self._tags.pop(fold(tag), None) is None:
            return False
        await self._async_save()
        return True

    async def async_forget_tags(self) -> int:
        """Forget all tags; returns how many there were."""
        count = len(self._tags)
        self._tags.clear()
        await self._async_save()
        return count

    async def async_next_transaction_id(self) -> int:
        """Return a number that was never given before, and is on disk before it is used.

        It is no lower than the seconds since 2026 began, so that losing the file repeats none; 31 bits
        last until 2094.
        """
        seconds = int((dt_util.utcnow() - _FIRST_TRANSACTION_AFTER).total_seconds())
        self._last_transaction_id = mine = max(self._last_transaction_id + 1, seconds)
        await self._async_save()
        return mine

    async def _async_save(self) -> None:
        plain = {"tags": [to_plain(tag) for tag in self.tags], "last_transaction_id": self._last_transaction_id}
        await self._store.async_save(plain)


DATA_HOUSEHOLD: HassKey[Household] = HassKey(DOMAIN)
