"""What calls that did not get through lead to: a discovery, a new password, or a repair."""

from collections import Counter, deque
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from typing import Final

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY, SOURCE_REAUTH, ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import discovery_flow, issue_registry as ir
from homeassistant.helpers.event import async_call_later

from .chargers.ocpp.inputs import Bucket, network
from .chargers.ocpp.peers import PeerEvent, PeerKind
from .const import (
    CONF_CHARGE_POINT_ID,
    CONF_CONNECTOR_ID,
    CONF_LISTEN_PORT,
    CONF_PROTOCOL,
    DOMAIN,
    LOGGER,
    PROTOCOL_OCPP,
)
from .guard import DATA_GUARD
from .outlets import discover_outlet
from .security.inputs import plain

PENDING_PER_ADDRESS: Final = 5
PENDING: Final = 20
"""Discoveries that wait for the owner, so that one peer cannot fill the screen."""

NEW_PER_HOUR: Final = 30
"""Discoveries made in an hour, all addresses together, once the first `PENDING` are made."""

WRONG_BEFORE_ASKING: Final = 3
WRONG_WITHIN_S: Final = 600.0
"""So many wrong passwords in so long are no slip: the owner is asked."""

ISSUE_STAYS_S: Final = 3600.0
"""A repair goes by itself when what it tells of has not been seen for so long."""


