"""Alarms that the meter has raised, and who ends them (reg 8, 8.1 to 8.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Danger(StrEnum):
    """What is wrong."""

    OVER_CURRENT = "over_current"
    CONTACTOR_WELDED = "contactor_welded"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarm:
    """Something dangerous that the meter has shown.

    Attributes:
        drawn_a: as it was shown when the alarm was raised.
        allowed_a: what was offered or rated then; 0 for a welded contactor.
    """

    danger: Danger
    raised_at: datetime
    drawn_a: float
    allowed_a: float


def raised(alarms: tuple[Alarm, ...], alarm: Alarm) -> tuple[Alarm, ...]:
    """Return the alarms with another one; one that stands already stays as it is."""
    return alarms if any(other.danger is alarm.danger for other in alarms) else (*alarms, alarm)


def acknowledged(alarms: Iterable[Alarm], danger: Danger) -> tuple[Alarm, ...]:
    """Return the alarms without those that somebody has seen to."""
    return tuple(alarm for alarm in alarms if alarm.danger is not danger)
