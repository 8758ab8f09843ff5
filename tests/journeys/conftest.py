"""The world of a journey: sockets are real, the clock is ours, polls are quick, dice always show the same."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory, real_monotonic
from homeassistant.core import HomeAssistant
from modbus_connection import ModbusConnectionError
import pytest

from tests.chargers.ocpp.peer import QUICK

from .supply import SharedSupply
from .world import World

PEAK = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
"""A Monday morning in London, half an hour before the default hours open until the afternoon."""

UNHURRIED = replace(QUICK, call_s=5, slow_call_s=5, handshake_s=5, follow_s=2, look_s=0.5, guest_s=30, hand_back_s=3)
"""Quick where nothing depends on a busy machine; a lease outlasts every jump of the clock."""


@pytest.fixture
async def freezer(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FrozenDateTimeFactory]:
    """A clock that stands; what asyncio waits for goes on."""
    monkeypatch.setattr(asyncio.get_running_loop(), "time", real_monotonic)
    marker = request.node.get_closest_marker("begins")
    with freeze_time(marker.args[0] if marker else PEAK) as frozen:
        yield frozen


@contextmanager
def forgiving_lost_dials() -> Iterator[None]:
    """Do not fail a test for a dial that failed after whoever asked had gone, as asyncio reports of shielded ones.

    The Modbus library shares one dial among all who wait for the link. When a newer setpoint cancels the older one's
    wait while the link is down, nobody is left to hear how it ended, and nothing is wrong.
    """
    loop = asyncio.get_running_loop()
    reporting = loop.get_exception_handler()

    def report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        is_dial = isinstance(context.get("exception"), ModbusConnectionError)
        if not (is_dial and "shielded" in context["message"]):
            (reporting or asyncio.AbstractEventLoop.call_exception_handler)(loop, context)

    loop.set_exception_handler(report)
    try:
        yield
    finally:
        loop.set_exception_handler(reporting)


@contextmanager
def in_haste(lease_s: float = 7e5) -> Iterator[None]:
    """Let polls be quick, dice always show the same, and leases outlast every jump of the clock."""
    timings = replace(UNHURRIED, lease_s=lease_s)
    with (
        patch("custom_components.smart_charge.listener.LISTEN_ON", "127.0.0.1"),
        patch("custom_components.smart_charge.chargers.modbus.charger.POLL_S", 0.02),
        patch("custom_components.smart_charge.chargers.modbus.probe.PATIENT_S", float("inf")),
        patch("custom_components.smart_charge.chargers.ocpp.charger.Timings", lambda: timings),
        patch("custom_components.smart_charge.facts.SystemRandom.random", return_value=0.5),
    ):
        yield


@pytest.fixture
async def world(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, socket_enabled: None, request: pytest.FixtureRequest
) -> AsyncIterator[World]:
    """A home with the charge point that the test names, set up and idle."""
    kind, options = request.param if isinstance(request.param, tuple) else (request.param, {})
    lease_s = options.get("lease_s", 7e5)
    options = {name: value for name, value in options.items() if name != "lease_s"}
    await hass.config.async_set_time_zone("Europe/London")
    with in_haste(lease_s), forgiving_lost_dials():
        world = World(hass, freezer, kind, **options)
        try:
            await world.set_up()
            yield world
        finally:
            await world.close()


@pytest.fixture
async def supply(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, socket_enabled: None, request: pytest.FixtureRequest
) -> AsyncIterator[SharedSupply]:
    """A home with the charge points that the test names, and a house that draws 5 A beside them."""
    kinds, options = request.param if isinstance(request.param, tuple) else (request.param, {})
    await hass.config.async_set_time_zone("Europe/London")
    with in_haste(**options), forgiving_lost_dials():
        supply = SharedSupply(hass, freezer, kinds)
        try:
            await supply.set_up()
            yield supply
        finally:
            await supply.close()
