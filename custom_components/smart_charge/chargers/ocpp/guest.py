"""A charge point that was let in before anybody speaks for it: answered kindly, promised nothing."""

import asyncio

from ..charger import Clock, Identity
from .connection import Connection
from .frames import CallFault, Code, Payload
from .timings import Timings
from .v16 import HANDLERS, boot_accepted, identity
from .wire_time import write


class Guest:
    """Answers an invited charge point until its ``OcppCharger`` adopts the link.

    Starts and stops of transactions are kept for the ``OcppCharger``, which alone may number them. What it
    said of itself and its connectors is kept too, to be heard again by whoever adopts the link.
    """

    def __init__(self, connection: Connection, clock: Clock, timings: Timings, password: bytes | None) -> None:
        self.connection = connection
        self.password = password
        self.identity: Identity | None = None
        self.booted = asyncio.Event()
        self.backlog: dict[str, tuple[str, Payload]] = {}
        self._clock = clock
        self._timings = timings

    async def answer(self, action: str, payload: Payload) -> Payload | None:
        """Our answer to one call."""
        match action:
            case "BootNotification":
                self.identity = identity(payload)
                self.backlog[action] = (action, payload)
                self.booted.set()
                return boot_accepted(self._clock(), self._timings.heartbeat_s)
            case "Heartbeat":
                return {"currentTime": write(self._clock())}
            case "StatusNotification":
                if len(self.backlog) < 20:
                    self.backlog[f"{action} {payload.get('connectorId')}"[:60]] = (action, payload)
                return {}
            case "Authorize":
                return {"idTagInfo": {"status": "Invalid"}}
            case "StartTransaction" | "StopTransaction":
                return None
            case "DataTransfer":
                return {"status": "UnknownVendorId"}
        if action in HANDLERS:
            return {}
        raise CallFault(Code.NOT_IMPLEMENTED, f"{action[:50]} is not known here")
