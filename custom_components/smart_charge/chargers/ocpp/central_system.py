"""Listen for charge points, let the right ones in, and hand each socket to its charger."""

import asyncio
from collections import Counter
from collections.abc import Callable
from ssl import SSLContext
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, hdrs, web

from ..charger import Clock
from . import schemas
from .admission import Admission, Door, Refused
from .connection import Connection
from .guest import Guest
from .handshake import as_spelt, choose_version
from .inputs import MAX_FRAME_BYTES, Doorkeeper
from .listening import GuardedServer
from .passwords import PasswordCheck
from .peers import Invitation, OnPeer, PeerKind, Telling, Verify
from .seats import Seats
from .timings import Timings

if TYPE_CHECKING:
    from .charger import OcppCharger


class CentralSystem:
    """The OCPP-J server of all charge points on one port."""

    def __init__(
        self,
        host: str | None,
        port: int,
        *,
        clock: Clock,
        ssl_context: SSLContext | None = None,
        on_peer: OnPeer,
        timings: Timings | None = None,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self._host = host
        self._wanted_port = port
        self._clock = clock
        self._ssl_context = ssl_context
        self._tell = Telling(on_peer)
        self._timings = timings or Timings()
        self._doorkeeper = Doorkeeper()
        passwords = PasswordCheck()
        self._seats = Seats(self._tell, passwords, self._timings)
        self._door = Door(self._seats, self._doorkeeper, passwords)
        self._open: set[Connection] = set()
        self._runner: web.ServerRunner | None = None
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on; the one asked for while it does not."""
        sockets = self._server.sockets if self._server is not None else ()
        return int(sockets[0].getsockname()[1]) if sockets else self._wanted_port

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken, or may not be used.
        """
        await asyncio.get_running_loop().run_in_executor(None, schemas.load)
        server = GuardedServer(self._receive, self._doorkeeper, self._timings.handshake_s, self.counts)
        runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=2)
        await runner.setup()
        listening = asyncio.ensure_future(self._listen(server))
        try:
            self._server = await asyncio.shield(listening)
        except OSError:
            await runner.cleanup()
            raise
        except asyncio.CancelledError:
            await asyncio.wait({listening})
            if listening.exception() is None:
                listening.result().close()
            await runner.cleanup()
            raise
        self._runner = runner

    async def _listen(self, server: GuardedServer) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            server,
            self._host,
            self._wanted_port,
            ssl=self._ssl_context,
            ssl_handshake_timeout=self._timings.handshake_s if self._ssl_context is not None else None,
        )

    async def stop(self) -> None:
        """Close the port and every link."""
        runner, self._runner = self._runner, None
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await asyncio.gather(*(connection.close(WSCloseCode.GOING_AWAY) for connection in list(self._open)))
        if runner is not None:
            await runner.cleanup()
        if server is not None:
            server.abort_clients()
        await self._seats.stop()

    def expect(self, charger: OcppCharger) -> Callable[[], None]:
        """Let this charge point in, now and whenever it calls: see ``Seats.expect``."""
        return self._seats.expect(charger)

    def invite(self, verify: Verify, charge_point_id: str | None = None) -> Invitation:
        """Let a charge point in that nobody expects yet: see ``Door.invite``."""
        return self._door.invite(verify, charge_point_id)

    # Before the upgrade

    async def _receive(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request: let a charge point in, or say why not."""
        try:
            return await self._upgrade(request, await self._door.admit(request))
        except Refused as refused:
            return self._refuse(request, refused)

    def _refuse(self, request: web.BaseRequest, refused: Refused) -> web.Response:
        """Say no, hang up, and tell whoever wants to know."""
        self.counts[refused.kind] += 1
        version = choose_version(request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL))
        self._tell(refused.kind, refused.charge_point_id, request.remote or "", version, refused.detail)
        response = web.Response(status=refused.status)
        response.force_close()
        if refused.status == 401:
            response.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="OCPP", charset="UTF-8"'
        if refused.wait_s > 0:
            response.headers[hdrs.RETRY_AFTER] = str(int(refused.wait_s) + 1)
        if refused.status == 426:
            response.headers[hdrs.UPGRADE] = "websocket"
        return response

    # After it

    async def _upgrade(self, request: web.BaseRequest, admission: Admission) -> web.StreamResponse:
        address = request.remote or ""
        seat = admission.seat
        if seat is not None and self._seats.is_conflict(seat, address):
            raise Refused(409, PeerKind.ID_CONFLICT, admission.charge_point_id)
        offered = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL)
        version = choose_version(offered)
        socket = web.WebSocketResponse(
            protocols=(as_spelt(offered, version),) if version else (),
            autoping=False,
            max_msg_size=MAX_FRAME_BYTES,
            timeout=2.0,
        )
        try:
            await socket.prepare(request)
        except web.HTTPException as err:
            detail = (err.text or "")[:100]
            raise Refused(err.status, PeerKind.BAD_HANDSHAKE, admission.charge_point_id, detail) from err
        except ConnectionError:
            self.counts["lost_in_handshake"] += 1
            return web.Response(status=400)  # to nobody: a socket that was not prepared cannot be returned
        if version is None:
            self.counts[PeerKind.NO_SUBPROTOCOL] += 1
            detail = request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL, "")[:100]
            self._tell(PeerKind.NO_SUBPROTOCOL, admission.charge_point_id, address, None, detail)
            await socket.close(code=WSCloseCode.PROTOCOL_ERROR, message=b"no common subprotocol")
            return socket
        await self._serve(socket, request, admission, version)
        return socket

    async def _serve(
        self, socket: web.WebSocketResponse, request: web.BaseRequest, admission: Admission, version: str
    ) -> None:
        connection = Connection(
            socket,
            charge_point_id=admission.charge_point_id,
            version=version,
            address=request.remote or "",
            timings=self._timings,
            transport=request.transport,
        )
        self._open.add(connection)
        self._tell(PeerKind.CONNECTED, admission.charge_point_id, connection.address, version)
        try:
            await self._seat(connection, admission)
            await connection.serve()
        finally:
            self._open.discard(connection)
            self._seats.leave(connection)
            self._tell(PeerKind.DISCONNECTED, admission.charge_point_id, connection.address, version)

    async def _seat(self, connection: Connection, admission: Admission) -> None:
        """Give the link to its charger, or keep it as a guest's."""
        if admission.seat is not None:
            await self._seats.seat(connection, admission.seat, admission.invitation)
            return
        guest = Guest(connection, self._clock, self._timings, admission.password)
        await self._seats.receive_guest(guest, admission.charge_point_id, admission.invitation)
