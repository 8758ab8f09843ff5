"""The owner's own export of sessions, as text: any range, CSV or JSON (9.3)."""

from collections.abc import Iterable, Mapping
import csv
from datetime import datetime
import io
import json
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from .text import cell
from .values import SessionRecord

COLUMNS: Final = (
    "session", "name", "charge_point", "connector", "plugged_in", "charge_started", "charge_ended", "unplugged",
    "import_kwh", "export_kwh", "charging_minutes", "cost", "kwh_without_price", "obtained", "interruptions",
    "recovered", "may_be_several", "tag", "who", "meter_error_percent", "meter_doubt_percent", "meter_compared_kwh",
)  # fmt: skip


def sessions_csv(
    sessions: Iterable[SessionRecord], zone: ZoneInfo, names: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return sessions as CSV, one to a row, in local time with its offset from UTC; names are by charge point."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for session in sessions:
        plain = _plain(session, zone, names)
        writer.writerow({name: cell(value) if isinstance(value, str) else value for name, value in plain.items()})
    return text.getvalue()


def sessions_json(
    sessions: Iterable[SessionRecord], zone: ZoneInfo, names: Mapping[str, str] = MappingProxyType({})
) -> str:
    """Return sessions as a JSON list; energy in kWh, money as text so that no digit is lost."""
    return json.dumps([_plain(session, zone, names) for session in sessions], indent=2, ensure_ascii=False)


def _plain(session: SessionRecord, zone: ZoneInfo, names: Mapping[str, str]) -> dict[str, Any]:
    values = (
        session.session_id, names.get(session.outlet.charge_point), session.outlet.charge_point,
        session.outlet.connector,
        _local(session.plugged_in_at, zone), _local(session.charge_started_at, zone),
        _local(session.charge_ended_at, zone), _local(session.unplugged_at, zone),
        session.import_wh / 1000, session.export_wh / 1000, round(session.charging_s / 60, 1),
        None if session.whole_cost is None else str(session.whole_cost), session.unpriced_wh / 1000,
        "metered" if session.is_metered else "calculated", session.interruptions, session.is_recovered,
        session.may_be_several,
        session.tag, session.who, percent(session.meter_error), percent(session.meter_doubt),
        None if session.compared_wh is None else session.compared_wh / 1000,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True))


def percent(share: float | None) -> float | None:
    """Return a share in per cent, to the hundredth; None stays None."""
    return None if share is None else round(100 * share, 2)


def _local(instant: datetime | None, zone: ZoneInfo) -> str | None:
    return None if instant is None else instant.astimezone(zone).isoformat(timespec="seconds")
