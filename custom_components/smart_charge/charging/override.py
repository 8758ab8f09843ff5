"""What "Charge now" lifts, when it ends, and what nothing may lift (8.1 to 8.3, 10.4, 11.5)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from .model import Carry, Limit, Override, Reading, Source

LIFTS: dict[Source, frozenset[Source]] = {
    Source.CHARGE_NOW: frozenset({Source.DEFAULT_HOURS, Source.OFF}),
}
"""Whose limits each lift sets aside. A source that is named nowhere here is lifted by nobody."""


def begin_charge_now(carry: Carry, now: datetime) -> Carry:
    """Charge now, until the vehicle that is or will be plugged in leaves.

    A second tap while the override stands changes nothing.
    """
    return carry if carry.override is not None else replace(carry, override=Override(made_at=now))


def end_charge_now(carry: Carry) -> Carry:
    """Back to the mode that the owner chose."""
    return replace(carry, override=None)


def followed(override: Override | None, reading: Reading | None) -> Override | None:
    """Return the override after what the charge point said of the cable; None when it has ended.

    Made before plugging in it waits for the vehicle, and it ends when that vehicle leaves. A
    reading that does not tell keeps it as it was.
    """
    is_plugged_in = None if reading is None else reading.is_plugged_in
    if override is None or is_plugged_in is None:
        return override
    if is_plugged_in:
        return replace(override, has_seen_vehicle=True)
    return None if override.has_seen_vehicle else override


def begun_by(before: Override | None, after: Override | None) -> Source | None:
    """Say who is the cause of what follows, because an override meets its vehicle in this step.

    Only then: with the override standing, a fault that clears or power that returns is the cause
    of charging again, and waits for its random delay like any other.
    """
    had_seen = before is not None and before.has_seen_vehicle
    return Source.CHARGE_NOW if after is not None and after.has_seen_vehicle and not had_seen else None


def lift(limits: Sequence[Limit], override: Override | None) -> tuple[list[Limit], Source | None]:
    """Return the limits that stand, in their order, and who set others aside, if anyone did."""
    if override is None:
        return list(limits), None
    standing = [limit for limit in limits if limit.source not in LIFTS[Source.CHARGE_NOW]]
    return standing, Source.CHARGE_NOW if len(standing) < len(limits) else None
