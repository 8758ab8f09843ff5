"""Replay real households against the supply limit: ``python benchmarks/supply.py FOLDER_WITH_TRACES``.

For each trace, limit and number of charge points: for how long, and by how much, house and charge
points together exceed the limit, and how much energy is given up against an oracle that knows the
future and answers at once. Vehicles want all they can get, all day: the worst case. The folder holds
``house1p_*.csv`` (time_local, active_w, voltage_v, current_a) and ``house3p_*.csv`` (t_unix,
channel a/b/c, watts; a fourth channel is ignored).

The charge points are modelled as hardware behaves: a command takes 2 s to arrive, the current then
changes by 6 A/s, what they draw is told every 5 s. The meter is read every second unless told otherwise.
"""

import argparse
from collections.abc import Iterator, Sequence
import csv
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import importlib
import importlib.util
from pathlib import Path
from random import Random
import sys
from types import ModuleType

CORE = Path(__file__).parent.parent / "custom_components" / "smart_charge" / "charging"
START = datetime(2027, 1, 12, tzinfo=UTC)
LIMITS_A = (60.0, 40.0, 25.0)
RATED_A = 32.0
COMMAND_S = 2
RAMP_A_PER_S = 6.0
TOLD_EVERY_S = 5
NOMINAL_V = 230.0

type Load = tuple[float, float, float]


