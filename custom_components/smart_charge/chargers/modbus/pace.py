"""How often to poll: each second while something flows or somebody watches, else a third as often (9.4)."""

from typing import Final

from ...charging.model import Reading

IDLE_TICKS: Final = 3
"""While nothing flows, so many poll intervals lie between two polls: a plug-in shows within three seconds."""

HURRY_S: Final = 30.0
"""After a command it is watched this long whether the charge point and the vehicle follow."""

_FLOWS_W: Final = 50.0
_FLOWS_A: Final = 0.5


class Pace:
    """The rhythm of one charge point's polls. Times are the event loop's, in seconds."""

    def __init__(self, poll_s: float) -> None:
        self._poll_s = poll_s
        self._hurries_until = 0.0
        self._polled_at: float | None = None
        self.is_watched = False
        self.is_slow = False

    def hurry(self, now: float) -> None:
        """Poll at full pace for a while: something was asked for."""
        self._hurries_until = now + HURRY_S

    def interval_s(self, reading: Reading | None, now: float) -> float:
        """Return how long after the last poll the next one is due."""
        is_busy = self.is_watched or now < self._hurries_until or reading is None or _flows(reading)
        self.is_slow = not is_busy
        return self._poll_s if is_busy else IDLE_TICKS * self._poll_s

    def ticks(self, now: float) -> int:
        """Return how many poll intervals this poll stands for, so that slower registers keep their own pace."""
        before, self._polled_at = self._polled_at, now
        if before is None or not self.is_slow:
            return 1
        return min(IDLE_TICKS, max(1, round((now - before) / self._poll_s)))


def _flows(reading: Reading) -> bool:
    """Whether anything flows, or the charge point says so."""
    if reading.is_charging:
        return True
    flows_w = reading.power_w is not None and abs(reading.power_w) >= _FLOWS_W
    return flows_w or (reading.drawn_a is not None and reading.drawn_a >= _FLOWS_A)
