"""What exists, and what happens when a person sets it."""

from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, snapshot_platform
from syrupy.assertion import SnapshotAssertion

from custom_components.smart_charge import PLATFORMS
from custom_components.smart_charge.chargers.charger import Capabilities
from custom_components.smart_charge.charging.model import ConnectorStatus, Fault, PilotState
from custom_components.smart_charge.owner import async_charge_now

from .premises import add, site_entry
from .shell import CHARGING, NIGHTS, PLUGGED_IN, FakeCharger, after, call, set_up_fake, settle, shown, until_summed

START = "time.garage_hours_1_from"


@pytest.mark.requirement("9.3")
async def test_the_last_watt_hours_are_shown_when_charging_ends(hass: HomeAssistant, charger: FakeCharger) -> None:
    entry = await set_up_fake(hass, charger)
    charger.say(**PLUGGED_IN, import_wh=12_345)
    await async_charge_now(entry.runtime_data)
    charger.say(**CHARGING, import_wh=12_400)
    charger.say(import_wh=12_469)  # a small step, soon after the last: not worth a state yet
    charger.say(**PLUGGED_IN, power_w=0.0, current_a=(0.0, None, None), import_wh=12_471)
    await settle(hass)
    assert shown(hass, "sensor.garage_session_energy") == "0.126"
    assert shown(hass, "sensor.garage_energy_total") == "12.471"


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("sight", ["charging", "lost"])
async def test_every_entity_of_a_platform(  # noqa: PLR0917
    hass: HomeAssistant,
    charger: FakeCharger,
    freezer: FrozenDateTimeFactory,
    entity_registry: er.EntityRegistry,
    snapshot: SnapshotAssertion,
    platform: Platform,
    sight: str,
) -> None:
    with (
        patch("custom_components.smart_charge.PLATFORMS", [platform]),
        patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True),
    ):
        await add(hass, site_entry(tariff={"source": "typed", "rates": [], "otherwise": 0.25}))
        entry = await set_up_fake(hass, charger)
        charger.say(**PLUGGED_IN)
        await settle(hass)
        await async_charge_now(entry.runtime_data)
        charger.say(
            **CHARGING | {"current_a": (30.4, 0.1, 0.2), "voltage_v": (230.1, 231.0, 229.5)}, import_wh=5_000_000
        )
        await after(hass, freezer, minutes=10)
        charger.say(import_wh=5_001_166)
        await settle(hass)
        if sight == "lost":
            charger.is_online = False
            charger.tell()
            await settle(hass)
        await until_summed(hass, entry)
        await snapshot_platform(hass, entity_registry, snapshot, entry.entry_id)


async def test_the_device(
    charger: FakeCharger, entry: MockConfigEntry, device_registry: dr.DeviceRegistry, snapshot: SnapshotAssertion
) -> None:
    assert dr.async_entries_for_config_entry(device_registry, entry.entry_id) == snapshot


async def test_a_charge_point_with_one_phase_shows_one(
    hass: HomeAssistant, charger: FakeCharger, entity_registry: er.EntityRegistry
) -> None:
    charger.capabilities = Capabilities(phases=1)
    await set_up_fake(hass, charger)
    assert entity_registry.async_get("sensor.garage_current_l1") is not None
    assert entity_registry.async_get("sensor.garage_current_l2") is None


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize(
    ("pilot", "status"),
    [
        (PilotState.A, "available"),
        (PilotState.B, "preparing"),
        (PilotState.D, "charging"),
        (PilotState.F, "unavailable"),
        (None, "unknown"),
    ],
)
async def test_a_charge_point_without_a_status_shows_its_pilot(
    hass: HomeAssistant, charger: FakeCharger, pilot: PilotState | None, status: str
) -> None:
    charger.say(status=None, pilot=pilot)
    await settle(hass)
    assert shown(hass, "sensor.garage_status") == status


@pytest.mark.usefixtures("entry")
async def test_a_fault_is_named(hass: HomeAssistant, charger: FakeCharger) -> None:
    charger.say(status=ConnectorStatus.FAULTED, fault=Fault(code="GroundFailure"))
    await settle(hass)
    state = hass.states.get("binary_sensor.garage_problem")
    assert state is not None
    assert (state.state, state.attributes["fault"]) == ("on", "GroundFailure")


