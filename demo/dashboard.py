"""The dashboard, from Home Assistant's own cards: one section per charge point, one view of history."""

from collections.abc import Iterable
from dataclasses import dataclass
import json

from .charge_point_cards import Card, Keys, now, tile
from .site import GRID_METER, HOUSE

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
            "sections": [*(now(charge_point.name, charge_point.entities) for charge_point in shown), _house(site)],
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
            tile(
                HOUSE,
                "The rest of the house: move me",
                color="purple",
                features=[{"type": "numeric-input", "style": "slider"}],
                grid_options={"columns": "full", "rows": 2},
            ),
            tile(GRID_METER, "Grid meter", color="indigo", grid_options={"columns": 6}),
            tile(
                HEADROOM,
                "Supply left",
                color="green",
                visibility=[{"condition": "state", "entity": HEADROOM, "state_not": "unavailable"}],
                grid_options={"columns": 6},
            ),
            tile(of["sensor", "price"], "Price now", color="amber", grid_options={"columns": 6}),
            tile(of["sensor", "next_cheap_start"], "Cheap from", color="teal", grid_options={"columns": 6}),
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
            *(tile(of["sensor", key], name, color=color, grid_options={"columns": 6}) for key, name, color in sums),
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
