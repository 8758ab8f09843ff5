"""A unit of several outlets on one Modbus link: found, added without typing, and each its own (O8)."""

from collections.abc import AsyncIterator
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_HOST
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr
import pytest

from custom_components.smart_charge.const import CONF_CONNECTOR_ID, CONF_MODE, DOMAIN
from simulator import ChargePoint, ModbusCharger, Vehicle, WorldClock
from tests.flow_words import readable
from tests.shell import settle
from tests.waiting import until

pytestmark = [pytest.mark.requirement("O8"), pytest.mark.usefixtures("socket_enabled")]

POINTS = pytest.mark.parametrize("unit", ["phoenix_charx", "openwb_secondary"], indirect=True)


class Unit:
    """A home with one charge point of two outlets on Modbus."""

    def __init__(self, hass: HomeAssistant, model: str) -> None:
        self.hass = hass
        clock = WorldClock()
        self.boxes = (ChargePoint(clock), ChargePoint(clock))
        self.sim = ModbusCharger(model, charge_point=self.boxes[0], others=self.boxes[1:])

    async def set_up(self) -> ConfigEntry:
        await self.sim.start()
        flow = self.hass.config_entries.flow
        menu = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
        form = await flow.async_configure(menu["flow_id"], {"next_step_id": "modbus"})
        address = {"host": "127.0.0.1", "port": self.sim.port, "advanced": {}}
        return await self._accept(readable(await flow.async_configure(form["flow_id"], address)))

    async def add_second(self) -> ConfigEntry:
        await until(lambda: bool(self.offers))
        (offer,) = self.offers
        return await self._accept(readable(await self.hass.config_entries.flow.async_configure(offer["flow_id"], {})))

    async def _accept(self, hours: dict[str, object]) -> ConfigEntry:
        flow = self.hass.config_entries.flow
        done = readable(await flow.async_configure(str(hours["flow_id"]), {"next_step_id": "accept_hours"}))
        assert done["type"] is FlowResultType.CREATE_ENTRY
        await settle(self.hass)
        entry: ConfigEntry = done["result"]
        await until(lambda: entry.state is ConfigEntryState.LOADED)
        return entry

    @property
    def offers(self) -> list[dict[str, object]]:
        flows = self.hass.config_entries.flow.async_progress_by_handler(DOMAIN)
        return [dict(flow) for flow in flows if flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY]

    async def always(self, entry: ConfigEntry) -> None:
        """Have it charge whenever plugged in."""
        entry.runtime_data.change_options({CONF_MODE: "always"})
        await settle(self.hass)


@pytest.fixture
async def unit(hass: HomeAssistant, request: pytest.FixtureRequest) -> AsyncIterator[Unit]:
    with (
        patch("custom_components.smart_charge.chargers.modbus.charger.POLL_S", 0.05),
        patch("custom_components.smart_charge.facts.SystemRandom.random", return_value=0.0),
    ):
        unit = Unit(hass, request.param)
        try:
            yield unit
        finally:
            for entry in hass.config_entries.async_loaded_entries(DOMAIN):
                await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_block_till_done()
            await unit.sim.stop()


@POINTS
async def test_the_second_outlet_is_offered_and_becomes_a_device_of_the_first(hass, unit: Unit) -> None:
    first = await unit.set_up()

    second = await unit.add_second()

    assert second.data[CONF_CONNECTOR_ID] == 2
    assert second.unique_id == f"{first.unique_id}#2"
    devices = dr.async_get(hass)
    above, below = (dr.async_entries_for_config_entry(devices, entry.entry_id)[0] for entry in (first, second))
    assert below.via_device_id == above.id
    assert unit.offers == []


@POINTS
async def test_each_outlet_is_asked_and_metered_by_itself_on_one_link(unit: Unit) -> None:
    first = await unit.set_up()
    second = await unit.add_second()
    await unit.always(second)

    unit.boxes[1].plug_in(Vehicle())

    await until(lambda: unit.boxes[1].offered_a > 30)
    loops = first.runtime_data, second.runtime_data
    await until(lambda: loops[1].data.reading.is_charging is True)
    assert loops[0].data.reading.is_plugged_in is False
    assert loops[0].data.session is None
    assert loops[1].data.session is not None
    assert unit.boxes[0].offered_a == 0
    assert unit.sim.server.clients == 1


@POINTS
async def test_a_unit_with_one_outlet_offers_no_other(unit: Unit) -> None:
    unit.sim = ModbusCharger(unit.sim.device.map_id, charge_point=unit.boxes[0])

    await unit.set_up()

    assert unit.offers == []


@POINTS
async def test_one_outlet_goes_on_when_the_other_is_unloaded(hass, unit: Unit) -> None:
    first = await unit.set_up()
    second = await unit.add_second()

    assert await hass.config_entries.async_unload(first.entry_id)

    reading = second.runtime_data.charger.reading
    await until(lambda: second.runtime_data.charger.reading.taken_at > reading.taken_at)
    assert second.runtime_data.charger.is_online


@POINTS
async def test_both_outlets_follow_when_the_unit_is_found_at_another_address(hass, unit: Unit) -> None:
    first = await unit.set_up()
    second = await unit.add_second()
    for entry in (first, second):
        await hass.config_entries.async_unload(entry.entry_id)
        hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_HOST: "192.0.2.7"})
    flow = hass.config_entries.flow
    menu = await flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await flow.async_configure(menu["flow_id"], {"next_step_id": "modbus"})

    address = {"host": "127.0.0.1", "port": unit.sim.port, "advanced": {}}
    done = readable(await flow.async_configure(form["flow_id"], address))

    assert done["reason"] == "already_configured"
    assert [entry.data[CONF_HOST] for entry in (first, second)] == ["127.0.0.1", "127.0.0.1"]
