import csv
from datetime import UTC, date, datetime, timedelta
import io
from pathlib import Path
from typing import Any

import pytest

from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.orcs import Report, file_name, report
from custom_components.smart_charge.records.outlets import Outlets
from custom_components.smart_charge.records.periods import Quarter, days_overdue, quarters_due
from custom_components.smart_charge.records.remarks import Remark
from custom_components.smart_charge.records.values import Outlet, OutletKey, SessionRecord
from custom_components.smart_charge.records.written_reports import note_written, written_reports

from .ledger import a_session, whole_session

SPRING = Quarter(2027, 1)  # the clock goes forward on 28 March
AUTUMN = Quarter(2026, 4)  # the clock goes back on 25 October
GOLDEN = Path(__file__).parent / "golden"
LEFT = OutletKey(charge_point="entry-1", connector=1)
RIGHT = OutletKey(charge_point="entry-1", connector=2)
FACTS: dict[str, Any] = {"on": date(2027, 1, 1), "operator": "Amp & Co", "authority": "Blackpool Council"}


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def an_outlet(key: OutletKey = LEFT, public_id: str | None = "WMP11418", **more: Any) -> Outlet:
    return Outlet(key=key, site="town", public_id=public_id, rated_w=more.pop("rated_w", 7_400), **more)


def stay(began: str, ended: str, key: OutletKey = LEFT, **more: Any) -> SessionRecord:
    return whole_session(key, utc(began), utc(ended), **more)


def report_of(*sessions: SessionRecord, quarter: Quarter = AUTUMN, outlets: tuple[Outlet, ...] | None = None) -> Report:
    return report(quarter, sessions, outlets or (an_outlet(), an_outlet(RIGHT)), **FACTS)


def rows_of(made: Report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(made.text, newline="")))


def remarks_of(made: Report) -> list[tuple[int | None, Remark]]:
    return [(each.number, each.remark) for each in made.listed]


A_QUARTER = (
    # plugged in before the quarter, unplugged in it
    stay("2026-09-30T20:00", "2026-10-01T06:10", import_wh=31_234),
    # over midnight, on both outlets at once
    stay("2026-10-05T21:15:29", "2026-10-06T05:45:30", import_wh=7_005),
    stay("2026-10-05T21:20", "2026-10-06T07:00", RIGHT, import_wh=12_995, export_wh=2_000),
    # over the night in which the clock goes back at 01:00 UTC
    stay("2026-10-24T22:00", "2026-10-25T07:00", import_wh=20_000),
    # ends within the hour that comes twice
    stay("2026-10-25T00:40", "2026-10-25T01:20", RIGHT, import_wh=3_000),
    # gave back more than it took
    stay("2026-11-11T16:00", "2026-11-11T19:00", import_wh=0, export_wh=5_004),
    # nothing charged
    stay("2026-11-12T09:00", "2026-11-12T10:00", import_wh=0, charge_started_at=None, charge_ended_at=None),
    # nobody saw it leave
    stay("2026-11-13T09:00", "2026-11-13T12:00", unplugged_at=None),
    # over the quarter's end
    stay("2026-12-31T22:00", "2027-01-01T07:00", import_wh=15_000),
    # in the next quarter
    stay("2027-01-02T22:00", "2027-01-03T07:00", import_wh=15_000),
)


@pytest.mark.requirement("O1")
@pytest.mark.requirement("O2")
@pytest.mark.requirement("O3")
def test_a_quarter_is_as_it_was_agreed_to_be() -> None:
    made = report_of(*reversed(A_QUARTER))
    (golden,) = GOLDEN.glob("*.csv")
    assert made.file_name == golden.name
    assert made.text == golden.read_bytes().decode()
    assert remarks_of(made) == [
        (5, Remark.CLOCK_WENT_BACK),
        (None, Remark.NOTHING_CHARGED),
        (7, Remark.NO_UNPLUG_TIME),
        (None, Remark.STILL_PLUGGED_IN),
    ]
    assert made.events == 7
    assert made.completeness == pytest.approx(1 - 1 / 42)


