"""What hassfest and HACS would say of the integration's own files, without the network."""

import ast
from importlib.metadata import requires
import json
from pathlib import Path
import re
from typing import Any

import homeassistant.components
from homeassistant.helpers.service import _SERVICES_SCHEMA
from homeassistant.util.yaml import load_yaml
from packaging.requirements import Requirement
from PIL import Image
import pytest

REPOSITORY = Path(__file__).parent.parent
COMPONENT = REPOSITORY / "custom_components" / "smart_charge"
SOURCES = [path for path in sorted(COMPONENT.rglob("*.py")) if "__pycache__" not in path.parts]
MANIFEST: dict[str, Any] = json.loads((COMPONENT / "manifest.json").read_text())
PLATFORMS = {
    "binary_sensor", "button", "calendar", "date", "datetime", "event", "number", "select", "sensor", "switch",
    "text", "time", "update",
}  # fmt: skip

# Core components that any integration may import without naming them (hassfest's own list).
ALWAYS_ALLOWED = PLATFORMS | {
    "automation", "conversation", "frontend", "hassio", "homeassistant", "panel_custom", "persistent_notification",
    "sun", "system_health", "webhook", "websocket_api",
}  # fmt: skip

RULES = {
    "bronze": """action-setup appropriate-polling brands common-modules config-flow config-flow-test-coverage
        dependency-transparency docs-actions docs-conditions docs-high-level-description
        docs-installation-instructions docs-removal-instructions docs-triggers entity-event-setup entity-unique-id
        has-entity-name runtime-data test-before-configure test-before-setup unique-config-entry""",
    "silver": """action-exceptions config-entry-unloading docs-configuration-parameters docs-installation-parameters
        entity-unavailable integration-owner log-when-unavailable parallel-updates reauthentication-flow
        test-coverage""",
    "gold": """devices diagnostics discovery discovery-update-info docs-data-update docs-examples
        docs-known-limitations docs-supported-devices docs-supported-functions docs-troubleshooting docs-use-cases
        dynamic-devices entity-category entity-device-class entity-disabled-by-default entity-translations
        exception-translations icon-translations reconfiguration-flow repair-issues stale-devices""",
    "platinum": "async-dependency inject-websession strict-typing",
}
ALL_RULES = {rule for rules in RULES.values() for rule in rules.split()}


def test_manifest_keys_are_in_the_order_that_hassfest_asks() -> None:
    assert list(MANIFEST) == ["domain", "name", *sorted(set(MANIFEST) - {"domain", "name"})]


def test_manifest_says_what_a_custom_integration_must() -> None:
    assert MANIFEST["domain"] == COMPONENT.name
    assert MANIFEST["config_flow"] is True
    assert MANIFEST["integration_type"] == "device"
    assert MANIFEST["iot_class"] == "local_push"
    assert re.fullmatch(r"\d+\.\d+\.\d+(b\d+)?", MANIFEST["version"])
    assert all(re.fullmatch(r"@[\w-]+(/[\w-]+)?", owner) for owner in MANIFEST["codeowners"])
    assert MANIFEST["codeowners"]
    assert MANIFEST["documentation"].startswith("https://")
    assert MANIFEST["issue_tracker"].startswith("https://")


def test_manifest_lists_are_sorted_without_doubles() -> None:
    for key in ("dependencies", "after_dependencies", "codeowners", "loggers", "requirements"):
        listed = MANIFEST.get(key, [])
        assert listed == sorted(set(listed)), key
    assert not set(MANIFEST["dependencies"]) & set(MANIFEST.get("after_dependencies", []))


def test_manifest_pins_its_requirements_as_the_tests_do() -> None:
    tested = (REPOSITORY / "requirements" / "test.txt").read_text()
    for requirement in map(Requirement, MANIFEST["requirements"]):
        pinned = [clause for clause in requirement.specifier if clause.operator == "=="]
        assert pinned, requirement
        assert f"{requirement.name}=={pinned[0].version}" in tested


def test_manifest_leaves_home_assistants_own_requirements_alone() -> None:
    own = {Requirement(text).name.lower() for text in requires("homeassistant") or ()}
    assert not own & {Requirement(text).name.lower() for text in MANIFEST["requirements"]}


