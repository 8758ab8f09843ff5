"""What the Energy dashboard already knows of the premises, as suggestions. It is only read, never written."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import re
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_CLASS
from homeassistant.core import HomeAssistant, valid_entity_id
from homeassistant.helpers import entity_registry as er

from .settings import PHASE_KEYS

_PHASE: Final = re.compile(r"(?:^|_)(?:phase_?|l)([abc123])(?=_|$)")
_PHASE_OF: Final = {"a": "l1", "1": "l1", "b": "l2", "2": "l2", "c": "l3", "3": "l3"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """Sensors that may be meant, as a section of the options keeps them.

    ``power`` and ``export`` are in the order of the dashboard's sources. ``is_inverted`` says that their sign
    is the other way round: positive while exporting, or while a battery charges.
    """

    power: tuple[str, ...] = ()
    export: tuple[str, ...] = ()
    is_inverted: bool = False


async def async_suggest(hass: HomeAssistant, kind: str) -> Suggestion:
    """Return what the Energy dashboard names as power of its "grid", "solar" or "battery"."""
    if "energy" not in hass.config.components:
        return Suggestion()
    from homeassistant.components.energy.data import async_get_manager  # noqa: PLC0415  it may not be there

    preferences = (await async_get_manager(hass)).data
    sources = [] if preferences is None else preferences["energy_sources"]
    found = [_of(hass, source) for source in sources if source["type"] == kind]
    return Suggestion(
        power=tuple(power for one in found for power in one.power),
        export=tuple(export for one in found for export in one.export),
        is_inverted=any(one.is_inverted for one in found),
    )


def _of(hass: HomeAssistant, source: Mapping[str, Any]) -> Suggestion:
    """Return the power sensors of one source: as its owner entered them, else as the dashboard made them."""
    entered: Mapping[str, str] = source.get("power_config") or {}
    if "stat_rate_from" in entered and source["type"] == "grid":
        power, export = _known(hass, entered["stat_rate_from"]), _known(hass, entered.get("stat_rate_to"))
        return Suggestion(power=power, export=export)
    if "stat_rate_inverted" in entered:
        return Suggestion(power=_known(hass, entered["stat_rate_inverted"]), is_inverted=True)
    return Suggestion(power=_known(hass, entered.get("stat_rate") or source.get("stat_rate")))


def _known(hass: HomeAssistant, statistic_id: str | None) -> tuple[str, ...]:
    """Return a statistic's sensor; it may have none."""
    is_there = statistic_id is not None and valid_entity_id(statistic_id) and hass.states.get(statistic_id) is not None
    return (statistic_id,) if is_there and statistic_id is not None else ()


def phases_beside(hass: HomeAssistant, entity_ids: Iterable[str], device_class: str) -> dict[str, str]:
    """Return the sensors for each single phase that the same meter has, by their names; empty unless all are found."""
    registry = er.async_get(hass)
    for entity_id in entity_ids:
        entry = registry.async_get(entity_id)
        if entry is None or entry.device_id is None:
            continue
        found = {
            _PHASE_OF[match[1]]: other.entity_id
            for other in er.async_entries_for_device(registry, entry.device_id)
            if _is_of(hass, other.entity_id, device_class)
            and (match := _PHASE.search(other.entity_id.partition(".")[2]))
        }
        if set(found) == set(PHASE_KEYS):
            return {key: found[key] for key in PHASE_KEYS}
    return {}


def _is_of(hass: HomeAssistant, entity_id: str, device_class: str) -> bool:
    state = hass.states.get(entity_id)
    return state is not None and state.attributes.get(ATTR_DEVICE_CLASS) == device_class
