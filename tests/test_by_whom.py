"""Who has changed a setting, in the security log: at the screen, by REST, in a form, by voice; or nobody."""

import logging
from typing import Any

from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er, intent
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.security.events import Kind

from .premises import add, site_entry
from .shell import settle

S10_1 = pytest.mark.requirement("S10.1")
OPTIONS = "/api/config/config_entries/options/flow"


async def told(hass: HomeAssistant, kind: Kind = Kind.SETTINGS_CHANGED) -> list[tuple[Any, str | None]]:
    """Return what was changed, and which of Home Assistant's users the list names for it."""
    await settle(hass)
    answer: Any = await hass.services.async_call(
        DOMAIN, "list_security_events", {"limit": 5000}, blocking=True, return_response=True
    )
    details = [each["detail"] for each in answer["events"] if each["kind"] == kind.value]
    assert all(str(each.get("user_id", "~")).startswith("~") for each in details)
    return [(each.get("settings"), answer["users"].get(each.get("user_id"))) for each in details]


@pytest.fixture
async def client(hass: HomeAssistant, hass_client: Any, entry: MockConfigEntry, socket_enabled: None) -> Any:
    """An administrator's browser."""
    logging.getLogger("aiohttp.access").setLevel(logging.WARNING)  # it cannot say when, under a clock that stands
    await async_setup_component(hass, "config", {})
    return await hass_client()


async def fill_in(client: Any, address: str, handler: str, *steps: dict[str, Any]) -> None:
    begun = await (await client.post(address, json={"handler": handler})).json()
    for step in steps:
        answer = await client.post(f"{address}/{begun['flow_id']}", json=step)
        assert answer.status == 200, await answer.text()


@S10_1
async def test_who_sets_an_entity_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    registry = er.async_get(hass)
    mode = registry.async_get_entity_id("select", DOMAIN, f"{entry.unique_id}_mode")
    lock = registry.async_get_entity_id("switch", DOMAIN, f"{entry.unique_id}_safety_lock")
    by_her = Context(user_id=hass_admin_user.id)
    data = {"entity_id": mode, "option": "always"}
    await hass.services.async_call("select", "select_option", data, blocking=True, context=by_her)
    await hass.services.async_call("switch", "turn_on", {"entity_id": lock}, blocking=True, context=by_her)
    assert await told(hass) == [(["mode"], hass_admin_user.name)]
    assert await told(hass, Kind.SAFETY_LOCK) == [(None, hass_admin_user.name)]


@S10_1
async def test_an_automation_is_nobody(hass: HomeAssistant, entry: MockConfigEntry, hass_admin_user: MockUser) -> None:
    """Even right behind a person."""
    mode = er.async_get(hass).async_get_entity_id("select", DOMAIN, f"{entry.unique_id}_mode")
    for context, option in ((Context(user_id=hass_admin_user.id), "always"), (Context(), "default_hours")):
        data = {"entity_id": mode, "option": option}
        await hass.services.async_call("select", "select_option", data, blocking=True, context=context)
        await settle(hass)
    assert [name for _, name in await told(hass)] == [hass_admin_user.name, None]


@S10_1
async def test_who_fills_in_the_options_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, client: Any, hass_admin_user: MockUser
) -> None:
    settings = {
        "mode": "always", "ready_by": "07:00:00", "energy_needed": 10, "random_delay_max": 900,
        "charger_delays_itself": False,
    }  # fmt: skip
    await fill_in(client, OPTIONS, entry.entry_id, {"next_step_id": "settings"}, settings)
    assert entry.options["random_delay_max"] == 900
    ((names, name),) = await told(hass)
    assert "random_delay_max" in names
    assert name == hass_admin_user.name


@S10_1
async def test_a_change_by_itself_is_not_laid_at_the_door_of_whoever_used_the_connection_before(
    hass: HomeAssistant, entry: MockConfigEntry, client: Any
) -> None:
    await client.get("/api/config")
    hass.config_entries.async_update_entry(entry, options={**entry.options, "random_delay_max": 700})
    assert await told(hass) == [(["random_delay_max"], None)]


@S10_1
async def test_who_changes_what_all_share_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, client: Any, hass_admin_user: MockUser
) -> None:
    site = await add(hass, site_entry())
    await fill_in(client, OPTIONS, site.entry_id, {"next_step_id": "records"}, {"keep_months": 24})
    assert site.options["records"]["keep_months"] == 24
    assert await told(hass) == [(["records"], hass_admin_user.name)]


@S10_1
async def test_who_speaks_is_told(hass: HomeAssistant, entry: MockConfigEntry, hass_admin_user: MockUser) -> None:
    context = Context(user_id=hass_admin_user.id)
    slots = {"time": {"value": "06:30"}}
    await intent.async_handle(hass, "test", "SmartChargeReadyBy", slots, context=context)
    assert await told(hass) == [(["ready_by"], hass_admin_user.name)]


@S10_1
async def test_who_removes_a_charge_point_is_told(
    hass: HomeAssistant, entry: MockConfigEntry, client: Any, hass_admin_user: MockUser
) -> None:
    assert (await client.delete(f"/api/config/config_entries/entry/{entry.entry_id}")).status == 200
    assert await told(hass, Kind.CHARGE_POINT_REMOVED) == [(None, hass_admin_user.name)]
