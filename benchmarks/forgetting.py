"""Delete an owner's personal data in a real Home Assistant, and look for it: ``python benchmarks/forgetting.py``.

Home Assistant runs with its recorder and its log in a folder that is thrown away; an OCPP charge point is simulated on
loopback. An owner lists a tag, names an entity after herself, charges, exports her sessions, and has a year of them and
a month of history; copies were set aside as damaged. Then everything is deleted, and every byte of the folder is
searched twice: while Home Assistant runs, so that the companions of its databases are there, and when it has stopped.
Prints times, sizes, and what was found where; exits with 1 if that is not on the action's own list of what cannot be
reached.
"""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
import logging
from pathlib import Path
import sqlite3
import sys
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from homeassistant.components.recorder import get_instance
from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers import entity_registry as er, recorder as recorder_helper
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util, slugify

from benchmarks.home import DOMAIN, charge_point, free_port, home_assistant
from benchmarks.search import found_in
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.security_log import SecurityEvent
from custom_components.smart_charge.records.values import OutletKey, SessionRecord
from simulator import OcppCharger, Vehicle

TAG, NAME, SERIAL = "04A2B3C4D5E6F7", "Zoë Lovelace", "CP1"
SESSIONS = 400
STATES = 100_000
LOG = "home-assistant.log"


def entry(port: int) -> ConfigEntry:
    """Describe the charge point as the flow would."""
    data = {
        "protocol": "ocpp",
        "charge_point_id": SERIAL,
        "password_hashes": [],
        "listen_port": port,
        "connector_id": 1,
    }
    return charge_point(f"{NAME}'s car", SERIAL, data, {"mode": "always", "random_delay_max": 600})


async def begin(folder: str) -> HomeAssistant:
    """Start Home Assistant with its recorder."""
    logging.getLogger().addHandler(logging.FileHandler(Path(folder, LOG)))
    hass = await home_assistant(folder)
    hass.config.allowlist_external_dirs = {folder}
    recorder_helper.async_initialize_recorder(hass)
    hass.set_state(CoreState.running)
    if not await async_setup_component(hass, "recorder", {"recorder": {"commit_interval": 0}}):
        raise SystemExit("The recorder did not start")
    await get_instance(hass).async_recorder_ready.wait()
    return hass


def year(charge_point: str) -> list[SessionRecord]:
    """Return the owner's sessions."""
    now = dt_util.utcnow()
    found = []
    for number in range(1, SESSIONS + 1):
        began, ended = now - timedelta(hours=21 * number), now - timedelta(hours=21 * number - 8)
        found.append(
            SessionRecord(
                outlet=OutletKey(charge_point=charge_point),
                plugged_in_at=began,
                charge_started_at=began,
                charge_ended_at=ended,
                unplugged_at=ended,
                seen_at=ended,
                is_open=False,
                import_wh=14_000,
                tag=TAG,
                who=NAME,
            )
        )
    return found


def age(history: Path) -> None:
    """Give an entity of the charge point a long history, as a month of power has."""
    with sqlite3.connect(history, timeout=30) as database:
        meta = "SELECT metadata_id FROM states_meta WHERE entity_id LIKE 'sensor.%_power'"
        (metadata_id,) = database.execute(meta).fetchone()
        now = dt_util.utcnow().timestamp()
        database.executemany(
            "INSERT INTO states (state, last_updated_ts, metadata_id) VALUES (?, ?, ?)",
            ((str(number % 7000), now - 25 * number, metadata_id) for number in range(1, STATES)),
        )
    database.close()


async def scatter(hass: HomeAssistant, session_id: str) -> None:
    """Leave traces wherever something of hers may come to lie."""
    for kind in ("csv", "json"):
        wanted = {"start": "2020-01-01", "end": "2040-01-01", "format": kind, "path": hass.config.path(f"mine.{kind}")}
        await hass.services.async_call(DOMAIN, "export_sessions", wanted, blocking=True, return_response=True)
    refused = SecurityEvent(at=dt_util.utcnow(), kind="tag_refused", detail={"tag": TAG, "status": "Invalid"})
    hass.data[DATA_LEDGER].add(refused)
    for name in (f"{DOMAIN}.db.damaged-20260101T000000Z", f".storage/{DOMAIN}.corrupt.2026-01-01T00:00:00"):
        await hass.async_add_executor_job(Path(hass.config.path(name)).write_text, f"{TAG} {NAME} {session_id}")
    logging.getLogger(DOMAIN).warning("%s of %s", TAG, NAME)  # as another integration's warning may


