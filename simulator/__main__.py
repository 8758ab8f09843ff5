"""Run simulated charge points: ``python -m simulator --help``."""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
import json
from pathlib import Path
import signal
import ssl
import sys
from typing import Any

from .charge_point import ChargePoint
from .charger import ModbusCharger, OcppCharger
from .clock import WorldClock
from .control import Control, say, status_of
from .faults import Charger, names, perform
from .ocpp_configuration import Configuration
from .ocpp_nameplate import Nameplate
from .register_maps import DEVICES
from .vehicle import Vehicle

_EXAMPLES = """\
examples:
  python -m simulator modbus alfen_eve --port 5020 --plug-in
  python -m simulator ocpp ws://127.0.0.1:9000 --id CP1 --password 0011… --free-vend --plug-in 20
  python -m simulator several plan.json --speed 60 --control-port 8099

several: a JSON list of objects with the options of the other two by name, such as
  [{"protocol": "modbus", "map": "alfen_eve", "name": "garage", "port": 5020, "plug_in": 0},
   {"protocol": "ocpp", "url": "ws://127.0.0.1:9000", "id": "CP1", "password": "…", "free_vend": true}]

orders, one a line on stdin, or POST /NAME/ACTION {"value": …} to the control port:
  [NAME] ACTION [JSON]     plug_in, unplug, power_cut, power_back, drop_link, restore_link, reboot, tag "04AA", …
  speed N · status · help
Every change is printed as one JSON line.
"""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Charge points and cars that behave, on loopback, for tests and for the demo.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    world, hardware = _world(), _hardware()
    kinds = parser.add_subparsers(dest="protocol", required=True)
    _add_modbus(kinds.add_parser("modbus", parents=[world, hardware], help="one Modbus TCP charge point"))
    _add_ocpp(kinds.add_parser("ocpp", parents=[world, hardware], help="one OCPP 1.6J charge point"))
    several = kinds.add_parser("several", parents=[world], help="what a JSON file lists")
    several.add_argument("plan", type=Path)
    kinds.add_parser("actions", help="list every action").set_defaults(speed=1.0)
    return parser


def _world() -> argparse.ArgumentParser:
    """Take what holds for all that is simulated."""
    world = argparse.ArgumentParser(add_help=False)
    world.add_argument("--speed", type=float, default=1.0, help="world seconds in one real second (default 1)")
    world.add_argument("--control-port", type=int, help="take orders as JSON over HTTP on this loopback port")
    world.add_argument("--no-stdin", action="store_true", help="take no orders from standard input")
    return world


def _hardware() -> argparse.ArgumentParser:
    hardware = argparse.ArgumentParser(add_help=False)
    hardware.add_argument("--name", help="what orders and status lines call it")
    hardware.add_argument("--phases", type=int, choices=(1, 3), default=1, help="of the charge point")
    hardware.add_argument("--rated-a", type=float, default=32.0, help="rated current per phase")
    hardware.add_argument("--register-wh", type=float, default=123_456.0, help="the energy register at the start")
    hardware.add_argument("--seed", type=int, default=1, help="of the meter's noise")
    hardware.add_argument(
        "--plug-in",
        nargs="?",
        type=float,
        const=0.0,
        metavar="S",
        help="plug a car in, now or after S world seconds",
    )
    hardware.add_argument("--car-phases", type=int, choices=(1, 3), default=1)
    hardware.add_argument("--car-max-a", type=float, default=32.0)
    hardware.add_argument("--battery-wh", type=float, default=60_000.0)
    hardware.add_argument("--soc", type=float, default=0.4, help="state of charge at the start, 0 to 1")
    hardware.add_argument("--do", action="append", default=[], metavar="ACTION", help="an action at the start")
    return hardware


def _add_modbus(modbus: argparse.ArgumentParser) -> None:
    modbus.add_argument("map", choices=sorted(DEVICES))
    modbus.add_argument("--host", default="127.0.0.1")
    modbus.add_argument("--port", type=int, default=0, help="0 for a free one, which is then printed")
    modbus.add_argument("--validity-s", type=float, help="alfen_eve: how long a setpoint lives (default 60)")
    modbus.add_argument("--comm-timeout-s", type=int, help="bender_cc612: silence until the safe current (default 60)")
    modbus.add_argument("--safe-current-a", type=float, help="what holds then (default 6)")


def _add_ocpp(ocpp: argparse.ArgumentParser) -> None:
    ocpp.add_argument("url", help="of the central system, without the charge point's id")
    ocpp.add_argument("--id", default="CP1", help="charge point identity, added to the URL")
    ocpp.add_argument("--password", help="for Basic authentication")
    ocpp.add_argument("--ca-file", type=Path, help="trusted root for wss")
    ocpp.add_argument("--free-vend", action="store_true", help="start without a tag")
    ocpp.add_argument("--serial", default=Nameplate().serial)
    ocpp.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a configuration key")


