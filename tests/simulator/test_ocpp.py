import asyncio
from base64 import b64decode
from datetime import timedelta
import re

import pytest

from simulator import Abilities, Behaviour, Configuration, Fault, OcppCharger, PilotState, Vehicle, WorldClock

HEX_PASSWORD = "00112233445566778899aabbccddeeff00112233"


@pytest.fixture
def fast():
    """A world in which one second takes 20 ms."""
    return WorldClock(speed=50)


@pytest.fixture
async def charger(central, fast):
    """Free to use for anybody, and connected."""
    async with OcppCharger(central.url, "CP1", clock=fast, free_vend=True) as running:
        await central.until(central.statuses)
        yield running


def lease(limit, transaction_id, *, profile_id=4, seconds=900, start):
    return {
        "connectorId": 1,
        "csChargingProfiles": {
            "chargingProfileId": profile_id,
            "transactionId": transaction_id,
            "stackLevel": 8,
            "chargingProfilePurpose": "TxProfile",
            "chargingProfileKind": "Absolute",
            "chargingSchedule": {
                "startSchedule": start.isoformat(),
                "duration": seconds,
                "chargingRateUnit": "A",
                "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
            },
        },
    }


async def charging(central, charger, vehicle=None):
    charger.plug_in(vehicle or Vehicle())
    await central.until(lambda: central.statuses()[-1:] == ["Charging"])
    return charger.client.transaction


# Handshake


async def test_a_charge_point_dials_its_id_with_basic_credentials_and_the_subprotocol(central):
    async with OcppCharger(central.url + "/ocpp", "CP 1", password=HEX_PASSWORD):
        await central.until(lambda: central.of("BootNotification"))
    request = central.handshakes[0]
    assert request.rel_url.raw_path == "/ocpp/CP%201"
    assert b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"CP 1:" + HEX_PASSWORD.encode()
    assert request.headers["Sec-WebSocket-Protocol"] == "ocpp1.6"


async def test_the_handshake_can_be_wrong_in_every_known_way(central):
    behaviour = Behaviour(
        path_prefix="ws/1.6//",
        dialled_id="cp1",
        send_subprotocol=False,
        sends_password_bytes=True,
        basic_user="other",
        binary_frames=True,
    )
    async with OcppCharger(central.url, "CP1", password=HEX_PASSWORD, behaviour=behaviour):
        await central.until(lambda: central.of("BootNotification"))
    request = central.handshakes[0]
    assert request.rel_url.raw_path == "/ws/1.6/cp1"
    assert b64decode(request.headers["Authorization"].removeprefix("Basic ")) == b"other:" + bytes.fromhex(HEX_PASSWORD)
    assert "Sec-WebSocket-Protocol" not in request.headers
    assert central.binary_frames > 0


async def test_a_refused_charge_point_backs_off_and_tries_again(central, fast):
    central.refuse_with = 401
    async with OcppCharger(central.url, "CP1", clock=fast) as charger:
        await central.until(lambda: len(central.handshakes) >= 3)
        await central.until(lambda: charger.client.link.last_status == 401)
        assert not charger.client.is_online
        central.refuse_with = None
        await central.until(lambda: charger.client.is_online)


async def test_a_boot_that_is_put_off_is_repeated(central, fast):
    central.boot_status = "Pending"
    async with OcppCharger(central.url, "CP1", clock=WorldClock(speed=2000)) as charger:
        await central.until(lambda: len(central.of("BootNotification")) >= 2)
        assert not central.statuses()
        central.boot_status = "Accepted"
        await central.until(lambda: central.statuses() == ["Available"])
        assert charger.client.is_online


# A session


async def test_a_free_vend_session_is_told_from_plug_in_to_unplug(central, charger):
    transaction = await charging(central, charger)
    charger.unplug()
    await central.until(lambda: central.of("StopTransaction"))
    await central.until(lambda: central.statuses()[-1] == "Available")
    start, stop = central.of("StartTransaction")[0], central.of("StopTransaction")[0]
    assert start["idTag"] == "FREEVEND"
    assert stop["transactionId"] == transaction.transaction_id == 101
    assert stop["reason"] == "EVDisconnected"
    assert stop["meterStop"] - start["meterStart"] == pytest.approx(charger.truth.energy_wh, abs=1)
    assert central.statuses() == ["Available", "Preparing", "Charging", "Available"]


