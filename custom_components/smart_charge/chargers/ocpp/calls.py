"""Our calls to one charge point: one in flight at a time, by priority, with an end to waiting (A1)."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import IntEnum
import itertools
from uuid import uuid4

from ..charger import ChargerMisunderstood, ChargerRefused, ChargerTimedOut, ChargerUnreachable
from . import frames, schemas
from .frames import CallError, CallResult, Payload
from .timings import Timings

SLOW = frozenset({"GetConfiguration", "GetLog", "GetDiagnostics", "SendLocalList"})

TIME_OUTS_BEFORE_PROBE = 3
PROBE = "probe"


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
    text: str = field(compare=False)
    timeout_s: float = field(compare=False)
    answered: asyncio.Future[Payload] = field(compare=False)


class Calls:
    """Sends what waits in the queue once the gate is open, and gives each caller its answer."""

    def __init__(
        self,
        send: Callable[[str], Awaitable[None]],
        give_up: Callable[[], None],
        *,
        timings: Timings,
        count: Callable[[str], None],
    ) -> None:
        self.on_late: list[Callable[[str], None]] = []
        self.gate = asyncio.Event()
        self._send = send
        self._give_up = give_up
        self._timings = timings
        self._count = count
        self._loop = asyncio.get_running_loop()
        self._numbers = itertools.count()
        self._queue: asyncio.PriorityQueue[_Outgoing] = asyncio.PriorityQueue()
        self._waiting: dict[str, _Outgoing] = {}
        self._late: OrderedDict[str, tuple[float, _Outgoing]] = OrderedDict()
        self._time_outs = 0

    async def call(self, action: str, payload: Payload, priority: Priority) -> Payload:
        """Queue a call and wait for its answer: see ``Connection.call``."""
        call_id = str(uuid4())
        text = frames.dump_call(call_id, action, payload)
        timeout_s = self._timings.slow_call_s if action in SLOW else self._timings.call_s
        answered: asyncio.Future[Payload] = self._loop.create_future()
        outgoing = _Outgoing(priority, next(self._numbers), call_id, action, text, timeout_s, answered)
        self._queue.put_nowait(outgoing)
        return await outgoing.answered

    def fail_all(self) -> None:
        """Tell everybody who waits that the link is gone."""
        pending = list(self._waiting.values())
        self._waiting.clear()
        while not self._queue.empty():
            pending.append(self._queue.get_nowait())
        for outgoing in pending:
            if not outgoing.answered.done():
                outgoing.answered.set_exception(ChargerUnreachable("the charge point hung up"))
                outgoing.answered.exception()  # whoever waits still gets it; nobody waiting is no error

    # Answers

    def settle(self, frame: CallResult | CallError) -> None:
        """Take an answer: to the call that waits for it, or to one that no longer does."""
        key = str(frame.id)
        if (outgoing := self._waiting.pop(key, None)) is None:
            self._settle_late(key, frame)
            return
        self._time_outs = 0
        if outgoing.answered.done():
            return
        if isinstance(frame, CallError):
            self._count("call_errors")
            outgoing.answered.set_exception(CallRefused(frame.code, frame.description))
        elif not isinstance(frame.payload, dict):
            self._count("odd_answers")
            outgoing.answered.set_exception(ChargerMisunderstood(f"the answer to {outgoing.action} is no object"))
        else:
            if schemas.complaint(f"{outgoing.action}Response", frame.payload) is not None:
                self._count(f"odd_{outgoing.action}Response")
            outgoing.answered.set_result(frame.payload)

    def _settle_late(self, key: str, frame: CallResult | CallError) -> None:
        late = self._late.pop(key, None)
        if late is None:
            self._count("answers_to_nothing")
            return
        self._time_outs = 0
        self._count("late_answers")
        _, outgoing = late
        if isinstance(frame, CallResult) and isinstance(frame.payload, dict):
            for listener in self.on_late:
                listener(outgoing.action)

    # Sending

    async def keep_sending(self) -> None:
        """Send one call after the other, until cancelled."""
        while True:
            await self.gate.wait()
            outgoing = await self._queue.get()
            if not self.gate.is_set():
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
        self._count("time_outs")
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
        self._count("probes")
        answered: asyncio.Future[Payload] = self._loop.create_future()
        action = "TriggerMessage"
        text = frames.dump_call(PROBE, action, {"requestedMessage": "Heartbeat"})
        await self._send_call(_Outgoing(0, 0, PROBE, action, text, self._timings.call_s, answered))
        error = answered.exception() if answered.done() and not answered.cancelled() else None
        if isinstance(error, ChargerTimedOut):
            self._count("closed_as_unresponsive")
            self._give_up()
