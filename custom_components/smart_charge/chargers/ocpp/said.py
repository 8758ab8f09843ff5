"""What a charge point says, in our nouns: the same whichever version of OCPP it speaks."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ...charging.model import ConnectorStatus, Fault
from ..charger import Identity
from .measurands import Sample
from .tags import TagStatus

type TransactionId = int | str
"""Ours are positive integers; some charge points make up others (quirk Q53)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusSaid:
    """A connector's state. Connector 0 is the whole charge point.

    ``warning`` is an error code that came with a state other than faulted; ``fault`` holds it too.
    """

    connector_id: int
    status: ConnectorStatus | None
    fault: Fault | None
    warning: str | None
    info: str | None
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    """A transaction began. ``stamp`` is its time as written, which tells a repetition."""

    connector_id: int
    id_tag: str
    meter_start_wh: int | None
    at: datetime
    stamp: str
    is_refused: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Stopped:
    """A transaction ended."""

    transaction_id: TransactionId | None
    id_tag: str | None
    meter_stop_wh: int | None
    at: datetime
    reason: str
    samples: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Metered:
    """Meter values of a connector, oldest first."""

    connector_id: int
    transaction_id: TransactionId | None
    samples: tuple[Sample, ...]


class Hearer(Protocol):
    """Hears what a charge point says, and knows what to answer."""

    def instant(self, stamp: object) -> datetime:
        """When that was, by our clock."""

    def now(self) -> datetime:
        """Tell the present instant."""

    @property
    def heartbeat_s(self) -> int:
        """The interval to ask for."""

    @property
    def is_picky_about_time(self) -> bool:
        """Whether it seems to dislike fractions of a second."""

    async def heard_boot(self, identity: Identity) -> None:
        """Hear that it has started."""

    async def heard_status(self, said: StatusSaid) -> None:
        """Hear a connector's state."""

    def heard_time(self, stamp: object) -> None:
        """Hear the time of a live message."""

    def tag_status(self, tag: str) -> TagStatus:
        """Say what may be done with a tag."""

    async def heard_start(self, said: Started) -> int:
        """Hear that a transaction began; returns its id, on disk."""

    async def heard_stop(self, said: Stopped) -> None:
        """Hear that a transaction ended."""

    async def heard_meter(self, said: Metered) -> None:
        """Meter values."""

    def heard_other(self, action: str, detail: str) -> None:
        """Something worth counting."""
