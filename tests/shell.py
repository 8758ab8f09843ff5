"""What the tests of the shell share: a charger that can be told what to say, and entries."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.smart_charge.chargers.charger import (
    Capabilities,
    Charger,
    ChargerError,
    ChargerUnreachable,
    Identity,
    Kept,
    LeaveBehind,
    PastTransaction,
)
from custom_components.smart_charge.charging.model import ConnectorStatus, PilotState, Reading
from custom_components.smart_charge.const import (
    CONF_CHARGE_POINT_ID,
    CONF_CONNECTOR_ID,
    CONF_DEFAULT_HOURS,
    CONF_DEFAULT_HOURS_ENABLED,
    CONF_LISTEN_PORT,
    CONF_MAP,
    CONF_MODE,
    CONF_PASSWORD_HASHES,
    CONF_PROTOCOL,
    CONF_UNIT_ID,
    DOMAIN,
    PROTOCOL_MODBUS,
    PROTOCOL_OCPP,
)
from custom_components.smart_charge.coordinator import SmartChargeCoordinator
from custom_components.smart_charge.ledger import DATA_LEDGER
from tests.waiting import until  # noqa: F401  known from here too

PEAK = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
"""A Monday evening, four hours before the default hours open."""

OPENS = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)

NIGHTS = [{"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "22:00:00", "end": "08:00:00"}]


class FakeCharger:
    """Says what the test tells it to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.identity = Identity(manufacturer="Acme", model="One", serial="A1234567", firmware="1.0")
        self.capabilities = Capabilities(max_a=32.0, phases=3, unattended="default_hours")
        self.reading: Reading | None = None
        self.is_online = True
        self.restarts = 0
        self.asked: list[float] = []
        self.plans: list[LeaveBehind] = []
        self.error: ChargerError | None = None
        self.leave_error: ChargerError | None = None
        self.is_obedient = True
        self.slow: asyncio.Event | None = None
        self.handed_back = 0
        self.is_running = False
        self.sample_interval_s: float | None = 1.0
        self.keeps_transactions = False
        self.past_transactions: tuple[PastTransaction, ...] = ()
        self.kept: frozenset[Kept] = frozenset()
        self.people_forgotten = 0
        self.is_watched = False
        self._listeners: list[Callable[[], None]] = []
        self._sample_listeners: list[Callable[[Reading], None]] = []

    def listen_samples(self, listener: Callable[[Reading], None]) -> Callable[[], None]:
        self._sample_listeners.append(listener)
        return lambda: self._sample_listeners.remove(listener)

    def admit(self, *, is_admitted: bool) -> None:
        """Ask for no tag."""

    def attend(self, *, is_watched: bool) -> None:
        self.is_watched = is_watched

    def sample(self, **facts: Any) -> None:
        """Measure now: say these facts, which the meter has just shown."""
        self.say(**{"measured_at": dt_util.utcnow()} | facts)
        for listener in list(self._sample_listeners):
            listener(self.reading)

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    def say(self, **facts: Any) -> None:
        """Take a reading now, in which these facts are new."""
        before = self.reading or Reading(taken_at=dt_util.utcnow())
        self.reading = replace(before, taken_at=dt_util.utcnow(), **facts)
        self.tell()

    async def run(self) -> None:
        self.is_running = True
        try:
            await asyncio.Event().wait()
        finally:
            self.is_running = False

    async def apply(self, setpoint_a: float) -> None:
        self.asked.append(setpoint_a)
        if self.slow is not None:
            await self.slow.wait()
        if not self.is_online:
            raise ChargerUnreachable("no link")
        if self.error is not None:
            raise self.error
        if self.is_obedient:
            self.say(setpoint_a=setpoint_a, offered_a=setpoint_a)

    async def leave_behind(self, plan: LeaveBehind) -> None:
        self.plans.append(plan)
        if self.leave_error is not None:
            raise self.leave_error

    async def hand_back(self) -> None:
        self.handed_back += 1

    async def acknowledge(self, transactions: Iterable[PastTransaction]) -> None:
        keys = {item.key for item in transactions}
        self.past_transactions = tuple(item for item in self.past_transactions if item.key not in keys)

    async def forget_people(self) -> frozenset[Kept]:
        self.people_forgotten += 1
        if not self.is_online:
            raise ChargerUnreachable("no link")
        return self.kept

    def diagnostics(self) -> dict[str, Any]:
        return {"polls": 3, "serial": "A1234567"}


