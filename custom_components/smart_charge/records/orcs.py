"""The quarterly usage report of the On-Street Residential Chargepoint Scheme (O1 to O6).

Source: ORCS guidance, 1 December 2022, "Usage data requirements". What it leaves open, decided:

- A charging event belongs to the quarter in which the vehicle was unplugged, whole: it is not complete
  before, and so it is in exactly one report. What is still plugged in when the quarter ends is listed
  beside the report. An event whose unplugging nobody saw belongs where it was last seen.
- A stay in which nothing was charged is not a charging event; it is listed beside the report.
- "Total energy drawn" of a vehicle that also gave energy back is the difference.
- Minutes are the nearest, halves up, so that a date may be the day after. In the hour that autumn
  repeats, local time cannot tell which; an event that seems to end before it began is listed.
"""

from collections.abc import Iterable, Sequence
import csv
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
import hashlib
import io
import re
from typing import Final

from .periods import Quarter
from .remarks import MISSING, Remark, belongs, faults_of, to_minute, why_left_out
from .text import cell
from .values import Outlet, OutletKey, SessionRecord

COLUMNS: Final = (
    "Charging event", "Chargepoint ID", "Plug-in date", "Plug-in time", "Unplug date", "Unplug time",
    "Charge start date", "Charge start time", "Charge end date", "Charge end time", "Total kWh",
)  # fmt: skip

LISTED_COLUMNS: Final = ("Charging event", "Chargepoint ID", "Charge point", "Connector", "Plugged in (UTC)", "Remark")

_DATA_POINTS: Final = 6
"""Per event: the id, four instants, the energy ("Data fields")."""

_CENT_OF_KWH: Final = Decimal("0.01")
_EN_DASH: Final = " \N{EN DASH} "
_DATA: Final = "On-Street CP usage data"
_FILE_NAME: Final = re.compile(rf"\d{{6}}{_EN_DASH}{_DATA}{_EN_DASH}[^/\\\0]+\.csv")
_LONGEST_NAME: Final = 80  # bytes: two of them and the rest stay below the 255 of a file system


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """An event that needs a person's look; ``number`` is None where it is not in the report."""

    number: int | None
    session: SessionRecord
    public_id: str | None
    remark: Remark


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """One quarter's report and what belongs beside it.

    Attributes:
        file_name: of the report, and the subject of the mail that it is sent with, less ``.csv``.
        completeness: share of the data points that are there; 1 when there was no event.
        read_share: share of the quarter in which the outlets were read (O5); None if not known.
    """

    quarter: Quarter
    file_name: str
    text: str
    events: int
    completeness: float
    read_share: float | None = None
    listed: Sequence[Listed] = field(default=())

    @property
    def digest(self) -> str:
        """SHA-256 of the text, to tell later whether a file is the one that was written."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def listed_text(self) -> str:
        """The list beside the report, as CSV; empty but for its heading when nothing is wrong."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(LISTED_COLUMNS)
        for each in self.listed:
            key = each.session.outlet
            number = "" if each.number is None else each.number
            at = f"{each.session.plugged_in_at:%Y-%m-%dT%H:%M:%SZ}"
            writer.writerow([number, cell(each.public_id), cell(key.charge_point), key.connector, at, each.remark])
        return text.getvalue()


def file_name(on: date, operator: str, authority: str) -> str:
    """Return the report's name, en dashes and all; ``on`` is the day of submission (O3)."""
    parts = (f"{on:%y%m%d}", _DATA, _in_name(operator), _in_name(authority))
    return _EN_DASH.join(parts) + ".csv"


def is_file_name(text: str) -> bool:
    """Whether a file of this name may be a report, or the list beside one."""
    return _FILE_NAME.fullmatch(text) is not None


def report(
    quarter: Quarter,
    sessions: Iterable[SessionRecord],
    outlets: Iterable[Outlet],
    *,
    on: date,
    operator: str,
    authority: str,
    read_share: float | None = None,
    is_residents_only: bool = False,
) -> Report:
    """Return a quarter's report over all charge points.

    ``sessions`` are those that reach into the quarter, more do no harm: `journal.sessions` returns them.
    """
    known = {outlet.key: outlet for outlet in outlets}
    rows: list[list[str | int]] = []
    listed: list[Listed] = []
    before: dict[OutletKey, SessionRecord] = {}
    for session in sorted(sessions, key=_order):
        outlet = known.get(session.outlet)
        public_id = None if outlet is None else outlet.public_id
        number, remarks = None, tuple[Remark, ...]()
        if (reason := why_left_out(session, quarter)) is not None:
            remarks = (reason,)
        elif belongs(session, quarter):
            number = len(rows) + 1
            rows.append(_row(number, public_id, session))
            remarks = tuple(faults_of(session, outlet, before.get(session.outlet), is_residents_only=is_residents_only))
        listed += [Listed(number=number, session=session, public_id=public_id, remark=each) for each in remarks]
        before[session.outlet] = session
    missing = sum(each.remark in MISSING for each in listed)
    return Report(
        quarter=quarter,
        file_name=file_name(on, operator, authority),
        text=_csv(rows),
        events=len(rows),
        completeness=1 - missing / (len(rows) * _DATA_POINTS) if rows else 1.0,
        read_share=read_share,
        listed=tuple(listed),
    )


def _order(session: SessionRecord) -> tuple[datetime, str, int]:
    return session.plugged_in_at, session.outlet.charge_point, session.outlet.connector


def _row(number: int, public_id: str | None, session: SessionRecord) -> list[str | int]:
    return [
        number,
        public_id or "",
        *_date_and_time(session.plugged_in_at),
        *_date_and_time(session.unplugged_at),
        *_date_and_time(session.charge_started_at),
        *_date_and_time(session.charge_ended_at),
        _kwh(session.import_wh - session.export_wh),
    ]


def _date_and_time(instant: datetime | None) -> tuple[str, str]:
    if instant is None:
        return "", ""
    local = to_minute(instant)
    return f"{local:%d/%m/%Y}", f"{local:%H:%M}"


def _kwh(energy_wh: int) -> str:
    rounded = (Decimal(energy_wh) / 1000).quantize(_CENT_OF_KWH, ROUND_HALF_UP)
    return f"{abs(rounded) if rounded.is_zero() else rounded:f}"


def _csv(rows: list[list[str | int]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    return text.getvalue()


def _in_name(words: str) -> str:
    """Return a name as it may stand in a file's name on any system; the guidance's dashes stay unmistakable."""
    unfit = {*'/\\:*?"<>|', "\N{EN DASH}"}
    plain = "".join("-" if letter in unfit or not letter.isprintable() else letter for letter in words)
    cut = " ".join(plain.split()).strip(". ").encode("utf-8", "replace")[:_LONGEST_NAME]
    return cut.decode("utf-8", "ignore").rstrip(". ") or "unknown"
