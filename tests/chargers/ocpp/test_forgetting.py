"""Whose tags they were: forgotten in the charge point and here, or said what is left (S7.2)."""

from typing import Any

import pytest

from custom_components.smart_charge.chargers.charger import ChargerUnreachable, Kept
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.chargers.ocpp.tags import TagStatus
from tests.waiting import until

from .peer import Peer, Site, stamp

pytestmark = pytest.mark.requirement("S7.2")


async def meet(site: Site, version: int = 3, **settings: str) -> tuple[OcppCharger, Peer]:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings |= {"AuthorizationCacheEnabled": "true"} | settings
    peer.replies["GetLocalListVersion"] = {"listVersion": version}
    await peer.boot()
    await peer.status("Available")
    await until(lambda: peer.called("GetLocalListVersion") and charger.connection is not None)
    await until(lambda: version < 0 or peer.called("SendLocalList"))
    peer.calls.clear()
    return charger, peer


def lists(peer: Peer) -> list[list[str]]:
    return [[item["idTag"] for item in call["localAuthorizationList"]] for call in peer.called("SendLocalList")]


async def test_cache_and_list_are_emptied_and_only_our_own_tag_goes_back(site: Site) -> None:
    charger, peer = await meet(site)
    assert await charger.forget_people() == frozenset()
    assert peer.called("ClearCache") == [{}]
    assert lists(peer) == [[], ["smart"]]
    assert {call["updateType"] for call in peer.called("SendLocalList")} == {"Full"}


async def test_a_cache_that_is_not_there_is_nothing_left(site: Site) -> None:
    charger, peer = await meet(site, AuthorizationCacheEnabled="false")
    peer.replies["ClearCache"] = {"status": "Rejected"}
    assert await charger.forget_people() == frozenset()


@pytest.mark.parametrize("answer", [{"status": "Rejected"}, {"error": "NotSupported"}, None])
async def test_a_cache_that_will_not_be_cleared_is_said(site: Site, answer: Any) -> None:
    charger, peer = await meet(site)
    peer.replies["ClearCache"] = answer
    assert await charger.forget_people() == {Kept.TAG_CACHE}


async def test_a_charge_point_without_a_list_is_sent_none(site: Site) -> None:
    charger, peer = await meet(site, version=-1)
    assert await charger.forget_people() == frozenset()
    assert peer.called("SendLocalList") == []


@pytest.mark.parametrize("answer", [{"status": "Failed"}, {"status": "VersionMismatch"}, None])
async def test_a_list_that_will_not_be_emptied_is_said(site: Site, answer: Any) -> None:
    charger, peer = await meet(site)
    peer.replies["SendLocalList"] = answer
    assert await charger.forget_people() == {Kept.TAG_LIST}


async def test_without_a_link_it_says_so_though_we_forget_ourselves(site: Site) -> None:
    charger, peer = await meet(site)
    site.tags["card"] = TagStatus.ACCEPTED
    await peer.start("card")
    assert "card" in str(site.saved)
    await peer.socket.close()
    await until(lambda: not charger.is_online)
    with pytest.raises(ChargerUnreachable):
        await charger.forget_people()
    assert "card" not in str(site.saved)


async def test_a_start_that_comes_again_afterwards_still_gets_the_same_id(site: Site) -> None:
    charger, peer = await meet(site)
    at = stamp()
    before = await peer.start("card", at=at)
    await charger.forget_people()
    assert (await peer.start("card", at=at))["transactionId"] == before["transactionId"]


async def test_a_charge_that_is_not_on_record_yet_will_not_be(site: Site) -> None:
    charger, peer = await meet(site)
    begun = await peer.start("card")
    ended = {"transactionId": begun["transactionId"], "meterStop": 8000, "timestamp": stamp()}
    await peer.ask("StopTransaction", ended)
    await until(lambda: charger.past_transactions)
    await charger.forget_people()
    assert charger.past_transactions == ()
