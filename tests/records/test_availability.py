from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import Condition, ConditionSeen, OutletKey

from .ledger import NOON, new_journal, new_outlet
from .test_journal import FEW

MINUTE = timedelta(minutes=1)


def seen(outlet: OutletKey, minute: float, condition: str) -> ConditionSeen:
    return ConditionSeen(outlet=outlet, at=NOON + minute * MINUTE, condition=Condition(condition))


@pytest.mark.requirement("O9")
def test_the_share_leaves_out_what_nobody_saw(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(*(seen(outlet, minute, "serviceable") for minute in range(31)))
    journal.write(*(seen(outlet, minute, "faulted") for minute in range(31, 41)))
    journal.write(*(seen(outlet, minute, "offline") for minute in range(120, 131)))
    found = journal.availability(outlet, NOON, NOON + 180 * MINUTE)
    assert (found.serviceable_s, found.faulted_s, found.offline_s) == (31 * 60, 9 * 60, 10 * 60)
    assert found.unknown_s == (180 - 50) * 60
    assert found.share == pytest.approx(0.62)
    assert found.read_share == pytest.approx(40 / 180)


def test_nothing_seen_is_no_share(journal: Journal) -> None:
    found = journal.availability(new_outlet(), NOON, NOON + MINUTE)
    assert (found.share, found.read_share) == (None, 0)
    assert journal.availability(new_outlet(), NOON, NOON).read_share is None


def test_a_period_cuts_the_spans_that_reach_out_of_it(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(*(seen(outlet, minute, "serviceable") for minute in range(60)))
    found = journal.availability(outlet, NOON + 10 * MINUTE, NOON + 20 * MINUTE)
    assert found.share == 1
    assert found.unknown_s == 0


def test_a_sight_that_comes_late_or_twice_changes_nothing(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(seen(outlet, 0, "serviceable"), seen(outlet, 3, "serviceable"))
    assert journal.write(seen(outlet, 3, "serviceable"), seen(outlet, 1, "faulted")) == 0


@FEW
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(list(Condition)), st.integers(0, 20)), min_size=1, max_size=12
    )
)
def test_no_second_counts_twice(store: Store, steps: list[tuple[int, Condition, int]]) -> None:
    journal, outlet, now = new_journal(store), new_outlet(), NOON
    for minutes, condition, since in steps:
        now += minutes * MINUTE
        since_at = now - since * MINUTE if since else None
        journal.write(ConditionSeen(outlet=outlet, at=now, condition=condition, since_at=since_at))
    until = now + timedelta(hours=1)
    found = journal.availability(outlet, NOON - timedelta(hours=1), until)
    known_s = found.serviceable_s + found.faulted_s + found.offline_s
    assert known_s + found.unknown_s == (until - NOON).total_seconds() + 3600


@pytest.mark.requirement("O9")
def test_each_of_twelve_months_has_its_own_share(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(*(seen(outlet, minute, "serviceable") for minute in range(10)))
    months = journal.availability_by_month(outlet, NOON + timedelta(days=20), ZoneInfo("Europe/London"))
    assert [month.share for month in months] == [None] * 10 + [1, None]
    lengths = [month.serviceable_s + month.unknown_s for month in months]
    assert lengths[-1] == (NOON + timedelta(days=20) - datetime.fromisoformat("2026-12-01T00:00Z")).total_seconds()
