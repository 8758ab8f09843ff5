"""A past for the demo: twelve months of charging at night, written as the component itself would have written them.

``python -m demo.past DIRECTORY`` takes on each line of its input the id of a charge point's entry and a time zone, and
writes into the records of the home in that directory what a year of sessions would have been, half-hour by half-hour.
It is the one part of the demo that knows the component: nobody wants to wait a year for a picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
import json
from pathlib import Path
import random
import sys
from zoneinfo import ZoneInfo

from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.pseudonyms import Pseudonyms
from custom_components.smart_charge.records.sales import Register
from custom_components.smart_charge.records.security_log import SecurityLog
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import OutletKey, SessionRecord

from .tariff import CHEAP, CHEAP_FROM, CHEAP_UNTIL, DEAR

DAYS = 364
POWER_W = 7_200
HALF_HOUR = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Habit:
    """How one household's car is used. ``winter``: how much more it takes in January than in July."""

    often: float
    mean_kwh: float
    winter: float = 0.3
    in_a_hurry: float = 0.06


HABITS = (Habit(often=0.42, mean_kwh=17), Habit(often=0.3, mean_kwh=11, in_a_hurry=0.12))


def sessions(
    outlet: OutletKey, habit: Habit, until: date, zone: ZoneInfo, dice: random.Random
) -> Iterator[SessionRecord]:
    """Yield each stay as it was recorded, again and again while it went on."""
    for back in range(DAYS, 0, -1):
        day = until - timedelta(days=back)
        if dice.random() < habit.often:
            yield from _stay(outlet, day, zone, habit, dice)


def _stay(outlet: OutletKey, day: date, zone: ZoneInfo, habit: Habit, dice: random.Random) -> Iterator[SessionRecord]:
    season = 1 + habit.winter * (abs(day.timetuple().tm_yday - 182) / 182 - 0.5)
    energy_wh = round(1000 * min(52.0, max(2.5, dice.gauss(habit.mean_kwh, 5))) * season)
    plugged_in_at = _at(day, time(17 + dice.randrange(3), dice.randrange(60), dice.randrange(60)), zone)
    is_hurry = dice.random() < habit.in_a_hurry
    delay = timedelta(seconds=dice.randrange(600))
    begin = plugged_in_at if is_hurry else _at(day + timedelta(days=1), CHEAP_FROM, zone) + delay
    end = begin + timedelta(seconds=round(3600 * energy_wh / POWER_W))
    leaves_at = max(end + HALF_HOUR, _at(day + timedelta(days=1), time(7, dice.randrange(60)), zone))
    stay = SessionRecord(outlet=outlet, plugged_in_at=plugged_in_at, seen_at=begin, charge_started_at=begin)
    yield stay
    for stay in _charging(stay, begin, end, zone):  # noqa: B020  each goes on from the last
        yield stay
    yield replace(stay, seen_at=leaves_at, charge_ended_at=end, unplugged_at=leaves_at, is_open=False)


def _charging(stay: SessionRecord, begin: datetime, end: datetime, zone: ZoneInfo) -> Iterator[SessionRecord]:
    at = begin
    while at < end:
        since, at = at, min(end, _next_half(at))
        gained_wh = round(POWER_W * (at - since).total_seconds() / 3600)
        stay = replace(
            stay,
            seen_at=at,
            import_wh=stay.import_wh + gained_wh,
            priced_wh=stay.priced_wh + gained_wh,
            charging_s=round((at - begin).total_seconds()),
            cost=(stay.cost or Decimal(0)) + price_at(since, zone) * gained_wh / 1000,
        )
        yield stay


def _next_half(at: datetime) -> datetime:
    return datetime.fromtimestamp((at.timestamp() // 1800 + 1) * 1800, UTC)


def price_at(at: datetime, zone: ZoneInfo) -> Decimal:
    """Return what a kilowatt-hour cost then, by the tariff that the demo types in."""
    clock = at.astimezone(zone).time()
    return CHEAP if CHEAP_FROM <= clock < CHEAP_UNTIL else DEAR


def _at(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)


def open_journal(directory: Path) -> Journal:
    """Open the records of the home, as the Home Assistant that runs in it does."""
    known = json.loads((directory / ".storage" / "smart_charge.ledger").read_text())["data"]
    store = Store.at_path(directory / "smart_charge.db")
    log = SecurityLog(store, known["site"], Pseudonyms(bytes.fromhex(known["key"])))
    return Journal(store, known["site"], log, Register(store, known["site"]))


def write_past(directory: Path, entry_id: str, number: int, zone: ZoneInfo) -> int:
    """Write a year for one charge point, by the habits of the household with this number; returns how many sessions."""
    journal, dice = open_journal(directory), random.Random(number)  # noqa: S311  the same past each time
    outlet, habit = OutletKey(charge_point=entry_id), HABITS[number % len(HABITS)]
    written = list(sessions(outlet, habit, datetime.now(zone).date(), zone, dice))
    journal.write(*written)
    journal.store.close()
    return sum(not each.is_open for each in written)


if __name__ == "__main__":
    for order, line in enumerate(sys.stdin):
        charge_point, zone_name = line.split()
        count = write_past(Path(sys.argv[1]), charge_point, order, ZoneInfo(zone_name))
        print(charge_point, count, flush=True)
