"""What can be said to Assist: the switches answer to their names, and sentences of our own say more."""

from typing import Any

import pytest

pytest.importorskip("hassil", reason="Assist understands sentences with packages that are not installed here")

from homeassistant.components import conversation
from homeassistant.components.homeassistant.exposed_entities import async_expose_entity, async_should_expose
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers import area_registry as ar, device_registry as dr, entity_registry as er, llm
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_MODE, DOMAIN

from .shell import IDLE, PLUGGED_IN, FakeCharger, call, modbus_entry, set_up_fake, settle, shown, until_summed

CHARGE_NOW = "switch.garage_charge_now"
STOP = "switch.garage_stop_charging"
ASSIST = "conversation"

CHARGED_NOW = [
    ("Charge now", "Charging now because you asked for it, until unplugged"),
    ("Start charging the car", "Charging now because you asked for it, until unplugged"),
    ("Charge the car now in the garage", "Charging now because you asked for it, until unplugged"),
    ("Charge the car until I unplug it", "Charging now because you asked for it, until unplugged"),
    ("Charge until 07:00", "Charging now, until tomorrow 07:00"),
    ("Charge my car until 7 a.m.", "Charging now, until tomorrow 07:00"),
    ("charge the car until seven in the morning", "Charging now, until tomorrow 07:00"),
    ("charge until seven", "Charging now, until 19:00"),
    ("Charge the EV until half past nine tonight.", "Charging now, until 21:30"),
    ("Charge for two hours", "Charging now, until 20:00"),
    ("Charge the car for an hour and a half in the garage", "Charging now, until 19:30"),
    ("boost the car for 30 minutes", "Charging now, until 18:30"),
    ("Charge 10 kWh", "Charging now, up to the amount you asked for"),
    ("charge ten kilowatt hours", "Charging now, up to the amount you asked for"),
    ("Charge the car with 7.5 kWh", "Charging now, up to the amount you asked for"),
    ("put another five kilowatt hours into the car", "Charging now, up to the amount you asked for"),
    ("charge for 10 kilowatt hours", "Charging now, up to the amount you asked for"),
]

STOPPED = [
    ("Stop charging", "Stopped by you"),
    ("Stop charging the car", "Stopped by you"),
    ("pause charging for two hours", "Stopped by you, until 20:00"),
    ("Stop charging until 6 in the morning", "Stopped by you, until tomorrow 06:00"),
    ("Stop charging the car until it is unplugged", "Stopped by you"),
]

CALLED = [
    ("Loopback Motors Wall One", "the Wall One"),
    ("Loopback Motors Wall One", "Loopback Motors Wall One"),
    ("Alfen NV NG910-60023", "Alfen NV NG910-60023"),
    ("Alfen NV NG910-60023", "the NG910-60023"),
    ("Alfen NV NG910-60023", "alfen nv ng910 60023"),
    ("The Drive", "the drive"),
    ("Zoë's charge point", "Zoë's charge point"),
    ("Zoë's charge point", "Zoë\u2019s"),
    ("Große Tür", "the große Tür"),
    ("Mum & Dad (left)", "Mum and Dad left"),
    ("Mum & Dad (left)", "mum & dad left"),
    ("Box [2] | <b>", "box 2"),
    ("22 Acacia Avenue", "acacia avenue"),
    ("Morning Garage", "the morning garage"),
]


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
async def test_charge_now_is_said(hass: HomeAssistant, charger: FakeCharger) -> None:
    for sentence in (
        "turn on charge now", "turn on Garage charge now", "switch on the charge now", "turn charge now on",
    ):  # fmt: skip
        await say(hass, sentence)
        assert (shown(hass, CHARGE_NOW), charger.asked[-1]) == ("on", 32.0), sentence
        await call(hass, "turn_off", CHARGE_NOW)


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


@pytest.mark.usefixtures("assist")
@pytest.mark.requirement("10.4")
async def test_charge_now_is_said_with_its_end(hass: HomeAssistant, charger: FakeCharger) -> None:
    for sentence, answer in CHARGED_NOW:
        assert await say(hass, sentence) == answer, sentence
        assert (shown(hass, CHARGE_NOW), charger.asked[-1]) == ("on", 32.0), sentence
        await call(hass, "turn_off", CHARGE_NOW)


@pytest.mark.usefixtures("assist")
@pytest.mark.requirement("10.4")
async def test_the_amount_that_is_said_is_what_is_charged(hass: HomeAssistant) -> None:
    await say(hass, "Charge 12.5 kWh")
    assert attribute(hass, CHARGE_NOW, "energy_left") == 12.5


@pytest.mark.usefixtures("assist")
@pytest.mark.requirement("10.6")
async def test_a_stop_is_said_with_its_end(hass: HomeAssistant, charger: FakeCharger) -> None:
    for sentence, answer in STOPPED:
        await say(hass, "charge now")
        assert await say(hass, sentence) == answer, sentence
        assert (shown(hass, STOP), charger.asked[-1]) == ("on", 0.0), sentence


