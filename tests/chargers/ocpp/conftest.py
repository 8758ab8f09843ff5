"""A listening central system for each test."""

from collections.abc import AsyncIterator

import pytest

from custom_components.smart_charge.chargers.ocpp.timings import Timings

from .peer import QUICK, Site


@pytest.fixture
def timings() -> Timings:
    """Say how long to wait for what; parametrise to say otherwise."""
    return QUICK


@pytest.fixture
async def site(socket_enabled: None, timings: Timings) -> AsyncIterator[Site]:
    site = Site(timings)
    await site.central.start()
    try:
        yield site
    finally:
        await site.close()
