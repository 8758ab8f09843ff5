"""What one charge point says, taken to where it belongs: the snapshot, the book, and those who act on it."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
import logging

from ...charging.model import ConnectorStatus
from ..charger import Clock, Identity
from .bench import Bench
from .default_hours import DefaultHours
from .lease import Lease
from .line import Line
from .measurands import register_of
from .memory import Memory
from .onboarding import Onboarding
from .registers import Registers
from .said import Metered, Started, StatusSaid, Stopped
from .snapshot import Snapshot
from .starter import Starter
from .tags import TagStatus, fold
from .timings import Timings
from .transactions import TransactionBook
from .wire_time import PeerClock

LOGGER = logging.getLogger(__name__)

PICKY_BOOTS = 3
"""As many boots in five minutes, and we write times another way."""

OCCUPIED = (
    ConnectorStatus.PREPARING,
    ConnectorStatus.CHARGING,
    ConnectorStatus.SUSPENDED_EV,
    ConnectorStatus.SUSPENDED_EVSE,
    ConnectorStatus.FINISHING,
)
"""States that a whole charge point cannot have (OCPP 1.6 section 4.9)."""

RESTARTS = frozenset({"PowerLoss", "Reboot", "SoftReset", "HardReset"})
"""Reasons for which a transaction ends though nobody wanted it to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Actors:
    """Those who act on what is heard."""

    bench: Bench
    line: Line
    lease: Lease
    hours: DefaultHours
    starter: Starter
    onboarding: Onboarding


