"""Actions that ask for charging: the owner's overrides, and the electricity system's events."""

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import datetime, time, timedelta
import secrets
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.service import async_get_device_and_config_entry
from homeassistant.util import dt as dt_util
from homeassistant.util.json import JsonValueType
import probatio

from ..admin import async_register_admin_action
from ..by_whom import signed
from ..chargers.charger import ChargerError
from ..charging.model import DsrEvent, DsrKind
from ..charging.override import next_showing
from ..const import DOMAIN
from ..coordinator import SmartChargeConfigEntry, SmartChargeCoordinator
from ..errors import invalid, translated
from ..grid import async_end_event, async_opt_out_of_event, async_start_event, check_event
from ..owner import async_charge_now, async_resume, async_stop
from ..site import is_site

ATTR_DELAY_ALREADY_APPLIED: Final = "delay_already_applied"
ATTR_DURATION: Final = "duration"
ATTR_END: Final = "end"
ATTR_ENERGY: Final = "energy_kwh"
ATTR_EVENT_ID: Final = "event_id"
ATTR_KIND: Final = "kind"
ATTR_LIMIT_A: Final = "limit_a"
ATTR_LIMIT_W: Final = "limit_w"
ATTR_SOURCE: Final = "source"
ATTR_START: Final = "start"
ATTR_UNTIL: Final = "until"
ATTR_UNTIL_UNPLUGGED: Final = "until_unplugged"

LONGEST_OVERRIDE: Final = timedelta(days=31)

_DEVICES: Final = {probatio.Required(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, probatio.Length(min=1), [cv.string])}
_ENDS: Final = {
    probatio.Optional(ATTR_DURATION): cv.positive_time_period,
    probatio.Optional(ATTR_UNTIL): probatio.Any(cv.time, cv.datetime),
}
_EVENT_ID: Final = probatio.All(cv.string, str.strip, probatio.Match(r"[\w.:-]{1,64}\Z"))
"""Fit for a line of the log."""

CHARGE_NOW_SCHEMA: Final = probatio.Schema(
    _DEVICES
    | _ENDS
    | {probatio.Optional(ATTR_ENERGY): probatio.All(probatio.Coerce(float), probatio.Range(min=0.1, max=500))}
)
STOP_CHARGING_SCHEMA: Final = probatio.Schema(
    _DEVICES | _ENDS | {probatio.Optional(ATTR_UNTIL_UNPLUGGED, default=False): cv.boolean}
)
RESUME_SCHEMA: Final = probatio.Schema(_DEVICES)
START_EVENT_SCHEMA: Final = probatio.Schema(
    _DEVICES
    | {
        probatio.Optional(ATTR_KIND, default=DsrKind.TURN_DOWN.value): probatio.In([kind.value for kind in DsrKind]),
        probatio.Optional(ATTR_LIMIT_A): probatio.All(probatio.Coerce(float), probatio.Range(min=0, max=80)),
        probatio.Optional(ATTR_LIMIT_W): probatio.All(probatio.Coerce(float), probatio.Range(min=0, max=60_000)),
        probatio.Optional(ATTR_START): cv.datetime,
        probatio.Optional(ATTR_END): cv.datetime,
        probatio.Optional(ATTR_DURATION): cv.positive_time_period,
        probatio.Optional(ATTR_SOURCE): probatio.All(cv.string, probatio.Length(max=64)),
        probatio.Optional(ATTR_EVENT_ID): _EVENT_ID,
        probatio.Optional(ATTR_DELAY_ALREADY_APPLIED, default=False): cv.boolean,
    }
)
KNOWN_EVENT_SCHEMA: Final = probatio.Schema(_DEVICES | {probatio.Required(ATTR_EVENT_ID): _EVENT_ID})


@callback
def async_setup_requests(hass: HomeAssistant) -> None:
    """Make the actions known: the owner's to the whole household, the electricity system's to administrators."""
    for name, handler, schema in (
        ("charge_now", _async_charge_now, CHARGE_NOW_SCHEMA),
        ("stop_charging", _async_stop_charging, STOP_CHARGING_SCHEMA),
        ("resume", _async_resume, RESUME_SCHEMA),
        ("opt_out_of_dsr_event", _async_opt_out_of_dsr_event, KNOWN_EVENT_SCHEMA),
    ):
        hass.services.async_register(DOMAIN, name, signed(handler), schema)
    async_register_admin_action(
        hass, "start_dsr_event", _async_start_dsr_event, START_EVENT_SCHEMA, SupportsResponse.OPTIONAL
    )
    async_register_admin_action(hass, "end_dsr_event", _async_end_dsr_event, KNOWN_EVENT_SCHEMA)


def _coordinators(call: ServiceCall) -> list[SmartChargeCoordinator]:
    """Find every charge point meant before any of them is asked."""
    return [charge_point_of(call.hass, device_id).runtime_data for device_id in call.data[ATTR_DEVICE_ID]]


