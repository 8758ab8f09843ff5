"""Charge points of which nobody has said how they are wired to a supply of three phases, and the repair that asks."""

from collections.abc import Callable
from typing import Any, Final

from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.config_entries import SIGNAL_CONFIG_ENTRY_CHANGED, ConfigEntry, ConfigEntryChange
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.selector import SelectSelector, SelectSelectorConfig, SelectSelectorMode
import probatio

from ..by_whom import sign_form
from ..const import CONF_SUPPLY, DOMAIN
from .left import tell_left_off
from .settings import CONF_PHASES, CONF_WIRING, WIRINGS
from .site import DATA_SITE, is_site

UNWIRED: Final = "supply_wiring_unknown"

WIRING_SCHEMA: Final = probatio.Schema(
    {
        probatio.Required(CONF_WIRING, default=WIRINGS[0]): SelectSelector(
            SelectSelectorConfig(options=list(WIRINGS), mode=SelectSelectorMode.LIST, translation_key="supply_wiring")
        )
    }
)


@callback
def follow_wiring(hass: HomeAssistant, site: ConfigEntry[Any]) -> Callable[[], None]:
    """Ask about each charge point that is added later; returns what ends that."""
    tell_unwired(hass, site)
    tell_left_off(hass, site)

    @callback
    def on_change(_change: ConfigEntryChange, entry: ConfigEntry) -> None:
        if entry.domain != DOMAIN or is_site(entry):
            return
        hass.data[DATA_SITE].charge_points_changed()
        tell_unwired(hass, site)
        tell_left_off(hass, site)

    return async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, on_change)


@callback
def tell_unwired(hass: HomeAssistant, site: ConfigEntry[Any]) -> None:
    """Raise a repair for each charge point that the settings say nothing of, and withdraw the others."""
    unwired = _unwired(hass, site)
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(UNWIRED) and issue_id not in unwired:
            ir.async_delete_issue(hass, DOMAIN, issue_id)
    for issue_id, entry in unwired.items():
        if ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is None:
            ir.async_create_issue(
                hass,
                DOMAIN,
                issue_id,
                data={"wiring_of": entry.entry_id},
                is_fixable=True,
                severity=ir.IssueSeverity.WARNING,
                translation_key=UNWIRED,
                translation_placeholders={"name": entry.title},
            )


@callback
def withdraw_unwired(hass: HomeAssistant) -> None:
    """Withdraw all: there is no supply to be wired to."""
    for domain, issue_id in list(ir.async_get(hass).issues):
        if domain == DOMAIN and issue_id.startswith(UNWIRED):
            ir.async_delete_issue(hass, DOMAIN, issue_id)


def _unwired(hass: HomeAssistant, site: ConfigEntry[Any]) -> dict[str, ConfigEntry]:
    supply = site.options.get(CONF_SUPPLY) or {}
    if supply.get(CONF_PHASES) != "3":
        return {}
    entries = hass.config_entries.async_entries(DOMAIN, include_ignore=False, include_disabled=False)
    said = supply.get(CONF_WIRING, {})
    return {f"{UNWIRED}_{one.entry_id}": one for one in entries if not is_site(one) and one.entry_id not in said}


class AskWiring(RepairsFlow):
    """Ask how one charge point is wired, and keep it with the settings of the site."""

    def __init__(self, entry_id: str) -> None:
        self._entry_id = entry_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin."""
        return await self.async_step_confirm()

    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask, and keep the answer."""
        entry = self.hass.config_entries.async_get_entry(self._entry_id)
        site = next(filter(is_site, self.hass.config_entries.async_entries(DOMAIN)), None)
        if entry is None or site is None or not site.options.get(CONF_SUPPLY):
            return self.async_abort(reason="not_loaded")
        if user_input is None:
            return self.async_show_form(
                step_id="confirm", data_schema=WIRING_SCHEMA, description_placeholders={"name": entry.title}
            )
        supply = site.options[CONF_SUPPLY]
        wiring = {**supply.get(CONF_WIRING, {}), self._entry_id: user_input[CONF_WIRING]}
        options = {**site.options, CONF_SUPPLY: {**supply, CONF_WIRING: wiring}}
        sign_form()
        self.hass.config_entries.async_update_entry(site, options=options)
        return self.async_create_entry(data={})
