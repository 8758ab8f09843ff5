"""What the supply can carry, and what one charge point wants and takes of it."""

from dataclasses import dataclass
from datetime import datetime
import math

from .model import MIN_CURRENT_A, NOMINAL_V, PerPhase, Reading
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

_MAINS = 0.2
"""Further from the nominal voltage it is not that of a phase of the mains, but of two, or no voltage."""

_BY_POWER = 1.1
"""A current that is reckoned from a power may be so much too high (EN 50160: the voltage is within a tenth)."""


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
        total_a: what it draws on all its phases together, where it does not tell each of them.
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
    total_a: float | None = None

    @property
    def wants_a(self) -> float:
        """The most it could use: 0, or at least 6."""
        return max((value for value in (self.wish_a, self.in_force_a) if value >= MIN_CURRENT_A), default=0.0)

    @property
    def only_total_a(self) -> float | None:
        """What it draws on all its phases together, where that is all that it tells."""
        is_all = all(drawn is None for drawn in self.drawn_a) and len(self.phases) > 0
        return max(self.total_a, 0.0) if is_all and self.total_a is not None and math.isfinite(self.total_a) else None

    @property
    def told_a(self) -> PerPhase:
        """What it draws by its own word: on each phase, or spread evenly where it tells the total only."""
        if (total_a := self.only_total_a) is None:
            return self.drawn_a
        a, b, c = (total_a / len(self.phases) if own < len(self.phases) else None for own in range(3))
        return a, b, c


def total_a(reading: Reading | None) -> float | None:
    """Return the current of all phases together, by the power and the voltage told, or else the nominal one."""
    if reading is None or reading.power_w is None:
        return None
    told = [volts for volts in reading.voltage_v if volts is not None and abs(volts / NOMINAL_V - 1) <= _MAINS]
    return reading.power_w / (sum(told) / len(told) if told else NOMINAL_V)


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
    most_a = place.ceiling_a * (1.0 if claim.only_total_a is None else _BY_POWER) + STEADY_A
    return _is_told(claim, now) and any(
        drawn is not None and drawn > most_a and place.word.changed_by_a(own) >= -STEADY_A
        for own, drawn in enumerate(claim.told_a)
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
    told = told_between(claim, own, highest_a) if _is_told(claim, now) else None
    if told is None or claim.taken_at is None:
        return 0.0, highest_a
    least_a, most_a = told
    now_a = asked.now_a
    word = Word(taken_at=claim.taken_at, since_at=claim.taken_at) if place is None else place.word
    if asked.had_rested(claim.taken_at, SETTLING_S, now):
        return least_a, most_a if word.is_steady and heard.is_news(claim.taken_at) else max(most_a, now_a)
    since_at = word.since_at or claim.taken_at
    wait_s = 0.0 if abs(most_a - now_a) <= STEADY_A else COMMAND_S
    if asked.had_rested(since_at, wait_s, now) and heard.is_after(since_at):
        return min(least_a, now_a), max(most_a, now_a)
    lowest_a = min(least_a, asked.at_least_a(now, SETTLING_S))
    return lowest_a, highest_a if asked.has_rested(now, SETTLING_S) else max(most_a, highest_a)


def told_between(claim: Claim, own: int, asked_a: float) -> tuple[float, float] | None:
    """Return what its own word allows on one of its phases, asked for so much; None where it says nothing of it."""
    if (total_a := claim.only_total_a) is not None:
        return _by_total(total_a, own, len(claim.phases), asked_a)
    drawn_a, first_a = _flowing(claim.drawn_a[own]), _flowing(claim.drawn_a[0])
    if drawn_a is not None:
        return drawn_a, drawn_a
    return None if first_a is None else _by_first(first_a, own, claim.total_a)


def _flowing(value_a: float | None) -> float | None:
    return None if value_a is None or not math.isfinite(value_a) else max(value_a, 0.0)


def _by_first(first_a: float, own: int, total_a: float | None) -> tuple[float, float]:
    """Return what the first phase allows on another of which nothing is told: as much, or nothing."""
    if total_a is None or not math.isfinite(total_a):
        return 0.0, first_a
    is_used = first_a > STEADY_A and own < round(total_a / first_a)
    return (first_a, first_a) if is_used else (0.0, 0.0)


def _by_total(total_a: float, own: int, count: int, asked_a: float) -> tuple[float, float]:
    """Return what a total allows on one phase: a vehicle may use fewer phases than there are, from the first on.

    It takes no more than it is asked to; where one phase alone explains what is asked for, it is that one.
    """
    uses = [used for used in range(1, count + 1) if total_a / used <= asked_a * _BY_POWER]
    if not uses:
        return total_a / count, total_a / count
    if total_a * _BY_POWER >= asked_a and uses[0] == 1:
        uses = [1]
    bounds = [min(total_a / used, asked_a) if own < used else 0.0 for used in uses]
    return min(bounds), max(bounds)
