"""OCPP 1.6: each message a charge point may send, turned into our nouns, and our answer to it."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

from ...charging.model import ConnectorStatus, Fault
from ..charger import Identity
from .fields import number, text, whole
from .frames import CallFault, Code, Payload
from .measurands import samples
from .said import Hearer, Metered, Started, StatusSaid, Stopped, TransactionId
from .tags import TagStatus
from .wire_time import write

_STATUS: Mapping[str, ConnectorStatus] = {
    "available": ConnectorStatus.AVAILABLE,
    "preparing": ConnectorStatus.PREPARING,
    "charging": ConnectorStatus.CHARGING,
    "suspendedevse": ConnectorStatus.SUSPENDED_EVSE,
    "suspendedev": ConnectorStatus.SUSPENDED_EV,
    "finishing": ConnectorStatus.FINISHING,
    "reserved": ConnectorStatus.RESERVED,
    "unavailable": ConnectorStatus.UNAVAILABLE,
    "faulted": ConnectorStatus.FAULTED,
}

_HARMLESS = {"EVCommunicationError", "LocalListConflict", "ReaderFailure", "ResetFailure", "WeakSignal"}
"""Error codes of OCPP 1.6 section 7.6 that are no reason to keep current from flowing. Every other one,
unknown ones too, is: GroundFailure, HighTemperature, InternalError, OverCurrentFailure, OverVoltage,
UnderVoltage, PowerMeterFailure, PowerSwitchFailure, ConnectorLockFailure, OtherError."""

_DANGEROUS = {"GroundFailure", "OverCurrentFailure", "PowerSwitchFailure"}
"""Error codes that keep current from flowing even where the charge point, against the standard's advice, goes on:
a leak to earth, a contactor that does not open, more current than the wires bear."""

_ID_TAG_STATUS: Mapping[TagStatus, str] = {
    TagStatus.ACCEPTED: "Accepted",
    TagStatus.BLOCKED: "Blocked",
    TagStatus.EXPIRED: "Expired",
    TagStatus.INVALID: "Invalid",
}


def identity(payload: Mapping[str, Any]) -> Identity:
    """Who a BootNotification says it is; overlong fields trimmed, empty ones unknown (quirk Q21)."""
    return Identity(
        manufacturer=text(payload, "chargePointVendor", 50),
        model=text(payload, "chargePointModel", 50),
        serial=text(payload, "chargePointSerialNumber", 50) or text(payload, "chargeBoxSerialNumber", 50),
        firmware=text(payload, "firmwareVersion", 50),
    )


def boot_accepted(now: datetime, interval_s: int, *, whole_seconds: bool = False) -> Payload:
    """Accept a boot, every one: anything else may keep a vehicle from charging."""
    return {"currentTime": write(now, whole_seconds=whole_seconds), "interval": interval_s, "status": "Accepted"}


def id_tag_info(status: TagStatus) -> Payload:
    """Say what we say of a tag."""
    return {"status": _ID_TAG_STATUS[status]}


async def _boot(payload: Payload, hearer: Hearer) -> Payload:
    await hearer.heard_boot(identity(payload))
    return boot_accepted(hearer.now(), hearer.heartbeat_s, whole_seconds=hearer.is_picky_about_time)


async def _heartbeat(_payload: Payload, hearer: Hearer) -> Payload:
    return {"currentTime": write(hearer.now())}


async def _status(payload: Payload, hearer: Hearer) -> Payload:
    connector_id = whole(payload.get("connectorId"))
    word = text(payload, "status", 40) or ""
    status = _STATUS.get(word.casefold())
    code = text(payload, "errorCode", 60) or "NoError"
    is_fault = status is ConnectorStatus.FAULTED
    if status is None:
        hearer.heard_other("unknown_status", word)
    if is_fault and code in ("NoError", "OtherError"):
        code = text(payload, "vendorErrorCode", 60) or code
    hearer.heard_time(payload.get("timestamp"))
    await hearer.heard_status(
        StatusSaid(
            connector_id=1 if connector_id is None else connector_id,
            status=status,
            fault=_fault(code, is_faulted=is_fault),
            warning=code if not is_fault and code != "NoError" else None,
            info=text(payload, "info", 60),
            at=hearer.instant(payload["timestamp"]) if "timestamp" in payload else hearer.now(),
        )
    )
    return {}


def _fault(code: str, *, is_faulted: bool) -> Fault | None:
    """Return what is wrong; with a state other than faulted the code is a warning (OCPP 1.6 section 4.9)."""
    if is_faulted:
        return Fault(code=code, is_safety=code not in _HARMLESS)
    return None if code == "NoError" else Fault(code=code, is_safety=code in _DANGEROUS)


async def _authorize(payload: Payload, hearer: Hearer) -> Payload:
    return {"idTagInfo": id_tag_info(hearer.tag_status(text(payload, "idTag", 255) or ""))}


def _watt_hours(value: object) -> int | None:
    register = number(value)
    return round(register) if register is not None and 0 <= register <= 1e12 else None


def _transaction_id(value: object) -> TransactionId | None:
    if isinstance(value, str):
        found = whole(value)
        return found if found is not None else (value.strip()[:64] or None)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def transaction_id_of(payload: Mapping[str, Any]) -> TransactionId | None:
    """Return the id of the transaction that a message is about."""
    return _transaction_id(payload.get("transactionId"))


async def _start(payload: Payload, hearer: Hearer) -> Payload:
    tag = text(payload, "idTag", 255) or ""
    status = hearer.tag_status(tag)
    started = Started(
        connector_id=whole(payload.get("connectorId")) or 0,
        id_tag=tag,
        meter_start_wh=_watt_hours(payload.get("meterStart")),
        at=hearer.instant(payload.get("timestamp")),
        stamp=str(payload.get("timestamp"))[:64],
        is_refused=status is not TagStatus.ACCEPTED,
    )
    return {"transactionId": await hearer.heard_start(started), "idTagInfo": id_tag_info(status)}


async def _stop(payload: Payload, hearer: Hearer) -> Payload:
    tag = text(payload, "idTag", 255)
    await hearer.heard_stop(
        Stopped(
            transaction_id=transaction_id_of(payload),
            id_tag=tag,
            meter_stop_wh=_watt_hours(payload.get("meterStop")),
            at=hearer.instant(payload.get("timestamp")),
            reason=text(payload, "reason", 40) or "Local",
            samples=samples(payload.get("transactionData"), hearer.instant, _counter(hearer)),
        )
    )
    return {} if tag is None else {"idTagInfo": id_tag_info(hearer.tag_status(tag))}


async def _meter_values(payload: Payload, hearer: Hearer) -> Payload:
    await hearer.heard_meter(
        Metered(
            connector_id=whole(payload.get("connectorId")) or 0,
            transaction_id=transaction_id_of(payload),
            samples=samples(payload.get("meterValue"), hearer.instant, _counter(hearer)),
        )
    )
    return {}


def _counter(hearer: Hearer) -> Callable[[str], None]:
    return lambda word: hearer.heard_other(word, "")


async def _data_transfer(payload: Payload, hearer: Hearer) -> Payload:
    hearer.heard_other("data_transfer", text(payload, "vendorId", 60) or "")
    return {"status": "UnknownVendorId"}


def _noted(word: str) -> Handler:
    async def note(_payload: Payload, hearer: Hearer) -> Payload:
        hearer.heard_other(word, "")
        return {}

    return note


async def _security_event(payload: Payload, hearer: Hearer) -> Payload:
    hearer.heard_other("security_event", text(payload, "type", 50) or "")
    return {}


async def _sign_certificate(_payload: Payload, hearer: Hearer) -> Payload:
    hearer.heard_other("sign_certificate", "")
    return {"status": "Rejected"}


type Handler = Callable[[Payload, Hearer], Awaitable[Payload]]

HANDLERS: Mapping[str, Handler] = {
    "BootNotification": _boot,
    "Heartbeat": _heartbeat,
    "StatusNotification": _status,
    "Authorize": _authorize,
    "StartTransaction": _start,
    "StopTransaction": _stop,
    "MeterValues": _meter_values,
    "DataTransfer": _data_transfer,
    "FirmwareStatusNotification": _noted("firmware_status"),
    "DiagnosticsStatusNotification": _noted("diagnostics_status"),
    "SecurityEventNotification": _security_event,
    "LogStatusNotification": _noted("log_status"),
    "SignedFirmwareStatusNotification": _noted("signed_firmware_status"),
    "SignCertificate": _sign_certificate,
}


async def answer(action: str, payload: Payload, hearer: Hearer) -> Payload:
    """Hear one message and answer it.

    Raises:
        CallFault: there is no such message.
    """
    handler = HANDLERS.get(action)
    if handler is None:
        raise CallFault(Code.NOT_IMPLEMENTED, f"{action[:50]} is not known here")
    return await handler(payload, hearer)
