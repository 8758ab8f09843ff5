"""The OCPP listener: one per port, shared by all who need it, up only while somebody does (S9.2)."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, Final

from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from .chargers.ocpp.central_system import CentralSystem
from .chargers.ocpp.peers import PeerEvent
from .const import DOMAIN, LOGGER
from .listener_events import PeerWatch

LISTEN_ON: Final = "0.0.0.0"  # noqa: S104  charge points call from the home's network
"""Where charge points may call from. Who may speak is settled by password, not by address."""

type Release = Callable[[], Coroutine[Any, Any, None]]
type Watcher = Callable[[PeerEvent], None]


class _Shared:
    """One port and those who hold it. Lives on while it is being stopped, so that nobody races it."""

    def __init__(self, hass: HomeAssistant, port: int) -> None:
        self._hass = hass
        self._port = port
        self._lock = asyncio.Lock()
        self._central: CentralSystem | None = None
        self._watch = PeerWatch(hass, port)
        self._forget_stop: Callable[[], None] | None = None
        self.holders = 0
        self.watchers: list[Watcher] = []

    async def async_start_once(self) -> CentralSystem:
        """Open the port unless it is open.

        Raises:
            OSError: the port is taken, or may not be opened.
        """
        async with self._lock:
            if self._central is None:
                central = CentralSystem(LISTEN_ON, self._port, clock=dt_util.utcnow, on_peer=self._on_peer)
                await central.start()
                self._central = central
                self._forget_stop = self._hass.bus.async_listen_once(
                    EVENT_HOMEASSISTANT_FINAL_WRITE, self._async_home_assistant_stops
                )
                LOGGER.debug("Listening for charge points on port %s", self._port)
            return self._central

    async def async_stop_behind_the_last(self) -> bool:
        """Close the port if nobody holds it; true when nobody does."""
        async with self._lock:
            if self.holders:
                return False
            await self._async_stop()
            return True

    async def _async_home_assistant_stops(self, _event: Event) -> None:
        """Close behind the entries, which hand back control while Home Assistant stops."""
        self._forget_stop = None
        async with self._lock:
            await self._async_stop()

    async def _async_stop(self) -> None:
        if self._forget_stop is not None:
            self._forget_stop()
            self._forget_stop = None
        central, self._central = self._central, None
        self._watch.close()
        if central is not None:
            await central.stop()
            LOGGER.debug("Closed port %s", self._port)

    @callback
    def _on_peer(self, event: PeerEvent) -> None:
        self._watch.notice(event)
        for watcher in list(self.watchers):
            watcher(event)


DATA_LISTENERS: HassKey[dict[int, _Shared]] = HassKey(f"{DOMAIN}_listeners")


async def async_acquire_listener(hass: HomeAssistant, port: int) -> tuple[CentralSystem, Release]:
    """Hold the listener on ``port``, starting it for the first who does.

    Returns it and what gives the hold up again, which may be called more than once.

    Raises:
        OSError: the port is taken by another program, or may not be opened.
    """
    listeners = hass.data.setdefault(DATA_LISTENERS, {})
    shared = listeners.setdefault(port, _Shared(hass, port))
    shared.holders += 1
    release = partial(_async_release, listeners, port, shared, [True])
    try:
        return await shared.async_start_once(), release
    except BaseException:
        await release()
        raise


async def _async_release(listeners: dict[int, _Shared], port: int, shared: _Shared, holds: list[bool]) -> None:
    if not holds:
        return
    holds.clear()
    shared.holders -= 1
    if await shared.async_stop_behind_the_last() and listeners.get(port) is shared and not shared.holders:
        del listeners[port]


@callback
def async_watch_peers(hass: HomeAssistant, port: int, watcher: Watcher) -> Callable[[], None]:
    """Tell ``watcher`` of every call on ``port`` that did not get through; returns what ends that.

    The listener must be held by the caller.
    """
    watchers = hass.data[DATA_LISTENERS][port].watchers
    watchers.append(watcher)
    return partial(watchers.remove, watcher)
