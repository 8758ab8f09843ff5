# ruff: noqa: ASYNC240  the tests look at the files of a home that waits for them
"""Home Assistant's own backup: the records in it are whole, and nothing of what happens meanwhile is lost."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
import shutil
import sqlite3

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.backup import DOMAIN as BACKUP
from homeassistant.components.backup.const import DATA_MANAGER
from homeassistant.components.backup.manager import BackupManager
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER, Ledger

from .shell import CHARGING, IDLE, PLUGGED_IN, FakeCharger, after, settle, shown


@pytest.fixture
async def ledger(hass: HomeAssistant, entry: MockConfigEntry) -> Ledger:
    return hass.data[DATA_LEDGER]


@pytest.fixture
async def manager(hass: HomeAssistant, ledger: Ledger) -> AsyncIterator[BackupManager]:
    """Home Assistant's own, which finds our platform by itself."""
    assert await async_setup_component(hass, BACKUP, {})
    await hass.async_block_till_done()
    yield hass.data[DATA_MANAGER]
    await ledger.async_release()


async def charge(hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, wh: int) -> None:
    charger.say(**PLUGGED_IN | CHARGING, import_wh=wh)
    await settle(hass)
    await after(hass, freezer, minutes=10)
    charger.say(import_wh=wh + 1_000)
    await settle(hass)
    charger.say(**IDLE)
    await settle(hass)
    await after(hass, freezer, minutes=1)


def copied(path: Path, folder: Path) -> tuple[int, str]:
    """Copy as a backup does, file after file and without the shared memory, and read the copy."""
    folder.mkdir()
    for ending in ("", "-wal"):
        shutil.copy(f"{path}{ending}", folder)
    with sqlite3.connect(folder / path.name) as connection:
        (sound,) = connection.execute("PRAGMA integrity_check").fetchone()
        (count,) = connection.execute("SELECT count(*) FROM sessions").fetchone()
    connection.close()
    return count, sound


async def test_a_copy_is_whole_and_what_happens_meanwhile_is_written_afterwards(  # noqa: PLR0917
    hass: HomeAssistant, ledger: Ledger, manager: BackupManager, charger: FakeCharger, freezer: FrozenDateTimeFactory,
    tmp_path: Path,
) -> None:  # fmt: skip
    assert DOMAIN in manager.platforms
    await charge(hass, charger, freezer, 10_000)
    await ledger.async_flush()
    await manager.async_pre_backup_actions()
    bytes_then = ledger.path.read_bytes()
    assert bytes_then.count(b"\0") > 0
    await charge(hass, charger, freezer, 20_000)
    await ledger.async_flush()
    assert shown(hass, "sensor.garage_status") == "available"
    assert len(ledger.buffer) > 0
    assert ledger.path.read_bytes() == bytes_then
    assert copied(ledger.path, tmp_path / "copy") == (1, "ok")
    await manager.async_post_backup_actions()
    assert len(ledger.buffer) == 0
    assert copied(ledger.path, tmp_path / "later") == (2, "ok")


async def test_a_sale_that_is_entered_meanwhile_leaves_the_file_as_it_is(
    ledger: Ledger, manager: BackupManager, tmp_path: Path
) -> None:
    await ledger.async_flush()
    await manager.async_pre_backup_actions()
    before = ledger.path.read_bytes()
    await ledger.async_ask(lambda journal: journal.store.migrate())
    with_write = "UPDATE smart_charge_version SET version = version"

    def write(journal: object) -> None:
        with journal.store.write() as connection:  # type: ignore[attr-defined]
            connection.exec_driver_sql(with_write)

    await ledger.async_ask(write)
    assert ledger.path.read_bytes() == before
    assert copied(ledger.path, tmp_path / "copy")[1] == "ok"


async def test_a_backup_that_never_ends_is_not_waited_for(
    hass: HomeAssistant, ledger: Ledger, manager: BackupManager, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await manager.async_pre_backup_actions()
    await charge(hass, charger, freezer, 10_000)
    await after(hass, freezer, hours=2, minutes=1)
    await ledger.async_flush()
    assert len(ledger.buffer) == 0


async def test_nothing_is_deleted_while_a_backup_is_made(
    hass: HomeAssistant, ledger: Ledger, manager: BackupManager
) -> None:
    await manager.async_pre_backup_actions()
    with pytest.raises(HomeAssistantError) as refused:
        await hass.services.async_call(DOMAIN, "delete_personal_data", {"confirm": "A1234567"}, blocking=True)
    assert refused.value.translation_key == "records_locked"
    assert "backup" in str(refused.value)


async def test_records_that_cannot_be_opened_do_not_stop_a_backup(
    hass: HomeAssistant, ledger: Ledger, manager: BackupManager
) -> None:
    await ledger.async_stop()
    ledger.path.write_bytes(b"no database" * 1000)
    await manager.async_pre_backup_actions()
    await manager.async_post_backup_actions()


async def test_the_records_are_let_go_when_the_last_charge_point_is_removed(
    hass: HomeAssistant, ledger: Ledger, entry: MockConfigEntry
) -> None:
    await ledger.async_flush()
    assert Path(f"{ledger.path}-wal").exists()
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert not ledger.is_started
    assert not Path(f"{ledger.path}-wal").exists()
    log = await hass.services.async_call(DOMAIN, "list_security_events", {}, blocking=True, return_response=True)
    assert "charge_point_removed" in str(log)
    assert not Path(f"{ledger.path}-wal").exists()


async def test_a_charge_point_that_is_added_again_is_recorded(
    hass: HomeAssistant, ledger: Ledger, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    await ledger.async_stop()
    ledger.start()
    await charge(hass, charger, freezer, 10_000)
    await ledger.async_flush()
    since = freezer.time_to_freeze.astimezone() - timedelta(days=1)
    found = await ledger.async_ask(lambda journal: journal.sessions(since, since + timedelta(days=2)))
    assert [session.import_wh for session in found] == [1_000]
