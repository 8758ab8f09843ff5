# ruff: noqa: ASYNC240, RUF001  the tests look at the files of a home that waits for them, and at their dashes
"""The quarterly report of the On-Street Residential Chargepoint Scheme, as Home Assistant writes it."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory, real_monotonic
from homeassistant.components.media_source import Unresolvable, async_browse_media, async_resolve_media
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.helpers import entity_registry as er, issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.keeping import usage_reports
from custom_components.smart_charge.keeping.nightly import Keeping
from custom_components.smart_charge.keeping.usage_reports import SIGNAL_REPORT, async_clear_away, async_write_due
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.errors import LedgerLocked
from custom_components.smart_charge.records.values import OutletKey, SessionRecord

from .flow_words import readable
from .shell import IDLE, FakeCharger, after, at, modbus_entry, set_up_fake, settle
from .test_site import add, site_entry

SCHEME = {"operator": "Kerb Power Ltd", "authority": "Anytown Council", "residents_only": False}
LEFT, RIGHT = OutletKey(charge_point="01GARAGE"), OutletKey(charge_point="01CARPORT")
GOLDEN = Path(__file__).parent / "golden" / "usage_2026-Q4.csv"
NEW_YEAR = datetime(2027, 1, 1, 0, 0, tzinfo=UTC)


_NIGHTS: list[datetime] = []


@pytest.fixture(autouse=True)
def _at_sharp() -> Iterator[None]:
    """The nightly work is done on the hour, and we hear when it is done."""
    real = Keeping._async_night

    async def heard(keeping: Keeping, now: datetime) -> None:
        await real(keeping, now)
        _NIGHTS.append(now)

    with (
        patch("custom_components.smart_charge.keeping.nightly.secrets.randbelow", return_value=0),
        patch.object(Keeping, "_async_night", heard),
    ):
        yield


@pytest.fixture
def folder(hass: HomeAssistant) -> Path:
    return Path(hass.config.path("smart_charge_reports"))


@pytest.fixture
async def site(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """Two charge points of a council, and the site that takes part in the scheme."""
    other = FakeCharger()
    other.say(**IDLE)
    like = modbus_entry(port=503)
    carport = MockConfigEntry(
        domain=DOMAIN, title="Carport", unique_id="B7654321", entry_id="01CARPORT", data=dict(like.data),
        options=dict(like.options),
    )  # fmt: skip
    await set_up_fake(hass, other, carport)
    site = site_entry(orcs=SCHEME)
    await add(hass, site)
    return site


async def walk(hass: HomeAssistant, site: MockConfigEntry, *answers: dict[str, Any]) -> dict[str, Any]:
    """Go through the options of the site."""
    result = readable(await hass.config_entries.options.async_init(site.entry_id), "options")
    for answer in ({"next_step_id": "orcs"}, *answers):
        result = readable(await hass.config_entries.options.async_configure(result["flow_id"], answer), "options")
    await settle(hass)
    return result


async def describe(hass: HomeAssistant, site: MockConfigEntry, outlet: OutletKey, **facts: Any) -> dict[str, Any]:
    known = {"public_id": "AC1000001", "rated_kw": 7.0, "is_dc": False, "since": "2026-10-01"}
    chosen = {"outlet": f"{outlet.charge_point}/1"}
    return await walk(hass, site, {"next_step_id": "orcs_outlet"}, chosen, known | facts)


@pytest.fixture
async def outlets(hass: HomeAssistant, site: MockConfigEntry) -> None:
    await describe(hass, site, LEFT, public_id="AC1000001")
    await describe(hass, site, RIGHT, public_id="AC1000002")


def stay(outlet: OutletKey, began: str, ended: str | None, wh: int, **more: Any) -> SessionRecord:
    """A stay in UTC; it charges from a minute after plug-in until an hour before the end."""
    begin = datetime.fromisoformat(began).replace(tzinfo=UTC)
    end = None if ended is None else datetime.fromisoformat(ended).replace(tzinfo=UTC)
    facts: dict[str, Any] = {
        "outlet": outlet, "plugged_in_at": begin, "charge_started_at": begin + timedelta(minutes=1),
        "charge_ended_at": None if end is None else end - timedelta(hours=1), "unplugged_at": end,
        "seen_at": end or begin + timedelta(hours=2), "is_open": end is None, "import_wh": wh, "tag": "04A2B3C4",
    }  # fmt: skip
    return SessionRecord(**facts | more)


STAYS = (
    stay(LEFT, "2026-09-30T17:00:10", "2026-10-01T06:30:31", 21_504),  # into the quarter
    stay(RIGHT, "2026-10-03T18:04:29", "2026-10-03T23:15:00", 12_345),  # over midnight, by summer time
    stay(LEFT, "2026-10-24T22:10:00", "2026-10-25T07:00:00", 30_005),  # over the end of summer time
    stay(RIGHT, "2026-10-25T00:40:00", "2026-10-25T02:10:00", 6_000),  # within the hour that comes twice
    stay(LEFT, "2026-11-02T19:00:00", "2026-11-03T07:00:00", 5_000, export_wh=7_505),  # gave more than it took
    stay(RIGHT, "2026-11-10T08:00:00", "2026-11-10T09:00:00", 0, charge_started_at=None, charge_ended_at=None),
    stay(LEFT, "2026-12-05T18:00:00", "2026-12-06T08:00:00", 14_000, unplugged_at=None),  # nobody saw it leave
    stay(RIGHT, "2026-12-30T18:00:00", "2026-12-31T23:59:40", 20_000),  # ends in the quarter, is written next year
    stay(LEFT, "2026-12-31T20:00:00", "2027-01-01T07:00:00", 11_000),  # over the quarter's end
)


async def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so. The clock stands, so it is no use to sleep."""
    deadline = real_monotonic() + 30
    while not is_so():
        assert real_monotonic() < deadline
        await asyncio.sleep(0)


