"""Meter values that stop coming are asked for, and not shown for ever."""

import asyncio
from typing import Any

from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.charging.model import NO_PHASES
from tests.waiting import until

from .peer import Peer, Site


async def meet(site: Site, status: str = "Charging") -> tuple[OcppCharger, Peer]:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings["MeterValueSampleInterval"] = "0"
    peer.replies["ChangeConfiguration"] = {"status": "Rejected"}
    await peer.boot()
    await peer.status(status)
    await until(lambda: charger.connection is not None)
    return charger, peer


def asked(peer: Peer) -> int:
    return sum(call["requestedMessage"] == "MeterValues" for call in peer.called("TriggerMessage"))


async def test_a_power_that_is_not_told_any_more_is_not_shown_any_more(site: Site) -> None:
    charger, peer = await meet(site)
    peer.replies["TriggerMessage"] = {"status": "Rejected"}
    await peer.meter(None, Power_Active_Import=7000, Current_Import=30, Energy_Active_Import_Register=1234)
    assert charger.reading is not None
    assert charger.reading.power_w == 7000
    await until(lambda: charger.reading is not None and charger.reading.power_w is None)
    assert charger.reading.current_a == NO_PHASES
    assert charger.reading.import_wh == 1234
    await peer.meter(None, Power_Active_Import=6000)
    assert charger.reading.power_w == 6000


async def test_meter_values_that_do_not_come_are_asked_for(site: Site) -> None:
    charger, peer = await meet(site)

    def obey(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["requestedMessage"] == "MeterValues":
            replies.append(asyncio.create_task(peer.meter(None, Power_Active_Import=7000)))
        return {"status": "Accepted"}

    replies: list[asyncio.Task[Any]] = []
    peer.replies["TriggerMessage"] = obey
    await until(lambda: asked(peer) >= 3)
    assert charger.reading is not None
    assert charger.reading.power_w == 7000
    peer.replies["TriggerMessage"] = {"status": "Rejected"}
    await asyncio.gather(*replies)


async def test_a_question_that_nothing_follows_is_not_asked_again(site: Site) -> None:
    charger, peer = await meet(site)
    await until(lambda: charger.counts["meter_trigger_in_vain"])
    await asyncio.sleep(1.5)
    assert asked(peer) == 1


async def test_a_silent_answer_ends_the_asking_too(site: Site) -> None:
    charger, peer = await meet(site)
    await until(lambda: charger.counts["no_local_list"])
    peer.replies["TriggerMessage"] = None
    await until(lambda: charger.counts["meter_trigger_in_vain"])
    await asyncio.sleep(1)
    assert asked(peer) == 1


async def test_nobody_asks_while_nothing_can_flow(site: Site) -> None:
    charger, peer = await meet(site, "Available")
    await asyncio.sleep(1.2)
    assert asked(peer) == 0
    assert charger.counts["meter_trigger_in_vain"] == 0
