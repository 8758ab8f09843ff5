"""An owner names another database, and goes back: the records go with them, and deleting reaches what could not."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_RECORDS, DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER, Ledger
from custom_components.smart_charge.records.errors import LedgerUnreachable
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import OutletKey

from .premises import add, site_entry
from .records import postgresql
from .records.ledger import whole_session
from .shell import CHARGING, IDLE, PLUGGED_IN, FakeCharger, after, settle
from .test_config_flow_records import is_at

GARAGE = OutletKey(charge_point="01GARAGE")
TAG = "04A2B3C4D5E6F7"
AWAY = LedgerUnreachable("nobody is there")


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
    """A database of the test's own."""
    import psycopg

    name = f"d{abs(hash(request.node.name))}"
    host = server.partition("host=")[2]
    with psycopg.connect(host=host, user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server.replace("/postgres?", f"/{name}?")


@pytest.fixture
async def site(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    """A home with a past of three sessions, and one that goes on."""
    site = await add(hass, site_entry())
    ledger, now = hass.data[DATA_LEDGER], dt_util.utcnow()
    ledger.add(*(
        whole_session(GARAGE, began, began + timedelta(hours=3), tag=TAG, who="Ada Lovelace")
        for began in (now - timedelta(days=day) for day in (3, 2, 1))
    ))  # fmt: skip
    await ledger.async_flush()
    return site


async def go(hass: HomeAssistant, site: MockConfigEntry, url: str | None) -> None:
    """Have the records kept elsewhere."""
    records = {"keep_months": 13} | ({} if url is None else {"url": url})
    hass.config_entries.async_update_entry(site, options=dict(site.options) | {CONF_RECORDS: records})
    assert await is_at(hass, url)


async def sums(ledger: Ledger) -> tuple[int, int, int]:
    """How many sessions there are, and their energy told in both ways."""
    await ledger.async_flush()
    now = dt_util.utcnow()
    since, until = now - timedelta(days=300), now + timedelta(days=1)

    def ask(journal: Journal) -> tuple[int, int, int]:
        found = journal.sessions(since, until)
        return len(found), sum(each.import_wh for each in found), journal.usage(since, until).import_wh

    return await ledger.async_ask(ask)


async def in_executor[T](hass: HomeAssistant, work: Callable[[], T]) -> T:
    return await hass.async_add_executor_job(work)


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, "records_left")


@pytest.mark.requirement("9.3")
async def test_the_records_go_there_and_back_in_the_middle_of_a_charge(
    hass: HomeAssistant, site: MockConfigEntry, charger: FakeCharger, url: str, freezer: FrozenDateTimeFactory
) -> None:
    ledger = hass.data[DATA_LEDGER]
    charger.say(**PLUGGED_IN | CHARGING, import_wh=10_000)
    await settle(hass)
    told = []
    for number, place in enumerate((None, url, None, url)):
        await go(hass, site, place)
        await after(hass, freezer, minutes=40)
        charger.say(import_wh=10_000 + 4_000 * (number + 1))
        await settle(hass)
        told.append(await sums(ledger))
    assert told == [(4, 21_000 + wh, 21_000 + wh) for wh in (4_000, 8_000, 12_000, 16_000)]
    charger.say(**IDLE)
    await settle(hass)
    assert await sums(ledger) == (4, 37_000, 37_000)
    assert issue(hass) is None

    def in_the_file() -> int:
        store = Store.at_path(ledger.path)
        try:
            with store.read() as connection:
                return int(connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar_one())
        finally:
            store.close()

    assert await in_executor(hass, in_the_file) == 0


async def test_a_new_password_for_the_same_database_moves_nothing(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    await go(hass, site, url)
    before = await sums(hass.data[DATA_LEDGER])
    await go(hass, site, url.replace("postgres@", "postgres:anew@"))
    for _ in range(3):
        await settle(hass)
    await hass.data[DATA_LEDGER].async_reopen()
    assert await sums(hass.data[DATA_LEDGER]) == before
    assert issue(hass) is None


@pytest.mark.requirement("S7.2")
async def test_a_server_that_is_away_is_named_and_fetched_from_when_it_is_back(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    ledger = hass.data[DATA_LEDGER]
    await go(hass, site, url)
    with patch("custom_components.smart_charge.ledger.left.Store.at_url", side_effect=AWAY):
        await go(hass, site, None)
        told = issue(hass)
        assert told is not None
        assert "postgres@" not in str(told.translation_placeholders)
        assert await sums(ledger) == (0, 0, 0)
        answer = await delete(hass)
        assert answer["is_complete"] is False
        assert "/d" in str(answer["left"])
    await ledger.async_fetch_left()
    assert issue(hass) is None
    assert await sums(ledger) == (3, 21_000, 21_000)
    assert (await delete(hass))["is_complete"] is True
    assert await sums(ledger) == (0, 0, 0)


async def test_a_database_that_is_gone_for_good_can_be_given_up(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    await async_setup_component(hass, REPAIRS, {})
    await go(hass, site, url)
    with patch("custom_components.smart_charge.ledger.left.Store.at_url", side_effect=AWAY):
        await go(hass, site, None)
        flows = hass.data["repairs"]["flow_manager"]
        form = await flows.async_init(DOMAIN, data={"issue_id": "records_left"})
        assert form["step_id"] == "confirm"
        assert (await flows.async_configure(form["flow_id"], {}))["type"].value == "create_entry"
    await hass.data[DATA_LEDGER].async_fetch_left()
    assert issue(hass) is None
    assert await sums(hass.data[DATA_LEDGER]) == (0, 0, 0)


async def delete(hass: HomeAssistant) -> dict[str, Any]:
    with patch("custom_components.smart_charge.forgetting.names.SAVED_AFTER_S", 0):
        answer: Any = await hass.services.async_call(
            DOMAIN, "delete_personal_data", {"confirm": "A1234567"}, blocking=True, return_response=True
        )
    return dict(answer)
