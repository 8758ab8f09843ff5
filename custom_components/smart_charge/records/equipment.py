"""Equipment classes of the On-Street Residential Chargepoint Scheme, by output with all outlets at work (O7).

Source: ORCS guidance, 1 December 2022, minimum technical specifications, "Charging outlets".
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class EquipmentClass(StrEnum):
    """What the scheme calls an outlet of some output."""

    SLOW_AC = "slow_ac"
    STANDARD_AC = "standard_ac"
    FAST_AC = "fast_ac"
    SEMI_RAPID_AC = "semi_rapid_ac"
    RAPID_AC = "rapid_ac"
    FAST_DC = "fast_dc"
    SEMI_RAPID_DC = "semi_rapid_dc"
    RAPID_DC = "rapid_dc"
    ULTRA_RAPID_DC = "ultra_rapid_dc"
    UNCLASSED = "unclassed"


@dataclass(frozen=True, slots=True)
class Classed:
    """An outlet's class, and whether the scheme pays for one."""

    equipment_class: EquipmentClass
    is_permitted: bool


# Each upper edge belongs to the class: "greater than 3.5kW but not above 7kW".
_AC: Final = (
    (3_500, EquipmentClass.SLOW_AC),
    (7_000, EquipmentClass.STANDARD_AC),
    (23_000, EquipmentClass.FAST_AC),
    (43_000, EquipmentClass.SEMI_RAPID_AC),
    (44_000, EquipmentClass.RAPID_AC),
)
_DC: Final = (
    (10_000, EquipmentClass.UNCLASSED),
    (22_000, EquipmentClass.FAST_DC),
    (50_000, EquipmentClass.SEMI_RAPID_DC),
    (62_500, EquipmentClass.RAPID_DC),
    (400_000, EquipmentClass.ULTRA_RAPID_DC),
)
_PERMITTED: Final = frozenset({EquipmentClass.SLOW_AC, EquipmentClass.STANDARD_AC, EquipmentClass.FAST_AC})


def classed(rated_w: int, *, is_dc: bool = False, is_residents_only: bool = False) -> Classed:
    """Return the class of an outlet; fast DC is permitted only where the public may charge."""
    edges = _DC if is_dc else _AC
    found = next((name for edge, name in edges if 0 < rated_w <= edge), EquipmentClass.UNCLASSED)
    is_public_dc = found is EquipmentClass.FAST_DC and not is_residents_only
    return Classed(found, found in _PERMITTED or is_public_dc)
