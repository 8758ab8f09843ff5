"""One charge point's plan of the cheapest hours: kept up with the facts, and remembered over a restart."""

from datetime import datetime

from .chargers.charger import Charger
from .charging.model import Mode, Plan, Settings
from .charging.plan_making import Facts
from .charging.planning import Planning, follow
from .prices import SitePrices
from .settings import local_zone
from .storage import Memory


class Planner:
    """Asks for another plan only where the one there is no longer holds."""

    def __init__(self, charger: Charger, memory: Memory, prices: SitePrices) -> None:
        self._charger = charger
        self._memory = memory
        self._prices = prices
        self._planning = Planning(errand=memory.errand)

    @property
    def plan(self) -> Plan | None:
        """When to charge; None in other modes, and without a vehicle."""
        return self._planning.plan

    def follow(self, now: datetime, settings: Settings) -> None:
        """See what is now known."""
        memory, reading = self._memory, self._charger.reading
        facts = Facts(
            now=now,
            settings=settings,
            time_zone=local_zone(),
            slots=self._prices.slots if settings.mode is Mode.CHEAPEST else (),
            session=memory.session,
            in_force_a=memory.carry.in_force_a,
            hold=memory.carry.hold,
            drawn=None if reading is None or reading.power_w is None else (reading.metered_at, reading.power_w),
        )
        self._planning = follow(self._planning, facts)
        if self._planning.errand != memory.errand:
            memory.errand = self._planning.errand
            memory.save_soon()
