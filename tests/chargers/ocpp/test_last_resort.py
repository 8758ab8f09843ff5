"""A charge point that refuses every limit can still be stopped, and begun again."""

import asyncio
from typing import Any

import pytest

from custom_components.smart_charge.chargers.charger import ChargerRefused
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from tests.waiting import until

from .peer import Peer, Site, stamp


async def meet(site: Site, **kwargs: Any) -> tuple[OcppCharger, Peer, int]:
    """Return one that charges and refuses every profile."""
    charger = site.charger(**kwargs)
    site.run(charger)
    peer = await site.peer()
    peer.replies["SetChargingProfile"] = {"status": "Rejected"}
    await peer.boot()
    await peer.status("Charging")
    transaction_id = (await peer.start())["transactionId"]
    await until(lambda: charger.connection is not None)
    await asyncio.sleep(site.timings.queue_drain_s)
    return charger, peer, transaction_id


async def end(peer: Peer, transaction_id: int, reason: str = "Remote") -> None:
    payload = {"transactionId": transaction_id, "meterStop": 2000, "timestamp": stamp(), "reason": reason}
    await peer.ask("StopTransaction", payload)
    await peer.status("Finishing")


async def test_a_pause_that_is_refused_in_every_way_ends_the_transaction(site: Site) -> None:
    charger, peer, transaction_id = await meet(site)
    await charger.apply(0)
    assert peer.called("RemoteStopTransaction") == [{"transactionId": transaction_id}]
    assert charger.counts["stopped_instead"] == 1


async def test_a_limit_that_is_refused_in_every_way_ends_nothing(site: Site) -> None:
    charger, peer, _ = await meet(site)
    with pytest.raises(ChargerRefused):
        await charger.apply(10)
    assert peer.called("RemoteStopTransaction") == []


async def test_a_refused_stop_reaches_whoever_asked(site: Site) -> None:
    charger, peer, _ = await meet(site)
    peer.replies["RemoteStopTransaction"] = {"status": "Rejected"}
    with pytest.raises(ChargerRefused):
        await charger.apply(0)


@pytest.mark.parametrize("start_without_tag", [True, False])
async def test_what_we_ended_for_a_pause_we_begin_again(site: Site, start_without_tag: bool) -> None:
    charger, peer, transaction_id = await meet(site, start_without_tag=start_without_tag)
    await charger.apply(0)
    await end(peer, transaction_id)
    await asyncio.sleep(0.5)
    assert peer.called("RemoteStartTransaction") == []
    await charger.apply(16)
    await until(lambda: peer.called("RemoteStartTransaction"))


async def test_nothing_is_begun_for_a_pause_that_would_end_at_once(site: Site) -> None:
    charger, peer, transaction_id = await meet(site, start_without_tag=True)
    await charger.apply(0)
    await end(peer, transaction_id)
    await peer.status("Preparing")
    await asyncio.sleep(0.6)
    assert peer.called("RemoteStartTransaction") == []


async def test_one_that_begins_by_itself_again_and_again_is_not_stopped_for_ever(site: Site) -> None:
    charger, peer, transaction_id = await meet(site)
    await charger.apply(0)
    for _ in range(6):
        await end(peer, transaction_id)
        transaction_id = (await peer.start())["transactionId"]
        await asyncio.sleep(site.timings.queue_drain_s * 1.5)
        await peer.status("Charging")
        await asyncio.sleep(0.1)
    assert 1 < len(peer.called("RemoteStopTransaction")) <= 3


async def test_a_pause_that_is_accepted_and_never_followed_ends_the_transaction(site: Site) -> None:
    charger, peer, transaction_id = await meet(site)
    del peer.replies["SetChargingProfile"]
    peer.settings["ChargingScheduleAllowedChargingRateUnit"] = "Current"
    charger._parts.memory.section("smart")["units"] = ["A"]
    await charger.apply(0)

    async def draw() -> None:
        while True:
            await peer.meter(transaction_id, Current_Import=16)
            await asyncio.sleep(0.05)

    drawing = asyncio.create_task(draw())
    try:
        await until(lambda: peer.called("RemoteStopTransaction"))
    finally:
        drawing.cancel()
