"""The grid meter, solar and battery, as other integrations' sensors tell of them.

A sensor that repeats its value is as fresh as one that changes it: both its reports and its changes count.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
import math
from typing import Final, NamedTuple

from homeassistant.const import (
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfElectricCurrent,
    UnitOfElectricPotential,
    UnitOfPower,
)
from homeassistant.core import (
    CALLBACK_TYPE,
    Event,
    EventStateChangedData,
    EventStateReportedData,
    HomeAssistant,
    State,
    callback,
)
from homeassistant.helpers.event import async_track_state_change_event, async_track_state_report_event
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    ElectricCurrentConverter,
    ElectricPotentialConverter,
    PowerConverter,
)

from ..charging.grid_meter import GridReading, grid_reading, stale_after_s
from ..charging.model import PerPhase
from ..charging.rhythm import Rhythm
from .settings import MeterSettings, PhaseEntities

type Quantity = tuple[type[BaseUnitConverter], str, float, float]
"""How to convert it, to which unit, and between which values it can be meant."""

POWER: Final[Quantity] = (PowerConverter, UnitOfPower.WATT, -1e6, 1e6)
CURRENT: Final[Quantity] = (ElectricCurrentConverter, UnitOfElectricCurrent.AMPERE, -5000, 5000)
VOLTAGE: Final[Quantity] = (ElectricPotentialConverter, UnitOfElectricPotential.VOLT, 90, 280)


def value_of(state: State | None, quantity: Quantity) -> float | None:
    """Return what a sensor shows, converted; None for nothing, for words, and for what cannot be meant."""
    if state is None or state.state in (STATE_UNAVAILABLE, STATE_UNKNOWN):
        return None
    converter, unit, lowest, highest = quantity
    shown_in = state.attributes.get("unit_of_measurement")
    if shown_in not in converter.VALID_UNITS:
        return None
    try:
        value = converter.convert(float(state.state), shown_in, unit)
    except ValueError:
        return None
    return value if math.isfinite(value) and lowest <= value <= highest else None


class _Word(NamedTuple):
    """What one phase told, and when."""

    at: datetime
    current_a: float


class SiteMeter:
    """Follows the sensors at the supply, and says what they tell now."""

    def __init__(self, hass: HomeAssistant, on_report: Callable[[], None]) -> None:
        self._hass = hass
        self._on_report = on_report
        self._settings = MeterSettings()
        self._rhythms: dict[str, Rhythm] = {}
        self._words: dict[int, _Word] = {}
        self._stops: list[CALLBACK_TYPE] = []

    @callback
    def follow(self, settings: MeterSettings) -> None:
        """Follow these sensors from now on, and no others."""
        if settings == self._settings:
            return
        self.stop()
        self._settings = settings
        self._rhythms = {entity_id: Rhythm() for entity_id in settings.essential}
        self._words.clear()
        if entity_ids := settings.entity_ids:
            self._stops = [
                async_track_state_change_event(self._hass, entity_ids, self._on_change),
                async_track_state_report_event(self._hass, entity_ids, self._on_repeat),
            ]

    @callback
    def stop(self) -> None:
        """Follow nothing any more."""
        while self._stops:
            self._stops.pop()()
        self._settings = MeterSettings()

    @callback
    def _on_change(self, event: Event[EventStateChangedData]) -> None:
        state = event.data["new_state"]
        if state is not None and state.state not in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            self._note(state.entity_id, state.last_reported)
        self._on_report()

    @callback
    def _on_repeat(self, event: Event[EventStateReportedData]) -> None:
        self._note(event.data["entity_id"], event.data["last_reported"])
        self._on_report()

    def _note(self, entity_id: str, at: datetime) -> None:
        if (rhythm := self._rhythms.get(entity_id)) is not None:
            self._rhythms[entity_id] = rhythm.heard(at)

    @property
    def interval_s(self) -> float | None:
        """The time between two reports of the slowest sensor of the grid meter; None until all are known."""
        intervals = [rhythm.interval_s for rhythm in self._rhythms.values()]
        known = [interval_s for interval_s in intervals if interval_s is not None]
        return max(known) if known and len(known) == len(intervals) else None

    @property
    def is_too_slow(self) -> bool:
        """Whether a sensor of the grid meter speaks too seldom to guard a supply."""
        return any(rhythm.is_too_slow for rhythm in self._rhythms.values())

    @classmethod
    def look(cls, hass: HomeAssistant, settings: MeterSettings) -> SiteMeter:
        """Return a meter that only tells what its sensors say now."""
        meter = cls(hass, lambda: None)
        meter._settings = settings
        return meter

    @property
    def grid_w(self) -> float | None:
        """What flows at the supply, import positive; None unless the power of every phase that is set up is known."""
        now = dt_util.utcnow()
        powers = [self._power_w(phase, now) for phase, named in enumerate(self._settings.power) if named is not None]
        known = [power for power in powers if power is not None]
        if not known or len(known) < len(powers):
            return None
        return -sum(known) if self._settings.export_is_positive else sum(known)

    @property
    def solar_w(self) -> float | None:
        """What is generated on site; None where nobody tells."""
        return self._total(self._settings.solar)

    @property
    def battery_w(self) -> float | None:
        """What on-site storage gives, charging being negative; None where nobody tells."""
        power_w = self._total(self._settings.battery)
        return -power_w if power_w is not None and self._settings.battery_charge_is_positive else power_w

    def reading(self, now: datetime, believed_a: float = math.inf) -> GridReading | None:
        """Return what the grid meter tells of each phase; a phase that is silent for too long tells nothing.

        One word that is no value, or more than ``believed_a``, does not make a phase silent: what it told before
        counts for as long as if it had said nothing since.
        """
        said = self._said(now)
        kept = [self._kept(phase, said[phase], now, believed_a) for phase in range(3)]
        known = [word for word in kept if word is not None]
        if not known:
            return None
        values = [None if word is None else word.current_a for word in kept]
        return GridReading(
            taken_at=min(word.at for word in known),
            current_a=_per_phase(values),
            is_interrupted=any(word is not None and word is not told for word, told in zip(kept, said, strict=True)),
        )

    def _said(self, now: datetime) -> list[_Word | None]:
        """Return what each phase tells now; None where that is nothing, or no value."""
        told_at = [self._told_at(self._settings.essential_of(phase), now) for phase in range(3)]
        power_w = [self._power_w(phase, now) if told_at[phase] else None for phase in range(3)]
        current_a = [self._current_a(phase, power_w[phase]) if told_at[phase] else None for phase in range(3)]
        told = grid_reading(
            now,
            power_w=_per_phase(power_w),
            current_a=_per_phase(current_a),
            voltage_v=_per_phase([self._value(self._settings.voltage, phase, VOLTAGE) for phase in range(3)]),
            export_is_positive=self._settings.export_is_positive,
        )
        return [
            None if at is None or value is None else _Word(at, value)
            for at, value in zip(told_at, told.current_a, strict=True)
        ]

    def _kept(self, phase: int, said: _Word | None, now: datetime, believed_a: float) -> _Word | None:
        """Return what counts for a phase: what it tells, or what it last told while that is not too long ago."""
        if said is not None and abs(said.current_a) <= believed_a:
            self._words[phase] = said
        word = self._words.get(phase)
        if word is None or not self._counts(word.at, now):
            return None
        return word

    def _counts(self, at: datetime, now: datetime) -> bool:
        return abs((now - at).total_seconds()) <= stale_after_s(self.interval_s)

    def _told_at(self, entity_id: str | None, now: datetime) -> datetime | None:
        """Return when a sensor last spoke; None when that is too long ago."""
        state = None if entity_id is None else self._hass.states.get(entity_id)
        return None if state is None or not self._counts(state.last_reported, now) else state.last_reported

    def _power_w(self, phase: int, now: datetime) -> float | None:
        imported_w, export = self._value(self._settings.power, phase, POWER), self._settings.export[phase]
        if imported_w is None or self._told_at(export, now) is None:
            return imported_w
        return imported_w - abs(self._value(self._settings.export, phase, POWER) or 0.0)

    def _current_a(self, phase: int, power_w: float | None) -> float | None:
        """Return the current; none beside a power that ought to be known and is not."""
        if power_w is None and self._settings.power[phase] is not None:
            return None
        return self._value(self._settings.current, phase, CURRENT)

    def _value(self, entities: PhaseEntities, phase: int, quantity: Quantity) -> float | None:
        entity_id = entities[phase]
        return None if entity_id is None else value_of(self._hass.states.get(entity_id), quantity)

    def _total(self, entity_ids: Iterable[str]) -> float | None:
        values = [value_of(self._hass.states.get(entity_id), POWER) for entity_id in entity_ids]
        known = [value for value in values if value is not None]
        return sum(known) if known and len(known) == len(values) else None

    def diagnostics(self) -> Mapping[str, object]:
        """Return what helps to find out why a meter is called lost."""
        return {
            "interval_s": self.interval_s,
            "is_too_slow": self.is_too_slow,
            "gaps_s": {entity_id: list(rhythm.gaps_s) for entity_id, rhythm in self._rhythms.items()},
            "solar_w": self.solar_w,
            "battery_w": self.battery_w,
        }


def _per_phase(values: list[float | None]) -> PerPhase:
    return values[0], values[1], values[2]
