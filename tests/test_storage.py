from datetime import UTC, datetime
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.smart_charge.charging.model import Carry, Override, OverrideKind
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.records.carry import to_plain
from custom_components.smart_charge.storage import CHECKPOINT_S, Household, Memory

from .shell import CHARGING, FakeCharger, after, settle

KEY = f"{DOMAIN}.01GARAGE"


async def test_transaction_ids_are_never_given_twice(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(datetime(2026, 11, 23, tzinfo=UTC))
    household = Household(hass)
    await household.async_load()
    first = await household.async_next_transaction_id()
    second = await household.async_next_transaction_id()
    after_restart = Household(hass)
    await after_restart.async_load()
    third = await after_restart.async_next_transaction_id()
    freezer.move_to(datetime(2025, 1, 1, tzinfo=UTC))
    assert 0 < first < second < third < await after_restart.async_next_transaction_id() < 2**31


async def test_a_lost_file_repeats_no_transaction_id(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    freezer.move_to(datetime(2026, 11, 23, tzinfo=UTC))
    before = await Household(hass).async_next_transaction_id()
    freezer.move_to(datetime(2026, 11, 24, tzinfo=UTC))
    assert await Household(hass).async_next_transaction_id() > before


async def test_what_cannot_be_read_starts_anew(
    hass: HomeAssistant, hass_storage: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    data = {"carry": {"in_force_a": "many"}, "session": {"state": "odd"}, "total": [], "charger": {"rung": 2}}
    hass_storage[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": data}
    memory = Memory(hass, "01GARAGE")
    await memory.async_load()
    assert (memory.carry, memory.session, memory.charger) == (Carry(), None, {"rung": 2})
    assert caplog.text.count("starts anew") == 3


@pytest.mark.requirement("11.9")
async def test_a_damaged_event_costs_no_stop(hass: HomeAssistant, hass_storage: dict[str, Any]) -> None:
    stop = Override(made_at=datetime(2026, 11, 23, tzinfo=UTC), kind=OverrideKind.STOP)
    carry = to_plain(Carry(override=stop)) | {"events": [{"event_id": "a", "kind": "sideways"}]}
    hass_storage[KEY] = {"version": 1, "minor_version": 1, "key": KEY, "data": {"carry": carry}}
    memory = Memory(hass, "01GARAGE")
    await memory.async_load()
    assert memory.carry == Carry(override=stop)


async def test_what_the_charger_learnt_and_our_tag_come_back(hass: HomeAssistant) -> None:
    memory = Memory(hass, "01GARAGE")
    await memory.async_load()
    await memory.async_save_charger({"rung": 3})
    again = Memory(hass, "01GARAGE")
    await again.async_load()
    assert (again.charger, again.id_tag) == ({"rung": 3}, memory.id_tag)


@pytest.mark.usefixtures("entry")
async def test_a_running_session_is_on_disk_within_half_a_minute(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> None:
    charger.say(**CHARGING, import_wh=10_000)
    await after(hass, freezer, seconds=1)
    charger.say(import_wh=10_100)
    await settle(hass)
    assert CHECKPOINT_S < 30
    await after(hass, freezer, seconds=CHECKPOINT_S + 1)
    assert hass_storage[KEY]["data"]["session"]["imported"]["counted_wh"] == 100
