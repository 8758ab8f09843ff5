"""Walks through flows as a person does, and insists that every screen has its words."""

from collections.abc import Mapping
from contextlib import suppress
from itertools import count
import json
import os
from pathlib import Path
import re
import socket
from typing import Any

from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import config_validation as cv
import probatio

COMPONENT = Path(__file__).parent.parent / "custom_components" / "smart_charge"
ENGLISH = json.loads((COMPONENT / "translations" / "en.json").read_text())


def readable(result: Mapping[str, Any], flow: str = "config") -> dict[str, Any]:
    """Return the result after checking that a browser can show it, in words with every placeholder filled."""
    words = ENGLISH[flow]
    filled = set(result.get("description_placeholders") or ())
    match result["type"]:
        case FlowResultType.ABORT if "translation_domain" not in result:
            _check(words["abort"][result["reason"]], filled)
        case FlowResultType.MENU:
            step = words["step"][result["step_id"]]
            _check(step.get("description", step["title"]), filled)
            assert set(step["menu_options"]) == set(result["menu_options"])
        case FlowResultType.FORM:
            step = words["step"][result["step_id"]]
            _check(step.get("description", step["title"]), filled)
            _check_fields(step, result["data_schema"])
            json.dumps(probatio.to_field_list(result["data_schema"], custom_serializer=cv.custom_serializer))
            for error in (result["errors"] or {}).values():
                _check(words["error"][error], filled)
        case FlowResultType.SHOW_PROGRESS:
            _check(words["progress"][result["progress_action"]], filled)
    return dict(result)


def _check_fields(step: dict[str, Any], schema: probatio.Schema) -> None:
    fields = {str(key) for key in schema.schema}
    assert fields <= set(step.get("data", {})) | set(step.get("sections", {}))


def _check(text: str, filled: set[str]) -> None:
    missing = set(re.findall(r"\{(\w+)\}", text)) - filled
    assert not missing, f"{missing} not filled in: {text}"


def suggested(result: Mapping[str, Any], field: str) -> Any:
    """Return what a form's field is filled with."""
    return next(key.description["suggested_value"] for key in result["data_schema"].schema if key == field)


def in_words(rows: Any) -> Any:
    """Return stored hours as a list shows them: "Mon" for "mon", and times without seconds."""
    if not isinstance(rows, list):
        return rows
    return [
        row | {"days": [day.title() for day in row["days"]], "start": row["start"][:5], "end": row["end"][:5]}
        for row in rows
    ]


_PORTS = count(20_000 + os.getpid() * 150 % 10_000)


def free_port() -> int:
    """A port that nobody listens on, that no other test process looks at, and that no outgoing call is given."""
    for port in _PORTS:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")
