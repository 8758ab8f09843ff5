"""Meter values as samples: when they were measured, and who hears of them."""

from datetime import timedelta

import pytest

from tests.waiting import until

from .peer import Site
from .test_meter_watch import meet


@pytest.mark.requirement("9.4")
async def test_each_message_of_meter_values_is_a_sample_even_if_it_says_the_same(site: Site) -> None:
    charger, peer = await meet(site)
    samples = []
    charger.listen_samples(samples.append)
    for _ in range(3):
        await peer.meter(None, Power_Active_Import=7000, Current_Import=30)
    await until(lambda: len(samples) == 3)
    assert [sample.power_w for sample in samples] == [7000.0] * 3
    assert len({sample.measured_at for sample in samples}) == 3


async def test_a_status_is_no_sample_and_keeps_the_time_of_the_last_one(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.meter(None, Power_Active_Import=7000)
    measured_at, samples = charger.reading.measured_at, []
    charger.listen_samples(samples.append)
    await peer.status("SuspendedEVSE")
    assert charger.reading.measured_at == measured_at
    assert charger.reading.taken_at - measured_at >= timedelta(0)
    assert samples == []


async def test_who_stopped_listening_hears_no_more(site: Site) -> None:
    charger, peer = await meet(site)
    heard = []
    stop = charger.listen_samples(heard.append)
    stop()
    stop()
    await peer.meter(None, Power_Active_Import=7000)
    assert heard == []
