"""Requests to take less, more, or later, and services to the grid (5.3, 10.5, 10.6, 11.6, 11.7).

What asks for less is a limit; what asks for more sets the mode's limits aside. The strictest of
several counts. Turning down, shifting and turning up wait for the random delay like any change,
unless whoever sent them has spread them already; a service to the grid never waits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
import math

from .cheapest import plan_limit
from .model import MIN_CURRENT_A, NOMINAL_V, Carry, DsrEvent, DsrKind, Limit, Settings, Situation, Source
from .off_peak import default_hours_limit, off_limit
from .random_delay import Direction

MOST_EVENTS = 100
"""As many are kept for one charge point; who asks for more is told."""

LONGEST = timedelta(hours=24)
"""No event is longer: a request that is for ever is none of the electricity system's."""

_JUST_BEFORE = timedelta(seconds=1)


def with_event(carry: Carry, event: DsrEvent, now: datetime) -> Carry:
    """Take up an event, in place of one with its id if there is one."""
    kept = without_event(carry, event.event_id, now).events
    return replace(carry, events=tuple(sorted((*kept, event), key=lambda known: (known.start_at, known.end_at))))


def without_event(carry: Carry, event_id: str, now: datetime) -> Carry:
    """End an event now. One that has begun stays for the next step to see that it ended."""
    return replace(
        carry,
        events=tuple(
            event if event.event_id != event_id else replace(event, end_at=min(now, event.end_at))
            for event in carry.events
            if event.event_id != event_id or event.has_begun
        ),
    )


def opted_out(carry: Carry, event_id: str) -> Carry:
    """Take no part in an event, by the owner's hand (10.6)."""
    return replace(
        carry,
        events=tuple(
            replace(event, is_opted_out=True) if event.event_id == event_id else event for event in carry.events
        ),
    )


def followed_events(situation: Situation) -> tuple[DsrEvent, ...]:
    """Return the events after the passing of time: past ones dropped, those that have begun marked."""
    now = situation.now
    return tuple(
        event if event.has_begun or event.start_at > now else replace(event, has_begun=True)
        for event in situation.carry.events
        if event.end_at > now
    )


def next_edge(events: Iterable[DsrEvent], now: datetime) -> datetime | None:
    """Return when the next event begins or ends."""
    edges = (edge for event in events for edge in (event.start_at, event.end_at))
    return min((edge for edge in edges if edge > now), default=None)


def active_events(situation: Situation) -> Iterator[DsrEvent]:
    """Yield the events that the charge point takes part in now."""
    for event in situation.carry.events:
        if event.start_at <= situation.now < event.end_at and _takes_part(event, situation.settings):
            yield event


def response_limit(situation: Situation) -> Limit | None:
    """Do as a service to the grid asks, at once (11.7)."""
    return _strictest(situation, Source.RESPONSE_DSR)


def dsr_delayed_before_limit(situation: Situation) -> Limit | None:
    """Take no more than an event asks for whose start was spread at random by who sent it (11.6)."""
    return _strictest(situation, Source.DSR_DELAYED_BEFORE)


def dsr_limit(situation: Situation) -> Limit | None:
    """Take no more than the electricity system asks for."""
    return _strictest(situation, Source.DSR)


def turn_up(situation: Situation) -> Limit | None:
    """Return what a turn-up asks for, at most; None while nobody asks for more, or for less than 6 A."""
    asked = _strictest(situation, Source.TURN_UP)
    return None if asked is None or asked.max_a < MIN_CURRENT_A else asked


def event_behind(carry: Carry, settings: Settings, source: Source, now: datetime) -> DsrEvent | None:
    """Return the event that a limit of this source comes from: the strictest, and of those the longest."""
    active = [
        event
        for event in carry.events
        if event.start_at <= now < event.end_at and _takes_part(event, settings) and _source(event) is source
    ]
    return min(active, key=lambda event: (amperes(event, settings), now - event.end_at), default=None)


def amperes(event: DsrEvent, settings: Settings) -> float:
    """Return the event's limit per phase. Watts are reckoned with 230 V on every phase there is."""
    limits_a = [] if event.limit_a is None else [event.limit_a]
    if event.limit_w is not None:
        limits_a.append(event.limit_w / (NOMINAL_V * (settings.phases or 3)))
    if not limits_a:
        return settings.rated_a if event.kind is DsrKind.TURN_UP else 0.0
    return max(0.0, min(limits_a)) if all(math.isfinite(limit_a) for limit_a in limits_a) else 0.0


def exempt_by_event(before: Situation, after: Situation) -> frozenset[Direction]:
    """Return the directions in which an event that began or ended in this step acts without a delay (11.6, 11.7).

    ``after`` is the same step with its events followed. What the mode does by itself at the same
    instant is an instance of its own: hours that open as an event ends wait as they always do.
    What an event takes away as it begins is a limit, and those say themselves whether they wait.
    """
    turned_up = any(
        event.kind is DsrKind.TURN_UP and _is_exempt(event) and not _mode_allows(after, after.now)
        for event in active_events(after)
        if event not in before.carry.events
    )
    ended = [event for event in before.carry.events if event.has_begun and event.end_at <= before.now]
    exempt = {
        Direction.FALL if event.kind is DsrKind.TURN_UP else Direction.RISE
        for event in ended
        if _is_exempt(event) and _takes_part(event, before.settings)
        if _mode_allows(before, event.end_at - _JUST_BEFORE) is not (event.kind is DsrKind.TURN_UP)
    }
    return frozenset(exempt | {Direction.RISE}) if turned_up else frozenset(exempt)


def _is_exempt(event: DsrEvent) -> bool:
    return event.kind is DsrKind.RESPONSE or event.delay_already_applied


def _takes_part(event: DsrEvent, settings: Settings) -> bool:
    return not event.is_opted_out and not settings.is_dsr_opted_out


def _mode_allows(situation: Situation, at: datetime) -> bool:
    then = replace(situation, now=at)
    return all(rule(then) is None for rule in (default_hours_limit, plan_limit, off_limit))


def _source(event: DsrEvent) -> Source:
    match event.kind:
        case DsrKind.RESPONSE:
            return Source.RESPONSE_DSR
        case DsrKind.TURN_UP:
            return Source.TURN_UP
    return Source.DSR_DELAYED_BEFORE if event.delay_already_applied else Source.DSR


def _strictest(situation: Situation, source: Source) -> Limit | None:
    """Of the lowest limits of one source, the one that stands longest."""
    asked = [
        (amperes(event, situation.settings), event.end_at)
        for event in active_events(situation)
        if _source(event) is source
    ]
    if not asked:
        return None
    lowest_a = min(max_a for max_a, _ in asked)
    return Limit(max_a=lowest_a, source=source, until_at=max(end_at for max_a, end_at in asked if max_a == lowest_a))
