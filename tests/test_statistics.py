"""What the Energy dashboard gets of us."""

from datetime import timedelta
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder.statistics import statistics_during_period
from homeassistant.core import HomeAssistant
from homeassistant.helpers.recorder import get_instance
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.smart_charge.ledger import DATA_LEDGER

from .shell import CHARGING, IDLE, PEAK, PLUGGED_IN, FakeCharger, after, settle

IMPORT = "smart_charge:01garage_import"


async def published(hass: HomeAssistant, entry: MockConfigEntry) -> list[float]:
    """Energy by hour, as statistics have it once all that was charged is in them."""
    await hass.data[DATA_LEDGER].async_flush()
    await settle(hass)
    while entry.runtime_data._books._statistics._is_busy:
        await hass.async_add_executor_job(time.sleep, 0.01)  # the loop's own clock stands still
        await settle(hass)
    await async_wait_recording_done(hass)
    found = await get_instance(hass).async_add_executor_job(
        statistics_during_period, hass, PEAK - timedelta(hours=1), PEAK + timedelta(days=2), {IMPORT}, "hour",
        {"energy": "kWh"}, {"change"},
    )  # fmt: skip
    return [row["change"] for row in found.get(IMPORT, [])]


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
