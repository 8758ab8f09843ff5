"""What a viewer sees within two minutes, watched through the API: a car arrives, waits, charges now."""

import asyncio
from collections.abc import Callable
import time
from typing import Any

import aiohttp

from .client import Json
from .dashboard import ChargePointOnDashboard
from .world import World

HELD_BACK = {"waiting_for_default_hours", "delayed_start", "delayed_stop"}
FULL_POWER_KW = 6.0
CHAPTER_WITHIN_S = 90


class StoryFailed(Exception):
    """Something that a viewer should see did not happen."""


async def watch_story(world: World) -> None:
    """See the whole story for every charge point, printing when each part of it was seen.

    Raises:
        StoryFailed: with what was seen instead.
    """
    await _dashboard_is_reachable(world)
    try:
        async with asyncio.TaskGroup() as together:
            for point in world.points:
                together.create_task(_Watcher(world, point).watch())
    except* StoryFailed as failures:
        raise StoryFailed("\n".join(map(str, failures.exceptions))) from None


async def _dashboard_is_reachable(world: World) -> None:
    async with aiohttp.ClientSession() as session, session.get(world.home.dashboard_url) as response:
        page = await response.text()
    if response.status != 200 or "<home-assistant" not in page:
        raise StoryFailed(f"{world.home.dashboard_url} answered {response.status}")
    print(f"          the dashboard answers at {world.home.dashboard_url}", flush=True)


class _Watcher:
    """Sees one charge point's story, through its entities alone."""

    def __init__(self, world: World, point: ChargePointOnDashboard) -> None:
        self._world = world
        self._point = point
        self._client = world.client
        self._name = point.name
        self._entities = point.entities
        self._began = time.monotonic()

    async def watch(self) -> None:
        await self._see("no vehicle is plugged in", "why", lambda state: state["state"] == "not_plugged_in")
        await self._world.plug_in(self._point)
        await self._see(
            "a vehicle is plugged in", "cable_connected", lambda state: state["state"] == "on", "binary_sensor"
        )
        await self._see("it waits, or a delay runs", "why", lambda state: state["state"] in HELD_BACK)
        await self._press_charge_now()
        await self._see("it says that it charges now", "why", lambda state: state["state"] == "charging_now")
        await self._see("power flows", "power", lambda state: _kilowatts(state) >= FULL_POWER_KW)
        before = await self._state("session_energy")
        await self._see("the session's energy rises", "session_energy", lambda now: _number(now) > _number(before))

    async def _press_charge_now(self) -> None:
        await self._client.act("switch.turn_on", self._entities["switch", "charge_now"])
        self._tell("Charge now is switched on", "")

    async def _see(self, what: str, key: str, is_so: Callable[[Json], bool], platform: str = "sensor") -> None:
        state: Json = {}
        try:
            async with asyncio.timeout(CHAPTER_WITHIN_S):
                while not (state and is_so(state)):
                    await asyncio.sleep(0.25)
                    state = await self._state(key, platform)
        except TimeoutError:
            shown = {key: state.get("state"), **state.get("attributes", {})}
            raise StoryFailed(f"{self._name}: {what}: not seen within {CHAPTER_WITHIN_S} s; there is {shown}") from None
        unit = state["attributes"].get("unit_of_measurement", "")
        self._tell(what, state["attributes"].get("sentence") or f"{state['state']} {unit}".strip())

    async def _state(self, key: str, platform: str = "sensor") -> Json:
        return await self._client.state(self._entities[platform, key])

    def _tell(self, what: str, shown: Any) -> None:
        seconds = time.monotonic() - self._began
        print(f"{seconds:6.1f} s  {self._name}: {what}{f' ({shown})' if shown else ''}", flush=True)


def _number(state: Json) -> float:
    try:
        return float(state["state"])
    except ValueError:  # "unknown" before the first value
        return 0.0


def _kilowatts(state: Json) -> float:
    is_watts = state["attributes"].get("unit_of_measurement") == "W"
    return _number(state) / (1000 if is_watts else 1)
