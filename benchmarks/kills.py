"""Kill a real Home Assistant at random moments while vehicles come and go.

``python benchmarks/kills.py [50] [kind] [folder]``

A week in small: stays of half a minute, pauses of a few seconds, in real time, at a simulated charge point on
loopback that goes on as a real one would. ``kind`` is ``alfen_eve``, ``bender_cc612`` or ``ocpp``; an OCPP charge
point begins without us too, and queues what it has to tell. Each kill is SIGKILL, at a random moment from the first
second of the start on. At the end the records are compared with the charge point's own register at each plug-in and
unplugging. ``folder`` keeps the configuration, to look into.
"""

import asyncio
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import json
from pathlib import Path
import random
import shutil
import socket
import sys
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from custom_components.smart_charge.charging.unclaimed import Unclaimed
from custom_components.smart_charge.records.carry import recover
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.pseudonyms import Pseudonyms
from custom_components.smart_charge.records.sales import Register
from custom_components.smart_charge.records.security_log import SecurityLog
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import SessionRecord
from simulator import ModbusCharger, OcppCharger, Vehicle

KINDS = ("alfen_eve", "bender_cc612", "ocpp")
LEAST_WH = 10
"""A stay that took less, while Home Assistant was down, may be missed."""

PASSWORD = "k1llM3agA1nAndAgain7"  # noqa: S105  of this charge point alone, on loopback
SEES_WITHIN_S = 150
"""A charge point that calls us dials again with pauses that grow to a minute, then delivers what waits."""


@dataclass
class Stay:
    """What really happened: the register when the vehicle came, and when it left."""

    came_at: datetime
    came_wh: int
    left_at: datetime | None = None
    left_wh: int = 0
    records: list[SessionRecord] = field(default_factory=list)

    @property
    def energy_wh(self) -> int:
        """What it took."""
        return self.left_wh - self.came_wh

    def overlap_s(self, record: SessionRecord) -> float:
        """Return for how long a record was of this stay."""
        left_at, until = self.left_at or datetime.now(UTC), record.unplugged_at or record.seen_at
        return (min(left_at, until) - max(self.came_at, record.plugged_in_at)).total_seconds()


@dataclass
class Home:
    """Home Assistant in a process of its own, begun anew after each kill."""

    folder: str
    kind: str
    port: int
    process: Process | None = None

    async def begin(self) -> None:
        """Start it."""
        arguments = (str(ROOT / "benchmarks" / "kills_home.py"), self.folder, self.kind, str(self.port))
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(f"{PASSWORD}\n".encode())

    async def runs(self) -> None:
        """Wait until it has started."""
        assert self.process is not None
        assert self.process.stdout is not None
        while (line := await self.process.stdout.readline()) != b"running\n":
            if not line:
                raise SystemExit("Home Assistant did not start")

    async def is_killed(self) -> None:
        """Give it no time for anything."""
        assert self.process is not None
        self.process.kill()
        await self.process.wait()


@asynccontextmanager
async def charge_point(kind: str) -> AsyncIterator[tuple[ModbusCharger | OcppCharger, int]]:
    """Yield the charge point, and the port at which it and Home Assistant meet."""
    if kind != "ocpp":
        async with ModbusCharger(kind) as modbus:
            yield modbus, modbus.port
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with OcppCharger(f"ws://127.0.0.1:{port}/", "CP1", password=PASSWORD, free_vend=True) as ocpp:
        yield ocpp, port


async def live(charger: ModbusCharger | OcppCharger, stays: list[Stay], dice: random.Random) -> None:
    """Let vehicles come and go."""
    meter = charger.charge_point.meter
    try:
        while True:
            await asyncio.sleep(dice.uniform(8, 16))
            charger.charge_point.catch_up()
            stays.append(Stay(datetime.now(UTC), meter.shown_wh))
            charger.plug_in(Vehicle(phases=1, max_a=32.0, soc=0.2))
            await asyncio.sleep(dice.uniform(20, 60))
            leave(charger, stays[-1])
    finally:
        if stays and stays[-1].left_at is None:
            leave(charger, stays[-1])


def leave(charger: ModbusCharger | OcppCharger, stay: Stay) -> None:
    """Take the cable out, and read the register then."""
    charger.unplug()
    charger.charge_point.catch_up()
    stay.left_at, stay.left_wh = datetime.now(UTC), charger.charge_point.meter.shown_wh


def waiting_wh(folder: str) -> int:
    """Read what no stay counts: it would become a stay of its own after ten minutes."""
    kept = [json.loads(path.read_text())["data"] for path in (Path(folder) / ".storage").glob("smart_charge.*")]
    held = [recover(Unclaimed, data["unclaimed"])[0] for data in kept if "unclaimed" in data]
    return sum(unclaimed.energy_wh for unclaimed in held if unclaimed is not None)


