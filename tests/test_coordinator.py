import asyncio
from collections.abc import Generator
from datetime import timedelta
import logging
from typing import Any
from unittest.mock import PropertyMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.smart_charge.chargers.charger import (
    Capabilities,
    ChargerError,
    ChargerMisunderstood,
    ChargerNotPermitted,
    ChargerRefused,
    ChargerTimedOut,
)
from custom_components.smart_charge.charging.model import ConnectorStatus, Fault, PilotState
from custom_components.smart_charge.const import CONF_MODE

from .shell import (
    CHARGING,
    IDLE,
    NIGHTS,
    OPENS,
    PEAK,
    PLUGGED_IN,
    FakeCharger,
    after,
    at,
    call,
    modbus_entry,
    set_up_fake,
    settle,
    shown,
    until_summed,
)

WHY = "sensor.garage_why"
SETPOINT = "sensor.garage_current_asked_for"
PROBLEM = "binary_sensor.garage_problem"
CHARGE_NOW = "switch.garage_charge_now"
SKIP = "button.garage_skip_delay"
HALF = timedelta(seconds=300)  # what dice that show 0.5 make of 0 to 600 s


@pytest.fixture
def all_enabled() -> Generator[None]:
    """Entities that are off by default too."""
    switch = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with patch(switch, new_callable=PropertyMock, return_value=True):
        yield


async def _plug_in(hass: HomeAssistant, charger: FakeCharger) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("11.1")
async def test_charging_waits_for_default_hours_plus_a_random_delay(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    assert shown(hass, WHY) == "waiting_for_default_hours"
    assert set(charger.asked) == {0.0}
    await at(hass, freezer, OPENS)
    assert shown(hass, WHY) == "delayed_start"
    assert dt_util.parse_datetime(shown(hass, "sensor.garage_delay_ends")) == OPENS + HALF
    assert charger.asked[-1] == 0.0
    await at(hass, freezer, OPENS + HALF)
    assert shown(hass, WHY) == "in_default_hours"
    assert charger.asked[-1] == 32.0


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("11.5")
async def test_skip_delay_starts_at_once(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    await at(hass, freezer, OPENS)
    await call(hass, "press", SKIP)
    assert charger.asked[-1] == 32.0


@pytest.mark.usefixtures("entry")
async def test_skipping_when_no_delay_runs_is_said(hass: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, "press", SKIP)
    assert raised.value.translation_key == "no_delay_runs"


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("10.4")
async def test_charge_now_charges_at_peak_until_unplugged(hass: HomeAssistant, charger: FakeCharger) -> None:
    await _plug_in(hass, charger)
    await call(hass, "turn_on", CHARGE_NOW)
    assert charger.asked[-1] == 32.0
    assert shown(hass, WHY) == "charging_now"
    charger.say(**IDLE)
    await settle(hass)
    assert shown(hass, CHARGE_NOW) == "off"
    assert charger.asked[-1] == 0.0


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("11.5")
async def test_charge_now_off_goes_back_to_the_hours_at_once(hass: HomeAssistant, charger: FakeCharger) -> None:
    await _plug_in(hass, charger)
    await call(hass, "turn_on", CHARGE_NOW)
    await call(hass, "turn_off", CHARGE_NOW)
    assert shown(hass, WHY) == "waiting_for_default_hours"
    assert charger.asked[-1] == 0.0


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("8.1")
@pytest.mark.parametrize(
    "facts",
    [
        {"fault": Fault(code="GroundFailure")},
        {"status": ConnectorStatus.FAULTED},
        {"status": None, "pilot": PilotState.E},
    ],
)
async def test_charge_now_is_refused_while_there_is_a_fault(
    hass: HomeAssistant, charger: FakeCharger, facts: dict[str, Any]
) -> None:
    charger.say(**PLUGGED_IN | facts)
    await settle(hass)
    asked = list(charger.asked)
    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, "turn_on", CHARGE_NOW)
    assert raised.value.translation_key == "charger_fault"
    assert charger.asked == asked
    assert shown(hass, CHARGE_NOW) == "off"
    assert shown(hass, PROBLEM) == "on"


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("8.3")
async def test_skip_delay_is_refused_while_there_is_a_fault(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    await at(hass, freezer, OPENS)
    charger.say(fault=Fault(code="GroundFailure"))
    with pytest.raises(ServiceValidationError) as raised:
        await call(hass, "press", SKIP)
    assert raised.value.translation_key == "charger_fault"


@pytest.mark.parametrize(
    ("error", "key"),
    [
        (ChargerRefused("Rejected"), "refused"),
        (ChargerTimedOut(), "timed_out"),
        (ChargerNotPermitted("licence"), "not_permitted"),
        (ChargerMisunderstood("what"), "misunderstood"),
        (ChargerError("odd"), "failed"),
    ],
)
@pytest.mark.usefixtures("entry")
async def test_a_refused_setpoint_reaches_the_person_who_tapped(
    hass: HomeAssistant, charger: FakeCharger, error: ChargerError, key: str
) -> None:
    await _plug_in(hass, charger)
    charger.error = error
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "turn_on", CHARGE_NOW)
    assert raised.value.translation_key == key
    await settle(hass)
    assert shown(hass, CHARGE_NOW) == "off"
    assert charger.asked[-1] == 0.0


@pytest.mark.usefixtures("entry")
async def test_charge_now_is_refused_while_there_is_no_link(hass: HomeAssistant, charger: FakeCharger) -> None:
    await _plug_in(hass, charger)
    charger.is_online = False
    charger.tell()
    await settle(hass)
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "turn_on", CHARGE_NOW)
    assert raised.value.translation_key == "not_connected"
    assert shown(hass, CHARGE_NOW) == "off"


