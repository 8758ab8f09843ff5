"""The nouns of charging: frozen values that every other part may speak of.

Instants are aware UTC. Units end a name: ``_a`` ampere per phase, ``_v`` volt, ``_w`` watt,
``_wh`` whole watt-hours, ``_s`` second. ``None`` always means "not known", never zero.
"""

from dataclasses import dataclass, field
from datetime import datetime, time
from enum import StrEnum

from .alarms import Alarm
from .ceiling import Ceiling, SharingCause
from .hours import WeeklyHours, Window
from .plan import Basis, Plan
from .reading import NO_PHASES, ConnectorStatus, Fault, PerPhase, PilotState, Reading
from .requests import DsrEvent, DsrKind, Override, OverrideKind
from .thermal import Heat

__all__ = [
    "ENERGY_NEEDED_DEFAULT_WH",
    "MIN_CURRENT_A",
    "MOST_ENERGY_KWH",
    "NOMINAL_V",
    "NO_PHASES",
    "RANDOM_DELAY_DEFAULT_S",
    "RANDOM_DELAY_HIGHEST_S",
    "READY_BY_DEFAULT",
    "Basis",
    "Carry",
    "Ceiling",
    "ConnectorStatus",
    "Decision",
    "DsrEvent",
    "DsrKind",
    "Fault",
    "Hold",
    "Limit",
    "Mode",
    "Override",
    "OverrideKind",
    "PerPhase",
    "PilotState",
    "Plan",
    "Reading",
    "Reason",
    "Settings",
    "SharingCause",
    "Situation",
    "Source",
    "WeeklyHours",
    "Window",
]

MIN_CURRENT_A = 6.0
"""The least charging current there is (IEC 61851-1 table A.8); below it a setpoint is 0."""

NOMINAL_V = 230.0
"""Voltage of a phase that a limit in watts is reckoned with."""

RANDOM_DELAY_DEFAULT_S = 600
"""The random delay's upper end unless raised (SI 2021/1467 reg 11(2)(a), requirement 11.1)."""

RANDOM_DELAY_HIGHEST_S = 1800
"""The upper end may be raised to this, and no further (reg 11(2)(b), requirement 11.4)."""

READY_BY_DEFAULT = time(7)
"""When a vehicle should be ready unless the owner says otherwise: before most people leave for work."""

ENERGY_NEEDED_DEFAULT_WH = 30_000
"""What a vehicle should have taken by then: 150 km or so, and little more than a cheap night holds at 7 kW."""

MOST_ENERGY_KWH = 200
"""No larger need can be set: it is more than any car's battery holds."""


class Mode(StrEnum):
    """How the owner wants the vehicle charged when nobody intervenes."""

    DEFAULT_HOURS = "default_hours"
    CHEAPEST = "cheapest"  # in the hours that cost least, and ready in time
    ALWAYS = "always"  # whenever plugged in
    OFF = "off"


class Source(StrEnum):
    """Who set a limit, or set one aside."""

    CHARGER_FAULT = "charger_fault"
    SAFETY_LOCK = "safety_lock"
    CONTACTOR_WELDED = "contactor_welded"
    OVER_CURRENT = "over_current"
    TEMPERATURE = "temperature"
    CHARGE_POINT_RATING = "charge_point_rating"
    CABLE_RATING = "cable_rating"
    SUPPLY = "supply"
    NOT_PLUGGED_IN = "not_plugged_in"
    NO_TAG = "no_tag"
    CHARGE_NOW = "charge_now"
    STOP = "stop"
    RESPONSE_DSR = "response_dsr"
    DSR = "dsr"
    DSR_DELAYED_BEFORE = "dsr_delayed_before"  # spread at random by who sent it
    TURN_UP = "turn_up"
    DEFAULT_HOURS = "default_hours"
    PLAN = "plan"
    OFF = "off"


