"""Prices that other integrations tell: followed as they change, kept while their source is away, gaps left gaps."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.smart_charge.diagnostics import async_get_config_entry_diagnostics
from custom_components.smart_charge.prices import DATA_PRICES, SitePrices
from custom_components.smart_charge.site import DATA_SITE

from .shell import PEAK, at, settle
from .test_site import add, site_entry

HOUR = timedelta(hours=1)


def rows(*pence: float | None, since: datetime = PEAK) -> list[dict[str, Any]]:
    return [
        {
            "start": (since + index * HOUR).isoformat(),
            "end": (since + (index + 1) * HOUR).isoformat(),
            "value": price / 100,
        }
        for index, price in enumerate(pence)
        if price is not None
    ]


def tell(hass: HomeAssistant, *pence: float | None, since: datetime = PEAK) -> None:
    attributes = {"raw_today": rows(*pence, since=since), "unit_of_measurement": "GBP/kWh"}
    hass.states.async_set("sensor.prices", "0.3", attributes)


@pytest.fixture
async def prices(hass: HomeAssistant, london: None) -> SitePrices:
    hass.config.currency = "GBP"
    tell(hass, 30, 20, None, 10)
    await add(hass, site_entry(tariff={"source": "entities", "entities": ["sensor.prices"]}))
    return hass.data[DATA_PRICES]


def of_site(hass: HomeAssistant, key: str = "electricity_price") -> Any:
    state = hass.states.get(f"sensor.site_{key}")
    assert state is not None
    return state


async def test_the_price_changes_with_the_hour_and_a_gap_is_unknown(
    hass: HomeAssistant, prices: SitePrices, freezer: FrozenDateTimeFactory
) -> None:
    seen = []
    for hours in range(5):
        await at(hass, freezer, PEAK + hours * HOUR)
        seen.append(of_site(hass).state)
    assert seen == ["0.3", "0.2", "unknown", "0.1", "unknown"]


async def test_a_list_that_grows_is_heard_of(hass: HomeAssistant, prices: SitePrices) -> None:
    heard: list[int] = []
    stop = prices.listen(lambda: heard.append(len(prices.slots)))
    tell(hass, 30, 20, 15, 10, 5)
    await settle(hass)
    assert heard == [5]
    stop()
    assert prices.known_until == PEAK + 5 * HOUR
    assert of_site(hass, "next_cheap_period").state == (PEAK + 3 * HOUR).isoformat()


async def test_a_state_that_says_the_same_is_not_heard_of(hass: HomeAssistant, prices: SitePrices) -> None:
    heard: list[int] = []
    prices.listen(lambda: heard.append(1))
    hass.states.async_set("sensor.prices", "0.31", hass.states.get("sensor.prices").attributes)  # type: ignore[union-attr]
    await settle(hass)
    assert heard == []


@pytest.mark.parametrize(
    "lose",
    [
        lambda hass: hass.states.async_set("sensor.prices", STATE_UNAVAILABLE),
        lambda hass: hass.states.async_remove("sensor.prices"),
        lambda hass: hass.states.async_set("sensor.prices", "?", {"raw_today": "soon"}),
    ],
)
async def test_what_was_published_stays_known_while_its_source_is_away(
    hass: HomeAssistant,
    prices: SitePrices,
    lose: Callable[[HomeAssistant], object],
    caplog: pytest.LogCaptureFixture,
) -> None:
    lose(hass)
    await settle(hass)
    price = of_site(hass)
    assert price.state == "0.3"
    assert price.attributes["problem"] in ("no_price_list", "no_entity")
    lose(hass)
    await settle(hass)
    assert caplog.text.count("No prices can be read from the tariff") == 1
    tell(hass, 31, 20)
    await settle(hass)
    assert (of_site(hass).state, of_site(hass).attributes["problem"]) == ("0.31", None)
    assert prices.known_until == PEAK + 4 * HOUR
    assert "Prices are known again" in caplog.text


async def test_prices_are_there_before_their_source_is_after_a_restart(
    hass: HomeAssistant, prices: SitePrices, freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any]
) -> None:
    await at(hass, freezer, PEAK + timedelta(minutes=1))
    assert len(hass_storage["smart_charge.prices"]["data"]["slots"]) == 3
    hass.states.async_remove("sensor.prices")
    again = SitePrices(hass, hass.data[DATA_SITE])
    await again.async_load()
    again.start()
    assert again.slots == prices.slots
    assert again.problem == "no_entity"


@pytest.mark.parametrize("damage", [{"slots": [{"start_at": "soon"}]}, {"slots": [3]}, {"slots": None}])
async def test_prices_that_were_stored_and_cannot_be_read_are_read_anew(
    hass: HomeAssistant, prices: SitePrices, hass_storage: dict[str, Any], damage: dict[str, Any]
) -> None:
    tariff = {"source": "entities", "entities": ["sensor.prices"]}
    hass_storage["smart_charge.prices"] = {"version": 1, "data": {"tariff": tariff} | damage}
    again = SitePrices(hass, hass.data[DATA_SITE])
    await again.async_load()
    again.start()
    assert again.slots == prices.slots


async def test_another_source_forgets_the_prices_of_the_last(hass: HomeAssistant, prices: SitePrices) -> None:
    (entry,) = hass.config_entries.async_entries("smart_charge")
    options = {"tariff": {"source": "entities", "entities": ["sensor.other"]}}
    hass.config_entries.async_update_entry(entry, options=options)
    await settle(hass)
    assert (prices.slots, prices.problem) == ((), "no_entity")
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert prices.problem is None


async def test_a_price_of_the_present_only_makes_the_coming_day_like_the_last(
    hass: HomeAssistant, london: None, freezer: FrozenDateTimeFactory
) -> None:
    hass.states.async_set("sensor.now", "0.30", {"unit_of_measurement": "GBP/kWh"})
    await add(hass, site_entry(tariff={"source": "entities", "entities": ["sensor.now"]}))
    for hours in range(1, 24):
        await at(hass, freezer, PEAK + hours * HOUR)
        hass.states.async_set("sensor.now", "0.10" if 6 <= hours < 11 else "0.30", {"unit_of_measurement": "GBP/kWh"})
        await settle(hass)
    prices = hass.data[DATA_PRICES]
    assert float(prices.price_at(PEAK + 31 * HOUR)) == 0.1  # type: ignore[arg-type]
    assert float(prices.price_at(PEAK + 37 * HOUR)) == 0.3  # type: ignore[arg-type]
    assert of_site(hass, "next_cheap_period").state == (PEAK + 30 * HOUR).isoformat()


async def test_days_that_are_known_are_not_asked_for_again(
    hass: HomeAssistant, london: None, freezer: FrozenDateTimeFactory
) -> None:
    asked: list[str] = []
    is_published = False

    async def answer(call: ServiceCall) -> dict[str, Any]:
        asked.append(call.data["date"])
        if call.data["date"] == "2026-11-24" and not is_published:
            raise HomeAssistantError("not yet")
        since = datetime.fromisoformat(f"{call.data['date']}T00:00:00+00:00")
        found = rows(*range(24), since=since)
        return {"FI": [{"start": row["start"], "end": row["end"], "price": row["value"] * 1000} for row in found]}

    hass.services.async_register("nordpool", "get_prices_for_date", answer, supports_response=SupportsResponse.ONLY)
    await at(hass, freezer, datetime(2026, 11, 23, 9, tzinfo=UTC))
    await add(hass, site_entry(tariff={"source": "nord_pool", "config_entry": "01NP"}))
    assert asked == ["2026-11-23"]
    for hour in range(9, 16):
        for minute in range(0, 60, 5):
            await at(hass, freezer, datetime(2026, 11, 23, hour, minute, tzinfo=UTC))
    assert set(asked[1:]) == {"2026-11-24"}
    assert of_site(hass).attributes["problem"] == "action_failed"
    assert of_site(hass).state == "0.15"
    is_published, before = True, len(asked)
    for minute in range(0, 125, 5):
        await at(hass, freezer, datetime(2026, 11, 23, 16, tzinfo=UTC) + timedelta(minutes=minute))
    assert asked[before:] == ["2026-11-24"]
    assert of_site(hass).attributes["problem"] is None
    assert hass.data[DATA_PRICES].known_until == datetime(2026, 11, 25, tzinfo=UTC)


async def test_a_source_that_no_longer_counts_is_not_waited_for(
    hass: HomeAssistant, prices: SitePrices, freezer: FrozenDateTimeFactory
) -> None:
    asked = asyncio.Event()

    async def never(_: ServiceCall) -> dict[str, Any]:
        asked.set()
        await asyncio.Event().wait()
        return {}

    hass.services.async_register("tibber", "get_prices", never, supports_response=SupportsResponse.ONLY)
    (entry,) = hass.config_entries.async_entries("smart_charge")
    hass.config_entries.async_update_entry(entry, options={"tariff": {"source": "tibber"}})
    await asked.wait()
    for hours in range(1, 4):
        freezer.move_to(PEAK + hours * HOUR)
        async_fire_time_changed(hass, PEAK + hours * HOUR)
        await asyncio.sleep(0)
    hass.config_entries.async_update_entry(entry, options={"tariff": {"source": "typed", "otherwise": 0.2}})
    await settle(hass)
    assert of_site(hass).state == "0.2"


async def test_tibber_is_asked_for_what_is_missing_only(
    hass: HomeAssistant, london: None, freezer: FrozenDateTimeFactory
) -> None:
    asked: list[tuple[str, str]] = []

    async def answer(call: ServiceCall) -> dict[str, Any]:
        asked.append((call.data["start"], call.data["end"]))
        midnight = datetime(2026, 11, 23, tzinfo=UTC)
        return {
            "prices": {
                "Home": [
                    {"start_time": row["start"], "price": row["value"]} for row in rows(*range(48), since=midnight)
                ]
            }
        }

    hass.services.async_register("tibber", "get_prices", answer, supports_response=SupportsResponse.ONLY)
    await add(hass, site_entry(tariff={"source": "tibber"}))
    for hours in range(6):
        await at(hass, freezer, PEAK + hours * HOUR)
    assert asked == [("2026-11-23T00:00:00+00:00", "2026-11-25T00:00:00+00:00")]
    assert of_site(hass).state == "0.23"


async def test_a_stored_tariff_that_is_none_is_told_not_raised(hass: HomeAssistant, london: None) -> None:
    await add(hass, site_entry(tariff={"source": "typed", "rates": [{"days": ["someday"]}]}))
    assert of_site(hass).attributes["problem"] == "bad_times"


async def test_a_new_time_zone_moves_a_typed_tariff(
    hass: HomeAssistant, london: None, freezer: FrozenDateTimeFactory
) -> None:
    night = {
        "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "start": "19:00:00",
        "end": "20:00:00",
        "price": 0.1,
    }
    await add(hass, site_entry(tariff={"source": "typed", "rates": [night], "otherwise": 0.3}))
    assert of_site(hass).state == "0.3"
    await hass.config.async_update(time_zone="Europe/Paris")
    await settle(hass)
    assert of_site(hass).state == "0.1"


async def test_diagnostics_show_what_is_known(hass: HomeAssistant, prices: SitePrices) -> None:
    (entry,) = hass.config_entries.async_entries("smart_charge")
    told = await async_get_config_entry_diagnostics(hass, entry)
    assert told["prices"]["slots"][0]["price_per_kwh"] == "0.3"


async def test_without_a_site_there_are_no_prices(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    assert hass.data[DATA_PRICES].slots == ()
    assert hass.data[DATA_PRICES].source == "none"