def _build(options: argparse.Namespace, clock: WorldClock) -> Charger:
    box = ChargePoint(
        clock, rated_a=options.rated_a, phases=options.phases, register_wh=options.register_wh, seed=options.seed
    )
    if options.protocol == "modbus":
        return ModbusCharger(
            options.map, charge_point=box, host=options.host, port=options.port, **_device_options(options)
        )
    settings = Configuration(password=options.password)
    for pair in options.set:
        key, _, value = pair.partition("=")
        settings.set(key, value)
    return OcppCharger(
        options.url,
        options.id,
        password=options.password,
        charge_point=box,
        configuration=settings,
        nameplate=replace(Nameplate(), serial=options.serial),
        ssl_context=None if options.ca_file is None else ssl.create_default_context(cafile=options.ca_file),
        free_vend=options.free_vend,
    )


def _device_options(options: argparse.Namespace) -> dict[str, Any]:
    own = {"alfen_eve": "validity_s", "bender_cc612": "comm_timeout_s"}.get(options.map)
    if own is None:
        return {}
    given = {own: getattr(options, own), "safe_current_a": options.safe_current_a}
    if options.map == "bender_cc612" and options.safe_current_a is not None:
        given["safe_current_a"] = int(options.safe_current_a)
    return {name: value for name, value in given.items() if value is not None}


def _plan(parser: argparse.ArgumentParser, path: Path) -> list[argparse.Namespace]:
    """Read the file of ``several`` by turning each of its objects into a command line."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
        return [parser.parse_args(_as_arguments(dict(entry))) for entry in entries]
    except (OSError, ValueError, KeyError, TypeError) as error:
        parser.error(f"{path}: {error}")


def _as_arguments(entry: dict[str, Any]) -> list[str]:
    protocol = entry.pop("protocol")
    arguments = [protocol, str(entry.pop("map" if protocol == "modbus" else "url"))]
    for name, value in entry.items():
        flag = "--" + name.replace("_", "-")
        values = value if isinstance(value, list) else [value]
        for one in values:
            if one is True:
                arguments.append(flag)
            elif one is not False and one is not None:
                arguments.append(f"{flag}={one}")
    return arguments


def _name(options: argparse.Namespace, taken: dict[str, Charger]) -> str:
    base = options.name or (options.map if options.protocol == "modbus" else options.id)
    name, number = base, 2
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return str(name)


async def _live(name: str, charger: Charger, options: argparse.Namespace) -> None:
    """Print each change, and plug in when it is time."""
    changed = asyncio.Event()
    changed.set()
    charger.charge_point.listen(changed.set)
    for action in options.do:
        await perform(charger, action)
    plugging = asyncio.create_task(_plug_in_later(charger, options))
    try:
        shown: dict[str, Any] = {}
        while True:
            now = status_of(name, charger)
            if {key: now[key] for key in now if key not in _ALWAYS_MOVING} != shown:
                shown = {key: now[key] for key in now if key not in _ALWAYS_MOVING}
                say(now)
            changed.clear()
            try:
                async with asyncio.timeout(0.5):
                    await changed.wait()
            except TimeoutError:
                continue
    finally:
        plugging.cancel()


_ALWAYS_MOVING = {"at", "register_wh", "soc", "power_w", "drawn_a", "clients", "waiting_messages", "refusal"}


async def _plug_in_later(charger: Charger, options: argparse.Namespace) -> None:
    if options.plug_in is None:
        return
    await charger.clock.sleep(options.plug_in)
    charger.plug_in(
        Vehicle(phases=options.car_phases, max_a=options.car_max_a, battery_wh=options.battery_wh, soc=options.soc)
    )


async def _run(options: argparse.Namespace, plan: list[argparse.Namespace]) -> None:
    clock = WorldClock(speed=options.speed)
    chargers: dict[str, Charger] = {}
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        lives = []
        for entry in plan:
            name = _name(entry, chargers)
            chargers[name] = await stack.enter_async_context(_build(entry, clock))
            lives.append(asyncio.create_task(_live(name, chargers[name], entry)))
        control = Control(chargers, clock)
        if options.control_port is not None:
            runner = await control.serve(options.control_port)
            stack.push_async_callback(runner.cleanup)
            say({"control_port": runner.addresses[0][1]})
        if not options.no_stdin:
            lives.append(asyncio.create_task(control.read_stdin()))
        waiting = asyncio.create_task(stop.wait())
        done, _ = await asyncio.wait([waiting, *lives[: len(plan)]], return_when=asyncio.FIRST_COMPLETED)
        for task in (waiting, *lives):
            task.cancel()
        for task in done:
            await task


def main() -> None:
    """Run until interrupted."""
    parser = _parser()
    options = parser.parse_args()
    if options.protocol == "actions":
        say({"actions": names()})
        return
    plan = _plan(parser, options.plan) if options.protocol == "several" else [options]
    try:
        asyncio.run(_run(options, plan))
    except (OSError, ValueError) as error:
        sys.exit(f"simulator: {error}")


if __name__ == "__main__":
    main()