class Reason(StrEnum):
    """Why the vehicle gets what it gets: the one sentence the owner reads."""

    CHARGER_FAULT = "charger_fault"
    SAFETY_LOCK = "safety_lock"
    CONTACTOR_WELDED = "contactor_welded"  # the meter shows current where none is offered
    OVER_CURRENT = "over_current"  # the meter shows more than is offered or rated
    TOO_HOT = "too_hot"
    SLOWED_BY_HEAT = "slowed_by_heat"
    NOT_PLUGGED_IN = "not_plugged_in"
    WAITING_FOR_TAG = "waiting_for_tag"  # nothing else is in the way
    OFF = "off"
    WAITING_FOR_DEFAULT_HOURS = "waiting_for_default_hours"
    DELAYED_START = "delayed_start"  # the random delay holds charging back
    DELAYED_STOP = "delayed_stop"  # the random delay keeps charging a little longer
    DELAYED_CHANGE = "delayed_change"  # … or keeps the rate
    CHARGING_NOW = "charging_now"  # the owner's override
    CHARGING_TO_ENERGY = "charging_to_energy"  # … which ends at an amount
    STOPPED = "stopped"  # the owner's other override
    RESPONSE_DSR = "response_dsr"  # a service to the grid sets the current
    DEMAND_RESPONSE = "demand_response"  # the electricity system asks for less
    TURNED_UP = "turned_up"  # … or for more
    IN_DEFAULT_HOURS = "in_default_hours"
    WAITING_FOR_CHEAPER_HOURS = "waiting_for_cheaper_hours"
    IN_CHEAPEST_HOURS = "in_cheapest_hours"
    CHARGING_TO_BE_READY = "charging_to_be_ready"  # too late for anything but at once
    HAS_ENERGY_NEEDED = "has_energy_needed"  # what the owner asked for by a time is there
    WAITING_WITHOUT_PRICES = "waiting_without_prices"  # no prices are known, so default hours count
    CHARGING_WITHOUT_PRICES = "charging_without_prices"
    WHENEVER_PLUGGED_IN = "whenever_plugged_in"
    RATING_TOO_LOW = "rating_too_low"  # charge point and circuit may carry less than 6 A, so nothing
    SUPPLY_LIMIT = "supply_limit"  # the house and the other charge points leave no more
    METER_LOST = "meter_lost"  # nobody knows what the house draws
    WAITING_FOR_SUPPLY = "waiting_for_supply"  # it is watched for a moment before anything is given of it
    WAITING_FOR_TURN = "waiting_for_turn"  # another charge point has its turn
    CABLE_LIMIT = "cable_limit"  # allowed less than the charge point's rating because of the cable
    VEHICLE_NOT_TAKING = "vehicle_not_taking"  # offered, but the vehicle does not draw
    NO_DATA = "no_data"  # the charge point has not said enough yet; what was in force stays


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What the owner or installer has chosen for one charge point.

    Attributes:
        default_hours: None when the owner removed them (10.2, 10.3).
        rated_a: the most that charge point and circuit may carry.
        charger_delays_itself: the charge point applies its own random delay, so ours is off (11.6).
        is_locked: the owner's safety lock.
        phases: that the charge point is wired to; None counts as three where a limit is in watts.
        is_dsr_opted_out: the owner takes no part in any demand response event (10.6).
        ready_by: local time by which mode "cheapest" has the vehicle charged.
        energy_needed_wh: what the vehicle shall have taken by then, counted from plugging in; None when
            the owner does not know: then as much as a large battery holds.
    """

    rated_a: float
    mode: Mode = Mode.DEFAULT_HOURS
    default_hours: WeeklyHours | None = None
    random_delay_max_s: int = RANDOM_DELAY_DEFAULT_S
    charger_delays_itself: bool = False
    is_locked: bool = False
    phases: int | None = None
    is_dsr_opted_out: bool = False
    ready_by: time = READY_BY_DEFAULT
    energy_needed_wh: int | None = ENERGY_NEEDED_DEFAULT_WH


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """A ceiling from one named source: at most this, because of me, until then."""

    max_a: float
    source: Source
    until_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold:
    """A random delay that is running: ``in_force_a`` stays until ``ends_at``, then ``target_a``."""

    target_a: float
    began_at: datetime
    ends_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Carry:
    """What one step leaves to the next, and a restart must not forget (11.9)."""

    in_force_a: float = 0.0
    hold: Hold | None = None
    last_draw_s: int | None = None
    override: Override | None = None
    events: tuple[DsrEvent, ...] = ()
    alarms: tuple[Alarm, ...] = ()

    @property
    def rises_at(self) -> datetime | None:
        """When the random delay ends behind which more is waited for; None if none runs, or one before a fall."""
        return None if self.hold is None or self.hold.target_a <= self.in_force_a else self.hold.ends_at


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """Every fact a decision rests on. Same situation, same decision.

    Attributes:
        dice: one fresh random number in [0, 1) from the system's entropy source (11.1).
        reading: None before the charge point has first spoken.
        skip_delay: the owner asks by hand that what is due happens now (11.5). One step only.
        session_wh: energy that the vehicle has taken in this session; None while there is none.
        heat: what the charge point's temperature allows.
        plan: when mode "cheapest" charges this vehicle; None in other modes and while there is none.
        supply: the charge point's share of the premises' supply; None where no limit is known.
        power_returned: the charge point has restarted since the last step, so nothing that was in
            force still is (11.9). One step only.
    """

    now: datetime
    dice: float
    settings: Settings
    reading: Reading | None = None
    carry: Carry = field(default_factory=Carry)
    session_wh: int | None = None
    skip_delay: bool = False
    heat: Heat = Heat.NORMAL
    power_returned: bool = False
    plan: Plan | None = None
    supply: Ceiling | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What to ask the charge point for, and why.

    Attributes:
        setpoint_a: to ask for now; 0, or at least 6 and never above any limit.
        wish_a: what the rules allow, before the random delay.
        binding: the limit that set ``wish_a``.
        limits: every limit that spoke and was not set aside, the binding one first.
        lifted_by: who set limits aside, if anyone did.
        reason, until_at: what the owner reads, and until when it holds if that is known.
        review_at: when to decide again although no fact changed; None for never.
    """

    setpoint_a: float
    wish_a: float
    binding: Limit
    limits: tuple[Limit, ...]
    lifted_by: Source | None
    reason: Reason
    until_at: datetime | None
    carry: Carry
    review_at: datetime | None
