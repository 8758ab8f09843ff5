"""The last day of samples in memory: compact, bounded, never on disk (requirement 9.4, DESIGN section 5)."""

from array import array
from collections.abc import Iterator, MutableSequence
from dataclasses import dataclass
import math
from typing import Final

DAY_S: Final = 86_400

_NOT_KNOWN_CA: Final = -(2**15)
_NOT_KNOWN_WH: Final = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """What the meter showed at one instant. None is not known.

    Attributes:
        at: seconds since 1970, UTC.
        power_w: of all phases; export is negative.
        current_a: of L1, L2, L3; kept to a hundredth, up to 327 A.
        energy_wh: the running total, glitches left out.
    """

    at: float
    power_w: float | None
    current_a: tuple[float | None, float | None, float | None]
    energy_wh: int | None


class Ring:
    """Samples of the last 24 hours, one a second at most; the oldest gives way.

    It takes 26 bytes a sample, 2.2 MB for a whole day, and only as much as has been sampled so far.
    """

    def __init__(self, size: int = DAY_S) -> None:
        self._size = size
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._next = 0
        self._at = array("d")
        self._power_w = array("f")
        self._current_ca = (array("h"), array("h"), array("h"))
        self._energy_wh = array("q")

    def __len__(self) -> int:
        return len(self._at)

    @property
    def size_bytes(self) -> int:
        """How much memory the samples take."""
        columns = (self._at, self._power_w, *self._current_ca, self._energy_wh)
        return sum(column.itemsize * len(column) for column in columns)

    @property
    def newest(self) -> Sample | None:
        """The last sample."""
        place = self._next - 1
        return _made(self._at, self._power_w, self._current_ca, self._energy_wh, place) if self._at else None

    def add(self, sample: Sample) -> None:
        """Keep a sample."""
        place = self._next
        _put(self._at, place, sample.at)
        _put(self._power_w, place, math.nan if sample.power_w is None else sample.power_w)
        for column, amperes in zip(self._current_ca, sample.current_a, strict=True):
            _put(column, place, _hundredths(amperes))
        _put(self._energy_wh, place, _NOT_KNOWN_WH if sample.energy_wh is None else sample.energy_wh)
        self._next = (self._next + 1) % self._size

    def since(self, at: float) -> Iterator[Sample]:
        """Return the samples from this instant on, in the order in which they came, as they are now.

        They are copied at once and made one by one, so that a whole day need not be made at one stroke.
        """
        count, oldest = len(self), self._next if len(self) == self._size else 0
        first = count
        while first > 0 and self._at[(oldest + first - 1) % count] >= at:
            first -= 1
        l1, l2, l3 = self._current_ca
        if first == count:
            return iter(())
        copied = (self._at[:], self._power_w[:], (l1[:], l2[:], l3[:]), self._energy_wh[:])
        return (_made(*copied, (oldest + number) % count) for number in range(first, count))


type _Amperes = tuple[array[int], array[int], array[int]]


def _made(at: array[float], power_w: array[float], current_ca: _Amperes, energy_wh: array[int], place: int) -> Sample:
    l1, l2, l3 = (_amperes(column[place]) for column in current_ca)
    return Sample(
        at=at[place],
        power_w=None if math.isnan(power_w[place]) else power_w[place],
        current_a=(l1, l2, l3),
        energy_wh=None if energy_wh[place] == _NOT_KNOWN_WH else energy_wh[place],
    )


def _put[ValueT](column: MutableSequence[ValueT], place: int, value: ValueT) -> None:
    if place < len(column):
        column[place] = value
    else:
        column.append(value)


def _hundredths(amperes: float | None) -> int:
    if amperes is None or not math.isfinite(amperes):
        return _NOT_KNOWN_CA
    return max(-(2**15) + 1, min(2**15 - 1, round(100 * amperes)))


def _amperes(hundredths: int) -> float | None:
    return None if hundredths == _NOT_KNOWN_CA else hundredths / 100
