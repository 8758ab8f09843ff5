"""Demand response events as the household may see them: those in the ledger, and those that are not over."""

from datetime import datetime

from .charging.model import DsrEvent, DsrKind
from .coordinator import SmartChargeCoordinator
from .records.values import EventRecord


async def async_dsr_events(coordinator: SmartChargeCoordinator, since: datetime, until: datetime) -> list[EventRecord]:
    """Return the events of a period, past, present and to come, in order of their start.

    Raises:
        HomeAssistantError: the records cannot be read now; a person reads why.
    """
    key = coordinator.recording.outlet.charge_point
    written = await coordinator.ledger.async_ask(lambda journal: journal.dsr_events(since, until, [key]))
    found = {(record.event_id, record.announced_at): record for record in written}
    for record in coordinator.dsr_book.open_records:
        if record.start_at < until and record.end_at > since:
            found[record.event_id, record.announced_at] = record
    return sorted(found.values(), key=lambda record: (record.start_at, record.announced_at))


async def async_past_events(
    coordinator: SmartChargeCoordinator, since: datetime, until: datetime
) -> list[tuple[DsrEvent, str | None]]:
    """Return the events of a period that are over, each as it was to be, with what it did in one sentence.

    Raises:
        HomeAssistantError: the records cannot be read now.
    """
    return [
        (_event(record), _account(coordinator, record))
        for record in await async_dsr_events(coordinator, since, until)
        if record.ended_at is not None and record.began_at is not None
    ]


def account_of(coordinator: SmartChargeCoordinator, event_id: str) -> str | None:
    """Say what an event that is on has done so far; None before it began."""
    records = {record.event_id: record for record in coordinator.dsr_book.open_records}
    record = records.get(event_id)
    return None if record is None or record.began_at is None else _account(coordinator, record)


def _event(record: EventRecord) -> DsrEvent:
    return DsrEvent(
        event_id=record.event_id,
        kind=DsrKind(record.kind),
        start_at=record.start_at,
        end_at=max(record.start_at, record.ended_at or record.end_at),
        limit_a=record.limit_a,
        limit_w=record.limit_w,
        source=record.source,
    )


def _account(coordinator: SmartChargeCoordinator, record: EventRecord) -> str | None:
    moved_wh = record.expected_wh - record.taken_wh
    if record.opted_out_at is not None:
        key = "dsr_opted_out"
    elif record.is_overridden:
        key = "dsr_overridden"
    else:
        key = "dsr_less" if moved_wh >= 0 else "dsr_more"
    words = {
        "moved": f"{abs(moved_wh) / 1000:.2f}",
        "taken": f"{record.taken_wh / 1000:.2f}",
        "expected": f"{record.expected_wh / 1000:.2f}",
        "setpoint": "?" if record.setpoint_a is None else f"{record.setpoint_a:g}",
    }
    return coordinator.words(key, words)
