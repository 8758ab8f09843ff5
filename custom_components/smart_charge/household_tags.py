"""The household's list of tags, passed on to every charge point, and what is told of a tag that was refused."""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.selector import TextSelector
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey
import probatio

from .by_whom import who_fills_in
from .chargers.ocpp.charger import OcppCharger
from .chargers.ocpp.tags import MAX_LENGTH, TagStatus
from .const import DOMAIN
from .guard import note
from .security.events import Kind
from .security.inputs import plain
from .site import is_site
from .storage import DATA_HOUSEHOLD, KnownTag, Memory

STAYS_S: Final = 7 * 24 * 3600.0
"""The repair goes by itself when no unknown tag has been held to the charge point for so long."""
QUIET_S: Final = 10.0
"""One refusal is told of in so long: a tag that starts a transaction is often asked about twice."""


async def async_list_tag(hass: HomeAssistant, tag: KnownTag, *, user_id: str | None) -> None:
    """Add a tag to the list, or replace what was known of it."""
    await hass.data[DATA_HOUSEHOLD].async_set_tag(tag)
    expiry = None if tag.expires_at is None else tag.expires_at.isoformat(timespec="seconds")
    note(hass, Kind.TAG_LISTED, user_id=user_id, tag=tag.tag, status=tag.status.value, expires_at=expiry)
    _pass_on(hass)


async def async_unlist_tag(hass: HomeAssistant, tag: str, *, user_id: str | None) -> bool:
    """Take a tag off the list; False when it was not on it."""
    if not await hass.data[DATA_HOUSEHOLD].async_remove_tag(tag):
        return False
    note(hass, Kind.TAG_REMOVED, user_id=user_id, tag=tag)
    _pass_on(hass)
    return True


def _pass_on(hass: HomeAssistant) -> None:
    """Tell every charge point that can keep a list of its own, for when we are away."""
    household = hass.data[DATA_HOUSEHOLD]
    statuses = household.statuses(dt_util.utcnow())
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        if not is_site(entry) and isinstance(charger := entry.runtime_data.charger, OcppCharger):
            charger.set_tags(statuses)
    for refused in hass.data.get(DATA_REFUSED_TAGS, {}).values():
        if refused.unknown is not None and household.knows(refused.unknown):
            refused.forget()


class RefusedTags:
    """What is told of tags that one charge point has refused. Which tag it was only an administrator may see."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, memory: Memory) -> None:
        self.unknown: str | None = None
        self._hass = hass
        self._entry = entry
        self._memory = memory
        self._quiet_until = 0.0
        self._stop_fading: Callable[[], None] | None = None

    def watch(self) -> Callable[[], None]:
        """Begin; returns what ends it."""
        watching = self._hass.data.setdefault(DATA_REFUSED_TAGS, {})
        watching[self._entry.entry_id] = self
        self.forget()

        def end() -> None:
            self.forget()
            watching.pop(self._entry.entry_id, None)

        return end

    @callback
    def hear(self, tag: str, status: TagStatus) -> None:
        """Hear of a tag that was refused, and why."""
        note(self._hass, Kind.TAG_REFUSED, charge_point=self._entry.entry_id, tag=tag, status=status.value)
        is_unknown = status is TagStatus.INVALID
        if is_unknown and len(tag) <= MAX_LENGTH and tag == plain(tag) != "":
            self._offer(tag)
        now = self._hass.loop.time()
        if now >= self._quiet_until:
            self._quiet_until = now + QUIET_S
            self._memory.note_tag_refused("unknown" if is_unknown else status.value)

    @callback
    def forget(self) -> None:
        """Offer to accept none: it is known now, or shall be forgotten."""
        self.unknown = None
        if self._stop_fading is not None:
            self._stop_fading()
            self._stop_fading = None
        ir.async_delete_issue(self._hass, DOMAIN, self._issue_id)

    @property
    def _issue_id(self) -> str:
        return f"unknown_tag_{self._entry.entry_id}"

    def _offer(self, tag: str) -> None:
        """Raise the repair, of which each user may read everything but what its flow shows."""
        self.unknown = tag
        if self._stop_fading is not None:
            self._stop_fading()
        self._stop_fading = async_call_later(self._hass, STAYS_S, self._fade)
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            self._issue_id,
            data={"tag_refused_by": self._entry.entry_id},
            is_fixable=True,
            severity=ir.IssueSeverity.WARNING,
            translation_key="unknown_tag",
            translation_placeholders={"name": self._entry.title},
        )

    @callback
    def _fade(self, _now: datetime) -> None:
        self._stop_fading = None
        self.forget()


DATA_REFUSED_TAGS: HassKey[dict[str, RefusedTags]] = HassKey(f"{DOMAIN}_refused_tags")


class AcceptTag(RepairsFlow):
    """Put the tag that was refused last on the list, once an administrator has seen which it is."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id
        self._tag: str | None = None

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin, with the tag that is shown: another may be held to the charge point meanwhile."""
        refused = self.hass.data.get(DATA_REFUSED_TAGS, {}).get(self._entry_id)
        self._tag = None if refused is None else refused.unknown
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first, and by what name."""
        tag, entry = self._tag, self.hass.config_entries.async_get_entry(self._entry_id)
        if tag is None or entry is None or self.hass.data[DATA_HOUSEHOLD].knows(tag):
            return self.async_abort(reason="tag_gone")
        if user_input is None:
            return self.async_show_form(
                step_id="confirm",
                data_schema=probatio.Schema({probatio.Optional("name"): TextSelector()}),
                description_placeholders={"name": entry.title, "tag": tag},
            )
        name = user_input.get("name", "").strip() or None
        await async_list_tag(self.hass, KnownTag(tag=tag, status=TagStatus.ACCEPTED, name=name), user_id=who_fills_in())
        return self.async_create_entry(data={})
