from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import json

from hypothesis import given, strategies as st
import pytest

from custom_components.smart_charge.charging.metering import Meter
from custom_components.smart_charge.charging.model import (
    Carry,
    DsrEvent,
    DsrKind,
    Hold,
    Override,
    OverrideKind,
    PerPhase,
)
from custom_components.smart_charge.charging.session import Session, State
from custom_components.smart_charge.records.carry import Unreadable, from_plain, recover, to_plain

NOW = datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
FULL = Carry(
    in_force_a=16.0,
    hold=Hold(target_a=32.0, began_at=NOW, ends_at=NOW + timedelta(seconds=417)),
    last_draw_s=417,
    override=Override(
        made_at=NOW,
        kind=OverrideKind.STOP,
        ends_at=NOW + timedelta(hours=2),
        energy_wh=5000,
        from_wh=200,
        ends_with_vehicle=False,
        has_seen_vehicle=True,
    ),
    events=(
        DsrEvent(event_id="a", kind=DsrKind.RESPONSE, start_at=NOW, end_at=NOW + timedelta(minutes=30), limit_a=6.0),
        DsrEvent(
            event_id="b",
            kind=DsrKind.TURN_UP,
            start_at=NOW + timedelta(hours=1),
            end_at=NOW + timedelta(hours=2),
            limit_w=3600.0,
            source="DSO",
            delay_already_applied=True,
            is_opted_out=True,
            has_begun=True,
        ),
    ),
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


FULL_SESSION = Session(
    state=State.PAUSED,
    plugged_in_at=NOW,
    seen_at=NOW + timedelta(hours=1),
    charge_started_at=NOW + timedelta(minutes=7),
    charge_ended_at=NOW + timedelta(minutes=50),
    charging_s=2580.5,
    power_w=12.5,
    imported=Meter(
        counted_wh=5200, last_wh=1_005_200, changed_at=NOW, doubt_wh=0, doubt_at=NOW, dropped=(1200, 1_001_200, NOW)
    ),
)


@pytest.mark.requirement("11.9")
@pytest.mark.parametrize("value", [Carry(), FULL, FULL.override, FULL_SESSION])
def test_a_restart_forgets_nothing(value) -> None:
    stored = json.loads(json.dumps(to_plain(value)))
    assert recover(type(value), stored) == (value, ())


def test_a_damaged_hold_costs_neither_the_override_nor_the_last_draw() -> None:
    stored = to_plain(FULL)
    stored["hold"]["ends_at"] = "soon"
    recovered, dropped = recover(Carry, stored)
    assert recovered == Carry(in_force_a=16.0, last_draw_s=417, override=FULL.override, events=FULL.events)
    assert dropped == ("Carry.hold cannot be read",)


@pytest.mark.requirement("11.9")
def test_what_the_first_version_wrote_is_still_read() -> None:
    stored = {
        "in_force_a": 32.0,
        "hold": None,
        "last_draw_s": 12,
        "override": {"made_at": NOW.isoformat(), "has_seen_vehicle": True},
    }
    override = Override(made_at=NOW, kind=OverrideKind.CHARGE_NOW, has_seen_vehicle=True)
    assert recover(Carry, stored) == (Carry(in_force_a=32.0, last_draw_s=12, override=override), ())


def test_a_field_of_a_newer_version_is_named_and_left() -> None:
    assert recover(Carry, {"in_force_a": 6, "boost": "blue"}) == (Carry(in_force_a=6.0), ("Carry has no field boost",))


def test_a_session_that_does_not_say_when_it_began_is_dropped() -> None:
    stored = to_plain(FULL_SESSION)
    stored["plugged_in_at"] = "1970"
    recovered, dropped = recover(Session, stored)
    assert recovered is None
    assert dropped == ("Session.plugged_in_at cannot be read", "Session lacks a field that it needs")


@pytest.mark.parametrize("stored", [None, [], "carry", 7])
def test_a_file_that_holds_something_else_is_dropped(stored) -> None:
    assert recover(Carry, stored) == (None, ("Carry is not stored as a mapping",))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from([FULL, FULL_SESSION]), st.data())
def test_no_damage_raises(value, data) -> None:
    stored = to_plain(value)
    place = stored
    key = data.draw(st.sampled_from(sorted(place)))
    while isinstance(place[key], dict) and data.draw(st.booleans()):
        place = place[key]
        key = data.draw(st.sampled_from(sorted(place)))
    place[key] = data.draw(JSON)
    recovered, dropped = recover(type(value), stored)
    assert recovered is None or isinstance(recovered, type(value))
    assert recovered is not None or dropped
