# ruff: noqa: ASYNC240  the tests look at the files of a home that waits for them
"""The records as Home Assistant keeps them: written behind the loop's back, whatever is wrong with the database."""

import asyncio
from datetime import timedelta
import os
from pathlib import Path
import sqlite3
import stat
import threading
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER, Ledger
from custom_components.smart_charge.records.buffer import thinned
from custom_components.smart_charge.records.errors import LedgerUnreachable
from custom_components.smart_charge.records.migrations import STEPS
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import Condition, ConditionSeen, OutletKey, SessionRecord

from .shell import CHARGING, IDLE, OPENS, PLUGGED_IN, FakeCharger, after, at, settle

OUTLET = OutletKey(charge_point="01GARAGE", connector=1)


@pytest.fixture
def path(hass_config_dir: str) -> Path:
    return Path(hass_config_dir) / "smart_charge.db"


@pytest.fixture
async def ledger(hass: HomeAssistant, entry: MockConfigEntry) -> Ledger:
    ledger = hass.data[DATA_LEDGER]
    await ledger.async_flush()
    return ledger


async def sessions(ledger: Ledger) -> list[SessionRecord]:
    """What is on disk, after everything that waits has been written."""
    now = dt_util.utcnow()
    await ledger.async_flush()
    return await ledger.async_ask(lambda journal: journal.sessions(now - timedelta(days=400), now + timedelta(days=1)))


async def tell(hass: HomeAssistant, charger: FakeCharger, **facts: Any) -> None:
    """Have the charge point say something, and be heard."""
    charger.say(**facts)
    await settle(hass)


def issue(hass: HomeAssistant) -> str | None:
    found = ir.async_get(hass).async_get_issue(DOMAIN, "records")
    return None if found is None else found.translation_key


async def fix(hass: HomeAssistant) -> str:
    """Do what the owner does with a repair that can be fixed: open it and submit."""
    await async_setup_component(hass, "repairs", {})
    await hass.async_block_till_done()
    flows = hass.data["repairs"]["flow_manager"]
    form = await flows.async_init(DOMAIN, data={"issue_id": "records"})
    assert form["step_id"] == "confirm"
    done = await flows.async_configure(form["flow_id"], {})
    return str(done["type"].value)


