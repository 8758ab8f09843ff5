"""Take the pictures of the dashboard that the documents show, once there is something to see on it."""

import argparse
import asyncio
from dataclasses import replace
from pathlib import Path
import sys
import tempfile

from .browser import Page, PageError, Screen, chromium
from .dashboard import ChargePointOnDashboard
from .home import DASHBOARD, REPOSITORY, Home, open_home
from .world import World, open_world

GREETING_S = 12.0
"""After this long an OCPP charge point has been greeted and knows its setpoint: nobody plugs in within a second."""
CHARGE_FOR_S = 75
"""Long enough for the graphs to show the rise, and for the session to count its first energy."""

WIDE = Screen(width=1500, height=1035, scale=1.5)
SCREENS = {
    "dashboard.png": ("now", WIDE),
    "dashboard-dark.png": ("now", replace(WIDE, is_dark=True)),
    "dashboard-phone.png": ("now", Screen(width=400, height=1120, scale=2, is_phone=True)),
    "twelve-months.png": ("months", Screen(width=1280, height=660, scale=1.5)),
}
"""The view of each picture, and what it is shown on."""

SHOWN = {"now": ("Charge now", "Mode"), "months": ("Energy by month", "Last 12 months")}


def main() -> int:
    """Make a home in a temporary directory, let it live for a while, and take its pictures."""
    parser = argparse.ArgumentParser(prog="script/screenshot", description=__doc__)
    parser.add_argument("--into", type=Path, default=REPOSITORY / "docs", help="directory for the pictures (docs)")
    parser.add_argument("--charge-for", type=float, default=CHARGE_FOR_S, metavar="S", help="seconds (%(default)s)")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        home, _ = open_home(Path(directory) / "home", http_port=18123, fresh=True)
        try:
            asyncio.run(_live_and_show(home, asked.into, asked.charge_for))
        except PageError as err:
            print(f"script/screenshot: {err}", file=sys.stderr)
            return 1
    return 0


async def _live_and_show(home: Home, into: Path, charge_for_s: float) -> None:
    async with open_world(home) as world:
        waiting, charging = world.points
        await asyncio.sleep(GREETING_S)
        await world.plug_in(waiting)
        await _charge(world, charging, charge_for_s)
        async with chromium() as page:
            await page.on_every_page("localStorage.setItem('dockedSidebar', JSON.stringify('always_hidden'))")
            for name, (view, screen) in SCREENS.items():
                picture = await _picture(page, world, view, screen)
                (into / name).write_bytes(picture)
                print(f"{name}: {len(picture) // 1024} KiB", flush=True)


async def _charge(world: World, point: ChargePointOnDashboard, for_s: float) -> None:
    await world.plug_in(point)
    await asyncio.sleep(15)  # the graph begins before it
    await world.client.act("switch.turn_on", point.entities["switch", "charge_now"])
    print(f"charging for {for_s:g} s", flush=True)
    await asyncio.sleep(for_s / 2)
    await world.enter_fuse()
    await asyncio.sleep(for_s / 2)


async def _picture(page: Page, world: World, view: str, screen: Screen) -> bytes:
    await page.show_on(screen)
    await page.open(f"{world.home.url}/{DASHBOARD}/{view}")
    names = [point.name for point in world.points]
    await page.wait_for(*SHOWN[view], *(names[:1] if screen.is_phone else names))
    return await page.picture()


if __name__ == "__main__":
    sys.exit(main())
