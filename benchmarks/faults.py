"""Write ``docs/faults.md``: what a vehicle gets in the hour after an accident. ``python -m benchmarks.faults``.

Where Home Assistant is stopped or killed, it is a real process with nine simulated charge points on loopback, three
of each kind, each busy with something else. The simulators' clock is Home Assistant's until it is gone, and 240 times
as fast for the hour after. Where Home Assistant lives on, both share a clock that leaps:
``tests/journeys/test_faults.py``.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
import json
import os
from pathlib import Path
import signal
import sys
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from homeassistant.config_entries import SOURCE_USER, ConfigEntry

from demo.client import Client
from demo.home import Home, open_home
from simulator import ModbusCharger, OcppCharger, Vehicle, WorldClock
from simulator.ocpp_client import Nameplate

PAGE = ROOT / "docs" / "faults.md"
KINDS = {"alfen_eve": "Modbus, Alfen Eve", "bender_cc612": "Modbus, Bender CC612", "ocpp": "OCPP 1.6"}
STATES = ("charging", "held at 0", "delay running")
STOPPED, KILLED = "Home Assistant stopped", "killed with SIGKILL"
SIGNALS = {STOPPED: signal.SIGTERM, KILLED: signal.SIGKILL}
ACCIDENTS = (STOPPED, KILLED, "network cut", "charger rebooted", "power cut")
SPEED = 240.0
OPEN_IN = timedelta(minutes=30)
DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
CONFIGURATION = "homeassistant:\n  time_zone: {zone}\napi:\nwebsocket_api:\nconfig:\nlogger:\n  default: warning\n"
LEAST_W = 6 * 230
ALLOWANCE_S = 720
"""The longest random delay, and two minutes to be found again."""

type Rows = dict[tuple[str, str, str], int]


@dataclass(kw_only=True)
class Cell:
    """One charge point and what it shall be busy with."""

    kind: str
    state: str
    entry: ConfigEntry
    charger: ModbusCharger | OcppCharger

    @property
    def is_prepared(self) -> bool:
        """Whether an OCPP charge point holds our lease and the hours behind it."""
        if isinstance(self.charger, ModbusCharger):
            return True
        held = {str(profile.purpose) for profile in self.charger.client.profiles.profiles}
        return {"TxProfile", "TxDefaultProfile"} <= held


def options(state: str, now: datetime) -> dict[str, Any]:
    """Choose hours that are open for long, or that open in half an hour."""
    opens_at = now + OPEN_IN if state == "held at 0" else now - timedelta(hours=1)
    window = {"days": DAYS, "start": f"{opens_at:%H:%M}:00", "end": f"{opens_at + timedelta(hours=7):%H:%M}:00"}
    longest = {"random_delay_max": 1800} if state == "delay running" else {}
    return {"mode": "default_hours", "default_hours": [window], "default_hours_enabled": True, **longest}


def entry(kind: str, state: str, data: dict[str, Any], now: datetime) -> ConfigEntry:
    """Describe a charge point as the flow would."""
    return ConfigEntry(
        domain="smart_charge",
        title=f"{kind} {state}",
        data=data,
        options=options(state, now),
        version=1,
        minor_version=1,
        source=SOURCE_USER,
        unique_id=f"modbus:{kind}@{state}" if kind != "ocpp" else state,
        discovery_keys=MappingProxyType({}),
        subentries_data=None,
    )


def modbus_cell(kind: str, state: str, clock: WorldClock, now: datetime) -> Cell:
    """Describe one that is dialled; its port is known once it runs."""
    data = {"protocol": "modbus", "host": "127.0.0.1", "port": 0, "unit_id": 1, "map": kind}
    return Cell(kind=kind, state=state, entry=entry(kind, state, data, now), charger=ModbusCharger(kind, clock=clock))


def ocpp_cell(state: str, clock: WorldClock, port: int, now: datetime) -> Cell:
    """Describe one that calls, without a password: nobody else is on loopback."""
    name = "CP-" + state.replace(" ", "-")
    data = {
        "protocol": "ocpp",
        "charge_point_id": name,
        "password_hashes": [],
        "listen_port": port,
        "connector_id": 1,
    }
    nameplate = replace(Nameplate(), serial=name)
    charger = OcppCharger(f"ws://127.0.0.1:{port}/", name, clock=clock, nameplate=nameplate)
    return Cell(kind="ocpp", state=state, entry=entry("ocpp", state, data, now), charger=charger)


async def build(clock: WorldClock, home: Home, stack: AsyncExitStack, now: datetime) -> list[Cell]:
    """Switch nine charge points on, and write the entries of a home that has set them up."""
    cells = []
    for kind in KINDS:
        for state in STATES:
            if kind == "ocpp":
                cell = ocpp_cell(state, clock, home.ocpp_port, now)
            else:
                cell = modbus_cell(kind, state, clock, now)
            await stack.enter_async_context(cell.charger)
            if isinstance(cell.charger, ModbusCharger):
                data = {**cell.entry.data, "port": cell.charger.port}
                object.__setattr__(cell.entry, "data", MappingProxyType(data))
            cells.append(cell)
    document = {
        "version": 1,
        "minor_version": 5,
        "key": "core.config_entries",
        "data": {"entries": [cell.entry.as_dict() for cell in cells]},
    }
    text = json.dumps(document, default=str)
    (home.directory / ".storage" / "core.config_entries").write_text(text, encoding="utf-8")
    return cells


@asynccontextmanager
async def home_assistant(home: Home, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run it until the block is left."""
    arguments = ("-m", "demo.home_assistant", "-c", str(home.directory), "--skip-pip")
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, cwd=ROOT, stdout=output, stderr=output
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def bring_about(cells: Iterable[Cell], client: Client) -> None:
    """Plug the vehicles in, and wait until each charge point does what it shall be found at."""
    cells = list(cells)
    for cell in cells:
        cell.charger.plug_in(Vehicle(phases=1, max_a=32, battery_wh=200_000, soc=0.1))
    waiting = {cell.entry.entry_id: cell for cell in cells}
    ids: dict[str, dict[tuple[str, str], str]] = {}
    async with asyncio.timeout(240):
        while waiting:
            await asyncio.sleep(1)
            print(f"\r{len(waiting)} to come: {', '.join(f'{cell.kind} {cell.state}' for cell in waiting.values())}")
            if not waiting.keys() <= ids.keys():
                ids = await client.entities()
                continue
            for entry_id, cell in list(waiting.items()):
                if await _is_so(cell, ids[entry_id], client):
                    del waiting[entry_id]


