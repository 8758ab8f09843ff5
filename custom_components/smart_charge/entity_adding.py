"""Adding a charge point's entities: some make sense only while the site has a supply limit, or prices."""

from collections.abc import Callable, Iterable

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import Entity
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import CONF_SUPPLY, CONF_TARIFF, DOMAIN
from .coordinator import SmartChargeConfigEntry
from .entity import SmartChargeEntityDescription
from .prices.tariff_options import CONF_SOURCE, SOURCE_NONE, tariff_of
from .site import DATA_SITE


@callback
def async_add_for_site[DescriptionT: SmartChargeEntityDescription](
    hass: HomeAssistant,
    entry: SmartChargeConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Iterable[DescriptionT],
    make: Callable[[SmartChargeConfigEntry, DescriptionT], Entity],
) -> None:
    """Add what always makes sense now, and the rest as soon as the site has what it is about."""
    waiting = list(descriptions)

    @callback
    def follow() -> None:
        nonlocal waiting
        ready = [description for description in waiting if _makes_sense(hass, description)]
        waiting = [description for description in waiting if description not in ready]
        if ready:
            async_add_entities([make(entry, description) for description in ready])

    follow()
    for description in waiting:
        _forget(hass, entry, description)
    entry.async_on_unload(hass.data[DATA_SITE].listen(follow))


def _makes_sense(hass: HomeAssistant, description: SmartChargeEntityDescription) -> bool:
    options = hass.data[DATA_SITE].options
    if description.site_section == CONF_TARIFF:
        return bool(tariff_of(options).get(CONF_SOURCE, SOURCE_NONE) != SOURCE_NONE)
    return description.site_section != CONF_SUPPLY or bool(options.get(CONF_SUPPLY))


def _forget(hass: HomeAssistant, entry: SmartChargeConfigEntry, description: SmartChargeEntityDescription) -> None:
    """Take out of the registry what the site no longer has, rather than leave it there unavailable."""
    registry, unique_id = er.async_get(hass), f"{entry.unique_id or entry.entry_id}_{description.key}"
    for found in er.async_entries_for_config_entry(registry, entry.entry_id):
        if found.unique_id == unique_id and found.platform == DOMAIN:
            registry.async_remove(found.entity_id)
