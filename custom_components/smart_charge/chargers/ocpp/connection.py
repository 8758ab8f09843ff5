"""One socket to one charge point: frames, and our answers to what it asks."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from functools import partial
import logging

from aiohttp import WSCloseCode, WSMsgType, web

from ..charger import ChargerUnreachable
from . import frames, schemas
from .calls import Calls, Priority
from .frames import Call, CallError, CallFault, CallResult, Code, FrameError, Payload
from .inputs import MESSAGES_PER_S, Bucket
from .liveness import Liveness
from .timings import Timings

LOGGER = logging.getLogger(__name__)

TRANSACTION_MESSAGES = frozenset({"StartTransaction", "StopTransaction", "MeterValues"})
"""Never answered with a CALLERROR: the charge point would repeat them for ever, or drop the session."""

MAX_HELD = 200

type Answer = Callable[[str, Payload], Awaitable[Payload | None]]
"""Turns a call from the charge point into our answer; None keeps it for whoever answers next.

Raises CallFault to refuse it. Never waits for the charge point.
"""


class Connection:
    """Speaks OCPP-J over an upgraded socket until either side closes it."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        *,
        charge_point_id: str | None,
        version: str,
        address: str,
        timings: Timings,
        transport: asyncio.WriteTransport | None = None,
    ) -> None:
        self.charge_point_id = charge_point_id
        self.version = version
        self.address = address
        self.counts: Counter[str] = Counter()
        self.answer: Answer | None = None
        self._socket = socket
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._calls = Calls(self._send, partial(self._give_up, "no answers"), timings=timings, count=self._count)
        self._liveness = Liveness(self._ping, partial(self._give_up, "silence"), timings=timings, count=self._count)
        self._held: deque[Call] = deque(maxlen=MAX_HELD)
        self._bucket = Bucket(MESSAGES_PER_S, MESSAGES_PER_S, self._loop.time())
        self._is_open = True
        self._closing: asyncio.Task[None] | None = None

    def _count(self, word: str) -> None:
        self.counts[word] += 1

    @property
    def on_late(self) -> list[Callable[[str], None]]:
        """Who hears of an answer that nobody waits for any more: to which action."""
        return self._calls.on_late

    @property
    def is_open(self) -> bool:
        """Whether anything can still be sent."""
        return self._is_open and not self._socket.closed

    async def serve(self) -> None:
        """Read and write until the socket closes."""
        helpers = [asyncio.create_task(self._calls.keep_sending()), asyncio.create_task(self._liveness.keep())]
        try:
            await self._read()
        finally:
            self._is_open = False
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._calls.fail_all()

    def open_gate(self, *, is_open: bool = True) -> None:
        """Let our calls out, or hold them back while the charge point digests its boot."""
        if is_open:
            self._calls.gate.set()
        else:
            self._calls.gate.clear()

    async def answer_with(self, answer: Answer) -> None:
        """Let ``answer`` speak for us from now on, first to the calls that were kept."""
        self.answer = answer
        while self._held:
            await self._answer(self._held.popleft())

    async def call(self, action: str, payload: Payload, *, priority: Priority = Priority.SETTINGS) -> Payload:
        """Ask the charge point, and wait for its answer. Our calls go one at a time, by priority.

        Raises:
            ValueError: ``payload`` is not what the schema of ``action`` asks for.
            ChargerError: no link, no answer, refused, or an answer that is no object.
        """
        if (wrong := schemas.complaint(action, payload)) is not None:
            raise ValueError(wrong)
        if not self.is_open:
            raise ChargerUnreachable("the charge point is not connected")
        return await self._calls.call(action, payload, priority)

    async def close(self, code: int = WSCloseCode.OK, reason: str = "") -> None:
        """Close the socket, whether or not the other side still answers."""
        self._is_open = False
        try:
            async with asyncio.timeout(2):
                await self._socket.close(code=code, message=reason.encode()[:120])
        except TimeoutError:
            self.counts["close_timed_out"] += 1
        finally:
            if self._transport is not None:
                self._transport.abort()
            self._calls.fail_all()

    # Reading

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            self._liveness.heard()
            if (wait := self._bucket.take(self._loop.time())) > 0:
                self.counts["throttled"] += 1
                await asyncio.sleep(wait)
            match message.type:
                case WSMsgType.TEXT:
                    await self._take(message.data)
                case WSMsgType.BINARY:
                    self.counts["binary_frames"] += 1
                    await self._take(message.data)
                case WSMsgType.PING:
                    await self._socket.pong(message.data)
                case WSMsgType.PONG:
                    self._liveness.ponged()
                case WSMsgType.ERROR:
                    self.counts["broken_frames"] += 1
                    return
                case _:
                    return

    async def _take(self, text: str | bytes) -> None:
        try:
            frame = frames.parse(text)
        except FrameError as err:
            self.counts[err.kind] += 1
            if err.id is not None:
                await self._send(frames.dump_error(err.id, Code.FORMATION_VIOLATION, err.kind))
            return
        match frame:
            case Call():
                await self._answer(frame)
            case CallResult() | CallError():
                self._calls.settle(frame)

    async def _answer(self, call: Call) -> None:
        if self.answer is None:
            self._held.append(call)
            return
        if schemas.complaint(call.action, call.payload) is not None:
            self.counts[f"odd_{call.action}" if call.action in schemas.load() else "unknown_action"] += 1
        try:
            payload = await self.answer(call.action, call.payload)
        except CallFault as fault:
            await self._send(frames.dump_error(call.id, fault.code, fault.description))
        except Exception:
            self.counts["handler_failures"] += 1
            LOGGER.exception("Our handler of %s failed", call.action[:50])
            await self._send_failure(call)
        else:
            if payload is None:
                self._held.append(call)
            else:
                await self._send(frames.dump_result(call.id, payload))

    async def _send_failure(self, call: Call) -> None:
        """Answer what our own fault kept us from answering. No answer at all makes it come again."""
        if call.action not in TRANSACTION_MESSAGES:
            await self._send(frames.dump_error(call.id, Code.INTERNAL_ERROR, "internal error"))
        elif call.action != "StartTransaction":
            await self._send(frames.dump_result(call.id, {}))

    # Writing

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send_str(text)
        except ConnectionError, RuntimeError:
            self.counts["unsent"] += 1

    async def _ping(self) -> None:
        try:
            await self._socket.ping()
        except ConnectionError, RuntimeError:
            self.counts["unsent"] += 1

    def _give_up(self, reason: str) -> None:
        self._closing = asyncio.create_task(self.close(WSCloseCode.GOING_AWAY, reason))
