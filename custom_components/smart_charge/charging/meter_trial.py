"""Does the grid meter show what charging does: found out from commands and what comes of them (reg 8, 8.1).

A step counts when all charge points drew steadily before a command, draw steadily again some time after it, and
have changed by several ampere between. One step proves nothing, for the house goes on living. Four that all
miss in the same way, and none that fits between them, do: no house answers each of our steps with its opposite.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from .claims import METER_LAG_S, SETTLING_S, Claim, told_between
from .grid_meter import GridReading
from .model import PerPhase
from .places import STEADY_A, Phases, Trail, Word

CLEAR_STEP_A = 5.0
"""A smaller change of what is drawn says nothing: houses change by as much all the time."""

STEPS_TO_DOUBT = 4
"""So many clear steps that miss in one way, with none that fits between them."""

STEPS_TO_TRUST = 2
"""So many that fit, one after the other, and a meter that was doubted is believed again."""

_IDLE_S = 30.0
_LONGEST_S = 45.0
_WORD_COUNTS_S = 15.0
_FITS = 0.4
_MISSES = 0.25
_KW_AS_W = (0.0005, 0.002)
_COMPENSATED_A = 1.5


class Doubt(StrEnum):
    """How a phase of the meter misses what charging does."""

    UNSEEN = "unseen"  # nothing of it shows: the clamp is behind the charge point, or elsewhere
    STUCK = "stuck"  # it tells one value, whatever is drawn
    OTHER_PHASE = "other_phase"  # it shows on another phase
    REVERSED = "reversed"  # more charging shows as less import
    SCALED = "scaled"  # a thousandth of it shows: kilowatts told as watts


@dataclass(frozen=True, kw_only=True, slots=True)
class Miss:
    """How a phase misses what charging does, and on which phase (0 to 2) it shows instead, if on any."""

    doubt: Doubt
    shows_on: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """What all charge points draw on the supply's phases by their own word, and what the meter tells."""

    at: datetime
    own_a: Phases
    meter_a: PerPhase


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """What is known of the meter so far, phase by phase.

    Attributes:
        words, asked: of each charge point, by `Claim.key`.
        before: the last moment at which nothing was on its way.
        is_under_way: something has been asked for since then.
        misses: how the clear steps since the last that fitted have missed.
        fits: how many have fitted, one after the other.
        told: all that the meter said after the last step that was judged.
        doubts: what is wrong with a phase, where that is clear.
    """

    words: Mapping[str, Word] = field(default_factory=dict)
    asked: Mapping[str, Trail] = field(default_factory=dict)
    before: Moment | None = None
    is_under_way: bool = False
    misses: tuple[tuple[Miss, ...], tuple[Miss, ...], tuple[Miss, ...]] = ((), (), ())
    fits: tuple[int, int, int] = (0, 0, 0)
    told: PerPhase | None = None
    doubts: Mapping[int, Miss] = field(default_factory=dict)


def observed(
    trial: Trial, meter: GridReading | None, claims: Sequence[Claim], now: datetime, *, has_storage: bool = False
) -> Trial:
    """Return the trial after what is heard now. To be called before anything new is asked for."""
    asked = {claim.key: trial.asked.get(claim.key, Trail()).changed(claim.in_force_a, now, 0.0) for claim in claims}
    is_commanded = any(asked[key] is not trial.asked.get(key) and key in trial.asked for key in asked)
    words = {c.key: trial.words.get(c.key, Word()).followed_by(c.taken_at, _exactly_a(c)) for c in claims}
    trial = replace(trial, words=words, asked=asked, is_under_way=trial.is_under_way or is_commanded)
    moment = None if meter is None or meter.is_interrupted else _moment(trial, meter, claims, now)
    if moment is None:
        return trial
    if trial.is_under_way and trial.before is not None:
        lasted_s = (moment.at - trial.before.at).total_seconds()
        if 0 < lasted_s <= _LONGEST_S:
            trial = _judged(trial, trial.before, moment, has_storage=has_storage)
    return replace(trial, before=moment, is_under_way=False)


def masked(reading: GridReading | None, trial: Trial) -> GridReading | None:
    """Return the reading without the phases that are doubted: of them nobody knows what the house draws."""
    if reading is None or not trial.doubts:
        return reading
    a, b, c = (None if phase in trial.doubts else value for phase, value in enumerate(reading.current_a))
    return replace(reading, current_a=(a, b, c))


