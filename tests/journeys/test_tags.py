"""A charge point that asks for a tag: a person in Home Assistant may do without one (O10)."""

import pytest

from custom_components.smart_charge.const import CONF_START_WITHOUT_TAG
from tests.shell import settle, until

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
    await until(lambda: world.ocpp.client.transaction is not None, 10)
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
    await until(lambda: world.shown("charge_now") == "off", 10)
    await world.plug_in()
    await world.wait(seconds=30)
    assert world.ocpp.client.transaction is None
