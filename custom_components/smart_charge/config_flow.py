"""Set up a charge point: ask only what cannot be detected, and prove it by talking to it (S7.1, 10.2)."""

from typing import Any, override

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult, FlowType, OptionsFlow
from homeassistant.core import callback

from .charging.model import RANDOM_DELAY_DEFAULT_S, Mode
from .const import (
    CONF_KIND,
    CONF_MODE,
    CONF_PROTOCOL,
    CONF_RANDOM_DELAY_MAX,
    CONF_START_WITHOUT_TAG,
    DOMAIN,
    KIND_SITE,
    PROTOCOL_MODBUS,
    PROTOCOL_OCPP,
)
from .flow.modbus import ModbusSteps
from .flow.ocpp import OcppSteps
from .flow.options import SmartChargeOptionsFlow
from .flow.site import SiteOptionsFlow
from .identity import name_of
from .site import is_site


class SmartChargeConfigFlow(ModbusSteps, OcppSteps, ConfigFlow, domain=DOMAIN):
    """One charge point, by either protocol, with the default charging hours last and not skipped; or the site."""

    VERSION = 1
    MINOR_VERSION = 1

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> OptionsFlow:
        """Return the flow for what may change later."""
        return SiteOptionsFlow() if is_site(config_entry) else SmartChargeOptionsFlow()

    @property
    @override
    def _unattended(self) -> str | None:
        is_modbus = self._caller is None and self._first is None
        return self._recognised.capabilities.unattended if is_modbus else "by_profile"

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask how the charge point is reached, or whether it is the site that is added."""
        return self.async_show_menu(step_id="user", menu_options=["ocpp", "modbus", "site"])

    async def async_step_site(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Make the entry for what charge points share, of which there is one at most."""
        if await self.async_set_unique_id(KIND_SITE) is not None:
            return self.async_abort(reason="site_exists")
        return self.async_create_entry(title="Site", data={CONF_KIND: KIND_SITE}, options={})

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the site's sections at once: without them its entry says nothing."""
        if is_site(entry := result["result"]):
            sections = await self.hass.config_entries.options.async_init(entry.entry_id)
            result["next_flow"] = (FlowType.OPTIONS_FLOW, sections["flow_id"])
        return result

    async def async_step_reconfigure(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask again for what the link needs."""
        if is_site(self._get_reconfigure_entry()):
            return self.async_abort(reason="site_has_no_link")
        if self._get_reconfigure_entry().data[CONF_PROTOCOL] == PROTOCOL_OCPP:
            return await self.async_step_reconfigure_ocpp()
        return await self.async_step_reconfigure_modbus()

    @override
    async def _async_hours_chosen(self, options: dict[str, Any]) -> ConfigFlowResult:
        """Make the entry. The charge point has been read, or has called."""
        data = self._data
        always = {CONF_MODE: Mode.DEFAULT_HOURS.value, CONF_RANDOM_DELAY_MAX: RANDOM_DELAY_DEFAULT_S}
        by_protocol = {} if data[CONF_PROTOCOL] == PROTOCOL_MODBUS else {CONF_START_WITHOUT_TAG: True}
        return self.async_create_entry(title=self._title, data=data, options={**always, **by_protocol, **options})

    @property
    def _data(self) -> dict[str, Any]:
        if self._first is not None:
            return self._outlet_data
        return self._modbus_data if self._caller is None else self._ocpp_data

    @property
    def _title(self) -> str:
        """Maker and model; with the id or serial behind it when another charge point has that name."""
        if self._first is not None:
            return self._outlet_title
        if self._caller is None:
            name, mark = name_of(self._recognised.identity), self.unique_id
        else:
            name, mark = name_of(self._caller.identity, self._caller.charge_point_id), self._caller.charge_point_id
        taken = {entry.title for entry in self._async_current_entries(include_ignore=False)}
        return f"{name} {mark}" if name in taken else name
