"""What the owner has said of the tariff: where prices come from now, and after a change of supplier (6.1)."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from ..const import CONF_TARIFF

CONF_SOURCE: Final = "source"
CONF_ENTITIES: Final = "entities"
CONF_PRICE_ENTRY: Final = "config_entry"
CONF_PLACE: Final = "place"  # of several that the source knows: a price area, or a home
CONF_RATES: Final = "rates"
CONF_OTHERWISE: Final = "otherwise"  # price at all other times
CONF_VAT: Final = "vat"  # per cent; missing where prices were typed with it
CONF_STANDING: Final = "standing"  # by the day
CONF_NEXT: Final = "next"  # the tariff, and the hours, of another supplier to come
CONF_FROM: Final = "from"  # its first day
CONF_HOURS: Final = "hours"  # options of every charge point, from that day on

SOURCE_NONE: Final = "none"
SOURCE_TYPED: Final = "typed"
SOURCE_ENTITIES: Final = "entities"
SOURCE_NORD_POOL: Final = "nord_pool"
SOURCE_TIBBER: Final = "tibber"


def tariff_of(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the tariff that holds now; empty where there is none."""
    tariff: Mapping[str, Any] = options.get(CONF_TARIFF) or {}
    return {key: value for key, value in tariff.items() if key != CONF_NEXT}


def next_tariff_of(options: Mapping[str, Any]) -> tuple[date, Mapping[str, Any]] | None:
    """Return the tariff that is to hold from a day on, with the hours that come with it; None without one."""
    coming = (options.get(CONF_TARIFF) or {}).get(CONF_NEXT)
    return None if not coming else (date.fromisoformat(coming[CONF_FROM]), coming)


def begun(options: Mapping[str, Any]) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return the site's options after the change that was to come, and what it changes of each charge point's."""
    _, coming = next_tariff_of(options) or (None, {})
    tariff = {key: value for key, value in coming.items() if key not in (CONF_FROM, CONF_HOURS)}
    return {**options, CONF_TARIFF: tariff}, coming.get(CONF_HOURS) or {}
