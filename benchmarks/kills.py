"""Kill a real Home Assistant at random moments while vehicles come and go: ``python benchmarks/kills.py [50] [map]``.

A week in small: stays of half a minute, pauses of a few seconds, in real time, at a simulated charge point on
loopback that goes on as a real one would. Each kill is SIGKILL, at a random moment from the first second of the start
on. At the end the records are compared with the charge point's own register at each plug-in and unplugging.
"""

import asyncio
from asyncio.subprocess import Process
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
import random
import sys
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import TYPE_CHECKING

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from custom_components.smart_charge.records.journal import Journal  # noqa: E402
from custom_components.smart_charge.records.pseudonyms import Pseudonyms  # noqa: E402
from custom_components.smart_charge.records.sales import Register  # noqa: E402
from custom_components.smart_charge.records.security_log import SecurityLog  # noqa: E402
from custom_components.smart_charge.records.store import Store  # noqa: E402
from custom_components.smart_charge.records.values import SessionRecord  # noqa: E402
from simulator import ModbusCharger, Vehicle  # noqa: E402

if TYPE_CHECKING:
    from homeassistant.core import HomeAssistant

LEAST_WH = 10
"""A stay that took less, while Home Assistant was down, may be missed."""


@dataclass
class Stay:
    """What really happened: the register when the vehicle came, and when it left."""

    came_wh: int
    left_wh: int = 0

    @property
    def energy_wh(self) -> int:
        """What it took."""
        return self.left_wh - self.came_wh


async def home_assistant(folder: str, port: int, map_id: str) -> None:
    """Run Home Assistant until killed; the charge point is set up at the first start."""
    from homeassistant import bootstrap, loader  # noqa: PLC0415  takes seconds, and only the child needs it
    from homeassistant.auth import auth_manager_from_config  # noqa: PLC0415
    from homeassistant.config_entries import SOURCE_IMPORT, ConfigEntries, ConfigEntry, ConfigEntryState  # noqa: PLC0415
    from homeassistant.core import HomeAssistant  # noqa: PLC0415

    hass = HomeAssistant(folder)
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    known = hass.config_entries.async_entries("smart_charge")
    data = {"protocol": "modbus", "host": "127.0.0.1", "port": port, "unit_id": 1, "map": map_id}
    options = {"mode": "always"}
    if known:
        await hass.config_entries.async_setup(known[0].entry_id)
    else:
        await hass.config_entries.async_add(
            ConfigEntry(
                domain="smart_charge",
                title="Garage",
                data=data,
                options=options,
                version=1,
                minor_version=1,
                source=SOURCE_IMPORT,
                unique_id=f"modbus:{map_id}@127.0.0.1:{port}/1",
                discovery_keys=MappingProxyType({}),
                subentries_data=None,
            )
        )
    await hass.async_start()
    [entry] = hass.config_entries.async_entries("smart_charge")
    while entry.state is not ConfigEntryState.LOADED:  # noqa: ASYNC110  nothing tells
        await asyncio.sleep(0.2)
    print("running", flush=True)
    while True:
        await asyncio.sleep(0.5)
        await charge_at_once(hass)


async def charge_at_once(hass: HomeAssistant) -> None:
    """Do as an owner's automation: charge as soon as a vehicle is there, without the random delay."""
    is_there = [state for state in hass.states.async_all("binary_sensor") if state.entity_id.endswith("_connected")]
    if not any(state.state == "on" for state in is_there if "cable" in state.entity_id):
        return
    for switch in hass.states.async_all("switch"):
        if switch.entity_id.endswith("charge_now") and switch.state == "off":
            await hass.services.async_call("switch", "turn_on", {"entity_id": switch.entity_id})


async def begun(folder: str, port: int, map_id: str) -> Process:
    """Start Home Assistant in a process of its own."""
    arguments = ("--child", folder, str(port), map_id)
    return await asyncio.create_subprocess_exec(
        sys.executable, __file__, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )


async def runs(process: Process) -> None:
    """Wait until it has started."""
    assert process.stdout is not None
    while (line := await process.stdout.readline()) != b"running\n":
        if not line:
            raise SystemExit("Home Assistant did not start")


