"""Charge points on which a profile that was accepted does not hold: what is found out, and what is said instead."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.smart_charge.chargers.charger import ChargerRefused, LeaveBehind
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.charging.model import WeeklyHours, Window
from simulator import Abilities, Behaviour, OcppCharger as Simulated, Vehicle
from simulator.charging_profiles import Period, Profile, Purpose
from tests.waiting import until

from .peer import Site
from .test_simulator import PATIENT, apply, pair

DAYS = frozenset(range(7))
BRISBANE = ZoneInfo("Australia/Brisbane")
"""Ten hours ahead, all the year round."""


@pytest.fixture
async def site(socket_enabled: None) -> AsyncIterator[Site]:
    site = Site(replace(PATIENT, follow_s=0.6, look_s=0.2))
    await site.central.start()
    try:
        yield site
    finally:
        await site.close()


def hours_in(zone: str) -> WeeklyHours:
    """Open from an hour ago to seven hours from now, each day."""
    now = datetime.now(UTC).astimezone(ZoneInfo(zone))
    begin, end = (now + timedelta(hours=hours) for hours in (-1, 7))
    window = Window(days=DAYS, start=time(begin.hour, begin.minute), end=time(end.hour, end.minute))
    return WeeklyHours(windows=(window,), time_zone=ZoneInfo(zone))


def plan(zone: str = "UTC", max_a: float = 13) -> LeaveBehind:
    return LeaveBehind(hours=hours_in(zone), max_a=max_a, draw_s=lambda: 0)


def foreign(purpose: Purpose, limit_a: float, level: int = 8, connector_id: int = 1) -> Profile:
    return Profile(
        profile_id=99,
        connector_id=connector_id,
        stack_level=level,
        purpose=purpose,
        kind="Absolute",
        unit="A",
        periods=(Period(0, limit_a),),
        start_at=datetime.now(UTC) - timedelta(hours=1),
    )


async def charging(site: Site, behaviour: Behaviour, **kwargs: Any) -> tuple[OcppCharger, Simulated]:
    charger, simulated = pair(site, 1, behaviour, **kwargs)
    site.run(charger)
    await simulated.start()
    simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
    await until(lambda: charger.is_online)
    return charger, simulated


async def offers(simulated: Simulated, amps: float, within_s: float = 15) -> None:
    await until(lambda: simulated.charge_point.offered_a == amps, within_s)


# Rung 9: a key of the maker's own


async def test_a_key_of_the_makers_own_says_what_no_profile_can(site: Site) -> None:
    charger, simulated = pair(site, 1, Behaviour(refuses_profiles=True, limit_key="G_MaxCurrent"))
    simulated.configuration.set("G_MaxCurrent", "32")
    site.run(charger)
    async with simulated:
        simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda: charger.is_online)
        await apply(charger, 10)
        await offers(simulated, 10)
        await apply(charger, 16.5)
        await offers(simulated, 16)
        await apply(charger, 0)
        await until(lambda: simulated.client.transaction is None)
        await until(lambda: simulated.configuration.get("G_MaxCurrent") == "32")


@pytest.mark.requirement("7.2")
async def test_a_key_is_put_back_when_we_go(site: Site) -> None:
    charger, simulated = pair(site, 1, Behaviour(refuses_profiles=True, limit_key="CurrentLimiterValue"))
    simulated.configuration.set("CurrentLimiterValue", "25")
    site.run(charger)
    async with simulated:
        simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda: charger.is_online)
        await apply(charger, 8)
        await offers(simulated, 8)
        await charger.hand_back()
        assert simulated.configuration.get("CurrentLimiterValue") == "25"


async def test_a_key_that_a_crash_left_lowered_is_put_back_when_nothing_charges(site: Site) -> None:
    memory = {"limit_key": {"key": "G_MaxCurrent", "before": "32"}}
    charger = site.charger("CP1", password=b"a" * 40, memory=memory)
    _, simulated = pair(site, 1, Behaviour(limit_key="G_MaxCurrent"))
    simulated.configuration.set("G_MaxCurrent", "6")
    site.run(charger)
    async with simulated:
        await until(lambda: simulated.configuration.get("G_MaxCurrent") == "32")


# Q46: somebody else's profile outranks ours


@pytest.mark.parametrize("limit_a", [0, 32])
async def test_a_foreign_profile_of_the_transaction_is_cleared_out_of_the_way(site: Site, limit_a: float) -> None:
    charger, simulated = await charging(site, Behaviour(), abilities=Abilities(highest_level=12))
    simulated.configuration.remove("ChargeProfileMaxStackLevel")
    await apply(charger, 10)
    await until(lambda: charger.transaction_id is not None)
    simulated.client.profiles.install(foreign(Purpose.TX, limit_a, 12), running_transaction=charger.transaction_id)  # type: ignore[arg-type]
    simulated.charge_point.settle()
    await apply(charger, 13)
    await offers(simulated, 13)
    assert [each.profile_id for each in simulated.client.profiles.profiles if each.purpose is Purpose.TX] == [4]
    await simulated.stop()


@pytest.mark.requirement("7.1")
@pytest.mark.parametrize("limit_a", [0, 32])
async def test_default_hours_are_laid_above_what_somebody_else_left(site: Site, limit_a: float) -> None:
    charger, simulated = pair(site, 1, Behaviour())
    simulated.client.profiles.install(foreign(Purpose.TX_DEFAULT, limit_a, 3), running_transaction=None)
    site.run(charger)
    async with simulated:
        await until(lambda: charger.is_online)
        await charger.leave_behind(plan())
        await until(lambda: charger.capabilities.unattended == "default_hours")
        now = datetime.now(UTC)
        held = [
            simulated.client.profiles.limit_a(now + timedelta(hours=hours), charging_since=None) for hours in (1, 9)
        ]
        assert held == [13, 0]


async def test_default_hours_that_cannot_hold_are_not_said_to_hold(site: Site) -> None:
    charger, simulated = pair(site, 1, Behaviour(), abilities=Abilities(highest_level=2))
    simulated.client.profiles.install(foreign(Purpose.TX_DEFAULT, 0, 2), running_transaction=None)
    site.run(charger)
    async with simulated:
        await until(lambda: charger.is_online)
        await until(lambda: charger._parts.bench.is_known)
        with pytest.raises(ChargerRefused):
            await charger.leave_behind(plan())
        assert charger.capabilities.unattended == "unknown"


# Q42: a limit is ignored once there was a pause


async def test_one_that_ignores_every_limit_after_a_pause_is_begun_anew(site: Site) -> None:
    charger, simulated = await charging(site, Behaviour(ignores_profiles_after_pause=True))
    await apply(charger, 0)
    await until(lambda: charger.transaction_id is not None and simulated.charge_point.offered_a == 0)
    first = charger.transaction_id
    await apply(charger, 10)
    await until(lambda: charger.counts["stopped_instead"], 90)
    await until(lambda: simulated.charge_point.offered_a == 10)
    assert charger.transaction_id != first
    await simulated.stop()


# Q49: the times of a schedule are read as local time


async def test_a_lease_is_written_in_local_time_for_one_that_reads_it_so(site: Site) -> None:
    ahead = timedelta(hours=10)
    charger, simulated = await charging(site, Behaviour(schedule_shift_s=-ahead.total_seconds()))
    charger._parts.misreading.home = lambda: ahead
    await apply(charger, 10)
    await offers(simulated, 10)
    assert charger.diagnostics()["rung"] == "tx_a"
    await until(lambda: site.saved.get("misreading") == {"is_local": True})
    await simulated.stop()


@pytest.mark.requirement("7.1")
async def test_default_hours_are_written_in_local_time_for_one_that_reads_them_so(site: Site) -> None:
    charger, simulated = pair(site, 1, Behaviour(schedule_shift_s=-10 * 3600))
    site.run(charger)
    async with simulated:
        await until(lambda: charger.is_online)
        await charger.leave_behind(plan("Australia/Brisbane"))
        await until(lambda: charger.capabilities.unattended == "default_hours")
        now = datetime.now(UTC)
        held = [
            simulated.client.profiles.limit_a(now + timedelta(hours=hours), charging_since=None)
            for hours in (0, 6, 8, 20)
        ]
        assert held == [13, 13, 0, 0]
        assert site.saved["misreading"] == {"is_local": True}


async def test_hours_written_during_a_charge_are_looked_at_behind_it(site: Site) -> None:
    charger, simulated = await charging(site, Behaviour(schedule_shift_s=-10 * 3600))
    charger._parts.misreading.home = lambda: timedelta(hours=10)
    await apply(charger, 10)
    await until(lambda: charger.transaction_id is not None)
    await charger.leave_behind(plan("Australia/Brisbane"))
    simulated.unplug()
    await until(lambda: charger.transaction_id is None)
    charger._parts.hours.poke()
    await until(lambda: charger.counts["hours_check_agrees"])
    await simulated.stop()


# The first seconds after connecting


@pytest.mark.requirement("10.1")
async def test_the_hours_that_were_left_hold_a_vehicle_that_begins_before_we_may_speak(site: Site) -> None:
    """Closed hours, left last time; the charge point needs no tag, and boots with the vehicle plugged in."""
    charger, simulated = pair(site, 1, Behaviour(), free_vend=True)
    site.run(charger)
    async with simulated:
        await until(lambda: charger.is_online)
        closed = WeeklyHours(windows=(Window(days=DAYS, start=time(0), end=time(0, 1)),), time_zone=BRISBANE)
        if datetime.now(BRISBANE).hour == 0:
            closed = WeeklyHours(windows=(Window(days=DAYS, start=time(5), end=time(5, 1)),), time_zone=BRISBANE)
        await charger.leave_behind(LeaveBehind(hours=closed, max_a=32, draw_s=lambda: 0))
        await until(lambda: simulated.client.profiles.profiles)
        await simulated.power_cut()
        await until(lambda: not charger.is_online)
        simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        before = simulated.truth.energy_wh
        await simulated.power_back()
        await until(lambda: charger.transaction_id is not None)
        await asyncio.sleep(0.5)
        simulated.charge_point.catch_up()
        assert simulated.charge_point.offered_a == 0
        assert simulated.truth.energy_wh == before
