"""Sessions of OCPP charge points whose queue, clock or meter is odd, through a whole Home Assistant (9.1, 9.2)."""

from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from tests.shell import settle

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


# Told late


@pytest.fixture
async def away(home: ScriptedHome) -> ScriptedHome:
    """A home whose charge point was away for six hours, after a first charge to 8 kWh on its register."""
    number = await home.charges(1_000)
    await home.passes(hours=1)
    await home.meters(number, 8_000)
    await home.leaves(number, 8_000)
    await home.hangs_up()
    await home.passes(hours=6)
    await home.calls()
    await home.says("Available")
    return home


async def test_what_was_queued_is_recorded_by_its_own_times(away: ScriptedHome) -> None:
    began_at = dt_util.utcnow() - 4 * HOUR
    number = await away.starts(8_000, began_at)
    await away.meters(number, 10_000, began_at + HOUR / 2)
    await away.stops(number, 15_000, began_at + HOUR)
    assert await away.energies() == [7_000, 7_000]
    late = (await away.records())[1]
    assert (late.plugged_in_at, late.unplugged_at, late.tag is not None) == (began_at, began_at + HOUR, True)


async def test_what_was_queued_and_comes_twice_is_recorded_once(away: ScriptedHome) -> None:
    began_at = dt_util.utcnow() - 4 * HOUR
    for _ in range(2):
        number = await away.starts(8_000, began_at)
    for _ in range(2):
        await away.stops(number, 15_000, began_at + HOUR)
    assert await away.energies() == [7_000, 7_000]
    assert number == await away.starts(8_000, began_at)
    await away.stops(number, 15_000, began_at + HOUR)
    assert await away.energies() == [7_000, 7_000]


async def test_a_stop_that_comes_before_its_start(away: ScriptedHome) -> None:
    began_at = dt_util.utcnow() - 4 * HOUR
    await away.stops(-1, 15_000, began_at + HOUR)
    await away.starts(8_000, began_at)
    await away.says("Available")
    await away.records()  # what was told is taken over
    await away.passes(minutes=15)
    await away.says("Available")
    assert await away.energies() == [7_000, 7_000]


async def test_two_whose_messages_are_mixed_up(away: ScriptedHome) -> None:
    began_at = dt_util.utcnow() - 5 * HOUR
    second = await away.starts(15_000, began_at + 2 * HOUR)
    first = await away.starts(8_000, began_at)
    await away.stops(second, 20_000, began_at + 3 * HOUR)
    await away.stops(first, 15_000, began_at + HOUR)
    await away.says("Available")
    await away.records()  # what was told is taken over
    await away.passes(minutes=15)
    await away.says("Available")
    assert await away.energies() == [7_000, 7_000, 5_000]


async def test_a_stop_whose_start_was_lost(away: ScriptedHome) -> None:
    await away.stops(4711, 15_000, dt_util.utcnow() - 2 * HOUR)
    await away.records()  # what was told is taken over
    await away.passes(minutes=15)
    await away.says("Available")
    assert await away.energies() == [7_000, 7_000]
    assert (await away.records())[1].is_recovered


async def test_a_start_whose_stop_was_lost(away: ScriptedHome) -> None:
    await away.starts(8_000, dt_util.utcnow() - 4 * HOUR)
    await away.says("Available")
    await away.passes(hours=1)
    number = await away.charges(15_000)
    await away.passes(hours=1)
    await away.leaves(number, 18_000)
    assert await away.energies() == [7_000, 7_000, 3_000]


async def test_nothing_was_queued_at_all(away: ScriptedHome) -> None:
    await away.meters(None, 15_000)
    await away.records()  # what was told is taken over
    await away.passes(minutes=15)
    await away.says("Available")
    assert await away.energies() == [7_000, 7_000]


async def test_a_number_that_is_used_again(home: ScriptedHome) -> None:
    for began_wh in (1_000, 5_000):
        await home.says("Preparing")
        await home.says("Charging")
        await home.meters(77, began_wh)
        await home.passes(minutes=40)
        await home.meters(77, began_wh + 4_000)
        await home.leaves(77, began_wh + 4_000)
        await home.passes(hours=1)
    assert await home.energies() == [4_000, 4_000]


@pytest.mark.parametrize("off", [-2, 3, -9])
async def test_a_clock_that_is_hours_off(home: ScriptedHome, off: int) -> None:
    home.clock_off = timedelta(hours=off)
    for _ in range(3):
        await home.says("Available")
    came_at = dt_util.utcnow()
    number = await home.charges()
    await home.passes(hours=1)
    await home.meters(number, 8_000)
    await home.leaves(number, 8_000)
    assert await home.energies() == [7_000]
    [record] = await home.records()
    assert abs(record.plugged_in_at - came_at) < timedelta(minutes=1)
    assert record.unplugged_at is not None
    assert abs(record.unplugged_at - came_at - HOUR) < timedelta(minutes=1)


