"""What is left behind in several charge points is together no more than the supply can carry unwatched."""

from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.charging.left_to_each import Unwatched, left_to_each
from custom_components.smart_charge.config_flow import SmartChargeConfigFlow
from custom_components.smart_charge.const import CONF_PROTOCOL, CONF_SUPPLY, DOMAIN, PROTOCOL_OCPP
from custom_components.smart_charge.repairs import async_create_fix_flow
from simulator import ModbusCharger
from tests.waiting import until

from .charging.premises import supply
from .premises import FUSE_25, FUSE_60, add, site_entry
from .shell import CHARGING, FakeCharger, modbus_entry, set_up, set_up_fake, settle, shown

pytestmark = [pytest.mark.requirement("7.1"), pytest.mark.requirement("8.1")]


@pytest.mark.parametrize(
    ("limit_a", "without_meter_a", "wired", "left"),
    [
        (60.0, 6.0, {"a": (0,), "b": (0,)}, {"a": 6, "b": 6}),
        (20.0, 6.0, {"a": (0,), "b": (0,)}, {"a": 6, "b": 0}),
        (24.0, 6.0, {"a": (0,), "b": (0,), "c": (0,)}, {"a": 6, "b": 6, "c": 0}),
        (10.0, 6.0, {"a": (0,)}, {"a": 6}),
        (60.0, 0.0, {"a": (0,), "b": (0,)}, {"a": 6, "b": 0}),
        (60.0, 7.0, {"a": (0,), "b": (0,)}, {"a": 7, "b": 0}),
        (60.0, 12.0, {"a": (0,), "b": (0,)}, {"a": 6, "b": 6}),
        (60.0, 0.0, {"a": (0,)}, {"a": 6}),
        (60.0, 40.0, {"a": (0,), "b": (0,), "c": (0,)}, {"a": 13, "b": 13, "c": 13}),
        (10.0, 40.0, {"a": (0,), "b": (0,)}, {"a": 10, "b": 0}),
        (25.0, 6.0, {"a": (0,), "b": (1,), "c": (0, 1, 2)}, {"a": 6, "b": 6, "c": 6}),
        (20.0, 6.0, {"a": (0,), "b": (1,), "c": (0, 1, 2)}, {"a": 6, "b": 6, "c": 0}),
        (25.0, 6.0, {"a": (3 - 1,), "b": ()}, {"a": 6, "b": 0}),
    ],
)
def test_what_is_left_fits_on_every_phase(limit_a, without_meter_a, wired, left):
    constant = {key: Unwatched(phases=phases) for key, phases in wired.items()}
    found = left_to_each(supply(limit_a, 3, without_meter_a=without_meter_a), constant)
    assert {key: each.max_a for key, each in found.items()} == left


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.parametrize(("failsafe_a", "said"), [(16.0, {"failsafe": "16", "left": "6"}), (6.0, None)])
async def test_a_failsafe_that_only_an_installer_can_lower_is_told_of(
    hass: HomeAssistant, failsafe_a: float, said: dict[str, str] | None
) -> None:
    def told() -> dict[str, str] | None:
        issue = ir.async_get(hass).async_get_issue(DOMAIN, "allows_too_much_01GARAGE")
        return None if issue is None else issue.translation_placeholders

    async with ModbusCharger("alfen_eve", safe_current_a=failsafe_a) as simulated:
        await set_up(hass, modbus_entry(simulated.port, "alfen_eve"))
        await until(lambda: shown(hass, "sensor.garage_without_home_assistant") == "failsafe_current")
        assert told() is None, "nothing is shared yet"
        await add(hass, site_entry(**{CONF_SUPPLY: FUSE_25}))
        await settle(hass)
        await until(lambda: told() == (None if said is None else {"name": "Garage", **said}))
        await hass.config_entries.async_unload("01GARAGE")


async def test_who_would_be_too_much_stays_off_until_the_owner_allows_it(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="000", data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60 | {"limit": 20.0}}))
    assert charger.plans[-1].max_a == 0.0
    charger.say(**CHARGING)
    await settle(hass)
    assert shown(hass, "sensor.garage_without_home_assistant") == "stays_off"
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply")
    assert issue is not None
    assert issue.translation_placeholders == {"names": "Garage", "needed": "12", "limit": "20"}
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass, flow.handler, flow.issue_id = hass, "repairs", issue.issue_id
    await flow.async_step_confirm({})  # type: ignore[attr-defined]
    await settle(hass)
    assert charger.plans[-1].max_a == 6.0
    charger.say(**CHARGING | {"power_w": 1000.0})
    await settle(hass)
    assert shown(hass, "sensor.garage_without_home_assistant") != "stays_off"
    assert ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply") is None


