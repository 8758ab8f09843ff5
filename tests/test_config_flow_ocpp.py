"""Set-up of an OCPP charge point: a real listener, and a simulated charge point that calls it."""

import asyncio
import base64
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from typing import Any
from unittest.mock import AsyncMock, patch

import aiohttp
from homeassistant.config_entries import (
    SOURCE_IGNORE,
    SOURCE_INTEGRATION_DISCOVERY,
    SOURCE_REAUTH,
    SOURCE_USER,
    ConfigEntryState,
)
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.chargers.ocpp.timings import Timings
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.flow import ocpp as flow_ocpp, password as flow_password
from custom_components.smart_charge.listener import DATA_LISTENERS, async_acquire_listener
from custom_components.smart_charge.security.credentials import hash_secret, verify_secret
from simulator import Behaviour, OcppCharger
from simulator.ocpp_nameplate import Nameplate
from tests.flow_words import free_port, readable, suggested

pytestmark = pytest.mark.usefixtures("socket_enabled")

OWN = "Nightingale-7-sings"


@pytest.fixture(autouse=True)
def setup_entry() -> Iterator[AsyncMock]:
    """Entries are made, and not set up: what the flow does is tried here. Calls come over loopback."""
    with (
        patch("custom_components.smart_charge.listener.LISTEN_ON", "127.0.0.1"),
        patch("custom_components.smart_charge.async_setup_entry", AsyncMock(return_value=True), create=True) as setup,
        patch("custom_components.smart_charge.async_unload_entry", AsyncMock(return_value=True), create=True),
    ):
        yield setup


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
async def close_flows(hass: HomeAssistant) -> AsyncIterator[None]:
    """Close what a test leaves open, as a person closes the window, and see that nothing stays."""
    yield
    for flow in hass.config_entries.flow.async_progress(include_uninitialized=True):
        hass.config_entries.flow.async_abort(flow["flow_id"])
    await hass.async_block_till_done()
    assert not hass.data.get(DATA_LISTENERS)


pytestmark = [pytestmark, pytest.mark.usefixtures("close_flows")]


async def go_on(
    hass: HomeAssistant, result: dict[str, Any], user_input: dict[str, Any] | None = None
) -> dict[str, Any]:
    return readable(await hass.config_entries.flow.async_configure(result["flow_id"], user_input))


async def begin(hass: HomeAssistant) -> dict[str, Any]:
    menu = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    return await go_on(hass, menu, {"next_step_id": "ocpp"})


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not is_so():  # noqa: ASYNC110  what happens on a real socket sets no event of ours
            await asyncio.sleep(0.01)


async def outcome(hass: HomeAssistant, waiting: dict[str, Any]) -> dict[str, Any]:
    """Return what follows the progress screen."""
    assert waiting["type"] is FlowResultType.SHOW_PROGRESS
    await until(lambda: hass.config_entries.flow.async_get(waiting["flow_id"])["step_id"] != "ocpp_wait")
    return await go_on(hass, waiting)


def caller(port: int, name: str = "CP1", password: str | None = None, **more: Any) -> OcppCharger:
    more.setdefault("nameplate", Nameplate())
    return OcppCharger(f"ws://127.0.0.1:{port}/", name, password=password, **more)


async def call(port: int, name: str, password: str | None = None, protocol: str = "ocpp1.6") -> int:
    """Call once, and return the HTTP status of the answer: 101 is in."""
    headers = {}
    if password is not None:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()
    async with aiohttp.ClientSession() as session:
        try:
            async with session.ws_connect(f"ws://127.0.0.1:{port}/{name}", protocols=[protocol], headers=headers) as ws:
                await ws.receive()
                return 101
        except aiohttp.WSServerHandshakeError as err:
            return err.status


def an_entry(hass: HomeAssistant, name: str = "CP1", password: str = "x" * 16, **data: Any) -> MockConfigEntry:
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Garage",
        unique_id=f"serial-{name}",
        data={
            "protocol": "ocpp",
            "charge_point_id": name,
            "listen_port": 9000,
            "connector_id": 1,
            "password_hashes": hash_secret(password),
        }
        | data,
    )
    entry.add_to_hass(hass)
    return entry


# From a port to a charge point


