"""What charge points share: the premises' supply, and the options of the one entry that describes them.

It never calls a charge point. It tells the loops of those whose share has changed to take a step.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any, Final, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .charging.claims import Claim
from .charging.model import Ceiling
from .charging.sharing import Sharing, SharingCarry, share
from .const import CONF_KIND, DOMAIN, KIND_SITE
from .records.carry import to_plain
from .site_settings import supply_from, wiring_of

type SiteConfigEntry = ConfigEntry[Site]

_SOONEST: Final = timedelta(milliseconds=100)
_NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


class Member(Protocol):
    """A charge point's loop, as the site sees it."""

    @property
    def key(self) -> str:
        """The id of its entry."""

    @property
    def own_phases(self) -> int | None:
        """How many phases it is connected to; None when it does not tell."""

    def claim(self, phases: tuple[int, ...]) -> Claim:
        """Say what it wants of the supply, whose ``phases`` are behind its own, and what it draws."""

    def supply_changed(self) -> None:
        """Take a step soon: its share has changed."""


class Site:
    """The premises. It is there with or without an entry; without one it has no options, and limits nothing."""

    def __init__(self, hass: HomeAssistant) -> None:
        self.entry: SiteConfigEntry | None = None
        self._hass = hass
        self._members: dict[str, Member] = {}
        self._listeners: list[Callable[[], None]] = []
        self._carry = SharingCarry()
        self._sharing: Sharing | None = None
        self._forget_timer: CALLBACK_TYPE | None = None

    # The entry

    @property
    def options(self) -> Mapping[str, Any]:
        """What is set for the site, one mapping for each section; empty without an entry."""
        return _NO_OPTIONS if self.entry is None else self.entry.options

    @callback
    def adopt(self, entry: SiteConfigEntry) -> None:
        """Follow this entry from now on, loaded or not: its limits hold while it is set up anew."""
        self.entry = entry
        self.options_changed()

    @callback
    def release(self) -> None:
        """Follow no entry any more."""
        self.entry = None
        self.options_changed()

    @callback
    def options_changed(self) -> None:
        """Apply what was set."""
        self._carry = SharingCarry(places=self._carry.places, swapped_at=self._carry.swapped_at)
        self.share()
        self._tell()

    @callback
    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` when the options, or what is derived of them, have changed; returns what stops that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    # Sharing the supply

    @callback
    def join(self, member: Member) -> Callable[[], None]:
        """Let a charge point share from now on; returns what ends that."""
        self._members[member.key] = member

        def leave() -> None:
            if self._members.get(member.key) is member:
                del self._members[member.key]
                self.share()

        return leave

    @callback
    def ceiling_of(self, key: str) -> Ceiling | None:
        """Return what a charge point may take at the last sharing; None while nothing limits it."""
        return None if self._sharing is None else self._sharing.ceilings.get(key)

    @callback
    def share(self, asking: Member | None = None) -> None:
        """Share anew, because a fact has changed. Who is ``asking`` looks for itself; the others are told."""
        if self._hass.is_stopping:
            return
        before = self._sharing
        supply = supply_from(self.options)
        self.stop()
        if supply is None:
            self._sharing = None
        else:
            now = dt_util.utcnow()
            self._sharing = share(supply, None, self._claims(), self._carry, now)
            self._carry = self._sharing.carry
            if (review_at := self._sharing.review_at) is not None:
                due_at = max(review_at, now + _SOONEST)
                self._forget_timer = async_track_point_in_utc_time(self._hass, self._on_time, due_at)
        for key, member in self._members.items():
            if member is not asking and self.ceiling_of(key) != (before and before.ceilings.get(key)):
                member.supply_changed()

    @callback
    def stop(self, _event: Event | None = None) -> None:
        """Share no more by itself."""
        if self._forget_timer is not None:
            self._forget_timer()
            self._forget_timer = None

    def _claims(self) -> list[Claim]:
        return [member.claim(wiring_of(self.options, key, member.own_phases)) for key, member in self._members.items()]

    @callback
    def _on_time(self, _now: object) -> None:
        self._forget_timer = None
        self.share()
        self._tell()

    def diagnostics(self) -> dict[str, Any]:
        """Return what was last shared, for a support file."""
        return {"sharing": to_plain(self._sharing)}


DATA_SITE: HassKey[Site] = HassKey(f"{DOMAIN}.site")


def is_site(entry: ConfigEntry) -> bool:
    """Whether an entry describes the premises; else it is a charge point's."""
    return entry.data.get(CONF_KIND) == KIND_SITE


@callback
def async_make_site(hass: HomeAssistant) -> Site:
    """Return the site, which follows its entry from the start if there is one: charge points may be loaded first."""
    hass.data[DATA_SITE] = site = Site(hass)
    hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, site.stop)
    for entry in hass.config_entries.async_entries(DOMAIN, include_disabled=False):
        if is_site(entry):
            site.adopt(entry)
    return site
