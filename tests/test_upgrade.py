"""A charge point that was set up by an earlier version: what it had stored is all still there, and it charges on."""

from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
import sqlite3
from typing import Any, Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.keeping.log_watch import DATA_LOG_WATCH
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.storage import DATA_HOUSEHOLD

from .premises import FUSE_60
from .shell import CHARGING, NIGHTS, PEAK, FakeCharger, set_up, set_up_fake, settle, shown

BEGAN: Final = PEAK.isoformat()
LAST_SEEN: Final = (PEAK + timedelta(minutes=10)).isoformat()

ENTRY: Final[dict[str, Any]] = {
    "domain": DOMAIN,
    "title": "Garage",
    "entry_id": "01GARAGE",
    "unique_id": "modbus:alfen_eve@127.0.0.1:502/1",
    "version": 1,
    "minor_version": 1,
    "data": {"protocol": "modbus", "host": "127.0.0.1", "port": 502, "unit_id": 1, "map": "alfen_eve"},
    "options": {"mode": "default_hours", "default_hours": NIGHTS, "default_hours_enabled": True},
}

REGISTER: Final[dict[str, Any]] = {
    "counted_wh": 1200,
    "guessed_wh": 0.0,
    "has_guessed": False,
    "last_wh": 11200,
    "changed_at": LAST_SEEN,
    "doubt_wh": None,
    "doubt_at": None,
    "dropped": None,
}

SESSION: Final[dict[str, Any]] = {
    "state": "charging",
    "plugged_in_at": BEGAN,
    "seen_at": LAST_SEEN,
    "charge_started_at": BEGAN,
    "charge_ended_at": None,
    "unplugged_at": None,
    "charging_s": 600.0,
    "power_w": 7000.0,
    "imported": REGISTER,
    "exported": REGISTER | {"counted_wh": 0, "last_wh": None, "changed_at": None},
}

OVERRIDE: Final[dict[str, Any]] = {
    "made_at": BEGAN,
    "kind": "charge_now",
    "ends_at": None,
    "energy_wh": None,
    "from_wh": None,
    "ends_with_vehicle": True,
    "has_seen_vehicle": True,
}

EVENT: Final[dict[str, Any]] = {
    "event_id": "e1",
    "kind": "turn_down",
    "start_at": BEGAN,
    "end_at": (PEAK + timedelta(hours=1)).isoformat(),
    "limit_a": 10.0,
    "limit_w": None,
    "source": "grid",
    "delay_already_applied": False,
    "is_opted_out": False,
    "has_begun": True,
}

MEMORY: Final[dict[str, Any]] = {
    "carry": {"in_force_a": 32.0, "hold": None, "last_draw_s": None, "override": OVERRIDE, "events": [EVENT]},
    "session": SESSION,
    "total": REGISTER | {"counted_wh": 11200},
    "charger": {},
    "id_tag": "141CFAD3C57C1A7B",
}

LATER: Final[dict[str, Any]] = {
    "session": SESSION | {"interruptions": 0, "is_recovered": False, "unseen_from_wh": None, "counter_wh": None},
    "tab": {
        "plugged_in_at": BEGAN,
        "priced_at": LAST_SEEN,
        "priced_wh": 1200,
        "cost_micro": 240_000,
        "tag": "04A1",
        "who": "Anna",
    },
    "seen_at": LAST_SEEN,
    "accuracy": {
        "tally": {
            "session_at": BEGAN,
            "sampled_at": None,
            "power_w": None,
            "pace_s": 0.0,
            "meter": REGISTER | {"counted_wh": 0, "last_wh": None, "changed_at": None},
            "closed": {"power_wh": 0.0, "register_wh": 0.0, "variance": 0.0},
            "power_wh": 0.0,
            "variance": 0.0,
            "first": None,
            "last": None,
        },
        "errors": [{"ended_at": BEGAN, "error": 0.01, "doubt": 0.005, "register_wh": 7000}],
    },
    "errand": {"since_at": BEGAN, "ready_by": None, "ready_at": None, "powers_w": [6000], "has_measured": True},
    "books": {"accounts": [], "habit": {"drawn_a": 30.4, "phases": 1, "plugged_in_at": BEGAN}},
}
"""What the version that wrote the third version of the records stored besides."""

SITE_ID: Final = {"site": "64d201499123d85aba105d6158c8a471"}
KEY: Final = {"key": "8e5c98367c41d64fe3de9606b0ec27cc0be08784ecb2a23c04b722f09ff5c243"}

HOUSEHOLD: Final[dict[str, Any]] = {
    "tags": [{"tag": "04A1", "status": "accepted", "name": "Anna", "expires_at": None}],
    "last_transaction_id": 7,
}


def stored(key: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"version": 1, "minor_version": 1, "key": key, "data": deepcopy(data)}


