"""What people and the electricity system ask for, beside the settings: overrides and demand response events."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class OverrideKind(StrEnum):
    """What the owner asks for by hand."""

    CHARGE_NOW = "charge_now"
    STOP = "stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Override:
    """The owner's "Charge now" or "Stop" (10.4, 10.6). The newest stands; there is never more than one.

    Attributes:
        ends_at: until then; None without such an end.
        energy_wh: until the vehicle has taken this much more; None without such an end.
        from_wh: energy of the session when counting began; None before that.
        ends_with_vehicle: over when the vehicle it was meant for is unplugged, if not before.
        has_seen_vehicle: tells one that was made before plugging in from one whose vehicle has left.
        waits_for_supply: what it asked for was not there, because others use it: when it is, that is still
            the owner's doing.
    """

    made_at: datetime
    kind: OverrideKind = OverrideKind.CHARGE_NOW
    ends_at: datetime | None = None
    energy_wh: int | None = None
    from_wh: int | None = None
    ends_with_vehicle: bool = True
    has_seen_vehicle: bool = False
    waits_for_supply: bool = False

    @property
    def begins_charging(self) -> bool:
        """Whether the next current would be what the owner asked for by hand, so that no delay holds it back (11.5)."""
        return self.kind is OverrideKind.CHARGE_NOW and (self.waits_for_supply or not self.has_seen_vehicle)


class DsrKind(StrEnum):
    """What a demand response event asks for."""

    TURN_DOWN = "turn_down"
    TURN_UP = "turn_up"
    SHIFT = "shift"  # less now, to be made good later
    RESPONSE = "response"  # a service to the grid, such as frequency response: at once


@dataclass(frozen=True, kw_only=True, slots=True)
class DsrEvent:
    """One request of the electricity system's, for ``start_at`` up to ``end_at`` (5.3).

    Attributes:
        limit_a, limit_w: at most this, per phase or in all; the lower one counts, and with neither it
            is nothing. For a turn-up it is the most that it asks for, and with neither all there is.
        source: who asks, in their own words.
        delay_already_applied: its times were spread at random by who sent it, so ours is off (11.6).
        is_opted_out: the owner takes no part in it (10.6).
        has_begun: a decision has been taken in it.
    """

    event_id: str
    kind: DsrKind
    start_at: datetime
    end_at: datetime
    limit_a: float | None = None
    limit_w: float | None = None
    source: str | None = None
    delay_already_applied: bool = False
    is_opted_out: bool = False
    has_begun: bool = False