class Hearing:
    """Implements ``Hearer`` for one connector."""

    def __init__(
        self,
        actors: Actors,
        *,
        snapshot: Snapshot,
        registers: Registers,
        book: TransactionBook,
        memory: Memory,
        times: PeerClock,
        clock: Clock,
        timings: Timings,
        authorise: Callable[[str], TagStatus],
        may_start: Callable[[], bool],
        changed: Callable[[], None],
        count: Callable[[str], None],
    ) -> None:
        self.times = times
        self.restarts = 0
        self.on_security_event: Callable[[str], None] | None = None
        self._act = actors
        self._bench = actors.bench
        self._snapshot = snapshot
        self._registers = registers
        self._book = book
        self._memory = memory
        self._clock = clock
        self._timings = timings
        self._authorise = authorise
        self._may_start = may_start
        self._changed = changed
        self._count = count
        self._is_zero_ours: bool | None = None
        self._has_booted = False
        self._boots: deque[float] = deque(maxlen=PICKY_BOOTS)
        self._is_boot_new = False

    def instant(self, stamp: object) -> datetime:
        """When that was, by our clock."""
        return self.times.instant(stamp)

    def now(self) -> datetime:
        """Tell the present instant."""
        return self._clock()

    @property
    def heartbeat_s(self) -> int:
        """The interval to ask for."""
        return self._timings.heartbeat_s

    @property
    def is_picky_about_time(self) -> bool:
        """Whether it boots again and again: perhaps it dislikes fractions of a second (quirks Q20, Q26)."""
        now = asyncio.get_running_loop().time()
        return len(self._boots) == PICKY_BOOTS and now - self._boots[0] < 300

    async def heard_boot(self, identity: Identity) -> None:
        """Hear that it has started: whatever it held of ours may be gone."""
        if self._has_booted or self._book.open is not None:
            self.restarts += 1
        self._has_booted = True
        self._boots.append(asyncio.get_running_loop().time())
        self._is_boot_new = self._bench.is_status_old = True
        stored = self._memory.section("identity")
        told = {name: getattr(identity, name) for name in ("manufacturer", "model", "serial", "firmware")}
        if stored.get("firmware") != told["firmware"]:
            self._act.onboarding.forget()
            self._snapshot.firmware_changed()
        self._act.onboarding.restarted()
        stored.update(told)
        self._act.lease.forget()
        self._act.hours.forget()
        await self._memory.keep()
        self._changed()

    def heard_time(self, stamp: object) -> None:
        """Hear the time of a live message."""
        self.times.learn(stamp)

    def heard_other(self, action: str, detail: str) -> None:
        """Something worth counting."""
        self._count(action)
        if action == "security_event" and self.on_security_event is not None:
            self.on_security_event(detail)
        if detail:
            LOGGER.debug("%s: %s", action, detail)

    async def heard_status(self, said: StatusSaid) -> None:
        """Hear a connector's state."""
        if said.connector_id == 0 and not self._speaks_for_us(said):
            self._snapshot.heard_unit(said)
            return
        if said.connector_id == 0:
            said = replace(said, connector_id=self._bench.connector_id)
        elif said.connector_id == self._bench.connector_id:
            self._is_zero_ours = False
        if said.connector_id != self._bench.connector_id:
            self._count("other_connector")
            return
        before = self._snapshot.status
        if not self._snapshot.heard_status(said):
            self._count("old_status")
            return
        was_old, self._bench.is_status_old = self._bench.is_status_old, False
        if said.status is ConnectorStatus.AVAILABLE:
            await self._end_without_stop(said.at)
            self._act.starter.unplugged()
            self._act.lease.has_stopped = False
        elif said.status is ConnectorStatus.PREPARING and (was_old or before is not ConnectorStatus.PREPARING):
            if self._is_boot_new:
                await self._end_without_stop(said.at)
            if self._may_start():
                self._act.starter.plugged_in()
        self._is_boot_new = False
        self._act.starter.waits()
        self._act.lease.poke()

    def _speaks_for_us(self, said: StatusSaid) -> bool:
        """Whether a state of connector 0 is our connector's: some have no other, and only a connector is occupied."""
        if self._is_zero_ours is None and self._bench.company.is_alone and said.status in OCCUPIED:
            self._is_zero_ours = True
        return bool(self._is_zero_ours)

    async def _end_without_stop(self, at: datetime) -> None:
        """Nothing runs any more, though no stop came: a crash, a power cut, or it is still queued."""
        running = self._book.open
        if running is not None and self._snapshot.knows_no_register_after(running.began_at or at):
            self._snapshot.forget_register()
        reading = self._snapshot.reading
        wh = reading.import_wh if reading else None
        if await self._book.end_without_stop(at, wh, is_live=self._act.line.is_live(at)):
            self._snapshot.transaction_ended()
            self._act.lease.forget()

    def tag_status(self, tag: str) -> TagStatus:
        """Our own tag, and those the charge point gives itself, are accepted; the owner's list has the rest."""
        own = {fold(item) for item in self._bench.own_tags}
        if fold(tag) in own:
            return TagStatus.ACCEPTED
        status = self._authorise(tag.strip())
        if status is not TagStatus.ACCEPTED:
            self._changed()
        return status

    async def heard_start(self, said: Started) -> int:
        """Hear that a transaction began. One on another connector gets its id, and is none of ours.

        Nobody charges with a tag that is refused as it begins; one that was told of late has been charged with.
        """
        is_live = self._act.line.is_live(said.at)
        id_tag = "" if said.is_refused and is_live else said.id_tag
        said = replace(said, id_tag=id_tag, meter_start_wh=self._registers.told(said.meter_start_wh))
        transaction_id = await self._book.start(said, said.connector_id or self._bench.connector_id, is_live=is_live)
        if said.connector_id not in (0, self._bench.connector_id):
            self._count("other_connector")
            return transaction_id
        self._bench.heard_of_transaction()
        self._act.starter.started()
        self._snapshot.started(said.meter_start_wh, said.at)
        self._act.lease.forget()
        self._changed()
        return transaction_id

    async def heard_stop(self, said: Stopped) -> None:
        """Hear that a transaction ended."""
        said = replace(said, meter_stop_wh=self._registers.told(said.meter_stop_wh))
        is_neighbours = self._book.is_neighbours(said.transaction_id)
        ended = await self._book.stop(said, self._bench.connector_id, is_live=self._act.line.is_live(said.at))
        if is_neighbours:
            self._count("other_connector")
            return
        self._snapshot.measured(said.samples)
        self._snapshot.register(said.meter_stop_wh, said.at)
        if ended is not None:
            self._snapshot.transaction_ended()
            self._act.lease.forget()
            was_ended_by_us = self._act.lease.has_stopped and bool(self._act.lease.wanted_a)
            if was_ended_by_us or (said.reason in RESTARTS and self._may_start()):
                self._act.starter.interrupted()
        self._changed()

    async def heard_meter(self, said: Metered) -> None:
        """Meter values; those of connector 0 count while ours has none."""
        if said.connector_id not in (0, self._bench.connector_id):
            self._count("other_connector")
            return
        if said.connector_id == 0 and self._snapshot.has_registers_of_its_own and said.transaction_id is None:
            return
        self._snapshot.measured(said.samples)
        if said.samples:
            newest, wh = said.samples[-1].at, self._registers.in_wh(register_of(said.samples))
            await self._book.complete(wh, newest)
            if await self._book.adopt(said.transaction_id, self._bench.connector_id, newest, wh):
                self._bench.heard_of_transaction(ago_s=self._timings.queue_drain_s)
                self._act.lease.forget()
        await self._registers.keep()
