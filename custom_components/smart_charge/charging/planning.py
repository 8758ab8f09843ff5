"""One vehicle's plan over its stay: made once, kept while it holds, made anew when facts say otherwise.

What must not happen is a vehicle that is not ready. So a plan ends early enough for the longest random
delay and for a shortfall that is not yet acted upon; the power it reckons with is what vehicles here really
took, and less than that before any has; and what is missing when hours end is charged in others, or at once.

What should not happen is switching back and forth, because each switch is a charging instance with a delay of
its own. So pauses shorter than twice the longest delay are charged through, a plan gives way to another only if
that saves a twentieth, and a remainder that takes no longer than a delay is charged without a pause.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .model import MIN_CURRENT_A, NOMINAL_V, RANDOM_DELAY_DEFAULT_S, RANDOM_DELAY_HIGHEST_S, Hold, Mode, Settings
from .override import next_showing
from .plan import Basis, Need, Plan, Span, bill, cheapest_plan, lasts
from .session import Session, State
from .slots import Slot, line

LARGE_BATTERY_WH = 100_000
"""What a vehicle whose need is not known may take: few batteries hold more."""

SHORTFALL = timedelta(minutes=5)
"""A plan that lacks less than this is kept, until its last hours end."""

_CAUTIOUS_A = 16.0
"""On one phase: what nearly every vehicle takes at least. Reckoned with until one has been measured."""

_MEASURED_OVER_S = 300.0
_REMEMBERED = 5
_RESTING = timedelta(minutes=30)
_WORTH = Decimal("0.05")
_PAUSE_OF_DELAYS = 2
_DAY = timedelta(days=1)


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
class Facts:
    """What a plan rests on, beside the errand. ``in_force_a`` and ``hold`` are the carry's."""

    now: datetime
    settings: Settings
    time_zone: ZoneInfo
    slots: tuple[Slot, ...] = ()
    session: Session | None = None
    in_force_a: float = 0.0
    hold: Hold | None = None

    @property
    def longest_delay(self) -> timedelta:
        """Return how late a start may be."""
        most_s = min(max(self.settings.random_delay_max_s, RANDOM_DELAY_DEFAULT_S), RANDOM_DELAY_HIGHEST_S)
        return timedelta(seconds=most_s)

    @property
    def is_charging(self) -> bool:
        """Whether current is in force, so that going on is no start."""
        return self.in_force_a > 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Planning:
    """A plan and what is needed to tell whether it still holds."""

    errand: Errand = field(default_factory=Errand)
    plan: Plan | None = None
    made_for: tuple[object, ...] | None = None
    made_with_w: float = 0.0
    measured_from: tuple[int, float] | None = None  # energy and charging time of the session, Wh and s
    takes_w: int | None = None  # what this vehicle took when it was last measured; less near the end, or when limited
    resting_since_at: datetime | None = None


def follow(before: Planning, facts: Facts) -> Planning:
    """Return the planning after what is now known; the same plan as long as it holds. Never raises."""
    session = facts.session
    if session is None or session.state is State.FINISHED:
        return Planning(errand=Errand(powers_w=before.errand.powers_w))
    if session.plugged_in_at != before.errand.since_at:
        before = Planning(errand=Errand(since_at=session.plugged_in_at, powers_w=before.errand.powers_w))
    measured = _measured(before, session)
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
    made_for = (*wish, facts.slots)
    need = _need(facts, ready_at, left_wh, with_w)
    lacking, is_new = _lacking(planning.plan, need, facts), planning.made_for != made_for
    if lacking <= timedelta(0) or (lacking <= SHORTFALL and not _has_ended(planning.plan, facts)):
        has_spare = -lacking > facts.longest_delay and with_w != planning.made_with_w
        if not is_new and not has_spare and (left_wh > 0 or not _is_planned(planning.plan)):
            return planning
    made = _made(need, facts, ready_at)
    if planning.plan is not None and (planning.made_for or ())[:-1] == wish and lacking <= timedelta(0) < lasts(need):
        made = _steadier(planning.plan, made, need, facts)
    return replace(planning, plan=made, made_for=made_for, made_with_w=with_w)


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


def _need(facts: Facts, ready_at: datetime, left_wh: int, with_w: float) -> Need:
    """Say what is needed, and by when at the latest that may be planned for."""
    return Need(
        energy_wh=left_wh,
        power_w=with_w,
        ready_at=ready_at - facts.longest_delay - SHORTFALL,
        is_charging=facts.is_charging,
    )


