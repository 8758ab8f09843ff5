"""The records' database fails in mid-charge, in every way it can: charging goes on, nothing is lost or told twice."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime, timedelta
import logging
import os
from pathlib import Path
import shutil
import signal
import sqlite3
import subprocess
import time

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_RECORDS, DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER, Ledger
from custom_components.smart_charge.records.journal import Journal

from .premises import add, site_entry
from .records import postgresql
from .records.ledger import a_session, new_outlet
from .shell import CHARGING, IDLE, OPENS, PLUGGED_IN, FakeCharger, after, at, settle, shown
from .test_config_flow_records import is_at, records, say
from .test_ledger import fix

DAY = timedelta(days=1)


@pytest.fixture
def hass_config_dir(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Where a disk is to be filled the folder is a small one of its own, if it may be."""
    is_wanted = "full" in request.node.name and not os.geteuid()
    is_small = is_wanted and not _run("mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(tmp_path))
    yield str(tmp_path)
    if is_small:
        _run("umount", "-l", str(tmp_path))


def _run(*command: str) -> int:
    """Run a program; returns how it ended, or that it is not there."""
    if shutil.which(command[0]) is None:
        return 127
    return subprocess.run(command, check=False, capture_output=True, timeout=30).returncode


@pytest.fixture
async def ledger(hass: HomeAssistant, entry: MockConfigEntry) -> Ledger:
    ledger = hass.data[DATA_LEDGER]
    await ledger.async_flush()
    return ledger


# What can go wrong with a file


@contextmanager
def locked(ledger: Ledger) -> Iterator[None]:
    other = sqlite3.connect(ledger.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    yield
    other.execute("ROLLBACK")
    other.close()


@contextmanager
def full(ledger: Ledger) -> Iterator[None]:
    """Another file takes all the room that there is."""
    filler = ledger.path.with_name("filler")
    if shutil.disk_usage(ledger.path.parent).total > 10_000_000:
        pytest.skip("a disk of its own cannot be had here")
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (2**16, 2**12, 1):
                _fill(file.write, b"x" * size)
        yield
    finally:
        filler.unlink()


def _fill(write: Callable[[bytes], object], piece: bytes) -> None:
    try:
        while write(piece):
            pass
    except OSError:
        return


@contextmanager
def read_only(ledger: Ledger) -> Iterator[None]:
    """The file is closed to everybody, and whoever had it open lets go: an open file can be written to for ever."""
    store = ledger._database.journal.store  # type: ignore[union-attr]
    store.close()
    if _run("chattr", "+i", str(ledger.path)):
        pytest.skip("no file can be closed to everybody here")
    try:
        store.close()
        yield
    finally:
        assert _run("chattr", "-i", str(ledger.path)) == 0


async def charge_on(
    hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory, register_wh: int, hours: int = 1
) -> None:
    """Let 7 kWh an hour go into the vehicle."""
    for hour in range(1, hours + 1):
        await after(hass, freezer, hours=1)
        charger.say(import_wh=register_wh + 7_000 * hour)
        await settle(hass)


def issue(hass: HomeAssistant) -> str | None:
    found = ir.async_get(hass).async_get_issue(DOMAIN, "records")
    return None if found is None else found.translation_key


async def told(ledger: Ledger) -> tuple[list[int], int]:
    """Return the energy of each session, and of all half-hours."""

    def ask(journal: Journal) -> tuple[list[int], int]:
        found = journal.sessions(OPENS - DAY, OPENS + 3 * DAY)
        return [each.import_wh for each in found], journal.usage(OPENS - DAY, OPENS + 3 * DAY).import_wh

    return await ledger.async_ask(ask)


async def live_through(
    hass: HomeAssistant,
    ledger: Ledger,
    charger: FakeCharger,
    freezer: FrozenDateTimeFactory,
    *,
    key: str,
    breaks: Callable[[], None],
) -> None:
    """Charge a vehicle half-way, let the database break, finish that charge, and begin another."""
    await at(hass, freezer, OPENS + timedelta(minutes=20))
    charger.say(**PLUGGED_IN | CHARGING, import_wh=10_000)
    await settle(hass)
    await charge_on(hass, charger, freezer, 10_000)
    await ledger.async_flush()
    await settle(hass)  # whoever was told of the write has read
    await hass.async_add_executor_job(breaks)
    asked = len(charger.asked)
    await charge_on(hass, charger, freezer, 17_000)
    charger.say(**IDLE, import_wh=24_000)
    await settle(hass)
    await ledger.async_flush()
    assert issue(hass) == key
    await after(hass, freezer, minutes=5)
    charger.say(**PLUGGED_IN)
    await settle(hass)
    await after(hass, freezer, minutes=10)
    charger.say(**CHARGING)
    await settle(hass)
    await charge_on(hass, charger, freezer, 24_000)
    await ledger.async_flush()
    assert len(charger.asked) > asked
    assert charger.asked[-1] == 32.0
    assert float(shown(hass, "sensor.garage_session_energy")) == 7
    assert issue(hass) == key
    assert len(ledger.buffer) > 0


async def all_is_there(hass: HomeAssistant, ledger: Ledger, freezer: FrozenDateTimeFactory) -> None:
    """See that what waited is written by itself, in order, and the repair withdrawn."""
    await after(hass, freezer, seconds=31)
    await ledger.async_flush()
    assert issue(hass) is None
    assert len(ledger.buffer) == 0
    assert ledger.buffer.lost == 0
    assert await told(ledger) == ([14_000, 7_000], 21_000)
    outlet = hass.config_entries.async_entries(DOMAIN)[0].runtime_data.recording.outlet

    def when(journal: Journal) -> list[datetime]:
        return [each.at for each in journal.decisions(outlet, OPENS - DAY, OPENS + 3 * DAY)]

    asked_at = await ledger.async_ask(when)
    assert asked_at == sorted(asked_at)
    assert len([each for each in asked_at if each > OPENS + timedelta(hours=2)]) >= 2


@pytest.mark.requirement("9.1")
@pytest.mark.usefixtures("in_a_hurry")
@pytest.mark.parametrize(
    ("trouble", "key"), [(locked, "records_locked"), (full, "records_full"), (read_only, "records_read_only")]
)
async def test_charging_goes_on_and_all_is_written_when_it_has_passed(  # noqa: PLR0917
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory,
    trouble: Callable[[Ledger], AbstractContextManager[None]], key: str,
) -> None:  # fmt: skip
    broken = trouble(ledger)
    try:
        await live_through(hass, ledger, charger, freezer, key=key, breaks=broken.__enter__)
    finally:
        await hass.async_add_executor_job(broken.__exit__, None, None, None)
    await all_is_there(hass, ledger, freezer)


@pytest.mark.requirement("9.1")
async def test_a_damaged_file_loses_nothing_of_what_is_remembered(
    hass: HomeAssistant, ledger: Ledger, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> None:
    def damage() -> None:
        with sqlite3.connect(ledger.path) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        for ending in ("-wal", "-shm"):
            ledger.path.with_name(f"{ledger.path.name}{ending}").unlink(missing_ok=True)
        ledger.path.write_bytes(b"not a database any more" * 1_000)

    await live_through(hass, ledger, charger, freezer, key="records_damaged", breaks=damage)
    assert await fix(hass) == "create_entry"
    await all_is_there(hass, ledger, freezer)


@pytest.mark.parametrize("target", ["file", "folder"])
async def test_what_may_not_be_written_is_said_from_the_start(
    hass: HomeAssistant, ledger: Ledger, tmp_path: Path, target: str
) -> None:
    """The very file, or the folder it is to be made in, has been closed to everybody."""
    await settle(hass)
    await ledger.async_stop()
    closed = ledger.path if target == "file" else ledger.path.parent
    if target == "folder":
        for file in ledger.path.parent.glob(f"{ledger.path.name}*"):
            file.unlink()
    if _run("chattr", "+i", str(closed)):
        pytest.skip("no file can be closed to everybody here")
    try:
        ledger.start()
        ledger.add(a_session(new_outlet(), OPENS))
        await ledger.async_flush()
        await settle(hass)
        await ledger.async_flush()
        assert issue(hass) == "records_read_only"
    finally:
        assert _run("chattr", "-i", str(closed)) == 0
    await ledger.async_flush()
    assert issue(hass) is None


# A server


@pytest.fixture(scope="module")
def server() -> Iterator[postgresql.Server]:
    try:
        postgresql.programs()
    except postgresql.Missing as err:
        pytest.skip(str(err))
    with postgresql.running() as found:
        yield found


@pytest.fixture
async def site(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    return await add(hass, site_entry())


@pytest.mark.requirement("9.1")
async def test_a_server_that_is_killed_and_started_again_has_everything(
    hass: HomeAssistant, site: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory,
    server: postgresql.Server,
) -> None:  # fmt: skip
    options = {CONF_RECORDS: {"url": server.url, "keep_months": 13}}
    hass.config_entries.async_update_entry(site, options=options)
    assert await is_at(hass, server.url)
    ledger = hass.data[DATA_LEDGER]

    def kill() -> None:
        server.stop(signal.SIGKILL)

    await live_through(hass, ledger, charger, freezer, key="records_unreachable", breaks=kill)
    await hass.async_add_executor_job(_start_again, server)
    await all_is_there(hass, ledger, freezer)


def _start_again(server: postgresql.Server) -> None:
    """Start it as soon as what the killed one left running has ended."""
    for _ in range(100):
        try:
            server.start()
        except RuntimeError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError((server.home / "log").read_text())


@pytest.fixture(scope="module")
def guarded(server: postgresql.Server) -> str:
    """The server asks a user called smart for a password."""
    import psycopg

    with psycopg.connect(host=str(server.home), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute("CREATE ROLE smart LOGIN PASSWORD 'right'")
        connection.execute("CREATE DATABASE home OWNER smart")
        rules = server.home / "data" / "pg_hba.conf"
        rules.write_text("local all smart scram-sha-256\n" + rules.read_text())
        connection.execute("SELECT pg_reload_conf()")
    for _ in range(100):
        try:
            psycopg.connect(host=str(server.home), user="smart", dbname="home").close()
        except psycopg.OperationalError:
            break
        time.sleep(0.05)
    return f"postgresql+psycopg://smart:%s@/%s?host={server.home}"


@pytest.mark.parametrize(
    ("password", "database", "key"),
    [
        ("wrong", "home", "records_not_admitted"),
        ("", "home", "records_not_admitted"),
        ("right", "hoem", "records_no_database"),
    ],
)
async def test_an_address_that_the_server_refuses_is_told_in_words(  # noqa: PLR0917
    hass: HomeAssistant, site: MockConfigEntry, guarded: str, password: str, database: str, key: str
) -> None:
    url = guarded % (password, database)
    form = await say(hass, await records(hass, site), {"url": url, "keep_months": 13})
    assert form["errors"] == {"url": key}
    assert "wrong" not in str(form["description_placeholders"])
    hass.config_entries.async_update_entry(site, options={CONF_RECORDS: {"url": url, "keep_months": 13}})
    for _ in range(300):
        await settle(hass)
        if issue(hass) is not None:
            break
        await hass.async_add_executor_job(time.sleep, 0.01)
    assert issue(hass) == key
    right = guarded % ("right", "home")
    hass.config_entries.async_update_entry(site, options={CONF_RECORDS: {"url": right, "keep_months": 13}})
    assert await is_at(hass, right)
    await hass.data[DATA_LEDGER].async_flush()
    assert issue(hass) is None


async def test_what_the_server_refuses_to_take_is_told_once_until_it_takes_it(
    hass: HomeAssistant, site: MockConfigEntry, server: postgresql.Server, caplog: pytest.LogCaptureFixture
) -> None:
    """It can be opened each time, which says nothing of writing."""
    import psycopg

    with psycopg.connect(host=str(server.home), user="postgres", dbname="postgres", autocommit=True) as admin:
        admin.execute("CREATE ROLE clerk LOGIN")
        admin.execute("CREATE DATABASE office OWNER clerk")
    url = f"postgresql+psycopg://clerk@/office?host={server.home}"
    hass.config_entries.async_update_entry(site, options={CONF_RECORDS: {"url": url, "keep_months": 13}})
    assert await is_at(hass, url)
    ledger = hass.data[DATA_LEDGER]
    await ledger.async_flush()
    with psycopg.connect(host=str(server.home), user="postgres", dbname="office", autocommit=True) as admin:
        admin.execute("ALTER TABLE smart_charge.sessions OWNER TO postgres")
        ledger.add(a_session(new_outlet(), OPENS))
        caplog.clear()
        for _time in range(3):
            await ledger.async_flush()
            assert issue(hass) == "records_read_only"
            assert len(ledger.buffer)
        told = [each.getMessage() for each in caplog.records if each.levelno > logging.DEBUG]
        assert [each for each in told if "records can" in each] == [
            "The records cannot be written now and wait in memory: LedgerReadOnly"
        ]
        admin.execute("ALTER TABLE smart_charge.sessions OWNER TO clerk")
    await ledger.async_flush()
    assert issue(hass) is None
    assert len(ledger.buffer) == 0


async def test_a_fault_of_the_server_is_told_to_whoever_looks_after_it(
    hass: HomeAssistant, site: MockConfigEntry, server: postgresql.Server
) -> None:
    """No file of ours is offered to be put aside."""
    import psycopg

    hass.config_entries.async_update_entry(site, options={CONF_RECORDS: {"url": server.url, "keep_months": 13}})
    assert await is_at(hass, server.url)
    ledger = hass.data[DATA_LEDGER]
    await ledger.async_flush()
    ledger.add(a_session(new_outlet(), OPENS))
    with psycopg.connect(host=str(server.home), user="postgres", dbname="postgres", autocommit=True) as admin:
        admin.execute("ALTER TABLE smart_charge.decisions RENAME TO lost")
        await ledger._database.async_close()
        await ledger.async_flush()
        found = ir.async_get(hass).async_get_issue(DOMAIN, "records")
        assert found is not None
        assert (found.translation_key, found.is_fixable) == ("records_server_fault", False)
        admin.execute("ALTER TABLE smart_charge.lost RENAME TO decisions")
    await ledger.async_flush()
    assert issue(hass) is None
    assert len(ledger.buffer) == 0


async def test_a_server_without_encryption_is_told_apart(
    hass: HomeAssistant, site: MockConfigEntry, socket_enabled: None, server: postgresql.Server, free_port: int
) -> None:
    server.stop()
    server.start(port=free_port)
    url = f"postgresql+psycopg://postgres@127.0.0.1:{free_port}/postgres?sslmode=require"
    form = await say(hass, await records(hass, site), {"url": url, "keep_months": 13})
    assert form["errors"] == {"url": "records_not_encrypted"}
