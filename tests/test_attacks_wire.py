"""What strangers do below the messages, and what a household member may not do, through a whole Home Assistant."""

import asyncio
from contextlib import suppress
import json
import os
from typing import Any

import aiohttp
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.smart_charge.const import DOMAIN
from tests.chargers.ocpp.peer import Peer, stamp
from tests.shell import set_up, settle
from tests.waiting import until

from .test_attacks import Town, second, town  # noqa: F401  a fixture

pytestmark = [pytest.mark.requirement("S6.2"), pytest.mark.usefixtures("socket_enabled")]


async def half_open(port: int, text: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(text)
    return reader, writer


async def is_hung_up(reader: asyncio.StreamReader) -> bool:
    """Read until the other side has closed."""
    with suppress(ConnectionError):
        while await reader.read(4096):
            pass
    return True


@pytest.mark.requirement("S8.2")
async def test_two_thousand_connections_that_say_nothing_are_hung_up_on(town: Town) -> None:  # noqa: F811
    opened = [await half_open(town.port, b"" if number % 2 else b"GET /GOOD HTTP/1.1\r\nHo") for number in range(2000)]
    await town.is_fine()
    async with asyncio.timeout(60):
        assert all(await asyncio.gather(*(is_hung_up(reader) for reader, _ in opened)))
    for _, writer in opened:
        writer.close()
    await town.is_fine()


@pytest.mark.requirement("S8.2")
async def test_a_handshake_a_byte_at_a_time_is_hung_up_on(town: Town) -> None:  # noqa: F811
    reader, writer = await half_open(town.port, b"GET /GOOD HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    hung_up = asyncio.create_task(is_hung_up(reader))
    async with asyncio.timeout(60):
        while not hung_up.done():
            writer.write(b"a")
            with suppress(ConnectionError):
                await writer.drain()
            await asyncio.sleep(0.1)
    writer.close()
    await town.is_fine()


async def test_a_message_that_never_ends_costs_its_sender_the_link(town: Town) -> None:  # noqa: F811
    await set_up(town.hass, second(town.port))
    bad = await town.dial("BAD")
    writer = bad._writer
    part = b"x" * 60_000
    mask = os.urandom(4)
    masked = bytes(byte ^ mask[index % 4] for index, byte in enumerate(part))
    header = bytes((0x80 | 126,)) + len(part).to_bytes(2) + mask
    with suppress(ConnectionError, aiohttp.ClientError):
        for number in range(200):
            writer.transport.write(bytes((0x01 if number == 0 else 0x00,)) + header + masked)
            await asyncio.sleep(0)
        async with asyncio.timeout(60):
            while not bad.closed:
                await bad.receive()
    assert bad.closed
    await town.is_fine()


async def test_answers_under_the_ids_of_other_calls_are_nobodys(town: Town) -> None:  # noqa: F811
    await set_up(town.hass, second(town.port))
    bad = await town.dial("BAD")
    asked: list[str] = []
    await bad.send_str(_call("boot", "BootNotification", chargePointVendor="V", chargePointModel="M"))
    await bad.send_str(_call("status", "StatusNotification", connectorId=1, status="Preparing", errorCode="NoError"))

    async def answer() -> None:
        async for message in bad:
            frame = json.loads(message.data)
            if frame[0] == 2:
                for each in ("never", *asked, frame[1] + "x"):
                    await bad.send_str(json.dumps([3, each, {"status": "Accepted", "configurationKey": []}]))
                asked.append(frame[1])

    answering = asyncio.create_task(answer())
    await until(lambda: asked)
    await town.is_fine()
    charger = town.hass.config_entries.async_get_known_entry("01BAD").runtime_data.charger
    assert charger.diagnostics()["configuration"] == {}
    assert charger.capabilities.unattended == "unknown"
    answering.cancel()
    await bad.close()


async def test_a_flood_of_news_neither_delays_nor_fills_anything(town: Town) -> None:  # noqa: F811
    await set_up(town.hass, second(town.port))
    bad = Peer(await town.dial("BAD"))
    await bad.boot()
    for number in range(4000):
        if number % 2:
            status = ("Preparing", "Available", "Charging", "Faulted")[number // 2 % 4]
            text = _call(str(number), "StatusNotification", connectorId=1, status=status, errorCode="NoError")
        else:
            sampled = [{"measurand": "Power.Active.Import", "value": str(number)}]
            value = [{"timestamp": stamp(), "sampledValue": sampled}]
            text = _call(str(number), "MeterValues", connectorId=1, meterValue=value)
        with suppress(ConnectionError, aiohttp.ClientError):
            await bad.socket.send_str(text)
        if number % 1000 == 999:
            await town.is_fine()
    bad.reader.cancel()
    await asyncio.gather(bad.reader, return_exceptions=True)
    await bad.socket.close()
    await settle(town.hass)
    await town.is_fine()


def _call(number: str, action: str, **payload: Any) -> str:
    return json.dumps([2, number, action, payload])


HOUSEHOLD = {
    "charge_now", "stop_charging", "resume", "opt_out_of_dsr_event", "get_decisions", "get_dsr_events",
    "get_consumption",
}  # fmt: skip
"""What everybody who lives there may do."""

DATA: dict[str, dict[str, Any]] = {
    "start_dsr_event": {"kind": "response", "duration": "01:00:00"},
    "end_dsr_event": {"event_id": "a"},
    "ocpp_call": {"action": "Reset", "payload": {"type": "Hard"}},
    "modbus_read": {"kind": "holding", "address": 1},
    "set_tag": {"tag": "A", "status": "accepted"},
    "remove_tag": {"tag": "A"},
    "delete_personal_data": {"confirm": "A1234567"},
    "export_sessions": {"format": "csv"},
    "add_sale": {"sold_on": "2026-11-01", "model": "M", "serial": "S"},
}
FOR_A_DEVICE = {"start_dsr_event", "end_dsr_event", "ocpp_call", "modbus_read", "delete_personal_data"}


@pytest.mark.requirement("S2.2")
async def test_a_household_member_may_call_no_action_of_an_administrator(
    hass: HomeAssistant, entry: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    theirs = hass.services.async_services_for_domain(DOMAIN)
    refused = set()
    for name, service in theirs.items():
        if name in HOUSEHOLD:
            continue
        data = DATA.get(name, {}) | ({"device_id": device.id} if name in FOR_A_DEVICE else {})
        with pytest.raises(Unauthorized):
            await hass.services.async_call(
                DOMAIN,
                name,
                data,
                blocking=True,
                context=Context(user_id=hass_read_only_user.id),
                return_response=service.supports_response.value != "none",
            )
        refused.add(name)
    assert refused == set(theirs) - HOUSEHOLD
    assert len(refused) >= 14


@pytest.mark.requirement("S2.2")
async def test_a_household_member_without_rights_gets_no_live_power(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    hass_ws_client: Any,
    hass_read_only_user: MockUser,
    hass_read_only_access_token: str,
) -> None:
    hass_read_only_user.groups = []
    hass_read_only_user.invalidate_cache()
    client = await hass_ws_client(hass, hass_read_only_access_token)
    ours = [name for name in hass.data["websocket_api"] if name.startswith(DOMAIN)]
    assert ours
    for name in ours:
        await client.send_json_auto_id({"type": name, "entry_id": entry.entry_id})
        answer = await client.receive_json()
        assert (answer["success"], answer["error"]["code"]) == (False, "unauthorized")
