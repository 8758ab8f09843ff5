"""What the supply can carry, and what one charge point wants and takes of it."""

from dataclasses import dataclass
from datetime import datetime
import math

from .model import MIN_CURRENT_A, PerPhase
from .places import STEADY_A, Place, Trail, Word

SETTLING_S = 10.0
"""A charge point told a new current is taken to be following it for so long (IEC 61851-1: 5 s, plus the way there)."""

SILENT_AFTER_S = 60.0
"""A charge point's own word on what it draws is believed for so long."""

IGNORED_AFTER_S = 15.0
"""Drawing more than it may for longer than this, a charge point does not do as it is told."""

COMMAND_S = 3.0
"""A command is under way for no longer than this: from then on the current moves towards what was asked for."""

METER_LAG_S = 2.0
"""What a meter tells may have been so for so long already, or for the time between two of its readings."""

_WORD_COUNTS_S = 10.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Supply:
    """What the premises' connection can carry, as the owner or installer has entered it.

    Attributes:
        limit_a: per phase, the main fuse or less; None for a phase that is not there.
        margin_a: kept free when current is given out, and taken up by the house without a change.
        without_meter_a: what all charge points together may draw on a phase of which the meter
            tells nothing.
        hold_off_s: for how long current must have been free before it is given out.
        meter_interval_s: time between two readings of the grid meter, where it is known.
        has_meter: False where there is none to wait for.
    """

    limit_a: PerPhase
    margin_a: float = 2.0
    without_meter_a: float = MIN_CURRENT_A
    hold_off_s: float = 60.0
    meter_interval_s: float | None = None
    has_meter: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What one charge point wants of the supply, and what it draws.

    Attributes:
        wish_a: what every other rule, the ratings, the cable and the vehicle would let it take,
            before the random delay; less than 6 A means that it wants nothing.
        in_force_a: what it has been asked for so far. A stop that is delayed still needs its share,
            and who charges when we start goes on charging.
        phases: the supply's phases, 0 to 2, behind its own L1, L2 and L3: ``(1, 2, 0)`` is rotated by one,
            ``(2,)`` a single-phase charge point on the third phase.
        drawn_a: on its own L1 to L3; None where it did not say.
        taken_at: when that was so; None if it has said nothing.
        is_taking: False when the vehicle has been offered current and leaves it.
        rises_at: when the random delay ends behind which it waits for more; None if none runs.
        is_by_hand: somebody asked to charge now.
        is_at_once: what it gets next is what was asked for by hand, and no delay holds it back.
    """

    key: str
    wish_a: float
    phases: tuple[int, ...]
    drawn_a: PerPhase
    taken_at: datetime | None
    in_force_a: float = 0.0
    is_taking: bool = True
    rises_at: datetime | None = None
    is_by_hand: bool = False
    is_at_once: bool = False

    @property
    def wants_a(self) -> float:
        """The most it could use: 0, or at least 6."""
        return max((value for value in (self.wish_a, self.in_force_a) if value >= MIN_CURRENT_A), default=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """When the meter spoke, and when it had spoken before."""

    at: datetime
    before_at: datetime | None = None
    interval_s: float | None = None

    def is_news(self, word_at: datetime) -> bool:
        """Whether a charge point's word is new since the meter's last, or the last for a while."""
        is_newer = self.before_at is None or word_at > self.before_at
        return is_newer or (self.at - word_at).total_seconds() > _WORD_COUNTS_S

    def is_after(self, word_at: datetime) -> bool:
        """Whether what the meter tells was surely so after a charge point's word."""
        return (self.at - word_at).total_seconds() >= max(METER_LAG_S, self.interval_s or 0.0)


def is_ignoring(claim: Claim, place: Place | None, now: datetime) -> bool:
    """Whether it has had time to come down and still draws more than it may: then it is one more load of the house.

    One that is coming down slowly does as it is told.
    """
    if place is None or claim.taken_at is None or not place.ceiling.had_rested(claim.taken_at, IGNORED_AFTER_S, now):
        return False
    most_a = place.ceiling_a + STEADY_A
    return _is_told(claim, now) and any(
        drawn is not None and drawn > most_a and place.word.changed_by_a(own) >= -STEADY_A
        for own, drawn in enumerate(claim.drawn_a)
    )


def _is_told(claim: Claim, now: datetime) -> bool:
    return claim.taken_at is not None and abs((now - claim.taken_at).total_seconds()) <= SILENT_AFTER_S


def drawn_between(claim: Claim, own: int, place: Place | None, heard: Heard, now: datetime) -> tuple[float, float]:
    """Return between which two currents the charge point drew when the meter was read.

    Its own word and the meter's are hardly ever of one instant, and neither tells how old it is. So its word
    is exact only where it rests: nothing else was asked of it for a while, and it draws what it drew before.
    Else the most is what it may draw: what is over the limit is seen all the same, and is the house's.
    """
    asked = Trail() if place is None else place.asked
    highest_a = asked.at_most_a(now, SETTLING_S)
    drawn_a = claim.drawn_a[own] if own < len(claim.drawn_a) and _is_told(claim, now) else None
    if drawn_a is None or not math.isfinite(drawn_a) or claim.taken_at is None:
        return 0.0, highest_a
    drawn_a, now_a = max(drawn_a, 0.0), asked.now_a
    word = Word(taken_at=claim.taken_at, since_at=claim.taken_at) if place is None else place.word
    if asked.had_rested(claim.taken_at, SETTLING_S, now):
        return drawn_a, drawn_a if word.is_steady and heard.is_news(claim.taken_at) else max(drawn_a, now_a)
    since_at = word.since_at or claim.taken_at
    wait_s = 0.0 if abs(drawn_a - now_a) <= STEADY_A else COMMAND_S
    if asked.had_rested(since_at, wait_s, now) and heard.is_after(since_at):
        return min(drawn_a, now_a), max(drawn_a, now_a)
    lowest_a = min(drawn_a, asked.at_least_a(now, SETTLING_S))
    return lowest_a, highest_a if asked.has_rested(now, SETTLING_S) else max(drawn_a, highest_a)