def test_every_event_is_in_exactly_one_quarter() -> None:
    quarters = [Quarter(2026, 3), AUTUMN, SPRING]
    counts = [report_of(*A_QUARTER, quarter=quarter).events for quarter in quarters]
    assert counts == [0, 7, 2]
    assert sum(counts) == len(A_QUARTER) - 1  # nothing was charged in one of them


def test_the_journal_gives_the_report_what_it_needs(journal: Journal) -> None:
    journal.write(*A_QUARTER)
    sessions = journal.sessions(AUTUMN.starts_at, AUTUMN.ends_at)
    assert report_of(*sessions).text == report_of(*A_QUARTER).text


@pytest.mark.requirement("O2")
def test_the_hour_that_spring_leaves_out_is_left_out() -> None:
    made = report_of(stay("2027-03-28T00:59:31", "2027-03-28T02:00"), quarter=SPRING)
    row = rows_of(made)[0]
    assert (row["Plug-in time"], row["Unplug time"]) == ("02:00", "03:00")
    assert not made.listed


@pytest.mark.requirement("O2")
@pytest.mark.parametrize(
    ("second", "expected"),
    [
        ("2026-11-05T23:59:29.999", ("05/11/2026", "23:59")),
        ("2026-11-05T23:59:30", ("06/11/2026", "00:00")),
    ],
)
def test_times_are_to_the_nearest_minute(second: str, expected: tuple[str, str]) -> None:
    row = rows_of(report_of(stay(second, "2026-11-06T09:00")))[0]
    assert (row["Plug-in date"], row["Plug-in time"]) == expected


@pytest.mark.requirement("O2")
@pytest.mark.parametrize(
    ("import_wh", "export_wh", "expected"),
    [
        (2_834, 0, "2.83"),
        (2_835, 0, "2.84"),
        (0, 2_835, "-2.84"),
        (0, 4, "0.00"),
        (1_000, 1_004, "0.00"),
        (5, 0, "0.01"),
    ],
)
def test_energy_has_two_decimals(import_wh: int, export_wh: int, expected: str) -> None:
    made = report_of(stay("2026-11-05T10:00", "2026-11-05T12:00", import_wh=import_wh, export_wh=export_wh))
    assert rows_of(made)[0]["Total kWh"] == expected


MORNING = ("2026-11-05T10:00", "2026-11-05T12:00")


@pytest.mark.parametrize(
    ("session", "outlet", "remark"),
    [
        (stay(*MORNING), an_outlet(public_id=None), Remark.NO_ID),
        (stay(*MORNING), an_outlet(RIGHT), Remark.NO_ID),
        (stay(*MORNING, charge_started_at=None), an_outlet(), Remark.NO_CHARGE_START),
        (stay(*MORNING, charge_ended_at=None), an_outlet(), Remark.NO_CHARGE_END),
        (stay(*MORNING, charge_ended_at=utc("2026-11-05T13:00")), an_outlet(), Remark.OUT_OF_ORDER),
        (stay(*MORNING, import_wh=20_000), an_outlet(), Remark.TOO_MUCH_ENERGY),
        (stay(*MORNING, is_metered=False), an_outlet(), Remark.CALCULATED),
        (stay(*MORNING), an_outlet(rated_w=50_000), Remark.NOT_PERMITTED),
    ],
)
def test_what_is_wrong_is_listed_beside_the_report(session: SessionRecord, outlet: Outlet, remark: Remark) -> None:
    made = report_of(session, outlets=(outlet,))
    assert remarks_of(made) == [(1, remark)]
    assert made.events == 1
    listed = list(csv.DictReader(io.StringIO(made.listed_text, newline="")))
    assert [(row["Charging event"], row["Remark"]) for row in listed] == [("1", remark)]


