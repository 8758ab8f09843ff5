"""What a stranger may see."""

import json

import pytest

from custom_components.smart_charge.security.redact import HIDDEN, is_private, redact


@pytest.mark.requirement("S4.1")
@pytest.mark.parametrize(
    "name",
    ["password", "password_hashes", "AuthorizationKey", "idTag", "id_tag", "parentIdTag", "host", "charge_point_id",
     "chargePointSerialNumber", "serial_number", "unique_id", "Basic-Auth-Password", "PUK"],
)  # fmt: skip
def test_private_names_are_known_in_any_spelling(name: str) -> None:
    assert is_private(name)


@pytest.mark.parametrize("name", ["mode", "unit_id", "map", "status", "connector_id", "model", "firmware"])
def test_what_support_needs_stays(name: str) -> None:
    assert not is_private(name)


def test_values_are_hidden_at_any_depth() -> None:
    data = {"entry": {"data": {"host": "10.1.2.3", "port": 502}}, "tags": ["04AABBCC"], "log": [{"idTag": "04AABBCC"}]}
    shown = redact(data)
    assert shown["entry"]["data"] == {"host": HIDDEN, "port": 502}
    assert "04AABBCC" not in json.dumps(shown)


def test_ids_inside_texts_and_keys_are_hidden() -> None:
    shown = redact({"CP-Garage": ["CP-Garage called from 10.1.2.3", ("cp-garage",)]}, ["CP-Garage", "10.1.2.3", "1"])
    assert shown == {HIDDEN: [f"{HIDDEN} called from {HIDDEN}", [HIDDEN]]}


def test_the_longer_of_two_overlapping_texts_is_hidden_whole() -> None:
    assert redact("garage-12", ["garage", "garage-12"]) == HIDDEN


def test_that_a_value_is_missing_stays_visible() -> None:
    assert redact({"serial": None, "host": "", "tags": []}) == {"serial": None, "host": "", "tags": []}


def test_the_original_is_left_alone() -> None:
    data = {"host": "10.1.2.3", "list": [1, True, None, 2.5]}
    assert redact(data) == {"host": HIDDEN, "list": [1, True, None, 2.5]}
    assert data["host"] == "10.1.2.3"
