"""What a central system may ask of an OCPP 1.6 charge point, and how it answers."""

from collections.abc import Callable
from datetime import UTC, datetime
import math
from typing import TYPE_CHECKING, Any

from .charging_profiles import ProfileRefused, Purpose, parse_profile
from .ocpp_link import Answer, NotUnderstood, Payload

if TYPE_CHECKING:
    from .ocpp_client import OcppClient

_ACCEPTED = Answer({"status": "Accepted"})
_REJECTED = Answer({"status": "Rejected"})


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
            "GetConfiguration": lambda payload: Answer(client.configuration.answer(payload.get("key"))),
            "GetDiagnostics": self._get_diagnostics,
            "GetLocalListVersion": lambda payload: Answer({"listVersion": client.local_list_version}),
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
        if action in self._client.behaviour.refused_actions:
            raise NotUnderstood("NotSupported", action)
        try:
            return handler(payload)
        except KeyError as error:
            raise NotUnderstood("ProtocolError", f"{error} is missing") from error
        except (TypeError, ValueError) as error:
            raise NotUnderstood("PropertyConstraintViolation", str(error)) from error

    # Configuration

    def _change_configuration(self, payload: Payload) -> Answer:
        client = self._client
        key, value = str(payload["key"]), str(payload["value"])
        if client.behaviour.rejects_configuration:
            return _REJECTED
        if client.behaviour.ignores_configuration:
            return _ACCEPTED
        status = client.configuration.change(key, value)
        if status == "Accepted":
            client.settings_changed()
        return Answer({"status": status})

    # Charging profiles

    def _set_profile(self, payload: Payload) -> Answer:
        client = self._client
        profile = parse_profile(int(payload["connectorId"]), payload["csChargingProfiles"])
        behaviour = client.behaviour
        if behaviour.refuses_profiles or (behaviour.refuses_tx_profiles and profile.purpose is Purpose.TX):
            return _REJECTED
        if profile.connector_id not in (0, client.connector_id):
            return _REJECTED
        running = None if client.transaction is None else client.transaction.wire_id
        client.charge_point.catch_up()
        try:
            client.profiles.install(profile, running)
        except ProfileRefused:
            return _REJECTED
        client.charge_point.settle()
        return _ACCEPTED

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
        data = payload.get("chargingProfile")
        profile = None if data is None else parse_profile(client.connector_id, data)

        async def start() -> None:
            if client.configuration.is_true("AuthorizeRemoteTxRequests"):
                client.authorise_then_start(tag, profile)
            else:
                client.accept_start(tag, profile)

        return Answer({"status": "Accepted"}, start)

    def _remote_stop(self, payload: Payload) -> Answer:
        client = self._client
        running = client.transaction
        if running is None or int(payload["transactionId"]) not in (running.wire_id, running.transaction_id):
            return _REJECTED

        async def stop() -> None:
            client.stop_transaction("Remote")

        return Answer({"status": "Accepted"}, stop)

    def _unlock(self, payload: Payload) -> Answer:
        client = self._client
        if int(payload["connectorId"]) != client.connector_id:
            return Answer({"status": "NotSupported"})

        async def stop() -> None:
            client.stop_transaction("UnlockCommand")

        return Answer({"status": "Unlocked"}, stop)

    # The box

    def _reset(self, payload: Payload) -> Answer:
        client = self._client
        reason = {"Soft": "SoftReset", "Hard": "HardReset"}[payload["type"]]

        async def restart() -> None:
            client.restart(reason)

        return Answer({"status": "Accepted"}, restart)

    def _change_availability(self, payload: Payload) -> Answer:
        client = self._client
        is_operative = {"Operative": True, "Inoperative": False}[payload["type"]]
        if int(payload["connectorId"]) not in (0, client.connector_id):
            return _REJECTED
        if client.transaction is not None and not is_operative:
            client.is_operative_after = False
            return Answer({"status": "Scheduled"})
        client.charge_point.set_operative(is_operative)
        return _ACCEPTED

    def _trigger(self, payload: Payload) -> Answer:
        client = self._client
        actions: dict[str, Callable[[], Any]] = {
            "BootNotification": client.boot,
            "Heartbeat": lambda: client.link.call("Heartbeat", {}),
            "StatusNotification": lambda: client.report_status(int(payload.get("connectorId", client.connector_id))),
            "DiagnosticsStatusNotification": lambda: client.link.call(
                "DiagnosticsStatusNotification", {"status": "Idle"}
            ),
            "FirmwareStatusNotification": lambda: client.link.call("FirmwareStatusNotification", {"status": "Idle"}),
            "MeterValues": self._trigger_meter_values,
        }
        asked = actions.get(payload["requestedMessage"])
        if asked is None:
            return Answer({"status": "NotImplemented"})
        if client.behaviour.ignores_triggers:
            return _ACCEPTED

        async def send() -> None:
            await asked()

        return Answer({"status": "Accepted"}, send)

    async def _trigger_meter_values(self) -> None:
        client = self._client
        client.queue_meter_values("Trigger", client.configuration.get("MeterValuesSampledData"))

    # Tags, firmware, diagnostics

    def _clear_cache(self, payload: Payload) -> Answer:
        if not self._client.configuration.is_true("AuthorizationCacheEnabled"):
            return _REJECTED
        self._client.cache.clear()
        return _ACCEPTED

    def _send_local_list(self, payload: Payload) -> Answer:
        client = self._client
        entries = payload.get("localAuthorizationList") or []
        if len(entries) > client.configuration.whole("SendLocalListMaxLength", 20):
            return Answer({"status": "Failed"})
        version = int(payload["listVersion"])
        if payload["updateType"] == "Differential":
            if version <= client.local_list_version:
                return Answer({"status": "VersionMismatch"})
        else:
            client.local_list.clear()
        for entry in entries:
            if "idTagInfo" in entry:
                client.local_list[entry["idTag"]] = str(entry["idTagInfo"]["status"])
            else:
                client.local_list.pop(entry["idTag"], None)
        client.local_list_version = version
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
