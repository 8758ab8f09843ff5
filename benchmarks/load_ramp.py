"""The load that many homes switch on together, as a picture."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 860, 440
LEFT, RIGHT, TOP, BOTTOM = 76, 28, 84, 62
MINUTES = (-2, 32)
COLOURS = ("#d1495b", "#12876f", "#2f6fb5")

STYLE = """\
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #3b4650 }
    .title { font-size: 17px; font-weight: 600; fill: #1c242b }
    .paper { fill: #ffffff } .grid { stroke: #e3e8ec } .axis { stroke: #8a97a1 }
    @media (prefers-color-scheme: dark) {
      text { fill: #b9c4cd } .title { fill: #eef2f5 }
      .paper { fill: #161b20 } .grid { stroke: #2a323a } .axis { stroke: #66727c }
    }"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ramp:
    """Load in kW, second by second, from the moment that the hours open."""

    name: str
    load_kw: Sequence[float]

    def steepest_kw(self, within_s: int) -> float:
        """Return the most that is switched on within so many seconds."""
        before = [0.0] * within_s + list(self.load_kw)
        return max(after - load for load, after in zip(before, self.load_kw, strict=False))


def drawn(ramps: Sequence[Ramp], *, homes: int) -> str:
    """Return the ramps as SVG."""
    top_mw = max(max(ramp.load_kw) for ramp in ramps) / 1000
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"  <title>Load of {homes} homes whose charging hours open at 22:00</title>",
            f"  <style>\n{STYLE}\n  </style>",
            f'  <rect class="paper" width="{WIDTH}" height="{HEIGHT}" rx="10"/>',
            f'  <text class="title" x="{LEFT}" y="34">{homes} homes, one tariff edge: the load they switch on</text>',
            *_grid(top_mw),
            *(line for ramp, colour in zip(ramps, COLOURS, strict=True) for line in _curve(ramp, colour, top_mw)),
            *_legend(ramps),
            "</svg>",
            "",
        ]
    )


def _x(minute: float) -> float:
    first, last = MINUTES
    return LEFT + (minute - first) / (last - first) * (WIDTH - LEFT - RIGHT)


def _y(load_mw: float, top_mw: float) -> float:
    return HEIGHT - BOTTOM - load_mw / (top_mw * 1.06) * (HEIGHT - TOP - BOTTOM)


def _grid(top_mw: float) -> Iterable[str]:
    floor = HEIGHT - BOTTOM
    for load_mw in range(int(top_mw * 1.06) + 1):
        y = _y(load_mw, top_mw)
        yield f'  <line class="grid" x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}"/>'
        yield f'  <text x="{LEFT - 10}" y="{y + 4:.1f}" text-anchor="end">{load_mw}</text>'
    for minute in range(0, MINUTES[1], 5):
        x = _x(minute)
        yield f'  <line class="axis" x1="{x:.1f}" y1="{floor}" x2="{x:.1f}" y2="{floor + 5}"/>'
        yield f'  <text x="{x:.1f}" y="{floor + 21}" text-anchor="middle">22:{minute:02}</text>'
    yield f'  <line class="axis" x1="{LEFT}" y1="{floor}" x2="{WIDTH - RIGHT}" y2="{floor}"/>'
    middle = (TOP + floor) / 2
    yield f'  <text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 14}" text-anchor="middle">local time</text>'
    yield f'  <text transform="translate(26 {middle:.0f}) rotate(-90)" text-anchor="middle">load, MW</text>'


def _curve(ramp: Ramp, colour: str, top_mw: float) -> Iterable[str]:
    points = [(MINUTES[0], 0.0), (0, 0.0)]
    points += [(second / 60, load / 1000) for second, load in enumerate(ramp.load_kw) if second % 5 == 0]
    points.append((MINUTES[1], ramp.load_kw[-1] / 1000))
    path = " ".join(f"{_x(minute):.1f},{_y(load, top_mw):.1f}" for minute, load in points)
    yield (
        f'  <polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5" '
        f'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def _legend(ramps: Sequence[Ramp]) -> Iterable[str]:
    x = float(LEFT)
    for ramp, colour in zip(ramps, COLOURS, strict=True):
        yield f'  <line x1="{x:.0f}" y1="57" x2="{x + 22:.0f}" y2="57" stroke="{colour}" stroke-width="3"/>'
        yield f'  <text x="{x + 30:.0f}" y="61">{ramp.name}</text>'
        x += 56 + 7 * len(ramp.name)
