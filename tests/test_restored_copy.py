# ruff: noqa: F811  fixtures that are imported
"""A second Home Assistant was restored from the first one's backup, and both keep their records on one server."""

from collections.abc import AsyncIterator
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant import loader
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.file import WriteError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_test_home_assistant

from custom_components.smart_charge.const import CONF_RECORDS, DOMAIN, KIND_SITE
from custom_components.smart_charge.guard import note
from custom_components.smart_charge.keeping.log_watch import DATA_LOG_WATCH
from custom_components.smart_charge.ledger import DATA_LEDGER, Ledger, database
from custom_components.smart_charge.ledger.database import Database
from custom_components.smart_charge.records.errors import LedgerShared, LedgerUnreachable
from custom_components.smart_charge.repairs import async_create_fix_flow
from custom_components.smart_charge.security.events import Kind

from .flow_words import ENGLISH
from .premises import add, site_entry
from .records.ledger import whole_session
from .shell import IDLE, FakeCharger, modbus_entry, set_up_fake, settle
from .test_config_flow_records import is_at
from .test_two_sites import HERE, server, url  # noqa: F401  fixtures

S7_2 = pytest.mark.requirement("S7.2")
KEPT = f"{DOMAIN}.ledger"


async def stays(ledger: Ledger, *days_ago: int) -> None:
    now = dt_util.utcnow()
    began = [now - timedelta(days=each) for each in days_ago]
    ledger.add(*(whole_session(HERE, at, at + timedelta(hours=3), import_wh=1_000) for at in began))
    await ledger.async_flush()


async def on_record(ledger: Ledger) -> int:
    now = dt_util.utcnow()
    since = now - timedelta(days=99)
    return len(await ledger.async_ask(lambda journal: journal.sessions(since, now)))


async def shared_flow(hass: HomeAssistant) -> Any:
    """Begin to answer the repair."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, "records")
    assert issue is not None
    assert issue.translation_key == "records_shared"
    flow = await async_create_fix_flow(hass, issue.issue_id, issue.data)
    flow.hass = hass
    return flow


async def answer(hass: HomeAssistant, choice: str) -> None:
    """Say in the repair which home this is."""
    flow = await shared_flow(hass)
    menu: Any = await flow.async_step_init()
    words = ENGLISH["issues"]["records_shared"]["fix_flow"]["step"]["init"]
    assert set(menu["menu_options"]) == set(words["menu_options"])
    done: Any = await getattr(flow, f"async_step_{choice}")()
    assert done["type"] == "create_entry"
    await settle(hass)
    assert ir.async_get(hass).async_get_issue(DOMAIN, "records") is None


async def wipe(hass: HomeAssistant) -> None:
    await hass.services.async_call(DOMAIN, "delete_personal_data", {"confirm": "A1234567"}, blocking=True)


@pytest.fixture
async def first(hass: HomeAssistant, entry: MockConfigEntry, url: str) -> Ledger:
    await add(hass, site_entry(**{CONF_RECORDS: {"url": url, "keep_months": 13}}))
    assert await is_at(hass, url)
    await stays(hass.data[DATA_LEDGER], 9, 8)
    return hass.data[DATA_LEDGER]


@pytest.fixture
async def copy(
    hass_storage: dict[str, Any],
    tmp_path: Path,
    url: str,
    first: Ledger,
) -> AsyncIterator[HomeAssistant]:
    """The second home, restored and started."""
    hass_storage["other.ledger"] = deepcopy(hass_storage[KEPT]) | {"key": "other.ledger"}
    folder = tmp_path / "copy"
    folder.mkdir()
    charger = FakeCharger()
    charger.say(**IDLE)
    async with async_test_home_assistant(config_dir=str(folder)) as home:
        home.data.pop(loader.DATA_CUSTOM_COMPONENTS)
        with patch.object(database, "DOMAIN", "other"):  # all homes of a test have one set of private files
            await add(home, site_entry(**{CONF_RECORDS: {"url": url, "keep_months": 13}}))
        await set_up_fake(home, charger, modbus_entry())
        assert await is_at(home, url)
        yield home
        for each in home.config_entries.async_entries(DOMAIN):
            await home.config_entries.async_unload(each.entry_id)
        await home.async_stop(force=True)


@S7_2
async def test_a_copy_gets_an_id_of_its_own_and_erases_its_own_records_only(
    hass: HomeAssistant, first: Ledger, copy: HomeAssistant
) -> None:
    second = copy.data[DATA_LEDGER]
    assert second.site == first.site
    await stays(first, 7)  # somebody else has signed in as us
    assert isinstance(first.error, LedgerShared)
    assert len(first.buffer)
    await stays(second, 6)
    for home in (hass, copy):
        with pytest.raises(HomeAssistantError) as refused:
            await wipe(home)
        assert refused.value.translation_key == "records_shared"
    await answer(copy, "copy")
    assert second.site != first.site
    await first.async_flush()
    assert first.error is None
    assert await on_record(first) == 4  # what was written under the one id until then stays with the first
    await stays(second, 5)
    assert await on_record(second) == 1
    await wipe(copy)
    assert (await on_record(first), await on_record(second)) == (4, 0)
    assert (await copy.data[DATA_LOG_WATCH].async_check()).is_whole
    assert (await hass.data[DATA_LOG_WATCH].async_check()).is_whole


async def test_a_home_that_has_moved_goes_on_where_the_other_stopped(
    hass: HomeAssistant, first: Ledger, copy: HomeAssistant
) -> None:
    second = copy.data[DATA_LEDGER]
    await stays(first, 7)
    await answer(hass, "moved")  # it was the copy that was started by mistake
    assert await on_record(first) == 3
    await stays(second, 6)
    assert isinstance(second.error, LedgerShared)
    assert len(second.buffer)
    await answer(copy, "moved")
    assert await on_record(second) == 4
    await stays(first, 5)
    assert isinstance(first.error, LedgerShared)


async def test_a_copy_that_is_told_so_while_the_server_is_away_has_a_whole_log_once_it_is_back(
    first: Ledger, copy: HomeAssistant
) -> None:
    second = copy.data[DATA_LEDGER]
    note(copy, Kind.DATA_EXPORTED, what="sessions")
    verdict = await copy.data[DATA_LOG_WATCH].async_check()
    assert (verdict.is_whole, verdict.count > 0) == (True, True)
    await stays(first, 7)
    await stays(second, 6)
    flow = await shared_flow(copy)
    with patch.object(Database, "_async_store", side_effect=LedgerUnreachable("gone")):
        done: Any = await flow.async_step_copy()
    assert (done["type"], done["reason"]) == ("abort", "not_settled")
    await stays(second, 5)
    assert second.error is None
    assert (await copy.data[DATA_LOG_WATCH].async_check()).is_whole


async def test_an_answer_that_comes_when_nothing_is_in_doubt_any_more_changes_nothing(
    hass: HomeAssistant, first: Ledger, copy: HomeAssistant
) -> None:
    await stays(first, 7)
    await stays(copy.data[DATA_LEDGER], 6)
    site, flow = first.site, await shared_flow(hass)
    await answer(copy, "copy")
    await first.async_flush()
    done: Any = await flow.async_step_copy()
    assert (done["type"], done["reason"]) == ("abort", "settled")
    assert first.site == site
    assert await on_record(first) == 4


async def move_to_a_file(home: HomeAssistant) -> None:
    """Have the owner take the server's address out of the settings."""
    site = home.config_entries.async_entry_for_domain_unique_id(DOMAIN, KIND_SITE)
    assert site is not None
    home.config_entries.async_update_entry(site, options={CONF_RECORDS: {"keep_months": 13}})
    assert await is_at(home, None)