def test_events_of_one_outlet_that_overlap_are_listed() -> None:
    overlapping = stay("2026-11-05T11:00", "2026-11-05T14:00")
    assert remarks_of(report_of(stay(*MORNING), overlapping)) == [(2, Remark.OVERLAPS)]


def test_an_open_session_is_listed_as_still_plugged_in() -> None:
    made = report_of(a_session(LEFT, utc("2026-12-30T10:00"), minutes=5))
    assert remarks_of(made) == [(None, Remark.STILL_PLUGGED_IN)]
    assert made.completeness == 1
    assert ",WMP11418,entry-1,1,2026-12-30T10:00:00Z,left_out" in made.listed_text


def test_an_outlet_of_unknown_output_is_not_suspected() -> None:
    made = report_of(stay(*MORNING, import_wh=90_000), outlets=(an_outlet(rated_w=None),))
    assert not made.listed


@pytest.mark.requirement("O3")
@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("Amp & Co", "Amp & Co"),
        ("a/b\\c:d\ne", "a-b-c-d-e"),
        ("../../etc", "-..-etc"),
        ("   ", "unknown"),
        ("é" * 100, "é" * 40),
    ],
)
def test_the_files_name_is_fit_for_a_file(operator: str, expected: str) -> None:
    dash = "\N{EN DASH}"
    name = file_name(date(2027, 4, 1), operator, "Town")
    assert name == f"270401 {dash} On-Street CP usage data {dash} {expected} {dash} Town.csv"
    assert len(name.encode()) < 255


@pytest.mark.requirement("O4")
def test_a_report_is_due_on_the_day_after_its_quarter() -> None:
    began = utc("2026-05-10T10:00")
    due = [str(quarter) for quarter in quarters_due(utc("2026-12-31T23:59:59"), began, ["2026-Q2"])]
    assert due == ["2026-Q3"]
    assert [str(quarter) for quarter in quarters_due(utc("2027-01-01T00:00"), began, [])] == [
        "2026-Q2", "2026-Q3", "2026-Q4",
    ]  # fmt: skip
    assert [Quarter(2026, number).due_on for number in (1, 2, 3, 4)] == [
        date(2026, 4, 1), date(2026, 7, 1), date(2026, 10, 1), date(2027, 1, 1),
    ]  # fmt: skip
    assert AUTUMN.ends_at - AUTUMN.starts_at == timedelta(days=92, hours=1)


@pytest.mark.requirement("O4")
def test_a_report_that_is_late_says_by_how_much() -> None:
    assert days_overdue(AUTUMN, utc("2027-01-01T12:00")) == 0
    assert days_overdue(AUTUMN, utc("2027-01-04T12:00")) == 3


@pytest.mark.requirement("O4")
def test_a_written_report_is_remembered_with_what_it_said(journal: Journal) -> None:
    made, at = report_of(*A_QUARTER), utc("2027-01-01T00:05")
    note_written(journal, made, at)
    note_written(journal, made, at)
    (written,) = written_reports(journal)
    assert (written.quarter, written.written_at, written.file_name) == ("2026-Q4", at, made.file_name)
    assert written.digest == made.digest
    late = stay("2026-12-01T10:00", "2026-12-01T12:00")
    assert report_of(*A_QUARTER, late).digest != written.digest


@pytest.mark.requirement("O8")
def test_outlets_that_the_site_knows_name_the_rows(journal: Journal) -> None:
    outlets = Outlets(journal.store, journal.site)
    public_id = f"NCR{journal.site}"
    outlets.set_public_id(LEFT, public_id)
    journal.write(stay(*MORNING))
    made = report(AUTUMN, journal.sessions(AUTUMN.starts_at, AUTUMN.ends_at), outlets.all(), **FACTS)
    assert rows_of(made)[0]["Chargepoint ID"] == public_id
