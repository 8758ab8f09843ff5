"""Demand response and overrides by action and by calendar, and at the charge point within two seconds."""

import asyncio
from datetime import timedelta
import logging
from time import monotonic
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import device_registry as dr
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.smart_charge.calendar import asked_in
from custom_components.smart_charge.chargers.charger import ChargerRefused
from custom_components.smart_charge.charging.demand_response import MOST_EVENTS
from custom_components.smart_charge.charging.model import DsrKind
from custom_components.smart_charge.const import CONF_MODE, DOMAIN
from simulator import ModbusCharger, OcppCharger
from tests.waiting import until

from .shell import (
    CHARGING,
    OPENS,
    PEAK,
    PLUGGED_IN,
    FakeCharger,
    after,
    at,
    call,
    modbus_entry,
    ocpp_entry,
    set_up,
    set_up_fake,
    settle,
    shown,
)

WHY = "sensor.garage_why"
CALENDAR = "calendar.garage_demand_response"
OPT_OUT = "switch.garage_demand_response_opt_out"


def device_id(hass: HomeAssistant, entry_id: str = "01GARAGE") -> str:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry_id)
    return device.id


async def do(hass: HomeAssistant, action: str, /, **data: Any) -> Any:
    data = {"device_id": device_id(hass)} | data
    answers = action == "start_dsr_event"
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=answers)


def attributes(hass: HomeAssistant, entity_id: str) -> dict[str, Any]:
    state = hass.states.get(entity_id)
    assert state is not None
    return dict(state.attributes)


