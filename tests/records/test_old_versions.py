"""Databases of every version there has been, as the code of then wrote them: `old/`. Nothing of them is lost.

Each holds two homes with the same records. Version 4 was never outside one commit; there were two kinds of version 3.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
import re
import signal
import sqlite3
import subprocess
import sys
from uuid import uuid4

import pytest

from custom_components.smart_charge.records.migrations import STEPS
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import OutletKey

from .ledger import new_journal

OLD = Path(__file__).parent / "old"
NOON = datetime(2026, 10, 24, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOMES = {"home": OutletKey(charge_point="01GARAGE", connector=1), "neighbour": OutletKey(charge_point="01KERB")}


@pytest.fixture(params=sorted(path.stem for path in OLD.glob("*.sql")))
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a database of then is: a path, or a URL."""
    dump = OLD / f"{request.param}.sql"
    if dump.stem.startswith("postgresql"):
        url: str = request.getfixturevalue("postgresql_url")
        yield url.replace("/postgres?", f"/{_restored(dump, url)}?")
    else:
        path = tmp_path / "records.db"
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.executescript(dump.read_text())
        yield str(path)


def _restored(dump: Path, url: str) -> str:
    import psycopg

    name, host = f"old_{uuid4().hex}", url.partition("host=")[2]
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    with psycopg.connect(host=host, user="postgres", dbname=name) as connection:
        connection.execute(dump.read_text())
    return name


def store_at(where: str) -> Store:
    return Store.at_url(where) if "://" in where else Store.at_path(Path(where))


def see_that_all_is_there(store: Store) -> None:
    for site, outlet in HOMES.items():
        journal = new_journal(store, site=site)
        first, second, running = journal.sessions(NOON - HOUR, NOON + 99 * HOUR)
        assert (first.outlet, first.import_wh, first.tag, first.who) == (outlet, 14_000, "04A2B3C4", "Anna")
        assert (str(first.cost), first.priced_wh, first.interruptions) == ("3.5", 14_000, 1)
        assert (first.charge_started_at, first.unplugged_at) == (NOON + HOUR / 60, NOON + 4 * HOUR)
        assert (second.import_wh, second.cost, second.is_open) == (7_321, None, False)
        assert (running.import_wh, running.is_open, running.is_recovered, running.may_be_several) == (
            1_234, True, False, False,
        )  # fmt: skip
        usage = journal.usage(NOON, NOON + 99 * HOUR)
        assert (usage.import_wh, usage.charging_s, str(usage.cost)) == (22_555, 20_800, "3.5")
        assert usage.priced_wh == 14_000
        decided = journal.decisions(outlet, NOON, NOON + HOUR * 2)
        assert [(each.setpoint_a, each.event_id) for each in decided] == [(16.0, None), (0.0, None)]
        seen = journal.availability(outlet, NOON, NOON + HOUR)
        assert (seen.serviceable_s, seen.faulted_s) == (360, 0)
        log = journal.security
        assert (len(log.entries()), log.verify().is_whole) == (2, True)
        sold = [(each.number, each.sale.serial, each.sale.corrects) for each in journal.register.entries()]
        assert sold == [(1, "SN-1", None), (2, "SN-2", 1)]


def test_nothing_of_an_old_database_is_lost(old: str) -> None:
    place = ""
    for _time in range(2):
        with closing(store_at(old)) as store:
            see_that_all_is_there(store)
            assert place in {"", store.place()}
            place = store.place()


def test_an_old_database_is_written_on(old: str) -> None:
    with closing(store_at(old)) as store:
        journal = new_journal(store, site="home")
        (running,) = journal.open_sessions()
        later = replace(running, seen_at=running.seen_at + HOUR, import_wh=9_000, is_recovered=True)
        assert journal.write(later) == 1
        assert journal.open_sessions() == [later]
        assert journal.usage(NOON, NOON + 99 * HOUR).import_wh == 22_555 - 1_234 + 9_000


@pytest.mark.parametrize("old", ["sqlite_1", "postgresql_1"], indirect=True)
def test_a_kill_amid_the_steps_leaves_what_there_was(old: str) -> None:
    code = f"""
import sys, time
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from custom_components.smart_charge.records import store
from custom_components.smart_charge.records.migrations import STEPS, migrate
from tests.records.test_old_versions import store_at

def slow(connection, steps):
    migrate(connection, STEPS)
    print("amid", flush=True)
    time.sleep(60)

store.migrate = slow
store_at({old!r})
"""
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "amid\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    with closing(store_at(old)) as store:
        see_that_all_is_there(store)


@pytest.mark.parametrize("old", ["postgresql_1"], indirect=True)
def test_two_homes_that_start_at_once_take_turns(old: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        stores = list(pool.map(store_at, [old] * 4))
    for store in stores:
        see_that_all_is_there(store)
        store.close()


def test_there_is_a_database_of_every_version() -> None:
    versions = {
        int(found[1])
        for path in OLD.glob("*.sql")
        if (found := re.search(r"smart_charge_version\"? VALUES ?\((\d+)\)", path.read_text()))
    }
    assert versions >= set(STEPS) - {4, max(STEPS)}
