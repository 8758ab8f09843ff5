"""What the owner says of electricity: tariff, price sensors, change of supplier, demand response agreement."""

from datetime import date
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, ServiceCall, SupportsResponse
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockModule, mock_integration

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.diagnostics import async_get_config_entry_diagnostics
from custom_components.smart_charge.site.agreement import agreement_of

from .flow_words import in_words, readable, suggested
from .shell import NIGHTS, FakeCharger, at, call, settle, shown
from .test_site import add, site_entry

ALL_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CHEAP_NIGHT = {"days": ALL_DAYS, "start": "00:30", "end": "05:30", "price": 0.07}
TWO_RATES = {"rates": [CHEAP_NIGHT], "otherwise": 0.25, "vat": 5}
STORED = {
    "source": "typed",
    "rates": [CHEAP_NIGHT | {"start": "00:30:00", "end": "05:30:00"}],
    "otherwise": 0.25,
    "vat": 5,
}
TYPED = {"tariff": STORED}


@pytest.fixture
async def site(hass: HomeAssistant, london: None) -> MockConfigEntry:
    hass.config.currency = "GBP"
    entry = site_entry(later={"kept": "as it is"})
    await add(hass, entry)
    return entry


async def options(hass: HomeAssistant, entry: MockConfigEntry, section: str) -> dict[str, Any]:
    menu = readable(await hass.config_entries.options.async_init(entry.entry_id), "options")
    return await go_on(hass, menu, {"next_step_id": section})


async def go_on(hass: HomeAssistant, step: dict[str, Any], way: dict[str, Any]) -> dict[str, Any]:
    return readable(await hass.config_entries.options.async_configure(step["flow_id"], way), "options")


async def typed(hass: HomeAssistant, entry: MockConfigEntry, tariff: dict[str, Any]) -> dict[str, Any]:
    form = await go_on(hass, await options(hass, entry, "tariff"), {"source": "typed"})
    return await go_on(hass, form, tariff)


def of_site(hass: HomeAssistant, key: str) -> Any:
    state = hass.states.get(f"sensor.site_{key}")
    assert state is not None
    return state


# Typed by hand


async def test_a_two_rate_tariff_is_typed_and_read_over(hass: HomeAssistant, site: MockConfigEntry) -> None:
    preview = await typed(hass, site, TWO_RATES)
    assert preview["step_id"] == "tariff_preview"
    assert preview["description_placeholders"] == {
        "currency": "GBP",
        "hours_without": "0",
        "standing": "0.00",
        "week": "- Monday, Tuesday, Wednesday, Thursday, Friday, Saturday, Sunday: "
        "00:00 - 00:30 0.2625; 00:30 - 05:30 0.0735; 05:30 - 00:00 0.2625",
    }
    done = await go_on(hass, preview, {"is_right": True})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert site.options["tariff"] == STORED
    assert "later" in site.options
    await settle(hass)
    price = of_site(hass, "electricity_price")
    assert (price.state, price.attributes["unit_of_measurement"]) == ("0.2625", "GBP/kWh")
    assert price.attributes["known_until"] == dt_util.parse_datetime("2026-11-27T00:00:00+00:00")
    cheap = of_site(hass, "next_cheap_period")
    assert (cheap.state, cheap.attributes["average_price"]) == ("2026-11-24T00:30:00+00:00", 0.0735)


async def test_the_standing_charge_is_shown_with_the_price(hass: HomeAssistant, site: MockConfigEntry) -> None:
    for charge, read_over, told in ((0.6, "0.63", 0.63), (0.8, "0.84", 0.84), (0, "0.00", None)):
        preview = await typed(hass, site, TWO_RATES | {"standing": charge})
        assert preview["description_placeholders"]["standing"] == read_over
        await go_on(hass, preview, {"is_right": True})
        await settle(hass)
        assert of_site(hass, "electricity_price").attributes["standing_charge"] == told


