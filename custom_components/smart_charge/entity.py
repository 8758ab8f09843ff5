"""The base of every entity: what it shows is a function of the picture, and is written only when it changes."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, override

from homeassistant.const import Platform
from homeassistant.core import Context, HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .by_whom import done_by, go_on_as
from .const import DOMAIN
from .coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from .outlets import first_device_of
from .picture import Picture


@dataclass(frozen=True, kw_only=True)
class Quiet:
    """A number is written when it has moved by ``step`` or ``share`` of itself, or after ``every``.

    From and to 0 it is written at once. Long-term statistics are time-weighted, so they lose nothing.

    Attributes:
        is_sum: it stands still while nothing is drawn. Then it is written at once: no later value would bring it.
        is_of_stay: so does it once the vehicle has left.
    """

    step: float
    share: float = 0.0
    every: timedelta = timedelta(seconds=10)
    is_sum: bool = False
    is_of_stay: bool = False

    def hushes(self, shown: Any, shown_at: datetime, value: Any, at: datetime) -> bool:
        """Whether ``value`` need not be written yet."""
        if not isinstance(shown, int | float) or not isinstance(value, int | float) or (shown == 0) != (value == 0):
            return False
        is_small = abs(value - shown) < max(self.step, self.share * abs(shown))
        return is_small and timedelta(0) <= at - shown_at < self.every


@dataclass(frozen=True, kw_only=True)
class SmartChargeEntityDescription(EntityDescription):
    """What the platforms' tables share.

    Attributes:
        value_fn: what to show; None is "unknown".
        needs_link: unavailable while the charge point cannot be reached, for it comes from there.
        extra_fn: attributes.
        quiet: how to keep a fast-changing number from being written every second.
        site_section: the section of the site's settings without which it makes no sense; None for none.
    """

    value_fn: Callable[[Picture], Any] = lambda _: None
    needs_link: bool = True
    extra_fn: Callable[[Picture], dict[str, Any]] | None = None
    quiet: Quiet | None = None
    site_section: str | None = None


def device_info(entry: SmartChargeConfigEntry) -> DeviceInfo:
    """Describe the charge point as it says it is."""
    identity = entry.runtime_data.charger.identity
    info = DeviceInfo(
        identifiers={(DOMAIN, entry.unique_id or entry.entry_id)},
        name=entry.title,
        manufacturer=identity.manufacturer,
        model=identity.model,
        serial_number=identity.serial,
        sw_version=identity.firmware,
    )
    if (first := first_device_of(entry.runtime_data.hass, entry)) is not None:
        info["via_device_id"] = first
    return info


def only_ours(hass: HomeAssistant, entity_ids: set[str], *keys: str) -> set[str]:
    """Return those entities of charge points of ours whose description has one of these keys."""
    registry = er.async_get(hass)
    found = {entity_id: registry.async_get(entity_id) for entity_id in entity_ids}
    endings = tuple(f"_{key}" for key in keys)
    return {
        entity_id
        for entity_id, entry in found.items()
        if entry is not None and entry.platform == DOMAIN and entry.unique_id.endswith(endings)
    }


@callback
def async_remove_entity(hass: HomeAssistant, platform: Platform, unique_id: str) -> None:
    """Take an entity of ours away for good, if it is known: what it shows is not asked for any more."""
    registry = er.async_get(hass)
    if (entity_id := registry.async_get_entity_id(platform, DOMAIN, unique_id)) is not None:
        registry.async_remove(entity_id)


class SmartChargeEntity(CoordinatorEntity[SmartChargeCoordinator]):
    """One thing to see or to set of a charge point."""

    _attr_has_entity_name = True
    entity_description: SmartChargeEntityDescription

    def __init__(self, entry: SmartChargeConfigEntry, description: SmartChargeEntityDescription) -> None:
        super().__init__(entry.runtime_data)
        self.entity_description = description
        self._attr_unique_id = f"{entry.unique_id or entry.entry_id}_{description.key}"
        self._attr_device_info = device_info(entry)
        self._value: Any = None
        self._extra: dict[str, Any] | None = None
        self._rest: object = None
        self._shown_at = self.coordinator.data.as_of
        self._look()

    @property
    @override
    def available(self) -> bool:
        """What comes from the wire is not shown while there is no link: it would be stale."""
        return self.coordinator.data.is_online or not self.entity_description.needs_link

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """As the description says."""
        return self._extra

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state if there is something new to see."""
        if self._look():
            self.async_write_ha_state()

    @override
    async def async_request_call[ResultT](self, coro: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Do what somebody has asked for; who, is told before it begins, and forgotten when it has ended."""
        with done_by(None):
            return await super().async_request_call(coro)

    @callback
    @override
    def async_set_context(self, context: Context) -> None:
        """Hear who is behind what follows."""
        super().async_set_context(context)
        go_on_as(context.user_id)

    def _look(self) -> bool:
        """Take what the picture says; False when nothing worth writing has changed."""
        description, picture = self.entity_description, self.coordinator.data
        value = description.value_fn(picture)
        extra = description.extra_fn(picture) if description.extra_fn is not None else None
        before, rest = self._rest, (self.available, extra)
        if rest == before and (value == self._value or self._is_hushed(value, picture)):
            return False
        self._value, self._extra, self._rest, self._shown_at = value, extra, rest, picture.as_of
        return True

    def _is_hushed(self, value: Any, picture: Picture) -> bool:
        quiet = self.entity_description.quiet
        if quiet is None or (quiet.is_sum and not picture.is_drawing) or (quiet.is_of_stay and not picture.is_stay):
            return False
        return quiet.hushes(self._value, self._shown_at, value, picture.as_of)
