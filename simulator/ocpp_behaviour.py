"""How a simulated OCPP charge point differs from the specification; every default is by the book."""

from dataclasses import dataclass, field


@dataclass(kw_only=True)
class Behaviour:
    """Switches for what real charge points were seen to do. All may be changed while it runs.

    Transport
        path_prefix: put before the id in the path, such as "ocpp/1.6".
        dialled_id: the id as it is written in the path, when not the charge point's own.
        send_subprotocol: offer ``ocpp1.6``.
        sends_password_bytes: send the bytes that the password's hex digits mean, not the digits.
        basic_user: the user name, when not the charge point's id.
        binary_frames: send JSON in binary frames.
        duplicate_messages: send each StartTransaction and StopTransaction twice.
    Boot
        boots_on_reconnect: send BootNotification whenever connected, not only after power-up.
        clock_wrong_until_boot: tell times of 1970 until the first boot is answered.
    Calls from the other side
        answer_after_s: real seconds before each answer.
        never_answers: take calls and stay silent.
        rejects_configuration: answer each ChangeConfiguration with Rejected.
        ignores_configuration: accept and change nothing.
        ignores_triggers: accept TriggerMessage and send nothing.
    Charging profiles
        refuses_profiles, refuses_tx_profiles: answer Rejected.
        ignores_profiles: accept and obey none.
        drops_profiles_on_reconnect: forget the transaction's profile when the link returns.
        forgets_profiles_on_reboot: nothing survives a power cut.
        composite_needs_transaction: the defaults count in GetCompositeSchedule only inside one.
        ends_transaction_at_zero: 0 A ends the transaction.
    Transactions
        loses_transaction_id: go on with -1 after StartTransaction was answered.
        finishing_needs_replug: no new start until the cable was out.
        after_power_loss: "continue", "stop" (StopTransaction at boot) or "nothing".
    Meter
        register_per_session: the register begins at 0 in each session.
        value_style: "plain", "comma" (decimal comma), "nan" or "empty".
        unknown_measurands: add measurands and units that nobody defined.
        number_values: values as numbers, not strings.
    Whoever sends it
        extra_status_info: text in StatusNotification's ``info``.
    """

    path_prefix: str = ""
    dialled_id: str | None = None
    send_subprotocol: bool = True
    sends_password_bytes: bool = False
    basic_user: str | None = None
    binary_frames: bool = False
    duplicate_messages: bool = False
    boots_on_reconnect: bool = False
    clock_wrong_until_boot: bool = False
    answer_after_s: float = 0.0
    never_answers: bool = False
    rejects_configuration: bool = False
    ignores_configuration: bool = False
    ignores_triggers: bool = False
    refuses_profiles: bool = False
    refuses_tx_profiles: bool = False
    ignores_profiles: bool = False
    drops_profiles_on_reconnect: bool = False
    forgets_profiles_on_reboot: bool = False
    composite_needs_transaction: bool = False
    ends_transaction_at_zero: bool = False
    loses_transaction_id: bool = False
    finishing_needs_replug: bool = False
    after_power_loss: str = "stop"
    register_per_session: bool = False
    value_style: str = "plain"
    unknown_measurands: bool = False
    number_values: bool = False
    extra_status_info: str | None = None
    refused_actions: set[str] = field(default_factory=set)
