"""The sensors that the site's settings name, followed when they are renamed, and missed when they are removed."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from ..const import CONF_BATTERY, CONF_GRID_METER, CONF_SOLAR, CONF_TARIFF, DOMAIN

SENSOR_REMOVED: Final = "site_sensor_removed"
_SECTIONS: Final = (CONF_GRID_METER, CONF_SOLAR, CONF_BATTERY, CONF_TARIFF)


@callback
def follow_names(hass: HomeAssistant, entry: ConfigEntry[Any]) -> Callable[[], None]:
    """Keep the site's settings true to what becomes of the entities that they name; returns what ends that."""

    @callback
    def on_change(event: Event[er.EventEntityRegistryUpdatedData]) -> None:
        data = event.data
        if data["action"] == "update" and "old_entity_id" in data:
            _rename(hass, entry, data["old_entity_id"], data["entity_id"])
        elif data["action"] == "remove" and data["entity_id"] in set(named(entry)):
            _tell(hass, data["entity_id"])
        elif data["action"] == "create":
            ir.async_delete_issue(hass, DOMAIN, _issue_id(data["entity_id"]))

    return hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, on_change)


def named(entry: ConfigEntry[Any]) -> Iterator[str]:
    """Yield every entity id that the settings name."""
    for section in _SECTIONS:
        yield from _texts(entry.options.get(section))


@callback
def withdraw_removed(hass: HomeAssistant, still_named: set[str]) -> None:
    """Withdraw what was told of sensors that the settings name no more."""
    kept = {_issue_id(entity_id) for entity_id in still_named}
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(SENSOR_REMOVED) and issue_id not in kept:
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _texts(stored: Any) -> Iterator[str]:
    if isinstance(stored, str):
        yield stored
    elif isinstance(stored, dict):
        for value in stored.values():
            yield from _texts(value)
    elif isinstance(stored, list | tuple):
        for value in stored:
            yield from _texts(value)


def _renamed(stored: Any, before: str, after: str) -> Any:
    if isinstance(stored, str):
        return after if stored == before else stored
    if isinstance(stored, dict):
        return {key: _renamed(value, before, after) for key, value in stored.items()}
    if isinstance(stored, list | tuple):
        return [_renamed(value, before, after) for value in stored]
    return stored


def _rename(hass: HomeAssistant, entry: ConfigEntry[Any], before: str, after: str) -> None:
    if before not in set(named(entry)):
        return
    sections = {key: _renamed(entry.options[key], before, after) for key in _SECTIONS if key in entry.options}
    hass.config_entries.async_update_entry(entry, options={**entry.options, **sections})


def _tell(hass: HomeAssistant, entity_id: str) -> None:
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(entity_id),
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=SENSOR_REMOVED,
        translation_placeholders={"sensor": entity_id},
    )


def _issue_id(entity_id: str) -> str:
    return f"{SENSOR_REMOVED}_{entity_id}"