async def test_what_is_not_right_is_corrected(hass: HomeAssistant, site: MockConfigEntry) -> None:
    preview = await typed(hass, site, {"rates": [CHEAP_NIGHT]})
    assert preview["description_placeholders"]["hours_without"] == "133"
    assert "no price" in preview["description_placeholders"]["week"]
    form = await go_on(hass, preview, {"is_right": False})
    assert suggested(form, "rates")[0]["price"] == 0.07
    preview = await go_on(hass, form, TWO_RATES)
    assert preview["description_placeholders"]["hours_without"] == "0"


async def test_the_form_begins_with_what_is_kept(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await go_on(hass, await typed(hass, site, TWO_RATES), {"is_right": True})
    form = await options(hass, site, "tariff")
    assert suggested(form, "source") == "typed"
    form = await go_on(hass, form, {"source": "typed"})
    assert suggested(form, "otherwise") == 0.25


@pytest.mark.parametrize(
    ("tariff", "field", "key"),
    [
        ({"rates": []}, "base", "no_price"),
        ({"rates": [CHEAP_NIGHT | {"days": []}]}, "rates", "no_days"),
        ({"rates": [CHEAP_NIGHT | {"price": 7.35}]}, "rates", "price_in_hundredths"),
        ({"otherwise": 24.5}, "base", "otherwise_in_hundredths"),
        ({"rates": [CHEAP_NIGHT | {"from_month": "apr"}]}, "rates", "half_a_season"),
        ({"rates": [CHEAP_NIGHT] * 51}, "base", "too_many_rates"),
    ],
)
async def test_a_tariff_that_cannot_be_meant_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, tariff: dict[str, Any], field: str, key: str
) -> None:
    form = await typed(hass, site, tariff)
    assert (form["step_id"], form["errors"]) == ("tariff_typed", {field: key})
    assert (await go_on(hass, form, TWO_RATES))["step_id"] == "tariff_preview"
    assert "tariff" not in site.options


async def test_what_is_dear_elsewhere_is_not_refused(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.config.currency = "HUF"
    assert (await typed(hass, site, {"otherwise": 36}))["step_id"] == "tariff_preview"


@pytest.mark.parametrize("wrong", [{"otherwise": 1e9}, {"vat": 101}, {"rates": [{"days": ["mon"]}]}])
async def test_numbers_out_of_range_are_refused(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any]
) -> None:
    form = await go_on(hass, await options(hass, site, "tariff"), {"source": "typed"})
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(form["flow_id"], wrong)


async def test_no_prices_is_a_choice(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await go_on(hass, await typed(hass, site, TWO_RATES), {"is_right": True})
    done = await go_on(hass, await options(hass, site, "tariff"), {"source": "none"})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass)
    assert site.options["tariff"] == {"source": "none"}
    assert of_site(hass, "electricity_price").state == "unknown"


# Told by others


def tell(hass: HomeAssistant, *pence: float, unit: str = "GBP/kWh", entity_id: str = "sensor.agile") -> None:
    """A sensor with a list of hourly prices from 18:00 on."""
    begins = [
        f"2026-11-23T{18 + hour}:00:00+00:00" if hour < 6 else f"2026-11-24T{hour - 6:02}:00:00+00:00"
        for hour in range(30)
    ]
    rows = [
        {"start": begins[index], "end": begins[index + 1], "value": price / 100} for index, price in enumerate(pence)
    ]
    hass.states.async_set(entity_id, str(pence[0] / 100), {"raw_today": rows, "unit_of_measurement": unit})


