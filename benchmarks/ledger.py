"""Size and speed of the records: ``python -m benchmarks.ledger [URL]``. Printed, not asserted.

Five years of one charge point at home: a session a day (a checkpoint every two hours, to keep the benchmark short),
decisions, availability and a security log. The numbers are of the
SQLite file in a temporary folder, or of the PostgreSQL database that the URL names.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
import sys
import tempfile
from time import perf_counter
from uuid import uuid4
from zoneinfo import ZoneInfo

from custom_components.smart_charge.records.journal import Journal, Record
from custom_components.smart_charge.records.pseudonyms import Pseudonyms
from custom_components.smart_charge.records.remnants import Erasure
from custom_components.smart_charge.records.retention import erase, prune
from custom_components.smart_charge.records.sales import Register
from custom_components.smart_charge.records.security_log import SecurityEvent, SecurityLog
from custom_components.smart_charge.records.store import Store, files_of
from custom_components.smart_charge.records.values import (
    Condition,
    ConditionSeen,
    DecisionRecord,
    OutletKey,
    SessionRecord,
)

YEARS = 5
FIRST = datetime(2026, 1, 1, 22, tzinfo=UTC)
OUTLET = OutletKey(charge_point=uuid4().hex)
HALF_HOUR = timedelta(minutes=30)
CHECKPOINTS = 200


def a_day(began: datetime) -> list[Record]:
    """Return a day's records: plugged in at ten at night, eight hours, 28 kWh, a link that drops once."""
    written: list[Record] = []
    for step in range(0, 17, 4):
        at = began + step * HALF_HOUR
        is_over = step == 16
        written.append(
            SessionRecord(
                outlet=OUTLET,
                plugged_in_at=began,
                seen_at=at,
                charge_started_at=began,
                charge_ended_at=at if is_over else None,
                unplugged_at=at if is_over else None,
                is_open=not is_over,
                import_wh=step * 1_750,
                charging_s=step * 1_800,
                tag="04A2B3C4D5E680",
                who="Ada Lovelace",
            )
        )
    setpoints = ((0, 0.0), (1, 32.0), (5, 16.0), (10, 32.0), (16, 0.0))
    written += [
        DecisionRecord(outlet=OUTLET, at=began + step * HALF_HOUR, setpoint_a=amps, reason="default_hours", source="x")
        for step, amps in setpoints
    ]
    spans = ((0, 20, Condition.SERVICEABLE), (20, 20.1, Condition.OFFLINE), (20.1, 47, Condition.SERVICEABLE))
    written += [
        ConditionSeen(
            outlet=OUTLET, at=began + end * HALF_HOUR, since_at=began + start * HALF_HOUR, condition=condition
        )
        for start, end, condition in spans
    ]
    written.append(SecurityEvent(at=began, kind="wrong_password", detail={"address": "192.0.2.7", "count": 3}))
    return written


def timed(what: str, done: Callable[[], object]) -> None:
    """Print how long something takes."""
    began = perf_counter()
    done()
    print(f"  {what:44} {(perf_counter() - began) * 1e3:9.1f} ms")


def opened(url: str | None, folder: Path) -> Store:
    """Return the database, open."""
    return Store.at_url(url) if url else Store.at_path(folder / "records.db")


def journal_on(store: Store) -> Journal:
    """Return the journal of the benchmark's site."""
    security = SecurityLog(store, "benchmark", Pseudonyms(b"a key for the benchmark"))
    return Journal(store, "benchmark", security, Register(store, "benchmark"))


def measure(url: str | None, folder: Path) -> None:
    """Print one line for each number."""
    store = opened(url, folder)
    journal = journal_on(store)
    print(f"records, {'PostgreSQL' if url else 'SQLite'}, {YEARS} years of one charge point, a session a day")
    for week in range(52 * YEARS):
        days = range(week * 7, week * 7 + 7)
        journal.write(*(record for day in days for record in a_day(FIRST + timedelta(days=day))))
    store.close()
    if not url:
        print(f"  {'size of a year':44} {size_of(folder) / YEARS:9.0f} kB")
    timed(f"open with {YEARS} years", lambda: opened(url, folder).close())
    store = opened(url, folder)
    journal = journal_on(store)
    now = FIRST + timedelta(weeks=52 * YEARS)
    session = SessionRecord(outlet=OUTLET, plugged_in_at=now, seen_at=now)
    journal.write(session)
    began = perf_counter()
    for step in range(CHECKPOINTS):
        seen_at = now + timedelta(seconds=30 * (step + 1))
        journal.write(
            SessionRecord(outlet=OUTLET, plugged_in_at=now, seen_at=seen_at, import_wh=step * 60),
            ConditionSeen(outlet=OUTLET, at=seen_at, condition=Condition.SERVICEABLE),
        )
    print(f"  {'one checkpoint, on disk':44} {(perf_counter() - began) / CHECKPOINTS * 1e3:9.1f} ms")
    zone = ZoneInfo("Europe/London")
    year = (now - timedelta(days=365), now)
    timed("twelve months", lambda: journal.months(now, zone))
    timed("every session of a year", lambda: journal.sessions(*year))
    timed("every half-hour of a year", lambda: journal.half_hours(*year))
    timed("availability, twelve months", lambda: journal.availability_by_month(OUTLET, now, zone))
    timed("check the security log's chain", journal.security.verify)
    timed("prune four years", lambda: prune(journal, now))
    everything = Erasure(charge_points=frozenset({OUTLET.charge_point}), names=frozenset({"Ada Lovelace"}))
    timed("erase what is left, and look for more", lambda: erase(journal, everything))
    store.close()


def size_of(folder: Path) -> int:
    """Return the size of the file and its companions in kB."""
    return sum(file.stat().st_size for file in files_of(folder / "records.db")) // 1_000


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        measure(sys.argv[1] if len(sys.argv) > 1 else None, Path(temporary))
