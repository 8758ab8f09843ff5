"""Actions that answer what was used, by event, by month or in all, and hand out the sessions (9.1 to 9.3)."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType
import probatio

from ..admin import async_register_admin_action
from ..const import DOMAIN
from ..coordinator import SmartChargeConfigEntry
from ..errors import invalid
from ..forgetting.exports import exports_of
from ..guard import note
from ..ledger import DATA_LEDGER
from ..records.journal import Journal
from ..records.periods import midnight, month_starts, year_back
from ..records.reports import percent, sessions_csv, sessions_json
from ..records.values import SessionRecord, Usage
from ..security.events import Kind
from ..site import is_site
from ..whole_files import write_whole
from .requests import charge_point_of

ATTR_BY: Final = "by"
ATTR_END: Final = "end"
ATTR_FORMAT: Final = "format"
ATTR_PATH: Final = "path"
ATTR_START: Final = "start"

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2100
"""Nothing is on record outside these years, and asking month by month for ages would keep the database busy."""


def _within_reason(said: date) -> date:
    if not FIRST_YEAR <= said.year <= LAST_YEAR:
        raise probatio.Invalid(f"The year must be from {FIRST_YEAR} to {LAST_YEAR}")
    return said


_MOMENT: Final = probatio.All(probatio.Any(cv.date, cv.datetime), _within_reason)
_RANGE: Final = {
    probatio.Optional(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, [cv.string]),
    probatio.Optional(ATTR_START): _MOMENT,
    probatio.Optional(ATTR_END): _MOMENT,
}
CONSUMPTION_SCHEMA: Final = probatio.Schema(
    _RANGE | {probatio.Optional(ATTR_BY, default="month"): probatio.In(["session", "month", "whole"])}
)
EXPORT_SCHEMA: Final = probatio.Schema(
    _RANGE
    | {
        probatio.Optional(ATTR_FORMAT, default="csv"): probatio.In(["csv", "json"]),
        probatio.Optional(ATTR_PATH): cv.string,
    }
)


@callback
def async_setup_consumption(hass: HomeAssistant) -> None:
    """Make the actions known: sums to the whole household, sessions with tags and names to administrators."""
    hass.services.async_register(
        DOMAIN, "get_consumption", _async_get_consumption, CONSUMPTION_SCHEMA, SupportsResponse.ONLY
    )
    async_register_admin_action(
        hass, "export_sessions", _async_export_sessions, EXPORT_SCHEMA, SupportsResponse.OPTIONAL
    )


def _zone() -> ZoneInfo:
    return cast("ZoneInfo", dt_util.get_default_time_zone())


def _entries(call: ServiceCall) -> list[SmartChargeConfigEntry]:
    """Return the charge points asked for; without any, all."""
    if device_ids := call.data.get(ATTR_DEVICE_ID):
        return [charge_point_of(call.hass, device_id) for device_id in device_ids]
    return [entry for entry in call.hass.config_entries.async_entries(DOMAIN) if not is_site(entry)]


def _range(call: ServiceCall) -> tuple[datetime, datetime]:
    """Return the period asked for: as usual the last twelve months, this day included. An end that is a day is whole.

    Raises:
        ServiceValidationError: it ends before it starts.
    """
    zone, today = _zone(), dt_util.now().date()
    start, end = call.data.get(ATTR_START), call.data.get(ATTR_END)
    until = midnight(today + timedelta(days=1), zone) if end is None else _instant(end, zone, is_end=True)
    last = (until - timedelta.resolution).astimezone(zone).date()
    since = midnight(year_back(last), zone) if start is None else _instant(start, zone, is_end=False)
    if until <= since:
        raise invalid("range_ends_before_start")
    return since, until


def _instant(said: date | datetime, zone: ZoneInfo, *, is_end: bool) -> datetime:
    if isinstance(said, datetime):
        return dt_util.as_utc(said)
    return midnight(said + timedelta(days=1) if is_end else said, zone)


async def _async_get_consumption(call: ServiceCall) -> ServiceResponse:
    """Return what each charge point used in a period, and all together."""
    since, until = _range(call)
    entries, by = _entries(call), call.data[ATTR_BY]
    ledger = call.hass.data[DATA_LEDGER]
    await ledger.async_flush()

    def answer(journal: Journal) -> JsonObjectType:
        ids = [entry.entry_id for entry in entries]
        points: list[JsonValueType] = [_of_one(journal, entry, since, until, by) for entry in entries]
        whole = _plain_usage(journal.usage(since, until, ids))
        return {"start": _local(since), "end": _local(until), "total": whole, "charge_points": points}

    return await ledger.async_ask(answer)


def _of_one(
    journal: Journal, entry: SmartChargeConfigEntry, since: datetime, until: datetime, by: str
) -> JsonObjectType:
    ids = [entry.entry_id]
    found: JsonObjectType = {"name": entry.title, "total": _plain_usage(journal.usage(since, until, ids))}
    if by == "month":
        edges = [since, *month_starts(since, until, _zone()), until]
        found["months"] = [_plain_usage(usage) for usage in journal.usages(edges, ids)]
    elif by == "session":
        found["sessions"] = [_plain_session(session) for session in journal.sessions(since, until, ids)]
    return found


def _plain_usage(usage: Usage) -> JsonObjectType:
    return {
        "start": _local(usage.starts_at),
        "end": _local(usage.ends_at),
        "import_kwh": usage.import_wh / 1000,
        "export_kwh": usage.export_wh / 1000,
        "charging_minutes": round(usage.charging_s / 60, 1),
        "cost": _money(usage.known_cost),
        "kwh_without_price": usage.unpriced_wh / 1000,
    }


def _plain_session(session: SessionRecord) -> JsonObjectType:
    """Return a session without whose it was: that is the administrators' to export."""
    return {
        "plugged_in": _local(session.plugged_in_at),
        "charge_started": _local(session.charge_started_at),
        "charge_ended": _local(session.charge_ended_at),
        "unplugged": _local(session.unplugged_at),
        "is_running": session.is_open,
        "is_recovered": session.is_recovered,
        "may_be_several": session.may_be_several,
        "import_kwh": session.import_wh / 1000,
        "export_kwh": session.export_wh / 1000,
        "charging_minutes": round(session.charging_s / 60, 1),
        "cost": _money(session.whole_cost),
        "kwh_without_price": session.unpriced_wh / 1000,
        "obtained": "metered" if session.is_metered else "calculated",
        "interruptions": session.interruptions,
        "meter_error_percent": percent(session.meter_error),
        "meter_doubt_percent": percent(session.meter_doubt),
    }


