"""A real Home Assistant, to be killed: ``python benchmarks/kills_home.py <folder> <kind> <port>``.

``kind`` is the map of a Modbus charge point that listens on ``port``, or ``ocpp`` for one that calls there with the
password on standard input. The charge point is set up at the first start. Prints "running" once its entry is loaded.
"""

import asyncio
from pathlib import Path
import sys
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import HomeAssistant

from benchmarks.home import charge_point, home_assistant
from custom_components.smart_charge import listener
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.security.credentials import hash_secret

OCPP = "ocpp"
CHARGE_POINT_ID = "CP1"


async def live(folder: str, kind: str, port: int, password: str) -> None:
    """Run until killed."""
    vars(listener)["LISTEN_ON"] = "127.0.0.1"  # nobody else shall call
    hass = await home_assistant(folder)
    if known := hass.config_entries.async_entries(DOMAIN):
        await hass.config_entries.async_setup(known[0].entry_id)
    else:
        await hass.config_entries.async_add(entry_of(kind, port, password))
    await hass.async_start()
    [entry] = hass.config_entries.async_entries(DOMAIN)
    while entry.state is not ConfigEntryState.LOADED:  # noqa: ASYNC110  nothing tells
        await asyncio.sleep(0.2)
    print("running", flush=True)
    while True:
        await asyncio.sleep(0.5)
        await charge_at_once(hass)


def entry_of(kind: str, port: int, password: str) -> ConfigEntry[Any]:
    """Return the entry as the config flow makes it."""
    data: dict[str, Any]
    if kind == OCPP:
        unique_id = CHARGE_POINT_ID
        hashes = hash_secret(password)
        data = {"protocol": OCPP, "charge_point_id": unique_id, "listen_port": port, "connector_id": 1}
        data |= {"password_hashes": hashes}
    else:
        unique_id = f"modbus:{kind}@127.0.0.1:{port}/1"
        data = {"protocol": "modbus", "host": "127.0.0.1", "port": port, "unit_id": 1, "map": kind}
    return charge_point("Garage", unique_id, data, {"mode": "always"})


async def charge_at_once(hass: HomeAssistant) -> None:
    """Do as an owner's automation: charge as soon as a vehicle is there, without the random delay."""
    is_there = [state for state in hass.states.async_all("binary_sensor") if state.entity_id.endswith("_connected")]
    if not any(state.state == "on" for state in is_there if "cable" in state.entity_id):
        return
    for switch in hass.states.async_all("switch"):
        if switch.entity_id.endswith("charge_now") and switch.state == "off":
            await hass.services.async_call("switch", "turn_on", {"entity_id": switch.entity_id})


if __name__ == "__main__":
    asyncio.run(live(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.stdin.readline().strip()))