async def test_a_price_sensor_is_suggested_and_shown(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.states.async_set("sensor.outside", "7", {"unit_of_measurement": "°C"})
    tell(hass, 30, 20, 10)
    form = await go_on(hass, await options(hass, site, "tariff"), {"source": "entities"})
    assert suggested(form, "entities") == ["sensor.agile"]
    found = await go_on(hass, form, {"entities": ["sensor.agile"]})
    assert found["description_placeholders"] == {
        "currency": "GBP", "from": "2026-11-23 18:00", "until": "2026-11-23 21:00",
        "low": "0.10", "low_at": "2026-11-23 20:00", "high": "0.30", "high_at": "2026-11-23 18:00",
    }  # fmt: skip
    await go_on(hass, found, {})
    await settle(hass)
    assert site.options["tariff"] == {"source": "entities", "entities": ["sensor.agile"]}
    assert of_site(hass, "electricity_price").state == "0.3"


async def test_the_energy_dashboards_price_is_suggested(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.states.async_set("sensor.flat", "0.28", {"unit_of_measurement": "GBP/kWh"})
    hass.config.components.add("energy")

    class Manager:
        data = {  # noqa: RUF012
            "energy_sources": [
                {"type": "solar", "stat_energy_from": "sensor.pv"},
                {"type": "grid", "entity_energy_price": "sensor.flat"},
                {"type": "grid", "entity_energy_price": None},
            ]
        }

    async def manager(_: HomeAssistant) -> Manager:
        return Manager()

    with patch("homeassistant.components.energy.data.async_get_manager", manager):
        form = await go_on(hass, await options(hass, site, "tariff"), {"source": "entities"})
    assert suggested(form, "entities") == ["sensor.flat"]
    found = await go_on(hass, form, {"entities": ["sensor.flat"]})
    assert found["description_placeholders"]["low"] == "0.28"


@pytest.mark.parametrize(
    ("state", "attributes", "key"),
    [
        ("on", {}, "no_price_list"),
        ("0.3", {}, "no_unit"),
        ("0.3", {"unit_of_measurement": "EUR/m³"}, "unknown_unit"),
        (None, {}, "no_entity"),
    ],
)
async def test_what_tells_no_price_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, state: str | None, attributes: dict[str, str], key: str
) -> None:
    if state is not None:
        hass.states.async_set("sensor.odd", state, attributes)
    form = await go_on(hass, await options(hass, site, "tariff"), {"source": "entities"})
    again = await go_on(hass, form, {"entities": ["sensor.odd"]})
    assert again["errors"] == {"entities": key}
    tell(hass, 30, 20)
    assert (await go_on(hass, again, {"entities": ["sensor.agile"]}))["step_id"] == "tariff_found"


def integration(hass: HomeAssistant, domain: str, **data: Any) -> MockConfigEntry:
    async def unload(*_: object) -> bool:
        return True

    mock_integration(hass, MockModule(domain, async_unload_entry=unload))
    entry = MockConfigEntry(domain=domain, entry_id=f"01{domain}", data=data)
    entry.add_to_hass(hass)
    entry.mock_state(hass, ConfigEntryState.LOADED)
    return entry


async def test_nord_pool_is_asked(hass: HomeAssistant, site: MockConfigEntry) -> None:
    entry = integration(hass, "nordpool", currency="EUR", areas=["FI"])
    asked: list[dict[str, Any]] = []

    async def prices(service: ServiceCall) -> dict[str, Any]:
        asked.append(dict(service.data))
        if service.data["date"] != "2026-11-23":
            return {"FI": []}
        row = {"start": "2026-11-23T18:00:00+00:00", "end": "2026-11-23T19:00:00+00:00", "price": 54.2}
        return {"FI": [row], "SE3": []}

    form = await go_on(hass, await options(hass, site, "tariff"), {"source": "nord_pool"})
    missing = await go_on(hass, form, {"config_entry": entry.entry_id})
    assert missing["errors"] == {"base": "no_action"}

    async def nothing(_: ServiceCall) -> dict[str, Any]:
        return {"FI": []}

    hass.services.async_register("nordpool", "get_prices_for_date", nothing, supports_response=SupportsResponse.ONLY)
    missing = await go_on(hass, missing, {"config_entry": entry.entry_id})
    assert missing["errors"] == {"base": "no_price_list"}
    hass.services.async_register("nordpool", "get_prices_for_date", prices, supports_response=SupportsResponse.ONLY)
    found = await go_on(hass, missing, {"config_entry": entry.entry_id})
    assert found["description_placeholders"]["low"] == "0.0542"
    await go_on(hass, found, {})
    await settle(hass)
    assert site.options["tariff"] == {"source": "nord_pool", "config_entry": entry.entry_id}
    price = of_site(hass, "electricity_price")
    assert (price.state, price.attributes["unit_of_measurement"]) == ("0.0542", "EUR/kWh")
    assert [call["date"] for call in asked[-2:]] == ["2026-11-23", "2026-11-24"]


async def test_tibber_is_asked_again_where_it_did_not_answer(hass: HomeAssistant, site: MockConfigEntry) -> None:
    integration(hass, "tibber")
    rows: list[dict[str, Any]] = []

    async def prices(_: ServiceCall) -> dict[str, Any]:
        return {"prices": {"Home": rows}}

    hass.services.async_register("tibber", "get_prices", prices, supports_response=SupportsResponse.ONLY)
    form = await go_on(hass, await options(hass, site, "tariff"), {"source": "tibber"})
    assert (form["step_id"], form["errors"]) == ("tariff_tibber", {"base": "no_price_list"})
    rows += [{"start_time": f"2026-11-23T{hour}:00:00+01:00", "price": hour / 100} for hour in range(10, 24)]
    found = await go_on(hass, form, {})
    assert (found["step_id"], found["description_placeholders"]["high"]) == ("tariff_found", "0.23")
    await go_on(hass, found, {})
    await settle(hass)
    assert of_site(hass, "electricity_price").state == "0.19"


async def test_of_several_price_areas_one_is_chosen(hass: HomeAssistant, site: MockConfigEntry) -> None:
    entry = integration(hass, "nordpool", currency="SEK", areas=["SE3", "SE4"])
    asked: list[Any] = []

    async def prices(service: ServiceCall) -> dict[str, Any]:
        asked.append(service.data.get("areas"))
        price = {"SE3": 100.0, "SE4": 900.0}
        span = {"start": "2026-11-23T18:00:00+00:00", "end": "2026-11-23T19:00:00+00:00"}
        return {area: [span | {"price": price[area]}] for area in service.data["areas"]}

    hass.services.async_register("nordpool", "get_prices_for_date", prices, supports_response=SupportsResponse.ONLY)
    form = await go_on(hass, await options(hass, site, "tariff"), {"source": "nord_pool"})
    which = await go_on(hass, form, {"config_entry": entry.entry_id})
    assert which["step_id"] == "tariff_place"
    await go_on(hass, await go_on(hass, which, {"place": "SE4"}), {})
    await settle(hass)
    assert site.options["tariff"] == {"source": "nord_pool", "config_entry": entry.entry_id, "place": "SE4"}
    assert of_site(hass, "electricity_price").state == "0.9"
    assert set(map(tuple, asked)) == {("SE4",)}


async def test_of_several_homes_one_is_chosen(hass: HomeAssistant, site: MockConfigEntry) -> None:
    integration(hass, "tibber")
    rows = [{"start_time": f"2026-11-23T{hour}:00:00+01:00", "price": hour / 100} for hour in range(10, 24)]
    dear = [row | {"price": 1.5} for row in rows]
    homes = {"Home": rows, "Cabin": dear}

    async def prices(_: ServiceCall) -> dict[str, Any]:
        return {"prices": homes}

    hass.services.async_register("tibber", "get_prices", prices, supports_response=SupportsResponse.ONLY)
    which = await go_on(hass, await options(hass, site, "tariff"), {"source": "tibber"})
    homes["Cabin"] = []
    again = await go_on(hass, which, {"place": "Cabin"})
    assert (again["step_id"], again["errors"]) == ("tariff_place", {"base": "no_price_list"})
    homes["Cabin"] = dear
    await go_on(hass, await go_on(hass, again, {"place": "Cabin"}), {})
    await settle(hass)
    assert of_site(hass, "electricity_price").state == "1.5"


# Change of supplier


@pytest.fixture
async def garage(hass: HomeAssistant, site: MockConfigEntry, entry: MockConfigEntry) -> MockConfigEntry:
    """A charge point beside the site, charging."""
    hass.config_entries.async_update_entry(site, options={**site.options, **TYPED})
    await settle(hass)
    return entry


async def change_supplier(
    hass: HomeAssistant, site: MockConfigEntry, hours: str, first_day: str | None = None
) -> dict[str, Any]:
    form = await options(hass, site, "supplier")
    source = await go_on(hass, form, {} if first_day is None else {"from": first_day})
    preview = await go_on(hass, await go_on(hass, source, {"source": "typed"}), {"otherwise": 0.2})
    menu = await go_on(hass, preview, {"is_right": True})
    done = await go_on(hass, menu, {"next_step_id": hours})
    return done if done["type"] is FlowResultType.CREATE_ENTRY else await go_on(hass, done, {})


def everything_else(garage: MockConfigEntry, site: MockConfigEntry) -> tuple[Any, ...]:
    mine = {key: value for key, value in garage.options.items() if not key.startswith("default_hours")}
    others = {key: value for key, value in site.options.items() if key != "tariff"}
    memory = garage.runtime_data.memory
    return mine, others, dict(garage.data), garage.unique_id, memory.carry.override, memory.session, memory.id_tag


@pytest.mark.requirement("6.1")
async def test_a_change_of_supplier_changes_tariff_and_hours_and_loses_nothing(
    hass: HomeAssistant, site: MockConfigEntry, garage: MockConfigEntry, charger: FakeCharger
) -> None:
    charger.say(pilot="b", status="suspended_evse")
    await settle(hass)
    await call(hass, "turn_on", "switch.garage_charge_now")
    charger.say(pilot="c", status="charging", power_w=7000.0, current_a=(30.4, None, None))
    await settle(hass)
    before, asked = everything_else(garage, site), list(charger.asked)
    done = await change_supplier(hass, site, "accept_hours")
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass)
    assert site.options["tariff"] == {"source": "typed", "rates": [], "otherwise": 0.2}
    assert [window["start"] for window in garage.options["default_hours"]] == ["11:00:00", "22:00:00", "00:00:00"]
    assert everything_else(garage, site) == before
    assert garage.state is ConfigEntryState.LOADED
    assert (charger.asked, charger.handed_back) == (asked, 0)
    assert shown(hass, "sensor.garage_why") == "charging_now"
    assert of_site(hass, "electricity_price").state == "0.2"


