"""The edges of the default hours (10.3), when the vehicle should be ready, and when "Charge now" ends."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
import datetime as dt
from typing import Final, override

from homeassistant.components.time import TimeEntity, TimeEntityDescription
from homeassistant.const import EntityCategory, Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .charging.off_peak import DAYS
from .const import CONF_READY_BY, DOMAIN
from .coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from .endings import async_set_until
from .entity import SmartChargeEntity, SmartChargeEntityDescription
from .picture import Picture
from .settings import Edge, with_edge

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class SmartChargeTimeDescription(SmartChargeEntityDescription, TimeEntityDescription):
    """A time of day. ``set_fn`` does what setting it asks for."""

    set_fn: Callable[[SmartChargeCoordinator, dt.time], Awaitable[None]]


async def _async_set_ready_by(coordinator: SmartChargeCoordinator, at: dt.time) -> None:
    coordinator.change_options({CONF_READY_BY: at.isoformat()})


READY_BY: Final = SmartChargeTimeDescription(
    key="ready_by",
    translation_key="ready_by",
    needs_link=False,
    value_fn=lambda picture: picture.settings.ready_by,
    set_fn=_async_set_ready_by,
)

END: Final = SmartChargeTimeDescription(
    key="end_time",
    translation_key="end_time",
    needs_link=False,
    value_fn=lambda picture: picture.ending.until,
    set_fn=async_set_until,
)

_ALWAYS: Final = (READY_BY, END)


def _describe(window: int, edge: Edge) -> SmartChargeTimeDescription:
    """One edge of one window, counted from 0."""

    async def keep(coordinator: SmartChargeCoordinator, at: dt.time) -> None:
        coordinator.change_options(with_edge(coordinator.config_entry.options, window, edge, at))

    return SmartChargeTimeDescription(
        key=f"default_hours_{window + 1}_{edge}",
        translation_key=f"default_hours_{edge}",
        translation_placeholders={"number": str(window + 1)},
        entity_category=EntityCategory.CONFIG,
        needs_link=False,
        value_fn=_edge_of(window, edge),
        extra_fn=lambda picture: {"days": _days_of(picture, window)},
        set_fn=keep,
    )


def _edge_of(window: int, edge: Edge) -> Callable[[Picture], dt.time | None]:
    def value(picture: Picture) -> dt.time | None:
        if window >= len(picture.windows):
            return None
        return picture.windows[window].start if edge == "start" else picture.windows[window].end

    return value


def _days_of(picture: Picture, window: int) -> list[str]:
    """Return the days on which the window starts, in order."""
    return [DAYS[day] for day in sorted(picture.windows[window].days)] if window < len(picture.windows) else []


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add those that are always there, and two for each window, which come and go."""
    coordinator, registry = entry.runtime_data, er.async_get(hass)
    prefix = f"{entry.unique_id or entry.entry_id}_"
    registered = er.async_entries_for_config_entry(registry, entry.entry_id)
    added: set[str] = set()
    shown: int | None = None
    known = {item.unique_id.removeprefix(prefix) for item in registered if item.domain == Platform.TIME}
    known -= {description.key for description in _ALWAYS}
    async_add_entities(SmartChargeTime(entry, description) for description in _ALWAYS)

    @callback
    def follow() -> None:
        nonlocal shown
        before, shown = shown, len(coordinator.data.windows)
        if shown == before:
            return
        wanted = {
            description.key: description
            for window in range(shown)
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
        """As the description says."""
        await self.entity_description.set_fn(self.coordinator, value.replace(microsecond=0))
