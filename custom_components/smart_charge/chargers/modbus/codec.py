"""Words on the wire to values and back: types, orders, packed fields, sentinels, plausibility."""

from dataclasses import dataclass
from datetime import UTC, datetime
import math
import struct
from typing import Final

from .register import Register, Table, Value

INTEGERS: Final = {
    "uint16": (1, False),
    "int16": (1, True),
    "uint32": (2, False),
    "int32": (2, True),
    "uint64": (4, False),
    "int64": (4, True),
}
FLOATS: Final = {"float32": (2, ">f"), "float64": (4, ">d")}
FIXED_COUNTS: Final = (
    {name: count for name, (count, _) in INTEGERS.items()}
    | {name: count for name, (count, _) in FLOATS.items()}
    | {"bool": 1, "clock": 6}
)
TEXTS: Final = ("ascii", "low_byte", "utf16", "utf16_or_ascii", "bcd", "hex", "dotted")

EARLIEST_CLOCK_YEAR: Final = 2020
"""A device's clock before this was never set; most start in 1970 or 2000."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A value; None is the device's own "no value", or, where ``is_implausible``, nonsense that was dropped."""

    value: Value | None
    is_implausible: bool = False


NOTHING: Final = Decoded(None)
NONSENSE: Final = Decoded(None, is_implausible=True)


def decode(register: Register, words: list[int], firmware: str | None = None) -> Decoded:
    """Turn what was read into a value. Never raises, whatever the words."""
    if register.table in (Table.COIL, Table.DISCRETE):
        return Decoded(bool(words[0]))
    if register.type == "string":
        return _decode_text(register, words)
    if register.type == "clock":
        return _decode_clock(words)
    raw = _to_bytes(register, words)
    if register.type in FLOATS:
        return _decode_float(register, raw, firmware)
    return _decode_integer(register, raw, firmware)


def encode(
    register: Register, value: float, present: list[int] | None = None, firmware: str | None = None
) -> list[int]:
    """Turn a value into words to write.

    A packed register keeps its other bits, so what it holds at ``present`` must be given.

    Raises:
        ValueError: the value does not fit, or the present words are needed and not known.
    """
    scaled = (value - register.offset) / register.scale_for(firmware)
    if register.type in FLOATS:
        _, layout = FLOATS[register.type]
        try:
            raw = struct.pack(layout, scaled)
        except OverflowError as err:
            raise ValueError(f"{value} does not fit into register {register.key}") from err
        return _to_words(register, raw)
    count, is_signed = INTEGERS.get(register.type, (1, False))
    number = round(scaled)
    if register.mask is not None:
        number = _packed(register, number, present)
    try:
        raw = number.to_bytes(2 * count, "big", signed=is_signed)
    except OverflowError as err:
        raise ValueError(f"{value} does not fit into register {register.key}") from err
    return _to_words(register, raw)


def _packed(register: Register, number: int, present: list[int] | None) -> int:
    mask = register.mask or 0
    if present is None:
        raise ValueError(f"register {register.key} is packed and has not been read yet")
    if number < 0 or (number << register.shift) & ~mask:
        raise ValueError(f"{number} does not fit into register {register.key}")
    others = int.from_bytes(_to_bytes(register, present), "big") & ~mask
    return others | number << register.shift


def _decode_integer(register: Register, raw: bytes, firmware: str | None) -> Decoded:
    _, is_signed = INTEGERS.get(register.type, (1, False))
    unsigned = int.from_bytes(raw, "big")
    number = int.from_bytes(raw, "big", signed=is_signed)
    if unsigned in register.none or number in register.none:
        return NOTHING
    if register.mask is not None:
        number = (unsigned & register.mask) >> register.shift
    if register.type == "bool":
        return Decoded(bool(number))
    scale = register.scale_for(firmware)
    if scale == 1 and register.offset == 0:
        return _plausible(register, number)
    return _plausible(register, number * scale + register.offset)


def _decode_float(register: Register, raw: bytes, firmware: str | None) -> Decoded:
    number: float = struct.unpack(FLOATS[register.type][1], raw)[0]
    if math.isnan(number):
        return NOTHING
    if number in register.none:
        return NOTHING
    if register.type == "float32":
        number = float(f"{number:.7g}")  # no digits that the wire did not carry
    return _plausible(register, number * register.scale_for(firmware) + register.offset)


def _plausible(register: Register, number: float) -> Decoded:
    if not math.isfinite(number):
        return NONSENSE
    if register.low is not None and number < register.low:
        return NONSENSE
    if register.high is not None and number > register.high:
        return NONSENSE
    return Decoded(number)


def _decode_text(register: Register, words: list[int]) -> Decoded:
    if all(word == 0xFFFF for word in words):
        return NOTHING
    raw = _in_byte_order(register, words)
    match register.encoding:
        case "bcd":
            text = raw.hex()
            return Decoded(text) if text.isdecimal() else NONSENSE
        case "hex" | "dotted" if not any(raw):
            return NOTHING
        case "hex":
            text = raw.hex().upper()
        case "dotted":
            text = ".".join(f"{byte:x}" for byte in raw)
        case "low_byte":
            text = raw[1::2].decode("latin-1")
        case "utf16_or_ascii" if raw[0]:
            text = raw.decode("latin-1")
        case "utf16" | "utf16_or_ascii":
            text = raw.decode("utf-16-be", errors="replace")
        case _:
            text = raw.decode("latin-1")
    text = text.partition("\0")[0].strip()
    if not text:
        return NOTHING
    return Decoded(text) if text.isascii() and text.isprintable() else NONSENSE


def _decode_clock(words: list[int]) -> Decoded:
    """Six words: year, month, day, hour, minute, second."""
    if all(word == 0xFFFF for word in words):
        return NOTHING
    year, month, day, hour, minute, second = words
    if year < EARLIEST_CLOCK_YEAR:
        return NONSENSE
    try:
        return Decoded(datetime(year, month, day, hour, minute, second, tzinfo=UTC).isoformat())
    except ValueError:
        return NONSENSE


def _to_bytes(register: Register, words: list[int]) -> bytes:
    ordered = words if register.word_order == "big" else words[::-1]
    return _in_byte_order(register, ordered)


def _in_byte_order(register: Register, words: list[int]) -> bytes:
    if register.byte_order == "little":
        return b"".join(word.to_bytes(2, "little") for word in words)
    return b"".join(word.to_bytes(2, "big") for word in words)


def _to_words(register: Register, raw: bytes) -> list[int]:
    pairs = [raw[i : i + 2] for i in range(0, len(raw), 2)]
    if register.byte_order == "little":
        words = [int.from_bytes(pair, "little") for pair in pairs]
    else:
        words = [int.from_bytes(pair, "big") for pair in pairs]
    return words if register.word_order == "big" else words[::-1]
