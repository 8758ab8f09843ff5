"""What only its owner may have done to a charge point: offered as a repair, and done when agreed to."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.security.credentials import hash_secret
from simulator import Abilities, OcppCharger as Simulated, Vehicle
from simulator.charging_profiles import Period, Profile, Purpose
from tests.flow_words import free_port
from tests.shell import ocpp_entry, set_up
from tests.test_outlets import TIMINGS
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("socket_enabled")

PASSWORD = "a" * 40


@pytest.fixture
async def entry(hass: HomeAssistant) -> AsyncIterator[MockConfigEntry]:
    assert await async_setup_component(hass, "repairs", {})
    with (
        patch("custom_components.smart_charge.listener.LISTEN_ON", "127.0.0.1"),
        patch("custom_components.smart_charge.chargers.ocpp.charger.Timings", lambda: TIMINGS),
    ):
        days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
        begin, end = (f"{(datetime.now(UTC).hour + shift) % 24:02}:00:00" for shift in (-1, 7))
        await hass.config.async_set_time_zone("UTC")
        hours = [{"days": days, "start": begin, "end": end}]
        entry = ocpp_entry(free_port(), hashes=hash_secret(PASSWORD), default_hours=hours)
        await set_up(hass, entry)
        yield entry
        await hass.config_entries.async_unload(entry.entry_id)


def simulated(entry: MockConfigEntry, abilities: Abilities | None = None) -> Simulated:
    url = f"ws://127.0.0.1:{entry.data['listen_port']}/"
    return Simulated(url, "CP1", password=PASSWORD, abilities=abilities)


def is_raised(hass: HomeAssistant, key: str) -> bool:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{key}_01GARAGE") is not None


async def fix(hass: HomeAssistant, key: str) -> str:
    """Submit the repair; returns what came of it."""
    flows = hass.data["repairs"]["flow_manager"]
    form = await flows.async_init(DOMAIN, data={"issue_id": f"{key}_01GARAGE"})
    assert form["step_id"] == "confirm"
    done = await flows.async_configure(form["flow_id"], {})
    return str(done.get("reason", done["type"].value))


@pytest.mark.requirement("7.1")
async def test_settings_that_wait_for_a_restart_are_told_and_the_restart_offered(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    async with simulated(entry) as box:
        await until(lambda: is_raised(hass, "needs_restart"))
        box.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda: box.client.transaction is not None)
        await until(lambda: entry.runtime_data.charger.transaction_id is not None)
        assert await fix(hass, "needs_restart") == "refused"
        assert is_raised(hass, "needs_restart")
        box.unplug()
        await until(lambda: entry.runtime_data.charger.transaction_id is None)
        assert await fix(hass, "needs_restart") == "create_entry"
        await until(lambda: box.configuration.is_true("FreeVendEnabled"))
        await until(lambda: entry.runtime_data.charger.diagnostics()["unattended"] == "default_hours")
        await asyncio.sleep(0.5)
        assert not is_raised(hass, "needs_restart")


async def test_a_restart_that_helps_nothing_is_not_asked_for_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with simulated(entry) as box:
        box.configuration.reboot = lambda: None  # type: ignore[method-assign]
        await until(lambda: is_raised(hass, "needs_restart"))
        assert await fix(hass, "needs_restart") == "create_entry"
        await until(lambda: not is_raised(hass, "needs_restart"))
        charger = entry.runtime_data.charger
        await until(lambda: "FreevendEnabled" in charger.diagnostics()["settings_refused"])
        assert not is_raised(hass, "needs_restart")


async def test_a_repair_for_one_that_is_away_says_so(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with simulated(entry) as box:
        await until(lambda: is_raised(hass, "needs_restart"))
        await box.drop_link()
        await until(lambda: not entry.runtime_data.charger.is_online)
        assert await fix(hass, "needs_restart") == "no_answer"


@pytest.mark.requirement("7.1")
async def test_limits_that_somebody_else_left_are_cleared_when_the_owner_says_so(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    box = simulated(entry, Abilities(highest_level=2))
    left = Profile(
        profile_id=99,
        connector_id=1,
        stack_level=2,
        purpose=Purpose.TX_DEFAULT,
        kind="Absolute",
        unit="A",
        periods=(Period(0, 0),),
        start_at=datetime.now(UTC) - timedelta(days=400),
    )
    box.client.profiles.install(left, running_transaction=None)
    async with box:
        await until(lambda: is_raised(hass, "outranked"))
        assert await fix(hass, "outranked") == "create_entry"
        await until(lambda: not is_raised(hass, "outranked"))
        await until(lambda: entry.runtime_data.charger._parts.hours.holds)
        assert 99 not in [profile.profile_id for profile in box.client.profiles.profiles]


async def test_no_repair_outlives_its_entry(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    async with simulated(entry):
        await until(lambda: is_raised(hass, "needs_restart"))
        await hass.config_entries.async_unload(entry.entry_id)
        assert not is_raised(hass, "needs_restart")
