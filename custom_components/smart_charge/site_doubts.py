"""A grid meter that does not show what charging does: the repair outlasts a restart, and so does the doubt."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .charging.meter_trial import Doubt
from .const import DOMAIN

METER_DOUBTED: Final = "grid_meter_doubted"


@callback
def doubts_told(hass: HomeAssistant) -> Mapping[int, Doubt]:
    """Return what was told before a restart and not put right since."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, METER_DOUBTED)
    told = {} if issue is None or issue.data is None else issue.data
    return {phase: Doubt(str(told[f"l{phase + 1}"])) for phase in range(3) if told.get(f"l{phase + 1}") in set(Doubt)}


@callback
def tell_doubts(hass: HomeAssistant, doubts: Mapping[int, Doubt]) -> None:
    """Raise what the meter does not show, or withdraw it."""
    if doubts == doubts_told(hass):
        return
    if not doubts:
        ir.async_delete_issue(hass, DOMAIN, METER_DOUBTED)
        return
    first = min(doubts)
    ir.async_create_issue(
        hass,
        DOMAIN,
        METER_DOUBTED,
        data={f"l{phase + 1}": doubt.value for phase, doubt in doubts.items()},
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=f"grid_meter_{doubts[first]}",
        translation_placeholders={"phases": ", ".join(f"L{phase + 1}" for phase in sorted(doubts))},
    )
