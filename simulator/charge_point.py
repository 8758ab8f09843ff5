"""The box on the wall: pilot, cable, contactor, meter, protection. No protocol."""

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
import math

from .clock import WorldClock
from .defects import Defects
from .meter import Measurement, Meter, Truth
from .vehicle import MIN_CURRENT_A, Vehicle

_STEP_S = 1.0
_AMBIENT_C = 18.0
_RISE_AT_32A_C = 22.0
_WARMS_IN_S = 900.0
_OPENS_UNDER_LOAD_AFTER_S = 6.0  # IEC 61851-1 table A.6, sequence 9.2
_STEADY_STEP_S = 15.0
_IDLE_STEP_S = 60.0


class Fault(StrEnum):
    """What can be wrong inside. Any of them ends the offer and opens the contactor."""

    RCD = "rcd"
    OVER_TEMPERATURE = "over_temperature"
    CONTACTOR_WELDED = "contactor_welded"
    PILOT_SHORT = "pilot_short"
    GROUND = "ground"


class PilotState(StrEnum):
    """The pilot as the charge point measures it (IEC 61851-1 table A.4); 1 without, 2 with a duty cycle."""

    A = "A"
    B1 = "B1"
    B2 = "B2"
    C1 = "C1"
    C2 = "C2"
    E = "E"
    F = "F"

    @property
    def letter(self) -> str:
        """The state without its digit."""
        return self.value[0]


