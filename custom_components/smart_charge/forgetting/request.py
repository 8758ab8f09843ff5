"""Somebody wants personal data deleted: is it meant, and what became of it, in words (S7.2)."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Final

from homeassistant.components import persistent_notification
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HassJob, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util.json import JsonObjectType, JsonValueType

from ..const import CONF_CHARGE_POINT_ID, DOMAIN, LOGGER
from ..coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from ..errors import invalid
from ..identity import is_substitute
from .deletion import Forgotten, Item, async_forget_people
from .traces import charge_point_entries
from .unfinished import async_unfinished

ISSUE: Final = "delete_personal_data"
ISSUE_STAYS_S: Final = 3600.0
"""A request that nobody confirms goes by itself, and with the charge point."""

AGAIN_S: Final = 600.0
"""While the records cannot be erased, or a charge point is not set up, this long passes until the next try."""

_LISTS: Final = ("erased", "remains", "left", "out_of_reach")


def confirmations(entry: SmartChargeConfigEntry) -> tuple[str, ...]:
    """Return what may be typed to confirm that this charge point is meant; the first is the one to ask for."""
    charger = entry.runtime_data.charger
    known = (charger.identity.serial, entry.data.get(CONF_CHARGE_POINT_ID))
    found = tuple(dict.fromkeys(each for each in known if each))
    if entry.unique_id is not None and not is_substitute(entry.unique_id):
        found = tuple(dict.fromkeys((*found, entry.unique_id)))
    return found or (entry.title,)


def is_meant(entries: Iterable[SmartChargeConfigEntry], typed: str) -> bool:
    """Whether what a person typed is the serial number or id of one of these charge points."""
    return typed.strip().casefold() in {each.casefold() for entry in entries for each in confirmations(entry)}


async def async_delete(
    hass: HomeAssistant, entries: Sequence[SmartChargeConfigEntry], typed: str, *, user_id: str | None
) -> JsonObjectType:
    """Delete what is kept of these charge points, say so in a notification, and return the lists.

    Raises:
        ServiceValidationError: what was typed belongs to none of them.
        HomeAssistantError: the records cannot be erased now.
    """
    if not is_meant(entries, typed):
        raise invalid("wrong_confirmation")
    return await _async_delete_and_tell(hass, entries, user_id)


async def async_go_on(hass: HomeAssistant, _now: datetime | None = None) -> None:
    """Finish a deletion that was cut short, once the charge points that were named are set up.

    A recorder that does not answer is asked again at the next start, or when somebody deletes again: each time what
    has been recorded meanwhile goes too.
    """
    if (begun := await async_unfinished(hass)) is None:
        return
    entries = [entry for entry in charge_point_entries(hass) if entry.entry_id in begun.entries]
    if not entries:
        return
    try:
        if all(entry.state is ConfigEntryState.LOADED for entry in entries):
            await _async_delete_and_tell(hass, entries, begun.user_id)
            return
    except HomeAssistantError as err:
        LOGGER.debug("Personal data that was to be deleted is still there: %s", err)
    async_call_later(hass, AGAIN_S, HassJob(partial(async_go_on, hass), cancel_on_shutdown=True))


async def _async_delete_and_tell(
    hass: HomeAssistant, entries: Sequence[SmartChargeConfigEntry], user_id: str | None
) -> JsonObjectType:
    forgotten = await async_forget_people(hass, entries, user_id=user_id)
    words = await _async_words(hass)
    persistent_notification.async_create(hass, _message(forgotten, words), words.get("title"), f"{DOMAIN}_{ISSUE}")
    for entry in entries:
        ir.async_delete_issue(hass, DOMAIN, issue_id(entry.entry_id))
    return {"is_complete": forgotten.is_complete} | {name: _plain(getattr(forgotten, name), words) for name in _LISTS}


def _plain(items: Sequence[Item], words: dict[str, str]) -> JsonValueType:
    return [
        {"what": item.what, "count": item.count, "where": item.where, "text": _sentence(item, words)} for item in items
    ]


async def _async_words(hass: HomeAssistant) -> dict[str, str]:
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    prefix = f"component.{DOMAIN}.selector.forgotten.options."
    return {key.removeprefix(prefix): text for key, text in texts.items() if key.startswith(prefix)}


def _sentence(item: Item, words: dict[str, str]) -> str:
    text = words.get(item.what, item.what)
    if item.where is not None:
        text = f"{text} ({item.where})"
    return text if item.count is None else f"{text}: {item.count}"


def _message(forgotten: Forgotten, words: dict[str, str]) -> str:
    """Return the lists as Markdown."""
    parts = []
    for name in _LISTS:
        items: Sequence[Item] = getattr(forgotten, name)
        lines = [f"- {_sentence(item, words)}" for item in _joined(items)]
        parts += [f"**{words.get(name, name)}**", "\n".join(lines) or f"- {words.get('nothing', '')}"]
    return "\n\n".join(parts)


def _joined(items: Sequence[Item]) -> list[Item]:
    """Return one line for what is the same in many places."""
    places: dict[tuple[str, int | None], list[str]] = {}
    for item in items:
        places.setdefault((item.what, item.count), []).extend([] if item.where is None else [item.where])
    return [
        Item(what=what, count=count, where=", ".join(where) if where else None)
        for (what, count), where in places.items()
    ]


# Asking first


def issue_id(entry_id: str) -> str:
    """Return the id of the repair in which a charge point's deletion is confirmed."""
    return f"{ISSUE}_{entry_id}"


async def async_ask_first(coordinator: SmartChargeCoordinator) -> None:
    """Ask whether it is meant: a press of a button, by hand or by voice, deletes nothing.

    The question is a repair, which only an administrator can answer, and only by typing the serial number.
    """
    entry, hass = coordinator.config_entry, coordinator.hass
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id(entry.entry_id),
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE,
        translation_placeholders={"name": entry.title},
        data={"entry_id": entry.entry_id},
    )
    stop_waiting = async_call_later(hass, ISSUE_STAYS_S, partial(_withdraw, hass, entry.entry_id))

    @callback
    def end() -> None:
        stop_waiting()
        _withdraw(hass, entry.entry_id)

    entry.async_on_unload(end)


@callback
def _withdraw(hass: HomeAssistant, entry_id: str, _now: datetime | None = None) -> None:
    ir.async_delete_issue(hass, DOMAIN, issue_id(entry_id))


def placeholders(entry: SmartChargeConfigEntry) -> dict[str, str]:
    """Return what the question says."""
    return {"name": entry.title, "expected": confirmations(entry)[0]}


def is_everything(entry: SmartChargeConfigEntry) -> bool:
    """Whether there is no other charge point, so that all tags and names go with its data."""
    return len(charge_point_entries(entry.runtime_data.hass)) == 1
