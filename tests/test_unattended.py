"""What a vehicle gets without Home Assistant: shown, and said at set-up and in a repair; and whose delay it is."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_CHARGER_DELAYS, CONF_DEFAULT_HOURS_ENABLED, CONF_MODE, DOMAIN
from simulator import Behaviour, ModbusCharger, OcppCharger
from tests.waiting import until

from .shell import PLUGGED_IN, FakeCharger, modbus_entry, ocpp_entry, set_up, settle, shown

pytestmark = pytest.mark.usefixtures("all_enabled")

UNATTENDED = "sensor.garage_without_home_assistant"
KEPT_BY = "sensor.garage_random_delay_kept_by"
WHY = "sensor.garage_why"


@pytest.mark.usefixtures("socket_enabled")
@pytest.mark.requirement("7.1")
@pytest.mark.requirement("7.2")
@pytest.mark.parametrize(
    ("model", "safe_current_a", "expected", "repair"),
    [
        ("alfen_eve", 8.0, "failsafe_current", None),
        ("alfen_eve", 0.0, "stays_off", "fails_to_zero"),
        ("bender_cc612", 0, "failsafe_current", None),
        ("bender_cc612", 10, "failsafe_current", None),
    ],
)
async def test_a_modbus_charge_point_says_what_it_does_by_itself(
    hass: HomeAssistant, model: str, safe_current_a: float, expected: str, repair: str | None
) -> None:
    async with ModbusCharger(model, safe_current_a=safe_current_a) as simulated:
        await set_up(hass, modbus_entry(simulated.port, model))
        await until(lambda: shown(hass, UNATTENDED) == expected)

        def repair_shown() -> str | None:
            issue = ir.async_get(hass).async_get_issue(DOMAIN, "stays_off_01GARAGE")
            return None if issue is None else issue.translation_key

        await until(lambda: repair_shown() == repair)
        await hass.config_entries.async_unload("01GARAGE")


@pytest.mark.requirement("7.1")
@pytest.mark.requirement("7.2")
@pytest.mark.parametrize(
    ("behaviour", "options", "expected"),
    [
        (Behaviour(), {}, "default_hours"),
        (Behaviour(), {CONF_DEFAULT_HOURS_ENABLED: False}, "charges"),
        (Behaviour(refuses_tx_profiles=True), {}, "default_hours"),
    ],
    ids=["default hours are held", "there are no hours", "leases are held another way"],
)
async def test_an_ocpp_charge_point_says_what_it_does_by_itself(
    hass: HomeAssistant, free_port: int, behaviour: Behaviour, options: dict[str, object], expected: str
) -> None:
    await set_up(hass, ocpp_entry(free_port, **options))
    assert shown(hass, UNATTENDED) == "unknown"
    async with OcppCharger(f"ws://127.0.0.1:{free_port}", "CP1", behaviour=behaviour):
        await until(lambda: shown(hass, UNATTENDED) == expected)  # as soon as it is known, not when it next speaks
        await hass.config_entries.async_unload("01GARAGE")


@pytest.mark.requirement("7.1")
async def test_an_ocpp_charge_point_that_holds_no_profile_promises_nothing(hass: HomeAssistant, free_port: int) -> None:
    await set_up(hass, ocpp_entry(free_port))
    refuses = Behaviour(refuses_profiles=True)
    async with OcppCharger(f"ws://127.0.0.1:{free_port}", "CP1", behaviour=refuses) as simulated:
        loop = hass.config_entries.async_get_known_entry("01GARAGE").runtime_data
        await until(lambda: loop.charger.diagnostics()["configuration"] != {} and simulated.client.link.is_open)
        await settle(hass)
        assert shown(hass, UNATTENDED) == "unknown"
        await hass.config_entries.async_unload("01GARAGE")


@pytest.mark.requirement("11.6")
async def test_there_are_never_two_delays(hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry) -> None:
    assert shown(hass, KEPT_BY) == "home_assistant"
    entry.runtime_data.change_options({CONF_CHARGER_DELAYS: True, CONF_MODE: "always"})
    await settle(hass)
    charger.say(**PLUGGED_IN)
    await settle(hass)
    assert (charger.asked[-1], shown(hass, WHY), shown(hass, KEPT_BY)) == (32.0, "whenever_plugged_in", "charge_point")


@pytest.mark.requirement("11.6")
async def test_a_charge_point_that_does_not_delay_gets_our_delay_again(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    entry.runtime_data.change_options({CONF_CHARGER_DELAYS: True, CONF_MODE: "always"})
    entry.runtime_data.change_options({CONF_CHARGER_DELAYS: False})
    charger.say(**PLUGGED_IN)
    await settle(hass)
    assert (shown(hass, WHY), shown(hass, KEPT_BY)) == ("delayed_start", "home_assistant")
