"""One translator from what went wrong to what a person reads."""

from collections.abc import Sequence
from typing import Final

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from .chargers.charger import (
    ChargerError,
    ChargerMisunderstood,
    ChargerNotPermitted,
    ChargerRefused,
    ChargerTimedOut,
    ChargerUnreachable,
)
from .charging.alarms import Alarm
from .charging.model import ConnectorStatus, PilotState, Reading, Settings
from .charging.thermal import Heat
from .const import DOMAIN
from .records.errors import (
    LedgerDamaged,
    LedgerError,
    LedgerFull,
    LedgerLocked,
    LedgerMisaddressed,
    LedgerNoDatabase,
    LedgerNotAdmitted,
    LedgerNotEncrypted,
    LedgerReadOnly,
    LedgerServerFault,
    LedgerShared,
    LedgerTooNew,
)

_KEYS: Final[tuple[tuple[type[ChargerError], str], ...]] = (
    (ChargerUnreachable, "not_connected"),
    (ChargerTimedOut, "timed_out"),
    (ChargerRefused, "refused"),
    (ChargerNotPermitted, "not_permitted"),
    (ChargerMisunderstood, "misunderstood"),
    (ChargerError, "failed"),
)

_LEDGER_KEYS: Final[tuple[tuple[type[LedgerError], str], ...]] = (
    (LedgerLocked, "records_locked"),
    (LedgerFull, "records_full"),
    (LedgerReadOnly, "records_read_only"),
    (LedgerDamaged, "records_damaged"),
    (LedgerServerFault, "records_server_fault"),
    (LedgerTooNew, "records_too_new"),
    (LedgerShared, "records_shared"),
    (LedgerMisaddressed, "records_misaddressed"),
    (LedgerNotAdmitted, "records_not_admitted"),
    (LedgerNoDatabase, "records_no_database"),
    (LedgerNotEncrypted, "records_not_encrypted"),
    (LedgerError, "records_unreachable"),
)


def ledger_key(error: LedgerError) -> str:
    """Return the translation key for what is wrong with the records."""
    return next(key for kind, key in _LEDGER_KEYS if isinstance(error, kind))


def ledger_error(error: LedgerError) -> HomeAssistantError:
    """Say what a person reads who asked for records that cannot be read or written now."""
    said = HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=ledger_key(error),
        translation_placeholders={"error": str(error) or type(error).__name__},
    )
    said.__cause__ = error
    return said


def translated(error: ChargerError, name: str) -> HomeAssistantError:
    """Say what a person reads when a charge point called ``name`` did not do as asked."""
    key = next(key for kind, key in _KEYS if isinstance(error, kind))
    said = HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"name": name, "error": str(error) or type(error).__name__},
    )
    said.__cause__ = error
    return said


def not_safe(
    reading: Reading | None, settings: Settings, alarms: Sequence[Alarm] = (), heat: Heat = Heat.NORMAL
) -> ServiceValidationError | None:
    """Say why the owner may not override now (8.1 to 8.3); None when it is safe."""
    if settings.is_locked:
        return ServiceValidationError(translation_domain=DOMAIN, translation_key="safety_lock")
    if alarms:
        return ServiceValidationError(translation_domain=DOMAIN, translation_key=f"alarm_{alarms[0].danger}")
    if heat is Heat.HOT:
        return ServiceValidationError(translation_domain=DOMAIN, translation_key="too_hot")
    if reading is None:
        return None
    has_fault = reading.fault is not None and reading.fault.is_safety
    if not (has_fault or reading.status is ConnectorStatus.FAULTED or reading.pilot is PilotState.E):
        return None
    code = reading.fault.code if reading.fault is not None else "?"
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key="charger_fault", translation_placeholders={"code": code}
    )


def no_delay_runs() -> ServiceValidationError:
    """Say that there is nothing to skip."""
    return ServiceValidationError(translation_domain=DOMAIN, translation_key="no_delay_runs")


def invalid(key: str, **placeholders: str) -> ServiceValidationError:
    """Say that what was asked for makes no sense, and why."""
    return ServiceValidationError(
        translation_domain=DOMAIN, translation_key=key, translation_placeholders=placeholders or None
    )
