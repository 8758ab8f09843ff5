"""The random delay: hold the setpoint in force at each charging instance (reg 11, 11.1 to 11.9).

A second stage between what the rules allow and what the charge point is asked for. A charging
instance is the setpoint becoming more than 0, becoming 0, or rising or falling while charging by
1 A or more (5 % of it if that is larger). A smaller change is none, and happens at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
import math

from .model import RANDOM_DELAY_DEFAULT_S, RANDOM_DELAY_HIGHEST_S, Carry, Hold, Limit, Situation, Source
from .supply import usable_a


class Direction(StrEnum):
    """Which way the load would switch."""

    RISE = "rise"
    FALL = "fall"


_RISE = frozenset({Direction.RISE})
_FALL = frozenset({Direction.FALL})

AT_ONCE: dict[Source, frozenset[Direction]] = {
    Source.CHARGER_FAULT: _FALL,  # safety first (8.3); charging again afterwards waits
    Source.SAFETY_LOCK: _FALL,
    Source.CONTACTOR_WELDED: _FALL,
    Source.OVER_CURRENT: _FALL,
    Source.TEMPERATURE: _FALL,
    Source.CHARGE_POINT_RATING: _FALL,
    Source.CABLE_RATING: _FALL,
    Source.SUPPLY: _FALL,  # to keep the premises' connection limit; rising again waits (11.8)
    Source.NOT_PLUGGED_IN: _FALL,  # no load switches
    Source.NO_TAG: _FALL,
    Source.CHARGE_NOW: _RISE,  # the owner overrode the delay by hand (11.5)
    Source.STOP: _FALL,
    Source.RESPONSE_DSR: _FALL,  # charging again behind it: see `demand_response.exempt_by_event` (11.7)
    Source.DSR_DELAYED_BEFORE: _FALL,  # (11.6)
}
"""The causes that are exempt, and in which direction. A source that is not here always waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What the rules allow, the limits that stand, and who is behind a change to it.

    Attributes:
        setpoint_a: to have in force once a delay is over.
        most_a: what may be in force in this step; less than the setpoint where the supply promises
            what it will only have when the delay ends.
        exempt: directions that are at once in this step, whoever is the cause.
    """

    setpoint_a: float
    limits: Sequence[Limit]
    cause: Source
    most_a: float = math.inf
    exempt: frozenset[Direction] = frozenset()


def draw_s(dice: float, max_s: int, last_s: int | None) -> int:
    """Draw a delay in whole seconds, 0 to ``max_s`` inclusive, each as likely, but never ``last_s``.

    ``dice`` is in [0, 1). ``max_s`` is brought into 600 to 1800 (11.1 to 11.4).
    """
    max_s = min(max(max_s, RANDOM_DELAY_DEFAULT_S), RANDOM_DELAY_HIGHEST_S)
    is_excluding = last_s is not None and 0 <= last_s <= max_s
    choices = max_s if is_excluding else max_s + 1
    drawn = min(max(int(dice * choices), 0), choices - 1)
    return drawn + 1 if is_excluding and last_s is not None and drawn >= last_s else drawn


def is_instance(in_force_a: float, wish_a: float) -> bool:
    """Whether going from one setpoint to the other is a charging instance (guidance 3.40)."""
    if in_force_a == wish_a:
        return False
    if in_force_a == 0 or wish_a == 0:
        return True
    return abs(wish_a - in_force_a) >= max(1.0, 0.05 * in_force_a)


def settle(situation: Situation, wish: Wish) -> Carry:
    """Return what is in force after this step, and the delay that runs or goes on running.

    - Limits that are at once in falling cut what is in force, through a running hold.
    - A wish in the hold's direction replaces its target and keeps its end; a wish equal to what
      is in force cancels it; a wish in the other direction draws anew.
    - A delay that ends when what was promised is not there is over; the next rise draws anew.
    - An exempt cause, a delay of the charger's own (11.6) or the owner's hand (11.5) acts at once.
    - Power that has returned found nothing in force and no hold (11.9).

    The override and the events in the returned value are those that were carried in.
    """
    carry = _what_is_left(situation)
    in_force_a = _cut(carry.in_force_a, wish.limits)
    now_a = usable_a(min(wish.setpoint_a, wish.most_a))
    waits = (
        is_instance(in_force_a, wish.setpoint_a)
        and not situation.skip_delay
        and not situation.settings.charger_delays_itself
        and _direction(in_force_a, wish.setpoint_a) not in wish.exempt | AT_ONCE.get(wish.cause, frozenset())
    )
    if not waits:
        return replace(carry, in_force_a=now_a, hold=None)
    hold, last_s = carry.hold, carry.last_draw_s
    if hold is None or _direction(carry.in_force_a, hold.target_a) != _direction(in_force_a, wish.setpoint_a):
        last_s = draw_s(situation.dice, situation.settings.random_delay_max_s, last_s)
        hold = Hold(target_a=wish.setpoint_a, began_at=situation.now, ends_at=situation.now + timedelta(seconds=last_s))
    if hold.ends_at <= situation.now:
        return replace(carry, in_force_a=now_a, hold=None, last_draw_s=last_s)
    return replace(carry, in_force_a=in_force_a, hold=replace(hold, target_a=wish.setpoint_a), last_draw_s=last_s)


def unsettled(situation: Situation, limits: Sequence[Limit]) -> Carry:
    """Return what stays in force while the charge point has said nothing: no more than ``limits``.

    A delay goes on behind a supply that is short now: at start nobody knows yet what the house draws.
    """
    carry = _what_is_left(situation)
    in_force_a = _cut(carry.in_force_a, limits)
    lasting = [limit for limit in limits if limit.source is not Source.SUPPLY]
    hold = carry.hold and replace(carry.hold, target_a=_cut(carry.hold.target_a, lasting))
    return replace(carry, in_force_a=in_force_a, hold=_believed(hold, in_force_a, situation.now))


def _what_is_left(situation: Situation) -> Carry:
    carry = situation.carry
    if situation.power_returned:
        return replace(carry, in_force_a=0.0, hold=None)
    in_force_a = usable_a(carry.in_force_a)
    return replace(carry, in_force_a=in_force_a, hold=_believed(carry.hold, in_force_a, situation.now))


def _believed(hold: Hold | None, in_force_a: float, now: datetime) -> Hold | None:
    """Return the hold as a clock that was put right has it: one that has yet to begin begins now, as long as it is.

    None when it leads nowhere, or has over 30 minutes to go: a wrong clock made it.
    """
    if hold is None or hold.target_a == in_force_a:
        return None
    if (ahead := hold.began_at - now) > timedelta(0):
        hold = replace(hold, began_at=now, ends_at=hold.ends_at - ahead)
    return hold if hold.ends_at - now <= timedelta(seconds=RANDOM_DELAY_HIGHEST_S) else None


def _cut(in_force_a: float, limits: Sequence[Limit]) -> float:
    at_once = [limit.max_a for limit in limits if Direction.FALL in AT_ONCE.get(limit.source, ())]
    return usable_a(min([in_force_a, *at_once]))


def _direction(from_a: float, to_a: float) -> Direction:
    return Direction.RISE if to_a > from_a else Direction.FALL
