"""Time setting up two charge points in a real Home Assistant: ``python benchmarks/start_up.py``. Printed, not asserted.

Home Assistant runs in a folder that is thrown away; the Modbus charge point is simulated on loopback, the OCPP one
has not called yet. The first round imports everything, the second reloads.
"""

import asyncio
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant

from benchmarks.home import charge_point, free_port, home_assistant
from simulator import ModbusCharger

ROUNDS = 10


def entry(title: str, data: dict[str, Any]) -> ConfigEntry:
    """Describe a charge point as the flow would."""
    hours = {"default_hours": [{"days": ["mon"], "start": "22:00:00", "end": "08:00:00"}]}
    return charge_point(title, f"modbus:{title}", data, hours)


async def set_up(hass: HomeAssistant, entries: list[ConfigEntry]) -> float:
    """Set the entries up, all at once as at a start; return how long it took."""
    began = time.perf_counter()
    await asyncio.gather(*(hass.config_entries.async_setup(item.entry_id) for item in entries))
    took = time.perf_counter() - began
    if any(item.state is not ConfigEntryState.LOADED for item in entries):
        raise SystemExit(f"Not set up: {[(item.title, item.state, item.reason) for item in entries]}")
    return took


async def main() -> None:
    """Set up once cold, then a few times warm."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        hass = await home_assistant(folder)
        hass.set_state(CoreState.running)
        async with ModbusCharger("alfen_eve") as simulated:
            modbus = {
                "protocol": "modbus",
                "host": "127.0.0.1",
                "port": simulated.port,
                "unit_id": 1,
                "map": "alfen_eve",
            }
            ocpp = {
                "protocol": "ocpp",
                "charge_point_id": "CP1",
                "password_hashes": [],
                "listen_port": free_port(),
                "connector_id": 1,
            }
            entries = [entry("Modbus", modbus), entry("OCPP", ocpp)]
            for item in entries:
                hass.config_entries._entries[item.entry_id] = item  # noqa: SLF001  adding would set up at once
            print(f"cold  {await set_up(hass, entries) * 1000:8.1f} ms, imports included")
            warm = []
            for _ in range(ROUNDS):
                await asyncio.gather(*(hass.config_entries.async_unload(item.entry_id) for item in entries))
                warm.append(await set_up(hass, entries) * 1000)
            print(f"warm  {sorted(warm)[ROUNDS // 2]:8.1f} ms median, {max(warm):.1f} ms at most, of {ROUNDS}")
            await asyncio.gather(*(hass.config_entries.async_unload(item.entry_id) for item in entries))
        await hass.async_stop(force=True)


if __name__ == "__main__":
    asyncio.run(main())