@S7_2
async def test_a_copy_that_is_sent_elsewhere_takes_nothing_along_and_erases_nothing_there(
    hass: HomeAssistant, first: Ledger, copy: HomeAssistant
) -> None:
    await stays(first, 7)
    await stays(copy.data[DATA_LEDGER], 6)  # it knows now
    await answer(hass, "moved")
    await move_to_a_file(copy)
    assert (await on_record(first), await on_record(copy.data[DATA_LEDGER])) == (4, 0)
    assert ir.async_get(copy).async_get_issue(DOMAIN, "records_left") is not None
    assert ir.async_get(copy).async_get_issue(DOMAIN, "records") is None
    await wipe(copy)
    assert await on_record(first) == 4


async def test_a_copy_that_is_sent_elsewhere_before_the_doubt_is_settled_takes_nothing_along(
    first: Ledger, copy: HomeAssistant
) -> None:
    await stays(first, 7)  # the copy has signed in since
    await move_to_a_file(copy)
    assert await on_record(copy.data[DATA_LEDGER]) == 0


async def test_a_start_that_could_not_keep_its_word_makes_no_copy_of_the_next(
    hass: HomeAssistant, first: Ledger
) -> None:
    write = Store._async_write_data

    async def full(store: Store[Any], data: dict[str, Any]) -> None:
        if store.key == KEPT:
            raise WriteError("no space left on the device")
        await write(store, data)

    with patch.object(Store, "_async_write_data", full):
        await start_again(hass, 2)
    await start_again(hass, 1)


async def start_again(hass: HomeAssistant, days_ago: int) -> None:
    again = Ledger(hass)
    await again.async_load()
    again.start()
    await stays(again, days_ago)
    assert again.error is None
    await again.async_stop()


async def test_a_restart_is_no_copy(hass: HomeAssistant, first: Ledger, url: str) -> None:
    for restart in range(3):
        await start_again(hass, restart + 1)
    assert ir.async_get(hass).async_get_issue(DOMAIN, "records") is None
