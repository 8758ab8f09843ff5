"""One transaction as it is kept, and as the records want it."""

from dataclasses import dataclass, replace
from datetime import datetime
import logging
from typing import Any

from ..charger import PastTransaction
from .said import TransactionId
from .wire_time import read, write

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transaction:
    """One transaction. Instants as on the wire, so that it can be stored as it is.

    Attributes:
        key: of this transaction alone, for whoever keeps records.
        is_adopted: it began where we did not see it.
        is_reconstructed: its end was never told.
        began_live, ended_live: heard as it happened.
        is_acknowledged: it is on record as it stands here.
    """

    id: TransactionId
    connector_id: int
    id_tag: str = ""
    meter_start_wh: int | None = None
    started_at: str = ""
    stamp: str = ""
    stopped_at: str | None = None
    meter_stop_wh: int | None = None
    reason: str | None = None
    is_adopted: bool = False
    is_reconstructed: bool = False
    key: str = ""
    began_live: bool = False
    ended_live: bool = False
    is_acknowledged: bool = False

    @property
    def is_open(self) -> bool:
        """Whether it has not ended."""
        return self.stopped_at is None

    @property
    def began_at(self) -> datetime | None:
        """When it began."""
        return read(self.started_at)

    @property
    def past(self) -> PastTransaction | None:
        """It, for the records; None while it runs, or when it cannot be told when it ended."""
        if (ended_at := read(self.stopped_at)) is None:
            return None
        return PastTransaction(
            key=self.key,
            transaction_id=str(self.id),
            began_at=self.began_at,
            ended_at=ended_at,
            meter_start_wh=self.meter_start_wh,
            meter_stop_wh=self.meter_stop_wh,
            id_tag=self.id_tag or None,
            reason=self.reason,
            began_live=self.began_live,
            ended_live=self.ended_live,
            is_reconstructed=self.is_reconstructed,
        )


def is_real(transaction_id: TransactionId) -> bool:
    """Whether this can be a transaction's id; -1 and 0 cannot (quirk Q53)."""
    return isinstance(transaction_id, str) or transaction_id > 0


def key_of(transaction_id: TransactionId | None, at: datetime) -> str:
    """Name it by number and first instant: numbers of ours are unique, those that charge points make up are not."""
    return f"{transaction_id or 0}@{write(at)}"


def restored(item: Any) -> Transaction | None:
    """Return one that was stored; None when it cannot be read."""
    try:
        entry = Transaction(**item)
        # One without a key was stored before there were records: sessions of that time counted it.
        return entry if entry.key else replace(entry, key=f"{entry.id}@{entry.started_at}", is_acknowledged=True)
    except TypeError:
        LOGGER.warning("A stored transaction could not be read and is forgotten")
        return None