async def keep(hass: HomeAssistant, *stays: SessionRecord) -> None:
    ledger = hass.data[DATA_LEDGER]
    ledger.add(*stays)
    await ledger.async_flush()


async def night(hass: HomeAssistant, freezer: FrozenDateTimeFactory, day: datetime) -> None:
    """Let it be three in the morning, and see the night's work done."""
    done = len(_NIGHTS)
    await at(hass, freezer, day.replace(hour=3, second=1))
    await until(lambda: len(_NIGHTS) > done)
    await settle(hass)


def reports(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


@pytest.mark.requirement("O1")
@pytest.mark.requirement("O2")
@pytest.mark.requirement("O3")
@pytest.mark.requirement("O4")
@pytest.mark.requirement("O8")
async def test_a_quarter_is_reported_by_itself_on_the_day_after_its_end(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory, folder: Path
) -> None:
    await keep(hass, *STAYS)
    await night(hass, freezer, NEW_YEAR - timedelta(days=1))
    assert reports(folder) == []
    await night(hass, freezer, NEW_YEAR)
    name = "270101 – On-Street CP usage data – Kerb Power Ltd – Anytown Council"
    assert reports(folder) == [f"{name} – remarks.csv", f"{name}.csv"]
    assert (folder / f"{name}.csv").read_bytes() == GOLDEN.read_bytes()
    remarks = (folder / f"{name} – remarks.csv").read_text()
    assert "left_out_still_plugged_in" in remarks
    assert "left_out_nothing_charged" in remarks
    assert "no_unplug_time" in remarks
    assert "clock_went_back_during_the_event" in remarks
    assert "04A2B3C4" not in remarks
    assert (folder / f"{name}.csv").stat().st_mode & 0o777 == 0o600


@pytest.mark.requirement("O4")
async def test_an_event_tells_that_a_report_is_ready(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory, folder: Path
) -> None:
    await keep(hass, *STAYS)
    await night(hass, freezer, NEW_YEAR)
    state = hass.states.get("event.site_usage_report")
    assert state is not None
    assert state.attributes["event_type"] == "ready"
    assert Path(state.attributes["file"]).is_file()
    assert state.attributes["quarter"] == "2026-Q4"
    assert state.attributes["subject"] == "270101 – On-Street CP usage data – Kerb Power Ltd – Anytown Council"
    assert state.attributes["events"] == 7
    assert state.attributes["completeness"] == pytest.approx(1 - 1 / 42, abs=1e-4)


@pytest.mark.requirement("O4")
async def test_a_report_is_a_media_source_for_whoever_mails_it(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory, folder: Path
) -> None:
    assert await async_setup_component(hass, "media_source", {})
    await keep(hass, *STAYS)
    await night(hass, freezer, NEW_YEAR)
    told = hass.states.get("event.site_usage_report").attributes  # type: ignore[union-attr]
    for media, file in (("media", "file"), ("remarks_media", "remarks_file")):
        found = await async_resolve_media(hass, told[media], None)
        assert (str(found.path), found.mime_type) == (told[file], "text/csv")
    listed = await async_browse_media(hass, f"media-source://{DOMAIN}")
    assert [each.title for each in listed.children or ()] == [told["subject"], f"{told['subject']} – remarks"]


@pytest.mark.parametrize("name", ["secrets.yaml", "../smart_charge.db", "270101 – On-Street CP usage data – A – B.csv"])
async def test_no_other_file_is_a_media_source(hass: HomeAssistant, outlets: None, folder: Path, name: str) -> None:
    assert await async_setup_component(hass, "media_source", {})
    folder.mkdir(exist_ok=True)
    (folder / "secrets.yaml").write_text("none")
    with pytest.raises(Unresolvable) as refused:
        await async_resolve_media(hass, f"media-source://{DOMAIN}/{name}", None)
    assert refused.value.translation_key == "no_such_report"


@pytest.mark.requirement("O4")
async def test_a_report_is_caught_up_when_home_assistant_was_off_that_day(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory, folder: Path
) -> None:
    await keep(hass, *STAYS)
    freezer.move_to(NEW_YEAR + timedelta(days=4, hours=9))
    Keeping(hass).start()  # as a start of Home Assistant does
    await settle(hass)
    await after(hass, freezer, minutes=3)
    await until(lambda: len(reports(folder)) == 2)
    assert [name for name in reports(folder) if "remarks" not in name] == [
        "270105 – On-Street CP usage data – Kerb Power Ltd – Anytown Council.csv"
    ]
    await night(hass, freezer, NEW_YEAR + timedelta(days=6))
    assert len(reports(folder)) == 2


@pytest.mark.requirement("O3")
@pytest.mark.requirement("O4")
async def test_quarters_that_are_caught_up_on_one_day_are_files_of_their_own(
    hass: HomeAssistant, site: MockConfigEntry, freezer: FrozenDateTimeFactory, folder: Path
) -> None:
    await describe(hass, site, LEFT, since="2026-04-01")
    told: list[dict[str, Any]] = []
    async_dispatcher_connect(hass, SIGNAL_REPORT, told.append)
    await keep(hass, stay(LEFT, "2026-05-05T18:00:00", "2026-05-06T06:00:00", 5_500), *STAYS)
    freezer.move_to(NEW_YEAR + timedelta(days=4))
    await async_write_due(hass)
    running = await export(hass, quarter="2027-Q1")
    last = await export(hass, quarter="2026-Q4")
    rest = "On-Street CP usage data – Kerb Power Ltd – Anytown Council"
    assert [(each["quarter"], each["subject"]) for each in (*told, running, last)] == [
        ("2026-Q2", f"260701 – {rest}"),
        ("2026-Q3", f"261001 – {rest}"),
        ("2026-Q4", f"270105 – {rest}"),
        ("2027-Q1", f"270401 – {rest}"),
        ("2026-Q4", f"270105 – {rest}"),
    ]
    assert "5.50" in Path(told[0]["file"]).read_text()
    assert "5.50" not in Path(told[-1]["file"]).read_text()


@pytest.mark.requirement("O4")
async def test_a_folder_that_cannot_be_written_is_told_then_tried_again(
    hass: HomeAssistant, outlets: None, site: MockConfigEntry, freezer: FrozenDateTimeFactory, tmp_path: Path
) -> None:
    share = tmp_path / "share"
    hass.config.allowlist_external_dirs = {str(tmp_path)}
    hass.config_entries.async_update_entry(site, options={"orcs": SCHEME | {"folder": str(share)}})
    await settle(hass)
    await night(hass, freezer, NEW_YEAR)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "usage_report_failed")
    assert issue is not None
    assert issue.translation_placeholders is not None
    assert issue.translation_placeholders["quarter"] == "2026-Q4"
    share.mkdir()
    await night(hass, freezer, NEW_YEAR + timedelta(days=1))
    assert len(reports(share)) == 2
    assert ir.async_get(hass).async_get_issue(DOMAIN, "usage_report_failed") is None


