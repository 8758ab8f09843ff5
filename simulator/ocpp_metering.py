"""MeterValues: when a charge point samples, and how it writes what it sampled."""

from typing import TYPE_CHECKING, Any

from .charge_point import ChargePoint
from .ocpp_behaviour import Behaviour

if TYPE_CHECKING:
    from .ocpp_client import OcppClient

_REGISTER = "Energy.Active.Import.Register"
_UNITS = {
    _REGISTER: "Wh",
    "Power.Active.Import": "W",
    "Power.Offered": "W",
    "Current.Import": "A",
    "Current.Offered": "A",
    "Voltage": "V",
    "SoC": "Percent",
    "Temperature": "Celsius",
}


class Metering:
    """Samples for one client: periodically in a transaction, aligned to the clock, and when asked."""

    def __init__(self, client: OcppClient) -> None:
        self._client = client
        self._session_began_wh = 0.0
        self._samples = 0

    @property
    def register_wh(self) -> int:
        """The register as this charge point writes it."""
        box = self._client.charge_point
        register = box.meter.register_wh
        shown = int(register - self._session_began_wh if self._client.behaviour.register_per_session else register)
        return shown // box.defects.register_step_wh * box.defects.register_step_wh

    def begin_session(self) -> None:
        """Note where a register that counts per session begins."""
        self._session_began_wh = self._client.charge_point.meter.register_wh

    async def run_periodic(self) -> None:
        """Sample every MeterValueSampleInterval while a transaction runs, until cancelled."""
        settings = self._client.configuration
        while True:
            interval_s = settings.whole("MeterValueSampleInterval")
            is_due = await self._client.rest(interval_s or 3600)
            if is_due and interval_s and self._client.sessions.running is not None:
                self.queue("Sample.Periodic", settings.get("MeterValuesSampledData"))

    async def run_aligned(self) -> None:
        """Sample at each multiple of ClockAlignedDataInterval since midnight, until cancelled."""
        settings = self._client.configuration
        while True:
            interval_s = settings.whole("ClockAlignedDataInterval")
            if not interval_s:
                await self._client.rest(3600)
                continue
            now = self._client.clock.now()
            past_midnight_s = (now - now.replace(hour=0, minute=0, second=0, microsecond=0)).total_seconds()
            if await self._client.rest(interval_s - past_midnight_s % interval_s):
                self.queue("Sample.Clock", settings.get("MeterValuesAlignedData"))

    def queue(self, context: str, measurands: str) -> None:
        """Sample now and queue the message; nothing without power or measurands."""
        client = self._client
        if not client.charge_point.is_powered or not measurands:
            return
        connector_id = client.behaviour.meter_connector_id
        payload = {
            "connectorId": client.connector_id if connector_id is None else connector_id,
            "meterValue": [self.sample(measurands, context)],
        }
        client.sessions.queue("MeterValues", payload)

    def sample(self, measurands: str, context: str) -> dict[str, Any]:
        """Write one ``meterValue``."""
        client = self._client
        client.charge_point.catch_up()  # a register is as old as its time stamp says
        self._samples += 1
        dips = client.behaviour.dips_every and self._samples % client.behaviour.dips_every == 0
        names = ["Power.Active.Import"] if client.behaviour.watts_only else measurands.split(",")
        values = _sampled_values(client.charge_point, names, context, 0 if dips else self.register_wh, client.behaviour)
        return {"timestamp": client.stamp(), "sampledValue": values}


def _sampled_values(
    box: ChargePoint, measurands: list[str], context: str, register_wh: int, behaviour: Behaviour
) -> list[dict[str, Any]]:
    shown = box.measure()
    singles = {
        _REGISTER: float(register_wh),
        "Power.Active.Import": shown.power_w,
        "Current.Offered": box.offered_a,
        "Power.Offered": box.offered_a * box.voltage_v * box.live_phases,
        "SoC": None if box.vehicle is None else box.vehicle.soc * 100,
        "Temperature": shown.temperature_c,
        "Frequency": shown.frequency_hz,
        "Power.Factor": 0.99,
    }
    phased = {"Current.Import": (shown.current_a, "L{}"), "Voltage": (shown.voltage_v, "L{}-N")}
    values: list[dict[str, Any]] = []
    for measurand in measurands:
        if measurand in phased:
            per_phase, name = phased[measurand]
            for number, value in enumerate(per_phase, 1):
                if value is not None:
                    values.append(_value(measurand, value, context, behaviour) | {"phase": name.format(number)})
        elif (single := singles.get(measurand)) is not None:
            values.append(_value(measurand, single, context, behaviour))
    if behaviour.unknown_measurands:
        values.append({"value": "7", "measurand": "Mood.Of.Charger", "unit": "smiles", "context": context})
        values.append({"value": "50.0", "measurand": "Frequency", "unit": "Hz", "context": context})
    return values


def _value(measurand: str, value: float, context: str, behaviour: Behaviour) -> dict[str, Any]:
    plain = str(round(value)) if measurand == _REGISTER else f"{value:.2f}"
    styles = {"plain": plain, "comma": plain.replace(".", ","), "nan": "NaN", "empty": ""}
    written = float(plain) if behaviour.number_values else styles[behaviour.value_style]
    sample = {"value": written, "context": context, "measurand": measurand, "location": "Outlet"}
    return sample | ({"unit": _UNITS[measurand]} if measurand in _UNITS else {})