IDLE = {"pilot": PilotState.A, "status": ConnectorStatus.AVAILABLE, "offered_a": 0.0, "setpoint_a": 0.0, "power_w": 0.0}
PLUGGED_IN = {"pilot": PilotState.B, "status": ConnectorStatus.SUSPENDED_EVSE}
CHARGING = {
    "pilot": PilotState.C,
    "status": ConnectorStatus.CHARGING,
    "power_w": 7000.0,
    "current_a": (30.4, None, None),
}


def modbus_entry(
    port: int = 502, map_id: str = "alfen_eve", unit_id: int = 1, unique_id: str | None = None, **options: Any
) -> MockConfigEntry:
    """An entry as the flow makes it for a Modbus charge point."""
    data = {CONF_PROTOCOL: PROTOCOL_MODBUS, "host": "127.0.0.1", "port": port, CONF_UNIT_ID: unit_id, CONF_MAP: map_id}
    return _entry(data, unique_id or f"modbus:{map_id}@127.0.0.1:{port}/{unit_id}", options)


def ocpp_entry(
    port: int, charge_point_id: str = "CP1", hashes: list[str] | None = None, **options: Any
) -> MockConfigEntry:
    """An entry as the flow makes it for an OCPP charge point."""
    data = {
        CONF_PROTOCOL: PROTOCOL_OCPP,
        CONF_CHARGE_POINT_ID: charge_point_id,
        CONF_PASSWORD_HASHES: hashes or [],
        CONF_LISTEN_PORT: port,
        CONF_CONNECTOR_ID: 1,
    }
    return _entry(data, charge_point_id, options)


def _entry(data: Mapping[str, Any], unique_id: str, options: Mapping[str, Any]) -> MockConfigEntry:
    hours = {CONF_MODE: "default_hours", CONF_DEFAULT_HOURS: NIGHTS, CONF_DEFAULT_HOURS_ENABLED: True}
    return MockConfigEntry(
        domain=DOMAIN,
        title="Garage",
        unique_id=unique_id,
        entry_id="01GARAGE",
        data=data,
        options=hours | dict(options),
    )


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> SmartChargeCoordinator:
    """Set an entry up and return its loop."""
    if entry.entry_id not in {known.entry_id for known in hass.config_entries.async_entries(DOMAIN)}:
        entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    assert entry.state is ConfigEntryState.LOADED
    return entry.runtime_data


async def set_up_fake(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry | None = None
) -> MockConfigEntry:
    """Set up an entry whose charger is ours."""
    entry = entry or modbus_entry()

    async def build(*_: object) -> Charger:
        return charger

    with patch("custom_components.smart_charge.async_build_charger", build):
        await set_up(hass, entry)
    return entry


async def settle(hass: HomeAssistant) -> None:
    """Let everything happen that is due, background tasks of ours too."""
    for _ in range(5):
        await asyncio.sleep(0)
    await hass.async_block_till_done()
    for _ in range(5):
        await asyncio.sleep(0)


async def at(hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime) -> None:
    """Let it be ``moment``, and let happen what was due."""
    freezer.move_to(moment)
    async_fire_time_changed(hass, moment)
    await settle(hass)


async def after(hass: HomeAssistant, freezer: FrozenDateTimeFactory, **passed: float) -> None:
    """Let time pass at one stroke."""
    await at(hass, freezer, dt_util.utcnow() + timedelta(**passed))


async def call(hass: HomeAssistant, service: str, entity_id: str, **data: Any) -> None:
    """Do what a person does with an entity."""
    domain = entity_id.partition(".")[0]
    await hass.services.async_call(domain, service, {"entity_id": entity_id} | data, blocking=True)
    await settle(hass)


def shown(hass: HomeAssistant, entity_id: str) -> str:
    """The state of an entity."""
    state = hass.states.get(entity_id)
    assert state is not None, entity_id
    return state.state


async def until_summed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Wait until what was charged is on record, and the sums over it are shown."""
    await hass.data[DATA_LEDGER].async_flush()
    await settle(hass)
    while entry.runtime_data.consumption._is_asking:
        await hass.async_add_executor_job(time.sleep, 0.01)  # the loop's own clock may stand still
    await settle(hass)
