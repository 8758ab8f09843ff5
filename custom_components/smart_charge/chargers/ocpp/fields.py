"""Fields of a payload, checked one by one: what cannot be used is as if it were not there."""

from collections.abc import Mapping
import math
import re
from typing import Any

_NUMBER = re.compile(r"\s*([-+]?\d+(?:[.,]\d+)?(?:[eE][-+]?\d{1,3})?)\s*[^\d\s]*\s*")


def text(payload: Mapping[str, Any], key: str, longest: int) -> str | None:
    """Return a text, trimmed; None when it is empty or none. Numbers count as text (quirk Q31)."""
    value = payload.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        return None
    return "".join(char for char in value if char.isprintable()).strip()[:longest] or None


def number(value: object) -> float | None:
    """Return a finite number, however it is written: ``1,5``, ``"7"``, ``"16 A"``."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        try:
            result = float(value)
        except OverflowError:
            return None
        return result if math.isfinite(result) else None
    if isinstance(value, str) and (found := _NUMBER.fullmatch(value[:40])):
        result = float(found[1].replace(",", "."))
        return result if math.isfinite(result) else None
    return None


def whole(value: object) -> int | None:
    """Return a whole number."""
    result = number(value)
    return None if result is None or not result.is_integer() or abs(result) > 2**63 else int(result)


def boolean(value: object) -> bool | None:
    """Return a truth value, in any case (quirk Q31)."""
    match str(value).strip().casefold():
        case "true" | "1" | "yes" | "on":
            return True
        case "false" | "0" | "no" | "off":
            return False
    return None


def objects(value: object) -> list[dict[str, Any]]:
    """Return the objects of a list; a single one counts as a list of one."""
    if isinstance(value, dict):
        return [value]
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
