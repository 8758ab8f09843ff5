"""The action that deletes personal data (S7.2)."""

from typing import Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.start import async_at_started
import probatio

from ..admin import async_register_admin_action
from ..coordinator import SmartChargeConfigEntry
from ..errors import invalid
from ..forgetting.exports import exports_of
from ..forgetting.request import async_delete, async_go_on
from ..forgetting.traces import charge_point_entries
from .requests import charge_point_of

ATTR_CONFIRM: Final = "confirm"

DELETE_SCHEMA: Final = probatio.Schema(
    {
        probatio.Optional(ATTR_DEVICE_ID): probatio.All(cv.ensure_list, probatio.Length(min=1), [cv.string]),
        probatio.Required(ATTR_CONFIRM): probatio.All(cv.string, probatio.Length(min=1, max=255)),
    }
)


@callback
def async_setup_forgetting(hass: HomeAssistant) -> None:
    """Make the action known."""
    async_at_started(hass, _async_clear_away)
    async_at_started(hass, async_go_on)
    async_register_admin_action(hass, "delete_personal_data", _async_delete, DELETE_SCHEMA, SupportsResponse.OPTIONAL)


async def _async_clear_away(hass: HomeAssistant) -> None:
    await exports_of(hass).async_clear_away()


async def _async_delete(call: ServiceCall) -> ServiceResponse:
    entries = _meant(call)
    if not entries:
        raise invalid("nothing_set_up")
    answer = await async_delete(call.hass, entries, call.data[ATTR_CONFIRM], user_id=call.context.user_id)
    return answer if call.return_response else None


def _meant(call: ServiceCall) -> list[SmartChargeConfigEntry]:
    """Return the charge points of these devices; without any, all of them."""
    if ATTR_DEVICE_ID in call.data:
        found: dict[str, SmartChargeConfigEntry] = {}
        for device_id in call.data[ATTR_DEVICE_ID]:
            entry = charge_point_of(call.hass, device_id)
            found[entry.entry_id] = entry
        return list(found.values())
    entries = charge_point_entries(call.hass)
    for entry in entries:
        if entry.state is not ConfigEntryState.LOADED:
            raise invalid("charge_point_not_loaded", name=entry.title)
    return entries
