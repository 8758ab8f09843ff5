"""Situation in, decision out: the lowest limit wins, and its source is the reason (5.2)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from .fallback import decide_without_reading
from .model import Decision, Limit, Situation
from .off_peak import active_hours, default_hours_limit, off_limit
from .override import begun_by, followed, lift
from .random_delay import Wish, settle
from .reason import explain
from .supply import (
    cable_limit,
    charge_point_limit,
    charger_fault_limit,
    lowest_first,
    not_plugged_in_limit,
    safety_lock_limit,
    usable_a,
)

type Rule = Callable[[Situation], Limit | None]

RULES: tuple[Rule, ...] = (
    charger_fault_limit,
    safety_lock_limit,
    charge_point_limit,
    cable_limit,
    not_plugged_in_limit,
    off_limit,
    default_hours_limit,
)
"""Every rule, strongest first: of equal limits the first is the reason. `override.LIFTS` says what lifts which."""


def decide(situation: Situation) -> Decision:
    """Say what to ask the charge point for now, why, and when to decide again.

    Same situation, same decision; it never raises. The rules say what is allowed, the override
    sets some of them aside, the lowest of the rest is the wish, and the random delay says what of
    it is in force already.
    """
    if situation.reading is None:
        return decide_without_reading(situation)
    override = followed(situation.carry.override, situation.reading)
    spoken = [limit for rule in RULES if (limit := rule(situation)) is not None]
    standing, lifted_by = lift(spoken, override)
    limits = lowest_first(standing)
    binding = limits[0]
    begun = None if situation.power_returned else begun_by(situation.carry.override, override)
    wish = Wish(setpoint_a=usable_a(binding.max_a), limits=limits, cause=begun or binding.source)
    carry = replace(settle(situation, wish), override=override)
    hours = active_hours(situation)
    hours_change_at = None if hours is None else hours.next_change(situation.now)
    reason, until_at = explain(situation, binding, carry, hours_change_at)
    return Decision(
        setpoint_a=carry.in_force_a,
        wish_a=wish.setpoint_a,
        binding=binding,
        limits=limits,
        lifted_by=lifted_by,
        reason=reason,
        until_at=until_at,
        carry=carry,
        review_at=_earliest(hours_change_at, None if carry.hold is None else carry.hold.ends_at),
    )


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)
