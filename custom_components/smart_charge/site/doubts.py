"""A grid meter that does not show what charging does: the repair outlasts a restart, and so does the doubt."""

from collections.abc import Mapping
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from ..charging.meter_trial import Doubt, Miss
from ..const import DOMAIN

METER_DOUBTED: Final = "grid_meter_doubted"

_SHOWS_ON: Final = "_shows_on"


@callback
def doubts_told(hass: HomeAssistant) -> Mapping[int, Miss]:
    """Return what was told before a restart and not put right since."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, METER_DOUBTED)
    told = {} if issue is None or issue.data is None else issue.data
    return {phase: miss for phase in range(3) if (miss := _from_plain(told, phase)) is not None}


def _from_plain(told: Mapping[str, object], phase: int) -> Miss | None:
    doubt, shows_on = told.get(_key(phase)), told.get(_key(phase) + _SHOWS_ON)
    if doubt not in set(Doubt):
        return None
    return Miss(doubt=Doubt(str(doubt)), shows_on=shows_on if isinstance(shows_on, int) else None)


def _key(phase: int) -> str:
    return f"l{phase + 1}"


@callback
def tell_doubts(hass: HomeAssistant, doubts: Mapping[int, Miss]) -> None:
    """Raise what the meter does not show, or withdraw it."""
    if doubts == doubts_told(hass):
        return
    if not doubts:
        ir.async_delete_issue(hass, DOMAIN, METER_DOUBTED)
        return
    first = min(doubts)
    elsewhere = {phase: miss.shows_on for phase, miss in sorted(doubts.items()) if miss.shows_on is not None}
    ir.async_create_issue(
        hass,
        DOMAIN,
        METER_DOUBTED,
        data={_key(phase): miss.doubt.value for phase, miss in doubts.items()}
        | {_key(phase) + _SHOWS_ON: shows_on for phase, shows_on in elsewhere.items()},
        is_fixable=True,
        is_persistent=True,
        severity=ir.IssueSeverity.ERROR,
        translation_key=f"grid_meter_{doubts[first].doubt}",
        translation_placeholders={
            "phases": ", ".join(f"L{phase + 1}" for phase in sorted(doubts)),
            "shows_on": ", ".join(f"L{phase + 1} → L{shows_on + 1}" for phase, shows_on in elsewhere.items()),
        },
    )
