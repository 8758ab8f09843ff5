"""What one connector last said, kept together as a Reading."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
import math

from ...charging.model import NO_PHASES, ConnectorStatus, Fault, PerPhase, Reading
from ..charger import Clock
from .measurands import Measurand, Sample, latest, per_phase, total, voltages
from .plausibility import RegisterScale, plausible_power
from .profiles import VOLTS
from .registers import Registers
from .said import StatusSaid
from .wire_time import Watermark

IDLE = (ConnectorStatus.AVAILABLE, ConnectorStatus.PREPARING, ConnectorStatus.FINISHING, ConnectorStatus.RESERVED)
"""States in which no current flows, whatever the last meter value was."""

LIVE_VOLTAGE_V = 50.0


class Snapshot:
    """Replaces its Reading whole with everything that is heard."""

    def __init__(
        self,
        clock: Clock,
        scale: RegisterScale,
        registers: Registers,
        changed: Callable[[], None],
        sampled: Callable[[], None],
    ) -> None:
        self.reading: Reading | None = None
        self.phases: int | None = None
        self.warning: str | None = None
        self.info: str | None = None
        self.unit_fault: Fault | None = None
        self.has_registers_of_its_own = False
        self.values_heard = 0
        self._clock = clock
        self._scale = scale
        self._registers_told = registers
        self._changed = changed
        self._sampled = sampled
        self._statuses = Watermark()
        self._measurements = Watermark()
        self._status_fault: Fault | None = None
        self._register_at: datetime | None = None
        self._intervals: deque[float] = deque(maxlen=10)
        self._arrived_at: datetime | None = None

    @property
    def status(self) -> ConnectorStatus | None:
        """The connector's last state."""
        return self.reading.status if self.reading else None

    @property
    def interval_s(self) -> float | None:
        """How far apart meter values really come: the middle one of the last ten intervals."""
        return sorted(self._intervals)[len(self._intervals) // 2] if len(self._intervals) >= 3 else None

    def _replace(self, **changes: object) -> None:
        now = self._clock()
        base = self.reading or Reading(taken_at=now)
        self.reading = replace(base, taken_at=now, fault=self._status_fault or self.unit_fault, **changes)  # type: ignore[arg-type]
        self._changed()

    def heard_status(self, said: StatusSaid) -> bool:
        """Hear the connector's state; false when it is older than what we know."""
        if not self._statuses.is_news(said.at):
            return False
        self._status_fault, self.warning, self.info = said.fault, said.warning, said.info
        if said.status is None:
            self._replace()
            return True
        self._replace(status=said.status, **(self._nothing_flows() if said.status in IDLE else {}))
        return True

    def heard_unit(self, said: StatusSaid) -> None:
        """Hear the whole charge point's state: its fault is ours, its availability is not (quirk Q37)."""
        newest = self._statuses.newest
        if said.fault is not None and newest is not None and said.at < newest:
            return
        if self.unit_fault != said.fault:
            self.unit_fault = said.fault
            self._replace()

    def firmware_changed(self) -> None:
        """Hear that what was learnt of its meter holds no more."""
        self._scale.forget()

    def transaction_ended(self) -> None:
        """Nothing flows any more, and no lease holds."""
        self._replace(setpoint_a=None, offered_a=None, **self._nothing_flows())

    def holds(self, setpoint_a: float | None) -> None:
        """Note what was read back of the setpoint."""
        if self.reading is not None and self.reading.setpoint_a != setpoint_a:
            self._replace(setpoint_a=setpoint_a)

    def started(self, wh: int | None, at: datetime) -> None:
        """Hear the register at the beginning of a transaction."""
        self._scale.started(wh)
        self.register(wh, at)

    def register(self, wh: int | None, at: datetime) -> None:
        """Hear a register that a start or stop of a transaction told, unless it would take ours back."""
        if wh is None or (self._register_at is not None and at < self._register_at):
            return
        known = self.reading.import_wh if self.reading else None
        if known is None or wh > known:
            self._register_at = at
            before = self.reading.measured_at if self.reading else None
            # The first may be of the past, a beginning that was told late. What was measured since was no register.
            self._replace(import_wh=wh, measured_at=at if known is None or before is None else max(at, before))

    def measured(self, found: Iterable[Sample]) -> None:
        """Meter values. Older ones than the newest known change nothing that is live."""
        fresh = list(found)
        if not fresh:
            return
        newest_at = max(sample.at for sample in fresh)
        if not self._measurements.is_news(newest_at):
            return
        self._note_interval()
        self.values_heard += 1
        values: dict[Measurand, dict[str | None, float]] = {}
        for (measurand, phase), sample in latest(fresh).items():
            values.setdefault(measurand, {})[phase] = sample.value
        changes = self._changes(values, newest_at) | self._intervals_of(fresh)
        if "import_wh" in changes:
            self._register_at = newest_at
        if changes:
            self._replace(measured_at=min(newest_at, self._clock()), **changes)
            self._sampled()

    def knows_no_register_after(self, at: datetime) -> bool:
        """Whether the register was last told by then."""
        return self._register_at is not None and self._register_at <= at

    def forget_register(self) -> None:
        """Believe no register until it is told again: what flowed meanwhile was not the next vehicle's."""
        if self.reading is not None:
            self.reading = replace(self.reading, import_wh=None, export_wh=None)

    def measurements_grew_old(self) -> None:
        """Forget what flows. The register stays: it counts on from where it was."""
        reading = self.reading
        if reading is not None and (reading.power_w, reading.current_a, reading.offered_a) != (None, NO_PHASES, None):
            self._replace(power_w=None, current_a=NO_PHASES, voltage_v=NO_PHASES, offered_a=None)

    def _note_interval(self) -> None:
        now = self._clock()
        if self._arrived_at is not None:
            self._intervals.append((now - self._arrived_at).total_seconds())
        self._arrived_at = now

    def _changes(self, values: dict[Measurand, dict[str | None, float]], at: datetime) -> dict[str, object]:
        """Return the fields of a Reading that these values tell."""
        changes: dict[str, object] = {}
        if Measurand.VOLTAGE in values:
            changes["voltage_v"] = found = voltages(values[Measurand.VOLTAGE])
            if any(value is not None and value > LIVE_VOLTAGE_V for value in found):
                self.phases = 3 if sum(value is not None and value > LIVE_VOLTAGE_V for value in found) == 3 else 1
        if Measurand.CURRENT in values:
            changes["current_a"] = per_phase(values[Measurand.CURRENT])
        if (power := self._power(values, changes)) is not None:
            changes["power_w"] = power
        if (offered := self._offered(values)) is not None:
            changes["offered_a"] = offered
        if Measurand.TEMPERATURE in values:
            changes["temperature_c"] = max(values[Measurand.TEMPERATURE].values())
        return changes | self._registers(values, power, at)

    def _registers(
        self, values: dict[Measurand, dict[str | None, float]], power_w: float | None, at: datetime
    ) -> dict[str, object]:
        """Return the registers that these values tell, in watt-hours."""
        found: dict[str, object] = {}
        if (register := total(values.get(Measurand.IMPORT, {}))) is not None:
            found["import_wh"] = wh = round(self._scale.scaled(register, power_w, at))
            self._registers_told.showed(wh)
            self.has_registers_of_its_own = True
        if (register := total(values.get(Measurand.EXPORT, {}))) is not None:
            found["export_wh"] = round(register * self._scale.factor)
        return found

    def _intervals_of(self, found: Iterable[Sample]) -> dict[str, object]:
        """Return the register that intervals make where there is none."""
        if self.has_registers_of_its_own:
            return {}
        wh = self._registers_told.added(found, self.reading.import_wh if self.reading else None)
        return {} if wh is None else {"import_wh": wh}

    def _power(self, values: dict[Measurand, dict[str | None, float]], changes: dict[str, object]) -> float | None:
        """Work out what flows: as measured, or from current and voltage."""
        taken = total(values.get(Measurand.POWER_IMPORT, {}))
        given = total(values.get(Measurand.POWER_EXPORT, {}))
        apparent = self._apparent(changes)
        if taken is not None or given is not None:
            return plausible_power((taken or 0.0) - (given or 0.0), apparent)
        return apparent

    def _apparent(self, changes: dict[str, object]) -> float | None:
        """Return current times voltage, of phases with current."""
        if "current_a" not in changes:
            return None
        currents: PerPhase = changes["current_a"]  # type: ignore[assignment]
        volts: PerPhase = changes.get("voltage_v", self.reading.voltage_v if self.reading else NO_PHASES)  # type: ignore[assignment]
        first = next((value for value in volts if value is not None and value > LIVE_VOLTAGE_V), float(VOLTS))
        return math.fsum(
            current * (volt if volt is not None and volt > LIVE_VOLTAGE_V else first)
            for current, volt in zip(currents, volts, strict=True)
            if current is not None
        )

    def _offered(self, values: dict[Measurand, dict[str | None, float]]) -> float | None:
        """Read what it allows the vehicle, in ampere per phase."""
        if found := values.get(Measurand.CURRENT_OFFERED):
            return max(found.values())
        offered = total(values.get(Measurand.POWER_OFFERED, {}))
        return None if offered is None or self.phases is None else round(offered / VOLTS / self.phases, 1)

    def _nothing_flows(self) -> dict[str, object]:
        reading = self.reading
        if reading is None:
            return {}
        changes: dict[str, object] = {}
        if reading.power_w is not None:
            changes["power_w"] = 0.0
        changes["current_a"] = tuple(None if value is None else 0.0 for value in reading.current_a)
        return changes
