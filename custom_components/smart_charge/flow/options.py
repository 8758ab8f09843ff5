"""What the owner may change later without setting anything up again."""

from typing import Any, override

from homeassistant.config_entries import ConfigFlowResult, OptionsFlow
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)
import probatio

from ..by_whom import sign_form
from ..charging.model import (
    ENERGY_NEEDED_DEFAULT_WH,
    MIN_CURRENT_A,
    MOST_ENERGY_KWH,
    RANDOM_DELAY_DEFAULT_S,
    RANDOM_DELAY_HIGHEST_S,
    READY_BY_DEFAULT,
    Mode,
)
from ..const import (
    CONF_CHARGER_DELAYS,
    CONF_DEFAULT_HOURS,
    CONF_ENERGY_NEEDED,
    CONF_METER_INTERVAL,
    CONF_MODE,
    CONF_PROTOCOL,
    CONF_RANDOM_DELAY_MAX,
    CONF_RATED_CURRENT,
    CONF_READY_BY,
    CONF_START_WITHOUT_TAG,
    PROTOCOL_OCPP,
)
from .hours import HoursSteps, Windows

HIGHEST_RATED_A = 80
"""The largest circuit of a home's charge point that is offered to be typed."""


LONGEST_METER_INTERVAL_S = 60
"""Seldom enough for any mobile contract; less often, and safety by the meter would be slow."""


class SmartChargeOptionsFlow(HoursSteps, OptionsFlow):
    """Hours, mode, delay, rated current. What it does not ask about stays as it is."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask what shall change."""
        return self.async_show_menu(step_id="init", menu_options=["hours", "settings"])

    async def async_step_settings(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for everything but the hours."""
        if user_input is not None:
            cleared = () if CONF_RATED_CURRENT in user_input else (CONF_RATED_CURRENT,)
            ready_by = cv.time(user_input[CONF_READY_BY]).isoformat()  # a form takes 7:30 too
            return self._keep(user_input | {CONF_READY_BY: ready_by}, cleared)
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                _settings_schema(is_ocpp=self.config_entry.data[CONF_PROTOCOL] == PROTOCOL_OCPP),
                self.config_entry.options,
            ),
        )

    @property
    @override
    def _present_hours(self) -> Windows:
        return self.config_entry.options.get(CONF_DEFAULT_HOURS) or super()._present_hours

    @override
    async def _async_hours_chosen(self, options: dict[str, Any]) -> ConfigFlowResult:
        return self._keep(options)

    def _keep(self, changes: dict[str, Any], cleared: tuple[str, ...] = ()) -> ConfigFlowResult:
        sign_form()
        kept = {key: value for key, value in self.config_entry.options.items() if key not in cleared}
        return self.async_create_entry(data=kept | changes)


def _settings_schema(*, is_ocpp: bool) -> probatio.Schema:
    fields: dict[Any, Any] = {
        probatio.Required(CONF_MODE, default=Mode.DEFAULT_HOURS.value): SelectSelector(
            SelectSelectorConfig(
                options=[mode.value for mode in Mode], mode=SelectSelectorMode.LIST, translation_key="mode"
            )
        ),
        probatio.Required(CONF_READY_BY, default=READY_BY_DEFAULT.isoformat()): TimeSelector(),
        probatio.Required(CONF_ENERGY_NEEDED, default=ENERGY_NEEDED_DEFAULT_WH // 1000): _whole(
            0, MOST_ENERGY_KWH, "kWh"
        ),
        probatio.Required(CONF_RANDOM_DELAY_MAX, default=RANDOM_DELAY_DEFAULT_S): _whole(
            RANDOM_DELAY_DEFAULT_S, RANDOM_DELAY_HIGHEST_S, "s"
        ),
        probatio.Required(CONF_CHARGER_DELAYS, default=False): BooleanSelector(),
        probatio.Optional(CONF_RATED_CURRENT): _whole(int(MIN_CURRENT_A), HIGHEST_RATED_A, "A"),
    }
    if is_ocpp:
        fields[probatio.Required(CONF_START_WITHOUT_TAG, default=True)] = BooleanSelector()
        fields[probatio.Required(CONF_METER_INTERVAL, default=1)] = _whole(1, LONGEST_METER_INTERVAL_S, "s")
    return probatio.Schema(fields)


def _whole(lowest: int, highest: int, unit: str) -> Any:
    """Return a field for a whole number."""
    selector = NumberSelector(
        NumberSelectorConfig(min=lowest, max=highest, step=1, unit_of_measurement=unit, mode=NumberSelectorMode.BOX)
    )
    return probatio.All(selector, probatio.Coerce(int))
