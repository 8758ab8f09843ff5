"""Register tables of real charge points as data, and how their values are laid out in registers.

``tables.json`` says of each register where it is, how it is written down and who may write it, as its maker
or several independent users have documented it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
import struct
from typing import Any, Final

from .device import Words

_LAYOUTS: Final = {
    "uint16": "H", "int16": "h", "uint32": "I", "int32": "i", "uint64": "Q", "int64": "q", "float32": "f",
    "float64": "d",
}  # fmt: skip
_TO_SI: Final = {"kW": 1000.0, "kWh": 1000.0, "ms": 0.001}

type Value = float | str | bool | tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """One register, or the registers of one value.

    Attributes:
        address: from the beginning of its ``block``, if it is in one.
        si: what one unit of the scaled value is in W, Wh or s.
        functions: that write it; none for what is only read.
        is_shown: whether it can be read.
    """

    key: str
    address: int
    count: int
    table: str
    type: str
    scale: float = 1
    offset: float = 0
    si: float = 1
    word_order: str = "big"
    byte_order: str = "big"
    encoding: str = "ascii"
    block: str | None = None
    functions: tuple[int, ...] = ()
    is_shown: bool = True
    low: float | None = None
    high: float | None = None
    may_be_zero: bool = False

    def encode(self, value: Value | None) -> Words:
        """Write a value down; None is all ones."""
        if value is None:
            return (0xFFFF,) * self.count
        if isinstance(value, tuple):
            return value
        if isinstance(value, str):
            return self._text(value)
        if self.type == "bool":
            return (int(value),)
        raw = (value / self.si - self.offset) / self.scale
        is_float = self.type.startswith("float")
        data = struct.pack(f">{_LAYOUTS[self.type]}", raw if is_float else round(raw))
        return self._ordered(data)

    def decode(self, words: Words) -> float:
        """Read a number."""
        ordered = words if self.word_order == "big" else words[::-1]
        data = b"".join(word.to_bytes(2, "big" if self.byte_order == "big" else "little") for word in ordered)
        raw: float = struct.unpack(f">{_LAYOUTS[self.type]}", data)[0]
        return (raw * self.scale + self.offset) * self.si

    def takes(self, value: float) -> bool:
        """Whether a value is within the documented bounds."""
        if value == 0 and self.may_be_zero:
            return True
        return (self.low is None or value >= self.low - 1e-6) and (self.high is None or value <= self.high + 1e-6)

    def _ordered(self, data: bytes) -> Words:
        words = self._in_words(data)
        return words if self.word_order == "big" else words[::-1]

    def _in_words(self, data: bytes) -> Words:
        pairs = [data[at : at + 2] for at in range(0, len(data), 2)]
        return tuple(int.from_bytes(pair if self.byte_order == "big" else pair[::-1]) for pair in pairs)

    def _text(self, value: str) -> Words:
        if self.encoding == "low_byte":
            return tuple(value.encode("ascii")[: self.count].ljust(self.count, b"\0"))
        data = value.encode("utf-16-be" if self.encoding == "utf16" else "ascii")[: 2 * self.count]
        return self._in_words(data.ljust(2 * self.count, b"\0"))


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """All registers of a model, and what its server stands."""

    id: str
    unit_id: int
    places: Mapping[str, Place]
    blocks: Mapping[str, tuple[int, int]]
    has_gaps: bool
    one_value: bool
    max_registers: int
    max_clients: int | None
    idle_timeout_s: float | None
    min_write_interval_s: float


def table_ids() -> list[str]:
    """Return the ids of every model that there is a table of."""
    return sorted(_read())


@cache
def load_table(model: str) -> Table:
    """Return a model's table; raises KeyError if there is none."""
    plain = _read()[model]
    return Table(
        id=model,
        unit_id=plain["unit_id"],
        places={entry["key"]: _place(entry, plain["word_order"]) for entry in plain["registers"]},
        blocks={name: (base, stride) for name, (base, stride) in plain.get("blocks", {}).items()},
        has_gaps=plain["has_gaps"],
        one_value=plain["one_value"],
        max_registers=plain["max_registers"],
        max_clients=plain.get("max_clients"),
        idle_timeout_s=plain.get("idle_timeout_s"),
        min_write_interval_s=plain.get("min_write_interval_s", 0.0),
    )


@cache
def _read() -> dict[str, Any]:
    tables: dict[str, Any] = json.loads(Path(__file__).with_name("tables.json").read_text())
    return tables


def _place(entry: Mapping[str, Any], word_order: str) -> Place:
    return Place(
        key=entry["key"],
        address=entry["address"],
        count=entry["count"],
        table=entry["table"],
        type=entry["type"],
        scale=entry.get("scale", 1),
        offset=entry.get("offset", 0),
        si=_TO_SI.get(entry.get("unit", ""), 1.0),
        word_order=entry.get("word_order", word_order),
        byte_order=entry.get("byte_order", "big"),
        encoding=entry.get("encoding", "ascii"),
        block=entry.get("block"),
        functions=tuple(entry.get("functions", ())),
        is_shown=entry["access"] != "w",
        low=entry.get("min"),
        high=entry.get("max"),
        may_be_zero=entry.get("allow_zero", False),
    )
