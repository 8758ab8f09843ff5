"""Energy that a register gained while nobody looked, until the charge point has told which stays that was.

It is reckoned in the register's own values, not in amounts: a transaction that is told says from where to where the
register moved in it. What is told early, late or twice then comes to the same.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from .absence import LEAST_WH
from .metering import Meter
from .session import Session, State

PATIENCE: Final = timedelta(minutes=10)
"""A charge point that tells late what it did has told it by then."""

_MOST: Final = 50
"""So many pieces are remembered: those of transactions that follow each other are one."""

type Span = tuple[int, int]
"""From where to where a register moved, in Wh."""


def joined(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same without overlaps and empty ones, in order."""
    found: list[Span] = []
    for low, high in sorted(span for span in spans if span[0] < span[1]):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        else:
            found.append((low, high))
    return tuple(found)


def left_of(spans: Iterable[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """Return what of spans is not taken."""
    left = list(joined(spans))
    for low, high in taken:
        left = [
            piece
            for start, end in left
            for piece in ((start, min(end, low)), (max(start, high), end))
            if piece[0] < piece[1]
        ]
    return joined(left)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unclaimed:
    """What no stay of ours counts, and what the charge point has told.

    Attributes:
        gained: what the register moved through while nobody looked.
        told: what transactions moved through, the latest of them.
        told_otherwise_wh: what was told by a charge point whose transactions count from a zero of their own.
        since: when the charge point was last seen before it.
        until: when the register was seen to have moved.
        patient_until: what is left then is a stay of its own.
    """

    gained: tuple[Span, ...] = ()
    told: tuple[Span, ...] = ()
    told_otherwise_wh: int = 0
    since: datetime | None = None
    until: datetime | None = None
    patient_until: datetime | None = None

    def gaining(self, span: Span, since: datetime, now: datetime) -> Unclaimed:
        """Return it with what the register moved through besides."""
        return replace(
            self,
            gained=joined((*self.gained, span))[-_MOST:],
            since=self.since or since,
            until=now,
            patient_until=now + PATIENCE,
        )

    def telling(self, span: Span, lost_wh: int | None, now: datetime, *, is_late: bool) -> Unclaimed:
        """Return it with what a transaction has told.

        Args:
            span: from where to where its own registers say.
            lost_wh: what the register showed when the charge point was last seen.
            is_late: whether it ended after that, so that its registers cannot be below.
        """
        if is_late and lost_wh is not None and span[1] < lost_wh:
            told_wh = self.told_otherwise_wh + span[1] - span[0]
            return replace(self, told_otherwise_wh=told_wh, patient_until=now + PATIENCE)
        told = joined((*self.told, span))[-_MOST:]
        return replace(self, told=told, patient_until=self.patient_until and now + PATIENCE)

    def waiting(self, now: datetime) -> Unclaimed:
        """Return it as it is when the charge point is back, and can tell of it from now on."""
        return replace(self, patient_until=self.patient_until and max(self.patient_until, now + PATIENCE))

    def is_due(self, now: datetime) -> bool:
        """Whether nobody will tell of it any more."""
        return self.patient_until is not None and now >= self.patient_until

    @property
    def settled(self) -> Unclaimed:
        """Return what is kept when it is written down: what was told, which may be told of later still."""
        return Unclaimed(told=self.told)

    @property
    def energy_wh(self) -> int:
        """What nobody has told of."""
        left_wh = sum(high - low for low, high in left_of(self.gained, self.told))
        return max(0, left_wh - self.told_otherwise_wh)

    @property
    def stay(self) -> Session | None:
        """Return it as a stay that nobody told of; None when it has not charged a vehicle."""
        if self.energy_wh < LEAST_WH or self.since is None or self.until is None:
            return None
        return Session(
            state=State.FINISHED,
            plugged_in_at=self.since,
            seen_at=self.until,
            charge_started_at=self.since,
            charge_ended_at=self.until,
            unplugged_at=self.until,
            charging_s=(self.until - self.since).total_seconds(),
            imported=Meter(counted_wh=self.energy_wh, last_wh=0, changed_at=self.until),
            is_recovered=True,
            may_be_several=True,
        )
