"""Frames in every state of repair, and calls that are answered late, oddly or not at all."""

import asyncio
from dataclasses import replace
import json

import aiohttp
import pytest

from custom_components.smart_charge.chargers.charger import ChargerRefused, ChargerTimedOut, ChargerUnreachable
from tests.waiting import until

from .peer import QUICK, Peer, Site


@pytest.fixture
async def peer(site: Site) -> Peer:
    charger = site.charger()
    site.run(charger)
    site.owner = charger  # type: ignore[attr-defined]
    peer = await site.peer()
    await peer.boot()
    await peer.status("Available")
    await until(lambda: peer.called("GetLocalListVersion"))
    return peer


@pytest.mark.parametrize(
    "frame",
    ["not json", "{}", "[]", "[2]", "[7,1,2]", '[9,"x",{}]', '[true,"x","Heartbeat",{}]', "[2,null,3]", "[" * 5000,
     '[3,"nobody",{}]', '[4,"nobody","x","y",{}]', '[5,"a","b","c",{}]', "NaN", '"text"', "\x00"],
)  # fmt: skip
async def test_what_is_no_frame_is_counted_and_the_link_stays(site: Site, peer: Peer, frame: str) -> None:
    before = dict(site.owner.counts)
    await peer.send_raw(frame)
    assert (await peer.ask("Heartbeat", {}))[0] == 3
    assert site.owner.counts != before


async def test_an_unknown_action_is_answered_not_implemented(peer: Peer) -> None:
    answer = await peer.ask("CustomOperation", {"a": 1})
    assert answer[:3] == [4, "c3", "NotImplemented"]


async def test_a_payload_that_is_no_object_is_a_formation_violation(peer: Peer) -> None:
    assert (await peer.ask("StatusNotification", [1]))[2] == "FormationViolation"


@pytest.mark.parametrize("call_id", [7, 1.5, "", "x" * 200, "ü\n"])
async def test_a_message_id_is_echoed_as_it_came(peer: Peer, call_id: object) -> None:
    assert (await peer.ask("Heartbeat", {}, call_id))[1] == call_id


async def test_binary_frames_are_text(peer: Peer) -> None:
    await peer.socket.send_bytes(json.dumps([2, "b", "Heartbeat", {}]).encode())
    assert (await peer.answer_to("b"))[0] == 3


async def test_binary_rubbish_is_counted(site: Site, peer: Peer) -> None:
    await peer.socket.send_bytes(b"\xff\xfe\x00")
    assert (await peer.ask("Heartbeat", {}))[0] == 3
    assert site.owner.counts["not_json"] == 1


async def test_compressed_frames_are_read(site: Site) -> None:
    site.run(site.charger())
    peer = await site.peer(compress=15)
    assert (await peer.ask("Heartbeat", {}))[0] == 3


async def test_a_huge_frame_closes_the_link(peer: Peer) -> None:
    await peer.send_raw("x" * (1 << 20) + "y")
    await until(lambda: peer.socket.closed)
    assert peer.socket.close_code == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


async def test_a_flood_is_slowed_down(site: Site, peer: Peer) -> None:
    for number in range(130):
        await peer.send_raw([2, f"f{number}", "Heartbeat", {}])
    await peer.answer_to("f129")
    assert site.owner.counts["throttled"] > 0
    assert not peer.socket.closed


async def test_a_ping_is_answered(peer: Peer) -> None:
    await peer.socket.ping()
    assert (await peer.ask("Heartbeat", {}))[0] == 3


async def test_a_call_is_checked_before_it_is_sent(site: Site, peer: Peer) -> None:
    sent = len(peer.calls)
    with pytest.raises(ValueError, match="type"):
        await site.owner.call("Reset", {})
    with pytest.raises(ValueError, match="no message"):
        await site.owner.call("Explode", {})
    assert len(peer.calls) == sent


async def test_a_call_returns_the_answer(site: Site, peer: Peer) -> None:
    peer.replies["DataTransfer"] = {"status": "Accepted", "data": "x"}
    assert await site.owner.call("DataTransfer", {"vendorId": "v"}) == {"status": "Accepted", "data": "x"}


async def test_a_call_error_reaches_the_caller(site: Site, peer: Peer) -> None:
    peer.replies["Reset"] = {"error": "NotSupported"}
    with pytest.raises(ChargerRefused, match="NotSupported"):
        await site.owner.call("Reset", {"type": "Soft"})


async def test_silence_is_a_time_out(site: Site, peer: Peer) -> None:
    peer.replies["Reset"] = None
    with pytest.raises(ChargerTimedOut):
        await site.owner.call("Reset", {"type": "Soft"})


async def test_a_late_answer_is_known_as_one(site: Site, peer: Peer) -> None:
    peer.replies["Reset"] = None
    caught: list[str] = []
    send_raw = peer._reply

    async def remember(frame: list[object]) -> None:
        caught.append(str(frame[1]))
        await send_raw(frame)

    peer._reply = remember  # type: ignore[method-assign]
    with pytest.raises(ChargerTimedOut):
        await site.owner.call("Reset", {"type": "Soft"})
    await peer.send_raw([3, caught[-1], {"status": "Accepted"}])
    await until(lambda: site.owner.counts["late_answers"] == 1)


async def test_calls_go_one_at_a_time(site: Site, peer: Peer) -> None:
    peer.replies["Reset"] = None
    sent = len(peer.calls)
    calls = [asyncio.create_task(site.owner.call("Reset", {"type": "Soft"})) for _ in range(3)]
    await asyncio.sleep(0.2)
    assert len(peer.calls) == sent + 1
    assert (await peer.ask("Heartbeat", {}))[0] == 3
    for call in calls:
        with pytest.raises((ChargerTimedOut, ChargerUnreachable)):
            await call


async def test_one_that_answers_nothing_is_hung_up_on(site: Site, peer: Peer) -> None:
    peer.replies |= {"Reset": None, "TriggerMessage": None}
    for _ in range(3):
        with pytest.raises(ChargerTimedOut):
            await site.owner.call("Reset", {"type": "Soft"})
    await until(lambda: peer.socket.closed)
    assert site.owner.counts["closed_as_unresponsive"] == 1


async def test_a_lost_link_ends_a_waiting_call(site: Site, peer: Peer) -> None:
    peer.replies["Reset"] = None
    call = asyncio.create_task(site.owner.call("Reset", {"type": "Soft"}))
    await asyncio.sleep(0.1)
    await peer.socket.close()
    with pytest.raises(ChargerUnreachable):
        await call


async def test_a_silent_link_is_closed(socket_enabled: None) -> None:
    site = Site(replace(QUICK, heartbeat_s=0, silence_s=0.4))
    await site.central.start()
    charger = site.charger()
    site.run(charger)
    peer = await site.peer(autoping=False)
    await until(lambda: peer.socket.closed)
    assert charger.counts["closed_as_silent"] == 1
    await site.close()


async def test_answers_to_our_pings_keep_a_link(socket_enabled: None) -> None:
    site = Site(replace(QUICK, heartbeat_s=0, silence_s=0.4))
    await site.central.start()
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    await asyncio.sleep(1.2)
    assert not peer.socket.closed
    await site.close()
