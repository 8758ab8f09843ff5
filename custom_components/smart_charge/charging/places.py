"""Where each charge point stands in the sharing of a supply, and what it may still be drawing."""

from dataclasses import dataclass, field, replace
from datetime import datetime

from .model import NO_PHASES, PerPhase

LEAD_S = 25.0
"""Others come down so long before a random delay ends: they have then surely done so, and the meter has said so."""

WAKES_S = 60.0
"""A vehicle that is offered current may take so long to begin: only then it leaves it to others."""

STEADY_A = 1.0
"""What is drawn changes by as much without anybody asking for it."""

type Phases = tuple[float, float, float]
"""One amount for each phase of the supply."""


def has_passed(since_at: datetime | None, for_s: float, now: datetime) -> bool:
    """Whether an instant is so long ago; one in the future, from before a clock was set back, counts as long ago."""
    return since_at is not None and not 0 <= (now - since_at).total_seconds() < for_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Trail:
    """An amount that somebody follows with a lag: what it is now, and highest and lowest of the last while."""

    now_a: float = 0.0
    highest_a: float = 0.0
    lowest_a: float = 0.0
    changed_at: datetime | None = None

    def has_rested(self, now: datetime, for_s: float) -> bool:
        """Whether it has not changed for so long; a clock set back counts as rested."""
        if self.changed_at is None:
            return True
        return not 0 <= (now - self.changed_at).total_seconds() < for_s

    def had_rested(self, at: datetime, for_s: float, now: datetime) -> bool:
        """Whether it had not changed for so long at an earlier instant, and has not since."""
        if self.changed_at is None or self.changed_at > now:
            return True
        return (at - self.changed_at).total_seconds() >= for_s

    def at_most_a(self, now: datetime, lag_s: float) -> float:
        """Return the most that who follows within ``lag_s`` can be at."""
        return self.now_a if self.has_rested(now, lag_s) else max(self.now_a, self.highest_a)

    def at_least_a(self, now: datetime, lag_s: float) -> float:
        """Return the least that who follows within ``lag_s`` can be at."""
        return self.now_a if self.has_rested(now, lag_s) else min(self.now_a, self.lowest_a)

    def changed(self, to_a: float, now: datetime, lag_s: float) -> Trail:
        """Return the trail with a step to another amount, or as it was if that is none."""
        if to_a == self.now_a:
            return self
        return Trail(
            now_a=to_a,
            highest_a=max(self.at_most_a(now, lag_s), to_a),
            lowest_a=min(self.at_least_a(now, lag_s), to_a),
            changed_at=now,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """What a charge point last said that it draws, on its own L1 to L3, and what it had said before that.

    ``since_at`` is when it first said so, of the words that have followed each other and say the same.
    """

    taken_at: datetime | None = None
    drawn_a: PerPhase = NO_PHASES
    before_a: PerPhase = NO_PHASES
    since_at: datetime | None = None

    def followed_by(self, taken_at: datetime | None, drawn_a: PerPhase) -> Word:
        """Return the word with a newer one behind it, or as it was if that is none."""
        if taken_at is None or taken_at == self.taken_at:
            return self
        word = Word(taken_at=taken_at, drawn_a=drawn_a, before_a=self.drawn_a, since_at=taken_at)
        return replace(word, since_at=self.since_at) if self.since_at is not None and word.is_steady else word

    @property
    def is_steady(self) -> bool:
        """Whether it draws what it drew before, as far as is known."""
        return all(abs(self.changed_by_a(own)) <= STEADY_A for own in range(3))

    def changed_by_a(self, own: int) -> float:
        """Return by how much more it draws on a phase than it did before; 0 while that is not known."""
        now_a, before_a = self.drawn_a[own], self.before_a[own]
        return 0.0 if now_a is None or before_a is None else now_a - before_a


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where one charge point stands.

    Attributes:
        phases: the supply's phases behind its own.
        ceiling: what it is allowed: 0, or at least 6 A.
        asked: what it has in fact been asked for, which a random delay may keep below the ceiling.
        word: what it has said that it draws.
        turn_at: since when it is its turn, even if there is nothing to have for the moment.
        begun_at: since when it has charged in this turn.
        waiting_at: since when it has been left out.
        relieves: whose place it takes when its random delay ends.
        promised_a: what it waits for behind its random delay, though there may be less just now.
        promised_at: since when it has been promised more than it is allowed.
        heard_at: when it first spoke; None while nobody knows what it does, as after a restart of ours.
    """

    phases: tuple[int, ...]
    ceiling: Trail = field(default_factory=Trail)
    asked: Trail = field(default_factory=Trail)
    word: Word = field(default_factory=Word)
    turn_at: datetime | None = None
    begun_at: datetime | None = None
    waiting_at: datetime | None = None
    relieves: str | None = None
    promised_a: float = 0.0
    promised_at: datetime | None = None
    heard_at: datetime | None = None

    @property
    def ceiling_a(self) -> float:
        """What it is allowed now."""
        return self.ceiling.now_a

    def begun_anew(self) -> Place:
        """Return the place as after a start: with what it is asked for, and nothing said yet."""
        now_a = min(self.ceiling_a, self.asked.now_a)
        begun = Trail(now_a=now_a, highest_a=now_a, lowest_a=now_a)
        return replace(self, ceiling=begun, word=Word(), heard_at=None)

    def promised(self, amperes: float, now: datetime) -> Place:
        """Return the place with what it may wait for, which is no less than what it is allowed."""
        promised_a = max(self.ceiling_a, amperes)
        promised_at = (self.promised_at or now) if promised_a > self.ceiling_a else None
        return replace(self, promised_a=promised_a, promised_at=promised_at)

    def allowed(self, ceiling_a: float, now: datetime, lag_s: float) -> Place:
        """Return the place with a ceiling of its own step, or as it was if that is none."""
        ceiling = self.ceiling.changed(ceiling_a, now, lag_s)
        return self if ceiling is self.ceiling else replace(self, ceiling=ceiling)


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A charge point that wants current: at most ``wish_a`` on each of its phases, and at least 6 A or nothing.

    ``rises_at`` is when the random delay ends behind which it waits for more; None if none runs. By hand, and at
    once, is who was told to charge now: see `Claim`.
    """

    key: str
    wish_a: float
    place: Place
    is_taking: bool = True
    in_force_a: float = 0.0
    rises_at: datetime | None = None
    is_by_hand: bool = False
    is_at_once: bool = False

    @property
    def is_under_way(self) -> bool:
        """Whether it may and does charge, rather than wait for a random delay to do so."""
        return self.place.ceiling_a > 0 and self.in_force_a > 0

    def is_held(self, now: datetime) -> bool:
        """Whether it waits behind a random delay."""
        return self.rises_at is not None and self.rises_at > now

    def is_about_to_rise(self, now: datetime) -> bool:
        """Whether its random delay is about to end, or none has begun in the time that others take to come down."""
        if self.is_at_once:
            return True
        if self.is_held(now) and self.rises_at is not None:
            return (self.rises_at - now).total_seconds() <= LEAD_S
        return has_passed(self.place.promised_at, LEAD_S, now)
