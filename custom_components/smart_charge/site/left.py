"""Charge points that stay off without Home Assistant: the supply cannot carry all of them unwatched (7.1, 8.1)."""

from typing import Any, Final, override

from homeassistant.components.repairs import ConfirmRepairFlow, RepairsFlowResult
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..by_whom import sign_form
from ..charging.left_to_each import Left, needed_without_meter_a
from ..const import CONF_SUPPLY, DOMAIN
from .settings import CONF_WITHOUT_METER, supply_from
from .site import DATA_SITE

LEFT_OFF: Final = "left_off_by_supply"


@callback
def tell_left_off(hass: HomeAssistant, site: ConfigEntry[Any]) -> None:
    """Raise a repair while any charge point is left with nothing, and withdraw it when none is."""
    supply, here = supply_from(site.options), hass.data[DATA_SITE]
    wired = {key: one.phases for key, one in here.unwatched.items()}
    names = [
        entry.title for key in wired if _has_nothing(here.left_to(key)) and (entry := _entry(hass, key)) is not None
    ]
    if supply is None or not names:
        ir.async_delete_issue(hass, DOMAIN, LEFT_OFF)
        return
    needed_a = needed_without_meter_a(wired)
    limit_a = min(limit_a for limit_a in supply.limit_a if limit_a is not None)
    is_fixable = needed_a <= limit_a - supply.margin_a
    ir.async_create_issue(
        hass,
        DOMAIN,
        LEFT_OFF,
        data={"needed_a": needed_a},
        is_fixable=is_fixable,
        severity=ir.IssueSeverity.WARNING,
        translation_key=LEFT_OFF if is_fixable else f"{LEFT_OFF}_for_good",
        translation_placeholders={"names": ", ".join(names), "needed": f"{needed_a:g}", "limit": f"{limit_a:g}"},
    )


def _has_nothing(left: Left | None) -> bool:
    return left is not None and left.max_a == 0


def _entry(hass: HomeAssistant, key: str) -> ConfigEntry[Any] | None:
    return hass.config_entries.async_get_entry(key)


class AllowAllUnwatched(ConfirmRepairFlow):
    """Let all charge points charge with 6 A while nobody watches the supply."""

    def __init__(self, needed_a: float) -> None:
        super().__init__()
        self._needed_a = needed_a

    @override
    async def async_step_confirm(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Ask first: it counts whenever the grid meter is silent, too."""
        site = self.hass.data[DATA_SITE].entry
        if user_input is not None and site is not None and (supply := site.options.get(CONF_SUPPLY)):
            options = {**site.options, CONF_SUPPLY: {**supply, CONF_WITHOUT_METER: self._needed_a}}
            sign_form()
            self.hass.config_entries.async_update_entry(site, options=options)
        return await super().async_step_confirm(user_input)
