"""Other integrations' price entities, as slots: the only place here that knows Home Assistant."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant

from ..charging.slots import Slot
from .prices import Prices, PricesNotUnderstood, read_attributes, read_state


def read_present(hass: HomeAssistant, entity_ids: Iterable[str], now: datetime) -> Prices:
    """Read the price of the present from the state of the one entity that there is.

    Raises PricesNotUnderstood when there are several, or when it is no price.
    """
    known = list(entity_ids)
    state = hass.states.get(known[0]) if len(known) == 1 else None
    if state is None:
        raise PricesNotUnderstood("no_price_list")
    return read_state(state.state, state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), now)


def read_entities(hass: HomeAssistant, entity_ids: Iterable[str], now: datetime) -> Prices:
    """Read the price lists of one or more entities together, such as today's and tomorrow's.

    An entity without a list is passed over while another has one, because tomorrow's is empty for
    most of the day. Raises PricesNotUnderstood when none has, or when their currencies differ.
    """
    time_zone = ZoneInfo(hass.config.time_zone)
    slots: list[Slot] = []
    currencies: set[str] = set()
    refused: PricesNotUnderstood | None = None
    for entity_id in entity_ids:
        state = hass.states.get(entity_id)
        if state is None:
            refused = refused or PricesNotUnderstood("no_entity", entity_id)
            continue
        try:
            prices = read_attributes(state.attributes, state.attributes.get(ATTR_UNIT_OF_MEASUREMENT), time_zone, now)
        except PricesNotUnderstood as error:
            refused = refused or error
            continue
        slots += prices.slots
        currencies |= {prices.currency} if prices.currency is not None else set()
    if not slots:
        raise refused or PricesNotUnderstood("no_entity")
    if len(currencies) > 1:
        raise PricesNotUnderstood("currencies_differ", ", ".join(sorted(currencies)))
    return Prices(slots=tuple(sorted(slots, key=lambda slot: slot.start_at)), currency=next(iter(currencies), None))
