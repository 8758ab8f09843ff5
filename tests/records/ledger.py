"""Values that the ledger's tests share."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from custom_components.smart_charge.records.journal import Journal
from custom_components.smart_charge.records.pseudonyms import Pseudonyms
from custom_components.smart_charge.records.sales import Register
from custom_components.smart_charge.records.security_log import MOST_BYTES, SecurityLog
from custom_components.smart_charge.records.store import Store
from custom_components.smart_charge.records.values import OutletKey, SessionRecord

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
KEY = b"a key of one installation"


def new_journal(store: Store, *, site: str | None = None, most_bytes: int = MOST_BYTES) -> Journal:
    """Return the journal of a new site."""
    site = site or uuid4().hex
    return Journal(store, site, SecurityLog(store, site, Pseudonyms(KEY), most_bytes=most_bytes), Register(store, site))


def new_outlet(connector: int = 1) -> OutletKey:
    """Return an outlet that nobody has used."""
    return OutletKey(charge_point=uuid4().hex, connector=connector)


def a_session(outlet: OutletKey, began: datetime = NOON, *, minutes: float = 0.0, **more: Any) -> SessionRecord:
    """Return a session that has been seen for some minutes."""
    return SessionRecord(
        **{"outlet": outlet, "plugged_in_at": began, "seen_at": began + timedelta(minutes=minutes)} | more
    )


def whole_session(outlet: OutletKey, began: datetime, ended: datetime, **more: Any) -> SessionRecord:
    """Return a session that is over, and charged a minute after plug-in until a minute before the end."""
    minute = timedelta(minutes=1)
    facts: dict[str, Any] = {
        "outlet": outlet,
        "plugged_in_at": began,
        "charge_started_at": began + minute,
        "charge_ended_at": ended - minute,
        "unplugged_at": ended,
        "seen_at": ended,
        "is_open": False,
        "import_wh": 7_000,
    }
    return SessionRecord(**facts | more)
