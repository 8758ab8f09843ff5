"""The site's sections: what is asked, what is suggested, and what is refused with a reason."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.energy.data import async_get_manager
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_BATTERY, CONF_GRID_METER, CONF_SOLAR, CONF_SUPPLY

from .flow_words import readable, suggested
from .premises import CURRENT, FUSE_25, FUSE_60, POWER, add, site_entry

FUSE = {"limit": 60, "phases": "1", "margin": 2, "without_meter": 6}
NIGHT, NOON = "2026-11-23 22:00:00+00:00", "2026-06-21 12:00:00+00:00"
NO_SENSORS: dict[str, Any] = {"power": {}, "export": {}, "current": {}, "voltage": {}}
L1 = NO_SENSORS | {"power": {"l1": "sensor.grid"}}


async def open_section(hass: HomeAssistant, site: MockConfigEntry, name: str) -> dict[str, Any]:
    menu = readable(await hass.config_entries.options.async_init(site.entry_id), "options")
    return await answer(hass, menu, {"next_step_id": name})


async def answer(hass: HomeAssistant, form: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    return readable(await hass.config_entries.options.async_configure(form["flow_id"], said), "options")


@pytest.fixture
async def site(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    await hass.config.async_update(latitude=51.5, longitude=0.0)
    return await add(hass, site_entry(later={"kept": True}))


def offered(form: dict[str, Any], kind: str) -> dict[str, str]:
    """Return what a part of the grid meter's form is filled with."""
    part = next(part for key, part in form["data_schema"].schema.items() if key == kind)
    filled = {str(key): (key.description or {}).get("suggested_value") for key in part.schema.schema}
    return {key: value for key, value in filled.items() if value is not None}


async def know(hass: HomeAssistant, *sources: dict[str, Any]) -> None:
    """Have the Energy dashboard set up with these sources."""
    hass.config.components.add("energy")
    manager = await async_get_manager(hass)
    manager.data = {"energy_sources": list(sources), "device_consumption": []}  # type: ignore[typeddict-item]


# Supply


async def test_a_supply_of_one_phase_needs_no_wiring(hass: HomeAssistant, site: MockConfigEntry) -> None:
    done = await answer(hass, await open_section(hass, site, "supply"), FUSE)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert site.options == {"later": {"kept": True}, CONF_SUPPLY: FUSE | {"wiring": {}}}


async def test_a_supply_of_three_phases_asks_how_each_charge_point_is_wired(
    hass: HomeAssistant, site: MockConfigEntry, entry: MockConfigEntry
) -> None:
    wiring = await answer(hass, await open_section(hass, site, "supply"), FUSE | {"phases": "3"})
    assert (wiring["step_id"], wiring["last_step"]) == ("supply_wiring", True)
    assert wiring["description_placeholders"] == {"name": "Garage"}
    await answer(hass, wiring, {"wiring": "231"})
    assert site.options[CONF_SUPPLY]["wiring"] == {entry.entry_id: "231"}
    again = await answer(hass, await open_section(hass, site, "supply"), FUSE | {"phases": "3"})
    assert suggested(again, "wiring") == "231"