@pytest.mark.requirement("S2.1")
async def test_a_charge_point_calls_and_is_set_up(hass: HomeAssistant, port: int) -> None:
    connect = await go_on(hass, await begin(hass), {"port": port})
    assert connect["step_id"] == "ocpp_connect"
    shown = connect["description_placeholders"]
    assert shown["url"] == f"ws://10.10.10.10:{port}/"
    assert len(bytes.fromhex(shown["password"])) == 20

    waiting = await go_on(hass, connect, {})
    async with caller(port, password=shown["password"]):
        found = await outcome(hass, waiting)
        assert found["step_id"] == "ocpp_found"
        assert found["description_placeholders"] == {
            "name": "Loopback Motors Wall One", "serial": "LM-0001", "charge_point_id": "CP1", "address": "127.0.0.1",
        }  # fmt: skip
        menu = await go_on(hass, found, {})
        done = await go_on(hass, menu, {"next_step_id": "accept_hours"})

    assert done["title"] == "Loopback Motors Wall One"
    assert done["result"].unique_id == "LM-0001"
    hashes = done["data"]["password_hashes"]
    assert done["data"] == {
        "protocol": "ocpp", "charge_point_id": "CP1", "listen_port": port, "connector_id": 1, "password_hashes": hashes,
    }  # fmt: skip
    assert verify_secret(hashes, bytes.fromhex(shown["password"]))
    assert shown["password"] not in str(done["data"])
    assert done["options"]["start_without_tag"] is True


async def test_one_that_calls_before_the_owner_goes_on_is_not_missed(hass: HomeAssistant, port: int) -> None:
    connect = await go_on(hass, await begin(hass), {"port": port})
    async with caller(port, password=connect["description_placeholders"]["password"]) as charger:
        await until(lambda: bool(charger.frames) and charger.frames[-1][0] == "received")
        await asyncio.sleep(0.1)
        found = await go_on(hass, connect, {})
        assert found["step_id"] == "ocpp_found"


async def test_one_that_never_boots_is_known_by_its_id(hass: HomeAssistant, port: int) -> None:
    soon = partial(Timings, boot_wait_s=0.2)
    with patch("custom_components.smart_charge.chargers.ocpp.central_system.Timings", soon):
        connect = await go_on(hass, await begin(hass), {"port": port})
    password = connect["description_placeholders"]["password"]
    waiting = await go_on(hass, connect, {})
    async with caller(port, "Garage-7", password, behaviour=Behaviour(never_boots=True)):
        found = await outcome(hass, waiting)
        assert found["description_placeholders"]["serial"] == "?"
        done = await go_on(hass, await go_on(hass, found, {}), {"next_step_id": "accept_hours"})
    assert done["result"].unique_id == "Garage-7"
    assert done["title"] == "Garage-7"


async def test_the_line_stays_open_while_the_owner_thinks_about_hours(hass: HomeAssistant, port: int) -> None:
    connect = await go_on(hass, await begin(hass), {"port": port})
    password = connect["description_placeholders"]["password"]
    waiting = await go_on(hass, connect, {})
    async with caller(port, password=password) as charger:
        menu = await go_on(hass, await outcome(hass, waiting), {})
        await charger.drop_link()
        await charger.restore_link()
        connections = charger.client.link.connections
        await until(lambda: charger.client.link.connections > connections)
        assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [SOURCE_USER]
        assert (await go_on(hass, menu, {"next_step_id": "accept_hours"}))["type"] is FlowResultType.CREATE_ENTRY


async def test_the_owner_may_choose_the_password(hass: HomeAssistant, port: int) -> None:
    connect = await go_on(hass, await begin(hass), {"port": port, "password": OWN})
    assert OWN not in str(connect["description_placeholders"])
    waiting = await go_on(hass, connect, {})
    async with caller(port, password=OWN):
        found = await outcome(hass, waiting)
        done = await go_on(hass, await go_on(hass, found, {}), {"next_step_id": "accept_hours"})
    assert verify_secret(done["data"]["password_hashes"], OWN.encode())


