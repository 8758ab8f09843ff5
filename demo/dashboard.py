"""The dashboard, from Home Assistant's own cards: one section per charge point, one view of history."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
import json
from typing import Any

from .site import GRID_METER, HOUSE

type Card = dict[str, Any]
type Keys = Mapping[tuple[str, str], str]
"""Entity ids by platform and key."""

WHY = "### {{{{ state_attr('{why}', 'sentence') or state_translated('{why}') }}}}"

LIMITED = "binary_sensor.site_limited_by_supply"
HEADROOM = "sensor.site_supply_headroom_l1"
"""There as soon as the main fuse is entered."""

SUPPLY = """\
{{% if is_state('{limited}', 'on') %}}### The house needs it, so charging takes less
{{% else %}}### The supply carries it all{{% endif %}}"""

TWELVE_MONTHS_DAYS = 337
"""Home Assistant shows whole months: so far back lie eleven before this one, and in its first days a twelfth."""

PROTOCOLS = {"modbus": "Modbus TCP", "ocpp": "OCPP 1.6"}

SET_BY_OWNER = {"number", "select", "switch", "time"}
BY_HAND = {"charge_now", "stop", "end", "end_duration", "end_energy", "end_time"}
"""Controls of the first view, which are no settings."""

DELAYED = ["delayed_start", "delayed_stop", "delayed_change"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ChargePointOnDashboard:
    """One charge point as the dashboard shows it."""

    name: str
    protocol: str
    entities: Keys
    entry_id: str = ""


def build_dashboard(charge_points: Iterable[ChargePointOnDashboard], site: Keys) -> str:
    """Return the dashboard as the YAML that Home Assistant reads."""
    shown = list(charge_points)
    views = [
        {
            "title": "Now",
            "path": "now",
            "icon": "mdi:ev-station",
            "type": "sections",
            "max_columns": 3,
            "sections": [*(_now(charge_point) for charge_point in shown), _house(site)],
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
            *_switches(of),
            *_until_when(of),
            _skip(of),
            _tile(
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


def _switches(of: Keys) -> Iterable[Card]:
    """Return what sets the rules aside."""
    yield _tile(
        of["switch", "charge_now"],
        "Charge now",
        color="green",
        icon="mdi:lightning-bolt",
        features=[{"type": "toggle"}],
        grid_options={"columns": 6, "rows": 2},
    )
    yield _tile(
        of["switch", "stop"],
        "Stop",
        color="red",
        icon="mdi:stop-circle-outline",
        features=[{"type": "toggle"}],
        grid_options={"columns": 6, "rows": 2},
    )


def _skip(of: Keys) -> Card:
    """Return what lets happen now what the random delay holds back, while it does."""
    return _tile(
        of["button", "skip_delay"],
        "Random delay",
        color="orange",
        hide_state=True,
        features=[{"type": "button", "action_name": "Skip"}],
        features_position="inline",
        visibility=[{"condition": "state", "entity": of["sensor", "why"], "state": DELAYED}],
        grid_options={"columns": "full", "rows": 1},
    )


def _until_when(of: Keys) -> Iterable[Card]:
    """Return what ends Charge now or Stop, and beside it what that needs."""
    select = of["select", "end"]
    yield _tile(
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
        yield _tile(
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


def _house(of: Keys) -> Card:
    """Return what all charge points share: the supply, and what electricity costs."""
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": "The house", "heading_style": "title", "icon": "mdi:home-lightning-bolt"},
            {
                "type": "markdown",
                "content": SUPPLY.format(limited=LIMITED),
                "grid_options": {"columns": "full"},
            },
            _tile(
                HOUSE,
                "The rest of the house: move me",
                color="purple",
                features=[{"type": "numeric-input", "style": "slider"}],
                grid_options={"columns": "full", "rows": 2},
            ),
            _tile(GRID_METER, "Grid meter", color="indigo", grid_options={"columns": 6}),
            _tile(
                HEADROOM,
                "Supply left",
                color="green",
                visibility=[{"condition": "state", "entity": HEADROOM, "state_not": "unavailable"}],
                grid_options={"columns": 6},
            ),
            _tile(of["sensor", "price"], "Price now", color="amber", grid_options={"columns": 6}),
            _tile(of["sensor", "next_cheap_start"], "Cheap from", color="teal", grid_options={"columns": 6}),
            {
                "type": "history-graph",
                "title": "The last quarter of an hour",
                "hours_to_show": 0.25,
                "grid_options": {"columns": "full"},
                "entities": [
                    {"entity": GRID_METER, "name": "Grid meter"},
                    {"entity": HOUSE, "name": "Rest of the house"},
                ],
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
    """Return when something changes by itself; where nothing does, or a switch is on, how long the vehicle is here."""
    seen = ((of["switch", "charge_now"], "on"), (of["switch", "stop"], "on"), (of["sensor", "next_change"], "unknown"))
    forced = {
        "condition": "or",
        "conditions": [{"condition": "state", "entity": entity, "state": state} for entity, state in seen],
    }
    duration = _tile(of["sensor", "session_duration"], "Plugged in for", color="blue")
    yield {"type": "conditional", "conditions": [forced], "card": duration}
    next_change = _tile(of["sensor", "next_change"], "Next change", color="blue")
    yield {"type": "conditional", "conditions": [{"condition": "not", "conditions": [forced]}], "card": next_change}


def _months(point: ChargePointOnDashboard) -> Card:
    of = point.entities
    sums = (
        ("month_import", "This month", "amber"),
        ("year_import", "Last 12 months", "amber"),
        ("month_cost", "Cost this month", "green"),
        ("year_cost", "Cost, 12 months", "green"),
    )
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": point.name, "heading_style": "title", "icon": "mdi:chart-bar"},
            {
                "type": "statistics-graph",
                "title": "Energy by month",
                "chart_type": "bar",
                "period": "month",
                "days_to_show": TWELVE_MONTHS_DAYS,
                "stat_types": ["change"],
                "hide_legend": True,
                "entities": [f"smart_charge:{point.entry_id.lower()}_import"],
                "grid_options": {"columns": "full", "rows": 6},
            },
            *(_tile(of["sensor", key], name, color=color, grid_options={"columns": 6}) for key, name, color in sums),
        ],
    }


def _settings(point: ChargePointOnDashboard) -> Card:
    of = point.entities
    in_order = sorted(of, key=lambda key: (key[0], key[1].replace("_end", "_until")))  # each window's start first
    settings = (key for key in in_order if key[0] in SET_BY_OWNER and key[1] not in BY_HAND)
    listed = [row for key in settings for row in (*_days(key[1], of[key]), _row(of[key]))]
    read = [_row(of[key]) for key in sorted(of) if key[0] in {"sensor", "binary_sensor"}]
    return {
        "type": "grid",
        "cards": [
            {"type": "heading", "heading": point.name, "heading_style": "title", "icon": "mdi:tune-variant"},
            _list("Settings", listed),
            _list(f"Readings, by {PROTOCOLS[point.protocol]}", read),
        ],
    }


def _days(key: str, entity: str) -> Iterable[Card]:
    """Return above the start of a window on which days it starts."""
    if key.startswith("default_hours_") and key.endswith("_start"):
        number = key.removeprefix("default_hours_").removesuffix("_start")
        yield {"type": "attribute", "entity": entity, "attribute": "days", "name": f"Hours {number} on"}


def _row(entity: str) -> Card:
    """Return a row with the entity's own name, without the charge point's."""
    return {"entity": entity, "name": {"type": "entity"}}


def _list(title: str, rows: Iterable[Card]) -> Card:
    return {
        "type": "entities",
        "title": title,
        "show_header_toggle": False,
        "entities": list(rows),
        "grid_options": {"columns": "full"},
    }


def _tile(entity: str, name: str, **more: Any) -> Card:
    return {"type": "tile", "entity": entity, "name": name, "vertical": False, **more}
