"""A tariff as words that can be read over: in Home Assistant's language, local time and the home's currency."""

from datetime import datetime, timedelta
from decimal import Decimal

from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_translations
from homeassistant.util import dt as dt_util

from ..charging.slots import Slot
from ..const import DOMAIN
from ..outlook.prices import Prices
from ..outlook.tariff import Tariff
from ..outlook.typed import week


async def week_placeholders(hass: HomeAssistant, tariff: Tariff) -> dict[str, str]:
    """Return the week from today on, line by line, how many of its hours have no price, and the standing charge."""
    texts = await async_get_translations(hass, hass.config.language, "selector", [DOMAIN])
    prefix = f"component.{DOMAIN}.selector."
    lines, gaps = [], timedelta(0)
    for days, slots in week(tariff, dt_util.now().date()):
        names = ", ".join(texts.get(f"{prefix}days.options.{day}", day) for day in days)
        gap = texts.get(f"{prefix}tariff_words.options.no_price", "?")
        rates = "; ".join(f"{_hours(slot)} {_money(slot.price_per_kwh) or gap}" for slot in slots)
        lines.append(f"- {names}: {rates}")
        unpriced = (slot.end_at - slot.start_at for slot in slots if slot.price_per_kwh is None)
        gaps += sum(unpriced, timedelta(0)) * len(days)
    hours = f"{gaps.total_seconds() / 3600:g}"
    return {
        "week": "\n".join(lines),
        "currency": hass.config.currency,
        "hours_without": hours,
        "standing": _money(tariff.standing_charge) or "",
    }


def found_placeholders(hass: HomeAssistant, prices: Prices) -> dict[str, str]:
    """Return how far prices reach, and the lowest and the highest of them. There is one at least."""
    priced = [(price, slot) for slot in prices.slots if (price := slot.price_per_kwh) is not None]
    low, low_slot = min(priced, key=lambda one: (one[0], one[1].start_at))
    high, high_slot = max(priced, key=lambda one: (one[0], one[1].start_at))
    return {
        "currency": prices.currency or hass.config.currency,
        "from": _moment(prices.slots[0].start_at),
        "until": _moment(prices.slots[-1].end_at),
        "low": _money(low) or "",
        "low_at": _moment(low_slot.start_at),
        "high": _money(high) or "",
        "high_at": _moment(high_slot.start_at),
    }


def _hours(slot: Slot) -> str:
    return f"{dt_util.as_local(slot.start_at):%H:%M} - {dt_util.as_local(slot.end_at):%H:%M}"


def _moment(at: datetime) -> str:
    return f"{dt_util.as_local(at):%Y-%m-%d %H:%M}"


def _money(price: Decimal | None) -> str | None:
    """Write it without noughts that say nothing, but with two decimals at least."""
    if price is None:
        return None
    text = f"{round(price, 5):f}".rstrip("0")
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<2}"
