"""The guard: writes down what somebody may one day have to explain, and keeps an eye on the clock (S10.1, S10.2)."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_interval
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .by_whom import who
from .chargers.ocpp.peers import PeerEvent, PeerKind
from .const import CONF_PASSWORD_HASHES, CONF_SAFETY_LOCK, DOMAIN, LOGGER
from .records.security_log import SecurityEvent
from .security.events import Happening, Kind, Throttle
from .security.inputs import plain

LOOK_EVERY: Final = timedelta(minutes=1)
CLOCK_SLACK: Final = timedelta(seconds=10)
"""A clock that is set back by less was merely corrected."""

_BY_PEER: Final[Mapping[PeerKind, Kind]] = {
    PeerKind.UNKNOWN: Kind.UNKNOWN_CHARGE_POINT,
    PeerKind.WRONG_PASSWORD: Kind.WRONG_PASSWORD,
    PeerKind.NO_SUBPROTOCOL: Kind.NO_SUBPROTOCOL,
    PeerKind.BAD_HANDSHAKE: Kind.BAD_HANDSHAKE,
    PeerKind.ID_CONFLICT: Kind.ID_CONFLICT,
    PeerKind.TOO_MANY_ATTEMPTS: Kind.TOO_MANY_ATTEMPTS,
}


class Guard:
    """One for the installation. ``write`` takes an entry towards the log; it neither blocks nor fails.

    ``noted`` counts the entries since the start.
    """

    def __init__(self, hass: HomeAssistant, write: Callable[[SecurityEvent], None]) -> None:
        self.noted = 0
        self._hass = hass
        self._write = write
        self._throttle = Throttle()
        self._stop_looking: CALLBACK_TYPE | None = None
        self._clock = (dt_util.utcnow(), hass.loop.time())

    @callback
    def start(self) -> None:
        """Keep watch until Home Assistant stops."""
        self._stop_looking = async_track_time_interval(
            self._hass, self._look, LOOK_EVERY, name=f"{DOMAIN}: guard", cancel_on_shutdown=True
        )
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._on_stop)

    @callback
    def note(self, kind: Kind, **detail: Any) -> None:
        """Write down what has happened just now, or count it if there is too much of its kind."""
        told = {name: value for name, value in detail.items() if value is not None}
        self._pass_on(self._throttle.admit(Happening(kind=kind, at=dt_util.utcnow(), detail=told)))

    @callback
    def heard(self, peer: PeerEvent, port: int, entry_id: str | None) -> None:
        """Write down a call that did not get through."""
        if (kind := _BY_PEER.get(peer.kind)) is not None:
            self.note(
                kind,
                charge_point=entry_id,
                charge_point_id=plain(peer.charge_point_id) or None,
                address=peer.address,
                port=port,
                version=peer.version,
                said=plain(peer.detail) or None,
            )

    @callback
    def clock_showed(self, last_seen_at: datetime) -> None:
        """Compare the clock with what it showed before Home Assistant started."""
        self._compare(last_seen_at, dt_util.utcnow())

    @callback
    def _look(self, _now: datetime) -> None:
        (shown_at, counted), (now, count) = self._clock, (dt_util.utcnow(), self._hass.loop.time())
        self._clock = (now, count)
        self._compare(shown_at + timedelta(seconds=count - counted), now)
        self._pass_on(self._throttle.due(now))

    def _compare(self, expected: datetime, now: datetime) -> None:
        if now < expected - CLOCK_SLACK:
            seconds = round((expected - now).total_seconds())
            LOGGER.warning("The clock went back by %s s", seconds)
            self.note(Kind.CLOCK_WENT_BACK, seconds=seconds, last_seen_at=expected.isoformat(timespec="seconds"))

    @callback
    def _on_stop(self, _event: Event) -> None:
        if self._stop_looking is not None:
            self._stop_looking()
            self._stop_looking = None
        self._pass_on(self._throttle.close(dt_util.utcnow()))

    def _pass_on(self, happenings: Iterable[Happening]) -> None:
        for each in happenings:
            self.noted += 1
            self._write(SecurityEvent(at=each.at, kind=each.kind.value, detail=each.detail))


DATA_GUARD: HassKey[Guard] = HassKey(f"{DOMAIN}_guard")


@callback
def note_changes(hass: HomeAssistant, entry: ConfigEntry, before: Mapping[str, Mapping[str, Any]]) -> None:
    """Write down what matters of a change to a charge point's ``data`` and ``options``."""
    if before["data"].get(CONF_PASSWORD_HASHES) != entry.data.get(CONF_PASSWORD_HASHES):
        note(hass, Kind.PASSWORD_RENEWED, charge_point=entry.entry_id, user_id=who())
    is_on = bool(entry.options.get(CONF_SAFETY_LOCK, False))
    if bool(before["options"].get(CONF_SAFETY_LOCK, False)) is not is_on:
        note(hass, Kind.SAFETY_LOCK, charge_point=entry.entry_id, is_on=is_on, user_id=who())
    if changed := _changed(before["options"], entry.options) - {CONF_SAFETY_LOCK}:
        note(hass, Kind.SETTINGS_CHANGED, charge_point=entry.entry_id, settings=sorted(changed), user_id=who())


@callback
def note_site_changes(hass: HomeAssistant, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Write down which sections of the site's options were changed."""
    if changed := _changed(before, after):
        note(hass, Kind.SETTINGS_CHANGED, settings=sorted(changed), user_id=who())


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    return {name for name in {*before, *after} if before.get(name) != after.get(name)}


@callback
def note_report(hass: HomeAssistant, entry: ConfigEntry, kind: str) -> None:
    """Write down what a charge point has reported of its own security, and tell the owner of tampering (S8.3)."""
    said = plain(kind) or "?"
    is_tampering = "tamper" in said.casefold()
    note(hass, Kind.TAMPERING if is_tampering else Kind.CHARGE_POINT_REPORT, charge_point=entry.entry_id, type=said)
    if is_tampering:
        ir.async_create_issue(
            hass,
            DOMAIN,
            f"tampering_{entry.entry_id}",
            is_fixable=True,
            severity=ir.IssueSeverity.ERROR,
            translation_key="tampering",
            translation_placeholders={"name": entry.title, "said": said},
        )


@callback
def note(hass: HomeAssistant, kind: Kind, **detail: Any) -> None:
    """Have the guard write something down; before the integration is set up there is none."""
    if (guard := hass.data.get(DATA_GUARD)) is not None:
        guard.note(kind, **detail)
