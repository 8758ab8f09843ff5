"""The action that writes a quarter's usage report now (O4)."""

from functools import partial
import re
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from ..admin import async_register_admin_action
from ..errors import invalid
from ..keeping.usage_reports import async_write_report, facts_of
from ..ledger import DATA_LEDGER
from ..records.journal import Journal
from ..records.orcs import Listed
from ..records.outlets import Outlets
from ..records.periods import UK, Quarter, month_edges, months_back

ATTR_QUARTER: Final = "quarter"

_QUARTER: Final = re.compile(r"(20\d\d)-?Q([1-4])", re.IGNORECASE)

EXPORT_SCHEMA: Final = probatio.Schema({probatio.Optional(ATTR_QUARTER): cv.string})
AVAILABILITY_SCHEMA: Final = probatio.Schema({})


@callback
def async_setup_orcs(hass: HomeAssistant) -> None:
    """Make the actions known."""
    for name, handler, schema, response in (
        ("export_usage_data", _async_export, EXPORT_SCHEMA, SupportsResponse.OPTIONAL),
        ("get_availability", _async_get_availability, AVAILABILITY_SCHEMA, SupportsResponse.ONLY),
    ):
        async_register_admin_action(hass, name, handler, schema, response)


async def _async_export(call: ServiceCall) -> ServiceResponse:
    """Write the report, also anew, and return where it is and what is wrong with it."""
    written = await async_write_report(call.hass, _quarter(call), user_id=call.context.user_id)
    if not call.return_response:
        return None
    return facts_of(written) | {"listed": [_listed(each) for each in written.report.listed]}


def _quarter(call: ServiceCall) -> Quarter:
    """Return the quarter that is named, or the last that is over."""
    today = dt_util.utcnow().astimezone(UK).date()
    if (text := call.data.get(ATTR_QUARTER)) is None:
        return Quarter.of(months_back(today, 3))
    if (found := _QUARTER.fullmatch(text.strip())) is None:
        raise invalid("no_quarter", quarter=text)
    quarter = Quarter(int(found[1]), int(found[2]))
    if quarter.first_day > today:
        raise invalid("quarter_to_come", quarter=str(quarter))
    return quarter


def _listed(each: Listed) -> JsonValueType:
    return {
        "event": each.number,
        "public_id": each.public_id,
        "charge_point": each.session.outlet.charge_point,
        "connector": each.session.outlet.connector,
        "plugged_in_at": each.session.plugged_in_at.isoformat(timespec="seconds"),
        "remark": each.remark.value,
    }


async def _async_get_availability(call: ServiceCall) -> ServiceResponse:
    """Return, by outlet and month, how long it could be used (O9)."""
    zone = cast("ZoneInfo", dt_util.get_default_time_zone())
    outlets = await call.hass.data[DATA_LEDGER].async_ask(partial(_availability, hass=call.hass, zone=zone))
    return {"outlets": cast("JsonValueType", outlets)}


def _availability(journal: Journal, *, hass: HomeAssistant, zone: ZoneInfo) -> list[dict[str, Any]]:
    """Blocks."""
    now = dt_util.utcnow()
    begins = [edge.astimezone(zone).strftime("%Y-%m") for edge in month_edges(now, zone)[:-1]]
    found = []
    for outlet in Outlets(journal.store, journal.site).all():
        entry = hass.config_entries.async_get_entry(outlet.key.charge_point)
        spans = journal.availability_by_month(outlet.key, now, zone)
        found.append(
            {
                "charge_point": outlet.key.charge_point,
                "name": None if entry is None else entry.title,
                "connector": outlet.key.connector,
                "public_id": outlet.public_id,
                "months": [
                    {
                        "month": month,
                        "available": None if each.share is None else round(each.share, 4),
                        "faulted_s": round(each.faulted_s),
                        "offline_s": round(each.offline_s),
                        "not_watched_s": round(each.unknown_s),
                    }
                    for month, each in zip(begins, spans, strict=True)
                ],
            }
        )
    return found
