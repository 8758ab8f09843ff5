"""What the lease, the hours and the rest of one charger's parts need to know of each other."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace

from .connection import Connection
from .line import Line
from .memory import Memory
from .onboarding import Onboarding
from .said import TransactionId
from .smart import SmartCharging
from .snapshot import Snapshot
from .transactions import TransactionBook

WEARS_OUT = frozenset({"easee"})
"""Makers whose charge points count writes (quirk Q51)."""


@dataclass(frozen=True, slots=True)
class Company:
    """With whom a charger shares its charge point.

    Attributes:
        own_tags: those that we start charges with, on every connector.
        is_leader: it alone changes settings, and keeps the list of tags.
        is_alone: no other connector is set up.
        is_charging: whether a transaction runs on any of them.
    """

    own_tags: frozenset[str]
    is_leader: bool = True
    is_alone: bool = True
    is_charging: Callable[[], bool] = bool


class Bench:
    """One connector as its parts see it: the link, the running transaction, and what can be asked of it.

    Attributes:
        is_status_old: its state was told before the link was lost, or before the charge point booted.
        has_been_asked: what it can do, in vain or not, since we run.
    """

    def __init__(
        self,
        connector_id: int,
        company: Company,
        *,
        line: Line,
        book: TransactionBook,
        snapshot: Snapshot,
        onboarding: Onboarding,
        memory: Memory,
    ) -> None:
        self.connector_id = connector_id
        self.company = company
        self.is_status_old = True
        self.has_been_asked = False
        self._line = line
        self._book = book
        self._snapshot = snapshot
        self._onboarding = onboarding
        self._memory = memory
        self._transaction_heard_at = 0.0

    @property
    def connection(self) -> Connection | None:
        """The link; None while there is none, or the charge point digests its boot."""
        return self._line.connection

    @property
    def is_online(self) -> bool:
        """Whether there is a link at all."""
        return self._line.is_online

    @property
    def own_tags(self) -> frozenset[str]:
        """Tags that start a charge without anybody being asked: ours, and those it gives itself."""
        return self.company.own_tags | self._onboarding.configuration.free_tags

    @property
    def transaction_id(self) -> TransactionId | None:
        """Of the running transaction."""
        return self._book.open.id if self._book.open is not None else None

    @property
    def transaction_age_s(self) -> float:
        """How long ago we heard of the running transaction."""
        return asyncio.get_running_loop().time() - self._transaction_heard_at

    def heard_of_transaction(self, *, ago_s: float = 0.0) -> None:
        """Hear of a transaction that runs."""
        self._transaction_heard_at = asyncio.get_running_loop().time() - ago_s

    @property
    def is_late_news(self) -> bool:
        """Whether the running transaction began before this link did: its stop may be on its way."""
        running, attached_at = self._book.open, self._line.attached_at
        return running is not None and (running.began_at or attached_at) < attached_at

    @property
    def is_known(self) -> bool:
        """Whether it has been asked what it can do, in vain or not."""
        return self.has_been_asked or bool(self._memory.section("smart"))

    @property
    def smart(self) -> SmartCharging:
        """What it can do of smart charging; until it has said so again, what it said before."""
        is_shared = not self.company.is_alone
        if self._onboarding.is_done:
            return replace(self._onboarding.configuration.smart, phases=self._snapshot.phases, is_shared=is_shared)
        stored = self._memory.section("smart")
        units = frozenset(stored.get("units") or ("A", "W"))
        limits = {name: stored.get(name) for name in ("max_level", "max_periods", "max_profiles")}
        phases = self._snapshot.phases or stored.get("phases")
        has_key = bool(stored.get("has_limit_key"))
        return SmartCharging(units=units, phases=phases, is_shared=is_shared, has_limit_key=has_key, **limits)

    def remember_smart(self) -> None:
        """Note what it can do for when it has not said so yet; to be kept."""
        smart = asdict(self.smart)
        self._memory.section("smart").update(smart, units=sorted(smart["units"]))

    @property
    def wears_out(self) -> bool:
        """Whether each write counts."""
        return (self._memory.section("identity").get("manufacturer") or "").casefold() in WEARS_OUT
