"""The fault table: what the vehicle gets in the hour after an accident, for each protocol and each thing it was doing.

Home Assistant stopped and killed are real processes in ``benchmarks/faults.py``, which writes ``docs/faults.md`` from
its own cells and these; ``test_without_home_assistant.py`` keeps watch over them within one process.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
import json
import os
from pathlib import Path

from homeassistant.util import dt as dt_util
import pytest

from tests.shell import call
from tests.waiting import until

from .world import ALFEN, BENDER, MAPS, OCPP, World

ROWS = "SMART_CHARGE_FAULT_ROWS"
"""A file to add a line to for each cell; unset, nothing is written."""

NIGHT = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)
"""The default hours are open, and stay so for the hour."""
HALF_PAST_TEN = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
"""They are closed, and open half an hour later."""
OUTAGE = timedelta(minutes=10)
LONGEST_DELAY_S = 600
FOUND_AGAIN_S = 120
"""So long may a charge point take to boot, be found and be asked."""
LEAST_W = 6 * 230

CUT, REBOOT, POWER_CUT = "network cut", "charger rebooted", "power cut"
CHARGING, HELD, DELAYED = "charging", "held at 0", "delay running"

# As short as real ones where nobody renews them; long where the frozen clock leaps over renewals.
SHORT = {ALFEN: {"validity_s": 60}, BENDER: {"comm_timeout_s": 60}, OCPP: {"lease_s": 900.0}}


async def was_charging(world: World) -> None:
    await was_delayed(world)
    await call(world.hass, "press", world.entity_id("skip_delay"))
    await world.charges()
    for _ in range(3):  # as long as it takes to see that the register moves with it
        await world.wait(seconds=10)


async def was_held(world: World) -> None:
    await world.plug_in(battery_wh=200_000, soc=0.1)
    await world.rests()
    await is_ready(world)
    await world.sees("why", "waiting_for_default_hours")


async def was_delayed(world: World) -> None:
    await world.plug_in(battery_wh=200_000, soc=0.1)
    await world.sees("why", "delayed_start")
    await world.offers(0)
    await is_ready(world)


async def is_ready(world: World) -> None:
    """Wait until an OCPP charge point holds our lease, and the hours behind it."""
    if world.kind == OCPP:
        held = world.ocpp.client.profiles
        await until(lambda: {"TxProfile", "TxDefaultProfile"} <= {str(item.purpose) for item in held.profiles})


async def cut(world: World) -> float:
    await world.loses_link()
    return 0


async def reboot(world: World) -> float:
    await slow_registers_are_read(world)
    began_at = dt_util.utcnow()
    await world.sim.power_cut()
    await world.sees("connectivity", "off")
    await world.wait(seconds=5)
    await returns(world)
    return (dt_util.utcnow() - began_at).total_seconds()


async def returns(world: World) -> None:
    """Let the power be back, and an OCPP charge point be greeted and asked: that takes real seconds, and no leap."""
    await world.sim.power_back()
    await world.is_back()
    if world.kind == OCPP:
        await until(lambda: world.shown("why") in {"delayed_start", "waiting_for_default_hours"})
        await until(lambda: world.sim.charge_point.offered_a == 0)


async def slow_registers_are_read(world: World) -> None:
    """Let as many polls pass as it takes until the charge point has told how long it has been up."""
    if world.kind in MAPS:
        await world.wait(minutes=1)
        enough = world.modbus.server.requests + 60
        await until(lambda: world.modbus.server.requests > enough)


async def power_cut(world: World) -> float:
    began_at = dt_util.utcnow()
    await world.sim.power_cut()
    await world.sees("connectivity", "off")
    await world.wait_until(began_at + OUTAGE)
    await returns(world)
    return (dt_util.utcnow() - began_at).total_seconds()


ACCIDENTS: dict[str, Callable[[World], Awaitable[float]]] = {CUT: cut, REBOOT: reboot, POWER_CUT: power_cut}
STATES: dict[str, Callable[[World], Awaitable[None]]] = {
    CHARGING: was_charging,
    HELD: was_held,
    DELAYED: was_delayed,
}


def cells() -> list[object]:
    """Every accident with every protocol and every state."""
    return [
        pytest.param(
            (kind, SHORT[kind]) if accident == CUT else kind,
            accident,
            state,
            id=f"{accident}-{kind}-{state}".replace(" ", "_"),
            marks=pytest.mark.begins(HALF_PAST_TEN if state == HELD else NIGHT),
        )
        for accident in ACCIDENTS
        for kind in (ALFEN, BENDER, OCPP)
        for state in STATES
    ]


@pytest.mark.requirement("7.1")
@pytest.mark.requirement("7.2")
@pytest.mark.parametrize(("world", "accident", "state"), cells(), indirect=["world"])
async def test_the_hour_after(world: World, accident: str, state: str) -> None:
    await STATES[state](world)
    began_at = dt_util.utcnow()
    ends_at = began_at + timedelta(hours=1)
    lost_s = await ACCIDENTS[accident](world)
    await world.wait_until(ends_at)
    world.sim.charge_point.catch_up()
    got_wh = round(world.sim.truth.energy_between(began_at, ends_at))
    if accident == CUT:
        await world.finds_link()  # what hangs in mid-air at the end of a test is nobody's
    note(accident, world.kind, state, got_wh)
    allowed_s = 3600 - lost_s
    if state == HELD:
        allowed_s = min(allowed_s, 1800)
    assert got_wh >= LEAST_W * (allowed_s - LONGEST_DELAY_S - FOUND_AGAIN_S) / 3600


def note(accident: str, kind: str, state: str, got_wh: int) -> None:
    """Add a line for the page, if somebody wants it."""
    if path := os.environ.get(ROWS):
        row = {"accident": accident, "kind": kind, "state": state, "got_wh": got_wh}
        with Path(path).open("a", encoding="utf-8") as rows:
            rows.write(json.dumps(row) + "\n")
