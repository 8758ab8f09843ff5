"""The base of the site's entities: what each shows is a function of the site's picture."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import callback
from homeassistant.helpers.entity import Entity, EntityDescription

from .entity import Quiet
from .site import Site
from .site.entry import site_device
from .site.picture import SitePicture


@dataclass(frozen=True, kw_only=True)
class SiteEntityDescription(EntityDescription):
    """What the site's tables share.

    Attributes:
        value_fn: what to show; None is "unknown".
        extra_fn: attributes.
        quiet: how to keep a fast-changing number from being written every second.
        phase: of the supply; a supply with fewer phases does not have it.
    """

    value_fn: Callable[[SitePicture], Any]
    extra_fn: Callable[[SitePicture], dict[str, Any]] | None = None
    quiet: Quiet | None = None
    phase: int = 0


class SiteEntity(Entity):
    """One thing to see of the site."""

    _attr_has_entity_name = True
    _attr_should_poll = False
    entity_description: SiteEntityDescription

    def __init__(self, entry: ConfigEntry[Any], description: SiteEntityDescription) -> None:
        self.entity_description = description
        self._site: Site = entry.runtime_data
        self._attr_unique_id = f"{entry.unique_id}_{description.key}"
        self._attr_device_info = site_device(entry)
        self._value: Any = None
        self._extra: dict[str, Any] | None = None
        self._shown_at = self._site.picture.as_of
        self._look()

    @property
    @override
    def extra_state_attributes(self) -> dict[str, Any] | None:
        """As the description says."""
        return self._extra

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the site."""
        self.async_on_remove(self._site.watch(self._on_picture))

    @callback
    def _on_picture(self) -> None:
        if self._look():
            self.async_write_ha_state()

    def _look(self) -> bool:
        """Take what the picture says; False when nothing worth writing has changed."""
        description, picture = self.entity_description, self._site.picture
        value = description.value_fn(picture)
        extra = None if description.extra_fn is None else description.extra_fn(picture)
        if extra == self._extra and (value == self._value or self._is_hushed(value, picture)):
            return False
        self._value, self._extra, self._shown_at = value, extra, picture.as_of
        return True

    def _is_hushed(self, value: Any, picture: SitePicture) -> bool:
        quiet = self.entity_description.quiet
        return quiet is not None and quiet.hushes(self._value, self._shown_at, value, picture.as_of)