@pytest.fixture
async def upgraded(
    hass: HomeAssistant, charger: FakeCharger, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> MockConfigEntry:
    """Home Assistant is back after the update, and the vehicle has charged on meanwhile."""
    for key, data in ((DOMAIN, HOUSEHOLD), (f"{DOMAIN}.01GARAGE", MEMORY)):
        hass_storage[key] = stored(key, data)
    freezer.tick(timedelta(minutes=12))
    charger.say(**CHARGING, setpoint_a=32.0, offered_a=32.0, import_wh=11_700)
    with patch("custom_components.smart_charge.facts.SystemRandom.random", return_value=0.5):
        entry = await set_up_fake(hass, charger, MockConfigEntry(**ENTRY))
        await settle(hass)
    return entry


async def test_the_session_and_the_total_go_on(hass: HomeAssistant, upgraded: MockConfigEntry) -> None:
    assert upgraded.state is ConfigEntryState.LOADED
    assert float(shown(hass, "sensor.garage_session_energy")) == 1.7
    assert float(shown(hass, "sensor.garage_energy_total")) == 11.7


async def test_what_was_asked_for_still_holds(
    hass: HomeAssistant, charger: FakeCharger, upgraded: MockConfigEntry
) -> None:
    assert (shown(hass, "switch.garage_charge_now"), charger.asked[-1]) == ("on", 32.0)
    assert [event.event_id for event in upgraded.runtime_data.memory.carry.events] == ["e1"]
    await hass.services.async_call("switch", "turn_off", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    await settle(hass)
    assert charger.asked[-1] == 0.0


async def test_tags_and_ids_are_kept(hass: HomeAssistant, upgraded: MockConfigEntry) -> None:
    assert [(tag.tag, tag.name) for tag in hass.data[DATA_HOUSEHOLD].tags] == [("04A1", "Anna")]
    assert upgraded.runtime_data.memory.id_tag == "141CFAD3C57C1A7B"


async def test_nothing_that_was_stored_is_dropped(upgraded: MockConfigEntry, caplog: pytest.LogCaptureFixture) -> None:
    assert upgraded.state is ConfigEntryState.LOADED
    assert "cannot be read" not in caplog.text


# With records


@pytest.fixture
async def with_records(
    hass: HomeAssistant,
    charger: FakeCharger,
    hass_storage: dict[str, Any],
    hass_config_dir: str,
    freezer: FrozenDateTimeFactory,
) -> MockConfigEntry:
    """Home Assistant is back after the update of a version that kept records already."""
    connection = sqlite3.connect(Path(hass_config_dir) / "smart_charge.db")
    connection.executescript((Path(__file__).parent / "golden" / "records_version_3.sql").read_text())
    connection.close()
    files = {DOMAIN: HOUSEHOLD, f"{DOMAIN}.01GARAGE": MEMORY | LATER, f"{DOMAIN}.ledger": SITE_ID | KEY}
    for key, data in files.items():
        hass_storage[key] = stored(key, data)
    freezer.tick(timedelta(minutes=40))
    charger.say(**CHARGING, setpoint_a=32.0, offered_a=32.0, import_wh=14_000)
    entry = await set_up_fake(hass, charger, MockConfigEntry(**ENTRY))
    await settle(hass)
    return entry


async def test_the_parts_that_came_later_are_kept_too(
    with_records: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    memory = with_records.runtime_data.memory
    assert "cannot be read" not in caplog.text
    assert memory.tab is not None
    assert (memory.tab.who, memory.tab.unpriced_wh, memory.tab.cost) == ("Anna", 2800, Decimal("0.24"))
    assert [error.session_at for error in memory.accuracy.errors] == [None]
    assert memory.books.habit is not None


async def test_records_of_the_third_version_go_on(hass: HomeAssistant, with_records: MockConfigEntry) -> None:
    ledger = hass.data[DATA_LEDGER]
    await ledger.async_flush()
    day = (PEAK - timedelta(hours=18), PEAK + timedelta(hours=6))
    priced, running = await ledger.async_ask(lambda journal: journal.sessions(*day))
    assert (priced.who, priced.whole_cost) == ("Anna", Decimal("1.4"))
    assert (running.import_wh, running.is_open) == (4000, True)
    usage = await ledger.async_ask(lambda journal: journal.usage(*day))
    assert (usage.import_wh, usage.priced_wh, usage.known_cost) == (11_000, 8200, Decimal("1.64"))
    assert (await hass.data[DATA_LOG_WATCH].async_check()).is_whole


async def test_a_site_of_before_its_wiring_was_asked_for_limits_as_it_did(
    hass: HomeAssistant, charger: FakeCharger, upgraded: MockConfigEntry
) -> None:
    supply = {key: value for key, value in FUSE_60.items() if key != "wiring"}
    options = {"supply": supply, "tariff": {"source": "nord_pool", "price_entry": "gone"}}
    site = MockConfigEntry(
        domain=DOMAIN, title="Site", unique_id="site", version=1, data={"kind": "site"}, options=options
    )
    await set_up(hass, site)
    await settle(hass)
    assert site.state is ConfigEntryState.LOADED
    assert upgraded.runtime_data.data.decision.setpoint_a > 0
