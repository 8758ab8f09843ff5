"""Demand response events in a calendar: to see, to add and to delete (5.3, 10.6)."""

from dataclasses import dataclass
from datetime import date, datetime
import re
import secrets
from typing import Any, Final, override

from homeassistant.components.calendar import CalendarEntity, CalendarEntityDescription, CalendarEvent
from homeassistant.components.calendar.const import (
    EVENT_DESCRIPTION,
    EVENT_END,
    EVENT_RRULE,
    EVENT_START,
    EVENT_SUMMARY,
    CalendarEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .charging.model import DsrEvent, DsrKind
from .coordinator import SmartChargeConfigEntry
from .dsr_journal import account_of, async_past_events
from .entity import SmartChargeEntity, SmartChargeEntityDescription
from .errors import invalid, translated
from .grid import async_end_event, async_start_event, check_event

PARALLEL_UPDATES = 1

_NAMES: Final = {
    DsrKind.TURN_DOWN: "Turn down",
    DsrKind.TURN_UP: "Turn up",
    DsrKind.SHIFT: "Shift",
    DsrKind.RESPONSE: "Response",
}
_KIND: Final = re.compile(r"\b(turn[ _-]?up|shift|response)\b", re.IGNORECASE)
_LIMIT: Final = re.compile(r"(\d+(?:[.,]\d+)?)\s*(kW|kw|KW|W|w|A)\b")


@dataclass(frozen=True, kw_only=True)
class SmartChargeCalendarDescription(SmartChargeEntityDescription, CalendarEntityDescription):
    """A calendar."""


DESCRIPTION: Final = SmartChargeCalendarDescription(
    key="dsr_events",
    translation_key="dsr_events",
    needs_link=False,
    value_fn=lambda picture: picture.decision.carry.events,
)


async def async_setup_entry(
    hass: HomeAssistant, entry: SmartChargeConfigEntry, async_add_entities: AddConfigEntryEntitiesCallback
) -> None:
    """Add it."""
    async_add_entities([SmartChargeCalendar(entry, DESCRIPTION)])


def asked_in(summary: str) -> tuple[DsrKind, float | None, float | None]:
    """Read what a summary asks for: a kind, and a limit in ampere or in watt.

    "Turn up", "shift" or "response" name a kind; anything else turns down. "10 A", "3600 W" or "3.6 kW" is a
    limit; without one a turn-up takes all there is, and everything else nothing.
    """
    kind, limit = _KIND.search(summary), _LIMIT.search(summary)
    named = re.sub(r"[ _-]", "", kind[1]).lower() if kind is not None else "turndown"
    found = {"turnup": DsrKind.TURN_UP, "shift": DsrKind.SHIFT, "response": DsrKind.RESPONSE}.get(
        named, DsrKind.TURN_DOWN
    )
    if limit is None:
        return found, None if found is DsrKind.TURN_UP else 0.0, None
    amount, unit = float(limit[1].replace(",", ".")), limit[2].lower()
    if unit == "a":
        return found, amount, None
    return found, None, amount * 1000 if unit == "kw" else amount


def _summary(event: DsrEvent) -> str:
    """Say what an event asks for, in words that `asked_in` reads."""
    name = _NAMES[event.kind]
    if event.limit_a is not None:
        return f"{name} to {event.limit_a:g} A"
    return name if event.limit_w is None else f"{name} to {event.limit_w:g} W"


def _shown(event: DsrEvent, account: str | None = None) -> CalendarEvent:
    said = [words for words in (event.source, account) if words]
    return CalendarEvent(
        start=dt_util.as_local(event.start_at),
        end=dt_util.as_local(event.end_at),
        summary=_summary(event),
        description="\n".join(said) or None,
        uid=event.event_id,
    )


def _instant(moment: date) -> datetime:
    return dt_util.as_utc(moment if isinstance(moment, datetime) else dt_util.start_of_local_day(moment))


class SmartChargeCalendar(SmartChargeEntity, CalendarEntity):
    """The events of one charge point. The owner's own word: what is deleted here ends at once."""

    entity_description: SmartChargeCalendarDescription
    _attr_supported_features = CalendarEntityFeature.CREATE_EVENT | CalendarEntityFeature.DELETE_EVENT

    @property
    def _events(self) -> list[DsrEvent]:
        now = dt_util.utcnow()
        return [event for event in self._value if event.end_at > now and not event.is_opted_out]

    @property
    @override
    def event(self) -> CalendarEvent | None:
        """The event that is on, or comes next."""
        first = next(iter(self._events), None)
        return None if first is None else _shown(first, account_of(self.coordinator, first.event_id))

    @override
    async def async_get_events(
        self, hass: HomeAssistant, start_date: datetime, end_date: datetime
    ) -> list[CalendarEvent]:
        """Return what lies between two instants: events that are over with what they did (5.3)."""
        past = await async_past_events(self.coordinator, start_date, end_date) if start_date < dt_util.utcnow() else []
        return [_shown(event, account) for event, account in past] + [
            _shown(event, account_of(self.coordinator, event.event_id))
            for event in self._events
            if event.start_at < end_date and event.end_at > start_date
        ]

    @override
    async def async_create_event(self, **kwargs: Any) -> None:
        """Take up an event as its summary says."""
        if kwargs.get(EVENT_RRULE):
            raise invalid("dsr_no_repeats")
        kind, limit_a, limit_w = asked_in(kwargs[EVENT_SUMMARY])
        event = DsrEvent(
            event_id=secrets.token_hex(8),
            kind=kind,
            start_at=_instant(kwargs[EVENT_START]),
            end_at=_instant(kwargs[EVENT_END]),
            source=(kwargs.get(EVENT_DESCRIPTION) or "")[:64] or None,
            limit_a=limit_a,
            limit_w=limit_w,
        )
        check_event(event, dt_util.utcnow())
        if (error := await async_start_event(self.coordinator, event)) is not None:
            raise translated(error, self.coordinator.name)

    @override
    async def async_delete_event(
        self, uid: str, recurrence_id: str | None = None, recurrence_range: str | None = None
    ) -> None:
        """Take no further part in an event (10.6)."""
        if (error := await async_end_event(self.coordinator, uid, is_by_owner=True)) is not None:
            raise translated(error, self.coordinator.name)