def _guess(facts: Facts, ready_at: datetime) -> tuple[Slot, ...]:
    """Think of time beyond the last price as rather cheap: the list that comes late is mostly that of the night.

    It is worth waiting for where prices are all the same. A hole between prices is not: there it is dear.
    """
    around = (slot for slot in facts.slots if slot.end_at > facts.now - _DAY and slot.start_at < ready_at)
    priced = [(slot.end_at, slot.price_per_kwh) for slot in around if slot.price_per_kwh is not None]
    known, known_until = sorted(price for _, price in priced), max((end_at for end_at, _ in priced), default=ready_at)
    if known_until >= ready_at:
        return ()
    quarter = known[(len(known) - 1) // 4]
    return (Slot(start_at=known_until, end_at=ready_at, price_per_kwh=quarter - abs(quarter) / 100),)


def _made(need: Need, facts: Facts, ready_at: datetime) -> Plan:
    slots, basis = _to_go_by(facts, ready_at)
    if facts.is_charging and lasts(need) <= facts.longest_delay:
        need = replace(need, ready_at=facts.now)  # no pause is worth so little
    guessed = _guess(facts, ready_at) if basis is Basis.PRICES else ()
    plan = cheapest_plan(need, (*slots, *guessed), facts.now)
    spans = _bridged(plan.spans, facts)
    cost, unpriced_wh = bill(need, spans, slots)
    return replace(
        plan,
        spans=spans,
        cost=cost if basis is Basis.PRICES else Decimal(0),
        unpriced_wh=unpriced_wh if basis is Basis.PRICES else max(0, need.energy_wh),
        is_met=not spans or spans[-1][1] <= ready_at,
        review_at=min((at for span in spans for at in span if at > facts.now), default=None),
        basis=basis,
    )


def _to_go_by(facts: Facts, ready_at: datetime) -> tuple[Sequence[Slot], Basis]:
    """Return the prices; the default hours as cheap time where there are none; or nothing at all."""
    if any(slot.price_per_kwh is not None for slot in line(facts.slots, facts.now, max(ready_at, facts.now))):
        return facts.slots, Basis.PRICES
    hours = tuple(_open_time(facts, ready_at))
    return hours, Basis.HOURS if hours else Basis.NOTHING


def _open_time(facts: Facts, ready_at: datetime) -> Iterator[Slot]:
    hours = facts.settings.default_hours
    if hours is None:
        return
    at = facts.now
    while at < ready_at:
        change_at = min(hours.next_change(at) or ready_at, ready_at)
        if hours.contains(at):
            yield Slot(start_at=at, end_at=change_at, price_per_kwh=Decimal(0))
        at = change_at


def _bridged(spans: Sequence[Span], facts: Facts) -> tuple[Span, ...]:
    """Charge through pauses that two delays may eat up, and be done that much earlier."""
    joined: list[Span] = [(facts.now, facts.now)] if facts.is_charging else []
    surplus = timedelta(0)
    for begins_at, ends_at in spans:
        if joined and begins_at - joined[-1][1] < _PAUSE_OF_DELAYS * facts.longest_delay:
            surplus += begins_at - joined[-1][1]
            joined[-1] = (joined[-1][0], ends_at)
        else:
            joined.append((begins_at, ends_at))
    return _shortened([span for span in joined if span[0] < span[1]], surplus)


def _shortened(spans: list[Span], surplus: timedelta) -> tuple[Span, ...]:
    while surplus:
        begins_at, ends_at = spans.pop()
        cut = min(surplus, ends_at - begins_at)
        surplus -= cut
        if cut < ends_at - begins_at:
            spans.append((begins_at, ends_at - cut))
    return tuple(spans)


def _steadier(old: Plan, new: Plan, need: Need, facts: Facts) -> Plan:
    """Return the old plan, billed anew, unless the new one saves enough to be worth a switch."""
    spans = _shortened(
        [(max(begins_at, facts.now), ends_at) for begins_at, ends_at in old.spans if ends_at > facts.now],
        old.left(facts.now) - lasts(need),
    )
    is_in_time = not spans or spans[-1][1] <= need.ready_at
    if old.basis is not new.basis or new.basis is not Basis.PRICES or not is_in_time:
        return new
    thought_of = (*facts.slots, *_guess(facts, need.ready_at))
    (whole, holes_wh), (least, least_holes_wh) = (bill(need, way, thought_of) for way in (spans, new.spans))
    if least_holes_wh < holes_wh or whole - least > _WORTH * abs(whole):
        return new
    cost, unpriced_wh = bill(need, spans, facts.slots)
    return replace(new, spans=spans, cost=cost, unpriced_wh=unpriced_wh, is_met=True)