async def test_two_are_left_with_six_ampere_where_half_the_supply_bears_it(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="000", data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60}))
    assert charger.plans[-1].max_a == 6.0
    assert ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply") is None


async def test_who_is_left_alone_may_take_it_all(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="000", data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60 | {"limit": 20.0}}))
    assert charger.plans[-1].max_a == 0.0
    await hass.config_entries.async_remove(other.entry_id)
    await settle(hass)
    assert charger.plans[-1].max_a == 6.0
    assert ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply") is None


def keeping_hours(entry_id: str, **options: object) -> MockConfigEntry:
    data = dict(modbus_entry().data) | {CONF_PROTOCOL: PROTOCOL_OCPP}
    return MockConfigEntry(
        domain=DOMAIN, title="Drive", entry_id=entry_id, unique_id=entry_id, data=data, options=options
    )


async def test_who_keeps_hours_has_a_turn_beside_others_and_is_told_when(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    await set_up_fake(hass, charger, keeping_hours("2"))
    other = keeping_hours("1")
    other.add_to_hass(hass)
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60 | {"limit": 20.0}}))
    assert ir.async_get(hass).async_get_issue(DOMAIN, "left_off_by_supply") is None
    charger.say(**CHARGING)
    await settle(hass)
    state = hass.states.get("sensor.drive_without_home_assistant")
    assert state is not None
    assert state.state == "takes_turns"
    assert state.attributes["sentence"] == (
        "Without Home Assistant it takes turns with other charge points: it charges 12:00 to 23:45, at 6 A"
    )
    plan = charger.plans[-1]
    assert plan.max_a == 6.0
    assert plan.hours is not None
    assert [str(window.start) for window in plan.hours.windows] == ["12:00:00"]
    assert max(plan.draw_s() for _ in range(100)) <= 600

    night = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "start": "00:00:00", "end": "06:00:00"}
    hass.config_entries.async_update_entry(other, options={"default_hours": [night]})
    await settle(hass)
    hours = charger.plans[-1].hours
    assert hours is not None
    assert [str(window.start) for window in hours.windows] == ["03:00:00"]

    await hass.config_entries.async_remove(other.entry_id)
    await settle(hass)
    assert charger.plans[-1].hours is None


async def test_who_comes_last_is_told_at_set_up_what_is_left_for_it(hass: HomeAssistant, charger: FakeCharger) -> None:
    await set_up_fake(hass, charger, keeping_hours("1"))
    await add(hass, site_entry(**{CONF_SUPPLY: FUSE_60 | {"limit": 20.0}}))
    said = [await _said_at_set_up(hass, lot) for lot in ("by_profile", "failsafe_current")]
    assert said[0].startswith(
        "Without Home Assistant it takes turns with other charge points: it charges Monday to Friday 11:00"
    )
    assert said[1].endswith("so it stays off until Home Assistant is back.")
    await hass.config_entries.async_remove("1")
    await settle(hass)
    assert (await _said_at_set_up(hass, "by_profile")).startswith("These hours are also left in the charge point")


async def _said_at_set_up(hass: HomeAssistant, lot: str) -> str:
    """Open the step about hours as set-up does once the charge point is known to have this lot."""
    flow = SmartChargeConfigFlow()
    flow.hass, flow.flow_id, flow.handler, flow.context = hass, "flow", DOMAIN, {"source": "user"}
    with patch.object(SmartChargeConfigFlow, "_unattended", lot):
        step = await flow.async_step_hours()
    return (step["description_placeholders"] or {})["unattended"]


async def test_a_site_that_is_disabled_asks_for_nothing_any_more(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    other = MockConfigEntry(domain=DOMAIN, title="Drive", entry_id="000", data=dict(entry.data), unique_id="other")
    other.add_to_hass(hass)
    site = site_entry(**{CONF_SUPPLY: FUSE_25})
    await add(hass, site)
    issues = ir.async_get(hass).issues
    asked = {issue_id for domain, issue_id in issues if domain == DOMAIN}
    assert {"left_off_by_supply_for_good", "supply_wiring_unknown_000"} & asked
    await hass.config_entries.async_set_disabled_by(site.entry_id, ConfigEntryDisabler.USER)
    await settle(hass)
    assert not [issue_id for domain, issue_id in issues if domain == DOMAIN]