async def test_meter_values_come_as_often_and_with_what_was_asked_for(central, charger):
    wanted = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,Current.Offered,SoC"
    for key, value in (("MeterValuesSampledData", wanted), ("MeterValueSampleInterval", "5")):
        assert await central.call("ChangeConfiguration", key=key, value=value) == {"status": "Accepted"}
    await charging(central, charger, Vehicle(max_a=16))
    await central.until(lambda: len(central.of("MeterValues")) >= 4)
    payload = central.of("MeterValues")[-1]
    samples = payload["meterValue"][0]["sampledValue"]
    assert payload["transactionId"] == 101
    assert {sample["measurand"] for sample in samples} == set(wanted.split(","))
    assert all(isinstance(sample["value"], str) for sample in samples)
    by_name = {sample["measurand"]: sample for sample in samples}
    assert by_name["Current.Import"]["phase"] == "L1"
    assert float(by_name["Power.Active.Import"]["value"]) == pytest.approx(16 * 230, rel=0.011)
    assert float(by_name["Current.Offered"]["value"]) == 32


async def test_a_known_tag_starts_and_stops_a_session(central, fast):
    async with OcppCharger(central.url, "CP1", clock=fast) as charger:
        await central.until(central.statuses)
        charger.plug_in()
        charger.client.present_tag("04AABB")
        await central.until(lambda: "Charging" in central.statuses())
        charger.client.present_tag("04aabb")
        await central.until(lambda: central.statuses()[-1] == "Finishing")
    assert central.of("Authorize") == [{"idTag": "04AABB"}]
    assert central.of("StopTransaction")[0]["reason"] == "Local"


async def test_an_unwelcome_tag_starts_nothing(central, fast):
    central.tag_status = "Blocked"
    async with OcppCharger(central.url, "CP1", clock=fast) as charger:
        await central.until(central.statuses)
        charger.plug_in()
        charger.client.present_tag("04AABB")
        await central.until(lambda: central.of("Authorize"))
        await asyncio.sleep(0.1)
        assert charger.client.transaction is None
        assert charger.charge_point.power_w == 0


@pytest.mark.parametrize(("stops", "reasons"), [("true", ["DeAuthorized"]), ("false", [])])
async def test_a_transaction_refused_at_its_start_gives_no_energy(central, charger, stops, reasons):
    central.tag_status = "Invalid"
    await central.call("ChangeConfiguration", key="StopTransactionOnInvalidId", value=stops)
    charger.plug_in()
    await central.until(lambda: central.of("StartTransaction"))
    await central.until(lambda: central.statuses()[-1] == ("Finishing" if reasons else "SuspendedEVSE"))
    assert [stop["reason"] for stop in central.of("StopTransaction")] == reasons
    assert charger.charge_point.offered_a == 0


async def test_a_remote_start_waits_for_the_car_until_the_time_out(central, fast):
    async with OcppCharger(central.url, "CP1", clock=fast) as charger:
        await central.until(central.statuses)
        await central.call("ChangeConfiguration", key="ConnectionTimeOut", value="10")
        assert await central.call("RemoteStartTransaction", idTag="HA") == {"status": "Accepted"}
        await central.until(lambda: central.statuses() == ["Available", "Preparing", "Available"])
        await central.call("RemoteStartTransaction", idTag="HA")
        charger.plug_in()
        await central.until(lambda: "Charging" in central.statuses())
        assert await central.call("RemoteStopTransaction", transactionId=99) == {"status": "Rejected"}
        assert await central.call("RemoteStopTransaction", transactionId=101) == {"status": "Accepted"}
        await central.until(lambda: central.statuses()[-1] == "Finishing")
        assert central.of("StopTransaction")[0]["reason"] == "Remote"
        assert await central.call("RemoteStartTransaction", idTag="HA", connectorId=1) == {"status": "Accepted"}
        await central.until(lambda: len(central.of("StartTransaction")) == 2)


async def test_a_car_that_does_not_take_is_suspended_by_itself(central, charger):
    charger.plug_in(Vehicle(is_paused=True))
    await central.until(lambda: central.statuses()[-1] == "SuspendedEV")


