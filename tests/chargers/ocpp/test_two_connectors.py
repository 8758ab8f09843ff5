"""A charge point with two connectors: nothing of the other one is ours."""

import asyncio
from typing import Any

from tests.waiting import until

from .peer import Peer, Site, stamp


async def start_on_two(peer: Peer) -> Any:
    payload = {"connectorId": 2, "idTag": "neighbour", "meterStart": 500, "timestamp": stamp()}
    return (await peer.ask("StartTransaction", payload))[2]["transactionId"]


async def stop(peer: Peer, transaction_id: Any, **more: Any) -> Any:
    payload = {"transactionId": transaction_id, "meterStop": 9000, "timestamp": stamp(), **more}
    return await peer.ask("StopTransaction", payload)


async def test_a_transaction_of_the_other_connector_gets_an_id_of_its_own(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    ours = (await peer.start())["transactionId"]
    theirs = await start_on_two(peer)
    assert theirs != ours
    assert charger.transaction_id == ours


async def test_a_transaction_of_the_other_connector_is_not_given_our_setpoint(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    await peer.boot()
    await peer.status("Available")
    await start_on_two(peer)
    await until(lambda: charger.connection is not None)
    await charger.apply(10)
    await asyncio.sleep(0.3)
    assert peer.leases == []
    assert charger.reading is not None
    assert charger.reading.import_wh is None


async def test_the_end_of_the_other_connectors_transaction_leaves_ours_open(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    ours = (await peer.start())["transactionId"]
    theirs = await start_on_two(peer)
    await stop(peer, theirs)
    assert charger.transaction_id == ours
    assert charger.reading is not None
    assert charger.reading.import_wh == 1000


async def test_the_other_connectors_lost_id_does_not_end_ours_for_good(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    ours = (await peer.start())["transactionId"]
    await peer.meter(ours, Energy_Active_Import_Register=1010)
    await stop(peer, 777)
    await peer.meter(ours, Energy_Active_Import_Register=1020)
    assert charger.transaction_id == ours


async def test_a_repeated_start_of_the_other_connector_gets_the_same_id(site: Site) -> None:
    site.run(site.charger())
    peer = await site.peer()
    payload = {"connectorId": 2, "idTag": "neighbour", "meterStart": 500, "timestamp": stamp()}
    answers = [(await peer.ask("StartTransaction", payload))[2] for _ in range(2)]
    assert answers[0] == answers[1]


async def test_the_other_connector_being_free_does_not_end_our_transaction(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    await peer.status("Charging")
    ours = (await peer.start())["transactionId"]
    await start_on_two(peer)
    await peer.status("Available", connector_id=2)
    assert charger.transaction_id == ours
    assert charger.reading is not None
    assert charger.reading.status == "charging"


async def test_an_unknown_transaction_of_the_other_connector_is_not_adopted(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    values = [{"timestamp": stamp(), "sampledValue": [{"value": "5"}]}]
    await peer.ask("MeterValues", {"connectorId": 2, "transactionId": 4711, "meterValue": values})
    assert charger.transaction_id is None
