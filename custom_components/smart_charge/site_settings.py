"""What the owner has said of the premises: the site's options as the values that the rules take."""

from collections.abc import Mapping
from typing import Any, Final

from .charging.claims import Supply
from .charging.model import MIN_CURRENT_A
from .const import CONF_SUPPLY

CONF_LIMIT: Final = "limit"  # ampere per phase
CONF_MARGIN: Final = "margin"  # ampere kept free
CONF_PHASES: Final = "phases"  # 1 or 3
CONF_WIRING: Final = "wiring"  # by charge point's entry id: the supply's phases behind its own, as "231"
CONF_WITHOUT_METER: Final = "without_meter"  # ampere per phase for all charge points together

DEFAULT_MARGIN_A: Final = 2

ALL_PHASES: Final = (0, 1, 2)
WIRINGS: Final = ("123", "231", "312", "132", "213", "321", "1", "2", "3")
"""What can be said of a charge point's wiring: three phases in their order, or the only one."""


def supply_from(options: Mapping[str, Any]) -> Supply | None:
    """Return what the supply can carry; None while no limit is set, so that nothing is shared."""
    stored = options.get(CONF_SUPPLY)
    if not stored:
        return None
    limit_a, is_single = float(stored[CONF_LIMIT]), int(stored[CONF_PHASES]) == 1
    return Supply(
        limit_a=(limit_a, None, None) if is_single else (limit_a, limit_a, limit_a),
        margin_a=float(stored.get(CONF_MARGIN, DEFAULT_MARGIN_A)),
        without_meter_a=float(stored.get(CONF_WITHOUT_METER, MIN_CURRENT_A)),
    )


def wiring_of(options: Mapping[str, Any], entry_id: str, own_phases: int | None) -> tuple[int, ...]:
    """Return the supply's phases behind a charge point's own.

    Where nobody has said how a single-phase charge point is wired, it counts on all of them.
    """
    stored = options.get(CONF_SUPPLY) or {}
    if int(stored.get(CONF_PHASES, 3)) == 1:
        return (0,)
    said = stored.get(CONF_WIRING, {}).get(entry_id)
    if said not in WIRINGS:
        return ALL_PHASES
    phases = tuple(int(digit) - 1 for digit in said)
    return phases[:1] if own_phases == 1 else phases
