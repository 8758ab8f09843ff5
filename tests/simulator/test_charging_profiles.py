from datetime import UTC, datetime, timedelta
import math

import pytest

from simulator import Abilities
from simulator.charging_profiles import ProfileRefused, ProfileStore, Purpose, parse_profile

SATURDAY = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STARTED = SATURDAY - timedelta(hours=1)


def profile(
    number=1, purpose="TxDefaultProfile", *, connector=1, level=0, kind="Absolute", periods=((0, 16),), **extra
):
    schedule = {
        "chargingRateUnit": extra.pop("unit", "A"),
        "chargingSchedulePeriod": [{"startPeriod": start, "limit": limit} for start, limit in periods],
    }
    for name in ("duration", "startSchedule"):
        if name in extra:
            schedule[name] = extra.pop(name)
    if kind != "Relative":
        schedule.setdefault("startSchedule", "2026-11-01T00:00:00Z")
    data = {
        "chargingProfileId": number,
        "stackLevel": level,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
    }
    return parse_profile(connector, data | extra)


def store(*profiles, running=7, **abilities):
    made = ProfileStore(Abilities(**abilities))
    for one in profiles:
        made.install(one, running)
    return made


def limit(made, now=SATURDAY, since=STARTED, **options):
    return made.limit_a(now, charging_since=since, **options)


def test_without_profiles_there_is_no_limit():
    assert limit(store()) == math.inf


def test_the_highest_level_that_speaks_wins_within_a_purpose():
    made = store(profile(1, level=0, periods=((0, 6),)), profile(2, level=3, periods=((0, 20),)))
    assert limit(made) == 20


def test_the_lower_level_holds_again_when_the_higher_one_is_over():
    high = profile(2, level=3, periods=((0, 20),), startSchedule="2026-11-21T11:00:00Z", duration=3600)
    made = store(profile(1, level=0, periods=((0, 6),)), high)
    assert limit(made, SATURDAY - timedelta(seconds=1)) == 20
    assert limit(made, SATURDAY) == 6


def test_a_transactions_profile_replaces_the_default_even_upwards():
    made = store(profile(1, periods=((0, 6),), level=5), profile(2, "TxProfile", periods=((0, 25),), transactionId=7))
    assert limit(made) == 25


def test_a_transactions_profile_is_silent_and_gone_without_one():
    made = store(profile(1, periods=((0, 6),)), profile(2, "TxProfile", periods=((0, 25),)))
    assert limit(made, since=None) == 6
    made.end_transaction()
    assert [one.purpose for one in made.profiles] == [Purpose.TX_DEFAULT]


def test_the_ceiling_caps_whatever_the_transaction_asks():
    made = store(
        profile(1, "ChargePointMaxProfile", connector=0, periods=((0, 10),)),
        profile(2, "TxProfile", periods=((0, 25),)),
    )
    assert limit(made) == 10
    assert limit(made, since=None) == 10


def test_a_default_for_the_connector_replaces_the_one_for_the_box():
    made = store(profile(1, connector=0, level=5, periods=((0, 6),)), profile(2, connector=1, periods=((0, 20),)))
    assert limit(made) == 20
    assert limit(made, connector_id=2) == 6


@pytest.mark.parametrize(
    ("elapsed_s", "expected"),
    [(-1, math.inf), (0, 16), (59, 16), (60, 10), (119, 10), (120, 0), (299, 0), (300, math.inf)],
)
def test_an_absolute_schedule_follows_its_periods_until_its_duration(elapsed_s, expected):
    made = store(profile(periods=((0, 16), (60, 10), (120, 0)), startSchedule="2026-11-21T12:00:00Z", duration=300))
    assert limit(made, SATURDAY + timedelta(seconds=elapsed_s)) == expected


@pytest.mark.parametrize(("elapsed_s", "expected"), [(0, 16), (599, 16), (600, 8), (899, 8), (900, math.inf)])
def test_a_relative_schedule_counts_from_the_start_of_charging(elapsed_s, expected):
    made = store(profile(kind="Relative", periods=((0, 16), (600, 8)), duration=900))
    assert limit(made, STARTED + timedelta(seconds=elapsed_s)) == expected
    assert limit(made, since=None) == math.inf


def test_validity_bounds_are_half_open():
    made = store(profile(validFrom="2026-11-21T12:00:00Z", validTo="2026-11-21T13:00:00Z"))
    seen = [limit(made, SATURDAY + timedelta(seconds=offset)) for offset in (-1, 0, 3599, 3600)]
    assert seen == [math.inf, 16, 16, math.inf]