class ChargePoint:
    """One outlet for one vehicle.

    What controls it adds a *limiter*: a function of the instant that gives the current it allows per
    phase, or infinity. The lowest of all limiters, the rating and the cable is offered; less than 6 A
    is no offer.
    """

    def __init__(
        self,
        clock: WorldClock,
        *,
        rated_a: float = 32.0,
        phases: int = 1,
        voltage_v: float = 230.0,
        register_wh: float = 123_456.0,
        noise: float = 0.01,
        seed: int = 1,
        needs_authorisation: bool = False,
    ) -> None:
        if phases not in (1, 3):
            raise ValueError(f"a charge point has 1 or 3 phases, not {phases}")
        self.clock = clock
        self.rated_a = rated_a
        self.phases = phases
        self.allowed_phases = phases
        self.voltage_v = voltage_v
        self.meter = Meter(register_wh=register_wh, noise=noise, seed=seed)
        self.truth = Truth()
        self.defects = Defects()
        self.vehicle: Vehicle | None = None
        self.cable_a: float | None = None
        self.faults: set[Fault] = set()
        self.is_powered = True
        self.is_operative = True
        self.needs_authorisation = needs_authorisation
        self.is_authorised = False
        self.temperature_c = _AMBIENT_C
        self.booted_at = clock.now()
        self.plugged_in_at: datetime | None = None
        self.offered_a = 0.0
        self.limiters: list[Callable[[datetime], float]] = []
        self._listeners: list[Callable[[], None]] = []
        self._has_closed = False
        self._not_offered_for_s = 0.0
        self._lived_until = clock.now()
        self._seen = self._summary()

    # What others may watch

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call ``listener`` when pilot, offer, power flow, faults or supply changed; returns what stops it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def pilot(self) -> PilotState:
        """The pilot state now."""
        if Fault.PILOT_SHORT in self.faults:
            return PilotState.E
        if self.faults or not self.is_operative or not self.is_powered:
            return PilotState.F
        if self.vehicle is None:
            return PilotState.A
        if self.vehicle.is_asking:
            return PilotState.C2 if self.offered_a else PilotState.C1
        return PilotState.B2 if self.offered_a else PilotState.B1

    @property
    def is_contactor_closed(self) -> bool:
        """Whether the vehicle's inlet is live."""
        is_welded = self.defects.welded or Fault.CONTACTOR_WELDED in self.faults
        if is_welded or self.pilot is PilotState.C2:
            return True
        is_ending = self.pilot in (PilotState.C1, PilotState.B1, PilotState.B2)
        return is_ending and self._has_closed and self._not_offered_for_s < _OPENS_UNDER_LOAD_AFTER_S

    @property
    def drawn_a(self) -> float:
        """Current per live phase."""
        if self.vehicle is None or not self.is_contactor_closed:
            return 0.0
        return self.defects.overdraw_a or self.vehicle.drawn_a

    @property
    def live_phases(self) -> int:
        """Phases that carry the current."""
        return 0 if self.vehicle is None else min(self.phases, self.allowed_phases, self.vehicle.phases)

    @property
    def power_w(self) -> float:
        """True power to the vehicle."""
        return self.drawn_a * self.voltage_v * self.live_phases

    @property
    def uptime_s(self) -> float:
        """Seconds since the last boot."""
        return (self.clock.now() - self.booted_at).total_seconds()

    def measure(self) -> Measurement:
        """Read the meter."""
        self.catch_up()
        meter = self.meter
        wired = [phase < self.phases for phase in range(3)]
        current = [meter.noisy(self.drawn_a, 0.5) if phase < self.live_phases else 0.0 for phase in range(3)]
        voltage = [meter.noisy(self.voltage_v, 0.3) for _ in range(3)]
        power = [self.drawn_a * self.voltage_v * (phase < self.live_phases) for phase in range(3)]
        error = meter.noisy(1.0) * (1 + self.defects.power_error)
        return Measurement(
            power_w=sum(power) * error,
            power_per_phase_w=_where(wired, [value * error for value in power]),
            current_a=_where(wired, current),
            voltage_v=_where(wired, voltage),
            register_wh=meter.shown_wh // self.defects.register_step_wh * self.defects.register_step_wh,
            temperature_c=self.temperature_c,
        )

    # What people and accidents do

    def plug_in(self, vehicle: Vehicle, cable_a: float | None = 32.0) -> None:
        """Connect a vehicle; ``cable_a`` is the cable's rating by its proximity resistor."""
        self.catch_up()
        if self.vehicle is not None:
            raise ValueError("there is a vehicle already: unplug it first")
        vehicle.connect()
        self.vehicle = vehicle
        self.cable_a = cable_a
        self.plugged_in_at = self.clock.now()
        self.settle()

    def unplug(self) -> None:
        """Take the cable out, under load if need be. Nothing happens without a vehicle."""
        self.catch_up()
        if self.vehicle is not None:
            self.vehicle.connect()
        self.vehicle = None
        self.cable_a = None
        self.plugged_in_at = None
        self._has_closed = False
        self.settle()

    def raise_fault(self, fault: Fault) -> None:
        """Break something."""
        self.catch_up()
        self.faults.add(fault)
        self.settle()

    def clear_fault(self, fault: Fault | None = None) -> None:
        """Mend one thing, or all."""
        self.catch_up()
        if fault is None:
            self.faults.clear()
        else:
            self.faults.discard(fault)
        self.settle()

    def lose_power(self) -> None:
        """Mains gone: nothing is offered, and what was only in memory is lost by whoever kept it."""
        self.catch_up()
        self.is_powered = False
        self.settle()

    def regain_power(self) -> None:
        """Mains back: the box boots; its energy register has survived."""
        self.catch_up()
        self.is_powered = True
        self.booted_at = self.clock.now()
        self.settle()

    def authorise(self, is_authorised: bool) -> None:
        """Allow or end the supply of energy, where the charge point asks for authorisation."""
        self.catch_up()
        self.is_authorised = is_authorised
        self.settle()

    def set_operative(self, is_operative: bool) -> None:
        """Put in or out of service."""
        self.catch_up()
        self.is_operative = is_operative
        self.settle()

    # Physics

    def catch_up(self) -> None:
        """Live until the clock's present instant."""
        now = self.clock.now()
        while (left_s := (now - self._lived_until).total_seconds()) > 0:
            self._live(min(self._step_s(), left_s))
        self._tell()

    def _step_s(self) -> float:
        """Return how long nothing but registers will change: short steps where something is on its way."""
        if self.vehicle is None:
            return _IDLE_STEP_S
        ends_at = self._lived_until + timedelta(seconds=_STEADY_STEP_S)
        is_offer_steady = self.offered_a == self._compute_offer(self._lived_until) == self._compute_offer(ends_at)
        return _STEADY_STEP_S if is_offer_steady and self.vehicle.is_steady(self.offered_a, _STEADY_STEP_S) else _STEP_S

    def settle(self) -> None:
        """Recompute the offer at once after something outside changed."""
        self.offered_a = self._compute_offer(self._lived_until)
        self.truth.note_power(self._lived_until, self.power_w)
        self._tell()

    async def run(self, every_s: float = 1.0) -> None:
        """Keep living with the clock until cancelled, so that listeners hear of changes in time."""
        while True:
            self.catch_up()
            await self.clock.sleep(max(every_s, 0.1 * self.clock.speed))

    def _live(self, seconds: float) -> None:
        self.offered_a = self._compute_offer(self._lived_until)
        if self.vehicle is not None:
            self.vehicle.advance(self.offered_a, seconds)
            self._switch_contactor(seconds)
            self.truth.note_power(self._lived_until, self.power_w)
            energy_wh = self.power_w * seconds / 3600
            self.vehicle.take(energy_wh)
            self.meter.count(energy_wh)
            self.truth.energy_wh += energy_wh
        self._warm(seconds)
        self._lived_until += timedelta(seconds=seconds)

    def _switch_contactor(self, seconds: float) -> None:
        self._not_offered_for_s = 0.0 if self.offered_a else self._not_offered_for_s + seconds
        if self.pilot is PilotState.C2:
            self._has_closed = True
        elif self.vehicle is not None and (self.vehicle.drawn_a == 0 or not self.is_contactor_closed):
            self._has_closed = False
            self.vehicle.drawn_a = 0.0

    def _compute_offer(self, now: datetime) -> float:
        may_supply = self.is_powered and self.is_operative and not self.faults and self.vehicle is not None
        if not may_supply or (self.needs_authorisation and not self.is_authorised):
            return 0.0
        cable_a = math.inf if self.cable_a is None else self.cable_a
        allowed_a = min(self.rated_a, cable_a, *(limiter(now) for limiter in self.limiters))
        return allowed_a if allowed_a >= MIN_CURRENT_A else 0.0

    def _warm(self, seconds: float) -> None:
        ambient_c = _AMBIENT_C if self.defects.ambient_c is None else self.defects.ambient_c
        target_c = ambient_c + _RISE_AT_32A_C * (self.drawn_a / 32) ** 2
        self.temperature_c += (target_c - self.temperature_c) * min(1.0, seconds / _WARMS_IN_S)

    def _summary(self) -> tuple[object, ...]:
        return (
            self.pilot,
            self.offered_a,
            self.drawn_a > 0,
            frozenset(self.faults),
            self.is_powered,
            self.is_operative,
            self.is_authorised,
        )

    def _tell(self) -> None:
        seen = self._summary()
        if seen == self._seen:
            return
        self._seen = seen
        for listener in tuple(self._listeners):
            listener()


def _where(wired: list[bool], values: list[float]) -> tuple[float | None, float | None, float | None]:
    first, second, third = (value if is_wired else None for is_wired, value in zip(wired, values, strict=True))
    return first, second, third
