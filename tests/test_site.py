"""The site's entry: added once, followed while it is there, shared by all charge points."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_SUPPLY, DOMAIN, KIND_SITE

from .flow_words import readable
from .premises import FUSE_25, add, site_entry
from .shell import CHARGING, FakeCharger, after, set_up_fake, settle, shown


async def go_on(hass: HomeAssistant, way: dict[str, Any]) -> dict[str, Any]:
    menu = readable(await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}))
    return readable(await hass.config_entries.flow.async_configure(menu["flow_id"], way))


async def test_the_site_is_added_from_the_same_menu(hass: HomeAssistant, london: None) -> None:
    done = await go_on(hass, {"next_step_id": "site"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert (done["result"].unique_id, dict(done["data"]), dict(done["options"])) == ("site", {"kind": "site"}, {})
    assert done["result"].state is ConfigEntryState.LOADED
    _, sections = done["next_flow"]
    assert readable(await hass.config_entries.options.async_configure(sections), "options")["step_id"] == "site"


async def test_there_is_one_site_at_most(hass: HomeAssistant, london: None) -> None:
    await go_on(hass, {"next_step_id": "site"})
    again = await go_on(hass, {"next_step_id": "site"})
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "site_exists")


async def test_the_site_has_no_link_to_reconfigure(hass: HomeAssistant, london: None) -> None:
    entry = site_entry()
    await add(hass, entry)
    assert readable(await entry.start_reconfigure_flow(hass))["reason"] == "site_has_no_link"


async def test_the_site_is_not_taken_for_a_charge_point(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await add(hass, site_entry())
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, KIND_SITE), "01SITE")
    assert device is not None
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call(DOMAIN, "charge_now", {"device_id": device.id}, blocking=True)
    assert refused.value.translation_key == "not_a_charge_point"
    await hass.services.async_call(DOMAIN, "set_tag", {"tag": "ABC"}, blocking=True)


@pytest.fixture
async def full_charge(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> None:
    """A vehicle charges with all that the charge point can give, as its owner asked."""
    charger.say(**CHARGING)
    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    await settle(hass)
    assert charger.asked[-1] == 32.0


@pytest.mark.usefixtures("full_charge")
@pytest.mark.requirement("11.8")
async def test_a_limit_without_a_meter_leaves_the_safe_minimum_at_once(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_25}))
    assert charger.asked[-1] == 6.0
    assert shown(hass, "sensor.garage_why") == "supply_limit"


@pytest.mark.usefixtures("full_charge")
@pytest.mark.requirement("11.8")
@pytest.mark.parametrize("how", ["remove", "disable", "options"])
async def test_a_limit_that_is_gone_lets_it_rise_after_a_random_delay(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, how: str
) -> None:
    site = site_entry(**{CONF_SUPPLY: FUSE_25})
    await add(hass, site)
    if how == "remove":
        await hass.config_entries.async_remove(site.entry_id)
    elif how == "disable":
        await hass.config_entries.async_set_disabled_by(site.entry_id, ConfigEntryDisabler.USER)
    else:
        hass.config_entries.async_update_entry(site, options={})
    await settle(hass)
    assert charger.asked[-1] == 6.0
    assert shown(hass, "sensor.garage_why") == "delayed_change"
    await after(hass, freezer, seconds=300)
    assert charger.asked[-1] == 32.0


@pytest.mark.usefixtures("full_charge")
async def test_a_limit_outlasts_a_reload_of_the_site(hass: HomeAssistant, charger: FakeCharger) -> None:
    site = site_entry(**{CONF_SUPPLY: FUSE_25})
    await add(hass, site)
    asked = list(charger.asked)
    assert await hass.config_entries.async_reload(site.entry_id)
    await settle(hass)
    assert charger.asked == asked
    assert shown(hass, "sensor.garage_why") == "supply_limit"


async def test_a_limit_holds_for_a_charge_point_that_is_loaded_before_the_site(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    site_entry(**{CONF_SUPPLY: FUSE_25}).add_to_hass(hass)
    charger.say(**CHARGING | {"offered_a": 32.0, "setpoint_a": 32.0})
    await set_up_fake(hass, charger)
    assert charger.asked
    assert max(charger.asked) <= 6.0
