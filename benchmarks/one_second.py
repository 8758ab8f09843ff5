"""What a sample a second costs: ``python -m benchmarks.one_second``. Printed, not asserted.

Memory of the last day of samples; what each sample takes in a real Home Assistant, from the charger's reading to the
entities; and how much goes over the wire, for Modbus by map and for OCPP. ``benchmarks.modbus_poll`` and
``benchmarks.ocpp_meter_values`` time what comes before: decoding a poll, and taking in a message.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import batched
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant

from benchmarks.home import home_assistant
from benchmarks.ocpp_meter_values import meter_values
from benchmarks.start_up import entry
from custom_components.smart_charge.chargers.modbus.pace import IDLE_TICKS
from custom_components.smart_charge.chargers.modbus.poller import EVERY
from custom_components.smart_charge.chargers.modbus.reads import plan_reads
from custom_components.smart_charge.chargers.modbus.register_map import load_maps
from custom_components.smart_charge.records.ring import DAY_S, Ring, Sample
from custom_components.smart_charge.websocket_api import CHUNK, _columns
from simulator import ModbusCharger, Vehicle

SAMPLES = 2000


def ring() -> None:
    kept, began = Ring(), perf_counter()
    for second in range(DAY_S):
        kept.add(Sample(at=1.8e9 + second, power_w=7000.0, current_a=(30.4, None, None), energy_wh=second))
    each_us = (perf_counter() - began) / DAY_S * 1e6
    print(f"ring: {kept.size_bytes / 1e6:.2f} MB for a day, {each_us:.1f} us to keep a sample")
    began = perf_counter()
    samples = kept.since(0)
    print(f"ring: {(perf_counter() - began) * 1e3:.0f} ms to take hold of the day, made as it is sent: ", end="")
    began = perf_counter()
    parts = [_columns(part) for part in batched(samples, CHUNK, strict=False)]
    print(f"{(perf_counter() - began) / len(parts) * 1e3:.1f} ms for each of {len(parts)} messages")


def modbus() -> None:
    for register_map in load_maps().values():
        plans = {cadence: plan_reads(register_map, cadence, register_map.unit_ids[0]) for cadence in EVERY}
        hourly = sum(3600 / EVERY[cadence] * len(plan.blocks) for cadence, plan in plans.items())
        fast = len(next(plan for cadence, plan in plans.items() if EVERY[cadence] == 1).blocks)
        idle = hourly - fast * (3600 - 3600 / IDLE_TICKS)
        print(f"modbus, {register_map.id}: {hourly:.0f} requests an hour while charging, {idle:.0f} while idle")


def ocpp() -> None:
    frame = len(meter_values(1000)) + 8  # and the frame's head, masked
    each_s, half_minute = frame * 3600 / 1e6, frame * 120 / 1e6
    print(f"ocpp: {frame} bytes a message; {each_s:.2f} MB an hour each second, {half_minute:.2f} MB every 30 s")


async def loop() -> None:
    """Time one sample through the loop: live feed, safety, accuracy, session, picture, entities."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        hass = await home_assistant(folder)
        hass.set_state(CoreState.running)
        async with ModbusCharger("alfen_eve") as simulated:
            simulated.plug_in(Vehicle())
            data = {
                "protocol": "modbus",
                "host": "127.0.0.1",
                "port": simulated.port,
                "unit_id": 1,
                "map": "alfen_eve",
            }
            item = entry("Modbus", data)
            hass.config_entries._entries[item.entry_id] = item  # noqa: SLF001  adding would set up at once
            await hass.config_entries.async_setup(item.entry_id)
            if item.state is not ConfigEntryState.LOADED:
                raise SystemExit(f"Not set up: {item.state} {item.reason}")
            print(f"home assistant: {await sampled(hass, item.runtime_data):.0f} us CPU for each sample")
            await hass.config_entries.async_unload(item.entry_id)
        await hass.async_stop(force=True)


async def sampled(hass: HomeAssistant, coordinator) -> float:  # noqa: ANN001  of the component's own
    charger, states = coordinator.charger, 0

    def count(_event: object) -> None:
        nonlocal states
        states += 1

    stop = hass.bus.async_listen("state_changed", count)
    began_at, spent = datetime.now(UTC), 0.0
    for second in range(SAMPLES):
        at = began_at + timedelta(seconds=second)
        power_w, current_a = 7000.0 + second % 7, (30.4 + second % 3 / 10, None, None)
        values = {"power_w": power_w, "current_a": current_a, "offered_a": 32.0, "import_wh": 2 * second}
        reading = replace(charger.reading, taken_at=at, measured_at=at, **values)
        charger._watch.reading = reading  # noqa: SLF001
        began = process_time()
        coordinator._on_sample(reading)  # noqa: SLF001
        coordinator._take_turn()  # noqa: SLF001
        spent += process_time() - began
    await asyncio.sleep(0)
    stop()
    print(f"home assistant: {states} states written for {SAMPLES} samples")
    return spent / SAMPLES * 1e6


if __name__ == "__main__":
    ring()
    modbus()
    ocpp()
    asyncio.run(loop())
