"""The cards of one charge point on the first view of the demo's dashboard."""

from collections.abc import Iterable, Mapping
from typing import Any

type Card = dict[str, Any]
type Keys = Mapping[tuple[str, str], str]
"""Entity ids by platform and key."""

WHY = "### {{{{ state_attr('{why}', 'sentence') or state_translated('{why}') }}}}"

DELAYED = ["delayed_start", "delayed_stop", "delayed_change"]


def now(name: str, of: Keys) -> Card:
    """Return what one charge point does now, and what can be done about it."""
    return {
        "type": "grid",
        "cards": [
            {
                "type": "heading",
                "heading": name,
                "heading_style": "title",
                "icon": "mdi:ev-station",
                "badges": [
                    {
                        "type": "entity",
                        "entity": of["binary_sensor", "connectivity"],
                        "show_state": False,
                        "show_icon": True,
                    },
                    {"type": "entity", "entity": of["binary_sensor", "cable_connected"], "show_state": True},
                ],
            },
            {
                "type": "markdown",
                "content": WHY.format(why=of["sensor", "why"]),
                "grid_options": {"columns": "full"},
            },
            *_power(of["sensor", "power"]),
            {
                "type": "vertical-stack",
                "grid_options": {"columns": 6, "rows": 3},
                "cards": [
                    tile(of["sensor", "status"], "Status", color="green"),
                    tile(of["sensor", "session_energy"], "This session", color="amber"),
                    *_what_comes(of),
                ],
            },
            *_switches(of),
            *_until_when(of),
            _skip(of),
            tile(
                of["select", "mode"],
                "Mode",
                color="blue",
                hide_state=True,
                features=[{"type": "select-options"}],  # below, where even a phone has room for the longest
                grid_options={"columns": "full", "rows": 2},
            ),
            {
                "type": "history-graph",
                "title": "The last quarter of an hour",
                "hours_to_show": 0.25,
                "grid_options": {"columns": "full"},
                "entities": [{"entity": of["sensor", "power"], "name": "Power"}],
            },
        ],
    }


def _power(entity: str) -> Iterable[Card]:
    """Return a gauge, and what stands in its place while there is no number, which a gauge would call an error."""
    has_number = {"condition": "numeric_state", "entity": entity, "above": -100_000}
    place = {"columns": 6, "rows": 3}
    yield {
        "type": "gauge",
        "entity": entity,
        "name": "Power",
        "min": 0,
        "max": 7500,
        "needle": True,
        "segments": [
            {"from": 0, "color": "#90a4ae"},
            {"from": 1300, "color": "#42a5f5"},
            {"from": 5000, "color": "#12a46e"},
        ],
        "visibility": [has_number],
        "grid_options": place,
    }
    yield {
        **tile(entity, "Power", color="grey"),
        "vertical": True,
        "visibility": [{"condition": "not", "conditions": [has_number]}],
        "grid_options": place,
    }


def _what_comes(of: Keys) -> Iterable[Card]:
    """Return when something changes by itself; where nothing does, or a switch is on, how long the vehicle is here."""
    seen = ((of["switch", "charge_now"], "on"), (of["switch", "stop"], "on"), (of["sensor", "next_change"], "unknown"))
    forced = {
        "condition": "or",
        "conditions": [{"condition": "state", "entity": entity, "state": state} for entity, state in seen],
    }
    duration = tile(of["sensor", "session_duration"], "Plugged in for", color="blue")
    yield {"type": "conditional", "conditions": [forced], "card": duration}
    next_change = tile(of["sensor", "next_change"], "Next change", color="blue")
    yield {"type": "conditional", "conditions": [{"condition": "not", "conditions": [forced]}], "card": next_change}


def _switches(of: Keys) -> Iterable[Card]:
    """Return what sets the rules aside."""
    yield tile(
        of["switch", "charge_now"],
        "Charge now",
        color="green",
        icon="mdi:lightning-bolt",
        features=[{"type": "toggle"}],
        grid_options={"columns": 6, "rows": 2},
    )
    yield tile(
        of["switch", "stop"],
        "Stop",
        color="red",
        icon="mdi:stop-circle-outline",
        features=[{"type": "toggle"}],
        grid_options={"columns": 6, "rows": 2},
    )


def _until_when(of: Keys) -> Iterable[Card]:
    """Return what ends Charge now or Stop, and beside it what that needs."""
    select = of["select", "end"]
    yield tile(
        select,
        "… until",
        color="blue",
        hide_state=True,
        features=[{"type": "select-options"}],
        features_position="inline",
        grid_options={"columns": "full", "rows": 1},
    )
    needed = (
        ("number", "end_duration", "duration", "Hours"),
        ("time", "end_time", "time", "Until"),
        ("number", "end_energy", "energy", "Amount"),
    )
    for platform, key, option, name in needed:
        yield tile(
            of[platform, key],
            name,
            color="blue",
            visibility=[{"condition": "state", "entity": select, "state": option}],
            grid_options={"columns": "full"},
            **_features(platform),
        )


def _features(platform: str) -> Card:
    if platform != "number":
        return {}  # a tap opens the clock
    return {"features": [{"type": "numeric-input", "style": "buttons"}], "features_position": "inline"}


def _skip(of: Keys) -> Card:
    """Return what lets happen now what the random delay holds back, while it does."""
    return tile(
        of["button", "skip_delay"],
        "Random delay",
        color="orange",
        hide_state=True,
        features=[{"type": "button", "action_name": "Skip"}],
        features_position="inline",
        visibility=[{"condition": "state", "entity": of["sensor", "why"], "state": DELAYED}],
        grid_options={"columns": "full", "rows": 1},
    )


def tile(entity: str, name: str, **more: Any) -> Card:
    """Return a card for one entity, with what ``more`` says of it."""
    return {"type": "tile", "entity": entity, "name": name, "vertical": False, **more}
