"""The records' server is away while Home Assistant is restarted: what waited is written when both are back."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
import json
import signal
import time
from typing import Any

from homeassistant import loader
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.smart_charge.const import CONF_RECORDS, DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.pseudonyms import Pseudonyms
from custom_components.smart_charge.records.sales import Sale
from custom_components.smart_charge.records.security_log import SecurityEvent
from custom_components.smart_charge.records.values import (
    Condition,
    ConditionSeen,
    DecisionRecord,
    OutletKey,
    SessionRecord,
)

from .premises import add, site_entry
from .records import postgresql
from .records.ledger import whole_session
from .shell import IDLE, FakeCharger, modbus_entry, set_up_fake, settle
from .test_config_flow_records import is_at

GARAGE = OutletKey(charge_point="01GARAGE")
KEY = f"{DOMAIN}.waiting"
TAG = "04A2B3C4D5E6F7"
STRANGER = "192.0.2.77"


@pytest.fixture
def server() -> Iterator[postgresql.Server]:
    try:
        postgresql.programs()
    except postgresql.Missing as err:
        pytest.skip(str(err))
    with postgresql.running() as found:
        yield found


@pytest.fixture
def expected_lingering_timers() -> bool:
    """The registries of a home that has stopped would still write their files."""
    return True


@asynccontextmanager
async def home(folder: str, url: str) -> AsyncIterator[HomeAssistant]:
    """Run a Home Assistant that keeps its records on the server, until it is told to stop."""
    charger = FakeCharger()
    charger.say(**IDLE)
    async with async_test_home_assistant(config_dir=folder) as hass:
        hass.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        await add(
            hass, site_entry(**{CONF_RECORDS: {"url": url, "keep_months": 13}})
        )  # first: it says where records go
        await set_up_fake(hass, charger, modbus_entry())
        try:
            yield hass
        finally:
            await settle(hass)
            for entry in hass.config_entries.async_entries(DOMAIN):
                await hass.config_entries.async_unload(entry.entry_id)
            await hass.async_stop(force=True)


def past(days_ago: int) -> SessionRecord:
    began = dt_util.utcnow().replace(microsecond=0) - timedelta(days=days_ago)
    return whole_session(GARAGE, began, began + timedelta(hours=3), tag=TAG, who="Ada Lovelace")


async def is_written(hass: HomeAssistant) -> bool:
    ledger = hass.data[DATA_LEDGER]
    for _ in range(300):
        await ledger.async_flush()
        if not len(ledger.buffer):
            return True
        await hass.async_add_executor_job(time.sleep, 0.05)
    return False


async def found(hass: HomeAssistant) -> dict[str, Any]:
    """Say what is on record."""
    now = dt_util.utcnow()

    def ask(journal: Journal) -> dict[str, Any]:
        since = now - timedelta(days=400)
        return {
            "sessions": journal.sessions(since, now),
            "wh": journal.usage(since, now).import_wh,
            "decisions": [each.reason for each in journal.decisions(GARAGE, since, now) if each.reason == "test"],
            "sales": [each.sale.buyer for each in journal.register.entries()],
            "refused": [
                json.loads(each.detail) for each in journal.security.entries() if each.kind == "wrong_password"
            ],
        }

    return await hass.data[DATA_LEDGER].async_ask(ask)


@pytest.fixture
async def kept(
    hass_storage: dict[str, Any], tmp_path: Any, server: postgresql.Server, socket_enabled: None
) -> list[SessionRecord]:
    """A session is written; the server goes; more happens, and Home Assistant is stopped."""
    sessions, now = [past(3), past(2), past(1)], dt_util.utcnow()
    async with home(str(tmp_path), server.url) as hass:
        assert await is_at(hass, server.url)
        ledger = hass.data[DATA_LEDGER]
        ledger.add(sessions[0])
        assert await is_written(hass)
        assert KEY not in hass_storage
        server.stop(signal.SIGKILL)
        ledger.add(
            *sessions[1:],
            DecisionRecord(outlet=GARAGE, at=now - timedelta(hours=30), setpoint_a=16.0, reason="test", source="owner"),
            ConditionSeen(outlet=GARAGE, at=now, condition=Condition.SERVICEABLE, since_at=now - timedelta(hours=1)),
            SecurityEvent(at=now, kind="wrong_password", detail={"address": STRANGER, "tries": [1, 2]}),
            Sale(recorded_at=now, sold_on=now.date(), model="One", serial="A1", buyer="Charles"),
        )
    assert TAG in json.dumps(hass_storage[KEY])
    assert STRANGER not in json.dumps(hass_storage)  # the log would not name them either
    return sessions


def pseudonyms_in(stored: dict[str, Any]) -> Pseudonyms:
    return Pseudonyms(bytes.fromhex(stored[f"{DOMAIN}.ledger"]["data"]["key"]))


def start_again(server: postgresql.Server) -> None:
    """Start it as soon as what the killed one left running has ended."""
    for _ in range(100):
        try:
            server.start()
        except RuntimeError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError((server.home / "log").read_text())


@pytest.mark.requirement("9.1")
@pytest.mark.parametrize("restarts", [1, 2])
async def test_what_waited_is_written_after_a_restart(
    kept: list[SessionRecord], restarts: int, hass_storage: dict[str, Any], tmp_path: Any, server: postgresql.Server
) -> None:
    for _ in range(restarts - 1):  # with the server still away
        async with home(str(tmp_path), server.url) as hass:
            assert len(hass.data[DATA_LEDGER].buffer) >= 6
    start_again(server)
    async with home(str(tmp_path), server.url) as hass:
        assert await is_at(hass, server.url)
        assert await is_written(hass)
        told = await found(hass)
        assert told["sessions"] == kept
        assert told["wh"] == sum(each.import_wh for each in kept)
        assert (told["decisions"], told["sales"]) == (["test"], ["Charles"])
        one_word = pseudonyms_in(hass_storage).of(STRANGER)  # as it would be had the log been written at once
        assert told["refused"] == [{"address": one_word, "tries": [1, 2]}]
        assert KEY not in hass_storage


@pytest.mark.requirement("S7.2")
async def test_what_waited_is_forgotten_with_the_rest(
    kept: list[SessionRecord], hass_storage: dict[str, Any], tmp_path: Any, server: postgresql.Server
) -> None:
    start_again(server)
    async with home(str(tmp_path), server.url) as hass:
        await hass.services.async_call(DOMAIN, "delete_personal_data", {"confirm": "A1234567"}, blocking=True)
        assert await is_written(hass)
        assert (await found(hass))["sessions"] == []
        assert KEY not in hass_storage
        assert TAG not in json.dumps(hass_storage)


async def test_a_file_that_cannot_be_read_in_part_gives_the_rest(
    hass: HomeAssistant, entry: MockConfigEntry, hass_storage: dict[str, Any]
) -> None:
    from custom_components.smart_charge.ledger.waiting import Waiting

    waiting = Waiting(hass)
    await waiting.async_keep([past(2), past(1)], Pseudonyms(bytes(32)))
    stored = hass_storage[KEY]["data"]["records"]
    stored[0]["record"]["plugged_in_at"] = "yesterday"
    stored.append({"kind": "Nonsense"})
    assert [each.import_wh for each in await Waiting(hass).async_take_up()] == [past(1).import_wh]  # type: ignore[union-attr]