def _local(instant: datetime | None) -> str | None:
    return None if instant is None else instant.astimezone(_zone()).isoformat(timespec="seconds")


def _money(amount: Decimal | None) -> float | None:
    return None if amount is None else float(round(amount, 4))


async def _async_export_sessions(call: ServiceCall) -> ServiceResponse:
    """Write the sessions of a period to a file, or return them; both when both are asked for."""
    path, form = call.data.get(ATTR_PATH), call.data[ATTR_FORMAT]
    if path is None and not call.return_response:
        raise invalid("export_goes_nowhere")
    since, until = _range(call)
    names = {entry.entry_id: entry.title for entry in _entries(call)}
    ledger = call.hass.data[DATA_LEDGER]
    await ledger.async_flush()
    sessions = await ledger.async_ask(lambda journal: journal.sessions(since, until, list(names)))
    text = (sessions_csv if form == "csv" else sessions_json)(sessions, _zone(), names)
    if path is not None:
        write = partial(_write, call.hass, Path(path), form, text)
        await exports_of(call.hass).async_write(Path(path), text, names, write)
    note(call.hass, Kind.DATA_EXPORTED, user_id=call.context.user_id, what="sessions")
    said: dict[str, Any] = {"sessions": len(sessions), "start": _local(since), "end": _local(until)}
    said |= {"content": text} if path is None else {"path": path}
    return said if call.return_response else None


def _is_allowed(hass: HomeAssistant, path: Path) -> bool:
    """Whether both the folder and what a link of that name leads to are allowed: it is the link that is replaced."""
    parent = path.parent.resolve()
    return hass.config.is_allowed_path(str(parent / path.name)) and hass.config.is_allowed_path(str(parent))


def _write(hass: HomeAssistant, path: Path, form: str, text: str) -> None:
    """Write the file whole or not at all, for the owner's eyes only.

    Raises:
        ServiceValidationError: Home Assistant may not write there, or the name is not that of such a file.
        HomeAssistantError: the disk refused.
    """
    if path.suffix.lower() != f".{form}":
        raise invalid("export_needs_suffix", suffix=f".{form}")
    if "\0" in str(path) or not path.is_absolute() or not _is_allowed(hass, path):
        raise invalid("path_not_allowed", path=str(path))
    try:
        write_whole(path, text)
    except OSError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN, translation_key="export_failed",
            translation_placeholders={"path": str(path), "error": err.strerror or type(err).__name__},
        ) from err  # fmt: skip
