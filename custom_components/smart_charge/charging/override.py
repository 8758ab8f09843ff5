"""What "Charge now" lifts and "Stop" holds, when they end, and what nothing may lift (8, 10.4, 10.6, 11.5)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from .model import Carry, Limit, Override, OverrideKind, Situation, Source

_MODE = frozenset({Source.DEFAULT_HOURS, Source.PLAN, Source.OFF})
_DEMAND_RESPONSE = frozenset({Source.RESPONSE_DSR, Source.DSR, Source.DSR_DELAYED_BEFORE})

LIFTS: dict[Source, frozenset[Source]] = {
    Source.CHARGE_NOW: _MODE | _DEMAND_RESPONSE,
    Source.TURN_UP: _MODE,
}
"""Whose limits each lift sets aside. A source that is named nowhere here is lifted by nobody."""


def begin_charge_now(
    carry: Carry, now: datetime, *, ends_at: datetime | None = None, energy_wh: int | None = None
) -> Carry:
    """Charge now until ``ends_at``, or ``energy_wh`` more is taken, or the vehicle that is or will be there leaves.

    It ends a Stop. A second tap that asks for the same changes nothing.
    """
    return _begun(carry, Override(made_at=now, ends_at=ends_at, energy_wh=energy_wh))


def begin_stop(
    carry: Carry, now: datetime, *, ends_at: datetime | None = None, ends_with_vehicle: bool = False
) -> Carry:
    """Stop until ``ends_at``, or until the vehicle leaves, or else until the owner resumes.

    It ends a Charge now. A second tap that asks for the same changes nothing.
    """
    asked = Override(made_at=now, kind=OverrideKind.STOP, ends_at=ends_at, ends_with_vehicle=ends_with_vehicle)
    return _begun(carry, asked)


def _begun(carry: Carry, asked: Override) -> Carry:
    stands = carry.override
    return carry if stands is not None and _terms(stands) == _terms(asked) else replace(carry, override=asked)


def _terms(override: Override) -> tuple[object, ...]:
    return override.kind, override.ends_at, override.energy_wh, override.ends_with_vehicle


def end_override(carry: Carry, kind: OverrideKind | None = None) -> Carry:
    """Back to the mode that the owner chose, from an override of ``kind``, or from whichever stands."""
    stands = carry.override
    return carry if stands is None or kind not in (None, stands.kind) else replace(carry, override=None)


def is_charge_now(carry: Carry) -> bool:
    """Whether somebody in Home Assistant asks to charge."""
    return carry.override is not None and carry.override.kind is OverrideKind.CHARGE_NOW


def next_showing(at: time, time_zone: ZoneInfo, now: datetime) -> datetime:
    """Return the next instant, in UTC, at which clocks in ``time_zone`` show ``at``.

    A time that is left out when clocks go forward counts as that much after midnight by the old clock;
    of one that is shown twice the first that is still to come counts.
    """
    today = now.astimezone(time_zone).date()
    return min(
        moment
        for ahead in range(3)
        for moment in _showings(datetime.combine(today + timedelta(days=ahead), at.replace(fold=0)), time_zone)
        if moment > now
    )


def _showings(local: datetime, time_zone: ZoneInfo) -> Iterator[datetime]:
    """Yield the instants at which clocks show ``local``; of the two that a left-out time could mean, the later."""
    for fold in (0, 1):
        moment = local.replace(tzinfo=time_zone, fold=fold).astimezone(UTC)
        if moment.astimezone(time_zone).replace(tzinfo=None, fold=0) >= local:
            yield moment


def followed(situation: Situation) -> Override | None:
    """Return the override after what is now known; None when it has ended.

    Made before plugging in it waits for the vehicle. A reading that does not tell of the cable
    keeps it as it was.
    """
    override = situation.carry.override
    if override is None or (override.ends_at is not None and override.ends_at <= situation.now):
        return None
    is_plugged_in = None if situation.reading is None else situation.reading.is_plugged_in
    if is_plugged_in is False:
        return None if override.has_seen_vehicle and override.ends_with_vehicle else override
    if is_plugged_in:
        override = replace(override, has_seen_vehicle=True)
    counted = _counted(override, situation.session_wh)
    return None if is_spent(counted, situation.session_wh) else counted


def _counted(override: Override, session_wh: int | None) -> Override:
    """Count from where the session stands, and never from more than it shows: then another one has begun."""
    if override.energy_wh is None or session_wh is None:
        return override
    from_wh = session_wh if override.from_wh is None else min(override.from_wh, session_wh)
    return replace(override, from_wh=from_wh)


def left_wh(override: Override | None, session_wh: int | None) -> int | None:
    """Return how much more the vehicle may take by this override; None without such an end."""
    if override is None or override.energy_wh is None:
        return None
    if override.from_wh is None or session_wh is None:
        return override.energy_wh
    return max(0, override.energy_wh - max(0, session_wh - override.from_wh))


def counted_anew(carry: Carry, session_wh: int | None) -> Carry:
    """Let an override that lasts until some energy was taken count from 0 Wh; it ends when it would have."""
    override = carry.override
    if override is None or override.energy_wh is None:
        return carry
    return replace(carry, override=replace(override, energy_wh=left_wh(override, session_wh), from_wh=0))


def is_spent(override: Override | None, session_wh: int | None) -> bool:
    """Whether the vehicle has taken what the override was for, so that it is time to decide."""
    return left_wh(override, session_wh) == 0


def begun_by(before: Override | None, after: Override | None) -> Source | None:
    """Say who is the cause of what follows: an override that meets its vehicle in this step, or still waits for others.

    Only then: with the override standing, a fault that clears or power that returns is the cause
    of charging again, and waits for its random delay like any other.
    """
    if after is None or after.kind is not OverrideKind.CHARGE_NOW or not after.has_seen_vehicle:
        return None
    had_begun = before is not None and before.has_seen_vehicle and not before.waits_for_supply
    return None if had_begun else Source.CHARGE_NOW


def still_waiting(override: Override | None, cause: Source, binding: Limit, in_force_a: float) -> Override | None:
    """Return the override with whether it still waits for what others use of the supply."""
    if override is None:
        return None
    waits = cause is Source.CHARGE_NOW and in_force_a == 0 and binding.source is Source.SUPPLY
    return override if override.waits_for_supply is waits else replace(override, waits_for_supply=waits)


def stop_limit(situation: Situation) -> Limit | None:
    """Stop while the owner has stopped charging by hand: at once, as with "Charge now"."""
    override = situation.carry.override
    if override is None or override.kind is not OverrideKind.STOP:
        return None
    return Limit(max_a=0.0, source=Source.STOP, until_at=override.ends_at)


def lift(limits: Sequence[Limit], lifter: Source | None) -> tuple[list[Limit], Source | None]:
    """Return the limits that stand, in their order, and ``lifter`` if it set others aside."""
    lifted = LIFTS.get(lifter, frozenset()) if lifter is not None else frozenset()
    standing = [limit for limit in limits if limit.source not in lifted]
    return standing, lifter if len(standing) < len(limits) else None
