# ruff: noqa: ASYNC240  the tests look at the files of a home that waits for them
"""Deleting personal data, as an owner does it: who may, what must be typed, what is left, and that charging goes on."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
import json
from pathlib import Path
import sqlite3
from threading import Event
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.recorder import Recorder
from homeassistant.components.recorder.statistics import async_add_external_statistics
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser, flush_store
from pytest_homeassistant_custom_component.components.recorder.common import async_wait_recording_done

from custom_components.smart_charge.chargers.charger import Kept
from custom_components.smart_charge.chargers.ocpp.tags import TagStatus
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.forgetting.exports import exports_of
from custom_components.smart_charge.forgetting.request import async_go_on
from custom_components.smart_charge.forgetting.search import needles, search
from custom_components.smart_charge.household_tags import RefusedTags
from custom_components.smart_charge.ledger import DATA_LEDGER, Ledger
from custom_components.smart_charge.records.sales import Sale
from custom_components.smart_charge.records.security_log import SecurityEvent
from custom_components.smart_charge.records.values import OutletKey, SessionRecord

from .shell import CHARGING, IDLE, OPENS, PLUGGED_IN, FakeCharger, after, at, call, modbus_entry, set_up_fake, settle

TAG = "04A2B3C4D5E6F7"
NAME = "Ada Lovelace"
SERIAL = "A1234567"
OUTLET = OutletKey(charge_point="01GARAGE", connector=1)
S7_2 = pytest.mark.requirement("S7.2")


@pytest.fixture
def persistent_database() -> bool:
    """The recorder writes a file, so that its bytes can be searched."""
    return True


@pytest.fixture(autouse=True)
def _hurried() -> Iterator[None]:
    """Registries are saved when the test says so."""
    with patch("custom_components.smart_charge.forgetting.names.SAVED_AFTER_S", 0):
        yield


@pytest.fixture
async def ledger(hass: HomeAssistant, recorder_mock: Recorder, entry: MockConfigEntry) -> Ledger:
    return hass.data[DATA_LEDGER]


def session(days_ago: int, **more: Any) -> SessionRecord:
    began = dt_util.utcnow() - timedelta(days=days_ago)
    ended = began + timedelta(hours=8)
    facts: dict[str, Any] = {
        "outlet": OUTLET, "plugged_in_at": began, "charge_started_at": began, "charge_ended_at": ended,
        "unplugged_at": ended, "seen_at": ended, "is_open": False, "import_wh": 7_000, "tag": TAG, "who": NAME,
    }  # fmt: skip
    return SessionRecord(**facts | more)


async def live_here(hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory) -> str:
    """Let an owner list a tag, name an entity, charge; returns the id of the session that goes on."""
    await hass.services.async_call(DOMAIN, "set_tag", {"tag": TAG, "name": NAME}, blocking=True)
    er.async_get(hass).async_update_entity("sensor.garage_power", name=f"{NAME}'s power")
    ledger.add(*(session(days) for days in range(2, 30)))
    ledger.add(SecurityEvent(at=dt_util.utcnow(), kind="wrong_password", detail={"tag": TAG, "address": "192.0.2.7"}))
    charger.say(**PLUGGED_IN, import_wh=1_000)
    await settle(hass)
    began = dt_util.utcnow()
    await at(hass, freezer, OPENS + timedelta(minutes=20))
    charger.say(**CHARGING, import_wh=1_000)
    await settle(hass)
    await after(hass, freezer, hours=1)
    charger.say(import_wh=8_000)
    await settle(hass)
    session_id = replace(session(0), plugged_in_at=began).session_id
    hass.states.async_set("sensor.garage_power", "7000", {"session_id": session_id})
    await ledger.async_flush()
    await async_wait_recording_done(hass)
    return session_id


async def delete(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(
        DOMAIN, "delete_personal_data", {"confirm": SERIAL} | data, blocking=True, return_response=True
    )
    await settle(hass)
    assert isinstance(answer, dict)
    return answer


def what(items: Any) -> set[str]:
    return {item["what"] for item in items}


def files_of(hass: HomeAssistant, recorder: Recorder) -> list[Path]:
    records = Path(hass.config.path("smart_charge.db"))
    history = Path(recorder.db_url.removeprefix("sqlite:///"))
    return [each for path in (records, history) for each in path.parent.glob(f"{path.name}*")]


def words_in(files: list[Path], *words: str) -> set[str]:
    wanted = {word: needles([word]) for word in words}
    found = set()
    for file in files:
        content = file.read_bytes()
        found |= {f"{word} in {file.name}" for word, pattern in wanted.items() if pattern and pattern.search(content)}
    return found


@S7_2
async def test_nothing_of_an_owner_is_left_anywhere(  # noqa: PLR0917
    hass: HomeAssistant,
    recorder_mock: Recorder,
    ledger: Ledger,
    charger: FakeCharger,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
) -> None:
    session_id = await live_here(hass, ledger, charger, freezer)
    hour = dt_util.utcnow().replace(minute=0, second=0, microsecond=0)
    meta = {
        "mean_type": 0, "has_sum": True, "name": "EV", "source": DOMAIN, "statistic_id": f"{DOMAIN}:01garage_energy",
        "unit_class": "energy", "unit_of_measurement": "kWh",
    }  # fmt: skip
    async_add_external_statistics(hass, meta, [{"start": hour - timedelta(hours=5), "sum": 7.0}])
    await async_wait_recording_done(hass)
    files = files_of(hass, recorder_mock)
    assert len(words_in(files, TAG, NAME)) >= 4
    assert words_in(files, session_id)

    answer = await delete(hass)

    assert answer["left"] == []
    assert answer["is_complete"] is True
    assert {"sessions", "half_hours", "tags", "given_names", "history_entities", "history_events"} <= what(
        answer["erased"]
    )
    assert {"security_log", "meter_reading"} <= what(answer["remains"])
    assert {"backups", "log"} <= what(answer["out_of_reach"])
    await async_wait_recording_done(hass)
    assert words_in(files_of(hass, recorder_mock), TAG, NAME, session_id) == set()
    await flush_store(er.async_get(hass)._store)
    stored = json.dumps(hass_storage)
    assert TAG not in stored
    assert NAME not in stored
    with closing(sqlite3.connect(recorder_mock.db_url.removeprefix("sqlite:///"))) as history, history:
        of_ours = "FROM statistics JOIN statistics_meta m ON m.id = metadata_id WHERE source = ?"
        assert history.execute(f"SELECT start_ts, sum {of_ours}", [DOMAIN]).fetchall() == []
    assert charger.people_forgotten == 1


@S7_2
async def test_the_vehicle_goes_on_charging_as_another_session(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await live_here(hass, ledger, charger, freezer)
    asked, handed_back = list(charger.asked), charger.handed_back
    deleted_at = dt_util.utcnow()
    await delete(hass)
    assert charger.asked == asked
    assert charger.handed_back == handed_back
    await after(hass, freezer, minutes=30)
    charger.say(import_wh=11_500)
    await settle(hass)
    await ledger.async_flush()
    now = dt_util.utcnow()
    (kept,) = await ledger.async_ask(lambda journal: journal.sessions(now - timedelta(days=400), now))
    assert kept.plugged_in_at == deleted_at
    assert kept.import_wh == 3_500
    assert kept.tag is None


async def test_charge_now_for_some_energy_ends_when_it_would_have(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    charger.say(**PLUGGED_IN, import_wh=1_000)
    await settle(hass)
    device = er.async_get(hass).async_get("sensor.garage_power")
    assert device is not None
    data = {"device_id": device.device_id, "energy_kwh": 10}
    await hass.services.async_call(DOMAIN, "charge_now", data, blocking=True)
    await after(hass, freezer, minutes=40)
    charger.say(**CHARGING, import_wh=5_000)
    await settle(hass)
    await delete(hass)
    await after(hass, freezer, minutes=30)
    charger.say(import_wh=10_900)
    await settle(hass)
    assert entry.runtime_data.memory.carry.override is not None
    charger.say(import_wh=11_000)
    await settle(hass)
    assert entry.runtime_data.memory.carry.override is None


@S7_2
async def test_the_wrong_serial_deletes_nothing(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await live_here(hass, ledger, charger, freezer)
    with pytest.raises(ServiceValidationError) as refused:
        await delete(hass, confirm="B7654321")
    assert refused.value.translation_key == "wrong_confirmation"
    now = dt_util.utcnow()
    assert len(await ledger.async_ask(lambda journal: journal.sessions(now - timedelta(days=400), now))) == 29
    assert charger.people_forgotten == 0


@S7_2
@pytest.mark.requirement("S9.1")
async def test_who_is_no_administrator_deletes_nothing(
    hass: HomeAssistant, ledger: Ledger, hass_read_only_user: MockUser
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "delete_personal_data", {"confirm": SERIAL}, blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )  # fmt: skip
    await ledger.async_flush()
    (entry,) = [
        each
        for each in await ledger.async_ask(lambda journal: journal.security.entries())
        if each.kind == "action_refused"
    ]
    assert json.loads(entry.detail)["action"] == "delete_personal_data"
    assert hass_read_only_user.id not in entry.detail


@S7_2
async def test_one_of_two_charge_points_keeps_its_sessions_and_the_tags(
    hass: HomeAssistant, recorder_mock: Recorder, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    other = FakeCharger()
    other.identity = replace(other.identity, serial="B7654321")
    other.say(**IDLE)
    like = modbus_entry(port=503)
    carport = MockConfigEntry(
        domain=DOMAIN, title="Carport", unique_id="B7654321", entry_id="01CARPORT", data=dict(like.data),
        options=dict(like.options),
    )  # fmt: skip
    await set_up_fake(hass, other, carport)
    ledger = hass.data[DATA_LEDGER]
    await hass.services.async_call(DOMAIN, "set_tag", {"tag": TAG, "name": NAME}, blocking=True)
    ledger.add(session(2), session(2, outlet=OutletKey(charge_point="01CARPORT")))
    await ledger.async_flush()
    refused = [RefusedTags(hass, each, each.runtime_data.memory) for each in (carport, entry)]
    for each in refused:
        each.watch()
        each.hear("04DEADBEEF", TagStatus.INVALID)
    device = er.async_get(hass).async_get("sensor.carport_power")
    assert device is not None
    answer = await delete(hass, confirm="b7654321 ", device_id=device.device_id)
    assert answer["left"] == []
    assert [each.unknown for each in refused] == [None, "04DEADBEEF"]
    refused[1].forget()
    assert "listed_tags" in what(answer["remains"])
    now = dt_util.utcnow()
    (kept,) = await ledger.async_ask(lambda journal: journal.sessions(now - timedelta(days=400), now))
    assert (kept.outlet, kept.tag) == (OUTLET, TAG)
    tags = await hass.services.async_call(DOMAIN, "list_tags", {}, blocking=True, return_response=True)
    assert tags is not None
    assert len(tags["tags"]) == 1  # type: ignore[arg-type]


@S7_2
async def test_what_a_charge_point_would_not_delete_is_said(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger
) -> None:
    charger.kept = frozenset({Kept.TAG_LIST})
    answer = await delete(hass)
    assert [(item["what"], item["where"]) for item in answer["left"]] == [("tag_list", "Garage")]
    assert answer["is_complete"] is False
    charger.is_online = False
    assert what((await delete(hass))["left"]) == {"charge_point_away"}


@S7_2
@pytest.mark.parametrize("is_restarted", [False, True])
async def test_a_charge_point_that_was_away_forgets_when_it_is_back(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, entry: MockConfigEntry, is_restarted: bool
) -> None:
    charger.is_online = False
    charger.tell()
    assert what((await delete(hass))["left"]) == {"charge_point_away"}
    assert charger.people_forgotten == 1
    if is_restarted:
        assert await hass.config_entries.async_unload(entry.entry_id)
        await set_up_fake(hass, charger, entry)
    charger.is_online = True
    charger.say(**IDLE)
    await settle(hass)
    assert charger.people_forgotten == 2
    charger.is_online = False
    charger.tell()
    charger.is_online = True
    charger.tell()
    await settle(hass)
    assert charger.people_forgotten == 2


@S7_2
async def test_what_is_not_on_record_yet_will_not_be(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    charger.keeps_transactions = True
    charger.say(**IDLE, import_wh=1_000)
    await settle(hass)
    charger.is_online = False
    charger.tell()
    await after(hass, freezer, hours=3)
    charger.is_online = True
    charger.say(**IDLE, import_wh=9_000)  # a stay that the charge point has yet to tell of
    await settle(hass)
    await delete(hass)
    await after(hass, freezer, minutes=20)
    charger.say(**IDLE)
    await settle(hass)
    await ledger.async_flush()
    day = timedelta(days=1)
    assert await ledger.async_ask(lambda journal: journal.sessions(dt_util.utcnow() - day, dt_util.utcnow())) == []


@S7_2
async def test_a_second_wipe_finds_nothing_more_to_do(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await live_here(hass, ledger, charger, freezer)
    assert (await delete(hass))["is_complete"] is True
    assert (await delete(hass))["is_complete"] is True


@S7_2
@pytest.mark.requirement("14.1")
async def test_the_register_of_sales_is_kept_and_named(hass: HomeAssistant, ledger: Ledger) -> None:
    now = dt_util.utcnow()
    sale = Sale(recorded_at=now, sold_on=now.date(), model="One", serial=SERIAL, buyer=NAME)
    ledger.add(session(2), sale)
    await ledger.async_flush()
    answer = await delete(hass)
    assert answer["left"] == []
    assert "register_of_sales" in what(answer["remains"])
    assert len(await ledger.async_ask(lambda journal: journal.register.entries())) == 1


@S7_2
async def test_a_file_that_still_names_somebody_is_named(hass: HomeAssistant, ledger: Ledger) -> None:
    ledger.add(session(2))
    await ledger.async_flush()
    Path(hass.config.path("notes.txt")).write_text(f"the tag of {NAME.upper()}")
    answer = await delete(hass)
    assert [(item["what"], item["where"]) for item in answer["left"]] == [("file", "notes.txt")]


@S7_2
async def test_home_assistants_log_that_names_somebody_is_out_of_reach(hass: HomeAssistant, ledger: Ledger) -> None:
    ledger.add(session(2))
    await ledger.async_flush()
    for name in ("home-assistant.log", "home-assistant.log.1"):
        Path(hass.config.path(name)).write_text(f"WARNING of {NAME}")
    answer = await delete(hass)
    assert answer["left"] == []
    told = [(item["what"], item["where"]) for item in answer["out_of_reach"] if item["where"]]
    assert told == [("log_file", "home-assistant.log"), ("log_file", "home-assistant.log.1")]


@S7_2
async def test_a_damaged_copy_that_was_deleted_is_not_said_to_be_left(hass: HomeAssistant, ledger: Ledger) -> None:
    aside = ledger.path.with_name(f"{ledger.path.name}.damaged-20260101T000000Z")
    aside.write_text(f"{TAG} {NAME}")
    ledger.add(session(2))
    await ledger.async_flush()
    answer = await delete(hass)
    assert answer["left"] == []
    assert "damaged_copies" in what(answer["erased"])
    assert not aside.exists()


@S7_2
async def test_who_is_told_of_only_by_what_waits_is_forgotten_too(hass: HomeAssistant, ledger: Ledger) -> None:
    """A charge point that is gone, in records that could not be written before."""
    ledger.add(session(2, outlet=OutletKey(charge_point="01GONE"), tag="DEADBEEF01"))
    Path(hass.config.path("notes.txt")).write_text("DEADBEEF01")
    answer = await delete(hass)
    await ledger.async_flush()
    assert await ledger.async_ask(lambda journal: journal.open_sessions()) == []
    ever = (dt_util.utcnow() - timedelta(days=9), dt_util.utcnow())
    assert await ledger.async_ask(lambda journal: journal.sessions(*ever)) == []
    assert [item["where"] for item in answer["left"]] == ["notes.txt"]


@S7_2
@pytest.mark.usefixtures("in_a_hurry")
async def test_records_that_cannot_be_erased_are_told_and_all_else_stays(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger
) -> None:
    await hass.services.async_call(DOMAIN, "set_tag", {"tag": TAG, "name": NAME}, blocking=True)
    ledger.add(session(2))
    await ledger.async_flush()
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(HomeAssistantError) as told:
        await delete(hass)
    other.execute("ROLLBACK")
    other.close()
    assert told.value.translation_key == "records_locked"
    assert charger.people_forgotten == 0
    assert len(hass.data[DOMAIN].tags) == 1  # type: ignore[attr-defined]


@S7_2
@pytest.mark.parametrize("cut_at", ["_async_erase_stored", "_async_tell_chargers", "_async_erase_history"])
async def test_a_deletion_that_was_cut_short_is_finished_at_the_next_start(  # noqa: PLR0917  fixtures
    hass: HomeAssistant, recorder_mock: Recorder, ledger: Ledger, charger: FakeCharger,
    freezer: FrozenDateTimeFactory, hass_storage: dict[str, Any], cut_at: str,
) -> None:  # fmt: skip
    hass.bus.async_fire("tag_scanned", {"tag_id": TAG})  # of another integration's reader
    session_id = await live_here(hass, ledger, charger, freezer)
    with (
        patch(f"custom_components.smart_charge.forgetting.deletion.{cut_at}", side_effect=asyncio.CancelledError),
        pytest.raises(asyncio.CancelledError),
    ):
        await delete(hass)
    assert hass_storage[f"{DOMAIN}.forgetting"]["data"]["names"] == [NAME]
    await async_go_on(hass)  # as a start of Home Assistant does
    await settle(hass)
    await async_wait_recording_done(hass)
    assert f"{DOMAIN}.forgetting" not in hass_storage
    assert words_in(files_of(hass, recorder_mock), TAG, NAME, session_id) == set()
    assert er.async_get(hass).async_get("sensor.garage_power").name is None  # type: ignore[union-attr]


@S7_2
async def test_a_deletion_that_did_not_begin_is_not_gone_on_with(
    hass: HomeAssistant, ledger: Ledger, hass_storage: dict[str, Any]
) -> None:
    with (
        patch.object(Ledger, "async_erase", side_effect=HomeAssistantError("locked")),
        pytest.raises(HomeAssistantError),
    ):
        await delete(hass)
    assert f"{DOMAIN}.forgetting" not in hass_storage


async def test_without_a_recorder_the_rest_is_deleted(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    ledger = hass.data[DATA_LEDGER]
    ledger.add(session(2))
    await ledger.async_flush()
    answer = await delete(hass)
    assert answer["is_complete"] is True
    assert "sessions" in what(answer["erased"])


# By button and repair


def question(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, "delete_personal_data_01GARAGE")


@pytest.fixture
async def flows(hass: HomeAssistant) -> Any:
    await async_setup_component(hass, "repairs", {})
    await hass.async_block_till_done()
    return hass.data["repairs"]["flow_manager"]


@S7_2
async def test_the_button_only_asks(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    ledger.add(session(2))
    await call(hass, "press", "button.garage_delete_personal_data")
    await ledger.async_flush()
    assert question(hass) is not None
    assert charger.people_forgotten == 0
    await after(hass, freezer, minutes=61)
    assert question(hass) is None


async def test_the_question_goes_with_the_charge_point(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, entry: MockConfigEntry
) -> None:
    await call(hass, "press", "button.garage_delete_personal_data")
    assert question(hass) is not None
    await hass.config_entries.async_remove(entry.entry_id)
    assert question(hass) is None


@S7_2
async def test_the_question_wants_the_serial_typed(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, flows: Any
) -> None:
    ledger.add(session(2))
    await ledger.async_flush()
    await call(hass, "press", "button.garage_delete_personal_data")
    form = await flows.async_init(DOMAIN, data={"issue_id": "delete_personal_data_01GARAGE"})
    assert form["step_id"] == "confirm_everything"
    assert form["description_placeholders"] == {"name": "Garage", "expected": SERIAL}
    again = await flows.async_configure(form["flow_id"], {"confirm": "yes"})
    assert again["errors"] == {"confirm": "wrong_confirmation"}
    assert charger.people_forgotten == 0
    done = await flows.async_configure(form["flow_id"], {"confirm": SERIAL.lower()})
    assert done["type"].value == "create_entry"
    assert charger.people_forgotten == 1
    assert question(hass) is None
    now = dt_util.utcnow()
    assert await ledger.async_ask(lambda journal: journal.sessions(now - timedelta(days=400), now)) == []


@S7_2
async def test_the_question_says_that_the_tags_stay_where_there_are_other_charge_points(
    hass: HomeAssistant, ledger: Ledger, flows: Any
) -> None:
    like = modbus_entry(port=503)
    carport = MockConfigEntry(domain=DOMAIN, title="Carport", data=dict(like.data), options=dict(like.options))
    await set_up_fake(hass, FakeCharger(), carport)
    await call(hass, "press", "button.garage_delete_personal_data")
    form = await flows.async_init(DOMAIN, data={"issue_id": "delete_personal_data_01GARAGE"})
    assert form["step_id"] == "confirm"


@S7_2
async def test_a_notification_tells_what_became_of_it_in_words(hass: HomeAssistant, ledger: Ledger) -> None:
    with patch("homeassistant.components.persistent_notification.async_create") as told:
        ledger.add(session(2))
        await ledger.async_flush()
        await delete(hass)
    _, message, title, _ = told.call_args.args
    assert title == "Personal data deleted"
    assert "- Charging sessions: 1" in message
    assert "**Still there**\n\n- Nothing" in message
    assert "- Backups of Home Assistant" in message


# The search


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "b.tar").write_text("Ada Lovelace")
    return tmp_path


@pytest.mark.parametrize("spelling", ["Émile Zola", "émile zola", "\\u00c9mile Zola", "ÉMILE ZOLA"])
def test_a_word_is_found_however_it_is_spelt(folder: Path, spelling: str) -> None:
    (folder / "x.json").write_text(spelling)
    assert search(folder, needles(["Émile Zola"])).files == ("x.json",)


def test_a_word_across_two_pieces_is_found(folder: Path) -> None:
    (folder / "big").write_bytes(b"x" * (2**18 - 4) + b"Ada Lovelace")
    assert search(folder, needles([NAME])).files == ("big",)


def test_backups_are_not_searched_but_named(folder: Path) -> None:
    assert search(folder, needles([NAME])).files == ()


def test_a_short_word_is_not_looked_for(folder: Path) -> None:
    assert needles(["Ada"]) is None
    assert search(folder, None).files == ()


# What was written elsewhere


async def export(hass: HomeAssistant, path: Path) -> None:
    data = {"path": str(path), "format": path.suffix[1:], "start": "2026-01-01"}
    hass.config.allowlist_external_dirs = {str(path.parent)}
    await hass.services.async_call(DOMAIN, "export_sessions", data, blocking=True)
    assert NAME in path.read_text()


@S7_2
async def test_exports_that_were_written_here_are_deleted(hass: HomeAssistant, ledger: Ledger, tmp_path: Path) -> None:
    ledger.add(session(2))
    share = tmp_path.parent / f"{tmp_path.name}-share"
    share.mkdir()
    await export(hass, share / "mine.csv")
    await export(hass, share / "mine.json")
    await export(hass, share / "changed.csv")
    (share / "changed.csv").write_text(f"{NAME} and more")
    answer = await delete(hass)
    assert [item["count"] for item in answer["erased"] if item["what"] == "exports"] == [2]
    assert [each.name for each in share.iterdir()] == ["changed.csv"]
    assert ("changed_export", str(share / "changed.csv")) in [(item["what"], item["where"]) for item in answer["left"]]
    (share / "changed.csv").unlink()
    again = await delete(hass)
    assert again["is_complete"] is True
    assert "exports" not in what(again["erased"])


@S7_2
async def test_what_cannot_be_reached_is_listed_one_by_one(hass: HomeAssistant, ledger: Ledger) -> None:
    ledger.add(session(2))
    await ledger.async_flush()
    er.async_get(hass).async_update_entity("sensor.garage_power", new_entity_id="sensor.ada_lovelace_s_car")
    hass.states.async_set("person.ada_lovelace", "home")
    home = Path(hass.config.config_dir)
    (home / "backups").mkdir()
    (home / "backups" / "before.tar").write_bytes(NAME.encode())
    (home / "media").mkdir()
    answer = await delete(hass)
    told = [(item["what"], item["where"]) for item in answer["out_of_reach"] if item["where"]]
    assert told == [
        ("backup", "backups/before.tar"),
        ("unsearched_folder", "media"),
        ("entity_id", "person.ada_lovelace"),
        ("entity_id", "sensor.ada_lovelace_s_car"),
    ]


@S7_2
async def test_what_somebody_keeps_the_recorder_from_clearing_away_is_found_in_its_bytes(
    hass: HomeAssistant, recorder_mock: Recorder, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    """Who reads the history keeps its old pages and its log on the disk."""
    await live_here(hass, ledger, charger, freezer)
    reader = sqlite3.connect(recorder_mock.db_url.removeprefix("sqlite:///"), isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM states").fetchone()
    answer = await delete(hass)
    await async_wait_recording_done(hass)
    named = {item["where"] for item in answer["left"] if item["what"] == "file"}
    files = [each for each in files_of(hass, recorder_mock) if not each.name.endswith("-shm")]
    by_grep = {str(file) for file in files if words_in([file], TAG, NAME)}
    assert by_grep
    assert by_grep <= named
    reader.close()


async def test_an_export_whose_request_was_given_up_is_deleted_all_the_same(
    hass: HomeAssistant, tmp_path: Path
) -> None:
    begun, may_go_on, done = Event(), Event(), Event()
    path, text = tmp_path / "stays.csv", "somebody's stays"

    def write() -> None:
        begun.set()
        may_go_on.wait(30)
        path.write_text(text)
        done.set()

    request = hass.async_create_task(exports_of(hass).async_write(path, text, ["01GARAGE"], write))
    await hass.async_add_executor_job(begun.wait, 30)
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    may_go_on.set()
    await hass.async_add_executor_job(done.wait, 30)
    assert await exports_of(hass).async_delete(None) == (1, [])
    assert not path.exists()
