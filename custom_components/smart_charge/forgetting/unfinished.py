"""A deletion that was cut short: who was to be forgotten, until they are (S7.2).

Once the records are erased nothing else knows whose tags and names to look for. So they are written down before,
and this file goes when all that is here has been erased: a kill in between, or a recorder that does not answer,
leaves it, and the deletion is gone on with.
"""

from dataclasses import dataclass
from typing import Any, Final

from homeassistant.core import HomeAssistant
from homeassistant.helpers.storage import Store

from ..const import DOMAIN, LOGGER
from ..records.carry import Unreadable, from_plain, to_plain
from ..records.remnants import Erasure

VERSION: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Unfinished:
    """What was begun. ``entries`` are the charge points that were named, ``user_id`` who asked."""

    entries: tuple[str, ...]
    charge_points: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    user_id: str | None = None

    @property
    def erasure(self) -> Erasure:
        """What was to be erased."""
        return Erasure(
            charge_points=frozenset(self.charge_points), tags=frozenset(self.tags), names=frozenset(self.names)
        )


async def async_unfinished(hass: HomeAssistant) -> Unfinished | None:
    """Return what was begun and not finished; None for nothing."""
    if (stored := await _file(hass).async_load()) is None:
        return None
    try:
        return from_plain(Unfinished, stored)
    except Unreadable as err:
        LOGGER.warning("What is left to delete of personal data cannot be read: %s", err)
        return None


async def async_begin(hass: HomeAssistant, entries: list[str], erasure: Erasure, user_id: str | None) -> None:
    """Write down what is about to be erased."""
    begun = Unfinished(
        entries=tuple(entries),
        charge_points=tuple(sorted(erasure.charge_points)),
        tags=tuple(sorted(erasure.tags)),
        names=tuple(sorted(erasure.names)),
        user_id=user_id,
    )
    await _file(hass).async_save(to_plain(begun))


async def async_end(hass: HomeAssistant) -> None:
    """Forget who was to be forgotten."""
    await _file(hass).async_remove()


def _file(hass: HomeAssistant) -> Store[dict[str, Any]]:
    return Store(hass, VERSION, f"{DOMAIN}.forgetting", private=True, atomic_writes=True)
