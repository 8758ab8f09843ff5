"""Tells automations that a usage report is ready (O4)."""

from typing import Any, Final, override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.config_entries import ConfigEntry
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import KIND_SITE
from .entity import async_remove_entity
from .keeping.usage_reports import SIGNAL_REPORT, scheme_of
from .site import DATA_SITE
from .site.entry import site_device

DESCRIPTION: Final = EventEntityDescription(
    key="usage_report", translation_key="usage_report", event_types=["ready", "failed"]
)
UNIQUE_ID: Final = f"{KIND_SITE}_{DESCRIPTION.key}"


@callback
def async_add_report_event(
    hass: HomeAssistant, entry: ConfigEntry[Any], async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add it now, or as soon as the site takes part in the scheme; it goes when the site does no more."""
    added = False

    @callback
    def follow() -> None:
        nonlocal added
        before, added = added, scheme_of(hass) is not None
        if not added:
            async_remove_entity(hass, Platform.EVENT, UNIQUE_ID)
        elif not before:
            async_add_entities([UsageReportEvent(entry)])

    follow()
    entry.async_on_unload(hass.data[DATA_SITE].listen(follow))


class UsageReportEvent(EventEntity):
    """A report is ready, or could not be written. What it tells names no person."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description = DESCRIPTION

    def __init__(self, entry: ConfigEntry[Any]) -> None:
        self._attr_unique_id = UNIQUE_ID
        self._attr_device_info = site_device(entry)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen for reports."""
        self.async_on_remove(async_dispatcher_connect(self.hass, SIGNAL_REPORT, self._on_report))

    @callback
    def _on_report(self, facts: dict[str, Any]) -> None:
        told = {name: value for name, value in facts.items() if name != "type"}
        self._trigger_event(facts["type"], told)
        self.async_write_ha_state()
