"""What the charge points are without us, read from their entries: loaded or not, they hold what was left with them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from homeassistant.config_entries import ConfigEntry

from ..chargers.charger import Capabilities
from ..charging.fallback import hours_left_behind
from ..charging.left_to_each import Unwatched
from ..const import CONF_PROTOCOL, PROTOCOL_OCPP
from ..settings import local_zone, settings_from

type PhasesOf = Callable[[str], tuple[int, ...]]
"""The supply's phases behind those of the charge point that has this entry."""


def unwatched_of(entries: Iterable[ConfigEntry[Any]], phases_of: PhasesOf) -> dict[str, Unwatched]:
    """Return all charge points that are set up, the first of them first."""
    return {
        entry.entry_id: as_unwatched(entry.data, entry.options, phases_of(entry.entry_id))
        for entry in sorted(entries, key=lambda entry: entry.entry_id)
    }


def as_unwatched(data: Mapping[str, Any], options: Mapping[str, Any], phases: tuple[int, ...]) -> Unwatched:
    """Return what an entry says of one, or what one would say that is being made."""
    settings = settings_from(options, Capabilities(), local_zone())
    return Unwatched(
        phases=phases,
        keeps_hours=data.get(CONF_PROTOCOL) == PROTOCOL_OCPP,
        hours=hours_left_behind(settings),
        delay_max_s=settings.random_delay_max_s,
    )
