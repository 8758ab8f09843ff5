"""Whose a session is and what it costs so far: what goes with its energy, and must survive a restart like it."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from ..charging.slots import Slot, line
from .tables import from_micro, to_micro


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """One session's.

    Attributes:
        priced_wh, priced_at: how much energy has been priced, and until when.
        cost_micro: what that cost, in millionths; None once a part of it had no price.
        tag, who: who charges, as far as anybody has said.
    """

    plugged_in_at: datetime
    priced_at: datetime
    priced_wh: int = 0
    cost_micro: int | None = 0
    tag: str | None = None
    who: str | None = None

    @property
    def cost(self) -> Decimal | None:
        """In the site's currency; None when not all of it is known, or nothing has been used."""
        return None if self.cost_micro is None or not self.priced_wh else from_micro(self.cost_micro)


def priced(tab: Tab, import_wh: int, seen_at: datetime, slots: Iterable[Slot]) -> Tab:
    """Price what was used since the last time, by when it was used; a gap in the prices is never papered over."""
    gain_wh = import_wh - tab.priced_wh
    if gain_wh == 0:
        return replace(tab, priced_at=max(tab.priced_at, seen_at))
    cost = _cost_of(gain_wh, tab.priced_at, seen_at, slots)
    total = None if tab.cost_micro is None or cost is None else tab.cost_micro + to_micro(cost)
    return replace(tab, priced_wh=import_wh, priced_at=max(tab.priced_at, seen_at), cost_micro=total)


def _cost_of(gain_wh: int, since: datetime, until: datetime, slots: Iterable[Slot]) -> Decimal | None:
    """Return what energy cost that was used evenly over a time; None where a part of it has no price."""
    length_s = Decimal((until - since).total_seconds())
    if length_s <= 0:
        price = next((slot.price_per_kwh for slot in slots if slot.start_at <= until < slot.end_at), None)
        return None if price is None else price * gain_wh / 1000
    cost = Decimal(0)
    for slot in line(slots, since, until):
        if slot.price_per_kwh is None:
            return None
        share = Decimal((slot.end_at - slot.start_at).total_seconds()) / length_s
        cost += slot.price_per_kwh * gain_wh * share / 1000
    return cost
