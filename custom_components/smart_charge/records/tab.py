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
        priced_wh, priced_at: for how much energy a price was looked up, and until when.
        unpriced_wh: how much of it had none.
        cost_micro: what the rest cost, in millionths; None, in older files only: some of it had no price.
        tag, who: who charges, as far as anybody has said.
    """

    plugged_in_at: datetime
    priced_at: datetime
    priced_wh: int = 0
    unpriced_wh: int = 0
    cost_micro: int | None = 0
    tag: str | None = None
    who: str | None = None

    @property
    def covered_wh(self) -> int:
        """The energy that `cost` is of."""
        return 0 if self.cost_micro is None else self.priced_wh - self.unpriced_wh

    @property
    def cost(self) -> Decimal | None:
        """Of the energy whose price is known, in the site's currency; None while there is none."""
        return from_micro(self.cost_micro or 0) if self.covered_wh else None

    @property
    def whole_cost(self) -> Decimal | None:
        """In the site's currency; None when not all of it is known, or nothing has been used."""
        return self.cost if self.covered_wh == self.priced_wh else None


def opened(tab: Tab | None, plugged_in_at: datetime) -> Tab:
    """Return the tab of the stay that began then: the one that there is, or a new one."""
    if tab is not None and tab.plugged_in_at == plugged_in_at:
        return tab
    return Tab(plugged_in_at=plugged_in_at, priced_at=plugged_in_at)


def priced(tab: Tab, import_wh: int, seen_at: datetime, slots: Iterable[Slot]) -> Tab:
    """Price what was used since the last time, by when it was used; a gap in the prices is never papered over."""
    gain_wh = import_wh - tab.priced_wh
    if gain_wh == 0:
        return replace(tab, priced_at=max(tab.priced_at, seen_at))
    cost, unpriced_wh = _cost_of(gain_wh, tab.priced_at, seen_at, slots)
    before_wh = tab.priced_wh - tab.covered_wh
    return replace(
        tab,
        priced_wh=import_wh,
        unpriced_wh=min(max(0, before_wh + unpriced_wh), import_wh),
        priced_at=max(tab.priced_at, seen_at),
        cost_micro=(tab.cost_micro or 0) + to_micro(cost),
    )


def _cost_of(gain_wh: int, since: datetime, until: datetime, slots: Iterable[Slot]) -> tuple[Decimal, int]:
    """Return what energy cost that was used evenly over a time, and how much of it (Wh) has no price."""
    length_s = Decimal((until - since).total_seconds())
    if length_s <= 0:
        price = next((slot.price_per_kwh for slot in slots if slot.start_at <= until < slot.end_at), None)
        return (Decimal(0), gain_wh) if price is None else (price * gain_wh / 1000, 0)
    cost = unpriced_wh = Decimal(0)
    for slot in line(slots, since, until):
        share_wh = gain_wh * Decimal((slot.end_at - slot.start_at).total_seconds()) / length_s
        if slot.price_per_kwh is None:
            unpriced_wh += share_wh
        else:
            cost += slot.price_per_kwh * share_wh / 1000
    return cost, round(unpriced_wh)