@pytest.mark.requirement("S2.1")
@pytest.mark.parametrize(
    ("typed", "error"), [("short", "too_short"), ("Password12345678", "known_default"), ("Used-4-Garage-7s", "reused")]
)
async def test_a_bad_password_is_refused_then_put_right(hass: HomeAssistant, port: int, typed: str, error: str) -> None:
    an_entry(hass, "Other", "Used-4-Garage-7s")
    form = await go_on(hass, await begin(hass), {"port": port, "password": typed})
    assert form["errors"] == {"password": error}
    assert suggested(form, "port") == port
    assert not hass.data.get(DATA_LISTENERS)
    assert (await go_on(hass, form, {"port": port, "password": OWN}))["step_id"] == "ocpp_connect"


@pytest.mark.requirement("S2.1")
async def test_a_password_made_of_the_serial_is_refused_once_the_serial_is_known(
    hass: HomeAssistant, port: int
) -> None:
    typed = "ACE01234567890xyz"
    waiting = await go_on(hass, await go_on(hass, await begin(hass), {"port": port, "password": typed}), {})
    async with caller(port, password=typed, nameplate=Nameplate(serial="ACE01234567890")):
        form = await outcome(hass, waiting)
    assert form["step_id"] == "ocpp"
    assert form["errors"] == {"password": "derived_from_identity"}
    connect = await go_on(hass, form, {"port": port, "password": OWN})
    waiting = await go_on(hass, connect, {})
    async with caller(port, password=OWN, nameplate=Nameplate(serial="ACE01234567890")):
        assert (await outcome(hass, waiting))["step_id"] == "ocpp_found"


async def test_a_taken_port_is_said_then_put_right(hass: HomeAssistant, port: int) -> None:
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
    form = await go_on(hass, await begin(hass), {"port": port})
    assert form["errors"] == {"port": "port_in_use"}
    assert not hass.data.get(DATA_LISTENERS)
    taken.close()
    await taken.wait_closed()
    assert (await go_on(hass, form, {"port": port}))["step_id"] == "ocpp_connect"


async def test_a_port_that_may_not_be_opened_is_said(hass: HomeAssistant, port: int) -> None:
    form = await begin(hass)
    start = "custom_components.smart_charge.listener.CentralSystem.start"
    with patch(start, side_effect=PermissionError(13, "Permission denied")):
        form = await go_on(hass, form, {"port": 80})
    assert form["errors"] == {"port": "port_not_allowed"}
    assert (await go_on(hass, form, {"port": port}))["step_id"] == "ocpp_connect"


async def test_without_a_known_address_the_usual_name_is_shown(hass: HomeAssistant, port: int) -> None:
    with patch.object(flow_password.network, "async_get_source_ip", side_effect=HomeAssistantError):
        connect = await go_on(hass, await begin(hass), {"port": port})
    assert connect["description_placeholders"]["url"] == f"ws://homeassistant.local:{port}/"


# Waiting


@pytest.mark.parametrize(
    ("way", "hint"),
    [
        ({"name": "CP1", "password": "wrong"}, "wrong_password"),
        ({"name": "CP1", "password": None}, "no_password"),
        ({"name": "x" * 60, "password": "wrong"}, "bad_id"),
    ],
)
async def test_why_a_call_fails_is_told_while_waiting(
    hass: HomeAssistant, port: int, way: dict[str, Any], hint: str
) -> None:
    connect = await go_on(hass, await begin(hass), {"port": port})
    waiting = await go_on(hass, connect, {})
    assert waiting["progress_action"] == "waiting"
    assert await call(port, **way) in {401, 404}
    await hass.async_block_till_done()

    waiting = await go_on(hass, waiting)
    assert waiting["progress_action"] == f"waiting_{hint}"
    async with caller(port, password=connect["description_placeholders"]["password"]):
        assert (await outcome(hass, waiting))["step_id"] == "ocpp_found"


async def test_the_waiting_screen_is_told_to_refresh(hass: HomeAssistant, port: int) -> None:
    waiting = await go_on(hass, await go_on(hass, await begin(hass), {"port": port}), {})
    told: list[dict[str, Any]] = []
    hass.bus.async_listen("data_entry_flow_progressed", lambda event: told.append(dict(event.data)))
    await call(port, "CP1", "wrong")
    await until(lambda: len(told) == 1)
    await call(port, "CP1", "wrong")
    await hass.async_block_till_done()
    assert told == [{"handler": DOMAIN, "flow_id": waiting["flow_id"], "refresh": True}]


