"""Bring a charge point that has called to where it should be: asked, set up, and with the right list of tags."""

import asyncio
from collections.abc import Callable

from ..charger import ChargerError
from .bench import Bench
from .connection import Connection
from .local_list import LocalList
from .memory import Memory
from .onboarding import Onboarding
from .sample_rate import SampleRate
from .vendor_delay import VendorDelay


class Upkeep:
    """Onboards once for each boot and each newcomer, and sends what has changed since."""

    def __init__(
        self,
        bench: Bench,
        *,
        onboarding: Onboarding,
        rate: SampleRate,
        memory: Memory,
        start_without_tag: bool,
        count: Callable[[str], None],
    ) -> None:
        self.onboarding = onboarding
        self.vendor_delay = VendorDelay(onboarding, onboarding.configuration, memory, count)
        self.local_list = LocalList(memory, onboarding.configuration, lambda: bench.company.own_tags, count)
        self._bench = bench
        self._rate = rate
        self._memory = memory
        self._start_without_tag = start_without_tag
        self._count = count
        self._is_onboarding_due = True
        self._delay_max_s: int | None = None
        self._wake = asyncio.Event()

    def ready(self, *, has_booted: bool) -> None:
        """Hear that the charge point may be asked something."""
        self._is_onboarding_due = has_booted or not self.onboarding.is_done or self._rate.is_news
        self._wake.set()

    def link_lost(self) -> None:
        """Hear that the link is gone: perhaps something that we wrote is to blame."""
        self.onboarding.link_lost()
        self._rate.link_lost(self.onboarding.configuration.whole("MeterValueSampleInterval"))

    def poke(self) -> None:
        """Something that the charge point should hold has changed."""
        if self._bench.has_been_asked:
            self._wake.set()

    def want_delay(self, most_s: int | None) -> None:
        """Want a delay of the charge point's own to be this long; None for any."""
        self._delay_max_s = most_s

    def look_at_delay(self) -> None:
        """Bring it to that length if it is another."""
        if self._delay_max_s is not None and self.vendor_delay.differs(self._delay_max_s):
            self._wake.set()

    async def keep(self, done: Callable[[], None]) -> None:
        """Do what is due, until cancelled; ``done`` hears of each time."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            if (connection := self._bench.connection) is None:
                continue
            try:
                await self._run(connection)
            except (ChargerError, ValueError) as err:
                self._count(f"onboarding_{type(err).__name__}")
            self._bench.has_been_asked = True
            done()

    async def _run(self, connection: Connection) -> None:
        """Ask for the states that were not told, then for everything else if it has booted or is new."""
        if self._bench.is_status_old:
            await self.onboarding.ask(connection, "StatusNotification", self._bench.connector_id)
        if self._is_onboarding_due:
            self._is_onboarding_due = False
            await self._onboard(connection)
        if not self._bench.company.is_leader:
            return
        if self._delay_max_s is not None and self.onboarding.is_done:
            await self.vendor_delay.want(connection, self._delay_max_s)
        await self.local_list.send(connection)

    async def _onboard(self, connection: Connection) -> None:
        if self._bench.company.is_leader:
            await self.onboarding.run(connection, start_without_tag=self._start_without_tag)
        else:
            await self.onboarding.look(connection)
        self._bench.remember_smart()
        await self._memory.keep()
