"""A charge point that somebody wrote in an afternoon: raw frames, one connector, every bad manner to be switched on.

It shares nothing with the component, nor with the simulator: what it understands of OCPP is in this file.
"""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import json
from typing import Any

import aiohttp
from yarl import URL

RATED_A = 32


@dataclass(frozen=True, kw_only=True)
class Manners:
    """How it differs from a charge point that behaves.

    Attributes:
        path, protocol, user, password: how it calls; ``protocol`` None sends no header.
        before_boot: calls that it makes before its boot.
        boots: how often it boots on each connection; 0 is never.
        junk: what it sends between its messages.
        answers_after_s: how long it thinks about each of our calls.
        wrong_error: it refuses a call that nobody made before it answers ours.
        as_text: every number is written as text.
        stamp: how it writes the time; None writes none.
        connector_id: the connector in all that it says.
        text_transaction: it writes the transaction's id as text.
        values: sampled values, given what it draws.
        answers_pings: whether it does.
        ends_calls: the error with which it answers these calls.
        drops: it loses the line, without a close frame, whenever it has begun to draw.
        answers_twice: each answer is sent twice.
        lists: payloads of these answers are lists.
    """

    path: str = "/CP1"
    protocol: str | None = "ocpp1.6"
    user: str = "CP1"
    password: str = "secret"
    before_boot: tuple[tuple[str, Mapping[str, Any]], ...] = ()
    boots: int = 1
    junk: tuple[str, ...] = ()
    answers_after_s: float = 0.0
    wrong_error: bool = False
    as_text: bool = False
    stamp: str | None = "%Y-%m-%dT%H:%M:%SZ"
    connector_id: int = 1
    text_transaction: bool = False
    values: str = "plain"
    answers_pings: bool = True
    ends_calls: Mapping[str, str] = field(default_factory=dict)
    drops: bool = False
    answers_twice: bool = False
    lists: frozenset[str] = frozenset()


