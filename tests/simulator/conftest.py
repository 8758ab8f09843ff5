"""Sockets are allowed here: the simulator is tried over real loopback."""

from datetime import UTC, datetime

import pytest

from simulator import ChargePoint, WorldClock

from .central_system import running_central_system

STARTS_AT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _sockets(socket_enabled):
    return socket_enabled


@pytest.fixture
def clock():
    """Stands still until it is advanced."""
    return WorldClock(STARTS_AT, speed=0)


@pytest.fixture
def box(clock):
    return ChargePoint(clock)


@pytest.fixture
async def central():
    async with running_central_system() as central_system:
        yield central_system
