"""Entities that tell prices, as suggestions: what the Energy dashboard names, and what looks like a price list."""

from typing import Any

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.util import dt as dt_util

from ..outlook.prices import PricesNotUnderstood, read_attributes
from ..settings import local_zone


async def async_suggest_price_entities(hass: HomeAssistant) -> list[str]:
    """Return the most likely ones: one that tells prices ahead goes before one that tells the present only."""
    named = await _async_named(hass)
    with_list = [state.entity_id for state in hass.states.async_all(("sensor", "event")) if _has_list(state)]
    best = [entity_id for entity_id in named if entity_id in with_list]
    return best or with_list or named


async def _async_named(hass: HomeAssistant) -> list[str]:
    """Return the prices that the Energy dashboard reckons with; it is only read."""
    if "energy" not in hass.config.components:
        return []
    from homeassistant.components.energy.data import async_get_manager  # noqa: PLC0415  it may not be there

    preferences = (await async_get_manager(hass)).data
    sources: list[Any] = [] if preferences is None else list(preferences["energy_sources"])
    named = [source.get("entity_energy_price") for source in sources if source["type"] == "grid"]
    return [entity_id for entity_id in named if entity_id is not None and hass.states.get(entity_id) is not None]


def _has_list(state: State) -> bool:
    try:
        unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
        read_attributes(state.attributes, unit, local_zone(), dt_util.utcnow())
    except PricesNotUnderstood:
        return False
    return True
