"""A charge point that asks for a tag: a person in Home Assistant may do without one (O10)."""

from http import HTTPStatus

from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.smart_charge.const import CONF_MODE, CONF_START_WITHOUT_TAG, DOMAIN
from tests.shell import settle
from tests.waiting import until

from .world import OCPP, World

STRANGE = "04DEADBEEF"


async def tags_are_required(world: World) -> None:
    """Have the owner say so in the options; the entry is set up anew."""
    options = {**world.entry.options, CONF_START_WITHOUT_TAG: False}
    world.hass.config_entries.async_update_entry(world.entry, options=options)
    await settle(world.hass)
    await until(lambda: world.is_set_up)
    await world.is_back()


@pytest.mark.requirement("O10")
@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_who_charges_now_in_home_assistant_needs_no_tag(world: World) -> None:
    await tags_are_required(world)
    await world.plug_in()
    await world.wait(seconds=30)
    world.ocpp.client.present_tag(STRANGE)
    await world.wait(seconds=30)
    assert world.ocpp.client.transaction is None
    await world.charge_now()
    await until(lambda: world.ocpp.client.transaction is not None)
    assert world.ocpp.client.transaction.tag == world.loop.memory.id_tag
    await world.charges()


@pytest.mark.requirement("O10")
@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_who_asked_before_plugging_in_needs_no_tag_once(world: World) -> None:
    await tags_are_required(world)
    await world.charge_now()
    await world.plug_in()
    await world.charges()
    await world.unplug()
    await until(lambda: world.shown("charge_now") == "off")
    await world.plug_in()
    await world.wait(seconds=30)
    assert world.ocpp.client.transaction is None


@pytest.mark.requirement("11.1")
@pytest.mark.requirement("O10")
@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_the_random_delay_is_drawn_when_the_tag_comes(world: World) -> None:
    await tags_are_required(world)
    world.loop.change_options({CONF_MODE: "always"})
    await list_tag(world)
    await world.plug_in()
    await world.sees("why", "waiting_for_tag")
    assert world.shown("delay_ends") == "unknown"
    await world.wait(hours=1)
    assert (world.shown("why"), world.power_w) == ("waiting_for_tag", 0)
    held_at = dt_util.utcnow()
    world.ocpp.client.present_tag(STRANGE)
    await until(lambda: world.ocpp.client.transaction is not None)
    await world.sees("why", "delayed_start")
    assert 0 <= (world.delay_ends_at - held_at).total_seconds() <= 601
    await world.offers(0)
    await world.wait_until(world.delay_ends_at)
    await world.charges()


@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_outside_default_hours_those_are_what_is_waited_for(world: World) -> None:
    await tags_are_required(world)
    await world.plug_in()
    await world.sees("why", "waiting_for_default_hours")


@pytest.mark.requirement("S10.1")
@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_an_unknown_tag_is_accepted_by_its_repair(world: World, hass_client: ClientSessionGenerator) -> None:
    hass = world.hass
    assert await async_setup_component(hass, REPAIRS, {})
    await tags_are_required(world)
    world.loop.change_options({CONF_MODE: "always"})
    await world.plug_in()
    world.ocpp.client.present_tag(STRANGE)
    issue_id = f"unknown_tag_{world.entry.entry_id}"
    await until(lambda: (DOMAIN, issue_id) in ir.async_get(hass).issues)
    issue = ir.async_get(hass).issues[DOMAIN, issue_id]
    assert STRANGE not in str((issue.data, issue.translation_placeholders)), "which any user may read"
    await settle(hass)
    activity = er.async_get(hass).async_get_entity_id("event", DOMAIN, f"{world.entry.unique_id}_activity")
    told = hass.states.get(activity or "")
    assert told is not None
    assert (told.attributes["event_type"], told.attributes["refused_because"]) == ("tag_refused", "unknown")
    assert STRANGE not in str(told.attributes)
    client = await hass_client()
    answer = await client.post("/api/repairs/issues/fix", json={"handler": DOMAIN, "issue_id": issue_id})
    form = await answer.json()
    assert (answer.status, form["description_placeholders"]["tag"]) == (HTTPStatus.OK, STRANGE)
    await client.post(f"/api/repairs/issues/fix/{form['flow_id']}", json={"name": "Sam"})
    assert (DOMAIN, issue_id) not in ir.async_get(hass).issues
    world.ocpp.client.present_tag(STRANGE)
    await until(lambda: world.ocpp.client.transaction is not None)


@pytest.mark.parametrize("world", [OCPP], indirect=True)
async def test_the_offer_goes_when_the_tag_is_listed_otherwise(world: World) -> None:
    await tags_are_required(world)
    await world.plug_in()
    world.ocpp.client.present_tag(STRANGE)
    issue = (DOMAIN, f"unknown_tag_{world.entry.entry_id}")
    await until(lambda: issue in ir.async_get(world.hass).issues)
    await list_tag(world)
    assert issue not in ir.async_get(world.hass).issues


async def list_tag(world: World) -> None:
    await world.hass.services.async_call(DOMAIN, "set_tag", {"tag": STRANGE}, blocking=True)
