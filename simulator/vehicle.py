"""An electric vehicle, as seen from its inlet: what it asks for and what it then draws."""

from dataclasses import dataclass

MIN_CURRENT_A = 6.0
"""There is no charging current below this (IEC 61851-1 table A.8)."""

_FULL = 0.9999
_HIGH_V = 260.0


@dataclass(kw_only=True)
class Vehicle:
    """A vehicle with an on-board charger and a battery.

    Attributes:
        phases: of the on-board charger, 1 or 3.
        max_a: per phase; the vehicle never draws more, whatever it is offered.
        battery_wh, soc: capacity, and state of charge in 0..1.
        target_soc: the vehicle stops asking here.
        taper_from_soc: above it the current falls linearly towards 6 A.
        efficiency: share of the drawn energy that reaches the battery.
        start_delay_s: from an offer to closing S2 (state C).
        stop_delay_s: from the end of the offer to opening S2 (IEC 61851-1 table A.6 allows 3 s).
        ramp_up_a_per_s, ramp_down_a_per_s: so that 0 to 32 A takes less than 5 s.
        sleeps_after_s: falls asleep after so long without an offer, and then ignores offers;
            None for a vehicle that never does.
        wakes_after_offers: how many fresh offers wake it again; 0 means only re-plugging does.
        is_paused: the vehicle does not want to charge, by its own timer or its owner.
    """

    phases: int = 1
    max_a: float = 32.0
    battery_wh: float = 60_000.0
    soc: float = 0.4
    target_soc: float = 1.0
    taper_from_soc: float = 0.95
    efficiency: float = 0.92
    start_delay_s: float = 1.0
    stop_delay_s: float = 1.0
    ramp_up_a_per_s: float = 8.0
    ramp_down_a_per_s: float = 16.0
    sleeps_after_s: float | None = None
    wakes_after_offers: int = 0
    is_paused: bool = False

    def __post_init__(self) -> None:
        if self.phases not in (1, 3):
            raise ValueError(f"a vehicle has 1 or 3 phases, not {self.phases}")
        if not 0 <= self.soc <= 1:
            raise ValueError(f"a state of charge lies in 0..1, not {self.soc}")
        self.drawn_a = 0.0
        self.is_asking = False
        self.is_asleep = False
        self._offered_for_s = 0.0
        self._idle_for_s = 0.0
        self._offers_while_asleep = 0
        self._was_offered = False

    @property
    def is_full(self) -> bool:
        """Whether the battery holds what the owner wants it to hold."""
        return self.soc >= min(self.target_soc, _FULL)

    def connect(self) -> None:
        """Begin afresh: plugging in wakes a vehicle."""
        self.drawn_a = 0.0
        self.is_asking = self.is_asleep = self._was_offered = False
        self._offered_for_s = self._idle_for_s = 0.0
        self._offers_while_asleep = 0

    def wake(self) -> None:
        """Somebody opened a door or used the app."""
        self.is_asleep = False
        self._idle_for_s = 0.0
        self._offers_while_asleep = 0

    def is_steady(self, offered_a: float, seconds: float) -> bool:
        """Whether it goes on just as it is for so long with the same offer, the battery's filling aside."""
        is_offered = offered_a >= MIN_CURRENT_A
        if is_offered != self._was_offered or self.is_asking != (self.drawn_a > 0):
            return False
        if self.is_asking:
            wants = is_offered and not (self.is_asleep or self.is_paused)
            return wants and self.drawn_a == min(offered_a, self.max_a) and self._has_room_for(seconds)
        if is_offered:
            return self.is_asleep or self.is_paused or self.is_full
        return self.sleeps_after_s is None or self.is_asleep

    def _has_room_for(self, seconds: float) -> bool:
        """Whether it stays below where it draws less, or nothing."""
        most_wh = self.drawn_a * self.phases * _HIGH_V * seconds / 3600
        return self.soc + most_wh * self.efficiency / self.battery_wh < min(self.taper_from_soc, self.target_soc)

    def advance(self, offered_a: float, seconds: float) -> None:
        """Live for ``seconds`` with ``offered_a`` on the pilot (0 for no offer)."""
        is_offered = offered_a >= MIN_CURRENT_A
        self._follow_sleep(is_offered, seconds)
        self._offered_for_s = self._offered_for_s + seconds if is_offered else 0.0
        wants = is_offered and not (self.is_asleep or self.is_paused or self.is_full)
        if wants and self._offered_for_s >= self.start_delay_s:
            self.is_asking = True
        elif not is_offered:
            self.is_asking = self.is_asking and self._idle_for_s < self.stop_delay_s
        elif not wants:
            self.is_asking = False
        target_a = min(offered_a, self._acceptable_a()) if wants and self.is_asking else 0.0
        self._ramp_to(target_a, seconds)

    def take(self, energy_wh: float) -> None:
        """Store what was drawn."""
        self.soc = min(1.0, self.soc + energy_wh * self.efficiency / self.battery_wh)

    def _acceptable_a(self) -> float:
        if self.soc <= self.taper_from_soc or self.taper_from_soc >= 1:
            return self.max_a
        share = (1 - self.soc) / (1 - self.taper_from_soc)
        return max(MIN_CURRENT_A, self.max_a * share)

    def _ramp_to(self, target_a: float, seconds: float) -> None:
        if target_a >= self.drawn_a:
            self.drawn_a = min(target_a, self.drawn_a + self.ramp_up_a_per_s * seconds)
        else:
            self.drawn_a = max(target_a, self.drawn_a - self.ramp_down_a_per_s * seconds)

    def _follow_sleep(self, is_offered: bool, seconds: float) -> None:
        self._idle_for_s = 0.0 if is_offered else self._idle_for_s + seconds
        if self.sleeps_after_s is not None and self._idle_for_s >= self.sleeps_after_s:
            self.is_asleep = True
        if self.is_asleep and is_offered and not self._was_offered:
            self._offers_while_asleep += 1
            if 0 < self.wakes_after_offers <= self._offers_while_asleep:
                self.wake()
        self._was_offered = is_offered
