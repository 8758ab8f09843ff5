"""Two Home Assistants keep their records on one server: one report of all, and neither hinders the other."""

import asyncio
from collections.abc import AsyncIterator, Iterator
import csv
from datetime import UTC, datetime
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant import loader
from homeassistant.core import HomeAssistant
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant
from sqlalchemy import Connection

from custom_components.smart_charge.const import CONF_RECORDS, DOMAIN
from custom_components.smart_charge.keeping.nightly import Keeping
from custom_components.smart_charge.keeping.usage_reports import SIGNAL_REPORT, async_write_due
from custom_components.smart_charge.ledger import DATA_LEDGER, database
from custom_components.smart_charge.records import store
from custom_components.smart_charge.records.migrations import migrate
from custom_components.smart_charge.records.values import Condition, ConditionSeen, OutletKey
from custom_components.smart_charge.records.written_reports import written_reports

from .premises import add, site_entry
from .records import postgresql
from .shell import IDLE, FakeCharger, modbus_entry, set_up_fake, settle
from .test_config_flow_records import is_at
from .test_usage_reports import SCHEME, describe, export, keep, stay

HERE, THERE = OutletKey(charge_point="01GARAGE"), OutletKey(charge_point="01KERB")
NAME = "270111 \N{EN DASH} On-Street CP usage data \N{EN DASH} Kerb Power Ltd \N{EN DASH} Anytown Council.csv"


@pytest.fixture(autouse=True)
def _by_day() -> Iterator[None]:
    """Nobody does the night's work while the clock is put on."""
    with patch.object(Keeping, "start"):
        yield


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    try:
        postgresql.programs()
    except postgresql.Missing as err:
        pytest.skip(str(err))
    with postgresql.server() as url:
        yield url


@pytest.fixture
def url(server: str, request: pytest.FixtureRequest) -> str:
    """An empty database."""
    import psycopg

    name = f"d{abs(hash(request.node.name))}"
    with psycopg.connect(
        host=server.partition("host=")[2], user="postgres", dbname="postgres", autocommit=True
    ) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
async def other(hass: HomeAssistant, entry: MockConfigEntry, tmp_path: Path) -> AsyncIterator[HomeAssistant]:
    """A second Home Assistant, with a charge point and an id of its own."""
    folder = tmp_path / "other"
    folder.mkdir()
    charger = FakeCharger()
    charger.say(**IDLE)
    like = modbus_entry(port=504)
    kerb = MockConfigEntry(
        domain=DOMAIN, title="Kerb", unique_id="C7654321", entry_id="01KERB", data=dict(like.data),
        options=dict(like.options),
    )  # fmt: skip
    async with async_test_home_assistant(config_dir=str(folder)) as home:
        home.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        await home.config.async_set_time_zone("Europe/London")
        with patch.object(database, "DOMAIN", "other"):  # all homes of a test have one set of private files
            await set_up_fake(home, charger, kerb)
        yield home
        for each in home.config_entries.async_entries(DOMAIN):
            await home.config_entries.async_unload(each.entry_id)
        await home.async_stop(force=True)


