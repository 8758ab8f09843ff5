"""What a charge point tells: the state of its connector, what its meter shows, and what is wrong with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

type PerPhase = tuple[float | None, float | None, float | None]
"""One value for each of L1, L2, L3; None where the meter did not say."""

NO_PHASES: Final[PerPhase] = (None, None, None)


class PilotState(StrEnum):
    """What the control pilot says of the vehicle (IEC 61851-1 table A.4)."""

    A = "a"  # no vehicle
    B = "b"  # connected, not drawing
    C = "c"  # drawing
    D = "d"  # drawing, ventilation asked for
    E = "e"  # pilot short-circuited
    F = "f"  # charge point not available


class ConnectorStatus(StrEnum):
    """What the connector is doing, in the words of OCPP 1.6 section 7.7."""

    AVAILABLE = "available"
    PREPARING = "preparing"
    CHARGING = "charging"
    SUSPENDED_EVSE = "suspended_evse"
    SUSPENDED_EV = "suspended_ev"
    FINISHING = "finishing"
    RESERVED = "reserved"
    UNAVAILABLE = "unavailable"
    FAULTED = "faulted"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """What the charge point says is wrong with it.

    ``code`` is the protocol's or datasheet's own word, fit for a log and a diagnostic.
    ``is_safety`` is true when charging must not go on (regs 8, requirements 8.1 to 8.3).
    """

    code: str
    is_safety: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What a charge point last told us, all of it, replaced whole.

    Attributes:
        taken_at: when it was true, by our clock.
        measured_at: since when the meter's values in it hold: other news leave it as it was. None before the first.
        setpoint_a: the current the charge point holds as asked for; None if it cannot be read back.
        offered_a: what it then allows the vehicle (pilot duty, OCPP ``Current.Offered``).
        current_a, voltage_v: drawn, per phase.
        power_w: drawn, total of the phases; export is negative.
        import_wh, export_wh: running totals of the meter; may glitch, reset and roll over.
        session_wh: the charge point's own session counter, where it has one.
        cable_a: rating of the cable plugged in, where the charge point can tell (proximity pilot).
        awaits_tag: a vehicle is there, and gets nothing before a tag is held to the charge point.
    """

    taken_at: datetime
    measured_at: datetime | None = None
    status: ConnectorStatus | None = None
    pilot: PilotState | None = None
    setpoint_a: float | None = None
    offered_a: float | None = None
    current_a: PerPhase = NO_PHASES
    voltage_v: PerPhase = NO_PHASES
    power_w: float | None = None
    import_wh: int | None = None
    export_wh: int | None = None
    session_wh: int | None = None
    temperature_c: float | None = None
    cable_a: float | None = None
    fault: Fault | None = None
    awaits_tag: bool = False

    @property
    def metered_at(self) -> datetime:
        """When the running totals were so: values that were queued arrive all at once, long after."""
        return self.measured_at or self.taken_at

    @property
    def is_plugged_in(self) -> bool | None:
        """Whether a vehicle is connected; None when neither pilot nor status tells.

        States E and F and a fault say nothing of the cable.
        """
        return is_connected(self.pilot, self.status)

    @property
    def is_charging(self) -> bool | None:
        """Whether the vehicle is drawing: the charge point's word, else the meter's."""
        if self.status is not None:
            return self.status is ConnectorStatus.CHARGING
        if self.pilot is not None:
            return self.pilot in (PilotState.C, PilotState.D)
        return None if self.power_w is None else self.power_w > 100

    @property
    def drawn_a(self) -> float | None:
        """The current drawn on the busiest phase."""
        known = [value for value in self.current_a if value is not None]
        return max(known) if known else None


def is_connected(pilot: PilotState | None, status: ConnectorStatus | None) -> bool | None:
    """Whether a vehicle is connected, by the pilot or else the status; None when neither tells."""
    match pilot:
        case PilotState.A:
            return False
        case PilotState.B | PilotState.C | PilotState.D:
            return True
    match status:
        case ConnectorStatus.AVAILABLE | ConnectorStatus.RESERVED:
            return False
        case None | ConnectorStatus.UNAVAILABLE | ConnectorStatus.FAULTED:
            return None
    return True