async def _is_so(cell: Cell, ids: dict[tuple[str, str], str], client: Client) -> bool:
    why = (await client.state(ids["sensor", "why"]))["state"]
    box = cell.charger.charge_point
    if not cell.is_prepared:
        return False
    match cell.state:
        case "charging":
            if why == "delayed_start":
                await client.act("button.press", ids["button", "skip_delay"])
            return box.power_w > 7000
        case "held at 0":
            return why == "waiting_for_default_hours" and box.offered_a == 0
    return why == "delayed_start" and box.offered_a == 0


async def run(accident: str) -> tuple[Rows, float]:
    """Let it happen to a home; return what each vehicle got, and for how long the hours were open for those held."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home, _ = await asyncio.to_thread(open_home, Path(folder) / "home", http_port=18300, fresh=True)
        (home.directory / "configuration.yaml").write_text(CONFIGURATION.format(zone="UTC"), encoding="utf-8")
        clock = WorldClock()
        begun_at = clock.now()
        async with AsyncExitStack() as stack:
            cells = await build(clock, home, stack, begun_at)
            process = await stack.enter_async_context(home_assistant(home, Path(folder) / "log"))
            client = await stack.enter_async_context(Client.connect(home.url, home.token))
            try:
                await client.wait_until_running(180)
                await bring_about(cells, client)
            except Exception:
                print((Path(folder) / "log").read_text(errors="replace")[:3000], file=sys.stderr)
                raise
            process.send_signal(SIGNALS[accident])
            struck_at = clock.now()
            await process.wait()
            return await hour_after(cells, clock, accident, struck_at), 1800 - (struck_at - begun_at).total_seconds()


async def hour_after(cells: list[Cell], clock: WorldClock, accident: str, struck_at: datetime) -> Rows:
    """Let the hour pass quickly."""
    ends_at = struck_at + timedelta(hours=1)
    clock.set_speed(SPEED)
    await clock.sleep_until(ends_at)
    clock.set_speed(1)
    rows: Rows = {}
    for cell in cells:
        cell.charger.charge_point.catch_up()
        rows[accident, cell.kind, cell.state] = round(cell.charger.truth.energy_between(struck_at, ends_at))
    return rows


async def cells_of_the_tests() -> Rows:
    """Run the journeys in which Home Assistant lives on, and collect what they saw."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "rows"
        environment = os.environ | {"SMART_CHARGE_FAULT_ROWS": str(path)}
        arguments = ("-m", "pytest", "-q", "tests/journeys/test_faults.py")
        process = await asyncio.create_subprocess_exec(sys.executable, *arguments, cwd=ROOT, env=environment)
        if await process.wait() != 0:
            raise SystemExit("a journey failed")
        found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {(row["accident"], row["kind"], row["state"]): row["got_wh"] for row in found}


