"""Listen for charge points, let the right ones in, and hand each socket to its charger."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass, field
from functools import partial
import logging
from ssl import SSLContext
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, hdrs, web

from ..charger import Clock
from . import schemas
from .connection import Connection
from .guest import Guest
from .handshake import Credentials, choose_version, credentials_from, id_from_path, match
from .inputs import MAX_FRAME_BYTES, Doorkeeper
from .listening import GuardedServer
from .peers import Caller, Invitation, PeerEvent, PeerKind, Verify
from .timings import Timings
from .unit import Unit

if TYPE_CHECKING:
    from .charger import OcppCharger

LOGGER = logging.getLogger(__name__)

SWAPS_PER_MINUTE = 3
"""More swaps of one id's socket between two devices than this, and the newcomer is refused (quirk Q7)."""

PASSWORD_CHECKS_AT_ONCE = 2
"""A check is expensive by design; more at once would let strangers keep the processor busy."""

type OnPeer = Callable[[PeerEvent], None]


@dataclass(slots=True)
class _Seat:
    """One expected charge point, and the link it has."""

    unit: Unit
    connection: Connection | None = None
    swaps: deque[float] = field(default_factory=lambda: deque(maxlen=SWAPS_PER_MINUTE + 1))
    addresses: set[str] = field(default_factory=set)
    serials: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Admission:
    """Who may come in, after the password and before the upgrade."""

    charge_point_id: str | None
    seat: _Seat | None
    invitation: Invitation | None
    password: bytes | None = None


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
        self._on_peer = on_peer
        self._timings = timings or Timings()
        self._seats: dict[str, _Seat] = {}
        self._guests: dict[str, Guest] = {}
        self._invitations: list[Invitation] = []
        self._doorkeeper = Doorkeeper()
        self._checks = asyncio.Semaphore(PASSWORD_CHECKS_AT_ONCE)
        self._open: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
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
        listening = asyncio.ensure_future(self._listen(runner))
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

    async def _listen(self, runner: web.ServerRunner) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            runner.server,  # type: ignore[arg-type]
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
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def expect(self, charger: OcppCharger) -> Callable[[], None]:
        """Let this charge point in, now and whenever it calls; returns what ends that, and hangs up behind the last.

        Chargers of several connectors share one link. A link that an invitation let in is adopted.
        """
        name = charger.charge_point_id
        seat = self._seats.get(name)
        if seat is not None and seat.unit.has_connector(charger.connector_id) and seat.unit.is_single:
            self._vacate(name, seat)
            seat = None
        if seat is None:
            seat = self._seats[name] = _Seat(Unit(partial(self._tell_connector, name)))
        joining = seat.unit.add(charger)
        if joining is not None:
            self._spawn(joining)
        if (known := match(name, self._guests)) is not None:
            self._spawn(self._adopt(self._guests.pop(known), seat))

        return partial(self._release, name, seat, charger)

    def _release(self, name: str, seat: _Seat, charger: OcppCharger) -> None:
        """Expect one connector's charger no more."""
        if not seat.unit.holds(charger):
            return
        if seat.unit.is_single:
            self._vacate(name, seat)
        else:
            seat.unit.remove(charger)

    def _vacate(self, name: str, seat: _Seat) -> None:
        """Expect this charge point no more, and hang up."""
        if self._seats.get(name) is not seat:
            return
        del self._seats[name]
        if (connection := seat.connection) is not None:
            seat.unit.detach(connection)
            self._spawn(connection.close(WSCloseCode.GOING_AWAY))

    def _tell_connector(self, name: str, connector_id: int) -> None:
        """Tell of a connector that is there and not set up."""
        seat = self._seats.get(name)
        connection = seat.connection if seat is not None else None
        if connection is not None:
            self._tell(PeerKind.NEW_CONNECTOR, name, connection.address, connection.version, str(connector_id))

    def invite(self, verify: Verify, charge_point_id: str | None = None) -> Invitation:
        """Let a charge point in that nobody expects yet: the one named, or any with the right password."""
        invitation = Invitation(verify, charge_point_id, self._end_invitation)
        self._invitations.append(invitation)
        return invitation

    async def _adopt(self, guest: Guest, seat: _Seat) -> None:
        """Give an invited link to the charger that speaks for it, if it knew that charger's password too."""
        connection = guest.connection
        if not await self._is_right(seat.unit.verify, guest.password):
            self._tell(PeerKind.WRONG_PASSWORD, seat.unit.charge_point_id, connection.address, connection.version)
            await connection.close(WSCloseCode.POLICY_VIOLATION, "not your password")
            return
        await self._take_seat(seat, connection, guest)

    async def _take_seat(self, seat: _Seat, connection: Connection, guest: Guest | None = None) -> None:
        """Make this the charger's link. An older one is hung up (quirk Q6); so is one that comes too late."""
        if self._seats.get(seat.unit.charge_point_id) is not seat or not connection.is_open:
            await connection.close(WSCloseCode.GOING_AWAY)
            return
        old, seat.connection = seat.connection, connection
        if old is not None:
            seat.unit.detach(old)
            self._spawn(old.close(WSCloseCode.GOING_AWAY, "a newer connection"))
        await seat.unit.attach(connection, guest)

    def _end_invitation(self, invitation: Invitation) -> None:
        if invitation in self._invitations:
            self._invitations.remove(invitation)

    def _spawn(self, work: Awaitable[object]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # Before the upgrade

    async def _receive(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer one HTTP request: let a charge point in, or say why not."""
        address = request.remote or ""
        raw_id = id_from_path(request.raw_path)
        wait = self._doorkeeper.knock(address, asyncio.get_running_loop().time())
        if wait > 0:
            return self._refuse(429, PeerKind.TOO_MANY_ATTEMPTS, raw_id, request, wait_s=wait)
        if request.headers.get(hdrs.UPGRADE, "").strip().lower() != "websocket":
            return self._refuse(426, PeerKind.BAD_HANDSHAKE, raw_id, request, "not a WebSocket request")
        admission = await self._admit(request, raw_id)
        if isinstance(admission, web.Response):
            return admission
        return await self._upgrade(request, admission)

    async def _admit(self, request: web.BaseRequest, path_id: str | None) -> _Admission | web.Response:
        """Match the call to a charge point that is expected or invited, and check its password."""
        credentials = credentials_from(request.headers.get(hdrs.AUTHORIZATION), path_id)
        name = path_id if path_id is not None else self._id_without_path(credentials)
        seat_id = match(name, self._seats) if name else None
        seat = self._seats[seat_id] if seat_id is not None else None
        invitations = self._invitations_for(name) if seat is None or name else []
        if seat is not None:
            invitations = [item for item in invitations if item.charge_point_id is not None]
        if name == "" or (seat is None and not invitations):
            return self._refuse(404, PeerKind.UNKNOWN, name or None, request)
        key = (seat_id or name or "").casefold()
        return await self._check(request, _Admission(seat_id or name, seat, None), invitations, credentials, key)

    def _id_without_path(self, credentials: Credentials | None) -> str | None:
        """Who calls without an id in the path: the Basic user, else the only one that is expected (quirk Q1)."""
        if credentials is not None and credentials.user:
            return credentials.user
        waiting = [name for name, seat in self._seats.items() if seat.connection is None]
        return waiting[0] if len(waiting) == 1 and not self._invitations else None

    def _invitations_for(self, name: str | None) -> list[Invitation]:
        return [
            item
            for item in self._invitations
            if item.charge_point_id is None or (name is not None and match(name, [item.charge_point_id]) is not None)
        ]

    async def _check(
        self,
        request: web.BaseRequest,
        admission: _Admission,
        invitations: list[Invitation],
        credentials: Credentials | None,
        key: str,
    ) -> _Admission | web.Response:
        """Check the password against whoever may let this id in, not more often than is decent."""
        address = request.remote or ""
        now = asyncio.get_running_loop().time()
        if (banned := self._banned_for(address, key, invitations, now)) > 0:
            return self._refuse(429, PeerKind.TOO_MANY_ATTEMPTS, admission.charge_point_id, request, wait_s=banned)
        password = credentials.password if credentials is not None else None
        admission.password = password
        if admission.seat is not None and await self._is_right(admission.seat.unit.verify, password):
            admission.invitation = next(iter(invitations), None)
            self._doorkeeper.succeeded(address, key)
            return admission
        for invitation in invitations:
            name = admission.charge_point_id or ""
            if await self._is_right(partial(invitation.verify, name), password or b""):
                admission.invitation = invitation
                self._doorkeeper.succeeded(address, key)
                return admission
        if password is not None:
            self._doorkeeper.failed(address, key, now)
            if invitations and key != Doorkeeper.ANYBODY:
                self._doorkeeper.failed(address, Doorkeeper.ANYBODY, now)
        detail = "no password" if password is None else None
        return self._refuse(401, PeerKind.WRONG_PASSWORD, admission.charge_point_id, request, detail)

    def _banned_for(self, address: str, key: str, invitations: list[Invitation], now: float) -> float:
        keys = {key, Doorkeeper.ANYBODY} if any(item.charge_point_id is None for item in invitations) else {key}
        return max(self._doorkeeper.banned_for(address, item, now) for item in keys)

    async def _is_right(self, verify: Callable[[bytes], Awaitable[bool]] | None, password: bytes | None) -> bool:
        if verify is None:
            return True
        if password is None:
            return False
        async with self._checks:
            return await verify(password)

    def _refuse(
        self,
        status: int,
        kind: PeerKind,
        charge_point_id: str | None,
        request: web.BaseRequest,
        detail: str | None = None,
        *,
        wait_s: float = 0,
    ) -> web.Response:
        """Say no, hang up, and tell whoever wants to know."""
        self.counts[kind] += 1
        version = choose_version(request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL))
        self._tell(kind, charge_point_id, request.remote or "", version, detail)
        response = web.Response(status=status)
        response.force_close()
        if status == 401:
            response.headers[hdrs.WWW_AUTHENTICATE] = 'Basic realm="OCPP", charset="UTF-8"'
        if wait_s > 0:
            response.headers[hdrs.RETRY_AFTER] = str(int(wait_s) + 1)
        if status == 426:
            response.headers[hdrs.UPGRADE] = "websocket"
        return response

    def _tell(
        self, kind: PeerKind, charge_point_id: str | None, address: str, version: str | None, detail: str | None = None
    ) -> None:
        name = charge_point_id[:48] if charge_point_id else None
        event = PeerEvent(kind=kind, charge_point_id=name, address=address, version=version, detail=detail)
        try:
            self._on_peer(event)
        except Exception:
            LOGGER.exception("Telling of a peer failed")

    # After it

    async def _upgrade(self, request: web.BaseRequest, admission: _Admission) -> web.StreamResponse:
        address = request.remote or ""
        seat = admission.seat
        if seat is not None and self._is_conflict(seat, address):
            return self._refuse(409, PeerKind.ID_CONFLICT, admission.charge_point_id, request)
        version = choose_version(request.headers.get(hdrs.SEC_WEBSOCKET_PROTOCOL))
        socket = web.WebSocketResponse(
            protocols=(version,) if version else (), autoping=False, max_msg_size=MAX_FRAME_BYTES, timeout=2.0
        )
        try:
            await socket.prepare(request)
        except web.HTTPException as err:
            return self._refuse(
                err.status, PeerKind.BAD_HANDSHAKE, admission.charge_point_id, request, (err.text or "")[:100]
            )
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

    def _is_conflict(self, seat: _Seat, address: str) -> bool:
        """Tell whether two devices push each other out: the first then keeps the id until it leaves."""
        old = seat.connection
        if old is None or not old.is_open:
            return False
        now = asyncio.get_running_loop().time()
        while seat.swaps and seat.swaps[0] < now - 60:
            seat.swaps.popleft()
        if not seat.swaps:
            seat.addresses.clear()
            seat.serials.clear()
        seat.addresses |= {old.address, address}
        if (serial := seat.unit.identity.serial) is not None:
            seat.serials.add(serial)
        if len(seat.swaps) >= SWAPS_PER_MINUTE and (len(seat.addresses) > 1 or len(seat.serials) > 1):
            return True
        seat.swaps.append(now)
        return False

    async def _serve(
        self, socket: web.WebSocketResponse, request: web.BaseRequest, admission: _Admission, version: str
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
            self._leave(connection)
            self._tell(PeerKind.DISCONNECTED, admission.charge_point_id, connection.address, version)

    async def _seat(self, connection: Connection, admission: _Admission) -> None:
        """Give the link to its charger, or keep it as a guest's."""
        seat = admission.seat
        if seat is None:
            guest = Guest(connection, self._clock, self._timings, admission.password)
            connection.open_gate(is_open=False)
            await connection.answer_with(guest.answer)
            self._spawn(self._welcome(guest, admission))
            return
        await self._take_seat(seat, connection)
        if admission.invitation is not None:
            name = seat.unit.charge_point_id
            caller = Caller(
                charge_point_id=name,
                version=connection.version,
                address=connection.address,
                identity=seat.unit.identity,
            )
            admission.invitation.came(caller)

    async def _welcome(self, guest: Guest, admission: _Admission) -> None:
        """Tell the invitation who called, and keep the link until somebody expects it."""
        connection = guest.connection
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timings.boot_wait_s):
                await guest.booted.wait()
        name = admission.charge_point_id or (guest.identity.serial if guest.identity else None)
        if name is None or not connection.is_open:
            await connection.close(WSCloseCode.POLICY_VIOLATION, "who are you?")
            return
        connection.charge_point_id = name
        if (seat := self._seats.get(name)) is not None:
            await self._adopt(guest, seat)
            return
        if (older := self._guests.pop(name, None)) is not None:
            await older.connection.close(WSCloseCode.GOING_AWAY, "a newer connection")
        self._guests[name] = guest
        if admission.invitation is not None:
            caller = Caller(
                charge_point_id=name, version=connection.version, address=connection.address, identity=guest.identity
            )
            admission.invitation.came(caller)
            await admission.invitation.ended.wait()
        await asyncio.sleep(self._timings.guest_s)
        if self._guests.get(name) is guest:
            del self._guests[name]
            await connection.close(WSCloseCode.GOING_AWAY, "nobody expects you")

    def _leave(self, connection: Connection) -> None:
        """Forget a link that has closed. The late end of an old one does not touch the newer one (quirk Q6)."""
        for seat in self._seats.values():
            if seat.connection is connection:
                seat.connection = None
                seat.unit.detach(connection)
        for name, guest in list(self._guests.items()):
            if guest.connection is connection:
                del self._guests[name]
