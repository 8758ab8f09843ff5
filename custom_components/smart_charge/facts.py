"""The facts of one charge point that a decision rests on, and whether they have changed since the last one."""

from collections.abc import Callable
from datetime import datetime, timedelta
from random import SystemRandom
from typing import Final

from homeassistant.util import dt as dt_util

from .chargers.charger import Charger
from .charging.fallback import reconcile
from .charging.model import Settings, Situation
from .charging.override import is_spent
from .charging.session import State
from .charging.thermal import Heat
from .meter.sampling import Sampling
from .planner import Planner
from .storage import Memory
from .supply_share import SupplyShare

LONG_ABSENCE: Final = timedelta(minutes=1)
"""After this long without a link the charge point may be following what was left behind."""


class Facts:
    """What is true of one charge point now. Only its coordinator may use it."""

    def __init__(
        self,
        charger: Charger,
        memory: Memory,
        *,
        settings: Callable[[], Settings],
        planner: Planner,
        sampling: Sampling,
        share: SupplyShare,
    ) -> None:
        self._charger = charger
        self._memory = memory
        self._settings = settings
        self._planner = planner
        self._sampling = sampling
        self._share = share
        self._dice = SystemRandom()
        self._was_online = charger.is_online
        self._lost_at: datetime | None = dt_util.utcnow()
        self._is_new_here = True  # what the charge point does has not been compared with what we carry
        self._restarts = 0  # one that was seen before this has not been acted on
        self._decided_on: object = None
        self._decided_at = dt_util.utcnow()

    @property
    def session_wh(self) -> int | None:
        """Energy that the vehicle has taken in this session; None while there is none."""
        session = self._memory.session
        return None if session is None or session.state is State.FINISHED else session.energy_wh

    @property
    def heat(self) -> Heat:
        """What the charge point's temperature allows now."""
        return self._sampling.heat(dt_util.utcnow())

    @property
    def have_changed(self) -> bool:
        """Whether anything is new since the last decision. While nothing is, only time can change the answer.

        A clock that is behind that decision was set back, and what it waits for may be far away now.
        """
        return dt_util.utcnow() < self._decided_at or self._known != self._decided_on

    @property
    def _known(self) -> object:
        reading = self._charger.reading
        said = reading and (
            reading.status,
            reading.pilot,
            reading.fault,
            reading.cable_a,
            reading.is_plugged_in,
            reading.is_charging,
            reading.offered_a,
            reading.awaits_tag,
        )
        is_due = is_spent(self._memory.carry.override, self.session_wh)
        return (
            said,
            is_due,
            self._share.ceiling,
            self._charger.restarts,
            self._charger.capabilities,
            self._was_online,
            self._planner.plan,
            self.heat,
        )

    def note_link(self, now: datetime) -> bool:
        """Tell whether the link was lost or found; after a long absence we see what became of our setpoint."""
        is_online = self._charger.is_online
        if is_online == self._was_online:
            return False
        self._was_online = is_online
        if not is_online:
            self._lost_at = now
        elif self._lost_at is not None and now - self._lost_at >= LONG_ABSENCE:
            self._is_new_here = True
        return True

    def situation(self, now: datetime, *, skip_delay: bool) -> Situation:
        """Return all but the share of the supply, which depends on what is wished for with the rest."""
        reading, restarts = self._charger.reading, self._charger.restarts
        carry = self._memory.carry
        if self._is_new_here and reading is not None and self._charger.is_online:
            self._is_new_here = False
            carry = reconcile(carry, reading)
        settings = self._settings()
        self._planner.follow(now, settings)
        self._memory.carry = carry  # what is in force is part of what is claimed
        power_returned, self._restarts = restarts != self._restarts, restarts
        return Situation(
            now=now,
            dice=self._dice.random(),
            settings=settings,
            reading=reading,
            carry=carry,
            session_wh=self.session_wh,
            heat=self.heat,
            skip_delay=skip_delay,
            power_returned=power_returned,
            plan=self._planner.plan,
        )

    def note_decision(self) -> None:
        """Keep what is known now, to tell what is new from it."""
        self._decided_on = self._known
        self._decided_at = dt_util.utcnow()
