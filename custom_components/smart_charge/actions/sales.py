"""The register of sales, for sellers and installers: add, list, export (reg 14, 14.1). Off unless turned on."""

from datetime import date, datetime
from functools import partial
from typing import Final

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType
import probatio

from ..admin import async_register_admin_action
from ..const import CONF_REGISTER, CONF_SALES
from ..errors import invalid
from ..guard import note
from ..ledger import DATA_LEDGER
from ..records.journal import Journal
from ..records.sales import NumberedSale, Sale
from ..records.tables import LONGEST_TEXT
from ..security.events import Kind
from ..site import DATA_SITE

_NAME: Final = probatio.All(cv.string, str.strip, probatio.Length(min=1, max=LONGEST_TEXT))
_TEXT: Final = probatio.All(cv.string, str.strip, probatio.Length(max=LONGEST_TEXT))


def _day(said: date) -> date:
    """Return the day of what YAML may have read as an instant."""
    return said.date() if isinstance(said, datetime) else said


ADD_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required("sold_on"): probatio.All(cv.date, _day),
        probatio.Required("model"): _NAME,
        probatio.Required("serial"): _NAME,
        probatio.Optional("buyer", default=""): _TEXT,
        probatio.Optional("address", default=""): _TEXT,
        probatio.Optional("note", default=""): _TEXT,
        probatio.Optional("corrects"): probatio.All(probatio.Coerce(int), probatio.Range(min=1)),
    }
)
LIST_SCHEMA: Final = probatio.Schema({})


@callback
def async_setup_sales(hass: HomeAssistant) -> None:
    """Make the actions known."""
    for name, handler, schema, response in (
        ("add_sale", _async_add, ADD_SCHEMA, SupportsResponse.OPTIONAL),
        ("list_sales", _async_list, LIST_SCHEMA, SupportsResponse.ONLY),
        ("export_sales", _async_export, LIST_SCHEMA, SupportsResponse.ONLY),
    ):
        async_register_admin_action(hass, name, handler, schema, response)


def _see_that_it_is_on(hass: HomeAssistant) -> None:
    if not (hass.data[DATA_SITE].options.get(CONF_SALES) or {}).get(CONF_REGISTER, False):
        raise invalid("register_off")


async def _async_add(call: ServiceCall) -> ServiceResponse:
    """Enter a sale; it is on disk, or an error is raised. Returns its number."""
    _see_that_it_is_on(call.hass)
    sold_on: date = call.data["sold_on"]
    if sold_on > dt_util.now().date():
        raise invalid("sale_to_come")
    sale = Sale(recorded_at=dt_util.utcnow(), **call.data)
    entered = await call.hass.data[DATA_LEDGER].async_ask(partial(_add, sale=sale))
    if entered is None:
        raise invalid("nothing_to_correct", number=str(sale.corrects))
    return _plain(entered) if call.return_response else None


def _add(journal: Journal, *, sale: Sale) -> NumberedSale | None:
    """Blocks. Enter it; None where it corrects an entry that is not there."""
    if sale.corrects is not None and sale.corrects not in {each.number for each in journal.register.entries()}:
        return None
    journal.write(sale)
    return next(each for each in reversed(journal.register.entries()) if each.sale.entry_id == sale.entry_id)


async def _async_list(call: ServiceCall) -> ServiceResponse:
    _see_that_it_is_on(call.hass)
    entries = await call.hass.data[DATA_LEDGER].async_ask(lambda journal: journal.register.entries())
    return {"entries": [_plain(each) for each in entries]}


async def _async_export(call: ServiceCall) -> ServiceResponse:
    """Return the register as CSV, for the enforcement authority."""
    _see_that_it_is_on(call.hass)
    text = await call.hass.data[DATA_LEDGER].async_ask(lambda journal: journal.register.export())
    note(call.hass, Kind.DATA_EXPORTED, user_id=call.context.user_id, what="register_of_sales")
    return {"csv": text}


def _plain(entry: NumberedSale) -> JsonObjectType:
    sale = entry.sale
    return {
        "number": entry.number,
        "recorded_at": sale.recorded_at.isoformat(timespec="seconds"),
        "sold_on": sale.sold_on.isoformat(),
        "model": sale.model,
        "serial": sale.serial,
        "buyer": sale.buyer,
        "address": sale.address,
        "note": sale.note,
        "corrects": sale.corrects,
    }
