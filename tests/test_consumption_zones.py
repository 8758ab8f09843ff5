"""`get_consumption` by month where clocks are odd: every watt-hour is in one month, and in one only."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.values import OutletKey, SessionRecord

GARAGE = OutletKey(charge_point="01GARAGE")
HOUR = timedelta(hours=1)

LONDON, KOLKATA, KATHMANDU, LORD_HOWE = "Europe/London", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"


def local(zone: str, text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


async def charge(hass: HomeAssistant, began: datetime, hours: float, wh: int) -> None:
    """Have a stay on record that charged evenly, written down every ten minutes."""
    ledger, began = hass.data[DATA_LEDGER], began.astimezone(ZoneInfo("UTC"))
    steps = round(hours * 6)
    for step in range(1, steps + 1):
        seen = began + HOUR * hours * step / steps
        ended = seen if step == steps else None
        so_far = SessionRecord(
            outlet=GARAGE, plugged_in_at=began, charge_started_at=began, charge_ended_at=ended, unplugged_at=ended,
            seen_at=seen, is_open=ended is None, import_wh=wh * step // steps,
        )  # fmt: skip
        ledger.add(so_far)
    await ledger.async_flush()


async def months(hass: HomeAssistant, zone: str, start: str, end: str) -> tuple[dict[str, Any], Any]:
    """Ask as a person there does; returns Wh by local month, and in all."""
    await hass.config.async_set_time_zone(zone)
    data = {"start": start, "end": end, "by": "month"}
    answer = await hass.services.async_call(DOMAIN, "get_consumption", data, blocking=True, return_response=True)
    (point,) = answer["charge_points"]  # type: ignore[index, misc, union-attr]
    by_month = {each["start"][:7]: round(each["import_kwh"] * 1000) for each in point["months"]}  # type: ignore[index, call-overload, union-attr]
    return by_month, round(answer["total"]["import_kwh"] * 1000)  # type: ignore[index, call-overload]


@pytest.mark.requirement("9.3")
@pytest.mark.parametrize("zone", [LONDON, KOLKATA, KATHMANDU, LORD_HOWE])
async def test_a_charge_over_a_months_end_is_divided_where_the_month_ends(
    hass: HomeAssistant, entry: MockConfigEntry, zone: str
) -> None:
    """An hour before midnight until three after it, at an even 7 kW."""
    await charge(hass, local(zone, "2026-06-30T23:00"), 4, 28_000)
    by_month, total = await months(hass, zone, "2026-06-01", "2026-07-31")
    assert by_month == pytest.approx({"2026-06": 7_000, "2026-07": 21_000}, abs=1)
    assert sum(by_month.values()) == total == 28_000


@pytest.mark.requirement("9.3")
@pytest.mark.parametrize("watt_hours", [1, 2, 3_333, 28_001])
@pytest.mark.parametrize("zone", [KATHMANDU, "Asia/Kolkata", "Australia/Eucla"])
async def test_no_watt_hour_is_lost_or_counted_twice_at_a_quarter_hour(
    hass: HomeAssistant, entry: MockConfigEntry, zone: str, watt_hours: int
) -> None:
    await charge(hass, local(zone, "2026-06-30T23:50"), 0.5, watt_hours)
    await charge(hass, local(zone, "2026-07-31T20:00"), 5.5, watt_hours)
    by_month, total = await months(hass, zone, "2026-06-01", "2026-08-31")
    assert sum(by_month.values()) == total == 2 * watt_hours


@pytest.mark.requirement("9.3")
@pytest.mark.parametrize(
    ("zone", "night", "before"),
    [
        (LONDON, "2026-03-28T22:00", "2026-03"),  # 01:00 is 02:00
        (LONDON, "2026-10-24T22:00", "2026-10"),  # 02:00 is 01:00
        (LORD_HOWE, "2026-04-04T22:00", "2026-04"),  # 02:00 is 01:30
        (LORD_HOWE, "2026-10-03T22:00", "2026-10"),  # 02:00 is 02:30
    ],
)
async def test_a_night_in_which_clocks_change_is_whole(
    hass: HomeAssistant, entry: MockConfigEntry, zone: str, night: str, before: str
) -> None:
    await charge(hass, local(zone, night), 7, 10_001)
    by_month, total = await months(hass, zone, "2026-01-01", "2026-12-31")
    assert {month: wh for month, wh in by_month.items() if wh} == {before: 10_001}
    assert total == 10_001
    assert len(by_month) == 12


@pytest.mark.requirement("9.3")
@pytest.mark.parametrize(
    ("zone", "days"),
    [
        (LONDON, ("2026-03-28", "2026-03-29", "2026-03-30")),
        (LONDON, ("2026-10-24", "2026-10-25", "2026-10-26")),
        (LORD_HOWE, ("2026-04-04", "2026-04-05", "2026-04-06")),
        (LORD_HOWE, ("2026-10-03", "2026-10-04", "2026-10-05")),
    ],
)
async def test_days_of_a_clock_change_add_up(
    hass: HomeAssistant, entry: MockConfigEntry, zone: str, days: tuple[str, ...]
) -> None:
    """What a day of 23, 23.5, 24.5 or 25 hours used is its own, at 1 kW throughout."""
    await charge(hass, local(zone, f"{days[0]}T21:00"), 30, 30_000)
    used = [(await months(hass, zone, day, day))[1] for day in days]
    long_s = local(zone, f"{days[2]}T00:00").timestamp() - local(zone, f"{days[1]}T00:00").timestamp()
    assert used[:2] == [3_000, round(long_s / 3.6)]
    assert sum(used) == 30_000
