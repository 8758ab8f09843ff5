"""How long one Modbus poll takes to decode, and how many requests it costs. Run: python -m benchmarks.modbus_poll."""

import asyncio
from datetime import UTC, datetime
from time import perf_counter

from modbus_connection.mock import MockModbusConnection

from custom_components.smart_charge.chargers.modbus.codec import decode
from custom_components.smart_charge.chargers.modbus.facts import to_reading
from custom_components.smart_charge.chargers.modbus.link import Link
from custom_components.smart_charge.chargers.modbus.map_model import RegisterMap
from custom_components.smart_charge.chargers.modbus.poller import Poller
from custom_components.smart_charge.chargers.modbus.register_map import load_maps

ROUNDS = 2000


async def measure(register_map: RegisterMap) -> None:
    poller = Poller(
        Link(MockModbusConnection().for_unit, register_map.limits), register_map, register_map.unit_ids[0], None
    )
    await poller.poll()
    words = {register_map.registers[key]: held for key, held in poller.words.items()}
    began = perf_counter()
    for _ in range(ROUNDS):
        values = {register.key: decode(register, held).value for register, held in words.items()}
        to_reading(register_map, values, datetime.now(UTC))
    each_us = (perf_counter() - began) / ROUNDS * 1e6
    requests = ", ".join(f"{count} {cadence}" for cadence, count in poller.requests_per_poll.items())
    print(f"{register_map.id}: {each_us:.0f} us to decode {len(words)} registers; requests per poll: {requests}")


if __name__ == "__main__":
    for each in load_maps().values():
        asyncio.run(measure(each))