def load_core() -> dict[str, ModuleType]:
    """Load the folder as a package of its own and return the modules that are needed of it."""
    spec = importlib.util.spec_from_file_location("core", CORE / "__init__.py", submodule_search_locations=[str(CORE)])
    if spec is None or spec.loader is None:
        raise SystemExit(f"There is no core at {CORE}")
    sys.modules["core"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(sys.modules["core"])
    return {name: importlib.import_module(f"core.{name}") for name in ("claims", "grid_meter", "sharing", "turns")}


@dataclass
class Trace:
    """What one house drew, second by second, per phase in ampere."""

    name: str
    phases: int
    loads: list[Load]


def single_phase(path: Path, hours: float) -> Trace:
    loads: list[Load] = []
    with path.open() as file:
        for row in csv.DictReader(file):
            if row["current_a"]:
                loads += [(float(row["current_a"]), 0.0, 0.0)] * 60
            if len(loads) >= hours * 3600:
                break
    return Trace(path.stem, 1, loads)


def three_phase(path: Path, hours: float) -> Trace:
    with path.open() as file:
        events = sorted(
            (float(row["t_unix"]), "abc".index(row["channel"]), float(row["watts"]) / NOMINAL_V)
            for row in csv.DictReader(file)
            if row["channel"] in ("a", "b", "c")
        )
    loads: list[Load] = []
    now = [0.0, 0.0, 0.0]
    begins_at = events[0][0]
    for at, phase, amperes in events:
        second = int(at - begins_at)
        loads += [(now[0], now[1], now[2])] * (second - len(loads))
        now[phase] = amperes
        if second >= hours * 3600:
            break
    return Trace(path.stem, 3, loads)


@dataclass
class ChargePoint:
    """Hardware: it obeys late, ramps, and tells what it drew a while ago."""

    key: str
    phases: tuple[int, ...]
    offset: int
    in_force_a: float = 0.0
    drawn_a: float = 0.0
    told_a: float = 0.0
    told_at: datetime = START
    rises_at: int | None = None
    underway: list[tuple[int, float]] = field(default_factory=list)
    energy_as: float = 0.0
    writes: int = 0

    def ask(self, second: int, ceiling_a: float, delay_s: int) -> None:
        """Take a new ceiling: down at once, up after the random delay."""
        if ceiling_a > self.in_force_a and self.rises_at is None:
            self.rises_at = second + delay_s
        if ceiling_a < self.in_force_a or (self.rises_at is not None and second >= self.rises_at):
            self.in_force_a = ceiling_a
            self.underway.append((second + COMMAND_S, ceiling_a))
            self.writes += 1
        if ceiling_a <= self.in_force_a:
            self.rises_at = None

    def step(self, second: int) -> None:
        """Let one second go by."""
        while len(self.underway) > 1 and self.underway[1][0] <= second:
            self.underway.pop(0)
        target_a = self.underway[0][1] if self.underway and self.underway[0][0] <= second else self.drawn_a
        self.drawn_a += min(max(target_a - self.drawn_a, -RAMP_A_PER_S), RAMP_A_PER_S)
        self.energy_as += self.drawn_a * len(self.phases)
        if (second + self.offset) % TOLD_EVERY_S == 0:
            self.told_a, self.told_at = self.drawn_a, START + timedelta(seconds=second)


@dataclass
class Score:
    """What one replay came to."""

    above_s: int = 0
    longest_s: int = 0
    most_a: float = 0.0
    overload_as: float = 0.0
    house_alone_s: int = 0
    given_as: float = 0.0
    oracle_as: float = 0.0
    writes: int = 0

    @property
    def given_up(self) -> float:
        """The share of the oracle's energy that was not given."""
        return 1 - self.given_as / self.oracle_as if self.oracle_as else 0.0


def replay(core: dict[str, ModuleType], trace: Trace, limit_a: float, count: int, options: argparse.Namespace) -> Score:
    """Run one trace against one limit with ``count`` charge points."""
    limits = tuple(limit_a if phase < trace.phases else None for phase in range(3))
    changes = {} if options.hold_off is None else {"hold_off_s": options.hold_off}
    changes |= {} if options.margin is None else {"margin_a": options.margin}
    supply = core["claims"].Supply(limit_a=limits, **changes)
    chargers = [ChargePoint(str(index), tuple(range(trace.phases)), index) for index in range(count)]
    carry, score, run_s, dice = core["sharing"].SharingCarry(), Score(), 0, Random(7)
    for second, load in enumerate(trace.loads):
        for charger in chargers:
            charger.step(second)
        drawn_a = sum(charger.drawn_a for charger in chargers)
        over_a = max(load[phase] + drawn_a - limit_a for phase in range(trace.phases))
        is_above = over_a > 0.05 and drawn_a > 0.05
        run_s = run_s + 1 if is_above else 0
        score.above_s += is_above
        score.longest_s = max(score.longest_s, run_s)
        score.most_a = max(score.most_a, over_a if is_above else 0.0)
        score.overload_as += over_a if is_above else 0.0
        score.house_alone_s += max(load[: trace.phases]) > limit_a
        score.oracle_as += oracle_a(load, trace.phases, limit_a, count) * trace.phases
        if second % options.every == 0:
            now = START + timedelta(seconds=second)
            meter = core["grid_meter"].GridReading(
                taken_at=now,
                current_a=tuple(load[phase] + drawn_a if phase < trace.phases else None for phase in range(3)),
            )
            sharing = core["sharing"].share(supply, meter, list(claims(core, chargers)), carry, now)
            carry = sharing.carry
            for charger in chargers:
                delay_s = dice.randint(0, 600) if options.delay else 0
                charger.ask(second, sharing.ceilings[charger.key].max_a, delay_s)
    score.given_as = sum(charger.energy_as for charger in chargers)
    score.writes = sum(charger.writes for charger in chargers)
    return score


def claims(core: dict[str, ModuleType], chargers: Sequence[ChargePoint]) -> Iterator[object]:
    for charger in chargers:
        drawn = tuple(charger.told_a if own < len(charger.phases) else None for own in range(3))
        yield core["claims"].Claim(
            key=charger.key,
            wish_a=RATED_A,
            phases=charger.phases,
            drawn_a=drawn,
            taken_at=charger.told_at,
            in_force_a=charger.in_force_a,
        )


def oracle_a(load: Load, phases: int, limit_a: float, count: int) -> float:
    """Return what could be drawn on each phase in this second, with the floor of 6 A for each that charges."""
    spare_a = limit_a - max(0.0, *load[:phases])
    return 0.0 if spare_a < 6 else min(spare_a, count * RATED_A)


def main() -> None:
    """Print a table per trace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder with house1p_*.csv and house3p_*.csv")
    parser.add_argument("--hours", type=float, default=48, help="of each trace (default 48)")
    parser.add_argument("--every", type=int, default=1, help="seconds between two readings of the meter (default 1)")
    parser.add_argument("--delay", action="store_true", help="let every rise wait for a random delay of 0 to 600 s")
    parser.add_argument("--hold-off", type=float, help="seconds that current must have been free")
    parser.add_argument("--margin", type=float, help="ampere kept free")
    options = parser.parse_args()
    if options.folder is None or not options.folder.is_dir():
        raise SystemExit("No traces. Name the folder that holds them: python benchmarks/supply.py FOLDER (see --help)")
    core = load_core()
    traces = [single_phase(path, options.hours) for path in sorted(options.folder.glob("house1p_*.csv"))]
    traces += [three_phase(path, options.hours) for path in sorted(options.folder.glob("house3p_*.csv"))]
    for trace in traces:
        print(f"{trace.name}: {len(trace.loads) / 3600:.1f} h, {trace.phases} phase(s)")
        print("  limit  charge   above longest    most  overload  house alone   given  given up  messages")
        print("      A  points       s       s       A       A s      above s   A h/ph         %    a day")
        for limit_a in LIMITS_A:
            for count in (1, 2, 3):
                score = replay(core, trace, limit_a, count, options)
                given_ah = score.given_as / 3600 / trace.phases
                print(
                    f"  {limit_a:5.0f} {count:7d} {score.above_s:7d} {score.longest_s:7d} {score.most_a:7.1f}"
                    f" {score.overload_as:9.0f} {score.house_alone_s:12d} {given_ah:7.0f}"
                    f" {score.given_up * 100:9.1f} {score.writes * 86400 / len(trace.loads):9.0f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
