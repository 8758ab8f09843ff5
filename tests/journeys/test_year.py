"""A year of charging through Home Assistant and the wire, compared with the charge point's own register (9.1 to 9.3).

By itself it lives through a few weeks around a clock change. ``SMART_CHARGE_STAYS`` names a CSV file with the columns
``plugin_local``, ``plugout_local`` and ``energy_kwh``, and ``SMART_CHARGE_STAYS_COUNT`` how many of its rows to live
through: a year of them takes a quarter of an hour.
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from zoneinfo import ZoneInfo

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest

from custom_components.smart_charge.const import CONF_MODE
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.periods import midnight, month_edges
from tests.shell import settle
from tests.waiting import until

from .world import KINDS, World

LONDON = ZoneInfo("Europe/London")
YEAR_BEGINS = datetime(2025, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Stay:
    came_at: datetime
    left_at: datetime
    energy_wh: float


def generated() -> list[Stay]:
    """Three evenings a week in March and April, one of them over the end of a month."""
    first = datetime(2026, 3, 22, 18, 7, tzinfo=UTC)
    nights = [first + timedelta(days=3 * number, minutes=13 * number) for number in range(8)]
    return [Stay(at, at + timedelta(hours=9 + number % 4), 4_000 + 1_700 * number) for number, at in enumerate(nights)]


def of_file(path: Path, count: int) -> list[Stay]:
    """Take real stays one after another, moved into one year; none begins before the one before it has ended."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    found: list[Stay] = []
    at = YEAR_BEGINS + HOUR
    for row in rows:
        came, left = (datetime.fromisoformat(row[name]) for name in ("plugin_local", "plugout_local"))
        lasts = min(left - came, timedelta(hours=20))
        wait = timedelta(hours=(came.hour - at.hour) % 24, minutes=came.minute - at.minute)
        begin = max(at + timedelta(minutes=2), at + wait) if lasts > timedelta(minutes=12) else at
        if lasts <= timedelta(minutes=12):
            continue
        found.append(Stay(begin, begin + lasts, 1_000 * float(row["energy_kwh"])))
        at = found[-1].left_at
        if len(found) == count or at > YEAR_BEGINS + timedelta(days=363):
            return found
    return found


def stays() -> list[Stay]:
    path = os.environ.get("SMART_CHARGE_STAYS")
    return generated() if path is None else of_file(Path(path), int(os.environ.get("SMART_CHARGE_STAYS_COUNT", "420")))


class Truth:
    """The charge point's register, read where the year is cut."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sessions: list[int] = []
        self.by_month: dict[datetime, int] = {}

    @property
    def register_wh(self) -> int:
        self._world.sim.charge_point.catch_up()
        return self._world.sim.charge_point.meter.shown_wh

    async def live(self, stay: Stay) -> None:
        """Let one vehicle come, charge and go."""
        world, came_wh = self._world, self.register_wh
        await world.jump(stay.came_at)
        full = min(0.95, max(0.05, 1 - 0.92 * stay.energy_wh / 60_000))
        await world.plug_in(soc=full)
        since_wh, month = came_wh, stay.came_at.astimezone(LONDON).replace(day=1).date()
        await world.sees("why", "delayed_start")
        await world.jump(world.delay_ends_at)
        await world.offers(32)
        await world.jump(dt_util.utcnow() + timedelta(seconds=20))
        for cut in [*_months_within(stay), stay.left_at]:
            await world.jump(cut)
            await until(lambda: world.loop.charger.reading.import_wh == self.register_wh)
            await settle(world.hass)
            self._note(midnight(month, LONDON), self.register_wh - since_wh)
            since_wh, month = self.register_wh, (cut + timedelta.resolution).astimezone(LONDON).date().replace(day=1)
        self.sessions.append(self.register_wh - came_wh)
        await world.unplug()

    def _note(self, month: datetime, gained_wh: int) -> None:
        self.by_month[month] = self.by_month.get(month, 0) + gained_wh


def _months_within(stay: Stay) -> list[datetime]:
    edge = midnight(stay.left_at.astimezone(LONDON).date().replace(day=1), LONDON)
    return [edge - timedelta.resolution] if edge > stay.came_at else []


@pytest.mark.parametrize("world", KINDS, indirect=True)
@pytest.mark.begins("2025-11-30T12:00:00Z")
@pytest.mark.requirement("9.1")
@pytest.mark.requirement("9.3")
async def test_the_records_of_a_year_are_the_registers(hass: HomeAssistant, world: World) -> None:
    options = {**world.entry.options, CONF_MODE: "always"}
    hass.config_entries.async_update_entry(world.entry, options=options)
    await settle(hass)
    truth, lived = Truth(world), stays()
    began_wh = truth.register_wh
    for stay in lived:
        await truth.live(stay)
    now = lived[-1].left_at + HOUR
    ledger = hass.data[DATA_LEDGER]
    await ledger.async_flush()
    found = await ledger.async_ask(lambda journal: journal.sessions(lived[0].came_at - HOUR, now))
    months = await ledger.async_ask(lambda journal: journal.months(now, LONDON, 13))
    print(f"{len(found)} sessions, {sum(truth.sessions)} Wh")  # noqa: T201  a year's figures are worth seeing
    # The Bender's watchdog ends a lease after five minutes at most, so that it charges at 6 A in the longest strides.
    assert sum(truth.sessions) > 0.5 * sum(stay.energy_wh for stay in lived if stay.energy_wh < 50_000)
    assert [session.import_wh for session in found] == truth.sessions
    assert sum(month.import_wh for month in months) == truth.register_wh - began_wh
    by_month = {edge: truth.by_month.get(edge, 0) for edge in month_edges(now, LONDON, 13)[:-1]}
    assert {month.starts_at: month.import_wh for month in months} == by_month
    for stay, session in zip(lived, found, strict=True):
        assert abs(session.plugged_in_at - stay.came_at) <= timedelta(seconds=1)
        assert session.unplugged_at is not None
        assert abs(session.unplugged_at - stay.left_at) <= timedelta(seconds=1)