class Literal:
    """Plugged in from the beginning; begins a transaction when told to; obeys the last profile that it took."""

    def __init__(self, session: aiohttp.ClientSession, port: int, manners: Manners) -> None:
        self.manners = manners
        self.limit_a: float | None = None
        self.transaction_id: Any = None
        self.is_starting = False
        self.refusals = 0
        self.connections = 0
        self.errors: list[list[Any]] = []
        self.register_wh = 1_000_000
        self._session = session
        self._url = f"http://127.0.0.1:{port}{manners.path}"
        self._socket: aiohttp.ClientWebSocketResponse
        self._answers: dict[str, asyncio.Future[Any]] = {}
        self._number = 0
        self._profiles: list[dict[str, Any]] = []
        self._work: set[asyncio.Task[Any]] = set()
        self._has_dropped = False

    @property
    def drawn_a(self) -> float:
        """What flows: nothing without a transaction, else what the profile allows, all of it without one."""
        if self.transaction_id is None:
            return 0
        return RATED_A if self.limit_a is None else min(self.limit_a, RATED_A)

    async def run(self) -> None:
        """Call, and call again."""
        while True:
            try:
                await self._connect()
            except aiohttp.ClientError, TimeoutError, ConnectionError:
                self.refusals += 1
            await asyncio.sleep(0.05)

    async def _connect(self) -> None:
        manners = self.manners
        token = base64.b64encode(f"{manners.user}:{manners.password}".encode()).decode()
        self._socket = await self._session.ws_connect(
            URL(self._url, encoded=True),
            protocols=() if manners.protocol is None else (manners.protocol,),
            headers={"Authorization": f"Basic {token}"},
            autoping=manners.answers_pings,
        )
        self.connections += 1
        work = asyncio.create_task(self._live())
        try:
            async for message in self._socket:
                if message.type is aiohttp.WSMsgType.TEXT:
                    await self._hear(json.loads(message.data))
        finally:
            for task in (work, *self._work):
                task.cancel()
            await asyncio.gather(work, *self._work, return_exceptions=True)
            await self._socket.close()

    # What it says

    async def _live(self) -> None:
        manners = self.manners
        for action, payload in manners.before_boot:
            await self._ask(action, dict(payload))
        for _ in range(manners.boots):
            await self._ask("BootNotification", {"chargePointVendor": "Afternoon", "chargePointModel": "One"})
        if self.transaction_id is None:
            await self._say_status("Preparing")
        while True:
            await self._junk()
            if self.is_starting:
                await self._begin()
            if self.transaction_id is not None:
                await self._say_status("Charging" if self.drawn_a >= 6 else "SuspendedEVSE")
                await self._say_values()
                if manners.drops and self.drawn_a > 0 and not self._has_dropped:
                    self._has_dropped = True
                    self._drop()
                    return
            await asyncio.sleep(0.1)

    def _drop(self) -> None:
        transport = self._socket._response.connection.transport  # type: ignore[union-attr]
        assert transport is not None
        transport.abort()

    async def _junk(self) -> None:
        for text in self.manners.junk:
            await self._socket.send_str(text)

    async def _begin(self) -> None:
        self.is_starting = False
        payload = {"connectorId": self.manners.connector_id, "idTag": "smart", "meterStart": self.register_wh}
        answer = await self._ask("StartTransaction", payload | self._stamp())
        number = answer["transactionId"]
        self.transaction_id = str(number) if self.manners.text_transaction else number

    async def _say_status(self, status: str) -> None:
        payload = {"connectorId": self.manners.connector_id, "status": status, "errorCode": "NoError"}
        await self._ask("StatusNotification", payload | self._stamp())

    async def _say_values(self) -> None:
        self.register_wh += 1
        payload = {
            "connectorId": self.manners.connector_id,
            "transactionId": self.transaction_id,
            "meterValue": [self._stamp() | {"sampledValue": self._values()}],
        }
        await self._ask("MeterValues", payload)

    def _values(self) -> list[dict[str, Any]]:
        drawn = f"{self.drawn_a:.1f}"
        current: dict[str, Any] = {"measurand": "Current.Import", "value": drawn, "unit": "A", "phase": "L1"}
        match self.manners.values:
            case "none":
                return []
            case "NaN":
                return [current | {"value": "NaN"}, {"value": "NaN"}]
            case "unnamed":
                return [{"value": str(self.register_wh)}]
            case "odd unit":
                return [current | {"unit": "furlong"}, {"value": "5", "unit": "Hz", "measurand": "Frequency"}]
            case "L1-N":
                return [current | {"phase": f"{phase}-N"} for phase in ("L1", "L2", "L3")]
            case "Voltage.L1":
                return [{"measurand": "Current.Import.L1", "value": drawn}, {"measurand": "Mood", "value": "3"}]
        return [current, {"value": str(self.register_wh), "unit": "Wh"}]

    def _stamp(self) -> dict[str, str]:
        style = self.manners.stamp
        return {} if style is None else {"timestamp": datetime.now(UTC).strftime(style)}

    async def _ask(self, action: str, payload: dict[str, Any]) -> Any:
        self._number += 1
        call_id = f"{self.connections}-{self._number}"
        answered = self._answers[call_id] = asyncio.get_running_loop().create_future()
        written = _texts(payload) if self.manners.as_text else payload
        await self._socket.send_str(json.dumps([2, call_id, action, written]))
        return await answered

    # What it hears

    async def _hear(self, frame: list[Any]) -> None:
        kind, call_id = frame[0], frame[1]
        if kind == 2:
            task = asyncio.create_task(self._answer(call_id, frame[2], frame[3]))
            self._work.add(task)
            task.add_done_callback(self._work.discard)
        elif call_id in self._answers:
            if kind == 4:
                self.errors.append(frame)
            self._answers.pop(call_id).set_result(frame[2] if kind == 3 else {})

    async def _answer(self, call_id: str, action: str, payload: dict[str, Any]) -> None:
        manners = self.manners
        answer = self._obey(action, payload)
        if manners.answers_after_s:
            await asyncio.sleep(manners.answers_after_s)
        frames: list[list[Any]] = [[3, call_id, [answer] if action in manners.lists else answer]]
        if action in manners.ends_calls:
            frames = [[4, call_id, manners.ends_calls[action], "", {}]]
        if manners.wrong_error:
            frames.insert(0, [4, "nobody-asked", "InternalError", "", {}])
        if manners.answers_twice:
            frames *= 2
        for frame in frames:
            if not self._socket.closed:
                await self._socket.send_str(json.dumps(frame))

    def _obey(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        if action in self.manners.ends_calls:
            return {}
        match action:
            case "GetConfiguration":
                key = {"key": "ChargeProfileMaxStackLevel", "readonly": True, "value": "3"}
                return {"configurationKey": [_texts(key) if self.manners.as_text else key]}
            case "ChangeConfiguration":
                return {"status": "NotSupported"}
            case "GetLocalListVersion":
                return {"listVersion": -1}
            case "RemoteStartTransaction":
                self.is_starting = self.transaction_id is None
                self._take(payload.get("chargingProfile"))
            case "SetChargingProfile":
                self._take(payload["csChargingProfiles"])
            case "GetCompositeSchedule":
                return {"status": "Rejected"}
        return {"status": "Accepted"}

    def _take(self, profile: dict[str, Any] | None) -> None:
        if profile is not None and profile["chargingProfilePurpose"] == "TxProfile":
            self.limit_a = float(profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"])


def _texts(value: Any) -> Any:
    """Write every number and truth as text."""
    if isinstance(value, dict):
        return {name: _texts(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_texts(item) for item in value]
    return value if isinstance(value, str) or value is None else str(value)
