"""The shared listener, and what calls that do not get through lead to."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_INTEGRATION_DISCOVERY, SOURCE_REAUTH, ConfigEntryDisabler
from homeassistant.const import EVENT_HOMEASSISTANT_FINAL_WRITE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_fire_time_changed

from custom_components.smart_charge.chargers.ocpp.peers import PeerEvent, PeerKind
from custom_components.smart_charge.const import DOMAIN
from custom_components.smart_charge.listener import (
    DATA_LISTENERS,
    CentralSystem,
    async_acquire_listener,
    async_watch_peers,
)
from custom_components.smart_charge.listener_events import PENDING, PENDING_PER_ADDRESS, PeerWatch
from simulator import OcppCharger
from tests.flow_words import ENGLISH, free_port

PORT = 9000


@pytest.fixture(autouse=True)
def loopback() -> Iterator[None]:
    with patch("custom_components.smart_charge.listener.LISTEN_ON", "127.0.0.1"):
        yield


@pytest.fixture
def port(socket_enabled: None) -> int:
    return free_port()


async def is_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


# One port, many who need it


@pytest.mark.requirement("S9.2")
async def test_the_port_is_open_only_while_somebody_needs_it(hass: HomeAssistant, port: int) -> None:
    assert not await is_open(port)
    central, release = await async_acquire_listener(hass, port)
    assert central.port == port
    assert await is_open(port)
    await release()
    assert not await is_open(port)
    assert hass.data[DATA_LISTENERS] == {}


async def test_all_who_need_a_port_share_one_listener(hass: HomeAssistant, port: int) -> None:
    with patch.object(CentralSystem, "start", autospec=True, side_effect=CentralSystem.start) as start:
        held = await asyncio.gather(*(async_acquire_listener(hass, port) for _ in range(5)))
    assert start.call_count == 1
    assert len({id(central) for central, _ in held}) == 1
    for _, release in held[1:]:
        await release()
        await release()
    assert await is_open(port)
    await held[0][1]()
    assert not await is_open(port)


async def test_who_comes_while_it_closes_gets_it_open(hass: HomeAssistant, port: int) -> None:
    _, release = await async_acquire_listener(hass, port)
    closing = asyncio.create_task(release())
    await asyncio.sleep(0)
    _, release_again = await async_acquire_listener(hass, port)
    await closing
    assert await is_open(port)
    await release_again()
    assert not await is_open(port)


async def test_a_taken_port_is_an_error_that_leaves_nothing(hass: HomeAssistant, port: int) -> None:
    taken = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
    with pytest.raises(OSError, match="in use"):
        await async_acquire_listener(hass, port)
    assert hass.data[DATA_LISTENERS] == {}
    taken.close()
    await taken.wait_closed()
    _, release = await async_acquire_listener(hass, port)
    await release()


async def test_two_ports_are_two_listeners(hass: HomeAssistant, port: int) -> None:
    one, release_one = await async_acquire_listener(hass, port)
    other, release_other = await async_acquire_listener(hass, free_port())
    assert one is not other
    await release_one()
    await release_other()


async def test_the_port_closes_when_home_assistant_stops(hass: HomeAssistant, port: int) -> None:
    _, release = await async_acquire_listener(hass, port)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await hass.async_block_till_done()
    assert not await is_open(port)
    await release()


async def test_a_watcher_hears_of_calls_until_it_has_enough(hass: HomeAssistant, port: int) -> None:
    _, release = await async_acquire_listener(hass, port)
    heard: list[PeerEvent] = []
    stop = async_watch_peers(hass, port, heard.append)
    async with OcppCharger(f"ws://127.0.0.1:{port}/", "CP1") as charger:
        async with asyncio.timeout(60):
            while not heard:  # noqa: ASYNC110  what happens on a real socket sets no event of ours
                await asyncio.sleep(0.01)
        stop()
        await charger.drop_link()
    assert heard[0].kind is PeerKind.UNKNOWN
    assert heard[0].charge_point_id == "CP1"
    await hass.async_block_till_done(wait_background_tasks=True)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "CP1"}
    await release()


# Discoveries


@pytest.fixture
async def watch(hass: HomeAssistant) -> AsyncIterator[PeerWatch]:
    watch = PeerWatch(hass, PORT)
    yield watch
    watch.close()


def unknown(name: str | None, address: str = "192.0.2.1") -> PeerEvent:
    return PeerEvent(kind=PeerKind.UNKNOWN, charge_point_id=name, address=address, version="ocpp1.6")


async def discovered(hass: HomeAssistant) -> list[str]:
    await hass.async_block_till_done(wait_background_tasks=True)
    flows = hass.config_entries.flow.async_progress()
    assert all(flow["context"]["source"] == SOURCE_INTEGRATION_DISCOVERY for flow in flows)
    return [flow["context"]["unique_id"] for flow in flows]


def an_entry(hass: HomeAssistant, **more: Any) -> MockConfigEntry:
    data = {"protocol": "ocpp", "charge_point_id": "CP1", "listen_port": PORT, "password_hashes": []}
    entry = MockConfigEntry(domain=DOMAIN, title="Garage", unique_id="LM-0001", data=data, **more)
    entry.add_to_hass(hass)
    return entry


async def test_a_stranger_is_offered_once(hass: HomeAssistant, watch: PeerWatch) -> None:
    for _ in range(3):
        watch.notice(unknown("CP1"))
        watch.notice(unknown("CP1", "192.0.2.99"))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert await discovered(hass) == ["CP1"]


async def test_a_call_without_an_id_is_nobody(hass: HomeAssistant, watch: PeerWatch) -> None:
    watch.notice(unknown(None))
    assert await discovered(hass) == []


@pytest.mark.parametrize("more", [{}, {"disabled_by": ConfigEntryDisabler.USER}])
async def test_a_charge_point_that_is_set_up_is_no_discovery(
    hass: HomeAssistant, watch: PeerWatch, more: dict[str, Any]
) -> None:
    an_entry(hass, **more)
    watch.notice(unknown("cp1"))
    assert await discovered(hass) == []


async def test_an_ignored_charge_point_is_no_discovery(hass: HomeAssistant, watch: PeerWatch) -> None:
    MockConfigEntry(domain=DOMAIN, unique_id="CP1", source=SOURCE_IGNORE, data={}).add_to_hass(hass)
    watch.notice(unknown("CP1"))
    assert await discovered(hass) == []


@pytest.mark.requirement("S8.2")
async def test_one_peer_cannot_fill_the_screen(hass: HomeAssistant, watch: PeerWatch) -> None:
    for number in range(50):
        watch.notice(unknown(f"CP{number}"))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert len(await discovered(hass)) == PENDING_PER_ADDRESS
    watch.notice(unknown("Honest", "192.0.2.2"))
    assert "Honest" in await discovered(hass)


async def test_a_new_password_that_is_asked_for_takes_no_place(hass: HomeAssistant, watch: PeerWatch) -> None:
    an_entry(hass).async_start_reauth(hass)
    await hass.async_block_till_done()
    watch.notice(unknown("CP2"))
    await hass.async_block_till_done(wait_background_tasks=True)
    assert {flow["context"]["source"] for flow in hass.config_entries.flow.async_progress()} == {
        SOURCE_REAUTH,
        SOURCE_INTEGRATION_DISCOVERY,
    }


@pytest.mark.requirement("S8.2")
async def test_many_peers_cannot_fill_the_screen_either(hass: HomeAssistant, watch: PeerWatch) -> None:
    for number in range(50):
        watch.notice(unknown(f"CP{number}", f"192.0.2.{number}"))
        await hass.async_block_till_done(wait_background_tasks=True)
    assert len(await discovered(hass)) == PENDING


@pytest.mark.requirement("S8.2")
async def test_closing_one_discovery_does_not_let_a_hundred_follow(hass: HomeAssistant, watch: PeerWatch) -> None:
    offered = 0
    for number in range(100):
        watch.notice(unknown(f"CP{number}"))
        await hass.async_block_till_done(wait_background_tasks=True)
        for flow in hass.config_entries.flow.async_progress():
            offered += 1
            hass.config_entries.flow.async_abort(flow["flow_id"])
    assert offered == PENDING


async def test_a_hostile_name_is_shown_as_plain_text(hass: HomeAssistant, watch: PeerWatch) -> None:
    watch.notice(unknown("`![x](evil)`\u202e"))
    await hass.async_block_till_done(wait_background_tasks=True)
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["title_placeholders"] == {"name": "![x](evil)"}


# Charge points that are set up


def told(kind: PeerKind, detail: str | None = None) -> PeerEvent:
    return PeerEvent(kind=kind, charge_point_id="CP1", address="192.0.2.1", version="ocpp1.6", detail=detail)


def issues(hass: HomeAssistant) -> list[str]:
    ours = [issue for (domain, _), issue in ir.async_get(hass).issues.items() if domain == DOMAIN]
    for issue in ours:
        assert issue.translation_key is not None
        words = ENGLISH["issues"][issue.translation_key]
        (words["title"] + words["description"]).format(**issue.translation_placeholders or {})
    return sorted(issue.issue_id for issue in ours)


async def test_a_locked_out_charge_point_makes_the_owner_be_asked(hass: HomeAssistant, watch: PeerWatch) -> None:
    an_entry(hass)
    for _ in range(2):
        watch.notice(told(PeerKind.WRONG_PASSWORD))
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []
    for _ in range(3):
        watch.notice(told(PeerKind.WRONG_PASSWORD))
    await hass.async_block_till_done()
    (flow,) = hass.config_entries.flow.async_progress()
    assert flow["context"]["source"] == SOURCE_REAUTH


async def test_the_owner_is_asked_no_longer_once_it_gets_in(hass: HomeAssistant, watch: PeerWatch) -> None:
    an_entry(hass)
    for _ in range(3):
        watch.notice(told(PeerKind.WRONG_PASSWORD))
    await hass.async_block_till_done()
    watch.notice(told(PeerKind.CONNECTED))
    assert hass.config_entries.flow.async_progress() == []


async def test_wrong_passwords_far_apart_are_slips(hass: HomeAssistant, watch: PeerWatch) -> None:
    an_entry(hass)
    real_time = hass.loop.time
    for number in range(6):
        with patch.object(hass.loop, "time", lambda number=number: real_time() + number * 400):
            watch.notice(told(PeerKind.WRONG_PASSWORD))
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []


async def test_a_charge_point_that_gets_in_has_its_slips_forgotten(hass: HomeAssistant, watch: PeerWatch) -> None:
    an_entry(hass)
    for _ in range(2):
        watch.notice(told(PeerKind.WRONG_PASSWORD))
        watch.notice(told(PeerKind.WRONG_PASSWORD))
        watch.notice(told(PeerKind.CONNECTED))
        watch.notice(told(PeerKind.DISCONNECTED))
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []


@pytest.mark.requirement("S8.2")
async def test_a_stranger_who_guesses_while_the_real_one_is_there_is_told_of(
    hass: HomeAssistant, watch: PeerWatch
) -> None:
    entry = an_entry(hass)
    watch.notice(told(PeerKind.CONNECTED))
    watch.notice(told(PeerKind.CONNECTED))
    watch.notice(told(PeerKind.DISCONNECTED))
    for _ in range(5):
        watch.notice(told(PeerKind.WRONG_PASSWORD))
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []
    assert issues(hass) == [f"wrong_password_{entry.entry_id}"]


@pytest.mark.parametrize(
    ("kind", "key"), [(PeerKind.ID_CONFLICT, "id_conflict"), (PeerKind.NO_SUBPROTOCOL, "unsupported_version")]
)
async def test_what_the_owner_can_put_right_is_a_repair_while_it_lasts(
    hass: HomeAssistant, watch: PeerWatch, kind: PeerKind, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    entry = an_entry(hass)
    for _ in range(3):
        watch.notice(told(kind, "ocpp2.0.1"))
    assert issues(hass) == [f"{key}_{entry.entry_id}"]
    assert caplog.text.count(key.replace("_", " ")) == 1
    async_fire_time_changed(hass, dt_util.utcnow() + timedelta(hours=1, seconds=1))
    await hass.async_block_till_done()
    assert issues(hass) == []


async def test_a_version_put_right_ends_its_repair(hass: HomeAssistant, watch: PeerWatch) -> None:
    an_entry(hass)
    watch.notice(told(PeerKind.NO_SUBPROTOCOL))
    watch.notice(told(PeerKind.CONNECTED))
    assert issues(hass) == []


async def test_repairs_go_with_the_listener(hass: HomeAssistant, watch: PeerWatch) -> None:
    an_entry(hass)
    watch.notice(told(PeerKind.ID_CONFLICT))
    watch.close()
    assert issues(hass) == []


@pytest.mark.parametrize("kind", [PeerKind.BAD_HANDSHAKE, PeerKind.TOO_MANY_ATTEMPTS, PeerKind.WRONG_PASSWORD])
async def test_the_trouble_of_strangers_is_nobodys(hass: HomeAssistant, watch: PeerWatch, kind: PeerKind) -> None:
    MockConfigEntry(domain=DOMAIN, data={"protocol": "modbus", "host": "a"}).add_to_hass(hass)
    for _ in range(5):
        watch.notice(told(kind))
    await hass.async_block_till_done()
    assert hass.config_entries.flow.async_progress() == []
    assert issues(hass) == []


async def test_a_broken_call_of_a_known_charge_point_is_only_counted(hass: HomeAssistant, watch: PeerWatch) -> None:
    an_entry(hass)
    watch.notice(told(PeerKind.BAD_HANDSHAKE))
    assert issues(hass) == []
