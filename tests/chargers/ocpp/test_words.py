"""The pure parts: frames, times, numbers, limits on peers, and the profiles that default hours become."""

from datetime import UTC, datetime, time, timedelta
import json
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.smart_charge.chargers.ocpp import fields, frames, profiles, rungs, schemas, wire_time
from custom_components.smart_charge.chargers.ocpp.handshake import credentials_from, id_from_path
from custom_components.smart_charge.chargers.ocpp.hours_profiles import hours_profiles
from custom_components.smart_charge.chargers.ocpp.inputs import MAX_ADDRESSES, Doorkeeper, network
from custom_components.smart_charge.chargers.ocpp.measurands import latest, samples, total, voltages
from custom_components.smart_charge.chargers.ocpp.memory import Memory
from custom_components.smart_charge.chargers.ocpp.smart import SmartCharging
from custom_components.smart_charge.chargers.ocpp.tags import TagStatus, local_list
from custom_components.smart_charge.charging.model import WeeklyHours, Window

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 18, 12, 30, tzinfo=UTC)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


@given(st.text() | st.binary() | json_values.map(json.dumps))
def test_any_text_is_a_frame_or_a_frame_error(text: str | bytes) -> None:
    try:
        frame = frames.parse(text)
    except frames.FrameError:
        return
    assert isinstance(frame, frames.Call | frames.CallResult | frames.CallError)


@given(json_values)
def test_any_meter_values_are_samples_or_counted(value: Any) -> None:
    for sample in samples(
        [{"sampledValue": [{"value": value, "unit": value}], "timestamp": value}], lambda _: NOW, str
    ):
        assert 0 <= sample.value <= 1e12
    samples(value, lambda _: NOW, str)


@given(json_values)
def test_any_value_is_a_number_or_none(value: Any) -> None:
    assert fields.number(value) is None or abs(fields.number(value) or 0) < float("inf")
    fields.whole(value)
    fields.boolean(value)


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-18T12:30:00Z", NOW),
        ("2026-11-18T12:30:00.000000000Z", NOW),
        ("2026-11-18T14:30:00+02:00", NOW),
        ("2026-11-18T14:30+02", NOW),
        ("2026-11-18 12:30:00", NOW),
        ("2026-11-18T12:30:60Z", NOW + timedelta(seconds=59)),
        ("2026-13-18T12:30:00Z", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        (None, None),
        (5, None),
    ],
)
def test_a_time_is_read_however_it_is_written(text: object, instant: datetime | None) -> None:
    assert wire_time.read(text) == instant


def test_a_time_is_written_in_utc_with_milliseconds() -> None:
    assert wire_time.write(NOW.astimezone(LONDON)) == "2026-11-18T12:30:00.000Z"


def nothing_learnt(stored: dict[str, Any] | None = None) -> Memory:
    async def save(_learnt: object) -> None:
        """Nobody asks."""

    return Memory(stored or {}, save)


def test_local_time_marked_as_utc_is_learnt() -> None:
    clock = wire_time.PeerClock(lambda: NOW, nothing_learnt())
    for _ in range(3):
        clock.learn("2026-11-18T22:30:10Z")
    assert clock.instant("2026-11-18T22:29:00Z") == NOW - timedelta(minutes=1)


def test_a_clock_that_was_learnt_is_known_after_a_restart() -> None:
    memory = nothing_learnt()
    before = wire_time.PeerClock(lambda: NOW, memory)
    for _ in range(3):
        before.learn("2026-11-18T13:30:10Z")
    after = wire_time.PeerClock(lambda: NOW, memory)
    assert after.instant("2026-11-18T12:30:00Z") == NOW - timedelta(hours=1)


@pytest.mark.parametrize("quarters", ["4", None, 10**9, 4.5])
def test_a_clock_that_cannot_be_is_forgotten(quarters: object) -> None:
    clock = wire_time.PeerClock(lambda: NOW, nothing_learnt({"clock": {"quarters": quarters}}))
    assert clock.offset == timedelta()


def test_an_offset_that_comes_once_is_a_message_that_came_late() -> None:
    clock = wire_time.PeerClock(lambda: NOW, nothing_learnt())
    clock.learn("2026-11-18T11:30:00Z")
    assert clock.instant("2026-11-18T11:30:00Z") == NOW - timedelta(hours=1)