async def test_a_fault_is_told_with_its_code(central, charger):
    charger.charge_point.raise_fault(Fault.OVER_TEMPERATURE)
    await central.until(lambda: central.statuses()[-1] == "Faulted")
    assert central.of("StatusNotification")[-1]["errorCode"] == "HighTemperature"
    charger.charge_point.clear_fault()
    await central.until(lambda: central.statuses()[-1] == "Available")


# Charging profiles


async def test_a_lease_limits_the_car_until_it_ends_by_itself(central, charger, fast):
    await charging(central, charger)
    answer = await central.call(
        "SetChargingProfile", **lease(10, 101, seconds=120, start=fast.now() - timedelta(seconds=60))
    )
    assert answer == {"status": "Accepted"}
    assert charger.charge_point.offered_a == 10
    schedule = await central.call("GetCompositeSchedule", connectorId=1, duration=300, chargingRateUnit="A")
    assert [period["limit"] for period in schedule["chargingSchedule"]["chargingSchedulePeriod"]] == [10, 32]
    await central.until(lambda: charger.charge_point.offered_a == 32)


async def test_zero_amperes_suspend_the_session_and_clearing_resumes_it(central, charger, fast):
    await charging(central, charger)
    await central.call("SetChargingProfile", **lease(0, 101, start=fast.now()))
    await central.until(lambda: central.statuses()[-1] == "SuspendedEVSE")
    assert await central.call("ClearChargingProfile", id=4) == {"status": "Accepted"}
    assert await central.call("ClearChargingProfile", id=4) == {"status": "Unknown"}
    await central.until(lambda: central.statuses()[-1] == "Charging")
    assert not central.of("StopTransaction")


async def test_a_transactions_profile_ends_with_it_and_the_default_outlives_a_power_cut(central, charger, fast):
    await charging(central, charger)
    await central.call("SetChargingProfile", **lease(0, 101, start=fast.now()))
    default = lease(13, None, profile_id=1, start=fast.now(), seconds=86_400)
    default["csChargingProfiles"] |= {"chargingProfilePurpose": "TxDefaultProfile", "stackLevel": 0}
    del default["csChargingProfiles"]["transactionId"]
    assert await central.call("SetChargingProfile", **default) == {"status": "Accepted"}
    await charger.power_cut()
    await asyncio.sleep(0.05)
    await charger.power_back()
    await central.until(lambda: len(central.of("StartTransaction")) == 2)
    assert [one.profile_id for one in charger.client.profiles.profiles] == [1]
    assert charger.charge_point.offered_a == 13
    assert [stop["reason"] for stop in central.of("StopTransaction")] == ["PowerLoss"]
    assert len(central.of("BootNotification")) == 2


async def test_a_profile_for_no_or_another_transaction_is_rejected(central, charger, fast):
    assert await central.call("SetChargingProfile", **lease(10, 101, start=fast.now())) == {"status": "Rejected"}
    await charging(central, charger)
    assert await central.call("SetChargingProfile", **lease(10, 55, start=fast.now())) == {"status": "Rejected"}


@pytest.mark.parametrize(
    ("switches", "answer", "offered_a"),
    [
        ({"refuses_profiles": True}, "Rejected", 32),
        ({"refuses_tx_profiles": True}, "Rejected", 32),
        ({"ignores_profiles": True}, "Accepted", 32),
        ({"obeys_after_s": 3600.0}, "Accepted", 32),
        ({"steps_a": (6, 8, 10, 13, 16)}, "Accepted", 10),
        ({"refused_actions": {"SetChargingProfile"}}, "NotSupported", 32),
    ],
)
async def test_profiles_meet_every_kind_of_charge_point(central, charger, switches, answer, offered_a):
    for name, value in switches.items():
        setattr(charger.behaviour, name, value)
    await charging(central, charger)
    got = await central.call("SetChargingProfile", **lease(12, 101, start=charger.clock.now()))
    assert (got["status"] if isinstance(got, dict) else got[2]) == answer
    assert charger.charge_point.offered_a == offered_a