async def export(hass: HomeAssistant, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(DOMAIN, "export_usage_data", data, blocking=True, return_response=True)
    assert isinstance(answer, dict)
    return answer


@pytest.mark.requirement("O4")
@pytest.mark.requirement("O5")
async def test_the_action_writes_a_quarter_and_lists_what_is_wrong(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory
) -> None:
    await keep(hass, *STAYS)
    freezer.move_to(NEW_YEAR + timedelta(days=10))
    answer = await export(hass)
    assert (answer["quarter"], answer["events"], answer["has_changed"]) == ("2026-Q4", 7, False)
    assert Path(answer["file"]).is_file()
    assert {each["remark"] for each in answer["listed"]} >= {"no_unplug_time", "left_out_nothing_charged"}
    assert answer["is_complete_enough"] is False  # nobody watched the outlets
    await keep(hass, stay(RIGHT, "2026-12-12T18:00:00", "2026-12-12T23:00:00", 9_000))
    again = await export(hass, quarter="2026-q4")
    assert (again["events"], again["has_changed"]) == (8, True)


@pytest.mark.requirement("O4")
async def test_a_quarter_asked_for_while_it_is_being_written_is_written_twice(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory, folder: Path
) -> None:
    await keep(hass, *STAYS)
    freezer.move_to(NEW_YEAR + timedelta(days=10))
    answers = await asyncio.gather(*(export(hass) for _ in range(6)))
    assert {answer["events"] for answer in answers} == {7}
    await until(lambda: not any(path.name.startswith(".") for path in folder.iterdir()))  # it may write by itself too


@pytest.mark.parametrize(("quarter", "key"), [("last", "no_quarter"), ("2031-Q1", "quarter_to_come")])
async def test_a_quarter_that_is_none_is_refused(hass: HomeAssistant, outlets: None, quarter: str, key: str) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await export(hass, quarter=quarter)
    assert refused.value.translation_key == key


async def test_without_the_scheme_nothing_is_exported(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory, folder: Path
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await export(hass)
    assert refused.value.translation_key == "scheme_not_in_use"
    await night(hass, freezer, NEW_YEAR)
    assert reports(folder) == []
    assert hass.states.get("event.site_usage_report") is None


async def test_a_link_in_place_of_the_folder_writes_nowhere_else(
    hass: HomeAssistant, outlets: None, tmp_path: Path
) -> None:
    elsewhere = tmp_path.parent / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    hass.config.allowlist_external_dirs = set()
    linked = tmp_path / "linked"
    linked.symlink_to(elsewhere)
    (site,) = [each for each in hass.config_entries.async_entries(DOMAIN) if each.entry_id == "01SITE"]
    hass.config_entries.async_update_entry(site, options={"orcs": SCHEME | {"folder": str(linked)}})
    await settle(hass)
    with pytest.raises(ServiceValidationError) as refused:
        await export(hass)
    assert refused.value.translation_key == "folder_unfit"
    assert list(elsewhere.iterdir()) == []


# The site's options


async def test_the_scheme_is_set_up_in_the_options(hass: HomeAssistant, entry: MockConfigEntry, folder: Path) -> None:
    site = site_entry()
    await add(hass, site)
    nameless = await walk(hass, site, SCHEME | {"operator": "  "})
    assert nameless["errors"] == {"operator": "name_missing"}
    bad = await walk(hass, site, SCHEME | {"folder": "/etc"})
    assert bad["errors"] == {"folder": "folder_unfit"}
    done = readable(await hass.config_entries.options.async_configure(bad["flow_id"], SCHEME), "options")
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert site.options["orcs"] == SCHEME
    await settle(hass)
    assert hass.states.get("event.site_usage_report") is not None
    await walk(hass, site, {"next_step_id": "orcs_end"}, {})
    assert "orcs" not in site.options


async def test_the_schemes_entities_go_with_it_and_come_back(
    hass: HomeAssistant, outlets: None, site: MockConfigEntry, entry: MockConfigEntry, charger: FakeCharger
) -> None:
    registry = er.async_get(hass)
    ids = [
        "event.site_usage_report", "sensor.garage_equipment_class", "sensor.garage_available_this_month",
        "sensor.carport_equipment_class", "sensor.carport_available_this_month",
    ]  # fmt: skip
    assert all(hass.states.get(each) for each in ids)
    registry.async_update_entity(ids[1], name="Class")
    await hass.config_entries.async_reload(site.entry_id)
    await hass.config_entries.async_unload(entry.entry_id)
    await set_up_fake(hass, charger, entry)
    await settle(hass)
    kept = registry.async_get(ids[1])
    assert kept is not None
    assert kept.name == "Class"
    await walk(hass, site, {"next_step_id": "orcs_end"}, {})
    assert [each for each in ids if hass.states.get(each) or registry.async_get(each)] == []
    await walk(hass, site, SCHEME)
    assert all(hass.states.get(each) for each in ids)
    hass.config_entries.async_update_entry(site, options={})
    await settle(hass)
    assert [each for each in ids if hass.states.get(each) or registry.async_get(each)] == []


@pytest.mark.requirement("O6")
async def test_changing_an_id_asks_twice(hass: HomeAssistant, outlets: None, site: MockConfigEntry) -> None:
    asked = await describe(hass, site, LEFT, public_id="AC9999999")
    assert asked["step_id"] == "orcs_confirm_id"
    assert asked["description_placeholders"] == {"before": "AC1000001", "after": "AC9999999"}
    flow = hass.config_entries.options
    back = readable(await flow.async_configure(asked["flow_id"], {"confirm": False}), "options")
    assert back["step_id"] == "orcs_facts"
    facts = {"public_id": "AC9999999", "rated_kw": 7.0, "is_dc": False, "since": "2026-10-01"}
    again = readable(await flow.async_configure(asked["flow_id"], facts), "options")
    assert again["step_id"] == "orcs_confirm_id"
    done = await flow.async_configure(asked["flow_id"], {"confirm": True})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    answer = await hass.services.async_call(DOMAIN, "get_availability", {}, blocking=True, return_response=True)
    assert answer is not None
    assert {each["public_id"] for each in answer["outlets"]} == {"AC9999999", "AC1000002"}  # type: ignore[union-attr,index,call-overload]


@pytest.mark.requirement("O6")
@pytest.mark.parametrize(("public_id", "error"), [("AC1000002", "id_taken"), ("=1+1", "id_unfit")])
async def test_an_id_that_cannot_be_one_is_refused(
    hass: HomeAssistant, outlets: None, site: MockConfigEntry, public_id: str, error: str
) -> None:
    asked = await describe(hass, site, LEFT, public_id=public_id)
    assert asked["errors"] == {"public_id": error}


async def test_an_outlet_that_cannot_be_written_down_is_said_so(
    hass: HomeAssistant, outlets: None, site: MockConfigEntry
) -> None:
    locked = HomeAssistantError("locked")
    with patch.object(hass.data[DATA_LEDGER], "async_ask", side_effect=locked):
        asked = await describe(hass, site, LEFT)
    assert asked["errors"] == {"base": "records_unavailable"}


async def test_without_a_charge_point_there_is_no_outlet_to_describe(hass: HomeAssistant) -> None:
    site = site_entry(orcs=SCHEME)
    await add(hass, site)
    told = await walk(hass, site, {"next_step_id": "orcs_outlet"})
    assert told["reason"] == "no_charge_point"


@pytest.mark.requirement("O7")
async def test_a_class_that_is_not_permitted_is_said_so(
    hass: HomeAssistant, outlets: None, site: MockConfigEntry
) -> None:
    state = hass.states.get("sensor.garage_equipment_class")
    assert state is not None
    assert (state.state, state.attributes["is_permitted"]) == ("standard_ac", True)
    told = await describe(hass, site, LEFT, rated_kw=43.0)
    assert told["step_id"] == "orcs_not_permitted"
    done = await hass.config_entries.options.async_configure(told["flow_id"], {})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass)
    state = hass.states.get("sensor.garage_equipment_class")
    assert state is not None
    assert (state.state, state.attributes["is_permitted"]) == ("semi_rapid_ac", False)


@pytest.mark.requirement("O9")
async def test_availability_is_shown_by_month(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory
) -> None:
    for _ in range(6):
        await after(hass, freezer, minutes=10)
    await hass.data[DATA_LEDGER].async_flush()
    answer = await hass.services.async_call(DOMAIN, "get_availability", {}, blocking=True, return_response=True)
    assert answer is not None
    (right,) = [each for each in answer["outlets"] if each["charge_point"] == "01CARPORT"]  # type: ignore[union-attr,index,call-overload]
    months = {each["month"]: each for each in right["months"]}  # type: ignore[union-attr,index,call-overload]
    assert len(months) == 12
    assert months["2026-11"]["available"] == 1.0
    assert months["2026-10"]["available"] is None
    await after(hass, freezer, hours=1, seconds=1)
    state = hass.states.get("sensor.carport_available_this_month")
    assert state is not None
    assert state.state == "100.0"


@pytest.mark.requirement("O5")
async def test_records_are_kept_for_three_years_in_the_scheme_only(
    hass: HomeAssistant, outlets: None, site: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    old = stay(LEFT, "2025-01-05T18:00:00", "2025-01-05T23:00:00", 9_000)
    await keep(hass, old)
    ledger = hass.data[DATA_LEDGER]

    async def kept() -> int:
        return len(await ledger.async_ask(lambda journal: journal.sessions(old.plugged_in_at, old.seen_at)))

    await night(hass, freezer, datetime(2026, 11, 25, tzinfo=UTC))
    assert await kept() == 1
    hass.config_entries.async_update_entry(site, options={})
    await settle(hass)
    await night(hass, freezer, datetime(2026, 11, 26, tzinfo=UTC))
    assert await kept() == 0


async def test_what_a_kill_left_half_written_is_cleared_away(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory, folder: Path
) -> None:
    folder.mkdir(exist_ok=True)
    left, under_way, others = (
        folder / name for name in (".smart_charge-abc.unfinished", ".smart_charge-def.unfinished", ".abc.unfinished")
    )
    for each in (left, under_way, others):
        each.write_text("half a report")
    os.utime(left, (1, 1))
    os.utime(others, (1, 1))
    under_way_at = NEW_YEAR.timestamp()
    os.utime(under_way, (under_way_at, under_way_at))
    freezer.move_to(NEW_YEAR)
    await async_clear_away(hass)
    assert (left.exists(), under_way.exists(), others.exists()) == (False, True, True)


@pytest.mark.requirement("O4")
async def test_a_night_that_comes_while_a_start_catches_up_writes_nothing_twice(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory, caplog: pytest.LogCaptureFixture
) -> None:
    await keep(hass, *STAYS)
    freezer.move_to(NEW_YEAR + timedelta(hours=1))
    await asyncio.gather(*(async_write_due(hass) for _ in range(4)))
    assert caplog.text.count("The usage report of 2026-Q4 was written") == 1


@pytest.mark.requirement("O4")
async def test_a_report_is_announced_though_nobody_can_tell_whose_it_is_to_announce(
    hass: HomeAssistant, outlets: None, freezer: FrozenDateTimeFactory
) -> None:
    told: list[str] = []
    async_dispatcher_connect(hass, SIGNAL_REPORT, lambda facts: told.append(facts["type"]))
    await keep(hass, *STAYS)
    freezer.move_to(NEW_YEAR + timedelta(hours=1))
    with patch.object(usage_reports, "claim", side_effect=LedgerLocked("busy")):
        await async_write_due(hass)
    await async_write_due(hass)  # it is written, so it is due no more
    assert told == ["ready"]
