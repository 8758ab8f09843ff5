"""Steering running charge points from another process: lines on stdin, or JSON over HTTP on loopback."""

import asyncio
from collections.abc import Mapping
import json
import sys
from typing import Any

from aiohttp import web

from .charge_point import ChargePoint
from .charger import ModbusCharger, OcppCharger
from .clock import WorldClock
from .faults import Charger, names, perform


def status_of(name: str, charger: Charger) -> dict[str, Any]:
    """Describe a charge point in one flat, JSON-ready mapping."""
    box: ChargePoint = charger.charge_point
    box.catch_up()
    status: dict[str, Any] = {
        "name": name,
        "at": box.clock.now().isoformat(timespec="seconds"),
        "pilot": box.pilot.value,
        "is_plugged_in": box.vehicle is not None,
        "offered_a": round(box.offered_a, 2),
        "drawn_a": round(box.drawn_a, 2),
        "power_w": round(box.power_w),
        "register_wh": box.meter.shown_wh,
        "soc": None if box.vehicle is None else round(box.vehicle.soc, 4),
        "faults": sorted(box.faults),
        "is_powered": box.is_powered,
        "has_network": charger.has_network,
    }
    if isinstance(charger, ModbusCharger):
        return status | {"protocol": "modbus", "port": charger.port, "clients": charger.server.clients}
    client = charger.client
    running = client.transaction
    return status | {
        "protocol": "ocpp1.6",
        "url": client.link.address,
        "is_online": client.is_online,
        "refusal": None if client.link.is_open else client.link.last_refusal,
        "status": client.status,
        "transaction_id": None if running is None else running.transaction_id,
        "waiting_messages": len(client.sessions.outbox),
    }


class Control:
    """Takes orders for several named charge points."""

    def __init__(self, chargers: Mapping[str, Charger], clock: WorldClock) -> None:
        self.chargers = chargers
        self.clock = clock

    def status(self) -> list[dict[str, Any]]:
        """Describe every charge point."""
        return [status_of(name, charger) for name, charger in self.chargers.items()]

    async def order(self, line: str) -> dict[str, Any]:
        """Carry out one line: ``[name] action [value]``, ``speed N``, ``status`` or ``help``.

        The name may be left out with one charge point; ``all`` means each. A value is JSON.
        Raises ValueError, with what is wrong, for a line that cannot be carried out.
        """
        words = line.split(maxsplit=2)
        match words:
            case [] | ["help"]:
                return {"actions": names(), "chargers": list(self.chargers)}
            case ["status"]:
                return {"chargers": self.status()}
            case ["speed", number]:
                self.clock.set_speed(float(number))
                return {"speed": self.clock.speed}
        if words[0] not in self.chargers and words[0] != "all":
            if len(self.chargers) != 1:
                raise ValueError(f"say which: {', '.join(self.chargers)} or all")
            words = [next(iter(self.chargers)), *line.split(maxsplit=1)]
        if len(words) < 2:
            raise ValueError("say what to do; try help")
        return await self.act(words[0], words[1], json.loads(words[2]) if len(words) > 2 else True)

    async def act(self, name: str, action: str, value: object = True) -> dict[str, Any]:
        """Do one action to one charge point, or to all. Raises ValueError."""
        if name != "all" and name not in self.chargers:
            raise ValueError(f"no charge point {name!r}; there are: {', '.join(self.chargers)}")
        for own_name, charger in self.chargers.items():
            if name in ("all", own_name):
                if action == "tag" and isinstance(charger, OcppCharger) and isinstance(value, str):
                    charger.client.present_tag(value)
                else:
                    await perform(charger, action, value)
        return {"chargers": self.status()}

    async def read_stdin(self) -> None:
        """Take orders from standard input until it ends, and print each answer as one JSON line."""
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            try:
                answer = await self.order(line.decode().strip())
            except ValueError as error:
                answer = {"error": str(error)}
            say(answer)

    async def serve(self, port: int) -> web.AppRunner:
        """Take orders over HTTP on loopback: GET /status, GET /actions, POST /{name}/{action} {"value": …}."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/status", self._get_status),
                web.get("/actions", self._get_actions),
                web.post("/speed", self._post_speed),
                web.post("/{name}/{action}", self._post_action),
            ]
        )
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        return runner

    async def _get_status(self, request: web.Request) -> web.Response:
        return web.json_response({"chargers": self.status()})

    async def _get_actions(self, request: web.Request) -> web.Response:
        return web.json_response({"actions": names(), "chargers": list(self.chargers)})

    async def _post_speed(self, request: web.Request) -> web.Response:
        try:
            self.clock.set_speed(float((await _body(request))["value"]))
        except (KeyError, TypeError, ValueError) as error:
            return _refusal(error)
        return web.json_response({"speed": self.clock.speed})

    async def _post_action(self, request: web.Request) -> web.Response:
        try:
            value = (await _body(request)).get("value", True)
            answer = await self.act(request.match_info["name"], request.match_info["action"], value)
        except ValueError as error:
            return _refusal(error)
        return web.json_response(answer)


def say(line: Mapping[str, Any]) -> None:
    """Print one JSON line at once."""
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


async def _body(request: web.Request) -> dict[str, Any]:
    if not request.can_read_body:
        return {}
    body = await request.json()
    if not isinstance(body, dict):
        raise TypeError("the body is not an object")
    return body


def _refusal(error: Exception) -> web.Response:
    return web.json_response({"error": str(error)}, status=400)
