from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings as examples, strategies as st
import pytest

from custom_components.smart_charge.records.errors import WriteRejected
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import DecisionRecord, OutletKey, SessionRecord

from .ledger import NOON, a_session, new_journal, new_outlet, whole_session

LONDON = ZoneInfo("Europe/London")
FEW = examples(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
EVER = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC))


@pytest.mark.requirement("9.1")
@pytest.mark.requirement("9.2")
def test_a_session_comes_back_as_it_was_written(journal: Journal) -> None:
    outlet = new_outlet()
    written = whole_session(
        outlet, NOON, NOON + timedelta(hours=5), export_wh=120, charging_s=9000, cost=Decimal("1.234567"),
        priced_wh=6_000, is_metered=False, integrated_wh=6_900, compared_wh=7_000, doubt_wh=80, interruptions=2,
        tag="04A2B3C4", who="Ada",
    )  # fmt: skip
    assert journal.write(written) == 1
    assert journal.session(outlet, NOON) == written
    assert written.session_id == f"{outlet.charge_point}/1/20261121T120000.000000Z"


def test_a_session_nobody_wrote_is_none(journal: Journal) -> None:
    assert journal.session(new_outlet(), NOON) is None


def test_a_later_state_replaces_an_earlier_one(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(a_session(outlet, minutes=1, import_wh=100))
    journal.write(a_session(outlet, minutes=2, import_wh=200))
    assert journal.session(outlet, NOON) == a_session(outlet, minutes=2, import_wh=200)


def test_an_earlier_state_that_arrives_late_changes_nothing(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(a_session(outlet, minutes=2, import_wh=200))
    assert journal.write(a_session(outlet, minutes=1, import_wh=100)) == 0
    assert journal.usage(*EVER).import_wh == 200


@pytest.mark.requirement("9.2")
def test_a_plug_in_that_is_told_late_moves_what_was_written(journal: Journal) -> None:
    outlet, told_at = new_outlet(), NOON + timedelta(minutes=7)
    journal.write(a_session(outlet, minutes=20, import_wh=2_000))
    moved = a_session(outlet, told_at, minutes=20, import_wh=2_500, instead_of=NOON)
    for _ in range(2):
        journal.write(moved)
    assert [record.plugged_in_at for record in journal.sessions(*EVER, [outlet.charge_point])] == [told_at]
    assert journal.usage(*EVER).import_wh == 2_500


def test_writing_the_same_twice_counts_it_once(journal: Journal) -> None:
    session = a_session(new_outlet(), minutes=20, import_wh=2_000)
    journal.write(session)
    journal.write(session)
    assert journal.usage(*EVER).import_wh == 2_000


def test_a_session_that_nobody_saw_end_is_closed_by_the_next(journal: Journal) -> None:
    outlet, other = new_outlet(), new_outlet()
    journal.write(a_session(outlet), a_session(other))
    journal.write(a_session(outlet, NOON + timedelta(hours=3)))
    first = journal.session(outlet, NOON)
    assert first is not None
    assert (first.is_open, first.unplugged_at) == (False, None)
    assert {session.session_id for session in journal.open_sessions()} == {
        a_session(other).session_id,
        a_session(outlet, NOON + timedelta(hours=3)).session_id,
    }


def test_energy_over_a_half_hours_edge_is_split_by_time(journal: Journal) -> None:
    outlet = new_outlet()
    began = NOON + timedelta(minutes=20)
    journal.write(a_session(outlet, began))
    journal.write(a_session(outlet, began, minutes=30, import_wh=1_000, charging_s=1_800))
    halves = journal.half_hours(*EVER)
    assert [(half.starts_at, half.import_wh, half.charging_s, half.has_spread) for half in halves] == [
        (NOON, 333, 600, False),
        (NOON + timedelta(minutes=30), 667, 1_200, False),
    ]


@pytest.mark.requirement("O5")
def test_energy_of_a_gap_is_spread_over_it_with_a_mark(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(a_session(outlet))
    journal.write(a_session(outlet, minutes=90, import_wh=3_000))
    assert [(half.import_wh, half.has_spread) for half in journal.half_hours(*EVER)] == [(1_000, True)] * 3


def test_energy_lands_where_the_vehicle_was_drawing(journal: Journal) -> None:
    """A session recovered from the charge point comes in one piece."""
    outlet = new_outlet()
    hour = timedelta(hours=1)
    recovered = whole_session(outlet, NOON, NOON + 8 * hour, charge_started_at=NOON + 2 * hour,
                              charge_ended_at=NOON + 3 * hour)  # fmt: skip
    journal.write(recovered)
    halves = journal.half_hours(*EVER)
    assert [half.starts_at for half in halves] == [NOON + 2 * hour, NOON + 2.5 * hour]
    assert sum(half.import_wh for half in halves) == recovered.import_wh


def test_a_register_that_corrects_a_guess_lowers_the_latest_half_hours(journal: Journal) -> None:
    outlet = new_outlet()
    for minutes, import_wh in ((10, 500), (40, 900), (50, 450)):
        journal.write(a_session(outlet, minutes=minutes, import_wh=import_wh))
    halves = [half.import_wh for half in journal.half_hours(*EVER)]
    assert sum(halves) == 450
    assert halves[0] == 450


@FEW
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 200),  # minutes since the last
            st.integers(-400, 4_000),  # Wh more, or a correction
            st.integers(0, 500),
            st.booleans(),  # the next session begins
        ),
        min_size=1,
        max_size=8,
    )
)
@pytest.mark.requirement("9.1")
def test_half_hours_always_add_up_to_the_sessions(store: Store, steps: list[tuple[int, int, int, bool]]) -> None:
    journal, outlet = new_journal(store), new_outlet()
    now, session = NOON, a_session(new_outlet())
    session = a_session(outlet)
    totals: dict[datetime, SessionRecord] = {}
    for minutes, gain, back, is_next in steps:
        now += timedelta(minutes=minutes, seconds=7)
        if is_next:
            session = a_session(outlet, now)
        session = SessionRecord(
            outlet=outlet, plugged_in_at=session.plugged_in_at, seen_at=now,
            import_wh=max(0, session.import_wh + gain), export_wh=session.export_wh + back,
            charging_s=session.charging_s + minutes * 60, cost=(session.cost or Decimal(0)) + Decimal("0.001"),
        )  # fmt: skip
        totals[session.plugged_in_at] = session
        journal.write(session)
    whole = journal.usage(*EVER)
    assert whole.import_wh == sum(each.import_wh for each in totals.values())
    assert whole.export_wh == sum(each.export_wh for each in totals.values())
    assert whole.charging_s == sum(each.charging_s for each in totals.values())
    assert whole.cost == sum(each.cost or 0 for each in totals.values())
    assert all(half.import_wh >= 0 for half in journal.half_hours(*EVER))