@pytest.mark.usefixtures("all_enabled", "entry")
async def test_a_newer_setpoint_does_not_wait_for_a_slow_charge_point(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    await _plug_in(hass, charger)
    charger.slow = asyncio.Event()
    tapped = hass.async_create_task(call(hass, "turn_on", CHARGE_NOW))
    await settle_briefly()
    assert charger.asked[-1] == 32.0
    charger.say(fault=Fault(code="OverTemperature"))
    await settle_briefly()
    assert charger.asked[-1] == 0.0
    charger.slow.set()
    await tapped
    assert shown(hass, SETPOINT) == "0.0"


async def settle_briefly() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.usefixtures("entry")
async def test_a_setpoint_that_is_not_followed_is_asked_again_then_reported(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    await _plug_in(hass, charger)
    charger.is_obedient = False
    await call(hass, "turn_on", CHARGE_NOW)
    assert charger.asked.count(32.0) == 1
    for _ in range(3):
        await after(hass, freezer, seconds=5)
        charger.say()
        await settle(hass)
    assert charger.asked.count(32.0) == 2
    assert shown(hass, PROBLEM) == "off"
    for _ in range(5):
        await after(hass, freezer, seconds=5)
        charger.say()
        await settle(hass)
    assert charger.asked.count(32.0) == 3
    assert shown(hass, PROBLEM) == "on"
    assert shown(hass, WHY) == "not_followed"
    assert caplog.text.count("does not follow") == 1
    await after(hass, freezer, seconds=60)
    charger.say()
    await settle(hass)
    assert charger.asked.count(32.0) == 3
    charger.is_obedient = True
    await after(hass, freezer, minutes=5)
    await after(hass, freezer, seconds=5)
    charger.say()
    await settle(hass)
    assert charger.asked.count(32.0) == 4
    assert shown(hass, PROBLEM) == "off"
    assert "follows again" in caplog.text


@pytest.mark.usefixtures("entry")
async def test_a_setpoint_that_is_refused_twice_is_reported(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    charger.error = ChargerRefused("Rejected")
    await at(hass, freezer, OPENS)
    await at(hass, freezer, OPENS + HALF)
    assert charger.asked.count(32.0) == 1
    assert shown(hass, WHY) == "in_default_hours"
    await after(hass, freezer, seconds=15)
    assert charger.asked.count(32.0) == 2
    assert shown(hass, WHY) == "not_followed"


@pytest.mark.usefixtures("entry")
async def test_a_lost_link_is_logged_once_each_way(
    hass: HomeAssistant, charger: FakeCharger, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caplog.clear()
    charger.is_online = False
    for _ in range(3):
        charger.tell()
        await settle(hass)
    assert caplog.text.count("Garage cannot be reached") == 1
    assert shown(hass, "sensor.garage_power") == "unavailable"
    assert shown(hass, "binary_sensor.garage_connectivity") == "off"
    assert shown(hass, WHY) == "not_reachable"
    assert shown(hass, "select.garage_mode") == "default_hours"
    charger.is_online = True
    charger.say()
    await settle(hass)
    assert caplog.text.count("Garage is reached") == 1
    assert shown(hass, WHY) == "not_plugged_in"


@pytest.mark.usefixtures("all_enabled", "entry")
async def test_decisions_go_on_while_the_link_is_lost(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    charger.is_online = False
    charger.tell()
    await settle(hass)
    await at(hass, freezer, OPENS)
    await at(hass, freezer, OPENS + HALF)
    assert shown(hass, SETPOINT) == "32.0"
    charger.is_online = True
    charger.say()
    await settle(hass)
    assert shown(hass, PROBLEM) == "off"


@pytest.mark.usefixtures("entry")
async def test_after_a_long_absence_what_the_charge_point_does_is_in_force(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    charger.is_online = False
    charger.tell()
    await settle(hass)
    await after(hass, freezer, minutes=30)
    charger.is_online = True
    charger.say(**CHARGING, offered_a=32.0, setpoint_a=32.0)
    await settle(hass)
    assert shown(hass, WHY) == "delayed_stop"
    assert charger.asked[-1] == 32.0
    await after(hass, freezer, seconds=300)
    assert charger.asked[-1] == 0.0


@pytest.mark.usefixtures("entry")
@pytest.mark.requirement("11.9")
async def test_power_that_returns_is_followed_by_a_new_delay(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    await at(hass, freezer, OPENS)
    await at(hass, freezer, OPENS + HALF)
    assert charger.asked[-1] == 32.0
    charger.restarts += 1
    charger.say(**PLUGGED_IN, offered_a=0.0, setpoint_a=0.0)
    await settle(hass)
    assert shown(hass, WHY) == "delayed_start"
    assert charger.asked[-1] == 0.0


async def _restart(hass: HomeAssistant, entry: MockConfigEntry, found: FakeCharger) -> None:
    assert await hass.config_entries.async_unload(entry.entry_id)
    await set_up_fake(hass, found, entry)
    await settle(hass)


@pytest.mark.requirement("11.9")
async def test_a_delay_survives_a_restart_of_home_assistant(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    await at(hass, freezer, OPENS)
    await after(hass, freezer, seconds=60)
    found = FakeCharger()
    found.say(**PLUGGED_IN, offered_a=0.0, setpoint_a=0.0)
    await _restart(hass, entry, found)
    assert dt_util.parse_datetime(shown(hass, "sensor.garage_delay_ends")) == OPENS + HALF
    await at(hass, freezer, OPENS + HALF - timedelta(seconds=1))
    assert 32.0 not in found.asked
    await at(hass, freezer, OPENS + HALF)
    assert found.asked[-1] == 32.0


async def test_a_charge_goes_on_over_a_restart_of_home_assistant(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    await call(hass, "turn_on", CHARGE_NOW)
    charger.say(**CHARGING, import_wh=10_000)
    await settle(hass)
    await after(hass, freezer, minutes=6)
    charger.say(import_wh=10_700)
    await settle(hass)
    assert shown(hass, "sensor.garage_session_energy") == "0.7"
    freezer.tick(timedelta(minutes=6))
    found = FakeCharger()
    found.say(**CHARGING, import_wh=11_400, offered_a=31.0, setpoint_a=32.0)
    await _restart(hass, entry, found)
    assert shown(hass, CHARGE_NOW) == "on"
    assert shown(hass, "sensor.garage_session_energy") == "1.4"
    assert shown(hass, "sensor.garage_energy_total") == "11.4"
    assert found.asked == [32.0]


@pytest.mark.requirement("11.1")
async def test_a_rise_from_what_the_charge_point_fell_back_to_waits_for_the_delay(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    await call(hass, "turn_on", CHARGE_NOW)
    charger.say(**CHARGING)
    await settle(hass)
    found = FakeCharger()
    found.say(**CHARGING, offered_a=6.0, setpoint_a=32.0)
    await _restart(hass, entry, found)
    assert shown(hass, WHY) == "delayed_change"
    assert found.asked == [6.0]
    await after(hass, freezer, seconds=600)
    assert found.asked[-1] == 32.0


async def test_after_a_restart_a_vehicle_found_charging_is_stopped_only_after_the_delay(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    found = FakeCharger()
    found.say(**CHARGING, offered_a=16.0, setpoint_a=16.0)
    await _restart(hass, entry, found)
    assert shown(hass, WHY) == "delayed_stop"
    assert found.asked == [16.0]
    await after(hass, freezer, seconds=600)
    assert found.asked[-1] == 0.0


@pytest.mark.usefixtures("entry")
async def test_many_readings_are_one_turn_and_no_decision(hass: HomeAssistant, charger: FakeCharger) -> None:
    charger.say(**CHARGING)
    await settle(hass)
    with patch("custom_components.smart_charge.coordinator.decide") as decide:
        for power in range(7000, 7020):
            charger.say(power_w=float(power))
        await settle(hass)
    decide.assert_not_called()


async def test_readings_each_second_write_no_state_that_did_not_change(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**CHARGING, import_wh=10_000)
    await after(hass, freezer, seconds=1)
    charger.say(import_wh=10_001)
    await settle(hass)
    await until_summed(hass, entry)
    changed = async_capture_events(hass, "state_changed")
    reported: list[Event[Any]] = []

    @callback
    def note(event: Event[Any]) -> None:
        reported.append(event)

    hass.bus.async_listen("state_reported", note, event_filter=callback(lambda _: True))
    for second in range(9):
        await after(hass, freezer, seconds=1)
        charger.say(power_w=7000.0 + second % 3, import_wh=10_002 + 2 * second)
        await settle(hass)
    assert [event.data["entity_id"] for event in changed + reported] == []
    await after(hass, freezer, seconds=2)
    charger.say(power_w=7001.0, import_wh=10_022)
    await settle(hass)
    assert {event.data["entity_id"] for event in changed} == {
        "sensor.garage_power",
        "sensor.garage_session_energy",
        "sensor.garage_energy_total",
    }


@pytest.mark.usefixtures("entry")
async def test_a_jump_of_power_is_written_at_once(hass: HomeAssistant, charger: FakeCharger) -> None:
    charger.say(**CHARGING)
    await settle(hass)
    charger.say(power_w=6000.0)
    await settle(hass)
    assert shown(hass, "sensor.garage_power") == "6000.0"


@pytest.mark.usefixtures("entry")
async def test_a_glitch_of_the_meter_is_not_shown(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    for register in (5_000_000, 0, 5_000_100, 900_000_000, 5_000_200):
        charger.say(import_wh=register)
        await after(hass, freezer, seconds=11)
        assert shown(hass, "sensor.garage_energy_total") in ("5000.0", "5000.1", "5000.2")


@pytest.mark.requirement("7.1")
async def test_default_hours_are_left_behind_at_start_when_changed_and_daily(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    first = len(charger.plans)
    assert first
    plan = charger.plans[-1]
    assert plan.hours is not None
    assert plan.max_a == 32.0
    assert 0 <= plan.draw_s() <= 600
    await call(hass, "turn_off", "switch.garage_default_hours")
    assert len(charger.plans) == first + 1
    assert charger.plans[-1].hours is None
    await at(hass, freezer, PEAK + timedelta(hours=10))
    assert len(charger.plans) == first + 2
    charger.restarts += 1
    charger.tell()
    await settle(hass)
    assert len(charger.plans) == first + 3


async def test_a_charge_point_that_would_stay_off_is_a_repair(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, issue_registry: ir.IssueRegistry
) -> None:
    charger.capabilities = Capabilities(unattended="stays_as_it_was")
    charger.leave_error = ChargerRefused("cannot hold it")
    entry.runtime_data.leave_behind()
    await settle(hass)
    assert issue_registry.async_get_issue("smart_charge", f"stays_off_{entry.entry_id}") is not None
    charger.capabilities = Capabilities(unattended="charges")
    entry.runtime_data.leave_behind()
    await settle(hass)
    assert issue_registry.async_get_issue("smart_charge", f"stays_off_{entry.entry_id}") is None


@pytest.mark.usefixtures("london")
async def test_nothing_is_written_before_the_charge_point_has_been_read(hass: HomeAssistant) -> None:
    charger = FakeCharger()
    charger.is_online = False
    await set_up_fake(hass, charger, modbus_entry(**{CONF_MODE: "always"}))
    await settle(hass)
    assert charger.asked == []
    assert charger.plans == []
    assert shown(hass, WHY) == "not_reachable"
    charger.is_online = True
    charger.say(**IDLE)
    await settle(hass)
    assert charger.asked == [0.0]
    assert len(charger.plans) == 1


@pytest.mark.usefixtures("london")
@pytest.mark.requirement("7.1")
async def test_what_holds_without_us_is_left_with_one_that_was_online_before_it_spoke(hass: HomeAssistant) -> None:
    charger = FakeCharger()
    await set_up_fake(hass, charger)
    await settle(hass)
    assert charger.plans == []
    charger.say(**IDLE)
    await settle(hass)
    assert len(charger.plans) == 1
    charger.say(power_w=1.0)
    await settle(hass)
    assert len(charger.plans) == 1


async def test_the_sentence_names_the_day_when_it_is_not_today(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await _plug_in(hass, charger)
    state = hass.states.get(WHY)
    assert state is not None
    assert state.attributes["sentence"] == "Waiting for default hours, opens 22:00"
    assert state.attributes["until"] == OPENS
    hours = [NIGHTS[0] | {"days": ["tue"]}]
    hass.config_entries.async_update_entry(entry, options={**entry.options, "default_hours": hours})
    await settle(hass)
    assert hass.states.get(WHY).attributes["sentence"] == "Waiting for default hours, opens tomorrow 22:00"
    await at(hass, freezer, PEAK + timedelta(hours=6))
    assert hass.states.get(WHY).attributes["sentence"] == "Waiting for default hours, opens 22:00"
    hours = [NIGHTS[0] | {"days": ["fri"]}]
    hass.config_entries.async_update_entry(entry, options={**entry.options, "default_hours": hours})
    await settle(hass)
    assert hass.states.get(WHY).attributes["sentence"] == "Waiting for default hours, opens Friday 22:00"


async def test_a_new_time_zone_moves_the_hours(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    await _plug_in(hass, charger)
    await hass.config.async_update(time_zone="Europe/Berlin")
    await settle(hass)
    assert hass.states.get(WHY).attributes["until"] == OPENS - timedelta(hours=1)
