"""What an owner can put right at the supply: a grid meter that is silent for long, or too slow to guard it."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..const import DOMAIN
from .doubts import tell_doubts
from .picture import SitePicture
from .site import LOST_FOR_LONG

METER_LOST: Final = "grid_meter_lost"
METER_TOO_SLOW: Final = "grid_meter_too_slow"


@callback
def tell_repairs(hass: HomeAssistant, picture: SitePicture) -> None:
    """Raise what is wrong with the grid meter, and withdraw what no longer is."""
    guards = picture.supply is not None and picture.has_meter
    is_slow = guards and picture.is_too_slow
    is_lost = picture.lost_at is not None and picture.as_of - picture.lost_at >= LOST_FOR_LONG
    _tell(hass, METER_TOO_SLOW, is_so=is_slow)
    _tell(hass, METER_LOST, is_so=guards and is_lost and not is_slow)
    tell_doubts(hass, picture.doubts if guards else {})


@callback
def withdraw_repairs(hass: HomeAssistant) -> None:
    """Withdraw all: there is no site any more."""
    for issue_id in (METER_LOST, METER_TOO_SLOW):
        ir.async_delete_issue(hass, DOMAIN, issue_id)
    tell_doubts(hass, {})


def _tell(hass: HomeAssistant, issue_id: str, *, is_so: bool) -> None:
    is_told = ir.async_get(hass).async_get_issue(DOMAIN, issue_id) is not None
    if is_so and not is_told:
        ir.async_create_issue(
            hass,
            DOMAIN,
            issue_id,
            is_fixable=False,
            severity=ir.IssueSeverity.WARNING,
            translation_key=issue_id,
        )
    elif is_told and not is_so:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
