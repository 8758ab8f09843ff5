"""Home Assistant's API, as far as the demo uses it: what a browser would send."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from os.path import commonprefix
import time
from typing import Any

import aiohttp

type Json = dict[str, Any]


class ApiError(Exception):
    """Home Assistant answered with an error."""


class Client:
    """One owner's connection to one Home Assistant."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._ids = count(1)

    @classmethod
    @asynccontextmanager
    async def connect(cls, url: str, token: str) -> AsyncIterator[Client]:
        """Provide a client with the owner's rights."""
        headers = {"Authorization": f"Bearer {token}"}
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=60)) as session:
            yield cls(session, url)

    async def request(self, method: str, path: str, body: Json | None = None) -> Any:
        """Send one request to the REST API and return its JSON.

        Raises:
            ApiError: with what Home Assistant said.
        """
        async with self._session.request(method, f"{self._url}/api/{path}", json=body) as response:
            if response.status >= 400:
                raise ApiError(f"{method} {path}: {response.status} {(await response.text())[:500]}")
            return await response.json()

    async def command(self, **message: Any) -> Any:
        """Send one command over the WebSocket API and return its result."""
        async with self._session.ws_connect(f"{self._url.replace('http', 'ws', 1)}/api/websocket") as socket:
            await socket.receive_json()
            token = self._session.headers["Authorization"].removeprefix("Bearer ")
            await socket.send_json({"type": "auth", "access_token": token})
            await socket.receive_json()
            await socket.send_json({"id": next(self._ids), **message})
            answer = await socket.receive_json()
        if not answer.get("success"):
            raise ApiError(f"{message['type']}: {answer}")
        return answer["result"]

    async def wait_until_running(self, within_s: float) -> float:
        """Wait for Home Assistant to have started; return how many seconds that took.

        Raises:
            TimeoutError: it did not start in time.
        """
        started = time.monotonic()
        async with asyncio.timeout(within_s):
            while True:
                try:
                    if (await self.request("GET", "config"))["state"] == "RUNNING":
                        return time.monotonic() - started
                except aiohttp.ClientError, ApiError:
                    pass  # not listening yet
                await asyncio.sleep(0.2)

    async def state(self, entity_id: str) -> Json:
        """Return one entity's state with its attributes."""
        state: Json = await self.request("GET", f"states/{entity_id}")
        return state

    async def act(self, action: str, entity_id: str, **data: Any) -> None:
        """Perform an action such as ``switch.turn_on`` on one entity."""
        await self.request("POST", f"services/{action.replace('.', '/')}", {"entity_id": entity_id, **data})

    async def entities(self) -> dict[str, dict[tuple[str, str], str]]:
        """Return, for each config entry, the ids of our enabled entities by platform and key."""
        ours: dict[str, list[Json]] = {}
        for entity in await self.command(type="config/entity_registry/list"):
            if entity["platform"] == "smart_charge" and entity["disabled_by"] is None:
                ours.setdefault(entity["config_entry_id"], []).append(entity)
        return {entry_id: _by_key(entities) for entry_id, entities in ours.items()}


def _by_key(entities: list[Json]) -> dict[tuple[str, str], str]:
    """Entity ids by platform and by what of their unique ids follows that of the charge point."""
    prefix = len(commonprefix([entity["unique_id"] for entity in entities]))  # noqa: RUF071  not a path
    return {
        (entity["entity_id"].partition(".")[0], entity["unique_id"][prefix:]): entity["entity_id"]
        for entity in entities
    }