@pytest.mark.requirement("6.1")
async def test_a_supplier_to_come_begins_on_its_day(
    hass: HomeAssistant, site: MockConfigEntry, garage: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    before = everything_else(garage, site)
    await change_supplier(hass, site, "remove_hours", "2026-11-25")
    await settle(hass)
    assert garage.options["default_hours_enabled"] is True
    assert of_site(hass, "electricity_price").state == "0.2625"
    prices = of_site(hass, "electricity_price").attributes["prices"]
    assert [row["price"] for row in prices if str(row["start"]) >= "2026-11-25"] == [0.2]
    form = await options(hass, site, "supplier")
    assert suggested(form, "from") == "2026-11-25"

    await at(hass, freezer, dt_util.parse_datetime("2026-11-25T00:00:01+00:00"))
    assert site.options["tariff"] == {"source": "typed", "rates": [], "otherwise": 0.2}
    assert garage.options["default_hours_enabled"] is False
    assert garage.options["default_hours"] == NIGHTS
    assert of_site(hass, "electricity_price").state == "0.2"
    assert everything_else(garage, site) == before


@pytest.mark.requirement("6.1")
async def test_a_day_that_came_while_nobody_looked_is_made_good(hass: HomeAssistant, london: None) -> None:
    coming = {"source": "typed", "rates": [], "otherwise": 0.2, "from": "2026-11-20", "hours": {}}
    entry = site_entry(tariff=STORED | {"next": coming})
    await add(hass, entry)
    await settle(hass)
    assert entry.options["tariff"] == {"source": "typed", "rates": [], "otherwise": 0.2}


@pytest.mark.requirement("6.1")
async def test_each_charge_point_may_keep_its_hours(
    hass: HomeAssistant, site: MockConfigEntry, garage: MockConfigEntry
) -> None:
    hours = dict(garage.options)
    await change_supplier(hass, site, "keep_hours")
    assert dict(garage.options) == hours
    form = await options(hass, site, "supplier")
    source = await go_on(hass, form, {})
    menu = await go_on(hass, source, {"source": "none"})
    change = await go_on(hass, menu, {"next_step_id": "change_hours"})
    assert suggested(change, "default_hours") == in_words(NIGHTS)


async def test_correcting_the_tariff_keeps_the_supplier_to_come(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await change_supplier(hass, site, "keep_hours", "2026-12-24")
    await go_on(hass, await typed(hass, site, TWO_RATES), {"is_right": True})
    assert site.options["tariff"]["next"]["from"] == "2026-12-24"


async def test_a_supplier_in_two_years_is_too_far(hass: HomeAssistant, site: MockConfigEntry) -> None:
    form = await go_on(hass, await options(hass, site, "supplier"), {"from": "2028-11-25"})
    assert form["errors"] == {"from": "too_far"}
    assert (await go_on(hass, form, {"from": "2026-11-01"}))["step_id"] == "tariff_source"


async def test_without_a_charge_point_the_hours_begin_with_the_pre_set_ones(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    source = await go_on(hass, await options(hass, site, "supplier"), {})
    menu = await go_on(hass, source, {"source": "none"})
    change = await go_on(hass, menu, {"next_step_id": "change_hours"})
    assert len(suggested(change, "default_hours")) == 3


# Agreement

AGREED = {"party": " Acme  Flex Ltd ", "kind": "response", "start": "2026-11-01", "end": "2027-10-31"}


@pytest.mark.requirement("10.5")
async def test_an_agreement_is_recorded_with_its_details(hass: HomeAssistant, site: MockConfigEntry) -> None:
    done = await go_on(hass, await options(hass, site, "agreement"), AGREED)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass)
    agreement = agreement_of(site.options)
    assert agreement is not None
    assert (agreement.party, agreement.kind) == ("Acme Flex Ltd", "response")
    assert (agreement.start, agreement.end) == (date(2026, 11, 1), date(2027, 10, 31))
    told = await async_get_config_entry_diagnostics(hass, site)
    assert told["agreement"] == {"holds": True, "default_hours_required": False}
    form = await options(hass, site, "agreement")
    await go_on(hass, form, {"kind": "tariff"})
    assert "agreement" not in site.options


@pytest.mark.requirement("10.5")
@pytest.mark.parametrize(
    ("stored", "step"),
    [
        ({"start": "2026-11-01"}, "hours_with_agreement"),
        ({"start": "2026-11-23", "end": "2026-11-23"}, "hours_with_agreement"),
        ({"start": "2026-11-24"}, "hours"),
        ({"start": "2026-11-01", "end": "2026-11-22"}, "hours"),
    ],
)
async def test_with_an_agreement_set_up_says_that_hours_are_not_required(
    hass: HomeAssistant, site: MockConfigEntry, entry: MockConfigEntry, stored: dict[str, str], step: str
) -> None:
    agreement = {"party": "Acme", "kind": "tariff"} | stored
    hass.config_entries.async_update_entry(site, options={**site.options, "agreement": agreement})
    await settle(hass)
    menu = readable(await hass.config_entries.options.async_init(entry.entry_id), "options")
    hours = await go_on(hass, menu, {"next_step_id": "hours"})
    assert hours["step_id"] == step
    assert hours["menu_options"] == ["accept_hours", "change_hours", "remove_hours"]
    await go_on(hass, await go_on(hass, hours, {"next_step_id": "remove_hours"}), {})
    assert entry.options["default_hours_enabled"] is False


@pytest.mark.parametrize(
    ("wrong", "field", "key"),
    [
        ({"party": "x" * 201}, "party", "too_long_a_name"),
        ({"start": None}, "start", "no_start"),
        ({"end": "2026-10-31"}, "end", "ends_before_it_starts"),
    ],
)
async def test_an_agreement_that_cannot_be_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, wrong: dict[str, Any], field: str, key: str
) -> None:
    given = {name: value for name, value in (AGREED | wrong).items() if value is not None}
    form = await go_on(hass, await options(hass, site, "agreement"), given)
    assert form["errors"] == {field: key}
    assert "agreement" not in site.options


async def test_the_site_is_no_charge_point_to_give_hours(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await change_supplier(hass, site, "accept_hours")
    assert "default_hours" not in site.options
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1
