"""Where prices come from: typed by hand, told by an entity or another integration, or not known (5.3, 6.1)."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    BooleanSelector,
    ConfigEntrySelector,
    ConfigEntrySelectorConfig,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    ObjectSelector,
    ObjectSelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)
from homeassistant.util import dt as dt_util
import probatio

from ..charging.off_peak import DAYS
from ..outlook.entities import read_entities, read_present
from ..outlook.prices import Prices, PricesNotUnderstood
from ..outlook.typed import MONTHS, NotATariff, tariff_from
from ..prices.lists import NORD_POOL, TIBBER, async_fetch, async_places
from ..prices.suggestions import async_suggest_price_entities
from ..prices.tariff_options import (
    CONF_ENTITIES,
    CONF_OTHERWISE,
    CONF_PLACE,
    CONF_PRICE_ENTRY,
    CONF_RATES,
    CONF_SOURCE,
    CONF_STANDING,
    CONF_VAT,
    SOURCE_ENTITIES,
    SOURCE_NONE,
    SOURCE_NORD_POOL,
    SOURCE_TIBBER,
    SOURCE_TYPED,
)
from ..prices.tariff_words import found_placeholders, week_placeholders
from ..settings import local_zone
from .rows import Choice, async_choice, shown, stored
from .site_section import SiteSection

CONF_IS_RIGHT: Final = "is_right"

_WHOLE_CURRENCIES: Final = frozenset({"AUD", "CAD", "CHF", "EUR", "GBP", "NZD", "USD"})
_DEAREST: Final = 5
"""Above it, a kilowatt-hour in one of those currencies was typed in pence or cents."""


class TariffSteps(SiteSection):
    """The steps that the tariff's own section and a change of supplier share."""

    _tariff: dict[str, Any]
    _found: Prices
    _places: list[str]

    @property
    @abstractmethod
    def _present_tariff(self) -> Mapping[str, Any]:
        """What the forms begin with."""

    @abstractmethod
    async def _async_tariff_chosen(self, tariff: dict[str, Any]) -> ConfigFlowResult:
        """Go on with the tariff."""

    async def async_step_tariff_source(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask where prices come from."""
        if user_input is None:
            return self.async_show_form(
                step_id="tariff_source",
                data_schema=self.add_suggested_values_to_schema(_source_schema(self._sources()), self._present_tariff),
            )
        self._tariff = {CONF_SOURCE: user_input[CONF_SOURCE]}
        steps = {
            SOURCE_TYPED: self.async_step_tariff_typed,
            SOURCE_ENTITIES: self.async_step_tariff_entities,
            SOURCE_NORD_POOL: self.async_step_tariff_nord_pool,
            SOURCE_TIBBER: self.async_step_tariff_tibber,
        }
        if (step := steps.get(user_input[CONF_SOURCE])) is not None:
            return await step()
        return await self._async_tariff_chosen(self._tariff)

    def _sources(self) -> list[str]:
        """Offer what there is."""
        loaded = self.hass.config_entries.async_loaded_entries
        asked = ((SOURCE_NORD_POOL, NORD_POOL), (SOURCE_TIBBER, TIBBER))
        return [SOURCE_TYPED, SOURCE_ENTITIES, *(source for source, name in asked if loaded(name)), SOURCE_NONE]

    # Typed by hand

    async def async_step_tariff_typed(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the owner type the tariff."""
        errors: dict[str, str] = {}
        placeholders = {"currency": self.hass.config.currency, "number": ""}
        present: Mapping[str, Any] = self._tariff if CONF_RATES in self._tariff else self._present_tariff
        choices = await _async_choices(self.hass)
        if user_input is not None:
            present = self._tariff = _as_stored(user_input, choices)
            if (wrong := self._what_is_wrong_with_tariff()) is None:
                return await self.async_step_tariff_preview()
            errors["base" if wrong.number is None else CONF_RATES] = wrong.key
            placeholders["number"] = str(wrong.number or "")
        begun_with = {**present, CONF_RATES: shown(present.get(CONF_RATES, []), choices)}
        return self.async_show_form(
            step_id="tariff_typed",
            data_schema=self.add_suggested_values_to_schema(
                _typed_schema(self.hass.config.currency, choices), begun_with
            ),
            errors=errors,
            description_placeholders=placeholders,
        )

    def _what_is_wrong_with_tariff(self) -> NotATariff | None:
        """Return what keeps the typed tariff from being used, or makes it unlikely to be meant."""
        try:
            tariff = tariff_from(self._tariff, local_zone())
        except NotATariff as err:
            return err
        prices = [rate.price_per_kwh for rate in tariff.rates]
        if self.hass.config.currency in _WHOLE_CURRENCIES:
            for number, price in enumerate(prices, start=1):
                if price > _DEAREST:
                    return NotATariff("price_in_hundredths", number)
            if tariff.otherwise_per_kwh is not None and tariff.otherwise_per_kwh > _DEAREST:
                return NotATariff("otherwise_in_hundredths")
        return None

    async def async_step_tariff_preview(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show the week as it will be reckoned with, and time without a price."""
        if user_input is None:
            placeholders = await week_placeholders(self.hass, tariff_from(self._tariff, local_zone()))
            return self.async_show_form(
                step_id="tariff_preview", data_schema=_PREVIEW_SCHEMA, description_placeholders=placeholders
            )
        if not user_input[CONF_IS_RIGHT]:
            return await self.async_step_tariff_typed()
        return await self._async_tariff_chosen(self._tariff)

    # Told by others

    async def async_step_tariff_entities(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which entities tell prices, and see that they can be read."""
        errors: dict[str, str] = {}
        known = self._tariff.get(CONF_ENTITIES) or self._present_tariff.get(CONF_ENTITIES)
        present = {CONF_ENTITIES: known or await async_suggest_price_entities(self.hass)}
        if user_input is not None:
            present, self._tariff = user_input, self._tariff | user_input
            try:
                return await self._async_found(self._read_entities(user_input[CONF_ENTITIES]))
            except PricesNotUnderstood as err:
                errors[CONF_ENTITIES] = err.key
        return self.async_show_form(
            step_id="tariff_entities",
            data_schema=self.add_suggested_values_to_schema(_ENTITIES_SCHEMA, present),
            errors=errors,
        )

    def _read_entities(self, entity_ids: list[str]) -> Prices:
        now = dt_util.utcnow()
        try:
            return read_entities(self.hass, entity_ids, now)
        except PricesNotUnderstood as err:
            if err.key != "no_price_list":
                raise
            return read_present(self.hass, entity_ids, now)

    async def async_step_tariff_nord_pool(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which of the Nord Pool entries to take prices from, and ask it."""
        errors: dict[str, str] = {}
        present = {CONF_PRICE_ENTRY: self._present_tariff.get(CONF_PRICE_ENTRY)}
        if user_input is not None:
            self._tariff |= user_input
            try:
                return await self._async_of_one_place()
            except PricesNotUnderstood as err:
                errors["base"] = err.key
        return self.async_show_form(
            step_id="tariff_nord_pool",
            data_schema=self.add_suggested_values_to_schema(_NORD_POOL_SCHEMA, present),
            errors=errors,
        )

    async def async_step_tariff_tibber(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask Tibber, again if it did not answer."""
        try:
            return await self._async_of_one_place()
        except PricesNotUnderstood as err:
            errors = {"base": err.key}
        return self.async_show_form(step_id="tariff_tibber", data_schema=probatio.Schema({}), errors=errors)

    async def _async_of_one_place(self) -> ConfigFlowResult:
        """Ask for the prices, and before that whose, where the source knows several price areas or homes."""
        self._places = await async_places(self.hass, self._tariff, dt_util.utcnow())
        if len(self._places) > 1:
            return await self.async_step_tariff_place()
        return await self._async_found(await self._async_ask())

    async def async_step_tariff_place(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask which of several price areas or homes it is."""
        errors: dict[str, str] = {}
        if user_input is not None:
            self._tariff |= user_input
            try:
                return await self._async_found(await self._async_ask())
            except PricesNotUnderstood as err:
                errors["base"] = err.key
        select = SelectSelectorConfig(options=self._places, mode=SelectSelectorMode.LIST)
        schema = probatio.Schema({probatio.Required(CONF_PLACE): SelectSelector(select)})
        known = self._present_tariff.get(CONF_PLACE)
        present = {CONF_PLACE: known if known in self._places else self._places[0]}
        return self.async_show_form(
            step_id="tariff_place",
            data_schema=self.add_suggested_values_to_schema(schema, present),
            errors=errors,
        )

    async def _async_ask(self) -> Prices:
        prices = await async_fetch(self.hass, self._tariff, (), dt_util.utcnow())
        if not prices.slots:
            raise PricesNotUnderstood("no_price_list")
        return prices

    async def _async_found(self, prices: Prices) -> ConfigFlowResult:
        """Show what was read, so that a wrong entity or unit is seen before it is trusted."""
        self._found = prices
        return await self.async_step_tariff_found()

    async def async_step_tariff_found(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Let the owner agree to what was read."""
        if user_input is not None:
            return await self._async_tariff_chosen(self._tariff)
        placeholders = found_placeholders(self.hass, self._found)
        return self.async_show_form(
            step_id="tariff_found", data_schema=probatio.Schema({}), description_placeholders=placeholders
        )


async def _async_choices(hass: HomeAssistant) -> dict[str, Choice]:
    """Return what is chosen in a row, by field."""
    months = await async_choice(hass, "months", MONTHS, multiple=False)
    days = await async_choice(hass, "days", DAYS, multiple=True)
    return {"days": days, "from_month": months, "to_month": months}


def _as_stored(typed: dict[str, Any], choices: Mapping[str, Choice]) -> dict[str, Any]:
    """Return the form in the one form that is stored; a form takes 7:30 too."""
    rows = stored(typed.get(CONF_RATES) or [], choices)
    rates = [row | {key: cv.time(row[key]).isoformat() for key in ("start", "end")} for row in rows]
    return {CONF_SOURCE: SOURCE_TYPED} | typed | {CONF_RATES: rates}


def _source_schema(sources: list[str]) -> probatio.Schema:
    select = SelectSelectorConfig(options=sources, mode=SelectSelectorMode.LIST, translation_key="tariff_source")
    return probatio.Schema({probatio.Required(CONF_SOURCE, default=SOURCE_TYPED): SelectSelector(select)})


def _number(lowest: float, highest: float, unit: str) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=lowest, max=highest, step="any", unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    )


def _typed_schema(currency: str, choices: Mapping[str, Choice]) -> probatio.Schema:
    return probatio.Schema(
        {
            probatio.Optional(CONF_RATES, default=list): _rates_selector(currency, choices),
            probatio.Optional(CONF_OTHERWISE): _number(-100, 10_000, f"{currency}/kWh"),
            probatio.Optional(CONF_VAT): _number(0, 100, "%"),
            probatio.Optional(CONF_STANDING): _number(0, 10_000, currency),
        }
    )


def _rates_selector(currency: str, choices: Mapping[str, Choice]) -> ObjectSelector:
    return ObjectSelector(
        ObjectSelectorConfig(
            multiple=True,
            translation_key="rates",
            fields={
                "days": {"required": True, "label": "Starts on", "selector": choices["days"]},
                "start": {"required": True, "label": "From", "selector": TimeSelector()},
                "end": {"required": True, "label": "Until", "selector": TimeSelector()},
                "price": {"required": True, "label": "Price", "selector": _number(-100, 10_000, f"{currency}/kWh")},
                "from_month": {"label": "First month", "selector": choices["from_month"]},
                "to_month": {"label": "Last month", "selector": choices["to_month"]},
            },
        )
    )


_PREVIEW_SCHEMA: Final = probatio.Schema({probatio.Required(CONF_IS_RIGHT, default=True): BooleanSelector()})

_ENTITIES_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_ENTITIES): EntitySelector(
            EntitySelectorConfig(domain=["sensor", "event", "input_number", "number"], multiple=True)
        )
    }
)

_NORD_POOL_SCHEMA: Final = probatio.Schema(
    {probatio.Required(CONF_PRICE_ENTRY): ConfigEntrySelector(ConfigEntrySelectorConfig(integration=NORD_POOL))}
)
