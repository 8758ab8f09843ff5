"""When "Charge now" and "Stop" end: chosen before the tap, or changed afterwards (10.4, 10.6, 11.5)."""

from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from .override import next_showing
from .requests import Override


class EndKind(StrEnum):
    """What ends an override."""

    SWITCHED_OFF = "switched_off"
    UNPLUGGED = "unplugged"
    DURATION = "duration"
    TIME = "time"
    ENERGY = "energy"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """The owner's choice, with what was last set for each kind that needs a number.

    It is for once: when the override that was made by it is over, it is as if nothing had been chosen.

    Attributes:
        until_min: local time of day, in minutes after midnight.
        made_at: that of the override made by it; None while it waits for one.
    """

    kind: EndKind = EndKind.SWITCHED_OFF
    duration_min: int = 120
    until_min: int = 7 * 60
    energy_wh: int = 10_000
    made_at: datetime | None = None

    @property
    def until(self) -> time:
        """The time of day."""
        return time(*divmod(self.until_min % (24 * 60), 60))


def shown_ending(ending: Ending, override: Override | None, time_zone: ZoneInfo) -> Ending:
    """Return what to show, and what the next tap means: the choice, or what stands where that was made otherwise."""
    if override is None:
        return ending if ending.made_at is None else replace(ending, kind=EndKind.SWITCHED_OFF, made_at=None)
    kind = ending.kind if ending.made_at == override.made_at else _kind_of(override)
    shown = replace(ending, kind=kind, made_at=override.made_at)
    if kind is EndKind.TIME and override.ends_at is not None:
        local = override.ends_at.astimezone(time_zone)
        return replace(shown, until_min=local.hour * 60 + local.minute)
    if kind is EndKind.ENERGY and override.energy_wh is not None:
        return replace(shown, energy_wh=override.energy_wh)
    return shown


def _kind_of(override: Override) -> EndKind:
    if override.energy_wh is not None:
        return EndKind.ENERGY
    return EndKind.SWITCHED_OFF if override.ends_at is None else EndKind.TIME


def ends_at(ending: Ending, time_zone: ZoneInfo, now: datetime) -> datetime | None:
    """Return when an override that is made ``now`` ends by the clock; None when it does not."""
    if ending.kind is EndKind.DURATION:
        return now + timedelta(minutes=ending.duration_min)
    return next_showing(ending.until, time_zone, now) if ending.kind is EndKind.TIME else None