async def test_a_charge_point_that_knows_only_watts_refuses_amperes(central, fast):
    abilities = Abilities(units=frozenset({"W"}))
    async with OcppCharger(central.url, "CP1", clock=fast, free_vend=True, abilities=abilities) as charger:
        await central.until(central.statuses)
        await charging(central, charger)
        profile = lease(12, 101, start=fast.now())
        assert await central.call("SetChargingProfile", **profile) == {"status": "Rejected"}
        schedule = profile["csChargingProfiles"]["chargingSchedule"]
        schedule |= {"chargingRateUnit": "W", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 2760.0}]}
        assert await central.call("SetChargingProfile", **profile) == {"status": "Accepted"}
        assert charger.charge_point.offered_a == pytest.approx(12)
        assert charger.configuration.get("ChargingScheduleAllowedChargingRateUnit") == "Power"


async def test_a_profile_can_be_lost_by_a_reconnect(central, charger, fast):
    charger.behaviour.drops_profiles_on_reconnect = True
    await charging(central, charger)
    await central.call("SetChargingProfile", **lease(0, 101, start=fast.now()))
    await charger.drop_link()
    await charger.restore_link()
    await central.until(lambda: charger.charge_point.offered_a == 32)


async def test_a_charge_point_can_resume_at_full_rate_after_a_pause(central, charger, fast):
    charger.behaviour.ignores_profiles_after_pause = True
    await charging(central, charger)
    await central.call("SetChargingProfile", **lease(0, 101, start=fast.now()))
    assert charger.charge_point.offered_a == 0
    await central.call("SetChargingProfile", **lease(6, 101, start=fast.now()))
    assert charger.charge_point.offered_a == 32


async def test_zero_amperes_can_end_the_transaction(central, charger, fast):
    charger.behaviour.ends_transaction_at_zero = True
    await charging(central, charger)
    await central.call("SetChargingProfile", **lease(0, 101, start=fast.now()))
    await central.until(lambda: central.of("StopTransaction"))
    await central.until(lambda: central.statuses()[-1] == "Finishing")


# Loss


async def test_what_happened_offline_is_told_afterwards_in_order_with_its_own_times(central, charger, fast):
    await central.call("ChangeConfiguration", key="MeterValueSampleInterval", value="10")
    await charging(central, charger)
    await charger.drop_link()
    went_at = len(central.calls)
    charger.unplug()
    await asyncio.sleep(0.1)
    charger.plug_in()
    await asyncio.sleep(0.6)
    assert len(central.calls) == went_at
    came_back_at = fast.now().isoformat()
    await charger.restore_link()
    await central.until(lambda: sum(payload["transactionId"] == 102 for payload in central.of("MeterValues")) >= 2)
    told = [
        (name, payload) for name, payload in central.calls[went_at:] if "Transaction" in name or name == "MeterValues"
    ]
    names = [name for name, _ in told]
    assert names[:2] == ["StopTransaction", "StartTransaction"]
    assert told[0][1]["transactionId"] == 101
    assert told[0][1]["timestamp"] < told[1][1]["timestamp"] < came_back_at
    assert told[2][1]["meterValue"][0]["timestamp"] < told[3][1]["meterValue"][0]["timestamp"] < came_back_at
    assert not central.of("BootNotification")[1:]


async def test_a_start_whose_answer_was_lost_is_sent_again_unchanged(central, charger):
    central.forget_answers_to.add("StartTransaction")
    charger.plug_in()
    await central.until(lambda: central.of("StartTransaction"))
    central.forget_answers_to.clear()
    await charger.drop_link()
    await charger.restore_link()
    await central.until(lambda: charger.client.transaction.transaction_id is not None)
    first, second = central.of("StartTransaction")
    assert first == second


async def test_a_network_loss_breaks_the_socket_without_a_closing_handshake(central, charger):
    await charger.drop_link()
    await central.until(lambda: central.closings)
    assert central.closings == [1006]


async def test_a_half_open_socket_stays_while_a_second_one_is_dialled(central, charger):
    charger.client.link.abandon()
    await central.until(lambda: len(central.handshakes) == 2)
    await central.until(lambda: charger.client.is_online)
    assert central.open_sockets == 2


async def test_power_that_returns_without_the_network_stays_offline(central, charger):
    await charger.drop_link()
    await charger.power_cut()
    await charger.power_back()
    await asyncio.sleep(0.1)
    assert not charger.client.link.is_open
    await charger.restore_link()
    await central.until(lambda: charger.client.is_online)
    assert len(central.of("BootNotification")) == 2


