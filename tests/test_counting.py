"""Sessions when nobody looked: the link was lost, or Home Assistant was down, while vehicles came and went."""

from dataclasses import replace
from datetime import datetime, timedelta
import time
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.chargers.charger import PastTransaction
from custom_components.smart_charge.charging.model import ConnectorStatus, PilotState
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.errors import LedgerUnreachable
from custom_components.smart_charge.records.values import SessionRecord

from .shell import CHARGING, IDLE, PEAK, PLUGGED_IN, FakeCharger, after, settle

HOUR = timedelta(hours=1)
RESTING: dict[str, Any] = {"pilot": PilotState.B, "status": ConnectorStatus.SUSPENDED_EV, "power_w": 0.0}


class Home:
    """A home whose link to the charge point can be cut, and its records."""

    def __init__(self, hass: HomeAssistant, charger: FakeCharger, freezer: FrozenDateTimeFactory) -> None:
        self.hass = hass
        self.charger = charger
        self.freezer = freezer

    async def tell(self, **facts: Any) -> None:
        self.charger.say(**facts)
        await settle(self.hass)

    async def loses_link(self) -> None:
        self.charger.is_online = False
        self.charger.tell()
        await settle(self.hass)

    async def finds_link(self, **facts: Any) -> None:
        self.charger.is_online = True
        await self.tell(**facts)

    async def passes(self, **passed: float) -> None:
        await after(self.hass, self.freezer, **passed)

    async def told_late(self, *transactions: PastTransaction) -> None:
        """Hand over what was queued while the link was lost."""
        self.charger.past_transactions = transactions
        self.charger.tell()
        await settle(self.hass)
        for _ in range(200):
            if not self.charger.past_transactions:
                return
            await self.hass.async_add_executor_job(time.sleep, 0.01)  # the loop's own clock stands still
        raise AssertionError("it was not acknowledged")

    async def sessions(self) -> list[SessionRecord]:
        ledger = self.hass.data[DATA_LEDGER]
        await ledger.async_flush()
        return await ledger.async_ask(lambda journal: journal.sessions(PEAK - 24 * HOUR, PEAK + 240 * HOUR))

    async def energy_wh(self) -> int:
        ledger = self.hass.data[DATA_LEDGER]
        return (await ledger.async_ask(lambda journal: journal.usage(PEAK - 24 * HOUR, PEAK + 240 * HOUR))).import_wh


@pytest.fixture
async def home(
    hass: HomeAssistant, entry: MockConfigEntry, charger: FakeCharger, freezer: FrozenDateTimeFactory
) -> Home:
    home = Home(hass, charger, freezer)
    await home.tell(**IDLE, import_wh=50_000)
    return home


def transaction(began_at: datetime, hours: float, start_wh: int, stop_wh: int, **more: Any) -> PastTransaction:
    facts: dict[str, Any] = {
        "key": f"1@{began_at}", "transaction_id": "1", "began_at": began_at, "ended_at": began_at + hours * HOUR,
        "meter_start_wh": start_wh, "meter_stop_wh": stop_wh, "id_tag": None, "reason": "EVDisconnected",
        "began_live": False, "ended_live": False, "is_reconstructed": False,
    }  # fmt: skip
    return PastTransaction(**facts | more)


@pytest.mark.requirement("9.1")
async def test_a_stay_that_nobody_saw_is_one_record_by_the_register(home: Home) -> None:
    lost_at = dt_util.utcnow()
    await home.loses_link()
    await home.passes(hours=3)
    await home.finds_link(**IDLE, import_wh=57_000)
    [unseen] = await home.sessions()
    assert unseen.import_wh == 7_000
    assert unseen.is_recovered
    assert (unseen.plugged_in_at, unseen.unplugged_at) == (lost_at, lost_at + 3 * HOUR)
    assert await home.energy_wh() == 7_000


async def test_a_register_that_stands_makes_no_record(home: Home) -> None:
    await home.loses_link()
    await home.passes(hours=3)
    await home.finds_link(**IDLE, import_wh=50_004)
    assert await home.sessions() == []


