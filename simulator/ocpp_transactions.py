"""Transactions of a charge point, and the queue in which their messages wait for the link."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

_LONGEST_QUEUE = 5000
LOST_ID = -1
"""What a charge point writes that never learnt, or forgot, its transaction's id (OCPP 1.6 errata)."""


@dataclass(kw_only=True)
class Transaction:
    """From StartTransaction to StopTransaction. ``transaction_id`` is None until it is answered."""

    tag: str
    started_at: datetime
    meter_start_wh: int
    transaction_id: int | None = None
    is_invalid: bool = False
    is_lost: bool = False

    @property
    def wire_id(self) -> int:
        """The id to write in messages."""
        return LOST_ID if self.transaction_id is None or self.is_lost else self.transaction_id


@dataclass(kw_only=True)
class Message:
    """One message about a transaction, kept until it is delivered. ``transaction`` fills in its id."""

    action: str
    payload: dict[str, Any]
    transaction: Transaction | None
    attempts: int = 0

    def complete(self) -> dict[str, Any]:
        """Return the payload with the transaction's id, as far as it is known by now."""
        if self.action == "StartTransaction" or self.transaction is None:
            return self.payload
        return self.payload | {"transactionId": self.transaction.wire_id}


@dataclass
class Outbox:
    """Messages in order. When it is full the oldest meter values go, never a start or a stop."""

    messages: deque[Message] = field(default_factory=deque)

    def add(self, message: Message) -> None:
        """Queue a message."""
        self.messages.append(message)
        if len(self.messages) > _LONGEST_QUEUE:
            spare = next((old for old in self.messages if old.action == "MeterValues"), None)
            if spare is not None:
                self.messages.remove(spare)

    def __len__(self) -> int:
        return len(self.messages)
