"""Set up a charge point: ask only what cannot be detected, and prove it by talking to it (S7.1, 10.2)."""

from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.core import callback

from .charging.model import RANDOM_DELAY_DEFAULT_S, Mode
from .const import (
    CONF_MODE,
    CONF_PROTOCOL,
    CONF_RANDOM_DELAY_MAX,
    CONF_START_WITHOUT_TAG,
    DOMAIN,
    PROTOCOL_MODBUS,
    PROTOCOL_OCPP,
)
from .flow_modbus import ModbusSteps
from .flow_names import name_of
from .flow_ocpp import OcppSteps
from .flow_options import SmartChargeOptionsFlow


class SmartChargeConfigFlow(ModbusSteps, OcppSteps, ConfigFlow, domain=DOMAIN):
    """One charge point, by either protocol; the default charging hours come last and are not skipped."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> SmartChargeOptionsFlow:
        """Return the flow for what may change later."""
        return SmartChargeOptionsFlow()

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how the charge point is reached."""
        return self.async_show_menu(step_id="user", menu_options=["ocpp", "modbus"])

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask again for what the link needs."""
        if self._get_reconfigure_entry().data[CONF_PROTOCOL] == PROTOCOL_OCPP:
            return await self.async_step_reconfigure_ocpp()
        return await self.async_step_reconfigure_modbus()

    @override
    async def _async_hours_chosen(self, options: dict[str, Any]) -> ConfigFlowResult:
        """Make the entry. The charge point has been read, or has called."""
        data = self._modbus_data if self._caller is None else self._ocpp_data
        always = {CONF_MODE: Mode.DEFAULT_HOURS.value, CONF_RANDOM_DELAY_MAX: RANDOM_DELAY_DEFAULT_S}
        by_protocol = {} if data[CONF_PROTOCOL] == PROTOCOL_MODBUS else {CONF_START_WITHOUT_TAG: True}
        return self.async_create_entry(title=self._title, data=data, options={**always, **by_protocol, **options})

    @property
    def _title(self) -> str:
        """Maker and model; with the id or serial behind it when another charge point has that name."""
        if self._caller is None:
            name, mark = name_of(self._recognised.identity), self.unique_id
        else:
            name, mark = name_of(self._caller.identity, self._caller.charge_point_id), self._caller.charge_point_id
        taken = {entry.title for entry in self._async_current_entries(include_ignore=False)}
        return f"{name} {mark}" if name in taken else name
