"""The site's entry: its device and entities, and what becomes of its limits when it comes and goes."""

from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, UpdateListenerType
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo

from ..const import DOMAIN, KIND_SITE
from ..guard import note_site_changes
from .left import LEFT_OFF, tell_left_off
from .names import follow_names, named, withdraw_removed
from .repairs import tell_repairs, withdraw_repairs
from .site import DATA_SITE, Site
from .wiring import follow_wiring, tell_unwired, withdraw_unwired

SITE_PLATFORMS: Final = [Platform.BINARY_SENSOR, Platform.EVENT, Platform.SENSOR]


def site_device(entry: ConfigEntry[Any]) -> DeviceInfo:
    """Describe the site, as a device that holds its entities."""
    return DeviceInfo(
        identifiers={(DOMAIN, KIND_SITE)},
        name=entry.title,
        entry_type=DeviceEntryType.SERVICE,
    )


async def async_setup_site(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Let the limits of this entry hold, and show them."""
    site = hass.data[DATA_SITE]
    entry.runtime_data = site
    site.adopt(entry)
    dr.async_get(hass).async_get_or_create(config_entry_id=entry.entry_id, **site_device(entry))
    entry.async_on_unload(entry.add_update_listener(_follow_changes(entry)))
    entry.async_on_unload(site.watch(lambda: tell_repairs(hass, site.picture)))
    entry.async_on_unload(follow_names(hass, entry))
    entry.async_on_unload(follow_wiring(hass, entry))
    await hass.config_entries.async_forward_entry_setups(entry, SITE_PLATFORMS)
    return True


def _follow_changes(entry: ConfigEntry[Any]) -> UpdateListenerType:
    """Return what applies each change, and has it written down."""
    seen = entry.options

    async def changed(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
        nonlocal seen
        before, seen = seen, entry.options
        note_site_changes(hass, before, seen)
        await _async_changed(hass, entry)

    return changed


async def _async_changed(hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
    """Apply what was set; a supply with other phases has other entities."""
    site: Site = entry.runtime_data
    before = site.picture.phases
    site.options_changed()
    withdraw_removed(hass, set(named(entry)))
    tell_unwired(hass, entry)
    tell_left_off(hass, entry)
    if site.picture.phases != before:
        _remove_phases(hass, entry, site.picture.phases)
        hass.config_entries.async_schedule_reload(entry.entry_id)


def _remove_phases(hass: HomeAssistant, entry: ConfigEntry[Any], phases: frozenset[int]) -> None:
    """Remove the entities of phases that are no more."""
    registry = er.async_get(hass)
    for phase in {0, 1, 2} - phases:
        for known in er.async_entries_for_config_entry(registry, entry.entry_id):
            if known.unique_id.endswith((f"house_load_l{phase + 1}", f"supply_headroom_l{phase + 1}")):
                registry.async_remove(known.entity_id)


async def async_unload_site(hass: HomeAssistant, entry: ConfigEntry[Any]) -> bool:
    """Show it no more. Its limits hold until it is disabled or removed: a mere reload must lift none."""
    if not await hass.config_entries.async_unload_platforms(entry, SITE_PLATFORMS):
        return False
    if entry.disabled_by is not None:
        async_remove_site(hass)
    return True


@callback
def async_remove_site(hass: HomeAssistant) -> None:
    """Lift its limits. Who charges less because of them charges more after a random delay (11.8)."""
    if (site := hass.data.get(DATA_SITE)) is not None:  # a disabled entry may be all there is: nothing was set up
        site.release()
    withdraw_repairs(hass)
    withdraw_removed(hass, set())
    withdraw_unwired(hass)
    ir.async_delete_issue(hass, DOMAIN, LEFT_OFF)
