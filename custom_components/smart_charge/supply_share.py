"""One charge point's place among those that share the premises' supply: what it claims, and what it gets."""

from collections.abc import Callable

from homeassistant.core import callback

from .chargers.charger import Charger
from .charging.claims import Claim, total_a
from .charging.left_to_each import Left
from .charging.model import NO_PHASES, Ceiling
from .charging.override import is_charge_now
from .charging.reason import is_not_taking
from .site import Site
from .storage import Memory


class SupplyShare:
    """One `Member` of the site. Only its coordinator may use it."""

    def __init__(
        self, site: Site, charger: Charger, memory: Memory, *, key: str, name: str, changed: Callable[[], None]
    ) -> None:
        self.key = key
        self.name = name
        self.wish_a = 0.0
        self._site = site
        self._charger = charger
        self._memory = memory
        self._changed = changed
        self.leave = site.join(self)

    @property
    def own_phases(self) -> int | None:
        """How many phases it is connected to; None when it does not tell."""
        return self._charger.capabilities.phases

    @property
    def ceiling(self) -> Ceiling | None:
        """What it may take at the last sharing; None while nothing limits it."""
        return self._site.ceiling_of(self.key)

    @property
    def left(self) -> Left | None:
        """What it may take while Home Assistant is away; None where nothing limits it."""
        return self._site.left_to(self.key)

    @callback
    def renew(self) -> None:
        """Share anew, because a fact of ours has changed."""
        self._site.share(self)

    def claim(self, phases: tuple[int, ...]) -> Claim:
        """Say what it wants of the supply, and what it draws."""
        reading, carry = self._charger.reading, self._memory.carry
        return Claim(
            key=self.key,
            wish_a=self.wish_a,
            phases=phases,
            drawn_a=NO_PHASES if reading is None else reading.current_a,
            total_a=total_a(reading),
            taken_at=None if reading is None else reading.measured_at or reading.taken_at,
            in_force_a=carry.in_force_a,
            rises_at=carry.rises_at,
            is_by_hand=is_charge_now(carry),
            is_at_once=carry.override is not None and carry.override.begins_charging,
            is_taking=reading is None or not is_not_taking(reading),
        )

    @callback
    def supply_changed(self) -> None:
        """Take a step soon: the site has another share for us."""
        self._changed()