def test_phases_are_one_number() -> None:
    assert total({None: 5.0, "L1": 9.0}) == 5.0
    assert total({"L1": 1.0, "L2": 2.0, "L3": 3.0, "N": 9.0}) == 6.0
    assert total({"L1-N": 1.0, "L2-N": 2.0}) == 3.0
    assert total({"N": 1.0}) is None
    assert voltages({"L1-L2": 400.0})[0] == pytest.approx(230.9, abs=0.1)


def test_the_closing_value_beats_the_periodic_one() -> None:
    at = {"timestamp": "x"}
    values = [
        {"value": "2", "context": "Transaction.End"},
        {"value": "1", "context": "Sample.Periodic"},
        {"value": "0", "context": "Transaction.Begin"},
    ]
    found = latest(samples([at | {"sampledValue": values}], lambda _: NOW, str))
    assert [item.value for item in found.values()] == [2]


def test_a_phase_in_the_measurands_name_is_read() -> None:
    (sample,) = samples([{"sampledValue": [{"measurand": "Voltage.L1", "value": "230"}]}], lambda _: NOW, str)
    assert sample.phase == "L1"


@given(st.text(max_size=300))
def test_any_path_is_an_id_or_none(path: str) -> None:
    name = id_from_path(path)
    assert name is None or (len(name) <= 48 and "/" not in name and name.isprintable())


@given(st.text(max_size=100))
def test_any_header_is_credentials_or_none(header: str) -> None:
    credentials_from(header, "CP1")
    credentials_from("Basic " + header, None)


def test_a_doorkeeper_forgets_the_oldest_address_first() -> None:
    keeper = Doorkeeper()
    for number in range(MAX_ADDRESSES * 2):
        keeper.knock(f"10.0.{number // 256}.{number % 256}", 0.0)
        keeper.failed(f"10.0.{number // 256}.{number % 256}", "x", 0.0)
    assert len(keeper._knocks) == len(keeper._failures) == MAX_ADDRESSES


def test_one_ipv6_host_is_one_peer_whatever_address_it_takes() -> None:
    assert network("2001:db8::1") == network("2001:db8::ffff:1") != network("2001:db8:1::1")
    assert network("::ffff:10.0.0.1") == "10.0.0.1"


def test_a_ban_ends_and_success_forgives() -> None:
    keeper = Doorkeeper()
    assert [keeper.failed("a", "x", 0.0) for _ in range(5)] == [False] * 4 + [True]
    assert keeper.banned_for("a", "x", 1.0) == 59
    assert keeper.banned_for("a", "y", 1.0) == 0
    assert keeper.banned_for("a", "x", 61.0) == 0
    keeper.succeeded("a", "x")
    assert keeper.failed("a", "x", 61.0) is False


def test_our_own_tag_is_always_on_the_list() -> None:
    known = {f"t{number}": TagStatus.ACCEPTED for number in range(9)} | {"SMART": TagStatus.BLOCKED}
    assert local_list(["smart"], known, 3)["smart"] is TagStatus.ACCEPTED
    assert len(local_list(["smart"], known, 3)) == 3


# Profiles


@given(st.floats(0, 100))
def test_no_setpoint_is_said_between_0_and_6_or_above_what_was_asked(setpoint_a: float) -> None:
    for is_whole in (True, False):
        said = profiles.permitted(setpoint_a, is_whole=is_whole)
        assert said == 0 or 6 <= said <= setpoint_a + 1e-5


@given(
    setpoint_a=st.floats(0, 80),
    level=st.none() | st.integers(0, 100),
    phases=st.sampled_from([None, 1, 3]),
    rung=st.sampled_from([rung for rung in rungs.LADDER if not rung.is_key]),
)
def test_every_lease_keeps_the_schema(setpoint_a: float, level: int | None, phases: int | None, rung: Any) -> None:
    smart = SmartCharging(max_level=level, phases=phases)
    lease = profiles.lease(rung, setpoint_a, now=NOW, lease_s=900, smart=smart, transaction_id=5)
    assert schemas.complaint("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": lease}) is None


def limit_at(found: list[dict[str, Any]], instant: datetime) -> float:
    """What a charge point that follows the specification allows then."""
    for profile in sorted(found, key=lambda item: -item["stackLevel"]):
        schedule = profile["chargingSchedule"]
        cycle = timedelta(days=1 if profile["recurrencyKind"] == "Daily" else 7)
        into = (instant - datetime.fromisoformat(schedule["startSchedule"])) % cycle
        if into.total_seconds() < schedule["duration"]:
            periods = schedule["chargingSchedulePeriod"]
            return [item["limit"] for item in periods if item["startPeriod"] <= into.total_seconds()][-1]
    return -1


