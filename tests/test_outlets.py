"""A charge point with two outlets, as an owner sees it: found, added without typing, and each its own (O8)."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from unittest.mock import patch

import aiohttp
from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.smart_charge.const import CONF_CONNECTOR_ID, CONF_ENTRY, CONF_PASSWORD_HASHES, DOMAIN
from custom_components.smart_charge.security.credentials import hash_secret
from tests.chargers.ocpp.peer import QUICK, Peer, basic, stamp
from tests.flow_words import free_port, readable
from tests.shell import call, ocpp_entry, set_up, settle
from tests.waiting import until

pytestmark = [pytest.mark.requirement("O8"), pytest.mark.usefixtures("socket_enabled")]

TIMINGS = replace(QUICK, call_s=5, slow_call_s=5, handshake_s=5)


class House:
    """A home with one charge point of two outlets."""

    def __init__(self, hass: HomeAssistant, session: aiohttp.ClientSession) -> None:
        self.hass = hass
        self.session = session
        self.port = free_port()
        self.first: ConfigEntry
        self.peer: Peer

    async def set_up(self) -> None:
        entry = ocpp_entry(self.port, hashes=hash_secret("secret"))
        await set_up(self.hass, entry)
        self.first = entry
        await self.call()

    async def call(self) -> None:
        headers = {"Authorization": basic("CP1", "secret")}
        url = f"http://127.0.0.1:{self.port}/CP1"
        self.peer = Peer(await self.session.ws_connect(url, protocols=("ocpp1.6",), headers=headers))
        await self.peer.boot(chargePointSerialNumber="S-1")
        for connector_id in (0, 1, 2):
            await self.peer.status("Available", connector_id=connector_id)
        await settle(self.hass)

    @property
    def offers(self) -> list[dict[str, object]]:
        flows = self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return [dict(flow) for flow in flows if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY]

    async def add_second(self) -> ConfigEntry:
        (offer,) = self.offers
        flow = self.hass.config_entries.flow
        hours = readable(await flow.async_configure(offer["flow_id"], {}))
        done = readable(await flow.async_configure(hours["flow_id"], {"next_step_id": "accept_hours"}))
        assert done["type"] is FlowResultType.CREATE_ENTRY
        await settle(self.hass)
        entry: ConfigEntry = done["result"]
        assert entry.state is ConfigEntryState.LOADED
        await until(lambda: entry.runtime_data.charger.connection is not None)
        return entry

    def shown(self, entry: ConfigEntry, key: str) -> str:
        entity_id = er.async_get(self.hass).async_get_entity_id("sensor", DOMAIN, f"{entry.unique_id}_{key}")
        assert entity_id is not None
        state = self.hass.states.get(entity_id)
        assert state is not None
        return state.state


@pytest.fixture
async def house(hass: HomeAssistant) -> AsyncIterator[House]:
    with (
        patch("custom_components.smart_charge.listener.LISTEN_ON", "127.0.0.1"),
        patch("custom_components.smart_charge.chargers.ocpp.charger.Timings", lambda: TIMINGS),
    ):
        async with aiohttp.ClientSession() as session:
            house = House(hass, session)
            await house.set_up()
            yield house
            for entry in hass.config_entries.async_entries(DOMAIN):
                await hass.config_entries.async_unload(entry.entry_id)
            await settle(hass)
            house.peer.reader.cancel()
            await asyncio.gather(house.peer.reader, return_exceptions=True)


async def test_the_second_outlet_is_offered_once_and_asks_for_nothing_but_hours(house: House) -> None:
    (offer,) = house.offers
    assert offer["step_id"] == "outlet"
    await house.peer.status("Available", connector_id=2)
    await settle(house.hass)
    assert len(house.offers) == 1
    second = await house.add_second()
    assert second.title == "Garage 2"
    assert house.offers == []
    await house.peer.socket.close()
    await settle(house.hass)
    await house.call()
    assert house.offers == []


async def test_an_outlet_whose_charge_point_is_gone_is_not_offered(house: House) -> None:
    told = await house.hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_INTEGRATION_DISCOVERY}, data={CONF_ENTRY: "01GONE", CONF_CONNECTOR_ID: 2}
    )
    assert told["reason"] == "already_configured"


async def test_it_is_a_device_of_its_own_by_way_of_the_first(house: House) -> None:
    second = await house.add_second()
    devices = dr.async_get(house.hass)
    first_device = devices.async_get_device_by_identifier((DOMAIN, str(house.first.unique_id)), house.first.entry_id)
    device = devices.async_get_device_by_identifier((DOMAIN, str(second.unique_id)), second.entry_id)
    assert first_device is not None
    assert device is not None
    assert device.via_device_id == first_device.id
    assert device.serial_number == "S-1"


async def test_each_outlet_shows_its_own_state_and_energy(house: House) -> None:
    second = await house.add_second()
    payload = {"connectorId": 2, "idTag": second.runtime_data.charger.id_tag, "meterStart": 500, "timestamp": stamp()}
    await house.peer.status("Charging", connector_id=2)
    await house.peer.ask("StartTransaction", payload)
    await settle(house.hass)
    assert (house.shown(house.first, "status"), house.shown(second, "status")) == ("available", "charging")
    assert house.shown(second, "energy_total") == "0.5"
    assert house.shown(house.first, "energy_total") == "unknown"


async def test_charge_now_on_one_outlet_is_said_to_that_outlet(house: House) -> None:
    second = await house.add_second()
    await house.peer.status("Preparing", connector_id=2)
    await house.peer.ask(
        "StartTransaction",
        {"connectorId": 2, "idTag": second.runtime_data.charger.id_tag, "meterStart": 500, "timestamp": stamp()},
    )
    await house.peer.status("SuspendedEVSE", connector_id=2)
    entity_id = er.async_get(house.hass).async_get_entity_id("switch", DOMAIN, f"{second.unique_id}_charge_now")
    assert entity_id is not None
    await call(house.hass, "turn_on", entity_id)

    def leases() -> set[tuple[int, float]]:
        calls = house.peer.called("SetChargingProfile")
        said = [item for item in calls if item["csChargingProfiles"]["chargingProfilePurpose"] == "TxProfile"]
        return {
            (
                item["connectorId"],
                item["csChargingProfiles"]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"],
            )
            for item in said
        }

    await until(lambda: (2, 32) in leases())
    assert {connector_id for connector_id, _ in leases()} == {2}


async def test_removing_the_second_leaves_the_first_online(house: House) -> None:
    second = await house.add_second()
    await house.hass.config_entries.async_remove(second.entry_id)
    await house.peer.status("Charging", connector_id=1)
    await settle(house.hass)
    assert house.first.runtime_data.charger.is_online
    assert house.shown(house.first, "status") == "charging"


async def test_a_new_password_is_both_outlets(house: House) -> None:
    second = await house.add_second()
    flow = house.hass.config_entries.flow
    reconfiguring = await house.first.start_reconfigure_flow(house.hass)
    form = await flow.async_configure(reconfiguring["flow_id"], {"port": house.port, "new_password": True})
    await flow.async_configure(form["flow_id"], {"password": "Nightingale-7-sings"})
    await settle(house.hass)
    assert house.first.data[CONF_PASSWORD_HASHES] == second.data[CONF_PASSWORD_HASHES]
