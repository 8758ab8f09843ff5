"""One register: where a value lives, how it is written down there, and how often it is read."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Final

type Value = float | int | str | bool
type Values = Mapping[str, Value | None]
"""What registers hold, by key. A missing key is not known; None is the device's own "no value"."""

CONNECTOR: Final = "connector"
"""The name of the unit whose id the owner or the probe settles."""


class Table(StrEnum):
    """The four address spaces of Modbus."""

    HOLDING = "holding"
    INPUT = "input"
    COIL = "coil"
    DISCRETE = "discrete"


class Cadence(StrEnum):
    """How often a register is read."""

    ONCE = "once"  # identity
    FAST = "fast"  # each poll
    SLOW = "slow"  # each tenth poll
    RARE = "rare"  # each sixtieth: settings
    NEVER = "never"  # write only


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """One value and where it lives.

    Attributes:
        unit: name of the unit it is asked of; ``CONNECTOR`` unless the map says otherwise.
        address: first address, from 0, as on the wire; counted from the connector's place in ``block`` if it has one.
        count: registers (or bits) it takes.
        mask, shift: the part of an integer that is meant; shifted right after masking.
        none: raw integers (before mask, scale and offset) that mean "no value".
        low, high: what is plausible, after scale and offset.
        scales: scale by firmware, newest first: from that version on.
        write: "fc6", "fc16" or "any" (FC6 for one register); None when it is not written.
        readback: key of the register that shows what was written to this one.
        since: firmware from which it exists.
        is_private: never in diagnostics.
    """

    key: str
    address: int
    type: str
    count: int
    unit: str = CONNECTOR
    block: str | None = None
    table: Table = Table.HOLDING
    word_order: str = "big"
    byte_order: str = "big"
    encoding: str = "ascii"
    scale: float = 1
    offset: float = 0
    scales: tuple[tuple[str, float], ...] = ()
    mask: int | None = None
    shift: int = 0
    none: frozenset[int] = frozenset()
    low: float | None = None
    high: float | None = None
    read: Cadence = Cadence.FAST
    write: str | None = None
    readback: str | None = None
    since: str | None = None
    is_private: bool = False

    def scale_for(self, firmware: str | None) -> float:
        """Return the scale that this firmware uses; the oldest rule when it is not known."""
        for since, scale in self.scales:
            if firmware is not None and is_at_least(firmware, since):
                return scale
        return self.scale

    def exists_in(self, firmware: str | None) -> bool:
        """Tell whether this firmware has the register, as far as is known."""
        return self.since is None or firmware is None or is_at_least(firmware, self.since)


def is_at_least(version: str, floor: str) -> bool:
    """Compare two dotted versions by their numbers; letters and what follows them do not count."""
    return _numbers(version) >= _numbers(floor)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d{1,9}", version))
