"""What strangers and people type."""

import pytest

from custom_components.smart_charge.security.inputs import clean_host, plain


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("CP001", "CP001"),
        (None, ""),
        ("  a \n b\t", "a b"),
        ("`![x](http://evil/)`", "![x](http://evil/)"),
        ("\u202eCP\u2066\x00\x1b[31m", "CP [31m"),
        ("x" * 60, "x" * 47 + "…"),
    ],
)
def test_a_strangers_words_cannot_leave_their_frame(said: str | None, shown: str) -> None:
    assert plain(said) == shown


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("192.168.1.20", "192.168.1.20"),
        (" Alfen.Local ", "alfen.local"),
        ("http://192.168.1.20/", "192.168.1.20"),
        ("https://charger.lan/setup", "charger.lan"),
        ("charger.lan.", "charger.lan"),
        ("[FE80::1]", "fe80::1"),
        ("2001:db8::5", "2001:db8::5"),
        ("my_charger", "my_charger"),
        ("", None),
        ("   ", None),
        ("192.168.1", None),
        ("192.168.1.300", None),
        ("192.168.1.20:502", None),
        ("two words", None),
        ("-bad.lan", None),
        ("a..b", None),
        ("x" * 64, None),
        (".".join(["abcdefghi"] * 26), None),
        ("<script>", None),
    ],
)
def test_a_typed_host_is_understood_or_refused(typed: str, meant: str | None) -> None:
    assert clean_host(typed) == meant
