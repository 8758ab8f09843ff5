"""Any words in: an answer for each call, no failure of ours, and the link stays."""

from dataclasses import replace
import json
from typing import Any

from hypothesis import given, settings, strategies as st
import pytest

from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.chargers.ocpp.schemas import complaint
from custom_components.smart_charge.chargers.ocpp.tags import TagStatus
from custom_components.smart_charge.chargers.ocpp.v16 import HANDLERS
from tests.waiting import until

from .peer import QUICK, Site, now
from .test_words import json_values

NAMES = (
    "connectorId", "idTag", "meterStart", "meterStop", "timestamp", "transactionId", "meterValue", "sampledValue",
    "value", "unit", "measurand", "phase", "context", "location", "format", "status", "errorCode", "info", "reason",
    "vendorErrorCode", "transactionData", "chargePointVendor", "chargePointSerialNumber", "firmwareVersion",
)  # fmt: skip
WORDS = (
    "", "1", "-1", "NaN", "1e999", "0,5", "L1", "Wh", "kWh", "Voltage", "Power.Active.Import",
    "Energy.Active.Import.Register",
    "Faulted", "Charging", "Available", "Preparing", "2026-11-21T10:00:00Z", "1970-01-01T00:00:00Z", "Transaction.End",
)  # fmt: skip

plausible = st.recursive(
    json_values | st.sampled_from(WORDS) | st.integers(-2, 3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8),
    max_leaves=20,
)
payloads = st.dictionaries(st.sampled_from(NAMES), plausible, max_size=10)


async def save(_memory: Any) -> None:
    json.dumps(_memory)


@settings(max_examples=25)
@given(conversation=st.lists(st.tuples(st.sampled_from(sorted(HANDLERS)), payloads), min_size=1, max_size=12))
async def test_any_conversation_is_answered_by_the_schema(conversation: list[tuple[str, dict[str, Any]]]) -> None:
    charger = OcppCharger(
        "CP1", verify=None, clock=now, memory={}, save=save, authorise=lambda _tag: TagStatus.INVALID,
        next_transaction_id=counter(), start_without_tag=True, id_tag="smart",
    )  # fmt: skip
    for action, payload in conversation:
        said = await charger.answer(action, payload)
        assert complaint(f"{action}Response", said) is None
    json.dumps(charger.diagnostics())
    reading = charger.reading
    assert reading is None or reading.import_wh is None or 0 <= reading.import_wh <= 1e12


def counter() -> Any:
    state = [0]

    async def following() -> int:
        state[0] += 1
        return state[0]

    return following


@pytest.mark.parametrize("timings", [replace(QUICK, call_s=5, slow_call_s=5)])
async def test_any_frames_leave_the_link_alive(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    frames = [
        value
        for seed in range(60)
        for value in (
            [
                2,
                seed,
                sorted(HANDLERS)[seed % len(HANDLERS)],
                {"connectorId": seed, "meterValue": [{"sampledValue": [{}]}]},
            ],
            [seed, "x", {}],
            [3, seed, None],
            [4, seed],
            {"2": seed},
        )
    ]
    for frame in frames:
        await peer.send_raw(frame)
    await peer.send_raw([2, "last", "Heartbeat", {}])
    await until(lambda: "last" in peer.answers)
    assert charger.counts["handler_failures"] == 0
