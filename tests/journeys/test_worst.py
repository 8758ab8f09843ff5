"""Charge points with the worst manners, at a home whose hours open and close."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from unittest.mock import patch

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.smart_charge.security.credentials import hash_secret
from tests.chargers.ocpp.literal import Literal, Manners
from tests.flow_words import free_port
from tests.journeys.world import ring
from tests.shell import OPENS, ocpp_entry, set_up, settle
from tests.test_outlets import TIMINGS
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("london", "socket_enabled")

WORST = {
    "everything wrong": Manners(
        boots=3,
        before_boot=(("Authorize", {"idTag": "smart"}), ("StatusNotification", {"connectorId": 1, "status": "Hm"})),
        junk=("{", '[2,"x"]', '[3,"never",{}]'),
        as_text=True,
        stamp=None,
        text_transaction=True,
        values="NaN",
        wrong_error=True,
        answers_twice=True,
        path="/ocpp/%43%50%31/",
        protocol=None,
        answers_pings=False,
    ),
    "connector 0 alone, and a line that breaks": Manners(connector_id=0, drops=True, stamp="%H:%M", values="none"),
}


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def pass_over(hass: HomeAssistant, freezer: FrozenDateTimeFactory, edge: datetime) -> None:
    """Let the hours open or close, and the longest random delay pass."""
    for seconds in (1, 300, 601, 1201, 1801):
        freezer.move_to(edge + timedelta(seconds=seconds))
        ring(hass, edge + timedelta(seconds=seconds))
        await settle(hass)


@pytest.mark.requirement("10.1")
@pytest.mark.parametrize("manners", WORST.values(), ids=WORST.keys())
async def test_the_vehicle_charges_when_its_hours_open_and_stops_when_they_close(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, session: aiohttp.ClientSession, manners: Manners
) -> None:
    port = free_port()
    with (
        patch("custom_components.smart_charge.listener.LISTEN_ON", "127.0.0.1"),
        patch("custom_components.smart_charge.chargers.ocpp.charger.Timings", lambda: TIMINGS),
    ):
        entry = ocpp_entry(port, hashes=hash_secret("secret"))
        await set_up(hass, entry)
        peer = Literal(session, port, manners)
        calling = asyncio.create_task(peer.run())
        try:
            await until(lambda: peer.transaction_id is not None and peer.drawn_a == 0)
            await pass_over(hass, freezer, OPENS)
            await until(lambda: peer.drawn_a >= 6)
            await pass_over(hass, freezer, OPENS + timedelta(hours=10))
            await until(lambda: peer.drawn_a == 0)
            assert peer.transaction_id is not None
        finally:
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
            await hass.config_entries.async_unload(entry.entry_id)
            await settle(hass)
