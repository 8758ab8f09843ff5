"""Several charge points behind one main fuse, and a grid meter that tells what truly flows there."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.smart_charge.const import CONF_GRID_METER, CONF_SUPPLY
from simulator import Nameplate
from tests.premises import FUSE_60, House, add, site_entry
from tests.shell import call, settle

from .world import OCPP, World

STEP_S, LONGEST_STEP_S = 3, 9


def _plate(kind: str, number: int) -> dict[str, Nameplate]:
    return {"nameplate": Nameplate(serial=f"LM-000{number}")} if kind == OCPP else {}


class SharedSupply:
    """What is behind one single-phase supply of 60 A, and what flows there."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, kinds: Sequence[str]) -> None:
        self.hass = hass
        self.freezer = freezer
        self.worlds = [World(hass, freezer, kind, **_plate(kind, number)) for number, kind in enumerate(kinds, 1)]
        self.house = House(hass, freezer)
        self.house_a = 5.0
        self.is_meter_there = True
        self.highest_a = 0.0
        self.site: MockConfigEntry

    async def set_up(self) -> None:
        for world in self.worlds:
            await world.set_up()

    async def close(self) -> None:
        for world in self.worlds:
            await world.close()

    async def limit(self, **supply: Any) -> None:
        """Add the site with its fuse and its meter."""
        await self.report()
        sections = {CONF_SUPPLY: FUSE_60 | supply, CONF_GRID_METER: self.house.section}
        self.site = await add(self.hass, site_entry(**sections))

    @property
    def total_a(self) -> float:
        """What truly flows through the fuse."""
        return self.house_a + sum(world.power_w for world in self.worlds) / 230

    @property
    def offered_a(self) -> list[float]:
        return [world.sim.charge_point.offered_a for world in self.worlds]

    async def report(self) -> None:
        """Have the meter say what flows."""
        if self.is_meter_there:
            await self.house.draws(self.total_a)

    async def lives(self, seconds: float, every_s: float = STEP_S) -> None:
        """Let time pass, the meter speaking all along, and note the highest current through the fuse."""
        until_at = dt_util.utcnow() + timedelta(seconds=seconds)
        while (now := dt_util.utcnow()) < until_at:
            moment = min(until_at, now + timedelta(seconds=every_s))
            self.freezer.move_to(moment)
            if self.is_meter_there:
                self.house.report(self.total_a)  # before a poll that began earlier ends with values of now
            await self.worlds[0].jump(moment, is_brief=True)
            for world in self.worlds[1:]:
                if world.is_linked:
                    await world.is_heard(is_brief=True)
            self.highest_a = max(self.highest_a, self.total_a)
            await settle(self.hass)

    async def lives_until_delays_end(self) -> None:
        """Live on until no random delay runs any more."""
        for _ in range(80):
            if not any(world.shown("why").startswith("delayed") for world in self.worlds):
                return
            await self.lives(LONGEST_STEP_S, LONGEST_STEP_S)
        raise AssertionError([world.shown("why") for world in self.worlds])

    async def skip_delays(self) -> None:
        """Have what is due happen now, as the owner may."""
        for world in self.worlds:
            if world.shown("why").startswith("delayed"):
                await call(self.hass, "press", world.entity_id("skip_delay"))
        await self.lives(STEP_S)
