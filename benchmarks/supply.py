"""Replay real households against the supply limit: ``python benchmarks/supply.py FOLDER_WITH_TRACES``.

For each trace, limit and number of charge points: for how long, and by how much, house and charge
points together exceed the limit, and how much energy is given up against an oracle that knows the
future and answers at once; with the random delay (reg 11) and without it. Vehicles want all they can
get, all day: the worst case. The folder holds ``house1p_*.csv`` (time_local, active_w, voltage_v,
current_a) and ``house3p_*.csv`` (t_unix, channel a/b/c, watts; a fourth channel is ignored).

A second above the limit is *unavoidable* where the house itself has just added what is too much, no
longer ago than a command and the vehicle's ramp take. Whatever else is above is *ours*.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path

from supply_replay import LIMITS_A, NOMINAL_V, Score, replay
from supply_traces import Trace, traces_in

HEADER = (
    "| limit A | charge points | above, unavoidable s | above, ours s | longest s | worst A | house alone above s "
    "| energy kWh | given up % | starts | commands |"
)


def rows(trace: Trace, options: argparse.Namespace) -> Iterator[str]:
    """Yield the table's lines; a cell holds the value without and with the random delay where they differ."""
    yield HEADER
    yield "|" + " ---: |" * HEADER.count(" |")
    for limit_a in LIMITS_A:
        for count in (1, 2, 3):
            changes = {
                name: value
                for name, value in (("hold_off_s", options.hold_off), ("margin_a", options.margin))
                if value is not None
            }
            scores = [
                replay(trace, limit_a, count, has_delay=has_delay, every_s=options.every, **changes)
                for has_delay in (False, True)
            ]
            yield f"| {limit_a:.0f} | {count} | " + " | ".join(_cells(*scores)) + " |"


def _cells(without: Score, with_delay: Score) -> Iterator[str]:
    both = (without, with_delay)
    yield _pair(*(f"{score.above_s - score.ours_s}" for score in both))
    yield _pair(*(f"{score.ours_s}" for score in both))
    yield _pair(*(f"{score.longest_s}" for score in both))
    yield _pair(*(f"{score.worst_a:.1f}" for score in both))
    yield _pair(*(f"{score.house_alone_s}" for score in both))
    yield _pair(*(f"{score.given_as * NOMINAL_V / 3_600_000:.0f}" for score in both))
    yield _pair(*(f"{score.given_up * 100:.1f}" for score in both))
    yield _pair(*(f"{score.starts}" for score in both))
    yield _pair(*(f"{score.commands}" for score in both))


def _pair(without: str, with_delay: str) -> str:
    return without if without == with_delay else f"{without} / {with_delay}"


def main() -> None:
    """Print a table per trace."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="folder with house1p_*.csv and house3p_*.csv")
    parser.add_argument("--hours", type=float, default=48, help="of each trace (default 48)")
    parser.add_argument("--every", type=int, default=1, help="seconds between two readings of the meter (default 1)")
    parser.add_argument("--hold-off", type=float, help="seconds that current must have been free")
    parser.add_argument("--margin", type=float, help="ampere kept free")
    options = parser.parse_args()
    if options.folder is None or not options.folder.is_dir():
        raise SystemExit("No traces. Name the folder that holds them: python benchmarks/supply.py FOLDER (see --help)")
    print("Without / with the random delay; one number where they are the same.")
    for trace in traces_in(options.folder, options.hours):
        print(f"\n{trace.name}: {len(trace.loads) / 3600:.1f} h, {trace.phases} phase(s)\n")
        for row in rows(trace, options):
            print(row, flush=True)


if __name__ == "__main__":
    main()
