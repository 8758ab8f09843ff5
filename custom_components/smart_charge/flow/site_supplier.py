"""The tariff's section, and a change of supplier: the new tariff and hours are asked for, the rest stays (6.1)."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.helpers.selector import DateSelector
from homeassistant.util import dt as dt_util
import probatio

from ..by_whom import sign_form
from ..const import CONF_DEFAULT_HOURS, CONF_DEFAULT_HOURS_ENABLED, CONF_TARIFF, DOMAIN
from ..prices.supplier import set_hours
from ..prices.tariff_options import CONF_FROM, CONF_HOURS, CONF_NEXT, next_tariff_of, tariff_of
from ..site import is_site
from .hours import HoursSteps, Windows
from .site_tariff import TariffSteps

FURTHEST: Final = timedelta(days=366)


class TariffSection(TariffSteps, HoursSteps):
    """What electricity costs, now and from a day on."""

    _begins_on: date | None = None
    _is_change = False

    async def async_step_tariff(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Set or correct the tariff that holds. A change of supplier to come stays."""
        self._is_change = False
        return await self.async_step_tariff_source()

    async def async_step_supplier(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask from when on another supplier's tariff holds; then for that tariff, and for the hours."""
        errors: dict[str, str] = {}
        if user_input is not None:
            begins_on = date.fromisoformat(user_input[CONF_FROM]) if user_input.get(CONF_FROM) else None
            today = dt_util.now().date()
            if begins_on is None or begins_on <= today + FURTHEST:
                self._is_change = True
                self._begins_on = begins_on if begins_on is not None and begins_on > today else None
                return await self.async_step_tariff_source()
            errors[CONF_FROM] = "too_far"
        coming = next_tariff_of(self.config_entry.options)
        present = {} if coming is None else {CONF_FROM: coming[0].isoformat()}
        return self.async_show_form(
            step_id="supplier",
            data_schema=self.add_suggested_values_to_schema(_SUPPLIER_SCHEMA, user_input or present),
            errors=errors,
        )

    async def async_step_supplier_hours(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what becomes of the default charging hours of every charge point."""
        return self.async_show_menu(
            step_id="supplier_hours", menu_options=["keep_hours", "accept_hours", "change_hours", "remove_hours"]
        )

    async def async_step_keep_hours(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Leave the hours of each charge point as they are."""
        return self._keep_change({})

    @property
    @override
    def _present_tariff(self) -> Mapping[str, Any]:
        """A new supplier's tariff is asked for afresh, or as it was entered before it began."""
        if not self._is_change:
            return tariff_of(self.config_entry.options)
        coming = next_tariff_of(self.config_entry.options)
        return {} if coming is None else coming[1]

    @override
    async def _async_tariff_chosen(self, tariff: dict[str, Any]) -> ConfigFlowResult:
        if self._is_change:
            return await self.async_step_supplier_hours()
        coming = self.section(CONF_TARIFF).get(CONF_NEXT)
        return self.keep_section(CONF_TARIFF, tariff | ({CONF_NEXT: coming} if coming else {}))

    @property
    @override
    def _present_hours(self) -> Windows:
        """Begin with those of the first charge point that has some."""
        for entry in self.hass.config_entries.async_entries(DOMAIN, include_ignore=False):
            if not is_site(entry) and (windows := entry.options.get(CONF_DEFAULT_HOURS)):
                return list(windows)
        return super()._present_hours

    @override
    async def _async_hours_chosen(self, options: dict[str, Any]) -> ConfigFlowResult:
        if not options[CONF_DEFAULT_HOURS_ENABLED]:
            options = {CONF_DEFAULT_HOURS_ENABLED: False}  # each keeps its own, to be switched on again
        return self._keep_change(options)

    def _keep_change(self, hours: dict[str, Any]) -> ConfigFlowResult:
        """Keep the change: as the tariff to come, or with its hours at once."""
        if self._begins_on is not None:
            coming = self._tariff | {CONF_FROM: self._begins_on.isoformat(), CONF_HOURS: hours}
            return self.keep_section(CONF_TARIFF, {**self.section(CONF_TARIFF), CONF_NEXT: coming})
        sign_form()
        set_hours(self.hass, hours)
        return self.keep_section(CONF_TARIFF, self._tariff)


_SUPPLIER_SCHEMA: Final = probatio.Schema({probatio.Optional(CONF_FROM): DateSelector()})
