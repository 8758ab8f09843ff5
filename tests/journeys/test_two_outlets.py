"""Two outlets of one charge point, a vehicle on each: one link, two entries, one supply, and each its own (O8)."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.smart_charge.const import CONF_CONNECTOR_ID, CONF_SUPPLY, DOMAIN
from custom_components.smart_charge.security.credentials import hash_secret
from simulator import ChargePoint, OcppCharger as Simulated, Vehicle, WorldClock
from tests.flow_words import free_port, readable
from tests.premises import FUSE_60, add, site_entry
from tests.shell import call, ocpp_entry, set_up, settle
from tests.test_outlets import TIMINGS
from tests.waiting import until

pytestmark = [pytest.mark.requirement("O8"), pytest.mark.usefixtures("socket_enabled")]

PASSWORD = "a" * 40


class Pair:
    """One charge point with two outlets, and the entries of both."""

    def __init__(self, hass: HomeAssistant, first: ConfigEntry, box: Simulated) -> None:
        self.hass = hass
        self.entries = [first]
        self.box = box

    async def add_second(self) -> None:
        flows = self.hass.config_entries.flow
        offers: list[str] = []

        def is_offered() -> bool:
            found = flows.async_progress_by_handler(DOMAIN)
            offers[:] = [flow["flow_id"] for flow in found if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY]
            return bool(offers)

        await until(is_offered)
        hours = readable(await flows.async_configure(offers[0], {}))
        done = readable(await flows.async_configure(hours["flow_id"], {"next_step_id": "accept_hours"}))
        await settle(self.hass)
        self.entries.append(done["result"])
        assert self.entries[1].state is ConfigEntryState.LOADED
        assert self.entries[1].data[CONF_CONNECTOR_ID] == 2
        await until(lambda: all(entry.runtime_data.charger.connection is not None for entry in self.entries))

    def entity(self, number: int, platform: str, key: str) -> str:
        unique_id = f"{self.entries[number].unique_id}_{key}"
        found = er.async_get(self.hass).async_get_entity_id(platform, DOMAIN, unique_id)
        assert found is not None
        return found

    def shown(self, number: int, key: str) -> str:
        state = self.hass.states.get(self.entity(number, "sensor", key))
        assert state is not None
        return state.state

    async def charge_now(self, number: int, *, is_on: bool = True) -> None:
        await call(self.hass, "turn_on" if is_on else "turn_off", self.entity(number, "switch", "charge_now"))

    async def offers(self, first_a: float, second_a: float) -> None:
        wanted = [first_a, second_a]
        try:
            await until(lambda: [outlet.charge_point.offered_a for outlet in self.box.outlets] == wanted)
        except TimeoutError:
            offered = [outlet.charge_point.offered_a for outlet in self.box.outlets]
            why = [self.shown(number, "why") for number in (0, 1)]
            raise AssertionError(f"{offered}, not {wanted}: {why}") from None


@pytest.fixture
async def pair(hass: HomeAssistant) -> AsyncIterator[Pair]:
    port = free_port()
    # Hours that are closed, whenever this runs.
    hour = (datetime.now(UTC).hour + 12) % 24
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    closed = [{"days": days, "start": f"{hour:02}:00:00", "end": f"{hour:02}:05:00"}]
    await hass.config.async_set_time_zone("UTC")
    clock = WorldClock()
    with (
        patch("custom_components.smart_charge.listener.LISTEN_ON", "127.0.0.1"),
        patch("custom_components.smart_charge.chargers.ocpp.charger.Timings", lambda: TIMINGS),
    ):
        first = ocpp_entry(port, hashes=hash_secret(PASSWORD), default_hours=closed)
        await set_up(hass, first)
        box = Simulated(
            f"ws://127.0.0.1:{port}/", "CP1", password=PASSWORD, clock=clock, more_outlets=[ChargePoint(clock)]
        )
        async with box:
            pair = Pair(hass, first, box)
            await pair.add_second()
            hass.config_entries.async_update_entry(
                pair.entries[1], options={**pair.entries[1].options, "default_hours": closed}
            )
            await settle(hass)
            yield pair
            for entry in pair.entries:
                await hass.config_entries.async_unload(entry.entry_id)


async def test_each_outlet_charges_by_its_own_switch(pair: Pair) -> None:
    for outlet in pair.box.outlets:
        outlet.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
    await until(lambda: all(outlet.client.transaction is not None for outlet in pair.box.outlets))
    await pair.offers(0, 0)
    await pair.charge_now(1)
    await pair.offers(0, 32)
    await pair.charge_now(0)
    await pair.offers(32, 32)
    await pair.charge_now(1, is_on=False)
    await pair.offers(32, 0)
    assert pair.box.client.link.connections == 1


async def test_each_vehicle_has_a_session_of_its_own(pair: Pair) -> None:
    first, second = pair.box.outlets
    first.plug_in(Vehicle(phases=1, max_a=16, soc=0.4))
    await until(lambda: first.client.transaction is not None)
    await pair.charge_now(0)
    await until(lambda: first.charge_point.power_w > 3000)
    second.plug_in(Vehicle(phases=1, max_a=10, soc=0.4))
    await until(lambda: second.client.transaction is not None)
    await pair.charge_now(1)
    await until(lambda: second.charge_point.power_w > 2000)
    await until(lambda: float(pair.shown(0, "power")) > 3000 and 2000 < float(pair.shown(1, "power")) < 3000)
    chargers = [entry.runtime_data.charger for entry in pair.entries]
    assert chargers[0].transaction_id != chargers[1].transaction_id
    first.unplug()
    await until(lambda: chargers[0].transaction_id is None)
    assert second.charge_point.power_w > 2000
    assert chargers[1].transaction_id is not None


async def test_the_stop_of_one_outlet_leaves_the_other_alone(pair: Pair) -> None:
    for number, outlet in enumerate(pair.box.outlets):
        outlet.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda outlet=outlet: outlet.client.transaction is not None)
        await pair.charge_now(number)
    await pair.offers(32, 32)
    await call(pair.hass, "turn_on", pair.entity(0, "switch", "stop"))
    await pair.offers(0, 32)
    await asyncio.sleep(1)
    await pair.offers(0, 32)


async def test_both_come_back_behind_one_power_cut(pair: Pair) -> None:
    for number, outlet in enumerate(pair.box.outlets):
        outlet.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda outlet=outlet: outlet.client.transaction is not None)
        await pair.charge_now(number)
    await pair.offers(32, 32)
    await pair.box.power_cut()
    await pair.box.power_back()
    await until(lambda: pair.box.client.link.connections == 2)
    await until(lambda: all(entry.runtime_data.charger.restarts for entry in pair.entries))
    await until(lambda: all(outlet.client.transaction is not None for outlet in pair.box.outlets))
    numbers = [entry.runtime_data.charger.transaction_id for entry in pair.entries]
    assert numbers[0] != numbers[1]


@pytest.mark.requirement("8.1")
async def test_both_share_the_supply(pair: Pair) -> None:
    for number, outlet in enumerate(pair.box.outlets):
        outlet.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda outlet=outlet: outlet.client.transaction is not None)
        await pair.charge_now(number)
    await pair.offers(32, 32)
    await add(pair.hass, site_entry(**{CONF_SUPPLY: FUSE_60 | {"limit": 40.0}}))
    await until(lambda: sum(outlet.charge_point.offered_a for outlet in pair.box.outlets) <= 40)
    assert max(outlet.charge_point.offered_a for outlet in pair.box.outlets) >= 6
