import asyncio
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge import async_migrate_entry
from custom_components.smart_charge.chargers.charger import Identity
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.security.credentials import hash_secret
from custom_components.smart_charge.site import DATA_SITE
from simulator import ModbusCharger, OcppCharger, Vehicle
from tests.waiting import until

from .premises import site_entry
from .shell import FakeCharger, after, call, modbus_entry, ocpp_entry, set_up, settle, shown


def _ours() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if "Garage" in task.get_name()}


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize("map_id", ["alfen_eve", "bender_cc612"])
async def test_a_modbus_charge_point_charges_and_is_left_clean(hass: HomeAssistant, map_id: str) -> None:
    async with ModbusCharger(map_id) as simulated:
        entry = modbus_entry(simulated.port, map_id, mode="off")
        await set_up(hass, entry)
        await until(lambda: simulated.charge_point.offered_a == 0)
        simulated.plug_in(Vehicle())
        await until(lambda: shown(hass, "binary_sensor.garage_cable_connected") == "on")
        await until(lambda: simulated.charge_point.offered_a == 0)
        await call(hass, "turn_on", "switch.garage_charge_now")
        await until(lambda: simulated.charge_point.power_w > 3000)
        await until(lambda: float(shown(hass, "sensor.garage_power")) > 3000)
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        assert not _ours()


@pytest.mark.usefixtures("socket_enabled")
async def test_an_ocpp_charge_point_charges_when_it_calls(hass: HomeAssistant, free_port: int) -> None:
    hashes = await hass.async_add_executor_job(hash_secret, "correct horse battery")
    entry = ocpp_entry(free_port, hashes=hashes, mode="off")
    await set_up(hass, entry)
    assert shown(hass, "sensor.garage_why") == "not_reachable"
    assert shown(hass, "sensor.garage_power") == "unavailable"
    url = f"ws://127.0.0.1:{free_port}"
    async with OcppCharger(url, "CP1", password="correct horse battery") as simulated:
        simulated.plug_in()
        await until(lambda: shown(hass, "binary_sensor.garage_cable_connected") == "on")
        await call(hass, "turn_on", "switch.garage_charge_now")
        await until(lambda: simulated.charge_point.power_w > 3000)
        device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, "CP1"), entry.entry_id)
        assert device is not None
        assert device.manufacturer == "Loopback Motors"
        assert await hass.config_entries.async_unload(entry.entry_id)
        await hass.async_block_till_done()
        assert not _ours()


@pytest.mark.usefixtures("socket_enabled")
async def test_a_charge_point_with_a_wrong_password_stays_outside(hass: HomeAssistant, free_port: int) -> None:
    hashes = await hass.async_add_executor_job(hash_secret, "correct horse battery")
    await set_up(hass, ocpp_entry(free_port, hashes=hashes))
    async with OcppCharger(f"ws://127.0.0.1:{free_port}", "CP1", password="not the right one") as simulated:
        await asyncio.sleep(0.5)
        assert not [frame for frame in simulated.frames if frame[0] == "received"]
    assert shown(hass, "binary_sensor.garage_connectivity") == "off"


@pytest.mark.usefixtures("socket_enabled")
async def test_a_silent_address_is_tried_again_later(hass: HomeAssistant, free_port: int) -> None:
    entry = modbus_entry(free_port)
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "cannot_connect"


@pytest.mark.usefixtures("socket_enabled")
async def test_another_device_at_the_address_is_an_error(hass: HomeAssistant) -> None:
    async with ModbusCharger("bender_cc612") as simulated:
        entry = modbus_entry(simulated.port, "alfen_eve")
        entry.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.state is ConfigEntryState.SETUP_ERROR
        assert entry.error_reason_translation_key == "wrong_device"


@pytest.mark.usefixtures("socket_enabled")
async def test_another_serial_at_the_address_is_an_error(hass: HomeAssistant) -> None:
    async with ModbusCharger("alfen_eve") as simulated:
        entry = modbus_entry(simulated.port, "alfen_eve", unique_id="ACE9999999")
        entry.add_to_hass(hass)
        assert not await hass.config_entries.async_setup(entry.entry_id)
        assert entry.error_reason_translation_key == "wrong_device"


async def test_a_register_map_that_is_gone_is_an_error(hass: HomeAssistant) -> None:
    entry = modbus_entry(map_id="no_such_map")
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.error_reason_translation_key == "map_missing"


@pytest.mark.usefixtures("socket_enabled")
async def test_a_taken_port_is_tried_again_later(hass: HomeAssistant) -> None:
    server = await asyncio.start_server(lambda *_: None, "0.0.0.0", 0)
    entry = ocpp_entry(server.sockets[0].getsockname()[1])
    entry.add_to_hass(hass)
    assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "port_in_use"
    server.close()
    await server.wait_closed()


@pytest.mark.usefixtures("socket_enabled")
async def test_a_taken_port_is_a_repair_until_it_is_free(hass: HomeAssistant) -> None:
    server = await asyncio.start_server(lambda *_: None, "0.0.0.0", 0)
    entry = ocpp_entry(server.sockets[0].getsockname()[1])
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    issue = (DOMAIN, f"port_in_use_{entry.entry_id}")
    assert ir.async_get(hass).async_get_issue(*issue) is not None
    server.close()
    await server.wait_closed()
    assert await hass.config_entries.async_reload(entry.entry_id)
    assert ir.async_get(hass).async_get_issue(*issue) is None
    await hass.config_entries.async_unload(entry.entry_id)


@pytest.mark.usefixtures("socket_enabled")
async def test_the_repair_of_a_taken_port_goes_with_its_charge_point(hass: HomeAssistant) -> None:
    server = await asyncio.start_server(lambda *_: None, "0.0.0.0", 0)
    entry = ocpp_entry(server.sockets[0].getsockname()[1])
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await hass.config_entries.async_remove(entry.entry_id)
    assert ir.async_get(hass).issues == {}
    server.close()
    await server.wait_closed()


async def test_a_charge_point_that_is_found_but_not_read_is_tried_again_later(hass: HomeAssistant) -> None:
    silent = FakeCharger()

    async def build(*_: object) -> FakeCharger:
        return silent

    entry = modbus_entry()
    entry.add_to_hass(hass)
    with (
        patch("custom_components.smart_charge.async_build_charger", build),
        patch("custom_components.smart_charge.ModbusCharger", FakeCharger),
        patch("custom_components.smart_charge.FIRST_READING_S", 0.05),
    ):
        assert not await hass.config_entries.async_setup(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert entry.error_reason_translation_key == "no_reading"
    assert not silent.is_running


@pytest.mark.requirement("7.2")
async def test_unloading_hands_back_control(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> None:
    assert charger.is_running
    loop = entry.runtime_data
    assert await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()
    assert charger.handed_back == 1
    assert not charger.is_running
    assert not _ours()
    asked = list(charger.asked)
    charger.say(power_w=1.0)
    loop.step()
    loop.leave_behind()
    assert charger.asked == asked


@pytest.mark.requirement("7.2")
async def test_home_assistant_stopping_hands_back_control(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await settle(hass)
    assert charger.handed_back == 1
    assert not charger.is_running
    assert f"{DOMAIN}.{entry.entry_id}" in hass_storage


async def test_removing_deletes_what_was_kept(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    await entry.runtime_data.memory.async_save()
    assert f"{DOMAIN}.{entry.entry_id}" in hass_storage
    assert await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert f"{DOMAIN}.{entry.entry_id}" not in hass_storage


@pytest.mark.parametrize("is_site", [False, True])
async def test_a_disabled_entry_is_removed_though_nothing_was_ever_set_up(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: Any, is_site: bool
) -> None:
    entry = site_entry() if is_site else modbus_entry()
    key = f"{DOMAIN}.{entry.entry_id}"
    hass_storage[key] = {"version": 1, "minor_version": 1, "key": key, "data": {}}
    entry.disabled_by = ConfigEntryDisabler.USER
    entry.add_to_hass(hass)
    await hass.config_entries.async_remove(entry.entry_id)
    await hass.async_block_till_done()
    assert DATA_SITE not in hass.data
    assert (key in hass_storage) is is_site
    assert "Error calling entry remove callback" not in caplog.text


async def test_an_update_of_the_firmware_is_shown(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, device_registry: dr.DeviceRegistry
) -> None:
    charger.identity = Identity(manufacturer="Acme", model="One", serial="A1234567", firmware="2.0")
    charger.tell()
    await settle(hass)
    device = device_registry.async_get_device_by_identifier((DOMAIN, entry.unique_id or ""), entry.entry_id)
    assert device is not None
    assert device.sw_version == "2.0"


async def test_changed_options_keep_the_link_and_changed_data_reload(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    loop = entry.runtime_data
    hass.config_entries.async_update_entry(entry, options={**entry.options, "mode": "always"})
    await settle(hass)
    assert entry.runtime_data is loop
    assert shown(hass, "select.garage_mode") == "always"
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        hass.config_entries.async_update_entry(entry, options={**entry.options, "rated_current": 16.0})
        await settle(hass)
        hass.config_entries.async_update_entry(entry, data={**entry.data, "host": "127.0.0.2"})
        await settle(hass)
        hass.config_entries.async_update_entry(entry, title="Drive")
        await settle(hass)
    assert reload.call_count == 2


async def test_a_charger_that_ended_by_a_fault_of_ours_begins_anew(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, caplog: Any
) -> None:
    runs: list[str] = []

    async def crash_once() -> None:
        runs.append("run")
        if len(runs) == 1:
            raise ZeroDivisionError
        await asyncio.Event().wait()

    async def build(*_: object) -> FakeCharger:
        return charger

    charger.run = crash_once  # type: ignore[method-assign]
    with patch("custom_components.smart_charge.async_build_charger", build):
        entry = modbus_entry()
        await set_up(hass, entry)
        await settle(hass)
        assert "which is a fault of ours" in caplog.text
        await after(hass, freezer, seconds=30)
        assert runs == ["run"]
        await after(hass, freezer, seconds=31)
        assert entry.state is ConfigEntryState.LOADED
        await after(hass, freezer, minutes=10)
    assert runs == ["run", "run"]


async def test_an_entry_of_a_later_version_is_left_alone(hass: HomeAssistant) -> None:
    assert await async_migrate_entry(hass, MockConfigEntry(domain=DOMAIN, version=1))
    assert not await async_migrate_entry(hass, MockConfigEntry(domain=DOMAIN, version=2))
