"""What the owner has said of the premises: the site's options as the values that the rules take."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ..charging.claims import Supply
from ..charging.model import MIN_CURRENT_A
from ..const import CONF_BATTERY, CONF_GRID_METER, CONF_SOLAR, CONF_SUPPLY

CONF_LIMIT: Final = "limit"  # ampere per phase
CONF_MARGIN: Final = "margin"  # ampere kept free
CONF_PHASES: Final = "phases"  # 1 or 3
CONF_WIRING: Final = "wiring"  # by charge point's entry id: the supply's phases behind its own, as "231"
CONF_WITHOUT_METER: Final = "without_meter"  # ampere per phase for all charge points together

CONF_POWER: Final = "power"  # of the grid meter, sensors by phase
CONF_EXPORT: Final = "export"  # … where what is exported has sensors of its own
CONF_CURRENT: Final = "current"
CONF_VOLTAGE: Final = "voltage"
CONF_EXPORT_IS_POSITIVE: Final = "export_is_positive"
CONF_CHARGE_IS_POSITIVE: Final = "charge_is_positive"
PHASE_KEYS: Final = ("l1", "l2", "l3")

DEFAULT_MARGIN_A: Final = 2

type PhaseEntities = tuple[str | None, str | None, str | None]
"""One sensor for each phase of the supply."""

_NO_ENTITIES: Final[PhaseEntities] = (None, None, None)

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


@dataclass(frozen=True, kw_only=True, slots=True)
class MeterSettings:
    """Which sensors tell what flows at the supply, from the sun, and from storage.

    Attributes:
        power: import, or import and export by the sign; by ``export_is_positive`` the other way round.
        export: what is exported, where that has sensors of its own.
        solar, battery: sensors to be added up.
    """

    power: PhaseEntities = _NO_ENTITIES
    export: PhaseEntities = _NO_ENTITIES
    current: PhaseEntities = _NO_ENTITIES
    voltage: PhaseEntities = _NO_ENTITIES
    export_is_positive: bool = False
    solar: tuple[str, ...] = ()
    battery: tuple[str, ...] = ()
    battery_charge_is_positive: bool = False

    def essential_of(self, phase: int) -> str | None:
        """Return the sensor without which a phase is not known: without the one for export, nothing is exported."""
        return self.power[phase] or self.current[phase]

    @property
    def essential(self) -> frozenset[str]:
        """The sensors of the grid meter that must keep speaking."""
        return frozenset(filter(None, (self.essential_of(phase) for phase in ALL_PHASES)))

    @property
    def has_meter(self) -> bool:
        """Whether there is a grid meter at all."""
        return bool(self.essential)

    @property
    def at_supply(self) -> MeterSettings:
        """The grid meter alone: another sensor of solar or battery makes no other meter of it."""
        return replace(self, solar=(), battery=(), battery_charge_is_positive=False)

    @property
    def entity_ids(self) -> frozenset[str]:
        """All sensors to follow."""
        by_phase = (*self.power, *self.export, *self.current, *self.voltage)
        return frozenset(filter(None, (*by_phase, *self.solar, *self.battery)))


def meter_from(options: Mapping[str, Any]) -> MeterSettings:
    """Return which sensors the owner has named."""
    grid, solar, battery = (options.get(key) or {} for key in (CONF_GRID_METER, CONF_SOLAR, CONF_BATTERY))
    return MeterSettings(
        power=_by_phase(grid.get(CONF_POWER)),
        export=_by_phase(grid.get(CONF_EXPORT)),
        current=_by_phase(grid.get(CONF_CURRENT)),
        voltage=_by_phase(grid.get(CONF_VOLTAGE)),
        export_is_positive=bool(grid.get(CONF_EXPORT_IS_POSITIVE, False)),
        solar=tuple(solar.get(CONF_POWER, ())),
        battery=tuple(battery.get(CONF_POWER, ())),
        battery_charge_is_positive=bool(battery.get(CONF_CHARGE_IS_POSITIVE, False)),
    )


type Reckoning = tuple[MeterSettings, object, object]


def house_reckoned_by(options: Mapping[str, Any]) -> Reckoning | None:
    """Return what the load of the house is reckoned by: the meter, and who is wired where; None without a limit."""
    supply = options.get(CONF_SUPPLY)
    return (meter_from(options).at_supply, supply[CONF_PHASES], supply.get(CONF_WIRING)) if supply else None


def _by_phase(stored: Mapping[str, str] | None) -> PhaseEntities:
    named = stored or {}
    return named.get("l1"), named.get("l2"), named.get("l3")
