"""What the house draws: the meter's word without the charge points, and what that leaves for charging."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
import math

from .claims import Claim, Heard, Supply, drawn_between
from .grid_meter import GridReading, PhaseLoad, house_a, is_fresh, peak_a, remembered
from .places import Phases, Place
from .turns import JOIN_AFTER_S

type Loads = tuple[PhaseLoad | None, PhaseLoad | None, PhaseLoad | None]
"""The house on each phase, None before it was first thought of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """The meter's word that the loads were reckoned from, whose draw was taken from it, and when it spoke before."""

    meter: GridReading
    keys: frozenset[str]
    before_at: datetime | None = None


def counted(
    supply: Supply, meter: GridReading | None, claims: Sequence[Claim], last: Counted | None, now: datetime
) -> Counted | None:
    """Return what to reckon the loads from; None while the meter tells nothing that counts."""
    if meter is None or not is_fresh(meter, now, supply.meter_interval_s):
        return None
    keys = frozenset(claim.key for claim in claims)
    if last is None:
        return Counted(meter=meter, keys=keys)
    before_at = last.before_at if last.meter.taken_at == meter.taken_at else last.meter.taken_at
    return Counted(meter=meter, keys=keys, before_at=before_at)


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the house is reckoned from: what is heard now, where each charge point stands, and what was known before."""

    supply: Supply
    heard: Counted | None
    claims: Sequence[Claim]
    places: Mapping[str, Place]
    loads: Loads
    counted: Counted | None


def loads(facts: Facts, now: datetime) -> tuple[PhaseLoad, PhaseLoad, PhaseLoad]:
    """Take the charge points' own draw from the meter's word, phase by phase, once for each of its words.

    What a charge point says later is of another instant: it is taken from what the meter says next.
    """
    is_known = facts.heard is not None and facts.counted is not None and _is_same(facts.heard, facts.counted)
    keep_s = max(facts.supply.hold_off_s, JOIN_AFTER_S)
    phases = []
    for phase, load in enumerate(facts.loads):
        now_a = load.house_a if is_known and load is not None else _house_a(facts, phase, now)
        phases.append(remembered(load, now, now_a, keep_s))
    return phases[0], phases[1], phases[2]


def _house_a(facts: Facts, phase: int, now: datetime) -> float | None:
    heard, load = facts.heard, facts.loads[phase]
    meter_a = None if heard is None else heard.meter.current_a[phase]
    if heard is None or meter_a is None or not math.isfinite(meter_a):
        return None
    spoke = Heard(at=heard.meter.taken_at, before_at=heard.before_at, interval_s=facts.supply.meter_interval_s)
    bounds = [
        drawn_between(claim, own, facts.places[claim.key], spoke, now)
        for claim in facts.claims
        for own, wired in enumerate(claim.phases)
        if wired == phase
    ]
    return house_a(meter_a, bounds, None if load is None else load.house_a)


def _is_same(heard: Counted, last: Counted) -> bool:
    return (heard.meter.taken_at, heard.meter.current_a, heard.keys) == (
        last.meter.taken_at,
        last.meter.current_a,
        last.keys,
    )


def spare_a(supply: Supply, phases: Iterable[PhaseLoad], margin_a: float) -> Phases:
    """Return what each phase has left for charging. Export is not counted on: the sun may go in a second."""
    left = []
    for limit_a, load in zip(supply.limit_a, phases, strict=True):
        if limit_a is None or not limit_a > 0:
            left.append(0.0)
        elif load.house_a is None:
            left.append(min(supply.without_meter_a, limit_a))
        else:
            left.append(limit_a - max(load.house_a, 0.0) - margin_a)
    return left[0], left[1], left[2]


def at_worst(load: PhaseLoad, now: datetime) -> PhaseLoad:
    """Return the load as it has been at its highest; infinite while the house is not known for long enough.

    After a start all that is known counts: who joins waits for its proof, and its random delay, in any case.
    """
    if load.house_a is None:
        return load
    most_a = peak_a(load, now, min(JOIN_AFTER_S, load.known_s(now)) if load.is_first else JOIN_AFTER_S)
    return replace(load, house_a=math.inf if most_a is None else most_a)
