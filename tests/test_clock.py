"""The clock of the machine is put right while something goes on: by minutes as a time server does, or by a year."""

from datetime import datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .shell import CHARGING, IDLE, OPENS, PLUGGED_IN, FakeCharger, after, at, call, settle, shown

WHY = "sensor.garage_why"
DELAY_ENDS = "sensor.garage_delay_ends"
LONGEST = timedelta(minutes=30)


async def jump(hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, by: timedelta) -> None:
    """Put the clock right: no timer rings for it, and the charge point speaks on."""
    freezer.move_to(dt_util.utcnow() + by)
    charger.say()
    await settle(hass)


@pytest.fixture
async def delayed(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> datetime:
    """A delay that has run for two of its five minutes; returns when it ends."""
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await at(hass, freezer, OPENS)
    assert shown(hass, WHY) == "delayed_start"
    ends_at = dt_util.parse_datetime(shown(hass, DELAY_ENDS))
    assert ends_at == OPENS + timedelta(minutes=5)
    await after(hass, freezer, minutes=2)
    return ends_at


@pytest.mark.requirement("11.1")
@pytest.mark.parametrize("back", [timedelta(minutes=1), timedelta(minutes=20), timedelta(hours=3), timedelta(days=366)])
async def test_a_clock_set_back_holds_nobody_longer_than_the_longest_delay(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, delayed: datetime, back: timedelta
) -> None:
    hass.config_entries.async_get_known_entry("01GARAGE").runtime_data.change_options({"mode": "always"})
    await settle(hass)
    await jump(hass, charger, freezer, -back)
    for _ in range(11):
        await after(hass, freezer, minutes=1)
        charger.say()
        await settle(hass)
    assert charger.asked[-1] == 32.0


@pytest.mark.requirement("11.1")
async def test_a_clock_set_forward_ends_a_delay_and_starts_none(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, delayed: datetime
) -> None:
    await jump(hass, charger, freezer, timedelta(minutes=7))
    await after(hass, freezer, minutes=1)
    assert (charger.asked[-1], shown(hass, WHY)) == (32.0, "in_default_hours")


@pytest.mark.parametrize("by", [timedelta(minutes=9), timedelta(minutes=-9), timedelta(days=-366), timedelta(days=366)])
async def test_a_clock_put_right_neither_stops_nor_restarts_the_vehicle(
    hass: HomeAssistant,
    charger: FakeCharger,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
    by: timedelta,
) -> None:
    entry.runtime_data.change_options({"mode": "always"})
    charger.say(**PLUGGED_IN, import_wh=1_000)
    await settle(hass)
    await call(hass, "press", "button.garage_skip_delay")
    charger.say(**CHARGING)
    await settle(hass)
    asked = list(charger.asked)
    await jump(hass, charger, freezer, by)
    for minute in range(1, 21):
        await after(hass, freezer, minutes=1)
        charger.say(import_wh=1_000 + 117 * minute)
        await settle(hass)
    assert set(charger.asked[len(asked) :]) <= {32.0}
    assert float(shown(hass, "sensor.garage_session_energy")) == pytest.approx(117 * 20 / 1000, abs=0.15)
    charger.say(**IDLE)
    await settle(hass)
    assert shown(hass, WHY) == "not_plugged_in"


@pytest.mark.requirement("8.1")
async def test_too_much_current_is_seen_soon_after_the_clock_was_set_back(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    entry.runtime_data.change_options({"mode": "always"})
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await call(hass, "press", "button.garage_skip_delay")
    charger.sample(**CHARGING)
    await settle(hass)
    await jump(hass, charger, freezer, -timedelta(hours=3))
    for _ in range(30):
        freezer.tick(5)
        charger.sample(**CHARGING | {"current_a": (45.0, None, None), "power_w": 10_350.0})
        await hass.async_block_till_done()
        if charger.asked[-1] == 0.0:
            break
    assert (charger.asked[-1], shown(hass, WHY)) == (0.0, "over_current")


@pytest.mark.parametrize("back", [timedelta(minutes=9), timedelta(days=366)])
async def test_a_stay_over_which_the_clock_was_set_back_does_not_end_before_it_began(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, back: timedelta
) -> None:
    charger.say(**PLUGGED_IN, import_wh=1_000)
    await settle(hass)
    await after(hass, freezer, minutes=3)
    charger.say(**CHARGING)
    await settle(hass)
    await jump(hass, charger, freezer, -back)
    assert float(shown(hass, "sensor.garage_session_duration")) >= 0
    charger.say(**IDLE, import_wh=1_100)
    await settle(hass)
    session = entry.runtime_data.memory.session
    assert session is not None
    assert session.unplugged_at is None or session.unplugged_at >= session.plugged_in_at
    assert session.energy_wh == 100


async def test_charge_now_for_an_hour_is_not_for_ever_when_the_clock_is_set_back(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await call(hass, "turn_on", "switch.garage_charge_now")
    await jump(hass, charger, freezer, timedelta(days=-366))
    await after(hass, freezer, minutes=1)
    assert shown(hass, "switch.garage_charge_now") == "on"
