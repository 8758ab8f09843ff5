"""The dashboard, from Home Assistant's own cards: one section per charge point, one view of history."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import json
from typing import Any

type Card = dict[str, Any]
type Keys = Mapping[tuple[str, str], str]
"""Entity ids by platform and key."""

WHY = "## {{{{ state_attr('{why}', 'sentence') or state_translated('{why}') }}}}"


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargePointOnDashboard:
    """One charge point as the dashboard shows it."""

    name: str
    protocol: str
    entities: Keys


def build_dashboard(charge_points: Iterable[ChargePointOnDashboard]) -> str:
    """Return the dashboard as the YAML that Home Assistant reads."""
    shown = list(charge_points)
    views = [
        {
            "title": "Now",
            "path": "now",
            "icon": "mdi:ev-station",
            "type": "sections",
            "max_columns": 2,
            "sections": [_now(charge_point) for charge_point in shown],
        },
        {
            "title": "Settings",
            "path": "settings",
            "icon": "mdi:tune-variant",
            "type": "sections",
            "max_columns": 2,
            "sections": [_settings(charge_point) for charge_point in shown],
        },
    ]
    return json.dumps({"title": "EV charging", "views": views}, indent=2)  # which is YAML too


def _now(point: ChargePointOnDashboard) -> Card:
    of = point.entities
    return {
        "type": "grid",
        "cards": [
            {
                "type": "heading",
                "heading": point.name,
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
            {
                "type": "gauge",
                "entity": of["sensor", "power"],
                "name": "Power",
                "min": 0,
                "max": 7500,
                "needle": True,
                "segments": [
                    {"from": 0, "color": "#90a4ae"},
                    {"from": 1300, "color": "#42a5f5"},
                    {"from": 5000, "color": "#12a46e"},
                ],
                "grid_options": {"columns": 6, "rows": 3},
            },
            {
                "type": "vertical-stack",
                "grid_options": {"columns": 6, "rows": 3},
                "cards": [
                    _tile(of["sensor", "status"], "Status", color="green"),
                    _tile(of["sensor", "session_energy"], "This session", color="amber"),
                    _tile(of["sensor", "next_change"], "Next change", color="blue"),
                ],
            },
            _tile(
                of["switch", "charge_now"],
                "Charge now",
                color="green",
                icon="mdi:lightning-bolt",
                features=[{"type": "toggle"}],
                grid_options={"columns": 6, "rows": 2},
            ),
            _tile(
                of["button", "skip_delay"],
                "Skip delay",
                color="orange",
                hide_state=True,
                features=[{"type": "button", "action_name": "Skip"}],
                grid_options={"columns": 6, "rows": 2},
            ),
            _tile(
                of["select", "mode"],
                "Mode",
                color="blue",
                features=[{"type": "select-options"}],
                features_position="inline",
                grid_options={"columns": "full", "rows": 1},
            ),
            *(
                _tile(of["sensor", key], name, color="teal", grid_options={"columns": 6, "rows": 1})
                for key, name in (("setpoint", "Asked for"), ("drawn", "Drawn"))
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


def _settings(point: ChargePointOnDashboard) -> Card:
    of = point.entities
    listed = [of[key] for key in sorted(of) if key[0] in {"number", "select", "switch", "time"}]
    read = [of[key] for key in sorted(of) if key[0] in {"sensor", "binary_sensor"}]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": point.name, "heading_style": "title", "icon": "mdi:tune-variant"},
            {"type": "entities", "title": "Settings", "entities": listed, "grid_options": {"columns": "full"}},
            {
                "type": "entities",
                "title": f"By {point.protocol}",
                "entities": read,
                "grid_options": {"columns": "full"},
            },
        ],
    }


def _tile(entity: str, name: str, **more: Any) -> Card:
    return {"type": "tile", "entity": entity, "name": name, "vertical": False, **more}
