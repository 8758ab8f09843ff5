"""Is the random delay random, and what does it spare the grid? ``python benchmarks/random_delay.py``.

Printed, not asserted.

1. Delays drawn one after another by the core, with the system's entropy source: chi-squared against uniform on whole
   seconds, and whether any delay follows itself, also where the carry was saved and loaded in between (11.1 to 11.3,
   11.9). As none may follow itself, a fair draw scatters a hair less than chance alone would.
2. Homes whose default hours open at the same second: the load they switch on, with and without the delay.
   ``--plot docs/load-ramp.svg`` draws it.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
import importlib.util
from itertools import accumulate, pairwise
import json
from math import exp, lgamma, log
from pathlib import Path
from random import SystemRandom
import sys
from typing import Any
from zoneinfo import ZoneInfo

from decide import CORE, load_core
from load_ramp import Ramp, drawn

NOON = datetime(2027, 3, 24, 12, tzinfo=UTC)  # Wednesday
OPENS = datetime(2027, 3, 24, 22, tzinfo=UTC)
HOME_KW = 32 * 230 / 1000
LONGEST_S = 1800

core = load_core()
model, decide = core("model"), core("decide").decide


def load_records() -> Any:
    """Load what saves and loads a carry."""
    spec = importlib.util.spec_from_file_location("records_carry", CORE.parent / "records" / "carry.py")
    if spec is None or spec.loader is None:
        raise SystemExit(f"There are no records beside {CORE}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


records = load_records()
dice = SystemRandom().random


def situation(now: datetime, carry: Any, **settings: Any) -> Any:
    """One vehicle plugged in, asking for all it can get."""
    reading = model.Reading(taken_at=now, status=model.ConnectorStatus.CHARGING, offered_a=32.0)
    chosen = model.Settings(rated_a=32.0, **settings)
    return model.Situation(now=now, dice=dice(), settings=chosen, reading=reading, carry=carry)


def restarted(carry: Any) -> Any:
    """Return the carry as a restart finds it on the disk."""
    return records.from_plain(model.Carry, json.loads(json.dumps(records.to_plain(carry))))


def delays(count: int, most_s: int, restart_every: int) -> Iterator[int]:
    """Switch a home on and off, and yield each delay that was drawn; restart now and then, in the middle of a delay."""
    now, carry = NOON, model.Carry()
    for number in range(count):
        mode = model.Mode.OFF if number % 2 else model.Mode.ALWAYS
        carry = decide(situation(now, carry, mode=mode, random_delay_max_s=most_s)).carry
        if number % restart_every == 0:
            carry = restarted(carry)
        yield carry.last_draw_s
        if carry.hold is not None:
            now = carry.hold.ends_at
            carry = decide(situation(now, carry, mode=mode, random_delay_max_s=most_s)).carry
        now += timedelta(minutes=1)


def chi_squared(drawn_s: list[int], most_s: int) -> tuple[float, float]:
    """Return the statistic against uniform on 0 to ``most_s``, and the chance of one as large or larger."""
    counted, expected = Counter(drawn_s), len(drawn_s) / (most_s + 1)
    statistic = sum((counted[second] - expected) ** 2 / expected for second in range(most_s + 1))
    return statistic, upper_gamma(most_s / 2, statistic / 2)


def upper_gamma(a: float, x: float) -> float:
    """Return the regularised upper incomplete gamma function Q(a, x), by series or continued fraction."""
    front = exp(a * log(x) - x - lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, 100_000):
            term *= x / (a + n)
            total += term
            if term < total * 1e-15:
                break
        return 1 - front * total
    tiny = 1e-300
    b, c = x + 1 - a, 1 / tiny
    d = h = 1 / b
    for n in range(1, 100_000):
        an = -n * (n - a)
        b += 2
        d = 1 / (an * d + b or tiny)
        c = b + an / c or tiny
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return front * h


@dataclass(frozen=True, kw_only=True, slots=True)
class Street:
    """Homes with the same hours, and what their owners have of the delay."""

    name: str
    settings: dict[str, Any]

    def ramp(self, homes: int) -> Ramp:
        """Return the load, second by second, from the moment that the hours open."""
        london = ZoneInfo("Europe/London")
        window = core("off_peak").windows_from_list(
            [{"days": ["mon", "tue", "wed", "thu", "fri"], "start": "22:00:00", "end": "06:00:00"}]
        )
        hours = model.WeeklyHours(windows=window, time_zone=london)
        starts = Counter(_starts_after_s(hours, self.settings) for _ in range(homes))
        return Ramp(
            name=self.name, load_kw=[HOME_KW * on for on in accumulate(starts[s] for s in range(LONGEST_S + 1))]
        )


def _starts_after_s(hours: Any, settings: dict[str, Any]) -> int:
    """Live through one home's evening; return how long after the opening its vehicle charges."""
    now, carry = OPENS - timedelta(hours=3), model.Carry()
    while True:
        decision = decide(situation(now, carry, default_hours=hours, **settings))
        if decision.setpoint_a > 0:
            return int((now - OPENS).total_seconds())
        if decision.review_at is None:
            raise SystemExit(f"Nothing comes after {now}")
        now, carry = decision.review_at, decision.carry


STREETS = (
    Street(name="without the delay", settings={"charger_delays_itself": True}),
    Street(name="delay of up to 10 minutes", settings={}),
    Street(name="delay of up to 30 minutes", settings={"random_delay_max_s": 1800}),
)


def main() -> None:
    """Print what was found, and draw it if asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--draws", type=int, default=100_000)
    parser.add_argument("--homes", type=int, default=1000)
    parser.add_argument("--plot", type=Path, metavar="SVG", help="draw the load that the homes switch on")
    asked = parser.parse_args()

    for most_s in (600, 1800):
        found = list(delays(asked.draws, most_s, restart_every=10))
        statistic, chance = chi_squared(found, most_s)
        equal = sum(before == after for before, after in pairwise(found))
        print(
            f"{len(found)} delays of 0 to {most_s} s: from {min(found)} to {max(found)} s, {len(set(found))} different"
        )
        print(f"  chi-squared {statistic:.1f} with {most_s} degrees of freedom, p = {chance:.3f}")
        print(f"  {equal} of them equal to the one before")

    ramps = [street.ramp(asked.homes) for street in STREETS]
    print(f"{asked.homes} homes of {HOME_KW:.2f} kW, hours open for all at 22:00:00")
    for ramp in ramps:
        print(f"  {ramp.name:26} at most {ramp.steepest_kw(1):7.0f} kW in 1 s, {ramp.steepest_kw(60):7.0f} kW in 60 s")
    if asked.plot:
        asked.plot.write_text(drawn(ramps, homes=asked.homes))
        print(f"drawn into {asked.plot}")


if __name__ == "__main__":
    main()
