"""Sampled values to numbers in SI units, and numbers per phase to one (OCPP 1.6 section 7.31 to 7.36)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import math
from typing import Any

from .fields import number, objects, text


class Measurand(StrEnum):
    """What we use of what can be measured."""

    IMPORT = "Energy.Active.Import.Register"
    EXPORT = "Energy.Active.Export.Register"
    INTERVAL = "Energy.Active.Import.Interval"
    POWER_IMPORT = "Power.Active.Import"
    POWER_EXPORT = "Power.Active.Export"
    CURRENT = "Current.Import"
    CURRENT_OFFERED = "Current.Offered"
    POWER_OFFERED = "Power.Offered"
    VOLTAGE = "Voltage"
    TEMPERATURE = "Temperature"
    SOC = "SoC"


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One sampled value: Wh, W, A, V or degrees Celsius."""

    measurand: Measurand
    value: float
    phase: str | None
    context: str
    at: datetime


_FACTORS = {"": 1.0, "k": 1e3, "m": 1e-3}

_UNITS: Mapping[Measurand, str] = {
    Measurand.IMPORT: "wh",
    Measurand.EXPORT: "wh",
    Measurand.INTERVAL: "wh",
    Measurand.POWER_IMPORT: "w",
    Measurand.POWER_EXPORT: "w",
    Measurand.POWER_OFFERED: "w",
    Measurand.CURRENT: "a",
    Measurand.CURRENT_OFFERED: "a",
    Measurand.VOLTAGE: "v",
}

_RANGES: Mapping[Measurand, tuple[float, float]] = {
    Measurand.IMPORT: (0, 1e12),
    Measurand.EXPORT: (0, 1e12),
    Measurand.INTERVAL: (0, 1e6),
    Measurand.POWER_IMPORT: (-1e8, 1e8),
    Measurand.POWER_EXPORT: (-1e8, 1e8),
    Measurand.POWER_OFFERED: (0, 1e6),
    Measurand.CURRENT: (-1000, 1000),
    Measurand.CURRENT_OFFERED: (0, 1000),
    Measurand.VOLTAGE: (0, 1000),
    Measurand.TEMPERATURE: (-60, 200),
    Measurand.SOC: (0, 100),
}
"""What lies outside is a fault of the wire or the meter, not a measurement (0xFFFF, 1e38, minus one)."""

_BY_NAME = {item.value.casefold(): item for item in Measurand}
_PHASES = {"l1", "l2", "l3", "n", "l1-n", "l2-n", "l3-n", "l1-l2", "l2-l3", "l3-l1"}
_LOCATIONS = {None, "outlet"}


def samples(
    meter_values: object, instant: Callable[[object], datetime], count: Callable[[str], None]
) -> tuple[Sample, ...]:
    """Every value that we can use, oldest first; what we cannot is counted.

    ``instant`` turns a time as written into one by our clock.
    """
    found: list[Sample] = []
    for meter_value in objects(meter_values):
        at = instant(meter_value.get("timestamp"))
        for sampled in objects(meter_value.get("sampledValue")):
            sample = _sample(sampled, at, count)
            if sample is not None:
                found.append(sample)
    return tuple(sorted(found, key=lambda item: item.at))


def _sample(sampled: Mapping[str, Any], at: datetime, count: Callable[[str], None]) -> Sample | None:
    if text(sampled, "format", 20) == "SignedData":
        return None
    name = text(sampled, "measurand", 60) or Measurand.IMPORT.value
    measurand = _BY_NAME.get(name.casefold())
    phase = text(sampled, "phase", 10)
    if measurand is None and "." in name:  # ``Voltage.L1``
        base, _, suffix = name.rpartition(".")
        measurand, phase = _BY_NAME.get(base.casefold()), phase or suffix
    if measurand is None:
        count("unused_measurand")
        return None
    if not _is_here(measurand, text(sampled, "location", 20)):
        return None
    if phase is not None and phase.casefold() not in _PHASES:
        count("unknown_phase")
        return None
    value = _scaled(measurand, number(sampled.get("value")), text(sampled, "unit", 20))
    if value is None:
        count("unusable_value")
        return None
    context = text(sampled, "context", 30) or "Sample.Periodic"
    return Sample(measurand=measurand, value=value, phase=phase.upper() if phase else None, context=context, at=at)


def _is_here(measurand: Measurand, location: str | None) -> bool:
    """Outlet is ours; Inlet is the whole unit's. Temperature may be the body's, charge the vehicle's."""
    if measurand is Measurand.TEMPERATURE:
        return location is None or location.casefold() in ("body", "cable", "outlet")
    if measurand is Measurand.SOC:
        return True
    return (location.casefold() if location else None) in _LOCATIONS


def _scaled(measurand: Measurand, value: float | None, unit: str | None) -> float | None:
    if value is None:
        return None
    scaled: float | None = value
    if measurand is Measurand.TEMPERATURE:
        scaled = _celsius(value, unit)
    elif unit is not None and measurand in _UNITS:
        folded, base = unit.casefold(), _UNITS[measurand]
        prefix = folded.removesuffix(base)
        factor = _FACTORS.get(prefix) if folded.endswith(base) else None
        scaled = None if factor is None else value * factor
    low, high = _RANGES[measurand]
    return scaled if scaled is not None and low <= scaled <= high else None


def _celsius(value: float, unit: str | None) -> float:
    match (unit or "c").casefold()[:1]:
        case "f":
            return (value - 32) / 1.8
        case "k":
            return value - 273.15
    return value


# Phases to one number


def latest(found: Iterable[Sample]) -> dict[tuple[Measurand, str | None], Sample]:
    """Each measurand's newest value per phase. A closing value beats a periodic one of the same time."""
    newest: dict[tuple[Measurand, str | None], Sample] = {}
    for sample in found:
        key = (sample.measurand, sample.phase)
        held = newest.get(key)
        if held is None or sample.at > held.at or (sample.at == held.at and _rank(sample) >= _rank(held)):
            newest[key] = sample
    return newest


def _rank(sample: Sample) -> int:
    match sample.context:
        case "Transaction.Begin" | "Interruption.Begin":
            return 0
        case "Transaction.End" | "Interruption.End":
            return 2
    return 1


def total(values: Mapping[str | None, float]) -> float | None:
    """Return the sum of the phases, unless the total was given. One family of phases only."""
    if None in values:
        return values[None]
    for family in (("L1", "L2", "L3"), ("L1-N", "L2-N", "L3-N")):
        parts = [values[phase] for phase in family if phase in values]
        if parts:
            return math.fsum(parts)
    return None


def register_of(found: Iterable[Sample]) -> float | None:
    """Return the newest register of what was taken, as it was told."""
    newest = latest(item for item in found if item.measurand is Measurand.IMPORT)
    return total({phase: item.value for (_, phase), item in newest.items()})


def per_phase(values: Mapping[str | None, float]) -> tuple[float | None, float | None, float | None]:
    """One value for each of L1 to L3. A value without phase is the first's."""
    first, second, third = (values.get(phase, values.get(f"{phase}-N")) for phase in ("L1", "L2", "L3"))
    if first is None and second is None and third is None:
        return values.get(None), None, None
    return first, second, third


def voltages(values: Mapping[str | None, float]) -> tuple[float | None, float | None, float | None]:
    """Voltage to neutral per phase; from the voltages between phases only if there is nothing else."""
    found = per_phase(values)
    if any(value is not None for value in found):
        return found
    between = (values.get(pair) for pair in ("L1-L2", "L2-L3", "L3-L1"))
    first, second, third = (None if value is None else value / math.sqrt(3) for value in between)
    return first, second, third
