"""Against a charge point that somebody else wrote from the specification, with the manners of real ones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import time
from itertools import batched
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.smart_charge.chargers.charger import ChargerError, LeaveBehind
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.charging.model import WeeklyHours, Window
from simulator import Behaviour, OcppCharger as Simulated, Vehicle
from tests.waiting import until

from .peer import QUICK, Site

UTC = ZoneInfo("UTC")
NEVER_NOW = WeeklyHours(windows=(Window(days=frozenset(range(7)), start=time(0), end=time(0)),), time_zone=UTC)

MANNERS: dict[str, Behaviour] = {
    "by the book": Behaviour(),
    "no id in the path": Behaviour(dialled_id=""),
    "prefix in the path": Behaviour(path_prefix="ocpp/1.6"),
    "no subprotocol": Behaviour(send_subprotocol=False),
    "binary frames": Behaviour(binary_frames=True),
    "says everything twice": Behaviour(duplicate_messages=True),
    "several calls at once": Behaviour(several_calls_at_once=True),
    "never boots": Behaviour(never_boots=True),
    "clock at 1970": Behaviour(clock_wrong_until_boot=True),
    "clock an hour ahead": Behaviour(clock_offset_s=3600),
    "clock ten hours behind": Behaviour(clock_offset_s=-36000),
    "times with offset": Behaviour(time_style="offset"),
    "times without zone": Behaviour(time_style="no_zone"),
    "times in nanoseconds": Behaviour(time_style="nanoseconds"),
    "slow answers": Behaviour(answer_after_s=0.1),
    "no answer to all keys": Behaviour(silent_to_all_keys=True),
    "ignores triggers": Behaviour(ignores_triggers=True),
    "refuses triggers": Behaviour(refuses_triggers=True),
    "rejects configuration": Behaviour(rejects_configuration=True),
    "lies about configuration": Behaviour(ignores_configuration=True),
    "refuses transaction profiles": Behaviour(refuses_tx_profiles=True),
    "odd steps": Behaviour(steps_a=(6, 8, 10, 13, 16)),
    "obeys after a while": Behaviour(obeys_after_s=4),
    "no composite schedule": Behaviour(composite_without_schedule=True),
    "loses the transaction id": Behaviour(loses_transaction_id=True),
    "register per session": Behaviour(register_per_session=True),
    "decimal comma": Behaviour(value_style="comma"),
    "no values": Behaviour(value_style="empty"),
    "not a number": Behaviour(value_style="nan"),
    "unknown measurands": Behaviour(unknown_measurands=True),
    "numbers for texts": Behaviour(number_values=True),
    "watts only": Behaviour(watts_only=True),
    "meters connector 0": Behaviour(meter_connector_id=0),
}


PATIENT = replace(QUICK, call_s=2, slow_call_s=3, follow_s=1.5, look_s=0.5)
"""Many at once on a busy machine answer slowly, and a time-out would be ours."""


@pytest.fixture
async def site(socket_enabled: None) -> AsyncIterator[Site]:
    site = Site(PATIENT)
    await site.central.start()
    try:
        yield site
    finally:
        await site.close()


def pair(site: Site, number: int, behaviour: Behaviour, **kwargs: Any) -> tuple[OcppCharger, Simulated]:
    name = f"CP{number}"
    charger = site.charger(name, password=b"a" * 40, start_without_tag=True)
    simulated = Simulated(f"ws://127.0.0.1:{site.central.port}", name, password="a" * 40, behaviour=behaviour, **kwargs)
    return charger, simulated


async def charges(site: Site, number: int, behaviour: Behaviour) -> str:
    """Plug in, want 10 A, and see what flows; returns what went wrong, or nothing."""
    charger, simulated = pair(site, number, behaviour)
    site.run(charger)

    async def offered(wanted: Callable[[float], bool], what: str) -> str:
        try:
            await until(lambda: wanted(simulated.charge_point.offered_a))
        except TimeoutError:
            return f"{what}, offered {simulated.charge_point.offered_a}: {dict(charger.counts)}"
        return ""

    async with simulated:
        simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda: charger.is_online)
        await apply(charger, 10)
        wrong = await offered(lambda current: 6 <= current <= 10, "wanted 10 A")
        if not wrong:
            await apply(charger, 0)
            wrong = await offered(lambda current: current == 0, "wanted a pause")
        if not wrong:
            await apply(charger, 16)
            wrong = await offered(lambda current: 13 <= current <= 16, "wanted 16 A")
        return wrong


async def apply(charger: OcppCharger, setpoint_a: float) -> None:
    try:
        await charger.apply(setpoint_a)
    except ChargerError:
        assert charger.counts  # it is kept, and said again


async def test_every_kind_of_charge_point_charges_as_it_is_asked_to(site: Site) -> None:
    numbered = list(enumerate(MANNERS.items()))
    alone = [(number, name, manner) for number, (name, manner) in numbered if manner.dialled_id == ""]
    others = [(number, name, manner) for number, (name, manner) in numbered if manner.dialled_id != ""]
    wrong = {name: await charges(site, number, manner) for number, name, manner in alone}
    for some in batched(others, 8, strict=False):
        results = await asyncio.gather(*(charges(site, number, manner) for number, _, manner in some))
        wrong |= {name: result for (_, name, _), result in zip(some, results, strict=True)}
    assert {name: result for name, result in wrong.items() if result} == {}


async def test_a_link_lost_during_a_charge_comes_back_to_the_same_transaction(site: Site) -> None:
    charger, simulated = pair(site, 1, Behaviour(drops_profiles_on_reconnect=True))
    site.run(charger)
    async with simulated:
        simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda: charger.is_online)
        await charger.apply(10)
        await until(lambda: simulated.charge_point.offered_a == 10 and charger.transaction_id is not None)
        before = charger.transaction_id
        await simulated.drop_link()
        await until(lambda: not charger.is_online)
        await simulated.restore_link()
        await until(lambda: charger.is_online)
        await until(lambda: simulated.charge_point.offered_a == 10)
        assert charger.transaction_id == before


@pytest.mark.parametrize("after", ["continue", "stop", "nothing"])
async def test_a_power_cut_is_a_restart_and_the_vehicle_charges_on(site: Site, after: str) -> None:
    charger, simulated = pair(site, 1, Behaviour(after_power_loss=after))
    site.run(charger)
    async with simulated:
        simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda: charger.is_online)
        await charger.apply(10)
        await until(lambda: simulated.charge_point.offered_a == 10)
        await simulated.power_cut()
        await simulated.power_back()
        await until(lambda: charger.restarts >= 1)
        await until(lambda: simulated.charge_point.offered_a == 10)


@pytest.mark.requirement("7.1")
async def test_default_hours_hold_without_us(site: Site) -> None:
    site.timings = replace(PATIENT, lease_s=6)
    charger, simulated = pair(site, 1, Behaviour())
    site.run(charger)
    async with simulated:
        await until(lambda: charger.is_online)
        await charger.leave_behind(LeaveBehind(hours=NEVER_NOW, max_a=13, draw_s=lambda: 0))
        await charger.apply(10)
        simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda: simulated.charge_point.offered_a == 10)
        await until(lambda: charger.diagnostics()["is_followed"])
        await charger.hand_back()
        await asyncio.sleep(0.5)
        assert simulated.charge_point.offered_a == 10  # the lease is left to end by itself
        await until(lambda: simulated.charge_point.offered_a == 13)


async def test_a_vehicle_charges_and_stops_with_a_charge_point_that_refuses_every_profile(site: Site) -> None:
    charger, simulated = pair(site, 1, Behaviour(refuses_profiles=True))
    site.run(charger)
    async with simulated:
        simulated.plug_in(Vehicle(phases=1, max_a=32, soc=0.4))
        await until(lambda: charger.is_online)
        await apply(charger, 10)
        await until(lambda: simulated.charge_point.power_w > 1000)
        await apply(charger, 0)
        await until(lambda: simulated.charge_point.power_w < 100)
        await apply(charger, 10)
        await until(lambda: simulated.charge_point.power_w > 1000)
