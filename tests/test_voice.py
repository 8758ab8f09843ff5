"""What can be said to Assist: the switches answer to their names, and to the charge point's."""

import pytest

pytest.importorskip("hassil", reason="Assist understands sentences with packages that are not installed here")

from homeassistant.components import conversation
from homeassistant.components.homeassistant.exposed_entities import async_should_expose
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN

from .shell import PLUGGED_IN, FakeCharger, modbus_entry, set_up_fake, settle, shown

CHARGE_NOW = "switch.garage_charge_now"
STOP = "switch.garage_stop_charging"
ASSIST = "conversation"


@pytest.fixture
async def assist(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> None:
    """A vehicle plugged in at peak, and somebody who may be spoken to."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    charger.say(**PLUGGED_IN)
    await settle(hass)


async def say(hass: HomeAssistant, sentence: str) -> str:
    """Say it, and return what is answered."""
    answer = await conversation.async_converse(hass, sentence, None, Context(), language="en")
    await settle(hass)
    assert answer.response.error_code is None, answer.response.speech
    return str(answer.response.speech["plain"]["speech"])


@pytest.mark.usefixtures("assist")
@pytest.mark.requirement("10.4")
@pytest.mark.parametrize(
    "sentence", ["turn on charge now", "turn on Garage charge now", "switch on the charge now", "turn charge now on"]
)
async def test_charge_now_is_said(hass: HomeAssistant, charger: FakeCharger, sentence: str) -> None:
    await say(hass, sentence)
    assert (shown(hass, CHARGE_NOW), charger.asked[-1]) == ("on", 32.0)


@pytest.mark.usefixtures("assist")
@pytest.mark.requirement("10.4")
async def test_charge_now_is_taken_back(hass: HomeAssistant, charger: FakeCharger) -> None:
    await say(hass, "turn on charge now")
    await say(hass, "turn off charge now")
    assert (shown(hass, CHARGE_NOW), charger.asked[-1]) == ("off", 0.0)


@pytest.mark.usefixtures("assist")
async def test_stop_is_said(hass: HomeAssistant, charger: FakeCharger) -> None:
    await say(hass, "turn on charge now")
    await say(hass, "turn on stop charging")
    assert (shown(hass, STOP), shown(hass, CHARGE_NOW), charger.asked[-1]) == ("on", "off", 0.0)


@pytest.mark.usefixtures("assist")
async def test_whether_charge_now_is_on_is_asked(hass: HomeAssistant) -> None:
    assert (await say(hass, "is charge now on")).lower().startswith("no")
    await say(hass, "turn on charge now")
    assert (await say(hass, "is charge now on")).lower().startswith("yes")


@pytest.mark.usefixtures("assist")
async def test_the_name_of_the_charge_point_tells_two_apart(hass: HomeAssistant, charger: FakeCharger) -> None:
    other = FakeCharger()
    terms = {"unique_id": "second", "entry_id": "01SECOND", "options": {"default_hours": []}}
    await set_up_fake(hass, other, MockConfigEntry(domain=DOMAIN, title="Drive", data=modbus_entry().data, **terms))
    other.say(**PLUGGED_IN)
    await settle(hass)
    await say(hass, "turn on Drive charge now")
    assert (shown(hass, "switch.drive_charge_now"), shown(hass, CHARGE_NOW)) == ("on", "off")
    await say(hass, "turn on charge now")
    assert shown(hass, CHARGE_NOW) == "on"


@pytest.mark.usefixtures("assist")
async def test_only_what_is_harmless_is_exposed_unasked(hass: HomeAssistant) -> None:
    switches = [item.entity_id for item in er.async_get(hass).entities.values() if item.domain == "switch"]
    exposed = {entity_id for entity_id in switches if async_should_expose(hass, ASSIST, entity_id)}
    assert exposed == {CHARGE_NOW, STOP}
