"""Situation in, decision out: the lowest limit wins, and its source is the reason (5.2)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from .cheapest import active_plan, plan_limit
from .demand_response import (
    dsr_delayed_before_limit,
    dsr_limit,
    exempt_by_event,
    followed_events,
    next_edge,
    response_limit,
    turn_up,
)
from .fallback import decide_without_reading
from .meter_guard import standing
from .model import Decision, Limit, OverrideKind, Situation, Source
from .off_peak import active_hours, default_hours_limit, off_limit
from .override import begun_by, followed, lift, still_waiting, stop_limit
from .random_delay import Wish, settle
from .reason import explain
from .supply import (
    alarm_limit,
    cable_limit,
    charge_point_limit,
    charger_fault_limit,
    lowest_first,
    no_tag_limit,
    not_plugged_in_limit,
    promised_a,
    safety_lock_limit,
    supply_limit,
    temperature_limit,
    usable_a,
)

type Rule = Callable[[Situation], Limit | None]

RULES: tuple[Rule, ...] = (
    charger_fault_limit,
    safety_lock_limit,
    alarm_limit,
    temperature_limit,
    charge_point_limit,
    cable_limit,
    not_plugged_in_limit,
    stop_limit,
    response_limit,
    dsr_delayed_before_limit,
    dsr_limit,
    off_limit,
    default_hours_limit,
    plan_limit,
    no_tag_limit,
    supply_limit,
)
"""Every rule, strongest first: of equal limits the first is the reason. `override.LIFTS` says what lifts which.

The supply is as strong as any, but it gives no more than is wished for: only where it gives less is it the reason.
"""


def decide(situation: Situation) -> Decision:
    """Say what to ask the charge point for now, why, and when to decide again.

    Same situation, same decision; it never raises. The rules say what is allowed, whoever asks for
    more sets some of them aside, the lowest of the rest is the wish, and the random delay says what of
    it is in force already.
    """
    if situation.reading is None:
        return decide_without_reading(situation)
    before, situation = situation, _followed(situation)
    limits, lifted_by = _standing(situation)
    binding = limits[0]
    wish = _wish(before, situation, limits)
    settled = settle(situation, wish)
    override = still_waiting(settled.override, wish.cause, binding, settled.in_force_a)
    settled = replace(settled, override=override)
    hours = active_hours(situation)
    plan = active_plan(situation)
    hours_change_at = None if hours is None else hours.next_change(situation.now)
    reason, until_at = explain(replace(situation, carry=settled), limits, lifted_by, hours_change_at)
    return Decision(
        setpoint_a=settled.in_force_a,
        wish_a=usable_a(binding.max_a),
        binding=binding,
        limits=limits,
        lifted_by=lifted_by,
        reason=reason,
        until_at=until_at,
        carry=settled,
        review_at=_earliest(
            hours_change_at,
            None if plan is None else plan.next_change(situation.now),
            None if settled.hold is None else settled.hold.ends_at,
            None if settled.override is None else settled.override.ends_at,
            next_edge(settled.events, situation.now),
        ),
    )


def wish_before_supply_a(situation: Situation) -> float:
    """Return what every rule but the supply's share would have the vehicle get, before the random delay."""
    if situation.reading is None:
        return 0.0
    limits, _ = _standing(_followed(replace(situation, supply=None)))
    return usable_a(limits[0].max_a)


def wish_without_events_a(situation: Situation) -> float:
    """Return what the vehicle might have had without any demand response event, before the random delay (5.3)."""
    if situation.reading is None:
        return 0.0
    limits, _ = _standing(_followed(replace(situation, carry=replace(situation.carry, events=()))))
    return usable_a(limits[0].max_a)


def _followed(situation: Situation) -> Situation:
    """Let what was asked for see the time that passed and what the charge point said."""
    carry = replace(situation.carry, override=followed(situation), events=followed_events(situation))
    carry = replace(carry, alarms=standing(carry.alarms, situation.reading))
    return replace(situation, carry=carry)


def _standing(situation: Situation) -> tuple[tuple[Limit, ...], Source | None]:
    """Return the limits that stand, the binding one first, and who set others aside, if anyone did."""
    spoken = [limit for rule in RULES if (limit := rule(situation)) is not None]
    override, asked = situation.carry.override, turn_up(situation)
    if override is not None and override.kind is OverrideKind.CHARGE_NOW:
        standing, lifted_by = lift(spoken, Source.CHARGE_NOW)
    elif asked is not None:
        standing, lifted_by = lift(spoken, Source.TURN_UP)
        standing += [asked] if lifted_by is not None else []
    else:
        standing, lifted_by = spoken, None
    return lowest_first(standing), lifted_by


def _wish(before: Situation, situation: Situation, limits: tuple[Limit, ...]) -> Wish:
    """Say what is allowed and whose doing a change to it is; power that returned is nobody's (11.9)."""
    most_a, cause = usable_a(limits[0].max_a), limits[0].source
    setpoint_a = max(most_a, promised_a(situation, limits))
    if situation.power_returned:
        return Wish(setpoint_a=setpoint_a, most_a=most_a, limits=limits, cause=cause)
    return Wish(
        setpoint_a=setpoint_a,
        most_a=most_a,
        limits=limits,
        cause=begun_by(before.carry.override, situation.carry.override) or cause,
        exempt=exempt_by_event(before, situation),
    )


def _earliest(*instants: datetime | None) -> datetime | None:
    return min((at for at in instants if at is not None), default=None)
