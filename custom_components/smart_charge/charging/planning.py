"""One vehicle's plan over its stay: made once, kept while it holds, made anew when facts say otherwise.

What must not happen is a vehicle that is not ready. So a plan ends early enough for the longest random
delay and for a shortfall that is not yet acted upon; the power it reckons with is what vehicles here really
took, and less than that before any has; until this one has shown what it takes, a minute after it is offered all there
is, the plan ends early enough for one that takes a third less; and what is missing when hours end is charged in others,
or at once.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

from .metering import MOST_POWER_W
from .model import MIN_CURRENT_A, NOMINAL_V, Mode, Settings
from .override import next_showing
from .plan import Need, Plan, lasts
from .plan_making import Facts, made, steadier
from .session import Session, State

LARGE_BATTERY_WH = 100_000
"""What a vehicle whose need is not known may take: few batteries hold more."""

SHORTFALL = timedelta(minutes=5)
"""A plan that lacks less than this is kept, until its last hours end."""

_CAUTIOUS_A = 16.0
"""On one phase: what nearly every vehicle takes at least. Reckoned with until one has been measured."""

_MEASURED_OVER_S = 300.0
_SEEN_FOR = timedelta(seconds=60)
_RAMPS = 1.1
_FLOWS_W = 1000.0
_WEAKER = 2
"""A vehicle that has not shown yet what it takes may take half as long again: two thirds of the power."""

_REMEMBERED = 5
_RESTING = timedelta(minutes=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Errand:
    """What was promised to the vehicle that is there, and what vehicles took. A restart must not forget it.

    Attributes:
        since_at: when it was plugged in; tells one stay from the next.
        ready_by, ready_at: the owner's wish as it was when it was promised, and the instant that it means.
        powers_w: the most that each of the last few vehicles took for some minutes, the newest last.
        has_measured: the newest of them is this one.
    """

    since_at: datetime | None = None
    ready_by: str | None = None
    ready_at: datetime | None = None
    powers_w: tuple[int, ...] = ()
    has_measured: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Planning:
    """A plan and what is needed to tell whether it still holds."""

    errand: Errand = field(default_factory=Errand)
    plan: Plan | None = None
    made_for: tuple[object, ...] | None = None
    made_with_w: float = 0.0
    measured_from: tuple[int, float] | None = None  # energy and charging time of the session, Wh and s
    takes_w: int | None = None  # what this vehicle took when it was last measured; less near the end, or when limited
    seen: tuple[datetime, float] | None = None  # since when it has taken at least so much of all there is, W
    resting_since_at: datetime | None = None


def follow(before: Planning, facts: Facts) -> Planning:
    """Return the planning after what is now known; the same plan as long as it holds. Never raises."""
    session = facts.session
    if session is None or session.state is State.FINISHED:
        return Planning(errand=Errand(powers_w=before.errand.powers_w))
    if session.plugged_in_at != before.errand.since_at:
        before = Planning(errand=Errand(since_at=session.plugged_in_at, powers_w=before.errand.powers_w))
    measured = _measured(_seen(before, facts), session)
    if facts.settings.mode is not Mode.CHEAPEST:
        errand = replace(measured.errand, ready_by=None, ready_at=None)
        return replace(measured, errand=errand, plan=None, made_for=None, resting_since_at=None)
    return _kept_or_made(_promised(measured, facts, session), facts, session)


# What the vehicle takes


def power_w(planning: Planning, settings: Settings) -> float:
    """Return the power to reckon with: what this vehicle takes, or else the weakest of the last ones."""
    errand = planning.errand
    if not errand.powers_w:
        return min(_CAUTIOUS_A, max(settings.rated_a, MIN_CURRENT_A)) * NOMINAL_V
    known_w = errand.powers_w[-1] if errand.has_measured else min(errand.powers_w)
    return max(MIN_CURRENT_A * NOMINAL_V, float(known_w if planning.takes_w is None else planning.takes_w))


def _seen(planning: Planning, facts: Facts) -> Planning:
    """See what it takes as soon as that is steady: by energy it takes minutes to be exact."""
    is_offered_all = facts.in_force_a > facts.settings.rated_a - 1
    is_told = facts.drawn is not None and _FLOWS_W <= facts.drawn[1] <= MOST_POWER_W
    if facts.drawn is None or planning.errand.has_measured or not (is_offered_all and is_told):
        return replace(planning, seen=None)
    (at, takes_w), (since_at, least_w) = facts.drawn, planning.seen or facts.drawn
    if takes_w > _RAMPS * least_w or at < since_at:
        since_at, least_w = at, takes_w
    least_w = min(least_w, takes_w)
    if at - since_at < _SEEN_FOR:
        return replace(planning, seen=(since_at, least_w))
    took_w = round(least_w)
    return replace(planning, seen=None, takes_w=took_w, errand=_learnt(planning.errand, took_w))


def _measured(planning: Planning, session: Session) -> Planning:
    """Measure over some minutes of charging: energy by time, so that no single reading counts."""
    now = (session.energy_wh, session.charging_s)
    since_wh, since_s = planning.measured_from or now
    took_s = session.charging_s - since_s
    if planning.measured_from is None or took_s < 0 or session.energy_wh < since_wh:
        return replace(planning, measured_from=now)
    if took_s < _MEASURED_OVER_S:
        return planning
    took_w = round((session.energy_wh - since_wh) * 3600 / took_s)
    return replace(planning, measured_from=now, takes_w=took_w, errand=_learnt(planning.errand, took_w))


def _learnt(errand: Errand, took_w: int) -> Errand:
    if errand.has_measured:
        return replace(errand, powers_w=(*errand.powers_w[:-1], max(errand.powers_w[-1], took_w)))
    return replace(errand, powers_w=(*errand.powers_w, took_w)[-_REMEMBERED:], has_measured=True)


# What is promised


def _left_wh(facts: Facts, session: Session) -> int:
    needed_wh = facts.settings.energy_needed_wh
    return (LARGE_BATTERY_WH if needed_wh is None else needed_wh) - session.energy_wh


def _promised(planning: Planning, facts: Facts, session: Session) -> Planning:
    """Promise the next ready-by time; a time that passed stands until the vehicle has, or takes, no more."""
    errand, wish = planning.errand, f"{facts.settings.ready_by.isoformat()} {facts.time_zone.key}"
    is_resting = facts.is_charging and session.state is not State.CHARGING
    resting_since_at = (planning.resting_since_at or facts.now) if is_resting else None
    planning = replace(planning, resting_since_at=resting_since_at)
    takes_no_more = resting_since_at is not None and facts.now - resting_since_at >= _RESTING
    is_over = errand.ready_at is not None and errand.ready_at <= facts.now
    if errand.ready_by == wish and not (is_over and (takes_no_more or _left_wh(facts, session) <= 0)):
        return planning
    ready_at = next_showing(_civil(facts.settings.ready_by), facts.time_zone, facts.now)
    return replace(planning, errand=replace(errand, ready_by=wish, ready_at=ready_at))


def _civil(at: time) -> time:
    return at.replace(tzinfo=None)


# Whether the plan holds


def _kept_or_made(planning: Planning, facts: Facts, session: Session) -> Planning:
    left_wh, ready_at = _left_wh(facts, session), planning.errand.ready_at
    assert ready_at is not None  # promised just before
    with_w = power_w(planning, facts.settings)
    wish = (ready_at, facts.settings.energy_needed_wh, facts.longest_delay, facts.settings.default_hours)
    made_for = (*wish, (facts.slots, planning.errand.has_measured))
    need = _need(planning.errand, facts, left_wh, with_w)
    lacking, is_new = _lacking(planning.plan, need, facts), planning.made_for != made_for
    if lacking <= timedelta(0) or (lacking <= SHORTFALL and not _has_ended(planning.plan, facts)):
        has_spare = -lacking > facts.longest_delay and with_w != planning.made_with_w
        if not is_new and not has_spare and (left_wh > 0 or not _is_planned(planning.plan)):
            return planning
    plan = made(need, facts, ready_at)
    if planning.plan is not None and (planning.made_for or ())[:-1] == wish and lacking <= timedelta(0) < lasts(need):
        plan = steadier(planning.plan, plan, need, facts)
    return replace(planning, plan=plan, made_for=made_for, made_with_w=with_w)


def _is_planned(plan: Plan | None) -> bool:
    return plan is not None and bool(plan.spans)


def _has_ended(plan: Plan | None, facts: Facts) -> bool:
    return plan is None or not plan.left(facts.now)


def _lacking(plan: Plan | None, need: Need, facts: Facts) -> timedelta:
    """Return how much longer charging takes than the plan has time for; a start that is delayed is known already."""
    takes = lasts(need)
    if plan is None:
        return takes + SHORTFALL
    lost = timedelta(0)
    if facts.hold is not None and facts.hold.target_a > facts.in_force_a and plan.contains(facts.now):
        lost = max(timedelta(0), facts.hold.ends_at - facts.now)
    return takes - max(timedelta(0), plan.left(facts.now) - lost)


# Making one


def _need(errand: Errand, facts: Facts, left_wh: int, with_w: float) -> Need:
    """Say what is needed, and by when at the latest that may be planned for."""
    assert errand.ready_at is not None  # promised before
    latest_at = errand.ready_at - facts.longest_delay - SHORTFALL
    need = Need(energy_wh=left_wh, power_w=with_w, ready_at=latest_at, is_charging=facts.is_charging)
    is_sure = errand.has_measured or not errand.powers_w  # before any was seen, little power is reckoned with
    return need if is_sure else replace(need, ready_at=latest_at - lasts(need) / _WEAKER)
