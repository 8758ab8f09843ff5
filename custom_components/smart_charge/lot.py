"""What a vehicle gets without us, as its owner reads it (reg 7, 7.1)."""

from dataclasses import dataclass
from typing import Final

from .charging.fallback import hours_left_behind
from .charging.left_to_each import Left
from .charging.model import Settings, Window
from .wording import Wording

_BY_SCHEDULE: Final = ("default_hours", "charges", "by_profile")


@dataclass(frozen=True, kw_only=True, slots=True)
class Lot:
    """One of `UNATTENDED`, and a sentence where more can be said than that."""

    state: str
    sentence: str | None = None


def issue_ids(entry_id: str) -> tuple[str, str]:
    """Return the ids of the repairs about what a charge point does without us: it stays off, it takes too much."""
    return f"stays_off_{entry_id}", f"allows_too_much_{entry_id}"


def lot_without_us(unattended: str, settings: Settings, left: Left | None, wording: Wording) -> Lot:
    """Return what a charge point does by itself, that can do ``unattended``, beside others at the same supply."""
    if left is not None and left.max_a == 0:
        return Lot(state="stays_off", sentence=wording.words("left_nothing", {}))
    if unattended not in _BY_SCHEDULE:
        return Lot(state=unattended)
    current = {"current": f"{settings.rated_a if left is None else min(settings.rated_a, left.max_a):g}"}
    if left is not None and left.turn is not None:
        hours = {"hours": wording.weekly(left.turn.windows)}
        return Lot(state="takes_turns", sentence=wording.words("left_turn", current | hours))
    windows = _windows(settings)
    if not windows:
        return Lot(state=unattended, sentence=wording.words("left_always", current))
    return Lot(state=unattended, sentence=wording.words("left_hours", current | {"hours": wording.weekly(windows)}))


def _windows(settings: Settings) -> tuple[Window, ...]:
    hours = hours_left_behind(settings)
    return () if hours is None else hours.windows
