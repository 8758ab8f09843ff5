"""Until when "Charge now" and "Stop" hold, set by the entities of the device page and the dashboard."""

from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.chargers.charger import ChargerRefused
from custom_components.smart_charge.owner import async_charge_now

from .shell import CHARGING, IDLE, PEAK, PLUGGED_IN, FakeCharger, after, at, call, set_up_fake, settle, shown

CHARGE_NOW = "switch.garage_charge_now"
STOP = "switch.garage_stop_charging"
UNTIL = "select.garage_charge_now_or_stop_until"
HOURS = "number.garage_until_hours"
AMOUNT = "number.garage_until_amount"
TIME = "time.garage_until_time"

pytestmark = pytest.mark.requirement("10.4")


@pytest.fixture(autouse=True)
async def plugged_in(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> MockConfigEntry:
    charger.say(**PLUGGED_IN, import_wh=5_000_000)
    await settle(hass)
    return entry


async def choose(hass: HomeAssistant, end: str) -> None:
    await call(hass, "select_option", UNTIL, option=end)


def sentence(hass: HomeAssistant) -> str:
    return str(attribute(hass, "sensor.garage_why", "sentence"))


def attribute(hass: HomeAssistant, entity_id: str, name: str) -> Any:
    state = hass.states.get(entity_id)
    assert state is not None
    return state.attributes[name]


async def test_charge_now_lasts_for_the_hours_chosen(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await call(hass, "set_value", HOURS, value=1.5)
    await choose(hass, "duration")
    assert (shown(hass, CHARGE_NOW), charger.asked[-1:]) == ("off", [0.0])
    await call(hass, "turn_on", CHARGE_NOW)
    assert (sentence(hass), shown(hass, UNTIL)) == ("Charging now, until 19:30", "duration")
    await at(hass, freezer, PEAK + timedelta(minutes=90))
    assert (shown(hass, CHARGE_NOW), shown(hass, UNTIL)) == ("off", "switched_off")


async def test_charge_now_lasts_until_the_time_chosen(hass: HomeAssistant) -> None:
    await call(hass, "set_value", TIME, time="07:30")
    await choose(hass, "time")
    await call(hass, "turn_on", CHARGE_NOW)
    assert sentence(hass) == "Charging now, until tomorrow 07:30"


async def test_charge_now_lasts_up_to_the_amount_chosen(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await call(hass, "set_value", AMOUNT, value=2)
    await choose(hass, "energy")
    await call(hass, "turn_on", CHARGE_NOW)
    assert attribute(hass, CHARGE_NOW, "energy_left") == 2.0
    charger.say(**CHARGING)
    await after(hass, freezer, minutes=17)
    charger.say(import_wh=5_002_000)
    await settle(hass)
    assert (shown(hass, CHARGE_NOW), shown(hass, UNTIL)) == ("off", "switched_off")


@pytest.mark.requirement("10.6")
async def test_a_stop_until_unplugged_is_over_for_the_next_vehicle(hass: HomeAssistant, charger: FakeCharger) -> None:
    await choose(hass, "unplugged")
    await call(hass, "turn_on", STOP)
    assert (shown(hass, STOP), shown(hass, UNTIL)) == ("on", "unplugged")
    charger.say(**IDLE)
    await settle(hass)
    assert (shown(hass, STOP), shown(hass, UNTIL)) == ("off", "switched_off")


async def test_a_stop_without_a_choice_outlasts_the_vehicle(hass: HomeAssistant, charger: FakeCharger) -> None:
    await call(hass, "turn_on", STOP)
    charger.say(**IDLE)
    await settle(hass)
    assert shown(hass, STOP) == "on"


@pytest.mark.requirement("11.5")
async def test_a_stop_lasts_for_the_hours_chosen(hass: HomeAssistant) -> None:
    await choose(hass, "duration")
    await call(hass, "turn_on", STOP)
    assert sentence(hass) == "Stopped by you, until 20:00"


async def test_a_stop_up_to_an_amount_is_refused(hass: HomeAssistant) -> None:
    await choose(hass, "energy")
    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, "turn_on", STOP)
    assert (raised.value.translation_key, shown(hass, STOP)) == ("stop_has_no_amount", "off")


async def test_the_override_that_stands_follows_the_choice(hass: HomeAssistant) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    assert sentence(hass) == "Charging now because you asked for it, until unplugged"
    await choose(hass, "duration")
    assert sentence(hass) == "Charging now, until 20:00"
    await call(hass, "set_value", HOURS, value=3)
    assert sentence(hass) == "Charging now, until 21:00"
    await call(hass, "set_value", TIME, time="23:00")
    assert sentence(hass) == "Charging now, until 21:00"
    await choose(hass, "time")
    assert sentence(hass) == "Charging now, until 23:00"
    await choose(hass, "switched_off")
    assert sentence(hass) == "Charging now because you asked for it, until unplugged"


async def test_what_was_asked_for_by_other_means_is_shown(hass: HomeAssistant, plugged_in: MockConfigEntry) -> None:
    await async_charge_now(plugged_in.runtime_data, ends_at=dt_util.utcnow() + timedelta(hours=3))
    await settle(hass)
    assert (shown(hass, UNTIL), shown(hass, TIME)) == ("time", "21:00:00")
    await async_charge_now(plugged_in.runtime_data, energy_wh=4_000)
    await settle(hass)
    assert (shown(hass, UNTIL), shown(hass, AMOUNT)) == ("energy", "4.0")
    await call(hass, "turn_off", CHARGE_NOW)
    assert (shown(hass, UNTIL), shown(hass, TIME), shown(hass, AMOUNT)) == ("switched_off", "07:00:00", "10.0")


async def test_a_choice_that_the_charge_point_refuses_leaves_what_stands(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    await choose(hass, "duration")
    await call(hass, "turn_on", CHARGE_NOW)
    await call(hass, "turn_on", "switch.garage_safety_lock")
    with pytest.raises(HomeAssistantError) as raised:
        await choose(hass, "time")
    assert (raised.value.translation_key, shown(hass, UNTIL)) == ("safety_lock", "duration")
    assert attribute(hass, CHARGE_NOW, "until") == PEAK + timedelta(hours=2)


async def test_a_refused_tap_keeps_the_choice(hass: HomeAssistant, charger: FakeCharger) -> None:
    await choose(hass, "duration")
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError):
        await call(hass, "turn_on", CHARGE_NOW)
    assert (shown(hass, CHARGE_NOW), shown(hass, UNTIL)) == ("off", "duration")


@pytest.mark.requirement("11.9")
async def test_the_choice_survives_a_restart(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    await call(hass, "set_value", HOURS, value=4)
    await choose(hass, "duration")
    await call(hass, "turn_on", CHARGE_NOW)
    await hass.config_entries.async_unload(plugged_in.entry_id)
    await set_up_fake(hass, charger, plugged_in)
    assert (shown(hass, UNTIL), shown(hass, HOURS)) == ("duration", "4.0")
    assert attribute(hass, CHARGE_NOW, "until") == PEAK + timedelta(hours=4)
