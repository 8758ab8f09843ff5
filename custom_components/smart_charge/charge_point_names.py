"""What charge points are called by the people who live with them, and who may be spoken to about them."""

from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er


def names_of(hass: HomeAssistant, entry: ConfigEntry) -> set[str]:
    """Return the charge point's title, the name that the owner gave its device, and that of the room it is in."""
    areas, names = ar.async_get(hass), {entry.title}
    for device in dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id):
        area = areas.async_get_area(device.area_id) if device.area_id else None
        names |= {name for name in (device.name_by_user, area and area.name) if name}
    return names


def is_exposed(hass: HomeAssistant, entry: ConfigEntry, assistant: str | None) -> bool:
    """Whether the owner lets this assistant have the charge point's switches; without an assistant everybody may."""
    if assistant is None:
        return True
    switches = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return any(
        async_should_expose(hass, assistant, item.entity_id)
        for item in switches
        if item.domain == Platform.SWITCH and item.translation_key == "charge_now"
    )
