from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

import pytest

from custom_components.smart_charge.charging.model import Carry, Hold, Override, PerPhase
from custom_components.smart_charge.records.carry import Unreadable, from_plain, to_plain

NOW = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
FULL = Carry(
    in_force_a=16.0,
    hold=Hold(target_a=32.0, began_at=NOW, ends_at=NOW + timedelta(seconds=417)),
    last_draw_s=417,
    override=Override(made_at=NOW, has_seen_vehicle=True),
)


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, kw_only=True)
class Mixed:
    phases: PerPhase
    counts: tuple[int, ...] = ()
    colour: Colour = Colour.RED
    label: str | int | None = None


@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("carry", [Carry(), FULL])
def test_a_carry_comes_back_as_it_was(carry: Carry) -> None:
    assert from_plain(Carry, to_plain(carry)) == carry


def test_every_kind_of_field_comes_back_as_it_was() -> None:
    value = Mixed(phases=(1.0, None, 2.5), counts=(1, 2, 3), label=3)
    assert to_plain({"x": value})["x"]["colour"] == "red"
    assert from_plain(Mixed, to_plain(value)) == value


def test_a_field_of_another_version_is_left() -> None:
    assert from_plain(Carry, {"in_force_a": 6, "colour": "blue"}) == Carry(in_force_a=6.0)


@pytest.mark.parametrize(
    "plain",
    [
        None,
        [],
        {"in_force_a": "16"},
        {"in_force_a": True},
        {"last_draw_s": 3.5},
        {"hold": {"target_a": 6.0}},
        {"hold": "tomorrow"},
        {"hold": {"target_a": 6.0, "began_at": "2026-11-21T22:00:00", "ends_at": NOW.isoformat()}},
        {"hold": {"target_a": 6.0, "began_at": "yesterday", "ends_at": NOW.isoformat()}},
        {"hold": {"target_a": 6.0, "began_at": 7, "ends_at": NOW.isoformat()}},
    ],
)
def test_nonsense_is_unreadable(plain: object) -> None:
    with pytest.raises(Unreadable):
        from_plain(Carry, plain)


@pytest.mark.parametrize(
    "plain",
    [
        {},
        {"phases": [1.0]},
        {"phases": 1},
        {"phases": [None, None, None], "colour": "mauve"},
        {"phases": [None] * 3, "label": []},
    ],
)
def test_parts_that_do_not_fit_are_unreadable(plain: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        from_plain(Mixed, plain)