def test_watts_are_shared_by_the_phases():
    made = ProfileStore(phases=3)
    made.install(profile(unit="W", periods=((0, 11_040),)), None)
    assert limit(made) == pytest.approx(16)


DEFAULT_HOURS = (
    profile(
        1,
        level=0,
        kind="Recurring",
        recurrencyKind="Daily",
        startSchedule="2026-11-15T22:00:00Z",
        duration=86_400,
        periods=((0, 32), (36_000, 0), (46_800, 32), (64_800, 0)),
    ),
    profile(
        2,
        level=1,
        kind="Recurring",
        recurrencyKind="Weekly",
        startSchedule="2026-11-14T00:00:00Z",
        duration=172_800,
        periods=((0, 32),),
    ),
)


def test_the_default_hours_pair_gives_the_pre_set_week():
    made = store(*DEFAULT_HOURS)
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    for quarter in range(14 * 96):
        now = monday + timedelta(minutes=15 * quarter)
        is_peak = now.weekday() < 5 and (8 <= now.hour < 11 or 16 <= now.hour < 22)
        assert limit(made, now) == (0 if is_peak else 32), now


def test_a_recurring_schedule_is_silent_before_its_first_start():
    made = store(*DEFAULT_HOURS)
    assert limit(made, datetime(2026, 11, 13, 9, tzinfo=UTC)) == math.inf


def test_a_schedule_read_back_shows_every_edge():
    made = store(*DEFAULT_HOURS)
    sunday_noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    periods = made.schedule(sunday_noon, 36 * 3600, charging_since=STARTED)
    hour = 3600
    assert periods == [(0, 32), (20 * hour, 0), (23 * hour, 32), (28 * hour, 0), (34 * hour, 32)]


def test_a_schedule_read_back_begins_within_the_lease_and_ends_with_it():
    lease = profile(4, "TxProfile", level=8, periods=((0, 10),), startSchedule="2026-11-21T11:59:00Z", duration=960)
    made = store(*DEFAULT_HOURS, lease)
    assert made.schedule(SATURDAY, 3600, charging_since=STARTED) == [(0, 10), (900, 32)]


def test_an_id_or_a_place_is_replaced():
    made = store(profile(1, level=0), profile(2, level=0, periods=((0, 8),)), profile(2, level=4, periods=((0, 9),)))
    assert [(one.profile_id, one.stack_level) for one in made.profiles] == [(2, 4)]


def test_clearing_takes_what_matches_everything_that_was_said():
    made = store(profile(1, level=0), profile(2, level=1), profile(3, "ChargePointMaxProfile", connector=0))
    assert made.clear(purpose="TxDefaultProfile", stack_level=1) == 1
    assert made.clear(profile_id=9) == 0
    assert made.clear(connector_id=0) == 1
    assert made.clear() == 1


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"purpose": "TxProfile", "transactionId": 8}, "transaction"),
        ({"purpose": "TxProfile", "connector": 0}, "connector"),
        ({"purpose": "ChargePointMaxProfile"}, "connector"),
        ({"purpose": "ChargePointMaxProfile", "connector": 0, "kind": "Relative"}, "relative"),
        ({"level": 9}, "stack level"),
        ({"unit": "kW"}, "unit"),
        ({"kind": "Recurring"}, "recurrency"),
        ({"periods": ()}, "number of periods"),
        ({"periods": ((5, 16),)}, "first period"),
        ({"periods": ((0, 16), (20, 6), (10, 8))}, "order"),
        ({"periods": tuple((second, 16) for second in range(25))}, "number of periods"),
    ],
)
def test_what_cannot_be_held_is_refused_with_the_reason(wrong, complaint):
    with pytest.raises(ProfileRefused, match=complaint):
        store().install(profile(**wrong), 7)


def test_a_transactions_profile_without_a_transaction_is_refused():
    with pytest.raises(ProfileRefused, match="transaction"):
        store().install(profile(purpose="TxProfile"), None)


def test_a_full_store_takes_only_replacements():
    made = store(profile(1, level=0), most_profiles=1)
    with pytest.raises(ProfileRefused, match="no room"):
        made.install(profile(2, level=1), None)
    made.install(profile(1, level=2), None)
    assert [one.stack_level for one in made.profiles] == [2]


@pytest.mark.parametrize("missing", ["chargingProfileId", "stackLevel", "chargingSchedule", "chargingProfileKind"])
def test_a_profile_that_lacks_a_field_is_an_error(missing):
    data = {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": "TxProfile",
        "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": "A", "chargingSchedulePeriod": []},
    }
    del data[missing]
    with pytest.raises(ValueError, match="not a charging profile"):
        parse_profile(1, data)
