"""Actions to read, check and export the security log (S10.1, S10.2)."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from ..admin import async_register_admin_action
from ..guard import note
from ..keeping.log_watch import DATA_LOG_WATCH
from ..ledger import DATA_LEDGER
from ..records.chain import Entry
from ..records.journal import Journal
from ..records.security_log import plain_detail
from ..security.events import Kind

ATTR_LIMIT: Final = "limit"
ATTR_SINCE: Final = "since"
ATTR_UNTIL: Final = "until"

LIST_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_SINCE): cv.datetime,
        probatio.Optional(ATTR_UNTIL): cv.datetime,
        probatio.Optional(ATTR_LIMIT, default=100): probatio.All(probatio.Coerce(int), probatio.Range(min=1, max=5000)),
    }
)
EXPORT_SCHEMA: Final = probatio.Schema({})


@callback
def async_setup_security(hass: HomeAssistant) -> None:
    """Make the actions known."""
    for name, handler, schema in (
        ("list_security_events", _async_list, LIST_SCHEMA),
        ("export_security_log", _async_export, EXPORT_SCHEMA),
    ):
        async_register_admin_action(hass, name, handler, schema, SupportsResponse.ONLY)


async def _async_list(call: ServiceCall) -> ServiceResponse:
    """Return the newest entries of a period, oldest first."""
    since, until = (
        None if (at := call.data.get(key)) is None else dt_util.as_utc(at) for key in (ATTR_SINCE, ATTR_UNTIL)
    )
    ledger = call.hass.data[DATA_LEDGER]
    await ledger.async_flush()
    entries = await ledger.async_ask(partial(_entries, since=since, until=until))
    newest = entries[-call.data[ATTR_LIMIT] :]
    return {
        "events": [_plain(entry) for entry in newest],
        "left_out": len(entries) - len(newest),
        "users": await _async_users(call.hass, newest),
    }


async def _async_users(hass: HomeAssistant, entries: Sequence[Entry]) -> dict[str, JsonValueType]:
    """Return who of Home Assistant's users is behind which word; the log itself does not know, and need not."""
    names = {user.id: user.name for user in await hass.auth.async_get_users()}

    def words(journal: Journal) -> dict[str, JsonValueType]:
        known = {journal.security.word_for(user_id): name for user_id, name in names.items()}
        met = {str(plain_detail(entry).get("user_id")) for entry in entries}
        return {word: name for word, name in known.items() if word in met}

    return await hass.data[DATA_LEDGER].async_ask(words)


def _entries(journal: Journal, **period: Any) -> list[Entry]:
    return journal.security.entries(**period)


def _plain(entry: Entry) -> dict[str, Any]:
    at = entry.at.isoformat(timespec="milliseconds")
    return {"number": entry.number, "at": at, "kind": entry.kind, "detail": plain_detail(entry)}


async def _async_export(call: ServiceCall) -> ServiceResponse:
    """Return the whole log as JSON lines with its digests, and whether its chain is whole."""
    note(call.hass, Kind.DATA_EXPORTED, user_id=call.context.user_id, what="security_log")
    verdict = await call.hass.data[DATA_LOG_WATCH].async_check()
    text = await call.hass.data[DATA_LEDGER].async_ask(lambda journal: journal.security.export())
    return {
        "is_whole": verdict.is_whole,
        "broken_at": verdict.broken_at,
        "reason": verdict.reason,
        "site": call.hass.data[DATA_LEDGER].site,
        "entries": verdict.count,
        "log": text,
    }
