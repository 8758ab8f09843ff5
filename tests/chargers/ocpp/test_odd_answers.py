"""Whatever a charge point answers to our questions, it is asked on, and charges once it answers sense."""

from contextlib import suppress
import json
from typing import Any

import pytest

from custom_components.smart_charge.chargers.charger import ChargerError
from tests.waiting import until

from .peer import Peer, Site

ODD: list[str] = [
    "null", "[]", "7", '"Accepted"', "true", "{}", '{"status": null}', '{"status": 5}', '{"status": ["Accepted"]}',
    '{"status": {"a": 1}}', '{"configurationKey": 7, "unknownKey": 7}', '{"configurationKey": null}',
    '{"configurationKey": [null, 7, {}, {"key": null}, {"key": 1e300, "value": {}}, {"key": "\\u0000"}]}',
    '{"configurationKey": [{"key": "ChargeProfileMaxStackLevel", "value": "-1e300", "readonly": "no"}]}',
    '{"configurationKey": [{"key": "MeterValueSampleInterval", "value": 1e308}]}',
    '{"configurationKey": [{"key": "GetConfigurationMaxKeys", "value": "-5"}]}',
    '{"configurationKey": [{"key": "SendLocalListMaxLength", "value": "-5"}]}',
    '{"configurationKey": [{"key": "ChargingScheduleMaxPeriods", "value": "-5"}]}',
    '{"configurationKey": {"key": "ChargingScheduleAllowedChargingRateUnit", "value": ",,Furlong"}}',
    '{"listVersion": "x"}', '{"listVersion": 9223372036854775807, "status": "Accepted"}', '{"listVersion": 1e308}',
    '{"status": "Accepted", "chargingSchedule": 7}',
    '{"status": "Accepted", "chargingSchedule": {"chargingSchedulePeriod": [{"limit": 1e308}]}}',
    '{"status": "Accepted", "chargingSchedule": {"chargingRateUnit": [], "chargingSchedulePeriod": [{"limit": []}]}}',
    '{"status": "Accepted", "chargingSchedule": {"chargingRateUnit": "W", "chargingSchedulePeriod": {"limit": -1}}}',
]  # fmt: skip


def answer_all_with(peer: Peer, odd: str) -> None:
    async def reply(frame: list[Any]) -> None:
        await peer.send_raw(f"[3,{json.dumps(frame[1])},{odd}]")

    peer._reply = reply  # type: ignore[method-assign]


def limit_of(profile: dict[str, Any]) -> Any:
    return profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]


@pytest.mark.parametrize("odd", ODD)
async def test_odd_answers_to_everything_stop_nothing(site: Site, odd: str) -> None:
    charger = site.charger(start_without_tag=True)
    site.run(charger)
    peer = await site.peer()
    as_it_should = peer._reply
    answer_all_with(peer, odd)
    await peer.boot()
    await peer.status("Charging")
    await peer.start()
    charger._parts.lease.wanted_a = 10
    await until(lambda: charger._parts.bench.has_been_asked)
    await until(lambda: peer.called("SetChargingProfile"))
    peer._reply = as_it_should  # type: ignore[method-assign]
    with suppress(ChargerError):
        await charger.apply(12)
    await until(lambda: peer.leases and limit_of(peer.leases[-1]) in (12, 12 * 230))
    assert not site.tasks[0].done()
    assert peer.called("GetLocalListVersion")
    assert charger.counts["handler_failures"] == 0
    json.dumps(charger.diagnostics())


async def test_an_answer_without_payload_leads_to_the_next_rung(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    await peer.boot()
    await peer.status("Charging")
    await peer.start()
    await until(lambda: charger.connection is not None)
    good = peer._reply

    async def reply(frame: list[Any]) -> None:
        if frame[2] == "SetChargingProfile" and frame[3]["csChargingProfiles"]["stackLevel"] > 0:
            await peer.send_raw([3, frame[1]])
        else:
            await good(frame)

    peer._reply = reply  # type: ignore[method-assign]
    await charger.apply(10)
    assert peer.leases[-1]["stackLevel"] == 0
