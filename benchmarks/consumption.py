"""Ask a real Home Assistant for twelve months of five years: ``python -m benchmarks.consumption``.

The action `get_consumption`, as a script calls it, by month, by session and as a whole. Printed, not asserted.
"""

import asyncio
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

from benchmarks import ledger as records
from benchmarks.home import DOMAIN, charge_point, free_port, home_assistant
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.values import OutletKey

TWELVE_MONTHS = {"start": "2029-12-01", "end": "2030-11-30"}
TIMES = 7


def five_years(journal: Journal) -> None:
    """Write them, week by week."""
    for week in range(records.YEARS * 52):
        days = range(week * 7, week * 7 + 7)
        journal.write(*(record for day in days for record in records.a_day(records.FIRST + timedelta(days=day))))


def mib(hass: HomeAssistant) -> float:
    """Return how large the records are."""
    return Path(hass.config.path(f"{DOMAIN}.db")).stat().st_size / 2**20


async def ask(hass: HomeAssistant, by: str) -> tuple[float, Any]:
    """Return how many seconds the action took, and what it said."""
    began = perf_counter()
    answer = await hass.services.async_call(
        DOMAIN, "get_consumption", TWELVE_MONTHS | {"by": by}, blocking=True, return_response=True
    )
    return perf_counter() - began, answer


async def main(folder: str) -> None:
    """Set up Home Assistant with one charge point, write five years, ask."""
    hass = await home_assistant(folder)
    await hass.config.async_set_time_zone("Europe/London")
    if not await async_setup_component(hass, DOMAIN, {}):
        raise SystemExit("Not set up")
    data = {
        "protocol": "ocpp",
        "charge_point_id": "CP1",
        "password_hashes": [],
        "listen_port": free_port(),
        "connector_id": 1,
    }
    entry = charge_point("CP1", "CP1", data, {})
    hass.config_entries._entries[entry.entry_id] = entry  # noqa: SLF001  adding would set up at once
    records.OUTLET = OutletKey(charge_point=entry.entry_id)
    await hass.data[DATA_LEDGER].async_ask(five_years)
    print(f"five years of one charge point, a session a day: {mib(hass):.1f} MiB; twelve months of them")
    for by in ("whole", "month", "session"):
        asked = [await ask(hass, by) for _ in range(TIMES)]
        said = asked[-1][1]
        rows = sum(len(part) for part in said["charge_points"][0].values() if isinstance(part, list))
        longest, usual = max(seconds for seconds, _ in asked), median(seconds for seconds, _ in asked)
        print(
            f"  by {by:8} {usual * 1e3:6.1f} ms, at most {longest * 1e3:6.1f} ms;"
            f" {rows:3} rows, {said['total']['import_kwh']:.0f} kWh"
        )
    await hass.async_stop(force=True)


if __name__ == "__main__":
    with TemporaryDirectory() as thrown_away:
        asyncio.run(main(thrown_away))
