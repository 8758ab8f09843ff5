"""The grid meter: charging gives way to the house at once, and to a meter that nobody can rely on."""

from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.charging.model import ConnectorStatus, PilotState
from custom_components.smart_charge.const import CONF_BATTERY, CONF_GRID_METER, CONF_SOLAR, CONF_SUPPLY, DOMAIN

from .premises import FUSE_25, FUSE_60, POWER, House, add, site_entry
from .shell import CHARGING, FakeCharger, after, set_up_fake, settle, shown

pytestmark = pytest.mark.usefixtures("all_enabled")

WHY = "sensor.garage_why"


def draws(charger: FakeCharger, amps: float, phases: int = 1) -> None:
    current = tuple(amps if phase < phases else None for phase in range(3))
    charger.say(**CHARGING | {"current_a": current, "power_w": amps * 230 * phases})


@pytest.fixture
async def house(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> House:
    """A vehicle charges with 32 A behind a fuse of 60 A; the house draws 10 A beside it, as it has for a while."""
    house = House(hass, freezer)
    draws(charger, 32.0)
    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    await settle(hass)
    await house.draws(42.0)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60, CONF_GRID_METER: house.section}))
    await lives(charger, house, 70, 10.0)
    assert charger.asked[-1] == 32.0
    charger.asked[:] = [32.0]
    return house


