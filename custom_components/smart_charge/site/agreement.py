"""The owner's agreement on demand side response: with whom, of what kind, from when to when (10.5, 13.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from ..const import CONF_AGREEMENT

CONF_PARTY: Final = "party"
CONF_AGREEMENT_KIND: Final = "kind"
CONF_START: Final = "start"
CONF_END: Final = "end"

KINDS: Final = ("tariff", "response")
"""A time-of-use tariff is one too (guidance 3.33); the other is a service by a third party."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """What the statement of compliance has to name. ``end`` None: until it is ended."""

    party: str
    kind: str
    start: date
    end: date | None = None

    def holds_on(self, day: date) -> bool:
        """Whether it is in force on a day; both its first and its last day are inside."""
        return self.start <= day and (self.end is None or day <= self.end)


def agreement_of(options: Mapping[str, Any]) -> Agreement | None:
    """Return what the site's options keep of it; None where there is none."""
    stored = options.get(CONF_AGREEMENT)
    if not stored:
        return None
    end = stored.get(CONF_END)
    return Agreement(
        party=stored[CONF_PARTY],
        kind=stored[CONF_AGREEMENT_KIND],
        start=date.fromisoformat(stored[CONF_START]),
        end=None if end is None else date.fromisoformat(end),
    )
