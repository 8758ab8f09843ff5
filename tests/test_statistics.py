"""What the Energy dashboard gets of us."""

from datetime import UTC, datetime, timedelta
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.smart_charge.ledger import DATA_LEDGER

from .shell import CHARGING, IDLE, PEAK, PLUGGED_IN, FakeCharger, after, set_up_fake, settle

IMPORT = "smart_charge:01garage_import"


async def rows(hass: HomeAssistant, entry: MockConfigEntry) -> list[dict[str, Any]]:
    """Hours, as statistics have them once all that was charged is in them: none twice, and sums never fall."""
    await hass.data[DATA_LEDGER].async_flush()
    await settle(hass)
    while entry.runtime_data._books._statistics._is_busy:
        await hass.async_add_executor_job(time.sleep, 0.01)  # the loop's own clock stands still
        await settle(hass)
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, PEAK - timedelta(days=60), PEAK + timedelta(days=2), {IMPORT}, "hour",
        {"energy": "kWh"}, {"change", "sum"},
    )  # fmt: skip
    hours = [dict(row) for row in found.get(IMPORT, [])]
    assert len({hour["start"] for hour in hours}) == len(hours)
    sums = [hour["sum"] for hour in hours]
    assert sums == sorted(sums)
    return hours


async def published(hass: HomeAssistant, entry: MockConfigEntry) -> list[float]:
    """Energy by hour."""
    return [hour["change"] for hour in await rows(hass, entry)]


@pytest.mark.requirement("9.3")
@pytest.mark.usefixtures("recorder_mock")
async def test_an_outage_is_filled_in_hour_by_hour(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN | CHARGING, import_wh=1_000)
    await settle(hass)
    await after(hass, freezer, hours=1)
    charger.say(import_wh=8_000)
    await settle(hass)
    charger.is_online = False
    charger.tell()
    await after(hass, freezer, hours=3)
    charger.is_online = True
    charger.say(**IDLE, import_wh=29_000)
    await settle(hass)
    await after(hass, freezer, hours=1)
    assert await published(hass, entry) == pytest.approx([7.0, 7.0, 7.0, 7.0])


@pytest.mark.requirement("9.3")
@pytest.mark.usefixtures("recorder_mock")
async def test_a_restart_doubles_no_hour(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN | CHARGING, import_wh=1_000)
    await settle(hass)
    for hour in (1, 2):
        await after(hass, freezer, hours=1)
        charger.say(import_wh=1_000 + 7_000 * hour)
        await settle(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await after(hass, freezer, minutes=20)
    await set_up_fake(hass, charger, entry)
    charger.say(**PLUGGED_IN | CHARGING, import_wh=15_000)
    await settle(hass)
    await after(hass, freezer, minutes=40)
    charger.say(import_wh=22_000)
    await settle(hass)
    await after(hass, freezer, hours=1)
    charger.say(**IDLE, import_wh=22_000)
    await settle(hass)
    assert sum(await published(hass, entry)) == pytest.approx(21.0)
    before = await rows(hass, entry)
    for _ in range(3):
        await after(hass, freezer, hours=1)
        charger.say(**IDLE, import_wh=22_000)
        await settle(hass)
    assert await rows(hass, entry) == before


@pytest.mark.requirement("9.3")
@pytest.mark.usefixtures("recorder_mock")
@pytest.mark.parametrize("first", [datetime(2026, 10, 24, 23, tzinfo=UTC), datetime(2026, 10, 25, 0, tzinfo=UTC)])
async def test_the_hour_that_comes_twice_is_two_hours(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, first: datetime
) -> None:
    await hass.config.async_set_time_zone("Europe/London")
    freezer.move_to(first)
    charger = FakeCharger()
    charger.say(**IDLE)
    entry = await set_up_fake(hass, charger)
    charger.say(**PLUGGED_IN | CHARGING, import_wh=1_000)
    await settle(hass)
    for half in range(1, 9):
        await after(hass, freezer, minutes=29)
        charger.say(import_wh=1_000 + 3_500 * half)
        await settle(hass)
        await after(hass, freezer, minutes=1)
        await settle(hass)
    charger.say(**IDLE, import_wh=29_000)
    await settle(hass)
    await after(hass, freezer, hours=1)
    charger.say(**IDLE, import_wh=29_000)
    await settle(hass)
    found = await rows(hass, entry)
    assert [hour["change"] for hour in found] == pytest.approx(
        [7.0, 7.0, 7.0, 7.0], abs=0.2
    )  # read a minute before each edge
    assert [hour["start"] for hour in found] == [(first + timedelta(hours=each)).timestamp() for each in range(4)]
