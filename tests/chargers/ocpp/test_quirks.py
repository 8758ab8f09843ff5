"""Every quirk that was seen of real charge points, and the tests that prove what we do about it.

Where one has no test of its own elsewhere, it is here. The numbers are those of the notes on OCPP.
"""

from dataclasses import replace
import importlib
import struct

import pytest

from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from tests.waiting import until

from .peer import QUICK, Peer, Site, stamp

HERE = "tests.chargers.ocpp"

PROOFS: dict[int, tuple[str, ...]] = {
    1: ("test_central_system.test_without_a_path_the_basic_user_is_the_id", "test_literal.MANNERS"),
    2: ("test_central_system.test_without_the_header_it_is_1_6_and_none_is_sent_back",),
    3: ("test_central_system.test_the_last_segment_of_the_path_is_the_id",),
    4: ("test_central_system.test_an_id_may_hold_what_a_path_may_not", "test_literal.MANNERS"),
    5: ("test_central_system.test_a_broken_upgrade_gets_400",),
    6: ("test_central_system.test_the_newest_socket_wins_and_the_old_ones_end_does_not_touch_it",),
    7: ("test_central_system.test_two_devices_with_one_id_stop_pushing_each_other_out",),
    8: ("test_connection.test_a_silent_link_is_closed",),
    9: ("test_connection.test_answers_to_our_pings_keep_a_link", "test_literal.MANNERS"),
    10: ("test_quirks.test_the_heartbeat_is_shorter_than_any_idle_timer",),
    11: ("test_quirks.test_compression_that_was_not_agreed_ends_the_link_alone",),
    12: ("test_connection.test_binary_frames_are_text",),
    13: ("test_central_system.test_without_overlap_the_handshake_is_completed_and_then_closed",),
    14: ("tests.security.test_credentials.test_every_way_chargers_send_a_hex_password_is_accepted",),
    15: ("test_port.test_a_charge_point_charges_over_an_encrypted_link",),
    16: ("test_charger.test_a_reconnect_without_boot_is_normal", "test_literal.MANNERS"),
    17: ("test_charger.test_nothing_is_asked_before_the_boot_was_digested",),
    18: ("test_quirks.test_what_kills_some_is_never_asked_of_any",),
    19: ("test_quirks.test_a_setting_behind_which_the_link_dies_is_not_written_again",),
    20: ("test_quirks.test_one_that_boots_again_and_again_is_told_whole_seconds",),
    21: ("test_charger.test_an_odd_boot_is_accepted_too",),
    23: ("test_transactions.test_a_time_in_1970_is_taken_as_now",),
    24: ("test_words.test_local_time_marked_as_utc_is_learnt",),
    25: ("test_words.test_a_time_is_read_however_it_is_written",),
    26: ("test_quirks.test_one_that_boots_again_and_again_is_told_whole_seconds",),
    27: ("test_connection.test_a_late_answer_is_known_as_one", "test_literal.MANNERS"),
    28: ("test_connection.test_one_that_answers_nothing_is_hung_up_on",),
    29: ("test_connection.test_calls_go_one_at_a_time", "test_simulator.MANNERS"),
    30: ("test_simulator.MANNERS",),
    31: ("test_quirks.test_a_setting_that_is_spelt_otherwise_holds_already", "test_literal.MANNERS"),
    32: ("test_charger.test_a_charger_that_ignores_a_lease_is_told_another_way", "test_simulator.MANNERS"),
    33: ("test_meter_watch.test_a_question_that_nothing_follows_is_not_asked_again",),
    34: ("test_meter_watch.test_a_silent_answer_ends_the_asking_too",),
    35: ("test_quirks.test_a_fault_that_nobody_defined_is_a_fault", "test_simulator.MANNERS"),
    36: ("test_quirks.test_values_of_connector_0_and_transaction_0_are_the_connectors", "test_simulator.MANNERS"),
    37: (
        "test_charger.test_connector_0_is_not_the_connector",
        "test_charger.test_an_old_fault_of_the_whole_unit_is_history",
    ),
    38: ("test_quirks.test_what_kills_some_is_never_asked_of_any",),
    39: (
        "test_transactions.test_preparing_repeated_within_a_transaction_ends_nothing",
        "test_transactions.test_one_ended_too_soon_is_opened_again_by_its_values",
    ),
    40: ("test_charger.test_a_vehicle_stuck_in_finishing_is_started_once",),
    41: ("test_charger.test_the_lease_is_said_again_after_a_reconnect",),
    42: ("test_ladder_end.test_one_that_ignores_every_limit_after_a_pause_is_begun_anew",),
    43: ("test_charger.test_a_charge_point_that_ends_at_0_a_is_started_again_each_time",),
    44: ("test_charger.test_no_lease_is_sent_without_a_transaction",),
    45: ("test_charger.test_a_refused_rung_leads_to_the_next_and_is_remembered", "test_last_resort.meet"),
    46: (
        "test_ladder_end.test_a_foreign_profile_of_the_transaction_is_cleared_out_of_the_way",
        "test_ladder_end.test_default_hours_are_laid_above_what_somebody_else_left",
    ),
    47: ("test_simulator.MANNERS", "test_words.test_no_setpoint_is_said_between_0_and_6_or_above_what_was_asked"),
    48: ("test_charger.test_default_hours_are_written_again_after_a_boot",),
    49: (
        "test_ladder_end.test_a_lease_is_written_in_local_time_for_one_that_reads_it_so",
        "test_ladder_end.test_default_hours_are_written_in_local_time_for_one_that_reads_them_so",
    ),
    50: ("test_simulator.MANNERS",),
    51: ("test_quirks.test_one_that_wears_out_is_written_to_seldom",),
    52: ("test_haste.test_one_that_hangs_up_on_quick_answers_is_answered_later",),
    53: ("test_transactions.test_a_stop_whose_id_is_none_ends_the_open_one", "test_literal.MANNERS"),
    54: (
        "test_transactions.test_a_start_that_comes_twice_gets_the_same_id",
        "test_transactions.test_only_a_stop_after_a_power_cut_is_taken",
    ),
    55: ("test_transactions.test_a_transaction_unknown_to_us_is_adopted",),
    56: ("test_unit.test_each_has_its_own_transaction_at_the_same_time",),
    57: ("test_transactions.test_a_register_that_cannot_be_is_no_register", "test_simulator.MANNERS"),
    59: ("test_charger.test_secrets_among_the_settings_stay_out_of_diagnostics",),
    60: ("test_charger.test_a_tag_is_answered_as_it_is_known",),
}