async def test_a_vehicle_that_came_unseen_keeps_what_it_had_taken(home: Home) -> None:
    await home.loses_link()
    await home.passes(hours=2)
    await home.finds_link(**PLUGGED_IN | CHARGING, import_wh=60_000)
    await home.passes(hours=1)
    await home.tell(import_wh=67_000)
    await home.tell(**IDLE)
    [session] = await home.sessions()
    assert session.import_wh == 17_000
    assert session.is_recovered
    assert await home.energy_wh() == 17_000


async def test_a_vehicle_that_left_unseen_takes_all_that_the_register_gained(home: Home) -> None:
    await home.tell(**PLUGGED_IN | CHARGING)
    await home.passes(hours=1)
    await home.tell(import_wh=57_000)
    await home.loses_link()
    await home.passes(hours=2)
    await home.finds_link(**IDLE, import_wh=64_000)
    [session] = await home.sessions()
    assert session.import_wh == 14_000
    assert not session.is_open


async def test_a_short_loss_of_the_link_splits_no_session(home: Home) -> None:
    await home.tell(**PLUGGED_IN | CHARGING)
    await home.passes(minutes=10)
    await home.loses_link()
    await home.passes(minutes=1)
    await home.finds_link(import_wh=51_300)
    await home.tell(**IDLE)
    [session] = await home.sessions()
    assert session.import_wh == 1_300


async def test_another_vehicle_is_told_by_the_charge_points_own_counter(home: Home) -> None:
    await home.tell(**PLUGGED_IN | CHARGING, session_wh=0)
    await home.passes(hours=1)
    await home.tell(import_wh=57_000, session_wh=7_000)
    await home.loses_link()
    await home.passes(hours=2)
    await home.finds_link(import_wh=62_000, session_wh=3_000)
    await home.passes(hours=1)
    await home.tell(import_wh=65_000, session_wh=6_000)
    await home.tell(**IDLE)
    assert [session.import_wh for session in await home.sessions()] == [9_000, 6_000]
    assert await home.energy_wh() == 15_000


async def test_a_counter_that_shows_less_than_the_register_tells_another_vehicle(home: Home) -> None:
    await home.tell(**PLUGGED_IN | CHARGING, session_wh=0)
    await home.passes(hours=1)
    await home.tell(import_wh=51_000, session_wh=980)
    await home.loses_link()
    await home.passes(hours=2)
    await home.finds_link(import_wh=59_000, session_wh=3_000)
    await home.passes(minutes=5)
    await home.tell(**IDLE)
    await home.loses_link()
    await home.passes(hours=3)
    await home.finds_link(**PLUGGED_IN | CHARGING, import_wh=66_000, session_wh=5_000)
    await home.tell(**IDLE)
    assert [session.import_wh for session in await home.sessions()] == [6_000, 3_000, 2_000, 5_000]
    assert await home.energy_wh() == 16_000


async def test_a_counter_that_lags_behind_the_register_tells_of_nobody(home: Home) -> None:
    await home.tell(**PLUGGED_IN | CHARGING, session_wh=0)
    await home.passes(minutes=30)
    await home.tell(import_wh=53_555, session_wh=3_495)
    await home.loses_link()
    await home.passes(hours=1)
    await home.finds_link(**IDLE, import_wh=60_555, session_wh=10_495)
    assert [session.import_wh for session in await home.sessions()] == [10_555]


@pytest.fixture
def ocpp(home: Home) -> Home:
    home.charger.keeps_transactions = True
    return home


async def test_a_charge_that_was_queued_offline_is_recorded_once(ocpp: Home) -> None:
    lost_at = dt_util.utcnow()
    await ocpp.loses_link()
    await ocpp.passes(hours=5)
    await ocpp.finds_link(**IDLE)
    queued = transaction(lost_at + HOUR, 2, 50_000, 64_000, id_tag="04A2B3C4")
    await ocpp.told_late(queued)
    await ocpp.told_late(queued)
    [session] = await ocpp.sessions()
    assert (session.plugged_in_at, session.unplugged_at) == (lost_at + HOUR, lost_at + 3 * HOUR)
    assert (session.import_wh, session.tag) == (14_000, "04A2B3C4")
    assert await ocpp.energy_wh() == 14_000


