"""A link outlives its entry's unloading by a moment: only then is it known whether the entry goes for good.

Home Assistant holds the entry's lock from the unloading to the removal, or to the next set-up. An OCPP charge point
whose entry is removed is told to forget our limits on the link that is still there (7.1).
"""

from collections.abc import Callable, Coroutine
from typing import Any, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from .chargers.ocpp.charger import OcppCharger
from .const import DOMAIN

type LetGo = Callable[[], Coroutine[Any, Any, None]]


class _Parting:
    """A charger that is not run any more, and what ends its link."""

    def __init__(self, charger: OcppCharger, let_go: LetGo) -> None:
        self.charger = charger
        self.let_go = let_go


_DATA: Final[HassKey[dict[str, _Parting]]] = HassKey(f"{DOMAIN}_partings")


@callback
def async_part(hass: HomeAssistant, entry: ConfigEntry, charger: OcppCharger, let_go: LetGo) -> None:
    """Let go of the link as soon as the entry's lock is free, unless `async_settle` comes first."""
    parting = hass.data.setdefault(_DATA, {})[entry.entry_id] = _Parting(charger, let_go)

    async def when_free() -> None:
        async with entry.setup_lock:
            if hass.data[_DATA].get(entry.entry_id) is parting:
                await async_settle(hass, entry)

    hass.async_create_task(when_free(), f"{entry.title}: let go of the link")


async def async_settle(hass: HomeAssistant, entry: ConfigEntry, *, is_removed: bool = False) -> None:
    """Let go of the link that an unloaded entry still has, if any; have ours forgotten where nobody will renew it."""
    parting = hass.data.get(_DATA, {}).pop(entry.entry_id, None)
    if parting is None:
        return
    try:
        if is_removed:
            await parting.charger.withdraw()
    finally:
        await parting.let_go()
