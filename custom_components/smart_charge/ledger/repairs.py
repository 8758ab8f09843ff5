"""What the owner reads, and can do, when the records cannot be written.

Nothing is said any more while Home Assistant stops: the records are written last, when its own files have been, and
the next start looks anew.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from ..errors import ledger_key
from ..records.errors import LedgerDamaged, LedgerError, LedgerShared

ISSUE_ID: Final = "records"
"""One at a time: a database has one thing wrong with it."""

ISSUE_LEFT: Final = "records_left"
FILE: Final = f"{DOMAIN}.db"


@callback
def async_raise_issue(hass: HomeAssistant, error: LedgerError, path: Path) -> None:
    """Say what is wrong. A damaged file can be put aside from there."""
    if hass.is_stopping:
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE_ID,
        is_fixable=isinstance(error, LedgerDamaged | LedgerShared),
        data={"is_shared": isinstance(error, LedgerShared)},
        severity=ir.IssueSeverity.ERROR,
        translation_key=ledger_key(error),
        translation_placeholders={"path": str(path), "error": str(error) or type(error).__name__},
    )


@callback
def async_show_left(hass: HomeAssistant, names: Sequence[str | None]) -> None:
    """Say in which databases there still are records that cannot be fetched; nothing, when there are none."""
    if hass.is_stopping:
        return
    if not names:
        ir.async_delete_issue(hass, DOMAIN, ISSUE_LEFT)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        ISSUE_LEFT,
        is_fixable=True,
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE_LEFT,
        translation_placeholders={"places": ", ".join(name or FILE for name in names)},
    )


@callback
def async_clear_issue(hass: HomeAssistant) -> None:
    """Say no more: the records are written again."""
    if not hass.is_stopping:
        ir.async_delete_issue(hass, DOMAIN, ISSUE_ID)
