"""MeterValues as a charge point writes them."""

from typing import Any

from .charge_point import ChargePoint
from .ocpp_behaviour import Behaviour

_UNITS = {
    "Energy.Active.Import.Register": "Wh",
    "Power.Active.Import": "W",
    "Power.Offered": "W",
    "Current.Import": "A",
    "Current.Offered": "A",
    "Voltage": "V",
    "SoC": "Percent",
    "Temperature": "Celsius",
}


def sampled_values(
    charge_point: ChargePoint, measurands: list[str], *, context: str, register_wh: int, behaviour: Behaviour
) -> list[dict[str, Any]]:
    """Write the ``sampledValue`` list of one instant."""
    shown = charge_point.measure()
    vehicle = charge_point.vehicle
    singles = {
        "Energy.Active.Import.Register": float(register_wh),
        "Power.Active.Import": shown.power_w,
        "Current.Offered": charge_point.offered_a,
        "Power.Offered": charge_point.offered_a * charge_point.voltage_v * charge_point.live_phases,
        "SoC": None if vehicle is None else vehicle.soc * 100,
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
    text = str(round(value)) if measurand.endswith("Register") else f"{value:.2f}"
    written: Any = {
        "plain": text,
        "comma": text.replace(".", ","),
        "nan": "NaN",
        "empty": "",
    }[behaviour.value_style]
    if behaviour.number_values:
        written = float(text)
    sample = {"value": written, "context": context, "measurand": measurand, "location": "Outlet"}
    if measurand in _UNITS:
        sample["unit"] = _UNITS[measurand]
    return sample
