"""What an OCPP charge point tells late or behind something else, and around a kill, through a Home Assistant (9.1)."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from datetime import timedelta
from unittest.mock import patch

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.errors import LedgerLocked
from custom_components.smart_charge.records.journal import Journal
from tests.shell import set_up, settle

from .charge_point import ScriptedHome
from .conftest import in_haste

pytestmark = [pytest.mark.requirement("9.1"), pytest.mark.usefixtures("socket_enabled")]

HOUR = timedelta(hours=1)


@pytest.fixture
async def home(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> AsyncIterator[ScriptedHome]:
    with in_haste():
        async with aiohttp.ClientSession() as session:
            home = ScriptedHome(hass, freezer, session)
            await home.set_up()
            yield home
            await hass.config_entries.async_unload(home.entry.entry_id)
            await settle(hass)
            home.peer.reader.cancel()


async def test_a_stop_behind_the_news_that_the_vehicle_has_left_counts_to_its_end(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    await home.passes(minutes=30)
    await home.meters(number, 4_000)
    await home.passes(minutes=5)
    ended_at = dt_util.utcnow()
    await home.says("Available")
    await home.stops(number, 4_600, ended_at)
    assert await home.energies() == [3_600]


async def test_a_stop_behind_the_next_vehicle_counts_to_the_end_of_its_own(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    await home.passes(minutes=30)
    await home.meters(number, 4_000)
    await home.passes(minutes=5)
    ended_at = dt_util.utcnow()
    await home.says("Available")
    await home.passes(seconds=20)
    await home.says("Preparing")
    await home.says("Charging")
    await home.stops(number, 4_600, ended_at)
    second = await home.starts(4_600)
    await home.passes(minutes=30)
    await home.leaves(second, 7_600)
    first, other = await home.records()
    assert (first.import_wh, other.import_wh) == (3_600, 3_000)
    assert first.tag == other.tag is not None


async def test_energy_of_which_only_starts_and_stops_tell_is_counted(home: ScriptedHome) -> None:
    for began_wh in (1_000, 6_000):
        await home.says("Preparing")
        number = await home.starts(began_wh)
        await home.says("Charging")
        await home.passes(hours=1)
        ended_at = dt_util.utcnow()
        await home.says("Available")
        await home.stops(number, began_wh + 5_000, ended_at)
    assert await home.energies() == [5_000, 5_000]


async def test_what_was_calculated_in_an_absence_is_no_other_vehicle(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    await home.passes(minutes=10)
    await home.meters(number, 2_000, Power_Active_Import=7_200)
    await home.passes(minutes=1)
    await home.hangs_up()
    ended_at = dt_util.utcnow() + timedelta(minutes=20)
    await home.passes(minutes=30)
    await home.calls()
    await home.says("Available")
    await home.stops(number, 4_400, ended_at)
    await home.records()  # what was told is taken over
    await home.passes(minutes=15)
    await home.says("Available")
    [record] = await home.records()
    assert (record.import_wh, record.unplugged_at) == (3_400, ended_at)


async def test_what_was_calculated_gives_way_to_what_the_next_beginning_tells(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    await home.passes(minutes=10)
    await home.meters(number, 2_200, Power_Active_Import=7_200)
    await home.passes(minutes=5)
    await home.says("Available")  # it had no power for a moment, and lost the stop
    await home.passes(minutes=30)
    second = await home.charges(2_450)
    await home.passes(minutes=10)
    await home.leaves(second, 3_450)
    first, other = await home.records()
    assert (first.import_wh, first.is_metered, other.import_wh) == (1_450, True, 1_000)


async def test_registers_that_begin_at_0_with_each_vehicle_are_counted_for_each(home: ScriptedHome) -> None:
    for ended_wh in (2_400, 2_400, 1_500):
        number = await home.charges(0)
        await home.passes(minutes=30)
        await home.leaves(number, ended_wh)
        await home.passes(minutes=30)
    assert await home.energies() == [2_400, 2_400, 1_500]


async def test_a_clock_that_is_an_hour_off_is_known_again_after_a_restart(home: ScriptedHome) -> None:
    home.clock_off = timedelta(hours=1)
    for _ in range(3):
        await home.says("Available")
    number = await home.charges(1_000)
    await home.passes(hours=1)
    await home.leaves(number, 8_000)
    await home.hangs_up()
    await home.hass.config_entries.async_reload(home.entry.entry_id)
    began_at = dt_util.utcnow() + timedelta(minutes=30)
    await home.passes(minutes=80)
    await home.calls()
    number = await home.starts(8_000, began_at)
    await home.stops(number, 12_000, began_at + timedelta(minutes=30))
    record = (await home.records())[1]
    assert (record.plugged_in_at, record.unplugged_at) == (began_at, began_at + timedelta(minutes=30))


async def test_a_vehicle_that_came_unseen_came_when_its_transaction_began(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    await home.passes(minutes=30)
    await home.meters(number, 4_000)
    lost_at = dt_util.utcnow()
    await home.hangs_up()
    await home.passes(hours=4)
    await home.calls()
    await home.says("Charging")
    await home.stops(number, 5_000, lost_at + HOUR)
    number = await home.starts(5_000, lost_at + 2 * HOUR)
    await home.passes(minutes=10)
    await home.meters(number, 12_000)
    await home.leaves(number, 13_000)
    first, other = await home.records()
    assert (first.import_wh, first.unplugged_at) == (4_000, lost_at + HOUR)
    assert (other.import_wh, other.plugged_in_at, other.charge_started_at) == (8_000, *[lost_at + 2 * HOUR] * 2)
    assert other.charging_s == (2 * HOUR + timedelta(minutes=10)).total_seconds()


# A kill


def _no_record_is_written() -> AbstractContextManager[object]:
    return patch.object(Journal, "write", side_effect=LedgerLocked("away"))


async def _is_killed(home: ScriptedHome) -> None:
    """Forget what waits in memory only, and begin again with what is on disk."""
    await home.hangs_up()
    home.hass.data[DATA_LEDGER].buffer.forget(lambda _record: True)
    await home.hass.config_entries.async_unload(home.entry.entry_id)
    home.hass.data[DATA_LEDGER].buffer.forget(lambda _record: True)
    await set_up(home.hass, home.entry)


async def test_stays_that_wait_for_the_database_outlive_a_kill(home: ScriptedHome) -> None:
    with _no_record_is_written():
        for began_wh in (1_000, 4_000, 7_000):
            number = await home.charges(began_wh)
            await home.passes(minutes=30)
            await home.leaves(number, began_wh + 3_000)
            await home.passes(minutes=10)
        await _is_killed(home)
    assert await home.energies() == [3_000, 3_000, 3_000]


async def test_a_kill_before_the_record_of_a_vehicle_that_left_unseen_loses_none(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    await home.passes(minutes=30)
    await home.meters(number, 4_000)
    await home.hangs_up()
    ended_at = dt_util.utcnow() + HOUR
    await home.passes(hours=3)
    await home.calls()
    with _no_record_is_written():
        await home.says("Charging")
        await home.stops(number, 8_000, ended_at)
        second = await home.starts(8_000, ended_at + timedelta(minutes=30))
        await _is_killed(home)
    await home.calls()
    await home.says("Charging")
    await home.meters(second, 9_000)
    await home.leaves(second, 9_500)
    assert await home.energies() == [7_000, 1_500]
