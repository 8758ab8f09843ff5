"""The register of sales: off unless turned on, added to and never changed, kept whatever is deleted (14.1)."""

import csv
from datetime import datetime
import io
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Context, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.smart_charge.const import DOMAIN

from .flow_words import readable
from .test_site import add, site_entry

SALE = {"sold_on": "2026-11-20", "model": "Alfen Eve Single", "serial": "ACE0123456", "buyer": "Ada Lovelace"}

pytestmark = pytest.mark.requirement("14.1")


async def ask(hass: HomeAssistant, action: str, **data: Any) -> dict[str, Any]:
    answer = await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
async def register(hass: HomeAssistant, london: None) -> MockConfigEntry:
    site = site_entry(sales={"register": True})
    await add(hass, site)
    return site


@pytest.mark.parametrize(("action", "data"), [("add_sale", SALE), ("list_sales", {}), ("export_sales", {})])
async def test_it_is_off_unless_it_is_turned_on(
    hass: HomeAssistant, london: None, action: str, data: dict[str, Any]
) -> None:
    await add(hass, site_entry())
    with pytest.raises(ServiceValidationError) as refused:
        await ask(hass, action, **data)
    assert refused.value.translation_key == "register_off"


async def test_it_is_turned_on_and_off_in_the_options_and_keeps_its_entries(hass: HomeAssistant, london: None) -> None:
    site = site_entry()
    await add(hass, site)
    for is_on in (True, False, True):
        menu = readable(await hass.config_entries.options.async_init(site.entry_id), "options")
        form = await hass.config_entries.options.async_configure(menu["flow_id"], {"next_step_id": "sales"})
        done = await hass.config_entries.options.async_configure(form["flow_id"], {"register": is_on})
        assert done["type"] is FlowResultType.CREATE_ENTRY
        await hass.async_block_till_done()
        if is_on:
            await ask(hass, "add_sale", **SALE)
    assert len((await ask(hass, "list_sales"))["entries"]) == 2


async def test_a_mistake_is_put_right_by_another_entry(hass: HomeAssistant, register: MockConfigEntry) -> None:
    assert (await ask(hass, "add_sale", **SALE))["number"] == 1
    second = await ask(hass, "add_sale", **SALE | {"serial": "ACE0123457", "corrects": 1})
    assert (second["number"], second["corrects"]) == (2, 1)
    entries = (await ask(hass, "list_sales"))["entries"]
    assert [entry["serial"] for entry in entries] == ["ACE0123456", "ACE0123457"]
    with pytest.raises(ServiceValidationError) as refused:
        await ask(hass, "add_sale", **SALE | {"corrects": 7})
    assert refused.value.translation_key == "nothing_to_correct"


async def test_a_day_that_yaml_read_as_an_instant_is_that_day(hass: HomeAssistant, register: MockConfigEntry) -> None:
    sold_at = datetime(2026, 11, 20, 15, 30)  # noqa: DTZ001  as a script hands it over
    assert (await ask(hass, "add_sale", **SALE | {"sold_on": sold_at}))["sold_on"] == "2026-11-20"


async def test_a_sale_of_tomorrow_is_refused(
    hass: HomeAssistant, register: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> None:
    with pytest.raises(ServiceValidationError) as refused:
        await ask(hass, "add_sale", **SALE | {"sold_on": "2026-11-24"})
    assert refused.value.translation_key == "sale_to_come"


async def test_the_export_is_a_table_without_formulas(hass: HomeAssistant, register: MockConfigEntry) -> None:
    await ask(hass, "add_sale", **SALE | {"note": "=HYPERLINK(1)"})
    (row,) = csv.DictReader(io.StringIO((await ask(hass, "export_sales"))["csv"]))
    assert (row["Serial"], row["Buyer"], row["Note"]) == ("ACE0123456", "Ada Lovelace", "'=HYPERLINK(1)")


@pytest.mark.requirement("S9.1")
async def test_only_an_administrator_sees_it(
    hass: HomeAssistant, register: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN, "list_sales", {}, blocking=True, return_response=True,
            context=Context(user_id=hass_read_only_user.id),
        )  # fmt: skip
