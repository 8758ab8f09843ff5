"""What a viewer sees within two minutes, watched through the API: a car arrives, waits, charges now."""

import asyncio
from collections.abc import Callable
import time
from typing import Any

import aiohttp

from .charge_point_cards import Keys
from .client import ApiError, Json
from .dashboard import ChargePointOnDashboard
from .site import HOUSE
from .world import World

HELD_BACK = {"waiting_for_default_hours", "delayed_start", "delayed_stop"}
BY_PRICE = {"waiting_for_cheaper_hours", "in_cheapest_hours", "charging_to_be_ready"}
FULL_POWER_KW = 6.0
LESS_POWER_KW = 5.5
QUIET_HOUSE_W, BUSY_HOUSE_W = 600, 9_500
LEAST_COST = 50
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
    except* (StoryFailed, ApiError) as failures:
        raise StoryFailed("\n".join(map(str, failures.exceptions))) from None
    await _House(world).watch()


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
        self._entities: Keys = point.entities
        self._began = time.monotonic()

    async def watch(self) -> None:
        await self.see("no vehicle is plugged in", "why", lambda state: state["state"] == "not_plugged_in")
        await self._world.plug_in(self._point)
        await self.see(
            "a vehicle is plugged in", "cable_connected", lambda state: state["state"] == "on", "binary_sensor"
        )
        await self.see("it waits, or a delay runs", "why", lambda state: state["state"] in HELD_BACK)
        await self._press_charge_now()
        await self.see("it says that it charges now", "why", lambda state: state["state"] == "charging_now")
        await self.see("power flows", "power", lambda state: _kilowatts(state) >= FULL_POWER_KW)
        before = await self._state("session_energy")
        await self.see("the session's energy rises", "session_energy", lambda now: _number(now) > _number(before))

    async def look_again(self) -> None:
        """Take up the entity that comes with a supply limit."""
        async with asyncio.timeout(CHAPTER_WITHIN_S):
            while ("binary_sensor", "limited_by_supply") not in self._entities:
                await asyncio.sleep(0.25)
                self._entities = (await self._client.entities())[self._point.entry_id]

    async def follow_prices(self) -> None:
        """Choose the cheapest hours, see that they count once Charge now is off, and charge now again."""
        await self._client.act("select.select_option", self._entities["select", "mode"], option="cheapest")
        await self._client.act("switch.turn_off", self._entities["switch", "charge_now"])
        await self.see("it charges in the cheapest hours", "why", lambda state: state["state"] in BY_PRICE)
        await self._press_charge_now()
        await self.see("power flows again", "power", lambda state: _kilowatts(state) >= FULL_POWER_KW)

    async def _press_charge_now(self) -> None:
        await self._client.act("switch.turn_on", self._entities["switch", "charge_now"])
        self._tell("Charge now is switched on", "")

    async def see(self, what: str, key: str, is_so: Callable[[Json], bool], platform: str = "sensor") -> None:
        """Wait until an entity is so, and tell it.

        Raises:
            StoryFailed: it was not within `CHAPTER_WITHIN_S`.
        """
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


class _House:
    """Sees what charge points share: the supply gives less, prices are followed, and what was charged has a cost."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._client = world.client
        self._watchers = [_Watcher(world, point) for point in world.points]

    async def watch(self) -> None:
        for one in self._watchers:
            await one.see("a year of charging has a cost", "year_cost", lambda state: _number(state) > LEAST_COST)
        await self._watchers[0].follow_prices()
        await self._world.enter_fuse()
        print("          the owner enters a main fuse of 80 A, then the house needs more", flush=True)
        await self._client.act("input_number.set_value", HOUSE, value=BUSY_HOUSE_W)
        for one in self._watchers:
            await one.look_again()
            await one.see("the house needs more, so it is limited", "limited_by_supply", _is_on, "binary_sensor")
            await one.see("it takes less", "power", lambda state: 1 < _kilowatts(state) < LESS_POWER_KW)
        await self._client.act("input_number.set_value", HOUSE, value=QUIET_HOUSE_W)


def _is_on(state: Json) -> bool:
    return bool(state["state"] == "on")


def _number(state: Json) -> float:
    try:
        return float(state["state"])
    except ValueError:  # "unknown" before the first value
        return 0.0


def _kilowatts(state: Json) -> float:
    is_watts = state["attributes"].get("unit_of_measurement") == "W"
    return _number(state) / (1000 if is_watts else 1)