@pytest.mark.requirement("11.4")
async def test_the_random_delay_can_be_raised_to_half_an_hour(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await call(hass, "set_value", "number.garage_random_delay_maximum", value=1800)
    assert entry.options["random_delay_max"] == 1800
    assert charger.plans[-1].draw_s() == 900
    for value in (599, 1801):
        with pytest.raises(ServiceValidationError):
            await call(hass, "set_value", "number.garage_random_delay_maximum", value=value)


@pytest.mark.parametrize(("mode", "why"), [("always", "delayed_start"), ("off", "off")])
async def test_a_mode_is_kept_and_holds_at_once(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, mode: str, why: str
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await call(hass, "select_option", "select.garage_mode", option=mode)
    assert entry.options["mode"] == mode
    assert shown(hass, "select.garage_mode") == mode
    assert shown(hass, "sensor.garage_why") == why


@pytest.mark.requirement("10.3")
async def test_the_default_hours_can_be_switched_off(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    charger.say(**PLUGGED_IN)
    await call(hass, "turn_off", "switch.garage_default_hours")
    assert shown(hass, "sensor.garage_why") == "delayed_start"
    assert shown(hass, START) == "22:00:00"
    await call(hass, "turn_on", "switch.garage_default_hours")
    assert shown(hass, "sensor.garage_why") == "waiting_for_default_hours"


@pytest.mark.requirement("10.3")
async def test_switching_hours_on_when_there_are_none_sets_the_pre_set_ones(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "default_hours": []})
    await settle(hass)
    assert hass.states.get(START) is None
    assert shown(hass, "switch.garage_default_hours") == "off"
    await call(hass, "turn_on", "switch.garage_default_hours")
    assert len(entry.options["default_hours"]) == 3
    assert shown(hass, "time.garage_hours_3_until") == "00:00:00"


async def test_moving_an_edge_of_a_window_holds_at_once(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    charger.say(**PLUGGED_IN)
    await call(hass, "set_value", START, time="17:30:00")
    await call(hass, "set_value", "time.garage_hours_1_until", time="19:00:00")
    assert entry.options["default_hours"] == [NIGHTS[0] | {"start": "17:30:00", "end": "19:00:00"}]
    assert shown(hass, "sensor.garage_why") == "delayed_start"


async def test_windows_come_and_go_while_it_runs(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, entity_registry: er.EntityRegistry
) -> None:
    loop = entry.runtime_data
    second = NIGHTS[0] | {"start": "13:00:00", "end": "15:00:00"}
    hass.config_entries.async_update_entry(entry, options={**entry.options, "default_hours": [*NIGHTS, second]})
    await settle(hass)
    assert shown(hass, "time.garage_hours_2_from") == "13:00:00"
    hass.config_entries.async_update_entry(entry, options={**entry.options, "default_hours": NIGHTS})
    await settle(hass)
    assert hass.states.get("time.garage_hours_2_from") is None
    assert entity_registry.async_get("time.garage_hours_2_from") is None
    assert entry.runtime_data is loop


async def test_stored_hours_that_make_no_sense_are_the_pre_set_ones(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, "default_hours": [{"days": ["someday"]}]})
    await settle(hass)
    assert shown(hass, START) == "11:00:00"
    assert "cannot be read" in caplog.text


@pytest.mark.usefixtures("entry")
async def test_the_session_lasts_until_the_vehicle_leaves(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    for _ in range(30):
        await after(hass, freezer, minutes=1)
    assert float(shown(hass, "sensor.garage_session_duration")) == pytest.approx(30)
    charger.say(pilot=PilotState.A, status=ConnectorStatus.AVAILABLE)
    await settle(hass)
    freezer.tick(timedelta(hours=1))
    charger.say()
    await settle(hass)
    assert float(shown(hass, "sensor.garage_session_duration")) == pytest.approx(30)


@pytest.mark.parametrize("facts", [{"cable_a": 20.0}])
async def test_a_small_cable_is_the_limit(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, facts: dict[str, Any]
) -> None:
    charger.say(**PLUGGED_IN | facts)
    await settle(hass)
    await call(hass, "turn_on", "switch.garage_charge_now")
    assert charger.asked[-1] == 20.0