async def test_a_night_of_charging_is_one_session_in_the_records(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await tell(hass, charger, **PLUGGED_IN, import_wh=1_000)
    plugged_in_at = dt_util.utcnow()
    await at(hass, freezer, OPENS + timedelta(minutes=20))
    await tell(hass, charger, **CHARGING, import_wh=1_000)
    await after(hass, freezer, hours=2)
    await tell(hass, charger, **PLUGGED_IN, power_w=0.0, import_wh=15_000)
    await after(hass, freezer, hours=6)
    await tell(hass, charger, **IDLE, import_wh=15_000)
    await after(hass, freezer, seconds=1)

    [night] = await sessions(ledger)
    assert night.outlet == OUTLET
    assert night.plugged_in_at == plugged_in_at
    assert night.charge_started_at == OPENS + timedelta(minutes=20)
    assert night.charge_ended_at == OPENS + timedelta(hours=2, minutes=20)
    assert night.unplugged_at == OPENS + timedelta(hours=8, minutes=20)
    assert night.import_wh == 14_000
    assert night.is_metered
    assert not night.is_open


async def test_the_file_is_for_the_owners_eyes_only(ledger: Ledger, path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_was_asked_is_recorded_with_its_reason(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await tell(hass, charger, **PLUGGED_IN)
    await at(hass, freezer, OPENS)
    await at(hass, freezer, OPENS + timedelta(minutes=20))
    await ledger.async_flush()
    found = await ledger.async_ask(
        lambda journal: journal.decisions(OUTLET, OPENS - timedelta(days=1), OPENS + timedelta(days=1))
    )
    assert [(each.setpoint_a, each.reason) for each in found][-1] == (32.0, "in_default_hours")
    assert "waiting_for_default_hours" in [each.reason for each in found]


async def test_a_running_session_is_on_disk_within_half_a_minute(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory, path: Path
) -> None:
    await tell(hass, charger, **PLUGGED_IN | CHARGING, import_wh=1_000)
    await ledger.async_flush()
    for second in range(1, 31):
        await after(hass, freezer, seconds=1)
        await tell(hass, charger, import_wh=1_000 + 2 * second)
    await ledger.async_flush()
    with sqlite3.connect(path) as connection:
        [(written_wh,)] = connection.execute("SELECT import_wh FROM sessions").fetchall()
    assert written_wh >= 50
    connection.close()


@pytest.mark.usefixtures("in_a_hurry")
async def test_a_locked_database_is_a_repair_that_goes_when_it_is_free(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    await tell(hass, charger, **PLUGGED_IN)
    await ledger.async_flush()
    assert issue(hass) == "records_locked"
    other.execute("COMMIT")
    other.close()
    assert len(await sessions(ledger)) == 1
    assert issue(hass) is None


async def test_charging_goes_on_with_a_damaged_database(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path, freezer: FrozenDateTimeFactory
) -> None:
    await damage(hass, ledger, charger, path)
    await at(hass, freezer, OPENS)
    await at(hass, freezer, OPENS + timedelta(minutes=20))
    assert charger.asked[-1] == 32.0
    assert issue(hass) == "records_damaged"


async def damage(hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path) -> None:
    """Let the file be overwritten while it is open, then a vehicle come."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    path.write_bytes(b"not a database any more" * 1_000)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
    await tell(hass, charger, **PLUGGED_IN, import_wh=1_000)
    await ledger.async_flush()
    assert issue(hass) == "records_damaged"


async def test_the_repair_puts_a_damaged_database_aside(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path
) -> None:
    await damage(hass, ledger, charger, path)
    assert await fix(hass) == "create_entry"
    assert issue(hass) is None
    assert len(await sessions(ledger)) == 1
    assert list(path.parent.glob("smart_charge.db.damaged-*"))


async def test_damage_that_only_reading_finds_is_told_of_until_it_is_put_aside(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path
) -> None:
    await tell(hass, charger, **PLUGGED_IN, import_wh=1_000)
    await ledger.async_flush()
    ledger._database.journal.store.close()  # type: ignore[union-attr]
    spoil(path, "decisions")
    far = timedelta(days=99)
    for _time in range(2):
        with pytest.raises(HomeAssistantError) as refused:
            await ledger.async_ask(lambda journal: journal.decisions(OUTLET, OPENS - far, OPENS + far))
        assert refused.value.translation_key == "records_damaged"
        assert issue(hass) == "records_damaged"
        ledger.add(ConditionSeen(outlet=OUTLET, condition=Condition.FAULTED, at=dt_util.utcnow()))
        await ledger.async_flush()  # what can be written is
        assert ledger.error is None
        assert issue(hass) == "records_damaged"
    assert await fix(hass) == "create_entry"
    assert issue(hass) is None
    assert not await ledger.async_ask(lambda journal: journal.decisions(OUTLET, OPENS - far, OPENS + far))
    assert issue(hass) is None


def spoil(path: Path, table: str) -> None:
    """Overwrite the pages of one table."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    roots = connection.execute("SELECT rootpage FROM sqlite_master WHERE tbl_name = ?", (table,)).fetchall()
    connection.close()
    with path.open("r+b") as file:
        for (page,) in roots:
            file.seek((page - 1) * size)
            file.write(b"\xff" * size)


async def test_a_database_of_a_later_version_is_left_alone(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path
) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE smart_charge_version SET version = ?", (max(STEPS) + 1,))
    connection.close()
    await ledger.async_stop()
    ledger.start()
    await tell(hass, charger, **PLUGGED_IN)
    await ledger.async_flush()
    assert issue(hass) == "records_too_new"


async def test_a_file_that_was_deleted_is_made_anew(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path
) -> None:
    for each in path.parent.glob("smart_charge.db*"):
        each.unlink()
    await tell(hass, charger, **PLUGGED_IN)
    assert len(await sessions(ledger)) == 1
    assert path.exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
async def test_a_database_that_may_not_be_written_is_a_repair(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path
) -> None:
    path.chmod(0o400)
    await tell(hass, charger, **PLUGGED_IN)
    await ledger.async_flush()
    assert issue(hass) == "records_read_only"


async def test_records_that_wait_until_the_end_are_written_and_nothing_else_is(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, path: Path
) -> None:
    registry = hass.data[ir.DATA_REGISTRY]
    with patch("custom_components.smart_charge.ledger.database.Store.at_path", side_effect=LedgerUnreachable("away")):
        await ledger.async_stop()
        ledger.start()
        await tell(hass, charger, **PLUGGED_IN, import_wh=1_000)
        await ledger.async_flush()
        assert issue(hass) == "records_unreachable"
    with patch.object(registry, "async_schedule_save") as registry_saved:
        await hass.async_stop(force=True)
    assert not registry_saved.called
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM sessions").fetchone() == (1,)
    connection.close()


async def test_what_the_database_cannot_take_survives_a_kill(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, hass_storage: dict[str, Any]
) -> None:
    """Not at once: another's backup holds it for a moment only."""
    with (
        patch("custom_components.smart_charge.ledger.database.Store.at_path", side_effect=LedgerUnreachable("away")),
        patch("custom_components.smart_charge.ledger.waiting.FIRST_S", 0.0),
    ):
        await ledger.async_stop()
        ledger.start()
        await tell(hass, charger, **PLUGGED_IN, import_wh=1_000)
        await ledger.async_flush()
        kept = hass_storage["smart_charge.waiting"]["data"]["records"]
        assert len(kept) == len(ledger.buffer) > 0
        after_the_kill = Ledger(hass)
        await after_the_kill.async_load()
        assert after_the_kill.buffer.waiting == thinned(ledger.buffer.waiting)
        await tell(hass, charger, **IDLE, import_wh=2_000)
        await ledger.async_flush()
        assert hass_storage["smart_charge.waiting"]["data"]["records"] == kept  # it is not written all the time
    await ledger.async_flush()
    assert "smart_charge.waiting" not in hass_storage
    assert len(await sessions(ledger)) == 1


async def test_a_moment_of_trouble_writes_nothing_besides(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, hass_storage: dict[str, Any]
) -> None:
    with patch("custom_components.smart_charge.ledger.database.Store.at_path", side_effect=LedgerUnreachable("away")):
        await ledger.async_stop()
        ledger.start()
        await tell(hass, charger, **PLUGGED_IN, import_wh=1_000)
        await ledger.async_flush()
    assert "smart_charge.waiting" not in hass_storage


async def test_a_clock_that_is_set_back_holds_up_no_record(hass: HomeAssistant, ledger: Ledger) -> None:
    ledger._checkpoint.call_off()
    before = set(hass.loop._scheduled)  # type: ignore[attr-defined]
    ledger.add(ConditionSeen(outlet=OUTLET, condition=Condition.FAULTED, at=dt_util.utcnow()))
    (checkpoint,) = set(hass.loop._scheduled) - before  # type: ignore[attr-defined]
    an_hour_ago = dt_util.utcnow().timestamp() - 3600
    with patch("homeassistant.helpers.event.time_tracker_timestamp", return_value=an_hour_ago):
        checkpoint._run()
    checkpoint.cancel()
    assert ledger._writing is not None
    await asyncio.wait({ledger._writing})
    assert ledger.has_written_all


async def test_who_opens_the_records_and_is_cancelled_leaves_them_open_for_the_next(
    hass: HomeAssistant, ledger: Ledger
) -> None:
    """As Home Assistant does when it stops."""
    await settle(hass)
    opened: list[Store] = []
    is_under_way, may_go_on = threading.Event(), threading.Event()

    def at_path(path: Path) -> Store:
        is_under_way.set()
        may_go_on.wait(60)
        opened.append(really(path))
        return opened[-1]

    really = Store.at_path
    with patch.object(Store, "at_path", at_path):
        await ledger._database.async_close()
        asking = hass.async_create_background_task(ledger.async_ask(lambda journal: journal.site), "ask")
        await hass.async_add_executor_job(is_under_way.wait, 60)
        asking.cancel()
        next_one = hass.async_create_task(ledger.async_ask(lambda journal: journal.site))
        await asyncio.sleep(0)
        may_go_on.set()
        assert await next_one == ledger.site
    assert len(opened) == 1


async def test_a_stop_while_the_records_are_opened_opens_them_once_and_closes_them(
    hass: HomeAssistant, ledger: Ledger
) -> None:
    await ledger.async_stop()
    opened: list[Store] = []
    is_under_way, may_go_on = threading.Event(), threading.Event()

    def at_path(path: Path) -> Store:
        is_under_way.set()
        may_go_on.wait(60)
        opened.append(really(path))
        return opened[-1]

    really = Store.at_path
    with patch.object(Store, "at_path", at_path):
        ledger.start()
        await hass.async_add_executor_job(is_under_way.wait, 60)
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, lambda _event: may_go_on.set())
        await hass.async_stop(force=True)
    (store,) = opened
    assert store._engine.pool.checkedin() == 0