@pytest.mark.parametrize(("kind", "reason"), [("Soft", "SoftReset"), ("Hard", "HardReset")])
async def test_a_reset_ends_the_transaction_and_boots(central, charger, kind, reason):
    await charging(central, charger)
    assert await central.call("Reset", type=kind) == {"status": "Accepted"}
    await central.until(lambda: len(central.of("BootNotification")) == 2)
    await central.until(lambda: central.of("StopTransaction"))
    assert central.of("StopTransaction")[0]["reason"] == reason


@pytest.mark.parametrize(("after", "stops", "is_running"), [("continue", 0, True), ("nothing", 0, False)])
async def test_a_transaction_meets_a_power_cut_in_several_ways(central, fast, after, stops, is_running):
    async with OcppCharger(central.url, "CP1", clock=fast, behaviour=Behaviour(after_power_loss=after)) as charger:
        await central.until(central.statuses)
        charger.plug_in()
        charger.client.present_tag("04AABB")
        await central.until(lambda: "Charging" in central.statuses())
        await charger.power_cut()
        assert charger.charge_point.pilot is PilotState.F
        await charger.power_back()
        await central.until(lambda: len(central.of("BootNotification")) == 2)
        await asyncio.sleep(0.1)
        assert len(central.of("StopTransaction")) == stops
        assert (charger.client.transaction is not None) is is_running


# Commands


async def test_configuration_is_read_written_clamped_and_refused(central, charger):
    async def change(key, value):
        return (await central.call("ChangeConfiguration", key=key, value=value))["status"]

    everything = await central.call("GetConfiguration")
    names = {entry["key"] for entry in everything["configurationKey"]}
    assert {"HeartbeatInterval", "ChargeProfileMaxStackLevel", "SupportedFeatureProfiles"} <= names
    some = await central.call("GetConfiguration", key=["heartbeatinterval", "Nonsense"])
    assert [entry["value"] for entry in some["configurationKey"]] == ["300"]
    assert some["unknownKey"] == ["Nonsense"]
    assert await change("MeterValueSampleInterval", "99999999") == "Accepted"
    assert charger.configuration.get("MeterValueSampleInterval") == "86400"
    assert await change("NumberOfConnectors", "2") == "Rejected"
    assert await change("MeterValueSampleInterval", "often") == "Rejected"
    assert await change("MeterValuesSampledData", "Energy.Active.Import.Register,Mood") == "Rejected"
    assert await change("LocalPreAuthorize", "yes") == "Rejected"
    assert await change("Nonsense", "1") == "NotSupported"
    assert await change("FreeVendEnabled", "false") == "RebootRequired"
    assert charger.configuration.is_true("FreeVendEnabled")
    await charger.power_cut()
    await charger.power_back()
    assert not charger.configuration.is_true("FreeVendEnabled")


async def test_the_password_is_never_shown_unless_the_charge_point_is_careless(central, fast):
    configuration = Configuration(password=HEX_PASSWORD)
    async with OcppCharger(
        central.url, "CP1", password=HEX_PASSWORD, clock=fast, configuration=configuration
    ) as charger:
        await central.until(central.statuses)
        assert HEX_PASSWORD not in str(await central.call("GetConfiguration"))
        charger.behaviour.shows_password = True
        assert HEX_PASSWORD in str(await central.call("GetConfiguration"))


async def test_a_new_password_counts_from_the_next_connection_on(central, charger):
    await central.call("ChangeConfiguration", key="AuthorizationKey", value=HEX_PASSWORD)
    await charger.drop_link()
    await charger.restore_link()
    await central.until(lambda: len(central.handshakes) == 2)
    assert [request.headers.get("Authorization") is not None for request in central.handshakes] == [False, True]


async def test_charging_does_not_wait_for_an_answer_to_a_status(central, charger):
    central.forget_answers_to.add("StatusNotification")
    charger.plug_in()
    await asyncio.sleep(0.3)
    assert charger.client.transaction is not None
    assert charger.charge_point.power_w > 0


async def test_a_status_that_does_not_last_is_not_told(central, charger):
    await central.call("ChangeConfiguration", key="MinimumStatusDuration", value="30")
    await charging(central, charger)
    assert central.statuses() == ["Available", "Charging"]


