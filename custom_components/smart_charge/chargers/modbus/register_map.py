"""Read register maps: ours, and those the owner drops into a folder. Blocking: run it in an executor."""

from pathlib import Path
from typing import Any, Final, override

import probatio as vol
import yaml  # type: ignore[import-untyped]

from .map_build import build
from .map_checks import check
from .map_model import MapError, RegisterMap
from .map_schema import MAP

__all__ = ["MapError", "Maps", "RegisterMap", "load_maps", "parse_map"]

OURS: Final = Path(__file__).parent / "maps"
MAX_BYTES: Final = 256 * 1024


class Maps(dict[str, RegisterMap]):
    """Register maps by id. ``errors`` says, by file name, why a file of the owner's is not among them."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: dict[str, str] = {}


def load_maps(extra: Path | None = None) -> Maps:
    """Read our maps and those in the folder ``extra``, which may replace ours by having their id.

    Raises:
        MapError: one of our own files is broken.
    """
    maps = Maps()
    for path in sorted(OURS.glob("*.yaml")):
        _add(maps, path)
    if extra is None or not extra.exists():
        return maps
    try:
        paths = sorted(path for path in extra.iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError as err:
        maps.errors[extra.name] = f"cannot be read: {err.strerror}"
        return maps
    for path in paths:
        try:
            _add(maps, path)
        except MapError as err:
            maps.errors[path.name] = str(err)
    return maps


def _add(maps: Maps, path: Path) -> None:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MapError(f"larger than {MAX_BYTES // 1024} KiB")
        text = path.read_text(encoding="utf-8")
    except OSError as err:
        raise MapError(f"cannot be read: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise MapError("not UTF-8 text") from err
    register_map = parse_map(text)
    maps[register_map.id] = register_map


def parse_map(text: str) -> RegisterMap:
    """Turn the text of one file into a map.

    Raises:
        MapError: it is not YAML, has unknown or missing keys, or does not add up.
    """
    try:
        raw = yaml.load(text, Loader=_StrictLoader)  # noqa: S506  it is a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as err:
        raise MapError(f"not valid YAML: {err}") from err
    try:
        data = MAP(raw)
    except vol.MultipleInvalid as err:
        raise MapError("; ".join(str(error) for error in err.errors)) from err
    return check(build(data))


class _StrictLoader(yaml.SafeLoader):  # type: ignore[misc]
    """Refuses a key given twice, which would silently lose the first, and aliases, which can grow without end."""

    @override
    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not allowed")
        return super().compose_node(parent, index)

    @override
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.YAMLError(f"{key.value!r} is given twice, line {key.start_mark.line + 1}")
            if isinstance(key.value, str):
                seen.add(key.value)
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping
