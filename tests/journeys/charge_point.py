"""A scripted OCPP charge point at a whole Home Assistant: what it says on the wire, and what is on record of it."""

from datetime import datetime, timedelta
from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from custom_components.smart_charge.chargers.ocpp.wire_time import write
from custom_components.smart_charge.coordinator import SmartChargeConfigEntry
from custom_components.smart_charge.ledger import DATA_LEDGER
from custom_components.smart_charge.records.values import SessionRecord
from custom_components.smart_charge.security.credentials import hash_secret
from tests.chargers.ocpp.peer import Peer, basic
from tests.flow_words import free_port
from tests.shell import ocpp_entry, set_up, settle
from tests.waiting import until

REGISTER = "Energy.Active.Import.Register"
CARD = "04A2B3C4D5E6"


class ScriptedHome:
    """Home Assistant with one OCPP charge point whose words the test chooses."""

    def __init__(self, hass: HomeAssistant, freezer: FrozenDateTimeFactory, session: aiohttp.ClientSession) -> None:
        self.hass = hass
        self.entry: SmartChargeConfigEntry
        self.peer: Peer
        self._freezer = freezer
        self.session = session
        self._port = free_port()
        self.began_at = dt_util.utcnow()
        self.clock_off = timedelta(0)

    async def set_up(self) -> None:
        """Set it up, and let it call for the first time."""
        self.entry = ocpp_entry(self._port, hashes=hash_secret("secret"))
        await set_up(self.hass, self.entry)
        await self.calls()
        await self.says("Available")

    async def calls(self) -> None:
        """Let it dial and boot."""
        headers = {"Authorization": basic("CP1", "secret")}
        self.peer = Peer(await self.session.ws_connect(self.url, protocols=("ocpp1.6",), headers=headers))
        await self.peer.boot()
        await settle(self.hass)

    @property
    def url(self) -> str:
        """Where it dials."""
        return f"http://127.0.0.1:{self._port}/CP1"

    async def hangs_up(self) -> None:
        """Lose the link."""
        await self.peer.socket.close()
        self.peer.reader.cancel()
        await until(lambda: not self.entry.runtime_data.charger.is_online)
        await settle(self.hass)

    async def passes(self, **passed: float) -> None:
        """Let time pass at one stroke; what was due in it happens at its end."""
        self._freezer.tick(timedelta(**passed))
        for handle in list(self.hass.loop._scheduled):  # type: ignore[attr-defined]
            timer = handle._callback
            due = getattr(timer, "expected_fire_timestamp", None)
            if due is not None and due <= dt_util.utcnow().timestamp() and not handle.cancelled():
                handle.cancel()
                timer()
        await settle(self.hass)

    # What it says

    def stamp(self, at: datetime | None = None) -> str:
        """Write an instant as its clock shows it."""
        return write((at or dt_util.utcnow()) + self.clock_off)

    async def says(self, status: str) -> None:
        """Tell a status."""
        await self.peer.status(status, timestamp=self.stamp())
        await settle(self.hass)

    async def starts(self, wh: Any, at: datetime | None = None) -> int:
        """Tell a start; returns the number that it is given."""
        number: int = (await self.peer.start(CARD, wh, self.stamp(at)))["transactionId"]
        await settle(self.hass)
        return number

    async def stops(self, number: Any, wh: Any, at: datetime | None = None, **more: Any) -> None:
        """Tell a stop."""
        payload = {"transactionId": number, "meterStop": wh, "timestamp": self.stamp(at), "reason": "EVDisconnected"}
        assert (await self.peer.ask("StopTransaction", payload | more))[0] == 3
        await settle(self.hass)

    async def meters(self, number: Any, wh: Any = None, at: datetime | None = None, **more: Any) -> None:
        """Tell meter values: a register, and other measurands by their names with underscores."""
        values = ({REGISTER.replace(".", "_"): wh} if wh is not None else {}) | more
        assert (await self.peer.meter(number, self.stamp(at), **values))[0] == 3
        await settle(self.hass)

    async def sends(self, number: int, *sampled: dict[str, Any], at: datetime | None = None) -> None:
        """Tell sampled values as they are written."""
        meter_value = [{"timestamp": self.stamp(at), "sampledValue": list(sampled)}]
        payload = {"connectorId": 1, "transactionId": number, "meterValue": meter_value}
        assert (await self.peer.ask("MeterValues", payload))[0] == 3
        await settle(self.hass)

    async def charges(self, wh: Any = 1_000) -> int:
        """Let a vehicle come, and charge at once."""
        await self.says("Preparing")
        number = await self.starts(wh)
        await self.says("Charging")
        return number

    async def leaves(self, number: int, wh: Any) -> None:
        """Let the vehicle leave."""
        await self.stops(number, wh)
        await self.says("Available")

    # What is on record

    async def records(self) -> list[SessionRecord]:
        """Return what is on record, once nothing waits to be taken over."""
        await until(lambda: not self.entry.runtime_data.charger.past_transactions)
        ledger = self.hass.data[DATA_LEDGER]
        await ledger.async_flush()
        day = timedelta(days=1)
        return await ledger.async_ask(lambda journal: journal.sessions(self.began_at - day, dt_util.utcnow() + day))

    async def energies(self) -> list[int]:
        """Return the energy of each record, and see that the half-hours add up to them."""
        found = [record.import_wh for record in await self.records()]
        day = timedelta(days=1)
        used = await self.hass.data[DATA_LEDGER].async_ask(
            lambda journal: journal.usage(self.began_at - day, dt_util.utcnow() + day)
        )
        assert used.import_wh == sum(found)
        return found
