"""What electricity costs on the premises: followed where it is told, kept while it is true, gaps shown as gaps."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
import secrets
from typing import Any, Final

from homeassistant.const import EVENT_CORE_CONFIG_UPDATE, EVENT_HOMEASSISTANT_STOP
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time, async_track_state_change_event
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..charging.slots import Slot
from ..const import DOMAIN, LOGGER
from ..outlook.cost import price_at
from ..outlook.entities import read_entities, read_present
from ..outlook.prices import Prices, PricesNotUnderstood, merged, repeated
from ..records.carry import Unreadable, from_plain, to_plain
from ..site import Site
from .lists import ASKED, async_fetch, standing_charge, typed_slots
from .tariff_options import CONF_ENTITIES, CONF_SOURCE, SOURCE_ENTITIES, SOURCE_NONE, SOURCE_TYPED, tariff_of

KEPT: Final = timedelta(days=2)
"""Prices of the past are kept so long: what charging cost is reckoned with them."""

_SAVE_AFTER_S: Final = 30
_SOONEST: Final = timedelta(seconds=1)


class SitePrices:
    """Slots of priced time for all charge points, from whatever the site's tariff says.

    Attributes:
        slots: in order, in whole currency for a kilowatt-hour; time without one has no known price.
        currency: of the prices.
        standing_charge: due for each day, VAT included; None where none was typed. No plan or cost contains it.
        problem: why the last look at the source brought nothing, as a translation key; None while all is well.
    """

    def __init__(self, hass: HomeAssistant, site: Site) -> None:
        self.slots: tuple[Slot, ...] = ()
        self.currency = hass.config.currency
        self.standing_charge: Decimal | None = None
        self.problem: str | None = None
        self._hass = hass
        self._site = site
        self._store = Store[dict[str, Any]](hass, 1, f"{DOMAIN}.prices", private=True, atomic_writes=True)
        self._tariff: Mapping[str, Any] | None = None
        self._known: tuple[Slot, ...] = ()
        self._listeners: list[Callable[[], None]] = []
        self._forget_source: CALLBACK_TYPE | None = None
        self._forget_timer: CALLBACK_TYPE | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._minute = timedelta(minutes=secrets.randbelow(20), seconds=secrets.randbelow(60))

    # For others

    @callback
    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` when prices have changed, or another has begun to hold; returns what stops that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def price_at(self, instant: datetime) -> Decimal | None:
        """Return what a kilowatt-hour costs at an instant; None where nobody knows."""
        return price_at(self.slots, instant)

    @property
    def source(self) -> str:
        """Where prices come from."""
        return str((self._tariff or {}).get(CONF_SOURCE, SOURCE_NONE))

    @property
    def known_until(self) -> datetime | None:
        """Return how far prices are known; None where none are."""
        return max((slot.end_at for slot in self.slots if slot.price_per_kwh is not None), default=None)

    def diagnostics(self) -> dict[str, Any]:
        """Return what is known, for a support file."""
        return {
            "source": self.source,
            "problem": self.problem,
            "currency": self.currency,
            "slots": to_plain(self.slots),
        }

    # Beginning and end

    async def async_load(self) -> None:
        """Remember the prices that were known before a restart: their source may take its time to start."""
        stored = await self._store.async_load() or {}
        try:
            self._known = tuple(from_plain(Slot, plain) for plain in stored.get("slots", ()))
        except (Unreadable, TypeError, ValueError) as err:
            LOGGER.warning("The prices that were stored cannot be read: %s", err)
        self._tariff = stored.get("tariff")

    @callback
    def start(self) -> None:
        """Follow the site's tariff."""
        self._site.listen(self._options_changed)
        self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._core_changed)
        self._hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._stop)
        self._begin()

    @callback
    def _stop(self, _event: Event) -> None:
        for forget in (self._forget_source, self._forget_timer):
            if forget is not None:
                forget()
        self._forget_source = self._forget_timer = None

    @callback
    def _core_changed(self, _event: Event) -> None:
        self._refresh()

    @callback
    def _options_changed(self) -> None:
        if tariff_of(self._site.options) != self._tariff or self.source == SOURCE_TYPED:
            self._begin()

    def _begin(self) -> None:
        """Follow what the tariff now says. Another source's prices are forgotten, the past's too."""
        tariff = tariff_of(self._site.options)
        if tariff != self._tariff:
            self._known = ()
        self._tariff = tariff
        self.problem = None
        self.currency = self._hass.config.currency
        if self._forget_source is not None:
            self._forget_source()
            self._forget_source = None
        if self._fetching is not None:
            self._fetching.cancel()  # it asks a source that no longer counts
            self._fetching = None
        if self.source == SOURCE_ENTITIES:
            entity_ids = tariff.get(CONF_ENTITIES, ())
            self._forget_source = async_track_state_change_event(self._hass, entity_ids, self._entity_changed)
        before, self.standing_charge = self.standing_charge, standing_charge(tariff)
        self._refresh()
        if self.standing_charge != before:
            self._tell()

    # Looking

    @callback
    def _entity_changed(self, _event: Event[Any]) -> None:
        self._refresh()

    @callback
    def _on_time(self, _now: object) -> None:
        self._forget_timer = None
        self._refresh()
        self._tell()

    @callback
    def _refresh(self) -> None:
        """Look at the source, and again when time alone brings something new."""
        now = dt_util.utcnow()
        if self.source == SOURCE_ENTITIES:
            self._take_entities(now)
        elif self.source in ASKED:
            self._fetch(now)
        else:
            self._take_typed(now)
        self._arm(now)

    def _take_typed(self, now: datetime) -> None:
        try:
            self._show(typed_slots(self._site.options, now))
        except PricesNotUnderstood as err:
            self._complain(err)

    def _take_entities(self, now: datetime) -> None:
        tariff = self._tariff or {}
        try:
            self._take(read_entities(self._hass, tariff.get(CONF_ENTITIES, ()), now), now)
        except PricesNotUnderstood as listless:
            try:
                present = read_present(self._hass, tariff.get(CONF_ENTITIES, ()), now)
            except PricesNotUnderstood:
                self._complain(listless)
                self._show(merged((), self._known, now - KEPT))
                return
            self._take(present, now, is_told_ahead=False)

    def _fetch(self, now: datetime) -> None:
        if self._fetching is None or self._fetching.done():
            self._fetching = self._hass.async_create_background_task(self._async_fetch(now), "prices: ask")
        self._show(self._known)

    async def _async_fetch(self, now: datetime) -> None:
        try:
            prices = await async_fetch(self._hass, self._tariff or {}, self._known, now)
        except PricesNotUnderstood as err:
            self._complain(err)
        else:
            self._take(prices, now)

    def _take(self, prices: Prices, now: datetime, *, is_told_ahead: bool = True) -> None:
        """Lay what is new over what is known, and keep it."""
        if self.problem is not None:
            LOGGER.info("Prices are known again")
            self.problem = None
            self._tell()
        self.currency = prices.currency or self._hass.config.currency
        known = merged(self._known, prices.slots, now - KEPT)
        if known != self._known:
            self._known = known
            self._store.async_delay_save(self._plain, _SAVE_AFTER_S)
        self._show(known if is_told_ahead else repeated(known, now))

    def _complain(self, err: PricesNotUnderstood) -> None:
        if err.key != self.problem:
            LOGGER.warning("No prices can be read from the tariff: %s", err)
            self.problem = err.key
            self._tell()

    def _plain(self) -> dict[str, Any]:
        return {"tariff": self._tariff, "slots": to_plain(self._known)}

    # Telling

    def _show(self, slots: tuple[Slot, ...]) -> None:
        if slots != self.slots:
            self.slots = slots
            self._tell()

    def _tell(self) -> None:
        for listener in list(self._listeners):
            listener()

    def _arm(self, now: datetime) -> None:
        """Set the one timer: to the next price, the next day, or the next time to ask."""
        if self._forget_timer is not None:
            self._forget_timer()
            self._forget_timer = None
        if self.source == SOURCE_NONE and not self.slots:
            return
        local_day = dt_util.as_local(now).date()
        hour = now.replace(minute=0, second=0, microsecond=0)
        edges = [edge for slot in self.slots for edge in (slot.start_at, slot.end_at) if edge > now]
        asks = [hour + self._minute, hour + timedelta(hours=1) + self._minute] if self.source in ASKED else []
        midnight = dt_util.as_utc(dt_util.start_of_local_day(local_day + timedelta(days=1)))
        due_at = max(min(at for at in (*edges, *asks, midnight) if at > now), now + _SOONEST)
        self._forget_timer = async_track_point_in_utc_time(self._hass, self._on_time, due_at)


DATA_PRICES: HassKey[SitePrices] = HassKey(f"{DOMAIN}.prices")
