"""What a central system may ask of an OCPP 1.6 charge point, and how it answers."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
import math
from typing import TYPE_CHECKING, Any

from .charging_profiles import Profile, ProfileRefused, Purpose, parse_profile
from .ocpp_link import Answer, NoAnswer, NotUnderstood, Payload

if TYPE_CHECKING:
    from .ocpp_client import OcppClient

_ACCEPTED = Answer({"status": "Accepted"})
_REJECTED = Answer({"status": "Rejected"})
_SMART_CHARGING = {"SetChargingProfile", "ClearChargingProfile", "GetCompositeSchedule"}


class Commands:
    """Answers calls for one client. Nothing here waits for the peer."""

    def __init__(self, client: OcppClient) -> None:
        self._client = client
        self._handlers: dict[str, Callable[[Payload], Answer]] = {
            "CancelReservation": lambda payload: _REJECTED,
            "ChangeAvailability": self._change_availability,
            "ChangeConfiguration": self._change_configuration,
            "ClearCache": self._clear_cache,
            "ClearChargingProfile": self._clear_profile,
            "DataTransfer": lambda payload: Answer({"status": "UnknownVendorId"}),
            "GetCompositeSchedule": self._get_schedule,
            "GetConfiguration": self._get_configuration,
            "GetDiagnostics": self._get_diagnostics,
            "GetLocalListVersion": lambda payload: Answer({"listVersion": client.sessions.local_list_version}),
            "RemoteStartTransaction": self._remote_start,
            "RemoteStopTransaction": self._remote_stop,
            "ReserveNow": lambda payload: _REJECTED,
            "Reset": self._reset,
            "SendLocalList": self._send_local_list,
            "SetChargingProfile": self._set_profile,
            "TriggerMessage": self._trigger,
            "UnlockConnector": self._unlock,
            "UpdateFirmware": self._update_firmware,
        }

    def perform(self, action: str, payload: Payload) -> Answer:
        """Answer one call. Raises NotUnderstood for what is answered with an error."""
        handler = self._handlers.get(action)
        if handler is None:
            raise NotUnderstood("NotImplemented", f"no action {action}")
        lacks_smart_charging = "SmartCharging" not in self._client.configuration.get("SupportedFeatureProfiles")
        if action in self._client.behaviour.refused_actions or (action in _SMART_CHARGING and lacks_smart_charging):
            raise NotUnderstood("NotSupported", action)
        try:
            return handler(payload)
        except KeyError as error:
            raise NotUnderstood("ProtocolError", f"{error} is missing") from error
        except (TypeError, ValueError) as error:
            raise NotUnderstood("PropertyConstraintViolation", str(error)) from error

    # Configuration

    def _get_configuration(self, payload: Payload) -> Answer:
        behaviour = self._client.behaviour
        names = payload.get("key")
        if not names and behaviour.silent_to_all_keys:
            raise NoAnswer
        return Answer(self._client.configuration.answer(names, shows_password=behaviour.shows_password))

    def _change_configuration(self, payload: Payload) -> Answer:
        client = self._client
        key, value = str(payload["key"]), str(payload["value"])
        if key in client.behaviour.reboots_on_keys:
            client.spawn(client.restart("Reboot"))
            raise NoAnswer
        if client.behaviour.rejects_configuration:
            return _REJECTED
        if client.behaviour.ignores_configuration:
            return _ACCEPTED
        client.charge_point.catch_up()
        status = client.configuration.change(key, value)
        client.charge_point.settle()
        if status == "Accepted":
            client.settings_changed()
        return Answer({"status": status})

    # Charging profiles

    def _set_profile(self, payload: Payload) -> Answer:
        client = self._client
        behaviour = client.behaviour
        profile = parse_profile(int(payload["connectorId"]), payload["csChargingProfiles"])
        is_for_transaction = profile.purpose is Purpose.TX
        if behaviour.refuses_profiles or (behaviour.refuses_tx_profiles and is_for_transaction):
            return _REJECTED
        if profile.connector_id not in (0, client.connector_id):
            return _REJECTED
        if is_for_transaction and client.transaction is None and behaviour.takes_tx_profile_without_transaction:
            return _ACCEPTED
        profile = _misread(profile, timedelta(seconds=behaviour.schedule_shift_s))
        try:
            client.profiles.check(profile, self._running_id())
        except ProfileRefused:
            return _REJECTED
        if behaviour.obeys_after_s:
            client.spawn(self._install_later(profile, behaviour.obeys_after_s))
        else:
            self._install(profile)
        return _ACCEPTED

    def _running_id(self) -> int | None:
        running = self._client.transaction
        if running is None:
            return None
        return -1 if running.transaction_id is None else running.transaction_id

    def _install(self, profile: Profile) -> None:
        client = self._client
        client.charge_point.catch_up()
        client.profiles.install(profile, self._running_id())
        client.charge_point.settle()

    async def _install_later(self, profile: Profile, seconds: float) -> None:
        await self._client.clock.sleep(seconds)
        if profile.purpose is not Purpose.TX or self._client.transaction is not None:
            self._install(profile)

    def _clear_profile(self, payload: Payload) -> Answer:
        client = self._client
        client.charge_point.catch_up()
        cleared = client.profiles.clear(
            profile_id=payload.get("id"),
            connector_id=payload.get("connectorId"),
            purpose=payload.get("chargingProfilePurpose"),
            stack_level=payload.get("stackLevel"),
        )
        client.charge_point.settle()
        return Answer({"status": "Accepted" if cleared else "Unknown"})

    def _get_schedule(self, payload: Payload) -> Answer:
        client = self._client
        connector_id, duration_s = int(payload["connectorId"]), int(payload["duration"])
        if connector_id not in (0, client.connector_id):
            return _REJECTED
        if client.behaviour.composite_without_schedule:
            return _ACCEPTED
        begin_at = client.clock.now().replace(microsecond=0)
        transaction = client.transaction
        periods = client.profiles.schedule(
            begin_at,
            duration_s,
            connector_id=connector_id,
            charging_since=None if transaction is None else transaction.started_at,
            with_defaults=transaction is not None or not client.behaviour.composite_needs_transaction,
        )
        unit = payload.get("chargingRateUnit", "A")
        return Answer(
            {
                "status": "Accepted",
                "connectorId": connector_id,
                "scheduleStart": client.stamp(begin_at),
                "chargingSchedule": {
                    "duration": duration_s,
                    "startSchedule": client.stamp(begin_at),
                    "chargingRateUnit": unit,
                    "chargingSchedulePeriod": [
                        {"startPeriod": start_s, "limit": self._shown_limit(limit_a, unit)}
                        for start_s, limit_a in periods
                    ],
                },
            }
        )

    def _shown_limit(self, limit_a: float, unit: str) -> float:
        box = self._client.charge_point
        amps = min(limit_a, box.rated_a) if math.isfinite(limit_a) else box.rated_a
        return round(amps if unit == "A" else amps * box.voltage_v * box.phases, 1)

    # Transactions

    def _remote_start(self, payload: Payload) -> Answer:
        client = self._client
        tag = str(payload["idTag"])
        box = client.charge_point
        cannot = (
            client.transaction is not None
            or int(payload.get("connectorId", 1)) != client.connector_id
            or bool(box.faults)
            or not box.is_operative
            or (client.status == "Finishing" and client.behaviour.finishing_needs_replug)
        )
        if cannot:
            return _REJECTED
        data = None if client.behaviour.refuses_profiles else payload.get("chargingProfile")
        profile = None if data is None else parse_profile(client.connector_id, data)

        async def start() -> None:
            if client.configuration.is_true("AuthorizeRemoteTxRequests"):
                await client.sessions.ask_and_start(tag, profile)
            else:
                client.sessions.accept_start(tag, profile)

        return Answer({"status": "Accepted"}, start)

    def _remote_stop(self, payload: Payload) -> Answer:
        client = self._client
        running = client.transaction
        if running is None or payload["transactionId"] not in (running.written_id, running.transaction_id):
            return _REJECTED

        async def stop() -> None:
            client.sessions.stop("Remote")

        return Answer({"status": "Accepted"}, stop)

    def _unlock(self, payload: Payload) -> Answer:
        client = self._client
        if int(payload["connectorId"]) != client.connector_id:
            return Answer({"status": "NotSupported"})

        async def stop() -> None:
            client.sessions.stop("UnlockCommand")

        return Answer({"status": "Unlocked"}, stop)

    # The box

    def _reset(self, payload: Payload) -> Answer:
        client = self._client
        reason = {"Soft": "SoftReset", "Hard": "HardReset"}[payload["type"]]

        async def restart() -> None:
            await client.restart(reason)

        return Answer({"status": "Accepted"}, restart)

    def _change_availability(self, payload: Payload) -> Answer:
        client = self._client
        is_operative = {"Operative": True, "Inoperative": False}[payload["type"]]
        connector_id = int(payload["connectorId"])
        is_refused = connector_id == 0 and client.behaviour.refuses_availability_of_box
        if is_refused or connector_id not in (0, client.connector_id):
            return _REJECTED
        client.sessions.becomes_inoperative = client.transaction is not None and not is_operative
        if client.sessions.becomes_inoperative:
            return Answer({"status": "Scheduled"})
        client.charge_point.set_operative(is_operative)
        return _ACCEPTED

    def _trigger(self, payload: Payload) -> Answer:
        client = self._client
        actions: dict[str, Callable[[], Any]] = {
            "BootNotification": client.boot,
            "Heartbeat": lambda: client.link.call("Heartbeat", {}),
            "StatusNotification": lambda: client.statuses.report(int(payload.get("connectorId", client.connector_id))),
            "DiagnosticsStatusNotification": lambda: client.link.call(
                "DiagnosticsStatusNotification", {"status": "Idle"}
            ),
            "FirmwareStatusNotification": lambda: client.link.call("FirmwareStatusNotification", {"status": "Idle"}),
            "MeterValues": self._trigger_meter_values,
        }
        asked = actions.get(payload["requestedMessage"])
        if asked is None:
            return Answer({"status": "NotImplemented"})
        if client.behaviour.refuses_triggers:
            return _REJECTED
        if client.behaviour.ignores_triggers:
            return _ACCEPTED

        async def send() -> None:
            await asked()

        return Answer({"status": "Accepted"}, send)

    async def _trigger_meter_values(self) -> None:
        client = self._client
        client.metering.queue("Trigger", client.configuration.get("MeterValuesSampledData"))

    # Tags, firmware, diagnostics

    def _clear_cache(self, payload: Payload) -> Answer:
        if not self._client.configuration.is_true("AuthorizationCacheEnabled"):
            return _REJECTED
        self._client.sessions.cache.clear()
        return _ACCEPTED

    def _send_local_list(self, payload: Payload) -> Answer:
        client, sessions = self._client, self._client.sessions
        entries = payload.get("localAuthorizationList") or []
        if len(entries) > client.configuration.whole("SendLocalListMaxLength", 20):
            return Answer({"status": "Failed"})
        version = int(payload["listVersion"])
        if payload["updateType"] == "Differential":
            if version <= sessions.local_list_version:
                return Answer({"status": "VersionMismatch"})
        else:
            sessions.local_list.clear()
        for entry in entries:
            if "idTagInfo" in entry:
                sessions.local_list[entry["idTag"]] = str(entry["idTagInfo"]["status"])
            else:
                sessions.local_list.pop(entry["idTag"], None)
        sessions.local_list_version = version
        return _ACCEPTED

    def _get_diagnostics(self, payload: Payload) -> Answer:
        client = self._client

        async def upload() -> None:
            for status in ("Uploading", "UploadFailed"):
                await client.link.call("DiagnosticsStatusNotification", {"status": status})

        return Answer({"fileName": f"{client.nameplate.serial}.log"}, upload)

    def _update_firmware(self, payload: Payload) -> Answer:
        client = self._client
        retrieve_at = datetime.fromisoformat(str(payload["retrieveDate"])).astimezone(UTC)

        async def download() -> None:
            await client.clock.sleep_until(retrieve_at)
            for status in ("Downloading", "DownloadFailed"):
                await client.link.call("FirmwareStatusNotification", {"status": status})

        return Answer({}, download)


def _misread(profile: Profile, by: timedelta) -> Profile:
    """Read each instant of a profile as so much later than it is."""
    return replace(
        profile,
        start_at=profile.start_at and profile.start_at + by,
        valid_from=profile.valid_from and profile.valid_from + by,
        valid_to=profile.valid_to and profile.valid_to + by,
    )
