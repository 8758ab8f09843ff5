"""What the premises' connection can carry, and how the charge points are wired to it (8.1 to 8.3)."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry, ConfigFlowResult
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import probatio

from ..charging.model import MIN_CURRENT_A
from ..const import CONF_SUPPLY, DOMAIN
from ..site import is_site
from ..site.settings import (
    CONF_LIMIT,
    CONF_MARGIN,
    CONF_PHASES,
    CONF_WIRING,
    CONF_WITHOUT_METER,
    DEFAULT_MARGIN_A,
    meter_from,
)
from ..site.wiring import WIRING_SCHEMA
from .site_section import SiteSection

LOWEST_A: Final = 10
HIGHEST_A: Final = 400
HIGHEST_MARGIN_A: Final = 20


class SupplySection(SiteSection):
    """Limit, margin, and for each charge point the phases behind its own."""

    _supply: dict[str, Any]
    _unwired: list[ConfigEntry]

    async def async_step_supply(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the main fuse. Without a limit nothing is shared, and nothing else of it is kept."""
        before = self.section(CONF_SUPPLY)
        if user_input is None:
            return self._ask_supply(before)
        if CONF_LIMIT not in user_input:
            return self.keep_section(CONF_SUPPLY, None)
        if errors := self._what_is_wrong_with(user_input):
            return self._ask_supply(user_input, errors)
        self._supply = user_input | {CONF_WIRING: dict(before.get(CONF_WIRING, {}))}
        self._unwired = self._charge_points() if user_input[CONF_PHASES] == "3" else []
        return await self.async_step_supply_wiring()

    def _ask_supply(self, shown: Mapping[str, Any], errors: dict[str, str] | None = None) -> ConfigFlowResult:
        return self.async_show_form(
            step_id="supply",
            data_schema=self.add_suggested_values_to_schema(_SUPPLY_SCHEMA, shown),
            errors=errors or {},
        )

    def _what_is_wrong_with(self, said: Mapping[str, Any]) -> dict[str, str]:
        """Return what would protect nothing, or never let a vehicle charge, by field."""
        errors = {}
        if not self._is_metered(said[CONF_PHASES]):
            errors[CONF_PHASES] = "meter_lacks_phases"
        if said[CONF_LIMIT] - said[CONF_MARGIN] < MIN_CURRENT_A:
            errors[CONF_MARGIN] = "margin_too_wide"
        if 0 < said[CONF_WITHOUT_METER] < MIN_CURRENT_A:
            errors[CONF_WITHOUT_METER] = "without_meter_too_low"
        return errors

    def _is_metered(self, phases: str) -> bool:
        """Whether the grid meter, if there is one, tells of each phase."""
        meter = meter_from(self.config_entry.options)
        return not meter.has_meter or all(meter.essential_of(phase) for phase in range(int(phases)))

    async def async_step_supply_wiring(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for each charge point in turn which phase of the supply its L1 is connected to."""
        if user_input is not None:
            self._supply[CONF_WIRING][self._unwired.pop(0).entry_id] = user_input[CONF_WIRING]
        if not self._unwired:
            return self.keep_section(CONF_SUPPLY, self._supply)
        asked = self._unwired[0]
        known = {CONF_WIRING: self._supply[CONF_WIRING].get(asked.entry_id)}
        return self.async_show_form(
            step_id="supply_wiring",
            data_schema=self.add_suggested_values_to_schema(WIRING_SCHEMA, known),
            description_placeholders={"name": asked.title},
            last_step=len(self._unwired) == 1,
        )

    def _charge_points(self) -> list[ConfigEntry]:
        entries = self.hass.config_entries.async_entries(DOMAIN, include_ignore=False)
        return [entry for entry in entries if not is_site(entry)]


def _ampere(lowest: float, highest: float) -> NumberSelector:
    return NumberSelector(
        NumberSelectorConfig(min=lowest, max=highest, step="any", unit_of_measurement="A", mode=NumberSelectorMode.BOX)
    )


_SUPPLY_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(CONF_LIMIT): _ampere(LOWEST_A, HIGHEST_A),
        probatio.Required(CONF_PHASES, default="1"): SelectSelector(
            SelectSelectorConfig(options=["1", "3"], mode=SelectSelectorMode.LIST, translation_key="supply_phases")
        ),
        probatio.Required(CONF_MARGIN, default=DEFAULT_MARGIN_A): _ampere(0, HIGHEST_MARGIN_A),
        probatio.Required(CONF_WITHOUT_METER, default=MIN_CURRENT_A): _ampere(0, HIGHEST_A),
    }
)
