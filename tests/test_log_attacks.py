"""Somebody who can write to the records' file, and to nothing else, changes the security log (S10.1)."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
import shutil
import sqlite3
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.keeping.log_watch import DATA_LOG_WATCH
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.chain import digest_of
from custom_components.smart_charge.security.events import Kind

from .shell import after, settle
from .test_security_log import ask, events, knock

pytestmark = pytest.mark.requirement("S10.1")

type Attack = Callable[[sqlite3.Connection], object]


def entries(records: sqlite3.Connection) -> list[dict[str, Any]]:
    records.row_factory = sqlite3.Row
    return [dict(row) for row in records.execute("SELECT * FROM security_log ORDER BY number")]


def put(records: sqlite3.Connection, rows: list[dict[str, Any]], first: int | None = None) -> None:
    """Make a chain of rows in which each fits the one before, and a record of its end: all that the file can tell."""
    records.execute("DELETE FROM security_log")
    for row, before in zip(rows, [None, *rows], strict=False):
        previous = row["previous"] if before is None else before["digest"]
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row["at"])
        said = {name: row[name] for name in ("number", "kind", "detail", "event_id")}
        row |= {"previous": previous, "digest": digest_of(row["site"], previous, at=at, **said)}
        records.execute(
            "INSERT INTO security_log VALUES (:site,:number,:event_id,:at,:kind,:detail,:previous,:digest)", row
        )
    end = {"number": rows[-1]["number"], "digest": rows[-1]["digest"], "first": first or rows[0]["number"]}
    records.execute("UPDATE security_heads SET number = :number, digest = :digest, first_number = :first", end)


def forge(change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> Attack:
    return lambda records: put(records, change(entries(records)))


def renumbered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    first = rows[0]["number"]
    return [row | {"number": first + place} for place, row in enumerate(rows)]


def other(row: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return row | {"event_id": f"forged-{row['number']}"} | facts


def rotate(records: sqlite3.Connection) -> None:
    """All goes, as if the log had been full."""
    (last,) = entries(records)[-1:]
    number = last["number"] + 1
    note = f'{{"dropped":{last["number"]},"first_number":{number}}}'
    put(records, [other(last, number=number, kind="log_rotated", detail=note)])


def swap(records: sqlite3.Connection) -> None:
    """A whole log of another home is put in place of ours."""
    rows = entries(records)
    site = rows[0]["site"]
    put(records, [row | {"site": "neighbour"} for row in rows])
    records.execute("UPDATE security_log SET site = ?", (site,))


ATTACKS: dict[str, Attack] = {
    "an entry is edited, and all behind it made to fit": forge(
        lambda rows: [rows[0], other(rows[1], detail="{}"), *rows[2:]]
    ),
    "an entry is left out": forge(lambda rows: renumbered([rows[0], *rows[2:]])),
    "an entry is put in": forge(lambda rows: renumbered([rows[0], other(rows[0]), *rows[1:]])),
    "two entries change places": forge(lambda rows: renumbered([rows[1], rows[0], *rows[2:]])),
    "the last entries are cut off": forge(lambda rows: rows[:-2]),
    "the first entries are cut off": forge(lambda rows: rows[3:]),
    "all but an invented rotation goes": rotate,
    "the log of another home is put in its place": swap,
    "all goes": lambda records: records.executescript("DELETE FROM security_log; DELETE FROM security_heads"),
    "nothing of it can be read": lambda records: records.execute("UPDATE security_log SET detail = 'no', at = 'x'"),
}


@pytest.mark.parametrize("name", ATTACKS)
async def test_an_administrator_is_told(hass: HomeAssistant, entry: MockConfigEntry, name: str) -> None:
    """By the repair, by both actions, without waiting for the night; and can go on."""
    ledger = hass.data[DATA_LEDGER]
    for number in range(6):
        knock(hass, name=f"CP{number}")
    await ledger.async_flush()
    await followed(hass)
    assert not is_raised(hass)
    with sqlite3.connect(ledger.path) as records:
        ATTACKS[name](records)
    records.close()
    knock(hass, name="CP9")
    await ledger.async_flush()
    await followed(hass)
    export = await ask(hass, "export_security_log")
    assert (export["is_whole"], bool(export["reason"])) == (False, True)
    assert is_raised(hass)
    assert len(await events(hass, Kind.LOG_BROKEN)) == 1
    await accept(hass)
    export = await ask(hass, "export_security_log")
    assert export["is_whole"]
    assert not is_raised(hass)


async def accept(hass: HomeAssistant) -> None:
    await async_setup_component(hass, "repairs", {})
    await settle(hass)
    flows = hass.data["repairs"]["flow_manager"]
    form = await flows.async_init(DOMAIN, data={"issue_id": "security_log_broken"})
    assert (await flows.async_configure(form["flow_id"], {}))["type"].value == "create_entry"


def is_raised(hass: HomeAssistant) -> bool:
    return ir.async_get(hass).async_get_issue(DOMAIN, "security_log_broken") is not None


async def followed(hass: HomeAssistant) -> None:
    """Wait until the watch has looked at what was written."""
    while (task := hass.data[DATA_LOG_WATCH]._following) is not None:
        await task


async def test_a_file_that_was_deleted_is_missed(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """With the log all that was on record is gone, and a new one was begun."""
    ledger = hass.data[DATA_LEDGER]
    knock(hass)
    await ledger.async_flush()
    await followed(hass)
    for path in ledger.path.parent.glob("smart_charge.db*"):
        path.unlink()
    knock(hass, name="CP2")
    await ledger.async_flush()
    await followed(hass)
    assert is_raised(hass)
    assert len(await events(hass, Kind.WRONG_PASSWORD)) == 1


async def test_a_record_of_the_end_that_is_nonsense_has_no_entry_refused(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    ledger = hass.data[DATA_LEDGER]
    knock(hass)
    await ledger.async_flush()
    with sqlite3.connect(ledger.path) as records:
        records.execute("UPDATE security_heads SET number = 'x', size = 'y'")
    records.close()
    assert not (await hass.data[DATA_LOG_WATCH].async_check()).is_whole
    knock(hass, name="CP2")
    assert len(await events(hass, Kind.WRONG_PASSWORD)) == 2
    assert (await hass.data[DATA_LOG_WATCH].async_check()).is_whole


async def test_the_last_entries_are_missed_though_no_night_has_passed(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    ledger = hass.data[DATA_LEDGER]
    for number in range(3):
        knock(hass, name=f"CP{number}")
        await ledger.async_flush()
        await followed(hass)
    with sqlite3.connect(ledger.path) as records:
        put(records, entries(records)[:-1])
    records.close()
    assert not (await hass.data[DATA_LOG_WATCH].async_check()).is_whole


async def test_what_is_meant_to_happen_alarms_nobody(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    """A clock that is set back, retention, a wipe, a kill before the end was kept, and a backup of everything."""
    ledger, watch = hass.data[DATA_LEDGER], hass.data[DATA_LOG_WATCH]
    knock(hass)
    await ledger.async_flush()
    await followed(hass)
    freezer.move_to(dt_util.utcnow() - timedelta(days=2))
    knock(hass, name="CP2")
    await ledger.async_flush()
    await followed(hass)
    end_before = dict(watch._kept)
    await hass.services.async_call(DOMAIN, "delete_personal_data", {"confirm": "A1234567"}, blocking=True)
    await after(hass, freezer, days=3)
    knock(hass, name="CP3")
    await ledger.async_flush()
    await followed(hass)
    assert (await watch.async_check()).is_whole
    watch._kept = end_before  # as a kill leaves it
    assert (await watch.async_check()).is_whole
    await ledger.async_hold()
    kept, copy = dict(watch._kept), ledger.path.with_name("copy")
    shutil.copy(ledger.path, copy)
    await ledger.async_release()
    knock(hass, name="CP4")
    await ledger.async_flush()
    await followed(hass)
    await ledger.async_stop()
    copy.replace(ledger.path)
    watch._kept = kept
    ledger.start()
    assert (await watch.async_check()).is_whole
    assert not is_raised(hass)
