"""Small made-up maps, and charge points on the mock and on real loopback sockets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from modbus_connection import ModbusTcpParams
from modbus_connection.mock import MockModbusConnection
from modbus_connection.tmodbus import ModbusConnection
import pytest
import yaml

from custom_components.smart_charge.chargers.charger import Identity
from custom_components.smart_charge.chargers.modbus.charger import ModbusCharger
from custom_components.smart_charge.chargers.modbus.register_map import Maps, RegisterMap, load_maps, parse_map
from tests.waiting import until  # noqa: F401  known from here too

SMALL: dict[str, Any] = {
    "format": 1,
    "id": "made_up",
    "manufacturer": "Nobody",
    "models": ["One"],
    "sources": ["nowhere"],
    "unit_ids": [1],
    "registers": {
        "model": {"address": 0, "type": "uint16", "read": "once"},
        "state": {"address": 10, "type": "uint16"},
        "set_current": {"address": 20, "type": "uint16", "quantity": "setpoint", "write": "any"},
    },
    "identity": {"rules": [{"register": "model", "matches": "7"}], "model": "model"},
    "status": [
        {"when": {"state": 1}, "pilot": "a", "status": "available"},
        {"when": {"state": 2}, "pilot": "b", "status": "suspended_ev"},
        {"when": {"state": 3}, "pilot": "c", "status": "charging"},
    ],
    "reading": {},
    "control": {
        "setpoint": "set_current",
        "settle_s": 0.01,
        "charge": [{"write": "set_current", "value": "amps"}],
        "pause": [{"write": "set_current", "value": 0}],
    },
}


def merged(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    out = dict(base)
    for key, value in changes.items():
        if value is ...:
            out.pop(key, None)
        elif isinstance(value, dict) and isinstance(out.get(key), dict):
            out[key] = merged(out[key], value)
        else:
            out[key] = value
    return out


def small_text(**changes: Any) -> str:
    """The small map as a file's text, with these parts changed; ``...`` leaves a key out."""
    return yaml.safe_dump(merged(SMALL, changes))


def small_map(**changes: Any) -> RegisterMap:
    return parse_map(small_text(**changes))


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture(scope="session")
def maps() -> Maps:
    return load_maps()


@pytest.fixture
def mock() -> MockModbusConnection:
    connection = MockModbusConnection()
    connection.for_unit(1).holding.update({0: 7, 10: 1, 20: 0})
    return connection


def made_charger(connection: Any, register_map: RegisterMap, **options: Any) -> ModbusCharger:
    arguments = {"unit_id": 1, "identity": Identity(), "clock": now, "poll_s": 0.05} | options
    return ModbusCharger(connection.for_unit, register_map, **arguments)


@asynccontextmanager
async def running(charger: ModbusCharger) -> AsyncIterator[ModbusCharger]:
    task = asyncio.create_task(charger.run())
    try:
        yield charger
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def dialled(port: int) -> AsyncIterator[ModbusConnection]:
    """A connection as Home Assistant makes it."""
    connection = ModbusConnection(ModbusTcpParams(host="127.0.0.1", port=port))
    try:
        yield connection
    finally:
        await connection.close()
