"""Charge points that break of a value each second, and what is asked of them from then on."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.chargers.ocpp.memory import Memory
from custom_components.smart_charge.chargers.ocpp.sample_rate import KEPT, LOSSES, SampleRate
from tests.waiting import until

from .peer import Peer, Site

KEY = "MeterValueSampleInterval"


class Home:
    """A rate with a clock that can be moved."""

    def __init__(self, stored: dict[str, Any] | None = None) -> None:
        self.now = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
        self.stored = stored or {}
        self.memory = Memory(self.stored, self._save)
        self.counted: list[str] = []
        self.rate = SampleRate(self.memory, lambda: self.now, self.counted.append)

    async def _save(self, _memory: object) -> None:
        """Keep nothing."""

    def breaks(self, times: int = LOSSES, *, interval_s: int | None = 1, every=timedelta(minutes=4)) -> None:
        for _ in range(times):
            self.now += every
            self.rate.heard()
            self.now += timedelta(seconds=2)
            self.rate.link_lost(interval_s)


@pytest.mark.requirement("9.4")
def test_three_links_lost_within_an_hour_while_values_came_are_too_many():
    home = Home()
    home.breaks(LOSSES - 1)
    assert home.rate.least_s == 1
    home.breaks(1)
    assert (home.rate.least_s, home.rate.is_news, home.counted) == (5, True, ["sampling_slowed"])


def test_it_goes_on_until_the_charge_point_stands_it():
    home = Home()
    for interval_s, next_s in ((1, 5), (5, 10), (10, 30), (30, 60)):
        home.breaks(interval_s=interval_s)
        assert home.rate.least_s == next_s
    home.breaks(9, interval_s=60)
    assert home.rate.least_s == 60


@pytest.mark.parametrize(
    ("case", "does"),
    [
        ("seldom", lambda home: home.breaks(9, every=timedelta(minutes=40))),
        ("an interval that is not known", lambda home: home.breaks(9, interval_s=None)),
        ("values switched off", lambda home: home.breaks(9, interval_s=0)),
        ("no value was ever heard", lambda home: [home.rate.link_lost(1) for _ in range(9)]),
    ],
)
def test_links_that_are_lost_for_another_reason_slow_nothing_down(case, does):
    home = Home()
    does(home)
    assert home.rate.least_s == 1, case


def test_links_lost_long_after_the_last_value_slow_nothing_down():
    home = Home()
    for _ in range(9):
        home.rate.heard()
        home.now += timedelta(minutes=2)
        home.rate.link_lost(1)
    assert home.rate.least_s == 1


def test_after_a_month_it_is_tried_anew():
    home = Home()
    home.breaks()
    home.now += KEPT
    assert home.rate.least_s == 1


@pytest.mark.parametrize(
    "stored",
    [
        {"least_s": 7, "until": "2027-01-01T00:00:00+00:00"},
        {"least_s": 5, "until": "soon"},
        {"least_s": 5, "until": "2027-01-01T00:00:00"},
        {"least_s": 5},
        {"least_s": [5], "until": 3},
    ],
)
def test_what_was_stored_by_nobody_we_know_is_ignored(stored):
    assert Home({"sampling": stored}).rate.least_s == 1


async def connected(site: Site, charger: OcppCharger, settings: dict[str, str]) -> Peer:
    peer = await site.peer()
    peer.settings = settings
    await peer.boot()
    await peer.status("Charging")
    await until(lambda: charger.diagnostics()["configuration"].get(KEY) == settings[KEY])
    return peer


@pytest.mark.requirement("9.4")
async def test_a_charge_point_that_loses_its_link_each_second_is_asked_for_less(site: Site) -> None:
    charger, settings = site.charger(), {KEY: "60"}
    site.run(charger)
    for _ in range(LOSSES):
        peer = await connected(site, charger, settings)
        await until(lambda: settings[KEY] == "1")
        await peer.meter(None, Power_Active_Import=7000)
        await peer.socket.close()
        await until(lambda: not charger.is_online)
    await connected(site, charger, settings)
    await until(lambda: settings[KEY] == "5")
    again = site.charger(memory=site.saved)
    assert again.diagnostics()["sample_interval_least_s"] == 5


async def test_an_owner_who_pays_for_each_message_gets_fewer(site: Site) -> None:
    charger, settings = site.charger(sample_s=20), {KEY: "1"}
    site.run(charger)
    peer = await site.peer()
    peer.settings = settings
    await peer.boot()
    await until(lambda: settings[KEY] == "20")


def test_what_is_wanted_and_what_is_stood_both_count():
    home = Home()
    home.rate = SampleRate(home.memory, lambda: home.now, home.counted.append, 7)
    assert home.rate.to_try_s == (7, 10, 30, 60)
    home.breaks(interval_s=10)
    assert home.rate.to_try_s == (30, 60)