class PeerWatch:
    """Watches the calls on one port."""

    def __init__(self, hass: HomeAssistant, port: int) -> None:
        self._hass = hass
        self._port = port
        self._new = Bucket(NEW_PER_HOUR / 3600, PENDING, hass.loop.time())
        self._links: Counter[str] = Counter()
        self._wrong: dict[str, deque[float]] = {}
        self._fading: dict[str, Callable[[], None]] = {}

    @callback
    def notice(self, event: PeerEvent) -> None:
        """Act on one call."""
        charge_point_id = event.charge_point_id
        self._write_down(event)
        if charge_point_id is None:
            return
        if event.kind is PeerKind.UNKNOWN:
            self._discover(event, charge_point_id)
            return
        if (entry := self._entry_of(charge_point_id)) is None:
            return
        match event.kind:
            case PeerKind.CONNECTED:
                self._links[entry.entry_id] += 1
                self._wrong.pop(entry.entry_id, None)
                self._end_issue(f"unsupported_version_{entry.entry_id}")
                self._end_reauth(entry)
            case PeerKind.NEW_CONNECTOR:
                self._discover_outlet(event, entry)
            case PeerKind.DISCONNECTED:
                self._links[entry.entry_id] -= 1
            case PeerKind.WRONG_PASSWORD:
                self._note_wrong_password(event, entry)
            case PeerKind.ID_CONFLICT:
                self._raise_issue("id_conflict", entry, event)
            case PeerKind.NO_SUBPROTOCOL:
                self._raise_issue("unsupported_version", entry, event)

    def _write_down(self, event: PeerEvent) -> None:
        """Have the guard write down a call that did not get through."""
        entry = None if event.charge_point_id is None else self._entry_of(event.charge_point_id)
        if (guard := self._hass.data.get(DATA_GUARD)) is not None:
            guard.heard(event, self._port, None if entry is None else entry.entry_id)

    @callback
    def close(self) -> None:
        """Forget the calls and end what they led to: nobody listens any more."""
        for issue_id in list(self._fading):
            self._end_issue(issue_id)
        self._links.clear()
        self._wrong.clear()

    def _entries(self) -> Iterator[ConfigEntry]:
        """Our OCPP entries, disabled ones too: their charge point is no discovery."""
        for entry in self._hass.config_entries.async_entries(DOMAIN):
            if entry.data.get(CONF_PROTOCOL) == PROTOCOL_OCPP and entry.data.get(CONF_LISTEN_PORT) == self._port:
                yield entry

    def _entry_of(self, charge_point_id: str) -> ConfigEntry | None:
        """Return the entry of a charge point; of one with several outlets, that of the first."""
        name = charge_point_id.casefold()
        found = (item for item in self._entries() if item.data[CONF_CHARGE_POINT_ID].casefold() == name)
        return min(found, key=lambda item: item.data.get(CONF_CONNECTOR_ID, 1), default=None)

    def _discover(self, event: PeerEvent, charge_point_id: str) -> None:
        """Offer a charge point that called unasked, unless it is known, ignored, or one of too many."""
        known = self._hass.config_entries.async_entry_for_domain_unique_id(DOMAIN, charge_point_id)
        if self._entry_of(charge_point_id) is not None or (known is not None and known.source == SOURCE_IGNORE):
            return
        if self._is_pending(charge_point_id) or not self._has_room(event.address):
            return
        LOGGER.debug("A charge point that is not set up has called")
        discovery_flow.async_create_flow(
            self._hass,
            DOMAIN,
            context={"source": SOURCE_INTEGRATION_DISCOVERY},
            data={
                "charge_point_id": charge_point_id,
                "version": event.version,
                "address": event.address,
                "port": self._port,
            },
            discovery_key=discovery_flow.DiscoveryKey(domain=DOMAIN, key=charge_point_id, version=1),
        )

    def _discover_outlet(self, event: PeerEvent, entry: ConfigEntry) -> None:
        """Offer an outlet that a charge point has and nobody has set up (O8)."""
        discover_outlet(self._hass, entry, int(event.detail or 0))

    def _is_pending(self, charge_point_id: str) -> bool:
        return charge_point_id in (found["charge_point_id"] for found in self._pending())

    def _has_room(self, address: str) -> bool:
        """Whether one more discovery may be offered; takes from the hourly allowance if so."""
        found = self._pending()
        peer = network(address)
        from_there = sum(network(item["address"]) == peer for item in found)
        if from_there >= PENDING_PER_ADDRESS or len(found) >= PENDING:
            return False
        return self._new.try_take(self._hass.loop.time()) == 0

    def _pending(self) -> list[dict[str, str]]:
        """Return what the open discoveries of ours began with."""
        found: list[dict[str, str]] = []

        def collect(data: dict[str, str]) -> bool:
            if "charge_point_id" in data and "address" in data:
                found.append(data)
            return False

        self._hass.config_entries.flow.async_progress_by_init_data_type(dict, collect, include_uninitialized=True)
        return found

    def _note_wrong_password(self, event: PeerEvent, entry: ConfigEntry) -> None:
        """Ask for a new password if the charge point itself seems to be locked out, else tell of a stranger."""
        now = self._hass.loop.time()
        wrong = self._wrong.setdefault(entry.entry_id, deque(maxlen=WRONG_BEFORE_ASKING))
        wrong.append(now)
        if len(wrong) < WRONG_BEFORE_ASKING or wrong[0] < now - WRONG_WITHIN_S:
            return
        if self._links[entry.entry_id] > 0:
            self._raise_issue("wrong_password", entry, event)
        else:
            entry.async_start_reauth(self._hass)

    def _end_reauth(self, entry: ConfigEntry) -> None:
        """Ask for no password any more: the charge point has shown the right one."""
        for flow in list(entry.async_get_active_flows(self._hass, {SOURCE_REAUTH})):
            self._hass.config_entries.flow.async_abort(flow["flow_id"])

    def _raise_issue(self, key: str, entry: ConfigEntry, event: PeerEvent) -> None:
        issue_id = f"{key}_{entry.entry_id}"
        if issue_id in self._fading:
            self._fading[issue_id]()
        else:
            LOGGER.warning("Charge point %s: %s", entry.title, key.replace("_", " "))
        ir.async_create_issue(
            self._hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            is_persistent=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=key,
            translation_placeholders={
                "name": entry.title,
                "charge_point_id": plain(entry.data[CONF_CHARGE_POINT_ID]),
                "address": event.address,
                "offered": plain(event.detail) or "?",
            },
        )
        self._fading[issue_id] = async_call_later(self._hass, ISSUE_STAYS_S, partial(self._fade, issue_id))

    @callback
    def _fade(self, issue_id: str, _now: datetime) -> None:
        self._fading.pop(issue_id)
        ir.async_delete_issue(self._hass, DOMAIN, issue_id)

    @callback
    def _end_issue(self, issue_id: str) -> None:
        if (stop_timer := self._fading.pop(issue_id, None)) is not None:
            stop_timer()
            ir.async_delete_issue(self._hass, DOMAIN, issue_id)