async def test_a_free_vend_charge_point_charges_on_after_a_reset(central, charger):
    await charging(central, charger)
    await central.call("Reset", type="Soft")
    await central.until(lambda: len(central.of("StartTransaction")) == 2)


async def test_availability_waits_for_the_end_of_a_transaction(central, charger):
    assert await central.call("ChangeAvailability", connectorId=1, type="Inoperative") == {"status": "Accepted"}
    await central.until(lambda: central.statuses()[-1] == "Unavailable")
    await central.call("ChangeAvailability", connectorId=0, type="Operative")
    await charging(central, charger)
    assert await central.call("ChangeAvailability", connectorId=1, type="Inoperative") == {"status": "Scheduled"}
    charger.unplug()
    await central.until(lambda: central.statuses()[-1] == "Unavailable")


@pytest.mark.parametrize(
    "message", ["BootNotification", "Heartbeat", "StatusNotification", "MeterValues", "FirmwareStatusNotification"]
)
async def test_a_trigger_is_answered_then_followed(central, charger, message):
    before = len(central.of(message))
    assert await central.call("TriggerMessage", requestedMessage=message) == {"status": "Accepted"}
    await central.until(lambda: len(central.of(message)) > before)


async def test_the_local_list_lets_a_tag_start_offline(central, fast):
    async with OcppCharger(central.url, "CP1", clock=fast) as charger:
        await central.until(central.statuses)
        entries = [
            {"idTag": "GOOD", "idTagInfo": {"status": "Accepted"}},
            {"idTag": "BAD", "idTagInfo": {"status": "Blocked"}},
        ]
        update = {"listVersion": 1, "updateType": "Full", "localAuthorizationList": entries}
        assert await central.call("SendLocalList", **update) == {"status": "Accepted"}
        update |= {"updateType": "Differential"}
        assert await central.call("SendLocalList", **update) == {"status": "VersionMismatch"}
        assert await central.call("GetLocalListVersion") == {"listVersion": 1}
        await charger.drop_link()
        charger.plug_in()
        charger.client.present_tag("BAD")
        charger.client.present_tag("UNKNOWN")
        await asyncio.sleep(0.05)
        assert charger.client.transaction is None
        charger.client.present_tag("GOOD")
        await asyncio.sleep(0.05)
        assert charger.client.transaction.tag == "GOOD"


@pytest.mark.parametrize(
    ("action", "payload", "expected"),
    [
        ("DataTransfer", {"vendorId": "x"}, {"status": "UnknownVendorId"}),
        ("ClearCache", {}, {"status": "Accepted"}),
        ("UnlockConnector", {"connectorId": 1}, {"status": "Unlocked"}),
        ("UnlockConnector", {"connectorId": 2}, {"status": "NotSupported"}),
        ("ReserveNow", {"connectorId": 1}, {"status": "Rejected"}),
        ("GetDiagnostics", {"location": "http://127.0.0.1/"}, {"fileName": "LM-0001.log"}),
        ("UpdateFirmware", {"location": "http://127.0.0.1/", "retrieveDate": "2026-01-01T00:00:00Z"}, {}),
        ("TriggerMessage", {"requestedMessage": "LogStatusNotification"}, {"status": "NotImplemented"}),
    ],
)
async def test_other_commands_are_answered(central, charger, action, payload, expected):
    assert await central.call(action, **payload) == expected


@pytest.mark.parametrize(
    ("action", "payload", "code"),
    [
        ("Dance", {}, "NotImplemented"),
        ("ChangeConfiguration", {"key": "x"}, "ProtocolError"),
        ("GetCompositeSchedule", {"connectorId": "one", "duration": 1}, "PropertyConstraintViolation"),
    ],
)
async def test_what_makes_no_sense_is_answered_with_an_error(central, charger, action, payload, code):
    assert (await central.call(action, **payload))[2] == code


# Quirks


async def test_messages_can_come_twice(central, charger):
    charger.behaviour.duplicate_messages = True
    await charging(central, charger)
    charger.unplug()
    await central.until(lambda: len(central.of("StopTransaction")) == 2)
    assert len(central.of("StartTransaction")) == 2


async def test_the_transactions_id_can_be_lost(central, charger):
    charger.behaviour.loses_transaction_id = True
    await charging(central, charger)
    charger.unplug()
    await central.until(lambda: central.of("StopTransaction"))
    assert central.of("StopTransaction")[0]["transactionId"] == -1


