"""Time a service to the grid, from the action to the charge point: ``python benchmarks/response_dsr.py``. Printed only.

A real Home Assistant in a folder that is thrown away calls ``start_dsr_event`` with another limit each time; the clock
stops when the simulated charge point, over a real loopback socket, offers the vehicle that current (5.3: within 2 s).
"""

import asyncio
from pathlib import Path
import statistics
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import device_registry as dr

from benchmarks.home import DOMAIN, free_port, home_assistant
from benchmarks.start_up import entry, set_up
from simulator import ModbusCharger, OcppCharger

LIMITS_A = (0, 16, 6, 32, 10, 0, 20)
ROUNDS = 5
ALLOWED_S = 2.0


async def until_offered(simulated: ModbusCharger | OcppCharger, amps: float, within_s: float = 15.0) -> None:
    async with asyncio.timeout(within_s):
        while abs(simulated.charge_point.offered_a - amps) > 0.01:  # noqa: ASYNC110  the simulator has no event for it
            await asyncio.sleep(0.001)


async def respond(hass: HomeAssistant, device_id: str, limit_a: float) -> None:
    terms = {"kind": "response", "limit_a": limit_a, "duration": "00:30:00", "event_id": "ffr"}
    await hass.services.async_call(DOMAIN, "start_dsr_event", {"device_id": [device_id]} | terms, blocking=True)


async def measure(hass: HomeAssistant, simulated: ModbusCharger | OcppCharger, data: dict[str, Any], name: str) -> None:
    """Set the charge point up, let it charge, and time each change."""
    item = entry(name, data)
    hass.config_entries._entries[item.entry_id] = item  # noqa: SLF001  adding would set up at once
    await set_up(hass, [item])
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), item.entry_id)
    if isinstance(simulated, OcppCharger):
        await simulated.start()
    async with asyncio.timeout(30):
        while not item.runtime_data.charger.is_online:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    simulated.plug_in()
    await asyncio.sleep(8)  # until the charge point has said so, and a transaction runs
    await hass.services.async_call(DOMAIN, "charge_now", {"device_id": [device.id]}, blocking=True)
    await until_offered(simulated, 32)
    await hass.services.async_call(DOMAIN, "resume", {"device_id": [device.id]}, blocking=True)
    hass.config_entries.async_update_entry(item, options={**item.options, "mode": "always"})
    took: list[float] = []
    for _ in range(ROUNDS):
        for limit_a in LIMITS_A:
            began = time.perf_counter()
            await respond(hass, device.id, limit_a)
            await until_offered(simulated, limit_a)
            took.append(time.perf_counter() - began)
    within = sum(one <= ALLOWED_S for one in took)
    print(
        f"{name:14} {statistics.median(took) * 1000:8.1f} ms median, {max(took) * 1000:8.1f} ms at most, "
        f"{within} of {len(took)} within {ALLOWED_S:g} s"
    )
    await hass.config_entries.async_unload(item.entry_id)
    if isinstance(simulated, OcppCharger):
        await simulated.stop()


async def main() -> None:
    """Measure both protocols."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        hass = await home_assistant(folder)
        hass.set_state(CoreState.running)
        for model in ("alfen_eve", "bender_cc612"):
            async with ModbusCharger(model) as modbus:
                where = {"protocol": "modbus", "host": "127.0.0.1", "port": modbus.port, "unit_id": 1, "map": model}
                await measure(hass, modbus, where, model)
        port = free_port()
        ocpp = OcppCharger(f"ws://127.0.0.1:{port}", "CP1")
        where = {
            "protocol": "ocpp", "charge_point_id": "CP1", "password_hashes": [], "listen_port": port, "connector_id": 1,
        }  # fmt: skip
        await measure(hass, ocpp, where, "OCPP 1.6")
        await hass.async_stop(force=True)


if __name__ == "__main__":
    asyncio.run(main())
