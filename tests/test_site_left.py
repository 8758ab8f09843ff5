"""What is left behind in several charge points is together no more than the supply can carry unwatched."""

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.charging.left_to_each import left_to_each
from custom_components.smart_charge.const import CONF_SUPPLY, DOMAIN
from custom_components.smart_charge.repairs import async_create_fix_flow

from .charging.premises import supply
from .premises import FUSE_25, FUSE_60, add, site_entry
from .shell import CHARGING, FakeCharger, settle, shown

pytestmark = [pytest.mark.requirement("7.1"), pytest.mark.requirement("8.1")]


@pytest.mark.parametrize(
    ("limit_a", "without_meter_a", "wired", "left"),
    [
        (60.0, 6.0, {"a": (0,), "b": (0,)}, {"a": 6, "b": 6}),
        (20.0, 6.0, {"a": (0,), "b": (0,)}, {"a": 6, "b": 0}),
        (24.0, 6.0, {"a": (0,), "b": (0,), "c": (0,)}, {"a": 6, "b": 6, "c": 0}),
        (10.0, 6.0, {"a": (0,)}, {"a": 6}),
        (60.0, 0.0, {"a": (0,), "b": (0,)}, {"a": 6, "b": 0}),
        (60.0, 7.0, {"a": (0,), "b": (0,)}, {"a": 7, "b": 0}),
        (60.0, 12.0, {"a": (0,), "b": (0,)}, {"a": 6, "b": 6}),
        (60.0, 0.0, {"a": (0,)}, {"a": 6}),
        (60.0, 40.0, {"a": (0,), "b": (0,), "c": (0,)}, {"a": 13, "b": 13, "c": 13}),
        (10.0, 40.0, {"a": (0,), "b": (0,)}, {"a": 10, "b": 0}),
        (25.0, 6.0, {"a": (0,), "b": (1,), "c": (0, 1, 2)}, {"a": 6, "b": 6, "c": 6}),
        (20.0, 6.0, {"a": (0,), "b": (1,), "c": (0, 1, 2)}, {"a": 6, "b": 6, "c": 0}),
        (25.0, 6.0, {"a": (3 - 1,), "b": ()}, {"a": 6, "b": 0}),
    ],
)
def test_what_is_left_fits_on_every_phase(limit_a, without_meter_a, wired, left):
    assert left_to_each(supply(limit_a, 3, without_meter_a=without_meter_a), wired) == left


async def test_who_would_be_too_much_stays_off_until_the_owner_allows_it(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="000", data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60 | {"limit": 20.0}}))
    assert charger.plans[-1].max_a == 0.0
    charger.say(**CHARGING)
    await settle(hass)
    assert shown(hass, "sensor.garage_without_home_assistant") == "stays_off"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply")
    assert issue is not None
    assert issue.translation_placeholders == {"names": "Garage", "needed": "12", "limit": "20"}
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.handler, flow.issue_id = hass, "repairs", issue.issue_id
    await flow.async_step_confirm({})  # type: ignore[attr-defined]
    await settle(hass)
    assert charger.plans[-1].max_a == 6.0
    charger.say(**CHARGING | {"power_w": 1000.0})
    await settle(hass)
    assert shown(hass, "sensor.garage_without_home_assistant") != "stays_off"
    assert ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply") is None


async def test_two_are_left_with_six_ampere_where_half_the_supply_bears_it(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="000", data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60}))
    assert charger.plans[-1].max_a == 6.0
    assert ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply") is None


async def test_who_is_left_alone_may_take_it_all(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="000", data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60 | {"limit": 20.0}}))
    assert charger.plans[-1].max_a == 0.0
    await hass.config_entries.async_remove(other.entry_id)
    await settle(hass)
    assert charger.plans[-1].max_a == 6.0
    assert ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply") is None


async def test_a_site_that_is_disabled_asks_for_nothing_any_more(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="000", data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    site = site_entry(**{CONF_SUPPLY: FUSE_25})
    await add(hass, site)
    issues = ir.async_get(hass).issues
    asked = {issue_id for domain, issue_id in issues if domain == DOMAIN}
    assert {"left_off_by_supply_for_good", "supply_wiring_unknown_000"} & asked
    await hass.config_entries.async_set_disabled_by(site.entry_id, ConfigEntryDisabler.USER)
    await settle(hass)
    assert not [issue_id for domain, issue_id in issues if domain == DOMAIN]
