"""One websocket of an OCPP-J charge point: dial, frame, match answers to calls, dial again."""

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
import json
import socket
import ssl
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp

from .clock import WorldClock
from .ocpp_behaviour import Behaviour

_SUBPROTOCOL = "ocpp1.6"
_CALL, _RESULT, _ERROR = 2, 3, 4
_FIRST_WAIT_S, _LONGEST_WAIT_S = 1.0, 60.0
_FRAMES_KEPT = 5000

type Payload = dict[str, Any]


class LinkLost(Exception):
    """There is no connection, or it went away before the answer came."""


class CallRefused(Exception):
    """The peer answered a call with an error."""


class CallTimedOut(Exception):
    """The peer did not answer a call."""


UNANSWERED = (LinkLost, CallRefused, CallTimedOut)
"""Every way in which a call can end without a good answer."""


class NotUnderstood(Exception):
    """We answer a call with an error; ``code`` as OCPP-J 1.6 section 4.2.3 lists them."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(description or code)
        self.code = code


class NoAnswer(Exception):
    """We leave a call unanswered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to answer, and what to do once the answer is on the wire."""

    payload: Payload
    then: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Credentials:
    """Who calls: an id, and a password unless nobody asks for one."""

    charge_point_id: str
    password: str | None = None


class OcppLink:
    """Keeps a connection to one central system.

    ``frames`` holds what went over the wire: ("sent" or "received", the decoded frame or raw text).
    ``last_refusal`` tells why the latest attempt to connect failed, ``last_status`` its HTTP status.
    """

    def __init__(
        self,
        url: str,
        credentials: Credentials,
        *,
        clock: WorldClock,
        behaviour: Behaviour,
        on_call: Callable[[str, Payload], Answer],
        on_open: Callable[[], Awaitable[None]],
        on_lost: Callable[[], None],
        ssl_context: ssl.SSLContext | None = None,
        answer_within_s: float = 30.0,
    ) -> None:
        self.url = url
        self.credentials = credentials
        self.clock = clock
        self.behaviour = behaviour
        self.ssl_context = ssl_context
        self.answer_within_s = answer_within_s
        self.frames: deque[tuple[str, Any]] = deque(maxlen=_FRAMES_KEPT)
        self.attempts = 0
        self.connections = 0
        self.last_refusal: str | None = None
        self.last_status: int | None = None
        self.has_power = True
        self._has_network = True
        self._on_call = on_call
        self._on_open = on_open
        self._on_lost = on_lost
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._listening: asyncio.Task[None] | None = None
        self._abandoned: list[aiohttp.ClientWebSocketResponse] = []
        self._may_connect = asyncio.Event()
        self._may_connect.set()
        self._one_call = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[Payload]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def is_open(self) -> bool:
        """Whether there is a connection."""
        return self._socket is not None and not self._socket.closed

    @property
    def address(self) -> str:
        """The URL dialled, id included."""
        path = self.behaviour.dialled_id
        if path is None:
            path = quote(self.credentials.charge_point_id, safe="")
        prefix = f"{self.behaviour.path_prefix.strip('/')}/" if self.behaviour.path_prefix else ""
        return f"{self.url.rstrip('/')}/{prefix}{path}"

    # The connection

    async def run(self) -> None:
        """Dial until cancelled; the wait doubles after each failure."""
        wait_s = _FIRST_WAIT_S
        async with aiohttp.ClientSession() as session:
            try:
                while True:
                    await self._may_connect.wait()
                    is_good = await self._connect_and_listen(session)
                    wait_s = _FIRST_WAIT_S if is_good else wait_s
                    if self._may_connect.is_set():
                        await self.clock.sleep(wait_s)
                        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            finally:
                await self._put_away()

    def cut(self, *, is_mains: bool = False) -> None:
        """Lose the network, or the mains: the connection breaks without a word and none comes back."""
        if is_mains:
            self.has_power = False
        else:
            self._has_network = False
        self._may_connect.clear()
        self.drop()

    def restore(self, *, is_mains: bool = False) -> None:
        """Have the network, or the mains, back."""
        if is_mains:
            self.has_power = True
        else:
            self._has_network = True
        if self.has_power and self._has_network:
            self._may_connect.set()

    def drop(self) -> None:
        """Break the connection once, without a closing handshake; dialling goes on."""
        connection, self._socket = self._socket, None
        if connection is not None:
            plug = connection.get_extra_info("socket")
            if plug is not None:
                with suppress(OSError):
                    plug.shutdown(socket.SHUT_RDWR)
        self._fail_waiting()

    def abandon(self) -> None:
        """Leave the connection half open and silent, and dial another, as after a Wi-Fi change."""
        if self._socket is not None and self._listening is not None:
            self._abandoned.append(self._socket)
            self._listening.cancel()

    async def ping(self) -> None:
        """Send a websocket ping, if connected."""
        if self._socket is not None:
            with suppress(ConnectionError, aiohttp.ClientError):
                await self._socket.ping()

    async def _connect_and_listen(self, session: aiohttp.ClientSession) -> bool:
        """Return whether a connection came about."""
        connection = await self._connect(session)
        if connection is None:
            return False
        self._socket = connection
        self.connections += 1
        opened = self._spawn(self._on_open())
        self._listening = asyncio.ensure_future(self._listen(connection))
        try:
            await asyncio.wait([self._listening])
        finally:
            opened.cancel()
            self._listening.cancel()
            self._socket = None
            self._fail_waiting()
            self._on_lost()
            if connection not in self._abandoned:
                with suppress(ConnectionError, aiohttp.ClientError):
                    await connection.close()
        return True

    async def _connect(self, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse | None:
        self.attempts += 1
        self.last_status = None
        try:
            connection = await session.ws_connect(
                self.address,
                protocols=(_SUBPROTOCOL,) if self.behaviour.send_subprotocol else (),
                headers=self._headers(),
                ssl=self.ssl_context or True,
                autoping=False,
                max_msg_size=0,
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.last_refusal = str(error)
            self.last_status = error.status if isinstance(error, aiohttp.WSServerHandshakeError) else None
            return None
        if not self._may_connect.is_set():
            await connection.close()
            return None
        return connection

    async def _listen(self, connection: aiohttp.ClientWebSocketResponse) -> None:
        async for message in connection:
            if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                self._receive(message.data)
            elif message.type is aiohttp.WSMsgType.PING and self.behaviour.answers_pings:
                await connection.pong(message.data)

    def _headers(self) -> dict[str, str]:
        password = self.credentials.password
        if password is None:
            return {}
        secret = bytes.fromhex(password) if self.behaviour.sends_password_bytes else password.encode()
        user = self.behaviour.basic_user or self.credentials.charge_point_id
        return {"Authorization": "Basic " + b64encode(user.encode() + b":" + secret).decode()}

    async def _put_away(self) -> None:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for connection in self._abandoned:
            with suppress(ConnectionError, aiohttp.ClientError, TimeoutError):
                async with asyncio.timeout(1):
                    await connection.close()

    # Frames

    async def call(self, action: str, payload: Payload) -> Payload:
        """Send a call and return its answer.

        Raises:
            LinkLost, CallRefused, CallTimedOut: there was no good answer.
        """
        async with AsyncExitStack() as stack:
            if not self.behaviour.several_calls_at_once:
                await stack.enter_async_context(self._one_call)
            unique_id = str(uuid4())
            future: asyncio.Future[Payload] = asyncio.get_running_loop().create_future()
            self._waiting[unique_id] = future
            try:
                await self.send([_CALL, unique_id, action, payload])
                async with asyncio.timeout(self.answer_within_s):
                    return await future
            except TimeoutError as error:
                raise CallTimedOut(action) from error
            finally:
                self._waiting.pop(unique_id, None)

    async def send(self, frame: Any) -> None:
        """Put a frame, or any text, on the wire. Raises LinkLost."""
        connection = self._socket
        if connection is None or connection.closed:
            raise LinkLost
        text = frame if isinstance(frame, str) else json.dumps(frame)
        self.frames.append(("sent", frame))
        try:
            if self.behaviour.binary_frames:
                await connection.send_bytes(text.encode())
            else:
                await connection.send_str(text)
        except (ConnectionError, aiohttp.ClientError) as error:
            raise LinkLost from error

    def _receive(self, data: str | bytes) -> None:
        try:
            frame = json.loads(data)
        except ValueError:
            self.frames.append(("received", data))
            return
        self.frames.append(("received", frame))
        match frame:
            case [2, str(unique_id), str(action), dict(payload)]:
                self._spawn(self._answer(unique_id, action, payload))
            case [3, str(unique_id), dict(payload)] if unique_id in self._waiting:
                self._resolve(unique_id, payload)
            case [4, str(unique_id), str(code), *_] if unique_id in self._waiting:
                self._resolve(unique_id, CallRefused(code))

    def _resolve(self, unique_id: str, outcome: Payload | CallRefused) -> None:
        future = self._waiting[unique_id]
        if future.done():
            return
        if isinstance(outcome, CallRefused):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)

    async def _answer(self, unique_id: str, action: str, payload: Payload) -> None:
        with suppress(NoAnswer, *UNANSWERED):
            try:
                answer = self._on_call(action, payload)
            except NotUnderstood as error:
                await self.send([_ERROR, unique_id, error.code, str(error), {}])
                return
            if self.behaviour.answer_after_s:
                await asyncio.sleep(self.behaviour.answer_after_s)
            await self.send([_RESULT, unique_id, answer.payload])
            if answer.then is not None:
                await answer.then()

    def _spawn(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(_as_coroutine(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _fail_waiting(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LinkLost())


async def _as_coroutine(work: Awaitable[None]) -> None:
    await work
