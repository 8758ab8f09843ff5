"""What charging cost, on the screen: a sum says how much energy it leaves out, as nobody knew its price (9.3, U4)."""

from collections.abc import AsyncIterator
import csv
from datetime import timedelta
import io
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN

from .premises import add, site_entry
from .shell import (
    CHARGING,
    IDLE,
    PEAK,
    PLUGGED_IN,
    FakeCharger,
    after,
    modbus_entry,
    set_up_fake,
    settle,
    shown,
    until_summed,
)

GAP = "energy_without_price"


@pytest.fixture
async def entry(hass: HomeAssistant, charger: FakeCharger) -> AsyncIterator[MockConfigEntry]:
    """A charge point whose sensors of cost are switched on, and prices that are known for an hour."""
    hass.config.currency = "GBP"
    await know_prices(hass)
    await add(hass, site_entry(tariff={"source": "entities", "entities": ["sensor.prices"]}))
    shown_by_default = "homeassistant.helpers.entity.Entity.entity_registry_enabled_default"
    with (
        patch("custom_components.smart_charge.facts.SystemRandom.random", return_value=0.5),
        patch(shown_by_default, True),
    ):
        entry = await set_up_fake(hass, charger, modbus_entry())
        await settle(hass)
        yield entry


async def know_prices(hass: HomeAssistant) -> None:
    row = {"start": PEAK.isoformat(), "end": (PEAK + timedelta(hours=1)).isoformat(), "value": 0.2}
    hass.states.async_set("sensor.prices", "0.2", {"raw_today": [row], "unit_of_measurement": "GBP/kWh"})


async def charge(hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, *, hours: int) -> None:
    """Take 7 kWh in each hour from six in the evening on."""
    charger.say(**PLUGGED_IN | CHARGING, import_wh=10_000)
    await settle(hass)
    for hour in range(1, hours + 1):
        await after(hass, freezer, hours=1)
        charger.say(import_wh=10_000 + hour * 7_000)
        await settle(hass)


def gap(hass: HomeAssistant, key: str) -> Any:
    state = hass.states.get(f"sensor.garage_{key}")
    assert state is not None
    return state.attributes.get(GAP)


@pytest.mark.requirement("9.3")
@pytest.mark.requirement("U4")
async def test_a_sum_of_costs_says_what_it_leaves_out(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await charge(hass, charger, freezer, hours=1)
    assert (float(shown(hass, "sensor.garage_session_cost")), gap(hass, "session_cost")) == (1.4, 0)
    for wh in (24_000, 31_000):
        await after(hass, freezer, hours=1)
        charger.say(import_wh=wh)
        await settle(hass)
    charger.say(**IDLE)
    await until_summed(hass, entry)
    assert (shown(hass, "sensor.garage_session_cost"), gap(hass, "session_cost")) == ("unknown", 14.0)
    for period in ("today", "this_month", "last_twelve_months"):
        assert (float(shown(hass, f"sensor.garage_{period}_cost")), gap(hass, f"{period}_cost")) == (1.4, 14.0)
    found = await hass.services.async_call(DOMAIN, "get_consumption", {"by": "session"}, blocking=True,
                                           return_response=True)  # fmt: skip
    assert found is not None
    assert (found["total"]["cost"], found["total"]["kwh_without_price"]) == (1.4, 14.0)  # type: ignore[index, call-overload]
    [point] = found["charge_points"]  # type: ignore[misc]
    [session] = point["sessions"]  # type: ignore[index, call-overload]
    assert (session["cost"], session["kwh_without_price"]) == (None, 14.0)  # type: ignore[index, call-overload]


@pytest.mark.requirement("9.3")
async def test_where_no_energy_had_a_price_the_cost_is_unknown(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await until_summed(hass, entry)
    assert float(shown(hass, "sensor.garage_today_cost")) == 0
    await after(hass, freezer, hours=1)
    await charge(hass, charger, freezer, hours=2)
    await until_summed(hass, entry)
    assert (shown(hass, "sensor.garage_today_cost"), gap(hass, "today_cost")) == ("unknown", 14.0)
    found = await hass.services.async_call(DOMAIN, "export_sessions", {}, blocking=True, return_response=True)
    assert found is not None
    [row] = csv.DictReader(io.StringIO(str(found["content"])))
    assert (row["cost"], row["kwh_without_price"]) == ("", "14.0")


async def test_a_session_that_ends_unseen_keeps_what_was_known_of_it(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await charge(hass, charger, freezer, hours=1)
    charger.is_online = False
    charger.tell()
    await settle(hass)
    await after(hass, freezer, hours=2)
    charger.is_online = True
    charger.say(**IDLE, import_wh=20_000)
    await until_summed(hass, entry)
    assert (float(shown(hass, "sensor.garage_today_cost")), gap(hass, "today_cost")) == (1.4, 3.0)
