"""What charge points share: the premises' supply, and the options of the one entry that describes them.

It never calls a charge point. It tells the loops of those whose share has changed to take a step.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
import math
from types import MappingProxyType
from typing import Any, Final, Protocol

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..charging.claims import Claim, Supply
from ..charging.grid_meter import GridReading
from ..charging.left_to_each import Left, Unwatched, left_to_each
from ..charging.meter_trial import Trial, masked, observed
from ..charging.model import NO_PHASES, Ceiling, SharingCause
from ..charging.sharing import Sharing, SharingCarry, carried_over, share
from ..const import CONF_KIND, DOMAIN, KIND_SITE
from ..records.carry import to_plain
from .doubts import doubts_told
from .meter import SiteMeter
from .picture import SitePicture
from .settings import MeterSettings, Reckoning, house_reckoned_by, meter_from, supply_from, wiring_of
from .unwatched import unwatched_of

type SiteConfigEntry = ConfigEntry[Site]

LOST_FOR_LONG: Final = timedelta(minutes=5)
"""A grid meter that is silent for longer is worth a repair."""

_BELIEVED_TIMES: Final = 4.0
_SOONEST: Final = timedelta(milliseconds=100)
_NO_OPTIONS: Final[Mapping[str, Any]] = MappingProxyType({})


class Member(Protocol):
    """A charge point's loop, as the site sees it."""

    @property
    def key(self) -> str:
        """The id of its entry."""

    @property
    def name(self) -> str:
        """What its owner calls it."""

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
        self._watchers: list[Callable[[], None]] = []
        self._supply: Supply | None = None
        self._left: dict[str, Left] | None = None
        self._meter = SiteMeter(hass, self._on_meter)
        self._meter_settings = MeterSettings()
        self._carry = SharingCarry()
        self._reckoned_by: Reckoning | None = None
        self._trial = Trial(doubts=doubts_told(hass))
        self._sharing: Sharing | None = None
        self._turn: asyncio.Handle | None = None
        self._forget_timer: CALLBACK_TYPE | None = None
        self.picture = SitePicture(as_of=dt_util.utcnow())

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
        self._supply = supply_from(self.options)
        self._left = None
        before, self._meter_settings = self._meter_settings, meter_from(self.options)
        self._meter.follow(self._meter_settings)
        is_meter_new = before.has_meter and before.at_supply != self._meter_settings.at_supply
        if is_meter_new:
            self._trial = Trial()
        reckoned_by, self._reckoned_by = self._reckoned_by, house_reckoned_by(self.options)
        is_house_known = self._reckoned_by is not None and self._reckoned_by == reckoned_by
        self._carry = carried_over(self._carry, is_house_known=is_house_known, is_meter_new=is_meter_new)
        self.share()
        _call(self._listeners)

    @callback
    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` when the options have changed, or who shares; returns what stops that."""
        return _kept(self._listeners, listener)

    @callback
    def watch(self, watcher: Callable[[], None]) -> Callable[[], None]:
        """Call ``watcher`` when there is a new picture; returns what stops that."""
        return _kept(self._watchers, watcher)

    @callback
    def _on_meter(self) -> None:
        """Share soon: the phases of a meter speak one by one, but at once."""
        if self._turn is None:
            self._turn = self._hass.loop.call_soon(self._take_turn)

    @callback
    def _take_turn(self) -> None:
        self._turn = None
        self.share()

    # Sharing the supply

    @callback
    def join(self, member: Member) -> Callable[[], None]:
        """Let a charge point share from now on; returns what ends that."""
        self._members[member.key] = member
        self._left = None
        _call(self._listeners)

        def leave() -> None:
            if self._members.get(member.key) is member:
                del self._members[member.key]
                self.share()

        return leave

    @callback
    def ceiling_of(self, key: str) -> Ceiling | None:
        """Return what a charge point may take at the last sharing; None while nothing limits it."""
        ceiling = None if self._sharing is None else self._sharing.ceilings.get(key)
        if ceiling is None or ceiling.cause is not SharingCause.METER_LOST or self._meter_settings.has_meter:
            return ceiling
        return replace(ceiling, cause=SharingCause.SUPPLY)  # nobody lost a meter that was never there

    def left_to(self, key: str) -> Left | None:
        """Return what one charge point may take while Home Assistant is away; None where nothing limits it."""
        if self._supply is None:
            return None
        if self._left is None:
            self._left = left_to_each(self._supply, self.unwatched)
        return self._left.get(key)

    def left_to_one_more(self, newcomer: Unwatched) -> Left | None:
        """Return what one that is being set up would be left with; None where nothing limits it."""
        return None if self._supply is None else left_to_each(self._supply, {**self.unwatched, "": newcomer})[""]

    @property
    def unwatched(self) -> dict[str, Unwatched]:
        """All charge points that are set up, the first of them first."""
        entries = self._hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
        return unwatched_of((entry for entry in entries if not is_site(entry)), self.phases_of)

    def phases_of(self, key: str) -> tuple[int, ...]:
        """Return the supply's phases behind a charge point's own."""
        member = self._members.get(key)
        return wiring_of(self.options, key, None if member is None else member.own_phases)

    @callback
    def charge_points_changed(self) -> None:
        """Share anew what is left behind, and tell all if that changes it: one was added, changed or removed."""
        before, self._left = self._left, None
        if self._supply is not None and before != (left := left_to_each(self._supply, self.unwatched)):
            self._left = left
            _call(self._listeners)

    @callback
    def share(self, asking: Member | None = None) -> None:
        """Share anew, because a fact has changed. Who is ``asking`` looks for itself; the others are told."""
        if self._hass.is_stopping:
            return
        now = dt_util.utcnow()
        before = {key: self.ceiling_of(key) for key in self._members}
        claims = self._claims()
        reading = self._meter.reading(now, self._believed_a)
        if self._supply is None:
            self._sharing = None
        else:
            has_meter = self._meter_settings.has_meter
            supply = replace(self._supply, meter_interval_s=self._meter.interval_s, has_meter=has_meter)
            has_storage = bool(self._meter_settings.battery)
            self._trial = observed(self._trial, reading, claims, now, has_storage=has_storage)
            self._sharing = share(supply, masked(reading, self._trial), claims, self._carry, now)
            self._carry = self._sharing.carry
        self.picture = self._picture(now, reading, claims)
        self._arm(now)
        for key, member in self._members.items():
            if member is not asking and self.ceiling_of(key) != before[key]:
                member.supply_changed()
        _call(self._watchers)

    @property
    def _believed_a(self) -> float:
        """The most that a phase can be said to carry: no fuse bears more for as long as a meter takes to tell."""
        limits = NO_PHASES if self._supply is None else self._supply.limit_a
        return max(filter(None, limits), default=math.inf) * _BELIEVED_TIMES

    @callback
    def trust_meter(self) -> None:
        """Believe the grid meter again, until it is found out anew: somebody has put it right."""
        self._trial = Trial()
        self.share()

    def _claims(self) -> list[Claim]:
        return [member.claim(wiring_of(self.options, key, member.own_phases)) for key, member in self._members.items()]

    def _picture(self, now: datetime, reading: GridReading | None, claims: list[Claim]) -> SitePicture:
        grid_a = NO_PHASES if reading is None else reading.current_a
        limits = NO_PHASES if self._supply is None else self._supply.limit_a
        is_lost = self._meter_settings.has_meter and any(
            limit_a is not None and told_a is None for limit_a, told_a in zip(limits, grid_a, strict=True)
        )
        return SitePicture(
            as_of=now,
            supply=self._supply,
            has_meter=self._meter_settings.has_meter,
            grid_a=grid_a,
            house_a=NO_PHASES if self._sharing is None else self._sharing.house_a,
            lost_at=(self.picture.lost_at or now) if is_lost else None,
            is_too_slow=self._meter.is_too_slow,
            doubts=self._trial.doubts,
            limited=tuple(
                self._members[claim.key].name
                for claim in claims
                if (ceiling := self.ceiling_of(claim.key)) is not None and ceiling.max_a < claim.wants_a
            ),
            solar_w=self._meter.solar_w,
            battery_w=self._meter.battery_w,
        )

    def _arm(self, now: datetime) -> None:
        """Set the one timer to when time alone changes something."""
        self._disarm()
        lost_at = self.picture.lost_at
        times = (
            None if self._sharing is None else self._sharing.review_at,
            None if lost_at is None or now >= lost_at + LOST_FOR_LONG else lost_at + LOST_FOR_LONG,
        )
        if any(times):
            due_at = max(min(filter(None, times)), now + _SOONEST)
            self._forget_timer = async_track_point_in_utc_time(self._hass, self._on_time, due_at)

    @callback
    def _on_time(self, _now: object) -> None:
        self._forget_timer = None
        self.share()

    def _disarm(self) -> None:
        if self._forget_timer is not None:
            self._forget_timer()
            self._forget_timer = None

    @callback
    def stop(self, _event: Event | None = None) -> None:
        """Share no more, and follow nothing."""
        self._disarm()
        self._meter.stop()
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def diagnostics(self) -> dict[str, Any]:
        """Return what was last shared, for a support file."""
        return {
            "meter": self._meter.diagnostics(),
            "picture": to_plain(self.picture),
            "sharing": to_plain(self._sharing),
        }


def _kept(listeners: list[Callable[[], None]], listener: Callable[[], None]) -> Callable[[], None]:
    listeners.append(listener)
    return lambda: listeners.remove(listener)


def _call(listeners: list[Callable[[], None]]) -> None:
    for listener in list(listeners):
        listener()


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
