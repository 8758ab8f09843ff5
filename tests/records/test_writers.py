"""Who writes as a site, by the rules alone: a later run of the same home may, a copy of it may not."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert, select

from custom_components.smart_charge.ledger.lease import Lease
from custom_components.smart_charge.records.errors import LedgerShared
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.tables import reports
from custom_components.smart_charge.records.writers import RIVAL_FOR, part, require_ours, sign_in, stay_in, take_over

from .ledger import a_session, new_outlet

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def site() -> str:
    return uuid4().hex


def test_a_later_run_of_the_same_home_writes_on(store: Store, site: str) -> None:
    sign_in(store, site, "1", (), NOW)
    sign_in(store, site, "2", ("1",), NOW)
    assert not stay_in(store, site, "2", NOW)


def test_a_run_that_was_killed_before_it_was_heard_hinders_nobody(store: Store, site: str) -> None:
    sign_in(store, site, "1", (), NOW)
    sign_in(store, site, "3", ("2", "1"), NOW)  # the second kept its word, and never reached the server
    assert not stay_in(store, site, "3", NOW)


def test_a_copy_of_before_the_last_start_may_not_write(store: Store, site: str) -> None:
    sign_in(store, site, "1", (), NOW)
    sign_in(store, site, "2", ("1",), NOW)
    with pytest.raises(LedgerShared):
        sign_in(store, site, "c", ("1",), NOW)
    assert stay_in(store, site, "2", NOW)  # and it knows


def test_a_copy_that_came_first_stops_the_other(store: Store, site: str) -> None:
    sign_in(store, site, "1", (), NOW)
    sign_in(store, site, "c", ("1",), NOW)
    with pytest.raises(LedgerShared):
        stay_in(store, site, "1", NOW)
    assert stay_in(store, site, "c", NOW)


def test_one_that_has_not_tried_for_a_day_is_no_rival(store: Store, site: str) -> None:
    sign_in(store, site, "1", (), NOW)
    with pytest.raises(LedgerShared):
        sign_in(store, site, "c", (), NOW)
    assert stay_in(store, site, "1", NOW + RIVAL_FOR - timedelta(seconds=1))
    assert not stay_in(store, site, "1", NOW + RIVAL_FOR)


def test_one_whose_clock_was_years_ahead_is_no_rival_until_then(store: Store, site: str) -> None:
    sign_in(store, site, "1", (), NOW)
    with pytest.raises(LedgerShared):
        sign_in(store, site, "c", (), NOW + timedelta(days=3_650))
    assert not stay_in(store, site, "1", NOW)


def test_what_is_on_a_server_that_was_left_is_ours_while_nobody_else_writes_there(store: Store, site: str) -> None:
    require_ours(store, site, (), NOW)  # nobody ever signed in
    sign_in(store, site, "1", (), NOW)
    require_ours(store, site, ("2", "1"), NOW)
    with pytest.raises(LedgerShared):
        require_ours(store, site, ("2",), NOW)
    with pytest.raises(LedgerShared):
        sign_in(store, site, "c", (), NOW)
    with pytest.raises(LedgerShared):
        require_ours(store, site, ("2", "1"), NOW)


def test_a_server_that_was_left_many_starts_ago_still_is_ours() -> None:
    first = lease = Lease()
    lease.sign()
    for _start in range(300):
        later = Lease()
        later.recover(lease.words)
        later.sign()
        lease = later
    assert first.words[0] in lease.words


def test_who_has_moved_takes_over(store: Store, site: str) -> None:
    sign_in(store, site, "1", (), NOW)
    take_over(store, site, "c", NOW)
    assert not stay_in(store, site, "c", NOW)
    with pytest.raises(LedgerShared):
        stay_in(store, site, "1", NOW)


@pytest.mark.parametrize("who", ["1", "c"])
def test_a_copy_leaves_the_site_to_the_other_whichever_of_them_it_is(journal: Journal, who: str) -> None:
    store, site, own = journal.store, journal.site, uuid4().hex
    sign_in(store, site, "1", (), NOW)
    with pytest.raises(LedgerShared):
        sign_in(store, site, "c", (), NOW)
    part(store, site, who, own)
    sign_in(store, own, who, (), NOW)
    other = "c" if who == "1" else "1"
    sign_in(store, site, other, (), NOW)
    assert not stay_in(store, site, other, NOW)
    assert not stay_in(store, own, who, NOW)


def test_parting_again_after_an_answer_that_was_lost_changes_nothing(store: Store, site: str) -> None:
    own, key = uuid4().hex, {"quarter": "2026-Q3", "file_name": "a.csv", "digest": "0"}
    with store.write() as connection:
        connection.execute(insert(reports).values(site=site, written_at=NOW, **key))
    for _time in range(2):
        part(store, site, "c", own)
    with store.read() as connection:
        assert connection.execute(select(reports.c.quarter).where(reports.c.site == own)).scalars().all() == ["2026-Q3"]


def test_records_of_the_sixth_version_go_on(journal: Journal) -> None:
    outlet = new_outlet()
    stay = a_session(outlet, minutes=60, import_wh=7_000)
    journal.write(stay)
    with journal.store.write() as connection:
        for change in (
            "DROP TABLE writers",
            "DROP TABLE report_claims",
            "ALTER TABLE sessions DROP COLUMN may_be_several",
            "UPDATE smart_charge_version SET version = 6",
        ):
            connection.exec_driver_sql(change)
    journal.store.migrate()
    assert journal.session(outlet, stay.plugged_in_at) == stay
    require_ours(journal.store, journal.site, (), NOW)
    sign_in(journal.store, journal.site, "1", (), NOW)
    assert not stay_in(journal.store, journal.site, "1", NOW)
