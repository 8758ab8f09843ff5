"""Is a meter that lies found out, and no other? ``python benchmarks/supply_meter.py FOLDER_WITH_TRACES``.

The traces of `supply.py`, replayed with a meter that tells the truth and with ones that do not. Each vehicle is away
for ten minutes of each hour. On three phases, vehicles of one phase also show clamps that are swapped, and a charge
point that is wired otherwise than the settings say. Printed is which phases are doubted, what of, and how many hours
that took.
"""

import argparse
from pathlib import Path

from supply_replay import Lie, Score, Words, replay, truth
from supply_traces import Load, Trace, traces_in


def stuck(words: Words, _load: Load) -> Words:
    """Tell one value for ever."""
    a, b, c = (None if word is None else 5.0 for word in words)
    return a, b, c


def behind(words: Words, load: Load) -> Words:
    """Tell the house alone."""
    a, b, c = (None if word is None else own for word, own in zip(words, load, strict=True))
    return a, b, c


def reversed_sign(words: Words, _load: Load) -> Words:
    """Tell import as export."""
    a, b, c = (None if word is None else -word for word in words)
    return a, b, c


def kw_as_w(words: Words, _load: Load) -> Words:
    """Tell kilowatts as if they were watts."""
    a, b, c = (None if word is None else word / 1000 for word in words)
    return a, b, c


def swapped(words: Words, _load: Load) -> Words:
    """Tell L1 and L2 for each other, as with their clamps swapped."""
    a, b, c = words
    return b, a, c


LIES: dict[str, Lie] = {
    "the truth": truth,
    "one value": stuck,
    "the house alone": behind,
    "the sign reversed": reversed_sign,
    "kW as W": kw_as_w,
}


ON_ONE_PHASE: dict[str, tuple[Lie, tuple[int, ...]]] = {
    "the truth": (truth, (0, 1, 2)),
    "L1 and L2 swapped": (swapped, (0, 1, 2)),
    "the truth, L1 of the charge points on L2": (truth, (1, 2, 0)),
}


def line(trace: Trace, name: str, count: int, score: Score) -> str:
    """Return one row of the table."""
    found = ", ".join(f"L{p + 1} {doubt} after {s / 3600:.1f} h" for p, (doubt, s) in sorted(score.doubts.items()))
    return f"| {trace.name} | {name} | {count} | {score.commands} | {found or '-'} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder with house1p_*.csv and house3p_*.csv")
    parser.add_argument("--hours", type=float, default=48, help="of each trace (default 48)")
    parser.add_argument("--limit", type=float, default=40, help="of the supply, ampere (default 40)")
    options = parser.parse_args()
    print("| trace | the meter tells | charge points | commands | found out |")
    print("| --- | --- | ---: | ---: | --- |")
    for trace in traces_in(options.folder, options.hours):
        for name, lie in LIES.items():
            for count in (1, 2):
                score = replay(trace, options.limit, count, has_delay=True, lie=lie, away_s=600)
                print(line(trace, name, count, score), flush=True)
        for name, (lie, wired) in ON_ONE_PHASE.items() if trace.phases > 1 else ():
            for count in (1, 2):
                score = replay(trace, options.limit, count, has_delay=True, lie=lie, away_s=600, uses=1, wired=wired)
                print(line(trace, f"{name} (vehicles of one phase)", count, score), flush=True)


if __name__ == "__main__":
    main()
