"""Triggers and conditions, tried in real automations; and the journal of what happened."""

import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import automation
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import condition as condition_helper, device_registry as dr, entity_registry as er
from homeassistant.helpers.trigger.descriptions import _TRIGGERS_DESCRIPTION_SCHEMA
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.chargers.charger import ChargerRefused
from custom_components.smart_charge.charging.model import Fault
from custom_components.smart_charge.condition import CONDITIONS, LIMITS
from custom_components.smart_charge.const import CONF_DSR_OPT_OUT, CONF_MODE, DOMAIN
from custom_components.smart_charge.happenings import KINDS

from .shell import CHARGING, IDLE, OPENS, PLUGGED_IN, FakeCharger, after, at, call, set_up_fake, settle

pytestmark = pytest.mark.usefixtures("all_enabled")

COMPONENT = Path(__file__).parent.parent / "custom_components" / "smart_charge"
CHARGE_NOW = "switch.garage_charge_now"
ACTIVITY = "event.garage_activity"
DECISION = "event.garage_decision"


def device_id(hass: HomeAssistant) -> str:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), "01GARAGE")
    return device.id


@pytest.fixture
async def heard(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Automations, one for each trigger; what they heard, in order."""
    runs: list[str] = []

    async def note(call: ServiceCall) -> None:
        runs.append(call.data["kind"])

    hass.services.async_register("test", "note", note)
    automations = [
        {
            "alias": kind,
            "triggers": {"trigger": f"{DOMAIN}.{kind}", "target": {"device_id": device_id(hass)}},
            "actions": {"action": "test.note", "data": {"kind": kind}},
            "mode": "queued",
        }
        for kind in KINDS
    ]
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: automations})
    await settle(hass)
    assert len(hass.states.async_entity_ids(automation.DOMAIN)) == len(KINDS)
    return runs


async def do(hass: HomeAssistant, action: str, **data: Any) -> None:
    await hass.services.async_call(DOMAIN, action, {"device_id": device_id(hass)} | data, blocking=True)
    await settle(hass)


async def test_an_evening_is_heard_by_automations(
    hass: HomeAssistant, charger: FakeCharger, heard: list[str], freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    assert heard == ["vehicle_plugged_in"]
    await at(hass, freezer, OPENS)
    assert heard[1:] == ["charging_delayed"]
    await after(hass, freezer, seconds=300)
    charger.say(**CHARGING)
    await settle(hass)
    assert heard[2:] == ["delay_ended", "started_charging"]
    charger.say(**IDLE)
    await settle(hass)
    assert sorted(heard[4:]) == ["stopped_charging", "vehicle_unplugged"]


async def test_overrides_are_heard_as_they_begin_with_their_end(
    hass: HomeAssistant, charger: FakeCharger, heard: list[str]
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    heard.clear()
    await call(hass, "turn_on", CHARGE_NOW)
    await call(hass, "turn_off", CHARGE_NOW)
    assert heard == ["override_started", "override_ended"]


async def test_a_refused_override_is_heard(hass: HomeAssistant, charger: FakeCharger, heard: list[str]) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    heard.clear()
    charger.error = ChargerRefused("Rejected")
    with pytest.raises(HomeAssistantError):
        await call(hass, "turn_on", CHARGE_NOW)
    await settle(hass)
    assert "override_refused" in heard
    state = hass.states.get(ACTIVITY)
    assert state is not None
    assert state.attributes["refused_because"] == "refused"


@pytest.mark.requirement("5.3")
async def test_demand_response_is_heard(
    hass: HomeAssistant, charger: FakeCharger, heard: list[str], entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await do(hass, "start_dsr_event", kind="response", duration="01:00:00", event_id="a")
    await do(hass, "start_dsr_event", kind="turn_down", duration="02:00:00", event_id="b")
    assert heard == ["dsr_event_started", "dsr_event_started"]
    await after(hass, freezer, hours=1)
    assert heard[2:] == ["dsr_event_ended"]
    await call(hass, "turn_on", "switch.garage_demand_response_opt_out")
    assert heard[3:] == ["dsr_event_ended"]
    assert entry.options[CONF_DSR_OPT_OUT] is True


async def test_a_problem_is_heard_as_it_comes_with_its_end(
    hass: HomeAssistant, charger: FakeCharger, heard: list[str]
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    heard.clear()
    charger.say(fault=Fault(code="HighTemperature"))
    await settle(hass)
    charger.say(fault=None)
    await settle(hass)
    assert [kind for kind in heard if kind.startswith("problem")] == ["problem_occurred", "problem_resolved"]


async def test_what_goes_on_when_home_assistant_starts_has_not_begun(
    hass: HomeAssistant, charger: FakeCharger, heard: list[str], entry: MockConfigEntry
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    heard.clear()
    await hass.config_entries.async_unload(entry.entry_id)
    await set_up_fake(hass, charger, entry)
    await settle(hass)
    assert heard == []


async def passes(hass: HomeAssistant, condition: str, **options: Any) -> bool:
    """Whether an automation with this condition runs its actions."""
    runs: list[ServiceCall] = []

    async def note(call: ServiceCall) -> None:
        runs.append(call)

    hass.services.async_register("test", "passed", note)
    settings: dict[str, Any] = {"target": {"device_id": device_id(hass)}}
    if options:
        settings["options"] = options
    config = {
        "alias": condition,
        "triggers": {"trigger": "event", "event_type": "test_ask"},
        "conditions": {"condition": f"{DOMAIN}.{condition}"} | settings,
        "actions": {"action": "test.passed"},
    }
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: config})
    await settle(hass)
    hass.bus.async_fire("test_ask")
    await settle(hass)
    return bool(runs)


WAITS = {**PLUGGED_IN}
CHARGES = {**CHARGING, "offered_a": 32.0, "setpoint_a": 32.0}


@pytest.mark.parametrize(
    ("condition", "options", "facts", "mode", "expected"),
    [
        ("is_charging", {}, CHARGES, "always", True),
        ("is_charging", {}, WAITS, "default_hours", False),
        ("is_plugged_in", {}, WAITS, "default_hours", True),
        ("is_plugged_in", {}, IDLE, "default_hours", False),
        ("is_waiting", {}, WAITS, "default_hours", True),
        ("is_waiting", {}, IDLE, "default_hours", False),
        ("is_delayed", {}, WAITS, "always", True),
        ("is_delayed", {}, WAITS, "default_hours", False),
        ("is_limited_by", {"limit": "default_hours"}, WAITS, "default_hours", True),
        ("is_limited_by", {"limit": "supply"}, WAITS, "default_hours", False),
        ("is_limited_by", {"limit": "cable_rating"}, CHARGES | {"cable_a": 20.0}, "always", True),
        ("is_limited_by", {"limit": "charge_point_rating"}, CHARGES | {"cable_a": 20.0}, "always", False),
        ("is_limited_by", {"limit": "charge_point_rating"}, CHARGES, "always", True),
        ("is_limited_by", {"limit": "charger_fault"}, WAITS | {"fault": Fault(code="GroundFailure")}, "always", True),
        ("is_limited_by", {"limit": "charger_fault"}, CHARGES, "always", False),
        ("is_limited_by", {"limit": "off"}, CHARGES, "off", True),
        ("is_limited_by", {"limit": "off"}, CHARGES, "always", False),
        ("has_problem", {}, WAITS | {"fault": Fault(code="GroundFailure")}, "default_hours", True),
        ("has_problem", {}, WAITS, "default_hours", False),
    ],
)
async def test_a_condition_is_asked(
    hass: HomeAssistant,
    charger: FakeCharger,
    entry: MockConfigEntry,
    *,
    condition: str,
    options: dict[str, Any],
    facts: dict[str, Any],
    mode: str,
    expected: bool,
) -> None:
    entry.runtime_data.change_options({CONF_MODE: mode})
    charger.say(**facts)
    await settle(hass)
    assert await passes(hass, condition, **options) is expected


@pytest.mark.parametrize("kind", ["charge_now", "stop_charging"])
async def test_an_override_is_asked_for(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, kind: str
) -> None:
    charger.say(**PLUGGED_IN)
    await do(hass, kind)
    assert await passes(hass, "is_overridden")


async def test_an_event_is_asked_for(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> None:
    await do(hass, "start_dsr_event", duration="01:00:00")
    assert await passes(hass, "is_in_dsr_event")


async def test_no_override_stands_where_none_was_asked_for(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert not await passes(hass, "is_overridden")


async def test_every_changed_decision_is_told_with_its_reason(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await after(hass, freezer, minutes=1)
    await call(hass, "turn_on", CHARGE_NOW)
    state = hass.states.get(DECISION)
    assert state is not None
    told = state.attributes
    assert told["event_type"] == "charging_now"
    assert (told["setpoint_before"], told["setpoint"]) == (0.0, 32.0)
    assert told["reason_before"] == "waiting_for_default_hours"
    assert told["set_aside_by"] == "charge_now"
    assert told["sentence"] == "Charging now because you asked for it, until unplugged"
    before = state.state
    charger.say(power_w=6900.0)
    await settle(hass)
    after_reading = hass.states.get(DECISION)
    assert after_reading is not None
    assert after_reading.state == before


def test_triggers_file_is_what_home_assistant_reads() -> None:
    described = _TRIGGERS_DESCRIPTION_SCHEMA(load_yaml(str(COMPONENT / "triggers.yaml")))
    assert {key for key in described if not key.startswith(".")} == set(KINDS)


def test_conditions_file_is_what_home_assistant_reads() -> None:
    described = condition_helper._CONDITIONS_DESCRIPTION_SCHEMA(load_yaml(str(COMPONENT / "conditions.yaml")))
    assert {key for key in described if not key.startswith(".")} == set(CONDITIONS)


def test_every_trigger_with_every_condition_has_words_with_an_icon() -> None:
    words = json.loads((COMPONENT / "translations" / "en.json").read_text())
    icons = json.loads((COMPONENT / "icons.json").read_text())
    assert set(words["triggers"]) == set(icons["triggers"]) == set(KINDS)
    assert set(words["conditions"]) == set(icons["conditions"]) == set(CONDITIONS)
    assert set(words["selector"]["limited_by"]["options"]) == {limit.value for limit in LIMITS}
    for key, described in load_yaml(str(COMPONENT / "conditions.yaml")).items():
        if not key.startswith("."):
            assert set(described["fields"]) == set(words["conditions"][key]["fields"]), key


def test_what_belongs_to_others_is_no_target_of_ours(hass: HomeAssistant) -> None:
    from custom_components.smart_charge.entity import only_ours

    registry = er.async_get(hass)
    other = registry.async_get_or_create("event", "other", "one_activity")
    assert only_ours(hass, {other.entity_id, "event.nowhere"}, "activity") == set()
