"""One charge point that speaks OCPP, one connector of it: what we ask of it, and what it last told us."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any

from ...charging.model import Reading
from ..charger import (
    Capabilities,
    ChargerError,
    ChargerUnreachable,
    Clock,
    Identity,
    Kept,
    LeaveBehind,
    Listener,
    PastTransaction,
    Remedy,
    SampleListener,
    Save,
)
from . import v16
from .audience import Audience
from .bench import Company
from .calls import Priority
from .connection import Connection
from .diagnosis import diagnose
from .frames import Payload
from .parts import Parts, Setup
from .said import TransactionId
from .sample_rate import SHORTEST_S
from .tags import MAX_LENGTH, TagStatus
from .timings import Timings


class OcppCharger:
    """Implements ``Charger`` for a charge point that calls our central system."""

    def __init__(
        self,
        charge_point_id: str,
        *,
        connector_id: int = 1,
        verify: Callable[[bytes], Awaitable[bool]] | None,
        clock: Clock,
        memory: Mapping[str, Any],
        save: Save,
        authorise: Callable[[str], TagStatus],
        next_transaction_id: Callable[[], Awaitable[int]],
        start_without_tag: bool,
        id_tag: str,
        rated_a: float = 32,
        sample_s: int = SHORTEST_S,
        timings: Timings | None = None,
    ) -> None:
        self.charge_point_id = charge_point_id
        self.verify = verify
        self.connector_id = connector_id
        self.id_tag = id_tag[:MAX_LENGTH]
        self._rated_a = rated_a
        self._timings = timings or Timings()
        self._audience = Audience()
        setup = Setup(
            connector_id=connector_id,
            id_tag=self.id_tag,
            clock=clock,
            timings=self._timings,
            memory=memory,
            save=save,
            authorise=authorise,
            next_transaction_id=next_transaction_id,
            start_without_tag=start_without_tag,
            sample_s=sample_s,
        )
        self._parts = Parts(setup, self._audience)

    @property
    def counts(self) -> Counter[str]:
        """How often what happened."""
        return self._audience.counts

    def on_security_event(self, hear: Callable[[str], None]) -> None:
        """Tell ``hear`` of each security event that the charge point reports."""
        self._parts.hearing.on_security_event = hear

    # What the coordinator sees

    @property
    def identity(self) -> Identity:
        """Who its last BootNotification said it is."""
        stored = self._parts.memory.section("identity")
        return Identity(**{name: stored.get(name) for name in ("manufacturer", "model", "serial", "firmware")})

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as it has said."""
        return Capabilities(
            max_a=self._rated_a,
            step_a=1.0 if self._parts.lease.rung.is_whole else 0.1,
            phases=self._parts.snapshot.phases,
            delays_itself=self._parts.configuration.delays_itself,
            unattended=self._parts.unattended,
        )

    @property
    def reading(self) -> Reading | None:
        """What it last said."""
        reading = self._parts.snapshot.reading
        return replace(reading, awaits_tag=True) if reading is not None and self._parts.awaits_tag else reading

    @property
    def is_online(self) -> bool:
        """Whether it is connected."""
        return self._parts.line.is_online

    @property
    def restarts(self) -> int:
        """How many of its boots were restarts."""
        return self._parts.hearing.restarts

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on every change; returns what stops that."""
        return self._audience.listen(listener)

    def listen_samples(self, listener: SampleListener) -> Callable[[], None]:
        """Call ``listener`` with each reading that came with values of the meter; returns what stops that."""
        return self._audience.listen_samples(listener)

    def attend(self, *, is_watched: bool) -> None:
        """Do nothing more: the charge point sends each second already, if it can (9.4)."""

    def admit(self, *, is_admitted: bool) -> None:
        """Let a transaction begin on our own tag while a person in Home Assistant asks to charge (O10)."""
        parts = self._parts
        if is_admitted is parts.starting.is_admitted:
            return
        parts.starting.is_admitted = is_admitted
        if is_admitted and parts.book.open is None and parts.lease.wanted_a:
            parts.starter.wished()
        self._audience.changed()

    async def run(self) -> None:
        """Greet, renew, start, until cancelled."""
        parts = self._parts
        async with asyncio.TaskGroup() as group:
            group.create_task(parts.upkeep.keep(parts.kept_up))
            group.create_task(parts.lease.keep())
            group.create_task(parts.hours.keep())
            group.create_task(parts.meter_watch.keep())
            group.create_task(parts.starter.keep())

    async def apply(self, setpoint_a: float) -> None:
        """Want this current.

        Before a transaction exists the default hours in the charge point hold. With ``start_without_tag``
        a transaction is begun as soon as a vehicle is plugged in, for 0 A too, and without it while
        somebody is admitted: the lease goes along with the remote start and again behind StartTransaction,
        so that the pause lies inside the transaction.
        """
        before = self._parts.lease.wanted_a
        may_start = self._parts.starting.may_start() or self._parts.lease.has_stopped
        if may_start and setpoint_a > 0 and not before and self._parts.book.open is None:
            self._parts.starter.wished()
        await self._parts.lease.apply(setpoint_a)

    async def leave_behind(self, plan: LeaveBehind) -> None:
        """Write default hours into the charge point, and the length of a delay of its own."""
        self._parts.upkeep.want_delay(plan.delay_max_s)
        try:
            await self._parts.hours.leave(plan)
        finally:
            self._parts.upkeep.look_at_delay()

    async def hand_back(self) -> None:
        """Clear our lease; the default hours stay."""
        connection = self.connection
        await self._parts.lease.end()
        if connection is None or not self._parts.upkeep.vendor_delay.is_held_off:
            return
        try:
            async with asyncio.timeout(self._timings.hand_back_s):
                await self._parts.upkeep.vendor_delay.hand_back(connection)
        except ChargerError, TimeoutError:
            self._audience.count("hand_back_failed")

    async def withdraw(self) -> None:
        """Take back every limit of ours, default hours too: nobody will renew them. Best effort, raises nothing."""
        if (connection := self.connection) is None:
            return
        try:
            async with asyncio.timeout(self._timings.hand_back_s):
                await self._parts.hours.withdraw(connection)
                await self._parts.lease.withdraw(connection)
        except ChargerError, TimeoutError:
            self._audience.count("withdrawal_failed")

    async def call(self, action: str, payload: Payload) -> Payload:
        """Send any message of OCPP 1.6, for the owner; returns the answer.

        Raises:
            ValueError: the payload is not what the schema asks for.
            ChargerError: no link, no answer, or a CALLERROR.
        """
        if (link := self._parts.line.link) is None:
            raise ChargerUnreachable("the charge point is not connected")
        return await link.call(action, payload, priority=Priority.OWNER)

    def set_tags(self, tags: Mapping[str, TagStatus]) -> None:
        """Keep these in the charge point's own list too, from the next time that it may be asked."""
        self._parts.upkeep.local_list.known = dict(tags)
        self._parts.upkeep.poke()

    @property
    def sample_interval_s(self) -> float | None:
        """How far apart meter values really come."""
        return self._parts.snapshot.interval_s

    @property
    def keeps_transactions(self) -> bool:
        """Charge points queue the messages of a transaction (1.6, 3.7.1)."""
        return True

    @property
    def past_transactions(self) -> tuple[PastTransaction, ...]:
        """Those that ended and are not on record."""
        return self._parts.book.past

    async def acknowledge(self, transactions: Iterable[PastTransaction]) -> None:
        """Hear that these are on record."""
        await self._parts.book.acknowledge(transactions)

    @property
    def remedies(self) -> frozenset[Remedy]:
        """What would put the charge point right, and waits for its owner. Listeners hear of changes."""
        return self._parts.remedies.wanted

    async def remedy(self, remedy: Remedy) -> None:
        """Do what the owner has agreed to.

        Raises:
            ChargerRefused: a vehicle is charging, or the charge point says no.
            ChargerError: there is no link, or no answer.
        """
        await self._parts.remedies.apply(remedy)
        self._audience.changed()

    async def forget_people(self) -> frozenset[Kept]:
        """Empty the charge point's cache and list of tags, and what we remember of them (OCPP notes A8)."""
        await self._parts.book.forget_people()
        if (connection := self.connection) is None:
            raise ChargerUnreachable("the charge point is not connected")
        tags = self._parts.upkeep.local_list
        kept = {
            Kept.TAG_CACHE: not await tags.clear_cache(connection),
            Kept.TAG_LIST: not await tags.clear(connection),
        }
        return frozenset(what for what, is_kept in kept.items() if is_kept)

    def diagnostics(self) -> dict[str, Any]:
        """Counters, what was learnt, and the settings that are no secret."""
        return diagnose(self._parts, self.counts)

    # What others of its charge point need

    @property
    def connection(self) -> Connection | None:
        """The link, once the charge point may be asked something."""
        return self._parts.line.connection

    @property
    def transaction_id(self) -> TransactionId | None:
        """Of the running transaction."""
        return self._parts.bench.transaction_id

    async def attach(self, connection: Connection) -> None:
        """Speak for us on this link from now on."""
        parts = self._parts
        if parts.line.link is not None:
            parts.link_lost()
        parts.line.take(connection)
        parts.snapshot.forget_register()
        if parts.bench.company.is_leader:
            connection.counts = self.counts
        connection.on_late.append(self._heard_late)
        parts.lease.forget()
        self._audience.changed()

    def detach(self, connection: Connection) -> None:
        """Hear that this link is gone; a newer one is not touched by it."""
        parts = self._parts
        if not parts.line.drop(connection):
            return
        parts.link_lost()
        parts.bench.is_status_old = True
        parts.lease.forget()
        self._audience.changed()

    def _heard_late(self, action: str) -> None:
        self._audience.count(f"late_{action}")
        if action == "SetChargingProfile":
            self._parts.lease.poke()

    async def answer(self, action: str, payload: Payload) -> Payload:
        """Hear what concerns our connector, or the whole charge point, and answer it."""
        answer = await v16.answer(action, payload, self._parts.hearing)
        if action == "StartTransaction":
            await self._parts.pace.wait()
        return answer

    def overheard(self, action: str) -> None:
        """Hear that the charge point said something, to us or to another connector's charger."""
        self._parts.line.heard(action)
        if action != "StartTransaction":
            self._parts.pace.heard()

    def shares(self, company: Company) -> None:
        """Hear with whom we share the charge point: the tags that are ours, and whether we lead."""
        bench = self._parts.bench
        before, bench.company = bench.company, company
        if (company.own_tags, company.is_leader) != (before.own_tags, before.is_leader):
            self._parts.upkeep.poke()

    def heard_from(self, leader: OcppCharger) -> None:
        """Take over who the charge point is from one that has heard it: it does not say so again."""
        if leader is not self and self.identity == Identity():
            self._parts.memory.section("identity").update(asdict(leader.identity))
            self._audience.changed()

    def knows(self, transaction_id: TransactionId | None) -> bool:
        """Whether this is a transaction of our connector."""
        return self._parts.book.knows(transaction_id)
