"""What is recorded, as frozen values. Instants are aware UTC; energy is whole watt-hours; None is "not known"."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Condition(StrEnum):
    """Whether a charge point could be used (O9)."""

    SERVICEABLE = "serviceable"
    FAULTED = "faulted"
    OFFLINE = "offline"  # it does not answer us


@dataclass(frozen=True, kw_only=True, slots=True)
class OutletKey:
    """One outlet of one charge point: ``charge_point`` is its config entry's id and never changes."""

    charge_point: str
    connector: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Outlet:
    """What the reports must know of an outlet.

    Attributes:
        public_id: the id in ORCS reports, constant for life (O6); outlets of one unit may share it.
        rated_w: output with all outlets of the unit at work (O7).
        operational_at: since when it serves the public; None at home.
    """

    key: OutletKey
    site: str
    public_id: str | None = None
    rated_w: int | None = None
    is_dc: bool = False
    operational_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class SessionRecord:
    """A vehicle's stay, so far or as it was (9.1, 9.2, O1). Its outlet and ``plugged_in_at`` name it.

    Attributes:
        seen_at: until when this is known.
        unplugged_at: None while plugged in, and for ever if nobody saw it (then ``is_open`` is False).
        import_wh, export_wh: back and forthm the vehicle since plug-in, by register where ``is_metered``.
        charging_s: time in which it drew, pauses left out.
        cost: of the energy whose price was known (``priced_wh``), in the site's currency; None where none was.
        is_recovered: it began or ended while nobody looked, so that its instants are bounds.
        instead_of: the ``plugged_in_at`` under which it was written before the true one was told; not kept.
        may_be_several: other vehicles may have taken some of it while nobody looked; nothing can tell.
        integrated_wh: power summed over time beside the register, which counted ``compared_wh`` meanwhile; the two
            may differ by ``doubt_wh`` by chance. None where the session could not tell (9.5, 9.6).
    """

    outlet: OutletKey
    plugged_in_at: datetime
    seen_at: datetime
    charge_started_at: datetime | None = None
    charge_ended_at: datetime | None = None
    unplugged_at: datetime | None = None
    is_open: bool = True
    import_wh: int = 0
    export_wh: int = 0
    charging_s: int = 0
    cost: Decimal | None = None
    priced_wh: int = 0
    is_metered: bool = True
    integrated_wh: int | None = None
    compared_wh: int | None = None
    doubt_wh: int | None = None
    interruptions: int = 0
    is_recovered: bool = False
    may_be_several: bool = False
    tag: str | None = None
    who: str | None = None
    instead_of: datetime | None = None

    @property
    def session_id(self) -> str:
        """Charge point, connector and plug-in instant as one word."""
        return f"{self.outlet.charge_point}/{self.outlet.connector}/{self.plugged_in_at:%Y%m%dT%H%M%S.%fZ}"

    @property
    def unpriced_wh(self) -> int:
        """The energy whose price nobody knew."""
        return max(0, self.import_wh - self.priced_wh)

    @property
    def whole_cost(self) -> Decimal | None:
        """What all of it cost; None where a part had no price, or nothing was taken."""
        return None if self.unpriced_wh else self.cost

    @property
    def meter_error(self) -> float | None:
        """How far power was off against the register: signed, relative (9.5); None where it could not tell."""
        return None if self.integrated_wh is None or not self.compared_wh else self.integrated_wh / self.compared_wh - 1

    @property
    def meter_doubt(self) -> float | None:
        """How much of `meter_error` may be chance."""
        return None if self.doubt_wh is None or not self.compared_wh else self.doubt_wh / self.compared_wh


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRecord:
    """What was asked of the charge point from ``at`` on, and why; ``event_id`` is of the demand response event."""

    outlet: OutletKey
    at: datetime
    setpoint_a: float
    reason: str
    source: str
    lifted_by: str | None = None
    until_at: datetime | None = None
    event_id: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventRecord:
    """One demand response event at one outlet, from when it was announced, as far as it has gone.

    ``taken_wh`` is what was taken in it, ``expected_wh`` an estimate of what would have been without it, and
    ``unwatched_s`` how long nobody watched. ``setpoint_a`` is the least asked for in it, of a turn-up the most.
    """

    outlet: OutletKey
    event_id: str
    announced_at: datetime
    kind: str
    start_at: datetime
    end_at: datetime
    source: str | None = None
    limit_a: float | None = None
    limit_w: float | None = None
    delay_already_applied: bool = False
    began_at: datetime | None = None
    ended_at: datetime | None = None
    opted_out_at: datetime | None = None
    is_overridden: bool = False
    setpoint_a: float | None = None
    taken_wh: int = 0
    expected_wh: int = 0
    unwatched_s: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class ConditionSeen:
    """An outlet's condition at one instant, and without a break since ``since_at`` where that is known."""

    outlet: OutletKey
    at: datetime
    condition: Condition
    since_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """Sums over a period, or in one half-hour. ``cost`` is of ``priced_wh`` only; the rest has no known price."""

    starts_at: datetime
    ends_at: datetime
    import_wh: int = 0
    export_wh: int = 0
    charging_s: int = 0
    cost: Decimal = Decimal(0)
    priced_wh: int = 0
    has_spread: bool = False

    @property
    def unpriced_wh(self) -> int:
        """The energy whose price nobody knew."""
        return max(0, self.import_wh - self.priced_wh)

    @property
    def known_cost(self) -> Decimal | None:
        """What the energy with a price cost; None where energy was taken and none of it had one."""
        return None if self.import_wh and not self.priced_wh else self.cost


@dataclass(frozen=True, kw_only=True, slots=True)
class Periods:
    """Sums up to now, each from a local midnight on: of today, of the first of the month, of this day a year ago."""

    today: Usage
    month: Usage
    year: Usage
