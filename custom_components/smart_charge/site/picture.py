"""What the premises look like now: all that the site's entities may show, replaced whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ..charging.claims import Supply
from ..charging.meter_trial import Miss
from ..charging.model import NO_PHASES, PerPhase


@dataclass(frozen=True, kw_only=True, slots=True)
class SitePicture:
    """The premises at one moment.

    Attributes:
        supply: None while no limit is set.
        grid_a: what flows at the supply, per phase, import positive.
        house_a: what of it is not charging.
        lost_at: since when a grid meter that is set up has said nothing of a phase of the supply.
        is_too_slow: the grid meter speaks too seldom to guard a supply.
        doubts: phases of the grid meter that do not show what charging does, and how.
        limited: names of the charge points that get less than they want.
        solar_w, battery_w: generated on site, and given by storage; None where nobody tells.
    """

    as_of: datetime
    supply: Supply | None = None
    has_meter: bool = False
    grid_a: PerPhase = NO_PHASES
    house_a: PerPhase = NO_PHASES
    lost_at: datetime | None = None
    is_too_slow: bool = False
    doubts: Mapping[int, Miss] = field(default_factory=dict)
    limited: tuple[str, ...] = ()
    solar_w: float | None = None
    battery_w: float | None = None

    @property
    def phases(self) -> frozenset[int]:
        """The phases that the supply has; none while no limit is set."""
        limits = NO_PHASES if self.supply is None else self.supply.limit_a
        return frozenset(phase for phase, limit_a in enumerate(limits) if limit_a is not None)

    @property
    def is_meter_lost(self) -> bool | None:
        """Whether the grid meter is silent; None where there is none."""
        return self.lost_at is not None if self.has_meter else None

    def headroom_a(self, phase: int) -> float | None:
        """Return what a phase of the supply has left before its limit, charging included; less than 0 is too much."""
        limit_a = None if self.supply is None else self.supply.limit_a[phase]
        drawn_a = self.grid_a[phase]
        return None if limit_a is None or drawn_a is None else limit_a - max(drawn_a, 0.0)
