"""What one charge point looks like now: all that entities may show, replaced whole."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from .charging.accuracy import SessionError
from .charging.ending import Ending
from .charging.model import (
    ConnectorStatus,
    Decision,
    Override,
    OverrideKind,
    PilotState,
    Plan,
    Reading,
    Reason,
    Settings,
    Source,
    Window,
)
from .charging.session import Session, State
from .charging.thermal import Heat
from .records.tab import Tab
from .records.values import Periods

NOT_REACHABLE: Final = "not_reachable"
NOT_FOLLOWED: Final = "not_followed"
RATE_REFUSED: Final = "rate_refused"
WHY: Final = (*(reason.value for reason in Reason), NOT_REACHABLE, NOT_FOLLOWED, RATE_REFUSED)
"""Every answer to "why": those of the decision, and three that only we can give."""

UNATTENDED: Final = (
    "default_hours",
    "takes_turns",
    "charges",
    "failsafe_current",
    "stays_as_it_was",
    "stays_off",
    "unknown",
)
"""What a vehicle may get when Home Assistant is away (7.1)."""

_STATUS_OF_PILOT: Final = {
    PilotState.A: ConnectorStatus.AVAILABLE,
    PilotState.B: ConnectorStatus.PREPARING,
    PilotState.C: ConnectorStatus.CHARGING,
    PilotState.D: ConnectorStatus.CHARGING,
    PilotState.E: ConnectorStatus.FAULTED,
    PilotState.F: ConnectorStatus.UNAVAILABLE,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Picture:
    """One charge point at one moment.

    Attributes:
        refusals, refused_because: how often an override was refused since we run, and the last time why.
        refused_tags, tag_refused_because: the same of tags that were held to the charge point.
        unattended: what the vehicle gets when Home Assistant is away, one of `UNATTENDED`.
        unattended_sentence: the same with hours and current; None where no more is known.
        is_refused: the charge point said no to what it was last asked for.
        reading: the last one, even while there is no link.
        windows: the owner's default hours, even while they are switched off.
        plan: when mode "cheapest" charges; None in other modes, and without a vehicle.
        total_wh: the charge point's running total, glitches left out; without a register what was calculated. None
            before there is either.
        sample_s: how far apart samples of the meter really come (9.4); None before that is known.
        meter_error: how far power was off in the last session that could tell (9.5).
        usage: today's, this month's and the last twelve months'; None before the records have been asked.
        tab: what the session has cost so far, and how much of it had no price.
        ending: when "Charge now" or "Stop" ends that stands, or that is tapped next.
        sentence: why, in Home Assistant's language and local time.
    """

    as_of: datetime
    is_online: bool
    is_not_followed: bool
    is_refused: bool = False
    unattended: str = "unknown"
    unattended_sentence: str | None = None
    refusals: int = 0
    refused_because: str | None = None
    refused_tags: int = 0
    tag_refused_because: str | None = None
    settings: Settings
    windows: tuple[Window, ...]
    reading: Reading
    decision: Decision
    session: Session | None
    total_wh: int | None
    heat: Heat = Heat.NORMAL
    sample_s: float | None = None
    meter_error: SessionError | None = None
    plan: Plan | None = None
    sentence: str | None = None
    usage: Periods | None = None
    tab: Tab | None = None
    ending: Ending = field(default_factory=Ending)

    @property
    def status(self) -> ConnectorStatus | None:
        """The charge point's own word, else what its pilot says."""
        if self.reading.status is not None:
            return self.reading.status
        return None if self.reading.pilot is None else _STATUS_OF_PILOT[self.reading.pilot]

    @property
    def why(self) -> str:
        """Why the vehicle gets what it gets, one of `WHY`."""
        if not self.is_online:
            return NOT_REACHABLE
        if not self.is_not_followed:
            return self.decision.reason
        is_charged = self.is_refused and self.decision.setpoint_a > 0 and self.reading.is_charging
        return RATE_REFUSED if is_charged else NOT_FOLLOWED

    @property
    def until_at(self) -> datetime | None:
        """Until when that holds, if it is known."""
        return None if self.why in (NOT_REACHABLE, NOT_FOLLOWED, RATE_REFUSED) else self.decision.until_at

    @property
    def has_problem(self) -> bool:
        """Whether the charge point reports a fault, is hot, or does not do as it is asked; or the meter alarms."""
        has_fault = self.reading.fault is not None or self.status is ConnectorStatus.FAULTED
        is_dangerous = bool(self.decision.carry.alarms) or self.heat is Heat.HOT
        return self.is_not_followed or has_fault or is_dangerous

    @property
    def fault(self) -> str | None:
        """What is wrong, in the charge point's own word or, where it has none, in ours."""
        if self.reading.fault is not None:
            return self.reading.fault.code
        if self.decision.carry.alarms:
            return self.decision.carry.alarms[0].danger
        return "too_hot" if self.heat is Heat.HOT else None

    @property
    def supply_share_a(self) -> float | None:
        """The charge point's share of the supply; None while nothing is shared, or nothing wanted."""
        return next((limit.max_a for limit in self.decision.limits if limit.source is Source.SUPPLY), None)

    @property
    def is_limited_by_supply(self) -> bool:
        """Whether the vehicle may have less than it would get but for the supply."""
        return self.decision.binding.source is Source.SUPPLY

    @property
    def is_out_of_supply(self) -> bool:
        """Whether the vehicle gets nothing because the supply has nothing to spare, so that waiting is for nothing."""
        is_waiting = self.decision.reason in (Reason.WAITING_FOR_SUPPLY, Reason.WAITING_FOR_TURN)
        return self.is_limited_by_supply and self.decision.wish_a == 0 and not is_waiting

    @property
    def delay_ends_at(self) -> datetime | None:
        """When the running random delay ends."""
        hold = self.decision.carry.hold
        return None if hold is None else hold.ends_at

    @property
    def is_drawing(self) -> bool:
        """Whether the vehicle charges now, so that sums grow."""
        return self.session is not None and self.session.state is State.CHARGING

    @property
    def is_stay(self) -> bool:
        """Whether the session goes on."""
        return self.session is not None and self.session.state is not State.FINISHED

    @property
    def session_wh(self) -> int | None:
        """Energy that the vehicle has taken in this session; None while there is none."""
        return None if self.session is None or not self.is_stay else self.session.energy_wh

    def override_of(self, kind: OverrideKind) -> Override | None:
        """Return the owner's override if it is of ``kind``."""
        override = self.decision.carry.override
        return override if override is not None and override.kind is kind else None

    @property
    def session_s(self) -> int | None:
        """How long the vehicle has been plugged in, or was."""
        if self.session is None:
            return None
        until_at = self.session.unplugged_at or self.as_of
        return max(0, int((until_at - self.session.plugged_in_at).total_seconds()))
