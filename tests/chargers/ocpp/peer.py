"""A scripted charge point, and a central system with one charger that expects it."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import json
from typing import Any

import aiohttp

from custom_components.smart_charge.chargers.ocpp.central_system import CentralSystem
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.chargers.ocpp.peers import PeerEvent
from custom_components.smart_charge.chargers.ocpp.tags import TagStatus
from custom_components.smart_charge.chargers.ocpp.timings import Timings
from tests.waiting import until

QUICK = Timings(
    call_s=0.4,
    slow_call_s=0.4,
    handshake_s=0.4,
    boot_wait_s=0.3,
    settle_s=0.15,
    flush_s=0.05,
    follow_s=0.4,
    look_s=0.1,
    plugged_in_s=0.15,
    untold_s=0.5,
    start_retry_s=0.3,
    start_answer_s=0.3,
    queue_drain_s=0.2,
    smooth_s=0.1,
    guest_s=0.3,
    tick_s=0.2,
    hand_back_s=0.3,
    meter_s=0.4,
    trigger_s=0.1,
)

SETTINGS = {
    "MeterValuesSampledData": "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,"
    "Current.Offered,Power.Offered,SoC,Temperature",
    "MeterValueSampleInterval": "1",
    "ChargeProfileMaxStackLevel": "9",
    "ChargingScheduleAllowedChargingRateUnit": "Current",
}

type Reply = Mapping[str, Any] | Callable[[dict[str, Any]], Any] | None


def basic(user: str, password: str | bytes) -> str:
    secret = password.encode() if isinstance(password, str) else password
    return "Basic " + base64.b64encode(user.encode() + b":" + secret).decode()


def stamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Peer:
    """Speaks OCPP-J by hand. ``replies`` says what it answers to which call; None is silence."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.answers: dict[Any, list[Any]] = {}
        self.settings = dict(SETTINGS)
        self.replies: dict[str, Reply] = {}
        self.profiles: list[dict[str, Any]] = []
        self._changed = asyncio.Event()
        self._number = 0
        self.reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type is not aiohttp.WSMsgType.TEXT:
                continue
            frame = json.loads(message.data)
            if frame[0] == 2:
                self.calls.append((frame[2], frame[3]))
                await self._reply(frame)
            else:
                self.answers[frame[1]] = frame
            self._changed.set()

    async def _reply(self, frame: list[Any]) -> None:
        _, call_id, action, payload = frame
        reply = self.replies[action] if action in self.replies else self._default(action, payload)
        if callable(reply):
            reply = reply(payload)
        if reply is None:
            return
        if "error" in reply:
            await self.send_raw([4, call_id, reply["error"], "", {}])
        else:
            await self.send_raw([3, call_id, reply])

    def _default(self, action: str, payload: dict[str, Any]) -> dict[str, Any]:
        match action:
            case "GetConfiguration":
                names = payload.get("key", list(self.settings))
                found = [name for name in names if name in self.settings]
                return {
                    "configurationKey": [{"key": n, "readonly": False, "value": self.settings[n]} for n in found],
                    "unknownKey": [name for name in names if name not in self.settings],
                }
            case "ChangeConfiguration":
                if payload["key"] not in self.settings:
                    return {"status": "NotSupported"}
                self.settings[payload["key"]] = payload["value"]
                return {"status": "Accepted"}
            case "SetChargingProfile":
                self.profiles.append(payload["csChargingProfiles"])
                return {"status": "Accepted"}
            case "GetCompositeSchedule":
                return self._composite()
            case "GetLocalListVersion":
                return {"listVersion": -1}
        return {"status": "Accepted"}

    def _composite(self) -> dict[str, Any]:
        if not self.leases:
            return {"status": "Rejected"}
        schedule = self.leases[-1]["chargingSchedule"]
        period = schedule["chargingSchedulePeriod"][0]
        held = {"chargingRateUnit": schedule["chargingRateUnit"], "chargingSchedulePeriod": [period]}
        return {"status": "Accepted", "connectorId": 1, "scheduleStart": stamp(), "chargingSchedule": held}

    async def send_raw(self, frame: Any) -> None:
        await self.socket.send_str(frame if isinstance(frame, str) else json.dumps(frame))

    async def ask(self, action: str, payload: Any, call_id: Any = None) -> Any:
        """Call, and return the whole frame that answers."""
        if call_id is None:
            self._number += 1
            call_id = f"c{self._number}"
        await self.send_raw([2, call_id, action, payload])
        return await self.answer_to(call_id)

    async def answer_to(self, call_id: Any) -> Any:
        await until(lambda: call_id in self.answers)
        return self.answers.pop(call_id)

    async def boot(self, **more: Any) -> Any:
        return await self.ask("BootNotification", {"chargePointVendor": "V", "chargePointModel": "M", **more})

    async def status(self, status: str, connector_id: int = 1, error: str = "NoError", **more: Any) -> Any:
        payload = {"connectorId": connector_id, "status": status, "errorCode": error, **more}
        return await self.ask("StatusNotification", payload)

    async def start(self, tag: str = "smart", meter: Any = 1000, at: str | None = None) -> Any:
        payload = {"connectorId": 1, "idTag": tag, "meterStart": meter, "timestamp": at or stamp()}
        return (await self.ask("StartTransaction", payload))[2]

    async def meter(self, transaction_id: Any, at: str | None = None, **values: Any) -> Any:
        sampled = [{"measurand": name.replace("_", "."), "value": str(value)} for name, value in values.items()]
        payload = {"connectorId": 1, "meterValue": [{"timestamp": at or stamp(), "sampledValue": sampled}]}
        if transaction_id is not None:
            payload["transactionId"] = transaction_id
        return await self.ask("MeterValues", payload)

    def called(self, action: str) -> list[dict[str, Any]]:
        return [payload for name, payload in self.calls if name == action]

    @property
    def leases(self) -> list[dict[str, Any]]:
        return [item for item in self.profiles if item["chargingProfileId"] == 4]


def now() -> datetime:
    return datetime.now(UTC)


class Site:
    """One central system; chargers and peers on demand."""

    def __init__(self, timings: Timings = QUICK, **kwargs: Any) -> None:
        self.events: list[PeerEvent] = []
        self.timings = timings
        self.central = CentralSystem(
            "127.0.0.1", 0, clock=kwargs.pop("clock", now), on_peer=self.events.append, timings=timings, **kwargs
        )
        self.saved: dict[str, Any] = {}
        self.tags: dict[str, TagStatus] = {}
        self.number = 100
        self.tasks: list[asyncio.Task[Any]] = []
        self.session = aiohttp.ClientSession()
        self.peers: list[Peer] = []

    async def next_id(self) -> int:
        self.number += 1
        return self.number

    async def save(self, memory: Mapping[str, Any]) -> None:
        self.saved = json.loads(json.dumps(memory))

    def charger(self, name: str = "CP1", *, password: bytes | None = b"secret", **kwargs: Any) -> OcppCharger:
        async def verify(given: bytes) -> bool:
            return given == password

        defaults: dict[str, Any] = {
            "clock": now,
            "memory": {},
            "save": self.save,
            "authorise": lambda tag: self.tags.get(tag.casefold(), TagStatus.INVALID),
            "next_transaction_id": self.next_id,
            "start_without_tag": False,
            "id_tag": "smart",
            "timings": self.timings,
        }
        return OcppCharger(name, verify=None if password is None else verify, **(defaults | kwargs))

    def run(self, charger: OcppCharger) -> None:
        self.central.expect(charger)
        self.tasks.append(asyncio.create_task(charger.run()))

    async def dial(self, path: str = "/CP1", **kwargs: Any) -> aiohttp.ClientWebSocketResponse:
        headers = {"Authorization": basic("CP1", "secret")} | kwargs.pop("headers", {})
        protocols = kwargs.pop("protocols", ("ocpp1.6",))
        return await self.session.ws_connect(
            f"http://127.0.0.1:{self.central.port}{path}", protocols=protocols, headers=headers, **kwargs
        )

    async def peer(self, path: str = "/CP1", **kwargs: Any) -> Peer:
        peer = Peer(await self.dial(path, **kwargs))
        self.peers.append(peer)
        return peer

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.central.stop()
        for peer in self.peers:
            peer.reader.cancel()
        await asyncio.gather(*(peer.reader for peer in self.peers), return_exceptions=True)
        await self.session.close()
