"""What one charge point may take of a supply that it shares, and why it is no more (reg 8, 8.1 to 8.3)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class SharingCause(StrEnum):
    """Why a charge point's ceiling is what it is."""

    SUPPLY = "supply"  # the house and the other charge points leave no more
    METER_LOST = "meter_lost"  # nobody knows what the house draws
    WATCHED = "watched"  # there is enough, as far as is known, but not for long enough to rely on it
    TURN = "turn"  # not enough for all: another charge point has its turn


@dataclass(frozen=True, kw_only=True, slots=True)
class Ceiling:
    """The most that one charge point may be asked for: 0, or at least 6 A, and why it is no more.

    ``promised_a`` is what it may go on waiting for behind a random delay, though there is less just now:
    the house has a brief peak, or another charge point makes room only when the delay ends.
    """

    max_a: float
    cause: SharingCause
    until_at: datetime | None = None
    promised_a: float = 0.0
