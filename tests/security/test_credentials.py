"""A charge point's secret: drawn, judged, kept as hashes, checked."""

from unittest.mock import patch

import pytest

from custom_components.smart_charge.security import credentials
from custom_components.smart_charge.security.credentials import (
    hash_secret,
    is_derived,
    make_password,
    verify_secret,
    weakness,
)

PASSWORD = "0123456789abcdef0123456789abcdef01234567"
TYPED = "Nightingale-7-sings"


@pytest.mark.requirement("S2.1")
def test_a_drawn_password_has_160_bits_and_is_never_the_same() -> None:
    drawn = {make_password() for _ in range(200)}
    assert len(drawn) == 200
    assert all(len(password) == 40 and len(bytes.fromhex(password)) == 20 for password in drawn)


def test_a_drawn_password_is_never_called_weak() -> None:
    assert [weakness(make_password(), "CP001", "ABC123456", None, "") for _ in range(200)] == [None] * 200


@pytest.mark.parametrize(
    "presented",
    [PASSWORD.encode(), bytes.fromhex(PASSWORD), PASSWORD.upper().encode()],
    ids=["text", "bytes", "capitals"],
)
def test_every_way_chargers_send_a_hex_password_is_accepted(presented: bytes) -> None:
    assert verify_secret(hash_secret(PASSWORD), presented)


def test_a_typed_password_sent_as_text_or_as_its_hex_digits_is_accepted() -> None:
    hashes = hash_secret(TYPED)
    assert len(hashes) == 1
    assert verify_secret(hashes, TYPED.encode())
    assert verify_secret(hashes, TYPED.encode().hex().encode())


def test_a_guess_costs_whoever_holds_the_hashes_dearly(cost_of_hashing: int) -> None:
    with patch.object(credentials, "_COST", cost_of_hashing):
        stored = hash_secret(TYPED)
        assert all(text.startswith("scrypt$16384$8$1$") for text in stored)
        assert verify_secret(stored, TYPED.encode())


@pytest.mark.parametrize(
    "presented", [b"", b"wrong", PASSWORD[:-1].encode(), b"\xff\xfe\x00", bytes(10_000), TYPED.encode() + b"\x00"]
)
def test_anything_else_is_refused(presented: bytes) -> None:
    assert not verify_secret(hash_secret(TYPED), presented)
    assert not verify_secret(hash_secret(PASSWORD), presented)


@pytest.mark.requirement("S4.1")
def test_what_is_stored_says_nothing_of_the_password() -> None:
    first, second = hash_secret(PASSWORD), hash_secret(PASSWORD)
    assert not set(first) & set(second)
    assert all(PASSWORD not in stored and "01234567" not in stored for stored in first)


@pytest.mark.parametrize(
    "stored",
    [
        "",
        "scrypt",
        "plain$1$2$3$4$5",
        "scrypt$x$8$1$AAAA$AAAA",
        "scrypt$1073741824$8$1$AAAA$AAAA",
        "scrypt$COST$8$1$AAAA$!!",
        "scrypt$COST$8$1$AAAA$AAAA",
    ],
)
def test_a_damaged_stored_hash_matches_nothing_and_breaks_nothing(stored: str) -> None:
    stored = stored.replace("COST", str(credentials._COST))
    assert not verify_secret([stored], b"")
    assert verify_secret([stored, *hash_secret(TYPED)], TYPED.encode())


def test_no_stored_hash_lets_nobody_in() -> None:
    assert not verify_secret([], b"")


@pytest.mark.requirement("S2.1")
@pytest.mark.parametrize(
    ("typed", "why"),
    [
        ("", "too_short"),
        ("Nightingale-7", "too_short"),
        ("x7" + "Nightingale" * 4, "too_long"),
        ("Nightingale 7 sings", "unusual_characters"),
        ("Nachtigäll-7-singt", "unusual_characters"),
        ("admin", "known_default"),
        ("Password1234567890", "known_default"),
        ("changemechangemechangeme", "known_default"),
        ("OCPP-OCPP-OCPP-OCPP", "known_default"),
        ("deadbeefdeadbeefdeadbeef", "known_default"),
        ("0000000000000000", "too_simple"),
        ("1234567890123456", "too_simple"),
        ("6543210987654321", "too_simple"),
        ("0123456789abcdef0123456789abcdef", "too_simple"),
        ("abcdefghijklmnopqrst", "too_simple"),
        ("qwertyuiopasdfghjkl", "too_simple"),
        ("Zx7-Zx7-Zx7-Zx7-Zx7", "too_simple"),
        ("aabbccddaabdcacb", "too_simple"),
        ("CP-Garage-00417!!", "derived_from_identity"),
        ("71400-egaraG-PC!!", "derived_from_identity"),
        ("ACE0123456ACE0123456", "derived_from_identity"),
        (TYPED, None),
        ("9f1c5b7a2d8e4036", None),
        ("garden CP-Garage-00417 x".replace(" ", "-") + "Qp9vTz4", None),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(typed: str, why: str | None) -> None:
    assert weakness(typed, "CP-Garage-00417", "ACE0123456") == why


def test_a_fact_too_short_to_tell_is_not_held_against_a_password() -> None:
    assert not is_derived(TYPED, "7", "abc", None, "")


def test_a_password_of_signs_alone_is_simple_not_derived() -> None:
    assert weakness("!" * 16, "CP-Garage-00417") == "too_simple"


def test_a_part_of_the_serial_alone_is_derived() -> None:
    assert is_derived("90123456789012345", "SN-9012345678901234567890")
