"""Whether a transaction may be begun for a vehicle, and with which words."""

import asyncio
from typing import Any

from .lease import Lease
from .timings import Timings


class Starting:
    """What to say to start. ``is_admitted``: a person in Home Assistant asks to charge (O10)."""

    def __init__(
        self, lease: Lease, connector_id: int, id_tag: str, timings: Timings, *, start_without_tag: bool
    ) -> None:
        self.is_admitted = False
        self._lease = lease
        self._connector_id = connector_id
        self._id_tag = id_tag
        self._timings = timings
        self._start_without_tag = start_without_tag
        self._told_at: float | None = None

    def may_start(self) -> bool:
        """Whether one may be begun on our own tag."""
        return self._start_without_tag or self.is_admitted

    def request(self) -> dict[str, Any] | None:
        """Say what to say to start; None while nobody has told us how much current there may be."""
        now = asyncio.get_running_loop().time()
        if self._lease.wanted_a is None:
            self._told_at = self._told_at or now
            if now - self._told_at < self._timings.untold_s:
                return None
        if self._lease.wanted_a == 0 and self._lease.has_stopped:
            return None  # a pause inside a transaction is refused: it would be stopped at once
        request: dict[str, Any] = {"idTag": self._id_tag, "connectorId": self._connector_id}
        profile = self._lease.first_profile()
        return request if profile is None else request | {"chargingProfile": profile}
