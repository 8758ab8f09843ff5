"""How a simulated OCPP charge point differs from the specification; every default is by the book."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(kw_only=True)
class Behaviour:
    """Switches for what real charge points were seen to do. All may be changed while it runs.

    Transport
        path_prefix: put before the id in the path, such as "ocpp/1.6".
        dialled_id: the id as it is written in the path, when not the charge point's own; "" for none.
        send_subprotocol: offer ``ocpp1.6``.
        sends_password_bytes: send the bytes that the password's hex digits mean, not the digits.
        basic_user: the user name, when not the charge point's id.
        binary_frames: send JSON in binary frames.
        answers_pings: answer the other side's pings.
        duplicate_messages: send each StartTransaction and StopTransaction twice.
        several_calls_at_once: do not wait for one answer before the next call.
    Boot
        boots_on_reconnect: send BootNotification whenever connected, not only after power-up.
        never_boots: send none at all.
        boot_fields: laid over BootNotification; a None removes the field.
        repeats_boot: how many more times to send it although it was accepted.
        reboots_when_called_early_s: restart when called within this time of an accepted boot.
    Clock
        clock_wrong_until_boot: tell times of 1970 until the first boot is answered.
        clock_offset_s: how far the charge point's clock is off.
        time_style: "z", "offset" (+02:00), "no_zone", "space" (for T), "nanoseconds", "no_seconds".
    Calls from the other side
        answer_after_s: real seconds before each answer.
        never_answers: take calls and stay silent.
        silent_actions: stay silent to these only.
        silent_to_all_keys: no answer to GetConfiguration without a list of keys.
        refused_actions: answer these with the error NotSupported.
        ignores_triggers, refuses_triggers: accept TriggerMessage and send nothing, or reject it.
        refuses_availability_of_box: reject ChangeAvailability of connector 0.
        reboots_on_actions, reboots_on_keys: restart instead of answering these.
    Configuration
        rejects_configuration: answer each ChangeConfiguration with Rejected.
        ignores_configuration: accept and change nothing.
        shows_password: GetConfiguration tells AuthorizationKey.
    Charging profiles
        refuses_profiles, refuses_tx_profiles: answer Rejected.
        ignores_profiles: accept and obey none.
        obeys_after_s: world seconds until an accepted profile holds.
        takes_tx_profile_without_transaction: accept it, and forget it.
        ignores_profiles_after_pause: once 0 A was asked for, full rate until the transaction ends.
        ends_transaction_at_zero: 0 A ends the transaction.
        steps_a: the only currents it knows, such as (6, 8, 10, 13, 16); lower ones are 0.
        schedule_shift_s: added to each instant of a profile, as one who reads it as local time does.
        limit_key: a configuration key, in ampere, that limits the current whatever the profiles say.
        drops_profiles_on_reconnect: forget the transaction's profile when the link returns.
        forgets_profiles_on_reboot, keeps_only_last_profile: what is left of them after a power cut.
        composite_needs_transaction: the defaults count in GetCompositeSchedule only inside one.
        composite_without_schedule: GetCompositeSchedule is Accepted and tells nothing.
    Transactions
        loses_transaction_id: go on with ``lost_id`` after StartTransaction was answered.
        finishing_needs_replug: no new start until the cable was out.
        after_power_loss: "continue", "stop" (StopTransaction at boot) or "nothing".
    Meter
        register_per_session: the register begins at 0 in each session.
        dips_every: each so many-th sample shows a register of 0; 0 for never.
        value_style: "plain", "comma" (decimal comma), "nan" or "empty".
        unknown_measurands: add measurands and units that nobody defined.
        number_values: values as numbers, not strings.
        watts_only: measure nothing but Power.Active.Import.
        meter_connector_id: the connector written in MeterValues, when not the real one.
    Status
        status_info: text in StatusNotification's ``info``.
        error_code: in place of the real error code.
    """

    path_prefix: str = ""
    dialled_id: str | None = None
    send_subprotocol: bool = True
    sends_password_bytes: bool = False
    basic_user: str | None = None
    binary_frames: bool = False
    answers_pings: bool = True
    duplicate_messages: bool = False
    several_calls_at_once: bool = False
    boots_on_reconnect: bool = False
    never_boots: bool = False
    boot_fields: dict[str, Any] = field(default_factory=dict)
    repeats_boot: int = 0
    reboots_when_called_early_s: float = 0.0
    clock_wrong_until_boot: bool = False
    clock_offset_s: float = 0.0
    time_style: str = "z"
    answer_after_s: float = 0.0
    never_answers: bool = False
    silent_actions: set[str] = field(default_factory=set)
    silent_to_all_keys: bool = False
    refused_actions: set[str] = field(default_factory=set)
    ignores_triggers: bool = False
    refuses_triggers: bool = False
    refuses_availability_of_box: bool = False
    reboots_on_actions: set[str] = field(default_factory=set)
    reboots_on_keys: set[str] = field(default_factory=set)
    rejects_configuration: bool = False
    ignores_configuration: bool = False
    shows_password: bool = False
    refuses_profiles: bool = False
    refuses_tx_profiles: bool = False
    ignores_profiles: bool = False
    obeys_after_s: float = 0.0
    takes_tx_profile_without_transaction: bool = False
    ignores_profiles_after_pause: bool = False
    ends_transaction_at_zero: bool = False
    steps_a: tuple[float, ...] = ()
    schedule_shift_s: float = 0.0
    limit_key: str = ""
    drops_profiles_on_reconnect: bool = False
    forgets_profiles_on_reboot: bool = False
    keeps_only_last_profile: bool = False
    composite_needs_transaction: bool = False
    composite_without_schedule: bool = False
    loses_transaction_id: bool = False
    lost_id: int | str = -1
    finishing_needs_replug: bool = False
    after_power_loss: str = "stop"
    register_per_session: bool = False
    dips_every: int = 0
    value_style: str = "plain"
    unknown_measurands: bool = False
    number_values: bool = False
    watts_only: bool = False
    meter_connector_id: int | None = None
    status_info: str | None = None
    error_code: str | None = None
