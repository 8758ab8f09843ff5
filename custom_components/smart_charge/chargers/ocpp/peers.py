"""Who has called: what the outside is told of peers, and of a call that was invited."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
import logging
from types import TracebackType
from typing import Self

from ..charger import Identity

LOGGER = logging.getLogger(__name__)

type Verify = Callable[[str, bytes], Awaitable[bool]]
"""Whether this is the password of that charge point id."""


class PeerKind(StrEnum):
    """What happened to a call."""

    UNKNOWN = "unknown"  # refused with 404: nobody expects this id
    WRONG_PASSWORD = "wrong_password"  # noqa: S105 - what happened, not a password
    NO_SUBPROTOCOL = "no_subprotocol"  # speaks no version that we speak
    BAD_HANDSHAKE = "bad_handshake"  # not a WebSocket request, or a broken one
    ID_CONFLICT = "id_conflict"  # two devices use one id
    TOO_MANY_ATTEMPTS = "too_many_attempts"
    NEW_CONNECTOR = "new_connector"  # it has one more that nobody has set up; its number is the detail
    CONNECTED = "connected"
    DISCONNECTED = "disconnected"


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerEvent:
    """Something a peer did that the owner, a flow or the security log may want to know."""

    kind: PeerKind
    charge_point_id: str | None
    address: str
    version: str | None = None
    detail: str | None = None


type OnPeer = Callable[[PeerEvent], None]


class Telling:
    """Tells one who wants to know; what goes wrong there does no harm to the call."""

    def __init__(self, on_peer: OnPeer) -> None:
        self._on_peer = on_peer

    def __call__(
        self, kind: PeerKind, charge_point_id: str | None, address: str, version: str | None, detail: str | None = None
    ) -> None:
        """Tell of what a peer did."""
        name = charge_point_id[:48] if charge_point_id else None
        event = PeerEvent(kind=kind, charge_point_id=name, address=address, version=version, detail=detail)
        try:
            self._on_peer(event)
        except Exception:
            LOGGER.exception("Telling of a peer failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """A charge point that called while it was invited. ``identity`` is None if it did not boot."""

    charge_point_id: str
    version: str
    address: str
    identity: Identity | None


class Invitation:
    """While it is open, a charge point with the right password may call though nobody expects it yet."""

    def __init__(self, verify: Verify, charge_point_id: str | None, end: Callable[[Invitation], None]) -> None:
        self.verify = verify
        self.charge_point_id = charge_point_id
        self.ended = asyncio.Event()
        self._end = end
        self._caller: asyncio.Future[Caller] = asyncio.get_running_loop().create_future()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._end(self)

    async def caller(self) -> Caller:
        """Wait until a charge point has called and said who it is."""
        return await asyncio.shield(self._caller)

    def came(self, caller: Caller) -> None:
        """Tell who called; the first counts."""
        if not self._caller.done():
            self._caller.set_result(caller)