def core_components_imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
            if node.module == "homeassistant.components":
                names = [f"homeassistant.components.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name.split(".")[2] for name in names if name.startswith("homeassistant.components.")}
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(COMPONENT)))
def test_every_core_component_imported_is_a_dependency(path: Path) -> None:
    known = ALWAYS_ALLOWED | {*MANIFEST["dependencies"], *MANIFEST.get("after_dependencies", [])}
    known |= {key for key in ("zeroconf", "dhcp") if key in MANIFEST}
    known |= {path.stem}  # a platform file may import the component whose platform it is
    assert core_components_imported(path) <= known


def test_every_dependency_is_a_core_component() -> None:
    core = Path(homeassistant.components.__path__[0])
    for name in (*MANIFEST["dependencies"], *MANIFEST.get("after_dependencies", [])):
        assert (core / name / "manifest.json").is_file(), name


def test_every_service_type_announced_is_lower_case() -> None:
    for announced in MANIFEST.get("zeroconf", []):
        matcher = {"type": announced} if isinstance(announced, str) else announced
        assert re.fullmatch(r"_[a-z0-9-]+\._(tcp|udp)\.local\.", matcher["type"])
        assert not [value for key, value in matcher.items() if key != "type" and str(value) != str(value).lower()]


def test_every_platform_says_how_many_updates_run_at_once() -> None:
    for path in COMPONENT.glob("*.py"):
        if path.stem in PLATFORMS:
            assert re.search(r"^PARALLEL_UPDATES = [01]$", path.read_text(), re.MULTILINE), path.name


def test_quality_scale_answers_every_rule() -> None:
    rules = load_yaml(str(COMPONENT / "quality_scale.yaml"))["rules"]
    assert len(ALL_RULES) == 54
    assert set(rules) == ALL_RULES
    for rule, answer in rules.items():
        if isinstance(answer, str):
            assert answer in {"done", "todo"}, rule
        else:
            assert answer["status"] in {"exempt", "todo", "done"}, rule
            assert answer["comment"].strip(), rule


def test_services_file_is_what_home_assistant_reads() -> None:
    _SERVICES_SCHEMA(load_yaml(str(COMPONENT / "services.yaml")))


def test_every_action_registered_is_described() -> None:
    described = set(load_yaml(str(COMPONENT / "services.yaml")))
    translations = json.loads((COMPONENT / "translations" / "en.json").read_text())["services"]
    icons = json.loads((COMPONENT / "icons.json").read_text())["services"]
    assert described == set(translations) == set(icons)
    source = "".join(path.read_text() for path in SOURCES)
    assert not [name for name in described if f'"{name}"' not in source]


def test_every_field_of_an_action_is_named() -> None:
    translations = json.loads((COMPONENT / "translations" / "en.json").read_text())["services"]
    for action, description in load_yaml(str(COMPONENT / "services.yaml")).items():
        fields = set((description or {}).get("fields", {}))
        named = translations[action].get("fields", {})
        assert fields == set(named), action
        assert all(text["name"] and text["description"] for text in named.values())


@pytest.mark.parametrize("theme", ["", "dark_"])
def test_brand_pictures_have_the_sizes_asked(theme: str) -> None:
    for suffix, side in (("", 256), ("@2x", 512)):
        with Image.open(COMPONENT / "brand" / f"{theme}icon{suffix}.png") as icon:
            assert icon.size == (side, side)
        with Image.open(COMPONENT / "brand" / f"{theme}logo{suffix}.png") as logo:
            assert side // 2 <= min(logo.size) <= side


def test_hacs_file_has_only_the_keys_that_hacs_knows() -> None:
    hacs = json.loads((REPOSITORY / "hacs.json").read_text())
    known = {
        "name", "homeassistant", "hacs", "country", "filename", "zip_release", "content_in_root", "render_readme",
        "hide_default_branch", "persistent_directory",
    }  # fmt: skip
    assert set(hacs) <= known
    assert hacs["name"] == MANIFEST["name"]
    assert hacs["homeassistant"] == "2026.10.0"
    assert (REPOSITORY / "README.md").is_file()
