"""Home Assistant and two charge points, running and introduced to each other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
import time
from typing import Any
from zoneinfo import ZoneInfo

from .client import Client, Json
from .dashboard import ChargePointOnDashboard, build_dashboard
from .flows import Answer, choose, hours_answers, set_up, shown_in
from .home import LOOPBACK, REPOSITORY, Home
from .processes import Programs

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
PROGRAMS = {"modbus": "charge-point-modbus", "ocpp": "charge-point-ocpp"}
"""What simulates the charge point of each protocol."""


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Everything that runs. ``points`` are the charge points in the order of the dashboard."""

    home: Home
    client: Client
    programs: Programs
    points: list[ChargePointOnDashboard]

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

    def _say(self, what: str) -> None:
        print(f"{time.monotonic() - self._started:6.1f} s  {what}", flush=True)

    async def open(self) -> World:
        home = self._home
        await self._programs.start(PROGRAMS["modbus"], self._modbus_program())
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
        if "modbus" not in entries:
            await self._set_up_modbus()
        if "ocpp" not in entries:
            await self._set_up_ocpp()
        self._home.keep()
        points = await self._points()
        self._home.write_dashboard(build_dashboard(points))
        self._say("the dashboard is ready")
        return World(home=self._home, client=self._client, programs=self._programs, points=points)

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

    async def _set_up_modbus(self) -> None:
        answers: dict[str, Answer] = {
            "user": choose("modbus"),
            "modbus": {"host": LOOPBACK, "port": self._home.modbus_port, "advanced": {}},
            **hours_answers(await self._local_now(), are_open=False),
        }
        self._made("modbus", await set_up(self._client, answers))

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
        self._made("ocpp", await set_up(self._client, answers))

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
                if len(entries) == 2 and all(entry["entry_id"] in entities for entry in entries.values()):
                    break
                await asyncio.sleep(0.3)
        return [
            ChargePointOnDashboard(
                name=entry["title"], protocol=protocol, entities=entities[entry["entry_id"]], entry_id=entry["entry_id"]
            )
            for protocol, entry in sorted(entries.items())
        ]
