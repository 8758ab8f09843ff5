"""A charge point with two outlets, both set up: one link, and each outlet's charges are its own (O8)."""

import asyncio
from typing import Any

import pytest

from custom_components.smart_charge.chargers.charger import LeaveBehind
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.chargers.ocpp.peers import PeerKind
from custom_components.smart_charge.charging.model import ConnectorStatus
from tests.waiting import until

from .peer import Peer, Site, stamp

pytestmark = pytest.mark.requirement("O8")


async def meet(site: Site, **kwargs: Any) -> tuple[OcppCharger, OcppCharger, Peer]:
    """Both outlets, each with a tag of its own, on one link."""
    left = site.charger(id_tag="left", **kwargs)
    right = site.charger(id_tag="right", connector_id=2, **kwargs)
    for charger in (left, right):
        site.run(charger)
    peer = await site.peer()
    await peer.boot(chargePointSerialNumber="S-1")
    for connector_id in (1, 2):
        await peer.status("Available", connector_id=connector_id)
    await until(lambda: left.connection is not None and right.connection is not None)
    return left, right, peer


async def start(peer: Peer, connector_id: int, tag: str = "card", wh: int = 1000) -> int:
    payload = {"connectorId": connector_id, "idTag": tag, "meterStart": wh, "timestamp": stamp()}
    return int((await peer.ask("StartTransaction", payload))[2]["transactionId"])


async def stop(peer: Peer, transaction_id: Any, wh: int = 9000) -> None:
    await peer.ask("StopTransaction", {"transactionId": transaction_id, "meterStop": wh, "timestamp": stamp()})


async def test_both_hear_of_the_one_link_and_the_one_boot(site: Site) -> None:
    left, right, _ = await meet(site)
    assert left.is_online
    assert right.is_online
    assert left.identity == right.identity
    assert left.identity.serial == "S-1"


async def test_each_shows_its_own_state(site: Site) -> None:
    left, right, peer = await meet(site)
    await peer.status("Charging", connector_id=2)
    assert left.reading is not None
    assert right.reading is not None
    assert (left.reading.status, right.reading.status) == (ConnectorStatus.AVAILABLE, ConnectorStatus.CHARGING)


async def test_a_fault_of_the_whole_charge_point_is_both_outlets(site: Site) -> None:
    left, right, peer = await meet(site)
    await peer.status("Faulted", connector_id=0, error="GroundFailure")
    assert left.reading is not None
    assert right.reading is not None
    assert left.reading.fault == right.reading.fault is not None


async def test_each_has_its_own_transaction_at_the_same_time(site: Site) -> None:
    left, right, peer = await meet(site)
    one, two = await start(peer, 1), await start(peer, 2)
    assert one != two
    assert (left.transaction_id, right.transaction_id) == (one, two)
    await stop(peer, two)
    assert (left.transaction_id, right.transaction_id) == (one, None)
    assert [past.transaction_id for past in right.past_transactions] == [str(two)]
    assert left.past_transactions == ()


async def test_a_stop_without_an_id_ends_the_only_one_that_runs(site: Site) -> None:
    left, right, peer = await meet(site)
    await start(peer, 2)
    await stop(peer, -1)
    assert right.transaction_id is None
    assert left.counts["stop_of_unknown"] == 0


async def test_each_measures_its_own_energy(site: Site) -> None:
    left, right, peer = await meet(site)
    two = await start(peer, 2)
    values = [{"timestamp": stamp(), "sampledValue": [{"value": "4321"}]}]
    await peer.ask("MeterValues", {"connectorId": 2, "transactionId": two, "meterValue": values})
    assert right.reading is not None
    assert left.reading is not None
    assert (left.reading.import_wh, right.reading.import_wh) == (None, 4321)


async def test_each_setpoint_goes_to_its_own_outlet_under_an_id_of_its_own(site: Site) -> None:
    left, right, peer = await meet(site)
    await start(peer, 1)
    await start(peer, 2)
    await left.apply(10)
    await right.apply(20)
    said = {}
    for call in peer.called("SetChargingProfile"):
        profile = call["csChargingProfiles"]
        limit = profile["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"]
        said[call["connectorId"]] = (profile["chargingProfileId"], limit)
    assert said == {1: (4, 10), 2: (14, 20)}


