"""Another connector of an OCPP charge point: its own cable, profiles and transactions, on the first one's link."""

from collections.abc import Callable, Coroutine
from typing import Any, override

from .charge_point import ChargePoint
from .charging_profiles import ProfileStore
from .ocpp_client import OcppClient


class OutletClient(OcppClient):
    """Speaks for one more connector. Link, boot, settings, tags and manners are the first one's."""

    def __init__(self, first: OcppClient, charge_point: ChargePoint, connector_id: int) -> None:
        self.first = first
        self.connector_id = connector_id
        self.charge_point = charge_point
        self.clock = charge_point.clock
        self.behaviour = first.behaviour
        self.nameplate = first.nameplate
        self.configuration = first.configuration
        self.link = first.link
        self.outlets = first.outlets
        self.profiles = ProfileStore(
            first.profiles.abilities, voltage_v=charge_point.voltage_v, phases=charge_point.phases
        )
        self._make_parts()
        self.sessions.local_list = first.sessions.local_list
        self.sessions.cache = first.sessions.cache
        first.outlets.add(self)

    @property
    @override
    def is_online(self) -> bool:
        """Whether the central system has accepted the charge point and the link is up."""
        return self.first.is_online

    @override
    def _loops(self) -> tuple[Callable[[], Coroutine[Any, Any, None]], ...]:
        return self._own_loops()

    @override
    def stamp(self, instant: Any = None) -> str:
        """Write an instant as the charge point's one clock has it."""
        return self.first.stamp(instant)

    @override
    def settings_changed(self) -> None:
        """Have the charge point hear of it."""
        self.first.settings_changed()
