"""One charge point with several connectors: one link, and a charger for each connector that is set up."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING

from ..charger import Identity
from .bench import Company
from .connection import Connection
from .fields import whole
from .frames import Payload
from .guest import Guest
from .said import TransactionId
from .v16 import transaction_id_of

if TYPE_CHECKING:
    from .charger import OcppCharger

type NewConnector = Callable[[int], None]
"""Hears the number of a connector that nobody speaks for."""

MOST_CONNECTORS = 16
"""A number above this is nonsense, not an outlet."""


class Unit:
    """Shares a link among chargers. The one of the lowest connector leads: it answers for the whole charge point.

    The leader alone changes settings and keeps the list of tags, so that two do not undo each other's.
    """

    def __init__(self, on_new_connector: NewConnector) -> None:
        self._members: dict[int, OcppCharger] = {}
        self._on_new_connector = on_new_connector
        self._told: set[int] = set()
        self._connection: Connection | None = None

    @property
    def leader(self) -> OcppCharger:
        """The charger of the lowest connector."""
        return self._members[min(self._members)]

    @property
    def charge_point_id(self) -> str:
        """Under which id it calls."""
        return self.leader.charge_point_id

    @property
    def verify(self) -> Callable[[bytes], Awaitable[bool]] | None:
        """Checks its password; None when it needs none."""
        return self.leader.verify

    @property
    def identity(self) -> Identity:
        """Who it last said it is."""
        return self.leader.identity

    def holds(self, charger: OcppCharger) -> bool:
        """Whether this very charger is a member."""
        return self._members.get(charger.connector_id) is charger

    @property
    def is_single(self) -> bool:
        """Whether one connector only is set up."""
        return len(self._members) == 1

    def has_connector(self, connector_id: int) -> bool:
        """Whether somebody speaks for this connector."""
        return connector_id in self._members

    def add(self, charger: OcppCharger) -> Coroutine[None, None, None] | None:
        """Let a charger speak for its connector; returns what lets it join the link, if there is one."""
        replaced = self._members.get(charger.connector_id)
        self._members[charger.connector_id] = charger
        self._settle()
        if self._connection is None:
            return None
        if replaced is not None:
            replaced.detach(self._connection)
        return self._join(charger, self._connection)

    async def _join(self, charger: OcppCharger, connection: Connection) -> None:
        if self.holds(charger) and self._connection is connection:
            await charger.attach(connection)
            charger.heard_from(self.leader)

    def remove(self, charger: OcppCharger) -> None:
        """Let it speak no more; the others keep the link."""
        if not self.holds(charger):
            return
        del self._members[charger.connector_id]
        if self._connection is not None:
            charger.detach(self._connection)
        self._told.discard(charger.connector_id)
        self._settle()

    def _settle(self) -> None:
        """Say who leads, and whose tags are ours."""
        tags = frozenset(member.id_tag for member in self._members.values())
        for member in self._members.values():
            company = Company(
                tags,
                is_leader=member is self.leader,
                is_alone=len(self._members) == 1,
                is_charging=self._is_charging,
            )
            member.shares(company)

    def _is_charging(self) -> bool:
        return any(member.transaction_id is not None for member in self._members.values())

    async def attach(self, connection: Connection, guest: Guest | None = None) -> None:
        """Let the members speak for us on this link from now on."""
        self._connection = connection
        self._told.clear()
        for member in list(self._members.values()):
            await member.attach(connection)
        if guest is not None:
            for action, payload in guest.backlog.values():
                await self._answer(action, payload)
        await connection.answer_with(self._answer)

    def detach(self, connection: Connection) -> None:
        """Hear that this link is gone; a newer one is not touched by it."""
        if self._connection is connection:
            self._connection = None
        for member in list(self._members.values()):
            member.detach(connection)

    async def _answer(self, action: str, payload: Payload) -> Payload:
        """Let those answer whom it concerns; the leader's answer counts, if it is among them."""
        concerned = self._concerned(action, payload)
        answers = [await member.answer(action, payload) for member in concerned]
        for member in list(self._members.values()):
            member.overheard(action)
        return answers[0] if answers else {}

    def _concerned(self, action: str, payload: Payload) -> list[OcppCharger]:
        connector_id = whole(payload.get("connectorId"))
        match action:
            case "BootNotification":
                return [self._members[number] for number in sorted(self._members)]
            case "StatusNotification" if connector_id == 0:
                return [self._members[number] for number in sorted(self._members)]
            case "StatusNotification" | "StartTransaction" | "MeterValues" if connector_id:
                return [self._of_connector(connector_id)]
            case "StopTransaction" | "MeterValues":
                return self._of_transaction(transaction_id_of(payload))
        return [self.leader]

    def _of_connector(self, connector_id: int) -> OcppCharger:
        if connector_id in self._members:
            return self._members[connector_id]
        if connector_id not in self._told and 0 < connector_id <= MOST_CONNECTORS:
            self._told.add(connector_id)
            self._on_new_connector(connector_id)
        return self.leader

    def _of_transaction(self, transaction_id: TransactionId | None) -> list[OcppCharger]:
        """Whose transaction it is; where that cannot be told, the only one's that runs, else the leader's."""
        if len(self._members) == 1:
            return [self.leader]
        owners = [member for member in self._members.values() if member.knows(transaction_id)]
        running = [member for member in self._members.values() if member.transaction_id is not None]
        return (owners or (running if len(running) == 1 else [self.leader]))[:1]
