"""Who is let in, and how everybody else is turned away."""

import asyncio
import contextlib

import aiohttp
import pytest

from custom_components.smart_charge.chargers.charger import ChargerUnreachable
from custom_components.smart_charge.chargers.ocpp.central_system import CentralSystem
from custom_components.smart_charge.chargers.ocpp.inputs import Doorkeeper
from custom_components.smart_charge.chargers.ocpp.peers import PeerKind
from tests.waiting import until

from .peer import QUICK, Site, basic, now


async def status_of(site: Site, path: str = "/CP1", **kwargs: object) -> int:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await site.dial(path, **kwargs)
    return refusal.value.status


@pytest.mark.parametrize(
    "path",
    ["/CP1", "/cp1", "/ocpp/CP1", "//ocpp//CP1/", "/CP%31", "/CP1?x=1", "/ws/1.6/http:%2F%2Fhost/CP1", "/./CP1"],
)
async def test_the_last_segment_of_the_path_is_the_id(site: Site, path: str) -> None:
    charger = site.charger()
    site.central.expect(charger)
    await site.peer(path)
    await until(lambda: charger.is_online)


async def test_an_id_may_hold_what_a_path_may_not(site: Site) -> None:
    charger = site.charger("Büro 1-_x")
    site.central.expect(charger)
    await site.peer("/B%C3%BCro%201-_x", headers={"Authorization": basic("Büro 1-_x", "secret")})
    await until(lambda: charger.is_online)


async def test_an_unknown_id_gets_404_and_is_told_of(site: Site) -> None:
    site.central.expect(site.charger())
    assert await status_of(site, "/OTHER") == 404
    assert [(event.kind, event.charge_point_id) for event in site.events] == [(PeerKind.UNKNOWN, "OTHER")]


@pytest.mark.parametrize("path", ["/" + "x" * 200, "/a%00b", "/a%0ab", "/..%2f..%2fetc%2fpasswd", "/%F0%9F%92%A9%01"])
async def test_an_unfit_id_gets_404_and_is_not_repeated(site: Site, path: str) -> None:
    site.central.expect(site.charger())
    assert await status_of(site, path) == 404
    assert site.events[-1].charge_point_id is None


@pytest.mark.parametrize("headers", [{"Authorization": basic("CP1", "wrong")}, {"Authorization": "Basic %%%"}])
async def test_a_wrong_password_gets_401_with_a_challenge(site: Site, headers: dict[str, str]) -> None:
    site.central.expect(site.charger())
    with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
        await site.dial(headers=headers)
    assert refusal.value.status == 401
    assert refusal.value.headers["WWW-Authenticate"].startswith("Basic")
    assert site.events[-1].kind is PeerKind.WRONG_PASSWORD


async def test_no_password_gets_401(site: Site) -> None:
    site.central.expect(site.charger())
    async with site.session.get(
        f"http://127.0.0.1:{site.central.port}/CP1",
        headers={"Upgrade": "websocket", "Connection": "Upgrade"},
    ) as response:
        assert response.status == 401


async def test_a_password_may_hold_colons(site: Site) -> None:
    charger = site.charger(password=b"a:b:c")
    site.central.expect(charger)
    await site.peer(headers={"Authorization": basic("CP1", "a:b:c")})
    await until(lambda: charger.is_online)


async def test_a_password_may_be_any_bytes(site: Site) -> None:
    charger = site.charger(password=b"\xff\x00\xfe:\x80")
    site.central.expect(charger)
    await site.peer(headers={"Authorization": basic("CP1", b"\xff\x00\xfe:\x80")})
    await until(lambda: charger.is_online)


async def test_an_id_with_a_colon_is_split_behind_it(site: Site) -> None:
    charger = site.charger("CP:1")
    site.central.expect(charger)
    await site.peer("/CP:1", headers={"Authorization": basic("CP:1", "secret")})
    await until(lambda: charger.is_online)


async def test_without_a_path_the_basic_user_is_the_id(site: Site) -> None:
    charger = site.charger()
    site.central.expect(charger)
    await site.peer("/")
    await until(lambda: charger.is_online)