async def test_default_hours_are_left_with_each(site: Site) -> None:
    left, right, peer = await meet(site)
    for charger in (left, right):
        await until(lambda charger=charger: charger._parts.bench.is_known)
        await charger.leave_behind(LeaveBehind(hours=None, max_a=32, draw_s=lambda: 0))
    await until(lambda: len(peer.profiles) >= 2)
    ids = {
        (call["connectorId"], call["csChargingProfiles"]["chargingProfileId"])
        for call in peer.called("SetChargingProfile")
    }
    assert ids == {(1, 1), (2, 11)}


async def test_nothing_is_said_to_the_whole_charge_point_for_one_outlet(site: Site) -> None:
    left, _, peer = await meet(site)
    peer.replies["SetChargingProfile"] = {"status": "Rejected"}
    await start(peer, 1)
    await asyncio.sleep(0.3)
    with pytest.raises(Exception, match="Rejected"):
        await left.apply(10)
    assert {call["connectorId"] for call in peer.called("SetChargingProfile")} == {1}


async def test_settings_are_written_by_one_and_the_list_holds_both_tags(site: Site) -> None:
    left = site.charger(id_tag="left")
    right = site.charger(id_tag="right", connector_id=2)
    for charger in (right, left):
        site.run(charger)
    peer = await site.peer()
    peer.settings |= {"LocalAuthorizeOffline": "false"}
    peer.replies["GetLocalListVersion"] = {"listVersion": 0}
    await peer.boot()
    await peer.status("Available")
    await peer.status("Available", connector_id=2)
    await until(lambda: peer.called("SendLocalList") and right._parts.bench.is_known)
    written = [call["key"] for call in peer.called("ChangeConfiguration")]
    assert written.count("LocalAuthorizeOffline") == 1
    (sent,) = peer.called("SendLocalList")
    assert {item["idTag"] for item in sent["localAuthorizationList"]} == {"left", "right"}


async def test_either_outlets_tag_is_welcome(site: Site) -> None:
    _, _, peer = await meet(site)
    for tag in ("left", "right"):
        assert (await peer.ask("Authorize", {"idTag": tag}))[2]["idTagInfo"]["status"] == "Accepted"


async def test_taking_one_outlet_away_leaves_the_other_its_link(site: Site) -> None:
    left = site.charger()
    right = site.charger(connector_id=2)
    release = site.central.expect(left)
    site.run(right)
    peer = await site.peer()
    await peer.status("Available", connector_id=2)
    release()
    await peer.status("Charging", connector_id=2)
    assert not left.is_online
    assert right.is_online
    assert right.reading is not None
    assert right.reading.status is ConnectorStatus.CHARGING


async def test_an_outlet_that_is_set_up_later_joins_the_link_that_is_there(site: Site) -> None:
    left = site.charger()
    site.run(left)
    peer = await site.peer()
    await peer.boot(chargePointSerialNumber="S-1")
    await peer.status("Available")
    right = site.charger(connector_id=2)
    site.run(right)
    await until(lambda: right.is_online and right.connection is not None)
    assert right.identity.serial == "S-1"
    wanted = {"requestedMessage": "StatusNotification", "connectorId": 2}
    await until(lambda: wanted in peer.called("TriggerMessage"))
    await start(peer, 2)
    assert right.transaction_id is not None
    assert left.transaction_id is None


async def test_an_outlet_that_nobody_has_set_up_is_told_of_once(site: Site) -> None:
    site.run(site.charger())
    peer = await site.peer()
    for _ in range(2):
        await peer.status("Available", connector_id=2)
    await peer.status("Available", connector_id=0)
    await peer.status("Available", connector_id=4711)
    told = [event for event in site.events if event.kind is PeerKind.NEW_CONNECTOR]
    assert [(event.charge_point_id, event.detail) for event in told] == [("CP1", "2")]


async def test_a_newer_link_is_both_outlets(site: Site) -> None:
    left, right, _ = await meet(site)
    again = await site.peer()
    await again.status("Preparing", connector_id=1)
    await again.status("Charging", connector_id=2)
    await until(lambda: left.connection is not None and right.connection is not None)
    assert left.reading is not None
    assert right.reading is not None
    assert (left.reading.status, right.reading.status) == (ConnectorStatus.PREPARING, ConnectorStatus.CHARGING)
