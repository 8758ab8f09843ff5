"""Charges that the charge point bracketed itself: each handed over until it is on record, and once after that."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.smart_charge.chargers.charger import PastTransaction
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.chargers.ocpp.tags import TagStatus
from custom_components.smart_charge.chargers.ocpp.wire_time import write

from .peer import Peer, Site, now, stamp


async def meet(site: Site, **kwargs: Any) -> tuple[OcppCharger, Peer]:
    charger = site.charger(**kwargs)
    site.central.expect(charger)
    return charger, await site.peer()


def ago(**passed: float) -> datetime:
    """An instant in the past, as it comes back from the wire."""
    instant = now() - timedelta(**passed)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


async def stop(peer: Peer, transaction_id: Any, wh: int, at: str | None = None, **more: Any) -> None:
    payload = {"transactionId": transaction_id, "meterStop": wh, "timestamp": at or stamp()} | more
    assert (await peer.ask("StopTransaction", payload))[0] == 3


def only(charger: OcppCharger) -> PastTransaction:
    (found,) = charger.past_transactions
    return found


@pytest.mark.requirement("7.2")
async def test_one_queued_while_nobody_listened_is_handed_over_with_its_own_times(site: Site) -> None:
    charger, peer = await meet(site)
    began_at, ended_at = ago(hours=5), ago(hours=2)
    number = (await peer.start("card", 1000, write(began_at)))["transactionId"]
    await stop(peer, number, 8000, write(ended_at), idTag="card", reason="EVDisconnected")
    past = only(charger)
    assert (past.began_at, past.ended_at) == (began_at, ended_at)
    assert (past.meter_start_wh, past.meter_stop_wh) == (1000, 8000)
    assert (past.id_tag, past.transaction_id, past.reason) == ("card", str(number), "EVDisconnected")
    assert (past.began_live, past.ended_live, past.is_reconstructed) == (False, False, False)


async def test_one_that_we_saw_says_so(site: Site) -> None:
    charger, peer = await meet(site)
    number = (await peer.start("card", 1000))["transactionId"]
    assert charger.past_transactions == ()
    await stop(peer, number, 8000)
    assert (only(charger).began_live, only(charger).ended_live) == (True, True)


@pytest.mark.parametrize("status", [TagStatus.INVALID, TagStatus.BLOCKED, TagStatus.EXPIRED])
async def test_a_tag_that_was_refused_as_it_began_is_not_whose_it_was(site: Site, status: TagStatus) -> None:
    site.tags = {"card": status}
    charger, peer = await meet(site)
    at = stamp()
    number = (await peer.start("card", 1000, at))["transactionId"]
    assert (await peer.start("card", 1000, at))["transactionId"] == number  # a repetition still is one
    await stop(peer, number, 8000)
    assert only(charger).id_tag is None


async def test_a_tag_that_was_accepted_is_whose_it_was(site: Site) -> None:
    site.tags = {"card": TagStatus.ACCEPTED}
    charger, peer = await meet(site)
    number = (await peer.start("card", 1000))["transactionId"]
    await stop(peer, number, 8000)
    assert only(charger).id_tag == "card"


async def test_one_that_ended_while_the_link_was_away_began_live_only(site: Site) -> None:
    later = timedelta()
    charger, peer = await meet(site, clock=lambda: now() + later)
    number = (await peer.start("card", 1000))["transactionId"]
    ended_at = stamp()
    later = timedelta(hours=1)
    await stop(await site.peer(), number, 8000, ended_at)
    assert (only(charger).began_live, only(charger).ended_live) == (True, False)


async def test_messages_that_come_twice_make_one(site: Site) -> None:
    charger, peer = await meet(site)
    began, ended = write(ago(hours=5)), write(ago(hours=2))
    for _ in range(2):
        number = (await peer.start("card", 1000, began))["transactionId"]
    for _ in range(2):
        await stop(peer, number, 8000, ended)
    assert only(charger).meter_stop_wh == 8000


async def test_what_is_on_record_does_not_come_again(site: Site) -> None:
    charger, peer = await meet(site)
    began, ended = write(ago(hours=5)), write(ago(hours=2))
    number = (await peer.start("card", 1000, began))["transactionId"]
    await stop(peer, number, 8000, ended)
    await charger.acknowledge(charger.past_transactions)
    await peer.start("card", 1000, began)
    await stop(peer, number, 8000, ended)
    assert charger.past_transactions == ()
    assert site.charger(memory=site.saved).past_transactions == ()


async def test_what_is_not_on_record_outlives_a_restart(site: Site) -> None:
    charger, peer = await meet(site)
    number = (await peer.start("card", 1000, write(ago(hours=5))))["transactionId"]
    await stop(peer, number, 8000, write(ago(hours=2)))
    assert site.charger(memory=site.saved).past_transactions == charger.past_transactions != ()


async def test_an_end_that_was_a_guess_comes_again_when_it_is_told(site: Site) -> None:
    charger, peer = await meet(site)
    number = (await peer.start("card", 1000))["transactionId"]
    await peer.status("Charging")
    await peer.status("Available")
    guess = only(charger)
    assert guess.is_reconstructed
    await charger.acknowledge([guess])
    await stop(peer, number, 8000)
    told = only(charger)
    assert told.key == guess.key
    assert (told.is_reconstructed, told.meter_stop_wh) == (False, 8000)


async def test_a_guess_acknowledged_after_the_truth_came_leaves_the_truth(site: Site) -> None:
    charger, peer = await meet(site)
    number = (await peer.start("card", 1000))["transactionId"]
    await peer.status("Charging")
    await peer.status("Available")
    guess = only(charger)
    await stop(peer, number, 8000)
    await charger.acknowledge([guess])
    assert only(charger).meter_stop_wh == 8000


async def test_one_whose_stop_never_comes_ends_where_the_next_begins(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.start("card", 1000, write(ago(hours=5)))
    await peer.start("card", 6000, write(ago(hours=2)))
    past = only(charger)
    assert (past.meter_stop_wh, past.is_reconstructed, past.ended_live) == (6000, True, False)


async def test_a_stop_of_which_nobody_knows_the_start_is_handed_over_without_one(site: Site) -> None:
    charger, peer = await meet(site)
    await stop(peer, 4711, 8000, write(ago(hours=2)))
    past = only(charger)
    assert (past.began_at, past.meter_start_wh, past.meter_stop_wh) == (None, None, 8000)


async def test_a_month_without_us_is_kept_whole(site: Site) -> None:
    charger, peer = await meet(site)
    for day in range(60, 0, -1):
        number = (await peer.start("card", day, write(ago(days=day, hours=5))))["transactionId"]
        await stop(peer, number, day, write(ago(days=day)))
    assert len(charger.past_transactions) == 60
    await charger.acknowledge(charger.past_transactions)
    await peer.start()
    assert len(site.saved["transactions"]["entries"]) <= 30


async def test_the_neighbours_are_not_ours_to_record(site: Site) -> None:
    charger, peer = await meet(site)
    payload = {"connectorId": 2, "idTag": "neighbour", "meterStart": 500, "timestamp": stamp()}
    number = (await peer.ask("StartTransaction", payload))[2]["transactionId"]
    await stop(peer, number, 900)
    assert charger.past_transactions == ()
