"""Time one MeterValues through the central system: ``python benchmarks/ocpp_meter_values.py``. Printed, not asserted.

Over a real loopback socket, from the frame's departure to the arrival of its answer; the charge point's half is in it.
"""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
import json
from pathlib import Path
import sys
import time
from typing import Any

import aiohttp

sys.path.insert(0, str(Path(__file__).parent.parent))

from custom_components.smart_charge.chargers.ocpp import connection
from custom_components.smart_charge.chargers.ocpp.central_system import CentralSystem
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.chargers.ocpp.tags import TagStatus

MESSAGES = 2000


def now() -> datetime:
    return datetime.now(UTC)


async def save(_memory: Mapping[str, Any]) -> None:
    """Keep nothing."""


async def next_id() -> int:
    return 1


def meter_values(number: int) -> str:
    """One frame as a single-phase charge point sends it each second."""
    sampled = [
        {"measurand": "Energy.Active.Import.Register", "value": str(1000 + number), "unit": "Wh"},
        {"measurand": "Power.Active.Import", "value": "7312.4", "unit": "W"},
        {"measurand": "Current.Import", "value": "31.8", "unit": "A", "phase": "L1"},
        {"measurand": "Voltage", "value": "229.9", "unit": "V", "phase": "L1-N"},
        {"measurand": "Current.Offered", "value": "32.0", "unit": "A"},
        {"measurand": "Temperature", "value": "31.5", "unit": "Celsius", "location": "Body"},
    ]
    payload = {
        "connectorId": 1,
        "transactionId": 1,
        "meterValue": [{"timestamp": now().isoformat(), "sampledValue": sampled}],
    }
    return json.dumps([2, str(number), "MeterValues", payload])


async def main() -> None:
    connection.MESSAGES_PER_S = 1e9
    central = CentralSystem("127.0.0.1", 0, clock=now, on_peer=lambda _event: None)
    started = time.perf_counter()
    await central.start()
    print(f"start, schemas compiled: {(time.perf_counter() - started) * 1e3:.0f} ms")
    charger = OcppCharger(
        "CP1", verify=None, clock=now, memory={}, save=save, authorise=lambda _tag: TagStatus.ACCEPTED,
        next_transaction_id=next_id, start_without_tag=False, id_tag="bench",
    )  # fmt: skip
    central.expect(charger)
    async with aiohttp.ClientSession() as session:
        url = f"http://127.0.0.1:{central.port}/CP1"
        async with session.ws_connect(url, protocols=("ocpp1.6",)) as socket:
            wall, cpu = time.perf_counter(), time.process_time()
            for number in range(MESSAGES):
                await socket.send_str(meter_values(number))
                await socket.receive()
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    each = f"{wall / MESSAGES * 1e6:.0f} us wall, {cpu / MESSAGES * 1e6:.0f} us CPU"
    print(f"one MeterValues of 6 values: {each}, both sides")
    await central.stop()


if __name__ == "__main__":
    asyncio.run(main())
