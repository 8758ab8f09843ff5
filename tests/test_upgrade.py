"""A charge point that was set up by the first version: what it had stored is all still there, and it charges on."""

from copy import deepcopy
from datetime import timedelta
from typing import Any, Final
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.storage import DATA_HOUSEHOLD

from .shell import CHARGING, NIGHTS, PEAK, FakeCharger, set_up_fake, settle, shown

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