async def test_a_supply_without_a_limit_is_none(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await answer(hass, await open_section(hass, site, "supply"), FUSE)
    form = await open_section(hass, site, "supply")
    assert suggested(form, "limit") == 60
    await answer(hass, form, {key: value for key, value in FUSE.items() if key != "limit"})
    assert site.options == {"later": {"kept": True}}


async def test_three_phases_are_refused_while_the_meter_tells_of_one(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    options = {CONF_GRID_METER: {"power": {"l1": "sensor.grid"}}}
    hass.config_entries.async_update_entry(site, options=options)
    form = await answer(hass, await open_section(hass, site, "supply"), FUSE | {"phases": "3"})
    assert form["errors"] == {"phases": "meter_lacks_phases"}
    await answer(hass, form, FUSE)
    assert site.options[CONF_SUPPLY]["limit"] == 60


@pytest.mark.parametrize(
    ("said", "errors"),
    [
        ({"limit": 10, "margin": 5}, {"margin": "margin_too_wide"}),
        ({"limit": 25, "margin": 20}, {"margin": "margin_too_wide"}),
        ({"without_meter": 5.5}, {"without_meter": "without_meter_too_low"}),
    ],
)
async def test_a_supply_that_would_never_let_a_vehicle_charge_is_refused(
    hass: HomeAssistant, site: MockConfigEntry, said: dict[str, Any], errors: dict[str, str]
) -> None:
    form = await answer(hass, await open_section(hass, site, "supply"), FUSE | said)
    assert form["errors"] == errors
    done = await answer(hass, form, FUSE | {"limit": 10, "margin": 4, "without_meter": 0})
    assert done["type"] is FlowResultType.CREATE_ENTRY


# Grid meter


async def test_a_meter_is_kept_with_its_sign_confirmed(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.states.async_set("sensor.grid", "1234", POWER)
    sign = await answer(hass, await open_section(hass, site, "grid_meter"), L1)
    assert sign["step_id"] == "grid_meter_sign"
    assert sign["description_placeholders"] == {"values": "- L1: 1234 W (`sensor.grid`)"}
    assert suggested(sign, "sign") == "import"
    await answer(hass, sign, {"sign": "import"})
    assert site.options[CONF_GRID_METER] == {"power": {"l1": "sensor.grid"}, "export_is_positive": False}


async def test_what_was_said_before_is_suggested_again(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.states.async_set("sensor.grid", "1234", POWER)
    kept = {"power": {"l1": "sensor.grid"}, "export_is_positive": True}
    hass.config_entries.async_update_entry(site, options={CONF_GRID_METER: kept})
    form = await open_section(hass, site, "grid_meter")
    assert offered(form, "power") == {"l1": "sensor.grid"}
    assert suggested(await answer(hass, form, L1), "sign") == "export"


async def test_a_meter_without_sensors_is_none(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(site, options={CONF_GRID_METER: {"power": {"l1": "sensor.grid"}}})
    await answer(hass, await open_section(hass, site, "grid_meter"), NO_SENSORS)
    assert CONF_GRID_METER not in site.options


@pytest.mark.parametrize(
    ("named", "error"),
    [
        ({"power": {"l1": "sensor.total"}}, "phase_missing"),  # what all phases draw together guards none of them
        ({"power": {"l1": "sensor.total", "l2": "sensor.total", "l3": "sensor.total"}}, "sensor_twice"),
        ({"current": {"l1": "sensor.a1", "l2": "sensor.a2"}}, "phase_missing"),
        (
            {"current": {"l1": "sensor.a1", "l2": "sensor.a2", "l3": "sensor.a3"}, "export": {"l1": "sensor.total"}},
            "export_without_power",
        ),
        ({"current": {"l1": "sensor.a1", "l2": "sensor.a2", "l3": "sensor.energy"}}, "wrong_unit"),
        ({"current": {"l1": "sensor.a1", "l2": "sensor.a2", "l3": "sensor.nowhere"}}, "no_such_sensor"),
    ],
)
async def test_sensors_that_make_no_meter_are_refused(
    hass: HomeAssistant, site: MockConfigEntry, named: dict[str, Any], error: str
) -> None:
    hass.config_entries.async_update_entry(site, options={CONF_SUPPLY: FUSE_25})
    for name in ("total", "energy"):
        hass.states.async_set(f"sensor.{name}", "1", {"unit_of_measurement": "W" if name == "total" else "kWh"})
    for name in ("a1", "a2", "a3"):
        hass.states.async_set(f"sensor.{name}", "1", CURRENT)
    form = await answer(hass, await open_section(hass, site, "grid_meter"), NO_SENSORS | named)
    assert form["errors"] == {"base": error}
    assert offered(form, next(iter(named))) == next(iter(named.values()))


async def test_what_we_show_ourselves_is_no_meter(hass: HomeAssistant, site: MockConfigEntry) -> None:
    form = await answer(
        hass,
        await open_section(hass, site, "grid_meter"),
        NO_SENSORS | {"power": {"l1": "sensor.garage_power"}},
    )
    assert form["errors"] == {"base": "own_sensor"}


async def test_a_sensor_that_says_nothing_yet_is_taken(hass: HomeAssistant, site: MockConfigEntry) -> None:
    er.async_get(hass).async_get_or_create("sensor", "meter", "1", suggested_object_id="grid")
    sign = await answer(hass, await open_section(hass, site, "grid_meter"), L1)
    assert sign["description_placeholders"] == {"values": "- L1: - (`sensor.grid`)"}
    hass.states.async_set("sensor.grid", "unavailable")
    again = await answer(hass, await open_section(hass, site, "grid_meter"), L1)
    assert again["step_id"] == "grid_meter_sign"


async def test_a_sign_by_which_the_house_would_generate_is_asked_for_twice(
    hass: HomeAssistant, site: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to(NIGHT)
    hass.states.async_set("sensor.grid", "-1500", POWER)
    sign = await answer(hass, await open_section(hass, site, "grid_meter"), L1)
    assert suggested(sign, "sign") == "export"
    doubted = await answer(hass, sign, {"sign": "import"})
    assert doubted["errors"] == {"sign": "sign_seems_wrong"}
    await answer(hass, doubted, {"sign": "import"})
    assert site.options[CONF_GRID_METER]["export_is_positive"] is False


@pytest.mark.parametrize(
    ("moment", "solar_w", "expected"),
    [
        (NOON, None, "import"),  # there may be solar that nobody told us of
        (NOON, 3000, "import"),
        (NOON, 0, "export"),
        (NIGHT, None, "export"),
    ],
)
@pytest.mark.usefixtures("at_moment")
async def test_the_sign_is_suggested_by_what_can_be(
    hass: HomeAssistant, site: MockConfigEntry, solar_w: int | None, expected: str
) -> None:
    if solar_w is not None:
        hass.states.async_set("sensor.roof", str(solar_w), POWER)
        await know(hass, {"type": "solar", "stat_energy_from": "sensor.x", "stat_rate": "sensor.roof"})
    hass.states.async_set("sensor.grid", "-1500", POWER)
    assert suggested(await answer(hass, await open_section(hass, site, "grid_meter"), L1), "sign") == expected


@pytest.fixture
def at_moment(site: MockConfigEntry, freezer: FrozenDateTimeFactory, moment: str) -> None:
    freezer.move_to(moment)


# What the Energy dashboard knows


@pytest.mark.parametrize(
    ("source", "named", "sign"),
    [
        ({"stat_rate": "sensor.grid"}, {"power": {"l1": "sensor.grid"}}, "import"),
        (
            {"power_config": {"stat_rate": "sensor.grid"}, "stat_rate": "sensor.grid"},
            {"power": {"l1": "sensor.grid"}},
            "import",
        ),
        (
            {"power_config": {"stat_rate_inverted": "sensor.grid"}, "stat_rate": "sensor.made"},
            {"power": {"l1": "sensor.grid"}},
            "export",
        ),
        (
            {"power_config": {"stat_rate_from": "sensor.grid", "stat_rate_to": "sensor.back"}, "stat_rate": "sensor.m"},
            {"power": {"l1": "sensor.grid"}, "export": {"l1": "sensor.back"}},
            "import",
        ),
    ],
)
async def test_the_grid_meter_of_the_energy_dashboard_is_suggested(
    hass: HomeAssistant, site: MockConfigEntry, source: dict[str, Any], named: dict[str, Any], sign: str
) -> None:
    hass.config_entries.async_update_entry(site, options={CONF_SUPPLY: FUSE_60})
    for name in ("grid", "back"):
        hass.states.async_set(f"sensor.{name}", "100", POWER)
    await know(hass, {"type": "grid", "stat_energy_from": "sensor.kwh"} | source)
    form = await open_section(hass, site, "grid_meter")
    assert {kind: offered(form, kind) for kind in NO_SENSORS if offered(form, kind)} == named
    assert suggested(await answer(hass, form, NO_SENSORS | named), "sign") == sign


@pytest.mark.parametrize("kind", ["power", "current"])
async def test_the_phases_of_the_same_meter_are_suggested(
    hass: HomeAssistant, site: MockConfigEntry, kind: str
) -> None:
    device = dr.async_get(hass).async_get_or_create(config_entry_id=site.entry_id, identifiers={("shelly", "1")})
    names = ["em_total", *(f"em_phase_{phase}_{kind}" for phase in "abc")]
    for name in names:
        er.async_get(hass).async_get_or_create(
            "sensor", "shelly", name, suggested_object_id=name, device_id=device.id, config_entry=site
        )
        attributes = POWER if name == "em_total" or kind == "power" else CURRENT
        hass.states.async_set(f"sensor.{name}", "1", attributes)
    await know(hass, {"type": "grid", "stat_energy_from": None, "stat_rate": "sensor.em_total"})
    form = await open_section(hass, site, "grid_meter")
    assert offered(form, kind) == {
        f"l{n}": f"sensor.em_phase_{phase}_{kind}" for n, phase in zip("123", "abc", strict=True)
    }


@pytest.mark.parametrize("is_set_up", [True, False])
async def test_an_energy_dashboard_that_knows_nothing_suggests_nothing(
    hass: HomeAssistant, site: MockConfigEntry, is_set_up: bool
) -> None:
    if is_set_up:
        hass.config.components.add("energy")
    form = await open_section(hass, site, "grid_meter")
    assert not any(offered(form, kind) for kind in ("power", "export", "current", "voltage"))


async def test_a_statistic_that_is_no_sensor_is_not_suggested(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await know(hass, {"type": "grid", "stat_rate": "tibber:power"}, {"type": "grid", "stat_rate": "sensor.gone"})
    hass.states.async_set("sensor.total", "1", POWER)
    await know(hass, {"type": "grid", "stat_rate": "tibber:power"}, {"type": "grid", "stat_rate": "sensor.total"})
    assert not offered(await open_section(hass, site, "grid_meter"), "power")


# Solar and battery


async def test_solar_is_suggested_then_kept_then_left(hass: HomeAssistant, site: MockConfigEntry) -> None:
    for name in ("roof", "shed"):
        hass.states.async_set(f"sensor.{name}", "100", POWER)
    sources = [
        {"type": "solar", "stat_energy_from": "sensor.x", "stat_rate": f"sensor.{name}"} for name in ("roof", "shed")
    ]
    await know(hass, *sources)
    form = await open_section(hass, site, "solar")
    assert suggested(form, "power") == ["sensor.roof", "sensor.shed"]
    await answer(hass, form, {"power": ["sensor.roof"]})
    assert site.options[CONF_SOLAR] == {"power": ["sensor.roof"]}
    form = await open_section(hass, site, "solar")
    assert suggested(form, "power") == ["sensor.roof"]
    await answer(hass, form, {})
    assert CONF_SOLAR not in site.options


async def test_a_battery_is_suggested_with_its_sign(hass: HomeAssistant, site: MockConfigEntry) -> None:
    hass.states.async_set("sensor.store", "100", POWER)
    config = {"stat_rate_inverted": "sensor.store"}
    await know(hass, {"type": "battery", "stat_energy_from": "a", "stat_energy_to": "b", "power_config": config})
    form = await open_section(hass, site, "battery")
    assert (suggested(form, "power"), suggested(form, "charge_is_positive")) == (["sensor.store"], True)
    await answer(hass, form, {"power": ["sensor.store"], "charge_is_positive": True})
    assert site.options[CONF_BATTERY] == {"power": ["sensor.store"], "charge_is_positive": True}


async def test_a_battery_of_two_sensors_is_taken_as_the_dashboard_joins_them(
    hass: HomeAssistant, site: MockConfigEntry
) -> None:
    for name in ("out", "in", "joined"):
        hass.states.async_set(f"sensor.{name}", "100", POWER)
    config = {"stat_rate_from": "sensor.out", "stat_rate_to": "sensor.in"}
    await know(hass, {"type": "battery", "stat_rate": "sensor.joined", "power_config": config})
    assert suggested(await open_section(hass, site, "battery"), "power") == ["sensor.joined"]


@pytest.mark.parametrize("name", ["solar", "battery"])
async def test_a_sensor_that_is_no_power_is_refused(hass: HomeAssistant, site: MockConfigEntry, name: str) -> None:
    hass.states.async_set("sensor.energy", "5", {"unit_of_measurement": "kWh"})
    said: dict[str, Any] = {"power": ["sensor.energy"]} | ({"charge_is_positive": False} if name == "battery" else {})
    form = await answer(hass, await open_section(hass, site, name), said)
    assert form["errors"] == {"power": "wrong_unit"}
