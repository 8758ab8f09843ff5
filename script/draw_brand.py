"""The mark: a day as a ring, its open hours bright, and a bolt waiting inside for them."""

from math import cos, radians, sin
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

BRAND = Path(__file__).resolve().parent.parent / "custom_components" / "smart_charge" / "brand"
OVERSAMPLING = 8
ICON_PX = 256

GREEN = (18, 164, 110)
AMBER = (255, 186, 51)
QUIET = {"": (207, 219, 226), "dark_": (70, 86, 98)}
INK = {"": (24, 45, 61), "dark_": (236, 243, 247)}

# Peak hours of a weekday on a 24-hour dial, midnight at the top: the pauses in the ring.
PEAKS = ((8, 11), (16, 22))
# The bolt, on a square from 0 to 1.
BOLT = ((0.560, 0.235), (0.335, 0.545), (0.480, 0.545), (0.435, 0.765), (0.665, 0.445), (0.515, 0.445))


def angle(hour: float) -> float:
    """Return the angle at which an hour stands, in Pillow's degrees (0 is three o'clock, clockwise)."""
    return hour * 15 - 90


def draw_mark(side: int, theme: str) -> Image.Image:
    """Draw the mark alone on a transparent square."""
    big = side * OVERSAMPLING
    image = Image.new("RGBA", (big, big), (0, 0, 0, 0))
    draw = ImageDraw.Draw(image)
    edge, width = big * 0.055, round(big * 0.098)
    box = (edge, edge, big - edge, big - edge)
    gap = 7.6  # degrees between arcs, whose ends are round
    open_from = 0.0
    for start, end in (*PEAKS, (24, 24)):
        _round_arc(
            draw,
            box,
            angle(open_from) + (gap if open_from else 0),
            angle(start) - (gap if start < 24 else 0),
            colour=GREEN,
            width=width,
        )
        if start < end:
            _round_arc(draw, box, angle(start) + gap, angle(end) - gap, colour=QUIET[theme], width=width)
        open_from = end
    draw.polygon([(x * big, y * big) for x, y in BOLT], fill=AMBER)
    points = [(x * big, y * big) for x, y in (*BOLT, BOLT[0])]
    draw.line(points, fill=AMBER, width=round(big * 0.022), joint="curve")
    for x, y in points[:-1]:
        radius = big * 0.011
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=AMBER)
    return image.resize((side, side), Image.Resampling.LANCZOS)


def _round_arc(
    draw: ImageDraw.ImageDraw,
    box: tuple[float, float, float, float],
    start: float,
    end: float,
    *,
    colour: tuple[int, int, int],
    width: int,
) -> None:
    """Draw an arc with round ends."""
    draw.arc(box, start, end, fill=colour, width=width)
    centre, radius = (box[0] + box[2]) / 2, (box[2] - box[0]) / 2 - width / 2
    for degrees in (start, end):
        x, y = centre + radius * cos(radians(degrees)), centre + radius * sin(radians(degrees))
        draw.ellipse((x - width / 2, y - width / 2, x + width / 2, y + width / 2), fill=colour)


def draw_logo(height: int, theme: str) -> Image.Image:
    """Draw the mark with the name beside it."""
    mark = draw_mark(height, theme)
    font = ImageFont.load_default(size=height * 0.40)
    left, top, right, bottom = font.getbbox("Smart Charge")
    gap = round(height * 0.16)
    image = Image.new("RGBA", (height + gap + round(right - left) + gap // 2, height), (0, 0, 0, 0))
    image.alpha_composite(mark)
    position = (height + gap - left, (height - (bottom - top)) / 2 - top)
    ImageDraw.Draw(image).text(position, "Smart Charge", font=font, fill=INK[theme])
    return image


def main() -> None:
    """Write every picture that Home Assistant asks for."""
    BRAND.mkdir(exist_ok=True)
    for theme in ("", "dark_"):
        for suffix, scale in (("", 1), ("@2x", 2)):
            draw_mark(ICON_PX * scale, theme).save(BRAND / f"{theme}icon{suffix}.png", optimize=True)
            draw_logo(ICON_PX // 2 * scale, theme).save(BRAND / f"{theme}logo{suffix}.png", optimize=True)


if __name__ == "__main__":
    main()