async def test_a_guessed_end_that_is_told_later_corrects_the_record(ocpp: Home) -> None:
    lost_at = dt_util.utcnow()
    await ocpp.loses_link()
    await ocpp.passes(hours=5)
    await ocpp.finds_link(**IDLE)
    guess = transaction(lost_at + HOUR, 3, 50_000, 70_000, is_reconstructed=True)
    await ocpp.told_late(guess)
    await ocpp.passes(minutes=5)
    await ocpp.told_late(replace(guess, ended_at=lost_at + 2 * HOUR, meter_stop_wh=57_000, is_reconstructed=False))
    [session] = await ocpp.sessions()
    assert (session.import_wh, session.charge_ended_at) == (7_000, lost_at + 2 * HOUR)
    assert await ocpp.energy_wh() == 7_000


async def test_the_true_end_of_a_stay_is_told_late(ocpp: Home) -> None:
    began_at = dt_util.utcnow()
    await ocpp.tell(**PLUGGED_IN | CHARGING)
    await ocpp.passes(hours=1)
    await ocpp.tell(import_wh=57_000)
    await ocpp.loses_link()
    await ocpp.passes(hours=5)
    await ocpp.finds_link(**IDLE)
    await ocpp.told_late(transaction(began_at, 2, 50_000, 64_000, began_live=True))
    [session] = await ocpp.sessions()
    assert session.import_wh == 14_000
    assert session.unplugged_at == began_at + 2 * HOUR


async def test_a_vehicle_that_came_after_another_left_unseen_has_a_session_of_its_own(ocpp: Home) -> None:
    began_at = dt_util.utcnow()
    await ocpp.tell(**PLUGGED_IN | CHARGING)
    await ocpp.passes(hours=1)
    await ocpp.tell(import_wh=57_000)
    await ocpp.loses_link()
    await ocpp.passes(hours=5)
    await ocpp.finds_link(import_wh=70_000)
    await ocpp.told_late(transaction(began_at, 2, 50_000, 64_000, began_live=True))
    await ocpp.passes(hours=1)
    await ocpp.tell(import_wh=77_000)
    await ocpp.tell(**IDLE)
    assert [session.import_wh for session in await ocpp.sessions()] == [14_000, 13_000]
    assert await ocpp.energy_wh() == 27_000


async def test_a_charge_seen_live_is_not_recorded_twice(ocpp: Home) -> None:
    began_at = dt_util.utcnow()
    await ocpp.tell(**PLUGGED_IN | CHARGING)
    await ocpp.passes(hours=1)
    await ocpp.tell(**RESTING, import_wh=57_000)
    await ocpp.told_late(transaction(began_at, 1, 50_000, 57_000, began_live=True, ended_live=True, id_tag="04A2B3C4"))
    await ocpp.passes(hours=1)
    await ocpp.tell(**IDLE)
    [session] = await ocpp.sessions()
    assert (session.import_wh, session.tag) == (7_000, "04A2B3C4")


@pytest.mark.requirement("9.1")
async def test_two_charges_that_nobody_saw_are_two_records_however_close_they_were(ocpp: Home) -> None:
    lost_at = dt_util.utcnow()
    await ocpp.loses_link()
    await ocpp.passes(hours=5)
    await ocpp.finds_link(**IDLE)
    first = transaction(lost_at + HOUR, 1, 50_000, 57_000)
    second = transaction(first.ended_at + timedelta(seconds=20), 2, 57_000, 71_000)
    third = transaction(second.ended_at, 0.5, 71_000, 74_000)
    await ocpp.told_late(first, second, third)
    await ocpp.told_late(third, first, second)
    assert [session.import_wh for session in await ocpp.sessions()] == [7_000, 14_000, 3_000]
    assert await ocpp.energy_wh() == 24_000