async def lives(charger: FakeCharger, house: House, seconds: int, house_a: float) -> None:
    """Let time pass while the vehicle draws what it may, and the meter tells it with the house."""
    for _ in range(seconds // 2):
        await after(house.hass, house.freezer, seconds=2)
        draws(charger, charger.asked[-1])
        await house.draws(house_a + charger.asked[-1])


async def test_the_site_shows_what_the_house_draws(hass: HomeAssistant, house: House) -> None:
    assert shown(hass, "sensor.site_house_load_l1") == "10.0"
    assert shown(hass, "sensor.site_supply_headroom_l1") == "18.0"
    assert shown(hass, "binary_sensor.site_limited_by_supply") == "off"
    assert shown(hass, "binary_sensor.site_grid_meter_lost") == "off"
    assert shown(hass, "sensor.garage_share_of_the_supply") == "32.0"
    assert hass.states.get("sensor.site_house_load_l2") is None


@pytest.mark.requirement("11.8")
async def test_charging_falls_at_once_when_the_house_needs_the_current(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await house.draws(40.0 + 32.0)
    assert charger.asked[-1] == 18.0  # 60 less 40 of the house and 2 that are kept free
    assert shown(hass, WHY) == "supply_limit"
    assert shown(hass, "binary_sensor.garage_limited_by_supply") == "on"
    limited = hass.states.get("binary_sensor.site_limited_by_supply")
    assert limited is not None
    assert (limited.state, limited.attributes["charge_points"]) == ("on", ["Garage"])


@pytest.mark.requirement("8.3")
async def test_nothing_is_given_where_less_than_the_floor_is_left(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await house.draws(56.0 + 32.0)
    assert charger.asked[-1] == 0.0
    assert shown(hass, WHY) == "supply_limit"


@pytest.mark.requirement("11.8")
async def test_it_rises_again_only_after_the_hold_off_and_a_random_delay(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await house.draws(40.0 + 32.0)
    await lives(charger, house, 50, 10.0)
    assert charger.asked[-1] == 18.0
    assert shown(hass, WHY) == "supply_limit"
    await lives(charger, house, 40, 10.0)
    assert charger.asked[-1] == 18.0
    assert shown(hass, WHY) == "delayed_change"
    await lives(charger, house, 310, 10.0)
    assert charger.asked[-1] == 32.0


@pytest.mark.requirement("11.8")
async def test_a_fall_cuts_through_a_running_delay(hass: HomeAssistant, charger: FakeCharger, house: House) -> None:
    await house.draws(40.0 + 32.0)
    await lives(charger, house, 90, 10.0)
    assert shown(hass, WHY) == "delayed_change"
    await house.draws(48.0 + 18.0)
    assert charger.asked[-1] == 10.0


NONSENSE = ["unavailable", "unknown", "nan", "inf", "broken", "1e12", "", "60000", "-60000"]


@pytest.mark.requirement("11.8")
@pytest.mark.parametrize("word", NONSENSE)
async def test_one_word_of_the_meter_that_is_no_value_changes_nothing(
    hass: HomeAssistant, charger: FakeCharger, house: House, word: str
) -> None:
    await house.draws(10.0 + 32.0)
    await lives(charger, house, 60, 10.0)
    house.report(word)
    await settle(hass)
    await after(hass, house.freezer, seconds=2)
    await lives(charger, house, 30, 10.0)
    assert charger.asked == [32.0]
    assert shown(hass, "binary_sensor.site_grid_meter_lost") == "off"


async def test_nothing_rises_while_the_meter_has_not_said_a_value_again(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await house.draws(40.0 + 32.0)
    await lives(charger, house, 40, 10.0)
    assert charger.asked[-1] == 18.0
    await lives(charger, house, 40, 10.0)
    assert shown(hass, WHY) == "delayed_change"
    await house.draws("unavailable")
    await hass.services.async_call("button", "press", {"entity_id": "button.garage_skip_delay"}, blocking=True)
    await settle(hass)
    assert charger.asked[-1] == 18.0


@pytest.mark.parametrize("word", NONSENSE)
async def test_a_meter_that_says_nothing_usable_leaves_the_safe_minimum(
    hass: HomeAssistant, charger: FakeCharger, house: House, word: str
) -> None:
    for _ in range(5):
        house.report(word)
        await settle(hass)
        await after(hass, house.freezer, seconds=2)
    assert charger.asked[-1] == 6.0
    assert shown(hass, WHY) == "meter_lost"
    assert shown(hass, "binary_sensor.site_grid_meter_lost") == "on"


@pytest.mark.parametrize("attributes", [{}, {"unit_of_measurement": "kWh"}, {"unit_of_measurement": "A"}])
async def test_a_meter_whose_unit_is_no_power_leaves_the_safe_minimum(
    hass: HomeAssistant, charger: FakeCharger, house: House, attributes: dict[str, Any]
) -> None:
    hass.states.async_set("sensor.grid_l1", "9000", attributes)
    await settle(hass)
    await after(hass, house.freezer, seconds=9)
    assert charger.asked[-1] == 6.0


async def test_a_meter_that_is_removed_leaves_the_safe_minimum(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    hass.states.async_remove("sensor.grid_l1")
    await settle(hass)
    await after(hass, house.freezer, seconds=9)
    assert charger.asked[-1] == 6.0


async def test_a_silent_meter_is_lost_after_three_of_its_own_intervals(
    hass: HomeAssistant, charger: FakeCharger, house: House, freezer: FrozenDateTimeFactory
) -> None:
    await after(hass, freezer, seconds=7)
    assert charger.asked[-1] == 32.0
    await after(hass, freezer, seconds=1.5)  # it speaks every 2 s
    assert charger.asked[-1] == 6.0
    assert shown(hass, WHY) == "meter_lost"


async def test_a_silent_meter_is_lost_after_ten_seconds_at_the_latest(
    hass: HomeAssistant, charger: FakeCharger, house: House, freezer: FrozenDateTimeFactory
) -> None:
    for _ in range(60):  # longer than it is held down because it was so much quicker before
        await after(hass, freezer, seconds=9)
        draws(charger, charger.asked[-1])
        await house.draws(10.0 + charger.asked[-1])
    await after(hass, freezer, seconds=9.9)
    assert charger.asked[-1] == 32.0
    await after(hass, freezer, seconds=0.3)
    assert charger.asked[-1] == 6.0


async def test_a_meter_that_repeats_itself_is_fresh(hass: HomeAssistant, charger: FakeCharger, house: House) -> None:
    changed = hass.states.get("sensor.grid_l1")
    assert changed is not None
    await house.lives(60)
    repeated = hass.states.get("sensor.grid_l1")
    assert repeated is not None
    assert repeated.last_changed == changed.last_changed
    assert charger.asked == [32.0]
    assert shown(hass, "binary_sensor.site_grid_meter_lost") == "off"


async def test_after_a_lost_meter_it_rises_as_after_any_other_limit(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await house.draws("unavailable")
    await after(hass, house.freezer, seconds=9)
    assert charger.asked[-1] == 6.0
    await lives(charger, house, 50, 10.0)
    assert charger.asked[-1] == 6.0
    assert shown(hass, "binary_sensor.site_grid_meter_lost") == "off"
    await lives(charger, house, 400, 10.0)
    assert charger.asked[-1] == 32.0


async def test_a_meter_silent_for_long_is_a_repair_until_it_speaks(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    issues = ir.async_get(hass)
    await house.draws("unavailable")
    await after(hass, freezer, seconds=9)
    await after(hass, freezer, seconds=290)
    assert issues.async_get_issue(DOMAIN, "grid_meter_lost") is None
    await after(hass, freezer, seconds=15)
    assert issues.async_get_issue(DOMAIN, "grid_meter_lost") is not None
    await house.draws(10.0)
    assert issues.async_get_issue(DOMAIN, "grid_meter_lost") is None


async def test_a_meter_that_speaks_too_seldom_is_a_repair(
    hass: HomeAssistant, house: House, freezer: FrozenDateTimeFactory
) -> None:
    issues = ir.async_get(hass)
    for _ in range(40):
        await after(hass, freezer, seconds=30)
        await house.draws()
    assert issues.async_get_issue(DOMAIN, "grid_meter_too_slow") is not None
    assert issues.async_get_issue(DOMAIN, "grid_meter_lost") is None
    await hass.config_entries.async_remove("01SITE")
    assert issues.async_get_issue(DOMAIN, "grid_meter_too_slow") is None


async def test_a_clock_set_back_is_no_reading_from_the_future(
    hass: HomeAssistant, charger: FakeCharger, house: House, freezer: FrozenDateTimeFactory
) -> None:
    await after(hass, freezer, hours=-1)
    await house.draws()
    assert shown(hass, "binary_sensor.site_grid_meter_lost") == "off"
    await lives(charger, house, 20, 10.0)
    assert charger.asked[-1] >= 6.0


@pytest.mark.parametrize(
    ("told", "sign", "grid_a"),
    [
        ("current 12.5 A", False, 12.5),
        ("current 12500 mA", False, 12.5),
        ("power 2.3 kW", False, 10.0),
        ("power -2300 W", True, 10.0),
        ("power 2300 W, voltage 200 V", False, 11.5),
        ("power 2300 W, voltage 3 V", False, 10.0),
        ("power 0 W, export 2300 W", False, -10.0),
        ("power 2300 W, export unknown W", False, 10.0),
        ("power 2300 W, current 14 A", False, 14.0),
        ("power ? W, current 14 A", False, None),
    ],
)
async def test_a_meter_is_read_in_its_own_words(
    hass: HomeAssistant, entry: MockConfigEntry, told: str, sign: bool, grid_a: float | None
) -> None:
    section: dict[str, Any] = {"export_is_positive": sign}
    for kind, value, unit in (part.split() for part in told.split(", ")):
        hass.states.async_set(f"sensor.{kind}", value, {"unit_of_measurement": unit})
        section[kind] = {"l1": f"sensor.{kind}"}
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60, CONF_GRID_METER: section}))
    headroom = shown(hass, "sensor.site_supply_headroom_l1")
    assert headroom == ("unknown" if grid_a is None else str(60.0 - max(grid_a, 0.0)))


async def test_one_phase_of_three_that_is_silent_holds_down_what_is_wired_to_it(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    house = House(hass, freezer, phases=3)
    draws(charger, 16.0, phases=3)
    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    await house.draws(18.0, 18.0, 18.0)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_25, CONF_GRID_METER: house.section}))
    assert charger.asked[-1] > 6.0
    for _ in range(6):
        await house.draws(18.0, "unavailable", 18.0)
        await after(hass, freezer, seconds=2)
    assert charger.asked[-1] == 6.0
    assert shown(hass, "binary_sensor.site_grid_meter_lost") == "on"


async def test_solar_and_battery_are_there_for_who_asks(hass: HomeAssistant, house: House) -> None:
    site = hass.config_entries.async_get_entry("01SITE")
    assert site is not None
    hass.states.async_set("sensor.roof", "3.1", POWER | {"unit_of_measurement": "kW"})
    hass.states.async_set("sensor.shed", "400", POWER)
    hass.states.async_set("sensor.store", "700", POWER)
    sections = {CONF_SOLAR: {"power": ["sensor.roof", "sensor.shed"]}}
    sections[CONF_BATTERY] = {"power": ["sensor.store"], "charge_is_positive": True}
    hass.config_entries.async_update_entry(site, options={**site.options, **sections})
    await settle(hass)
    assert (site.runtime_data.picture.solar_w, site.runtime_data.picture.battery_w) == (3500.0, -700.0)
    hass.states.async_set("sensor.shed", "unavailable", POWER)
    await settle(hass)
    assert site.runtime_data.picture.solar_w is None


async def test_a_supply_with_other_phases_has_other_entities(hass: HomeAssistant, house: House) -> None:
    site = hass.config_entries.async_get_entry("01SITE")
    assert site is not None
    hass.config_entries.async_update_entry(site, options={**site.options, CONF_SUPPLY: FUSE_25, CONF_GRID_METER: {}})
    await hass.async_block_till_done()
    assert hass.states.get("sensor.site_house_load_l3") is not None
    hass.config_entries.async_update_entry(site, options={})
    await hass.async_block_till_done()
    assert hass.states.get("sensor.site_house_load_l1") is None
    assert shown(hass, "binary_sensor.site_limited_by_supply") == "unknown"
    assert shown(hass, "binary_sensor.site_grid_meter_lost") == "unknown"


@pytest.mark.requirement("8.1")
@pytest.mark.requirement("8.2")
async def test_charge_now_is_refused_while_the_supply_has_nothing_to_spare(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await hass.services.async_call("switch", "turn_off", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    await settle(hass)
    charger.say(pilot=PilotState.B, status=ConnectorStatus.SUSPENDED_EVSE, power_w=0.0, current_a=(0.0, None, None))
    await house.draws(57.0)
    with pytest.raises(ServiceValidationError) as refused:
        await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    assert refused.value.translation_key == "no_supply"
    assert shown(hass, "switch.garage_charge_now") == "off"
    assert charger.asked[-1] == 0.0


@pytest.mark.requirement("7.1")
@pytest.mark.parametrize(("without_meter", "left_a"), [(6.0, 6.0), (0.0, 6.0), (20.0, 20.0), (60.0, 32.0)])
async def test_no_more_is_left_behind_than_is_safe_without_a_meter(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, without_meter: float, left_a: float
) -> None:
    site = await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60 | {"without_meter": without_meter}}))
    assert charger.plans[-1].max_a == left_a
    await hass.config_entries.async_remove(site.entry_id)
    await settle(hass)
    assert charger.plans[-1].max_a == 32.0


@pytest.mark.requirement("8.3")
async def test_after_a_start_the_safe_minimum_holds_until_the_meter_is_there(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    house = House(hass, freezer)
    site_entry(**{CONF_SUPPLY: FUSE_60, CONF_GRID_METER: house.section}).add_to_hass(hass)
    draws(charger, 32.0)
    charger.say(offered_a=32.0, setpoint_a=32.0)
    with patch("custom_components.smart_charge.facts.SystemRandom.random", return_value=0.5):
        await set_up_fake(hass, charger)
        await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_charge_now"}, blocking=True)
        await after(hass, freezer, seconds=11)  # until then it keeps what it had: the meter has time to speak
        assert charger.asked[-1] == 6.0
        assert shown(hass, WHY) == "meter_lost"
        since = len(charger.asked)
        hass.states.async_set("sensor.grid_l1", "unavailable", POWER)
        await settle(hass)
        assert max(charger.asked[since:], default=6.0) <= 6.0
        await lives(charger, house, 400, 10.0)
    assert charger.asked[-1] == 32.0