async def live(hass: HomeAssistant, charger: OcppCharger, item: ConfigEntry) -> list[str]:
    """Be an owner for a while; return the ids of the session that goes on and of some before."""
    await hass.services.async_call(DOMAIN, "set_tag", {"tag": TAG, "name": NAME}, blocking=True)
    registry = er.async_get(hass)
    power = next(each for each in registry.entities.values() if each.unique_id == f"{SERIAL}_power")
    registry.async_update_entity(power.entity_id, name=f"{NAME}'s power")
    charger.plug_in(Vehicle(phases=1, max_a=32.0, soc=0.2))
    async with asyncio.timeout(60):
        while item.runtime_data.session_wh is None:  # noqa: ASYNC110  the simulator has no event for it
            await asyncio.sleep(0.1)
    ledger = hass.data[DATA_LEDGER]
    ledger.add(*(recorded := year(item.entry_id)))
    await ledger.async_flush()
    (going_on,) = await ledger.async_ask(lambda journal: journal.open_sessions())
    await scatter(hass, going_on.session_id)
    await asyncio.sleep(12)  # the registries are saved
    await get_instance(hass).async_block_till_done()
    await hass.async_add_executor_job(age, Path(hass.config.path("home-assistant_v2.db")))
    return [going_on.session_id, *(each.session_id for each in recorded[::40])]


def beyond(found: Iterable[tuple[str, str]], answer: Any) -> list[str]:
    """Return what of the finds the action has not named as out of its reach."""
    told = {(line["what"], line["where"]) for line in answer["out_of_reach"]}
    has_told_of_ids = any(what == "entity_id" for what, _ in told)

    def is_named(word: str, name: str) -> bool:
        return ("log_file", name) in told or (word == slugify(NAME) and has_told_of_ids)

    return [f"{word} in {name}" for word, name in found if not is_named(word, name)]


def print_finds(when: str, found: list[tuple[str, str]]) -> None:
    """Say how often something was found, and where."""
    print(f"{when:<8} found {len(found)} times: {', '.join(sorted({name for _, name in found})) or 'nowhere'}")


def find(folder: Path, words: list[str]) -> list[tuple[str, str]]:
    """Search the whole folder."""
    return list(found_in(folder, words))


def sizes(folder: Path) -> str:
    """Return how large the databases are."""
    return ", ".join(f"{path.name} {path.stat().st_size / 2**20:.1f} MiB" for path in sorted(folder.glob("*.db*")))


async def run(folder: Path) -> list[str]:
    """Live, delete, stop; return what is found afterwards."""
    hass = await begin(str(folder))
    port = free_port()
    item = entry(port)
    hass.config_entries._entries[item.entry_id] = item  # noqa: SLF001  adding would set up at once
    await hass.config_entries.async_setup(item.entry_id)
    if item.state is not ConfigEntryState.LOADED:
        raise SystemExit(f"Not set up: {item.reason}")
    async with OcppCharger(f"ws://127.0.0.1:{port}/", SERIAL) as charger:
        words = [TAG, NAME, slugify(NAME), *await live(hass, charger, item)]
        print(f"before   {sizes(folder)}")
        print_finds("before", await hass.async_add_executor_job(find, folder, words))
        began = perf_counter()
        answer: Any = await hass.services.async_call(
            DOMAIN, "delete_personal_data", {"confirm": SERIAL}, blocking=True, return_response=True
        )
        print(f"deleted  in {perf_counter() - began:.1f} s, of which 11 s wait for Home Assistant's registries")
        for name in ("erased", "remains", "left", "out_of_reach"):
            print(f"{name}:", *(f"\n  {line['text']}" for line in answer[name]))
        print(f"after    {sizes(folder)}; still set up: {item.state is ConfigEntryState.LOADED}")
        print_finds("after", at_once := await hass.async_add_executor_job(find, folder, words))
        print(f"charging goes on: {item.runtime_data.session_wh is not None}, now called {item.title!r}")
        await hass.config_entries.async_unload(item.entry_id)
    await hass.async_stop(force=True)
    print_finds("stopped", stopped := find(folder, words))
    return beyond([*at_once, *stopped], answer)


def main() -> None:
    """Do it in a folder that is thrown away."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        left = asyncio.run(run(Path(folder)))
    print("not told of: nothing" if not left else "\n".join(["not told of:", *left]))
    sys.exit(bool(left))


if __name__ == "__main__":
    main()