def charge_point_of(hass: HomeAssistant, device_id: str) -> SmartChargeConfigEntry:
    """Return the entry of the charge point that is this device.

    Raises:
        ServiceValidationError: there is none, it is not loaded, or it is the site.
    """
    entry: SmartChargeConfigEntry
    _, entry = async_get_device_and_config_entry(hass, DOMAIN, device_id)
    if is_site(entry):
        raise invalid("not_a_charge_point")
    return entry


def _only_one_of(call: ServiceCall, keys: Iterable[str]) -> None:
    if sum(bool(call.data.get(key)) for key in keys) > 1:
        raise invalid("one_end_only")


def _ends_at(data: dict[str, Any], now: datetime) -> datetime | None:
    """Return when an override shall end, None without such an end.

    Raises:
        ServiceValidationError: that is past, or too far away to be meant.
    """
    until: time | datetime | None = data.get(ATTR_UNTIL)
    if isinstance(until, time):
        return next_showing(until, cast("ZoneInfo", dt_util.get_default_time_zone()), now)
    duration: timedelta | None = data.get(ATTR_DURATION)
    if until is not None:
        ends_at = dt_util.as_utc(until)
    elif duration is not None:
        ends_at = now + duration
    else:
        return None
    if ends_at <= now:
        raise invalid("end_is_past")
    if ends_at > now + LONGEST_OVERRIDE:
        raise invalid("end_too_far")
    return ends_at


async def _async_charge_now(call: ServiceCall) -> None:
    _only_one_of(call, (ATTR_DURATION, ATTR_UNTIL, ATTR_ENERGY))
    ends_at, energy = _ends_at(call.data, dt_util.utcnow()), call.data.get(ATTR_ENERGY)
    energy_wh = None if energy is None else round(energy * 1000)
    await _each(async_charge_now(one, ends_at=ends_at, energy_wh=energy_wh) for one in _coordinators(call))


async def _async_stop_charging(call: ServiceCall) -> None:
    _only_one_of(call, (ATTR_DURATION, ATTR_UNTIL, ATTR_UNTIL_UNPLUGGED))
    ends_at = _ends_at(call.data, dt_util.utcnow())
    ends_with_vehicle = call.data[ATTR_UNTIL_UNPLUGGED]
    await _each(async_stop(one, ends_at=ends_at, ends_with_vehicle=ends_with_vehicle) for one in _coordinators(call))


async def _async_resume(call: ServiceCall) -> None:
    await _each(async_resume(one) for one in _coordinators(call))


async def _async_start_dsr_event(call: ServiceCall) -> ServiceResponse:
    """Take up an event, and return its id and what each charge point made of it."""
    now = dt_util.utcnow()
    event = _event(call.data, now)
    check_event(event, now)
    coordinators = _coordinators(call)
    errors = await asyncio.gather(*(async_start_event(one, event) for one in coordinators))
    answers: list[JsonValueType] = [
        {
            "name": one.name,
            "setpoint": one.data.decision.setpoint_a,
            "error": None if error is None else str(error) or type(error).__name__,
        }
        for one, error in zip(coordinators, errors, strict=True)
    ]
    return {ATTR_EVENT_ID: event.event_id, "charge_points": answers} if call.return_response else None


def _event(data: dict[str, Any], now: datetime) -> DsrEvent:
    start_at = dt_util.as_utc(data[ATTR_START]) if ATTR_START in data else now
    if (ATTR_END in data) is (ATTR_DURATION in data):
        raise invalid("dsr_needs_end")
    return DsrEvent(
        event_id=data.get(ATTR_EVENT_ID) or secrets.token_hex(8),
        kind=DsrKind(data[ATTR_KIND]),
        start_at=start_at,
        end_at=dt_util.as_utc(data[ATTR_END]) if ATTR_END in data else start_at + data[ATTR_DURATION],
        limit_a=data.get(ATTR_LIMIT_A),
        limit_w=data.get(ATTR_LIMIT_W),
        source=data.get(ATTR_SOURCE),
        delay_already_applied=data[ATTR_DELAY_ALREADY_APPLIED],
    )


async def _async_end_dsr_event(call: ServiceCall) -> None:
    coordinators, event_id = _coordinators(call), call.data[ATTR_EVENT_ID]
    _tell(coordinators, await asyncio.gather(*(async_end_event(one, event_id) for one in coordinators)))


async def _async_opt_out_of_dsr_event(call: ServiceCall) -> None:
    coordinators, event_id = _coordinators(call), call.data[ATTR_EVENT_ID]
    _tell(coordinators, await asyncio.gather(*(async_opt_out_of_event(one, event_id) for one in coordinators)))


async def _each(asking: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Ask all charge points at once: none waits for a slow one, or goes unasked because another refused.

    Raises:
        BaseException: what went wrong first, when all have been asked.
    """
    for outcome in await asyncio.gather(*asking, return_exceptions=True):
        if isinstance(outcome, BaseException):
            raise outcome


def _tell(coordinators: Iterable[SmartChargeCoordinator], errors: Iterable[ChargerError | None]) -> None:
    for coordinator, error in zip(coordinators, errors, strict=True):
        if error is not None:
            raise translated(error, coordinator.name)
