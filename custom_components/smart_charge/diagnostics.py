"""A picture of one charge point that may be shown to strangers."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .chargers.charger import Identity
from .const import DOMAIN
from .coordinator import SmartChargeConfigEntry
from .prices import DATA_PRICES
from .records.carry import to_plain
from .security.redact import redact
from .site import DATA_SITE, Site, is_site
from .site.agreement import agreement_of


async def async_get_config_entry_diagnostics(hass: HomeAssistant, entry: SmartChargeConfigEntry) -> dict[str, Any]:
    """Everything that helps to find out what went wrong, and nothing that names who or where."""
    if is_site(entry):
        names = [each.title for each in hass.config_entries.async_entries(DOMAIN) if not is_site(each)]
        return _site(hass.data[DATA_SITE], entry, names) | {"prices": hass.data[DATA_PRICES].diagnostics()}
    if entry.state is not ConfigEntryState.LOADED:
        plain = {"entry": {"version": entry.version, "data": dict(entry.data), "options": dict(entry.options)}}
        return _shown(plain | {"state": entry.state.value}, _private(entry, None))
    coordinator = entry.runtime_data
    charger, picture = coordinator.charger, coordinator.data
    plain = {
        "entry": {"version": entry.version, "data": dict(entry.data), "options": dict(entry.options)},
        "charger": {
            "identity": to_plain(charger.identity),
            "capabilities": to_plain(charger.capabilities),
            "details": charger.diagnostics(),
        },
        "now": {
            "is_online": picture.is_online,
            "is_not_followed": picture.is_not_followed,
            "why": picture.why,
            "reading": to_plain(charger.reading),
            "decision": to_plain(picture.decision),
            "plan": to_plain(picture.plan),
            "session": to_plain(picture.session),
            "total": to_plain(coordinator.memory.total),
        },
    }
    return _shown(plain, _private(entry, charger.identity))


def _site(site: Site, entry: SmartChargeConfigEntry, names: list[str]) -> dict[str, Any]:
    plain = {"entry": {"version": entry.version, "data": dict(entry.data), "options": dict(entry.options)}}
    agreement = agreement_of(entry.options)
    holds = agreement is not None and agreement.holds_on(dt_util.now().date())
    plain["agreement"] = {"holds": holds, "default_hours_required": not holds}
    return _shown(plain | site.diagnostics(), names)


def _shown(plain: dict[str, Any], private: list[str]) -> dict[str, Any]:
    shown: dict[str, Any] = redact(plain, private)
    return shown


def _private(entry: SmartChargeConfigEntry, identity: Identity | None) -> list[str]:
    """Words that could stand inside a value."""
    serial = None if identity is None else identity.serial
    known = (entry.unique_id, entry.title, serial, entry.data.get("host"), entry.data.get("charge_point_id"))
    return [word for word in known if word]
