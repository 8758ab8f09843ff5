"""The security log when strangers have filled it, as Home Assistant tells."""

from collections.abc import Iterator
import json
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.chargers.ocpp.peers import PeerKind
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER, database
from custom_components.smart_charge.records.chain import read_export, verify_chain
from custom_components.smart_charge.records.security_log import SecurityLog

from .shell import after
from .test_security_log import ask, knock

S10_1 = pytest.mark.requirement("S10.1")


@pytest.fixture
def small() -> Iterator[None]:
    """A log of 6 kB, which is soon full."""

    def of_six_kb(*args: Any) -> SecurityLog:
        return SecurityLog(*args, most_bytes=6_000)

    with patch.object(database, "SecurityLog", of_six_kb):
        yield


async def fill(hass: HomeAssistant, freezer: FrozenDateTimeFactory, hours: int) -> None:
    """Have strangers call for some hours, in all the ways that are written down."""
    for hour in range(hours):
        for number in range(20):
            knock(hass, PeerKind.WRONG_PASSWORD, f"CP{hour}-{number}")
            knock(hass, PeerKind.BAD_HANDSHAKE, f"CP{hour}-{number}")
        await after(hass, freezer, minutes=61)
        await hass.data[DATA_LEDGER].async_flush()


@S10_1
@pytest.mark.usefixtures("small")
async def test_a_full_log_lets_its_older_half_go_and_says_so(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await fill(hass, freezer, 14)
    export = await ask(hass, "export_security_log")
    entries = list(read_export(export["log"]))
    assert export["is_whole"]
    assert verify_chain(export["site"], entries).is_whole
    assert entries[0].number > 1
    assert sum(len(each.detail) for each in entries) <= 6_000
    rotated = [json.loads(each.detail) for each in entries if each.kind == "log_rotated"]
    assert rotated[-1]["first_number"] == entries[0].number
    assert ir.async_get(hass).async_get_issue(DOMAIN, "security_log_broken") is None
