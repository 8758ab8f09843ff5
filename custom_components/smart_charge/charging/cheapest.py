"""Mode "cheapest": charge when the plan says so, and otherwise wait (5.2, 5.3).

The plan takes the place of the default hours, which stand in for it where no price is known. It
ranks with them: the owner's hand and a request for more set it aside, and it waits for the random delay.
"""

from .model import Limit, Mode, Reason, Situation, Source
from .plan import Basis, Plan


def active_plan(situation: Situation) -> Plan | None:
    """Return the plan if it decides anything."""
    return situation.plan if situation.settings.mode is Mode.CHEAPEST else None


def plan_limit(situation: Situation) -> Limit | None:
    """Hold charging until the plan's next hours; without an end when the vehicle has what it needs."""
    plan = active_plan(situation)
    if plan is None or plan.contains(situation.now):
        return None
    return Limit(max_a=0.0, source=Source.PLAN, until_at=plan.next_start(situation.now))


def why_waiting(situation: Situation) -> Reason:
    """Say why the plan has the vehicle wait."""
    plan = active_plan(situation)
    if plan is None or plan.next_start(situation.now) is None:
        return Reason.HAS_ENERGY_NEEDED
    return Reason.WAITING_FOR_CHEAPER_HOURS if plan.basis is Basis.PRICES else Reason.WAITING_WITHOUT_PRICES


def why_charging(plan: Plan) -> Reason:
    """Say why the plan has the vehicle charge."""
    if plan.basis is not Basis.PRICES:
        return Reason.CHARGING_WITHOUT_PRICES
    return Reason.IN_CHEAPEST_HOURS if plan.is_met else Reason.CHARGING_TO_BE_READY
