"""What the owner reads of a meter that cannot be believed, or that alarms."""

import csv
from dataclasses import replace
from datetime import timedelta
import io
import json
import random
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.persistent_notification import DOMAIN as NOTIFICATIONS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.charging.alarms import Alarm, Danger, acknowledged, raised
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER

from .shell import CHARGING, IDLE, PLUGGED_IN, FakeCharger, set_up_fake, settle, shown

pytestmark = pytest.mark.usefixtures("all_enabled", "entry")


def issue(hass: HomeAssistant, key: str) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_01GARAGE")


@pytest.fixture
def meter(hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory) -> Charges:
    return Charges(hass, charger, freezer)


class Charges:
    """Sessions of an hour, one value a minute, by a meter whose power is off."""

    def __init__(self, hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory) -> None:
        self.hass = hass
        self.charger = charger
        self.freezer = freezer
        self.register_wh = 5_000_000

    async def one(self, error: float, minutes: int = 60) -> None:
        """Charge for an hour, or less, with 7.2 kW, of which the meter shows a share more or less."""
        self.charger.say(**PLUGGED_IN, offered_a=32.0, import_wh=self.register_wh)
        await settle(self.hass)
        for _ in range(minutes):
            self.freezer.tick(timedelta(minutes=1))
            self.register_wh += 120
            facts = {"power_w": 7200 * (1 + error), "import_wh": self.register_wh, "offered_a": 32.0}
            self.charger.sample(**CHARGING | facts)
            await self.hass.async_block_till_done()
        self.charger.say(**IDLE)
        await settle(self.hass)
        self.freezer.tick(timedelta(hours=1))


@pytest.mark.requirement("9.6")
async def test_a_meter_that_is_always_off_a_little_is_told(hass: HomeAssistant, meter: Charges) -> None:
    for number in range(12):
        assert issue(hass, "meter_bias") is None or number >= 10
        await meter.one(0.03 + 0.002 * (number % 3), minutes=30)
    told = issue(hass, "meter_bias")
    assert told is not None
    assert told.severity is ir.IssueSeverity.WARNING
    assert 2.5 < float(told.translation_placeholders["error"]) < 4
    assert issue(hass, "meter_error") is None
    assert 2.5 < float(shown(hass, "sensor.garage_meter_error")) < 4


@pytest.mark.requirement("9.6")
async def test_a_meter_that_is_off_both_ways_by_chance_is_not_told(hass: HomeAssistant, meter: Charges) -> None:
    dice = random.Random(7)
    for _ in range(12):
        await meter.one(dice.uniform(-0.06, 0.06), minutes=30)
    assert issue(hass, "meter_bias") is None
    assert issue(hass, "meter_error") is None


@pytest.mark.requirement("9.5")
async def test_a_session_too_short_to_tell_is_not_told(hass: HomeAssistant, meter: Charges) -> None:
    await meter.one(0.3, minutes=4)
    assert issue(hass, "meter_error") is None
    assert shown(hass, "sensor.garage_meter_error") == "unknown"


@pytest.mark.requirement("9.5")
async def test_a_session_that_agrees_again_takes_the_repair_back(hass: HomeAssistant, meter: Charges) -> None:
    await meter.one(-0.2)
    assert issue(hass, "meter_error") is not None
    assert float(shown(hass, "sensor.garage_meter_error")) == pytest.approx(-20, abs=1)
    await meter.one(0.0)
    assert issue(hass, "meter_error") is None


@pytest.mark.requirement("9.5")
@pytest.mark.requirement("9.6")
async def test_the_error_of_each_session_is_on_record(hass: HomeAssistant, meter: Charges) -> None:
    for error in (-0.2, 0.03):
        await meter.one(error)
    await hass.data[DATA_LEDGER].async_flush()
    asked = {"by": "session", "end": dt_util.now().date().isoformat()}
    found: Any = await hass.services.async_call(DOMAIN, "get_consumption", asked, blocking=True, return_response=True)
    errors = [session["meter_error_percent"] for session in found["charge_points"][0]["sessions"]]
    assert errors == [pytest.approx(-20, abs=1), pytest.approx(3, abs=0.5)]
    for form in ("csv", "json"):
        told: Any = await hass.services.async_call(
            DOMAIN, "export_sessions", {"format": form}, blocking=True, return_response=True
        )
        rows = json.loads(told["content"]) if form == "json" else csv.DictReader(io.StringIO(told["content"]))
        assert [float(row["meter_error_percent"]) for row in rows] == errors


@pytest.mark.requirement("9.5")
async def test_a_restart_keeps_what_the_sessions_said(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, meter: Charges
) -> None:
    await meter.one(0.2)
    assert await hass.config_entries.async_unload(entry.entry_id)
    ir.async_delete_issue(hass, DOMAIN, "meter_error_01GARAGE")
    await set_up_fake(hass, charger, entry)
    assert issue(hass, "meter_error") is not None
    assert float(shown(hass, "sensor.garage_meter_error")) == pytest.approx(20, abs=1)


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("danger", list(Danger))
async def test_an_alarm_is_told_in_words_and_withdrawn(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, danger: Danger
) -> None:
    charger.say(**PLUGGED_IN)
    alarm = Alarm(danger=danger, raised_at=dt_util.utcnow(), drawn_a=24.06, allowed_a=16.0)
    loop = entry.runtime_data
    loop.change(lambda carry: replace(carry, alarms=raised(carry.alarms, alarm)))
    await settle(hass)
    name = f"{danger}_01GARAGE"
    assert issue(hass, danger).is_fixable
    note = hass.data[NOTIFICATIONS][name]
    assert "Garage" in note["title"]
    assert "24.1 A" in note["message"]
    assert "{" not in note["title"] + note["message"]
    problem = hass.states.get("binary_sensor.garage_problem")
    assert (problem.state, problem.attributes["fault"]) == ("on", danger.value)
    loop.change(lambda carry: replace(carry, alarms=acknowledged(carry.alarms, danger)))
    await settle(hass)
    assert issue(hass, danger) is None
    assert name not in hass.data[NOTIFICATIONS]
    assert shown(hass, "binary_sensor.garage_problem") == "off"


async def test_a_charge_point_that_is_gone_leaves_no_notices(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    alarm = Alarm(danger=Danger.OVER_CURRENT, raised_at=dt_util.utcnow(), drawn_a=24.0, allowed_a=16.0)
    entry.runtime_data.change(lambda carry: replace(carry, alarms=(alarm,)))
    await settle(hass)
    assert await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert issue(hass, Danger.OVER_CURRENT) is None
    assert "over_current_01GARAGE" not in hass.data[NOTIFICATIONS]


@pytest.mark.requirement("8.1")
async def test_a_meter_that_lags_a_minute_leaves_the_vehicle_its_charge(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    async def lives(seconds: int, amps: float) -> None:
        for _ in range(seconds // 5):
            freezer.tick(timedelta(seconds=5))
            charger.sample(**CHARGING | {"current_a": (amps, None, None), "power_w": 230 * amps})
            await settle(hass)

    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    await lives(60, 32.0)
    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_safety_lock"}, blocking=True)
    await lives(60, 32.0)
    assert charger.asked[-1] == 0.0
    assert issue(hass, "contactor_welded") is not None
    await lives(20, 0.0)
    assert issue(hass, "contactor_welded") is None
    await hass.services.async_call("switch", "turn_off", {"entity_id": "switch.garage_safety_lock"}, blocking=True)
    await settle(hass)
    assert shown(hass, "sensor.garage_why") == "delayed_start"
