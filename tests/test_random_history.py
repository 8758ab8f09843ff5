"""A long history at random: vehicles come and go, the link too, and the charge point tells late what it did."""

from dataclasses import replace
from datetime import datetime
import random
from typing import Any

from homeassistant.util import dt as dt_util
import pytest

from custom_components.smart_charge.chargers.charger import PastTransaction

from .shell import CHARGING, IDLE, PLUGGED_IN
from .test_counting import Home, home, transaction  # noqa: F401  a fixture

POWER_W = 7_200


class World:
    """A charge point that keeps transactions, with its own truth of what each vehicle took."""

    def __init__(self, at_home: Home, dice: random.Random) -> None:
        self.home = at_home
        self.dice = dice
        self.register_wh = 50_000
        self.is_up = True
        self.is_drawing = False
        self.queue: list[PastTransaction] = []
        self.truth: list[int] = []
        self.log: list[str] = []

    def note(self, what: str) -> None:
        self.log.append(f"{dt_util.utcnow():%d %H:%M:%S} {self.register_wh} {what}")

    async def lasts(self, seconds: float) -> None:
        """Let time pass in steps of which we hear, if the link is there."""
        while seconds > 0:
            step = min(seconds, self.dice.choice([5, 15, 60, 600]))
            seconds -= step
            if self.is_up and step >= 60:
                await self.hand_over()
            await self.home.passes(seconds=step)
            if self.is_drawing:
                self.register_wh += round(POWER_W * step / 3600)
            if self.dice.random() < 0.12:
                await self.turn_link()
            if self.is_up:
                await self.tell()

    def facts(self) -> dict[str, Any]:
        """What it tells now: not each message has the register."""
        told = {"import_wh": self.register_wh, "measured_at": dt_util.utcnow()}
        return dict(PLUGGED_IN | CHARGING if self.is_drawing else IDLE) | (told if self.dice.random() < 0.7 else {})

    async def tell(self) -> None:
        facts = self.facts()
        self.note(f"tells {facts.get('import_wh')}, {facts['status']}")
        await self.home.tell(**facts)

    async def turn_link(self) -> None:
        self.is_up = not self.is_up
        self.note("link back" if self.is_up else "link lost")
        if not self.is_up:
            await self.home.loses_link()
            return
        await self.home.finds_link(**self.facts())
        await self.home.passes(seconds=self.dice.choice([1, 3]))
        if self.dice.random() < 0.7:
            await self.hand_over()

    async def hand_over(self) -> None:
        """Tell what was queued, one by one or together."""
        is_together = self.dice.random() < 0.5
        while self.queue:
            told = self.queue if is_together else self.queue[:1]
            self.queue = self.queue[len(told) :]
            for item in told:
                self.shows(item.began_at, item.meter_start_wh)
                self.shows(item.ended_at, item.meter_stop_wh)
            self.note(f"tells transactions {[item.key for item in told]}")
            await self.home.told_late(*told)
            if self.dice.random() < 0.3:
                await self.tell()

    def shows(self, at: datetime | None, register_wh: int | None) -> None:
        """Let the charger take up a register that a transaction told, as it does."""
        reading = self.home.charger.reading
        if at and register_wh is not None and reading and register_wh > (reading.import_wh or 0):
            at = max(at, reading.measured_at or at)
            self.home.charger.reading = replace(reading, import_wh=register_wh, measured_at=at)

    async def stay(self, number: int) -> None:
        """Let a vehicle come, charge and leave."""
        began_at, start_wh, began_live = dt_util.utcnow(), self.register_wh, self.is_up and not self.queue
        self.is_drawing = True
        self.note(f"vehicle {number} comes")
        if self.is_up:
            self.shows(began_at, start_wh)
            await self.tell()
        await self.lasts(self.dice.choice([20, 45, 300, 4000]))
        self.is_drawing = False
        self.note(f"vehicle {number} leaves")
        self.truth.append(self.register_wh - start_wh)
        is_told_first = self.dice.random() < 0.5
        facts: dict[str, Any] = {"key": str(number), "id_tag": f"TAG{number}", "ended_at": dt_util.utcnow()}
        ended_live = self.is_up and not self.queue
        ended = transaction(began_at, 0, start_wh, self.register_wh, began_live=began_live, ended_live=ended_live)
        self.queue.append(replace(ended, **facts))
        if self.is_up and is_told_first:
            await self.hand_over()
        if self.is_up:
            await self.tell()
            await self.hand_over()


@pytest.mark.requirement("9.1")
@pytest.mark.parametrize("seed", range(4))
async def test_each_vehicle_of_a_random_history_is_one_record_to_the_watt_hour(home: Home, seed: int) -> None:  # noqa: F811
    home.charger.keeps_transactions = True
    world = World(home, random.Random(seed))
    for number in range(12):
        await world.lasts(world.dice.choice([8, 20, 100, 3000]))
        await world.stay(number)
    if not world.is_up:
        await world.turn_link()
    await world.hand_over()
    await home.tell(**IDLE, import_wh=world.register_wh)
    await home.passes(minutes=11)
    await home.tell()
    found = await home.sessions()
    told = [f"{each.plugged_in_at:%d %H:%M:%S} {each.unplugged_at} {each.import_wh} {each.tag}" for each in found]
    assert [each.import_wh for each in found] == world.truth, "\n".join([*world.log, *told])
    assert [each.tag for each in found] == [f"TAG{number}" for number in range(12)]
    assert await home.energy_wh() == sum(world.truth)
