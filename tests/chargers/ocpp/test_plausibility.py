"""Kilowatt-hours called watt-hours, watts called kilowatts, and the reverse."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
import json
from typing import Any

import pytest

from custom_components.smart_charge.chargers.ocpp.memory import Memory
from custom_components.smart_charge.chargers.ocpp.plausibility import RegisterScale, plausible_power

from .peer import Peer, Site, stamp

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def value(measurand: str, said: object, unit: str | None = None) -> dict[str, Any]:
    sample = {"measurand": measurand, "value": str(said)}
    return sample if unit is None else sample | {"unit": unit}


async def send(peer: Peer, transaction_id: int, *values: Mapping[str, Any]) -> None:
    meter_value = [{"timestamp": stamp(), "sampledValue": list(values)}]
    await peer.ask("MeterValues", {"connectorId": 1, "transactionId": transaction_id, "meterValue": meter_value})


@pytest.mark.requirement("9.1")
@pytest.mark.parametrize(
    ("said", "unit"), [(7.36, "W"), (7.36, None), (7360, "kW"), (7360, "W"), (7.36, "kW")], ids=str
)
async def test_power_is_told_by_current_times_voltage(site: Site, said: float, unit: str | None) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    transaction_id = (await peer.start())["transactionId"]
    current, voltage = value("Current.Import", 32, "A"), value("Voltage", 230, "V")
    await send(peer, transaction_id, value("Power.Active.Import", said, unit), current, voltage)
    assert charger.reading is not None
    assert charger.reading.power_w == pytest.approx(7360)


@pytest.mark.parametrize(
    ("power_w", "apparent_w", "meant_w"),
    [
        (0, 7360, 0), (7360, None, 7360), (7_360_000, None, 7360), (1, 900, 1), (-7.2, 7200, -7200), (4, 7360, 4000),
        (1000, 7360, 1000), (9e7, None, 9e4), (9e8, None, None),
    ],
)  # fmt: skip
def test_power_is_corrected_only_by_a_thousand(power_w: float, apparent_w: float | None, meant_w: float | None) -> None:
    assert plausible_power(power_w, apparent_w) == meant_w


@pytest.mark.requirement("9.1")
@pytest.mark.parametrize(
    ("first", "then", "unit"), [(1234.567, 1234.6, "Wh"), (1_234_567, 1_234_600, "kWh"), (1_234_567, 1_234_600, "Wh")]
)
async def test_a_register_is_told_by_the_one_that_the_transaction_began_with(
    site: Site, first: float, then: float, unit: str
) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    transaction_id = (await peer.start(meter=1_234_567))["transactionId"]
    for register in (first, then):
        await send(peer, transaction_id, value("Energy.Active.Import.Register", register, unit))
    assert charger.reading is not None
    assert charger.reading.import_wh == 1_234_600


async def save(memory: Mapping[str, Any]) -> None:
    json.dumps(memory)


@pytest.mark.parametrize(("per_wh", "factor"), [(0.001, 1000), (1000, 0.001), (1, 1), (0.9, 1), (0.0, 1)])
def test_a_register_is_told_by_what_the_power_adds_up_to(per_wh: float, factor: float) -> None:
    scale = RegisterScale(Memory({}, save), lambda _word: None)
    for minute in range(20):
        scale.scaled(5000 + 120 * minute * per_wh, 7200, NOON + timedelta(minutes=minute))
    assert scale.factor == factor


def test_silence_says_nothing_of_a_register() -> None:
    scale = RegisterScale(Memory({}, save), lambda _word: None)
    for hour in range(20):
        scale.scaled(5000 + 7 * hour, 7200, NOON + timedelta(hours=hour))
    assert scale.factor == 1


async def test_what_was_learnt_of_a_register_is_kept_until_the_firmware_is_another(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    await peer.boot(firmwareVersion="1")
    transaction_id = (await peer.start(meter=1_234_567))["transactionId"]
    await send(peer, transaction_id, value("Energy.Active.Import.Register", 1234.567, "Wh"))
    await peer.boot(firmwareVersion="1")
    assert site.saved["register"] == {"factor": 1000.0}
    await peer.boot(firmwareVersion="2")
    assert site.saved["register"] == {}
