"""What we read, and the few things we set, after a charge point has booted (OCPP notes A2, A5, A7)."""

import asyncio
from collections.abc import Callable
import logging
from typing import Any

from ..charger import ChargerError, ChargerMisunderstood, ChargerRefused, ChargerTimedOut, ChargerUnreachable
from .calls import Priority
from .configuration import AUTHORISING, FREE_VENDING, KNOWN, Configuration
from .connection import Connection
from .fields import boolean, number
from .memory import Memory
from .sample_rate import SampleRate
from .timings import Timings

LOGGER = logging.getLogger(__name__)

MAX_WRITES = 10
IN_FOURS = 4
BLAME_S = 30.0
"""A link that drops within this after a write is taken to have died of it (quirk Q19)."""

MEASURANDS = (
    "Energy.Active.Import.Register", "Power.Active.Import", "Current.Import", "Voltage", "Current.Offered",
    "Power.Offered", "SoC", "Temperature",
)  # fmt: skip
REGISTER = MEASURANDS[0]


class Onboarding:
    """Brings one charge point to where it should be, and remembers what it refused."""

    def __init__(
        self,
        memory: Memory,
        timings: Timings,
        configuration: Configuration,
        rate: SampleRate,
        count: Callable[[str], None],
    ) -> None:
        self.configuration = configuration
        self._rate = rate
        self.is_done = False
        self._memory = memory
        self._timings = timings
        self._count = count
        self._writes = 0
        self._wrote_at = 0.0
        self._written: tuple[str, str] | None = None

    def forget(self) -> None:
        """Forget what this firmware was found to refuse; not what we have set and must take back."""
        self._rate.forget()
        kept = self._learnt.get("before_free", {})
        self._learnt.clear()
        self._learnt["before_free"] = kept

    @property
    def awaits_restart(self) -> bool:
        """Whether settings that the charge point has taken hold only after a restart."""
        return bool(self._learnt.get("awaits_reboot"))

    def restarted(self) -> None:
        """Hear of a restart: what waited for it holds now, or never will."""
        awaited = self._learnt.pop("awaits_reboot", {})
        self._learnt.setdefault("after_reboot", {}).update(awaited)

    @property
    def _learnt(self) -> dict[str, Any]:
        return self._memory.section("settings")

    async def run(self, connection: Connection, *, start_without_tag: bool) -> None:
        """Read what it is, set what differs. Refusals are remembered, not raised.

        Raises:
            ChargerUnreachable: the link was lost in between.
        """
        self._writes = 0
        await self._read(connection)
        await self._blame()
        for name, value in self._wishes():
            await self._set(connection, name, value)
        await self._set_free_charging(connection, is_wanted=start_without_tag)
        await self._set_measurands(connection)
        await self._set_interval(connection)
        self.is_done = True

    async def look(self, connection: Connection) -> None:
        """Read what it is and set nothing: another connector's charger does.

        Raises:
            ChargerUnreachable: the link was lost in between.
        """
        await self._read(connection)
        self.is_done = True

    # Reading

    async def _read(self, connection: Connection) -> None:
        """All keys at once; those not shown by name (quirk Q30)."""
        found = 0
        if not self._learnt.get("no_key_list"):
            try:
                found = self.configuration.heard(
                    await connection.call("GetConfiguration", {}, priority=Priority.PROBING)
                )
            except ChargerUnreachable:
                raise
            except ChargerError as err:
                self._count(f"get_configuration_{type(err).__name__}")
                self._learnt["no_key_list"] = isinstance(err, ChargerTimedOut)
        at_once = max(1, min(self.configuration.whole("GetConfigurationMaxKeys") or IN_FOURS * (5 if found else 1), 20))
        missing = self.configuration.missing(KNOWN)
        for start in range(0, len(missing), at_once):
            names = missing[start : start + at_once]
            try:
                answer = await connection.call("GetConfiguration", {"key": names}, priority=Priority.PROBING)
            except ChargerUnreachable:
                raise
            except ChargerError as err:
                self._count(f"get_configuration_{type(err).__name__}")
                return
            self.configuration.heard(answer)

    # Writing

    def _wishes(self) -> list[tuple[str, str]]:
        """List what we want, the most useful first. A key that was not shown is left alone."""
        wishes = [
            ("StopTransactionOnEVSideDisconnect", "true"),
            ("LocalAuthorizeOffline", "true"),
            ("LocalPreAuthorize", "true"),
            ("AuthorizeRemoteTxRequests", "false"),
            ("LocalAuthListEnabled", "true"),
            ("UnlockConnectorOnEVSideDisconnect", "true"),
        ]
        if (self.configuration.whole("TransactionMessageAttempts") or 0) < 5:
            wishes.append(("TransactionMessageAttempts", "5"))
        if not 1 <= (self.configuration.whole("ConnectionTimeOut") or 0) <= 300:
            wishes.append(("ConnectionTimeOut", "120"))
        if "," in (self.configuration.value("StopTxnSampledData") or ""):
            wishes.append(("StopTxnSampledData", REGISTER))
        if (self.configuration.whole("MinimumStatusDuration") or 0) > 0:
            wishes.append(("MinimumStatusDuration", "0"))
        return [wish for wish in wishes if self.configuration.key(wish[0]) is not None]

    async def _set_free_charging(self, connection: Connection, *, is_wanted: bool) -> None:
        """Let the charge point start without a tag by itself, or take back what we set for that.

        Without us a vehicle that nobody shows a tag for would stay uncharged (OCPP notes A7, requirement 7.1).
        An owner who asks for tags later must not find it free for everybody still.
        """
        before = self._learnt.setdefault("before_free", {})
        if not is_wanted:
            for name, value in list(before.items()):
                if await self._set(connection, name, value):
                    del before[name]
            await self._memory.keep()
            return
        wishes = [(name, "true") for name in ("AllowOfflineTxForUnknownId", *FREE_VENDING)]
        for name, value in [*wishes, *((name, "false") for name in AUTHORISING)]:
            held = self.configuration.value(name)
            if held is None or _is_same(held, value):
                continue
            before.setdefault(name, held)
            if not await self._set(connection, name, value) and not self._awaits_reboot(name):
                del before[name]

    async def put(self, connection: Connection, name: str, value: str) -> bool:
        """Set one key because somebody wants it now; true if it then holds the value.

        Raises:
            ChargerUnreachable: the link was lost in between.
        """
        self._writes = 0
        return await self._set(connection, name, value)

    def _awaits_reboot(self, name: str) -> bool:
        return name in self._learnt.get("awaits_reboot", {})

    async def _set(self, connection: Connection, name: str, value: str) -> bool:
        """Set one key if it differs; true if it then holds the value."""
        key = self.configuration.key(name)
        if key is not None and _is_same(key.value, value):
            return True
        if key is not None and key.is_readonly:
            return False
        refused = self._learnt.setdefault("refused", {})
        if value in refused.get(name, []) or self._learnt.get("awaits_reboot", {}).get(name) == value:
            return False
        if self._writes >= MAX_WRITES:
            self._count("writes_put_off")
            return False
        self._writes += 1
        self._wrote_at = asyncio.get_running_loop().time()
        self._written = name, value
        spelling = key.name if key is not None else name
        try:
            answer = await connection.call("ChangeConfiguration", {"key": spelling, "value": value})
        except ChargerRefused, ChargerMisunderstood:
            answer = {"status": "Rejected"}
        except ChargerTimedOut:
            answer = {}
        return await self._settle(connection, name, value, str(answer.get("status", "")).casefold())

    async def _settle(self, connection: Connection, name: str, value: str, status: str) -> bool:
        """Read back what was written: some clamp, some lie (quirk Q32)."""
        match status:
            case "accepted" | "":
                await self._read_back(connection, name)
                is_held = _is_same(self.configuration.value(name), value)
                if not is_held:
                    self._count("writes_not_held")
            case "rebootrequired" if self._learnt.get("after_reboot", {}).get(name) != value:
                self._learnt.setdefault("awaits_reboot", {})[name] = value
                is_held = False
            case _:
                is_held = False
        if not is_held and not self._awaits_reboot(name):
            self._refused(name, value)
        await self._memory.keep()
        return is_held

    def _refused(self, name: str, value: str) -> None:
        values = self._learnt.setdefault("refused", {}).setdefault(name, [])
        if value not in values:
            values.append(value)

    async def _read_back(self, connection: Connection, name: str) -> None:
        try:
            self.configuration.heard(
                await connection.call("GetConfiguration", {"key": [name]}, priority=Priority.SETTINGS)
            )
        except ChargerRefused, ChargerTimedOut, ChargerMisunderstood:
            self._count("read_back_failed")

    def link_lost(self) -> None:
        """Note whether the link went soon after a write: then that write is to blame.

        Only then: where Home Assistant was killed, or both lost their power, no write is.
        """
        written, self._written = self._written, None
        if written is not None and asyncio.get_running_loop().time() - self._wrote_at <= BLAME_S:
            self._learnt["suspect"] = list(written)

    async def _blame(self) -> None:
        """Never write again what the last link died of, unless it holds now (quirk Q19)."""
        suspect = self._learnt.pop("suspect", None)
        if (
            not isinstance(suspect, list)
            or len(suspect) != 2
            or _is_same(self.configuration.value(suspect[0]), suspect[1])
        ):
            return
        self._count("key_blamed")
        self._refused(suspect[0], suspect[1])
        await self._memory.keep()

    # Metering

    async def _set_measurands(self, connection: Connection) -> None:
        """Set the largest list that it takes: all, else the register, and what else it accepts one by one."""
        wanted = self._learnt.get("measurands") or list(MEASURANDS)
        held = [item.strip() for item in (self.configuration.value("MeterValuesSampledData") or "").split(",")]
        if {item.casefold() for item in wanted} <= {item.casefold() for item in held}:
            return
        if await self._set(connection, "MeterValuesSampledData", ",".join(wanted)):
            return
        accepted = [REGISTER]
        for item in MEASURANDS[1:5]:
            if await self._set(connection, "MeterValuesSampledData", ",".join([*accepted, item])):
                accepted.append(item)
        self._learnt["measurands"] = accepted
        await self._memory.keep()

    async def _set_interval(self, connection: Connection) -> None:
        """Ask for a value a second, or the least that it takes and stands."""
        self._rate.is_news = False
        before = self.configuration.whole("MeterValueSampleInterval")
        for seconds in self._rate.to_try_s:
            if await self._set(connection, "MeterValueSampleInterval", str(seconds)):
                return
            held = self.configuration.whole("MeterValueSampleInterval")
            if held is not None and held > 0 and (held <= seconds or held != before):
                return  # it holds less already, or has taken what it can

    async def ask(self, connection: Connection, message: str, connector_id: int) -> None:
        """Ask for a message; an Accepted that nothing follows does no harm (quirk Q33)."""
        payload = {"requestedMessage": message, "connectorId": connector_id}
        try:
            await connection.call("TriggerMessage", payload, priority=Priority.PROBING)
        except ChargerRefused, ChargerTimedOut, ChargerMisunderstood:
            self._count("trigger_refused")


def _is_same(held: str | None, value: str) -> bool:
    """Whether a key holds a value, however that is spelt (quirk Q31)."""
    if held is None:
        return False
    if held.strip().casefold() == value.casefold():
        return True
    if "," in value:
        return [item.strip().casefold() for item in held.split(",")] == value.casefold().split(",")
    truth = boolean(held)
    if value in ("true", "false"):
        return truth is not None and truth is boolean(value)
    left, right = number(held), number(value)
    return left is not None and left == right
