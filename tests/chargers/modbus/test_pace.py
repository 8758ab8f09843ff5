"""How often a charge point is asked: as often as it may be while something flows, seldom while nothing does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from modbus_connection.mock import MockModbusConnection
import pytest

from custom_components.smart_charge.chargers.modbus.charger import ModbusCharger
from custom_components.smart_charge.chargers.modbus.pace import HURRY_S, IDLE_TICKS, Pace
from custom_components.smart_charge.chargers.modbus.poller import EVERY
from custom_components.smart_charge.charging.model import ConnectorStatus, Reading
from tests.chargers.modbus.conftest import made_charger, now, running, small_map
from tests.waiting import until

SLOW = {"registers": {"settings": {"address": 30, "type": "uint16", "read": "slow"}}}


@asynccontextmanager
async def polled(mock: MockModbusConnection, **changes) -> AsyncIterator[tuple[ModbusCharger, list[Reading]]]:
    charger, samples = made_charger(mock, small_map(**changes)), []
    charger.listen_samples(samples.append)
    async with running(charger):
        await until(lambda: len(samples) >= 2)
        yield charger, samples


def reading(**facts) -> Reading:
    return Reading(taken_at=now(), **facts)


@pytest.mark.requirement("9.4")
@pytest.mark.parametrize(
    ("case", "said", "interval_s"),
    [
        ("charging", reading(status=ConnectorStatus.CHARGING), 1),
        ("power without the word", reading(status=ConnectorStatus.SUSPENDED_EVSE, power_w=1400.0), 1),
        ("export", reading(power_w=-3000.0), 1),
        ("current without the word", reading(status=ConnectorStatus.AVAILABLE, current_a=(None, 6.0, None)), 1),
        ("not read yet", None, 1),
        ("no vehicle", reading(status=ConnectorStatus.AVAILABLE, power_w=4.0), IDLE_TICKS),
        ("a vehicle that takes nothing", reading(status=ConnectorStatus.SUSPENDED_EV, power_w=0.0), IDLE_TICKS),
    ],
)
def test_each_second_while_something_flows(case, said, interval_s):
    assert Pace(1.0).interval_s(said, 1000.0) == interval_s, case


def test_each_second_after_a_command_and_while_somebody_watches():
    pace, idle = Pace(1.0), reading(status=ConnectorStatus.AVAILABLE)
    pace.hurry(1000.0)
    assert pace.interval_s(idle, 1000.0 + HURRY_S - 1) == 1
    assert pace.interval_s(idle, 1000.0 + HURRY_S) == IDLE_TICKS
    pace.is_watched = True
    assert pace.interval_s(idle, 5000.0) == 1


async def test_a_poll_is_a_sample_even_where_nothing_has_changed(mock):
    mock.for_unit(1).holding[10] = 3
    async with polled(mock) as (charger, samples):
        told = []
        charger.listen(lambda: told.append(charger.reading))
        await until(lambda: len(samples) >= 6)
        assert told == []
        assert len({sample.measured_at for sample in samples}) == len(samples)
        assert all(sample.measured_at <= sample.taken_at for sample in samples)


async def test_a_command_renews_no_sample(mock):
    async with polled(mock) as (charger, samples):
        await charger.apply(10)
        assert charger.reading.setpoint_a == 10
        assert charger.reading.measured_at == samples[-1].measured_at


async def test_who_watches_is_not_kept_waiting(mock):
    async with polled(mock) as (charger, samples):
        await until(lambda: charger.diagnostics()["is_paced_down"])
        seen = len(samples)
        charger.attend(is_watched=True)
        await until(lambda: len(samples) > seen)
        assert not charger.diagnostics()["is_paced_down"]


async def test_settings_are_read_as_often_when_polls_are_further_apart(mock):
    unit = mock.for_unit(1)
    unit.holding[30] = 1
    async with polled(mock, **SLOW) as (charger, samples):
        poller = charger._poller
        await until(lambda: charger.diagnostics()["is_paced_down"])
        counted, seen = poller._polls, len(samples)
        await until(lambda: len(samples) >= seen + 4)
        assert poller._polls - counted > 4
        unit.holding[30] = 2
        enough = len(samples) + EVERY["slow"] // IDLE_TICKS + 2
        await until(lambda: poller.values["settings"] == 2 or len(samples) >= enough)
        assert poller.values["settings"] == 2


async def test_who_stopped_listening_hears_no_more(mock):
    async with polled(mock) as (charger, _):
        heard = []
        charger.listen_samples(heard.append)()
        await asyncio.sleep(0.2)
        assert heard == []