async def test_no_password_is_asked_for_where_none_is_set(site: Site) -> None:
    charger = site.charger(password=None)
    site.central.expect(charger)
    await site.peer(headers={"Authorization": ""})
    await until(lambda: charger.is_online)


async def test_guessing_ends_in_a_ban_that_spares_other_ids(site: Site) -> None:
    other = site.charger("CP2")
    site.central.expect(site.charger())
    site.central.expect(other)
    wrong = {"Authorization": basic("CP1", "guess")}
    statuses = [await status_of(site, headers=wrong) for _ in range(8)]
    assert statuses == [401] * 5 + [429] * 3
    assert await status_of(site) == 429
    await site.peer("/CP2", headers={"Authorization": basic("CP2", "secret")})
    await until(lambda: other.is_online)


async def test_knocking_without_end_is_turned_away(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Doorkeeper, "HANDSHAKES_PER_S", 0.01)
    monkeypatch.setattr(Doorkeeper, "HANDSHAKE_BURST", 10)

    async def knock() -> int:
        async with site.session.get(f"http://127.0.0.1:{site.central.port}/x") as response:
            return response.status

    statuses = [await knock() for _ in range(12)]
    assert statuses[0] == 426
    assert statuses[-1] == 429


async def test_the_charge_points_first_choice_that_we_speak_is_echoed(site: Site) -> None:
    site.central.expect(site.charger())
    socket = await site.dial(protocols=("ocpp2.0.1", "ocpp1.6", "ocpp1.5"))
    assert socket.protocol == "ocpp1.6"


async def test_without_the_header_it_is_1_6_and_none_is_sent_back(site: Site) -> None:
    charger = site.charger()
    site.central.expect(charger)
    socket = await site.dial(protocols=())
    assert socket.protocol is None
    await until(lambda: charger.is_online)


async def test_without_overlap_the_handshake_is_completed_and_then_closed(site: Site) -> None:
    charger = site.charger()
    site.central.expect(charger)
    socket = await site.dial(protocols=("ocpp2.0.1",))
    assert socket.protocol is None
    assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
    assert not charger.is_online
    assert site.events[-1].kind is PeerKind.NO_SUBPROTOCOL


async def test_a_browser_is_told_to_upgrade(site: Site) -> None:
    async with site.session.get(f"http://127.0.0.1:{site.central.port}/CP1") as response:
        assert response.status == 426
    assert site.events[-1].kind is PeerKind.BAD_HANDSHAKE


async def test_a_broken_upgrade_gets_400(site: Site) -> None:
    site.central.expect(site.charger(password=None))
    headers = {"Upgrade": "websocket", "Connection": "keep-alive", "Sec-WebSocket-Version": "13"}
    async with site.session.get(f"http://127.0.0.1:{site.central.port}/CP1", headers=headers) as response:
        assert response.status == 400
    assert site.events[-1].kind is PeerKind.BAD_HANDSHAKE


async def test_the_newest_socket_wins_and_the_old_ones_end_does_not_touch_it(site: Site) -> None:
    charger = site.charger()
    site.central.expect(charger)
    first = await site.peer()
    second = await site.peer()
    await until(lambda: first.socket.closed)
    await asyncio.sleep(0.1)
    assert charger.is_online
    assert (await second.ask("Heartbeat", {}))[0] == 3


async def test_two_devices_with_one_id_stop_pushing_each_other_out(site: Site) -> None:
    site.central.expect(site.charger())
    refused = 0
    for turn in range(12):
        try:
            peer = await site.peer()
        except aiohttp.WSServerHandshakeError as err:
            refused += err.status == 409
        else:
            await peer.boot(chargePointSerialNumber=f"S{turn % 2}")
    assert refused
    assert any(event.kind is PeerKind.ID_CONFLICT for event in site.events)


async def test_one_device_that_reconnects_often_is_always_let_in(site: Site) -> None:
    charger = site.charger()
    site.central.expect(charger)
    for _ in range(12):
        peer = await site.peer()
        await peer.boot(chargePointSerialNumber="S1")
    assert charger.is_online


async def test_a_slow_handshake_is_cut_off(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.central.port)
    writer.write(b"GET /CP1 HTTP/1.1\r\nHost: x\r\n")
    async with asyncio.timeout(60):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    assert site.central.counts["slow_handshakes"] == 1
    writer.close()


