"""The settings of the site stay true when sensors are renamed or removed, and charge points are added."""

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_GRID_METER, CONF_SUPPLY, DOMAIN
from custom_components.smart_charge.repairs import async_create_fix_flow

from .premises import FUSE_25, FUSE_60, POWER, add, site_entry
from .shell import settle, shown

METER = {CONF_GRID_METER: {"power": {"l1": "sensor.grid_l1"}, "export_is_positive": False}}
UNWIRED = "supply_wiring_unknown_"


@pytest.fixture
async def site(hass: HomeAssistant, london: None) -> MockConfigEntry:
    """A site whose meter is in the entity registry, and speaks."""
    er.async_get(hass).async_get_or_create("sensor", "p1", "grid", suggested_object_id="grid_l1")
    hass.states.async_set("sensor.grid_l1", "2300", POWER)
    return await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60} | METER))


def removed(hass: HomeAssistant, entity_id: str = "sensor.grid_l1") -> bool:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"site_sensor_removed_{entity_id}") is not None


async def test_a_meter_that_is_renamed_is_followed(hass: HomeAssistant, site: MockConfigEntry) -> None:
    er.async_get(hass).async_update_entity("sensor.grid_l1", new_entity_id="sensor.main_fuse")
    hass.states.async_remove("sensor.grid_l1")
    hass.states.async_set("sensor.main_fuse", "4600", POWER)
    await settle(hass)
    assert site.options[CONF_GRID_METER]["power"] == {"l1": "sensor.main_fuse"}
    assert shown(hass, "sensor.site_house_load_l1") == "20.0"
    assert not removed(hass)


async def test_another_rename_changes_nothing(hass: HomeAssistant, site: MockConfigEntry) -> None:
    other = er.async_get(hass).async_get_or_create("sensor", "p1", "other")
    before = site.options
    er.async_get(hass).async_update_entity(other.entity_id, new_entity_id="sensor.elsewhere")
    await settle(hass)
    assert site.options is before


async def test_a_meter_that_is_removed_is_a_repair_until_another_is_named(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    er.async_get(hass).async_remove("sensor.grid_l1")
    await settle(hass)
    assert removed(hass)
    named = {CONF_GRID_METER: {"power": {"l1": "sensor.other"}, "export_is_positive": False}}
    hass.config_entries.async_update_entry(site, options={**site.options, **named})
    await settle(hass)
    assert not removed(hass)


async def test_a_meter_that_comes_back_is_none(hass: HomeAssistant, site: MockConfigEntry) -> None:
    er.async_get(hass).async_remove("sensor.grid_l1")
    hass.states.async_remove("sensor.grid_l1")
    await settle(hass)
    er.async_get(hass).async_get_or_create("sensor", "p1", "grid", suggested_object_id="grid_l1")
    await settle(hass)
    assert not removed(hass)


async def test_a_charge_point_that_is_added_later_is_asked_for_its_wiring(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    site = await add(hass, site_entry(**{CONF_SUPPLY: FUSE_25 | {"wiring": {entry.entry_id: "123"}}}))
    issues = ir.async_get(hass)
    later = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="01LATER", data=dict(entry.data), unique_id="later")
    later.add_to_hass(hass)
    hass.config_entries.async_update_entry(later, title="Front drive")
    await settle(hass)
    assert issues.async_get_issue(DOMAIN, UNWIRED + entry.entry_id) is None
    issue = issues.async_get_issue(DOMAIN, UNWIRED + later.entry_id)
    assert issue is not None
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass = hass
    assert (await flow.async_step_init())["type"] is FlowResultType.FORM
    await flow.async_step_confirm({"wiring": "231"})
    await settle(hass)
    assert site.options[CONF_SUPPLY]["wiring"] == {entry.entry_id: "123", later.entry_id: "231"}
    assert issues.async_get_issue(DOMAIN, UNWIRED + later.entry_id) is None


async def test_a_supply_of_one_phase_asks_for_no_wiring(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    site = await add(hass, site_entry(**{CONF_SUPPLY: FUSE_25}))
    assert ir.async_get(hass).async_get_issue(DOMAIN, UNWIRED + entry.entry_id) is not None
    hass.config_entries.async_update_entry(site, options={CONF_SUPPLY: FUSE_60})
    await settle(hass)
    assert ir.async_get(hass).async_get_issue(DOMAIN, UNWIRED + entry.entry_id) is None
