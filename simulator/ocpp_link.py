"""One websocket of an OCPP-J charge point: dial, frame, match answers to calls, dial again."""

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
import json
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


class NotUnderstood(Exception):
    """We answer a call with an error; ``code`` as OCPP-J 1.6 section 4.2.3 lists them."""

    def __init__(self, code: str, description: str = "") -> None:
        super().__init__(description or code)
        self.code = code


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
        self.last_refusal: str | None = None
        self._on_call = on_call
        self._on_open = on_open
        self._on_lost = on_lost
        self._socket: aiohttp.ClientWebSocketResponse | None = None
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

    async def run(self) -> None:
        """Dial until cancelled; the wait doubles after each failure."""
        wait_s = _FIRST_WAIT_S
        async with aiohttp.ClientSession() as session:
            try:
                while True:
                    await self._may_connect.wait()
                    if await self._connect_and_listen(session):
                        wait_s = _FIRST_WAIT_S
                    if self._may_connect.is_set():
                        await self.clock.sleep(wait_s)
                        wait_s = min(2 * wait_s, _LONGEST_WAIT_S)
            finally:
                await self._cancel_tasks()
                await self.close()

    async def close(self) -> None:
        """End the connection politely."""
        connection, self._socket = self._socket, None
        if connection is not None and not connection.closed:
            await connection.close()

    def cut(self) -> None:
        """Lose the network: the connection breaks without a word and none comes back."""
        self._may_connect.clear()
        self.drop()

    def restore(self) -> None:
        """Have the network back."""
        self._may_connect.set()

    def drop(self) -> None:
        """Break the connection once; dialling goes on."""
        connection, self._socket = self._socket, None
        if connection is not None:
            transport = connection.get_extra_info("socket") and connection._writer.transport  # noqa: SLF001
            if transport:
                transport.abort()
        self._fail_waiting()

    async def call(self, action: str, payload: Payload) -> Payload:
        """Send a call and return its answer.

        Raises:
            LinkLost, CallRefused, CallTimedOut: there was no good answer.
        """
        async with self._one_call:
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

    async def _connect_and_listen(self, session: aiohttp.ClientSession) -> bool:
        """Return whether a connection came about."""
        self.attempts += 1
        try:
            connection = await session.ws_connect(
                self.address,
                protocols=(_SUBPROTOCOL,) if self.behaviour.send_subprotocol else (),
                headers=self._headers(),
                ssl=self.ssl_context or True,
                autoping=True,
                max_msg_size=0,
            )
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.last_refusal = str(error)
            return False
        if not self._may_connect.is_set():
            await connection.close()
            return True
        self._socket = connection
        opened = self._spawn(self._on_open())
        try:
            async for message in connection:
                if message.type in (aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY):
                    self._receive(message.data)
        finally:
            opened.cancel()
            if self._socket is connection:
                self._socket = None
            self._fail_waiting()
            with suppress(ConnectionError, aiohttp.ClientError):
                await connection.close()
            self._on_lost()
        return True

    def _headers(self) -> dict[str, str]:
        password = self.credentials.password
        if password is None:
            return {}
        secret = bytes.fromhex(password) if self.behaviour.sends_password_bytes else password.encode()
        user = self.behaviour.basic_user or self.credentials.charge_point_id
        return {"Authorization": "Basic " + b64encode(user.encode() + b":" + secret).decode()}

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
            case [3, str(unique_id), dict(payload)]:
                future = self._waiting.get(unique_id)
                if future is not None and not future.done():
                    future.set_result(payload)
            case [4, str(unique_id), str(code), *_]:
                future = self._waiting.get(unique_id)
                if future is not None and not future.done():
                    future.set_exception(CallRefused(code))

    async def _answer(self, unique_id: str, action: str, payload: Payload) -> None:
        if self.behaviour.never_answers:
            return
        if self.behaviour.answer_after_s:
            await asyncio.sleep(self.behaviour.answer_after_s)
        with suppress(LinkLost):
            try:
                answer = self._on_call(action, payload)
            except NotUnderstood as error:
                await self.send([_ERROR, unique_id, error.code, str(error), {}])
                return
            await self.send([_RESULT, unique_id, answer.payload])
            if answer.then is not None:
                await answer.then()

    def _spawn(self, coroutine: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _cancel_tasks(self) -> None:
        tasks = [task for task in self._tasks if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _fail_waiting(self) -> None:
        for future in self._waiting.values():
            if not future.done():
                future.set_exception(LinkLost())
