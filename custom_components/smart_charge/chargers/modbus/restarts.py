"""Whether a charge point has restarted since it was last read: a power cut, or a reboot."""

from datetime import datetime
from typing import Final

from ...charging.model import Reading
from .facts import number_of
from .interruption import Absence, Alone, Movement, absence_between, has_begun_anew
from .map_model import Restart
from .register import Values

SLACK_S: Final = 10.0
"""How much an uptime may lag behind our clock and still be of the same start: it is read every tenth poll."""


class RestartWatch:
    """Compares each poll with those before it.

    ``seen_at``: when the charge point was last seen by an earlier run of ours, for a power cut may have ended that too.
    """

    def __init__(self, rule: Restart, seen_at: datetime | None = None) -> None:
        self._rule = rule
        self._seen_at = seen_at
        self._uptime_s: float | None = None
        self._uptime_at = 0.0
        self._absence: Absence | None = None
        self._movement = Movement()

    def has_restarted(
        self,
        values: Values,
        now: float,
        *,
        before: Reading | None,
        after: Reading,
        was_cut: bool,
        alone: Alone,
        step_wh: float,
    ) -> bool:
        """Tell whether what was just read, at the loop's time ``now``, is of another start.

        An uptime that fell says so, and one that did not grow with the time that passed: two power cuts in a
        row leave a short uptime behind and find a longer one. Where there is no uptime, the setpoint says it:
        after a broken link it is not what it was and is one that the charge point starts with. Where ours
        was such a one, or none is known, energy tells that is missing: once the vehicle draws power again.
        """
        uptime_s = number_of(self._rule.uptime, values)
        if uptime_s is not None:
            return self._is_of_another_start(uptime_s, now, after.taken_at)
        if was_cut and before is not None:
            if self._is_at_a_start_value(before, after) or has_begun_anew(before, after, step_wh):
                self._absence = None
                return True
            self._absence = absence_between(before, after, alone, step_wh, self._movement)
        if before is not None:
            self._movement = self._movement.seen(before, after, was_cut=was_cut)
        return self._was_without_power(after)

    def _is_at_a_start_value(self, before: Reading, after: Reading) -> bool:
        is_other = before.setpoint_a is not None and after.setpoint_a != before.setpoint_a
        return is_other and after.setpoint_a in self._rule.setpoints

    def _was_without_power(self, after: Reading) -> bool:
        absence = self._absence
        if absence is None:
            return False
        was_without = not absence.is_over(after) and absence.was_without_power(after)
        if was_without or absence.is_over(after):
            self._absence = None
        return was_without

    def _is_of_another_start(self, uptime_s: float, now: float, taken_at: datetime) -> bool:
        last_s, last_at = self._uptime_s, self._uptime_at
        if uptime_s == last_s:
            return False
        self._uptime_s, self._uptime_at = uptime_s, now
        if last_s is None:
            seen_at = self._seen_at
            return seen_at is not None and uptime_s < (taken_at - seen_at).total_seconds() - SLACK_S
        return uptime_s < max(last_s, last_s + now - last_at - SLACK_S)
