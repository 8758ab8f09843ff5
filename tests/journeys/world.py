"""One home for a journey: Home Assistant, a simulated charge point on a real socket, and one clock for both.

The clock is Home Assistant's, frozen and moved in strides; sockets, polls and time-outs go on in real time.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import groupby
import struct
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from custom_components.smart_charge.const import CONF_RATED_CURRENT, DOMAIN
from custom_components.smart_charge.coordinator import SmartChargeCoordinator
from simulator import ModbusCharger, OcppCharger, Vehicle, WorldClock
from tests.flow_words import free_port, readable
from tests.shell import call, settle
from tests.waiting import until

ALFEN, BENDER, OCPP = "alfen_eve", "bender_cc612", "ocpp"
KINDS = (ALFEN, BENDER, OCPP)
MAPS = (ALFEN, BENDER)

_LONG_S = 1_000_000
_PATIENCES = {ALFEN: {"validity_s": _LONG_S}, BENDER: {"comm_timeout_s": 300}}
"""How long a simulated Modbus device waits for us; the others take any time."""

_STRIDES = {ALFEN: timedelta(hours=12), BENDER: timedelta(seconds=240), OCPP: timedelta(minutes=30)}
"""How far the clock may jump: renewals run in real time, so a jump must stay within what was leased."""

_PLATFORMS = {
    "why": "sensor", "status": "sensor", "power": "sensor", "session_energy": "sensor", "energy_total": "sensor",
    "delay_ends": "sensor", "charge_now": "switch", "cable_connected": "binary_sensor", "charging": "binary_sensor",
    "connectivity": "binary_sensor", "problem": "binary_sensor", "skip_delay": "button", "mode": "select",
    "safety_lock": "switch", "meter_error": "sensor", "sample_interval": "sensor",
    "unattended": "sensor",
}  # fmt: skip


class World:
    """What a journey does, sees, and knows to be true."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, kind: str, **options: Any) -> None:
        self.hass = hass
        self.kind = kind
        self.options = options
        self.entry: ConfigEntry[SmartChargeCoordinator]
        self._freezer = freezer
        self._port = free_port()
        self._sim: ModbusCharger | OcppCharger | None = None

    # Set-up and end

    @property
    def modbus(self) -> ModbusCharger:
        assert isinstance(self._sim, ModbusCharger)
        return self._sim

    @property
    def ocpp(self) -> OcppCharger:
        assert isinstance(self._sim, OcppCharger)
        return self._sim

    @property
    def sim(self) -> ModbusCharger | OcppCharger:
        return self.ocpp if self.kind == OCPP else self.modbus

    async def set_up(self) -> None:
        """Switch the charge point on and set it up as an owner does: in the config flow, hours accepted."""
        menu = readable(await self.hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER}))
        if self.kind != OCPP:
            hours = await self._meet_modbus(menu)
        else:
            hours = await self._meet_ocpp(menu)
        done = await self._go_on(hours, {"next_step_id": "accept_hours"})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        self.entry = done["result"]
        await settle(self.hass)
        await until(lambda: self.entry.state is ConfigEntryState.LOADED)
        await self.sees("connectivity", "on")
        await self.sees("why", "not_plugged_in")

    async def _go_on(self, result: dict[str, Any], user_input: dict[str, Any] | None = None) -> dict[str, Any]:
        return readable(await self.hass.config_entries.flow.async_configure(result["flow_id"], user_input))

    async def _meet_modbus(self, menu: dict[str, Any]) -> dict[str, Any]:
        patience = _PATIENCES.get(self.kind, {"patience_s": _LONG_S})
        self._sim = ModbusCharger(self.kind, clock=WorldClock(source=dt_util.utcnow), **patience | self.options)
        await self._sim.start()
        form = await self._go_on(menu, {"next_step_id": "modbus"})
        return await self._go_on(form, {"host": "127.0.0.1", "port": self._sim.port, "advanced": {}})

    async def _meet_ocpp(self, menu: dict[str, Any]) -> dict[str, Any]:
        form = await self._go_on(menu, {"next_step_id": "ocpp"})
        connect = await self._go_on(form, {"port": self._port})
        waiting = await self._go_on(connect, {})
        self._sim = OcppCharger(
            f"ws://127.0.0.1:{self._port}/",
            "CP1",
            password=connect["description_placeholders"]["password"],
            clock=WorldClock(source=dt_util.utcnow),
            **self.options,
        )
        await self._sim.start()
        flows = self.hass.config_entries.flow
        await until(lambda: flows.async_get(waiting["flow_id"])["step_id"] != "ocpp_wait")
        return await self._go_on(await self._go_on(waiting), {})

    async def close(self) -> None:
        """Take the entry and the charge point down."""
        entry = getattr(self, "entry", None)
        if entry is not None and entry.state is ConfigEntryState.LOADED:
            await self.hass.config_entries.async_unload(entry.entry_id)
            await self.hass.async_block_till_done()
        if self._sim is not None:
            await self._sim.stop()

    # Time

    async def wait(self, **passed: float) -> None:
        await self.wait_until(dt_util.utcnow() + timedelta(**passed))

    async def wait_until(self, moment: datetime) -> None:
        """Live until ``moment``: in strides, and with a stop wherever a decision is due."""
        while (now := dt_util.utcnow()) < moment:
            stops = [moment, now + _STRIDES.get(self.kind, timedelta(hours=12))]
            if self.is_set_up and (review_at := self.loop.data.decision.review_at) is not None and review_at > now:
                stops.append(review_at)
            await self.jump(stop := min(stops), is_brief=stop < moment)

    async def jump(self, moment: datetime, *, is_brief: bool = False) -> None:
        """Let it be ``moment`` at one stroke: Home Assistant's timers that are due ring, and no others."""
        self._freezer.move_to(moment)
        ring(self.hass, moment)
        await settle(self.hass)
        if self.is_set_up and self.is_linked:
            await self.is_heard(is_brief=is_brief)

    async def is_heard(self, *, is_brief: bool = False) -> None:
        """Wait until the charge point has been heard at the present instant, and any command has gone out."""
        if self.kind == OCPP:
            await asyncio.sleep(0.25)
            await until(lambda: not self.is_linked or not self.is_asking)
            return
        await until(lambda: not self.is_linked or self.loop.charger.reading.taken_at >= dt_util.utcnow())
        # The answer may be one that the charge point gave before the jump, which fed its watchdog then and not now.
        enough = self.modbus.server.requests + (2 if is_brief else 4)
        await until(lambda: not self.is_linked or self.modbus.server.requests >= enough)
        await settle(self.hass)

    @property
    def is_asking(self) -> bool:
        """Whether a command is under way."""
        task = self.loop._asking.task
        return task is not None and not task.done()

    async def is_back(self) -> None:
        """Live on until the link is there again: a charge point that boots, or dials, takes its time."""
        await self.jump(dt_util.utcnow() + timedelta(seconds=5))
        async with asyncio.timeout(60):
            while self.shown("connectivity") != "on":
                await asyncio.sleep(0.05)
                await self.jump(dt_util.utcnow() + timedelta(seconds=1))
        await self.is_heard()

    @property
    def is_set_up(self) -> bool:
        return self.entry.state is ConfigEntryState.LOADED

    @property
    def is_linked(self) -> bool:
        return self.loop.charger.is_online and self.sim.has_network and self.sim.charge_point.is_powered

    async def rated_at(self, amps: float) -> None:
        """Have the circuit rated, as the options flow does; the entry is set up anew."""
        options = {**self.entry.options, CONF_RATED_CURRENT: amps}
        self.hass.config_entries.async_update_entry(self.entry, options=options)
        await settle(self.hass)
        await until(lambda: self.is_set_up)
        await self.is_back()

    # Entities

    @property
    def loop(self) -> SmartChargeCoordinator:
        return self.entry.runtime_data

    def entity_id(self, key: str) -> str:
        unique_id = f"{self.entry.unique_id}_{key}"
        found = er.async_get(self.hass).async_get_entity_id(_PLATFORMS[key], DOMAIN, unique_id)
        assert found is not None, key
        return found

    def shown(self, key: str) -> str:
        state = self.hass.states.get(self.entity_id(key))
        assert state is not None, key
        return state.state

    async def sees(self, key: str, state: str) -> None:
        """Wait until an entity shows this."""
        try:
            await until(lambda: self.shown(key) == state)
        except TimeoutError:
            raise AssertionError(f"{key} is {self.shown(key)}, not {state}; why: {self.shown('why')}") from None

    async def charge_now(self, *, is_on: bool = True) -> None:
        await call(self.hass, "turn_on" if is_on else "turn_off", self.entity_id("charge_now"))

    @property
    def delay_ends_at(self) -> datetime:
        ends_at = dt_util.parse_datetime(self.shown("delay_ends"))
        assert ends_at is not None
        return ends_at

    # The truth

    async def plug_in(self, **vehicle: Any) -> None:
        self.sim.plug_in(Vehicle(**{"phases": 1, "max_a": 32.0, "soc": 0.2} | vehicle))
        await self.sees("cable_connected", "on")

    async def unplug(self) -> None:
        self.sim.unplug()
        await self.sees("cable_connected", "off")

    @property
    def power_w(self) -> float:
        self.sim.charge_point.catch_up()
        return self.sim.charge_point.power_w

    @property
    def energy_wh(self) -> float:
        """What has really flowed since the world began."""
        self.sim.charge_point.catch_up()
        return self.sim.truth.energy_wh

    async def offers(self, amps: float) -> None:
        """Wait until the charge point offers this to the vehicle."""
        await until(lambda: abs(self.sim.charge_point.offered_a - amps) < 0.5)

    async def charges(self) -> None:
        """See the vehicle draw 7 kW within seconds of the world's time."""
        await self.offers(32)
        await self.wait(seconds=15)
        assert self.power_w > 7000
        await self.sees("charging", "on")

    async def rests(self) -> None:
        """See that the vehicle draws nothing."""
        await self.offers(0)
        await self.wait(seconds=15)
        assert self.power_w == 0

    @property
    def setpoints_written(self) -> list[float]:
        """What was written to the setpoint register, in order, renewals left out."""
        writes = self.modbus.device.writes
        written = [_SETPOINTS[write.address](write.values) for write in writes if write.address in _SETPOINTS]
        return [setpoint_a for setpoint_a, _ in groupby(written)]

    async def loses_link(self) -> None:
        await self.sim.drop_link()
        await self.sees("connectivity", "off")

    async def finds_link(self) -> None:
        await self.sim.restore_link()
        await self.sees("connectivity", "on")
        await self.is_heard()


_SETPOINTS: dict[int, Callable[[tuple[int, ...]], float]] = {
    1000: lambda words: words[0],
    1210: lambda words: struct.unpack(">f", struct.pack(">2H", *words))[0],
}
"""The registers by which a setpoint is written, and how it is read back from the wire."""


def ring(hass: HomeAssistant, moment: datetime) -> None:
    """Have Home Assistant's timers ring that are due by then, and no others."""
    for handle in list(hass.loop._scheduled):  # type: ignore[attr-defined]
        timer = handle._callback
        due = getattr(timer, "expected_fire_timestamp", None)
        if due is not None and due <= moment.timestamp() and not handle.cancelled():
            handle.cancel()
            timer()


def ours() -> set[str]:
    """Names of tasks of ours that run."""
    words = ("Alfen", "CC612", "Bender", "Loopback")
    return {task.get_name() for task in asyncio.all_tasks() if any(word in task.get_name() for word in words)}
