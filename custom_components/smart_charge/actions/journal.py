"""Actions that answer what was decided and why, and what demand response events did (5.2, 5.3)."""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonObjectType, JsonValueType
import probatio

from ..const import DOMAIN
from ..coordinator import SmartChargeCoordinator
from ..dsr_journal import async_dsr_events
from ..errors import invalid
from ..records.values import DecisionRecord, EventRecord
from .requests import charge_point_of

ATTR_START: Final = "start"
ATTR_END: Final = "end"
MOST_DECISIONS: Final = 5000
"""A response is held in memory and shown on a screen."""

_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(days=366)

SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(ATTR_DEVICE_ID): cv.string,
        probatio.Optional(ATTR_START): cv.datetime,
        probatio.Optional(ATTR_END): cv.datetime,
    }
)


@callback
def async_setup_journal(hass: HomeAssistant) -> None:
    """Make the actions known to the whole household."""
    for name, handler in (("get_decisions", _async_get_decisions), ("get_dsr_events", _async_get_dsr_events)):
        hass.services.async_register(DOMAIN, name, handler, SCHEMA, SupportsResponse.ONLY)


def _coordinator(call: ServiceCall) -> SmartChargeCoordinator:
    return charge_point_of(call.hass, call.data[ATTR_DEVICE_ID]).runtime_data


def _range(call: ServiceCall, *, back: timedelta, ahead: timedelta) -> tuple[datetime, datetime]:
    """Return the period asked for; without a start or an end, what is usual.

    Raises:
        ServiceValidationError: it ends before it starts.
    """
    now = dt_util.utcnow()
    until = dt_util.as_utc(call.data[ATTR_END]) if ATTR_END in call.data else now + ahead
    since = dt_util.as_utc(call.data[ATTR_START]) if ATTR_START in call.data else min(now, until) - back
    if until <= since:
        raise invalid("range_ends_before_start")
    return since, until


async def _async_get_decisions(call: ServiceCall) -> ServiceResponse:
    coordinator = _coordinator(call)
    since, until = _range(call, back=_DAY, ahead=timedelta(seconds=1))
    outlet = coordinator.recording.outlet
    found = await coordinator.ledger.async_ask(lambda journal: journal.decisions(outlet, since, until))
    shown: list[JsonValueType] = [_decision(record, coordinator) for record in found[-MOST_DECISIONS:]]
    return {"decisions": shown, "left_out": max(0, len(found) - MOST_DECISIONS)}


def _decision(record: DecisionRecord, coordinator: SmartChargeCoordinator) -> JsonObjectType:
    return {
        "at": record.at.isoformat(),
        "setpoint": record.setpoint_a,
        "reason": record.reason,
        "sentence": coordinator.sentence(record.reason, record.until_at, record.at),
        "limit_set_by": record.source,
        "set_aside_by": record.lifted_by,
        "until": _text(record.until_at),
        "event_id": record.event_id,
    }


async def _async_get_dsr_events(call: ServiceCall) -> ServiceResponse:
    coordinator = _coordinator(call)
    since, until = _range(call, back=_YEAR, ahead=timedelta(days=32))
    shown: list[JsonValueType] = [_event(record) for record in await async_dsr_events(coordinator, since, until)]
    return {"events": shown}


def _event(record: EventRecord) -> JsonObjectType:
    return {
        "event_id": record.event_id,
        "kind": record.kind,
        "source": record.source,
        "start": record.start_at.isoformat(),
        "end": record.end_at.isoformat(),
        "limit_a": record.limit_a,
        "limit_w": record.limit_w,
        "delay_already_applied": record.delay_already_applied,
        "announced_at": record.announced_at.isoformat(),
        "began_at": _text(record.began_at),
        "ended_at": _text(record.ended_at),
        "opted_out_at": _text(record.opted_out_at),
        "overridden": record.is_overridden,
        "setpoint": record.setpoint_a,
        "energy_taken_kwh": round(record.taken_wh / 1000, 3),
        "energy_expected_kwh": round(record.expected_wh / 1000, 3),
        "energy_moved_kwh": round((record.expected_wh - record.taken_wh) / 1000, 3),
        "unwatched_s": record.unwatched_s,
    }


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
