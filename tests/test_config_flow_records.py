"""Where the records are kept: the section of the site that asks, and the move to another database and back."""

from collections.abc import Iterator
from dataclasses import replace
import time
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_RECORDS, DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import OutletKey

from .flow_words import readable
from .premises import add, site_entry
from .records import postgresql
from .records.ledger import a_session, new_outlet
from .shell import settle


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    try:
        postgresql.programs()
    except postgresql.Missing as err:
        pytest.skip(str(err))
    with postgresql.server() as found:
        yield found


@pytest.fixture
async def site(hass: HomeAssistant, entry: MockConfigEntry) -> MockConfigEntry:
    return await add(hass, site_entry())


async def say(hass: HomeAssistant, form: dict[str, Any], said: dict[str, Any]) -> dict[str, Any]:
    return readable(await hass.config_entries.options.async_configure(form["flow_id"], said), "options")


async def records(hass: HomeAssistant, site: MockConfigEntry) -> dict[str, Any]:
    menu = readable(await hass.config_entries.options.async_init(site.entry_id), "options")
    return await say(hass, menu, {"next_step_id": "records"})


async def is_at(hass: HomeAssistant, url: str | None) -> bool:
    """Wait until the records are kept there."""
    for _ in range(300):
        await settle(hass)
        journal = hass.data[DATA_LEDGER]._database.journal
        if journal is not None and (journal.store.path is None) is (url is not None):
            return True
        await hass.async_add_executor_job(time.sleep, 0.01)
    return False


async def an_issue(hass: HomeAssistant) -> ir.IssueEntry:
    """Wait until the records have something to complain of."""
    for _ in range(300):
        await settle(hass)
        if (issue := ir.async_get(hass).async_get_issue(DOMAIN, "records")) is not None:
            return issue
        await hass.async_add_executor_job(time.sleep, 0.01)
    raise AssertionError("no repair")


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ("mysql://somewhere/else", "records_misaddressed"),
        ("postgresql+psycopg://nobody@127.0.0.1:1/nothing", "records_unreachable"),
    ],
)
async def test_an_address_that_does_not_work_is_refused_with_the_reason(
    hass: HomeAssistant, site: MockConfigEntry, said: str, error: str
) -> None:
    form = await say(hass, await records(hass, site), {"url": said, "keep_months": 13})
    assert form["errors"] == {"url": error}
    done = await say(hass, form, {"keep_months": 24})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert site.options[CONF_RECORDS] == {"keep_months": 24}


async def test_a_password_with_an_at_sign_is_not_said_aloud(
    hass: HomeAssistant, site: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    said = "postgresql+psycopg://smart:hunter@2secret@127.0.0.1:1/home"
    form = await say(hass, await records(hass, site), {"url": said, "keep_months": 13})
    assert form["errors"] == {"url": "records_misaddressed"}
    assert "%40" in form["description_placeholders"]["error"]
    hass.config_entries.async_update_entry(site, options={CONF_RECORDS: {"url": said, "keep_months": 13}})
    issue = await an_issue(hass)
    assert issue.translation_key == "records_misaddressed"
    assert "2secret" not in f"{form} {issue.translation_placeholders} {caplog.text}"


async def test_records_go_to_the_named_database_at_once(hass: HomeAssistant, site: MockConfigEntry, url: str) -> None:
    ledger = hass.data[DATA_LEDGER]
    await ledger.async_flush()
    done = await say(hass, await records(hass, site), {"url": url, "keep_months": 13})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert await is_at(hass, url)
    outlet = new_outlet()
    ledger.add(a_session(outlet, dt_util.utcnow()))
    await ledger.async_flush()

    def there() -> int:
        store = Store.at_url(url)
        with store.read() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM sessions").scalar_one()
        store.close()
        return int(count)

    assert await hass.async_add_executor_job(there) == 1

    form = await records(hass, site)
    assert url not in str(form)
    await say(hass, form, {"remove_url": True, "keep_months": 13})
    assert await is_at(hass, None)


@pytest.mark.requirement("S7.2")
async def test_deleting_reaches_the_file_that_was_left_for_a_database(
    hass: HomeAssistant, site: MockConfigEntry, url: str
) -> None:
    ledger, now = hass.data[DATA_LEDGER], dt_util.utcnow()
    gone = OutletKey(charge_point="01GONE", connector=1)
    ledger.add(replace(a_session(gone, now), tag="04A2B3C4D5E6F7", who="Ada Lovelace"))
    await ledger.async_flush()
    await say(hass, await records(hass, site), {"url": url, "keep_months": 13})
    assert await is_at(hass, url)
    with patch("custom_components.smart_charge.forgetting.names.SAVED_AFTER_S", 0):
        answer = await hass.services.async_call(
            DOMAIN, "delete_personal_data", {"confirm": "A1234567"}, blocking=True, return_response=True
        )

    def words_left() -> set[str]:
        files = ledger.path.parent.glob(f"{ledger.path.name}*")
        return {word for file in files for word in ("04A2B3C4D5E6F7", "Ada") if word.encode() in file.read_bytes()}

    assert await hass.async_add_executor_job(words_left) == set()
    assert {"what": "sessions", "count": 1} in [
        {key: row[key] for key in ("what", "count")} for row in answer["erased"]
    ]  # type: ignore[index, union-attr, call-overload]


@pytest.mark.requirement("S7.2")
async def test_a_left_file_that_cannot_be_erased_is_named(hass: HomeAssistant, site: MockConfigEntry, url: str) -> None:
    ledger = hass.data[DATA_LEDGER]
    await say(hass, await records(hass, site), {"url": url, "keep_months": 13})
    assert await is_at(hass, url)
    await hass.async_add_executor_job(ledger.path.write_bytes, b"no database" * 1000)
    with patch("custom_components.smart_charge.forgetting.names.SAVED_AFTER_S", 0):
        answer = await hass.services.async_call(
            DOMAIN, "delete_personal_data", {"confirm": "A1234567"}, blocking=True, return_response=True
        )
    assert answer is not None
    assert answer["is_complete"] is False
    assert ledger.path.name in str(answer["left"])


async def test_tables_that_were_dropped_are_made_anew(hass: HomeAssistant, site: MockConfigEntry, url: str) -> None:
    ledger = hass.data[DATA_LEDGER]
    await say(hass, await records(hass, site), {"url": url, "keep_months": 13})
    assert await is_at(hass, url)

    def drop() -> None:
        store = Store.at_url(url)
        with store.write() as connection:
            connection.exec_driver_sql("DROP SCHEMA smart_charge CASCADE")
        store.close()

    await hass.async_add_executor_job(drop)
    ledger.add(a_session(new_outlet(), dt_util.utcnow()))
    await ledger.async_flush()
    await ledger.async_flush()
    assert ledger.error is None
    assert len(ledger.buffer) == 0
    assert ir.async_get(hass).async_get_issue(DOMAIN, "records") is None
