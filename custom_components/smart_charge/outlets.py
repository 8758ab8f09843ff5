"""A charge point with several outlets: each has an entry of its own, and they share what the link needs (O8)."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import SOURCE_INTEGRATION_DISCOVERY, ConfigEntry
from homeassistant.const import CONF_HOST, CONF_PORT
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr, discovery_flow

from .const import (
    CONF_CHARGE_POINT_ID,
    CONF_CONNECTOR_ID,
    CONF_ENTRY,
    CONF_LISTEN_PORT,
    CONF_MAP,
    CONF_PROTOCOL,
    CONF_UNIT_ID,
    DOMAIN,
    PROTOCOL_MODBUS,
)

_MARK: Final = "#"
_OCPP_LINK: Final = (CONF_CHARGE_POINT_ID, CONF_LISTEN_PORT)
_MODBUS_LINK: Final = (CONF_HOST, CONF_PORT, CONF_MAP, CONF_UNIT_ID)


def connector_of(entry: ConfigEntry) -> int:
    """Return the connector that an entry stands for."""
    return int(entry.data.get(CONF_CONNECTOR_ID, 1))


def outlet_id(first: ConfigEntry, connector_id: int) -> str:
    """Return the unique id of another outlet of the charge point whose first outlet's entry this is."""
    return f"{first_id(first)}{_MARK}{connector_id}"


def first_id(entry: ConfigEntry) -> str:
    """Return the unique id of the first outlet's entry."""
    own = entry.unique_id or entry.entry_id
    return own.removesuffix(f"{_MARK}{connector_of(entry)}")


@callback
def first_device_of(hass: HomeAssistant, entry: ConfigEntry) -> str | None:
    """Return the device of the charge point's first outlet; None for that outlet itself, or without one."""
    if first_id(entry) == entry.unique_id:
        return None
    first = hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, first_id(entry))
    if first is None:
        return None
    device = dr.async_get(hass).async_get_device_by_identifier((DOMAIN, first_id(entry)), first.entry_id)
    return None if device is None else device.id


@callback
def siblings(hass: HomeAssistant, entry: ConfigEntry) -> list[ConfigEntry]:
    """Return the entries of the same charge point's other outlets."""
    return [
        other
        for other in hass.config_entries.async_entries(DOMAIN)
        if other.entry_id != entry.entry_id and _link(other.data) == _link(entry.data)
    ]


def _link(data: Mapping[str, Any]) -> tuple[object, ...]:
    is_modbus = data.get(CONF_PROTOCOL) == PROTOCOL_MODBUS
    return tuple(data.get(key) for key in (CONF_PROTOCOL, *(_MODBUS_LINK if is_modbus else _OCPP_LINK)))


@callback
def discover_outlet(hass: HomeAssistant, first: ConfigEntry, connector_id: int) -> None:
    """Offer an outlet that a charge point has and nobody has set up (O8)."""
    key = outlet_id(first, connector_id)
    if hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, key) is not None:
        return
    discovery_flow.async_create_flow(
        hass,
        DOMAIN,
        context={"source": SOURCE_INTEGRATION_DISCOVERY},
        data={CONF_ENTRY: first.entry_id, CONF_CONNECTOR_ID: connector_id},
        discovery_key=discovery_flow.DiscoveryKey(domain=DOMAIN, key=key, version=1),
    )
