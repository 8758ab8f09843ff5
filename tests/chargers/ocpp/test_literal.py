"""The worst that was seen of real charge points: the vehicle charges when it may, and stops when it may not."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace

import pytest

from custom_components.smart_charge.chargers.charger import ChargerError
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from tests.waiting import until

from .literal import Literal, Manners
from .peer import QUICK, Site

AUTHORIZE = ("Authorize", {"idTag": "smart"})
AVAILABLE = ("StatusNotification", {"connectorId": 1, "status": "Available", "errorCode": "NoError"})

MANNERS = {
    "behaves": Manners(),
    "bad JSON": Manners(junk=("{", "", "nonsense", '["2"]', "[2]", "[]", "null", "[2,", '[2,"x"]', "9" * 400)),
    "unknown kinds of message": Manners(junk=('[9,"x",{}]', '[2,"y","Dance",{}]', '[3,"z"]', '[4,"z"]', '[true,"a"]')),
    "a payload that is a list": Manners(junk=('[2,"p","Heartbeat",[]]', '[2,"q","StatusNotification","x"]')),
    "answers when we have given up": Manners(answers_after_s=0.9),
    "an error to a call that nobody made": Manners(wrong_error=True),
    "answers twice": Manners(answers_twice=True),
    "answers with lists": Manners(lists=frozenset({"GetConfiguration", "GetCompositeSchedule", "TriggerMessage"})),
    "an error for all settings": Manners(ends_calls={"GetConfiguration": "InternalError", "SendLocalList": "?"}),
    "boots thrice": Manners(boots=3),
    "never boots": Manners(boots=0),
    "a state before the boot": Manners(before_boot=(AVAILABLE,)),
    "a tag before the boot": Manners(before_boot=(AUTHORIZE,)),
    "numbers as texts": Manners(as_text=True),
    "no times": Manners(stamp=None),
    "times without zone": Manners(stamp="%Y-%m-%dT%H:%M:%S"),
    "times without seconds": Manners(stamp="%Y-%m-%d %H:%M"),
    "times that are none": Manners(stamp="yesterday"),
    "NaN": Manners(values="NaN"),
    "no values": Manners(values="none"),
    "values without a measurand": Manners(values="unnamed"),
    "unknown units": Manners(values="odd unit"),
    "phases to neutral": Manners(values="L1-N"),
    "phases in the measurand": Manners(values="Voltage.L1"),
    "connector 0 alone": Manners(connector_id=0),
    "the transaction's id as text": Manners(text_transaction=True),
    "no subprotocol": Manners(protocol=None),
    "the subprotocol in another case": Manners(protocol="OCPP1.6"),
    "an id in percents": Manners(path="/ocpp/%43%50%31"),
    "a slash behind the id": Manners(path="/CP1/"),
    "doubled slashes and a query": Manners(path="//ocpp//CP1?token=1"),
    "an id in another case": Manners(path="/cp1", user="cp1"),
    "a password with colons": Manners(password="a:b:c"),
    "no id at all": Manners(path="/"),
    "pings never answered": Manners(answers_pings=False),
    "a line that breaks": Manners(drops=True),
}


@pytest.fixture
async def site(socket_enabled: None) -> AsyncIterator[Site]:
    site = Site(replace(QUICK, follow_s=1.5, look_s=0.5))
    await site.central.start()
    try:
        yield site
    finally:
        await site.close()


async def apply(charger: OcppCharger, setpoint_a: float) -> None:
    with suppress(ChargerError):  # kept, and said again
        await charger.apply(setpoint_a)


@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS.keys())
async def test_it_charges_when_it_may_and_stops_when_it_may_not(site: Site, manners: Manners) -> None:
    charger = site.charger(password=manners.password.encode(), start_without_tag=True)
    site.run(charger)
    peer = Literal(site.session, site.central.port, manners)
    site.tasks.append(asyncio.create_task(peer.run()))
    await apply(charger, 0)
    await until(lambda: peer.transaction_id is not None and peer.drawn_a == 0)
    await apply(charger, 16)
    await until(lambda: peer.drawn_a == 16)
    if manners.drops:
        await until(lambda: peer.connections == 2 and charger.is_online)
    await apply(charger, 0)
    await until(lambda: peer.drawn_a == 0 and peer.transaction_id is not None)
    assert [error for error in peer.errors if error[2] == "InternalError"] == []
    assert charger.counts["handler_failures"] == 0


async def test_the_subprotocol_is_echoed_as_it_came(site: Site) -> None:
    site.run(site.charger())
    socket = await site.dial(protocols=("OCPP1.6",))
    assert socket.protocol == "OCPP1.6"
    await socket.close()
