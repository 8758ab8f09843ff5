"""Read register maps: ours, and those the owner drops into a folder. Blocking: run it in an executor."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, override

import probatio as vol
import yaml  # type: ignore[import-untyped]  # Home Assistant brings it, without its types

from .map_build import build
from .map_checks import check
from .map_model import MapError, RegisterMap
from .map_schema import MAP

__all__ = ["MapError", "Maps", "RegisterMap", "load_maps", "parse_map"]

OURS: Final = Path(__file__).parent / "maps"
MAX_BYTES: Final = 256 * 1024
MAX_FILES: Final = 100


class Maps(dict[str, RegisterMap]):
    """Register maps by id. ``errors`` says, by file name, why a file of the owner's is not among them.

    ``foreign`` holds the ids of those that are the owner's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.errors: dict[str, str] = {}
        self.foreign: set[str] = set()


def load_maps(extra: Path | None = None) -> Maps:
    """Read our maps and those in the folder ``extra``, which may replace ours by having their id.

    Raises:
        MapError: one of our own files is broken.
    """
    maps = Maps()
    maps.update(_ours())
    if extra is None or not extra.exists():
        return maps
    try:
        paths = sorted(path for path in extra.iterdir() if path.suffix in (".yaml", ".yml"))
    except OSError as err:
        maps.errors[extra.name] = f"cannot be read: {err.strerror}"
        return maps
    for path in paths[:MAX_FILES]:
        try:
            _add_foreign(maps, path)
        except MapError as err:
            maps.errors[path.name] = str(err)
    for path in paths[MAX_FILES:]:
        maps.errors[path.name] = f"there are more than {MAX_FILES} files"
    return maps


@cache
def _ours() -> Mapping[str, RegisterMap]:
    """Read our own files: once, as they are part of the code, and by the quick parser, as they are known to be well."""
    quick = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = [parse_map(_text_of(path), quick) for path in sorted(OURS.glob("*.yaml"))]
    return {register_map.id: register_map for register_map in found}


def _add_foreign(maps: Maps, path: Path) -> None:
    """Add a file of the owner's: a plain one, in the folder itself, and the only one with its id."""
    if path.is_symlink():
        raise MapError("a link; put the file itself into the folder")
    if not path.is_file():
        raise MapError("not a file")
    register_map = parse_map(_text_of(path))
    if register_map.id in maps.foreign:
        raise MapError(f"another file has the id {register_map.id} too")
    maps[register_map.id] = register_map
    maps.foreign.add(register_map.id)


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise MapError(f"larger than {MAX_BYTES // 1024} KiB")
        return path.read_text(encoding="utf-8")
    except OSError as err:
        raise MapError(f"cannot be read: {err.strerror}") from err
    except UnicodeDecodeError as err:
        raise MapError("not UTF-8 text") from err


class _StrictLoader(yaml.SafeLoader):  # type: ignore[misc]  # untyped, see above
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


def parse_map(text: str, loader: type[Any] = _StrictLoader) -> RegisterMap:
    """Turn the text of one file into a map.

    Raises:
        MapError: it is not YAML, has unknown or missing keys, or does not add up.
    """
    try:
        raw = yaml.load(text, Loader=loader)  # noqa: S506  it is a SafeLoader
    except (yaml.YAMLError, RecursionError, ValueError) as err:
        raise MapError(f"not valid YAML: {err}") from err
    try:
        data = MAP(raw)
    except vol.MultipleInvalid as err:
        raise MapError("; ".join(_worded(error, text) for error in err.errors)) from err
    return check(build(data))


def _worded(error: vol.Invalid, text: str) -> str:
    """Say which field is wrong, and the line of the register or part that it is in."""
    where = [str(part) for part in error.path]
    line = _line_of(where, text)
    at = f" (line {line})" if line is not None else ""
    return f"{'.'.join(where) or 'the file'}: {error.error_message}{at}"


def _line_of(where: list[str], text: str) -> int | None:
    """Return the line of the deepest key of a path that the file has."""
    try:
        node = yaml.compose(text, Loader=_StrictLoader)
    except yaml.YAMLError:
        return None
    line: int | None = None
    for part in where:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == part), None)
            if found is None:
                return line
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and part.isdecimal() and int(part) < len(node.value):
            node = node.value[int(part)]
            line = node.start_mark.line + 1
        else:
            return line
    return line
