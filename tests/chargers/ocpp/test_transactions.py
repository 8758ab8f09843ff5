"""Transactions: numbered once, recognised when they come again, ended when nobody says so."""

import asyncio
from typing import Any

import pytest

from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.charging.model import ConnectorStatus
from tests.waiting import until

from .peer import Peer, Site, stamp


async def meet(site: Site, **kwargs: Any) -> tuple[OcppCharger, Peer]:
    charger = site.charger(**kwargs)
    site.central.expect(charger)
    return charger, await site.peer()


async def stop(peer: Peer, transaction_id: Any, at: str | None = None, **more: Any) -> Any:
    payload = {"transactionId": transaction_id, "meterStop": 2000, "timestamp": at or stamp()} | more
    return await peer.ask("StopTransaction", payload)


async def test_an_id_is_on_disk_before_it_is_answered(site: Site) -> None:
    _, peer = await meet(site)
    answer = await peer.start()
    assert site.saved["transactions"]["entries"][-1]["id"] == answer["transactionId"]


async def test_a_disk_that_fails_means_no_answer_so_that_the_start_comes_again(site: Site) -> None:
    async def full(_memory: object) -> None:
        raise OSError("disk full")

    charger, peer = await meet(site, save=full)
    await peer.send_raw(
        [2, "s", "StartTransaction", {"connectorId": 1, "idTag": "x", "meterStart": 1, "timestamp": stamp()}]
    )
    assert (await peer.ask("Heartbeat", {}))[0] == 3
    assert "s" not in peer.answers
    assert charger.counts["handler_failures"] == 1


async def test_a_start_that_comes_twice_gets_the_same_id(site: Site) -> None:
    charger, peer = await meet(site)
    at = stamp()
    assert (await peer.start(at=at))["transactionId"] == (await peer.start(at=at))["transactionId"]
    assert site.number == 101
    assert charger.counts["repeated_start"] == 1


async def test_a_start_that_comes_twice_around_our_restart_gets_the_same_id(site: Site) -> None:
    release = site.central.expect(site.charger())
    at = stamp()
    first = await (await site.peer()).start(at=at)
    release()
    site.central.expect(site.charger(memory=site.saved))
    again = await (await site.peer()).start(at=at)
    assert first["transactionId"] == again["transactionId"]


async def test_a_stop_that_comes_twice_is_answered_twice(site: Site) -> None:
    charger, peer = await meet(site)
    transaction_id = (await peer.start())["transactionId"]
    at = stamp()
    assert await stop(peer, transaction_id, at)
    assert (await stop(peer, transaction_id, at))[2] == {}
    assert charger.counts["repeated_stop"] == 1


@pytest.mark.parametrize("odd", [-1, 0, -16, "", None])
async def test_a_stop_whose_id_is_none_ends_the_open_one(site: Site, odd: Any) -> None:
    charger, peer = await meet(site)
    await peer.start()
    assert (await stop(peer, odd))[0] == 3
    assert charger.transaction_id is None


@pytest.mark.parametrize("odd", [2**63 - 1, "abc", 4711])
async def test_a_transaction_unknown_to_us_is_adopted(site: Site, odd: Any) -> None:
    charger, peer = await meet(site)
    await peer.meter(odd, Energy_Active_Import_Register=5000)
    assert charger.transaction_id == odd
    await stop(peer, odd)
    assert charger.transaction_id is None


@pytest.mark.parametrize("odd", [-1, 0])
async def test_meter_values_of_no_transaction_adopt_none(site: Site, odd: int) -> None:
    charger, peer = await meet(site)
    await peer.meter(odd, Energy_Active_Import_Register=5000)
    assert charger.transaction_id is None


async def test_an_id_of_ours_is_never_one_that_was_adopted(site: Site) -> None:
    _, peer = await meet(site)
    await peer.meter(101, Energy_Active_Import_Register=5000)
    assert (await peer.start())["transactionId"] == 102


async def test_a_running_transaction_outlives_our_restart(site: Site) -> None:
    _, peer = await meet(site)
    transaction_id = (await peer.start())["transactionId"]
    again = site.charger(memory=site.saved)
    assert again.transaction_id == transaction_id


