"""A random delay of the maker's own: as long as the owner wants it, or switched off so that ours holds (reg 11)."""

from collections.abc import Callable

from .configuration import RANDOM_DELAY_SWITCHES, Configuration
from .connection import Connection
from .fields import boolean, number
from .memory import Memory
from .onboarding import Onboarding


class VendorDelay:
    """Brings the charge point's own delay to the length that is wanted (11.4). There are never two (11.6).

    One that cannot be made as long as wanted is switched off while we are there, and back on when we go.
    """

    def __init__(
        self, onboarding: Onboarding, configuration: Configuration, memory: Memory, count: Callable[[str], None]
    ) -> None:
        self._onboarding = onboarding
        self._configuration = configuration
        self._memory = memory
        self._count = count

    @property
    def _switched_off(self) -> dict[str, str]:
        """What was switched off by us, and what it held before."""
        held: dict[str, str] = self._memory.section("vendor_delay")
        return held

    @property
    def is_held_off(self) -> bool:
        """Whether it would delay if we had not switched it off."""
        return bool(self._switched_off)

    def differs(self, most_s: int) -> bool:
        """Whether one is on that is not of this length."""
        return bool(self._of_another_length(most_s))

    def _of_another_length(self, most_s: int) -> list[str]:
        found = self._configuration
        return [name for name in found.random_delays if number(found.value(name)) != most_s]

    async def want(self, connection: Connection, most_s: int) -> None:
        """Have the delay be drawn from 0 to ``most_s`` seconds, where the charge point draws it.

        Raises:
            ChargerUnreachable: the link was lost in between.
        """
        for name in self._of_another_length(most_s):
            if not await self._onboarding.put(connection, name, str(most_s)):
                await self._switch_off(connection, name)

    async def _switch_off(self, connection: Connection, name: str) -> None:
        switch = RANDOM_DELAY_SWITCHES.get(name)
        key, off = (name, "0") if switch is None else (switch, "false")
        before = self._configuration.value(key)
        if before is None:
            return
        self._switched_off[key] = before
        if not await self._onboarding.put(connection, key, off):
            self._count("vendor_delay_fixed")
            del self._switched_off[key]
        await self._memory.keep()

    async def hand_back(self, connection: Connection) -> None:
        """Switch on again what we switched off.

        Raises:
            ChargerError: the charge point did not take it.
        """
        for key, before in list(self._switched_off.items()):
            held = self._configuration.value(key)
            is_off = boolean(held) is False or number(held) == 0
            if not is_off or await self._onboarding.put(connection, key, before):
                del self._switched_off[key]
        await self._memory.keep()
