"""What the owner asks for by hand, from the entity to what the charger is asked."""

import asyncio
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.chargers.charger import ChargerRefused
from custom_components.smart_charge.charging.model import ConnectorStatus, PilotState
from custom_components.smart_charge.const import CONF_MODE
from custom_components.smart_charge.owner import async_charge_now, async_stop

from .shell import CHARGING, IDLE, PEAK, PLUGGED_IN, FakeCharger, after, at, call, set_up_fake, settle, shown

WHY = "sensor.garage_why"
CHARGE_NOW = "switch.garage_charge_now"
PROBLEM = "binary_sensor.garage_problem"
STOP = "switch.garage_stop_charging"
LOCK = "switch.garage_safety_lock"


@pytest.fixture
async def plugged_in(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> MockConfigEntry:
    charger.say(**PLUGGED_IN, import_wh=5_000_000)
    await settle(hass)
    return entry


def attributes(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    state = hass.states.get(entity_id)
    assert state is not None
    return dict(state.attributes)


@pytest.mark.requirement("10.4")
async def test_stop_and_charge_now_are_never_both_on(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    await call(hass, "turn_on", STOP)
    assert (shown(hass, CHARGE_NOW), shown(hass, STOP), charger.asked[-1]) == ("off", "on", 0.0)
    assert shown(hass, WHY) == "stopped"
    await call(hass, "turn_off", CHARGE_NOW)
    assert shown(hass, STOP) == "on"
    await call(hass, "turn_on", CHARGE_NOW)
    assert (shown(hass, CHARGE_NOW), shown(hass, STOP), charger.asked[-1]) == ("on", "off", 32.0)


@pytest.mark.requirement("11.5")
async def test_resuming_charges_again_at_once(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    plugged_in.runtime_data.change_options({CONF_MODE: "always"})
    await call(hass, "press", "button.garage_skip_delay")
    await call(hass, "turn_on", STOP)
    assert charger.asked[-1] == 0.0
    await call(hass, "turn_off", STOP)
    assert (charger.asked[-1], shown(hass, WHY)) == (32.0, "whenever_plugged_in")


@pytest.mark.requirement("10.4")
async def test_until_when_is_said(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    ends_at = PEAK + timedelta(hours=2)
    await async_charge_now(plugged_in.runtime_data, ends_at=ends_at)
    await settle(hass)
    assert attributes(hass, WHY)["sentence"] == "Charging now, until 20:00"
    assert attributes(hass, CHARGE_NOW)["until"] == ends_at
    await async_stop(plugged_in.runtime_data, ends_at=ends_at + timedelta(days=1))
    await settle(hass)
    assert attributes(hass, WHY)["sentence"] == "Stopped by you, until tomorrow 20:00"
    assert attributes(hass, STOP)["until"] == ends_at + timedelta(days=1)


@pytest.mark.requirement("11.1")
async def test_the_end_of_a_time_waits_for_the_delay(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await async_charge_now(plugged_in.runtime_data, ends_at=PEAK + timedelta(hours=1))
    await at(hass, freezer, PEAK + timedelta(hours=1))
    assert (shown(hass, CHARGE_NOW), shown(hass, WHY), charger.asked[-1]) == ("off", "delayed_stop", 32.0)
    await after(hass, freezer, seconds=300)
    assert charger.asked[-1] == 0.0


async def test_what_is_left_of_an_amount_is_written_once_for_each_tenth_of_a_kilowatt_hour(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await async_charge_now(plugged_in.runtime_data, energy_wh=2_000)
    charger.say(**CHARGING)
    await settle(hass)
    written = set()
    for second in range(0, 60, 5):
        freezer.tick(5)
        charger.say(import_wh=5_000_000 + 2 * second)
        await settle(hass)
        written.add(attributes(hass, CHARGE_NOW)["energy_left"])
    assert written == {2.0, 1.9}


@pytest.mark.requirement("10.4")
async def test_an_amount_ends_when_the_meter_says_so(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await async_charge_now(plugged_in.runtime_data, energy_wh=2_000)
    charger.say(**CHARGING)
    await after(hass, freezer, minutes=10)
    charger.say(import_wh=5_001_200)
    await settle(hass)
    assert attributes(hass, CHARGE_NOW)["energy_left"] == 0.8
    assert attributes(hass, WHY)["sentence"] == "Charging now, up to the amount you asked for"
    await after(hass, freezer, minutes=7)
    charger.say(import_wh=5_002_000)
    await settle(hass)
    assert (shown(hass, CHARGE_NOW), shown(hass, WHY)) == ("off", "delayed_stop")


@pytest.mark.requirement("11.9")
async def test_a_stop_until_a_time_survives_a_restart(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    ends_at = PEAK + timedelta(hours=8)
    await async_stop(plugged_in.runtime_data, ends_at=ends_at)
    await hass.config_entries.async_unload(plugged_in.entry_id)
    await set_up_fake(hass, charger, plugged_in)
    assert attributes(hass, STOP)["until"] == ends_at
    assert shown(hass, WHY) == "stopped"


async def test_a_stop_without_a_link_is_told_and_holds_on_return(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    charger.is_online = False
    charger.tell()
    await settle(hass)
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "turn_on", STOP)
    assert raised.value.translation_key == "stops_later"
    charger.is_online = True
    charger.say()
    await settle(hass)
    assert (shown(hass, STOP), charger.asked[-1]) == ("on", 0.0)


async def test_charge_now_stands_where_it_charges_though_the_rate_is_refused(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    charger.error = ChargerRefused("no way to say a setpoint is left")
    charger.say(**CHARGING, setpoint_a=None, offered_a=None)
    await call(hass, "turn_on", CHARGE_NOW)
    assert shown(hass, CHARGE_NOW) == "on"
    assert (shown(hass, PROBLEM), shown(hass, WHY)) == ("on", "rate_refused")
    assert attributes(hass, WHY)["sentence"] == "Charging, but the charge point refuses the rate it is asked for"


async def test_a_refused_rate_is_a_problem_until_it_is_taken(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.error = ChargerRefused("Rejected")
    charger.say(**CHARGING, setpoint_a=None, offered_a=32.0)
    await call(hass, "turn_on", CHARGE_NOW)
    await after(hass, freezer, seconds=20)
    charger.say(power_w=7100.0)
    await settle(hass)
    assert shown(hass, PROBLEM) == "on"
    charger.error = None
    await after(hass, freezer, minutes=5)
    await after(hass, freezer, seconds=5)
    charger.say(power_w=7000.0)
    await settle(hass)
    assert (shown(hass, PROBLEM), shown(hass, WHY)) == ("off", "charging_now")


async def test_a_refusal_soon_after_a_pause_was_taken_withdraws_charge_now(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.is_obedient = False
    await call(hass, "turn_on", CHARGE_NOW)
    charger.say(**CHARGING, setpoint_a=None, offered_a=None)
    await call(hass, "turn_on", STOP)
    await after(hass, freezer, seconds=2)
    charger.say(power_w=3000.0)  # falling
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "turn_on", CHARGE_NOW)
    assert raised.value.translation_key == "refused"
    assert (shown(hass, STOP), shown(hass, CHARGE_NOW)) == ("on", "off")


async def test_what_the_charge_point_does_after_the_refusal_is_waited_for(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    charger.error = ChargerRefused("Rejected")
    charger.say(pilot=PilotState.B, status=ConnectorStatus.PREPARING, setpoint_a=None, offered_a=None)
    asking = hass.async_create_task(call(hass, "turn_on", CHARGE_NOW))
    for _ in range(20):
        await asyncio.sleep(0)
    assert not asking.done()
    charger.say(**CHARGING)
    await asking
    assert shown(hass, CHARGE_NOW) == "on"


async def test_a_refusal_that_nothing_explains_withdraws_charge_now_in_the_end(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("custom_components.smart_charge.asking.NEWS_WITHIN_S", 0)
    charger.error = ChargerRefused("Rejected")
    charger.say(pilot=PilotState.B, status=ConnectorStatus.PREPARING, setpoint_a=None, offered_a=None)
    with pytest.raises(HomeAssistantError):
        await call(hass, "turn_on", CHARGE_NOW)
    assert shown(hass, CHARGE_NOW) == "off"


async def test_a_charge_point_that_takes_less_charges_now_all_the_same(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    charger.error = ChargerRefused("told 32 and holds 16")
    charger.say(setpoint_a=16.0, offered_a=16.0)
    await call(hass, "turn_on", CHARGE_NOW)
    assert shown(hass, CHARGE_NOW) == "on"
    assert charger.asked[-1] == 32.0


async def test_a_refused_charge_now_leaves_the_stop_standing(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    await call(hass, "turn_on", STOP)
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "turn_on", CHARGE_NOW)
    assert raised.value.translation_key == "refused"
    assert (shown(hass, STOP), shown(hass, CHARGE_NOW), charger.asked[-1]) == ("on", "off", 0.0)


@pytest.mark.parametrize("entity_id", [STOP, CHARGE_NOW])
async def test_a_refused_end_reaches_the_person(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, entity_id: str
) -> None:
    plugged_in.runtime_data.change_options({CONF_MODE: "always" if entity_id == STOP else "off"})
    await call(hass, "turn_on", entity_id)
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "turn_off", entity_id)
    assert raised.value.translation_key == "refused"


async def test_a_refused_stop_reaches_the_person_and_is_asked_again(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError):
        await call(hass, "turn_on", STOP)
    charger.error = None
    await after(hass, freezer, seconds=15)
    assert (shown(hass, STOP), charger.asked[-2:]) == ("on", [0.0, 0.0])


@pytest.mark.requirement("8.1")
async def test_the_safety_lock_stops_at_once_and_refuses_the_override(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    await call(hass, "turn_on", LOCK)
    assert (charger.asked[-1], shown(hass, WHY), shown(hass, LOCK)) == (0.0, "safety_lock", "on")
    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, "turn_on", CHARGE_NOW)
    assert raised.value.translation_key == "safety_lock"
    await call(hass, "turn_off", LOCK)
    assert shown(hass, WHY) == "delayed_start"


@pytest.mark.requirement("8.1")
async def test_a_safety_lock_that_the_charge_point_refuses_is_told_and_stays_on(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError):
        await call(hass, "turn_on", LOCK)
    assert (shown(hass, LOCK), plugged_in.options["safety_lock"]) == ("on", True)


@pytest.mark.requirement("10.4")
async def test_charge_now_is_for_the_vehicle_that_is_there(
    hass: HomeAssistant, charger: FakeCharger, plugged_in: MockConfigEntry
) -> None:
    await async_charge_now(plugged_in.runtime_data, ends_at=dt_util.utcnow() + timedelta(hours=3))
    charger.say(**IDLE)
    await settle(hass)
    assert shown(hass, CHARGE_NOW) == "off"
