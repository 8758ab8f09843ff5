"""Where prices come from, source by source: each fetches what is known now, as slots."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.util import dt as dt_util

from ..charging.slots import Slot
from ..outlook.prices import Prices, PricesNotUnderstood, read_records
from ..outlook.typed import NotATariff, tariff_from
from ..settings import local_zone
from .tariff_options import (
    CONF_PLACE,
    CONF_PRICE_ENTRY,
    CONF_SOURCE,
    SOURCE_NORD_POOL,
    SOURCE_TIBBER,
    SOURCE_TYPED,
    next_tariff_of,
    tariff_of,
)

NORD_POOL: Final = "nordpool"
TIBBER: Final = "tibber"

DAYS_BEHIND: Final = 1
DAYS_AHEAD: Final = 4
TOMORROW_IS_KNOWN_AT: Final = 13
"""Local hour from which tomorrow's prices are asked for: auctions are over at noon."""


def typed_slots(options: Mapping[str, Any], now: datetime) -> tuple[Slot, ...]:
    """Return the prices of a tariff typed by hand, and from its first day on those of the one to come.

    Raises PricesNotUnderstood where what is stored is no tariff.
    """
    today = dt_util.start_of_local_day(dt_util.as_local(now))
    start_at = dt_util.as_utc(today - timedelta(days=DAYS_BEHIND))
    end_at = dt_util.as_utc(today + timedelta(days=DAYS_AHEAD))
    coming = next_tariff_of(options)
    change_at = end_at if coming is None else dt_util.as_utc(dt_util.start_of_local_day(coming[0]))
    change_at = min(max(change_at, start_at), end_at)
    slots = _typed(tariff_of(options), start_at, change_at)
    return slots if coming is None else slots + _typed(coming[1], change_at, end_at)


def _typed(tariff: Mapping[str, Any], start_at: datetime, end_at: datetime) -> tuple[Slot, ...]:
    if tariff.get(CONF_SOURCE) != SOURCE_TYPED or start_at >= end_at:
        return ()
    try:
        return tariff_from(tariff, local_zone()).slots(start_at, end_at)
    except NotATariff as err:
        raise PricesNotUnderstood(err.key, str(err)) from err


def standing_charge(tariff: Mapping[str, Any]) -> Decimal | None:
    """Return what is due for each day, VAT included; None where nobody typed such a charge."""
    if tariff.get(CONF_SOURCE) != SOURCE_TYPED:
        return None
    try:
        return tariff_from(tariff, local_zone()).standing_charge or None
    except NotATariff:
        return None


async def async_fetch(hass: HomeAssistant, tariff: Mapping[str, Any], known: tuple[Slot, ...], now: datetime) -> Prices:
    """Return what a source that has to be asked knows of prices; days that are ``known`` are not asked for again.

    Raises PricesNotUnderstood.
    """
    return await ASKED[tariff[CONF_SOURCE]](hass, tariff, known, now)


async def _async_nord_pool(
    hass: HomeAssistant, tariff: Mapping[str, Any], known: tuple[Slot, ...], now: datetime
) -> Prices:
    """Ask for each day that is not known, of the area that was chosen. One not published yet has no rows."""
    entry_id = str(tariff.get(CONF_PRICE_ENTRY))
    entry = hass.config_entries.async_get_entry(entry_id)
    currency = "EUR" if entry is None else str(entry.data.get("currency", "EUR"))
    area = tariff.get(CONF_PLACE)
    chosen = {} if area is None else {"areas": [area]}
    found: list[Slot] = []
    missing: PricesNotUnderstood | None = None
    for start_at, _ in _days_to_ask_for(known, now):
        day = dt_util.as_local(start_at).date().isoformat()
        try:
            answer = await _async_call(
                hass, NORD_POOL, "get_prices_for_date", {"config_entry": entry_id, "date": day} | chosen
            )
        except PricesNotUnderstood as err:
            missing = err
            continue
        rows = _of_place(answer, area)
        if isinstance(rows, list) and rows:
            found += read_records(rows, f"{currency}/MWh", local_zone()).slots
    if missing is not None and not found:
        raise missing
    return Prices(slots=tuple(found), currency=currency)


async def _async_tibber(
    hass: HomeAssistant, tariff: Mapping[str, Any], known: tuple[Slot, ...], now: datetime
) -> Prices:
    """Ask for what is missing, of the home that was chosen."""
    days = _days_to_ask_for(known, now)
    if not days:
        return Prices(slots=(), currency=None)
    rows = _of_place(await _async_tibber_homes(hass, days[0][0], days[-1][1]), tariff.get(CONF_PLACE))
    if not isinstance(rows, list) or not rows:
        raise PricesNotUnderstood("no_price_list", TIBBER)
    return read_records(rows, f"{hass.config.currency}/kWh", local_zone())


async def _async_tibber_homes(hass: HomeAssistant, start_at: datetime, end_at: datetime) -> Mapping[str, Any]:
    period = {"start": start_at.isoformat(), "end": end_at.isoformat()}
    homes = (await _async_call(hass, TIBBER, "get_prices", period)).get("prices")
    return homes if isinstance(homes, Mapping) else {}


def _of_place(answer: Mapping[str, Any], place: str | None) -> Any:
    """Return what is known of the place that was chosen, and where none was, of the first."""
    return next(iter(answer.values()), None) if place is None else answer.get(place)


async def async_places(hass: HomeAssistant, tariff: Mapping[str, Any], now: datetime) -> list[str]:
    """Return the price areas or homes that a source knows, for the owner to choose from where there are several.

    Raises PricesNotUnderstood.
    """
    if tariff[CONF_SOURCE] == SOURCE_NORD_POOL:
        entry = hass.config_entries.async_get_entry(str(tariff.get(CONF_PRICE_ENTRY)))
        return [] if entry is None else [str(area) for area in entry.data.get("areas", ())]
    start_at, end_at = _days_to_ask_for((), now)[0]
    return [str(home) for home in await _async_tibber_homes(hass, start_at, end_at)]


def _days_to_ask_for(known: tuple[Slot, ...], now: datetime) -> list[tuple[datetime, datetime]]:
    local = dt_util.as_local(now)
    wanted = (0, 1) if local.hour >= TOMORROW_IS_KNOWN_AT else (0,)
    days = []
    for ahead in wanted:
        start_at = dt_util.as_utc(dt_util.start_of_local_day(local.date() + timedelta(days=ahead)))
        end_at = dt_util.as_utc(dt_util.start_of_local_day(local.date() + timedelta(days=ahead + 1)))
        last_hour = end_at - timedelta(hours=1)
        if not any(slot.start_at <= last_hour < slot.end_at for slot in known):
            days.append((start_at, end_at))
    return days


async def _async_call(hass: HomeAssistant, domain: str, action: str, data: dict[str, Any]) -> dict[str, Any]:
    if not hass.services.has_service(domain, action):
        raise PricesNotUnderstood("no_action", f"{domain}.{action}")
    try:
        answer = await hass.services.async_call(domain, action, data, blocking=True, return_response=True)
    except HomeAssistantError as err:
        raise PricesNotUnderstood("action_failed", str(err)) from err
    return dict(answer or {})


type _Ask = Callable[[HomeAssistant, Mapping[str, Any], tuple[Slot, ...], datetime], Awaitable[Prices]]

ASKED: Final[Mapping[str, _Ask]] = {SOURCE_NORD_POOL: _async_nord_pool, SOURCE_TIBBER: _async_tibber}
"""Sources that keep no list in a state: an action of theirs has to be asked."""
