"""What must be as it was after a restart, a reload, or a move to another time zone."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components import automation
from homeassistant.components.event import EventEntity
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.chargers.charger import Charger
from custom_components.smart_charge.const import CONF_MODE, DOMAIN

from .shell import CHARGING, IDLE, OPENS, PEAK, PLUGGED_IN, FakeCharger, after, at, call, settle, shown
from .test_automations import device_id, do

WHY = "sensor.garage_why"
NEXT_MONTH = PEAK + timedelta(days=31)


@pytest.fixture
def rebuilt(charger: FakeCharger) -> Iterator[None]:
    """Have each set-up find the same charge point."""

    async def build(*_: object) -> Charger:
        return charger

    with patch("custom_components.smart_charge.async_build_charger", build):
        yield


async def restart(hass: HomeAssistant, charger: FakeCharger) -> None:
    """Have the entry taken down and set up with what is on disk."""
    assert await hass.config_entries.async_unload("01GARAGE")
    await settle(hass)
    assert await hass.config_entries.async_setup("01GARAGE")
    await settle(hass)
    charger.say()
    await settle(hass)


@pytest.mark.requirement("5.3")
@pytest.mark.usefixtures("rebuilt", "entry")
async def test_an_event_a_month_ahead_is_kept_over_a_restart_and_followed(
    hass: HomeAssistant, charger: FakeCharger, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    hass.config_entries.async_get_known_entry("01GARAGE").runtime_data.change_options({CONF_MODE: "always"})
    await do(
        hass,
        "start_dsr_event",
        kind="response",
        limit_a=8,
        start=NEXT_MONTH.isoformat(),
        duration="01:00:00",
        event_id="far",
    )
    await restart(hass, charger)
    await at(hass, freezer, NEXT_MONTH - timedelta(minutes=30))
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await after(hass, freezer, minutes=15)
    charger.say(**CHARGING)
    await settle(hass)
    assert charger.asked[-1] == 32.0
    await restart(hass, charger)
    await at(hass, freezer, NEXT_MONTH)
    assert charger.asked[-1] == 8.0
    await at(hass, freezer, NEXT_MONTH + timedelta(hours=1))
    await after(hass, freezer, minutes=30)
    assert charger.asked[-1] == 32.0


@pytest.fixture
async def heard(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """An automation of a trigger and a condition of ours, and what it heard."""
    runs: list[str] = []

    async def note(call: ServiceCall) -> None:
        runs.append(call.data["why"])

    hass.services.async_register("test", "note", note)
    mine = {"target": {"device_id": device_id(hass)}}
    config = {
        "alias": "plugged in",
        "triggers": {"trigger": f"{DOMAIN}.vehicle_plugged_in", **mine},
        "conditions": {"condition": f"{DOMAIN}.is_plugged_in", **mine},
        "actions": {"action": "test.note", "data": {"why": "plugged in"}},
    }
    assert await async_setup_component(hass, automation.DOMAIN, {automation.DOMAIN: [config]})
    await settle(hass)
    return runs


def is_event(listener: tuple[object, tuple[Any, ...]]) -> bool:
    """Whether an entity that hears of news is one that tells what has happened."""
    return isinstance(getattr(listener[1][0], "__self__", None), EventEntity)


@pytest.mark.usefixtures("rebuilt")
async def test_automations_hear_us_after_a_reload(
    hass: HomeAssistant, charger: FakeCharger, heard: list[str], hass_storage: dict[str, Any]
) -> None:
    for visit in (1, 2, 3):
        loop = hass.config_entries.async_get_known_entry("01GARAGE").runtime_data
        loop._listeners = dict(sorted(loop._listeners.items(), key=is_event, reverse=visit == 2))
        charger.say(**PLUGGED_IN)
        await settle(hass)
        assert heard == ["plugged in"] * visit
        charger.say(**IDLE)
        await settle(hass)
        await restart(hass, charger)
        assert heard == ["plugged in"] * visit


@pytest.mark.usefixtures("rebuilt")
async def test_a_vehicle_that_is_there_after_a_reload_has_not_come(
    hass: HomeAssistant, charger: FakeCharger, heard: list[str], hass_storage: dict[str, Any]
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await restart(hass, charger)
    assert heard == ["plugged in"]


@pytest.mark.requirement("11.9")
@pytest.mark.usefixtures("rebuilt", "entry")
async def test_a_reload_while_a_delay_runs_keeps_its_end(
    hass: HomeAssistant, charger: FakeCharger, hass_storage: dict[str, Any], freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await at(hass, freezer, OPENS)
    ends_at = shown(hass, "sensor.garage_delay_ends")
    for _ in range(3):
        await after(hass, freezer, seconds=40)
        await restart(hass, charger)
        assert (shown(hass, WHY), shown(hass, "sensor.garage_delay_ends")) == ("delayed_start", ends_at)
    assert set(charger.asked) <= {0.0}
    await at(hass, freezer, dt_util.parse_datetime(ends_at))  # type: ignore[arg-type]
    assert charger.asked[-1] == 32.0


@pytest.mark.requirement("10.1")
@pytest.mark.usefixtures("entry")
async def test_hours_follow_home_assistant_to_another_time_zone(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    assert shown(hass, WHY) == "waiting_for_default_hours"
    await hass.config.async_update(time_zone="Europe/Athens")  # it is 20:00 there
    await settle(hass)
    assert hass.states.get(WHY).attributes["sentence"] == "Waiting for default hours, opens 22:00"  # type: ignore[union-attr]
    await at(hass, freezer, OPENS - timedelta(hours=2, seconds=1))
    assert shown(hass, WHY) == "waiting_for_default_hours"
    await at(hass, freezer, OPENS - timedelta(hours=2))
    assert shown(hass, WHY) == "delayed_start"
    await after(hass, freezer, minutes=10)
    assert charger.asked[-1] == 32.0
    assert charger.plans[-1].hours.time_zone.key == "Europe/Athens"  # type: ignore[union-attr]


@pytest.mark.usefixtures("entry")
async def test_charge_now_until_a_time_keeps_its_instant_in_another_time_zone(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await do(hass, "charge_now", duration={"hours": 1})
    await hass.config.async_update(time_zone="America/New_York")
    await settle(hass)
    await after(hass, freezer, minutes=59)
    assert charger.asked[-1] == 32.0
    await after(hass, freezer, minutes=1)
    assert shown(hass, "switch.garage_charge_now") == "off"
    await call(hass, "turn_on", "switch.garage_stop_charging")
    assert charger.asked[-1] == 0.0
