"""When each window of the default hours starts and ends (10.3), and when the vehicle should be ready."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import datetime as dt
from typing import Any, Final, override

from homeassistant.components.time import TimeEntity, TimeEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_READY_BY, DOMAIN
from .coordinator import SmartChargeConfigEntry
from .entity import SmartChargeEntity, SmartChargeEntityDescription
from .picture import Picture
from .settings import Edge, with_edge

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SmartChargeTimeDescription(SmartChargeEntityDescription, TimeEntityDescription):
    """A time of day. ``change_fn`` returns what changes in these options when it is set."""

    change_fn: Callable[[Mapping[str, Any], dt.time], dict[str, Any]]


READY_BY: Final = SmartChargeTimeDescription(
    key="ready_by",
    translation_key="ready_by",
    needs_link=False,
    value_fn=lambda picture: picture.settings.ready_by,
    change_fn=lambda _, at: {CONF_READY_BY: at.isoformat()},
)


def _describe(window: int, edge: Edge) -> SmartChargeTimeDescription:
    """One edge of one window, counted from 0."""
    return SmartChargeTimeDescription(
        key=f"default_hours_{window + 1}_{edge}",
        translation_key=f"default_hours_{edge}",
        translation_placeholders={"number": str(window + 1)},
        entity_category=EntityCategory.CONFIG,
        needs_link=False,
        value_fn=_edge_of(window, edge),
        change_fn=lambda options, at: with_edge(options, window, edge, at),
    )


def _edge_of(window: int, edge: Edge) -> Callable[[Picture], dt.time | None]:
    def value(picture: Picture) -> dt.time | None:
        if window >= len(picture.windows):
            return None
        return picture.windows[window].start if edge == "start" else picture.windows[window].end

    return value


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add two for each window beside the ready-by time, and go on adding and removing as windows come and go."""
    coordinator, registry = entry.runtime_data, er.async_get(hass)
    prefix = f"{entry.unique_id or entry.entry_id}_"
    registered = er.async_entries_for_config_entry(registry, entry.entry_id)
    added: set[str] = set()
    known = {item.unique_id.removeprefix(prefix) for item in registered if item.domain == Platform.TIME} - {
        READY_BY.key
    }
    async_add_entities([SmartChargeTime(entry, READY_BY)])

    @callback
    def follow() -> None:
        wanted = {
            description.key: description
            for window in range(len(coordinator.data.windows))
            for description in (_describe(window, "start"), _describe(window, "end"))
        }
        for key in (added | known) - wanted.keys():
            if entity_id := registry.async_get_entity_id(Platform.TIME, DOMAIN, prefix + key):
                registry.async_remove(entity_id)
        if missing := [wanted[key] for key in wanted if key not in added]:
            async_add_entities(SmartChargeTime(entry, description) for description in missing)
        added.clear()
        added.update(wanted)
        known.clear()

    follow()
    entry.async_on_unload(coordinator.async_add_listener(follow))


class SmartChargeTime(SmartChargeEntity, TimeEntity):
    """A time of day to set."""

    entity_description: SmartChargeTimeDescription

    @property
    @override
    def native_value(self) -> dt.time | None:
        """As last looked at."""
        value: dt.time | None = self._value
        return value

    @override
    async def async_set_value(self, value: dt.time) -> None:
        """Keep it."""
        options, at = self.coordinator.config_entry.options, value.replace(microsecond=0)
        self.coordinator.change_options(self.entity_description.change_fn(options, at))
