"""Entities that make sense only while the site has a supply limit, or prices; and those nobody needs to see."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from .premises import FUSE_60, add, site_entry
from .shell import FakeCharger, set_up_fake, settle

COST = "sensor.garage_this_month_cost"
LIMITED = "binary_sensor.garage_limited_by_supply"
TARIFF = {"source": "typed", "rates": [], "otherwise": 0.25}
NO_TARIFF = {"source": "none"}


async def test_cost_is_shown_as_soon_as_there_are_prices(hass: HomeAssistant, charger: FakeCharger) -> None:
    site = await add(hass, site_entry(tariff=NO_TARIFF))
    entry = await set_up_fake(hass, charger)
    assert hass.states.get(COST) is None
    hass.config_entries.async_update_entry(site, options={"tariff": TARIFF})
    await settle(hass)
    assert hass.states.get(COST) is not None
    hass.config_entries.async_update_entry(site, options={})
    await settle(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    await set_up_fake(hass, charger, entry)
    assert er.async_get(hass).async_get(COST) is None


async def test_who_is_limited_is_shown_as_soon_as_there_is_a_limit(hass: HomeAssistant, charger: FakeCharger) -> None:
    site = await add(hass, site_entry())
    await set_up_fake(hass, charger)
    assert hass.states.get(LIMITED) is None
    hass.config_entries.async_update_entry(site, options={"supply": FUSE_60})
    await settle(hass)
    assert hass.states.get(LIMITED) is not None


@pytest.mark.usefixtures("entry")
async def test_what_only_an_installer_needs_is_switched_off(hass: HomeAssistant) -> None:
    items = er.async_get(hass).entities.values()
    off = {item.entity_id for item in items if item.disabled_by is er.RegistryEntryDisabler.INTEGRATION}
    assert off >= {f"sensor.garage_{each}" for each in ("offered_current", "drawn_current", "meter_error")}
    assert sum(item.disabled_by is None for item in items) <= 40