@pytest.mark.parametrize("is_there", [False, True])
async def test_vehicles_that_left_one_after_another_unseen_have_a_session_each(ocpp: Home, is_there: bool) -> None:
    await ocpp.tell(**PLUGGED_IN | CHARGING)
    await ocpp.passes(hours=1)
    await ocpp.tell(import_wh=57_000)
    await ocpp.loses_link()
    began_at = dt_util.utcnow() - HOUR
    await ocpp.passes(hours=9)
    await ocpp.finds_link(**PLUGGED_IN | CHARGING if is_there else IDLE)
    first = transaction(began_at, 2, 50_000, 64_000, began_live=True)
    second = transaction(first.ended_at + timedelta(minutes=5), 1, 64_000, 71_000)
    third = transaction(second.ended_at + timedelta(minutes=5), 2, 71_000, 85_000)
    await ocpp.told_late(first)
    await ocpp.tell(import_wh=85_000)
    await ocpp.told_late(second, third)
    await ocpp.passes(minutes=11)
    await ocpp.tell(import_wh=86_000 if is_there else 85_000)
    await ocpp.tell(**IDLE)
    found = [session.import_wh for session in await ocpp.sessions()]
    assert [energy for energy in found if energy] == [14_000, 7_000, 14_000] + ([1_000] if is_there else [])
    assert await ocpp.energy_wh() == sum(found)


async def test_a_vehicle_that_is_there_takes_nothing_of_those_before_it(ocpp: Home) -> None:
    lost_at = dt_util.utcnow()
    await ocpp.loses_link()
    await ocpp.passes(hours=5)
    await ocpp.finds_link(**PLUGGED_IN | CHARGING, import_wh=None)
    first = transaction(lost_at + HOUR, 1, 50_000, 57_000)
    second = transaction(lost_at + 3 * HOUR, 1, 57_000, 64_000)
    await ocpp.told_late(first, second)
    await ocpp.passes(minutes=5)
    await ocpp.tell(import_wh=64_500)
    await ocpp.passes(minutes=30)
    await ocpp.tell(import_wh=67_500)
    await ocpp.tell(**IDLE)
    assert [session.import_wh for session in await ocpp.sessions()] == [7_000, 7_000, 3_500]
    assert await ocpp.energy_wh() == 17_500


async def test_a_charge_that_ended_just_before_a_vehicle_came_is_not_that_vehicles(ocpp: Home) -> None:
    lost_at = dt_util.utcnow()
    await ocpp.loses_link()
    await ocpp.passes(hours=2)
    await ocpp.finds_link(**IDLE)
    queued = transaction(lost_at + HOUR, 0.99, 50_000, 57_000)
    await ocpp.tell(**PLUGGED_IN | CHARGING, import_wh=57_000)
    await ocpp.told_late(queued)
    await ocpp.passes(minutes=10)
    await ocpp.tell(import_wh=58_000)
    await ocpp.tell(**IDLE)
    assert [session.import_wh for session in await ocpp.sessions()] == [7_000, 1_000]
    assert await ocpp.energy_wh() == 8_000


async def test_what_the_register_shows_late_is_of_the_charge_that_told_it(ocpp: Home) -> None:
    began_at = dt_util.utcnow()
    await ocpp.tell(**PLUGGED_IN | CHARGING)
    await ocpp.passes(hours=1)
    await ocpp.tell(import_wh=57_000)
    await ocpp.tell(**IDLE)
    await ocpp.loses_link()
    await ocpp.passes(minutes=1)
    await ocpp.finds_link(**IDLE, import_wh=58_000)
    await ocpp.told_late(transaction(began_at, 1, 50_000, 58_000, began_live=True, ended_live=True))
    await ocpp.passes(minutes=11)
    await ocpp.tell()
    assert [session.import_wh for session in await ocpp.sessions()] == [8_000]
    assert await ocpp.energy_wh() == 8_000