async def use(hass: HomeAssistant, url: str, folder: Path) -> MockConfigEntry:
    """Have a home keep its records on the server, and take part in the scheme."""
    hass.config.allowlist_external_dirs = {str(folder)}
    scheme = SCHEME | {"folder": str(folder)}
    return await add(hass, site_entry(**{"orcs": scheme, CONF_RECORDS: {"url": url, "keep_months": 13}}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A share that both homes write to."""
    share = tmp_path / "share"
    share.mkdir()
    return share


@pytest.fixture
async def homes(
    hass: HomeAssistant, other: HomeAssistant, url: str, folder: Path, freezer: FrozenDateTimeFactory
) -> list[HomeAssistant]:
    """Both of them begin to use an empty database at once, and each has had vehicles at its charge point."""
    sites = await asyncio.gather(*(use(home, url, folder) for home in (hass, other)))
    assert await is_at(hass, url)
    assert await is_at(other, url)
    await describe(hass, sites[0], HERE, public_id="AC1000001")
    await describe(other, sites[1], THERE, public_id="AC2000001")
    await keep(hass, *(stay(HERE, f"2026-10-{day:02}T18:00:00", f"2026-10-{day:02}T23:00:00", 7_000) for day in (2, 4)))
    await keep(other, stay(THERE, "2026-10-03T18:00:00", "2026-10-03T23:00:00", 9_000))
    began, ended = datetime(2026, 11, 25, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC)
    seen = ConditionSeen(outlet=THERE, condition=Condition.SERVICEABLE, since_at=began, at=ended)
    other.data[DATA_LEDGER].add(seen)
    await other.data[DATA_LEDGER].async_flush()
    freezer.move_to(datetime(2027, 1, 11, 9, tzinfo=UTC))
    return [hass, other]


def rows(file: Path) -> list[tuple[str, str]]:
    """Return the charge point and energy of each event that a report tells of."""
    with file.open(encoding="utf-8", newline="") as opened:
        return [(row[1], row[-1]) for row in list(csv.reader(opened))[1:]]


def finished(folder: Path) -> list[Path]:
    """Return the files there, without what is being written: the homes do it by themselves too."""
    return [each for each in folder.iterdir() if not each.name.startswith(".")]


ALL = [("AC1000001", "7.00"), ("AC2000001", "9.00"), ("AC1000001", "7.00")]


@pytest.mark.requirement("O3")
async def test_either_home_reports_the_charge_points_of_both(homes: list[HomeAssistant], folder: Path) -> None:
    for home in homes:
        answer = await export(home)
        assert answer["events"] == 3
        assert Path(answer["file"]).name == NAME
        assert rows(folder / NAME) == ALL
    assert len(finished(folder)) == 2  # the report, and the list beside it


@pytest.mark.requirement("O3")
async def test_both_asking_at_once_make_one_file_without_doubled_rows(homes: list[HomeAssistant], folder: Path) -> None:
    answers = await asyncio.gather(*(export(home) for home in (*homes, *homes)))
    assert {answer["events"] for answer in answers} == {3}
    assert {Path(answer["file"]).name for answer in answers} == {NAME}
    assert len(finished(folder)) == 2
    assert rows(folder / NAME) == ALL


@pytest.mark.requirement("O5")
async def test_how_much_was_read_is_told_of_both_homes(homes: list[HomeAssistant]) -> None:
    shares = [(await export(home))["read_share"] for home in homes]
    assert shares[0] == shares[1] > 0.15


@pytest.mark.requirement("O6")
async def test_an_id_that_the_other_home_has_is_refused(homes: list[HomeAssistant]) -> None:
    (site,) = [each for each in homes[1].config_entries.async_entries(DOMAIN) if each.entry_id == "01SITE"]
    asked = await describe(homes[1], site, THERE, public_id="AC1000001")  # type: ignore[arg-type]
    assert asked["errors"] == {"public_id": "id_taken"}


async def test_a_home_sees_and_erases_its_own_records_only(homes: list[HomeAssistant]) -> None:
    ask = {"start": "2026-10-01", "end": "2026-10-31", "by": "whole"}
    hass, other = homes

    async def used(home: HomeAssistant) -> Any:
        answer = await home.services.async_call(DOMAIN, "get_consumption", ask, blocking=True, return_response=True)
        return answer["total"]["import_kwh"]  # type: ignore[index, call-overload]

    assert hass.data[DATA_LEDGER].site != other.data[DATA_LEDGER].site
    assert (await used(hass), await used(other)) == (14, 9)
    await other.services.async_call(DOMAIN, "delete_personal_data", {"confirm": "C7654321"}, blocking=True)
    assert (await used(hass), await used(other)) == (14, 0)


async def test_both_may_find_an_empty_database_at_once(
    hass: HomeAssistant, other: HomeAssistant, url: str, folder: Path
) -> None:
    """Neither has opened it before either has asked what is there."""
    import psycopg

    both = Barrier(2, timeout=30)

    def together(connection: Connection, *steps: Any) -> int:
        if connection.dialect.name == "postgresql":
            both.wait()
        return migrate(connection, *steps)

    with patch.object(store, "migrate", together):
        await asyncio.gather(*(use(home, url, folder) for home in (hass, other)))
        assert await is_at(hass, url)
        assert await is_at(other, url)
    for home in (hass, other):
        await settle(home)
        assert home.data[DATA_LEDGER].error is None
    name, host = url.partition("postgres@/")[2].split("?host=")
    with psycopg.connect(host=host, user="postgres", dbname=name) as connection:
        ids = connection.execute("SELECT count(*) FROM smart_charge.smart_charge_place").fetchone()
        versions = connection.execute("SELECT count(*) FROM smart_charge.smart_charge_version").fetchone()
        schemas = connection.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'smart_charge'").fetchone()
    assert (ids, versions, schemas) == ((1,), (1,), (1,))


@pytest.mark.requirement("O4")
async def test_of_two_homes_one_announces_the_report(homes: list[HomeAssistant], folder: Path) -> None:
    """Or it would be mailed twice. Each has written it."""
    told: list[str] = []
    for home in homes:
        async_dispatcher_connect(home, SIGNAL_REPORT, lambda facts: told.append(facts["type"]))
    await asyncio.gather(*(async_write_due(home) for home in (*homes, *homes)))
    assert told == ["ready"]
    for home in homes:
        written = await home.data[DATA_LEDGER].async_ask(written_reports)
        assert [each.quarter for each in written] == ["2026-Q4"]
