"""A port held open for one flow, and the charge point that it invites."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack

from homeassistant.core import HomeAssistant, callback

from ..chargers.ocpp.peers import Caller, Invitation, PeerEvent, PeerKind
from ..const import CONF_CHARGE_POINT_ID, DOMAIN
from ..listener import Release, async_acquire_listener, async_watch_peers
from ..security.credentials import verify_secret

type Hint = tuple[str, PeerEvent]
"""Why a call that came did not get through, as part of a translation key, and the call."""


class Reception:
    """Waits for the call of a charge point that is being set up.

    The invitation stands until `close`, so that a charge point that hangs up and calls again
    while the owner still answers questions is let in again.
    """

    def __init__(
        self, hass: HomeAssistant, hashes: list[str], charge_point_id: str | None, on_hint: Callable[[], None]
    ) -> None:
        self.hint: Hint | None = None
        self._hass = hass
        self._hashes = hashes
        self._charge_point_id = charge_point_id
        self._on_hint = on_hint
        self._held = ExitStack()
        self._invitation: Invitation | None = None

    async def async_open(self, port: int) -> None:
        """Hold the port and invite.

        Raises:
            OSError: the port cannot be opened.
        """
        central, release = await async_acquire_listener(self._hass, port)
        self._held.callback(self._async_let_go, release)
        self._held.callback(async_watch_peers(self._hass, port, self.async_notice))
        self._invitation = self._held.enter_context(central.invite(self.async_verify, self._charge_point_id))

    async def async_caller(self, within_s: float) -> Caller | None:
        """Wait for the call; None when none came in time."""
        assert self._invitation is not None
        try:
            async with asyncio.timeout(within_s):
                return await self._invitation.caller()
        except TimeoutError:
            return None

    async def async_verify(self, _charge_point_id: str, presented: bytes) -> bool:
        """Tell whether this is the password that the owner was shown."""
        return await self._hass.async_add_executor_job(verify_secret, self._hashes, presented)

    @callback
    def async_notice(self, event: PeerEvent) -> None:
        """Keep why a call did not get through, if it may have been the one awaited."""
        key = _hint_of(event)
        if key is None or not self._may_be_ours(event.charge_point_id):
            return
        is_new = self.hint is None or self.hint[0] != key
        self.hint = (key, event)
        if is_new:
            self._on_hint()

    @callback
    def close(self) -> None:
        """End the invitation and give the port up. May be called more than once."""
        self._held.close()

    @callback
    def _async_let_go(self, release: Release) -> None:
        self._hass.async_create_task(release(), f"{DOMAIN} set-up lets go of its port")

    def _may_be_ours(self, charge_point_id: str | None) -> bool:
        if self._charge_point_id is not None or charge_point_id is None:
            return charge_point_id == self._charge_point_id
        entries = self._hass.config_entries.async_entries(DOMAIN)
        return charge_point_id not in (entry.data.get(CONF_CHARGE_POINT_ID) for entry in entries)


def _hint_of(event: PeerEvent) -> str | None:
    match event.kind:
        case PeerKind.WRONG_PASSWORD:
            return "no_password" if event.detail else "wrong_password"
        case PeerKind.NO_SUBPROTOCOL:
            return "unsupported_version"
        case PeerKind.UNKNOWN if event.charge_point_id is None:
            return "bad_id"
    return None