def page(rows: Rows) -> str:
    """Write the page."""
    head = f"| | | {' | '.join(STATES)} |\n|---|---|{'---:|' * len(STATES)}"
    lines = [
        f"| {accident} | {name} | " + " | ".join(f"{rows[accident, kind, state] / 1000:.1f}" for state in STATES) + " |"
        for accident in ACCIDENTS
        for kind, name in KINDS.items()
    ]
    return TEXT.format(table="\n".join([head, *lines]))


TEXT = """\
# The hour after an accident

What a vehicle got, in kWh, in the hour after something went wrong, as the simulated charge point's own truth has it.
It could take 7.4 kW. Made by `python -m benchmarks.faults`; nothing on this page is written by hand.

- *charging*: the default hours are open and stay open; 7.4 kWh is all there is.
- *held at 0*: the hours are closed and open half an hour later, so 3.7 kWh is all that the owner asked for.
- *delay running*: the hours are open, the random delay has begun.

{table}

- **Stopped, killed, cut off**: a Modbus charge point goes to its failsafe current, here 6 A, a minute after the last
  word from us, whatever the hours are: better a little outside them than a vehicle left at 0. An OCPP charge point
  keeps our last word for a quarter of an hour and then keeps the hours itself. Nobody is left uncharged.
- **Rebooted, power cut**: what we asked for is asked for again, behind a new random delay where the power was seen
  to be gone (11.9). The power cut lasts ten minutes.
- Stopped and killed are a real process and a real signal; the simulators' clock runs 240 times as fast once it is
  gone. In the others Home Assistant lives on, with the clock of the charge points.
- Not in the table: an OCPP charge point that has to be shown a tag, and has no setting for charging without one, does
  not begin with a vehicle that is plugged in while we are away. It does once a tag is shown, or we are back.
"""


def judge(rows: Rows, open_s: float) -> None:
    """Say of any cell that it left a vehicle uncharged which the owner's settings allow."""
    for (accident, kind, state), got_wh in rows.items():
        allowed_s = open_s if state == "held at 0" else 3600
        if got_wh < LEAST_W * (allowed_s - ALLOWANCE_S - (900 if kind == "ocpp" else 60)) / 3600:
            raise SystemExit(f"{accident}, {kind}, {state}: only {got_wh} Wh")


async def main() -> None:
    """Make all cells, then the page."""
    rows: Rows = {}
    for accident in (STOPPED, KILLED):
        found, open_s = await run(accident)
        for (_, kind, state), got_wh in found.items():
            print(f"{accident}, {kind}, {state}: {got_wh} Wh", flush=True)
        judge(found, open_s)
        rows |= found
    rows |= await cells_of_the_tests()
    PAGE.write_text(page(rows), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
