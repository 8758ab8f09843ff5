"""What one charge point says and is told, over a real socket."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.smart_charge.chargers.charger import ChargerRefused, ChargerUnreachable, LeaveBehind
from custom_components.smart_charge.chargers.ocpp.charger import OcppCharger
from custom_components.smart_charge.chargers.ocpp.tags import TagStatus
from custom_components.smart_charge.charging.model import ConnectorStatus, Fault, WeeklyHours, Window
from tests.waiting import until

from .peer import Peer, Site, stamp

LONDON = ZoneInfo("Europe/London")
NIGHTS = WeeklyHours(windows=(Window(days=frozenset(range(7)), start=time(22), end=time(6)),), time_zone=LONDON)


def plan(hours: WeeklyHours | None = NIGHTS) -> LeaveBehind:
    return LeaveBehind(hours=hours, max_a=32, draw_s=lambda: 0)


async def arrive(site: Site, status: str = "Available", **kwargs: Any) -> tuple[OcppCharger, Peer]:
    charger = site.charger(**kwargs)
    site.run(charger)
    peer = await site.peer()
    await peer.boot()
    await peer.status(status)
    await until(lambda: peer.called("GetLocalListVersion"))
    return charger, peer


async def charging(site: Site, setpoint_a: float = 16, **kwargs: Any) -> tuple[OcppCharger, Peer, int]:
    charger, peer = await arrive(site, "Preparing", **kwargs)
    await charger.apply(setpoint_a)
    transaction_id = (await peer.start())["transactionId"]
    await until(lambda: peer.leases)
    return charger, peer, transaction_id


# Boot and what follows


async def test_a_boot_is_accepted_with_utc_and_an_interval(site: Site) -> None:
    site.run(site.charger())
    answer = (await (await site.peer()).boot())[2]
    assert answer["status"] == "Accepted"
    assert answer["currentTime"].endswith("Z")
    assert answer["interval"] > 0


@pytest.mark.parametrize("payload", [{}, {"chargePointVendor": "", "chargePointModel": "x" * 300}, {"a": None}])
async def test_an_odd_boot_is_accepted_too(site: Site, payload: dict[str, Any]) -> None:
    charger = site.charger()
    site.run(charger)
    answer = await (await site.peer()).ask("BootNotification", payload)
    assert answer[2]["status"] == "Accepted"
    assert charger.identity.manufacturer is None


async def test_nothing_is_asked_before_the_boot_was_digested(site: Site) -> None:
    site.run(site.charger())
    peer = await site.peer()
    await peer.boot()
    await asyncio.sleep(0.08)
    assert not peer.calls


async def test_a_reconnect_without_boot_is_normal(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    await until(lambda: peer.calls)
    assert charger.restarts == 0


async def test_the_first_boot_is_no_restart_but_the_next_is(site: Site) -> None:
    charger, peer = await arrive(site)
    assert charger.restarts == 0
    await peer.boot()
    assert charger.restarts == 1


async def test_a_boot_while_memory_shows_a_transaction_is_a_restart(site: Site) -> None:
    _, peer, _ = await charging(site)
    await peer.socket.close()
    again = site.charger(memory=site.saved)
    site.central.expect(again)
    await (await site.peer()).boot()
    assert again.restarts == 1


async def test_settings_that_differ_are_written_once(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings |= {"MeterValueSampleInterval": "60", "LocalPreAuthorize": "False", "LocalAuthorizeOffline": "TRUE"}
    await peer.boot()
    await until(lambda: peer.called("GetLocalListVersion"))
    assert {item["key"] for item in peer.called("ChangeConfiguration")} == {
        "MeterValueSampleInterval",
        "LocalPreAuthorize",
    }
    assert peer.settings["MeterValueSampleInterval"] == "1"


async def test_a_refused_setting_is_not_tried_after_the_next_boot(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings["LocalPreAuthorize"] = "false"
    peer.replies["ChangeConfiguration"] = {"status": "Rejected"}
    await peer.boot()
    await until(lambda: peer.called("GetLocalListVersion"))
    written = len(peer.called("ChangeConfiguration"))
    await peer.boot()
    await until(lambda: len(peer.called("GetLocalListVersion")) == 2)
    assert written == len(peer.called("ChangeConfiguration")) == 1


async def test_no_more_than_ten_settings_are_written_per_boot(site: Site) -> None:
    from custom_components.smart_charge.chargers.ocpp.configuration import KNOWN

    site.run(site.charger(start_without_tag=True))
    peer = await site.peer()
    peer.settings = dict.fromkeys(KNOWN, "false") | {"MeterValueSampleInterval": "300", "FreeMode": "false"}
    peer.settings["TransactionMessageAttempts"] = "0"
    await peer.boot()
    await until(lambda: peer.called("GetLocalListVersion"))
    assert len(peer.called("ChangeConfiguration")) <= 10


async def test_secrets_among_the_settings_stay_out_of_diagnostics(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings |= {"G_CardPin": "1234", "AuthorizationKey": "abcd", "FreeModeRFID": "04AABB"}
    await peer.boot()
    await until(lambda: peer.called("GetLocalListVersion"))
    told = str(charger.diagnostics())
    assert not any(secret in told for secret in ("1234", "abcd", "04AABB"))


async def test_a_vendors_random_delay_is_known(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings["RandomisedDelayMaxSeconds"] = "600"
    await peer.boot()
    await until(lambda: peer.called("GetLocalListVersion"))
    await until(lambda: charger.capabilities.delays_itself)


# States


@pytest.mark.parametrize("status", list(ConnectorStatus))
async def test_each_status_is_told(site: Site, status: ConnectorStatus) -> None:
    charger, peer = await arrive(site)
    word = {"suspended_evse": "SuspendedEVSE", "suspended_ev": "SuspendedEV"}.get(status, status.value.capitalize())
    await peer.status(word)
    assert charger.reading is not None
    assert charger.reading.status is status


async def test_connector_0_is_not_the_connector(site: Site) -> None:
    charger, peer = await arrive(site, "Charging")
    await peer.status("Unavailable", 0)
    assert charger.reading is not None
    assert charger.reading.status is ConnectorStatus.CHARGING


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize(
    ("code", "is_safety"),
    [("GroundFailure", True), ("HighTemperature", True), ("OverCurrentFailure", True), ("PowerSwitchFailure", True),
     ("OverVoltage", True), ("MadeUp", True), ("WeakSignal", False), ("ReaderFailure", False)],
)  # fmt: skip
async def test_a_fault_is_told_with_its_code(site: Site, code: str, is_safety: bool) -> None:
    charger, peer = await arrive(site)
    await peer.status("Faulted", error=code)
    assert charger.reading is not None
    assert charger.reading.fault is not None
    assert (charger.reading.fault.code, charger.reading.fault.is_safety) == (code, is_safety)
    await peer.status("Available")
    assert charger.reading.fault is None


async def test_a_fault_of_the_whole_unit_is_ours_too(site: Site) -> None:
    charger, peer = await arrive(site)
    await peer.status("Faulted", 0, "GroundFailure")
    assert charger.reading is not None
    assert charger.reading.fault is not None


async def test_an_old_fault_of_the_whole_unit_is_history(site: Site) -> None:
    charger, peer = await arrive(site)
    await peer.status("Available", timestamp=stamp())
    await peer.status("Faulted", 0, "GroundFailure", timestamp="2026-01-01T00:00:00Z")
    assert charger.reading is not None
    assert charger.reading.fault is None


async def test_an_error_code_without_fault_is_a_warning(site: Site) -> None:
    charger, peer = await arrive(site)
    await peer.status("Charging", error="WeakSignal")
    assert charger.reading is not None
    assert charger.reading.fault == Fault(code="WeakSignal", is_safety=False)
    assert charger.diagnostics()["warning"] == "WeakSignal"
    await peer.status("Charging")
    assert charger.reading.fault is None


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize("code", ["GroundFailure", "OverCurrentFailure", "PowerSwitchFailure"])
async def test_a_warning_that_current_must_not_flow_is_believed(site: Site, code: str) -> None:
    charger, peer = await arrive(site)
    await peer.status("Charging", error=code)
    assert charger.reading is not None
    assert charger.reading.fault == Fault(code=code, is_safety=True)


# Tags


@pytest.mark.parametrize(
    ("tag", "said"),
    [("smart", "Accepted"), (" SMART ", "Accepted"), ("04aa", "Accepted"), ("bad", "Blocked"), ("old", "Expired"),
     ("stranger", "Invalid"), ("", "Invalid"), ("x" * 300, "Invalid")],
)  # fmt: skip
async def test_a_tag_is_answered_as_it_is_known(site: Site, tag: str, said: str) -> None:
    site.tags = {"04aa": TagStatus.ACCEPTED, "bad": TagStatus.BLOCKED, "old": TagStatus.EXPIRED}
    _, peer = await arrive(site)
    assert (await peer.ask("Authorize", {"idTag": tag}))[2]["idTagInfo"]["status"] == said


async def test_a_start_with_a_refused_tag_gets_an_id_and_a_no(site: Site) -> None:
    _, peer = await arrive(site)
    answer = await peer.start("stranger")
    assert answer["transactionId"] == 101
    assert answer["idTagInfo"]["status"] == "Invalid"


async def test_our_tag_is_put_on_the_charge_points_own_list(site: Site) -> None:
    site.run(site.charger())
    peer = await site.peer()
    peer.replies["GetLocalListVersion"] = {"listVersion": 0}
    await peer.boot()
    await until(lambda: peer.called("SendLocalList"))
    assert peer.called("SendLocalList")[0]["localAuthorizationList"][0]["idTag"] == "smart"


# The lease


@pytest.mark.requirement("5.2")
async def test_a_setpoint_is_a_profile_of_the_transaction_that_ends(site: Site) -> None:
    _, peer, transaction_id = await charging(site, 16)
    profile = peer.leases[0]
    assert profile["chargingProfilePurpose"] == "TxProfile"
    assert profile["transactionId"] == transaction_id
    assert profile["stackLevel"] == 9
    assert profile["chargingSchedule"]["chargingSchedulePeriod"] == [{"startPeriod": 0, "limit": 16}]
    assert profile["chargingSchedule"]["duration"] == 960
    ends = datetime.fromisoformat(profile["validTo"])
    assert timedelta(minutes=14) < ends - datetime.now(UTC) <= timedelta(minutes=15)


async def test_no_lease_is_sent_without_a_transaction(site: Site) -> None:
    charger, peer = await arrive(site, "Preparing")
    await charger.apply(16)
    await asyncio.sleep(0.2)
    assert not peer.leases


async def test_a_changed_setpoint_is_said_at_once(site: Site) -> None:
    charger, peer, _ = await charging(site, 16)
    await charger.apply(0)
    assert peer.leases[-1]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 0


@pytest.mark.parametrize(("asked", "said"), [(5.9, 0), (0.5, 0), (6, 6), (6.55, 6.5), (30.99, 30.9)])
async def test_nothing_between_0_and_6_is_ever_said(site: Site, asked: float, said: float) -> None:
    charger, peer, _ = await charging(site, 32)
    await charger.apply(asked)
    assert peer.leases[-1]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == said


async def test_a_small_change_is_said_a_little_later(site: Site) -> None:
    charger, peer, _ = await charging(site, 16)
    await charger.apply(16.5)
    await until(lambda: peer.leases[-1]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 16.5)


async def test_the_lease_is_said_again_after_a_reconnect(site: Site) -> None:
    charger, peer, transaction_id = await charging(site)
    await peer.socket.close()
    await until(lambda: not charger.is_online)
    with pytest.raises(ChargerUnreachable):
        await charger.apply(10)
    again = await site.peer()
    await again.status("Charging")
    await until(lambda: again.leases)
    assert again.leases[0]["transactionId"] == transaction_id
    assert again.leases[0]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 10


async def test_a_charger_of_watts_is_told_watts(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    peer = await site.peer()
    peer.settings["ChargingScheduleAllowedChargingRateUnit"] = "Power"
    await peer.boot()
    await peer.status("Preparing")
    await until(lambda: peer.called("GetLocalListVersion"))
    await charger.apply(10)
    await peer.start()
    await until(lambda: peer.leases)
    schedule = peer.leases[0]["chargingSchedule"]
    assert (schedule["chargingRateUnit"], schedule["chargingSchedulePeriod"][0]["limit"]) == ("W", 2300)


async def test_a_refused_rung_leads_to_the_next_and_is_remembered(site: Site) -> None:
    charger, peer = await arrive(site, "Preparing")

    def only_level_0(payload: dict[str, Any]) -> dict[str, Any]:
        if payload["csChargingProfiles"]["stackLevel"] > 0:
            return {"status": "Rejected"}
        return peer._default("SetChargingProfile", payload)

    peer.replies["SetChargingProfile"] = only_level_0
    await charger.apply(16)
    await peer.start()
    await until(lambda: peer.leases)
    assert peer.leases[-1]["stackLevel"] == 0
    await until(lambda: site.saved.get("lease", {}).get("rung") == "tx_a_level_0")
    assert site.charger(memory=site.saved).diagnostics()["rung"] == "tx_a_level_0"


async def test_a_charger_that_ignores_a_lease_is_told_another_way(site: Site) -> None:
    charger, peer, transaction_id = await charging(site, 6)
    peer.replies["GetCompositeSchedule"] = {"status": "Rejected"}
    until_default = asyncio.create_task(
        until(lambda: any(item["chargingProfilePurpose"] != "TxProfile" for item in peer.leases), 10)
    )
    while not until_default.done():
        await peer.meter(transaction_id, Current_Import=32, Power_Active_Import=7360)
        await asyncio.sleep(0.1)
    await until_default
    assert charger.diagnostics()["is_followed"] is not True


async def test_every_rung_refused_reaches_the_person_who_asked(site: Site) -> None:
    charger, peer, _ = await charging(site, 16)
    peer.replies["SetChargingProfile"] = {"status": "NotSupported"}
    with pytest.raises(ChargerRefused):
        await charger.apply(8)


async def test_a_lease_on_a_default_profile_is_cleared_when_the_session_ends(site: Site) -> None:
    charger, peer = await arrive(site, "Preparing", memory={"lease": {"rung": "default_a"}})
    await charger.apply(16)
    transaction_id = (await peer.start())["transactionId"]
    await until(lambda: peer.leases)
    assert peer.leases[0]["chargingProfilePurpose"] == "TxDefaultProfile"
    await peer.ask("StopTransaction", {"transactionId": transaction_id, "meterStop": 2000, "timestamp": stamp()})
    await until(lambda: {"id": 4} in peer.called("ClearChargingProfile"))


async def test_what_is_in_force_is_read_back(site: Site) -> None:
    charger, _, _ = await charging(site, 13)
    await until(lambda: charger.reading is not None and charger.reading.setpoint_a == 13)


@pytest.mark.requirement("7.2")
@pytest.mark.requirement("11.9")
async def test_a_lease_that_soon_ends_by_itself_is_left_to(site: Site) -> None:
    charger, peer, _ = await charging(site)
    await until(lambda: peer.called("GetCompositeSchedule"))
    ends = len(peer.called("ClearChargingProfile"))
    await charger.hand_back()
    assert len(peer.called("ClearChargingProfile")) == ends
    assert "duration" in peer.leases[-1]["chargingSchedule"]


def _refuse_durations(payload: dict[str, Any]) -> dict[str, Any]:
    has_end = "duration" in payload["csChargingProfiles"]["chargingSchedule"]
    return {"status": "Rejected" if has_end else "Accepted"}


@pytest.mark.requirement("7.2")
async def test_handing_back_clears_a_lease_that_lasts(site: Site) -> None:
    charger, peer, _ = await charging(site)
    peer.replies["SetChargingProfile"] = _refuse_durations
    await charger.apply(13)
    await charger.hand_back()
    assert peer.called("ClearChargingProfile")[-1] == {"id": 4}


async def test_handing_back_to_one_that_does_not_answer_takes_no_longer_than_it_may(site: Site) -> None:
    charger, peer, _ = await charging(site)
    peer.replies["SetChargingProfile"] = _refuse_durations
    await charger.apply(13)
    peer.replies["ClearChargingProfile"] = None
    async with asyncio.timeout(3):
        await charger.hand_back()


# Default hours


@pytest.mark.requirement("7.1")
async def test_default_hours_are_left_in_the_charge_point(site: Site) -> None:
    charger, peer = await arrive(site)
    await charger.leave_behind(plan())
    await until(lambda: peer.profiles)
    profile = peer.profiles[0]
    assert profile["chargingProfilePurpose"] == "TxDefaultProfile"
    assert profile["chargingProfileKind"] == "Recurring"
    assert [item["limit"] for item in profile["chargingSchedule"]["chargingSchedulePeriod"]] == [32, 0]


async def test_default_hours_are_written_when_they_differ_only(site: Site) -> None:
    charger, peer = await arrive(site)
    await charger.leave_behind(plan())
    await until(lambda: len(peer.profiles) == 1)
    await charger.leave_behind(plan())
    assert len(peer.profiles) == 1
    await charger.leave_behind(plan(None))
    assert len(peer.profiles) == 2


async def test_default_hours_are_written_again_after_a_boot(site: Site) -> None:
    charger, peer = await arrive(site)
    await charger.leave_behind(plan())
    await peer.boot()
    await until(lambda: len(peer.profiles) == 2)


async def test_hours_that_cannot_be_held_are_refused_without_asking_twice(site: Site) -> None:
    charger, peer = await arrive(site)
    peer.replies["SetChargingProfile"] = {"status": "NotSupported"}
    with pytest.raises(ChargerRefused):
        await charger.leave_behind(plan())
    asked = len(peer.called("SetChargingProfile"))
    with pytest.raises(ChargerRefused):
        await charger.leave_behind(plan())
    assert len(peer.called("SetChargingProfile")) == asked


async def test_hours_without_a_link_are_written_when_it_comes(site: Site) -> None:
    charger = site.charger()
    site.run(charger)
    with pytest.raises(ChargerUnreachable):
        await charger.leave_behind(plan())
    peer = await site.peer()
    await peer.boot()
    await until(lambda: peer.profiles)


# Starting


async def test_a_waiting_vehicle_is_started_with_its_pause_inside(site: Site) -> None:
    charger, peer = await arrive(site, start_without_tag=True)
    await charger.apply(0)
    await peer.status("Preparing")
    await until(lambda: peer.called("RemoteStartTransaction"))
    request = peer.called("RemoteStartTransaction")[0]
    assert request["idTag"] == "smart"
    assert request["chargingProfile"]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 0
    assert "transactionId" not in request["chargingProfile"]
    await peer.start()
    await until(lambda: peer.leases)
    assert peer.leases[0]["chargingSchedule"]["chargingSchedulePeriod"][0]["limit"] == 0


async def test_a_waiting_vehicle_needs_its_tag_where_the_owner_wants_one(site: Site) -> None:
    charger, peer = await arrive(site)
    await charger.apply(16)
    await peer.status("Preparing")
    await asyncio.sleep(0.4)
    assert not peer.called("RemoteStartTransaction")


async def test_a_start_that_comes_to_nothing_is_not_asked_for_without_end(site: Site) -> None:
    charger, peer = await arrive(site, start_without_tag=True)
    await charger.apply(16)
    peer.replies["RemoteStartTransaction"] = {"status": "Rejected"}
    await peer.status("Preparing")
    await peer.status("Preparing")
    await asyncio.sleep(1.5)
    assert 2 <= len(peer.called("RemoteStartTransaction")) <= 3


async def test_a_vehicle_stuck_in_finishing_is_started_once(site: Site) -> None:
    charger, peer = await arrive(site, "Finishing", start_without_tag=True)
    for setpoint_a in (0, 16, 0, 16):
        await charger.apply(setpoint_a)
        await asyncio.sleep(0.3)
    assert len(peer.called("RemoteStartTransaction")) == 1


async def test_a_charge_point_that_ends_at_0_a_is_started_again_each_time(site: Site) -> None:
    charger, peer, transaction_id = await charging(site, start_without_tag=True)
    for _ in range(2):
        await charger.apply(0)
        await peer.ask("StopTransaction", {"transactionId": transaction_id, "meterStop": 1, "timestamp": stamp()})
        await peer.status("Finishing")
        asked = len(peer.called("RemoteStartTransaction"))
        await charger.apply(16)
        await until(lambda asked=asked: len(peer.called("RemoteStartTransaction")) > asked)
        transaction_id = (await peer.start())["transactionId"]


async def test_a_disk_that_fails_does_not_refuse_a_boot(site: Site) -> None:
    async def full(_memory: object) -> None:
        raise OSError("disk full")

    site.run(site.charger(save=full))
    assert (await (await site.peer()).boot())[2]["status"] == "Accepted"


async def test_a_vehicle_is_started_though_nobody_says_how_much(site: Site) -> None:
    _, peer = await arrive(site, start_without_tag=True)
    await peer.status("Preparing")
    await until(lambda: peer.called("RemoteStartTransaction"))
    assert "chargingProfile" not in peer.called("RemoteStartTransaction")[0]


async def test_a_listener_hears_until_it_is_stopped(site: Site) -> None:
    charger, peer = await arrive(site)
    heard: list[int] = []
    stop = charger.listen(lambda: heard.append(1))
    await peer.status("Preparing")
    assert heard
    stop()
    heard.clear()
    await peer.status("Charging")
    assert not heard
