"""What every simulated Modbus device has in common, and how values become registers."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
import math
import struct
from typing import Protocol

from ..charge_point import ChargePoint

MAX_READ = 125
MAX_WRITE = 123

type Words = tuple[int, ...]


class ExceptionCode(IntEnum):
    """Modbus exception codes (MODBUS Application Protocol 1.1b3, section 7)."""

    ILLEGAL_FUNCTION = 1
    ILLEGAL_ADDRESS = 2
    ILLEGAL_VALUE = 3
    DEVICE_BUSY = 6
    GATEWAY_NO_RESPONSE = 11


class ModbusRefusal(Exception):
    """The device answers with an exception code."""

    def __init__(self, code: ExceptionCode) -> None:
        super().__init__(code.name.lower())
        self.code = code


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """One write request that reached the device, whether it was taken or refused."""

    at: datetime
    unit_id: int
    function: int
    address: int
    values: Words
    is_accepted: bool


class Device(Protocol):
    """A charge point behind registers."""

    charge_point: ChargePoint

    def touch(self) -> None:
        """Note that any request came."""

    def read(self, unit_id: int, function: int, address: int, count: int) -> list[int]:
        """Return registers; raises ModbusRefusal."""

    def write(self, unit_id: int, function: int, address: int, values: Words) -> None:
        """Take registers; raises ModbusRefusal."""

    def reboot(self) -> None:
        """Forget what is only in memory."""


def check_count(count: int, highest: int = MAX_READ) -> None:
    """Refuse an impossible number of registers."""
    if not 1 <= count <= highest:
        raise ModbusRefusal(ExceptionCode.ILLEGAL_VALUE)


def pack(layout: str, value: float) -> Words:
    """Encode one number by a `struct` letter, most significant word first."""
    return _words(struct.pack(f">{layout}", value))


def float32(value: float | None) -> Words:
    """Encode a float32; None is all ones, which reads as NaN."""
    return (0xFFFF, 0xFFFF) if value is None or math.isnan(value) else pack("f", value)


def float64(value: float | None) -> Words:
    """Encode a float64; None is all ones, which reads as NaN."""
    return (0xFFFF,) * 4 if value is None or math.isnan(value) else pack("d", value)


def uint32(value: float | None) -> Words:
    """Encode a uint32; None is 0xFFFFFFFF."""
    return (0xFFFF, 0xFFFF) if value is None else pack("I", round(value) & 0xFFFFFFFF)


def uint64(value: int) -> Words:
    """Encode a uint64."""
    return pack("Q", value)


def text(value: str, count: int) -> Words:
    """Encode ASCII, first character in the high byte, filled up with zero bytes."""
    return _words(value.encode("ascii")[: 2 * count].ljust(2 * count, b"\0"))


def right_aligned_text(value: str, count: int) -> Words:
    """Encode ASCII, first character in the high byte, filled up with spaces on the left."""
    return _words(value.encode("ascii")[: 2 * count].rjust(2 * count, b" "))


def swapped_uint32(value: int) -> Words:
    """Encode a uint32 with the low word first and the low byte first."""
    return _words(struct.pack("<I", value))


def to_float32(words: Words) -> float:
    """Decode a float32, most significant word first."""
    value: float = struct.unpack(">f", struct.pack(">HH", *words))[0]
    return value


def _words(data: bytes) -> Words:
    return struct.unpack(f">{len(data) // 2}H", data)
