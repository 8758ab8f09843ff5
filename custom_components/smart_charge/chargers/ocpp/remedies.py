"""What the owner may have us do to put a charge point right (quirks Q46; OCPP notes A7)."""

from ..charger import ChargerRefused, ChargerUnreachable, Remedy
from .bench import Bench
from .calls import Priority
from .connection import Connection
from .default_hours import DefaultHours
from .frames import Payload, is_accepted
from .lease import Lease
from .onboarding import Onboarding


class Remedies:
    """Says which remedies would help, and applies one."""

    def __init__(self, bench: Bench, *, onboarding: Onboarding, lease: Lease, hours: DefaultHours) -> None:
        self._bench = bench
        self._onboarding = onboarding
        self._lease = lease
        self._hours = hours

    @property
    def wanted(self) -> frozenset[Remedy]:
        """Those that would help now."""
        helps = {
            Remedy.RESTART: self._onboarding.awaits_restart,
            Remedy.CLEAR_PROFILES: self._hours.is_outranked or self._lease.is_blocked,
        }
        return frozenset(remedy for remedy, does_help in helps.items() if does_help)

    async def apply(self, remedy: Remedy) -> None:
        """Do it.

        Raises:
            ChargerRefused: a vehicle is charging, or the charge point says no.
            ChargerError: there is no link, or no answer.
        """
        connection = self._bench.connection
        if connection is None:
            raise ChargerUnreachable("the charge point is not connected")
        if remedy is Remedy.RESTART:
            await self._restart(connection)
        else:
            await self._clear_profiles(connection)

    async def _restart(self, connection: Connection) -> None:
        if self._bench.company.is_charging():
            raise ChargerRefused("a vehicle is charging")
        for kind in ("Soft", "Hard"):
            if is_accepted(await connection.call("Reset", {"type": kind}, priority=Priority.OWNER)):
                return
        raise ChargerRefused("the charge point will not restart")

    async def _clear_profiles(self, connection: Connection) -> None:
        """Clear all that anybody wrote for our connector and for the whole unit, then write ours anew."""
        for connector_id in (self._bench.connector_id, 0):
            payload: Payload = {"connectorId": connector_id}
            await connection.call("ClearChargingProfile", payload, priority=Priority.OWNER)
        self._hours.forget()
        self._lease.forget()
