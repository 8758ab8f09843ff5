"""Who may come in: a call is matched to a charge point that is expected or invited, and its password checked (S4)."""

import asyncio
from dataclasses import dataclass
from functools import partial

from aiohttp import hdrs, web

from .handshake import Credentials, credentials_from, id_from_path, match
from .inputs import Doorkeeper
from .passwords import PasswordCheck
from .peers import Invitation, PeerKind, Verify
from .seats import Seat, Seats


class Refused(Exception):
    """Raised to turn a call away, and to say why."""

    def __init__(
        self,
        status: int,
        kind: PeerKind,
        charge_point_id: str | None,
        detail: str | None = None,
        *,
        wait_s: float = 0,
    ) -> None:
        super().__init__(kind)
        self.status = status
        self.kind = kind
        self.charge_point_id = charge_point_id
        self.detail = detail
        self.wait_s = wait_s


@dataclass(slots=True)
class Admission:
    """Who may come in, after the password and before the upgrade."""

    charge_point_id: str | None
    seat: Seat | None
    invitation: Invitation | None
    password: bytes | None = None


class Door:
    """Lets calls in, or says why not."""

    def __init__(self, seats: Seats, doorkeeper: Doorkeeper, passwords: PasswordCheck) -> None:
        self._seats = seats
        self._doorkeeper = doorkeeper
        self._passwords = passwords
        self._invitations: list[Invitation] = []

    def invite(self, verify: Verify, charge_point_id: str | None = None) -> Invitation:
        """Let a charge point in that nobody expects yet: the one named, or any with the right password."""
        invitation = Invitation(verify, charge_point_id, self._end_invitation)
        self._invitations.append(invitation)
        return invitation

    def _end_invitation(self, invitation: Invitation) -> None:
        if invitation in self._invitations:
            self._invitations.remove(invitation)

    async def admit(self, request: web.BaseRequest) -> Admission:
        """Match the call to a charge point that is expected or invited, and check its password.

        Raises:
            Refused: nobody expects it, the password is wrong, it calls too often, or it is no WebSocket request.
        """
        path_id = id_from_path(request.raw_path)
        wait = self._doorkeeper.knock(request.remote or "", asyncio.get_running_loop().time())
        if wait > 0:
            raise Refused(429, PeerKind.TOO_MANY_ATTEMPTS, path_id, wait_s=wait)
        if request.headers.get(hdrs.UPGRADE, "").strip().lower() != "websocket":
            raise Refused(426, PeerKind.BAD_HANDSHAKE, path_id, "not a WebSocket request")
        return await self._match(request, path_id)

    async def _match(self, request: web.BaseRequest, path_id: str | None) -> Admission:
        credentials = credentials_from(request.headers.get(hdrs.AUTHORIZATION), path_id)
        name = path_id if path_id is not None else self._id_without_path(credentials)
        seat_id = match(name, self._seats.expected) if name else None
        seat = self._seats.expected[seat_id] if seat_id is not None else None
        invitations = self._invitations_for(name) if seat is None or name else []
        if seat is not None:
            invitations = [item for item in invitations if item.charge_point_id is not None]
        if name == "" or (seat is None and not invitations):
            raise Refused(404, PeerKind.UNKNOWN, name or None)
        key = (seat_id or name or "").casefold()
        return await self._check(
            request.remote or "", Admission(seat_id or name, seat, None), invitations, credentials, key
        )

    def _id_without_path(self, credentials: Credentials | None) -> str | None:
        """Who calls without an id in the path: the Basic user, else the only one that is expected (quirk Q1)."""
        if credentials is not None and credentials.user:
            return credentials.user
        waiting = [name for name, seat in self._seats.expected.items() if seat.connection is None]
        return waiting[0] if len(waiting) == 1 and not self._invitations else None

    def _invitations_for(self, name: str | None) -> list[Invitation]:
        return [
            item
            for item in self._invitations
            if item.charge_point_id is None or (name is not None and match(name, [item.charge_point_id]) is not None)
        ]

    async def _check(
        self,
        address: str,
        admission: Admission,
        invitations: list[Invitation],
        credentials: Credentials | None,
        key: str,
    ) -> Admission:
        """Check the password against whoever may let this id in, not more often than is decent."""
        now = asyncio.get_running_loop().time()
        if (banned := self._banned_for(address, key, invitations, now)) > 0:
            raise Refused(429, PeerKind.TOO_MANY_ATTEMPTS, admission.charge_point_id, wait_s=banned)
        password = credentials.password if credentials is not None else None
        admission.password = password
        if admission.seat is not None and await self._passwords.is_right(admission.seat.unit.verify, password):
            admission.invitation = next(iter(invitations), None)
            self._doorkeeper.succeeded(address, key)
            return admission
        for invitation in invitations:
            name = admission.charge_point_id or ""
            if await self._passwords.is_right(partial(invitation.verify, name), password or b""):
                admission.invitation = invitation
                self._doorkeeper.succeeded(address, key)
                return admission
        if password is not None:
            self._doorkeeper.failed(address, key, now)
            if invitations and key != Doorkeeper.ANYBODY:
                self._doorkeeper.failed(address, Doorkeeper.ANYBODY, now)
        detail = "no password" if password is None else None
        raise Refused(401, PeerKind.WRONG_PASSWORD, admission.charge_point_id, detail)

    def _banned_for(self, address: str, key: str, invitations: list[Invitation], now: float) -> float:
        keys = {key, Doorkeeper.ANYBODY} if any(item.charge_point_id is None for item in invitations) else {key}
        return max(self._doorkeeper.banned_for(address, item, now) for item in keys)
