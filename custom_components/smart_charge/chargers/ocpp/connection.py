"""One socket to one charge point: frames, calls in both directions, and whether it is still alive."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
import itertools
import logging
from uuid import uuid4

from aiohttp import WSCloseCode, WSMsgType, web

from ..charger import ChargerMisunderstood, ChargerRefused, ChargerTimedOut, ChargerUnreachable
from . import frames, schemas
from .frames import Call, CallError, CallFault, CallResult, Code, FrameError, Payload
from .inputs import MESSAGES_PER_S, Bucket
from .timings import Timings

LOGGER = logging.getLogger(__name__)

SLOW = frozenset({"GetConfiguration", "GetLog", "GetDiagnostics", "SendLocalList"})
TRANSACTION_MESSAGES = frozenset({"StartTransaction", "StopTransaction", "MeterValues"})
"""Never answered with a CALLERROR: the charge point would repeat them for ever, or drop the session."""

TIME_OUTS_BEFORE_PROBE = 3
PROBE = "probe"
MAX_HELD = 200

type Answer = Callable[[str, Payload], Awaitable[Payload | None]]
"""Turns a call from the charge point into our answer; None keeps it for whoever answers next.

Raises CallFault to refuse it. Never waits for the charge point.
"""


class Priority(IntEnum):
    """Which of our calls goes first."""

    SETPOINT = 0
    OWNER = 1
    SETTINGS = 2
    PROBING = 3


class CallRefused(ChargerRefused):
    """The charge point answered a call with a CALLERROR."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}" if description else code)
        self.code = code
        self.description = description


