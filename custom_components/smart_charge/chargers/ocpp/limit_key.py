"""A maker's own key for the most current: the last way to say a setpoint before the charge is ended (rung 9, A11)."""

from collections.abc import Callable

from ...charging.model import MIN_CURRENT_A
from ..charger import ChargerRefused
from .calls import Priority
from .configuration import LIMIT_KEYS, Configuration
from .connection import Connection
from .fields import number
from .frames import is_accepted
from .memory import Memory


class LimitKey:
    """Writes the key, and puts back what it held before.

    It never says 0 A: nothing would take that back without us, and the vehicle would stay uncharged (7.1).
    """

    def __init__(self, configuration: Configuration, memory: Memory, count: Callable[[str], None]) -> None:
        self._configuration = configuration
        self._memory = memory
        self._count = count

    @property
    def is_lowered(self) -> bool:
        """Whether it holds what we wrote, and not what the owner or the maker did."""
        return bool(self._memory.section("limit_key"))

    async def say(self, connection: Connection, setpoint_a: float) -> None:
        """Have it hold a setpoint of whole ampere.

        Raises:
            ChargerError: it cannot hold it, or did not answer.
        """
        key = self._configuration.limit_key
        if key is None or setpoint_a < MIN_CURRENT_A:
            raise ChargerRefused("no pause can be said by a key")
        held = self._memory.section("limit_key")
        if not held and key.value is not None:
            held.update(key=key.name, before=key.value)
            await self._memory.keep()
        amps = int(setpoint_a)
        await self._write(connection, key.name, str(amps * LIMIT_KEYS[key.name.casefold()]))
        if (shown := await self._read(connection, key.name)) is None or shown > amps:
            raise ChargerRefused(f"{key.name} holds another value")
        self._count("limit_key_written")

    async def _write(self, connection: Connection, name: str, value: str) -> None:
        answer = await connection.call("ChangeConfiguration", {"key": name, "value": value}, priority=Priority.SETPOINT)
        if not is_accepted(answer):
            raise ChargerRefused(f"{name}: {str(answer.get('status'))[:40]}")

    async def _read(self, connection: Connection, name: str) -> float | None:
        self._configuration.heard(
            await connection.call("GetConfiguration", {"key": [name]}, priority=Priority.SETPOINT)
        )
        return number(self._configuration.value(name))

    async def restore(self, connection: Connection) -> None:
        """Put back what it held before we wrote.

        Raises:
            ChargerError: it was refused, or not answered.
        """
        held = self._memory.section("limit_key")
        name, before = str(held.get("key")), number(held.get("before"))
        scale = LIMIT_KEYS.get(name.casefold())
        if scale is not None and before is not None:
            await self._write(connection, name, f"{before * scale:g}")
        held.clear()
        await self._memory.keep()
