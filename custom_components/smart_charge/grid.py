"""What the electricity system asks for: demand response events, begun, ended and declined (5.3, 10.6, 11.7)."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.util import dt as dt_util

from .chargers.charger import ChargerError
from .charging.demand_response import LONGEST, MOST_EVENTS, active_events, opted_out, with_event, without_event
from .charging.model import MIN_CURRENT_A, DsrEvent, Situation
from .const import CONF_DSR_OPT_OUT, LOGGER
from .coordinator import SmartChargeCoordinator
from .errors import invalid, translated

_FURTHEST: Final = timedelta(days=31)


def check_event(event: DsrEvent, now: datetime) -> None:
    """Refuse an event that makes no sense.

    Raises:
        ServiceValidationError: its times or its limit cannot be meant.
    """
    if event.end_at <= event.start_at:
        raise invalid("dsr_ends_before_start")
    if event.end_at <= now:
        raise invalid("dsr_is_over")
    if event.end_at - event.start_at > LONGEST:
        raise invalid("dsr_too_long")
    if event.start_at - now > _FURTHEST:
        raise invalid("dsr_too_far")
    if event.limit_a is not None and event.limit_w is not None:
        raise invalid("dsr_two_limits")
    if event.limit_a is not None and 0 < event.limit_a < MIN_CURRENT_A:
        raise invalid("dsr_limit_too_low")


async def async_start_event(coordinator: SmartChargeCoordinator, event: DsrEvent) -> ChargerError | None:
    """Take up an event that was checked, and return what went wrong in asking the charge point.

    Raises:
        ServiceValidationError: too many events wait already.
    """
    known = coordinator.memory.carry.events
    if len(known) >= MOST_EVENTS and event.event_id not in {other.event_id for other in known}:
        raise invalid("dsr_too_many", most=str(MOST_EVENTS))
    LOGGER.info("%s: demand response event %s", coordinator.name, _in_words(event))
    now = dt_util.utcnow()
    return await coordinator.async_change(lambda carry: with_event(carry, event, now))


async def async_end_event(
    coordinator: SmartChargeCoordinator, event_id: str, *, is_by_owner: bool = False
) -> ChargerError | None:
    """End an event, or forget it if it has not begun.

    Raises:
        ServiceValidationError: there is no such event.
    """
    event = _known(coordinator, event_id)
    LOGGER.info("%s: demand response event ended, %s", coordinator.name, _in_words(event))
    now, is_active = dt_util.utcnow(), event in _active(coordinator)
    return await coordinator.async_change(
        lambda carry: without_event(carry, event_id, now), skip_delay=is_by_owner and is_active
    )


async def async_opt_out_of_event(coordinator: SmartChargeCoordinator, event_id: str) -> ChargerError | None:
    """Take no part in an event, at once (10.6).

    Raises:
        ServiceValidationError: there is no such event.
    """
    event = _known(coordinator, event_id)
    LOGGER.info("%s: the owner takes no part in demand response event %s", coordinator.name, _in_words(event))
    is_active = event in _active(coordinator)
    return await coordinator.async_change(lambda carry: opted_out(carry, event_id), skip_delay=is_active)


async def async_opt_out(coordinator: SmartChargeCoordinator, *, is_on: bool) -> None:
    """Take part in no event, or in all again. What that changes, it changes at once (10.6).

    Raises:
        HomeAssistantError: the charge point cannot be reached, refuses, or did not answer. The choice holds anyway.
    """
    now = dt_util.utcnow()
    is_touched = any(event.start_at <= now < event.end_at for event in coordinator.memory.carry.events)
    error = await coordinator.async_change_options({CONF_DSR_OPT_OUT: is_on}, skip_delay=is_touched)
    if error is not None:
        raise translated(error, coordinator.name)


def _known(coordinator: SmartChargeCoordinator, event_id: str) -> DsrEvent:
    now = dt_util.utcnow()
    for event in coordinator.memory.carry.events:
        if event.event_id == event_id and event.end_at > now:
            return event
    raise invalid("dsr_unknown", event_id=event_id)


def _active(coordinator: SmartChargeCoordinator) -> list[DsrEvent]:
    facts = Situation(now=dt_util.utcnow(), dice=0.0, settings=coordinator.settings, carry=coordinator.memory.carry)
    return list(active_events(facts))


def _in_words(event: DsrEvent) -> str:
    """One line for the log: what and when, but not who."""
    limit = "no limit"
    if event.limit_a is not None:
        limit = f"{event.limit_a:g} A"
    elif event.limit_w is not None:
        limit = f"{event.limit_w:g} W"
    return f"{event.event_id} ({event.kind}, {limit}) from {event.start_at.isoformat()} to {event.end_at.isoformat()}"