@pytest.mark.parametrize("is_told_first", [True, False])
@pytest.mark.parametrize("began_live", [True, False])
async def test_a_vehicle_that_came_seconds_after_another_unseen_is_one_of_its_own(
    ocpp: Home, is_told_first: bool, began_live: bool
) -> None:
    began_at = dt_util.utcnow()
    await ocpp.tell(**PLUGGED_IN | CHARGING)
    await ocpp.passes(minutes=2)
    await ocpp.tell(import_wh=50_200)
    await ocpp.tell(**IDLE)
    await ocpp.told_late(transaction(began_at, 1 / 30, 50_000, 50_200, began_live=True, ended_live=True))
    next_at = dt_util.utcnow() + timedelta(seconds=10)
    await ocpp.loses_link()  # the beginning reached us, and nothing behind it
    await ocpp.passes(seconds=40)
    queued = transaction(next_at, 1 / 120, 50_200, 50_292, key=f"2@{next_at}", began_live=began_live)
    if is_told_first:
        await ocpp.finds_link(**IDLE)
        await ocpp.told_late(queued)
        await ocpp.tell(import_wh=50_292)
    else:
        await ocpp.finds_link(**IDLE, import_wh=50_292)
        await ocpp.told_late(queued)
    await ocpp.passes(minutes=11)
    await ocpp.tell()
    assert [session.import_wh for session in await ocpp.sessions()] == [200, 92]
    assert await ocpp.energy_wh() == 292


@pytest.mark.parametrize("is_register_known", [True, False])
@pytest.mark.parametrize("is_there", [True, False])
async def test_what_was_calculated_over_an_absence_gives_way_to_what_is_told(
    ocpp: Home, is_there: bool, is_register_known: bool
) -> None:
    began_at = dt_util.utcnow()
    await ocpp.tell(**PLUGGED_IN | CHARGING, import_wh=None)
    await ocpp.passes(seconds=10)
    await ocpp.loses_link()
    await ocpp.passes(minutes=7)
    here: dict[str, Any] = PLUGGED_IN | CHARGING if is_there else IDLE
    await ocpp.finds_link(**here, import_wh=50_330 if is_register_known else None)
    stops = (79, 137, 215, 304)
    starts_at = [began_at + timedelta(seconds=seconds) for seconds in (-8, 48, 94, 143)]
    queue = [
        transaction(at, 1 / 120, 50_000 + start, 50_000 + stop, key=f"{stop}@{at}")
        for at, start, stop in zip(starts_at, (0, *stops), stops, strict=False)
    ]
    for told in queue:
        await ocpp.told_late(told)
    await ocpp.tell(**here, import_wh=50_330)
    await ocpp.passes(minutes=1)
    await ocpp.tell(**here, import_wh=50_430 if is_there else 50_330)
    await ocpp.tell(**IDLE)
    await ocpp.passes(minutes=11)
    await ocpp.tell()
    found = [session.import_wh for session in await ocpp.sessions()]
    assert sorted(found) == sorted([79, 58, 78, 89, 126 if is_there else 26])
    assert await ocpp.energy_wh() == sum(found)


async def test_one_vehicle_that_left_as_it_was_told_parts_a_stay_once(ocpp: Home) -> None:
    began_at = dt_util.utcnow()
    await ocpp.tell(**PLUGGED_IN | CHARGING)
    await ocpp.passes(hours=1)
    await ocpp.tell(import_wh=57_000)
    first = transaction(began_at, 1, 50_000, 57_000, began_live=True, ended_live=True)
    await ocpp.told_late(first)  # and nothing more: the next word is of hours later
    await ocpp.loses_link()
    await ocpp.passes(hours=5)
    await ocpp.finds_link(**PLUGGED_IN | CHARGING, import_wh=75_000)
    second = transaction(first.ended_at + timedelta(minutes=5), 1, 57_000, 64_000)
    third = transaction(second.ended_at + timedelta(minutes=5), 1, 64_000, 71_000)
    await ocpp.told_late(second)
    await ocpp.told_late(third)
    await ocpp.passes(hours=1)
    await ocpp.tell(import_wh=78_000)
    fourth = transaction(third.ended_at + timedelta(minutes=5), 2.7, 71_000, 78_000, ended_live=True)
    await ocpp.told_late(fourth)
    await ocpp.tell(**IDLE)
    found = await ocpp.sessions()
    assert [session.import_wh for session in found] == [7_000] * 4
    assert all(session.plugged_in_at <= (session.unplugged_at or session.seen_at) for session in found)
    assert await ocpp.energy_wh() == 28_000


