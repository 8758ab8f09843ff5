"""What was decided and why, and what demand response did: asked for by action, and shown in the calendar."""

from datetime import datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_MODE, DOMAIN

from .shell import CHARGING, PEAK, PLUGGED_IN, FakeCharger, after, call, set_up_fake, settle

CALENDAR = "calendar.garage_demand_response"
CHARGE_NOW = "switch.garage_charge_now"


async def ask(hass: HomeAssistant, action: str, /, **data: Any) -> Any:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), "01GARAGE")
    answers = action.startswith("get_")
    told = {"device_id": device.id} | data
    return await hass.services.async_call(DOMAIN, action, told, blocking=True, return_response=answers)


@pytest.fixture
async def charging(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """A vehicle that has charged with 30 A on one phase for ten minutes."""
    entry.runtime_data.change_options({CONF_MODE: "always"})
    charger.say(**PLUGGED_IN, import_wh=1_000_000)
    await settle(hass)
    await call(hass, "press", "button.garage_skip_delay")
    charger.say(**CHARGING | {"current_a": (30.0, None, None), "voltage_v": (240.0, None, None), "power_w": 7200.0})
    await settle(hass)
    await after(hass, freezer, minutes=10)
    charger.say(import_wh=1_001_200)
    await settle(hass)
    return entry


PAUSED = {**PLUGGED_IN, "power_w": 0.0, "current_a": (0.0, None, None)}


async def an_hour_off(hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory) -> None:
    await ask(hass, "start_dsr_event", kind="response", duration="01:00:00", event_id="a", source="Octopus")
    charger.say(**PAUSED)
    await settle(hass)
    for _ in range(4):
        await after(hass, freezer, minutes=15)


@pytest.mark.requirement("5.3")
@pytest.mark.usefixtures("charging")
async def test_an_event_is_journalled_with_what_it_moved(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await an_hour_off(hass, charger, freezer)
    (event,) = (await ask(hass, "get_dsr_events"))["events"]
    assert (event["event_id"], event["kind"], event["source"]) == ("a", "response", "Octopus")
    assert (event["energy_expected_kwh"], event["energy_taken_kwh"], event["energy_moved_kwh"]) == (7.2, 0.0, 7.2)
    began = PEAK + timedelta(minutes=10)
    assert datetime.fromisoformat(event["began_at"]) == began
    assert datetime.fromisoformat(event["ended_at"]) == began + timedelta(hours=1)
    assert (event["setpoint"], event["overridden"], event["opted_out_at"]) == (0.0, False, None)


@pytest.mark.requirement("5.3")
@pytest.mark.usefixtures("charging")
async def test_the_calendar_tells_what_an_event_did(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await an_hour_off(hass, charger, freezer)
    (event,) = (
        await hass.services.async_call(
            "calendar",
            "get_events",
            {"entity_id": CALENDAR, "start_date_time": PEAK, "end_date_time": PEAK + timedelta(days=1)},
            blocking=True,
            return_response=True,
        )
    )[CALENDAR]["events"]
    assert event["description"] == "Octopus\n7.20 kWh less taken: 0.00 kWh, and about 7.20 kWh without the event"


@pytest.mark.requirement("10.6")
@pytest.mark.usefixtures("charging")
async def test_an_event_that_the_owner_overrode_says_so(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await ask(hass, "start_dsr_event", kind="response", duration="01:00:00", event_id="a")
    await call(hass, "turn_on", CHARGE_NOW)
    charger.say(**CHARGING | {"current_a": (30.0, None, None)})
    await settle(hass)
    await after(hass, freezer, hours=1)
    (event,) = (await ask(hass, "get_dsr_events"))["events"]
    assert event["overridden"] is True


@pytest.mark.requirement("10.6")
@pytest.mark.usefixtures("charging")
async def test_an_event_that_the_owner_opted_out_of_says_so(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await ask(hass, "start_dsr_event", kind="turn_down", duration="01:00:00", event_id="a")
    await after(hass, freezer, minutes=20)
    await ask(hass, "opt_out_of_dsr_event", event_id="a")
    await settle(hass)
    (event,) = (await ask(hass, "get_dsr_events"))["events"]
    assert datetime.fromisoformat(event["opted_out_at"]) == PEAK + timedelta(minutes=30)


@pytest.mark.requirement("11.9")
async def test_a_restart_within_an_event_loses_no_account(
    hass: HomeAssistant, charger: FakeCharger, charging: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await ask(hass, "start_dsr_event", kind="response", duration="01:00:00", event_id="a")
    charger.say(**PAUSED)
    await after(hass, freezer, minutes=20)
    await hass.config_entries.async_unload(charging.entry_id)
    freezer.tick(timedelta(minutes=10))
    await set_up_fake(hass, charger, charging)
    await settle(hass)
    await after(hass, freezer, minutes=30)
    (event,) = (await ask(hass, "get_dsr_events"))["events"]
    assert event["unwatched_s"] == 600
    assert event["energy_expected_kwh"] == pytest.approx(7.2 * 50 / 60)


@pytest.mark.requirement("5.2")
async def test_decisions_are_returned_with_their_reasons(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await after(hass, freezer, minutes=5)
    await call(hass, "turn_on", CHARGE_NOW)
    answer = await ask(hass, "get_decisions")
    told = [(one["setpoint"], one["reason"], one["set_aside_by"]) for one in answer["decisions"]]
    assert told[-2:] == [(0.0, "waiting_for_default_hours", None), (32.0, "charging_now", "charge_now")]
    assert answer["decisions"][-2]["sentence"] == "Waiting for default hours, opens 22:00"
    assert answer["left_out"] == 0
    since = (PEAK + timedelta(minutes=1)).isoformat()
    later = await ask(hass, "get_decisions", start=since)
    assert [one["reason"] for one in later["decisions"]] == ["charging_now"]


@pytest.mark.parametrize("action", ["get_decisions", "get_dsr_events"])
async def test_a_period_that_ends_before_it_starts_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry, action: str
) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await ask(hass, action, start=PEAK.isoformat(), end=(PEAK - timedelta(hours=1)).isoformat())
    assert raised.value.translation_key == "range_ends_before_start"
