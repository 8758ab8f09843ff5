"""One plan from what is known now: from prices, or the default hours, and with as few starts as they are worth.

What should not happen is switching back and forth, because each switch is a charging instance with a delay of
its own. So pauses shorter than twice the longest delay are charged through, a plan gives way to another only if
that saves a twentieth, and a remainder that takes no longer than a delay is charged without a pause.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from .model import RANDOM_DELAY_DEFAULT_S, RANDOM_DELAY_HIGHEST_S, Hold, Settings
from .plan import Basis, Need, Plan, Span, bill, cheapest_plan, lasts
from .session import Session
from .slots import Slot, line

_WORTH = Decimal("0.05")
_PAUSE_OF_DELAYS = 2
_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What a plan rests on, beside the errand. ``in_force_a`` and ``hold`` are the carry's.

    ``drawn`` is when the vehicle last told a power, and how much: W.
    """

    now: datetime
    settings: Settings
    time_zone: ZoneInfo
    slots: tuple[Slot, ...] = ()
    session: Session | None = None
    in_force_a: float = 0.0
    hold: Hold | None = None
    drawn: tuple[datetime, float] | None = None

    @property
    def longest_delay(self) -> timedelta:
        """Return how late a start may be."""
        most_s = min(max(self.settings.random_delay_max_s, RANDOM_DELAY_DEFAULT_S), RANDOM_DELAY_HIGHEST_S)
        return timedelta(seconds=most_s)

    @property
    def is_charging(self) -> bool:
        """Whether current is in force, so that going on is no start."""
        return self.in_force_a > 0


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


def made(need: Need, facts: Facts, ready_at: datetime) -> Plan:
    """Return the plan that costs least; ``ready_at`` is what was promised, which the need may want sooner."""
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


def steadier(old: Plan, new: Plan, need: Need, facts: Facts) -> Plan:
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
