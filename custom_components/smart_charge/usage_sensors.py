"""What was used this session, today, this month and in the last twelve months: descriptions of sensors (9.1 to 9.3)."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from homeassistant.components.sensor import SensorDeviceClass, SensorStateClass
from homeassistant.const import UnitOfEnergy, UnitOfTime

from .const import CONF_TARIFF
from .entity import Quiet
from .picture import Picture
from .records.values import Usage

_PERIODS: Final = ("today", "month", "year")

_ENERGY: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.ENERGY,
    "native_unit_of_measurement": UnitOfEnergy.WATT_HOUR,
    "suggested_unit_of_measurement": UnitOfEnergy.KILO_WATT_HOUR,
    "suggested_display_precision": 2,
    "quiet": Quiet(step=100, is_sum=True),
}
_TIME: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.DURATION,
    "native_unit_of_measurement": UnitOfTime.SECONDS,
    "suggested_unit_of_measurement": UnitOfTime.HOURS,
    "suggested_display_precision": 1,
    "quiet": Quiet(step=300, every=timedelta(minutes=1)),
}
_COST: Final[dict[str, Any]] = {
    "device_class": SensorDeviceClass.MONETARY,
    "suggested_display_precision": 2,
    "quiet": Quiet(step=0.01, is_sum=True),
}
_OFF: Final[dict[str, Any]] = {"entity_registry_enabled_default": False}


def usage_descriptions(currency: str) -> Iterator[dict[str, Any]]:
    """Yield each sensor's description. What few homes need is there but switched off; cost needs prices."""
    cost = _COST | {"native_unit_of_measurement": currency, "site_section": CONF_TARIFF}
    yield _session("session_export", _ENERGY | _OFF, lambda picture: picture.session and picture.session.export_wh)
    yield _session("session_charging", _TIME | _OFF, lambda picture: picture.session and picture.session.charging_s)
    yield _session("session_cost", cost | {"extra_fn": _session_gap}, _session_cost)
    for period in _PERIODS:
        yield _summed(period, "import", _ENERGY, lambda usage: usage.import_wh)
        yield _summed(period, "export", _ENERGY | _OFF, lambda usage: usage.export_wh)
        yield _summed(period, "charging", _TIME | _OFF, lambda usage: usage.charging_s)
        yield _summed(period, "cost", cost | {"extra_fn": _gap_in(period)}, lambda usage: _money(usage.known_cost))


def _session_cost(picture: Picture) -> float | None:
    return None if picture.tab is None else _money(picture.tab.whole_cost)


def _money(amount: Decimal | None) -> float | None:
    return None if amount is None else float(round(amount, 4))


def _session_gap(picture: Picture) -> dict[str, Any]:
    """Say how much energy of the session has no known price: while there is any, neither has the session."""
    return {} if picture.tab is None else _gap(picture.tab.priced_wh - picture.tab.covered_wh)


def _gap_in(period: str) -> Callable[[Picture], dict[str, Any]]:
    """Say how much energy of a period its cost leaves out, as nobody knew the price."""
    return lambda picture: {} if picture.usage is None else _gap(getattr(picture.usage, period).unpriced_wh)


def _gap(unpriced_wh: int) -> dict[str, Any]:
    return {"energy_without_price": round(unpriced_wh / 1000, 1)}


def _session(key: str, facts: dict[str, Any], value: Callable[[Picture], Any]) -> dict[str, Any]:
    return {"key": key, "translation_key": key, "needs_link": False, "value_fn": value} | facts


def _summed(period: str, what: str, facts: dict[str, Any], value: Callable[[Usage], Any]) -> dict[str, Any]:
    """Describe a sum. A rolling one begins anew at no known instant, so it has no statistics of its own."""

    def value_fn(picture: Picture) -> Any:
        return None if picture.usage is None else value(getattr(picture.usage, period))

    def since(picture: Picture) -> datetime | None:
        return None if picture.usage is None else getattr(picture.usage, period).starts_at

    key = f"{period}_{what}"
    described = {"key": key, "translation_key": key, "needs_link": False, "value_fn": value_fn} | facts
    if period != "year" and facts["device_class"] is not SensorDeviceClass.DURATION:
        described |= {"state_class": SensorStateClass.TOTAL, "last_reset_fn": since}
    return described
