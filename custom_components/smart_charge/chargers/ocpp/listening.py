"""An aiohttp server that lets no address hold more sockets, or dawdle longer, than is decent."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any, override

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from .inputs import Doorkeeper

MAX_HEADER_BYTES = 8190

type Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


class GuardedServer(web.Server):
    """Makes one guarded protocol for each connection."""

    def __init__(self, handler: Handler, doorkeeper: Doorkeeper, handshake_s: float, counts: Counter[str]) -> None:
        super().__init__(
            handler,
            access_log=None,
            lingering_time=0,
            keepalive_timeout=0,
            max_line_size=MAX_HEADER_BYTES,
            max_field_size=MAX_HEADER_BYTES,
        )
        self.doorkeeper = doorkeeper
        self.handshake_s = handshake_s
        self.counts = counts

    @override
    def __call__(self) -> RequestHandler:
        return _GuardedHandler(self, loop=asyncio.get_running_loop(), **self._kwargs)


class _GuardedHandler(RequestHandler):
    """Drops a connection that is one too many, or whose request is not complete in time."""

    __slots__ = ("_address", "_deadline", "_guard")

    def __init__(self, server: GuardedServer, *, loop: asyncio.AbstractEventLoop, **kwargs: Any) -> None:
        super().__init__(server, loop=loop, **kwargs)
        self._guard = server
        self._address: str | None = None
        self._deadline: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        address = str(peer[0]) if isinstance(peer, tuple) else ""
        super().connection_made(transport)
        if not self._guard.doorkeeper.enter(address):
            self._guard.counts["too_many_connections"] += 1
            self._abort()
            return
        self._address = address
        self._deadline = asyncio.get_running_loop().call_later(self._guard.handshake_s, self._drop_if_idle)

    @override
    def connection_lost(self, exc: BaseException | None) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
        if self._address is not None:
            self._guard.doorkeeper.leave(self._address)
            self._address = None
        super().connection_lost(exc)

    def _drop_if_idle(self) -> None:
        if self._current_request is None:
            self._guard.counts["slow_handshakes"] += 1
            self._abort()

    def _abort(self) -> None:
        transport = self.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()