async def test_a_version_we_do_not_speak_is_told(hass: HomeAssistant, port: int) -> None:
    connect = await go_on(hass, await begin(hass), {"port": port})
    password = connect["description_placeholders"]["password"]
    await call(port, "CP1", password, "ocpp1.2")
    waiting = await go_on(hass, connect, {})
    assert waiting["progress_action"] == "waiting_unsupported_version"
    assert waiting["description_placeholders"]["offered"] == "ocpp1.2"


async def test_the_trouble_of_a_charge_point_that_is_set_up_is_no_hint(hass: HomeAssistant, port: int) -> None:
    an_entry(hass, "Old", listen_port=port)
    waiting = await go_on(hass, await go_on(hass, await begin(hass), {"port": port}), {})
    assert await call(port, "Old", "wrong") == 401
    await hass.async_block_till_done()
    assert (await go_on(hass, waiting))["progress_action"] == "waiting"


async def test_nobody_calls_then_somebody_does(hass: HomeAssistant, port: int) -> None:
    connect = await go_on(hass, await begin(hass), {"port": port})
    with patch.object(flow_ocpp, "WAIT_S", 0.05):
        nobody = await outcome(hass, await go_on(hass, connect, {}))
    assert nobody["step_id"] == "ocpp_nobody"
    assert nobody["errors"] == {"base": "no_call"}
    waiting = await go_on(hass, nobody, {})
    async with caller(port, password=connect["description_placeholders"]["password"]):
        assert (await outcome(hass, waiting))["step_id"] == "ocpp_found"


async def test_a_wrong_password_is_told_when_waiting_ends_too(hass: HomeAssistant, port: int) -> None:
    connect = await go_on(hass, await begin(hass), {"port": port})
    await call(port, "CP1", "wrong")
    with patch.object(flow_ocpp, "WAIT_S", 0.05):
        nobody = await outcome(hass, await go_on(hass, connect, {}))
    assert nobody["errors"] == {"base": "wrong_password"}


async def test_closing_the_window_leaves_nothing_running(hass: HomeAssistant, port: int) -> None:
    waiting = await go_on(hass, await go_on(hass, await begin(hass), {"port": port}), {})
    hass.config_entries.flow.async_abort(waiting["flow_id"])
    await hass.async_block_till_done(wait_background_tasks=True)
    assert not hass.data[DATA_LISTENERS]
    with pytest.raises(OSError, match="Connect"):
        await asyncio.open_connection("127.0.0.1", port)


async def test_closing_the_window_while_the_port_opens_leaves_nothing_running(hass: HomeAssistant, port: int) -> None:
    form = await begin(hass)
    opened = asyncio.Event()

    async def slowly(*args: Any) -> Any:
        held = await async_acquire_listener(*args)
        hass.config_entries.flow.async_abort(form["flow_id"])
        opened.set()
        return held

    with (
        patch("custom_components.smart_charge.flow.reception.async_acquire_listener", slowly),
        pytest.raises(UnknownFlow),
    ):
        await go_on(hass, form, {"port": port})
    assert opened.is_set()
    await hass.async_block_till_done()
    assert not hass.data[DATA_LISTENERS]


async def test_a_hint_that_comes_as_the_window_closes_harms_nobody(hass: HomeAssistant, port: int) -> None:
    waiting = await go_on(hass, await go_on(hass, await begin(hass), {"port": port}), {})
    with patch.object(hass.config_entries.flow, "async_configure", side_effect=UnknownFlow):
        await call(port, "CP1", "wrong")
        await hass.async_block_till_done()
    assert (await go_on(hass, waiting))["progress_action"] == "waiting_wrong_password"