minutes = st.integers(0, 24 * 4 - 1).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
windows = st.lists(
    st.builds(Window, days=st.frozensets(st.integers(0, 6), min_size=1), start=minutes, end=minutes),
    min_size=1,
    max_size=4,
).map(tuple)


@pytest.mark.requirement("10.1")
@given(windows=windows, form=st.sampled_from(["pair", "weekly"]), day=st.integers(0, 6))
def test_the_copy_in_the_charge_point_opens_when_the_hours_do(windows: tuple[Window, ...], form: str, day: int) -> None:
    hours = WeeklyHours(windows=windows, time_zone=LONDON)
    now = NOW + timedelta(days=day)
    found = hours_profiles(hours, 32, form=form, now=now, draw_s=lambda: 0, smart=SmartCharging(), unit="A")
    for profile in found:
        assert schemas.complaint("SetChargingProfile", {"connectorId": 1, "csChargingProfiles": profile}) is None
        start = datetime.fromisoformat(profile["chargingSchedule"]["startSchedule"])
        assert now - timedelta(days=8) < start < now
    for hour in range(7 * 24):
        instant = now + timedelta(hours=hour, minutes=7)
        assert limit_at(found, instant) == (32 if hours.contains(instant) else 0)


def test_the_pre_set_hours_need_four_periods_and_one() -> None:
    weekdays = frozenset(range(5))
    hours = WeeklyHours(
        windows=(
            Window(days=weekdays, start=time(11), end=time(16)),
            Window(days=weekdays | {6}, start=time(22), end=time(8)),
            Window(days=frozenset({5, 6}), start=time(0), end=time(0)),
        ),
        time_zone=LONDON,
    )
    daily, weekend = hours_profiles(hours, 32, form="pair", now=NOW, draw_s=lambda: 0, smart=SmartCharging(), unit="A")
    schedule = daily["chargingSchedule"]
    assert schedule["startSchedule"] == "2026-11-17T22:00:00Z"
    assert [(item["startPeriod"], item["limit"]) for item in schedule["chargingSchedulePeriod"]] == [
        (0, 32), (36000, 0), (46800, 32), (64800, 0),
    ]  # fmt: skip
    assert weekend["chargingSchedule"]["startSchedule"] == "2026-11-14T00:00:00Z"
    assert weekend["chargingSchedule"]["duration"] == 172800
    assert weekend["stackLevel"] == 1


@pytest.mark.requirement("11.1")
def test_each_edge_is_moved_by_its_own_draw() -> None:
    draws = iter([600, 0, 300, 100])
    hours = WeeklyHours(windows=(Window(days=frozenset(range(7)), start=time(22), end=time(8)),), time_zone=LONDON)
    (daily,) = hours_profiles(
        hours, 32, form="pair", now=NOW, draw_s=lambda: next(draws), smart=SmartCharging(), unit="A"
    )
    schedule = daily["chargingSchedule"]
    assert schedule["startSchedule"] == "2026-11-17T22:10:00Z"
    assert [item["startPeriod"] for item in schedule["chargingSchedulePeriod"]] == [0, 35400]


@settings(max_examples=40)
@given(windows=windows, form=st.sampled_from(["pair", "weekly", "daily"]), draw=st.integers(0, 1800))
def test_periods_ascend_whatever_the_draws(windows: tuple[Window, ...], form: str, draw: int) -> None:
    draws = iter([draw, 1800 - draw] * 200)
    found = hours_profiles(
        WeeklyHours(windows=windows, time_zone=LONDON), 32, form=form, now=NOW, draw_s=lambda: next(draws),
        smart=SmartCharging(), unit="A",
    )  # fmt: skip
    for profile in found:
        starts = [item["startPeriod"] for item in profile["chargingSchedule"]["chargingSchedulePeriod"]]
        assert starts[0] == 0
        assert starts == sorted(set(starts))
        assert starts[-1] < profile["chargingSchedule"]["duration"]


@pytest.mark.requirement("7.1")
@pytest.mark.parametrize("hours", [None, WeeklyHours(windows=(), time_zone=LONDON)])
def test_nothing_of_ours_keeps_a_vehicle_from_charging_for_good(hours: WeeklyHours | None) -> None:
    found = hours_profiles(hours, 32, form="pair", now=NOW, draw_s=lambda: 0, smart=SmartCharging(), unit="A")
    assert {limit_at(found, NOW + timedelta(hours=hour)) for hour in range(48)} == {32}
