"""A bare central system: answers what must be answered and keeps everything that came."""

import asyncio
from collections.abc import Callable
from contextlib import asynccontextmanager
import json
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web


class BareCentralSystem:
    def __init__(self) -> None:
        self.handshakes: list[web.Request] = []
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.raw: list[Any] = []
        self.binary_frames = 0
        self.closings: list[int | None] = []
        self.next_transaction = 100
        self.tag_status = "Accepted"
        self.boot_status = "Accepted"
        self.refuse_with: int | None = None
        self.forget_answers_to: set[str] = set()
        self.port = 0
        self._peer: web.WebSocketResponse | None = None
        self._peers: list[web.WebSocketResponse] = []
        self._waiting: dict[str, asyncio.Future[Any]] = {}
        self._news = asyncio.Event()

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"

    @property
    def open_sockets(self) -> int:
        return sum(not peer.closed for peer in self._peers)

    def of(self, action: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.calls if name == action]

    def statuses(self, connector_id: int = 1) -> list[str]:
        return [call["status"] for call in self.of("StatusNotification") if call["connectorId"] == connector_id]

    async def until(self, is_true: Callable[[], Any], within_s: float = 60) -> None:
        async with asyncio.timeout(within_s):
            while not is_true():
                self._news.clear()
                try:
                    async with asyncio.timeout(0.02):
                        await self._news.wait()
                except TimeoutError:
                    continue

    async def call(self, action: str, within_s: float = 60, **payload: Any) -> Any:
        """Returns the payload of the answer, or the list of an error."""
        assert self._peer is not None
        unique_id = str(uuid4())
        future = asyncio.get_running_loop().create_future()
        self._waiting[unique_id] = future
        await self._peer.send_str(json.dumps([2, unique_id, action, payload]))
        async with asyncio.timeout(within_s):
            return await future

    async def hang_up(self) -> None:
        assert self._peer is not None
        await self._peer.close()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.handshakes.append(request)
        if self.refuse_with is not None:
            return web.Response(status=self.refuse_with)
        peer = web.WebSocketResponse(protocols=("ocpp1.6",))
        await peer.prepare(request)
        self._peer = peer
        self._peers.append(peer)
        async for message in peer:
            self.binary_frames += message.type is WSMsgType.BINARY
            await self._take(peer, message.data)
            self._news.set()
        self.closings.append(peer.close_code)
        return peer

    async def _take(self, peer: web.WebSocketResponse, data: str | bytes) -> None:
        try:
            frame = json.loads(data)
        except ValueError:
            self.raw.append(data)
            return
        if frame[0] == 2:
            self.calls.append((frame[2], frame[3]))
            if frame[2] not in self.forget_answers_to:
                await peer.send_str(json.dumps([3, frame[1], self._answer(frame[2])]))
        elif frame[1] in self._waiting:
            self._waiting.pop(frame[1]).set_result(frame[2] if frame[0] == 3 else frame)

    def _answer(self, action: str) -> dict[str, Any]:
        match action:
            case "BootNotification":
                return {"currentTime": "2026-11-21T00:00:00Z", "interval": 300, "status": self.boot_status}
            case "StartTransaction":
                self.next_transaction += 1
                return {"transactionId": self.next_transaction, "idTagInfo": {"status": self.tag_status}}
            case "Authorize":
                return {"idTagInfo": {"status": self.tag_status}}
            case "Heartbeat":
                return {"currentTime": "2026-11-21T00:00:00Z"}
        return {}


@asynccontextmanager
async def running_central_system(ssl_context=None):
    central = BareCentralSystem()
    app = web.Application()
    app.router.add_get("/{path:.*}", central.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl_context)
    await site.start()
    central.port = runner.addresses[0][1]
    try:
        yield central
    finally:
        await runner.cleanup()
