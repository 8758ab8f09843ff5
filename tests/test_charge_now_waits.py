"""Charge now beside a supply that was just set up, and settings that cost nobody current (8.1, 10.6)."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_GRID_METER, CONF_SUPPLY

from .premises import FUSE_60, House, add, site_entry
from .shell import CHARGING, FakeCharger, after, call, settle, shown

pytestmark = [pytest.mark.usefixtures("all_enabled"), pytest.mark.requirement("10.6")]

CHARGE_NOW = "switch.garage_charge_now"
WHY = "sensor.garage_why"


@pytest.fixture
async def house(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> House:
    """A fuse of 60 A was entered a second ago; the house draws 10 A, and a vehicle waits for its hours."""
    house = House(hass, freezer)
    draws(charger, 0.0)
    await house.draws(10.0)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60, CONF_GRID_METER: house.section}))
    return house


def draws(charger: FakeCharger, amps: float) -> None:
    charger.say(**CHARGING | {"current_a": (amps, None, None), "power_w": amps * 230})


async def lives(charger: FakeCharger, house: House, seconds: int) -> None:
    for _ in range(seconds):
        await after(house.hass, house.freezer, seconds=1)
        draws(charger, charger.asked[-1] if charger.asked else 0.0)
        await house.draws(10.0 + (charger.asked[-1] if charger.asked else 0.0))


async def change(hass: HomeAssistant, **sections) -> None:
    site = hass.config_entries.async_get_entry("01SITE")
    assert site is not None
    hass.config_entries.async_update_entry(site, options={**site.options, **sections})
    await settle(hass)


async def test_a_tap_is_taken_waits_with_the_reason_and_charges_in_seconds(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    assert shown(hass, CHARGE_NOW) == "on"
    assert shown(hass, WHY) == "waiting_for_supply"
    assert hass.states.get(WHY).attributes["until"] is not None
    assert charger.asked[-1:] in ([], [0.0])
    await lives(charger, house, 12)
    assert charger.asked[-1] == 32.0
    assert shown(hass, WHY) == "charging_now"


@pytest.mark.requirement("11.8")
async def test_the_random_delay_begins_in_seconds_too_for_who_charges_by_a_rule(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    mode = {"entity_id": "select.garage_mode", "option": "always"}
    await hass.services.async_call("select", "select_option", mode, blocking=True)
    assert shown(hass, WHY) == "waiting_for_supply"
    assert hass.states.get(WHY).attributes["until"] is not None
    await lives(charger, house, 12)
    assert shown(hass, WHY) == "delayed_start"
    assert charger.asked[-1:] in ([], [0.0])


@pytest.mark.requirement("8.1")
async def test_a_house_that_leaves_nothing_refuses_all_the_same(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await house.draws(57.0)
    with pytest.raises(ServiceValidationError) as refused:
        await call(hass, "turn_on", CHARGE_NOW)
    assert refused.value.translation_key == "no_supply"


@pytest.mark.parametrize("changes", [{"limit": 50.0}, {"margin": 4.0}, {"without_meter": 12.0}])
async def test_another_limit_costs_a_charging_vehicle_nothing_and_nobody_waits_anew(
    hass: HomeAssistant, charger: FakeCharger, house: House, changes: dict[str, float]
) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    await lives(charger, house, 70)
    assert charger.asked[-1] == 32.0
    charger.asked[:] = [32.0]
    await change(hass, **{CONF_SUPPLY: FUSE_60 | changes})
    await lives(charger, house, 20)
    assert charger.asked == [32.0]
    assert shown(hass, WHY) == "charging_now"


async def test_another_meter_has_time_to_speak_while_a_vehicle_charges_on(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    await call(hass, "turn_on", CHARGE_NOW)
    await lives(charger, house, 70)
    charger.asked[:] = [32.0]
    await change(hass, **{CONF_GRID_METER: {"power": {"l1": "sensor.new_meter"}, "export_is_positive": False}})
    for _ in range(8):
        await after(hass, house.freezer, seconds=1)
        draws(charger, 32.0)
        await settle(hass)
    assert charger.asked == [32.0]
    for _ in range(5):
        await after(hass, house.freezer, seconds=1)
        draws(charger, charger.asked[-1])
        await settle(hass)
    assert charger.asked[-1] == 6.0


@pytest.mark.requirement("8.1")
async def test_a_charge_point_that_tells_its_power_only_gets_back_what_a_peak_took(
    hass: HomeAssistant, charger: FakeCharger, house: House
) -> None:
    async def live(house_a: float, seconds: int) -> None:
        for _ in range(seconds):
            await after(hass, house.freezer, seconds=1)
            amps = charger.asked[-1] if charger.asked else 0.0
            charger.say(**CHARGING | {"current_a": (None, None, None), "power_w": amps * 241})
            await house.draws(house_a + amps)

    await call(hass, "turn_on", CHARGE_NOW)
    await live(10.0, 70)
    await live(30.0, 30)
    assert charger.asked[-1] == 28.0
    await live(10.0, 75)
    assert shown(hass, WHY) == "delayed_change"
