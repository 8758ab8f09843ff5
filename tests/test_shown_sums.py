"""Sums that the sensors show: the last value of a stay, and a total where the charge point has no register."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .shell import CHARGING, IDLE, PLUGGED_IN, FakeCharger, after, settle, shown

TOTAL, DURATION = "sensor.garage_energy_total", "sensor.garage_session_duration"
DRAWS: dict[str, Any] = PLUGGED_IN | CHARGING | {"power_w": 7_000.0}


async def tell(hass: HomeAssistant, charger: FakeCharger, **facts: Any) -> None:
    charger.say(**facts)
    await settle(hass)


async def charge(hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, minutes: int) -> None:
    """Draw 7 kW, and say so once a minute."""
    await tell(hass, charger, **DRAWS)
    for _ in range(minutes):
        await after(hass, freezer, minutes=1)
        await tell(hass, charger, **DRAWS)


@pytest.mark.requirement("9.1")
async def test_how_long_a_vehicle_stayed_is_shown_to_the_second(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await tell(hass, charger, **PLUGGED_IN)
    for _ in range(3):
        await after(hass, freezer, seconds=40)
        await tell(hass, charger, **PLUGGED_IN)
    await after(hass, freezer, seconds=17)
    await tell(hass, charger, **IDLE)
    assert float(shown(hass, DURATION)) * 60 == pytest.approx(3 * 40 + 17)
    await after(hass, freezer, hours=2)
    assert float(shown(hass, DURATION)) * 60 == pytest.approx(3 * 40 + 17)


@pytest.mark.requirement("9.1")
async def test_without_a_register_the_total_is_what_was_calculated(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    for hours in (1, 2):
        await charge(hass, charger, freezer, 60)
        await tell(hass, charger, **IDLE)
        await after(hass, freezer, minutes=5)
        assert float(shown(hass, TOTAL)) == pytest.approx(7 * hours, abs=0.01)


@pytest.mark.requirement("9.1")
async def test_a_register_that_stays_at_0_is_none(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(import_wh=0)
    await charge(hass, charger, freezer, 60)
    await tell(hass, charger, **IDLE)
    assert float(shown(hass, TOTAL)) == pytest.approx(7, abs=0.01)


@pytest.mark.requirement("9.1")
async def test_a_register_that_is_told_a_little_late_is_shown_as_it_stands(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await charge(hass, charger, freezer, 2)
    await tell(hass, charger, import_wh=5_000_000)
    assert float(shown(hass, TOTAL)) == 5_000


async def test_a_register_that_comes_when_much_was_calculated_makes_no_jump(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    """The Energy dashboard would take it for energy of today."""
    await charge(hass, charger, freezer, 60)
    await tell(hass, charger, **DRAWS, import_wh=5_000_000)
    await after(hass, freezer, minutes=1)
    await tell(hass, charger, **DRAWS, import_wh=5_000_100)
    await tell(hass, charger, **IDLE)
    assert float(shown(hass, TOTAL)) == pytest.approx(7.1, abs=0.13)


@pytest.mark.requirement("9.4")
async def test_how_often_the_meter_is_read_is_shown_without_being_switched_on(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger
) -> None:
    charger.sample_interval_s = 5.2
    charger.say(power_w=1.0)
    await settle(hass)
    assert shown(hass, "sensor.garage_meter_interval") == "5.2"
