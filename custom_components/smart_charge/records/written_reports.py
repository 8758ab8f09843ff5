"""Which quarters' reports have been written, so that each is written once and none is forgotten (O4)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from .journal import Journal
from .orcs import Report
from .periods import Quarter
from .store import upsert
from .tables import claims, reports


@dataclass(frozen=True, kw_only=True, slots=True)
class WrittenReport:
    """A report as it was when it was written. Made again with another digest, events have come in late."""

    quarter: str
    written_at: datetime
    file_name: str
    digest: str


def note_written(journal: Journal, report: Report, written_at: datetime) -> None:
    """Note that a quarter's report is on disk, or has been written anew."""
    facts = {"written_at": written_at, "file_name": report.file_name, "digest": report.digest}
    with journal.store.write() as connection:
        statement = upsert(connection, reports).values(site=journal.site, quarter=str(report.quarter), **facts)
        connection.execute(statement.on_conflict_do_update(index_elements=["site", "quarter"], set_=facts))


def claim(journal: Journal, quarter: Quarter, scheme: str, claimed_at: datetime) -> bool:
    """Claim a quarter's report of a scheme for this site; returns whether it is the one that announces it."""
    key = {"quarter": str(quarter), "scheme": scheme}
    with journal.store.write() as connection:
        fresh = upsert(connection, claims).values(**key, site=journal.site, claimed_at=claimed_at)
        connection.execute(fresh.on_conflict_do_nothing())
        wanted = select(claims.c.site).where(claims.c.quarter == str(quarter), claims.c.scheme == scheme)
        return bool(connection.execute(wanted).scalar_one() == journal.site)


def written_reports(journal: Journal) -> tuple[WrittenReport, ...]:
    """Return the reports that have been written, oldest first."""
    wanted = select(reports).where(reports.c.site == journal.site).order_by(reports.c.quarter)
    with journal.store.read() as connection:
        rows = connection.execute(wanted).all()
    return tuple(
        WrittenReport(quarter=row.quarter, written_at=row.written_at, file_name=row.file_name, digest=row.digest)
        for row in rows
    )
