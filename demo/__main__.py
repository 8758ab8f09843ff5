"""Run the demo until Ctrl-C; with ``--check``, see that its story happens, and end."""

import argparse
import asyncio
from contextlib import suppress
import os
from pathlib import Path
import signal
import sys
import webbrowser

from .client import ApiError
from .flows import FlowStuck
from .home import REPOSITORY, open_home
from .processes import ProgramEnded
from .story import StoryFailed, watch_story
from .world import World, open_world

FIRST_CAR_AFTER_S = 8
"""Long enough to open the page and see that no vehicle is plugged in."""

FAST_NOTE = """\
  The simulated cars and charge points live {speed:g} times as fast. Home Assistant's own clock cannot: default hours
  and random delays take as long as they say, and its link watchdogs stay as they are."""


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="script/demo", description=__doc__.partition("\n")[0])
    parser.add_argument("--fresh", action="store_true", help="forget the home of earlier runs and begin again")
    parser.add_argument("--check", action="store_true", help="see the story happen through the API, print times, end")
    parser.add_argument("--no-open", action="store_true", help="do not open a browser")
    parser.add_argument(
        "--fast",
        type=float,
        default=1.0,
        metavar="N",
        help="let the simulated cars and charge points live N times as fast",
    )
    parser.add_argument(
        "--port", type=int, default=18123, help="of Home Assistant, on loopback (%(default)s, or the next free)"
    )
    parser.add_argument(
        "--directory",
        type=Path,
        default=REPOSITORY / "demo-config",
        help="where the home is kept (demo-config in the repository)",
    )
    return parser.parse_args(arguments)


async def run(asked: argparse.Namespace) -> None:
    """Open the home, set up what is missing, and show it."""
    home, is_new = await asyncio.to_thread(open_home, asked.directory, http_port=asked.port, fresh=asked.fresh)
    print("A new home." if is_new else f"The home of the last run, in {home.directory.name}.", flush=True)
    async with open_world(home, speed=asked.fast) as world:
        if asked.check:
            await watch_story(world)
        else:
            await _show(world, asked)


async def _show(world: World, asked: argparse.Namespace) -> None:
    address = world.home.dashboard_url
    print(f"\n  Open  {address}\n")
    print("  It lets you in as the owner, from this machine only. In a moment a car arrives at each charge point.")
    print("  Try “Charge now”. Ctrl-C ends everything.")
    if asked.fast != 1:
        print(FAST_NOTE.format(speed=asked.fast))
    print(flush=True)
    has_screen = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if has_screen and not asked.no_open:
        await asyncio.to_thread(webbrowser.open, address)
    arriving = asyncio.create_task(_cars_arrive(world))
    try:
        await world.programs.watch()
    finally:
        arriving.cancel()


async def _cars_arrive(world: World) -> None:
    await world.enter_fuse()
    print("  The main fuse is entered: 80 A. Give the rest of the house more, and charging takes less.", flush=True)
    for point in world.points:
        await asyncio.sleep(FIRST_CAR_AFTER_S)
        await world.plug_in(point)


async def run_until_told() -> int:
    """Run until done, or until Ctrl-C or SIGTERM; return the exit code."""
    work = asyncio.ensure_future(run(parse(sys.argv[1:])))
    loop = asyncio.get_running_loop()
    for told in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(told, work.cancel)
    try:
        with suppress(asyncio.CancelledError):
            await work
    except (ApiError, FlowStuck, ProgramEnded, StoryFailed, OSError, TimeoutError) as err:
        print(f"script/demo: {err or type(err).__name__}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(run_until_told()))