async def live(charger: ModbusCharger, stays: list[Stay], dice: random.Random) -> None:
    """Let vehicles come and go."""
    meter = charger.charge_point.meter
    try:
        while True:
            await asyncio.sleep(dice.uniform(8, 16))
            charger.charge_point.catch_up()
            stays.append(Stay(came_wh=meter.shown_wh))
            charger.plug_in(Vehicle(phases=1, max_a=32.0, soc=0.2))
            await asyncio.sleep(dice.uniform(20, 60))
            charger.unplug()
            charger.charge_point.catch_up()
            stays[-1].left_wh = meter.shown_wh
    finally:
        charger.unplug()
        if stays and not stays[-1].left_wh:
            stays[-1].left_wh = meter.shown_wh


def recorded(folder: str) -> list[SessionRecord]:
    """Read what was written down."""
    import json  # noqa: PLC0415

    kept = json.loads((Path(folder) / ".storage" / "smart_charge.ledger").read_text())["data"]
    store = Store.at_path(Path(folder) / "smart_charge.db")
    security = SecurityLog(store, kept["site"], Pseudonyms(bytes.fromhex(kept["key"])))
    journal = Journal(store, kept["site"], security, Register(store, kept["site"]))
    now = datetime.now(UTC)
    found = journal.sessions(now - timedelta(days=1), now + timedelta(days=1))
    halves = journal.usage(now - timedelta(days=1), now + timedelta(days=1)).import_wh
    store.close()
    print(f"  half-hours add up to {halves} Wh, sessions to {sum(each.import_wh for each in found)} Wh")
    return found


async def main(kills: int, map_id: str) -> None:
    """Kill it as often, then compare."""
    dice = random.Random(20261121)
    stays: list[Stay] = []
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "custom_components").symlink_to(ROOT / "custom_components")
        async with ModbusCharger(map_id) as charger:
            start_wh = charger.charge_point.meter.shown_wh
            process = await begun(folder, charger.port, map_id)
            await runs(process)
            await asyncio.sleep(3)  # the entry itself is on disk
            world = asyncio.create_task(live(charger, stays, dice))
            for number in range(1, kills + 1):
                await asyncio.sleep(dice.uniform(0, 9))
                process.kill()
                await process.wait()
                charger.charge_point.catch_up()
                is_plugged = charger.charge_point.vehicle is not None
                print(f"  kill {number}: {'charging' if is_plugged else 'idle'}, stay {len(stays)}", flush=True)
                await asyncio.sleep(dice.uniform(0, 3))
                process = await begun(folder, charger.port, map_id)
                if dice.random() < 0.7:  # the others die while they start
                    await runs(process)
            world.cancel()
            await asyncio.gather(world, return_exceptions=True)
            process.kill()
            await process.wait()
            process = await begun(folder, charger.port, map_id)
            await runs(process)
            await asyncio.sleep(5)
            process.kill()
            await process.wait()
            took_wh = charger.charge_point.meter.shown_wh - start_wh
        report(kills, stays, recorded(folder), took_wh)


def report(kills: int, stays: list[Stay], sessions: list[SessionRecord], took_wh: int) -> None:
    """Print what was lost, split or doubled."""
    real = [stay.energy_wh for stay in stays if stay.energy_wh >= LEAST_WH]
    written = [session.import_wh for session in sessions if session.import_wh]
    lost_wh = took_wh - sum(written)
    print(f"{kills} kills, {len(stays)} stays, of which {len(real)} took {LEAST_WH} Wh or more")
    print(f"  by the register {took_wh} Wh, by the records {sum(written)} Wh: {lost_wh / kills:.2f} Wh lost per kill")
    print(
        f"  stays {len(real)}, records with energy {len(written)}: split or doubled {max(0, len(written) - len(real))}"
    )
    differing = [(a, b) for a, b in zip(real, written, strict=False) if abs(a - b) > 1]
    print(f"  stays whose energy differs by more than 1 Wh: {differing or 'none'}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        asyncio.run(home_assistant(sys.argv[2], int(sys.argv[3]), sys.argv[4]))
    else:
        asyncio.run(main(int((sys.argv[1:] or ["50"])[0]), (sys.argv[2:] or ["alfen_eve"])[0]))