def recorded(folder: str) -> tuple[list[SessionRecord], int]:
    """Read what was written down: sessions, and what the half-hours add up to."""
    kept = json.loads((Path(folder) / ".storage" / "smart_charge.ledger").read_text())["data"]
    store = Store.at_path(Path(folder) / "smart_charge.db")
    security = SecurityLog(store, kept["site"], Pseudonyms(bytes.fromhex(kept["key"])))
    journal = Journal(store, kept["site"], security, Register(store, kept["site"]))
    now = datetime.now(UTC)
    found = journal.sessions(now - timedelta(days=1), now + timedelta(days=1))
    halves_wh = journal.usage(now - timedelta(days=1), now + timedelta(days=1)).import_wh
    assert security.verify().is_whole
    store.close()
    return found, halves_wh


async def main(kills: int, kind: str, keep_in: str | None = None) -> None:
    """Kill it as often, then compare."""
    dice = random.Random(20261121)
    stays: list[Stay] = []
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "custom_components").symlink_to(ROOT / "custom_components")
        async with charge_point(kind) as (charger, port):
            start_wh = charger.charge_point.meter.shown_wh
            home = Home(folder, kind, port)
            await home.begin()
            await home.runs()
            await asyncio.sleep(3)  # the entry itself is on disk
            world = asyncio.create_task(live(charger, stays, dice))
            for number in range(1, kills + 1):
                await asyncio.sleep(dice.uniform(0, 9))
                await home.is_killed()
                is_plugged = charger.charge_point.vehicle is not None
                print(f"  kill {number}: {'charging' if is_plugged else 'idle'}, stay {len(stays)}", flush=True)
                await asyncio.sleep(dice.uniform(0, 3))
                await home.begin()
                if dice.random() < 0.7:  # the others die while they start
                    await home.runs()
            world.cancel()
            await asyncio.gather(world, return_exceptions=True)
            await home.is_killed()
            await home.begin()
            await home.runs()
            await is_told(charger)
            await home.is_killed()
            took_wh = charger.charge_point.meter.shown_wh - start_wh
        if keep_in is not None:
            shutil.copytree(folder, keep_in, symlinks=True)
        report(kills, stays, *recorded(folder), took_wh)
        print(f"  waiting for a stay that counts it: {waiting_wh(folder)} Wh")


async def is_told(charger: ModbusCharger | OcppCharger) -> None:
    """Wait until all that the charge point has to tell is told, and written down."""
    if isinstance(charger, OcppCharger):
        client = charger.client
        try:
            async with asyncio.timeout(SEES_WITHIN_S):
                while not client.is_online or client.sessions.outbox:  # noqa: ASYNC110  nothing tells
                    await asyncio.sleep(0.5)
        except TimeoutError:
            print(f"  NOT TOLD: online {client.is_online}, waiting {list(client.sessions.outbox)[:3]}")
    await asyncio.sleep(8)


def report(kills: int, stays: list[Stay], sessions: list[SessionRecord], halves_wh: int, took_wh: int) -> None:
    """Print what was lost, split or doubled."""
    written = [session for session in sessions if session.import_wh]
    for record in written:
        near = [stay for stay in stays if stay.overlap_s(record) > 0] or stays
        min(near, key=lambda stay: abs(stay.energy_wh - record.import_wh)).records.append(record)
    real = [stay for stay in stays if stay.energy_wh >= LEAST_WH]
    lost_wh = took_wh - sum(record.import_wh for record in written)
    print(f"{kills} kills, {len(stays)} stays, of which {len(real)} took {LEAST_WH} Wh or more")
    print(f"  by the register {took_wh} Wh, by the records {took_wh - lost_wh} Wh, by their half-hours {halves_wh} Wh")
    print(f"  lost per kill: {lost_wh / kills:.2f} Wh")
    print(f"  records with energy {len(written)}; open {sum(record.is_open for record in sessions)}")
    for name, found in {
        "without a record": [stay for stay in real if not stay.records],
        "split or doubled": [stay for stay in stays if len(stay.records) > 1],
        "whose energy differs by more than 1 Wh": [stay for stay in real if _differs(stay)],
    }.items():
        print(f"  stays {name}: {len(found)}")
        for stay in found:
            print(f"    {stay.came_at:%H:%M:%S} to {stay.left_at:%H:%M:%S}, {stay.energy_wh} Wh: {_told(stay.records)}")


def _differs(stay: Stay) -> bool:
    return bool(stay.records) and abs(stay.energy_wh - sum(record.import_wh for record in stay.records)) > 1


def _told(records: list[SessionRecord]) -> str:
    ends = ((record, record.unplugged_at or record.seen_at) for record in records)
    return ", ".join(f"{record.plugged_in_at:%H:%M:%S} to {end:%H:%M:%S} {record.import_wh} Wh" for record, end in ends)


if __name__ == "__main__":
    asyncio.run(main(int((sys.argv[1:] or ["50"])[0]), (sys.argv[2:] or [KINDS[0]])[0], *sys.argv[3:4]))
