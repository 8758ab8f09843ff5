"""Set-up of another outlet of a charge point that is set up: nothing to type, only hours to choose (O8, S7.1)."""

from typing import Any

from homeassistant.config_entries import ConfigEntry, ConfigFlow, ConfigFlowResult
from homeassistant.helpers.typing import DiscoveryInfoType
import probatio

from ..const import CONF_CONNECTOR_ID, CONF_ENTRY
from ..outlets import outlet_id
from ..security.inputs import plain
from .hours import HoursSteps


class OutletSteps(HoursSteps, ConfigFlow):
    """The steps from an outlet that was heard of to an entry of its own on the same link."""

    _first: ConfigEntry | None = None
    _connector_id: int = 0

    async def async_begin_outlet(self, discovery_info: DiscoveryInfoType) -> ConfigFlowResult:
        """Take up an outlet that a charge point told of."""
        self._first = self.hass.config_entries.async_get_entry(discovery_info[CONF_ENTRY])
        if self._first is None:
            return self.async_abort(reason="already_configured")
        self._connector_id = discovery_info[CONF_CONNECTOR_ID]
        await self.async_set_unique_id(outlet_id(self._first, self._connector_id))
        self._abort_if_unique_id_configured(reload_on_update=False)
        self.context["title_placeholders"] = {"name": self._outlet_title}
        return await self.async_step_outlet()

    async def async_step_outlet(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask whether it is used."""
        assert self._first is not None
        if user_input is not None:
            return await self.async_step_hours()
        return self.async_show_form(
            step_id="outlet",
            data_schema=probatio.Schema({}),
            description_placeholders={"name": plain(self._first.title), "number": str(self._connector_id)},
        )

    @property
    def _outlet_title(self) -> str:
        assert self._first is not None
        return f"{self._first.title} {self._connector_id}"

    @property
    def _outlet_data(self) -> dict[str, Any]:
        """The link is the first outlet's."""
        assert self._first is not None
        return {**self._first.data, CONF_CONNECTOR_ID: self._connector_id}
