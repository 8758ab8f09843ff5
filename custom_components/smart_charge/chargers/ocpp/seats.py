"""Which charge point has which link: those who are expected, and guests who were invited (quirks Q6, Q7)."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
import contextlib
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode

from .connection import Connection
from .guest import Guest
from .handshake import match
from .passwords import PasswordCheck
from .peers import Caller, Invitation, PeerKind, Telling
from .timings import Timings
from .unit import Unit

if TYPE_CHECKING:
    from .charger import OcppCharger

SWAPS_PER_MINUTE = 3
"""More swaps of one id's socket between two devices than this, and the newcomer is refused (quirk Q7)."""


@dataclass(slots=True)
class Seat:
    """One expected charge point, and the link it has."""

    unit: Unit
    connection: Connection | None = None
    swaps: deque[float] = field(default_factory=lambda: deque(maxlen=SWAPS_PER_MINUTE + 1))
    addresses: set[str] = field(default_factory=set)
    serials: set[str] = field(default_factory=set)


class Seats:
    """Seats links with their chargers, and keeps those of guests until somebody expects them."""

    def __init__(self, tell: Telling, passwords: PasswordCheck, timings: Timings) -> None:
        self.expected: dict[str, Seat] = {}
        self._tell = tell
        self._passwords = passwords
        self._timings = timings
        self._guests: dict[str, Guest] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def expect(self, charger: OcppCharger) -> Callable[[], None]:
        """Let this charge point in, now and whenever it calls; returns what ends that, and hangs up behind the last.

        Chargers of several connectors share one link. A link that an invitation let in is adopted.
        """
        name = charger.charge_point_id
        seat = self.expected.get(name)
        if seat is not None and seat.unit.has_connector(charger.connector_id) and seat.unit.is_single:
            self._vacate(name, seat)
            seat = None
        if seat is None:
            seat = self.expected[name] = Seat(Unit(partial(self._tell_connector, name)))
        joining = seat.unit.add(charger)
        if joining is not None:
            self._spawn(joining)
        if (known := match(name, self._guests)) is not None:
            self._spawn(self._adopt(self._guests.pop(known), seat))

        return partial(self._release, name, seat, charger)

    def _release(self, name: str, seat: Seat, charger: OcppCharger) -> None:
        """Expect one connector's charger no more."""
        if not seat.unit.holds(charger):
            return
        if seat.unit.is_single:
            self._vacate(name, seat)
        else:
            seat.unit.remove(charger)

    def _vacate(self, name: str, seat: Seat) -> None:
        """Expect this charge point no more, and hang up."""
        if self.expected.get(name) is not seat:
            return
        del self.expected[name]
        if (connection := seat.connection) is not None:
            seat.unit.detach(connection)
            self._spawn(connection.close(WSCloseCode.GOING_AWAY))

    def _tell_connector(self, name: str, connector_id: int) -> None:
        """Tell of a connector that is there and not set up."""
        seat = self.expected.get(name)
        connection = seat.connection if seat is not None else None
        if connection is not None:
            self._tell(PeerKind.NEW_CONNECTOR, name, connection.address, connection.version, str(connector_id))

    async def _adopt(self, guest: Guest, seat: Seat) -> None:
        """Give an invited link to the charger that speaks for it, if it knew that charger's password too."""
        connection = guest.connection
        if not await self._passwords.is_right(seat.unit.verify, guest.password):
            self._tell(PeerKind.WRONG_PASSWORD, seat.unit.charge_point_id, connection.address, connection.version)
            await connection.close(WSCloseCode.POLICY_VIOLATION, "not your password")
            return
        await self._take_seat(seat, connection, guest)

    async def _take_seat(self, seat: Seat, connection: Connection, guest: Guest | None = None) -> None:
        """Make this the charger's link. An older one is hung up (quirk Q6); so is one that comes too late."""
        if self.expected.get(seat.unit.charge_point_id) is not seat or not connection.is_open:
            await connection.close(WSCloseCode.GOING_AWAY)
            return
        old, seat.connection = seat.connection, connection
        if old is not None:
            seat.unit.detach(old)
            self._spawn(old.close(WSCloseCode.GOING_AWAY, "a newer connection"))
        await seat.unit.attach(connection, guest)

    def _spawn(self, work: Awaitable[object]) -> None:
        async def run() -> None:
            await work

        task = asyncio.create_task(run())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def is_conflict(self, seat: Seat, address: str) -> bool:
        """Tell whether two devices push each other out: the first then keeps the id until it leaves."""
        old = seat.connection
        if old is None or not old.is_open:
            return False
        now = asyncio.get_running_loop().time()
        while seat.swaps and seat.swaps[0] < now - 60:
            seat.swaps.popleft()
        if not seat.swaps:
            seat.addresses.clear()
            seat.serials.clear()
        seat.addresses |= {old.address, address}
        if (serial := seat.unit.identity.serial) is not None:
            seat.serials.add(serial)
        if len(seat.swaps) >= SWAPS_PER_MINUTE and (len(seat.addresses) > 1 or len(seat.serials) > 1):
            return True
        seat.swaps.append(now)
        return False

    async def stop(self) -> None:
        """End what is still under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def seat(self, connection: Connection, seat: Seat, invitation: Invitation | None) -> None:
        """Give the link to its charger, and tell the invitation, if there is one."""
        await self._take_seat(seat, connection)
        if invitation is not None:
            name = seat.unit.charge_point_id
            caller = Caller(
                charge_point_id=name,
                version=connection.version,
                address=connection.address,
                identity=seat.unit.identity,
            )
            invitation.came(caller)

    async def receive_guest(self, guest: Guest, name: str | None, invitation: Invitation | None) -> None:
        """Keep the link of one whom nobody expects yet."""
        connection = guest.connection
        connection.open_gate(is_open=False)
        await connection.answer_with(guest.answer)
        self._spawn(self._welcome(guest, name, invitation))

    async def _welcome(self, guest: Guest, name: str | None, invitation: Invitation | None) -> None:
        """Tell the invitation who called, and keep the link until somebody expects it."""
        connection = guest.connection
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timings.boot_wait_s):
                await guest.booted.wait()
        name = name or (guest.identity.serial if guest.identity else None)
        if name is None or not connection.is_open:
            await connection.close(WSCloseCode.POLICY_VIOLATION, "who are you?")
            return
        connection.charge_point_id = name
        if (seat := self.expected.get(name)) is not None:
            await self._adopt(guest, seat)
            return
        if (older := self._guests.pop(name, None)) is not None:
            await older.connection.close(WSCloseCode.GOING_AWAY, "a newer connection")
        self._guests[name] = guest
        if invitation is not None:
            caller = Caller(
                charge_point_id=name, version=connection.version, address=connection.address, identity=guest.identity
            )
            invitation.came(caller)
            await invitation.ended.wait()
        await asyncio.sleep(self._timings.guest_s)
        if self._guests.get(name) is guest:
            del self._guests[name]
            await connection.close(WSCloseCode.GOING_AWAY, "nobody expects you")

    def leave(self, connection: Connection) -> None:
        """Forget a link that has closed. The late end of an old one does not touch the newer one (quirk Q6)."""
        for seat in self.expected.values():
            if seat.connection is connection:
                seat.connection = None
                seat.unit.detach(connection)
        for name, guest in list(self._guests.items()):
            if guest.connection is connection:
                del self._guests[name]
