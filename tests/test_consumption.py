"""Twelve months on the screen: sensors, the action that answers, the export (9.3)."""

import csv
from datetime import datetime, timedelta
import io
import json
from pathlib import Path
import stat
import time
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
import probatio
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.bookkeeping.statistics import rows_to_write
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.values import OutletKey, SessionRecord

from .shell import CHARGING, IDLE, PEAK, PLUGGED_IN, FakeCharger, after, settle, shown

OUTLET = OutletKey(charge_point="01GARAGE", connector=1)
MONTHS_AGO = {0: datetime(2026, 11, 2, 1, tzinfo=PEAK.tzinfo), 3: datetime(2026, 8, 31, 22, 30, tzinfo=PEAK.tzinfo)}


def past(plugged_in_at: datetime, import_wh: int, **more: Any) -> SessionRecord:
    ended_at = plugged_in_at + timedelta(hours=2)
    facts: dict[str, Any] = {
        "outlet": OUTLET, "plugged_in_at": plugged_in_at, "seen_at": ended_at, "charge_started_at": plugged_in_at,
        "charge_ended_at": ended_at, "unplugged_at": ended_at, "is_open": False, "import_wh": import_wh,
        "charging_s": 7_200,
    }  # fmt: skip
    return SessionRecord(**facts | more)