@pytest.mark.usefixtures("assist")
async def test_a_stop_until_unplugged_is_over_with_the_vehicle(hass: HomeAssistant, charger: FakeCharger) -> None:
    await say(hass, "stop charging until I unplug the car")
    charger.say(**IDLE)
    await settle(hass)
    assert shown(hass, STOP) == "off"


@pytest.mark.usefixtures("assist")
async def test_it_is_charged_as_usual_again(hass: HomeAssistant, charger: FakeCharger) -> None:
    await say(hass, "charge now")
    assert await say(hass, "Charge the car as usual") == "Waiting for default hours, opens 22:00"
    assert (shown(hass, CHARGE_NOW), charger.asked[-1]) == ("off", 0.0)


@pytest.mark.usefixtures("assist")
@pytest.mark.requirement("11.5")
async def test_the_delay_is_skipped_by_voice(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> None:
    assert await say(hass, "skip the delay") == "No random delay is running, so there is nothing to skip"
    entry.runtime_data.change_options({CONF_MODE: "always"})
    await settle(hass)
    assert (await say(hass, "why is the car not charging")).startswith("A random delay holds charging back, starts")
    assert await say(hass, "Skip the delay") == "Charging is allowed whenever plugged in"
    assert charger.asked[-1] == 32.0


@pytest.mark.usefixtures("assist")
async def test_why_is_asked(hass: HomeAssistant) -> None:
    for sentence in (
        "Why is my car not charging?",
        "why isn't the car charging",
        "is the car charging",
        "when will the car be ready",
    ):
        assert await say(hass, sentence) == "Waiting for default hours, opens 22:00", sentence


@pytest.mark.usefixtures("assist")
async def test_when_the_car_should_be_ready_is_said(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert (await say(hass, "have the car ready by half past six")).startswith("Ready by 06:30. It counts when")
    entry.runtime_data.change_options({CONF_MODE: "cheapest"})
    assert await say(hass, "Charge the car by 8") == "Ready by 08:00"
    assert shown(hass, "time.garage_ready_by") == "08:00:00"


@pytest.mark.usefixtures("assist")
async def test_the_energy_of_the_month_is_asked(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await until_summed(hass, entry)
    assert await say(hass, "how much has the car used this month") == "0.0 kWh this month"


@pytest.mark.usefixtures("assist")
@pytest.mark.requirement("8.1")
async def test_a_refusal_is_said(hass: HomeAssistant, charger: FakeCharger) -> None:
    await call(hass, "turn_on", "switch.garage_safety_lock")
    assert "safety lock" in await say(hass, "charge for two hours")
    assert shown(hass, CHARGE_NOW) == "off"


@pytest.mark.usefixtures("assist")
async def test_what_is_not_understood_changes_nothing(hass: HomeAssistant, charger: FakeCharger) -> None:
    assert (await say(hass, "charge the car until the cows come home")).startswith("I did not understand")
    assert (shown(hass, CHARGE_NOW), charger.asked[-1]) == ("off", 0.0)


@pytest.mark.usefixtures("assist")
async def test_without_a_vehicle_it_is_said_that_it_waits_for_one(hass: HomeAssistant, charger: FakeCharger) -> None:
    charger.say(**IDLE)
    await settle(hass)
    assert (await say(hass, "charge now")).startswith("No vehicle is plugged in")
    assert shown(hass, CHARGE_NOW) == "on"


@pytest.mark.usefixtures("assist")
async def test_with_two_charge_points_the_one_with_a_vehicle_is_meant(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    other = await second_charge_point(hass)
    assert await say(hass, "charge now") == "Charging now because you asked for it, until unplugged"
    other.say(**PLUGGED_IN)
    await settle(hass)
    assert await say(hass, "charge for two hours") == "Which charge point? I know Garage / Drive"
    assert await say(hass, "charge for two hours on the drive") == "Charging now, until 20:00"
    hass.config_entries.async_update_entry(hass.config_entries.async_get_entry("01SECOND"), title="Long Drive")
    assert await say(hass, "charge for three hours on the drive") == "Charging now, until 21:00"
    hass.config_entries.async_update_entry(hass.config_entries.async_get_entry("01SECOND"), title="Drive")
    assert (await say(hass, "charge for three hours in the shed")).startswith("There is no charge point called shed")
    assert await say(hass, "charge now in the shed") == "There is no charge point called shed. I know Garage / Drive"
    assert await say(hass, "stop charging") == "Garage: Stopped by you. Drive: Stopped by you"
    assert (charger.asked[-1], other.asked[-1]) == (0.0, 0.0)


@pytest.mark.usefixtures("assist")
async def test_the_room_is_a_name_too(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> None:
    other = await second_charge_point(hass)
    other.say(**PLUGGED_IN)
    await settle(hass)
    devices, area = dr.async_get(hass), ar.async_get(hass).async_create("Carport")
    device = dr.async_entries_for_config_entry(devices, entry.entry_id)[0]
    devices.async_update_device(device.id, area_id=area.id)
    await say(hass, "charge now in the carport")
    assert shown(hass, CHARGE_NOW) == "on"
    assert shown(hass, "switch.drive_charge_now") == "off"


@pytest.mark.usefixtures("assist")
@pytest.mark.requirement("10.4")
async def test_a_charge_point_is_called_by_its_name_in_the_place_of_the_car(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = await second_charge_point(hass)
    other.say(**PLUGGED_IN)
    for title, called in CALLED:
        hass.config_entries.async_update_entry(entry, title=title)
        await settle(hass)
        assert await say(hass, f"charge {called} until 7 in the morning") == "Charging now, until tomorrow 07:00"
        assert await say(hass, f"Charge {called} with 10 kWh.") == "Charging now, up to the amount you asked for"
        assert await say(hass, f"charge {called} for two hours") == "Charging now, until 20:00"
        assert await say(hass, f"stop charging {called}") == "Stopped by you"
        assert await say(hass, f"why is {called} not charging?") == "Stopped by you"
        assert await say(hass, f"resume charging {called}") == "Waiting for default hours, opens 22:00"
        assert await say(hass, f"charge {called} now") == "Charging now because you asked for it, until unplugged"
        assert (charger.asked[-1], set(other.asked)) == (32.0, {0.0})


@pytest.mark.usefixtures("assist")
async def test_aliases_rooms_and_given_names_are_names_too(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = await second_charge_point(hass)
    other.say(**PLUGGED_IN)
    areas, devices, entities = ar.async_get(hass), dr.async_get(hass), er.async_get(hass)
    area = areas.async_create("Carport", aliases={"under the roof"})
    device = dr.async_entries_for_config_entry(devices, entry.entry_id)[0]
    devices.async_update_device(device.id, area_id=area.id, name_by_user="Old Betsy")
    entities.async_update_entity(CHARGE_NOW, aliases=[er.COMPUTED_NAME, "Zippy 3"])
    await settle(hass)
    for called in ("the carport", "old betsy", "Betsy", "zippy 3"):
        assert await say(hass, f"stop charging {called}") == "Stopped by you"
        assert await say(hass, f"charge {called} for two hours") == "Charging now, until 20:00"
    assert await say(hass, "charge for one hour under the roof") == "Charging now, until 19:00"
    assert await say(hass, "charge now in the zippy 3") == "Charging now because you asked for it, until unplugged"
    assert set(other.asked) == {0.0}


@pytest.mark.usefixtures("assist")
async def test_a_name_is_no_time_and_no_amount(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for title in ("22", "The Car", "Charge now", "Tonight"):
        hass.config_entries.async_update_entry(entry, title=title)
        await settle(hass)
        assert await say(hass, "charge the car until 10 tonight") == "Charging now, until 22:00"
        assert await say(hass, "charge 22 kWh") == "Charging now, up to the amount you asked for"


@pytest.mark.usefixtures("assist")
async def test_what_the_owner_does_not_expose_is_not_spoken_of(hass: HomeAssistant, charger: FakeCharger) -> None:
    async_expose_entity(hass, ASSIST, CHARGE_NOW, False)
    assert await say(hass, "charge for two hours") == "There is no charge point that I may be asked about"
    assert charger.asked[-1] == 0.0


@pytest.mark.usefixtures("assist")
async def test_a_language_model_gets_the_same_as_tools(hass: HomeAssistant, charger: FakeCharger) -> None:
    assert await async_setup_component(hass, "llm", {})
    context = llm.LLMContext(platform="test", context=Context(), language="en", assistant=ASSIST, device_id=None)
    api = await llm.async_get_api(hass, llm.LLM_API_ASSIST, context)
    mine = {tool.name for tool in api.tools if tool.name.startswith("smart_charge__")}
    assert "smart_charge__SmartChargeNow" in mine
    arguments = {"until": "07:00"}
    result = await api.async_call_tool(llm.ToolInput(tool_name="smart_charge__SmartChargeNow", tool_args=arguments))
    assert "Charging now, until tomorrow 07:00" in str(result)
    assert charger.asked[-1] == 32.0


async def second_charge_point(hass: HomeAssistant) -> FakeCharger:
    other = FakeCharger()
    terms = {"unique_id": "second", "entry_id": "01SECOND", "options": {"default_hours": []}}
    await set_up_fake(hass, other, MockConfigEntry(domain=DOMAIN, title="Drive", data=modbus_entry().data, **terms))
    other.say(**IDLE)
    await settle(hass)
    return other


def attribute(hass: HomeAssistant, entity_id: str, name: str) -> Any:
    state = hass.states.get(entity_id)
    assert state is not None
    return state.attributes[name]
