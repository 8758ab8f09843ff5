"""The message schemas of OCPP 1.6, compiled once: strict for what we send, a report for what we receive."""

from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
import json
from typing import Any

import fastjsonschema

type Validator = Callable[[Any], Any]


@cache
def load() -> Mapping[str, Validator]:
    """Read and compile every schema. Blocking, some 0.2 s: call it in an executor first.

    Keys are message names; answers end in ``Response``.
    """
    folder = files("ocpp.v16") / "schemas"
    return {
        entry.name.removesuffix(".json"): fastjsonschema.compile(json.loads(entry.read_text("utf-8-sig")))
        for entry in folder.iterdir()
        if entry.name.endswith(".json")
    }


def complaint(message: str, payload: Any) -> str | None:
    """Say what the schema of ``message`` finds wrong with ``payload``; None when it is right.

    A message without a schema is wrong: we could not know what we say.
    """
    validate = load().get(message)
    if validate is None:
        return f"OCPP 1.6 has no message {message}"
    try:
        validate(payload)
    except fastjsonschema.JsonSchemaValueException as err:
        return str(err.message)
    return None
