"""A charge point that was away while personal data was deleted forgets the tags it holds when it is back (S7.2).

What is remembered until then names nobody: only that there is something to forget.
"""

import asyncio
from typing import Final

from homeassistant.core import CALLBACK_TYPE, callback

from ..chargers.charger import Charger, ChargerError, Kept
from ..const import LOGGER
from ..coordinator import SmartChargeConfigEntry
from ..storage import Memory

CHARGE_POINT_S: Final = 20.0
"""So long a charge point may take to forget. One that is asleep or away is asked again when it is back."""


async def async_have_forgotten(charger: Charger, memory: Memory) -> frozenset[Kept]:
    """Have a charge point forget people, or remember that it has yet to; returns what it will not delete.

    Raises:
        ChargerError, TimeoutError: it is away.
    """
    memory.has_to_forget = True
    await memory.async_save()
    async with asyncio.timeout(CHARGE_POINT_S):
        kept = await charger.forget_people()
    memory.has_to_forget = False
    await memory.async_save()
    return kept


@callback
def async_forget_when_back(entry: SmartChargeConfigEntry) -> CALLBACK_TYPE:
    """Watch for the charge point to come back, and have it forget what it was to; returns what stops that."""
    coordinator = entry.runtime_data
    charger, memory = coordinator.charger, coordinator.memory
    running: asyncio.Task[None] | None = None
    was_online = False

    async def forget() -> None:
        try:
            await async_have_forgotten(charger, memory)
        except ChargerError, TimeoutError:
            LOGGER.debug("%s has yet to forget the tags it holds", entry.title)
        else:
            LOGGER.info("%s has forgotten the tags it held", entry.title)

    @callback
    def look() -> None:
        nonlocal running, was_online
        is_back, was_online = charger.is_online and not was_online, charger.is_online
        if is_back and memory.has_to_forget and (running is None or running.done()):
            running = entry.async_create_background_task(coordinator.hass, forget(), f"{entry.title}: forget people")

    stop = charger.listen(look)
    look()
    return stop
