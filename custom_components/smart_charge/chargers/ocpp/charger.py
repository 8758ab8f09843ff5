"""One charge point that speaks OCPP, one connector of it: what we ask of it, and what it last told us."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
import logging
from typing import Any

from ...charging.model import ConnectorStatus, Reading
from ..charger import (
    Capabilities,
    ChargerError,
    ChargerMisunderstood,
    ChargerRefused,
    ChargerTimedOut,
    ChargerUnreachable,
    Clock,
    Identity,
    Kept,
    LeaveBehind,
    Listener,
    PastTransaction,
    SampleListener,
    Save,
)
from . import v16
from .configuration import Configuration
from .connection import Connection, Priority
from .default_hours import DefaultHours
from .fields import boolean
from .frames import Payload, is_accepted
from .greeting import Greeting
from .lease import Lease
from .local_list import LocalList
from .measurands import Measurand, latest, total
from .memory import Memory
from .meter_watch import MeterWatch
from .onboarding import Onboarding
from .profiles import SmartCharging
from .said import Metered, Started, StatusSaid, Stopped, TransactionId
from .sample_rate import SHORTEST_S, SampleRate
from .snapshot import Snapshot
from .starter import Starter
from .tags import MAX_LENGTH, TagStatus, fold
from .timings import Timings
from .transactions import TransactionBook
from .vendor_delay import VendorDelay
from .wire_time import SLACK, PeerClock

LOGGER = logging.getLogger(__name__)

PICKY_BOOTS = 3
"""As many boots in five minutes, and we write times another way."""

RESTARTS = frozenset({"PowerLoss", "Reboot", "SoftReset", "HardReset"})
"""Reasons for which a transaction ends though nobody wanted it to."""

WEARS_OUT = frozenset({"easee"})
"""Makers whose charge points count writes (quirk Q51)."""


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
        self.counts: Counter[str] = Counter()
        self.on_security_event: Callable[[str], None] | None = None
        self.connector_id = connector_id
        self._clock = clock
        self._timings = timings or Timings()
        self._authorise = authorise
        self._start_without_tag = start_without_tag
        self._is_admitted = False
        self.id_tag = id_tag[:MAX_LENGTH]
        self._own_tags = frozenset({self.id_tag})
        self._is_leader = True
        self._is_alone = True
        self._rated_a = rated_a
        self._memory = Memory(memory, save)
        self._times = PeerClock(clock)
        self._listeners: list[Listener] = []
        self._sample_listeners: list[SampleListener] = []
        self._link: Connection | None = None
        self._greeting: Greeting | None = None
        self._restarts = 0
        self._has_booted = False
        self._boots: deque[float] = deque(maxlen=PICKY_BOOTS)
        self._is_status_old = True
        self._is_boot_new = False
        self._onboard = asyncio.Event()
        self._is_onboarding_due = True
        self._has_tried_onboarding = False
        self._transaction_heard_at = 0.0
        self._attached_at: datetime = clock()
        self._configuration = Configuration()
        self._snapshot = Snapshot(clock, self._changed, self._sampled)
        self._book = TransactionBook(self._memory, connector_id, next_transaction_id, self._count)
        self._rate = SampleRate(self._memory, clock, self._count, sample_s)
        self._onboarding = Onboarding(self._memory, self._timings, self._configuration, self._rate, self._count)
        self._vendor_delay = VendorDelay(self._onboarding, self._configuration, self._memory, self._count)
        self._delay_max_s: int | None = None
        self._local_list = LocalList(self._memory, self._configuration, lambda: self._own_tags, self._count)
        self._lease = Lease(self, self._snapshot, self._memory, clock=clock, timings=self._timings, count=self._count)
        self._hours = DefaultHours(self, self._memory, clock, self._timings, self._count)
        self._starter = Starter(
            status=lambda: self._snapshot.status,
            connection=lambda: self.connection,
            has_transaction=lambda: self._book.open is not None,
            request=self._start_request,
            timings=self._timings,
            count=self._count,
        )
        self._told_at: float | None = None
        self._meter_watch = MeterWatch(
            self._snapshot,
            self._configuration,
            connection=lambda: self.connection,
            connector_id=connector_id,
            timings=self._timings,
            count=self._count,
        )

    # What the coordinator sees

    @property
    def identity(self) -> Identity:
        """Who its last BootNotification said it is."""
        stored = self._memory.section("identity")
        return Identity(**{name: stored.get(name) for name in ("manufacturer", "model", "serial", "firmware")})

    @property
    def capabilities(self) -> Capabilities:
        """What it can do, as far as it has said."""
        return Capabilities(
            max_a=self._rated_a,
            step_a=1.0 if self._lease.rung.is_whole else 0.1,
            phases=self._snapshot.phases,
            delays_itself=self._configuration.delays_itself,
            unattended=self._unattended,
        )

    @property
    def _unattended(self) -> str:
        if not self._onboarding.is_done or not self._hours.holds or not self._configuration.starts_offline:
            return "unknown"
        return "default_hours" if self._hours.has_hours else "charges"

    @property
    def reading(self) -> Reading | None:
        """What it last said."""
        return self._snapshot.reading

    @property
    def is_online(self) -> bool:
        """Whether it is connected."""
        return self._link is not None and self._link.is_open

    @property
    def restarts(self) -> int:
        """How many of its boots were restarts."""
        return self._restarts

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` on every change; returns what stops that."""
        self._listeners.append(listener)

        def stop() -> None:
            if listener in self._listeners:
                self._listeners.remove(listener)

        return stop

    def listen_samples(self, listener: SampleListener) -> Callable[[], None]:
        """Call ``listener`` with each reading that came with values of the meter; returns what stops that."""
        self._sample_listeners.append(listener)

        def stop() -> None:
            if listener in self._sample_listeners:
                self._sample_listeners.remove(listener)

        return stop

    def attend(self, *, is_watched: bool) -> None:
        """Do nothing more: the charge point sends each second already, if it can (9.4)."""

    def admit(self, *, is_admitted: bool) -> None:
        """Let a transaction begin on our own tag while a person in Home Assistant asks to charge (O10)."""
        is_new = is_admitted and not self._is_admitted
        self._is_admitted = is_admitted
        if is_new and self._book.open is None and self._lease.wanted_a:
            self._starter.wished()

    @property
    def _may_start(self) -> bool:
        return self._start_without_tag or self._is_admitted

    async def run(self) -> None:
        """Greet, renew, start, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_onboarded())
            group.create_task(self._lease.keep())
            group.create_task(self._hours.keep())
            group.create_task(self._meter_watch.keep())
            group.create_task(self._starter.keep())

    async def apply(self, setpoint_a: float) -> None:
        """Want this current.

        Before a transaction exists the default hours in the charge point hold. With ``start_without_tag``
        a transaction is begun as soon as a vehicle is plugged in, for 0 A too, and without it while
        somebody is admitted: the lease goes along with the remote start and again behind StartTransaction,
        so that the pause lies inside the transaction.
        """
        before = self._lease.wanted_a
        may_start = self._may_start or self._lease.has_stopped
        if may_start and setpoint_a > 0 and not before and self._book.open is None:
            self._starter.wished()
        await self._lease.apply(setpoint_a)

    async def leave_behind(self, plan: LeaveBehind) -> None:
        """Write default hours into the charge point, and the length of a delay of its own."""
        self._delay_max_s = plan.delay_max_s
        try:
            await self._hours.leave(plan)
        finally:
            if plan.delay_max_s is not None and self._vendor_delay.differs(plan.delay_max_s):
                self._onboard.set()

    async def hand_back(self) -> None:
        """Clear our lease; the default hours stay."""
        connection = self.connection
        await self._lease.end()
        if connection is None or not self._vendor_delay.is_held_off:
            return
        try:
            async with asyncio.timeout(self._timings.hand_back_s):
                await self._vendor_delay.hand_back(connection)
        except ChargerError, TimeoutError:
            self._count("hand_back_failed")

    async def call(self, action: str, payload: Payload) -> Payload:
        """Send any message of OCPP 1.6, for the owner; returns the answer.

        Raises:
            ValueError: the payload is not what the schema asks for.
            ChargerError: no link, no answer, or a CALLERROR.
        """
        if self._link is None:
            raise ChargerUnreachable("the charge point is not connected")
        return await self._link.call(action, payload, priority=Priority.OWNER)

    def set_tags(self, tags: Mapping[str, TagStatus]) -> None:
        """Keep these in the charge point's own list too, from the next time that it may be asked."""
        self._local_list.known = dict(tags)
        if self._has_tried_onboarding:
            self._onboard.set()

    @property
    def sample_interval_s(self) -> float | None:
        """How far apart meter values really come."""
        return self._snapshot.interval_s

    @property
    def keeps_transactions(self) -> bool:
        """Charge points queue the messages of a transaction (1.6, 3.7.1)."""
        return True

    @property
    def past_transactions(self) -> tuple[PastTransaction, ...]:
        """Those that ended and are not on record."""
        return self._book.past

    async def acknowledge(self, transactions: Iterable[PastTransaction]) -> None:
        """Hear that these are on record."""
        await self._book.acknowledge(transactions)

    async def forget_people(self) -> frozenset[Kept]:
        """Empty the charge point's cache and list of tags, and what we remember of them (OCPP notes A8)."""
        await self._book.forget_people()
        if (connection := self.connection) is None:
            raise ChargerUnreachable("the charge point is not connected")
        kept = {
            Kept.TAG_CACHE: not await self._clear_cache(connection),
            Kept.TAG_LIST: not await self._local_list.clear(connection),
        }
        return frozenset(what for what, is_kept in kept.items() if is_kept)

    async def _clear_cache(self, connection: Connection) -> bool:
        """Empty the cache of tags; true when nothing is in it. One that has none rejects this."""
        has_cache = boolean(self._configuration.value("AuthorizationCacheEnabled")) is True
        try:
            return is_accepted(await connection.call("ClearCache", {}, priority=Priority.OWNER)) or not has_cache
        except ChargerRefused, ChargerMisunderstood:
            return not has_cache
        except ChargerTimedOut:
            return False

    def diagnostics(self) -> dict[str, Any]:
        """Counters, what was learnt, and the settings that are no secret."""
        link = self._link
        return {
            "is_online": self.is_online,
            "version": link.version if link else None,
            "counts": dict(sorted(self.counts.items())),
            "restarts": self._restarts,
            "rung": self._lease.rung.name,
            "is_followed": self._lease.is_followed,
            "sample_interval_s": self._snapshot.interval_s,
            "sample_interval_least_s": self._rate.least_s,
            "clock_offset_s": self._times.offset.total_seconds(),
            "unreadable_times": self._times.untrusted,
            "has_transaction": self._book.open is not None,
            "warning": self._snapshot.warning,
            "unattended": self._unattended,
            "hours_form": self._memory.section("hours").get("form"),
            "settings_refused": sorted(self._memory.section("settings").get("refused", {})),
            "configuration": self._configuration.shown(),
        }

    # What the lease and the hours need

    @property
    def connection(self) -> Connection | None:
        """The link, once the charge point may be asked something."""
        if self._link is None or not self._link.is_open or self._greeting is None or not self._greeting.is_over:
            return None
        return self._link

    @property
    def transaction_id(self) -> TransactionId | None:
        """Of the running transaction."""
        return self._book.open.id if self._book.open is not None else None

    @property
    def smart(self) -> SmartCharging:
        """What it can do of smart charging; until it has said so again, what it said before."""
        if self._onboarding.is_done:
            return replace(self._configuration.smart, phases=self._snapshot.phases, is_shared=not self._is_alone)
        stored = self._memory.section("smart")
        units = frozenset(stored.get("units") or ("A", "W"))
        limits = {name: stored.get(name) for name in ("max_level", "max_periods", "max_profiles")}
        phases = self._snapshot.phases or stored.get("phases")
        return SmartCharging(units=units, phases=phases, is_shared=not self._is_alone, **limits)

    @property
    def is_known(self) -> bool:
        """Whether it has been asked what it can do, in vain or not."""
        return self._has_tried_onboarding or bool(self._memory.section("smart"))

    @property
    def is_late_news(self) -> bool:
        """Whether the running transaction began before this link did: its stop may be on its way."""
        running = self._book.open
        return running is not None and (running.began_at or self._attached_at) < self._attached_at

    @property
    def transaction_age_s(self) -> float:
        """How long ago we heard of the running transaction."""
        return asyncio.get_running_loop().time() - self._transaction_heard_at

    @property
    def wears_out(self) -> bool:
        """Whether each write counts."""
        return (self.identity.manufacturer or "").casefold() in WEARS_OUT

    # The link

    async def attach(self, connection: Connection) -> None:
        """Speak for us on this link from now on."""
        if self._greeting is not None:
            self._greeting.cancel()
        if self._link is not None:
            self._note_loss()
        self._link = connection
        if self._is_leader:
            connection.counts = self.counts
        connection.on_late.append(self._heard_late)
        self._attached_at = self._clock()
        self._greeting = Greeting(connection, self._timings, self._ready)
        self._lease.forget()
        self._changed()

    def detach(self, connection: Connection) -> None:
        """Hear that this link is gone; a newer one is not touched by it."""
        if self._link is not connection:
            return
        self._link = None
        self._note_loss()
        self._is_status_old = True
        if self._greeting is not None:
            self._greeting.cancel()
            self._greeting = None
        self._lease.forget()
        self._changed()

    def _note_loss(self) -> None:
        self._onboarding.link_lost()
        self._rate.link_lost(self._configuration.whole("MeterValueSampleInterval"))

    def _ready(self, has_booted: bool) -> None:
        self._is_onboarding_due = has_booted or not self._onboarding.is_done or self._rate.is_news
        self._onboard.set()
        self._lease.poke()
        self._hours.poke()

    async def _keep_onboarded(self) -> None:
        while True:
            await self._onboard.wait()
            self._onboard.clear()
            if (connection := self.connection) is None:
                continue
            try:
                await self._onboard_now(connection)
            except (ChargerError, ValueError) as err:
                self._count(f"onboarding_{type(err).__name__}")
            self._has_tried_onboarding = True
            self._lease.poke()
            self._hours.poke()
            self._changed()

    async def _onboard_now(self, connection: Connection) -> None:
        """Ask for the states that were not told, then for everything else if it has booted or is new."""
        if self._is_status_old:
            await self._onboarding.ask(connection, "StatusNotification", self.connector_id)
        if self._is_onboarding_due:
            self._is_onboarding_due = False
            if self._is_leader:
                await self._onboarding.run(connection, start_without_tag=self._start_without_tag)
            else:
                await self._onboarding.look(connection)
            smart = asdict(self.smart)
            self._memory.section("smart").update(smart, units=sorted(smart["units"]))
            await self._memory.keep()
        if not self._is_leader:
            return
        if self._delay_max_s is not None and self._onboarding.is_done:
            await self._vendor_delay.want(connection, self._delay_max_s)
        await self._local_list.send(connection)

    def _changed(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _sampled(self) -> None:
        self._rate.heard()
        if self._snapshot.reading is not None:
            for listener in list(self._sample_listeners):
                listener(self._snapshot.reading)

    def _count(self, word: str) -> None:
        self.counts[word] += 1

    def _heard_late(self, action: str, payload: Payload, answer: Payload) -> None:
        self._count(f"late_{action}")
        if action == "SetChargingProfile":
            self._lease.poke()

    async def answer(self, action: str, payload: Payload) -> Payload:
        """Hear what concerns our connector, or the whole charge point, and answer it."""
        return await v16.answer(action, payload, self)

    def overheard(self, action: str) -> None:
        """Hear that the charge point said something, to us or to another connector's charger."""
        if self._greeting is not None:
            self._greeting.heard(action)

    def shares(self, own_tags: frozenset[str], *, is_leader: bool, is_alone: bool) -> None:
        """Hear with whom we share the charge point: the tags that are ours, and whether we lead."""
        must_send = own_tags != self._own_tags or is_leader != self._is_leader
        self._own_tags, self._is_leader, self._is_alone = own_tags, is_leader, is_alone
        if must_send and self._has_tried_onboarding:
            self._onboard.set()

    def heard_from(self, leader: OcppCharger) -> None:
        """Take over who the charge point is from one that has heard it: it does not say so again."""
        if leader is not self and self.identity == Identity():
            self._memory.section("identity").update(asdict(leader.identity))
            self._changed()

    def knows(self, transaction_id: TransactionId | None) -> bool:
        """Whether this is a transaction of our connector."""
        return self._book.knows(transaction_id)

    def _start_request(self) -> dict[str, Any] | None:
        """Say what to say to start; None while nobody has told us how much current there may be."""
        now = asyncio.get_running_loop().time()
        if self._lease.wanted_a is None:
            self._told_at = self._told_at or now
            if now - self._told_at < self._timings.untold_s:
                return None
        if self._lease.wanted_a == 0 and self._lease.has_stopped:
            return None  # a pause inside a transaction is refused: it would be stopped at once
        request: dict[str, Any] = {"idTag": self.id_tag, "connectorId": self.connector_id}
        profile = self._lease.first_profile()
        return request if profile is None else request | {"chargingProfile": profile}

    # What it says (Hearer)

    def instant(self, stamp: object) -> datetime:
        """When that was, by our clock."""
        return self._times.instant(stamp)

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
            self._restarts += 1
        self._has_booted = True
        self._boots.append(asyncio.get_running_loop().time())
        self._is_boot_new = self._is_status_old = True
        stored = self._memory.section("identity")
        told = {name: getattr(identity, name) for name in ("manufacturer", "model", "serial", "firmware")}
        if stored.get("firmware") != told["firmware"]:
            self._onboarding.forget()
        self._memory.section("settings").pop("awaits_reboot", None)
        stored.update(told)
        self._lease.forget()
        self._hours.forget()
        await self._memory.keep()
        self._changed()

    def heard_time(self, stamp: object) -> None:
        """Hear the time of a live message."""
        self._times.learn(stamp)

    def heard_other(self, action: str, detail: str) -> None:
        """Something worth counting."""
        self._count(action)
        if action == "security_event" and self.on_security_event is not None:
            self.on_security_event(detail)
        if detail:
            LOGGER.debug("%s: %s", action, detail)

    async def heard_status(self, said: StatusSaid) -> None:
        """Hear a connector's state."""
        if said.connector_id == 0:
            self._snapshot.heard_unit(said)
            return
        if said.connector_id != self.connector_id:
            self._count("other_connector")
            return
        before = self._snapshot.status
        if not self._snapshot.heard_status(said):
            self._count("old_status")
            return
        was_old, self._is_status_old = self._is_status_old, False
        if said.status is ConnectorStatus.AVAILABLE:
            await self._end_without_stop(said.at)
            self._starter.unplugged()
            self._lease.has_stopped = False
        elif said.status is ConnectorStatus.PREPARING and (was_old or before is not ConnectorStatus.PREPARING):
            if self._is_boot_new:
                await self._end_without_stop(said.at)
            if self._may_start:
                self._starter.plugged_in()
        self._is_boot_new = False
        self._starter.waits()
        self._lease.poke()

    async def _end_without_stop(self, at: datetime) -> None:
        """Nothing runs any more, though no stop came: a crash, a power cut, or it is still queued."""
        reading = self._snapshot.reading
        if await self._book.end_without_stop(at, reading.import_wh if reading else None, is_live=self._is_live(at)):
            self._snapshot.transaction_ended()
            self._lease.forget()

    def tag_status(self, tag: str) -> TagStatus:
        """Our own tag, and those the charge point gives itself, are accepted; the owner's list has the rest."""
        own = {fold(item) for item in self._own_tags | self._configuration.free_tags}
        return TagStatus.ACCEPTED if fold(tag) in own else self._authorise(tag.strip())

    async def heard_start(self, said: Started) -> int:
        """Hear that a transaction began. One on another connector gets its id, and is none of ours."""
        transaction_id = await self._book.start(
            said, said.connector_id or self.connector_id, is_live=self._is_live(said.at)
        )
        if said.connector_id not in (0, self.connector_id):
            self._count("other_connector")
            return transaction_id
        self._transaction_heard_at = asyncio.get_running_loop().time()
        self._starter.started()
        self._snapshot.register(said.meter_start_wh, said.at)
        self._lease.forget()
        self._changed()
        return transaction_id

    async def heard_stop(self, said: Stopped) -> None:
        """Hear that a transaction ended."""
        is_neighbours = self._book.is_neighbours(said.transaction_id)
        ended = await self._book.stop(said, self.connector_id, is_live=self._is_live(said.at))
        if is_neighbours:
            self._count("other_connector")
            return
        self._snapshot.measured(said.samples)
        self._snapshot.register(said.meter_stop_wh, said.at)
        if ended is not None:
            self._snapshot.transaction_ended()
            self._lease.forget()
            if said.reason in RESTARTS and self._may_start:
                self._starter.interrupted()
        self._changed()

    def _is_live(self, at: datetime) -> bool:
        """Whether this link was there already; what is older was queued."""
        return at >= self._attached_at - SLACK

    async def heard_meter(self, said: Metered) -> None:
        """Meter values; those of connector 0 count while ours has none."""
        if said.connector_id not in (0, self.connector_id):
            self._count("other_connector")
            return
        if said.connector_id == 0 and self._snapshot.has_registers_of_its_own and said.transaction_id is None:
            return
        if said.samples:
            newest = said.samples[-1].at
            registers = latest(item for item in said.samples if item.measurand is Measurand.IMPORT)
            register = total({phase: item.value for (_, phase), item in registers.items()})
            wh = round(register) if register is not None else None
            if await self._book.adopt(said.transaction_id, self.connector_id, newest, wh):
                self._transaction_heard_at = asyncio.get_running_loop().time() - self._timings.queue_drain_s
                self._lease.forget()
        self._snapshot.measured(said.samples)
