"""A random delay of the maker's own: known, made as long as the owner wants, and never beside ours (reg 11)."""

from collections.abc import Callable
from typing import Any

import pytest

from custom_components.smart_charge.chargers.charger import LeaveBehind
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from tests.waiting import until

from .peer import Peer, Site

VESTEL = {"RandomisedDelayMaxSeconds": "600"}
GROWATT = {"G_RandDelayChargeTime": "600"}
KEBA = {"RandomProfileDelayEnabled": "true", "RandomProfileMaxDelay": "600"}


def plan(most_s: int) -> LeaveBehind:
    return LeaveBehind(hours=None, max_a=32, draw_s=lambda: 0, delay_max_s=most_s)


async def meet(site: Site, settings: dict[str, str], **kwargs: Any) -> tuple[OcppCharger, Peer]:
    charger = site.charger(**kwargs)
    site.run(charger)
    peer = await site.peer()
    peer.settings |= settings
    await peer.boot()
    await peer.status("Available")
    await until(lambda: peer.called("GetLocalListVersion") and charger.connection is not None)
    return charger, peer


def writes(peer: Peer) -> list[dict[str, Any]]:
    names = ("Random", "G_Rand")
    return [call for call in peer.called("ChangeConfiguration") if call["key"].startswith(names)]


def takes(peer: Peer, accepts: Callable[[str], bool]) -> None:
    """Let the charge point take only some values of its delay's keys."""

    def change(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["key"] not in peer.settings or not accepts(payload["value"]):
            return {"status": "Rejected"}
        peer.settings[payload["key"]] = payload["value"]
        return {"status": "Accepted"}

    peer.replies["ChangeConfiguration"] = change


@pytest.mark.requirement("11.6")
@pytest.mark.parametrize("settings", [VESTEL, GROWATT, KEBA])
async def test_one_that_is_on_is_known(site: Site, settings: dict[str, str]) -> None:
    charger, _ = await meet(site, settings)
    await until(lambda: charger.capabilities.delays_itself)


@pytest.mark.requirement("11.6")
@pytest.mark.parametrize(
    "settings", [VESTEL | {"RandomisedDelayMaxSeconds": "0"}, KEBA | {"RandomProfileDelayEnabled": "False"}]
)
async def test_one_that_is_off_is_left_off(site: Site, settings: dict[str, str]) -> None:
    charger, peer = await meet(site, settings)
    await charger.leave_behind(plan(1800))
    assert not charger.capabilities.delays_itself
    assert writes(peer) == []


@pytest.mark.requirement("11.4")
@pytest.mark.parametrize(
    ("settings", "key"),
    [(VESTEL, "RandomisedDelayMaxSeconds"), (GROWATT, "G_RandDelayChargeTime"), (KEBA, "RandomProfileMaxDelay")],
)
async def test_a_longer_delay_is_written_once(site: Site, settings: dict[str, str], key: str) -> None:
    charger, peer = await meet(site, settings)
    for _ in range(2):
        await charger.leave_behind(plan(1800))
    await until(lambda: peer.settings[key] == "1800")
    await charger.leave_behind(plan(1800))
    assert writes(peer) == [{"key": key, "value": "1800"}]
    assert charger.capabilities.delays_itself


@pytest.mark.requirement("11.4")
async def test_what_was_wanted_before_it_called_is_written_when_it_does(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    with pytest.raises(Exception, match="not connected"):
        await charger.leave_behind(plan(1800))
    peer = await site.peer()
    peer.settings |= VESTEL
    await peer.boot()
    await peer.status("Available")
    await until(lambda: peer.settings["RandomisedDelayMaxSeconds"] == "1800")


@pytest.mark.requirement("11.4")
@pytest.mark.parametrize(
    ("settings", "off"), [(GROWATT, ("G_RandDelayChargeTime", "0")), (KEBA, ("RandomProfileDelayEnabled", "false"))]
)
async def test_one_that_cannot_be_made_longer_gives_way_to_ours(
    site: Site, settings: dict[str, str], off: tuple[str, str]
) -> None:
    charger, peer = await meet(site, settings)
    takes(peer, lambda value: value != "1800")
    await charger.leave_behind(plan(1800))
    await until(lambda: not charger.capabilities.delays_itself)
    assert peer.settings[off[0]] == off[1]


@pytest.mark.requirement("11.4")
async def test_one_that_was_switched_off_is_on_again_when_we_go(site: Site) -> None:
    charger, peer = await meet(site, GROWATT)
    takes(peer, lambda value: value != "1800")
    await charger.leave_behind(plan(1800))
    await until(lambda: not charger.capabilities.delays_itself)
    await charger.hand_back()
    assert peer.settings["G_RandDelayChargeTime"] == "600"
    assert charger.capabilities.delays_itself


@pytest.mark.requirement("11.6")
async def test_one_that_can_be_neither_changed_nor_switched_off_stays_the_only_one(site: Site) -> None:
    charger, peer = await meet(site, GROWATT)
    takes(peer, lambda _: False)
    await charger.leave_behind(plan(1800))
    await until(lambda: charger.counts["vendor_delay_fixed"])
    assert charger.capabilities.delays_itself
    before = len(peer.calls)
    await charger.leave_behind(plan(1800))
    assert [name for name, _ in peer.calls[before:] if name == "ChangeConfiguration"] == []
