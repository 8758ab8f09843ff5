"""How long we wait for what, in one place, so that tests need not."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Timings:
    """Seconds. The defaults are what real charge points were seen to need (OCPP notes A1, A2, A6).

    Attributes:
        heartbeat_s: asked for in BootNotification.conf; whole and never 0.
        silence_s: the least time without any frame before a link counts as dead.
        pong_s: how long a charge point that has answered a ping before may take to do so.
        handshake_s: from the first byte of a connection to a complete request.
        boot_wait_s: after connecting, how long a BootNotification may take to come.
        settle_s: after a boot, silence until a status came or this has passed.
        flush_s: lets an answer leave, and what the charge point says with it arrive, before we ask.
        follow_s: a setpoint that is not followed by then is asked for anew.
        look_s: from writing a profile to the first look whether it is followed.
        plugged_in_s: a vehicle that waits this long without a transaction gets one from us.
        start_answer_s: before StartTransaction is answered, for one that hangs up when that comes at once.
        start_retry_s: before the second remote start; doubles each time.
        meter_s: while something may flow, so long without a meter value and it is asked for; four times, and
            the last one is old.
        trigger_s: from that question to the value. Not below 10 s: polling kills some (quirk Q34).
        guest_s: an accepted peer that nobody expects is let go after this.
    """

    heartbeat_s: int = 60
    silence_s: float = 120.0
    pong_s: float = 20.0
    call_s: float = 30.0
    slow_call_s: float = 60.0
    late_answer_s: float = 300.0
    handshake_s: float = 10.0
    boot_wait_s: float = 10.0
    settle_s: float = 5.0
    flush_s: float = 1.0
    follow_s: float = 15.0
    look_s: float = 4.0
    plugged_in_s: float = 3.0
    untold_s: float = 30.0
    start_answer_s: float = 1.0
    start_retry_s: float = 60.0
    queue_drain_s: float = 5.0
    lease_s: float = 900.0
    smooth_s: float = 5.0
    hand_back_s: float = 5.0
    meter_s: float = 30.0
    trigger_s: float = 10.0
    guest_s: float = 60.0
    tick_s: float = 5.0