async def test_values_behind_the_stop_open_nothing(site: Site) -> None:
    charger, peer = await meet(site)
    transaction_id = (await peer.start())["transactionId"]
    await stop(peer, transaction_id)
    await peer.meter(transaction_id, Energy_Active_Import_Register=2000)
    assert charger.transaction_id is None


async def test_a_stop_of_a_stranger_older_than_the_open_one_ends_nothing(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.start()
    await stop(peer, 999, "2026-01-01T00:00:00Z")
    assert charger.transaction_id == 101


async def test_an_offline_queue_is_taken_in_order(site: Site) -> None:
    charger, peer = await meet(site)
    first = (await peer.start(at="2026-11-20T01:00:00Z"))["transactionId"]
    await stop(peer, first, "2026-11-20T02:00:00Z")
    second = (await peer.start(at="2026-11-20T03:00:00Z", meter=2000))["transactionId"]
    assert (first, second) == (101, 102)
    assert charger.transaction_id == 102


async def test_a_new_start_ends_one_that_got_no_stop(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.start()
    await peer.start(meter=1500)
    ended, running = site.saved["transactions"]["entries"]
    assert ended["is_reconstructed"]
    assert ended["meter_stop_wh"] == 1500
    assert charger.transaction_id == running["id"]


async def test_an_empty_connector_ends_one_that_got_no_stop(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.start()
    await peer.status("Available")
    assert charger.transaction_id is None


async def test_waiting_again_after_a_power_cut_ends_it_too(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.start()
    await peer.boot()
    await peer.status("Preparing")
    assert charger.transaction_id is None


async def test_preparing_repeated_within_a_transaction_ends_nothing(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.status("Preparing")
    await peer.start()
    await peer.status("Preparing")
    assert charger.transaction_id == 101


async def test_going_on_after_a_power_cut_keeps_the_transaction(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.start()
    await peer.boot()
    await peer.status("Charging")
    await peer.meter(101, Energy_Active_Import_Register=1100)
    assert charger.transaction_id == 101


async def test_one_ended_too_soon_is_opened_again_by_its_values(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.start()
    await peer.boot()
    await peer.status("Preparing")
    await peer.meter(101, Energy_Active_Import_Register=1100)
    assert charger.transaction_id == 101


async def test_only_a_stop_after_a_power_cut_is_taken(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.boot()
    assert (await stop(peer, 7, reason="PowerLoss"))[0] == 3
    assert charger.counts["stop_of_unknown"] == 1


@pytest.mark.parametrize("action", ["StartTransaction", "StopTransaction", "MeterValues"])
@pytest.mark.parametrize(
    "payload",
    [{}, {"connectorId": "x"}, {"transactionId": []}, {"meterValue": 7}, {"meterValue": [{"sampledValue": [1]}]},
     {"timestamp": "never", "meterStart": "NaN", "meterStop": {}}, {"connectorId": 10**30, "idTag": ["x"]}],
)  # fmt: skip
async def test_no_transaction_message_is_ever_answered_with_an_error(
    site: Site, action: str, payload: dict[str, Any]
) -> None:
    _, peer = await meet(site)
    assert (await peer.ask(action, payload))[0] == 3


# Metering


async def test_meter_values_become_a_reading(site: Site) -> None:
    charger, peer = await meet(site)
    values = [
        {"measurand": "Current.Import", "phase": "L1", "value": "15,9", "unit": "A"},
        {"measurand": "Current.Import", "phase": "N", "value": "99"},
        {"measurand": "Voltage", "phase": "L1-N", "value": 231},
        {"measurand": "Power.Active.Import", "value": "3.67", "unit": "kW"},
        {"value": "12.345", "unit": "kWh"},
        {"measurand": "Current.Offered", "value": "16"},
        {"measurand": "Temperature", "value": "86", "unit": "Fahrenheit", "location": "Body"},
        {"measurand": "Power.Active.Import", "value": "9999", "location": "Inlet"},
        {"measurand": "Made.Up", "value": "1"},
        {"measurand": "Voltage", "phase": "L2", "value": ""},
        {"measurand": "Frequency", "value": "50", "unit": "Hz"},
        {"format": "SignedData", "value": "OCMF|x"},
    ]
    answer = await peer.ask(
        "MeterValues", {"connectorId": 1, "meterValue": [{"timestamp": stamp(), "sampledValue": values}]}
    )
    assert answer[2] == {}
    reading = charger.reading
    assert reading is not None
    assert reading.current_a == (15.9, None, None)
    assert reading.voltage_v == (231, None, None)
    assert reading.power_w == pytest.approx(3670)
    assert reading.import_wh == 12345
    assert reading.offered_a == 16
    assert reading.temperature_c == pytest.approx(30)


async def test_power_that_is_not_measured_is_worked_out(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.meter(None, Current_Import=10, Voltage=230)
    assert charger.reading is not None
    assert charger.reading.power_w == pytest.approx(2300)


@pytest.mark.parametrize("value", ["NaN", "", "inf", "-5", "1e400", None, [], "65535000000000"])
async def test_a_register_that_cannot_be_is_no_register(site: Site, value: Any) -> None:
    charger, peer = await meet(site)
    payload = {"connectorId": 1, "meterValue": [{"timestamp": stamp(), "sampledValue": [{"value": value}]}]}
    assert (await peer.ask("MeterValues", payload))[0] == 3
    assert charger.reading is None
    assert charger.counts["unusable_value"] == 1


async def test_old_values_do_not_move_what_is_live(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.meter(None, Power_Active_Import=7000)
    await peer.meter(None, at="2026-11-01T00:00:00Z", Power_Active_Import=1)
    assert charger.reading is not None
    assert charger.reading.power_w == 7000


async def test_a_clock_set_back_is_believed_in_the_end(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.meter(None, Power_Active_Import=7000)
    for second in range(3):
        await peer.meter(None, at=f"2026-11-01T00:00:0{second}Z", Power_Active_Import=5)
    assert charger.reading is not None
    assert charger.reading.power_w == 5


async def test_a_time_in_1970_is_taken_as_now(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.meter(None, at="1970-01-01T00:00:00Z", Power_Active_Import=7000)
    assert charger.reading is not None
    assert charger.reading.power_w == 7000
    assert charger.diagnostics()["unreadable_times"] == 1


async def test_nothing_flows_once_the_vehicle_has_left(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.status("Charging")
    await peer.meter(None, Power_Active_Import=7000, Current_Import=30)
    await peer.status("Available")
    assert charger.reading is not None
    assert charger.reading.status is ConnectorStatus.AVAILABLE
    assert charger.reading.power_w == 0
    assert charger.reading.drawn_a == 0


async def test_meter_start_and_stop_tell_the_register_where_nothing_else_does(site: Site) -> None:
    charger, peer = await meet(site)
    transaction_id = (await peer.start(meter=1000))["transactionId"]
    assert charger.reading is not None
    assert charger.reading.import_wh == 1000
    await stop(peer, transaction_id)
    assert charger.reading.import_wh == 2000


async def test_a_meter_start_of_0_does_not_take_the_register_back(site: Site) -> None:
    charger, peer = await meet(site)
    await peer.meter(None, Energy_Active_Import_Register=5_000_000)
    await peer.start(meter=0)
    assert charger.reading is not None
    assert charger.reading.import_wh == 5_000_000


async def test_the_interval_that_really_arrives_is_told(site: Site) -> None:
    charger, peer = await meet(site)
    for _ in range(5):
        await peer.meter(None, Power_Active_Import=1)
        await asyncio.sleep(0.05)
    assert 0.04 < charger.diagnostics()["sample_interval_s"] < 0.5


async def test_the_values_of_connector_0_serve_a_single_connector(site: Site) -> None:
    charger, peer = await meet(site)
    payload = {
        "connectorId": 0,
        "transactionId": 0,
        "meterValue": [{"timestamp": stamp(), "sampledValue": [{"value": "77"}]}],
    }
    await peer.ask("MeterValues", payload)
    await until(lambda: charger.reading is not None)
    assert charger.reading is not None
    assert charger.reading.import_wh == 77
