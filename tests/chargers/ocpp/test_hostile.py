"""Peers that mean no good, or might as well not."""

import asyncio
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest

from custom_components.smart_charge.chargers.charger import ChargerUnreachable
from custom_components.smart_charge.chargers.ocpp.inputs import Doorkeeper
from tests.waiting import until

from .peer import Peer, Site, basic, stamp


@pytest.mark.parametrize(
    ("action", "payload"),
    [
        ("RemoteStopTransaction", {"transactionId": 1 << 70}),
        ("ChangeConfiguration", {"key": "A", "value": "\ud800"}),
        ("TriggerMessage", {"requestedMessage": "Heartbeat", "connectorId": -(1 << 80)}),
    ],
)
async def test_a_payload_that_json_cannot_carry_is_refused_before_it_is_sent(
    site: Site, action: str, payload: dict[str, Any]
) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    await peer.boot()
    await until(lambda: charger.connection is not None)
    with pytest.raises(ValueError, match="cannot be written"):
        await charger.call(action, payload)
    assert await charger.call("ClearCache", {}) == {"status": "Accepted"}


async def test_a_charge_point_that_never_falls_silent_is_asked_all_the_same(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()

    async def chatter() -> None:
        while True:
            await peer.meter(None, Power_Active_Import=1)
            await asyncio.sleep(0.01)

    talk = asyncio.create_task(chatter())
    try:
        await until(lambda: charger.connection is not None)
    finally:
        talk.cancel()


async def test_answers_to_nothing_do_not_count_as_answers(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()

    async def lie() -> None:
        while not peer.socket.closed:
            await peer.send_raw([3, "made up", {}])
            await asyncio.sleep(0.05)

    for action in ("GetConfiguration", "TriggerMessage", "GetLocalListVersion", "ClearCache"):
        peer.replies[action] = None
    talk = asyncio.create_task(lie())
    try:
        await peer.boot()
        await until(lambda: charger.counts["closed_as_unresponsive"])
    finally:
        talk.cancel()


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00"])
async def test_a_time_at_the_end_of_all_times_is_now(site: Site, at: str) -> None:
    charger = site.charger()
    charger._parts.hearing.times.offset = -timedelta.resolution
    site.run(charger)
    peer = await site.peer()
    assert (await peer.status("Charging", timestamp=at))[0] == 3
    assert (await peer.start(at=at))["transactionId"] == charger.transaction_id
    assert charger.counts["handler_failures"] == 0


async def test_a_guest_cannot_take_the_seat_of_another_by_its_serial(site: Site) -> None:
    charger = site.charger()
    site.run(charger)

    async def verify(_name: str, password: bytes) -> bool:
        return password == b"of the guest"

    with site.central.invite(verify) as invitation:
        peer = await site.peer("/", headers={"Authorization": basic("", "of the guest")})
        waiting = asyncio.create_task(invitation.caller())
        await peer.boot(chargePointSerialNumber="CP1")
        await asyncio.sleep(0.4)
        waiting.cancel()
    assert not charger.is_online


async def test_a_guest_with_another_password_is_not_adopted(site: Site) -> None:
    async def verify(_name: str, password: bytes) -> bool:
        return password == b"of the guest"

    with site.central.invite(verify) as invitation:
        peer = await site.peer(headers={"Authorization": basic("CP1", "of the guest")})
        await peer.boot()
        await invitation.caller()
    charger = site.charger()
    site.run(charger)
    await until(lambda: peer.socket.closed)
    assert not charger.is_online
    with pytest.raises(ChargerUnreachable):
        await charger.call("ClearCache", {})


async def test_an_invitation_cannot_be_guessed_under_many_names(site: Site) -> None:
    asked = 0

    async def verify(_name: str, _password: bytes) -> bool:
        nonlocal asked
        asked += 1
        return False

    with site.central.invite(verify):
        for number in range(Doorkeeper.HANDSHAKE_BURST):
            with pytest.raises(Exception, match=r"401|429"):
                await site.dial(f"/CP{number}", headers={"Authorization": basic("x", "guess")})
    assert asked <= Doorkeeper.GUESSES_BEFORE_BAN


async def test_a_wrong_password_that_hammers_does_not_spend_the_invitation(site: Site) -> None:
    async def verify(_name: str, password: bytes) -> bool:
        return password == b"secret"

    with site.central.invite(verify) as invitation:
        for _ in range(20):
            with pytest.raises(Exception, match=r"401|429"):
                await site.dial("/STRANGER", headers={"Authorization": basic("STRANGER", "wrong")})
        peer = await site.peer()
        await peer.boot()
        assert (await invitation.caller()).charge_point_id == "CP1"


async def test_a_link_is_told_to_end_under_the_name_it_began(site: Site) -> None:
    async def verify(_name: str, password: bytes) -> bool:
        return password == b"secret"

    with site.central.invite(verify) as invitation:
        peer = await site.peer("/", headers={"Authorization": basic("", "secret")})
        await peer.boot(chargePointSerialNumber="SN1")
        await invitation.caller()
        await peer.socket.close()
        await until(lambda: [event.kind for event in site.events] == ["connected", "disconnected"])
    assert [event.charge_point_id for event in site.events] == [None, None]


def waiting(status: str) -> Any:
    async def say(peer: Peer) -> None:
        await peer.status(status)

    return say


@pytest.mark.parametrize("order", ["stop first", "status first"])
async def test_a_charge_that_a_power_cut_ended_is_begun_anew(site: Site, order: str) -> None:
    charger = site.charger(start_without_tag=True)
    site.run(charger)
    peer = await site.peer()
    await peer.boot()
    await peer.status("Charging")
    transaction_id = (await peer.start())["transactionId"]
    await until(lambda: charger.connection is not None)
    await charger.apply(10)
    await peer.socket.close()
    await until(lambda: not charger.is_online)
    peer = await site.peer()
    await peer.boot()
    payload = {"transactionId": transaction_id, "meterStop": 2000, "timestamp": stamp(), "reason": "PowerLoss"}
    if order == "stop first":
        await peer.ask("StopTransaction", payload)
    await peer.status("Finishing")
    if order != "stop first":
        await peer.ask("StopTransaction", payload)
    await until(lambda: peer.called("RemoteStartTransaction"))


@pytest.mark.parametrize("reason", ["Local", "Remote", "DeAuthorized", "EVDisconnected", "EmergencyStop"])
async def test_a_charge_that_somebody_ended_is_not_begun_anew(site: Site, reason: str) -> None:
    charger = site.charger(start_without_tag=True)
    site.run(charger)
    peer = await site.peer()
    await peer.boot()
    await peer.status("Charging")
    transaction_id = (await peer.start())["transactionId"]
    await until(lambda: charger.connection is not None)
    await charger.apply(10)
    payload = {"transactionId": transaction_id, "meterStop": 2000, "timestamp": stamp(), "reason": reason}
    await peer.ask("StopTransaction", payload)
    await peer.status("Finishing")
    await asyncio.sleep(0.6)
    assert peer.called("RemoteStartTransaction") == []


async def test_a_charger_given_up_while_its_password_is_checked_gets_no_link(site: Site) -> None:
    is_checking, may_answer = asyncio.Event(), asyncio.Event()

    async def verify(_password: bytes) -> bool:
        is_checking.set()
        await may_answer.wait()
        return True

    charger = site.charger()
    charger.verify = verify
    release = site.central.expect(charger)
    dialling = asyncio.create_task(site.peer())
    await is_checking.wait()
    release()
    may_answer.set()
    peer = await dialling
    await until(lambda: peer.socket.closed)
    assert not charger.is_online


async def test_a_charger_that_takes_anothers_place_ends_its_link(site: Site) -> None:
    first, second = site.charger(), site.charger()
    site.run(first)
    peer = await site.peer()
    site.run(second)
    await until(lambda: peer.socket.closed)
    assert not first.is_online
    await site.peer()
    await until(lambda: second.is_online)


async def test_free_charging_is_taken_back_when_the_owner_asks_for_tags(site: Site) -> None:
    settings = {"AllowOfflineTxForUnknownId": "false", "FreevendEnabled": "False", "AuthEnabled": "true"}
    free = site.charger(start_without_tag=True)
    site.run(free)
    peer = await site.peer()
    peer.settings |= settings
    await peer.boot()
    await until(lambda: peer.settings["AuthEnabled"] == "false" and site.saved.get("smart"))
    changed = {name: value.lower() for name, value in peer.settings.items() if name in settings}
    assert changed == {"AllowOfflineTxForUnknownId": "true", "FreevendEnabled": "true", "AuthEnabled": "false"}
    held = peer.settings
    site.run(site.charger(memory=site.saved, start_without_tag=False))
    await until(lambda: peer.socket.closed)
    peer = await site.peer()
    peer.settings = held
    await peer.boot(firmwareVersion="2")
    await until(lambda: peer.settings["AuthEnabled"] == "true")
    assert {name: peer.settings[name] for name in settings} == settings


async def test_what_the_owner_made_free_himself_is_left_so(site: Site) -> None:
    charger = site.charger(start_without_tag=False)
    site.run(charger)
    peer = await site.peer()
    peer.settings |= {"FreevendEnabled": "true"}
    await peer.boot()
    await until(lambda: charger.counts["no_local_list"])
    assert "FreevendEnabled" not in [call["key"] for call in peer.called("ChangeConfiguration")]


async def test_a_caller_that_hangs_up_in_the_handshake_is_no_fault_of_ours(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    """A storm of these must not fill the owner's log."""

    async def lost(*_: object) -> None:
        raise ConnectionResetError

    site.run(site.charger())
    with patch("aiohttp.web.WebSocketResponse.prepare", lost), pytest.raises(aiohttp.ClientError):
        await site.dial()
    assert site.central.counts["lost_in_handshake"] == 1
    assert [record for record in caplog.records if record.name == "aiohttp.server"] == []
    assert (await (await site.peer()).boot())[0] == 3
