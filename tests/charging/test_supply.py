"""What nothing lifts: faults, the safety lock, ratings."""

import pytest

from custom_components.smart_charge.charging.decide import decide
from custom_components.smart_charge.charging.model import (
    ConnectorStatus,
    Fault,
    Mode,
    Override,
    PilotState,
    Reason,
    Source,
)
from custom_components.smart_charge.charging.supply import usable_a

from .facts import CHARGING, OPEN, in_force, reading, situation

OVERRIDE = Override(made_at=OPEN, has_seen_vehicle=True)
EARTH_LEAKAGE = Fault(code="GroundFailure")


@pytest.mark.parametrize(
    ("limit_a", "setpoint_a"),
    [(32.0, 32.0), (6.0, 6.0), (5.99, 0.0), (1.0, 0.0), (0.0, 0.0), (-5.0, 0.0), (float("nan"), 0.0)],
)
def test_below_6_a_there_is_no_setpoint(limit_a, setpoint_a):
    assert usable_a(limit_a) == setpoint_a


@pytest.mark.requirement("8.1")
@pytest.mark.requirement("8.3")
@pytest.mark.parametrize(
    "faulty",
    [
        reading(fault=EARTH_LEAKAGE),
        reading(fault=EARTH_LEAKAGE, status=ConnectorStatus.AVAILABLE),
        reading(status=ConnectorStatus.FAULTED),
        reading(pilot=PilotState.E),
    ],
)
def test_no_override_charges_through_a_fault(faulty):
    decision = decide(
        situation(reading=faulty, carry=in_force(32.0, override=OVERRIDE), mode=Mode.ALWAYS, skip_delay=True)
    )
    assert (decision.setpoint_a, decision.wish_a, decision.carry.hold) == (0.0, 0.0, None)
    assert decision.binding.source is Source.CHARGER_FAULT
    assert decision.reason is Reason.CHARGER_FAULT


@pytest.mark.parametrize(
    "harmless",
    [
        reading(fault=Fault(code="WeakSignal", is_safety=False)),
        reading(pilot=PilotState.F, status=None),
        reading(status=ConnectorStatus.UNAVAILABLE),
    ],
)
def test_a_warning_or_being_unavailable_is_no_fault(harmless):
    decision = decide(situation(reading=harmless, carry=in_force(32.0)))
    assert (decision.setpoint_a, decision.binding.source) == (32.0, Source.CHARGE_POINT_RATING)


@pytest.mark.requirement("8.1")
@pytest.mark.requirement("8.3")
def test_no_override_charges_through_the_safety_lock():
    decision = decide(situation(is_locked=True, carry=in_force(32.0, override=OVERRIDE), skip_delay=True))
    assert (decision.setpoint_a, decision.reason) == (0.0, Reason.SAFETY_LOCK)


@pytest.mark.requirement("8.1")
@pytest.mark.parametrize(
    ("rated_a", "cable_a", "setpoint_a", "source"),
    [
        (32.0, None, 32.0, Source.CHARGE_POINT_RATING),
        (32.0, 20.0, 20.0, Source.CABLE_RATING),
        (16.0, 20.0, 16.0, Source.CHARGE_POINT_RATING),
        (32.0, 32.0, 32.0, Source.CHARGE_POINT_RATING),
        (32.0, 5.0, 0.0, Source.CABLE_RATING),
        (32.0, 0.0, 0.0, Source.CABLE_RATING),
        (32.0, float("nan"), 32.0, Source.CHARGE_POINT_RATING),
        (5.0, 3.0, 0.0, Source.CHARGE_POINT_RATING),
        (float("nan"), None, 0.0, Source.CHARGE_POINT_RATING),
        (float("inf"), None, 0.0, Source.CHARGE_POINT_RATING),
    ],
)
def test_skipping_the_delay_never_skips_a_rating(rated_a, cable_a, setpoint_a, source):
    facts = {"reading": reading(cable_a=cable_a), "rated_a": rated_a, "carry": in_force(0.0, override=OVERRIDE)}
    decision = decide(situation(**facts, skip_delay=True))
    assert (decision.setpoint_a, decision.binding.source) == (setpoint_a, source)


@pytest.mark.parametrize(
    ("rated_a", "cable_a", "reason"), [(5.0, None, Reason.RATING_TOO_LOW), (32.0, 5.0, Reason.CABLE_LIMIT)]
)
def test_a_rating_that_allows_nothing_is_the_reason(rated_a, cable_a, reason):
    assert decide(situation(rated_a=rated_a, reading=reading(cable_a=cable_a))).reason is reason


@pytest.mark.requirement("8.1")
def test_the_reason_is_the_strongest_of_equal_limits():
    decision = decide(situation(is_locked=True, mode=Mode.OFF, reading=reading(fault=EARTH_LEAKAGE)))
    assert [limit.source for limit in decision.limits] == [
        Source.CHARGER_FAULT,
        Source.SAFETY_LOCK,
        Source.CHARGE_POINT_RATING,
        Source.OFF,
    ]


def test_the_binding_limit_comes_first_of_those_that_spoke():
    decision = decide(situation(reading=reading(cable_a=20.0), carry=in_force(20.0)))
    assert [limit.source for limit in decision.limits] == [Source.CABLE_RATING, Source.CHARGE_POINT_RATING]
    assert decision.binding == decision.limits[0]


def test_a_vehicle_that_charges_within_its_limits_goes_on():
    assert decide(situation(reading=CHARGING, carry=in_force(32.0))).setpoint_a == 32.0