@dataclass(order=True, slots=True)
class _Outgoing:
    priority: int
    number: int
    id: str = field(compare=False)
    action: str = field(compare=False)
    payload: Payload = field(compare=False)
    text: str = field(compare=False)
    timeout_s: float = field(compare=False)
    answered: asyncio.Future[Payload] = field(compare=False)


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
        counts: Counter[str] | None = None,
        transport: asyncio.WriteTransport | None = None,
    ) -> None:
        self.charge_point_id = charge_point_id
        self.version = version
        self.address = address
        self.counts: Counter[str] = Counter() if counts is None else counts
        self.answer: Answer | None = None
        self.on_late: list[Callable[[str, Payload, Payload], None]] = []
        self._socket = socket
        self._transport = transport
        self._timings = timings
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count()
        self._queue: asyncio.PriorityQueue[_Outgoing] = asyncio.PriorityQueue()
        self._gate = asyncio.Event()
        self._waiting: dict[str, _Outgoing] = {}
        self._late: OrderedDict[str, tuple[float, _Outgoing]] = OrderedDict()
        self._held: deque[Call] = deque(maxlen=MAX_HELD)
        self._time_outs = 0
        self._heard_at = self._loop.time()
        self._pings = False
        self._has_ponged = False
        self._bucket = Bucket(MESSAGES_PER_S, MESSAGES_PER_S, self._heard_at)
        self._is_open = True
        self._closing: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything can still be sent."""
        return self._is_open and not self._socket.closed

    async def serve(self) -> None:
        """Read and write until the socket closes."""
        helpers = [asyncio.create_task(self._send_calls()), asyncio.create_task(self._watch())]
        try:
            await self._read()
        finally:
            self._is_open = False
            for helper in helpers:
                helper.cancel()
            await asyncio.gather(*helpers, return_exceptions=True)
            self._fail_all()

    def open_gate(self, *, is_open: bool = True) -> None:
        """Let our calls out, or hold them back while the charge point digests its boot."""
        if is_open:
            self._gate.set()
        else:
            self._gate.clear()

    async def answer_with(self, answer: Answer) -> None:
        """Let ``answer`` speak for us from now on, first to the calls that were kept."""
        self.answer = answer
        while self._held:
            await self._answer(self._held.popleft())

    async def call(
        self, action: str, payload: Payload, *, priority: Priority = Priority.SETTINGS, timeout_s: float | None = None
    ) -> Payload:
        """Ask the charge point, and wait for its answer. Our calls go one at a time, by priority.

        Raises:
            ValueError: ``payload`` is not what the schema of ``action`` asks for.
            ChargerError: no link, no answer, refused, or an answer that is no object.
        """
        call_id = str(uuid4())
        if (wrong := schemas.complaint(action, payload)) is not None:
            raise ValueError(wrong)
        text = frames.dump_call(call_id, action, payload)
        if not self.is_open:
            raise ChargerUnreachable("the charge point is not connected")
        if timeout_s is None:
            timeout_s = self._timings.slow_call_s if action in SLOW else self._timings.call_s
        answered: asyncio.Future[Payload] = self._loop.create_future()
        outgoing = _Outgoing(priority, next(self._numbers), call_id, action, payload, text, timeout_s, answered)
        self._queue.put_nowait(outgoing)
        return await outgoing.answered

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
            self._fail_all()

    def _fail_all(self) -> None:
        """Tell everybody who waits that the link is gone."""
        pending = list(self._waiting.values())
        self._waiting.clear()
        while not self._queue.empty():
            pending.append(self._queue.get_nowait())
        for outgoing in pending:
            if not outgoing.answered.done():
                outgoing.answered.set_exception(ChargerUnreachable("the charge point hung up"))
                outgoing.answered.exception()  # whoever waits still gets it; nobody waiting is no error

    # Reading

    async def _read(self) -> None:
        while True:
            message = await self._socket.receive()
            now = self._loop.time()
            self._heard_at = now
            if (wait := self._bucket.take(now)) > 0:
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
                    self._has_ponged = True
                    self._pings = False
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
                self._settle(frame)

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

    def _settle(self, frame: CallResult | CallError) -> None:
        """Take an answer: to the call that waits for it, or to one that no longer does."""
        key = str(frame.id)
        if (outgoing := self._waiting.pop(key, None)) is None:
            self._settle_late(key, frame)
            return
        self._time_outs = 0
        if outgoing.answered.done():
            return
        if isinstance(frame, CallError):
            self.counts["call_errors"] += 1
            outgoing.answered.set_exception(CallRefused(frame.code, frame.description))
        elif not isinstance(frame.payload, dict):
            self.counts["odd_answers"] += 1
            outgoing.answered.set_exception(ChargerMisunderstood(f"the answer to {outgoing.action} is no object"))
        else:
            if schemas.complaint(f"{outgoing.action}Response", frame.payload) is not None:
                self.counts[f"odd_{outgoing.action}Response"] += 1
            outgoing.answered.set_result(frame.payload)

    def _settle_late(self, key: str, frame: CallResult | CallError) -> None:
        late = self._late.pop(key, None)
        if late is None:
            self.counts["answers_to_nothing"] += 1
            return
        self._time_outs = 0
        self.counts["late_answers"] += 1
        _, outgoing = late
        if isinstance(frame, CallResult) and isinstance(frame.payload, dict):
            for listener in self.on_late:
                listener(outgoing.action, outgoing.payload, frame.payload)

    # Writing

    async def _send(self, text: str) -> None:
        try:
            await self._socket.send_str(text)
        except ConnectionError, RuntimeError:
            self.counts["unsent"] += 1

    async def _send_calls(self) -> None:
        while True:
            await self._gate.wait()
            outgoing = await self._queue.get()
            if not self._gate.is_set():
                self._queue.put_nowait(outgoing)
                continue
            if not outgoing.answered.done():
                await self._send_call(outgoing)

    async def _send_call(self, outgoing: _Outgoing) -> None:
        """Send one call and wait until it is answered or given up."""
        self._waiting[outgoing.id] = outgoing
        await self._send(outgoing.text)
        await asyncio.wait([outgoing.answered], timeout=outgoing.timeout_s)
        if self._waiting.pop(outgoing.id, None) is None:
            return
        self._remember_late(outgoing)
        if outgoing.answered.done():
            return
        self.counts["time_outs"] += 1
        outgoing.answered.set_exception(ChargerTimedOut(f"no answer to {outgoing.action}"))
        self._time_outs += 1
        if self._time_outs >= TIME_OUTS_BEFORE_PROBE and outgoing.id != PROBE:
            await self._probe()

    def _remember_late(self, outgoing: _Outgoing) -> None:
        now = self._loop.time()
        self._late[outgoing.id] = (now + self._timings.late_answer_s, outgoing)
        while self._late and (next(iter(self._late.values()))[0] < now or len(self._late) > 100):
            self._late.popitem(last=False)

    async def _probe(self) -> None:
        """Ask one more question, then hang up (quirk Q28)."""
        self.counts["probes"] += 1
        answered: asyncio.Future[Payload] = self._loop.create_future()
        action, payload = "TriggerMessage", {"requestedMessage": "Heartbeat"}
        text = frames.dump_call(PROBE, action, payload)
        await self._send_call(_Outgoing(0, 0, PROBE, action, payload, text, self._timings.call_s, answered))
        error = answered.exception() if answered.done() and not answered.cancelled() else None
        if isinstance(error, ChargerTimedOut):
            self.counts["closed_as_unresponsive"] += 1
            self._hang_up(WSCloseCode.GOING_AWAY, "no answers")

    # Liveness

    async def _watch(self) -> None:
        """Close a link on which nothing comes; ping one that is silent (quirks Q8, Q9)."""
        dead_s = max(3 * self._timings.heartbeat_s, self._timings.silence_s)
        ping_s = dead_s / 2
        while True:
            silent = self._loop.time() - self._heard_at
            if silent >= dead_s or (self._pings and self._has_ponged and silent >= ping_s + self._timings.pong_s):
                self.counts["closed_as_silent"] += 1
                self._hang_up(WSCloseCode.GOING_AWAY, "silence")
                return
            if silent >= ping_s and not self._pings:
                self._pings = True
                await self._ping()
            if silent < ping_s:
                self._pings = False
            due = ping_s if silent < ping_s else min(dead_s, ping_s + self._timings.pong_s)
            await asyncio.sleep(max(0.01, due - silent if due > silent else dead_s - silent))

    async def _ping(self) -> None:
        try:
            await self._socket.ping()
        except ConnectionError, RuntimeError:
            self.counts["unsent"] += 1

    def _hang_up(self, code: int, reason: str) -> None:
        self._closing = asyncio.create_task(self.close(code, reason))
