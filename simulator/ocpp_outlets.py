"""The connectors of one charge point: which of them a call from the central system concerns."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from .ocpp_link import Answer, Payload

if TYPE_CHECKING:
    from .ocpp_client import OcppClient

_OF_ALL = {"SetChargingProfile", "ClearChargingProfile", "ChangeAvailability"}
"""Calls that are done on every connector where they name none, or the whole charge point."""


class Outlets:
    """The first connector's client, which speaks for the charge point, and those of the others."""

    def __init__(self, first: OcppClient) -> None:
        self._first = first
        self._others: list[OcppClient] = []

    def __iter__(self) -> Iterator[OcppClient]:
        return iter([self._first, *self._others])

    def add(self, outlet: OcppClient) -> None:
        """Have one more."""
        self._others.append(outlet)
        self._first.configuration.set("NumberOfConnectors", str(1 + len(self._others)), is_readonly=True)

    def lose_mains(self) -> None:
        """Have every outlet lose the mains."""
        for outlet in self:
            outlet.charge_point.lose_power()

    def regain_mains(self) -> None:
        """Have every outlet find the mains again."""
        for outlet in self:
            outlet.charge_point.regain_power()

    def perform(self, action: str, payload: Payload) -> Answer:
        """Answer one call, by whom it concerns. Raises NotUnderstood for what is answered with an error."""
        if action == "SetChargingProfile":
            self._replace_elsewhere(payload)
        answers = [outlet.commands.perform(action, payload) for outlet in self._concerned(action, payload)]
        accepted = [answer for answer in answers if answer.payload.get("status") == "Accepted"]
        return (accepted or answers)[0]

    def _concerned(self, action: str, payload: Payload) -> list[OcppClient]:
        everybody = list(self)
        number = payload.get("connectorId")
        if action == "RemoteStopTransaction":
            wanted = payload.get("transactionId")
            running = ((outlet, outlet.transaction) for outlet in everybody)
            meant = [one for one, held in running if held and wanted in (held.transaction_id, held.written_id)]
            return meant or [self._first]
        if not number and action in _OF_ALL:
            return everybody
        return [outlet for outlet in everybody if outlet.connector_id == number] or [self._first]

    def _replace_elsewhere(self, payload: Payload) -> None:
        """Forget the profile of this id on every other connector: an id is the whole charge point's."""
        number = payload.get("connectorId")
        for outlet in self:
            if number and outlet.connector_id != number:
                outlet.profiles.clear(profile_id=payload["csChargingProfiles"]["chargingProfileId"])
