"""What charge points are called by the people who live with them, and who may be spoken to about them."""

from collections.abc import Iterator
import re
from typing import Final

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er

_CAR: Final = ("car", "ev", "vehicle", "van")
_GRAMMAR: Final = (
    "a an the my our it is to at in on of and or not",
    "now until till til for with by up another add put add right once away straight usual normally as",
    "am pm half quarter past noon midday midnight morning afternoon evening night tonight tomorrow today",
    "charge charging charged boost stop pause halt start resume continue kwh kilowatt hour hours minutes",
)
_RESERVED: Final = frozenset(" ".join(_GRAMMAR).split()) | set(_CAR)
"""Words of our sentences: alone they are no part of a name, however a charge point is called."""
_LONGEST_RUN: Final = 6


def names_of(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """Return the charge point's title, and what the owner has called its device, room and Charge now switch."""
    areas, names = ar.async_get(hass), {entry.title}
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        area = areas.async_get_area(device.area_id) if device.area_id else None
        names |= {name for name in (device.name_by_user, area and area.name) if name}
        names |= area.aliases if area else set()
    for switch in _charge_now(hass, entry):
        names |= {alias.strip() for alias in switch.aliases if isinstance(alias, str)}
    return names - {""}


def is_exposed(hass: HomeAssistant, entry: ConfigEntry, assistant: str | None) -> bool:
    """Whether the owner lets this assistant have the charge point's switches; without an assistant everybody may."""
    if assistant is None:
        return True
    return any(async_should_expose(hass, assistant, item.entity_id) for item in _charge_now(hass, entry))


def _charge_now(hass: HomeAssistant, entry: ConfigEntry) -> list[er.RegistryEntry]:
    return [
        item
        for item in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if item.domain == Platform.SWITCH and item.translation_key == "charge_now"
    ]


def spoken(text: str) -> str:
    """Return text as it is heard: "the NG910-60023 (left)" and "NG910 60023 left" sound the same but for "the"."""
    text = text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("&", " and ")
    return " ".join(re.sub(r"[^\w']|_", " ", text).split())


def short_forms(name: str) -> Iterator[str]:
    """Yield what a name may be shortened to, itself first: any of its words that follow each other, as heard.

    Words of our own sentences, and bare numbers, mean something else when they stand alone.
    """
    words = spoken(name).split()
    runs = [
        words[first:last]
        for length in range(len(words), 0, -1)
        for first in range(len(words) - length + 1)
        if (last := first + length) - first <= _LONGEST_RUN or length == len(words)
    ]
    for run in runs:
        if not all(word in _RESERVED or word.isdigit() for word in run) and run[-1] not in _RESERVED:
            yield " ".join(run)


def sayable(name: str) -> Iterator[str]:
    """Yield what may stand in a sentence for a charge point: its short forms, and its name as it is written."""
    yield from short_forms(name)
    written = " ".join(re.sub(r"[][(){}<>|\\/;:,.!?@]", " ", name.lower()).split())
    if written != spoken(name) and not set(written.split()) <= _RESERVED and not written.isdigit():
        yield written
