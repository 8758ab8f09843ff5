"""The security log as a home keeps it: who is written down, what may be read by whom, and who has changed it."""

from contextlib import closing
from datetime import datetime, timedelta
import json
from pathlib import Path
import sqlite3
import subprocess
import sys
import textwrap
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.smart_charge.chargers.ocpp.peers import PeerEvent, PeerKind
from custom_components.smart_charge.const import CONF_MODE, CONF_SAFETY_LOCK, DOMAIN
from custom_components.smart_charge.guard import DATA_GUARD, note_report
from custom_components.smart_charge.keeping.log_watch import DATA_LOG_WATCH
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.listener_events import PeerWatch
from custom_components.smart_charge.records.chain import read_export, verify_chain
from custom_components.smart_charge.security.events import MOST_FROM_OUTSIDE, Kind

from .shell import after, settle

S10_1 = pytest.mark.requirement("S10.1")
TAG = "04A2B3C4D5E6F7"
NOT_REFUSED = (PeerKind.CONNECTED, PeerKind.DISCONNECTED, PeerKind.NEW_CONNECTOR)


async def ask(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
    assert isinstance(answer, dict)
    return answer


async def events(hass: HomeAssistant, kind: Kind | None = None) -> list[dict[str, Any]]:
    found = (await ask(hass, "list_security_events", limit=5000))["events"]
    return [each for each in found if kind is None or each["kind"] == kind.value]


def knock(hass: HomeAssistant, kind: PeerKind = PeerKind.WRONG_PASSWORD, name: str = "CP1") -> None:
    watch = PeerWatch(hass, 9000)
    watch.notice(PeerEvent(kind=kind, charge_point_id=name, address="192.0.2.7", version="ocpp1.6", detail="`x`"))
    watch.close()


@S10_1
@pytest.mark.parametrize("kind", [kind for kind in PeerKind if kind not in NOT_REFUSED])
async def test_a_call_that_did_not_get_through_is_written_down(
    hass: HomeAssistant, entry: MockConfigEntry, kind: PeerKind
) -> None:
    knock(hass, kind)
    (found,) = await events(hass, Kind(kind.value if kind is not PeerKind.UNKNOWN else "unknown_charge_point"))
    assert found["detail"]["charge_point_id"] == "CP1"
    assert found["detail"]["address"].startswith("~")
    assert "192.0.2.7" not in json.dumps(found)


@pytest.mark.requirement("S10.2")
async def test_instants_are_utc_whatever_the_clock_on_the_wall(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config.async_set_time_zone("Australia/Sydney")
    knock(hass)
    (found,) = await events(hass, Kind.WRONG_PASSWORD)
    at = datetime.fromisoformat(found["at"])
    assert at.utcoffset() == timedelta(0)
    assert at == dt_util.utcnow()


@S10_1
async def test_noise_cannot_fill_the_log(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    for number in range(500):
        knock(hass, PeerKind.BAD_HANDSHAKE, f"CP{number}")
    assert len(await events(hass, Kind.BAD_HANDSHAKE)) == MOST_FROM_OUTSIDE
    await after(hass, freezer, minutes=61)
    (summed,) = await events(hass, Kind.REPEATED)
    assert (summed["detail"]["what"], summed["detail"]["count"]) == ("bad_handshake", 500 - MOST_FROM_OUTSIDE)


@S10_1
async def test_what_people_do_is_written_down_without_their_names(
    hass: HomeAssistant, entry: MockConfigEntry, hass_admin_user: MockUser
) -> None:
    context = Context(user_id=hass_admin_user.id)
    await hass.services.async_call(DOMAIN, "set_tag", {"tag": TAG, "name": "Ada"}, blocking=True, context=context)
    await hass.services.async_call(DOMAIN, "remove_tag", {"tag": TAG}, blocking=True, context=context)
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_SAFETY_LOCK: True})
    await settle(hass)
    found = await events(hass)
    kinds = [each["kind"] for each in found]
    assert {"charge_point_added", "tag_listed", "tag_removed", "safety_lock"} <= set(kinds)
    told = json.dumps(found)
    assert TAG not in told
    assert "Ada" not in told
    assert hass_admin_user.id not in told
    listed, removed = (next(each for each in found if each["kind"] == kind) for kind in ("tag_listed", "tag_removed"))
    assert listed["detail"]["tag"] == removed["detail"]["tag"]


@S10_1
async def test_the_end_of_a_charge_point_is_written_down(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    (found,) = await events(hass, Kind.CHARGE_POINT_REMOVED)
    assert found["detail"] == {"charge_point": "01GARAGE", "protocol": "modbus"}


@S10_1
@pytest.mark.requirement("S9.1")
@pytest.mark.parametrize("action", ["list_security_events", "export_security_log"])
async def test_only_an_administrator_reads_it_and_a_try_is_written_down(
    hass: HomeAssistant, entry: MockConfigEntry, hass_read_only_user: MockUser, action: str
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, action, {}, blocking=True, return_response=True, context=Context(user_id=hass_read_only_user.id)
        )
    (found,) = await events(hass, Kind.ACTION_REFUSED)
    assert found["detail"]["action"] == action


@S10_1
@pytest.mark.requirement("S8.3")
async def test_tampering_is_told_to_the_owner(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    note_report(hass, entry, "TamperDetectionActivated")
    note_report(hass, entry, "StartupOfTheDevice")
    (found,) = await events(hass, Kind.TAMPERING)
    assert found["detail"] == {"charge_point": "01GARAGE", "type": "TamperDetectionActivated"}
    assert len(await events(hass, Kind.CHARGE_POINT_REPORT)) == 1
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "tampering_01GARAGE")
    assert issue is not None
    assert issue.severity is ir.IssueSeverity.ERROR


@S10_1
async def test_a_clock_that_goes_back_is_written_down(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    await after(hass, freezer, minutes=2)
    assert await events(hass, Kind.CLOCK_WENT_BACK) == []
    hass.data[DATA_GUARD].clock_showed(dt_util.utcnow() + timedelta(hours=3))
    (found,) = await events(hass, Kind.CLOCK_WENT_BACK)
    assert found["detail"]["seconds"] == 10_800


@S10_1
async def test_an_export_can_be_checked_by_anybody(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    knock(hass)
    answer = await ask(hass, "export_security_log")
    assert (answer["is_whole"], answer["broken_at"]) == (True, None)
    assert verify_chain(answer["site"], read_export(answer["log"]), first=1).is_whole
    assert "192.0.2.7" not in answer["log"]
    assert Kind.DATA_EXPORTED.value in answer["log"]


def checked_by_hand(answer: dict[str, Any]) -> str:
    """Run what the documentation gives an outsider, who has nothing of ours but the answer."""
    page = (Path(__file__).parent.parent / "docs" / "records.md").read_text()
    (script,) = (part for part in page.split("```") if part.startswith("python\n  import hashlib"))
    lines = textwrap.dedent(script.removeprefix("python\n"))
    ran = subprocess.run(
        [sys.executable, "-I", "-c", lines], input=json.dumps(answer), capture_output=True, text=True, check=False
    )
    return (ran.stdout + ran.stderr).strip()


@S10_1
async def test_an_outsider_finds_what_was_changed_in_an_export(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    for number in range(4):
        knock(hass, name=f"CP{number}é")
    answer = await ask(hass, "export_security_log")
    log = answer["log"].splitlines(keepends=True)
    last = json.loads(log[-1])
    told = await hass.async_add_executor_job(checked_by_hand, answer)
    assert told == f"whole up to {last['number']} {last['digest']}"
    third = json.loads(log[2])
    for changed in (
        [*log[:2], json.dumps(third | {"kind": "safety_lock"}) + "\n", *log[3:]],
        [*log[:2], *log[3:]],
        [*log[:2], log[3], log[2], *log[4:]],
    ):
        told = await hass.async_add_executor_job(checked_by_hand, answer | {"log": "".join(changed)})
        assert told.startswith("broken at ")


@S10_1
async def test_which_settings_were_changed_is_written_down(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    hass.config_entries.async_update_entry(entry, options={**entry.options, CONF_MODE: "always"})
    await settle(hass)
    (found,) = await events(hass, Kind.SETTINGS_CHANGED)
    assert found["detail"] == {"charge_point": "01GARAGE", "settings": ["mode"]}


def tamper(hass: HomeAssistant, statement: str) -> None:
    with closing(sqlite3.connect(hass.data[DATA_LEDGER].path)) as records, records:
        records.execute(statement)
    records.close()


def is_raised(hass: HomeAssistant) -> bool:
    return ir.async_get(hass).async_get_issue(DOMAIN, "security_log_broken") is not None


@S10_1
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE security_log SET detail = '{}' WHERE number = 2",
        "DELETE FROM security_log WHERE number = 2",
        "DELETE FROM security_log WHERE number > 1",
        "DELETE FROM security_log",
    ],
)
async def test_who_changes_the_log_is_found_out_the_next_night(
    hass: HomeAssistant, entry: MockConfigEntry, statement: str
) -> None:
    for number in range(5):
        knock(hass, name=f"CP{number}")
    watch = hass.data[DATA_LOG_WATCH]
    assert (await watch.async_check()).is_whole
    assert not is_raised(hass)
    tamper(hass, statement)
    assert not (await watch.async_check()).is_whole
    assert is_raised(hass)
    assert not (await watch.async_check()).is_whole
    await hass.data[DATA_LEDGER].async_flush()
    assert len(await events(hass, Kind.LOG_BROKEN)) == 1

    await async_setup_component(hass, "repairs", {})
    await hass.async_block_till_done()
    flows = hass.data["repairs"]["flow_manager"]
    form = await flows.async_init(DOMAIN, data={"issue_id": "security_log_broken"})
    done = await flows.async_configure(form["flow_id"], {})
    assert done["type"].value == "create_entry"
    knock(hass, name="CP9")
    assert (await watch.async_check()).is_whole
    assert not is_raised(hass)
    tamper(hass, "UPDATE security_log SET detail = '{}' WHERE number = (SELECT max(number) FROM security_log)")
    assert not (await watch.async_check()).is_whole


@S10_1
async def test_when_the_record_of_the_end_is_lost_no_entry_is_refused(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    knock(hass)
    await hass.data[DATA_LEDGER].async_flush()
    tamper(hass, "DELETE FROM security_heads")
    knock(hass, name="CP2")
    assert len(await events(hass, Kind.WRONG_PASSWORD)) == 2
    assert (await hass.data[DATA_LOG_WATCH].async_check()).is_whole


@S10_1
async def test_a_log_that_was_replaced_by_another_whole_one_is_found_out(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    knock(hass)
    ledger, watch = hass.data[DATA_LEDGER], hass.data[DATA_LOG_WATCH]
    assert (await watch.async_check()).is_whole
    tamper(hass, "DELETE FROM security_log")
    tamper(hass, "DELETE FROM security_heads")
    for number in range(5):
        knock(hass, PeerKind.ID_CONFLICT, f"CP{number}")
    await ledger.async_flush()
    assert (await ledger.async_ask(lambda journal: journal.security.verify())).is_whole
    assert not (await watch.async_check()).is_whole


async def test_entries_of_a_period_are_listed(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    knock(hass)
    await after(hass, freezer, hours=2)
    since = dt_util.utcnow()
    knock(hass, name="CP2")
    until = since + timedelta(hours=1)
    found = await ask(hass, "list_security_events", since=since.isoformat(), until=until.isoformat())
    knocks = [each["detail"]["charge_point_id"] for each in found["events"] if each["kind"] == "wrong_password"]
    assert knocks == ["CP2"]
    assert (await ask(hass, "list_security_events", limit=1))["left_out"] > 0
