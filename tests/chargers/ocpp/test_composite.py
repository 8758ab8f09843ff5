"""What GetCompositeSchedule is taken to say of the hours that were written."""

from datetime import UTC, datetime, time

import pytest

from custom_components.smart_charge.chargers.ocpp.composite import DAY_S, Verdict, compare, horizon_s, limits
from custom_components.smart_charge.chargers.ocpp.hours_profiles import hours_profiles
from custom_components.smart_charge.chargers.ocpp.smart import SmartCharging
from custom_components.smart_charge.charging.model import WeeklyHours, Window

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NIGHTS = WeeklyHours(
    windows=(Window(days=frozenset(range(7)), start=time(22), end=time(8)),),
    time_zone=UTC,  # type: ignore[arg-type]
)
H = 3600
AGREES, DIFFERS, SILENT = Verdict.AGREES, Verdict.DIFFERS, Verdict.SILENT


@pytest.mark.requirement("7.1")
@pytest.mark.parametrize(
    ("found", "horizon", "verdict"),
    [
        ([(0, 0), (10 * H, 32), (20 * H, 0)], DAY_S, AGREES),
        ([(0, 0), (10 * H + 60, 32), (20 * H - 60, 0)], DAY_S, AGREES),
        ([(0, 0), (9 * H, 32), (19 * H, 0)], DAY_S, DIFFERS),
        ([(0, 32), (10 * H, 0)], DAY_S, DIFFERS),
        ([(0, 32)], DAY_S, SILENT),
        ([(0, float("inf"))], DAY_S, SILENT),
        ([(0, 0)], DAY_S, None),
        ([(0, 0), (2 * H, 0)], 4 * H, None),
        ([], DAY_S, None),
    ],
)
def test_what_is_in_force_is_compared_with_what_was_written(
    found: list[tuple[int, float]], horizon: int, verdict: Verdict | None
) -> None:
    written = hours_profiles(NIGHTS, 32, form="pair", now=NOON, draw_s=lambda: 0, smart=SmartCharging(), unit="A")
    assert compare(written, found, NOON, horizon) is verdict


def test_one_that_is_shut_while_it_should_be_open_differs() -> None:
    midnight = NOON.replace(hour=0)
    written = hours_profiles(NIGHTS, 32, form="pair", now=midnight, draw_s=lambda: 0, smart=SmartCharging(), unit="A")
    assert compare(written, [(0, 0)], midnight, DAY_S) is DIFFERS


@pytest.mark.parametrize(
    ("answer", "told", "horizon"),
    [
        ({"status": "Rejected"}, [], DAY_S),
        ({"status": "Accepted"}, [], DAY_S),
        ({"status": "Accepted", "chargingSchedule": {"duration": 3600, "chargingSchedulePeriod": [{}]}}, [], 3600),
        (
            {"status": "Accepted", "chargingSchedule": {
                "duration": "-5", "chargingRateUnit": "W",
                "chargingSchedulePeriod": [{"startPeriod": "0", "limit": "6900"}, {"startPeriod": 60, "limit": -1}],
            }},
            [(0, 10), (60, float("inf"))],
            0,
        ),
    ],
)  # fmt: skip
def test_any_answer_is_read(answer: dict[str, object], told: list[tuple[int, float]], horizon: int) -> None:
    assert limits(answer, 3) == told
    assert horizon_s(answer) == horizon
