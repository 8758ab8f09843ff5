"""The parts of one charger, put together."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ...charging.model import ConnectorStatus
from ..charger import Clock, Save
from .audience import Audience
from .bench import Bench, Company
from .configuration import Configuration
from .default_hours import DefaultHours
from .hearing import Actors, Hearing
from .lease import Lease
from .limit_key import LimitKey
from .line import Line
from .memory import Memory
from .meter_watch import MeterWatch
from .misreading import Misreading
from .onboarding import Onboarding
from .pace import Pace
from .plausibility import RegisterScale
from .registers import Registers
from .remedies import Remedies
from .sample_rate import SampleRate
from .saying import Saying
from .snapshot import Snapshot
from .starter import Starter
from .starting import Starting
from .tags import TagStatus
from .timings import Timings
from .transactions import TransactionBook
from .upkeep import Upkeep
from .wire_time import PeerClock


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """What a connector's charger is told when it is made.

    Attributes:
        memory: what was kept of it, which ``save`` keeps from now on.
        authorise: says whether a tag may charge.
        next_transaction_id: gives an id that no transaction has had.
        start_without_tag: charging is begun for a vehicle that nobody held a tag up for.
        sample_s: how often its meter is asked to speak.
    """

    connector_id: int
    id_tag: str
    clock: Clock
    timings: Timings
    memory: Mapping[str, Any]
    save: Save
    authorise: Callable[[str], TagStatus]
    next_transaction_id: Callable[[], Awaitable[int]]
    start_without_tag: bool
    sample_s: int


class Parts:
    """What one connector's charger is made of: those who know, those who act, and the one who hears."""

    def __init__(self, setup: Setup, audience: Audience) -> None:
        self._audience = audience
        self._count = audience.count
        self.memory = Memory(setup.memory, setup.save)
        self.configuration = Configuration()
        self._add_those_who_know(setup)
        times = PeerClock(setup.clock, self.memory)
        self._add_those_who_keep_limits(setup, times)
        self._add_those_who_start(setup)
        self.hearing = self._hearing(setup, times)

    def _add_those_who_know(self, setup: Setup) -> None:
        scale = RegisterScale(self.memory, self._count)
        self.registers = Registers(self.memory, scale)
        self.snapshot = Snapshot(setup.clock, scale, self.registers, self._audience.changed, self._sampled)
        self.book = TransactionBook(self.memory, setup.connector_id, setup.next_transaction_id, self._count)
        self.rate = SampleRate(self.memory, setup.clock, self._count, setup.sample_s)
        self.pace = Pace(self.memory, setup.timings, self._count)
        self.line = Line(setup.clock, setup.timings, self._ready)
        self.onboarding = Onboarding(self.memory, setup.timings, self.configuration, self.rate, self._count)
        self.bench = Bench(
            setup.connector_id,
            Company(frozenset({setup.id_tag})),
            line=self.line,
            book=self.book,
            snapshot=self.snapshot,
            onboarding=self.onboarding,
            memory=self.memory,
        )

    def _add_those_who_keep_limits(self, setup: Setup, times: PeerClock) -> None:
        clock, timings, count, changed = setup.clock, setup.timings, self._count, self._audience.changed
        self.misreading = misreading = Misreading(self.memory, times, clock, count)
        limit_key = LimitKey(self.configuration, self.memory, count)
        self.lease = Lease(
            self.bench,
            self.snapshot,
            self.memory,
            Saying(self.bench, limit_key, misreading, clock=clock, count=count),
            misreading,
            timings=timings,
            count=count,
            changed=changed,
        )
        self.hours = DefaultHours(
            self.bench, self.memory, misreading, clock=clock, timings=timings, count=count, changed=changed
        )
        self.remedies = Remedies(self.bench, onboarding=self.onboarding, lease=self.lease, hours=self.hours)

    def _add_those_who_start(self, setup: Setup) -> None:
        """Add who readies the charge point for a charge, who begins it, and who sees that its meter speaks."""
        timings, count, may_start = setup.timings, self._count, setup.start_without_tag
        self.upkeep = Upkeep(
            self.bench,
            onboarding=self.onboarding,
            rate=self.rate,
            memory=self.memory,
            start_without_tag=may_start,
            count=count,
        )
        self.starting = Starting(self.lease, setup.connector_id, setup.id_tag, timings, start_without_tag=may_start)
        self.starter = Starter(
            status=lambda: self.snapshot.status,
            connection=lambda: self.bench.connection,
            has_transaction=lambda: self.book.open is not None,
            request=self.starting.request,
            timings=timings,
            count=count,
        )
        self.meter_watch = MeterWatch(
            self.snapshot,
            self.configuration,
            connection=lambda: self.bench.connection,
            connector_id=setup.connector_id,
            timings=timings,
            count=count,
        )

    def _hearing(self, setup: Setup, times: PeerClock) -> Hearing:
        return Hearing(
            Actors(
                bench=self.bench,
                line=self.line,
                lease=self.lease,
                hours=self.hours,
                starter=self.starter,
                onboarding=self.onboarding,
            ),
            snapshot=self.snapshot,
            registers=self.registers,
            book=self.book,
            memory=self.memory,
            times=times,
            clock=setup.clock,
            timings=setup.timings,
            authorise=setup.authorise,
            may_start=self.starting.may_start,
            changed=self._audience.changed,
            count=self._count,
        )

    @property
    def unattended(self) -> str:
        """What the vehicle gets when we are away: see ``Capabilities``."""
        if not (self.onboarding.is_done and self.hours.holds and self.configuration.starts_offline):
            return "unknown"
        return "default_hours" if self.hours.has_hours else "charges"

    @property
    def awaits_tag(self) -> bool:
        """Whether a vehicle is there for which nobody has begun a transaction, and we may not."""
        is_waiting = self.snapshot.status in (ConnectorStatus.PREPARING, ConnectorStatus.FINISHING)
        return is_waiting and self.book.open is None and not self.starting.may_start()

    def _sampled(self) -> None:
        self.rate.heard()
        self._audience.sampled(self.snapshot.reading)

    def _ready(self, has_booted: bool) -> None:
        self.upkeep.ready(has_booted=has_booted)
        self.poke()

    def poke(self) -> None:
        """Something changed: whoever says something looks again what is to be said."""
        self.lease.poke()
        self.hours.poke()

    def link_lost(self) -> None:
        """Hear that the link is gone: those who may be to blame look at what they did."""
        self.upkeep.link_lost()
        self.pace.link_lost()

    def kept_up(self) -> None:
        """Hear that the charge point has been brought to where it should be."""
        self.poke()
        self._audience.changed()
