"""The dashboard, from Home Assistant's own cards: one section per charge point, one view of history."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import json
from typing import Any

type Card = dict[str, Any]
type Keys = Mapping[tuple[str, str], str]
"""Entity ids by platform and key."""

WHY = "### {{{{ state_attr('{why}', 'sentence') or state_translated('{why}') }}}}"

DELAYED = ["delayed_start", "delayed_stop", "delayed_change"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargePointOnDashboard:
    """One charge point as the dashboard shows it."""

    name: str
    protocol: str
    entities: Keys
    entry_id: str = ""


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
            "title": "Twelve months",
            "path": "months",
            "icon": "mdi:chart-bar",
            "type": "sections",
            "max_columns": 2,
            "sections": [_months(charge_point) for charge_point in shown],
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
            *_power(of["sensor", "power"]),
            {
                "type": "vertical-stack",
                "grid_options": {"columns": 6, "rows": 3},
                "cards": [
                    _tile(of["sensor", "status"], "Status", color="green"),
                    _tile(of["sensor", "session_energy"], "This session", color="amber"),
                    *_what_comes(of),
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
                of["switch", "stop"],
                "Stop",
                color="red",
                icon="mdi:stop-circle-outline",
                features=[{"type": "toggle"}],
                grid_options={"columns": 6, "rows": 2},
            ),
            _tile(
                of["button", "skip_delay"],
                "Do not wait for the delay",
                color="orange",
                hide_state=True,
                features=[{"type": "button", "action_name": "Skip"}],
                features_position="inline",
                visibility=[{"condition": "state", "entity": of["sensor", "why"], "state": DELAYED}],
                grid_options={"columns": "full", "rows": 1},
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
        **_tile(entity, "Power", color="grey"),
        "vertical": True,
        "visibility": [{"condition": "not", "conditions": [has_number]}],
        "grid_options": place,
    }


def _what_comes(of: Keys) -> Iterable[Card]:
    """Return when something changes by itself; Charge now lasts until the vehicle leaves, so how long it is here."""
    forced = {"condition": "state", "entity": of["switch", "charge_now"], "state": "on"}
    duration = _tile(of["sensor", "session_duration"], "Plugged in for", color="blue")
    yield {"type": "conditional", "conditions": [forced], "card": duration}
    next_change = _tile(of["sensor", "next_change"], "Next change", color="blue")
    yield {"type": "conditional", "conditions": [{"condition": "not", "conditions": [forced]}], "card": next_change}


def _months(point: ChargePointOnDashboard) -> Card:
    of = point.entities
    sums = (("today_import", "Today"), ("month_import", "This month"), ("year_import", "Last twelve months"))
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": point.name, "heading_style": "title", "icon": "mdi:chart-bar"},
            {
                "type": "statistics-graph",
                "title": "Energy by month",
                "chart_type": "bar",
                "period": "month",
                "days_to_show": 365,
                "stat_types": ["change"],
                "hide_legend": True,
                "entities": [f"smart_charge:{point.entry_id.lower()}_import"],
                "grid_options": {"columns": "full"},
            },
            *(_tile(of["sensor", key], name, color="amber", grid_options={"columns": 4}) for key, name in sums),
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
