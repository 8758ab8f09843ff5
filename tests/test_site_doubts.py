"""A grid meter that does not show what charging does is found out, told of, and relied on no more."""

from collections.abc import Callable

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs import DOMAIN as REPAIRS, ConfirmRepairFlow
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.charging.meter_trial import Doubt, Miss
from custom_components.smart_charge.const import CONF_GRID_METER, CONF_SOLAR, CONF_SUPPLY, DOMAIN
from custom_components.smart_charge.repairs import async_create_fix_flow
from custom_components.smart_charge.site import DATA_SITE

from .premises import FUSE_25, FUSE_60, House, add, site_entry
from .shell import CHARGING, FakeCharger, after, settle, shown

pytestmark = [pytest.mark.requirement("8.1"), pytest.mark.usefixtures("entry")]

type Meter = Callable[[float, float], float]
"""What the meter makes of the house and of charging."""

LIES: dict[str, Meter] = {
    "stuck": lambda _house_a, _own_a: 5.0,
    "unseen": lambda house_a, _own_a: house_a,
    "scaled": lambda house_a, own_a: (house_a + own_a) / 1000,
    "reversed": lambda house_a, own_a: -house_a - own_a,
}


def truth(house_a: float, own_a: float) -> float:
    return house_a + own_a


class Evening:
    """A vehicle that is told to charge, and to stop, again and again, and a house that does a little beside it."""

    def __init__(
        self, hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, phases: int = 1
    ) -> None:
        self.hass = hass
        self.charger = charger
        self.house = House(hass, freezer, phases)
        self.shows_on = 0
        self.meter: Meter = truth
        self.ticks = 0

    async def lives(self, seconds: int) -> None:
        for _ in range(seconds // 6):
            await after(self.hass, self.house.freezer, seconds=6)
            self.ticks += 1
            await self.speaks()

    async def speaks(self) -> None:
        own_a = self.charger.asked[-1] if self.charger.asked else 0.0
        self.charger.say(**CHARGING | {"current_a": (own_a, None, None), "power_w": own_a * 230})
        house_a = 8.0 + self.ticks * 7 % 11 * 0.13
        shown = [house_a] * len(self.house.amps)
        shown[self.shows_on] = self.meter(house_a, own_a)
        await self.house.draws(*shown)

    async def switches(self, times: int) -> None:
        for _ in range(times):
            for state in ("on", "off"):
                target = {"entity_id": "switch.garage_charge_now"}
                await self.hass.services.async_call("switch", f"turn_{state}", target, blocking=True)
                await self.lives(90)


@pytest.fixture
async def evening(hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory) -> Evening:
    evening = Evening(hass, charger, freezer)
    await evening.speaks()
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60, CONF_GRID_METER: evening.house.section}))
    await evening.lives(80)
    return evening


def told(hass: HomeAssistant) -> str | None:
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "grid_meter_doubted")
    return None if issue is None else issue.translation_key


@pytest.mark.parametrize("how", LIES)
async def test_a_meter_that_lies_is_found_out(
    hass: HomeAssistant, charger: FakeCharger, evening: Evening, how: str
) -> None:
    evening.meter = LIES[how]
    await evening.switches(1)
    assert told(hass) is None
    await evening.switches(3)
    assert told(hass) == f"grid_meter_{how}"
    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    await evening.lives(80)
    assert charger.asked[-1] == 6.0
    assert shown(hass, "sensor.garage_why") == "meter_lost"


async def test_charging_that_shows_on_another_phase_is_told_with_that_phase(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    evening = Evening(hass, charger, freezer, phases=3)
    evening.shows_on = 2
    await evening.speaks()
    fuse = FUSE_25 | {"limit": 60.0, "wiring": {"01GARAGE": "231"}}
    await add(hass, site_entry(**{CONF_SUPPLY: fuse, CONF_GRID_METER: evening.house.section}))
    await evening.lives(80)
    await evening.switches(4)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "grid_meter_doubted")
    assert issue is not None
    assert issue.translation_key == "grid_meter_other_phase"
    assert issue.translation_placeholders == {"phases": "L2", "shows_on": "L2 → L3"}
    assert await hass.config_entries.async_reload("01SITE")
    await evening.lives(4)
    assert hass.data[DATA_SITE].picture.doubts == {1: Miss(doubt=Doubt.OTHER_PHASE, shows_on=2)}


async def test_a_meter_that_tells_the_truth_is_left_alone(hass: HomeAssistant, evening: Evening) -> None:
    await evening.switches(5)
    assert told(hass) is None


async def test_a_battery_that_keeps_the_meter_at_nothing_is_no_lie(hass: HomeAssistant, evening: Evening) -> None:
    evening.meter = lambda house_a, _own_a: (house_a - 8.5) / 2
    await evening.switches(5)
    assert told(hass) is None


async def test_a_meter_that_was_put_right_is_believed_by_what_it_shows(hass: HomeAssistant, evening: Evening) -> None:
    evening.meter = LIES["unseen"]
    await evening.switches(4)
    assert told(hass) == "grid_meter_unseen"
    evening.meter = truth
    await evening.switches(2)
    assert told(hass) is None


async def test_a_solar_sensor_that_is_named_ends_no_doubt(hass: HomeAssistant, evening: Evening) -> None:
    evening.meter = LIES["unseen"]
    await evening.switches(4)
    site = hass.config_entries.async_get_known_entry("01SITE")
    solar = {CONF_SOLAR: {"power": ["sensor.solar"]}}
    hass.config_entries.async_update_entry(site, options={**site.options, **solar})
    await settle(hass)
    assert told(hass) == "grid_meter_unseen"


async def test_the_doubt_outlasts_a_reload_and_ends_by_hand(hass: HomeAssistant, evening: Evening) -> None:
    evening.meter = LIES["unseen"]
    await evening.switches(4)
    assert await hass.config_entries.async_reload("01SITE")
    await settle(hass)
    assert told(hass) == "grid_meter_unseen"
    flow = await async_create_fix_flow(hass, "grid_meter_doubted", {"l1": "unseen"})
    assert isinstance(flow, ConfirmRepairFlow)
    flow.hass, flow.handler, flow.issue_id = hass, REPAIRS, "grid_meter_doubted"
    await flow.async_step_confirm({})
    await settle(hass)
    assert told(hass) is None


async def test_without_a_site_nothing_is_told_of_its_meter(
    hass: HomeAssistant, entry: MockConfigEntry, evening: Evening
) -> None:
    evening.meter = LIES["unseen"]
    await evening.switches(4)
    await hass.config_entries.async_remove("01SITE")
    assert told(hass) is None