@pytest.fixture
async def year(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A home with a history."""
    ledger = hass.data[DATA_LEDGER]
    ledger.add(
        past(datetime(2025, 11, 20, 1, tzinfo=PEAK.tzinfo), 1_000),
        past(datetime(2025, 12, 24, 1, tzinfo=PEAK.tzinfo), 20_000),
        past(MONTHS_AGO[3], 8_000, tag="04A2B3C4", who="Ada"),
        past(MONTHS_AGO[0], 5_500),
    )
    await ledger.async_flush()
    await until_summed(hass)


async def until_summed(hass: HomeAssistant) -> None:
    for _ in range(20):
        await settle(hass)
        await hass.async_add_executor_job(time.sleep, 0.01)  # the loop's own clock stands still


async def ask(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    found = await hass.services.async_call(DOMAIN, "get_consumption", data, blocking=True, return_response=True)
    assert found is not None
    return found  # type: ignore[return-value]


@pytest.mark.requirement("9.3")
@pytest.mark.usefixtures("all_enabled", "year")
async def test_the_screen_shows_this_month_and_twelve_months(hass: HomeAssistant) -> None:
    assert float(shown(hass, "sensor.garage_this_month_energy")) == 5.5
    assert float(shown(hass, "sensor.garage_last_twelve_months_energy")) == 33.5
    assert float(shown(hass, "sensor.garage_last_twelve_months_time_charging")) == 6
    assert float(shown(hass, "sensor.garage_today_energy")) == 0


async def test_today_grows_with_the_charge_and_begins_anew_at_midnight(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN | CHARGING, import_wh=1_000)
    await settle(hass)
    await after(hass, freezer, hours=1)
    charger.say(**IDLE, import_wh=8_000)
    await settle(hass)
    await until_summed(hass)
    assert float(shown(hass, "sensor.garage_today_energy")) == 7
    assert hass.states.get("sensor.garage_today_energy").attributes["last_reset"] == "2026-11-23T00:00:00+00:00"  # type: ignore[union-attr]
    await after(hass, freezer, hours=6)
    await until_summed(hass)
    assert float(shown(hass, "sensor.garage_today_energy")) == 0
    assert float(shown(hass, "sensor.garage_this_month_energy")) == 7


async def test_today_begins_at_another_time_when_the_homes_time_zone_is_changed(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await after(hass, freezer, hours=6)
    charger.say(**PLUGGED_IN | CHARGING, import_wh=1_000)
    await settle(hass)
    await after(hass, freezer, minutes=30)
    charger.say(import_wh=5_000)
    await settle(hass)
    await after(hass, freezer, minutes=90)
    charger.say(**IDLE, import_wh=8_000)
    await until_summed(hass)
    assert float(shown(hass, "sensor.garage_today_energy")) == 7
    await hass.config.async_update(time_zone="Atlantic/Azores")  # the same day, an hour later
    await after(hass, freezer, minutes=1)
    await until_summed(hass)
    assert float(shown(hass, "sensor.garage_today_energy")) == 2  # of the 3 kWh of 00:30 to 02:00


@pytest.mark.requirement("9.3")
@pytest.mark.usefixtures("year")
async def test_months_are_local_ones(hass: HomeAssistant) -> None:
    """A charge of 31 August, 23:30 to 01:30 in London, is half in September."""
    found = await ask(hass, start="2026-08-01", end="2026-09-30")
    [point] = found["charge_points"]
    assert [month["import_kwh"] for month in point["months"]] == [2.0, 6.0]
    assert point["months"][1]["start"] == "2026-09-01T00:00:00+01:00"
    assert found["total"]["import_kwh"] == 8.0


@pytest.mark.requirement("9.3")
@pytest.mark.usefixtures("year")
async def test_the_last_twelve_months_are_what_is_usually_asked_for(hass: HomeAssistant) -> None:
    found = await ask(hass)
    assert found["total"]["import_kwh"] == 33.5
    assert len(found["charge_points"][0]["months"]) == 13  # the first and the last in part


@pytest.mark.requirement("9.3")
@pytest.mark.usefixtures("year")
async def test_a_single_event_can_be_asked_for_without_whose_it_was(
    hass: HomeAssistant, device_registry: dr.DeviceRegistry
) -> None:
    [device] = dr.async_entries_for_config_entry(device_registry, "01GARAGE")
    found = await ask(hass, device_id=device.id, by="session", start="2026-08-31", end="2026-08-31")
    [session] = found["charge_points"][0]["sessions"]
    assert session["import_kwh"] == 8.0
    assert session["plugged_in"] == "2026-08-31T23:30:00+01:00"
    assert not {"tag", "who"} & set(session)


@pytest.mark.usefixtures("year")
async def test_a_range_that_ends_before_it_starts_is_refused(hass: HomeAssistant) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await ask(hass, start="2026-08-31", end="2026-08-01")
    assert refused.value.translation_key == "range_ends_before_start"


@pytest.mark.parametrize(
    "said",
    [
        {"start": "0001-01-01"}, {"start": "1999-12-31"}, {"end": "9999-12-31"}, {"end": "0001-01-01"},
        {"start": "0001-01-01T00:00:00+14:00"}, {"end": "9999-12-31T23:59:59-10:00"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("action", ["get_consumption", "export_sessions"])
@pytest.mark.usefixtures("entry")
async def test_an_age_before_or_after_all_records_is_refused(
    hass: HomeAssistant, action: str, said: dict[str, str]
) -> None:
    with pytest.raises(probatio.Invalid, match="from 2000 to 2100"):
        await hass.services.async_call(DOMAIN, action, said, blocking=True, return_response=True)


@pytest.mark.usefixtures("year")
async def test_a_century_can_be_asked_for(hass: HomeAssistant) -> None:
    assert (await ask(hass, start="2000-01-01", end="2100-12-31", by="session"))["total"]["import_kwh"] == 34.5


async def export(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    found = await hass.services.async_call(DOMAIN, "export_sessions", data, blocking=True, return_response=True)
    assert found is not None
    return found  # type: ignore[return-value]


@pytest.mark.usefixtures("year")
async def test_sessions_are_exported_as_a_response(hass: HomeAssistant) -> None:
    rows = list(csv.DictReader(io.StringIO((await export(hass))["content"])))
    assert [(row["name"], row["import_kwh"], row["who"]) for row in rows] == [
        ("Garage", "20.0", ""), ("Garage", "8.0", "Ada"), ("Garage", "5.5", ""),
    ]  # fmt: skip
    assert [row["tag"] for row in json.loads((await export(hass, format="json"))["content"])] == [
        None,
        "04A2B3C4",
        None,
    ]


@pytest.mark.usefixtures("year")
async def test_sessions_are_exported_to_a_file_for_the_owners_eyes(hass: HomeAssistant, tmp_path: Path) -> None:
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    path = tmp_path / "charging.csv"
    assert await export(hass, path=str(path)) | {"start": "", "end": ""} == {
        "sessions": 3, "path": str(path), "start": "", "end": "",
    }  # fmt: skip
    assert len(path.read_text().splitlines()) == 4
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("name", "key"), [("/etc/charging.csv", "path_not_allowed"), ("/etc/passwd", "export_needs_suffix")]
)
@pytest.mark.usefixtures("year")
async def test_a_file_is_written_only_where_home_assistant_may(hass: HomeAssistant, name: str, key: str) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await export(hass, path=name)
    assert refused.value.translation_key == key


@pytest.mark.usefixtures("year")
async def test_a_link_into_an_allowed_folder_opens_no_other(hass: HomeAssistant, tmp_path: Path) -> None:
    allowed, elsewhere = tmp_path / "allowed", tmp_path / "elsewhere"
    allowed.mkdir()
    elsewhere.mkdir()
    (allowed / "charging.csv").write_text("mine")
    link = elsewhere / "charging.csv"
    link.symlink_to(allowed / "charging.csv")
    hass.config.allowlist_external_dirs = {str(allowed)}
    with pytest.raises(ServiceValidationError) as refused:
        await export(hass, path=str(link))
    assert refused.value.translation_key == "path_not_allowed"
    assert link.is_symlink()


@pytest.mark.usefixtures("year")
async def test_a_name_that_no_file_can_have_is_refused(hass: HomeAssistant, tmp_path: Path) -> None:
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    with pytest.raises(ServiceValidationError) as refused:
        await export(hass, path=f"{tmp_path}/a\0b.csv")
    assert refused.value.translation_key == "path_not_allowed"


def hour(number: int) -> datetime:
    return PEAK + timedelta(hours=number)


def test_statistics_begin_with_what_the_records_hold() -> None:
    rows = rows_to_write({hour(0): 1_500, hour(2): 500}, {})
    assert [(row["start"], row["state"], row["sum"]) for row in rows] == [(hour(0), 1.5, 1.5), (hour(2), 0.5, 2.0)]


def test_statistics_that_are_right_are_left() -> None:
    assert rows_to_write({hour(0): 1_500, hour(2): 500}, {hour(0): 1.5, hour(2): 2.0}) == []


def test_statistics_go_on_from_what_has_left_the_records() -> None:
    [row] = rows_to_write({hour(2): 500}, {hour(0): 100.0})
    assert row["sum"] == 100.5


def test_an_hour_that_is_filled_in_later_moves_the_sums_behind_it() -> None:
    published = {hour(0): 1.5, hour(2): 2.0}
    rows = rows_to_write({hour(0): 1_500, hour(1): 7_000, hour(2): 500}, published)
    assert [(row["start"], row["sum"]) for row in rows] == [(hour(1), 8.5), (hour(2), 9.0)]


def test_an_hour_that_is_taken_back_is_shown_as_none() -> None:
    rows = rows_to_write({hour(0): 1_500, hour(2): 500}, {hour(0): 1.5, hour(1): 8.5, hour(2): 9.0})
    assert [(row["start"], row["state"], row["sum"]) for row in rows] == [(hour(1), 0.0, 1.5), (hour(2), 0.5, 2.0)]
