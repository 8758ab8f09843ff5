"""Take the names of people off entities and devices, and their last states out of Home Assistant's memory (S7.2)."""

import asyncio
from collections.abc import Sequence
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er, restore_state
from homeassistant.helpers.registry import SAVE_DELAY
from homeassistant.util import slugify

from ..const import DOMAIN
from ..coordinator import SmartChargeConfigEntry
from ..entity import device_info
from ..identity import name_of
from .search import SHORTEST
from .traces import Traces

SAVED_AFTER_S: Final = SAVE_DELAY + 1.0
"""The registries put on disk what has changed when this long has passed; a search before would find it there."""


async def async_forget_names(
    hass: HomeAssistant, entries: Sequence[SmartChargeConfigEntry], traces: Traces
) -> tuple[int, int]:
    """Forget them; returns how many names and how many last states those were."""
    names = _forget_entities(hass, traces) + sum(_forget_entry(hass, entry, traces) for entry in entries)
    restoring = restore_state.async_get(hass)
    known = traces.history.entity_ids & restoring.last_states.keys()
    for entity_id in known:
        del restoring.last_states[entity_id]
    await restoring.async_dump_states()
    if names:
        await asyncio.sleep(SAVED_AFTER_S)
    return names, len(known)


def telling_entity_ids(hass: HomeAssistant, traces: Traces) -> list[str]:
    """Return the ids, of any entity, that somebody's name is part of: who made them must change them."""
    wanted = {slug for word in traces.words if len(slug := slugify(word)) >= SHORTEST}
    known = {*er.async_get(hass).entities, *hass.states.async_entity_ids()}
    return sorted(each for each in known if any(slug in each.partition(".")[2] for slug in wanted))


def _forget_entities(hass: HomeAssistant, traces: Traces) -> int:
    """Give an entity that is named after somebody its own name back. Its id stays: automations know it by that."""
    registry, count = er.async_get(hass), 0
    for entity in [each for each in registry.entities.values() if each.platform == DOMAIN]:
        aliases = [alias for alias in entity.aliases if not isinstance(alias, str) or not traces.is_told_by(alias)]
        is_named = traces.is_told_by(entity.name)
        if is_named or len(aliases) < len(entity.aliases):
            registry.async_update_entity(entity.entity_id, name=None if is_named else entity.name, aliases=aliases)
            count += 1
    gone = [
        key
        for key, each in registry.deleted_entities.items()
        if each.platform == DOMAIN and traces.is_told_by(each.name)
    ]
    for key in gone:
        del registry.deleted_entities[key]
    if gone:
        registry.async_schedule_save()
    return count + len(gone)


def _forget_entry(hass: HomeAssistant, entry: SmartChargeConfigEntry, traces: Traces) -> int:
    """Call a charge point that is named after somebody by its maker and model."""
    registry, count = dr.async_get(hass), 0
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if traces.is_told_by(device.name_by_user):
            registry.async_update_device(device.id, name_by_user=None)
            count += 1
    if traces.is_told_by(entry.title):
        hass.config_entries.async_update_entry(entry, title=name_of(entry.runtime_data.charger.identity))
        registry.async_get_or_create(config_entry_id=entry.entry_id, **device_info(entry))
        count += 1
    return count
