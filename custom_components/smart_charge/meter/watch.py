"""Watch one charge point's meter: an alarm is raised at once, and its accuracy told after each session."""

from collections.abc import Callable
from dataclasses import replace

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from ..charging.alarms import Alarm, raised
from ..charging.meter_guard import Asked
from ..charging.model import Carry, Reading
from ..storage import Memory
from .notices import MeterNotices
from .sampling import Sampling


class MeterWatch:
    """What the meter's samples make us do. Only its coordinator may use it."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        memory: Memory,
        sampling: Sampling,
        *,
        change: Callable[[Callable[[Carry], Carry]], None],
    ) -> None:
        self._memory = memory
        self._sampling = sampling
        self._notices = MeterNotices(hass, entry)
        self._change = change

    @callback
    def take(self, sample: Reading, asked: Asked | None) -> bool:
        """Take up what the meter shows; tells whether an alarm was raised or withdrawn, and acted on."""
        alarm, standing = self._sampling.take(sample, asked), self._memory.carry.alarms
        if alarm is not None and alarm.danger not in {each.danger for each in standing}:
            self._notices.record(alarm)
            self._change(lambda carry: replace(carry, alarms=raised(carry.alarms, alarm)))
            return True
        believed = self._sampling.believed(standing)
        if believed != standing:
            self._change(lambda carry: replace(carry, alarms=believed))
        return believed != standing

    @callback
    def follow(self) -> None:
        """See which session runs."""
        self._sampling.follow(self._memory.session, self.tell_accuracy)

    @callback
    def tell_accuracy(self) -> None:
        """Say whether the meter can be believed (9.5, 9.6)."""
        self._notices.show_accuracy(self._sampling.error, self._sampling.bias)

    @callback
    def show(self, alarms: tuple[Alarm, ...]) -> None:
        """Say which alarms stand."""
        self._notices.show_alarms(alarms)