async def test_what_was_calculated_gives_way_to_what_the_transaction_tells(ocpp: Home) -> None:
    began_at = dt_util.utcnow()
    await ocpp.tell(**PLUGGED_IN | CHARGING, import_wh=None)
    await ocpp.passes(minutes=30)
    await ocpp.tell(power_w=7_400.0)
    await ocpp.tell(**RESTING)
    calculated_wh = (await ocpp.sessions())[0].import_wh
    await ocpp.told_late(transaction(began_at, 0.5, 50_000, 53_456, ended_live=True))
    await ocpp.tell(**IDLE, import_wh=53_456)
    [session] = await ocpp.sessions()
    assert (session.import_wh, session.is_metered) == (53_456 - 50_000, True)
    assert calculated_wh != session.import_wh
    assert await ocpp.energy_wh() == 3_456


async def test_a_charge_point_whose_transactions_count_from_0_is_not_counted_twice(ocpp: Home) -> None:
    lost_at = dt_util.utcnow()
    await ocpp.loses_link()
    await ocpp.passes(hours=5)
    await ocpp.finds_link(**IDLE, import_wh=64_000)
    await ocpp.told_late(transaction(lost_at + HOUR, 2, 0, 14_000))
    await ocpp.passes(minutes=11)
    await ocpp.tell()
    assert [session.import_wh for session in await ocpp.sessions()] == [14_000]
    assert await ocpp.energy_wh() == 14_000


async def test_a_pause_counts_as_an_interruption(home: Home) -> None:
    await home.tell(**PLUGGED_IN | CHARGING)
    await home.passes(minutes=10)
    await home.tell(**RESTING)
    await home.passes(minutes=10)
    await home.tell(**CHARGING)
    await home.tell(**IDLE)
    [session] = await home.sessions()
    assert session.interruptions == 1


@pytest.mark.requirement("9.1")
async def test_a_charge_point_keeps_what_cannot_be_put_on_record(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    ledger, late = home.hass.data[DATA_LEDGER], transaction(PEAK - 5 * HOUR, 1, 40_000, 47_000)
    await ledger.async_flush()
    await ledger.async_stop()
    with patch("custom_components.smart_charge.ledger.database.Store.at_path", side_effect=LedgerUnreachable("away")):
        ledger.start()
        await ledger.async_flush()
        home.charger.past_transactions = (late,)
        await home.tell()
        await home.tell()
        assert home.charger.past_transactions == (late,)
    await ledger.async_flush()
    await home.told_late(late)
    assert [session.import_wh for session in await home.sessions()] == [7_000]
    assert "never retrieved" not in caplog.text


@pytest.mark.requirement("9.1")
async def test_a_charge_point_keeps_what_it_told_during_a_backup_until_that_is_over(home: Home) -> None:
    ledger, late = home.hass.data[DATA_LEDGER], transaction(PEAK - 5 * HOUR, 1, 40_000, 47_000)
    await ledger.async_hold()
    home.charger.past_transactions = (late,)
    for _ in range(20):
        await home.tell()
        await home.hass.async_add_executor_job(time.sleep, 0.01)  # the loop's own clock stands still
    assert home.charger.past_transactions == (late,)
    await ledger.async_release()
    await home.told_late(late)
    assert [session.import_wh for session in await home.sessions()] == [7_000]
