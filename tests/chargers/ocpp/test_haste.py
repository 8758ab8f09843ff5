"""How soon we answer, and how soon we speak: some charge points mind."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from custom_components.smart_charge.chargers.charger import ChargerUnreachable
from tests.waiting import until

from .peer import QUICK, Site


async def drop_behind_start(site: Site) -> float:
    """Start as one does that hangs up when the answer comes at once; returns how long the answer took."""
    peer = await site.peer()
    begun_at = asyncio.get_running_loop().time()
    await peer.start(at="2026-11-21T08:00:00Z")
    took_s = asyncio.get_running_loop().time() - begun_at
    await peer.socket.close()
    return took_s


async def test_one_that_hangs_up_on_quick_answers_is_answered_later(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    for _ in range(2):
        await drop_behind_start(site)
        await until(lambda: not charger.is_online)
    assert await drop_behind_start(site) >= site.timings.start_answer_s
    assert charger.counts["starts_answered_slowly"] == 1


async def test_a_link_lost_long_after_a_start_is_no_haste(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    for _ in range(3):
        peer = await site.peer()
        await peer.start(at="2026-11-21T08:00:00Z")
        await peer.ask("Heartbeat", {})
        await peer.socket.close()
        await until(lambda: not charger.is_online)
    assert "starts_answered_slowly" not in charger.counts


@pytest.mark.parametrize("timings", [replace(QUICK, settle_s=500, boot_wait_s=900, flush_s=0.05)])
async def test_a_start_right_behind_the_boot_is_given_its_setpoint_at_once(site: Site) -> None:
    charger = site.charger(memory={"smart": {"units": ["A"], "max_level": 9}})
    site.run(charger)
    with suppress(ChargerUnreachable):
        await charger.apply(0)
    peer = await site.peer()
    await peer.boot()
    await peer.start()
    await until(lambda: peer.leases)
    assert peer.leases[0]["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 0}]