async def test_one_address_cannot_hold_every_socket(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Doorkeeper, "CONNECTIONS_PER_ADDRESS", 2)
    pairs = [await asyncio.open_connection("127.0.0.1", site.central.port) for _ in range(4)]
    await until(lambda: site.central.counts["too_many_connections"] == 2)
    for _, writer in pairs:
        writer.close()


async def test_a_taken_port_is_an_os_error(site: Site) -> None:
    second = CentralSystem("127.0.0.1", site.central.port, clock=now, on_peer=site.events.append, timings=QUICK)
    with pytest.raises(OSError, match="in use"):
        await second.start()
    await second.stop()


async def test_releasing_a_charger_hangs_up_and_lets_it_in_no_more(site: Site) -> None:
    charger = site.charger()
    release = site.central.expect(charger)
    peer = await site.peer()
    release()
    await until(lambda: peer.socket.closed)
    assert not charger.is_online
    with pytest.raises(ChargerUnreachable):
        await charger.apply(16)
    assert await status_of(site) == 404


async def invited(name: str, password: bytes) -> bool:
    return password == b"secret" and name in ("CP1", "NEW", "")


async def test_an_invited_caller_is_told_of_then_adopted(site: Site) -> None:
    with site.central.invite(invited) as invitation:
        peer = await site.peer("/NEW", headers={"Authorization": basic("NEW", "secret")})
        await peer.boot(chargePointSerialNumber="S7")
        await peer.status("Preparing")
        caller = await asyncio.wait_for(invitation.caller(), 60)
    assert (caller.charge_point_id, caller.version) == ("NEW", "ocpp1.6")
    assert caller.identity is not None
    assert caller.identity.serial == "S7"
    charger = site.charger("NEW")
    site.central.expect(charger)
    await until(lambda: charger.reading is not None)
    assert charger.identity.model == "M"
    assert not peer.socket.closed


async def test_an_invited_caller_that_does_not_boot_is_told_of_too(site: Site) -> None:
    with site.central.invite(invited) as invitation:
        await site.peer("/NEW", headers={"Authorization": basic("NEW", "secret")})
        caller = await asyncio.wait_for(invitation.caller(), 60)
    assert caller.identity is None


async def test_a_transaction_begun_as_a_guest_is_numbered_by_its_charger(site: Site) -> None:
    with site.central.invite(invited) as invitation:
        peer = await site.peer("/NEW", headers={"Authorization": basic("NEW", "secret")})
        await peer.boot()
        starting = asyncio.create_task(peer.start())
        await asyncio.wait_for(invitation.caller(), 60)
    charger = site.charger("NEW")
    site.central.expect(charger)
    assert (await starting)["transactionId"] == 101


async def test_a_guest_that_nobody_expects_is_let_go(site: Site) -> None:
    with site.central.invite(invited) as invitation:
        peer = await site.peer("/NEW", headers={"Authorization": basic("NEW", "secret")})
        await peer.boot()
        await asyncio.wait_for(invitation.caller(), 60)
    await until(lambda: peer.socket.closed)


async def test_an_invited_caller_without_any_id_is_known_by_its_serial(site: Site) -> None:
    async def anybody(name: str, password: bytes) -> bool:
        return True

    with site.central.invite(anybody) as invitation:
        peer = await site.peer("/", headers={"Authorization": ""})
        await peer.boot(chargePointSerialNumber="S9")
        caller = await asyncio.wait_for(invitation.caller(), 60)
    assert caller.charge_point_id == "S9"


async def test_the_wrong_password_does_not_get_an_invitation(site: Site) -> None:
    with site.central.invite(invited):
        assert await status_of(site, "/NEW", headers={"Authorization": basic("NEW", "guess")}) == 401


async def test_nobody_is_invited_any_more_when_it_has_ended(site: Site) -> None:
    with site.central.invite(invited):
        pass
    assert await status_of(site, "/NEW", headers={"Authorization": basic("NEW", "secret")}) == 404


async def test_an_invitation_by_name_lets_nobody_else_in(site: Site) -> None:
    with site.central.invite(invited, "CP1"):
        assert await status_of(site, "/NEW", headers={"Authorization": basic("NEW", "secret")}) == 404
