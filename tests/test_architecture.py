"""Who may import whom, read from the source itself: the rules that the import contracts cannot say."""

import ast
from collections.abc import Iterator
from pathlib import Path
import subprocess
import sys

import pytest

REPOSITORY = Path(__file__).parent.parent
COMPONENT = REPOSITORY / "custom_components" / "smart_charge"
SOURCES = sorted(path for path in COMPONENT.rglob("*.py") if "__pycache__" not in path.parts)
INNER_FLOORS = ("charging", "chargers", "records", "security")
PLATFORMS = ("sensor", "binary_sensor", "switch", "number", "select", "time", "button", "event", "calendar", "update")


def name_of(path: Path) -> str:
    """Return a source's dotted name inside the component, such as ``charging.decide``."""
    parts = path.relative_to(COMPONENT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> Iterator[str]:
    """Yield what a source imports: our own modules by their name inside the component after a dot, others in full."""
    package = path.relative_to(COMPONENT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1]
            base = ".".join((*above, node.module)) if node.module else ".".join(above)
            yield f".{base}"
            yield from (f".{base}.{alias.name}".replace("..", ".") for alias in node.names)


def sources_in(*floors: str) -> list[Path]:
    """Return the sources of these packages or modules."""
    return [path for path in SOURCES if name_of(path).partition(".")[0] in floors]


@pytest.mark.parametrize("path", sources_in("charging"), ids=name_of)
def test_charging_imports_the_standard_library_and_itself(path: Path) -> None:
    banned = {"logging", "random", "secrets", "asyncio", "time", "socket", "threading", "os"}
    for imported in imports_of(path):
        if imported.startswith("."):
            assert imported.startswith(".charging"), imported
        else:
            root = imported.partition(".")[0]
            assert root in sys.stdlib_module_names, imported
            assert root not in banned, imported


@pytest.mark.parametrize("path", sources_in("charging"), ids=name_of)
def test_charging_never_asks_what_time_it_is(path: Path) -> None:
    asked = {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"now", "utcnow", "today"}
        and isinstance(node.ctx, ast.Load)
        if isinstance(node.value, ast.Name) and node.value.id in {"datetime", "date", "dt_util"}
    }
    assert not asked


@pytest.mark.parametrize("path", sources_in("chargers"), ids=name_of)
def test_chargers_know_charging_model_but_not_home_assistant(path: Path) -> None:
    for imported in imports_of(path):
        assert imported.partition(".")[0] != "homeassistant", imported
        if imported.startswith("."):
            assert imported.startswith((".chargers", ".charging")), imported
            assert not imported.startswith((".charging.decide", ".charging.override", ".charging.random_delay")), (
                imported
            )


@pytest.mark.parametrize("path", sources_in("records", "security"), ids=name_of)
def test_records_with_security_are_strangers(path: Path) -> None:
    own = name_of(path).partition(".")[0]
    for imported in imports_of(path):
        assert imported.partition(".")[0] != "homeassistant", imported
        if imported.startswith("."):
            assert imported.startswith((f".{own}", ".charging")), imported


@pytest.mark.parametrize("path", sources_in(*PLATFORMS, "entity"), ids=name_of)
def test_platforms_call_no_charger(path: Path) -> None:
    for imported in imports_of(path):
        if imported.startswith("."):
            assert not imported.startswith((".chargers.modbus", ".chargers.ocpp", ".records", ".security")), imported
            assert not imported.startswith((".listener", ".storage", ".charging.decide")), imported


HANDS = ("asking", "leaving")
"""What the coordinator alone owns and speaks to a charge point with."""


def test_only_the_coordinator_decides_or_commands() -> None:
    commands = {"apply", "leave_behind", "hand_back"}
    for path in SOURCES:
        name = name_of(path)
        if name in ("coordinator", *HANDS) or name.partition(".")[0] in INNER_FLOORS:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if isinstance(node.func.value, ast.Name) and node.func.value.id == "coordinator":
                    continue  # asks the coordinator to
                assert node.func.attr not in commands, f"{name} line {node.lineno}"
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "decide", f"{name} line {node.lineno}"


def test_only_the_coordinator_has_hands() -> None:
    for path in SOURCES:
        if name_of(path) not in ("coordinator", *HANDS):
            assert not [name for name in imports_of(path) if name.startswith(tuple(f".{hand}" for hand in HANDS))], path


def test_the_simulator_imports_nothing_of_ours() -> None:
    for path in sorted((REPOSITORY / "simulator").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names = [node.module or ""]
            assert not [name for name in names if name.partition(".")[0] in {"custom_components", "homeassistant"}], (
                path
            )


LOAD_BY_LOCATION = """
import importlib.util, sys
spec = importlib.util.spec_from_file_location("charging", sys.argv[1], submodule_search_locations=[sys.argv[2]])
package = importlib.util.module_from_spec(spec)
sys.modules["charging"] = package
spec.loader.exec_module(package)
for name in sys.argv[3:]:
    importlib.import_module("charging." + name)
strangers = {"homeassistant", "logging", "random", "asyncio", "probatio", "aiohttp"} & set(sys.modules)
assert not strangers, strangers
print(len(sys.argv[3:]))
"""


def test_charging_loads_without_home_assistant() -> None:
    folder = COMPONENT / "charging"
    modules = [path.stem for path in sorted(folder.glob("*.py")) if path.stem != "__init__"]
    run = subprocess.run(
        [sys.executable, "-I", "-c", LOAD_BY_LOCATION, str(folder / "__init__.py"), str(folder), *modules],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.stderr == ""
    assert run.stdout.strip() == str(len(modules))