def _moment(trial: Trial, meter: GridReading, claims: Sequence[Claim], now: datetime) -> Moment | None:
    """Return what is so now; None while anything is on its way, or not known."""
    own_a = [0.0, 0.0, 0.0]
    for claim in claims:
        word, asked = trial.words[claim.key], trial.asked[claim.key]
        if _is_idle(word, asked, now):
            continue
        if word.since_at is None or word.taken_at is None or not word.is_steady:
            return None
        has_settled = asked.had_rested(word.since_at, 0.0, now) and asked.had_rested(word.taken_at, SETTLING_S, now)
        is_told = abs((now - word.taken_at).total_seconds()) <= _WORD_COUNTS_S
        is_after = (meter.taken_at - word.since_at).total_seconds() >= METER_LAG_S
        if not (has_settled and is_told and is_after):
            return None
        for own, phase in enumerate(claim.phases):
            drawn_a = word.drawn_a[own]
            if drawn_a is None:
                return None
            own_a[phase] += drawn_a
    return Moment(at=now, own_a=(own_a[0], own_a[1], own_a[2]), meter_a=meter.current_a)


def _exactly_a(claim: Claim) -> PerPhase:
    """Return what it draws on each phase; None where its word leaves that open."""
    told = [told_between(claim, own, claim.in_force_a) if own < len(claim.phases) else None for own in range(3)]
    a, b, c = (None if bounds is None or bounds[0] != bounds[1] else bounds[0] for bounds in told)
    return a, b, c


def _is_idle(word: Word, asked: Trail, now: datetime) -> bool:
    """Whether a charge point has had nothing for long enough: many then say nothing more."""
    draws = any(drawn_a is not None and drawn_a > STEADY_A for drawn_a in word.drawn_a)
    return asked.now_a == 0 and asked.has_rested(now, _IDLE_S) and not draws


def _judged(trial: Trial, before: Moment, after: Moment, *, has_storage: bool) -> Trial:
    changed_a = [now_a - was_a for now_a, was_a in zip(after.own_a, before.own_a, strict=True)]
    shown_a = [
        None if now_a is None or was_a is None else now_a - was_a
        for now_a, was_a in zip(after.meter_a, before.meter_a, strict=True)
    ]
    is_stuck = all(shown in (None, 0.0) for shown in shown_a)
    is_hidden = (has_storage or not is_stuck) and (_is_compensated(before) or _is_compensated(after))
    is_stuck = is_stuck and trial.told in (None, after.meter_a)
    for phase in range(3):
        shown = shown_a[phase]
        if shown is None or abs(changed_a[phase]) < CLEAR_STEP_A:
            continue
        if abs(shown / changed_a[phase] - 1) <= _FITS:
            trial = _fitted(trial, phase)
        elif (miss := _miss(phase, changed_a, shown_a, is_stuck=is_stuck)) is not None:
            trial = trial if is_hidden and miss.doubt is not Doubt.SCALED else _missed(trial, phase, miss)
    return replace(trial, told=after.meter_a)


def _is_compensated(moment: Moment) -> bool:
    """Whether a battery may be at work that keeps the meter at nothing, and so hides what charging does."""
    return abs(sum(value for value in moment.meter_a if value is not None)) <= _COMPENSATED_A


def _miss(phase: int, changed_a: Sequence[float], shown_a: Sequence[float | None], *, is_stuck: bool) -> Miss | None:
    """Say how a step missed; None where the house may as well have had a hand in it."""
    step_a, shown = changed_a[phase], shown_a[phase] or 0.0
    if is_stuck:
        return Miss(doubt=Doubt.STUCK)
    if abs(shown / step_a + 1) <= _FITS:
        return Miss(doubt=Doubt.REVERSED)
    if abs(shown / step_a) > _MISSES:
        return None
    for other, elsewhere in enumerate(shown_a):
        is_free = other != phase and abs(changed_a[other]) < 1
        if is_free and elsewhere is not None and abs(elsewhere / step_a - 1) <= _FITS:
            return Miss(doubt=Doubt.OTHER_PHASE, shows_on=other)
    return Miss(doubt=Doubt.SCALED if _KW_AS_W[0] <= shown / step_a <= _KW_AS_W[1] else Doubt.UNSEEN)


def _fitted(trial: Trial, phase: int) -> Trial:
    fits = trial.fits[phase] + 1
    is_trusted = fits >= STEPS_TO_TRUST
    doubts = {key: doubt for key, doubt in trial.doubts.items() if key != phase or not is_trusted}
    return replace(trial, misses=_with(trial.misses, phase, ()), fits=_with(trial.fits, phase, fits), doubts=doubts)


def _missed(trial: Trial, phase: int, miss: Miss) -> Trial:
    misses = (*trial.misses[phase], miss)[-STEPS_TO_DOUBT:]
    doubts = dict(trial.doubts)
    is_reversed = {one.doubt is Doubt.REVERSED for one in misses}
    if len(misses) == STEPS_TO_DOUBT and len(is_reversed) == 1:
        doubts[phase] = max(misses, key=lambda one: (misses.count(one), one.doubt, one.shows_on or 0))
    return replace(trial, misses=_with(trial.misses, phase, misses), fits=_with(trial.fits, phase, 0), doubts=doubts)


def _with[ValueT](values: tuple[ValueT, ValueT, ValueT], phase: int, value: ValueT) -> tuple[ValueT, ValueT, ValueT]:
    a, b, c = (value if index == phase else kept for index, kept in enumerate(values))
    return a, b, c
