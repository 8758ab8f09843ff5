from unittest.mock import patch

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from syrupy.assertion import SnapshotAssertion

from custom_components.smart_charge.diagnostics import async_get_config_entry_diagnostics
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.errors import LedgerUnreachable
from custom_components.smart_charge.site import DATA_SITE

from .premises import FUSE_25, add, site_entry
from .shell import CHARGING, FakeCharger, modbus_entry, ocpp_entry, set_up_fake, settle


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


@pytest.mark.requirement("S4.1")
async def test_diagnostics_of_the_site_tell_neither_names_nor_the_database(
    hass: HomeAssistant, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    sections = {
        "supply": FUSE_25,
        "agreement": {"party": "Acme Flex", "kind": "response", "start": "2026-11-01"},
        "orcs": {"operator": "Streetlight Ltd", "authority": "Ambridge", "folder": "/media/ambridge"},
        "records": {"url": "postgresql://anna:hunter2@db.example/home"},
    }
    site = site_entry(**sections)
    charger.say(**CHARGING)
    await hass.services.async_call("switch", "turn_on", {"entity_id": "switch.garage_charge_now"}, blocking=True)
    with patch(
        "custom_components.smart_charge.ledger.database.async_store_at", side_effect=LedgerUnreachable("not here")
    ):
        await add(hass, site)
        assert hass.data[DATA_SITE].picture.limited == ("Garage",)
        shown = await async_get_config_entry_diagnostics(hass, site)
        hass.config_entries.async_update_entry(site, options={"supply": FUSE_25})
        await settle(hass)
        await hass.data[DATA_LEDGER].async_flush()
        await settle(hass)
    assert shown["agreement"] == {"holds": True, "default_hours_required": False}
    assert shown["entry"]["data"] == {"kind": "site"}
    assert shown["entry"]["options"]["supply"]["limit"] == 25.0
    for name in ("Acme", "Streetlight", "mbridge", "anna", "hunter2", "db.example", "Garage"):
        assert name not in str(shown)


async def test_an_entry_that_is_not_set_up_has_a_picture_too(hass: HomeAssistant) -> None:
    entry = modbus_entry()
    entry.add_to_hass(hass)
    entry.mock_state(hass, ConfigEntryState.SETUP_RETRY)
    found = await async_get_config_entry_diagnostics(hass, entry)
    assert found["state"] == "setup_retry"
    assert "127.0.0.1" not in str(found)
