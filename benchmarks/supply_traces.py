"""What real households drew, second by second: the traces that `supply.py` replays."""

from collections.abc import Iterator
import csv
from dataclasses import dataclass
from pathlib import Path

NOMINAL_V = 230.0

type Load = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Trace:
    """What one house drew, second by second, per phase in ampere; export is negative."""

    name: str
    phases: int
    loads: list[Load]


def traces_in(folder: Path, hours: float) -> Iterator[Trace]:
    """Yield every trace of the folder, its first ``hours``."""
    for path in sorted(folder.glob("house1p_*.csv")):
        yield Trace(path.stem, 1, _one_phase(path, round(hours * 3600)))
    for path in sorted(folder.glob("house3p_*.csv")):
        yield Trace(path.stem, 3, _three_phases(path, round(hours * 3600)))


def _one_phase(path: Path, seconds: int) -> list[Load]:
    """Read a value a minute: time_local, active_w, voltage_v, current_a."""
    loads: list[Load] = []
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["current_a"]:
                loads += [(float(row["current_a"]), 0.0, 0.0)] * 60
            if len(loads) >= seconds:
                break
    return loads[:seconds]


def _three_phases(path: Path, seconds: int) -> list[Load]:
    """Read a value at each change: t_unix, channel a/b/c, watts; a fourth channel is ignored."""
    with path.open(encoding="utf-8") as file:
        events = sorted(
            (float(row["t_unix"]), "abc".index(row["channel"]), float(row["watts"]) / NOMINAL_V)
            for row in csv.DictReader(file)
            if row["channel"] in ("a", "b", "c")
        )
    loads: list[Load] = []
    now = [0.0, 0.0, 0.0]
    begins_at = events[0][0]
    for at, phase, amperes in events:
        second = min(int(at - begins_at), seconds)
        loads += [(now[0], now[1], now[2])] * (second - len(loads))
        now[phase] = amperes
        if second >= seconds:
            break
    return loads