OF_VERSION_2 = {22, 58}
"""Of OCPP 2.0.1, which is not spoken."""


@pytest.mark.parametrize("number", range(1, 61))
def test_every_quirk_has_its_proof(number: int) -> None:
    if number in OF_VERSION_2:
        return
    for proof in PROOFS[number]:
        module, _, name = proof.rpartition(".")
        assert hasattr(importlib.import_module(module if "." in module else f"{HERE}.{module}"), name), proof


async def arrive(site: Site, charger: OcppCharger, **boot: str) -> Peer:
    peer = await site.peer()
    await peer.boot(**boot)
    await peer.status("Preparing")
    await until(lambda: peer.called("GetLocalListVersion"))
    return peer


async def test_the_heartbeat_is_shorter_than_any_idle_timer(site: Site) -> None:
    site.run(site.charger())
    assert 0 < (await (await site.peer()).boot())[2]["interval"] <= 60


async def test_compression_that_was_not_agreed_ends_the_link_alone(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    socket = await site.dial()
    transport = socket._response.connection.transport  # type: ignore[union-attr]
    assert transport is not None
    mask, text = b"\0\0\0\0", b"[2]"
    transport.write(struct.pack("!BB", 0b1100_0001, 0x80 | len(text)) + mask + text)  # RSV1: compressed
    await until(lambda: not charger.is_online)
    await socket.close()
    peer = await site.peer()
    assert (await peer.boot())[2]["status"] == "Accepted"


@pytest.mark.parametrize("start_without_tag", [True, False])
async def test_what_kills_some_is_never_asked_of_any(site: Site, start_without_tag: bool) -> None:
    charger = site.charger(start_without_tag=start_without_tag)
    site.run(charger)
    peer = await arrive(site, charger)
    await peer.start()
    await charger.apply(10)
    await until(lambda: peer.leases)
    await peer.socket.close()
    peer = await arrive(site, charger)
    asked = [payload["requestedMessage"] for payload in peer.called("TriggerMessage")]
    assert "BootNotification" not in asked
    assert peer.called("ChangeAvailability") == []


@pytest.mark.parametrize("timings", [replace(QUICK, call_s=5, slow_call_s=5)])
async def test_a_setting_behind_which_the_link_dies_is_not_written_again(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings["StopTransactionOnEVSideDisconnect"] = "false"
    peer.replies["ChangeConfiguration"] = None
    await peer.boot()
    await peer.status("Available")
    await until(lambda: peer.called("ChangeConfiguration"))
    killer = peer.called("ChangeConfiguration")[0]["key"]
    await peer.socket.close()
    await until(lambda: not charger.is_online)
    second = await site.peer()
    second.settings["StopTransactionOnEVSideDisconnect"] = "false"
    await second.boot()
    await second.status("Available")
    await until(lambda: second.called("GetLocalListVersion"))
    assert charger.counts["key_blamed"] == 1
    assert killer not in [payload["key"] for payload in second.called("ChangeConfiguration")]


@pytest.mark.requirement("9.4")
async def test_no_setting_is_blamed_when_home_assistant_and_the_charge_point_lost_their_power(site: Site) -> None:
    for _ in range(2):
        charger = site.charger(memory=site.saved)
        site.run(charger)
        peer = await site.peer()
        peer.settings["MeterValueSampleInterval"] = "60"  # it forgets what it was set to
        await peer.boot()
        await peer.status("Available")
        await until(lambda peer=peer: peer.called("GetLocalListVersion"))
        assert peer.settings["MeterValueSampleInterval"] == "1"
    assert "key_blamed" not in charger.counts


async def test_one_that_boots_again_and_again_is_told_whole_seconds(site: Site) -> None:
    site.run(site.charger())
    peer = await site.peer()
    told = [(await peer.boot())[2]["currentTime"] for _ in range(3)]
    assert ["." in text for text in told] == [True, True, False]


@pytest.mark.parametrize("spelt", ["TRUE", "True", " true ", "1"])
async def test_a_setting_that_is_spelt_otherwise_holds_already(site: Site, spelt: str) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings |= {"LocalAuthorizeOffline": spelt, "MeterValueSampleInterval": "1 s"}
    await peer.boot()
    await peer.status("Available")
    await until(lambda: peer.called("GetLocalListVersion"))
    assert peer.called("ChangeConfiguration") == []


async def test_a_fault_that_nobody_defined_is_a_fault(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    assert (await peer.status("Faulted", error="Error"))[0] == 3
    assert charger.reading is not None
    assert charger.reading.fault is not None
    assert charger.reading.fault.is_safety
    assert (await peer.ask("CustomOperation", {}))[:3] == [4, "c2", "NotImplemented"]


async def test_values_of_connector_0_and_transaction_0_are_the_connectors(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    ours = (await peer.start())["transactionId"]
    sampled = [{"value": "", "measurand": "Voltage"}, {"value": "1500"}]
    values = [{"timestamp": stamp(), "sampledValue": sampled}]
    await peer.ask("MeterValues", {"connectorId": 0, "transactionId": 0, "meterValue": values})
    assert charger.transaction_id == ours
    assert charger.reading is not None
    assert charger.reading.import_wh == 1500


async def test_one_that_wears_out_is_written_to_seldom(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    await peer.ask("BootNotification", {"chargePointVendor": "Easee", "chargePointModel": "Home"})
    await peer.status("Preparing")
    await peer.start()
    await until(lambda: charger.connection is not None)
    await charger.apply(10)
    await until(lambda: peer.leases)
    assert peer.leases[-1]["chargingSchedule"]["duration"] >= 4 * 3600
    written = len(peer.leases)
    await charger.apply(11)
    assert len(peer.leases) == written
    await charger.apply(13)
    await until(lambda: len(peer.leases) > written)
