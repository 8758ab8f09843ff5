"""Home Assistant and two charge points, running and introduced to each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
import time
from typing import Any
from zoneinfo import ZoneInfo

from .charge_point_cards import Keys
from .client import Client, Json
from .dashboard import ChargePointOnDashboard, build_dashboard
from .flows import Answer, choose, hours_answers, set_up, shown_in
from .home import LOOPBACK, REPOSITORY, Home
from .processes import Programs
from .site import GRID_METER, HOUSE, enter_fuse, set_up_site

START_WITHIN_S = 120
# Times as the sentences of the integration have them: 24 hours, the home's zone.
LOCALE = {
    "language": "en-GB",
    "number_format": "language",
    "time_format": "24",
    "date_format": "DMY",
    "time_zone": "server",
    "first_weekday": "monday",
}
MODBUS_DEVICE = "alfen_eve"
OCPP_ID = "DEMO-0001"
ENOUGH_KWH = 16
"""For the cars of the story: so much fits into the cheap hours even of a car that nobody has seen charge yet."""
PROGRAMS = {"modbus": "charge-point-modbus", "ocpp": "charge-point-ocpp"}
"""What simulates the charge point of each protocol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Everything that runs: ``points`` in the order of the dashboard, and the entities of the site."""

    home: Home
    client: Client
    programs: Programs
    points: list[ChargePointOnDashboard]
    site: Keys

    async def enter_fuse(self) -> None:
        """Let the supply limit charging from now on, if it does not yet."""
        if ("sensor", "supply_headroom_l1") in self.site:
            return
        await enter_fuse(self.client, next(key for key, kind in self.home.entries.items() if kind == "site"))

    async def plug_in(self, point: ChargePointOnDashboard) -> None:
        """Let a car arrive at this charge point."""
        await self.programs.tell(PROGRAMS[point.protocol], "plug_in")


@asynccontextmanager
async def open_world(home: Home, *, speed: float = 1) -> AsyncIterator[World]:
    """Start everything, set up what is not set up yet, and end everything when the block is left."""
    async with (
        Programs.logging_to(home.directory / "logs") as programs,
        Client.connect(home.url, home.token) as client,
    ):
        opening = _Opening(home, client, programs, speed)
        failed = asyncio.create_task(programs.watch())
        opened = asyncio.create_task(opening.open())
        try:
            await asyncio.wait({failed, opened}, return_when=asyncio.FIRST_COMPLETED)
            if not opened.done():
                await failed  # raises: nothing more will come
            yield await opened
        finally:
            failed.cancel()
            opened.cancel()


class _Opening:
    """The way from nothing to a running world."""

    def __init__(self, home: Home, client: Client, programs: Programs, speed: float) -> None:
        self._home = home
        self._client = client
        self._programs = programs
        self._speed = f"{speed:g}"
        self._started = time.monotonic()
        self.site: Keys = {}

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f} s  {what}", flush=True)

    async def open(self) -> World:
        home = self._home
        is_new = not home.entries
        await self._programs.start(PROGRAMS["modbus"], self._modbus_program())
        if is_new:
            await self._programs.start("past", ["demo.past", str(home.directory)])
        await self._programs.start(
            "home-assistant",
            ["demo.home_assistant", "-c", str(home.directory), "--skip-pip"],
            {"PYTHONPATH": str(REPOSITORY / "demo" / "stubs")},
        )
        await self._client.wait_until_running(START_WITHIN_S)
        self._say("Home Assistant runs")
        await self._client.command(type="frontend/set_user_data", key="language", value=LOCALE)
        if home.ocpp_password:
            await self._start_ocpp(home.ocpp_password)
        entries = await self._entries()
        if "site" not in entries:
            await self._set_up_site()
        if "modbus" not in entries:
            await self._set_up_modbus()
        if "ocpp" not in entries:
            await self._set_up_ocpp()
        if is_new:
            await self._give_a_past([entry_id for entry_id, kind in self._home.entries.items() if kind != "site"])
        self._home.keep()
        points = await self._points()
        if is_new:
            for point in points:
                await self._client.act("number.set_value", point.entities["number", "energy_needed"], value=ENOUGH_KWH)
        self._home.write_dashboard(build_dashboard(points, self.site))
        self._say("the dashboard is ready")
        return World(home=self._home, client=self._client, programs=self._programs, points=points, site=self.site)

    def _modbus_program(self) -> list[str]:
        port = str(self._home.modbus_port)
        return ["simulator", "modbus", MODBUS_DEVICE, "--port", port, "--speed", self._speed]

    async def _start_ocpp(self, password: str) -> None:
        charge_point = {
            "protocol": "ocpp",
            "url": f"ws://{LOOPBACK}:{self._home.ocpp_port}/",
            "id": OCPP_ID,
            "password": password,
            "free_vend": True,
        }
        # In a file of our own, as a password on a command line is everybody's to read.
        plan = self._home.write_private("charge-point-ocpp.json", [charge_point])
        await self._programs.start(PROGRAMS["ocpp"], ["simulator", "several", str(plan), "--speed", self._speed])

    async def _entries(self) -> dict[str, Json]:
        """Return our config entries by protocol, as their titles and subentries do not tell it: by what they made."""
        entries = await self._client.request("GET", "config/config_entries/entry?domain=smart_charge")
        return {
            self._home.entries[entry["entry_id"]]: entry for entry in entries if entry["entry_id"] in self._home.entries
        }

    async def _set_up_site(self) -> None:
        await self._client.act("input_number.set_value", HOUSE, value=600)
        await self._meter_speaks()
        self._made("site", await set_up_site(self._client))

    async def _meter_speaks(self) -> None:
        async with asyncio.timeout(30):
            while True:
                if (await self._client.state(GRID_METER))["state"] not in {"unknown", "unavailable"}:
                    return
                await asyncio.sleep(0.2)

    async def _give_a_past(self, entry_ids: list[str]) -> None:
        """Have a year of sessions taken up, as after a restart, as soon as they are written."""
        counts = [int(await self._programs.hear("past", entry_id)) for entry_id in entry_ids]
        reloads = (f"config/config_entries/entry/{entry_id}/reload" for entry_id in entry_ids)
        await asyncio.gather(*(self._client.request("POST", path) for path in reloads))
        self._say(f"gave it a past of twelve months: {sum(counts)} sessions")

    async def _set_up_modbus(self) -> None:
        answers: dict[str, Answer] = {
            "user": choose("modbus"),
            "modbus": {"host": LOOPBACK, "port": self._home.modbus_port, "advanced": {}},
            **hours_answers(await self._local_now(), are_open=False),
        }
        await self._made_point("modbus", await set_up(self._client, answers))

    async def _set_up_ocpp(self) -> None:
        async def type_into_charge_point(step: Json) -> Json:
            password = shown_in(step, "password")
            self._home = replace(self._home, ocpp_password=password)
            await self._start_ocpp(password)
            return {}

        answers: dict[str, Answer] = {
            "user": choose("ocpp"),
            "ocpp": {"port": self._home.ocpp_port},
            "ocpp_connect": type_into_charge_point,
            "ocpp_found": {},
            **hours_answers(await self._local_now(), are_open=True),
        }
        await self._made_point("ocpp", await set_up(self._client, answers))

    async def _made_point(self, protocol: str, entry: Json) -> None:
        """Keep it in mind, and have its past written."""
        self._made(protocol, entry)
        if "past" in self._programs:
            zone = (await self._client.request("GET", "config"))["time_zone"]
            await self._programs.tell("past", f"{entry['entry_id']} {zone}")

    def _made(self, protocol: str, entry: Json) -> None:
        self._home = replace(self._home, entries={**self._home.entries, entry["entry_id"]: protocol})
        self._say(f"set up “{entry['title']}” through its flow ({protocol})")

    async def _local_now(self) -> datetime:
        configuration: dict[str, Any] = await self._client.request("GET", "config")
        return datetime.now(ZoneInfo(configuration["time_zone"]))

    async def _points(self) -> list[ChargePointOnDashboard]:
        """Wait until both charge points have their entities, and return them."""
        async with asyncio.timeout(30):
            while True:
                entries = await self._entries()
                entities = await self._client.entities()
                if len(entries) == 3 and all(entry["entry_id"] in entities for entry in entries.values()):
                    break
                await asyncio.sleep(0.3)
        self.site = entities[entries.pop("site")["entry_id"]]
        return [
            ChargePointOnDashboard(
                name=entry["title"], protocol=protocol, entities=entities[entry["entry_id"]], entry_id=entry["entry_id"]
            )
            for protocol, entry in sorted(entries.items())
        ]
