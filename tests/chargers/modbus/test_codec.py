import math
import struct

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.chargers.modbus.codec import FIXED_COUNTS, FLOATS, INTEGERS, decode, encode
from custom_components.smart_charge.chargers.modbus.register import Register, Table


def register(kind: str, **options) -> Register:
    return Register(key="r", address=0, type=kind, count=options.pop("count", FIXED_COUNTS.get(kind, 1)), **options)


@pytest.mark.parametrize(
    ("kind", "options", "words", "value"),
    [
        ("uint16", {}, [0xFFFE], 65534),
        ("int16", {}, [0xFFFE], -2),
        ("uint32", {}, [0x0001, 0x86A0], 100_000),
        ("uint32", {"word_order": "little"}, [0x86A0, 0x0001], 100_000),
        ("uint32", {"byte_order": "little"}, [0x0100, 0xA086], 100_000),
        ("uint32", {"word_order": "little", "byte_order": "little"}, [0xA086, 0x0100], 100_000),
        ("int32", {}, [0xFFFF, 0xFFFF], -1),
        ("uint64", {}, [0, 0, 0, 5], 5),
        ("int64", {}, [0xFFFF] * 4, -1),
        ("float32", {}, [0x4124, 0xCCCD], 10.3),
        ("float32", {"word_order": "little"}, [0xCCCD, 0x4124], 10.3),
        ("float64", {}, list(struct.unpack(">4H", struct.pack(">d", 12345.6))), 12345.6),
        ("uint16", {"scale": 0.1}, [163], pytest.approx(16.3)),
        ("uint16", {"scale": 0.5, "offset": -10}, [30], 5),
        ("uint16", {"mask": 0x7F00, "shift": 8}, [0x8405], 4),
        ("bool", {"mask": 0x0004}, [0x0005], True),
        ("bool", {}, [0], False),
        ("uint16", {"none": frozenset({65535})}, [65535], None),
        ("int16", {"none": frozenset({-1000})}, [0xFC18], None),
        ("float32", {}, [0x7FC0, 0], None),
        ("float32", {}, [0xFFFF, 0xFFFF], None),
        ("float64", {}, [0xFFFF] * 4, None),
        ("string", {"count": 2}, [0x4232, 0x0000], "B2"),
        ("string", {"count": 2}, [0x2030, 0x2E39], "0.9"),
        ("string", {"count": 2, "byte_order": "little"}, [0x3242, 0x0000], "B2"),
        ("string", {"count": 2, "word_order": "big", "encoding": "low_byte"}, [0x0042, 0x0032], "B2"),
        ("string", {"count": 2, "encoding": "utf16"}, [0x0042, 0x0032], "B2"),
        ("string", {"count": 2, "encoding": "bcd"}, [0x1234, 0x5607], "12345607"),
        ("string", {"count": 2}, [0xFFFF, 0xFFFF], None),
        ("string", {"count": 2}, [0, 0], None),
        ("clock", {}, [2026, 11, 21, 2, 30, 9], "2026-11-21T02:30:09+00:00"),
        ("clock", {}, [0xFFFF] * 6, None),
    ],
)
def test_words_become_the_value_that_was_meant(kind, options, words, value) -> None:
    decoded = decode(register(kind, **options), words)
    assert decoded.value == value
    assert not decoded.is_implausible


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("float32", {"low": 0, "high": 500}, list(struct.unpack(">2H", struct.pack(">f", 40_000)))),
        ("float32", {}, [0x7F80, 0x0000]),  # infinity
        ("float32", {"low": -1, "high": 125}, list(struct.unpack(">2H", struct.pack(">f", -300)))),
        ("uint16", {"low": 0, "high": 125}, [0xFFFF]),
        ("string", {"count": 1}, [0x07C3]),
        ("string", {"count": 1, "encoding": "bcd"}, [0x12AB]),
        ("string", {"count": 1, "encoding": "utf16"}, [0xD800]),
        ("clock", {}, [1970, 1, 1, 0, 0, 0]),
        ("clock", {}, [2026, 13, 41, 99, 0, 0]),
    ],
    ids=[
        "40 kV",
        "infinity",
        "minus 300 A",
        "65535 A",
        "control bytes",
        "no decimals",
        "half a character",
        "1970",
        "no day",
    ],
)
def test_nonsense_is_dropped_and_told_from_no_value(kind, options, words) -> None:
    decoded = decode(register(kind, **options), words)
    assert decoded.value is None
    assert decoded.is_implausible


@given(
    kind=st.sampled_from([*INTEGERS, *FLOATS]),
    word_order=st.sampled_from(["big", "little"]),
    byte_order=st.sampled_from(["big", "little"]),
    number=st.integers(0, 32767),
)
def test_what_is_written_reads_back_the_same(kind, word_order, byte_order, number) -> None:
    there = register(kind, word_order=word_order, byte_order=byte_order)
    words = encode(there, number)
    assert len(words) == there.count
    assert decode(there, words).value == number


@given(st.sampled_from([*FIXED_COUNTS, "string"]), st.data())
def test_any_words_give_a_sane_value_or_none(kind, data) -> None:
    encoding = data.draw(st.sampled_from(["ascii", "low_byte", "utf16", "bcd"]))
    count = FIXED_COUNTS.get(kind, 5)
    words = data.draw(st.lists(st.integers(0, 0xFFFF), min_size=count, max_size=count))
    value = decode(register(kind, count=count, encoding=encoding), words).value
    assert value is None or isinstance(value, str | int) or math.isfinite(value)
    assert not isinstance(value, str) or value.isprintable()


def test_a_packed_register_keeps_its_other_bits() -> None:
    there = register("uint16", mask=0x0FF0, shift=4)
    assert encode(there, 0x16, [0xA00B]) == [0xA16B]


def test_a_packed_register_that_was_never_read_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="not been read"):
        encode(register("uint16", mask=0x0FF0, shift=4), 1)


@pytest.mark.parametrize(
    ("kind", "options", "value"),
    [
        ("uint16", {}, 65536),
        ("uint16", {}, -1),
        ("uint16", {"mask": 0xF0, "shift": 4}, 16),
        ("float32", {}, 1e300),
    ],
)
def test_a_value_that_does_not_fit_is_refused(kind, options, value) -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(register(kind, **options), value, [0] * 4)


def test_scale_follows_the_firmware() -> None:
    there = register("uint32", scale=1, scales=(("1.2.1", 0.1),))
    assert [decode(there, [0, 100], version).value for version in ("1.2.0", "1.2.1", "1.10", None)] == [
        100,
        10,
        10,
        100,
    ]


def test_a_coil_is_true_or_false() -> None:
    assert decode(register("bool", table=Table.COIL), [1]).value is True