# Registers


@pytest.mark.parametrize(
    ("case", "registers", "taken_wh"),
    [
        ("reset", [50_000, 53_000, 500, 4_000], 3_000 + 4_000),
        ("32 bits of Wh", [2**32 - 2_000, 2**32 - 500, 1_500], 3_500),
        ("16 bits of 0.1 kWh", [6_552_000, 6_553_500, 1_500], 3_100),
        ("16 bits of kWh", [65_534_000, 65_535_000, 1_000, 3_000], 5_000),
        ("back by 1 Wh", [50_000, 53_000, 52_999, 52_999, 53_000, 56_000], 6_000),
        ("back by 1 Wh, per session", [0, 1_500, 1_499, 1_499, 1_500, 3_000], 3_000),
        ("back by 100 Wh", [50_000, 53_000, 52_900, 52_900, 53_100, 56_000], 6_000),
        ("a dip to 0", [50_000, 53_000, 0, 53_500, 56_000], 6_000),
        ("a start at 0", [0, 53_000, 55_000, 57_000], 4_000),
    ],
)
async def test_a_register_that_does_not_just_count(
    home: ScriptedHome, case: str, registers: list[int], taken_wh: int
) -> None:
    number = await home.charges(registers[0])
    for register_wh in registers[1:]:
        await home.passes(minutes=20)
        await home.meters(number, register_wh)
    await home.passes(seconds=30)
    await home.leaves(number, registers[-1])
    assert await home.energies() == [taken_wh]


async def test_a_start_that_always_says_0(home: ScriptedHome) -> None:
    for began_wh in (50_000, 57_000):
        await home.says("Preparing")
        number = await home.starts(0)
        await home.says("Charging")
        await home.meters(number, began_wh)
        await home.passes(hours=1)
        await home.meters(number, began_wh + 7_000)
        await home.leaves(number, began_wh + 7_000)
        await home.passes(hours=1)
    assert await home.energies() == [7_000, 7_000]


async def test_values_at_the_begin_and_end_of_a_transaction(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    register = {"measurand": "Energy.Active.Import.Register", "unit": "Wh"}
    await home.sends(number, register | {"value": "1000", "context": "Transaction.Begin"})
    await home.passes(hours=1)
    at = dt_util.utcnow()
    last = register | {"value": "8000", "context": "Transaction.End"}
    begin = register | {"value": "1000", "context": "Transaction.Begin"}
    data = [
        {"timestamp": home.stamp(at - HOUR), "sampledValue": [begin]},
        {"timestamp": home.stamp(at), "sampledValue": [begin, last]},
    ]
    await home.stops(number, 8_000, transactionData=data)
    await home.says("Available")
    assert await home.energies() == [7_000]


async def test_energy_that_comes_by_intervals_only(home: ScriptedHome) -> None:
    number = await home.charges(0)
    for _ in range(4):
        await home.passes(minutes=15)
        value = {"measurand": "Energy.Active.Import.Interval", "unit": "Wh", "value": "1750"}
        await home.sends(number, value | {"context": "Sample.Periodic"})
    await home.leaves(number, 0)
    assert await home.energies() == [7_000]
    assert (await home.records())[0].is_metered


async def test_without_any_register_energy_is_calculated_and_marked(home: ScriptedHome) -> None:
    number = await home.charges(0)
    for _ in range(60):
        await home.meters(number, Power_Active_Import=7_000)
        await home.passes(minutes=1)
    await home.leaves(number, 0)
    [record] = await home.records()
    assert record.import_wh == pytest.approx(7_000, rel=0.03)
    assert not record.is_metered


async def test_a_register_in_kwh_that_is_called_wh(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    for minute in range(121):
        await home.meters(number, f"{1_000 + 7 * minute / 60:.3f}", Power_Active_Import=7_000)
        await home.passes(minutes=1)
    await home.leaves(number, 1_014)
    [record] = await home.records()
    assert record.import_wh == pytest.approx(14_000, rel=0.1)


async def test_what_flows_back_is_counted_by_itself(home: ScriptedHome) -> None:
    number = await home.charges(1_000)
    await home.meters(number, 1_000, Energy_Active_Export_Register=500)
    await home.passes(hours=1)
    await home.meters(number, 8_000, Energy_Active_Export_Register=500)
    await home.passes(hours=1)
    await home.meters(
        number, 8_000, Energy_Active_Export_Register=3_500, Power_Active_Import=0, Power_Active_Export=3_000
    )
    await home.leaves(number, 8_000)
    [record] = await home.records()
    assert (record.import_wh, record.export_wh) == (7_000, 3_000)
