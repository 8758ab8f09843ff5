"""Vehicles that come in one absence: where no counter of the session tells them apart, the record says so."""

from typing import Any

import pytest

from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.records.remarks import Remark, faults_of

from .shell import CHARGING, IDLE, PLUGGED_IN
from .test_counting import Home, home  # noqa: F401  the fixture

CLAUSE = pytest.mark.requirement("9.1")


async def told(home: Home) -> list[tuple[int, bool]]:  # noqa: F811
    """Return what each stay took, and whether it may have been several; as the action and the report tell it, too."""
    sessions = await home.sessions()
    ask = {"start": "2026-01-01", "end": "2027-12-31", "by": "session"}
    answer: Any = await home.hass.services.async_call(
        DOMAIN, "get_consumption", ask, blocking=True, return_response=True
    )
    shown = [each["may_be_several"] for each in answer["charge_points"][0]["sessions"]]
    assert shown == [each.may_be_several for each in sessions]
    remarked = [Remark.MAY_BE_SEVERAL in faults_of(each, None, None, is_residents_only=False) for each in sessions]
    assert remarked == shown
    return [(each.import_wh, each.may_be_several) for each in sessions]


async def is_away(home: Home, hours: float, **found: Any) -> None:  # noqa: F811
    await home.loses_link()
    await home.passes(hours=hours)
    await home.finds_link(**found)


@CLAUSE
@pytest.mark.parametrize(("hours", "is_marked"), [(8, True), (0.1, False)])
async def test_what_was_charged_in_a_long_absence_may_be_several(home: Home, hours: float, is_marked: bool) -> None:  # noqa: F811
    await is_away(home, hours, **IDLE, import_wh=50_900)
    assert await told(home) == [(900, is_marked)]


@CLAUSE
async def test_the_counter_of_the_last_stay_tells_that_it_was_one(home: Home) -> None:  # noqa: F811
    await is_away(home, 8, **IDLE, import_wh=57_000, session_wh=7_000)
    assert await told(home) == [(7_000, False)]


@CLAUSE
async def test_the_counter_of_the_last_stay_tells_that_it_was_not_one(home: Home) -> None:  # noqa: F811
    await is_away(home, 8, **IDLE, import_wh=62_000, session_wh=5_000)
    assert await told(home) == [(12_000, True)]


@CLAUSE
async def test_a_vehicle_that_came_unseen_may_have_had_others_before_it(home: Home) -> None:  # noqa: F811
    await is_away(home, 8, **PLUGGED_IN | CHARGING, import_wh=60_000)
    await home.tell(**IDLE, import_wh=61_000)
    assert await told(home) == [(11_000, True)]


@CLAUSE
async def test_a_vehicle_whose_register_went_on_while_it_paused_may_be_another(home: Home) -> None:  # noqa: F811
    await home.tell(**PLUGGED_IN)
    await is_away(home, 8, **PLUGGED_IN, import_wh=62_000)
    await home.tell(**IDLE)
    assert await told(home) == [(12_000, True)]


@CLAUSE
async def test_a_vehicle_that_drew_all_the_time_is_one(home: Home) -> None:  # noqa: F811
    await home.tell(**PLUGGED_IN | CHARGING | {"power_w": 7_000.0})
    await is_away(home, 2, **CHARGING | {"power_w": 7_000.0}, import_wh=64_000)
    await home.tell(**IDLE)
    assert await told(home) == [(14_000, False)]


@CLAUSE
async def test_a_vehicle_that_took_nothing_in_an_absence_is_one(home: Home) -> None:  # noqa: F811
    await home.tell(**PLUGGED_IN | CHARGING)
    await home.passes(hours=1)
    await home.tell(**PLUGGED_IN, power_w=0.0, import_wh=57_000)
    await is_away(home, 8, **IDLE)
    assert await told(home) == [(7_000, False)]


@CLAUSE
async def test_of_three_stays_the_first_two_may_be_several(home: Home) -> None:  # noqa: F811
    """The counter tells the third."""
    await home.tell(**PLUGGED_IN | CHARGING, session_wh=0)
    await home.passes(hours=1)
    await home.tell(import_wh=57_000, session_wh=7_000)
    await is_away(home, 8, import_wh=70_000, session_wh=3_000)
    await home.tell(**IDLE)
    assert await told(home) == [(17_000, True), (3_000, False)]


@CLAUSE
async def test_of_two_stays_that_the_counter_tells_apart_both_are_one(home: Home) -> None:  # noqa: F811
    await home.tell(**PLUGGED_IN | CHARGING, session_wh=0)
    await home.passes(hours=1)
    await home.tell(import_wh=57_000, session_wh=7_000)
    await is_away(home, 8, import_wh=60_000, session_wh=3_000)
    await home.tell(**IDLE)
    assert await told(home) == [(7_000, False), (3_000, False)]