async def test_a_silent_charge_point_still_beats(central, charger):
    charger.behaviour.never_answers = True
    with pytest.raises(TimeoutError):
        await central.call("GetLocalListVersion", within_s=0.2)
    await charging(central, charger)


async def test_an_answer_can_come_late(central, charger):
    charger.behaviour.answer_after_s = 0.2
    began = asyncio.get_running_loop().time()
    await central.call("GetLocalListVersion")
    assert asyncio.get_running_loop().time() - began >= 0.2


async def test_the_clock_can_be_of_1970_until_the_boot_is_answered(central, fast):
    async with OcppCharger(central.url, "CP1", clock=fast, behaviour=Behaviour(clock_wrong_until_boot=True)) as charger:
        charger.plug_in()
        charger.client.sessions.start("EARLY")
        await central.until(lambda: central.of("StartTransaction"))
    assert central.of("StartTransaction")[0]["timestamp"].startswith("1970-01-01T00:")
    assert not central.of("StatusNotification")[0]["timestamp"].startswith("1970")


@pytest.mark.parametrize(
    ("style", "pattern"),
    [
        ("z", r"\d\.\d{3}Z"),
        ("offset", r"\+02:00"),
        ("no_zone", r":\d\d$"),
        ("space", r"\d \d"),
        ("nanoseconds", r"\.\d{9}Z"),
    ],
)
async def test_times_are_written_in_many_ways(central, fast, style, pattern):
    async with OcppCharger(central.url, "CP1", clock=fast, behaviour=Behaviour(time_style=style)):
        await central.until(central.statuses)
    assert re.search(pattern, central.of("StatusNotification")[0]["timestamp"])


@pytest.mark.parametrize(
    ("behaviour", "values"),
    [
        (Behaviour(value_style="comma"), {"0,00"}),
        (Behaviour(value_style="nan"), {"NaN"}),
        (Behaviour(value_style="empty"), {""}),
        (Behaviour(number_values=True), {0.0}),
        (Behaviour(unknown_measurands=True), {"0.00", "7", "50.0"}),
    ],
)
async def test_values_are_written_in_many_ways(central, fast, behaviour, values):
    async with OcppCharger(central.url, "CP1", clock=fast, behaviour=behaviour):
        await central.until(central.statuses)
        await central.call("ChangeConfiguration", key="MeterValuesSampledData", value="Power.Active.Import")
        await central.call("TriggerMessage", requestedMessage="MeterValues")
        await central.until(lambda: central.of("MeterValues"))
    assert {sample["value"] for sample in central.of("MeterValues")[0]["meterValue"][0]["sampledValue"]} == values


async def test_a_register_can_count_per_session(central, fast):
    behaviour = Behaviour(register_per_session=True)
    async with OcppCharger(central.url, "CP1", clock=fast, free_vend=True, behaviour=behaviour) as charger:
        await central.until(central.statuses)
        await charging(central, charger)
        await asyncio.sleep(0.2)
        charger.unplug()
        await central.until(lambda: central.of("StopTransaction"))
    assert central.of("StartTransaction")[0]["meterStart"] == 0
    assert 0 < central.of("StopTransaction")[0]["meterStop"] < 1000


async def test_a_reconnect_brings_a_boot_only_from_those_who_do_that(central, charger):
    await charger.drop_link()
    await charger.restore_link()
    await central.until(lambda: len(central.statuses(0)) == 2)
    assert len(central.of("BootNotification")) == 1
    charger.behaviour.boots_on_reconnect = True
    await charger.drop_link()
    await charger.restore_link()
    await central.until(lambda: len(central.of("BootNotification")) == 2)


async def test_a_charge_point_can_reboot_when_it_is_called_too_early(central, charger):
    charger.behaviour.reboots_when_called_early_s = 3600
    with pytest.raises(TimeoutError):
        await central.call("GetConfiguration", within_s=0.1)
    await central.until(lambda: len(central.of("BootNotification")) == 2)


async def test_garbage_can_be_put_on_the_wire(central, charger):
    await charger.client.link.send("[2,")
    await central.until(lambda: central.raw)
    assert central.raw == ["[2,"]