async def test_an_entry_that_is_unloaded_meanwhile_takes_its_new_port(hass: HomeAssistant, port: int) -> None:
    entry = an_entry(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    form = readable(await entry.start_reconfigure_flow(hass))
    await hass.config_entries.async_unload(entry.entry_id)
    done = await go_on(hass, form, {"port": port, "new_password": False})
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    assert entry.data["listen_port"] == port
    assert entry.state is ConfigEntryState.LOADED


async def test_two_flows_share_a_port(hass: HomeAssistant, port: int) -> None:
    first = await go_on(hass, await begin(hass), {"port": port})
    second = await go_on(hass, await begin(hass), {"port": port})
    hass.config_entries.flow.async_abort(first["flow_id"])
    await hass.async_block_till_done()
    waiting = await go_on(hass, second, {})
    async with caller(port, password=second["description_placeholders"]["password"]):
        assert (await outcome(hass, waiting))["step_id"] == "ocpp_found"


# Twice the same


async def test_a_known_serial_is_not_added_twice(hass: HomeAssistant, port: int) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="LM-0001", data={"protocol": "modbus", "host": "a"}).add_to_hass(hass)
    connect = await go_on(hass, await begin(hass), {"port": port})
    async with caller(port, password=connect["description_placeholders"]["password"]):
        assert (await outcome(hass, await go_on(hass, connect, {})))["reason"] == "already_configured"


async def test_a_known_id_on_the_same_port_is_not_added_twice(hass: HomeAssistant, port: int) -> None:
    an_entry(hass, "CP1", listen_port=port)
    connect = await go_on(hass, await begin(hass), {"port": port})
    async with caller(port, password=connect["description_placeholders"]["password"]):
        assert (await outcome(hass, await go_on(hass, connect, {})))["reason"] == "already_configured"


# Discovery


async def discover(hass: HomeAssistant, port: int, name: str = "CP1") -> dict[str, Any]:
    data = {"charge_point_id": name, "version": "1.6", "address": "127.0.0.1", "port": port}
    context = {"source": SOURCE_INTEGRATION_DISCOVERY}
    return readable(await hass.config_entries.flow.async_init(DOMAIN, context=context, data=data))


@pytest.mark.requirement("S7.1")
async def test_one_that_called_unasked_is_set_up_with_nothing_typed(hass: HomeAssistant, port: int) -> None:
    form = await discover(hass, port)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "CP1"}
    connect = await go_on(hass, form, {})
    waiting = await go_on(hass, connect, {})
    async with caller(port, password=connect["description_placeholders"]["password"]):
        found = await outcome(hass, waiting)
        done = await go_on(hass, await go_on(hass, found, {}), {"next_step_id": "accept_hours"})
    assert done["data"]["charge_point_id"] == "CP1"


async def test_in_a_discovery_only_that_charge_point_gets_in(hass: HomeAssistant, port: int) -> None:
    connect = await go_on(hass, await discover(hass, port), {})
    password = connect["description_placeholders"]["password"]
    assert await call(port, "CP2", password) == 404
    waiting = await go_on(hass, connect, {})
    await call(port, "CP2", "wrong")
    assert waiting["progress_action"] == "waiting"


@pytest.mark.parametrize(("typed", "error"), [("short", "too_short"), ("CP-Garage-00417!", "derived_from_identity")])
async def test_a_bad_password_in_a_discovery_is_refused_then_put_right(
    hass: HomeAssistant, port: int, typed: str, error: str
) -> None:
    form = await go_on(hass, await discover(hass, port, "CP-Garage-00417"), {"password": typed})
    assert form["errors"] == {"password": error}
    assert (await go_on(hass, form, {"password": OWN}))["step_id"] == "ocpp_connect"


async def test_a_port_taken_meanwhile_is_said_in_a_discovery(hass: HomeAssistant, port: int) -> None:
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
    form = await go_on(hass, await discover(hass, port), {})
    assert form["errors"] == {"base": "port_in_use"}
    taken.close()
    await taken.wait_closed()
    assert (await go_on(hass, form, {}))["step_id"] == "ocpp_connect"


async def test_a_password_made_of_the_serial_leads_back_to_the_discovery(hass: HomeAssistant, port: int) -> None:
    typed = "ACE01234567890xyz"
    waiting = await go_on(hass, await go_on(hass, await discover(hass, port), {"password": typed}), {})
    async with caller(port, password=typed, nameplate=Nameplate(serial="ACE01234567890")):
        form = await outcome(hass, waiting)
    assert form["step_id"] == "ocpp_discovered"
    assert form["errors"] == {"password": "derived_from_identity"}