@pytest.mark.requirement("9.3")
@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2027, 3, 31, 20, tzinfo=UTC), 31 * 24 - 1),  # the clock went forward on 28 March
        (datetime(2026, 10, 31, 20, tzinfo=UTC), 31 * 24 + 1),  # and back on 25 October
    ],
)
def test_a_month_with_a_clock_change_has_all_its_hours(journal: Journal, now: datetime, hours: int) -> None:
    month = journal.months(now, LONDON)[-1]
    assert month.ends_at - month.starts_at == timedelta(hours=hours)


@pytest.mark.requirement("9.3")
def test_a_session_over_the_months_end_counts_in_both(journal: Journal) -> None:
    outlet = new_outlet()
    began = datetime(2026, 6, 30, 22, 30, tzinfo=UTC)  # 23:30 in London
    journal.write(a_session(outlet, began), a_session(outlet, began, minutes=60, import_wh=4_000))
    june, july = journal.months(datetime(2026, 7, 5, tzinfo=UTC), LONDON, 2)
    assert (june.import_wh, july.import_wh) == (2_000, 2_000)
    assert len(journal.months(NOON, LONDON)) == 12


def test_sessions_of_a_range_are_those_that_reach_into_it(journal: Journal) -> None:
    outlet, hour = new_outlet(), timedelta(hours=1)
    before = whole_session(outlet, NOON - 5 * hour, NOON - 4 * hour)
    across = whole_session(outlet, NOON - hour, NOON + hour)
    still_open = a_session(outlet, NOON + 2 * hour)
    after = whole_session(new_outlet(), NOON + 9 * hour, NOON + 10 * hour)
    journal.write(before, across, still_open, after)
    assert journal.sessions(NOON, NOON + 5 * hour) == [across, still_open]
    assert journal.sessions(NOON, NOON + 50 * hour, [after.outlet.charge_point]) == [after]


def test_sites_do_not_see_each_other_unless_asked_to(store: Store, journal: Journal) -> None:
    other = new_journal(store)
    mine, theirs = a_session(new_outlet()), a_session(new_outlet())
    journal.write(mine)
    other.write(theirs)
    assert journal.sessions(*EVER) == [mine]
    assert {mine.session_id, theirs.session_id} <= {
        each.session_id for each in journal.sessions(*EVER, every_site=True)
    }


def a_decision(outlet: OutletKey, minutes: int, setpoint_a: float, reason: str = "off") -> DecisionRecord:
    at = NOON + timedelta(minutes=minutes)
    return DecisionRecord(outlet=outlet, at=at, setpoint_a=setpoint_a, reason=reason, source="off", until_at=at)


def test_only_decisions_that_change_something_are_kept(journal: Journal) -> None:
    outlet = new_outlet()
    asked = [(0, 0.0, "off"), (1, 0.0, "off"), (2, 16.5, "off"), (3, 16.5, "charging_now"), (4, 0.0, "off")]
    made = [a_decision(outlet, *each) for each in asked]
    assert journal.write(*made) == 4
    assert journal.write(made[-1]) == 0
    assert journal.decisions(outlet, *EVER) == [made[0], made[2], made[3], made[4]]


def test_all_of_a_call_is_written_or_none(journal: Journal) -> None:
    outlet = new_outlet()
    impossible = a_session(outlet, NOON + timedelta(hours=1), import_wh=2**80)
    with pytest.raises(WriteRejected):
        journal.write(a_session(outlet), impossible)
    assert journal.sessions(*EVER) == []


def test_an_instant_without_time_zone_is_refused(journal: Journal) -> None:
    with pytest.raises(WriteRejected, match="time zone"):
        journal.write(a_session(new_outlet(), NOON.replace(tzinfo=None)))


def test_text_that_no_database_takes_is_made_fit(journal: Journal) -> None:
    outlet = new_outlet()
    journal.write(a_session(outlet, tag="a\0b\ud800c", who="x" * 999))
    written = journal.session(outlet, NOON)
    assert written is not None
    assert written.tag == "a\ufffdb?c"
    assert written.who == "x" * 255
