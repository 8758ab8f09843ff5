from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.smart_charge.diagnostics import async_get_config_entry_diagnostics

from .shell import CHARGING, FakeCharger, ocpp_entry, set_up_fake, settle


@pytest.mark.requirement("S4.1")
async def test_diagnostics_tell_no_secret(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry, snapshot: SnapshotAssertion
) -> None:
    charger.say(**CHARGING, import_wh=10_000)
    await settle(hass)
    shown = await async_get_config_entry_diagnostics(hass, entry)
    assert shown == snapshot
    for secret in ("A1234567", "127.0.0.1", "Garage"):
        assert secret not in str(shown)


@pytest.mark.requirement("S4.1")
async def test_diagnostics_of_an_ocpp_charge_point_tell_neither_id_nor_password(
    hass: HomeAssistant, charger: FakeCharger
) -> None:
    entry = ocpp_entry(9000, "MY-SECRET-CP", hashes=["scrypt$abc"])
    await set_up_fake(hass, charger, entry)
    shown = str(await async_get_config_entry_diagnostics(hass, entry))
    assert "MY-SECRET-CP" not in shown
    assert "scrypt$abc" not in shown