async def test_a_charge_point_set_up_by_hand_is_discovered_no_longer(hass: HomeAssistant, port: int) -> None:
    await discover(hass, port)
    connect = await go_on(hass, await begin(hass), {"port": port})
    waiting = await go_on(hass, connect, {})
    async with caller(port, password=connect["description_placeholders"]["password"]):
        await outcome(hass, waiting)
    assert [flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()] == [SOURCE_USER]


async def test_a_known_id_is_no_discovery(hass: HomeAssistant, port: int) -> None:
    an_entry(hass, "CP1", listen_port=port)
    assert (await discover(hass, port))["reason"] == "already_configured"


async def test_an_ignored_id_stays_ignored(hass: HomeAssistant, port: int) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="CP1", source=SOURCE_IGNORE, data={}).add_to_hass(hass)
    assert (await discover(hass, port))["reason"] == "already_configured"


# A new password, another port


@pytest.mark.requirement("S2.2")
async def test_a_reset_draws_a_new_password_that_nobody_has(hass: HomeAssistant, setup_entry: AsyncMock) -> None:
    entry = an_entry(hass)
    form = readable(await entry.start_reauth_flow(hass))
    assert form["step_id"] == "reauth_confirm"
    password = form["description_placeholders"]["password"]
    assert form["description_placeholders"]["url"] == "ws://10.10.10.10:9000/"

    done = await go_on(hass, form, {})
    await hass.async_block_till_done()
    assert done["reason"] == "reauth_successful"
    assert verify_secret(entry.data["password_hashes"], password.encode())
    assert not verify_secret(entry.data["password_hashes"], b"x" * 16)
    assert entry.data["charge_point_id"] == "CP1"
    assert entry.state is ConfigEntryState.LOADED
    assert setup_entry.call_count == 1


@pytest.mark.parametrize(
    ("typed", "error"),
    [("short", "too_short"), ("serial-CP1serial-CP1", "derived_from_identity"), ("Used-4-Garage-7s", "reused")],
)
async def test_the_password_that_the_charge_point_has_may_be_typed(hass: HomeAssistant, typed: str, error: str) -> None:
    an_entry(hass, "Other", "Used-4-Garage-7s")
    entry = an_entry(hass, "CP1", OWN)
    form = readable(await entry.start_reauth_flow(hass))
    drawn = form["description_placeholders"]["password"]
    form = await go_on(hass, form, {"password": typed})
    assert form["errors"] == {"password": error}
    assert form["description_placeholders"]["password"] == drawn
    done = await go_on(hass, form, {"password": OWN})
    await hass.async_block_till_done()
    assert done["reason"] == "reauth_successful"
    assert verify_secret(entry.data["password_hashes"], OWN.encode())


async def test_another_port_is_tried_before_it_is_kept(hass: HomeAssistant, port: int) -> None:
    entry = an_entry(hass)
    before = entry.data["password_hashes"]
    form = readable(await entry.start_reconfigure_flow(hass))
    assert form["description_placeholders"]["url"] == "ws://10.10.10.10:9000/"
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
    form = await go_on(hass, form, {"port": port, "new_password": False})
    assert form["errors"] == {"port": "port_in_use"}
    taken.close()
    await taken.wait_closed()

    done = await go_on(hass, form, {"port": port, "new_password": False})
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    assert entry.data["listen_port"] == port
    assert entry.data["password_hashes"] == before
    assert not hass.data[DATA_LISTENERS]


async def test_a_new_password_comes_with_the_new_port(hass: HomeAssistant, port: int) -> None:
    entry = an_entry(hass)
    form = readable(await entry.start_reconfigure_flow(hass))
    form = await go_on(hass, form, {"port": port, "new_password": True})
    assert form["step_id"] == "new_password"
    assert form["description_placeholders"]["url"] == f"ws://10.10.10.10:{port}/"
    assert entry.data["listen_port"] == 9000
    done = await go_on(hass, form, {})
    await hass.async_block_till_done()
    assert done["reason"] == "reconfigure_successful"
    assert entry.data["listen_port"] == port
    assert verify_secret(entry.data["password_hashes"], form["description_placeholders"]["password"].encode())


async def test_reauth_is_offered_by_home_assistant_itself(hass: HomeAssistant) -> None:
    entry = an_entry(hass)
    entry.async_start_reauth(hass)
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH
