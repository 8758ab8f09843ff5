"""Set-up of a Modbus charge point, the hours, the options: real sockets, a simulated charge point behind them."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from ipaddress import ip_address
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.components.modbus.connection import async_get_connection_info
from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_USER, SOURCE_ZEROCONF, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.chargers.charger import ChargerNotPermitted, ChargerRefused, Identity
from custom_components.smart_charge.chargers.modbus.register_map import load_maps
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.flow import modbus as flow_modbus
from custom_components.smart_charge.identity import name_of, usable_serial
from simulator import ModbusCharger
from tests.flow_words import free_port, in_words, readable, suggested

pytestmark = pytest.mark.usefixtures("socket_enabled")

PRESET = [
    {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "11:00:00", "end": "16:00:00"},
    {"days": ["mon", "tue", "wed", "thu", "fri", "sun"], "start": "22:00:00", "end": "08:00:00"},
    {"days": ["sat", "sun"], "start": "00:00:00", "end": "00:00:00"},
]
NIGHTS = {"days": ["mon", "wed"], "start": "23:30", "end": "05:30"}


@pytest.fixture(autouse=True)
def setup_entry() -> Iterator[AsyncMock]:
    """Entries are made, and not set up: what the flow does is tried here."""
    with (
        patch("custom_components.smart_charge.async_setup_entry", AsyncMock(return_value=True), create=True) as setup,
        patch("custom_components.smart_charge.async_unload_entry", AsyncMock(return_value=True), create=True),
    ):
        yield setup


@pytest.fixture
async def alfen() -> AsyncIterator[ModbusCharger]:
    async with ModbusCharger("alfen_eve") as charger:
        yield charger


async def begin(hass: HomeAssistant, way: str = "modbus") -> dict[str, Any]:
    menu = readable(await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}))
    assert menu["type"] is FlowResultType.MENU
    return await go_on(hass, menu, {"next_step_id": way})


async def go_on(hass: HomeAssistant, result: dict[str, Any], user_input: dict[str, Any]) -> dict[str, Any]:
    return readable(await hass.config_entries.flow.async_configure(result["flow_id"], user_input))


def address(port: int, host: str = "127.0.0.1", **advanced: int) -> dict[str, Any]:
    return {"host": host, "port": port, "advanced": advanced}


def announcement(host: str = "127.0.0.1", name: str = "ICU EVe._alfen._tcp.local.") -> ZeroconfServiceInfo:
    return ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=443,
        hostname="alfen.local.",
        type="_alfen._tcp.local.",
        name=name,
        properties={},
    )


def an_entry(hass: HomeAssistant, **changes: Any) -> MockConfigEntry:
    data = {"protocol": "modbus", "host": "192.0.2.7", "port": 502, "unit_id": 1, "map": "alfen_eve"}
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Garage",
        unique_id=changes.pop("unique_id", "ACE0123456"),
        source=changes.pop("source", SOURCE_USER),
        data=data | changes,
        options={"mode": "default_hours", "default_hours": [NIGHTS], "default_hours_enabled": True, "later": "kept"},
    )
    entry.add_to_hass(hass)
    return entry


# Modbus


@pytest.mark.requirement("10.2")
async def test_a_charge_point_is_read_recognised_and_set_up(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    form = await begin(hass)
    menu = await go_on(hass, form, address(alfen.port))
    assert menu["step_id"] == "hours"

    done = await go_on(hass, menu, {"next_step_id": "accept_hours"})

    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert done["title"] == "Alfen NV NG910-60023"
    assert done["result"].unique_id == "ACE0123456"
    assert done["data"] == {
        "protocol": "modbus", "host": "127.0.0.1", "port": alfen.port, "unit_id": 1, "map": "alfen_eve",
    }  # fmt: skip
    assert done["options"] == {
        "mode": "default_hours", "random_delay_max": 600, "default_hours": PRESET, "default_hours_enabled": True,
    }  # fmt: skip
    assert alfen.device.writes == []


async def test_nothing_stays_connected_after_the_probe(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    await go_on(hass, await begin(hass), address(alfen.port))
    assert async_get_connection_info(hass) == []


async def test_the_unit_id_may_be_left_out_or_given(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    form = await begin(hass)
    menu = await go_on(
        hass, form, {"host": " HTTP://LocalHost/ ".replace("LocalHost", "127.0.0.1"), "port": alfen.port}
    )
    assert menu["step_id"] == "hours"
    hass.config_entries.flow.async_abort(menu["flow_id"])
    menu = await go_on(hass, await begin(hass), address(alfen.port, unit_id=1))
    assert menu["step_id"] == "hours"


async def test_a_model_without_serial_gets_a_lasting_substitute(hass: HomeAssistant) -> None:
    async with ModbusCharger("bender_cc612") as charger:
        menu = await go_on(hass, await begin(hass), address(charger.port))
        done = await go_on(hass, menu, {"next_step_id": "accept_hours"})
        unit_id = done["data"]["unit_id"]
        assert done["result"].unique_id == f"modbus:bender_cc612@127.0.0.1:{charger.port}/{unit_id}"

        again = await go_on(hass, await begin(hass), address(charger.port))
        assert again["reason"] == "already_configured"


async def test_an_impossible_address_is_said_at_its_field(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    form = await go_on(hass, await begin(hass), address(alfen.port, host="not a host"))
    assert form["errors"] == {"host": "bad_host"}
    assert suggested(form, "host") == "not a host"
    assert (await go_on(hass, form, address(alfen.port)))["step_id"] == "hours"


async def test_nothing_at_the_address_is_said_then_put_right(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    form = await go_on(hass, await begin(hass), address(free_port()))
    assert form["errors"] == {"base": "cannot_connect"}
    assert (await go_on(hass, form, address(alfen.port)))["step_id"] == "hours"


async def test_a_silent_device_is_said_then_put_right(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    alfen.server.manners.is_silent = True
    maps = load_maps()
    for other in set(maps) - {"alfen_eve"}:
        del maps[other]
    with patch("custom_components.smart_charge.owner_maps.load_maps", return_value=maps):
        form = await go_on(hass, await begin(hass), address(alfen.port, unit_id=1))
    assert form["errors"] == {"base": "timed_out"}
    alfen.server.manners.is_silent = False
    assert (await go_on(hass, form, address(alfen.port)))["step_id"] == "hours"


@pytest.mark.parametrize("manners", [{"refuse_with": 2}, {"garbage": (0xFFFF,)}, {"garbage": (0,)}])
async def test_something_else_that_speaks_modbus_is_said(
    hass: HomeAssistant, alfen: ModbusCharger, manners: dict[str, Any]
) -> None:
    for name, value in manners.items():
        setattr(alfen.server.manners, name, value)
    form = await go_on(hass, await begin(hass), address(alfen.port))
    assert form["errors"] == {"base": "unknown_charge_point"}
    for name in manners:
        setattr(alfen.server.manners, name, None)
    assert (await go_on(hass, form, address(alfen.port)))["step_id"] == "hours"


async def test_something_that_speaks_no_modbus_is_no_crash(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(chatter, "127.0.0.1", 0)
    form = await go_on(hass, await begin(hass), address(server.sockets[0].getsockname()[1], unit_id=1))
    assert form["errors"]["base"] in {"cannot_connect", "unknown_charge_point", "timed_out"}
    server.close()
    await server.wait_closed()
    assert (await go_on(hass, form, address(alfen.port)))["step_id"] == "hours"


@pytest.mark.parametrize(
    ("raised", "error"),
    [
        (ChargerNotPermitted("no licence"), "not_permitted"),
        (ChargerRefused("no"), "not_permitted"),
        (HomeAssistantError("other settings"), "in_use"),
    ],
)
async def test_what_the_charge_point_or_another_integration_forbids_is_said(
    hass: HomeAssistant, alfen: ModbusCharger, raised: Exception, error: str
) -> None:
    form = await begin(hass)
    with patch.object(flow_modbus, "probe", side_effect=raised):
        form = await go_on(hass, form, address(alfen.port))
    assert form["errors"] == {"base": error}
    assert (await go_on(hass, form, address(alfen.port)))["step_id"] == "hours"


async def test_a_known_charge_point_is_found_again_not_added(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    entry = an_entry(hass)
    result = await go_on(hass, await begin(hass), address(alfen.port))
    assert result["reason"] == "already_configured"
    assert entry.data["host"] == "127.0.0.1"


async def test_one_set_up_by_ocpp_is_not_added_by_modbus_too(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    entry = MockConfigEntry(domain=DOMAIN, unique_id="ACE0123456", data={"protocol": "ocpp", "charge_point_id": "A"})
    entry.add_to_hass(hass)
    result = await go_on(hass, await begin(hass), address(alfen.port))
    assert result["reason"] == "already_configured"
    assert "host" not in entry.data


async def test_a_second_one_of_a_kind_is_told_apart(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    menu = await go_on(hass, await begin(hass), address(alfen.port))
    await go_on(hass, menu, {"next_step_id": "accept_hours"})
    async with ModbusCharger("alfen_eve", serial="ACE0999999") as other:
        menu = await go_on(hass, await begin(hass), address(other.port))
        done = await go_on(hass, menu, {"next_step_id": "accept_hours"})
    assert done["title"] == "Alfen NV NG910-60023 ACE0999999"


# Discovery


async def discover(hass: HomeAssistant, **changes: Any) -> dict[str, Any]:
    context = {"source": SOURCE_ZEROCONF}
    return readable(await hass.config_entries.flow.async_init(DOMAIN, context=context, data=announcement(**changes)))


@pytest.mark.requirement("S7.1")
async def test_a_discovered_charge_point_needs_nothing_typed(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    with patch.object(flow_modbus, "DEFAULT_MODBUS_PORT", alfen.port):
        form = await discover(hass)
    assert form["step_id"] == "zeroconf_confirm"
    assert form["data_schema"].schema == {}
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "Alfen NV NG910-60023"}
    assert flow["context"]["unique_id"] == "ACE0123456"

    menu = await go_on(hass, form, {})
    done = await go_on(hass, menu, {"next_step_id": "accept_hours"})
    assert done["result"].unique_id == "ACE0123456"


async def test_a_discovery_is_not_repeated_under_another_name(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    with patch.object(flow_modbus, "DEFAULT_MODBUS_PORT", alfen.port):
        await discover(hass)
        again = await discover(hass, name="Other._alfen._tcp.local.")
    assert again["reason"] == "already_in_progress"


async def test_one_that_cannot_be_read_yet_is_offered_then_put_right(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    await alfen.drop_link()
    with patch.object(flow_modbus, "DEFAULT_MODBUS_PORT", alfen.port):
        form = await discover(hass)
    assert form["description_placeholders"] == {"name": "ICU EVe", "host": "127.0.0.1"}
    form = await go_on(hass, form, {})
    assert form["errors"] == {"base": "cannot_connect"}
    await alfen.restore_link()
    assert (await go_on(hass, form, {}))["step_id"] == "hours"


async def test_discovery_at_a_known_address_asks_nothing_of_the_charge_point(hass: HomeAssistant) -> None:
    an_entry(hass, host="127.0.0.1")
    with patch.object(flow_modbus, "probe") as probe:
        assert (await discover(hass))["reason"] == "already_configured"
    probe.assert_not_called()


async def test_discovery_of_a_known_one_notes_its_new_address(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    entry = an_entry(hass)
    with patch.object(flow_modbus, "DEFAULT_MODBUS_PORT", alfen.port):
        assert (await discover(hass))["reason"] == "already_configured"
    assert (entry.data["host"], entry.data["port"]) == ("127.0.0.1", 502)


async def test_an_ignored_charge_point_stays_ignored(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    entry = MockConfigEntry(domain=DOMAIN, unique_id="ACE0123456", source=SOURCE_IGNORE, data={})
    entry.add_to_hass(hass)
    with patch.object(flow_modbus, "DEFAULT_MODBUS_PORT", alfen.port):
        assert (await discover(hass))["reason"] == "already_configured"
    assert entry.data == {}


# Hours


@pytest.fixture
async def at_hours(hass: HomeAssistant, alfen: ModbusCharger) -> dict[str, Any]:
    return await go_on(hass, await begin(hass), address(alfen.port))


@pytest.mark.requirement("10.2")
@pytest.mark.requirement("7.1")
async def test_what_it_does_without_home_assistant_is_said_at_set_up(at_hours: dict[str, Any]) -> None:
    said = at_hours["description_placeholders"]["unattended"]
    assert said.startswith("Without Home Assistant it soon charges at its fail-safe current")


async def test_the_owner_may_change_the_hours(hass: HomeAssistant, at_hours: dict[str, Any]) -> None:
    form = await go_on(hass, at_hours, {"next_step_id": "change_hours"})
    assert suggested(form, "default_hours") == in_words(PRESET), "a list shows what it gets"
    days = form["data_schema"].schema["default_hours"].config["fields"]["days"]["selector"].config["options"]
    assert [day["label"] for day in days] == [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ]
    lunch = {"days": ["mon"], "start": "12:00:00", "end": "13:00:00"}
    done = await go_on(hass, form, {"default_hours": [*in_words([NIGHTS]), lunch]})
    assert done["options"]["default_hours"] == [NIGHTS | {"start": "23:30:00", "end": "05:30:00"}, lunch]
    assert done["options"]["default_hours_enabled"] is True


@pytest.mark.requirement("10.2")
async def test_the_owner_may_remove_the_hours_knowing_what_it_means(
    hass: HomeAssistant, at_hours: dict[str, Any]
) -> None:
    form = await go_on(hass, at_hours, {"next_step_id": "remove_hours"})
    assert form["type"] is FlowResultType.FORM
    done = await go_on(hass, form, {})
    assert done["options"]["default_hours_enabled"] is False
    assert done["options"]["default_hours"] == PRESET


@pytest.mark.parametrize(
    ("windows", "error"),
    [
        ([], "no_hours"),
        (NIGHTS, "no_hours"),
        ([NIGHTS | {"days": []}], "no_days"),
        ([NIGHTS] * 51, "too_many_hours"),
    ],
)
async def test_hours_that_make_no_sense_are_said_then_put_right(
    hass: HomeAssistant, at_hours: dict[str, Any], windows: Any, error: str
) -> None:
    form = await go_on(hass, at_hours, {"next_step_id": "change_hours"})
    form = await go_on(hass, form, {"default_hours": windows})
    assert form["errors"] == {"default_hours": error}
    assert suggested(form, "default_hours") == in_words(windows)
    done = await go_on(hass, form, {"default_hours": [NIGHTS]})
    assert done["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.parametrize(
    "windows",
    [
        "always",
        [NIGHTS | {"days": ["someday"]}],
        [NIGHTS | {"start": "25:00"}],
        [{"days": ["mon"]}],
        [NIGHTS | {"x": 1}],
    ],
)
async def test_hours_of_another_shape_are_refused(hass: HomeAssistant, at_hours: dict[str, Any], windows: Any) -> None:
    form = await go_on(hass, at_hours, {"next_step_id": "change_hours"})
    with pytest.raises(InvalidData):
        await go_on(hass, form, {"default_hours": windows})
    done = await go_on(hass, form, {"default_hours": [NIGHTS]})
    assert done["type"] is FlowResultType.CREATE_ENTRY


async def test_a_time_may_be_typed_short(hass: HomeAssistant, at_hours: dict[str, Any]) -> None:
    form = await go_on(hass, at_hours, {"next_step_id": "change_hours"})
    done = await go_on(hass, form, {"default_hours": [NIGHTS | {"end": "7:05"}]})
    assert done["options"]["default_hours"][0]["end"] == "07:05:00"


async def test_the_form_for_hours_can_be_sent_to_a_browser(hass: HomeAssistant, at_hours: dict[str, Any]) -> None:
    form = await go_on(hass, at_hours, {"next_step_id": "change_hours"})
    (field,) = form["data_schema"].schema.values()
    assert set(field.serialize()["selector"]["object"]["fields"]) == {"days", "start", "end"}


# Options


async def open_options(hass: HomeAssistant, entry: MockConfigEntry, way: str) -> dict[str, Any]:
    menu = readable(await hass.config_entries.options.async_init(entry.entry_id), "options")
    assert menu["type"] is FlowResultType.MENU
    return await set_option(hass, menu, {"next_step_id": way})


async def set_option(hass: HomeAssistant, result: dict[str, Any], user_input: dict[str, Any]) -> dict[str, Any]:
    return readable(await hass.config_entries.options.async_configure(result["flow_id"], user_input), "options")


@pytest.mark.requirement("10.3")
@pytest.mark.parametrize(
    ("way", "answer", "hours", "is_enabled"),
    [
        ("accept_hours", None, PRESET, True),
        ("change_hours", {"default_hours": [NIGHTS | {"days": ["sun"]}]}, None, True),
        ("remove_hours", {}, [NIGHTS], False),
    ],
)
async def test_hours_can_be_set_changed_or_removed_later(
    hass: HomeAssistant, way: str, answer: dict[str, Any] | None, hours: list[Any] | None, is_enabled: bool
) -> None:
    entry = an_entry(hass)
    result = await set_option(hass, await open_options(hass, entry, "hours"), {"next_step_id": way})
    if way == "change_hours":
        assert suggested(result, "default_hours") == in_words([NIGHTS])
    if answer is not None:
        result = await set_option(hass, result, answer)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    expected = hours or [{"days": ["sun"], "start": "23:30:00", "end": "05:30:00"}]
    assert entry.options["default_hours"] == expected
    assert entry.options["default_hours_enabled"] is is_enabled
    assert entry.options["later"] == "kept"


async def test_other_settings_keep_what_they_do_not_ask_about(hass: HomeAssistant) -> None:
    entry = an_entry(hass)
    form = await open_options(hass, entry, "settings")
    assert "start_without_tag" not in form["data_schema"].schema
    await set_option(
        hass, form, {"mode": "always", "random_delay_max": 900.0, "rated_current": 16.0, "ready_by": "6:45"}
    )
    assert entry.options == {
        "mode": "always", "random_delay_max": 900, "rated_current": 16, "ready_by": "06:45:00", "energy_needed": 30,
        "charger_delays_itself": False,
        "default_hours": [NIGHTS], "default_hours_enabled": True, "later": "kept",
    }  # fmt: skip
    assert isinstance(entry.options["random_delay_max"], int)

    form = await open_options(hass, entry, "settings")
    assert suggested(form, "rated_current") == 16
    await set_option(hass, form, {"mode": "off", "random_delay_max": 600})
    assert "rated_current" not in entry.options


async def test_ocpp_settings_ask_whether_a_card_is_needed(hass: HomeAssistant) -> None:
    entry = an_entry(hass, protocol="ocpp")
    form = await open_options(hass, entry, "settings")
    await set_option(hass, form, {"mode": "always", "random_delay_max": 600, "start_without_tag": False})
    assert entry.options["start_without_tag"] is False


@pytest.mark.requirement("11.4")
@pytest.mark.parametrize(
    "wrong",
    [{"random_delay_max": 599}, {"random_delay_max": 1801}, {"rated_current": 5}, {"rated_current": 81}, {"mode": "x"}],
)
async def test_settings_out_of_range_are_refused(hass: HomeAssistant, wrong: dict[str, Any]) -> None:
    entry = an_entry(hass)
    form = await open_options(hass, entry, "settings")
    with pytest.raises(InvalidData):
        await set_option(hass, form, {"mode": "always", "random_delay_max": 600} | wrong)
    await set_option(hass, form, {"mode": "always", "random_delay_max": 1800})
    assert entry.options["random_delay_max"] == 1800


# Another address


async def reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, Any]:
    return readable(await entry.start_reconfigure_flow(hass))


async def test_a_charge_point_that_moved_is_found_again(
    hass: HomeAssistant, alfen: ModbusCharger, setup_entry: AsyncMock
) -> None:
    entry = an_entry(hass)
    form = await reconfigure(hass, entry)
    assert suggested(form, "host") == "192.0.2.7"
    form = await go_on(hass, form, address(free_port()))
    assert form["errors"] == {"base": "cannot_connect"}
    done = await go_on(hass, form, address(alfen.port))
    assert done["reason"] == "reconfigure_successful"
    assert entry.data["host"] == "127.0.0.1"
    assert entry.data["port"] == alfen.port
    assert entry.unique_id == "ACE0123456"
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    assert setup_entry.call_count == 1


async def test_an_entry_that_listens_for_changes_is_not_reloaded_as_well(
    hass: HomeAssistant, alfen: ModbusCharger
) -> None:
    entry = an_entry(hass)
    heard = AsyncMock()
    entry.add_update_listener(heard)
    with patch.object(hass.config_entries, "async_schedule_reload") as reload:
        await go_on(hass, await reconfigure(hass, entry), address(alfen.port))
        await hass.async_block_till_done()
    heard.assert_awaited_once()
    reload.assert_not_called()


async def test_another_charge_point_at_the_new_address_is_refused(hass: HomeAssistant, alfen: ModbusCharger) -> None:
    entry = an_entry(hass, unique_id="ACE0000001")
    done = await go_on(hass, await reconfigure(hass, entry), address(alfen.port))
    assert done["reason"] == "wrong_device"
    assert entry.data["host"] == "192.0.2.7"


@pytest.mark.parametrize(("map_id", "reason"), [("bender_cc612", "reconfigure_successful"), ("other", "wrong_device")])
async def test_without_a_serial_the_model_has_to_match(hass: HomeAssistant, map_id: str, reason: str) -> None:
    unique_id = f"modbus:{map_id}@192.0.2.7:502/255"
    entry = an_entry(hass, unique_id=unique_id, map=map_id)
    async with ModbusCharger("bender_cc612") as charger:
        done = await go_on(hass, await reconfigure(hass, entry), address(charger.port))
    await hass.async_block_till_done()
    assert done["reason"] == reason
    assert entry.unique_id == unique_id


# Names


@pytest.mark.parametrize(
    ("serial", "usable"),
    [("ACE0123456", "ACE0123456"), (" LM-0001\n", "LM-0001"), (None, None), ("", None), ("000000", None), ("-", None),
     ("12345678", None), ("0123456789", None), ("ab1", None), ("Unknown", None), ("20231107", "20231107")],
)  # fmt: skip
def test_a_filler_is_no_serial_number(serial: str | None, usable: str | None) -> None:
    assert usable_serial(serial) == usable


@pytest.mark.parametrize(
    ("identity", "name"),
    [
        (Identity(manufacturer="ABB", model="Terra AC"), "ABB Terra AC"),
        (Identity(manufacturer="Alfen", model="Alfen Eve"), "Alfen Eve"),
        (Identity(manufacturer="ABB"), "ABB"),
        (Identity(), "CP1"),
        (None, "CP1"),
    ],
)
def test_a_name_says_maker_and_model_once(identity: Identity | None, name: str) -> None:
    assert name_of(identity, "CP1") == name


def test_there_is_always_a_name() -> None:
    assert name_of(None) == "Charge point"