@pytest.fixture
async def charging(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """A vehicle that charges whenever it is plugged in."""
    entry.runtime_data.change_options({CONF_MODE: "always"})
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await call(hass, "press", "button.garage_skip_delay")
    charger.say(**CHARGING)
    await settle(hass)
    assert charger.asked[-1] == 32.0
    return entry


# Overrides by action


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("10.4")
@pytest.mark.parametrize(
    ("action", "data", "sentence"),
    [
        ("charge_now", {}, "Charging now because you asked for it, until unplugged"),
        ("charge_now", {"duration": {"minutes": 90}}, "Charging now, until 19:30"),
        ("charge_now", {"until": "07:30:00"}, "Charging now, until tomorrow 07:30"),
        ("charge_now", {"until": "2026-11-25 06:00:00"}, "Charging now, until Wednesday 06:00"),
        ("charge_now", {"energy_kwh": 7.5}, "Charging now, up to the amount you asked for"),
        ("stop_charging", {}, "Stopped by you"),
        ("stop_charging", {"duration": "01:00:00"}, "Stopped by you, until 19:00"),
        ("stop_charging", {"until": "18:30:00"}, "Stopped by you, until 18:30"),
        ("stop_charging", {"until_unplugged": True}, "Stopped by you"),
    ],
)
async def test_an_action_overrides_until_what_it_says(
    hass: HomeAssistant, action: str, data: dict[str, Any], sentence: str
) -> None:
    await do(hass, action, **data)
    await settle(hass)
    assert attributes(hass, WHY)["sentence"] == sentence
    await do(hass, "resume")
    await settle(hass)
    assert shown(hass, WHY) == "whenever_plugged_in"


@pytest.mark.usefixtures("charging")
@pytest.mark.parametrize(
    ("action", "data", "key"),
    [
        ("charge_now", {"duration": "01:00:00", "until": "07:30:00"}, "one_end_only"),
        ("charge_now", {"duration": "01:00:00", "energy_kwh": 3}, "one_end_only"),
        ("stop_charging", {"until": "07:30:00", "until_unplugged": True}, "one_end_only"),
        ("charge_now", {"duration": "00:00:00"}, "end_is_past"),
        ("stop_charging", {"until": "2026-11-23 17:59:59"}, "end_is_past"),
        ("stop_charging", {"until": "2027-11-23 17:59:59"}, "end_too_far"),
    ],
)
async def test_an_end_that_cannot_be_meant_is_refused(
    hass: HomeAssistant, action: str, data: dict[str, Any], key: str
) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await do(hass, action, **data)
    assert raised.value.translation_key == key
    assert shown(hass, WHY) == "whenever_plugged_in"


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("8.2")
async def test_an_action_is_refused_while_the_safety_lock_is_on(hass: HomeAssistant) -> None:
    await call(hass, "turn_on", "switch.garage_safety_lock")
    with pytest.raises(ServiceValidationError) as raised:
        await do(hass, "charge_now", duration="01:00:00")
    assert raised.value.translation_key == "safety_lock"


# Events by action


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("5.3")
async def test_an_event_is_taken_up_and_named(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = await do(hass, "start_dsr_event", limit_a=10, duration="01:00:00", source="Ann's aggregator")
    assert answer["charge_points"] == [{"name": "Garage", "setpoint": 32.0, "error": None}]
    assert shown(hass, WHY) == "delayed_change"
    await after(hass, freezer, minutes=10)
    assert (charger.asked[-1], shown(hass, WHY)) == (10.0, "demand_response")
    assert attributes(hass, WHY)["sentence"] == "The electricity system asks for less, until 19:00"
    (line,) = (record.getMessage() for record in caplog.records if answer["event_id"] in record.getMessage())
    assert line == (
        f"Garage: demand response event {answer['event_id']} (turn_down, 10 A)"
        " from 2026-11-23T18:00:00+00:00 to 2026-11-23T19:00:00+00:00"
    )
    await do(hass, "end_dsr_event", event_id=answer["event_id"])
    assert shown(hass, WHY) == "delayed_change"
    await after(hass, freezer, minutes=10)
    assert charger.asked[-1] == 32.0


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("11.7")
async def test_a_response_is_at_once_when_it_begins_when_it_changes_and_when_it_ends(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    for limit_a in (0, 16, 6):
        await do(hass, "start_dsr_event", kind="response", limit_a=limit_a, duration="00:30:00", event_id="ffr")
        assert charger.asked[-1] == limit_a
    await do(hass, "end_dsr_event", event_id="ffr")
    assert charger.asked[-1] == 32.0


@pytest.mark.requirement("11.6")
@pytest.mark.usefixtures("charging")
async def test_one_that_was_delayed_already_is_at_once(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await do(hass, "start_dsr_event", limit_w=6900, duration="00:30:00", delay_already_applied=True)
    assert charger.asked[-1] == 10.0
    await after(hass, freezer, minutes=30)
    assert charger.asked[-1] == 32.0


@pytest.mark.requirement("5.3")
async def test_a_turn_up_charges_outside_the_hours(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await do(hass, "start_dsr_event", kind="turn_up", start="2026-11-23 19:00:00", end="2026-11-23 20:00:00")
    assert shown(hass, WHY) == "waiting_for_default_hours"
    await at(hass, freezer, PEAK + timedelta(hours=1))
    await after(hass, freezer, minutes=5)
    assert (charger.asked[-1], shown(hass, WHY)) == (32.0, "turned_up")
    assert attributes(hass, WHY)["sentence"] == "The electricity system asks for more, until 20:00"


@pytest.mark.usefixtures("charging")
@pytest.mark.parametrize(
    ("data", "key"),
    [
        ({}, "dsr_needs_end"),
        ({"end": "2026-11-23 19:00:00", "duration": "01:00:00"}, "dsr_needs_end"),
        ({"duration": "00:00:00"}, "dsr_ends_before_start"),
        ({"start": "2026-11-23 19:00:00", "end": "2026-11-23 18:30:00"}, "dsr_ends_before_start"),
        ({"start": "2026-11-23 16:00:00", "end": "2026-11-23 17:30:00"}, "dsr_is_over"),
        ({"duration": "24:00:01"}, "dsr_too_long"),
        ({"start": "2027-11-23 16:00:00", "duration": "01:00:00"}, "dsr_too_far"),
        ({"duration": "01:00:00", "limit_a": 5.5}, "dsr_limit_too_low"),
        ({"duration": "01:00:00", "limit_a": 8, "limit_w": 900}, "dsr_two_limits"),
    ],
)
async def test_an_event_that_cannot_be_meant_is_refused(hass: HomeAssistant, data: dict[str, Any], key: str) -> None:
    with pytest.raises(ServiceValidationError) as raised:
        await do(hass, "start_dsr_event", **data)
    assert raised.value.translation_key == key
    assert shown(hass, CALENDAR) == "off"


@pytest.mark.usefixtures("charging")
@pytest.mark.parametrize(
    "data",
    [
        {"kind": "sideways"},
        {"limit_a": -1},
        {"limit_a": 81},
        {"limit_w": float("nan")},
        {"event_id": " "},
        {"event_id": "a\nb"},
        {"event_id": "a" * 65},
        {"boost": 1},
    ],
)
async def test_an_event_that_is_no_event_is_refused(hass: HomeAssistant, data: dict[str, Any]) -> None:
    with pytest.raises(probatio.Invalid):
        await do(hass, "start_dsr_event", duration="01:00:00", **data)


@pytest.mark.usefixtures("charging")
async def test_more_events_than_are_kept_are_refused(hass: HomeAssistant) -> None:
    for number in range(MOST_EVENTS):
        await do(hass, "start_dsr_event", start="2026-11-24 12:00:00", duration="01:00:00", event_id=f"e{number}")
    await do(hass, "start_dsr_event", start="2026-11-24 13:00:00", duration="01:00:00", event_id="e7")
    with pytest.raises(ServiceValidationError) as raised:
        await do(hass, "start_dsr_event", start="2026-11-24 12:00:00", duration="01:00:00")
    assert raised.value.translation_key == "dsr_too_many"


@pytest.mark.usefixtures("charging")
@pytest.mark.parametrize("action", ["end_dsr_event", "opt_out_of_dsr_event"])
async def test_an_unknown_event_is_said(hass: HomeAssistant, action: str) -> None:
    await do(hass, "start_dsr_event", start="2026-11-24 12:00:00", duration="01:00:00", event_id="another")
    with pytest.raises(ServiceValidationError) as raised:
        await do(hass, action, event_id="nobody")
    assert raised.value.translation_key == "dsr_unknown"


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("S9.1")
@pytest.mark.parametrize("action", ["start_dsr_event", "end_dsr_event"])
async def test_events_are_for_administrators(hass: HomeAssistant, hass_read_only_user: MockUser, action: str) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            action,
            {"device_id": "x", "event_id": "a"},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("5.3")
async def test_a_refusal_of_the_charge_point_is_returned_and_the_event_stands(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    charger.error = ChargerRefused("Rejected")
    answer = await do(hass, "start_dsr_event", kind="response", duration="01:00:00", event_id="a")
    assert answer["charge_points"][0]["error"] == "Rejected"
    assert shown(hass, CALENDAR) == "on"
    charger.error = ChargerRefused("Rejected again")
    with pytest.raises(HomeAssistantError) as raised:
        await do(hass, "end_dsr_event", event_id="a")
    assert raised.value.translation_key == "refused"


@pytest.mark.requirement("11.7")
async def test_no_charge_point_waits_for_a_slow_one(
    hass: HomeAssistant, charger: FakeCharger, charging: MockConfigEntry
) -> None:
    other = FakeCharger()
    other.say(**CHARGING, offered_a=32.0, setpoint_a=32.0)
    terms = {"data": charging.data, "options": charging.options, "unique_id": "second", "entry_id": "01SECOND"}
    await set_up_fake(hass, other, MockConfigEntry(domain=DOMAIN, title="Drive", **terms))
    await settle(hass)
    charger.slow = asyncio.Event()
    devices = [device_id(hass), device_id(hass, "01SECOND")]
    asking = hass.async_create_task(
        do(hass, "start_dsr_event", device_id=devices, kind="response", duration="01:00:00", event_id="a")
    )
    for _ in range(20):
        await asyncio.sleep(0)
    assert (charger.asked[-1], other.asked[-1], asking.done()) == (0.0, 0.0, False)
    charger.slow.set()
    assert [answer["error"] for answer in (await asking)["charge_points"]] == [None, None]
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError):
        await do(hass, "charge_now", device_id=devices)
    assert shown(hass, "switch.drive_charge_now") == "on"


# The owner says no


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("10.6")
async def test_the_owner_opts_out_of_an_event_at_once(hass: HomeAssistant, charger: FakeCharger) -> None:
    await do(hass, "start_dsr_event", kind="response", duration="01:00:00", event_id="a")
    assert charger.asked[-1] == 0.0
    await do(hass, "opt_out_of_dsr_event", event_id="a")
    assert (charger.asked[-1], shown(hass, CALENDAR)) == (32.0, "off")


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("10.6")
async def test_the_owner_opts_out_of_all_and_in_again_at_once(hass: HomeAssistant, charger: FakeCharger) -> None:
    await do(hass, "start_dsr_event", kind="shift", duration="01:00:00", delay_already_applied=True)
    assert charger.asked[-1] == 0.0
    await call(hass, "turn_on", OPT_OUT)
    assert (charger.asked[-1], shown(hass, WHY)) == (32.0, "whenever_plugged_in")
    await call(hass, "turn_off", OPT_OUT)
    assert (charger.asked[-1], shown(hass, WHY)) == (0.0, "demand_response")


@pytest.mark.requirement("10.6")
async def test_opting_out_leaves_a_delay_alone_that_no_event_made(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await at(hass, freezer, OPENS)
    await call(hass, "turn_on", OPT_OUT)
    assert shown(hass, WHY) == "delayed_start"


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("10.6")
async def test_an_opt_out_that_the_charge_point_refuses_is_told_and_holds(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    await do(hass, "start_dsr_event", kind="response", duration="01:00:00")
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError) as raised:
        await call(hass, "turn_on", OPT_OUT)
    assert (raised.value.translation_key, shown(hass, OPT_OUT)) == ("refused", "on")


@pytest.mark.usefixtures("charging")
@pytest.mark.requirement("10.6")
async def test_charge_now_beats_an_event(hass: HomeAssistant, charger: FakeCharger) -> None:
    await do(hass, "start_dsr_event", kind="response", duration="01:00:00")
    await do(hass, "charge_now", duration="00:30:00")
    assert (charger.asked[-1], shown(hass, WHY)) == (32.0, "charging_now")


# The calendar


@pytest.mark.parametrize(
    ("summary", "kind", "limit_a", "limit_w"),
    [
        ("", DsrKind.TURN_DOWN, 0.0, None),
        ("Storm", DsrKind.TURN_DOWN, 0.0, None),
        ("Turn down to 10 A", DsrKind.TURN_DOWN, 10.0, None),
        ("turn_up", DsrKind.TURN_UP, None, None),
        ("Turn up to 16A please", DsrKind.TURN_UP, 16.0, None),
        ("SHIFT 3.6 kW", DsrKind.SHIFT, None, 3600.0),
        ("shift 3,6 kW", DsrKind.SHIFT, None, 3600.0),
        ("Response, 1400 W", DsrKind.RESPONSE, None, 1400.0),
        ("Responsible for 3 a day", DsrKind.TURN_DOWN, 0.0, None),
    ],
)
def test_a_summary_says_what_is_asked_for(
    summary: str, kind: DsrKind, limit_a: float | None, limit_w: float | None
) -> None:
    assert asked_in(summary) == (kind, limit_a, limit_w)


@pytest.mark.requirement("5.3")
async def test_events_are_created_and_seen_in_the_calendar(
    hass: HomeAssistant, charger: FakeCharger, charging: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    for summary, start, end in (
        ("Storm", "2026-11-23 19:00:00", "2026-11-23 20:00:00"),
        ("Turn up to 3.6 kW", "2026-11-24 03:00:00", "2026-11-24 04:00:00"),
    ):
        terms = {"summary": summary, "start_date_time": start, "end_date_time": end, "description": "National Grid"}
        await call(hass, "create_event", CALENDAR, **terms)
    assert (shown(hass, CALENDAR), attributes(hass, CALENDAR)["message"]) == ("off", "Turn down to 0 A")
    found = await hass.services.async_call(
        "calendar",
        "get_events",
        {"entity_id": CALENDAR, "start_date_time": "2026-11-23 00:00:00", "end_date_time": "2026-11-25 00:00:00"},
        blocking=True,
        return_response=True,
    )
    assert found == {
        CALENDAR: {
            "events": [
                {
                    "start": "2026-11-23T19:00:00+00:00",
                    "end": "2026-11-23T20:00:00+00:00",
                    "summary": "Turn down to 0 A",
                    "description": "National Grid",
                },
                {
                    "start": "2026-11-24T03:00:00+00:00",
                    "end": "2026-11-24T04:00:00+00:00",
                    "summary": "Turn up to 3600 W",
                    "description": "National Grid",
                },
            ]
        }
    }
    await at(hass, freezer, PEAK + timedelta(hours=1))
    assert (shown(hass, CALENDAR), shown(hass, WHY)) == ("on", "delayed_stop")
    await after(hass, freezer, minutes=10)
    assert charger.asked[-1] == 0.0
    await at(hass, freezer, PEAK + timedelta(hours=2))
    assert (shown(hass, CALENDAR), attributes(hass, CALENDAR)["message"]) == ("off", "Turn up to 3600 W")


@pytest.mark.requirement("10.6")
async def test_what_is_deleted_in_the_calendar_ends_at_once(
    hass: HomeAssistant, charger: FakeCharger, charging: MockConfigEntry
) -> None:
    await do(hass, "start_dsr_event", kind="response", duration="01:00:00", event_id="a")
    entity = hass.data["calendar"].get_entity(CALENDAR)
    await entity.async_delete_event("a")
    await settle(hass)
    assert (charger.asked[-1], shown(hass, CALENDAR)) == (32.0, "off")
    with pytest.raises(ServiceValidationError):
        await entity.async_delete_event("a")


@pytest.mark.usefixtures("charging")
async def test_a_day_without_hours_in_the_calendar_is_the_whole_day(hass: HomeAssistant) -> None:
    await call(hass, "create_event", CALENDAR, summary="x", start_date="2026-11-24", end_date="2026-11-25")
    assert attributes(hass, CALENDAR)["start_time"] == "2026-11-24 00:00:00"
    assert attributes(hass, CALENDAR)["end_time"] == "2026-11-25 00:00:00"


@pytest.mark.usefixtures("charging")
async def test_an_event_that_repeats_is_refused(hass: HomeAssistant) -> None:
    entity = hass.data["calendar"].get_entity(CALENDAR)
    with pytest.raises(ServiceValidationError) as raised:
        await entity.async_create_event(summary="x", dtstart=PEAK, dtend=PEAK + timedelta(hours=1), rrule="FREQ=DAILY")
    assert raised.value.translation_key == "dsr_no_repeats"


@pytest.mark.usefixtures("charging")
async def test_a_refusal_reaches_the_person_at_the_calendar(hass: HomeAssistant, charger: FakeCharger) -> None:
    entity = hass.data["calendar"].get_entity(CALENDAR)
    terms = {"summary": "Response", "dtstart": PEAK, "dtend": PEAK + timedelta(hours=1)}
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError) as raised:
        await entity.async_create_event(**terms)
    assert raised.value.translation_key == "refused"
    with pytest.raises(HomeAssistantError):
        await entity.async_delete_event(entity.event.uid)


@pytest.mark.requirement("11.9")
async def test_events_survive_a_restart(
    hass: HomeAssistant, charger: FakeCharger, charging: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await do(hass, "start_dsr_event", kind="response", limit_a=8, start="2026-11-23 19:00:00", duration="01:00:00")
    await hass.config_entries.async_unload(charging.entry_id)
    await set_up_fake(hass, charger, charging)
    await at(hass, freezer, PEAK + timedelta(hours=1))
    assert (charger.asked[-1], shown(hass, WHY)) == (8.0, "response_dsr")


# Within two seconds, over real sockets


async def responds_within_two_seconds(hass: HomeAssistant, simulated: OcppCharger | ModbusCharger) -> None:
    """Turn a charging vehicle off, up and down, and let it go on, each within 2 s of the call."""
    simulated.plug_in()
    await until(lambda: shown(hass, WHY) == "delayed_start")
    await call(hass, "press", "button.garage_skip_delay")
    await until(lambda: simulated.charge_point.offered_a == 32)
    for limit_a in (0, 16, 6):
        asked_at = monotonic()
        await do(hass, "start_dsr_event", kind="response", limit_a=limit_a, duration="00:30:00", event_id="ffr")
        await until(lambda asked_a=limit_a: simulated.charge_point.offered_a == asked_a)
        assert monotonic() - asked_at < 2
    asked_at = monotonic()
    await do(hass, "end_dsr_event", event_id="ffr")
    await until(lambda: simulated.charge_point.offered_a == 32)
    assert monotonic() - asked_at < 2


@pytest.mark.requirement("5.3")
@pytest.mark.requirement("11.7")
async def test_a_response_is_at_an_ocpp_charge_point_within_two_seconds(hass: HomeAssistant, free_port: int) -> None:
    await set_up(hass, ocpp_entry(free_port, mode="always"))
    async with OcppCharger(f"ws://127.0.0.1:{free_port}", "CP1") as simulated:
        await until(lambda: shown(hass, "binary_sensor.garage_connectivity") == "on")
        await responds_within_two_seconds(hass, simulated)
        await hass.config_entries.async_unload("01GARAGE")


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.requirement("5.3")
@pytest.mark.requirement("11.7")
@pytest.mark.parametrize("model", ["alfen_eve", "bender_cc612"])
async def test_a_response_is_at_a_modbus_charge_point_within_two_seconds(hass: HomeAssistant, model: str) -> None:
    async with ModbusCharger(model) as simulated:
        await set_up(hass, modbus_entry(simulated.port, model, mode="always"))
        await responds_within_two_seconds(hass, simulated)
        await hass.config_entries.async_unload("01GARAGE")
